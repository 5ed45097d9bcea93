package face

import (
	"os"
	"slices"
	"testing"

	"github.com/stowgate/stowgate/internal/imaging/vips"
	"github.com/stowgate/stowgate/internal/transform"
)

func box(x, y, w, h int) transform.Box { return transform.Box{X: x, Y: y, Width: w, Height: h} }

// squares returns boxes of these sides.
func squares(sides ...int) (boxes []transform.Box) {
	for i, s := range sides {
		boxes = append(boxes, box(400*i, 0, s, s))
	}
	return boxes
}

// The rule is of the Filestack documentation: with faces of 100, 200 and 300
// pixels, a smallest size of 0.3 is 140 pixels.
func TestSized(t *testing.T) {
	for _, tt := range []struct {
		name     string
		sides    []int
		min, max float64
		want     []int
	}{
		{"any", []int{300, 200, 100}, 0, 0, []int{300, 200, 100}},
		{"0.3 below the median is 140", []int{300, 200, 141, 140, 139, 200, 300}, 0.3, 0, []int{300, 200, 141, 140, 200, 300}},
		{"0.3 above the median is 260", []int{300, 261, 260, 200, 100, 100, 200}, 0, 0.3, []int{260, 200, 100, 100, 200}},
		{"0.35 of the document's faces", []int{300, 200, 100}, 0.35, 0.35, []int{200}},
		{"0.35 is 130 and 270", []int{271, 270, 130, 129, 200}, 0.35, 0.35, []int{270, 130, 200}},
		{"half of an even number of faces", []int{100, 200, 300, 400}, 0.6, 0, []int{100, 200, 300, 400}},
		{"just over", []int{100, 200, 300, 400}, 0.59, 0, []int{200, 300, 400}},
		{"in pixels", []int{300, 200, 100}, 200, 200, []int{200}},
		{"the whole median", []int{300, 200, 100, 401}, 1, 1, []int{300, 200, 100, 401}},
		{"one face", []int{77}, 0.35, 0.35, []int{77}},
		{"none is large enough", []int{300, 200}, 301, 0, nil},
		{"no faces", nil, 0.35, 0.35, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []int
			for _, b := range Sized(squares(tt.sides...), transform.FaceSizes{Min: tt.min, Max: tt.max}) {
				got = append(got, b.Width)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("kept %v, want %v", got, tt.want)
			}
		})
	}
	if got := Sized([]transform.Box{box(0, 0, 200, 90)}, transform.FaceSizes{Min: 91}); got != nil {
		t.Errorf("a face of 200 by 90 counts as larger than 90: %v", got)
	}
}

func TestPick(t *testing.T) {
	faces := squares(30, 20, 10)
	for _, tt := range []struct {
		which []int
		want  []transform.Box
	}{
		{nil, faces},
		{[]int{1}, faces[:1]},
		{[]int{2, 3}, faces[1:]},
		{[]int{3, 4, 1000}, faces[2:]},
		{[]int{4}, nil},
		{[]int{0, -1}, nil},
	} {
		if got := Pick(faces, tt.which); !slices.Equal(got, tt.want) {
			t.Errorf("Pick(%v) = %v, want %v", tt.which, got, tt.want)
		}
	}
}

func TestGrowAndUnion(t *testing.T) {
	for _, tt := range []struct {
		name    string
		boxes   []transform.Box
		percent int
		want    []transform.Box
		union   transform.Box
	}{
		{"none", nil, 50, nil, transform.Box{}},
		{"as it is", []transform.Box{box(10, 20, 30, 40)}, 0, []transform.Box{box(10, 20, 30, 40)}, box(10, 20, 30, 40)},
		{"half", []transform.Box{box(40, 40, 20, 40)}, 50, []transform.Box{box(30, 20, 40, 80)}, box(30, 20, 40, 80)},
		{"to the edges", []transform.Box{box(0, 90, 20, 20)}, 100, []transform.Box{box(0, 70, 40, 30)}, box(0, 70, 40, 30)},
		{"a lot", []transform.Box{box(50, 50, 10, 10)}, 10_000, []transform.Box{box(0, 0, 100, 100)}, box(0, 0, 100, 100)},
		{"outside", []transform.Box{box(100, 0, 10, 10), box(0, 0, 5, 5)}, 0, []transform.Box{box(0, 0, 5, 5)}, box(0, 0, 5, 5)},
		{"two", []transform.Box{box(10, 10, 10, 10), box(60, 50, 20, 20)}, 0,
			[]transform.Box{box(10, 10, 10, 10), box(60, 50, 20, 20)}, box(10, 10, 70, 60)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := Grow(tt.boxes, tt.percent, 100, 100)
			if !slices.Equal(got, tt.want) {
				t.Errorf("Grow = %v, want %v", got, tt.want)
			}
			if got := Union(got); got != tt.union {
				t.Errorf("Union = %v, want %v", got, tt.union)
			}
		})
	}
}

