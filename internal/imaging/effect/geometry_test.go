package effect

import (
	"bytes"
	"image"
	"testing"

	"github.com/stowgate/stowgate/internal/transform"
)

// quadrants returns a picture of red, green, blue and white, from the top left
// in the order of reading.
func quadrants(width, height int) picture {
	colours := [][]byte{{255, 0, 0}, {0, 255, 0}, {0, 0, 255}, {255, 255, 255}}
	return draw(width, height, func(x, y int) []byte {
		return colours[2*y/height*2+2*x/width]
	})
}

func TestQuarterTurns(t *testing.T) {
	p := quadrants(60, 40)
	for _, tt := range []struct {
		op   transform.Op
		want func(x, y int) (int, int) // where a pixel of the result was
	}{
		{transform.Rotate{Degrees: 90}, func(x, y int) (int, int) { return y, 39 - x }},
		{transform.Rotate{Degrees: 180}, func(x, y int) (int, int) { return 59 - x, 39 - y }},
		{transform.Rotate{Degrees: 270, Background: &red}, func(x, y int) (int, int) { return 59 - y, x }},
		{transform.Flip{}, func(x, y int) (int, int) { return x, 39 - y }},
		{transform.Flop{}, func(x, y int) (int, int) { return 59 - x, y }},
	} {
		s := open(t)
		im, err := Apply(s, p.image(t, s), tt.op)
		got := render(t, im, err)
		for y := range got.height {
			for x := range got.width {
				if sx, sy := tt.want(x, y); !bytes.Equal(got.at(x, y), p.at(sx, sy)) {
					t.Fatalf("%T%+v: pixel %d, %d = %v, want %v", tt.op, tt.op, x, y, got.at(x, y), p.at(sx, sy))
				}
			}
		}
	}
}

func TestRotate(t *testing.T) {
	s := open(t)
	im, err := Rotate(s, quadrants(100, 100).image(t, s), transform.Rotate{Degrees: 45})
	got := render(t, im, err)
	if got.bands != 4 || got.alpha(0, 0) != 0 || got.alpha(-1, -1) != 0 {
		t.Errorf("corners = %v and %v, want transparent", got.at(0, 0), got.at(-1, -1))
	}
	// Clockwise: what was top left is now on top, then clockwise the others.
	for _, tt := range []struct {
		x, y int
		want []byte
	}{
		{70, 30, []byte{255, 0, 0, 255}}, {110, 70, []byte{0, 255, 0, 255}},
		{70, 110, []byte{255, 255, 255, 255}}, {30, 70, []byte{0, 0, 255, 255}},
	} {
		if !bytes.Equal(got.at(tt.x, tt.y), tt.want) {
			t.Errorf("pixel %d, %d = %v, want %v", tt.x, tt.y, got.at(tt.x, tt.y), tt.want)
		}
	}

	im, err = Rotate(s, quadrants(100, 100).image(t, s), transform.Rotate{Degrees: 45, Background: &red})
	got = render(t, im, err)
	if want := []byte{red.R, red.G, red.B}; !bytes.Equal(got.at(0, 0), want) {
		t.Errorf("corner = %v, want %v", got.at(0, 0), want)
	}
}

// What is transparent has no colour that could bleed into what is not.
func TestTransparentDoesNotBleed(t *testing.T) {
	p := draw(60, 60, func(x, _ int) []byte {
		if x < 30 {
			return []byte{255, 255, 255, 255}
		}
		return []byte{0, 0, 0, 0}
	})
	for _, op := range []transform.Op{
		transform.Rotate{Degrees: 10}, transform.Blur{Sigma: 3}, transform.Pixelate{Size: 7}, transform.Upscale{},
		transform.Upscale{Artwork: true}, transform.Shadow{Opacity: 50, Blur: 2, Color: white}, transform.Circle{},
	} {
		s := open(t)
		im, err := Apply(s, p.image(t, s), op)
		got := render(t, im, err)
		for y := range got.height {
			for x := range got.width {
				if got.alpha(x, y) > 24 && got.light(x, y) < 235 {
					t.Fatalf("%T: pixel %d, %d = %v, want white at any opacity", op, x, y, got.at(x, y))
				}
			}
		}
	}
}

func TestUpscaleRemovesNoise(t *testing.T) {
	noisy := draw(80, 80, func(x, y int) []byte {
		v := 60.0
		if x >= 40 {
			v = 200
		}
		return []byte{byte(v + 30*(noise(7, uint32(y*80+x))-0.5))}
	})
	flat := image.Rect(8, 8, 32, 72)
	_, last := noisy.mean(flat)
	for level := 1; level <= 3; level++ {
		s := open(t)
		im, err := Upscale(s, noisy.image(t, s), transform.Upscale{Only: true, Noise: level})
		got := render(t, im, err)
		_, deviation := got.mean(flat)
		if deviation >= last {
			t.Errorf("noise %d leaves %.2f, want less than %.2f", level, deviation, last)
		}
		last = deviation
		if step := got.light(42, 40) - got.light(37, 40); step < 100 {
			t.Errorf("noise %d leaves an edge of %.0f, want 100", level, step)
		}
	}
	if last > 3 {
		t.Errorf("the strongest leaves %.2f", last)
	}
}

// Drawn edges become steeper than those of a photograph, and have no halo.
func TestUpscaleArtwork(t *testing.T) {
	drawn := draw(40, 40, func(x, y int) []byte {
		if (x-20)*(x-20)+(y-20)*(y-20) < 100 {
			return []byte{220}
		}
		return []byte{30}
	})
	between := map[bool]int{}
	for _, artwork := range []bool{false, true} {
		s := open(t)
		im, err := Upscale(s, drawn.image(t, s), transform.Upscale{Artwork: artwork})
		got := render(t, im, err)
		least, most := 255.0, 0.0
		for y := range got.height {
			for x := range got.width {
				v := got.light(x, y)
				least, most = min(least, v), max(most, v)
				if v > 50 && v < 200 {
					between[artwork]++
				}
			}
		}
		if artwork && (least < 30 || most > 220) {
			t.Errorf("artwork spans %.0f to %.0f, want 30 to 220", least, most)
		}
	}
	if between[true] >= between[false] {
		t.Errorf("%d pixels between the colours, and %d for a photograph; want fewer", between[true], between[false])
	}
}
