package effect

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/stowgate/stowgate/internal/transform"
)

// applied returns what an op makes of a picture.
func applied(t *testing.T, p picture, op transform.Op) picture {
	t.Helper()
	s := open(t)
	im, err := Apply(s, p.image(t, s), op)
	return render(t, im, err)
}

func TestAdjust(t *testing.T) {
	for _, tt := range []struct {
		op   transform.Adjust
		from []byte
		want []byte
	}{
		{transform.Adjust{}, []byte{100, 150, 200}, []byte{100, 150, 200}},
		{transform.Adjust{Gamma: 100}, []byte{100, 150, 200}, []byte{100, 150, 200}},
		{transform.Adjust{Brightness: 100}, []byte{100, 150, 200}, []byte{200, 250, 255}},
		{transform.Adjust{Brightness: -100}, []byte{100, 150, 50}, []byte{0, 50, 0}},
		{transform.Adjust{Brightness: 20}, []byte{100, 60}, []byte{120, 60}}, // grey with opacity
		{transform.Adjust{Exposure: 100}, []byte{100, 0, 255}, []byte{137, 0, 255}},
		{transform.Adjust{Exposure: -500}, []byte{255, 255, 255}, []byte{53, 53, 53}},
		{transform.Adjust{Gamma: 200}, []byte{64, 0, 255}, []byte{128, 0, 255}},
		{transform.Adjust{Gamma: 50}, []byte{128, 0, 255}, []byte{64, 0, 255}},
		{transform.Adjust{Gamma: 1}, []byte{254, 0, 255}, []byte{172, 0, 255}},
		{transform.Adjust{Contrast: -100}, []byte{0, 100, 255}, []byte{128, 128, 128}},
		{transform.Adjust{Contrast: 100}, []byte{100, 128, 150}, []byte{73, 128, 173}},
		{transform.Adjust{Contrast: 500}, []byte{100, 150, 160}, []byte{0, 255, 255}},
		{transform.Adjust{Saturation: -100}, []byte{255, 0, 0, 77}, []byte{54, 54, 54, 77}},
		{transform.Adjust{Saturation: 100}, []byte{120, 100, 100}, []byte{136, 96, 96}},
		{transform.Adjust{Saturation: 500}, []byte{120}, []byte{120}},
		{transform.Adjust{Vibrance: 100}, []byte{120, 100, 100}, []byte{135, 96, 96}},
		{transform.Adjust{Vibrance: 500}, []byte{255, 0, 0}, []byte{255, 0, 0}}, // as strong as can be
		{transform.Adjust{Vibrance: -100}, []byte{120, 100, 100, 9}, []byte{105, 104, 104, 9}},
		{transform.Adjust{Warmth: 100}, []byte{100, 100, 100}, []byte{125, 105, 75}},
		{transform.Adjust{Warmth: -100}, []byte{100}, []byte{75, 95, 125}},
		{transform.Adjust{Brightness: 50, Contrast: 100}, []byte{100, 100, 100}, []byte{173, 173, 173}}, // one after the other
	} {
		got := applied(t, plain(8, 8, tt.from...), tt.op).at(3, 3)
		if !slices.EqualFunc(got, tt.want, func(a, b byte) bool { return math.Abs(float64(a)-float64(b)) <= 1 }) {
			t.Errorf("%+v of %v = %v, want %v", tt.op, tt.from, got, tt.want)
		}
	}
}

// Every look that can be asked for is there, changes a picture, and differs
// from all others.
func TestLooks(t *testing.T) {
	names := transform.Looks()
	if len(names) != len(grades) || len(names) != 40 {
		t.Fatalf("%d names for %d looks", len(names), len(grades))
	}
	s := open(t)
	p := scene(40, 30, 3)
	seen := map[string]picture{"": p}
	for _, name := range names {
		im, err := Look(s, p.image(t, s), transform.Look{Name: name, Amount: 100})
		got := render(t, im, err)
		for other, q := range seen {
			if got.distance(q) < 1 {
				t.Errorf("%s looks like %q", name, other)
			}
		}
		seen[name] = got
		if d := got.distance(p); d > 60 {
			t.Errorf("%s changes a pixel by %v on the average", name, d)
		}
		im, err = Look(s, p.image(t, s), transform.Look{Name: name})
		if q := render(t, im, err); q.distance(p) > 0 {
			t.Errorf("none of %s changes the picture", name)
		}
	}
}

// Half of a look is half of the way to it, and its opposite goes the other way.
func TestLookAmount(t *testing.T) {
	p := plain(8, 8, 120, 110, 100)
	whole := applied(t, p, transform.Look{Name: "sarnar", Amount: 100}).at(0, 0)
	for amount, part := range map[int]float64{50: 0.5, 200: 2, -100: -1} {
		got := applied(t, p, transform.Look{Name: "sarnar", Amount: amount}).at(0, 0)
		for i, from := range p.at(0, 0) {
			want := float64(from) + part*(float64(whole[i])-float64(from))
			if math.Abs(float64(got[i])-want) > 1.5 {
				t.Errorf("%d percent: channel %d = %d, want %v", amount, i, got[i], want)
			}
		}
	}
	if grey := applied(t, p, transform.Look{Name: "elmet", Amount: 100}).at(0, 0); grey[0] != grey[1] || grey[1] != grey[2] {
		t.Errorf("a look without colours gives %v", grey)
	}
}