func TestWindow(t *testing.T) {
	for _, tt := range []struct {
		name          string
		width, height int
		around, want  transform.Box
	}{
		{"centre", 100, 100, transform.Box{}, box(50, 0, 100, 100)},
		{"the same ratio", 40, 20, transform.Box{}, box(0, 0, 200, 100)},
		{"wide", 100, 10, transform.Box{}, box(0, 40, 200, 20)},
		{"around a face", 100, 100, box(110, 30, 20, 20), box(70, 0, 100, 100)},
		{"at the right edge", 100, 100, box(190, 30, 10, 20), box(100, 0, 100, 100)},
		{"at the left edge", 50, 100, box(0, 30, 10, 20), box(0, 0, 50, 100)},
		{"above", 100, 10, box(100, 0, 20, 10), box(0, 0, 200, 20)},
		{"extreme", 10_000, 1, transform.Box{}, box(0, 49, 200, 1)},
		{"extremely high", 1, 10_000, transform.Box{}, box(99, 0, 1, 100)},
	} {
		if got := Window(200, 100, tt.width, tt.height, tt.around); got != tt.want {
			t.Errorf("%s: Window = %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestCrop(t *testing.T) {
	one := []transform.Box{box(400, 200, 100, 100)}
	two := []transform.Box{box(400, 200, 100, 100), box(700, 240, 60, 60)}
	wide := []transform.Box{box(50, 100, 100, 100), box(850, 100, 100, 100)}
	for _, tt := range []struct {
		name  string
		op    transform.CropFaces
		faces []transform.Box
		part  transform.Box
		w, h  int
	}{
		{"no face and no size", transform.CropFaces{}, nil, box(0, 0, 1000, 600), 1000, 600},
		{"no face", transform.CropFaces{Width: 100, Height: 100}, nil, box(200, 0, 600, 600), 100, 100},
		{"no face, width", transform.CropFaces{Width: 100}, nil, box(0, 0, 1000, 600), 100, 60},
		{"no face, height", transform.CropFaces{Height: 30}, nil, box(0, 0, 1000, 600), 50, 30},
		{"no face of that number", transform.CropFaces{Which: []int{2}}, one, box(0, 0, 1000, 600), 1000, 600},
		{"no face of that size", transform.CropFaces{Sizes: transform.FaceSizes{Min: 101}}, one, box(0, 0, 1000, 600), 1000, 600},

		{"with a buffer", transform.CropFaces{Buffer: 50}, one, box(350, 150, 200, 200), 200, 200},
		{"tight knows no buffer", transform.CropFaces{Mode: transform.Tight, Buffer: 50}, one, one[0], 100, 100},
		{"all faces", transform.CropFaces{}, two, box(400, 200, 360, 100), 360, 100},
		{"the second face", transform.CropFaces{Which: []int{2}}, two, two[1], 60, 60},
		{"scaled by width", transform.CropFaces{Width: 720}, two, box(400, 200, 360, 100), 720, 200},
		{"scaled by height", transform.CropFaces{Height: 50}, two, box(400, 200, 360, 100), 180, 50},

		{"extended to a ratio", transform.CropFaces{Width: 40, Height: 20}, one, box(350, 200, 200, 100), 40, 20},
		{"extended upwards", transform.CropFaces{Width: 20, Height: 40}, one, box(400, 150, 100, 200), 20, 40},
		{"moved into the picture", transform.CropFaces{Width: 10, Height: 50}, one, box(400, 0, 100, 500), 10, 50},
		{"tight has the ratio too", transform.CropFaces{Mode: transform.Tight, Width: 40, Height: 20}, one, box(350, 200, 200, 100), 40, 20},
		{"a buffer goes first", transform.CropFaces{Buffer: 300, Width: 100, Height: 50}, one, box(0, 0, 1000, 500), 100, 50},

		{"thumb keeps faces whole", transform.CropFaces{Width: 100, Height: 100}, wide, box(50, 0, 900, 600), 100, 67},
		{"fill keeps the size", transform.CropFaces{Mode: transform.Fill, Width: 100, Height: 100}, wide, box(200, 0, 600, 600), 100, 100},
		{"enlarged", transform.CropFaces{Width: 10_000, Height: 10_000}, one, one[0], 10_000, 10_000},
		{"never too high", transform.CropFaces{Width: 10_000}, []transform.Box{box(990, 100, 10, 100)}, box(990, 100, 10, 100), 1_000, 10_000},
		{"never too wide", transform.CropFaces{Height: 10_000}, two, box(400, 200, 360, 100), 10_000, 2_778},
	} {
		t.Run(tt.name, func(t *testing.T) {
			part, w, h := Crop(tt.op, tt.faces, 1000, 600)
			if part != tt.part || w != tt.w || h != tt.h {
				t.Errorf("Crop = %v to %d × %d, want %v to %d × %d", part, w, h, tt.part, tt.w, tt.h)
			}
		})
	}
}

func FuzzCrop(f *testing.F) {
	f.Add(1000, 600, 400, 200, 100, 60, 0, 50, 10, 20)
	f.Add(1, 1, 0, 0, 1, 10_000, 1, 10_000, 0, 1)
	f.Fuzz(func(t *testing.T, w, h, x, y, fw, width, mode, height, buffer, fh int) {
		w, h = bound(w, 1, 16_384), bound(h, 1, 16_384)
		face := box(bound(x, 0, w-1), bound(y, 0, h-1), bound(fw, 1, w), bound(fh, 1, h))
		op := transform.CropFaces{Mode: []transform.FaceCrop{transform.Thumb, transform.Tight, transform.Fill}[bound(mode, 0, 2)],
			Width: bound(width, 0, transform.MaxSide), Height: bound(height, 0, transform.MaxSide), Buffer: bound(buffer, 0, 10_000)}
		part, gw, gh := Crop(op, []transform.Box{face}, w, h)
		if inside, ok := part.Clamp(w, h); !ok || inside != part {
			t.Errorf("%+v of %v in %d × %d is %v, not inside", op, face, w, h, part)
		}
		if most := max(w, h, transform.MaxSide); gw < 1 || gh < 1 || gw > most || gh > most {
			t.Errorf("%+v of %v in %d × %d is %d × %d", op, face, w, h, gw, gh)
		}
		if op.Mode == transform.Fill && op.Width > 0 && op.Height > 0 && (gw != op.Width || gh != op.Height) {
			t.Errorf("%+v is %d × %d", op, gw, gh)
		}
	})
}

func bound(v, low, high int) int {
	if n := high - low + 1; v < low || v > high {
		v = low + ((v%n)+n)%n
	}
	return v
}

// TestIn finds a face in images of libvips.
func TestIn(t *testing.T) {
	if err := vips.Open(""); err != nil {
		t.Skip("skipped:", err)
	}
	vips.Allow("VipsForeignLoadJpegSource")
	var s vips.Scope
	defer s.Close()
	f, err := os.Open("testdata/astronaut.jpg")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	im, err := s.Load("jpegload_source", f, nil)
	if err != nil {
		t.Fatal(err)
	}
	must := func(im *vips.Image, err error) *vips.Image {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return im
	}
	scaled := func(n int) transform.Box {
		return box(astronaut.X*n, astronaut.Y*n, astronaut.Width*n, astronaut.Height*n)
	}
	for _, tt := range []struct {
		name string
		im   *vips.Image
		want transform.Box
	}{
		{"sRGB", im, astronaut},
		{"grey", must(s.Call("colourspace", vips.Args{"in": im, "space": "b-w"})), astronaut},
		{"with opacity", must(s.Call("bandjoin_const", vips.Args{"in": im, "c": []float64{255}})), astronaut},
		{"large", must(s.Call("zoom", vips.Args{"input": im, "xfac": 4, "yfac": 4})), scaled(4)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := In(&s, tt.im)
			if err != nil || len(got) != 1 {
				t.Fatalf("In = %v, %v", got, err)
			}
			wantFaces(t, got[0], tt.want)
		})
	}
	t.Run("animation", func(t *testing.T) {
		blank := must(s.Call("linear", vips.Args{"in": im, "a": []float64{0}, "b": []float64{90}, "uchar": true}))
		flop := must(s.Call("flip", vips.Args{"in": im, "direction": "horizontal"}))
		strip := must(s.Call("arrayjoin", vips.Args{"in": []*vips.Image{blank, im, flop}, "across": 1}))
		strip.Set(vips.PageHeightField, im.Height())
		got, err := In(&s, strip)
		if err != nil || len(got) != 3 {
			t.Fatalf("In = %v, %v", got, err)
		}
		wantFaces(t, got[0])
		wantFaces(t, got[1], astronaut)
		wantFaces(t, got[2], box(512-astronaut.X-astronaut.Width, astronaut.Y, astronaut.Width, astronaut.Height))
		if first := First(got); !slices.Equal(first, got[1]) {
			t.Errorf("First = %v, want %v", first, got[1])
		}
	})
	t.Run("thin", func(t *testing.T) {
		thin := must(s.Call("black", vips.Args{"width": 16_000, "height": 1}))
		if got, err := In(&s, thin); err != nil || len(got) != 1 || got[0] != nil {
			t.Errorf("In = %v, %v", got, err)
		}
	})
}

func TestLookScale(t *testing.T) {
	for _, tt := range []struct {
		width, height, frames int
		want                  float64
	}{
		{1, 1, 1, 1},
		{1000, 1000, 1, 1},
		{1001, 10, 1, 1000.0 / 1001},
		{4000, 3000, 1, 0.25},
		{16_384, 1, 1, 1000.0 / 16_384},
		{1000, 1000, 4, 1},
		{1000, 1000, 16, 0.5},
		{200, 200, 100, 1},
		{200, 200, 400, 0.5},
	} {
		if got := lookScale(tt.width, tt.height, tt.frames); got != tt.want {
			t.Errorf("lookScale(%d, %d, %d) = %v, want %v", tt.width, tt.height, tt.frames, got, tt.want)
		}
	}
}
