package cost

import (
	"errors"
	"strings"
	"testing"

	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/transform"
)

func TestDrawPage(t *testing.T) {
	const a4w, a4h = 595.276, 841.89
	small := Limits{SourceSide: 842, SourcePixels: 595 * 842}
	for _, tt := range []struct {
		name   string
		limits Limits
		plan   transform.Plan
		pages  int
		w, h   float64
		width  int // 0 if it is refused
		height int
		err    string
	}{
		{"as it is", small, transform.Plan{}, 1, a4w, a4h, 595, 842, ""},
		{"by its density", Limits{}, transform.Plan{Density: 200}, 1, a4w, a4h, 1654, 2339, ""},
		{"hardly there", Limits{}, transform.Plan{}, 1, 0.1, 0, 1, 1, ""},
		{"as wide as it will be", Limits{}, one(transform.Resize{Width: 300}), 1, a4w, a4h, 300, 425, ""},
		{"upright as it is", Limits{}, one(transform.Orient{}, transform.Resize{Height: 421}), 1, a4w, a4h, 298, 421, ""},
		{"as it will be cut", Limits{}, one(transform.SmartCrop{Width: 100, Height: 100}), 1, a4w, a4h, 100, 142, ""},
		{"not larger than its density", Limits{}, transform.Plan{Density: 36, Ops: []transform.Op{transform.Resize{Width: 400, Fit: transform.Max}}}, 1, a4w, a4h, 298, 421, ""},
		{"in large blocks", Limits{}, one(transform.Resize{Width: 300, Kernel: "nearest"}), 1, a4w, a4h, 595, 842, ""},
		{"a later step", Limits{}, one(transform.Flip{}, transform.Resize{Width: 300}), 1, a4w, a4h, 595, 842, ""},
		{"where something is", Limits{}, transform.Plan{Ops: []transform.Op{transform.SmartCrop{Width: 9, Height: 9}}, Answer: transform.Region}, 1, a4w, a4h, 595, 842, ""},
		{"the last page", Limits{}, transform.Plan{Page: 3}, 3, a4w, a4h, 595, 842, ""},
		{"a page more", Limits{}, transform.Plan{Page: 4}, 3, a4w, a4h, 0, 0, "there is no page 4, only 3"},
		{"a side more", small, transform.Plan{}, 1, a4w, 842.5, 0, 0, "the page has 595 × 843 pixels, more than 842 on a side"},
		{"a column more", small, transform.Plan{}, 1, 596, 842, 0, 0, "megapixels, more than"},
		{"huge, but made small", small, one(transform.Resize{Width: 100}), 1, 1e9, 5e8, 100, 50, ""},
		{"boundless", Limits{}, transform.Plan{Density: 500}, 1, 1e38, 1e38, 0, 0, "more than 16384 on a side"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w, h, err := DrawPage(tt.plan, tt.limits, tt.pages, tt.w, tt.h)
			var refusal *transform.Refusal
			switch {
			case w != tt.width || h != tt.height:
				t.Errorf("%d × %d, %v; want %d × %d", w, h, err, tt.width, tt.height)
			case tt.err != "" && (!errors.As(err, &refusal) || !strings.Contains(refusal.Why, tt.err)):
				t.Errorf("error %v, want %q", err, tt.err)
			case strings.Contains(tt.err, "more than") && !errors.Is(err, fault.TooLarge):
				t.Errorf("error %v, want too large", err)
			}
		})
	}
}

// What was drawn for a plan has the size that its first op wants: that scales
// nothing any more.
func TestDrawnIsNotScaledAgain(t *testing.T) {
	for _, op := range []transform.Resize{{Width: 333}, {Height: 333}, {Width: 333, Height: 77}, {Width: 77, Height: 333}, {Width: 5000, Height: 4999}} {
		for _, fit := range []transform.Fit{transform.Clip, transform.Max, transform.Cover, transform.Scale} {
			op.Fit = fit
			for side := 1.0; side < 3000; side = side*1.7 + 0.3 {
				p := one(op)
				w, h, err := DrawPage(p, Limits{SourceSide: 1e9, SourcePixels: 1e18}, 1, side, 400)
				if err != nil {
					t.Fatal(err)
				}
				if w2, h2 := Target(p, Header{Width: w, Height: h}); w2 != w || h2 != h {
					t.Errorf("%+v of a page of %g × 400: drawn as %d × %d, and then scaled to %d × %d", op, side, w, h, w2, h2)
				}
			}
		}
	}
}
