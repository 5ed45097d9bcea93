package imaging

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/image/bmp"
	_ "golang.org/x/image/tiff"
	_ "golang.org/x/image/webp"

	"github.com/stowgate/stowgate/internal/imaging/vips"
	"github.com/stowgate/stowgate/internal/inspect"
	"github.com/stowgate/stowgate/internal/transform"
)

func TestMain(m *testing.M) {
	if slices.Contains(os.Args[1:], asWorker) {
		fmt.Fprintln(os.Stderr, "worker:", Main())
		os.Exit(1)
	}
	if _, err := Prepare(""); err != nil {
		fmt.Fprintln(os.Stderr, "skipped:", err)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func TestAbilities(t *testing.T) {
	path, version := Library()
	t.Logf("libvips %s in %s", version, path)
	for _, a := range Abilities() {
		t.Logf("%s, writes %v: %v", a.Type, a.Writes, a.Err)
		if a.Err != nil && a.Type != "image/heic" {
			t.Errorf("%s: %v", a.Type, a.Err)
		}
	}
}

// The corners of quadrants.
var quarters = [4]color.NRGBA{{255, 0, 0, 255}, {0, 255, 0, 255}, {0, 0, 255, 255}, {255, 255, 0, 255}}

// quadrants returns an image of four colours: red, green, blue and yellow, in
// reading order.
func quadrants(width, height int) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			img.SetNRGBA(x, y, quarters[2*(2*y/height)+2*x/width])
		}
	}
	return img
}

// file returns a file of data.
func file(t testing.TB, data []byte) *os.File {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "file"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	if _, err := f.WriteAt(data, 0); err != nil {
		t.Fatal(err)
	}
	return f
}

// encoded returns what encode writes.
func encoded(t testing.TB, encode func(io.Writer) error) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := encode(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func pngOf(t testing.TB, img image.Image) []byte {
	t.Helper()
	return encoded(t, func(w io.Writer) error { return png.Encode(w, img) })
}

func jpegOf(t testing.TB, img image.Image) []byte {
	t.Helper()
	return encoded(t, func(w io.Writer) error { return jpeg.Encode(w, img, &jpeg.Options{Quality: 95}) })
}

func bmpOf(t testing.TB, img image.Image) []byte {
	t.Helper()
	return encoded(t, func(w io.Writer) error { return bmp.Encode(w, img) })
}

// gifOf returns an animation of frames of quadrants, each with another order of
// the colours.
func gifOf(t testing.TB, width, height, frames int) []byte {
	t.Helper()
	g := gif.GIF{LoopCount: 3}
	for i := range frames {
		img := image.NewPaletted(image.Rect(0, 0, width, height), color.Palette{quarters[0], quarters[1], quarters[2], quarters[3]})
		for y := range height {
			for x := range width {
				img.SetColorIndex(x, y, uint8((2*(2*y/height)+2*x/width+i)%4))
			}
		}
		g.Image, g.Delay = append(g.Image, img), append(g.Delay, 10*(i+1))
	}
	return encoded(t, func(w io.Writer) error { return gif.EncodeAll(w, &g) })
}

// run runs a plan on images, and returns what it answers.
func run(t testing.TB, plan transform.Plan, images ...[]byte) (Result, []byte, error) {
	t.Helper()
	if err := plan.Check(); err != nil {
		t.Fatal(err)
	}
	r := Request{Plan: plan}
	for _, data := range images {
		r.Inputs = append(r.Inputs, Input{Type: inspect.Detect(data), File: file(t, data)})
	}
	out := file(t, nil)
	result, err := Run(context.Background(), r, out)
	if err != nil {
		return result, nil, err
	}
	data, err := os.ReadFile(out.Name())
	if err != nil || int64(len(data)) != result.Bytes {
		t.Errorf("wrote %d bytes, %v, said %d", len(data), err, result.Bytes)
	}
	if found := inspect.Detect(data); found != result.Type {
		t.Errorf("wrote %s, said %s", found, result.Type)
	}
	return result, data, nil
}

// ran is as run, for plans that must not fail.
func ran(t testing.TB, plan transform.Plan, images ...[]byte) (Result, []byte) {
	t.Helper()
	result, data, err := run(t, plan, images...)
	if err != nil {
		t.Fatalf("Run of %s: %v", plan.Canonical(), err)
	}
	return result, data
}

// pixels decodes an image with the standard library's decoders. What they do
// not know is made a PNG first.
func pixels(t testing.TB, data []byte) image.Image {
	t.Helper()
	if kind := inspect.Detect(data); isOneOf(kind, "image/avif", "image/svg+xml", "image/x-icon") {
		_, data = ran(t, transform.Plan{Output: transform.Output{Format: transform.PNG}}, data)
	}
	img, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// near reports how an image at a place differs from a colour, or "".
func near(img image.Image, x, y int, want color.NRGBA, most int) string {
	got := color.NRGBAModel.Convert(img.At(img.Bounds().Min.X+x, img.Bounds().Min.Y+y)).(color.NRGBA)
	if want.A == 0 && got.A == 0 {
		return ""
	}
	for _, d := range []int{int(got.R) - int(want.R), int(got.G) - int(want.G), int(got.B) - int(want.B), int(got.A) - int(want.A)} {
		if max(d, -d) > most {
			return fmt.Sprintf("%v at %d, %d, want %v", got, x, y, want)
		}
	}
	return ""
}

// corners reports where the middle of each quarter has not this colour.
func corners(t testing.TB, name string, img image.Image, most int, want ...color.NRGBA) {
	t.Helper()
	w, h := img.Bounds().Dx(), img.Bounds().Dy()
	for i, c := range want {
		if diff := near(img, w/4+i%2*w/2, h/4+i/2*h/2, c, most); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

var allFormats = []transform.Format{transform.JPEG, transform.PNG, transform.WebP, transform.AVIF, transform.GIF,
	transform.TIFF, transform.BMP, transform.ICO, transform.SVG}

// Every type of input becomes every type of output, with its size and colours.
func TestFormats(t *testing.T) {
	img := quadrants(64, 48)
	inputs := map[string][]byte{"png": pngOf(t, img), "jpeg": jpegOf(t, img), "bmp": bmpOf(t, img), "gif": gifOf(t, 64, 48, 1),
		"svg": []byte(`<svg xmlns="http://www.w3.org/2000/svg" width="64" height="48"><path fill="#f00" d="M0 0h32v24H0z"/>` +
			`<path fill="#0f0" d="M32 0h32v24H32z"/><path fill="#00f" d="M0 24h32v24H0z"/><path fill="#ff0" d="M32 24h32v24H32z"/></svg>`)}
	for _, f := range []transform.Format{transform.WebP, transform.AVIF, transform.TIFF, transform.ICO} {
		_, inputs[string(f)] = ran(t, transform.Plan{Output: transform.Output{Format: f}}, inputs["png"])
	}
	for name, data := range inputs {
		for _, f := range allFormats {
			result, out := ran(t, transform.Plan{Ops: []transform.Op{transform.Resize{Width: 32}}, Output: transform.Output{Format: f}}, data)
			if result.Type != encoders[f].mediaType || result.Width != 32 || result.Height != 24 || result.Frames != 1 {
				t.Errorf("%s to %s = %+v", name, f, result)
			}
			decoded := pixels(t, out)
			if b := decoded.Bounds(); b.Dx() != 32 || b.Dy() != 24 {
				t.Errorf("%s to %s has %v", name, f, b)
			}
			corners(t, name+" to "+string(f), decoded, 25, quarters[:]...)
		}
	}
	t.Logf("libvips %s", vips.Version())
}
