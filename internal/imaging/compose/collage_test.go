package compose

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/stowgate/stowgate/internal/imaging/vips"
	"github.com/stowgate/stowgate/internal/transform"
)

func TestLayout(t *testing.T) {
	for _, tt := range []struct {
		name          string
		ratios        []float64
		width, height int
		margin        int
		cut           bool
		w, h          int
		cells         []transform.Box
	}{
		{"one fills the width", []float64{2}, 400, 400, 0, false, 400, 200, []transform.Box{box(0, 0, 400, 200)}},
		{"one fills the height", []float64{0.5}, 400, 400, 0, false, 200, 400, []transform.Box{box(0, 0, 200, 400)}},
		{"one with a margin", []float64{1}, 100, 100, 10, false, 100, 100, []transform.Box{box(10, 10, 80, 80)}},
		{"one is cut", []float64{2}, 400, 400, 0, true, 400, 400, []transform.Box{box(0, 0, 400, 400)}},
		{"beside each other", []float64{1, 1}, 205, 110, 5, false, 205, 105, []transform.Box{box(5, 5, 95, 95), box(105, 5, 95, 95)}},
		{"below each other", []float64{2, 2}, 100, 100, 0, false, 100, 100, []transform.Box{box(0, 0, 100, 50), box(0, 50, 100, 50)}},
		{"four", []float64{1, 1, 1, 1}, 230, 230, 10, false, 230, 230,
			[]transform.Box{box(10, 10, 100, 100), box(120, 10, 100, 100), box(10, 120, 100, 100), box(120, 120, 100, 100)}},
		{"a gallery", []float64{2, 1, 1.5, 1.5}, 300, 200, 0, false, 300, 200,
			[]transform.Box{box(0, 0, 200, 100), box(200, 0, 100, 100), box(0, 100, 150, 100), box(150, 100, 150, 100)}},
		{"cut to a strip", []float64{1, 1, 1}, 900, 100, 0, true, 900, 100,
			[]transform.Box{box(0, 0, 300, 100), box(300, 0, 300, 100), box(600, 0, 300, 100)}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w, h, cells := layout(tt.ratios, tt.width, tt.height, tt.margin, tt.cut)
			if w != tt.w || h != tt.h || !slices.Equal(cells, tt.cells) {
				t.Errorf("layout = %d × %d %v, want %d × %d %v", w, h, cells, tt.w, tt.h, tt.cells)
			}
		})
	}
}

// checkLayout holds what is promised of every layout.
func checkLayout(t *testing.T, ratios []float64, width, height, margin int, cut bool) {
	t.Helper()
	w, h, cells := layout(ratios, width, height, margin, cut)
	what := fmt.Sprintf("layout(%v, %d, %d, %d, %v) = %d × %d %v", ratios, width, height, margin, cut, w, h, cells)
	if w < 1 || h < 1 || w > width || h > height || cut && (w != width || h != height) || len(cells) != len(ratios) {
		t.Fatal(what)
	}
	roomy := width >= 50*len(ratios) && height >= 50*len(ratios)
	for i, c := range cells {
		if in, ok := c.Clamp(width, height); !ok || in != c {
			t.Fatalf("%s: %v sticks out", what, c)
		}
		if !cut && roomy && slices.Max(ratios) < 4 && slices.Min(ratios) > 0.25 {
			if want := float64(c.Height) * ratios[i]; math.Abs(want-float64(c.Width)) > 1+ratios[i] {
				t.Errorf("%s: %v has not the ratio %.3f", what, c, ratios[i])
			}
		}
		for _, d := range cells[:i] {
			x, y := min(c.X+c.Width, d.X+d.Width)-max(c.X, d.X), min(c.Y+c.Height, d.Y+d.Height)-max(c.Y, d.Y)
			if roomy && x > 0 && y > 0 {
				t.Errorf("%s: %v and %v overlap", what, c, d)
			}
		}
	}
}

