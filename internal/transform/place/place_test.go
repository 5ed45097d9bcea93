package place

import (
	"math"
	"testing"

	"github.com/stowgate/stowgate/internal/transform"
)

func box(x, y, w, h int) transform.Box { return transform.Box{X: x, Y: y, Width: w, Height: h} }

var px, pc = transform.Pixels, transform.Percent

func TestPart(t *testing.T) {
	face := box(80, 10, 10, 20)
	square := transform.Ratio{Across: 1, Down: 1}
	for _, tt := range []struct {
		name    string
		op      transform.Extract
		subject *transform.Box
		want    transform.Box
	}{
		{"pixels", transform.Extract{Width: px(10), Height: px(20)}, nil, box(0, 0, 10, 20)},
		{"percent", transform.Extract{Width: pc(10), Height: pc(50), At: transform.Middle}, nil, box(45, 15, 10, 30)},
		{"rounded", transform.Extract{Width: pc(33), Height: pc(33)}, nil, box(0, 0, 33, 20)},
		{"never nothing", transform.Extract{Width: pc(1), Height: pc(1)}, nil, box(0, 0, 1, 1)},
		{"larger", transform.Extract{Width: px(200), Height: pc(200), At: transform.Middle}, nil, box(-50, -30, 200, 120)},
		{"ratio", transform.Extract{Ratio: square, At: transform.Spot{X: pc(100)}}, nil, box(40, 0, 60, 60)},
		{"wide ratio", transform.Extract{Ratio: transform.Ratio{Across: 3, Down: 1}, At: transform.Spot{Y: pc(100)}}, nil, box(0, 27, 100, 33)},
		{"a line", transform.Extract{Ratio: transform.Ratio{Across: 10_000, Down: 1}}, nil, box(0, 0, 100, 1)},
		{"face", transform.Extract{Around: transform.Face}, &face, face},
		{"face that is not there", transform.Extract{Around: transform.Face}, nil, box(0, 0, 100, 60)},
		{"part of one that is not there", transform.Extract{Around: transform.Face, Width: pc(50), Height: pc(50), At: transform.Middle}, nil, box(25, 15, 50, 30)},
		{"room around a face", transform.Extract{Around: transform.Face, Width: pc(200), Height: pc(150), At: transform.Middle}, &face, box(75, 5, 20, 30)},
		{"no more than there is", transform.Extract{Around: transform.Face, Width: pc(400), Height: pc(200), At: transform.Middle}, &face, box(60, 0, 40, 40)},
		{"larger than the image", transform.Extract{Around: transform.Face, Width: pc(100), Height: px(100), At: transform.Middle}, &face, box(80, -30, 10, 100)},
		{"a face at the left", transform.Extract{Around: transform.Face, Width: pc(200), Height: pc(100)}, &face, box(80, 10, 20, 20)},
		{"a face at the right", transform.Extract{Around: transform.Face, Width: pc(200), Height: pc(100), At: transform.Spot{X: pc(100)}}, &face, box(70, 10, 20, 20)},
		{"square around a face", transform.Extract{Around: transform.Face, Ratio: square, At: transform.Middle}, &face, box(75, 10, 20, 20)},
		{"ratio beyond the image", transform.Extract{Around: transform.Face, Ratio: transform.Ratio{Across: 1, Down: 10}, At: transform.Middle}, &face, box(82, 0, 6, 60)},
	} {
		if got := Part(tt.op, 100, 60, tt.subject); got != tt.want {
			t.Errorf("%s = %+v, want %+v", tt.name, got, tt.want)
		}
	}
}

func TestZoomed(t *testing.T) {
	for _, tt := range []struct {
		percent int
		subject transform.Box
		want    transform.Box
	}{
		{50, box(10, 10, 10, 6), box(5, 7, 20, 12)},
		{100, box(10, 10, 10, 6), box(10, 10, 10, 6)},
		{100, box(10, 10, 10, 1), box(10, 8, 10, 6)},
		{100, box(10, 10, 1, 6), box(6, 10, 10, 6)},
		{10, box(10, 10, 10, 6), box(0, 0, 100, 60)},
		{1, box(50, 30, 1, 1), box(0, 0, 100, 60)},
		{50, box(0, 0, 10, 6), box(-5, -3, 20, 12)},
	} {
		if got := Zoomed(transform.Zoom{Percent: tt.percent}, 100, 60, tt.subject); got != tt.want {
			t.Errorf("%d percent of %+v = %+v, want %+v", tt.percent, tt.subject, got, tt.want)
		}
	}
}

// Corners that meet are made smaller alike, as style sheets do.
func TestCorners(t *testing.T) {
	for _, tt := range []struct {
		op   transform.CutCorners
		want [4]Radius
	}{
		{transform.CutCorners{Across: [4]transform.Length{px(10), pc(20)}}, [4]Radius{{10, 10}, {20, 12}}},
		{transform.CutCorners{Across: [4]transform.Length{pc(50), pc(50), pc(50), pc(50)}}, [4]Radius{{50, 30}, {50, 30}, {50, 30}, {50, 30}}},
		{transform.CutCorners{Across: [4]transform.Length{px(100), px(100)}}, [4]Radius{{50, 50}, {50, 50}}},
		{transform.CutCorners{Across: [4]transform.Length{px(60), {}, {}, px(60)}}, [4]Radius{0: {30, 30}, 3: {30, 30}}},
		{transform.CutCorners{Across: [4]transform.Length{px(10)}, Down: new([4]transform.Length)}, [4]Radius{}},
		{transform.CutCorners{Across: [4]transform.Length{2: px(10)}, Down: &[4]transform.Length{2: px(5)}}, [4]Radius{2: {10, 5}}},
	} {
		got := Corners(tt.op, 100, 60)
		for i, r := range got {
			if math.Abs(r.Across-tt.want[i].Across)+math.Abs(r.Down-tt.want[i].Down) > 1e-9 {
				t.Errorf("%+v: corner %d = %v, want %v", tt.op, i, r, tt.want[i])
			}
		}
	}
}

func TestDrawnAndArea(t *testing.T) {
	half := transform.Draw{Width: pc(50), Height: pc(50), At: transform.Middle}
	if got, want := Drawn(half, 10, 10, 100, 60), box(35, 15, 30, 30); got != want {
		t.Errorf("Drawn = %+v, want %+v", got, want)
	}
	if got, want := Drawn(half, 1000, 1, 100, 60), box(25, 30, 50, 1); got != want {
		t.Errorf("Drawn = %+v, want %+v", got, want)
	}
	if got, want := Area(pc(50), px(10), transform.Spot{X: pc(100), Y: px(-5)}, 100, 60), box(50, -5, 50, 10); got != want {
		t.Errorf("Area = %+v, want %+v", got, want)
	}
}

func TestTrimmed(t *testing.T) {
	found := box(20, 20, 10, 10)
	for _, tt := range []struct {
		padding transform.Length
		want    transform.Box
	}{
		{px(0), found}, {px(5), box(15, 15, 20, 20)}, {pc(50), box(15, 15, 20, 20)}, {px(25), box(0, 0, 55, 55)}, {px(100_000), box(0, 0, 100, 60)},
	} {
		if got := Trimmed(transform.Trim{Padding: tt.padding}, 100, 60, found); got != tt.want {
			t.Errorf("padding of %v = %+v, want %+v", tt.padding, got, tt.want)
		}
	}
}
