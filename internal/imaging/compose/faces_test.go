package compose

import (
	"testing"

	"github.com/stowgate/stowgate/internal/imaging/face"
	"github.com/stowgate/stowgate/internal/imaging/vips"
	"github.com/stowgate/stowgate/internal/transform"
)

func TestMarkFaces(t *testing.T) {
	s := open(t)
	faces := []transform.Box{box(100, 60, 100, 100), box(10, 20, 50, 50), box(5, 150, 26, 26)}
	for _, tt := range []struct {
		name  string
		base  picture
		op    transform.MarkFaces
		bands int
		line  []byte
		ink   []byte
	}{
		{"black on sRGB", flat(300, 200, 200, 220, 240), transform.MarkFaces{Color: transform.Black}, 3, []byte{0, 0, 0}, []byte{255, 255, 255}},
		{"green, with opacity", flat(300, 200, 200, 220, 240, 90), transform.MarkFaces{Color: green}, 4, []byte{0, 255, 0, 255}, []byte{0, 0, 0, 255}},
		{"black on grey", flat(300, 200, 200), transform.MarkFaces{Color: transform.Black}, 1, []byte{0}, []byte{255}},
		{"black on grey with opacity", flat(300, 200, 200, 90), transform.MarkFaces{Color: transform.Black}, 2, []byte{0, 255}, []byte{255, 255}},
		{"blue on grey", flat(300, 200, 200), transform.MarkFaces{Color: blue}, 3, []byte{0, 0, 255}, []byte{255, 255, 255}},
		{"half a red", flat(300, 200, 100, 100, 100), transform.MarkFaces{Color: transform.Color{R: 255, A: 128}}, 3, []byte{178, 50, 50}, []byte{255, 255, 255}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			im, err := MarkFaces(s, tt.base.image(t, s), [][]transform.Box{faces}, tt.op)
			got := render(t, im, err)
			got.wantSize(t, 300, 200, tt.bands)
			for _, f := range faces {
				for _, p := range [][2]int{{f.X + f.Width - 1, f.Y}, {f.X + f.Width - 1, f.Y + f.Height - 1}, {f.X, f.Y + f.Height - 1}, {f.X + f.Width/2, f.Y + f.Height - 2}} {
					if !got.is(p[0], p[1], tt.line...) {
						t.Errorf("%v is %v, want %v", p, got.at(p[0], p[1]), tt.line)
					}
				}
			}
			// The foot of the digit 1 of the largest, in dots of two pixels.
			if !got.is(100+2*3, 60-18+2*7, tt.ink...) {
				t.Errorf("the digit is %v, want %v", got.at(106, 56), tt.ink)
			}
			if tt.bands == tt.base.bands {
				labels := []transform.Box{box(100, 42, 14, 18), box(10, 2, 14, 18), box(5, 132, 14, 18)}
				got.wantSame(t, tt.base, append(labels, faces...)...)
				inner := got.at(150, 120)
				if string(inner) != string(tt.base.at(150, 120)) {
					t.Errorf("inside is %v", inner)
				}
			}
		})
	}
}