// A part of an enhancement lies between the picture and all of it.
func TestEnhanceAmount(t *testing.T) {
	p := scene(60, 40, 3)
	all := applied(t, p, transform.Enhance{Preset: "vivid"})
	half := applied(t, p, transform.Enhance{Preset: "vivid", Amount: 50})
	whole := applied(t, p, transform.Enhance{Preset: "vivid", Amount: 100})
	if all.distance(whole) > 0 {
		t.Error("100 percent differ from all")
	}
	if a, b, c := p.distance(half), half.distance(all), p.distance(all); math.Abs(a-c/2) > 1 || math.Abs(b-c/2) > 1 || c < 4 {
		t.Errorf("half is %v from the picture and %v from all, which is %v away", a, b, c)
	}
}

// An edge becomes softer or steeper by the amount; areas of one colour stay.
func TestSoften(t *testing.T) {
	edge := draw(200, 40, func(x, _ int) []byte {
		if x < 100 {
			return []byte{60, 60, 60}
		}
		return []byte{180, 180, 180}
	})
	at := func(strength, amount int) func(x int) int {
		p := applied(t, edge, transform.Soften{Strength: strength, Amount: amount})
		return func(x int) int { return int(p.at(x, 20)[0]) }
	}
	blurred, half, steep := at(4, 100), at(4, 50), at(4, -100)
	for _, x := range []int{10, 190} {
		if from := int(edge.at(x, 20)[0]); max(blurred(x)-from, from-blurred(x), steep(x)-from, from-steep(x)) > 1 {
			t.Errorf("the area at %d became %d and %d", x, blurred(x), steep(x))
		}
	}
	if v := blurred(98); v < 95 || v > 118 {
		t.Errorf("blurred to %d beside the edge", v)
	}
	if v, want := half(98), (60+blurred(98))/2; max(v-want, want-v) > 1 {
		t.Errorf("half blurred to %d beside the edge, want %d", v, want)
	}
	if steep(98) > 30 || steep(101) < 210 {
		t.Errorf("the edge goes from %d to %d, no more than before", steep(98), steep(101))
	}
	if all := at(5000, 100); all(0) < 108 || all(199) > 132 {
		t.Errorf("the strongest blur leaves %d to %d", all(0), all(199))
	}
}

func TestCutCorners(t *testing.T) {
	length := transform.Pixels
	round := transform.CutCorners{Across: [4]transform.Length{length(10), length(20), {}, length(40)}}
	p := applied(t, plain(100, 80, 9, 99, 199), round)
	// Where a radius r leaves a corner open: on the diagonal up to r(1-1/√2).
	for _, tt := range []struct{ x, y, alpha int }{
		{0, 0, 0}, {2, 2, 0}, {4, 4, 255}, {50, 0, 255},
		{99, 0, 0}, {95, 4, 0}, {92, 7, 255}, {99, 25, 255},
		{99, 79, 255},
		{0, 79, 0}, {10, 69, 0}, {13, 66, 255}, {0, 38, 255}, {41, 79, 255},
	} {
		if got := p.alpha(tt.x, tt.y); max(got-tt.alpha, tt.alpha-got) > 20 {
			t.Errorf("opacity at %d, %d = %d, want %d", tt.x, tt.y, got, tt.alpha)
		}
	}
	half := transform.Percent(50)
	all := transform.CutCorners{Across: [4]transform.Length{half, half, half, half}}
	for _, size := range [][2]int{{100, 80}, {33, 33}, {1, 1}} {
		p := applied(t, plain(size[0], size[1], 9, 99, 199), all)
		sum := 0.0
		for y := range p.height {
			for x := range p.width {
				sum += float64(p.alpha(x, y)) / 255
			}
		}
		if want := math.Pi / 4 * float64(size[0]*size[1]); math.Abs(sum-want) > 0.02*want+0.5 {
			t.Errorf("an ellipse in %v covers %v pixels, want %v", size, sum, want)
		}
	}
	// Radii that are too large share a side, and a radius of zero is none.
	wide := transform.CutCorners{Across: [4]transform.Length{length(300), length(100)}, Down: &[4]transform.Length{length(300), {}}}
	p = applied(t, plain(100, 80, 9, 99, 199), wide)
	if p.alpha(0, 0) != 0 || p.alpha(99, 0) != 255 || p.alpha(0, 79) < 200 {
		t.Errorf("opacity of the corners = %d, %d, %d", p.alpha(0, 0), p.alpha(99, 0), p.alpha(0, 79))
	}
	same := applied(t, plain(8, 8, 1, 2, 3), transform.CutCorners{})
	if fmt.Sprint(same.at(0, 0)) != "[1 2 3]" {
		t.Errorf("no radius gives %v", same.at(0, 0))
	}
}
