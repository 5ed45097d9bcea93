package effect

import (
	"bytes"
	"errors"
	"image"
	"math"
	"testing"

	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/transform"
)

func enhanced(t *testing.T, p picture, preset string) picture {
	t.Helper()
	s := open(t)
	im, err := Enhance(s, p.image(t, s), transform.Enhance{Preset: preset})
	got := render(t, im, err)
	if got.width != p.width || got.height != p.height || got.bands != p.bands {
		t.Fatalf("%q made %d by %d of %d bands", preset, got.width, got.height, got.bands)
	}
	return got
}

// colourful returns how far the colours of a picture are from grey.
func colourful(p picture) float64 {
	sum := 0.0
	for i := 0; i < len(p.pixels); i += p.bands {
		v := p.pixels[i : i+3]
		sum += float64(max(v[0], v[1], v[2]) - min(v[0], v[1], v[2]))
	}
	return sum / float64(len(p.pixels)/p.bands)
}

// muted is a picture of muted colours, with brightness between two bounds.
func muted(low, high float64) picture {
	return draw(120, 90, func(x, y int) []byte {
		v := low + (high-low)*float64(x)/119
		return []byte{byte(v), byte(v * 0.9), byte(v * (0.7 + 0.2*float64(y)/89))}
	})
}

func TestEnhanceAuto(t *testing.T) {
	dull := muted(90, 150)
	got := enhanced(t, dull, "")
	_, before := dull.mean(dull.bounds())
	mean, after := got.mean(got.bounds())
	if after < 1.4*before {
		t.Errorf("contrast went from %.1f to %.1f, want more", before, after)
	}
	if mean < 90 || mean > 165 {
		t.Errorf("mean = %.1f", mean)
	}
	for _, tt := range []struct {
		name      string
		low, high float64
		brighter  bool
	}{{"dark", 0, 90, true}, {"bright", 150, 255, false}} {
		p := muted(tt.low, tt.high)
		was, _ := p.mean(p.bounds())
		got := enhanced(t, p, "auto")
		if is, _ := got.mean(got.bounds()); (is > was) != tt.brighter {
			t.Errorf("%s: mean went from %.1f to %.1f", tt.name, was, is)
		}
	}
}

func TestEnhanceVivid(t *testing.T) {
	p := muted(40, 200)
	if before, after := colourful(p), colourful(enhanced(t, p, "vivid")); after < 1.3*before {
		t.Errorf("colourfulness went from %.1f to %.1f, want more", before, after)
	}
}

// portrait is skin on the left and cloth on the right, with fine grain, and an
// edge across the skin.
func portrait() picture {
	return draw(160, 120, func(x, y int) []byte {
		n := 24 * (noise(3, uint32(y*160+x)) - 0.5)
		r, g, b := 205.0, 150.0, 125.0
		if y > 60 {
			r, g, b = 120, 75, 60
		}
		if x >= 80 {
			r, g, b = 90, 110, 170
		}
		return []byte{byte(r + n), byte(g + n), byte(b + n)}
	})
}

func TestEnhanceBeautify(t *testing.T) {
	p := portrait()
	skin, cloth := image.Rect(10, 10, 65, 50), image.Rect(95, 10, 150, 50)
	light, grain := p.mean(skin)
	_, weave := p.mean(cloth)
	for _, preset := range []string{"beautify", "beautify_plus"} {
		got := enhanced(t, p, preset)
		l, g := got.mean(skin)
		if g >= 0.7*grain {
			t.Errorf("%s: grain of skin went from %.2f to %.2f, want less", preset, grain, g)
		}
		if l <= light {
			t.Errorf("%s: brightness of skin went from %.1f to %.1f, want more", preset, light, l)
		}
		grain, light = g, l // plus does more
		if _, w := got.mean(cloth); w < 0.8*weave {
			t.Errorf("%s: texture of cloth went from %.2f to %.2f, want it kept", preset, weave, w)
		}
		if edge := got.light(40, 57) - got.light(40, 64); edge < 45 {
			t.Errorf("%s: the edge in the skin is %.0f", preset, edge)
		}
	}
}

func TestEnhanceFixDark(t *testing.T) {
	p := muted(5, 70)
	was, _ := p.mean(p.bounds())
	got := enhanced(t, p, "fix_dark")
	if is, _ := got.mean(got.bounds()); is < 2*was {
		t.Errorf("mean went from %.1f to %.1f, want it doubled", was, is)
	}
	bright := muted(100, 250)
	if got := enhanced(t, bright, "fix_dark"); got.distance(bright) != 0 {
		t.Errorf("a bright picture changed by %v", got.distance(bright))
	}
}