func TestFacesNone(t *testing.T) {
	s := open(t)
	base := busy(100, 80, 3)
	im := base.image(t, s)
	someone := [][]transform.Box{{box(10, 10, 30, 30)}}
	large := transform.FaceSizes{Min: 31}
	for name, f := range map[string]func() (*vips.Image, error){
		"mark": func() (*vips.Image, error) {
			return MarkFaces(s, im, [][]transform.Box{nil}, transform.MarkFaces{Color: red})
		},
		"mark those of a size": func() (*vips.Image, error) {
			return MarkFaces(s, im, someone, transform.MarkFaces{Color: red, Sizes: large})
		},
		"crop": func() (*vips.Image, error) { return CropFaces(s, im, nil, transform.CropFaces{}) },
		"pixelate": func() (*vips.Image, error) {
			return Obscure(s, im, [][]transform.Box{nil}, transform.Obscure{Amount: 10})
		},
		"pixelate those of a size": func() (*vips.Image, error) {
			return Obscure(s, im, someone, transform.Obscure{Amount: 10, Sizes: large})
		},
		"blur the second": func() (*vips.Image, error) {
			return Obscure(s, im, someone, transform.Obscure{Blur: true, Amount: 10, Which: []int{2}})
		},
		"blur by nothing": func() (*vips.Image, error) { return Obscure(s, im, someone, transform.Obscure{Blur: true}) },
		"boxes outside": func() (*vips.Image, error) {
			return Obscure(s, im, nil, transform.Obscure{Amount: 10, Boxes: []transform.Box{box(100, 0, 10, 10)}})
		},
		"red eyes": func() (*vips.Image, error) { return RedEye(s, im, [][]transform.Box{nil}) },
	} {
		t.Run(name, func(t *testing.T) {
			got, err := f()
			render(t, got, err).wantSame(t, base)
		})
	}
}

func TestCropFaces(t *testing.T) {
	s := open(t)
	p, faces := astronaut(t, s)
	f := faces[0][0]
	for _, tt := range []struct {
		name string
		op   transform.CropFaces
		w, h int
	}{
		{"thumb", transform.CropFaces{Buffer: 50, Width: 200, Height: 100}, 200, 100},
		{"a share of the buffer", transform.CropFaces{Buffer: 20}, f.Width + 2*(f.Width*20/100), f.Height + 2*(f.Height*20/100)},
		{"tight", transform.CropFaces{Mode: transform.Tight, Buffer: 50}, f.Width, f.Height},
		{"fill", transform.CropFaces{Mode: transform.Fill, Buffer: 50, Width: 60, Height: 200}, 60, 200},
		{"enlarged", transform.CropFaces{Mode: transform.Tight, Width: 600}, 600, 600 * f.Height / f.Width},
	} {
		t.Run(tt.name, func(t *testing.T) {
			im, err := CropFaces(s, p.image(t, s), faces, tt.op)
			got := render(t, im, err)
			got.wantSize(t, tt.w, tt.h, 3)
			if again, err := face.In(s, got.image(t, s)); tt.w >= 100 && (err != nil || len(again[0]) != 1) {
				t.Errorf("in the result there are the faces %v, %v", again, err)
			}
		})
	}
	t.Run("no face", func(t *testing.T) {
		base := draw(300, 100, func(x, _ int) []byte {
			if x >= 100 && x < 200 {
				return []byte{0, 255, 0}
			}
			return []byte{255, 0, 0}
		})
		im, err := CropFaces(s, base.image(t, s), [][]transform.Box{nil}, transform.CropFaces{Width: 50, Height: 50})
		got := render(t, im, err)
		got.wantSize(t, 50, 50, 3)
		if !got.is(1, 25, 0, 255, 0) || !got.is(48, 25, 0, 255, 0) {
			t.Errorf("the edges are %v and %v, want the green of the centre", got.at(1, 25), got.at(48, 25))
		}
	})
	t.Run("animation", func(t *testing.T) {
		base := draw(60, 120, func(x, y int) []byte { return []byte{byte(y / 40 * 100), byte(x), 0} })
		im, err := CropFaces(s, base.frames(t, s, 40), [][]transform.Box{nil, {box(20, 10, 20, 20)}, nil}, transform.CropFaces{})
		got := render(t, im, err)
		got.wantSize(t, 20, 60, 3)
		for i, y := range []int{0, 39, 59} {
			if want := []byte{byte(100 * []int{0, 1, 2}[i]), 20, 0}; !got.is(0, y, want...) {
				t.Errorf("0, %d is %v, want %v", y, got.at(0, y), want)
			}
		}
		if im.PageHeight() != 20 {
			t.Errorf("frames of %d pixels, want 20", im.PageHeight())
		}
	})
}
