package effect

import (
	"bytes"
	"image"
	"testing"

	"github.com/stowgate/stowgate/internal/imaging/chain"
	"github.com/stowgate/stowgate/internal/transform"
)

func TestBorder(t *testing.T) {
	for bands := 1; bands <= 4; bands++ {
		s := open(t)
		p := scene(30, 20, bands)
		im, err := Border(s, p.image(t, s), transform.Border{Width: 3, Color: red})
		got := render(t, im, err)
		if got.width != 36 || got.height != 26 {
			t.Fatalf("size = %d by %d, want 36 by 26", got.width, got.height)
		}
		for y := range got.height {
			for x := range got.width {
				inside := x >= 3 && x < 33 && y >= 3 && y < 23
				v := got.at(x, y)
				switch {
				case !inside && !bytes.Equal(v[:3], []byte{red.R, red.G, red.B}):
					t.Fatalf("%d bands: border at %d, %d = %v", bands, x, y, v)
				case !inside && len(v) == 4 && v[3] != 255:
					t.Fatalf("%d bands: border at %d, %d = %v, want it opaque", bands, x, y, v)
				case inside && bands >= 3 && !bytes.Equal(v, p.at(x-3, y-3)):
					t.Fatalf("%d bands: pixel %d, %d = %v, want %v", bands, x, y, v, p.at(x-3, y-3))
				case inside && bands < 3 && v[1] != p.at(x-3, y-3)[0]:
					t.Fatalf("%d bands: pixel %d, %d = %v, want %v", bands, x, y, v, p.at(x-3, y-3))
				}
			}
		}
	}
}

func TestBorderStaysGrey(t *testing.T) {
	s := open(t)
	im, err := Border(s, plain(4, 4, 9).image(t, s), transform.Border{Width: 1, Color: white})
	if got := render(t, im, err); got.bands != 1 || got.at(0, 0)[0] != 255 {
		t.Errorf("%d bands, border %v; want 1 and white", got.bands, got.at(0, 0))
	}
}

func TestBorderBackground(t *testing.T) {
	s := open(t)
	p := draw(2, 1, func(x, _ int) []byte { return []byte{0, 0, 0, byte(255 * x)} })
	im, err := Border(s, p.image(t, s), transform.Border{Width: 1, Color: white, Background: &red})
	got := render(t, im, err)
	if !bytes.Equal(got.at(1, 1), []byte{red.R, red.G, red.B}) || !bytes.Equal(got.at(2, 1), []byte{0, 0, 0}) {
		t.Errorf("transparent pixel = %v, opaque pixel = %v; want the background and black", got.at(1, 1), got.at(2, 1))
	}
}

func TestFlatten(t *testing.T) {
	s := open(t)
	p := draw(3, 1, func(x, _ int) []byte { return []byte{0, 0, 0, []byte{0, 128, 255}[x]} })
	im, err := Flatten(s, p.image(t, s), transform.Color{R: 200})
	got := render(t, im, err)
	if want := []byte{200, 0, 0, 99, 0, 0, 0, 0, 0}; !bytes.Equal(got.pixels, want) {
		t.Errorf("Flatten = %v, want %v", got.pixels, want)
	}
	opaque := plain(3, 3, 1, 2, 3).image(t, s)
	if im, err := Flatten(s, opaque, white); im != opaque || err != nil {
		t.Errorf("an opaque image became another, error %v", err)
	}
}

// A background that is partly transparent leaves the result so.
func TestBackgroundInPart(t *testing.T) {
	s := open(t)
	p := draw(40, 40, func(int, int) []byte { return []byte{9, 9, 9} })
	im, err := Circle(s, p.image(t, s), transform.Circle{Background: &veil})
	got := render(t, im, err)
	if !bytes.Equal(got.at(0, 0), []byte{veil.R, veil.G, veil.B, veil.A}) || !bytes.Equal(got.at(20, 20), []byte{9, 9, 9, 255}) {
		t.Errorf("corner = %v, middle = %v; want the background and the image", got.at(0, 0), got.at(20, 20))
	}
}

