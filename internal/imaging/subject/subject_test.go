package subject

import (
	"image"
	"testing"

	"github.com/stowgate/stowgate/internal/imaging/vips"
	"github.com/stowgate/stowgate/internal/transform"
)

// found returns where something stands out of an image of a function of its
// pixels.
func found(t *testing.T, width, height, bands int, at func(x, y int) []byte) (transform.Box, bool) {
	t.Helper()
	if err := vips.Open(""); err != nil {
		t.Skipf("skipped: %v", err)
	}
	s := new(vips.Scope)
	defer s.Close()
	var pixels []byte
	for y := range height {
		for x := range width {
			pixels = append(pixels, at(x, y)...)
		}
	}
	im, err := s.NewFromMemory(pixels, width, height, bands)
	if err != nil {
		t.Fatal(err)
	}
	space := "srgb"
	if bands < 3 {
		space = "b-w"
	}
	if im, err = s.Call("copy", vips.Args{"in": im, "interpretation": space}); err != nil {
		t.Fatal(err)
	}
	box, ok, err := In(s, im)
	if err != nil {
		t.Fatal(err)
	}
	return box, ok
}

func TestIn(t *testing.T) {
	thing := image.Rect(120, 40, 180, 90)
	in := func(x, y int) bool { return image.Pt(x, y).In(thing) }
	exact := transform.Box{X: 120, Y: 40, Width: 60, Height: 50}
	for _, tt := range []struct {
		name  string
		bands int
		at    func(x, y int) []byte
		ok    bool
		off   int // by how many pixels a side may be
	}{
		{"one colour", 3, func(int, int) []byte { return []byte{9, 9, 9} }, false, 0},
		{"nothing to be seen", 4, func(x, _ int) []byte { return []byte{byte(x), 9, 9, 0} }, false, 0},
		{"on white", 3, func(x, y int) []byte {
			if in(x, y) {
				return []byte{200, 30, byte(x)}
			}
			return []byte{255, 255, 255}
		}, true, 0},
		{"in grey", 1, func(x, y int) []byte {
			if in(x, y) {
				return []byte{20}
			}
			return []byte{230}
		}, true, 0},
		{"on nothing", 4, func(x, y int) []byte {
			if in(x, y) {
				return []byte{200, 200, 200, 255}
			}
			return []byte{byte(x), byte(y), 7, 0}
		}, true, 0},
		{"on what is not quite white", 3, func(x, y int) []byte {
			if in(x, y) {
				return []byte{200, 30, 30}
			}
			v := byte(245 + (x*7+y*3)%10)
			return []byte{v, v, v}
		}, true, 0},
		{"on a gradient", 3, func(x, y int) []byte {
			if in(x, y) {
				return []byte{byte(255 * ((x/3 + y/3) % 2)), 60, 20}
			}
			return []byte{byte(x / 3), byte(x/3 + y/4), byte(x / 3)}
		}, true, 8},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := found(t, 300, 200, tt.bands, tt.at)
			if ok != tt.ok {
				t.Fatalf("found %v, want %v", ok, tt.ok)
			}
			for _, d := range []int{got.X - exact.X, got.Y - exact.Y, got.X + got.Width - exact.X - exact.Width, got.Y + got.Height - exact.Y - exact.Height} {
				if ok && max(d, -d) > tt.off {
					t.Errorf("found %+v, want %+v but for %d", got, exact, tt.off)
					break
				}
			}
		})
	}
}

// An image of any size is looked at, and a large one finds what is small.
func TestSizes(t *testing.T) {
	for _, size := range [][2]int{{1, 1}, {1, 3000}, {3000, 1}, {2, 2}, {2500, 1700}} {
		found(t, size[0], size[1], 1, func(x, y int) []byte { return []byte{byte(x*y + x)} })
	}
	got, ok := found(t, 2500, 1700, 1, func(x, y int) []byte {
		if x >= 2000 && x < 2010 && y >= 1600 && y < 1610 {
			return []byte{0}
		}
		return []byte{255}
	})
	if !ok || got.X < 1995 || got.Y < 1595 || got.X+got.Width > 2015 || got.Y+got.Height > 1615 {
		t.Errorf("found %+v", got)
	}
}
