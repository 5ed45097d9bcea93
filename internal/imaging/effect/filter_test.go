package effect

import (
	"bytes"
	"image"
	"math"
	"testing"
	"time"

	"github.com/stowgate/stowgate/internal/transform"
)

// step returns a picture that is dark on the left and bright on the right.
func step(width, height int) picture {
	return draw(width, height, func(x, _ int) []byte {
		if 2*x < width {
			return []byte{80, 80, 80}
		}
		return []byte{160, 160, 160}
	})
}

func TestBlur(t *testing.T) {
	last := 81.0
	for _, sigma := range []float64{0.5, 2, 5, 20} {
		s := open(t)
		im, err := Blur(s, step(200, 20).image(t, s), transform.Blur{Sigma: sigma})
		got := render(t, im, err)
		if slope := got.light(100, 10) - got.light(99, 10); slope >= last {
			t.Errorf("sigma %v leaves a step of %v, no less than before", sigma, slope)
		} else {
			last = slope
		}
		if math.Abs(got.light(0, 0)-80) > 2 || math.Abs(got.light(199, 19)-160) > 2 {
			t.Errorf("sigma %v: far from the edge, %v and %v; want 80 and 160", sigma, got.light(0, 0), got.light(199, 19))
		}
		if sigma >= 2 { // a sigma away from the edge lies the value of the error function
			want := 120 + 40*math.Erf(1/math.Sqrt2)
			if v := got.light(100+int(sigma), 10); math.Abs(v-want) > 5 {
				t.Errorf("sigma %v: a sigma away, %v; want %v", sigma, v, want)
			}
		}
	}
}

// A blur leaves areas of one colour as they are.
func TestBlurKeepsLevels(t *testing.T) {
	for _, sigma := range []float64{0.3, 0.5, 1, 1.5, 3, 5, 8, 13, 20} {
		s := open(t)
		levels := draw(5*160, 1, func(x, _ int) []byte { return []byte{byte(x / 160 * 60)} })
		im, err := Blur(s, levels.image(t, s), transform.Blur{Sigma: sigma})
		got := render(t, im, err)
		for i := range 5 {
			if v := got.light(i*160+80, 0); math.Abs(v-float64(i*60)) > 2 { // 0 with the newest library
				t.Errorf("sigma %v: an area of %d became %v", sigma, i*60, v)
			}
		}
	}
}

func TestSharpen(t *testing.T) {
	last := 80.0
	for _, sigma := range []float64{0.5, 1, 2, 8, 20} {
		s := open(t)
		im, err := Sharpen(s, step(200, 20).image(t, s), transform.Sharpen{Sigma: sigma})
		got := render(t, im, err)
		sum := 0.0 // of what the edge has more
		for x := range 100 {
			sum += got.light(100+x, 10) - got.light(99-x, 10) - 80
		}
		if sum+80 <= last {
			t.Errorf("sigma %v sharpens by %v, no more than before", sigma, sum)
		}
		last = sum + 80
		if v := got.at(0, 0); !bytes.Equal(v, []byte{80, 80, 80}) {
			t.Errorf("sigma %v: far from the edge, %v; want 80", sigma, v)
		}
	}
}

func TestPixelate(t *testing.T) {
	for _, size := range []int{2, 7, 100} {
		s := open(t)
		p := scene(60, 40, 3)
		im, err := Pixelate(s, p.image(t, s), transform.Pixelate{Size: size})
		got := render(t, im, err)
		for y := range 40 {
			for x := range 60 {
				if corner := got.at(x/size*size, y/size*size); !bytes.Equal(got.at(x, y), corner) {
					t.Fatalf("size %d: pixel %d, %d = %v, the corner of its block %v", size, x, y, got.at(x, y), corner)
				}
			}
		}
		if size > 60 {
			continue
		}
		want, _ := p.mean(image.Rect(0, 0, size, size))
		if v := got.light(0, 0); math.Abs(v-want) > 1.5 {
			t.Errorf("size %d: first block = %v, want the mean %v", size, v, want)
		}
	}
}

