package vips

import (
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestMain(m *testing.M) {
	if err := Open(""); err != nil {
		println("skipped:", err.Error())
		os.Exit(0)
	}
	Allow("VipsForeignLoadPngSource", "VipsForeignLoadJpegSource")
	os.Exit(m.Run())
}

// gradient returns a file with a PNG of RGB: red grows to the right, green
// downwards.
func gradient(t *testing.T, width, height int) *os.File {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			img.Set(x, y, color.RGBA{uint8(x * 255 / width), uint8(y * 255 / height), 0, 255})
		}
	}
	f, err := os.Create(filepath.Join(t.TempDir(), "gradient.png"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	if err := png.Encode(f, img); err != nil {
		t.Fatal(err)
	}
	return f
}

func TestCall(t *testing.T) {
	t.Logf("libvips %s in %s", Version(), Path())
	var s Scope
	defer s.Close()
	img, err := s.Load("pngload_source", gradient(t, 300, 200), Args{"access": "sequential"})
	if err != nil {
		t.Fatal(err)
	}
	if img.Width() != 300 || img.Height() != 200 || img.Bands() != 3 || img.HasAlpha() || img.Interpretation() != "srgb" || img.Format() != "uchar" {
		t.Errorf("loaded %d by %d, %d bands, alpha %v, %s, %s", img.Width(), img.Height(), img.Bands(), img.HasAlpha(), img.Interpretation(), img.Format())
	}
	half, err := s.Call("resize", Args{"in": img, "scale": 0.5, "kernel": "linear"})
	if err != nil {
		t.Fatal(err)
	}
	pixels, err := half.ToMemory()
	if err != nil || len(pixels) != 150*100*3 {
		t.Fatalf("ToMemory = %d bytes, %v", len(pixels), err)
	}
	if r, g := pixels[75*3], pixels[99*150*3+1]; r < 125 || r > 129 || g < 250 {
		t.Errorf("red in the middle is %d, green at the bottom %d", r, g)
	}
}

// All kinds of arguments and results pass.
func TestArguments(t *testing.T) {
	var s Scope
	defer s.Close()
	pixels := []byte{10, 20, 30, 40, 50, 60}
	img, err := s.NewFromMemory(pixels, 2, 1, 3)
	if err != nil {
		t.Fatal(err)
	}
	call := func(name string, args Args) *Image {
		t.Helper()
		out, err := s.Call(name, args)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	same := func(img *Image, want ...byte) {
		t.Helper()
		if got, err := img.ToMemory(); err != nil || string(got) != string(want) {
			t.Errorf("pixels are %v, %v, want %v", got, err, want)
		}
	}
	same(call("linear", Args{"in": img, "a": []float64{2, 1, 1}, "b": []float64{0, 1, 2}, "uchar": true}), 20, 21, 32, 80, 51, 62)
	same(call("bandjoin", Args{"in": []*Image{img, call("extract_band", Args{"in": img, "band": 0})}}), 10, 20, 30, 10, 40, 50, 60, 40)
	same(call("flip", Args{"in": img, "direction": "horizontal"}), 40, 50, 60, 10, 20, 30)
	same(call("flip", Args{"in": img, "direction": "horizontal", "no-such-thing?": 5}), 40, 50, 60, 10, 20, 30)
	same(call("embed", Args{"in": img, "x": 0, "y": 0, "width": 3, "height": 1, "extend": "background", "background": []float64{1, 2, 3}}),
		10, 20, 30, 40, 50, 60, 1, 2, 3)

	var mean float64
	if out := call("avg", Args{"in": img, "out": &mean}); out != nil || mean != 35 {
		t.Errorf("avg = %v, %v", out, mean)
	}
	var point []float64
	call("getpoint", Args{"in": img, "x": 1, "y": 0, "out_array": &point})
	if len(point) != 3 || point[0] != 40 || point[2] != 60 {
		t.Errorf("getpoint = %v", point)
	}
	var left, width int
	wide := call("zoom", Args{"input": img, "xfac": 5, "yfac": 9})
	call("find_trim", Args{"in": wide, "background": []float64{10, 20, 30}, "left": &left, "width": &width})
	if left != 5 || width != 5 {
		t.Errorf("find_trim = %d, %d", left, width)
	}
	var max float64
	var x int
	call("max", Args{"in": img, "out": &max, "x": &x})
	if max != 60 || x != 1 {
		t.Errorf("max = %v at %d", max, x)
	}
	m, err := s.NewMatrix(3, 0, 0, 1, 0, 1, 0, 1, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	swapped := call("recomb", Args{"in": img, "m": m})
	same(call("cast", Args{"in": swapped, "format": "uchar"}), 30, 20, 10, 60, 50, 40)
	call("affine", Args{"in": img, "matrix": []float64{1, 0, 0, 1}, "interpolate": Interpolate("bicubic"), "oarea": []int{0, 0, 2, 1}})
}

func TestErrors(t *testing.T) {
	var s Scope
	defer s.Close()
	img, err := s.NewFromMemory([]byte{1, 2, 3}, 1, 1, 3)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		args Args
		want string
	}{
		{"no-such-thing", nil, "no-such-thing"},
		{"invert", Args{"in": (*Image)(nil)}, "no image"},
		{"invert", nil, "not set"},
		{"invert", Args{"in": img, "bogus": 1}, "no argument bogus"},
		{"invert", Args{"in": 5}, "does not take"},
		{"invert", Args{"in": struct{}{}}, "type struct"},
		{"flip", Args{"in": img, "direction": "sideways"}, "sideways"},
		{"flip", Args{"in": img, "direction": "horizontal", "out": new(float64)}, "something else"},
		{"resize", Args{"in": img, "scale": "big"}, "does not take"},
		{"resize", Args{"in": img, "scale": 1.0, "gap": []float64{1}}, "does not take"},
		{"resize", Args{"in": img, "scale": 1.0, "kernel": Interpolate("bogus")}, "bogus"},
		{"extract_band", Args{"in": img, "band": 1.5}, "does not take"},
		{"extract_area", Args{"input": img, "left": 0, "top": 0, "width": 2, "height": 1}, "extract_area"},
		{"system", Args{"cmd-format": "true"}, "blocked"},
	} {
		out, err := s.Call(tt.name, tt.args)
		if err == nil || out != nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s of %v = %v, %v, want an error with %q", tt.name, tt.args, out, err, tt.want)
		}
	}
	if _, err := s.NewFromMemory([]byte{1, 2}, 1, 1, 3); err == nil {
		t.Error("an image was made of too few bytes")
	}
	if _, err := s.NewMatrix(2, 1, 2, 3); err == nil {
		t.Error("a matrix was made of too few numbers")
	}
	if _, err := s.Call("invert", Args{"in": img}); err != nil {
		t.Errorf("after errors: %v", err)
	}
}

func TestMetadata(t *testing.T) {
	var s Scope
	defer s.Close()
	img, err := s.NewFromMemory(make([]byte, 6*3), 1, 6, 3)
	if err != nil {
		t.Fatal(err)
	}
	if img.Orientation() != 1 || img.Pages() != 1 || img.PageHeight() != 6 {
		t.Errorf("fresh: orientation %d, pages %d of %d", img.Orientation(), img.Pages(), img.PageHeight())
	}
	img.Set(OrientationField, 6)
	img.Set(PageHeightField, 2)
	img.Set(DelayField, []int{10, 20, 30})
	img.Set("note", "hello")
	img.Set("raw", []byte("\x00\x01"))
	c, err := img.Copy()
	if err != nil {
		t.Fatal(err)
	}
	if c.Orientation() != 6 || c.Pages() != 3 || len(c.Ints(DelayField)) != 3 || c.Ints(DelayField)[2] != 30 || c.Text("note") != "hello" || string(c.Blob("raw")) != "\x00\x01" {
		t.Errorf("copied: %d, %d, %v, %q, %q", c.Orientation(), c.Pages(), c.Ints(DelayField), c.Text("note"), c.Blob("raw"))
	}
	if _, ok := c.Int("note"); ok || c.Ints("note") != nil || c.Blob("note") != nil || c.Text("none") != "" {
		t.Error("metadata of another type, or none, was found")
	}
	if !strings.Contains(strings.Join(c.Fields(), " "), "note") || !c.Remove("note") || c.Remove("note") || c.Text("note") != "" {
		t.Error("metadata was not removed")
	}
	if img.Text("note") != "hello" {
		t.Error("removed from the original as well")
	}
}

// An image that is read in order can be read in any once it is computed.
func TestCompute(t *testing.T) {
	var s Scope
	defer s.Close()
	img, err := s.Load("pngload_source", gradient(t, 100, 2000), Args{"access": "sequential"})
	if err != nil {
		t.Fatal(err)
	}
	if img, err = img.Compute(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		flipped, err := s.Call("flip", Args{"in": img, "direction": "vertical"})
		if err != nil {
			t.Fatal(err)
		}
		pixels, err := flipped.ToMemory()
		if err != nil || len(pixels) != 100*2000*3 || pixels[1] != 254 {
			t.Fatalf("flipped: %d bytes, %v", len(pixels), err)
		}
	}
	damaged := gradient(t, 100, 2000)
	info, err := damaged.Stat()
	if err != nil {
		t.Fatal(err)
	}
	if err := damaged.Truncate(info.Size() / 2); err != nil {
		t.Fatal(err)
	}
	if img, err = s.Load("pngload_source", damaged, Args{"access": "sequential", "fail_on": "truncated"}); err != nil {
		t.Fatal(err)
	}
	if _, err := img.Compute(); err == nil {
		t.Error("half an image was computed")
	}
}

func TestSave(t *testing.T) {
	var s Scope
	defer s.Close()
	img, err := s.Load("pngload_source", gradient(t, 64, 64), nil)
	if err != nil {
		t.Fatal(err)
	}
	for saver, args := range map[string]Args{
		"jpegsave_target": {"Q": 90, "keep": "none"},
		"pngsave_target":  {"filter": "all", "keep": "none"},
		"webpsave_target": {"Q": 80, "keep": "icc"},
		"tiffsave_target": {"compression": "lzw", "keep": "all"},
		"gifsave_target":  {"effort": 1, "keep": "none"},
		"heifsave_target": {"compression": "av1", "keep": "none"},
	} {
		out, err := os.Create(filepath.Join(t.TempDir(), saver))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Save(saver, img, out, args); err != nil {
			t.Errorf("%s: %v", saver, err)
		}
		if info, err := out.Stat(); err != nil || info.Size() < 100 {
			t.Errorf("%s wrote %v, %v", saver, info.Size(), err)
		}
		out.Close()
	}
	closed := gradient(t, 1, 1)
	closed.Close()
	if err := s.Save("pngsave_target", img, closed, nil); err == nil {
		t.Error("saved to a closed file")
	}
	if _, err := s.Load("pngload_source", closed, nil); err == nil {
		t.Error("loaded from a closed file")
	}
}

func TestScope(t *testing.T) {
	var s Scope
	img, err := s.NewFromMemory([]byte{1}, 1, 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	if _, err := s.Call("invert", Args{"in": img}); err == nil {
		t.Error("an image of a closed scope was used")
	}
	if img, err = s.NewFromMemory([]byte{1}, 1, 1, 1); err != nil {
		t.Fatal(err)
	}
	s.Kill()
	if _, err := img.ToMemory(); err == nil {
		t.Error("computed after Kill")
	}
	if _, err := s.Call("invert", Args{"in": img}); err == nil {
		t.Error("called after Kill")
	}
	s.Close()
}

// The library's own loaders are blocked, but for those that are allowed.
func TestF1Loaders(t *testing.T) {
	table, open := Loaders(), 0
	for _, l := range table {
		t.Logf("%s %s blocked %v", l.Class, l.Name, l.Blocked)
		if !l.Blocked {
			open++
		}
	}
	if len(table) < 20 || open != 2 {
		t.Errorf("%d of %d loaders are open", open, len(table))
	}
	var s Scope
	defer s.Close()
	if _, err := s.Call("pngload", Args{"filename": "/etc/hostname"}); err == nil || !strings.Contains(err.Error(), "blocked") {
		t.Errorf("pngload: error = %v, want it blocked", err)
	}
}