func TestEnhanceFixNoise(t *testing.T) {
	p := draw(120, 80, func(x, y int) []byte {
		v := 70.0
		if x >= 60 {
			v = 170
		}
		at := uint32(y*120 + x)
		return []byte{byte(v + 36*(noise(1, at)-0.5)), byte(v + 36*(noise(2, at)-0.5)), byte(v + 36*(noise(3, at)-0.5))}
	})
	flat := image.Rect(5, 5, 50, 75)
	_, before := p.mean(flat)
	got := enhanced(t, p, "fix_noise")
	if _, after := got.mean(flat); after > before/2 {
		t.Errorf("noise went from %.2f to %.2f, want half", before, after)
	}
	a, _ := got.mean(image.Rect(53, 5, 57, 75))
	b, _ := got.mean(image.Rect(63, 5, 67, 75))
	if b-a < 80 {
		t.Errorf("the edge went from 100 to %.0f", b-a)
	}
}

func TestEnhanceFixTint(t *testing.T) {
	neutral := muted(60, 200)
	p := draw(neutral.width, neutral.height, func(x, y int) []byte {
		v := neutral.light(x, y) / 1.25
		return []byte{byte(v * 1.2), byte(v), byte(v * 0.75)}
	})
	if before, after := colourful(p), colourful(enhanced(t, p, "fix_tint")); after > before/4 {
		t.Errorf("a cast of %.1f became %.1f, want it nearly gone", before, after)
	}
	grey := draw(60, 60, func(x, y int) []byte { return []byte{byte(4 * x), byte(4 * x), byte(4 * x)} })
	if got := enhanced(t, grey, "fix_tint"); got.distance(grey) > 0.5 {
		t.Errorf("a neutral picture changed by %v", got.distance(grey))
	}
}

func TestEnhanceOutdoor(t *testing.T) {
	p := draw(160, 120, func(x, y int) []byte { // hazy sky over hills
		if y < 60 {
			return []byte{170, 180, 195}
		}
		return []byte{120, byte(132 + 8*math.Sin(float64(x)/3)), 115}
	})
	got := enhanced(t, p, "outdoor")
	if before, after := colourful(p), colourful(got); after < 1.2*before {
		t.Errorf("colourfulness went from %.1f to %.1f, want more", before, after)
	}
	_, before := p.mean(p.bounds())
	if _, after := got.mean(got.bounds()); after < 1.1*before {
		t.Errorf("contrast went from %.1f to %.1f, want more", before, after)
	}
	near := func(p picture) float64 { return p.light(80, 57) - p.light(80, 62) }
	if near(got) < 1.3*near(p) {
		t.Errorf("the horizon went from %.0f to %.0f, want it stronger", near(p), near(got))
	}
}

func TestEnhanceFireworks(t *testing.T) {
	p := draw(160, 120, func(x, y int) []byte { // a rocket in a hazy night
		if (x-80)*(x-80)+(y-60)*(y-60) < 64 {
			return []byte{250, 170, 60}
		}
		return []byte{28, 26, 34}
	})
	got := enhanced(t, p, "fireworks")
	if sky := got.light(5, 5); sky > 8 {
		t.Errorf("the sky went from %.0f to %.0f, want black", p.light(5, 5), sky)
	}
	if got.light(80, 60) <= p.light(80, 60) {
		t.Errorf("the rocket went from %.0f to %.0f, want brighter", p.light(80, 60), got.light(80, 60))
	}
	if glow := got.light(90, 60); glow <= got.light(5, 5)+3 {
		t.Errorf("beside the rocket it is %.0f, want a glow", glow)
	}
}

// Each preset treats what is there: grey stays grey, opacity stays, and a flat
// picture does not burst.
func TestEnhanceKeeps(t *testing.T) {
	for preset := range looks {
		p := scene(60, 40, 4)
		got := enhanced(t, p, preset)
		for i := 3; i < len(p.pixels); i += 4 {
			if got.pixels[i] != p.pixels[i] {
				t.Fatalf("%q: opacity %d became %d", preset, p.pixels[i], got.pixels[i])
			}
		}
		grey := draw(60, 40, func(x, y int) []byte { return bytes.Repeat([]byte{byte(4 * x)}, 3) })
		if c := colourful(enhanced(t, grey, preset)); c > 2 {
			t.Errorf("%q: grey became colourful by %v", preset, c)
		}
		for _, v := range []byte{0, 128, 255} {
			flat := enhanced(t, plain(40, 40, v, v, v), preset)
			if _, deviation := flat.mean(flat.bounds()); deviation > 0.5 {
				t.Errorf("%q: a flat %d varies by %v", preset, v, deviation)
			}
		}
		enhanced(t, plain(4, 4, 9, 9, 9, 0), preset) // nothing to measure
	}
}

func TestEnhanceUnknown(t *testing.T) {
	s := open(t)
	if _, err := Enhance(s, plain(2, 2, 1).image(t, s), transform.Enhance{Preset: "magic"}); !errors.Is(err, fault.Invalid) {
		t.Errorf("Enhance error = %v, want %v", err, fault.Invalid)
	}
}
