package effect

import (
	"bytes"
	"math"
	"testing"

	"github.com/stowgate/stowgate/internal/transform"
)

// colours returns a picture of many colours, with opacity if bands is 4.
func colours(bands int) picture {
	return draw(64, 64, func(x, y int) []byte {
		v := []byte{byte(4 * x), byte(4 * y), byte(x * y / 16), byte(255 - 2*x)}
		return v[:bands]
	})
}

func TestGrey(t *testing.T) {
	s := open(t)
	im, err := Grey(s, colours(4).image(t, s), transform.Grey{})
	got := render(t, im, err)
	if got.bands != 2 || got.alpha(10, 0) != 235 {
		t.Fatalf("%d bands, opacity %d; want 2, 235", got.bands, got.alpha(10, 0))
	}
	if g, b := colours(3), got; b.light(0, 63) <= b.light(63, 0) {
		t.Errorf("green %v is %v, red %v is %v; want green brighter", g.at(0, 63), b.light(0, 63), g.at(63, 0), b.light(63, 0))
	}
	grey := scene(8, 8, 2).image(t, s)
	if im, err = Grey(s, grey, transform.Grey{}); im != grey || err != nil {
		t.Errorf("a grey image became another, error %v", err)
	}
}

func TestThreshold(t *testing.T) {
	ramp := draw(256, 2, func(x, _ int) []byte { return []byte{byte(x)} })
	last := -1
	for _, percent := range []int{0, 20, 50, 80, 100} {
		s := open(t)
		im, err := Threshold(s, ramp.image(t, s), transform.Threshold{Percent: percent})
		got := render(t, im, err)
		black := 0
		for x := range 256 {
			switch got.at(x, 1)[0] {
			case 0:
				black++
			case 255:
			default:
				t.Fatalf("percent %d: pixel %d = %d", percent, x, got.at(x, 1)[0])
			}
		}
		if want := 255*percent/100 + 1; black != want {
			t.Errorf("percent %d: %d of 256 are black, want %d", percent, black, want)
		}
		if black <= last {
			t.Errorf("percent %d: %d are black, no more than before", percent, black)
		}
		last = black
	}
	s := open(t)
	im, err := Threshold(s, colours(4).image(t, s), transform.Threshold{Percent: 50})
	if got := render(t, im, err); got.bands != 2 || got.alpha(10, 0) != 235 {
		t.Errorf("%d bands, opacity %d; want 2, 235", got.bands, got.alpha(10, 0))
	}
}

func TestSepia(t *testing.T) {
	last := 0.0
	for _, tone := range []int{20, 80, 100} {
		s := open(t)
		p := colours(4)
		im, err := Sepia(s, p.image(t, s), transform.Sepia{Tone: tone})
		got := render(t, im, err)
		if d := got.distance(p); d <= last {
			t.Errorf("tone %d changes by %v, no more than a smaller one", tone, d)
		} else {
			last = d
		}
		for y := range 64 {
			for x := range 64 {
				v := got.at(x, y)
				if tone == 100 && (v[0] < v[1] || v[1] < v[2]) {
					t.Fatalf("pixel %d, %d = %v, want R >= G >= B", x, y, v)
				}
				if v[3] != p.at(x, y)[3] {
					t.Fatalf("opacity at %d, %d = %d, want %d", x, y, v[3], p.at(x, y)[3])
				}
			}
		}
	}
	s := open(t)
	im, err := Sepia(s, plain(2, 2, 128).image(t, s), transform.Sepia{Tone: 80})
	if v := render(t, im, err).at(0, 0); len(v) != 3 || v[0] <= v[1] || v[1] <= v[2] {
		t.Errorf("grey became %v, want brown", v)
	}
}

func TestNegate(t *testing.T) {
	for bands := 1; bands <= 4; bands++ {
		s := open(t)
		p := colours(bands)
		if bands == 2 {
			p = scene(60, 40, 2)
		}
		im, err := Negate(s, p.image(t, s), transform.Negate{})
		once := render(t, im, err)
		for i, v := range once.pixels {
			want := 255 - p.pixels[i]
			if bands%2 == 0 && i%bands == bands-1 {
				want = p.pixels[i]
			}
			if v != want {
				t.Fatalf("%d bands: byte %d = %d, want %d", bands, i, v, want)
			}
		}
		im, err = Negate(s, im, transform.Negate{})
		if d := render(t, im, err).distance(p); d != 0 {
			t.Errorf("%d bands: twice differs by %v", bands, d)
		}
	}
}

func TestModulate(t *testing.T) {
	one := func(pixel []byte, op transform.Modulate) []byte {
		s := open(t)
		im, err := Modulate(s, plain(1, 1, pixel...).image(t, s), op)
		return render(t, im, err).at(0, 0)
	}
	near := func(a, b []byte) bool {
		for i := range a {
			if math.Abs(float64(a[i])-float64(b[i])) > 2 {
				return false
			}
		}
		return len(a) == len(b)
	}
	for _, tt := range []struct {
		name  string
		pixel []byte
		op    transform.Modulate
		want  []byte
	}{
		{"half as bright", []byte{200, 100, 50}, transform.Modulate{Brightness: 50, Saturation: 100}, []byte{100, 50, 25}},
		{"twice as bright", []byte{100, 40, 5, 77}, transform.Modulate{Brightness: 200, Saturation: 100}, []byte{200, 80, 10, 77}},
		{"black", []byte{100, 40, 5}, transform.Modulate{Saturation: 100}, []byte{0, 0, 0}},
		{"far too bright", []byte{100, 40, 5}, transform.Modulate{Brightness: 10_000, Saturation: 100}, []byte{255, 255, 255}},
		{"grey, brighter", []byte{100, 77}, transform.Modulate{Brightness: 120, Saturation: 10_000, Hue: 90}, []byte{120, 77}},
		{"no saturation", []byte{255, 0, 0}, transform.Modulate{Brightness: 100}, []byte{54, 54, 54}},
		{"grey has no hue", []byte{90, 90, 90}, transform.Modulate{Brightness: 100, Saturation: 300, Hue: 123}, []byte{90, 90, 90}},
	} {
		if got := one(tt.pixel, tt.op); !near(got, tt.want) {
			t.Errorf("%s: %v became %v, want %v", tt.name, tt.pixel, got, tt.want)
		}
	}
	// Red becomes green, cyan and blue.
	for degrees, want := range map[int]func(v []byte) bool{
		120: func(v []byte) bool { return v[1] > v[0] && v[1] > v[2] },
		180: func(v []byte) bool { return v[0] < v[1] && v[0] < v[2] && max(v[1], v[2])-min(v[1], v[2]) < 5 },
		240: func(v []byte) bool { return v[2] > v[0] && v[2] > v[1] },
	} {
		if v := one([]byte{200, 40, 40}, transform.Modulate{Brightness: 100, Saturation: 100, Hue: degrees}); !want(v) {
			t.Errorf("red turned by %d is %v", degrees, v)
		}
	}
	last := -1
	for _, saturation := range []int{0, 50, 100, 150, 10_000} {
		v := one([]byte{150, 120, 90}, transform.Modulate{Brightness: 100, Saturation: saturation})
		if spread := int(v[0]) - int(v[2]); spread <= last {
			t.Errorf("saturation %d gives %v, no more colourful than before", saturation, v)
		} else {
			last = spread
		}
	}
	if got := one([]byte{1, 2, 3, 4}, transform.Modulate{Brightness: 100, Saturation: 100, Hue: 360}); !bytes.Equal(got, []byte{1, 2, 3, 4}) {
		t.Errorf("a full turn gives %v", got)
	}
}