func TestShadow(t *testing.T) {
	for _, tt := range []struct{ x, y int }{{10, 0}, {-10, 0}, {0, 10}, {0, -10}, {8, 8}, {0, 0}} {
		for _, sigma := range []float64{0, 3} {
			s := open(t)
			p := plain(60, 60, 250, 250, 250)
			op := transform.Shadow{Blur: sigma, Opacity: 80, X: tt.x, Y: tt.y, Color: transform.Black}
			im, err := Shadow(s, p.image(t, s), op)
			got := render(t, im, err)
			reach := int(chain.Reach*sigma + 0.99)
			left, top := max(0, reach-tt.x), max(0, reach-tt.y)
			if w, h := left+60+max(0, reach+tt.x), top+60+max(0, reach+tt.y); got.width != w || got.height != h {
				t.Fatalf("%+v: size = %d by %d, want %d by %d", op, got.width, got.height, w, h)
			}
			for y := range 60 {
				for x := range 60 {
					if !bytes.Equal(got.at(left+x, top+y), []byte{250, 250, 250, 255}) {
						t.Fatalf("%+v: pixel %d, %d of the image = %v", op, x, y, got.at(left+x, top+y))
					}
				}
			}
			// How much shadow lies on each side of the image.
			sum := func(r image.Rectangle) (n int) {
				for y := r.Min.Y; y < r.Max.Y; y++ {
					for x := r.Min.X; x < r.Max.X; x++ {
						n += got.alpha(x, y)
					}
				}
				return n
			}
			west, east := sum(image.Rect(0, 0, left, got.height)), sum(image.Rect(left+60, 0, got.width, got.height))
			north, south := sum(image.Rect(0, 0, got.width, top)), sum(image.Rect(0, top+60, got.width, got.height))
			if (tt.x > 0) != (east > west) || (tt.x < 0) != (west > east) || (tt.y > 0) != (south > north) || (tt.y < 0) != (north > south) {
				t.Errorf("%+v: shadow in the west %d, east %d, north %d, south %d", op, west, east, north, south)
			}
		}
	}
}

func TestShadowStrength(t *testing.T) {
	last := 0
	for _, opacity := range []int{20, 60, 100} {
		s := open(t)
		im, err := Shadow(s, plain(20, 20, 9, 9, 9).image(t, s), transform.Shadow{Opacity: opacity, X: 10, Y: 10, Color: red})
		got := render(t, im, err)
		v := got.at(25, 25)
		if want := 255 * opacity / 100; int(v[3]) != want || v[0] != red.R {
			t.Errorf("opacity %d: shadow = %v, want the colour at %d", opacity, v, want)
		}
		if int(v[3]) <= last {
			t.Errorf("opacity %d makes a shadow of %d, not stronger than %d", opacity, v[3], last)
		}
		last = int(v[3])
	}
}

func TestPolaroid(t *testing.T) {
	s := open(t)
	p := quadrants(160, 160)
	snow := transform.Color{R: 255, G: 250, B: 250, A: 255}
	im, err := Polaroid(s, p.image(t, s), transform.Polaroid{Color: snow})
	got := render(t, im, err)
	const side, foot = 160 / sideShare, 36
	left := 0
	for got.alpha(left, 80) < 255 {
		left++
	}
	top := 0
	for got.alpha(left+80, top) < 255 {
		top++
	}
	for _, tt := range []struct {
		name string
		x, y int
		want []byte
	}{
		{"frame on the left", 2, 80, []byte{255, 250, 250, 255}},
		{"frame above", 80, 2, []byte{255, 250, 250, 255}},
		{"foot", 80, side + 160 + foot - 2, []byte{255, 250, 250, 255}},
		{"top left of the picture", side + 5, side + 5, []byte{255, 0, 0, 255}},
		{"bottom right of the picture", side + 155, side + 155, []byte{255, 255, 255, 255}},
	} {
		if v := got.at(left+tt.x, top+tt.y); !bytes.Equal(v, tt.want) {
			t.Errorf("%s = %v, want %v", tt.name, v, tt.want)
		}
	}
	if below := got.at(left+80, top+side+160+foot+1); below[3] == 0 || below[0] != 0 {
		t.Errorf("below the frame = %v, want shadow", below)
	}

	im, err = Polaroid(s, p.image(t, s), transform.Polaroid{Color: snow, Degrees: 45})
	turned := render(t, im, err)
	if turned.width <= got.width || turned.alpha(0, 0) != 0 {
		t.Errorf("turned: width %d, corner %v; want more than %d, transparent", turned.width, turned.at(0, 0), got.width)
	}
}