func TestOilPaint(t *testing.T) {
	noisy := draw(120, 80, func(x, y int) []byte {
		v := 60.0
		if x >= 60 {
			v = 180
		}
		v += 40 * (noise(7, uint32(y*120+x)) - 0.5)
		return []byte{byte(v), byte(v / 2), byte(v)}
	})
	flat := image.Rect(4, 4, 40, 76)
	_, last := noisy.mean(flat)
	for _, radius := range []int{1, 2, 5, 10} {
		s := open(t)
		im, err := OilPaint(s, noisy.image(t, s), transform.OilPaint{Radius: radius})
		got := render(t, im, err)
		if _, deviation := got.mean(flat); deviation >= last {
			t.Errorf("radius %d leaves %.2f of texture, no less than before", radius, deviation)
		} else {
			last = deviation
		}
		if radius > 1 {
			if a, b := got.light(57, 40), got.light(62, 40); b-a < 60 {
				t.Errorf("radius %d: the edge went from %.0f to %.0f, want it kept", radius, a, b)
			}
		}
	}
}

// Arguments at the end of their range, on the smallest images and on one of
// usual size, stay within bounds of time and size.
func TestExtremes(t *testing.T) {
	far := []transform.Op{
		transform.RoundCorners{Radius: 10_000, Soft: 20},
		transform.Circle{},
		transform.Border{Width: 1000, Color: red},
		transform.TornEdges{Min: 1, Max: 10_000},
		transform.TornEdges{Min: 10_000, Max: 10_000},
		transform.Blur{Sigma: 20},
		transform.Blur{Sigma: 0.01},
		transform.Sharpen{Sigma: 20},
		transform.Sharpen{Sigma: 0.01},
		transform.OilPaint{Radius: 10},
		transform.Pixelate{Size: 100},
		transform.Shadow{Blur: 20, Opacity: 100, X: -1000, Y: 1000, Color: veil},
		transform.Shadow{Blur: 0.01, Opacity: 1, Color: veil},
		transform.Polaroid{Color: veil, Degrees: 359, Background: &veil},
		transform.Vignette{Amount: 100, Background: new(transform.Color)},
		transform.Rotate{Degrees: 359},
		transform.Upscale{Noise: 3, Artwork: true},
		transform.Modulate{Brightness: 10_000, Saturation: 10_000, Hue: 359},
		transform.Threshold{Percent: 100},
		transform.Enhance{}, transform.Enhance{Preset: "vivid"}, transform.Enhance{Preset: "beautify_plus"},
		transform.Enhance{Preset: "fix_dark"}, transform.Enhance{Preset: "fix_tint"}, transform.Enhance{Preset: "fix_noise"},
		transform.Enhance{Preset: "outdoor"}, transform.Enhance{Preset: "fireworks"},
	}
	const patience = 20 * time.Second // far above what a second-long effect takes on a busy machine
	for _, size := range [][2]int{{1, 1}, {1, 300}, {300, 1}, {2, 3}, {1200, 800}} {
		for bands := 1; bands <= 4; bands++ {
			p := scene(size[0], size[1], bands)
			if size[0] == 1200 && bands != 4 {
				continue
			}
			for _, op := range far {
				s := open(t)
				start := time.Now()
				im, err := Apply(s, p.image(t, s), op)
				if err != nil {
					t.Fatalf("%T%+v on %v: %v", op, op, size, err)
				}
				got := render(t, im, err)
				if took := time.Since(start); took > patience {
					t.Errorf("%T%+v on %v took %v", op, op, size, took)
				}
				if got.width > size[0]*2+2100 || got.height > size[1]*2+2100 {
					t.Errorf("%T%+v on %v: size %d by %d", op, op, size, got.width, got.height)
				}
				s.Close()
			}
		}
	}
}
