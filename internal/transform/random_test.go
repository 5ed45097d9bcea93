package transform_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/transform"
	"github.com/stowgate/stowgate/internal/transform/cost"
)

// TestF4RandomPlans holds that what is accepted stays within every limit.
func TestF4RandomPlans(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	l := cost.Limits{SourcePixels: 100_000_000, SourceSide: 16_384, Frames: 300, OutputPixels: 50_000_000, OutputSide: 10_000, Cost: 10}
	accepted := 0
	for range 30_000 {
		p := transform.RandomPlan(r)
		var inputs []cost.Header
		for range p.Inputs() {
			inputs = append(inputs, cost.Header{Type: []string{"image/jpeg", "image/gif", "image/svg+xml"}[r.IntN(3)], Width: 1 + r.IntN(20_000), Height: 1 + r.IntN(5_000), Frames: r.IntN(3)})
		}
		e, err := cost.Of(p, cost.Limits{}, inputs...)
		if err != nil {
			if k := fault.Of(err); k != fault.Invalid && k != fault.TooLarge {
				t.Fatalf("cost of %+v: kind %v", p, k)
			}
			continue
		}
		accepted++
		if e.Source < 1 || e.Source > l.SourcePixels || e.Peak < 1 || e.Peak > l.SourcePixels || e.Output > l.OutputPixels ||
			e.Width > l.OutputSide || e.Height > l.OutputSide || e.Frames > l.Frames || !(e.Cost > 0 && e.Cost <= l.Cost) {
			t.Fatalf("cost of %+v = %+v, over a limit", p, e)
		}
	}
	if accepted < 1000 {
		t.Errorf("only %d plans were accepted: the test says little", accepted)
	}
}
