package effect

import (
	"bytes"
	"math"
	"testing"

	"github.com/stowgate/stowgate/internal/transform"
)

func plain(width, height int, pixel ...byte) picture {
	return draw(width, height, func(int, int) []byte { return pixel })
}

func TestRoundCorners(t *testing.T) {
	const width, height = 61, 40
	p := scene(width, height, 3)
	for _, radius := range []int{0, 1, 5, 20, 10_000} {
		s := open(t)
		im, err := RoundCorners(s, p.image(t, s), transform.RoundCorners{Radius: radius, Soft: 0.3})
		got := render(t, im, err)
		r := float64(radius)
		if radius == 0 || r > height/2 {
			r = height / 2
		}
		for y := range height {
			for x := range width {
				if !bytes.Equal(got.at(x, y)[:3], p.at(x, y)) {
					t.Fatalf("radius %d: colour at %d, %d = %v, want that of the image", radius, x, y, got.at(x, y))
				}
				// How far the middle of the pixel is from the centre of its corner's arc.
				dx := max(0, math.Abs(float64(x)+0.5-width/2.0)-(width/2.0-r))
				dy := max(0, math.Abs(float64(y)+0.5-height/2.0)-(height/2.0-r))
				want := 255 * min(max(r-math.Hypot(dx, dy)+0.5, 0), 1)
				if a := float64(got.alpha(x, y)); math.Abs(a-want) > 1.5 {
					t.Fatalf("radius %d: opacity at %d, %d = %v, want %v", radius, x, y, a, want)
				}
			}
		}
	}
}

func TestRoundCornersSoft(t *testing.T) {
	edge := func(soft float64) int { // pixels that are partly transparent
		s := open(t)
		im, err := RoundCorners(s, plain(200, 200, 9, 9, 9).image(t, s), transform.RoundCorners{Radius: 80, Soft: soft})
		got := render(t, im, err)
		if got.alpha(0, 0) > 5 || got.alpha(100, 0) < 245 || got.alpha(100, 100) != 255 {
			t.Errorf("soft %v: opacity of corner %d, side %d, middle %d; want 0, 255, 255", soft, got.alpha(0, 0), got.alpha(100, 0), got.alpha(100, 100))
		}
		n := 0
		for y := range 200 {
			for x := range 200 {
				if a := got.alpha(x, y); a > 5 && a < 250 {
					n++
				}
			}
		}
		return n
	}
	if a, b, c := edge(0), edge(4), edge(16); a >= b || b >= c {
		t.Errorf("soft 0, 4, 16 give edges of %d, %d, %d pixels; want more each time", a, b, c)
	}
}

func TestRoundCornersKeepOpacity(t *testing.T) {
	s := open(t)
	im, err := RoundCorners(s, plain(20, 20, 9, 100).image(t, s), transform.RoundCorners{Radius: 6})
	got := render(t, im, err)
	if got.alpha(10, 10) != 100 || got.alpha(0, 0) != 0 {
		t.Errorf("opacity of middle %d, corner %d; want 100, 0", got.alpha(10, 10), got.alpha(0, 0))
	}
}

func TestCircle(t *testing.T) {
	s := open(t)
	p := quadrants(100, 60)
	im, err := Circle(s, p.image(t, s), transform.Circle{})
	got := render(t, im, err)
	if got.width != 60 || got.height != 60 {
		t.Fatalf("size = %d by %d, want 60 by 60", got.width, got.height)
	}
	area := 0.0
	for y := range 60 {
		for x := range 60 {
			area += float64(got.alpha(x, y)) / 255
		}
	}
	if want := math.Pi * 30 * 30; math.Abs(area-want) > 0.01*want {
		t.Errorf("area = %.0f, want %.0f", area, want)
	}
	if got.alpha(30, 0) < 250 || got.alpha(0, 30) < 250 || got.alpha(0, 0) != 0 {
		t.Errorf("opacity at the top %d, at the left %d, in the corner %d; want 255, 255, 0", got.alpha(30, 0), got.alpha(0, 30), got.alpha(0, 0))
	}
	for _, x := range []int{28, 29, 30, 31} { // the middle of the circle is that of the picture
		if !bytes.Equal(got.at(x, 10)[:3], p.at(x+20, 10)) {
			t.Errorf("pixel %d, 10 = %v, want %v", x, got.at(x, 10), p.at(x+20, 10))
		}
	}
	im, err = Circle(s, p.image(t, s), transform.Circle{Background: &red})
	if got = render(t, im, err); !bytes.Equal(got.at(0, 0), []byte{red.R, red.G, red.B}) {
		t.Errorf("corner = %v, want the background", got.at(0, 0))
	}
}