func TestLayoutExtremes(t *testing.T) {
	many := make([]float64, transform.MaxInputs)
	for i := range many {
		many[i] = []float64{1.5, 0.67, 1, 1.78}[i%4]
	}
	for _, cut := range []bool{false, true} {
		for _, margin := range []int{0, 1, 10, 100} {
			for _, size := range [][2]int{{1, 1}, {10_000, 1}, {1, 10_000}, {10_000, 10_000}, {1000, 1000}, {30, 20}, {640, 480}} {
				checkLayout(t, many[:1], size[0], size[1], margin, cut)
				checkLayout(t, many[:5], size[0], size[1], margin, cut)
				checkLayout(t, []float64{16_384, 1.0 / 16_384, 1}, size[0], size[1], margin, cut)
			}
		}
		checkLayout(t, many, 1200, 1200, 10, cut)
		checkLayout(t, many, 1, 1, 100, cut)
	}
}

func FuzzLayout(f *testing.F) {
	f.Add([]byte{1, 2, 3}, 300, 200, 10, false)
	f.Fuzz(func(t *testing.T, sides []byte, width, height, margin int, cut bool) {
		var ratios []float64
		for i := 0; i+1 < len(sides) && len(ratios) < 8; i += 2 {
			ratios = append(ratios, (float64(sides[i])+1)/(float64(sides[i+1])+1))
		}
		if len(ratios) > 0 && width >= 1 && width <= 10_000 && height >= 1 && height <= 10_000 && margin >= 0 && margin <= 100 {
			checkLayout(t, ratios, width, height, margin, cut)
		}
	})
}

func TestCollage(t *testing.T) {
	s := open(t)
	pictures := []picture{
		flat(200, 100, 255, 0, 0), flat(100, 100, 0, 255, 0), flat(150, 100, 0, 0, 255), flat(150, 100, 80), flat(100, 200, 255, 255, 0, 128),
	}
	colours := [][]byte{{255, 0, 0}, {0, 255, 0}, {0, 0, 255}, {80, 80, 80}, {255, 255, 127}}
	images := make([]*vips.Image, len(pictures))
	for i, p := range pictures {
		images[i] = p.image(t, s)
	}
	for _, tt := range []struct {
		name  string
		op    transform.Collage
		bands int
	}{
		{"whole", transform.Collage{Width: 600, Height: 400, Margin: 10, Color: transform.White}, 3},
		{"cut", transform.Collage{Width: 600, Height: 400, Margin: 10, Color: transform.White, Cut: true}, 3},
		{"no margin", transform.Collage{Width: 333, Height: 777, Color: transform.White, Cut: true}, 3},
		{"wide margin", transform.Collage{Width: 900, Height: 500, Margin: 100, Color: transform.White}, 3},
		{"transparent", transform.Collage{Width: 600, Height: 400, Margin: 10}, 4},
	} {
		t.Run(tt.name, func(t *testing.T) {
			im, err := Collage(s, images, tt.op)
			got := render(t, im, err)
			if got.bands != tt.bands || got.width > tt.op.Width || got.height > tt.op.Height {
				t.Errorf("the result is %d by %d of %d bands", got.width, got.height, got.bands)
			}
			if tt.op.Cut {
				got.wantSize(t, tt.op.Width, tt.op.Height, tt.bands)
			}
			seen, first := make([]int, len(colours)), make([]int, len(colours))
			margin := 0
			for i := range got.width * got.height {
				x, y := i%got.width, i/got.width
				ground := []byte{tt.op.Color.R, tt.op.Color.G, tt.op.Color.B, tt.op.Color.A}[:tt.bands]
				if got.is(x, y, ground...) {
					margin++
				}
				for n, c := range colours {
					if tt.bands == 4 {
						if c = append(slices.Clone(c), 255); n == 4 {
							c = []byte{255, 255, 0, 128}
						}
					}
					if got.is(x, y, c...) {
						if seen[n]++; seen[n] == 1 {
							first[n] = i
						}
					}
				}
			}
			all := margin
			for n, pixels := range seen {
				if all += pixels; pixels < 100 {
					t.Errorf("image %d has %d pixels", n, pixels)
				}
				if n > 0 && first[n]%got.width < first[n-1]%got.width && first[n]/got.width <= first[n-1]/got.width {
					t.Errorf("image %d is before the one before", n)
				}
			}
			if all != got.width*got.height {
				t.Errorf("%d of %d pixels are of no image, and of no margin", got.width*got.height-all, got.width*got.height)
			}
			if edge := got.is(0, 0, []byte{tt.op.Color.R, tt.op.Color.G, tt.op.Color.B, tt.op.Color.A}[:tt.bands]...); edge != (tt.op.Margin > 0) {
				t.Errorf("the corner is %v", got.at(0, 0))
			}
		})
	}
}

