package cost

import (
	"fmt"
	"testing"

	"github.com/stowgate/stowgate/internal/transform"
)

func TestArranged(t *testing.T) {
	tone, look := transform.Adjust{Contrast: 10}, transform.Look{Name: "gavin", Amount: 50}
	small, large := transform.Resize{Width: 50}, transform.Resize{Width: 200}
	inside := transform.Extract{Width: transform.Pixels(50), Height: transform.Pixels(50)}
	beyond := transform.Extract{Width: transform.Pixels(51), Height: transform.Pixels(51), Fill: &transform.White}
	face := transform.Extract{Around: transform.Face}
	type ops = []transform.Op
	for _, tt := range []struct{ ops, want ops }{
		{ops{tone, look, small}, ops{small, tone, look}},
		{ops{tone, large}, ops{tone, large}},
		{ops{tone, transform.Resize{Width: 100, Small: transform.Pad}}, ops{tone, transform.Resize{Width: 100, Small: transform.Pad}}},
		{ops{tone, transform.Flip{}, look, transform.Rotate{Degrees: 270}, inside, small}, ops{transform.Flip{}, transform.Rotate{Degrees: 270}, inside, small, tone, look}},
		{ops{tone, inside, large}, ops{inside, tone, large}},
		{ops{tone, beyond}, ops{tone, beyond}},
		{ops{tone, face, small}, ops{tone, face, small}},
		{ops{tone, transform.Rotate{Degrees: 45}}, ops{tone, transform.Rotate{Degrees: 45}}},
		{ops{tone, transform.Enhance{}, look, small}, ops{tone, transform.Enhance{}, small, look}},
		{ops{transform.Grey{}, small}, ops{transform.Grey{}, small}},
		{ops{tone, transform.Resize{Width: 50, Height: 50, Fit: transform.Cover, Keep: "faces"}}, ops{transform.Resize{Width: 50, Height: 50, Fit: transform.Cover, Keep: "faces"}, tone}},
		{ops{tone, transform.Crop{Box: transform.Box{X: 500, Width: 1, Height: 1}}}, ops{tone, transform.Crop{Box: transform.Box{X: 500, Width: 1, Height: 1}}}}, // refused
	} {
		p := one(tt.ops...)
		before := fmt.Sprint(p)
		if got := Arranged(p, jpeg(100, 50)); fmt.Sprint(got) != fmt.Sprint(one(tt.want...)) {
			t.Errorf("%v = %v, want %v", tt.ops, got.Ops, tt.want)
		}
		if after := fmt.Sprint(p); after != before {
			t.Errorf("%v was changed to %v", before, after)
		}
	}
}

// A large photograph whose tones are changed for a small picture is let through.
func TestArrangedCost(t *testing.T) {
	var ops []transform.Op
	for range 8 {
		ops = append(ops, transform.Adjust{Contrast: 10})
	}
	if _, err := Of(one(append(ops, transform.Resize{Width: 2048, Height: 2048, Fit: transform.Max})...), Limits{}, jpeg(10_000, 7_500)); err != nil {
		t.Error(err)
	}
	if _, err := Of(one(ops...), Limits{}, jpeg(10_000, 7_500)); err == nil {
		t.Error("all tones of a large photograph are let through")
	}
}