func TestVignette(t *testing.T) {
	p := plain(100, 80, 200, 200, 200)
	for _, linear := range []bool{false, true} {
		for _, background := range []*transform.Color{nil, &transform.White} {
			lastCorner := -1.0
			for _, amount := range []int{10, 50, 100} {
				s := open(t)
				im, err := Vignette(s, p.image(t, s), transform.Vignette{Amount: amount, Linear: linear, Background: background})
				got := render(t, im, err)
				if got.bands != 3 {
					t.Fatalf("%d bands, want 3", got.bands)
				}
				change := func(x, y int) float64 { return math.Abs(got.light(x, y) - 200) }
				last := change(50, 40)
				if last > 1 {
					t.Errorf("amount %d: the middle changes by %v", amount, last)
				}
				for i := 1; i <= 40; i++ { // to the corner
					c := change(50-i*50/40, 40-i)
					if c < last {
						t.Errorf("amount %d: the change sinks from %v to %v on the way to the corner", amount, last, c)
					}
					last = c
				}
				if last <= lastCorner {
					t.Errorf("amount %d changes the corner by %v, no more than a smaller amount", amount, last)
				}
				lastCorner = last
			}
			full := 200.0
			if background != nil {
				full = 55
			}
			if lastCorner < 0.95*full {
				t.Errorf("amount 100 changes the corner by %v, want nearly %v", lastCorner, full)
			}
		}
	}
}

// The opacity of an image stays but where the colour itself is transparent.
func TestVignetteOpacity(t *testing.T) {
	s := open(t)
	p := plain(60, 60, 200, 200, 200, 120)
	im, err := Vignette(s, p.image(t, s), transform.Vignette{Amount: 100})
	if got := render(t, im, err); got.alpha(0, 0) != 120 || got.light(0, 0) > 20 {
		t.Errorf("corner = %v, want black of opacity 120", got.at(0, 0))
	}
	im, err = Vignette(s, p.image(t, s), transform.Vignette{Amount: 100, Background: new(transform.Color)})
	if got := render(t, im, err); got.alpha(0, 0) > 6 || got.alpha(30, 30) != 120 || got.at(0, 0)[0] != 200 {
		t.Errorf("corner = %v, middle = %v; want the same colour, transparent and not", got.at(0, 0), got.at(30, 30))
	}
}

func TestTornEdges(t *testing.T) {
	const width, height = 400, 300
	for _, tt := range []struct{ min, max int }{{1, 10}, {5, 5}, {10, 60}, {20, 8}} {
		s := open(t)
		p := scene(width, height, 3)
		im, err := TornEdges(s, p.image(t, s), transform.TornEdges{Min: tt.min, Max: tt.max})
		got := render(t, im, err)
		low, high := min(tt.min, tt.max), max(tt.min, tt.max)
		depths := map[int]bool{}
		depth := func(at func(i int) int) {
			i := 0
			for i < height/2 && at(i) < 128 {
				i++
			}
			if i < low-1 || i > high+1 {
				t.Fatalf("spread %v: torn %d deep", tt, i)
			}
			depths[i] = true
		}
		for x := high; x < width-high; x++ {
			depth(func(i int) int { return got.alpha(x, i) })
			depth(func(i int) int { return got.alpha(x, height-1-i) })
		}
		for y := high; y < height-high; y++ {
			depth(func(i int) int { return got.alpha(i, y) })
			depth(func(i int) int { return got.alpha(width-1-i, y) })
		}
		if want := (high - low) * 3 / 4; len(depths) < want {
			t.Errorf("spread %v: %d depths, want %d", tt, len(depths), want)
		}
		for y := high + 2; y < height-high-2; y++ {
			for x := high + 2; x < width-high-2; x++ {
				if got.alpha(x, y) != 255 || !bytes.Equal(got.at(x, y)[:3], p.at(x, y)) {
					t.Fatalf("spread %v: inside, pixel %d, %d = %v, want %v", tt, x, y, got.at(x, y), p.at(x, y))
				}
			}
		}
		im, err = TornEdges(s, p.image(t, s), transform.TornEdges{Min: tt.min, Max: tt.max})
		if d := got.distance(render(t, im, err)); d != 0 {
			t.Errorf("spread %v: torn differently the second time, by %v", tt, d)
		}
	}
}

// However much is to be torn away, something is left.
func TestTornEdgesLeaveSomething(t *testing.T) {
	for _, side := range []int{1, 2, 3, 30} {
		s := open(t)
		im, err := TornEdges(s, plain(side, side, 9).image(t, s), transform.TornEdges{Min: 10_000, Max: 10_000})
		if got := render(t, im, err); got.alpha(side/2, side/2) < 60 {
			t.Errorf("side %d: opacity in the middle = %d", side, got.alpha(side/2, side/2))
		}
	}
}