func TestCollageOrient(t *testing.T) {
	s := open(t)
	im := draw(100, 50, func(x, _ int) []byte {
		if x < 50 {
			return []byte{255, 0, 0}
		}
		return []byte{0, 0, 255}
	}).image(t, s)
	im.Set(vips.OrientationField, 6) // turned clockwise for display: red is up
	for _, orient := range []bool{false, true} {
		out, err := Collage(s, []*vips.Image{im}, transform.Collage{Width: 200, Height: 200, Color: transform.White, Orient: orient})
		got := render(t, out, err)
		if orient {
			got.wantSize(t, 100, 200, 3)
		} else {
			got.wantSize(t, 200, 100, 3)
		}
		if turned := got.is(-5, 5, 255, 0, 0); turned != orient {
			t.Errorf("orient %v: turned %v", orient, turned)
		}
	}
}

func TestCollageExtremes(t *testing.T) {
	s := open(t)
	images := []*vips.Image{flat(2000, 1, 255, 0, 0).image(t, s), flat(1, 2000, 0, 255, 0).image(t, s), flat(100, 100, 0, 0, 255).image(t, s)}
	for _, size := range [][2]int{{500, 500}, {1, 1}, {1, 10_000}, {10_000, 1}} {
		for _, cut := range []bool{false, true} {
			im, err := Collage(s, images, transform.Collage{Width: size[0], Height: size[1], Margin: 100, Color: transform.White, Cut: cut})
			got := render(t, im, err)
			if got.width > size[0] || got.height > size[1] {
				t.Errorf("%v: %d by %d", size, got.width, got.height)
			}
		}
	}
}

func TestCollageMany(t *testing.T) {
	s := open(t)
	images := make([]*vips.Image, transform.MaxInputs)
	for i := range images {
		images[i] = flat(100+i*10, 150, byte(i*12), byte(255-i*12), 128).image(t, s)
	}
	im, err := Collage(s, images, transform.Collage{Width: 800, Height: 600, Margin: 6, Color: transform.White})
	got := render(t, im, err)
	if got.width*got.height < 800*600*3/4 {
		t.Errorf("the result has %d by %d pixels, much less than asked for", got.width, got.height)
	}
}

func TestCollageCutKeepsTheCentre(t *testing.T) {
	s := open(t)
	im := draw(300, 100, func(x, _ int) []byte { return []byte{[]byte{255, 0, 255}[x/100], 0, []byte{0, 255, 0}[x/100]} }).image(t, s)
	out, err := Collage(s, []*vips.Image{im}, transform.Collage{Width: 50, Height: 50, Color: transform.White, Cut: true})
	got := render(t, out, err)
	got.wantSize(t, 50, 50, 3)
	if !got.is(2, 25, 0, 0, 255) || !got.is(47, 25, 0, 0, 255) {
		t.Errorf("the edges are %v and %v, want blue", got.at(2, 25), got.at(47, 25))
	}
}

func BenchmarkLayout(b *testing.B) {
	ratios := make([]float64, transform.MaxInputs)
	for i := range ratios {
		ratios[i] = 0.5 + float64(i%5)/3
	}
	for b.Loop() {
		layout(ratios, 1000, 1000, 10, true)
	}
}
