package transform

import (
	"errors"
	"strings"
	"testing"

	"github.com/stowgate/stowgate/internal/fault"
)

func TestDrawPage(t *testing.T) {
	const a4w, a4h = 595.276, 841.89
	small := Limits{SourceSide: 842, SourcePixels: 595 * 842}
	for _, tt := range []struct {
		name   string
		limits Limits
		plan   Plan
		pages  int
		w, h   float64
		width  int // 0 if it is refused
		height int
		err    string
	}{
		{"as it is", small, Plan{}, 1, a4w, a4h, 595, 842, ""},
		{"by its density", Limits{}, Plan{Density: 200}, 1, a4w, a4h, 1654, 2339, ""},
		{"hardly there", Limits{}, Plan{}, 1, 0.1, 0, 1, 1, ""},
		{"as wide as it will be", Limits{}, one(Resize{Width: 300}), 1, a4w, a4h, 300, 425, ""},
		{"upright as it is", Limits{}, one(Orient{}, Resize{Height: 421}), 1, a4w, a4h, 298, 421, ""},
		{"as it will be cut", Limits{}, one(SmartCrop{Width: 100, Height: 100}), 1, a4w, a4h, 100, 142, ""},
		{"not larger than its density", Limits{}, Plan{Density: 36, Ops: []Op{Resize{Width: 400, Fit: Max}}}, 1, a4w, a4h, 298, 421, ""},
		{"in large blocks", Limits{}, one(Resize{Width: 300, Kernel: "nearest"}), 1, a4w, a4h, 595, 842, ""},
		{"a later step", Limits{}, one(Flip{}, Resize{Width: 300}), 1, a4w, a4h, 595, 842, ""},
		{"where something is", Limits{}, Plan{Ops: []Op{SmartCrop{Width: 9, Height: 9}}, Answer: Region}, 1, a4w, a4h, 595, 842, ""},
		{"the last page", Limits{}, Plan{Page: 3}, 3, a4w, a4h, 595, 842, ""},
		{"a page more", Limits{}, Plan{Page: 4}, 3, a4w, a4h, 0, 0, "there is no page 4, only 3"},
		{"a side more", small, Plan{}, 1, a4w, 842.5, 0, 0, "the page has 595 × 843 pixels, more than 842 on a side"},
		{"a column more", small, Plan{}, 1, 596, 842, 0, 0, "megapixels, more than"},
		{"huge, but made small", small, one(Resize{Width: 100}), 1, 1e9, 5e8, 100, 50, ""},
		{"boundless", Limits{}, Plan{Density: 500}, 1, 1e38, 1e38, 0, 0, "more than 16384 on a side"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w, h, err := tt.plan.DrawPage(tt.limits, tt.pages, tt.w, tt.h)
			var refusal *Refusal
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
	for _, op := range []Resize{{Width: 333}, {Height: 333}, {Width: 333, Height: 77}, {Width: 77, Height: 333}, {Width: 5000, Height: 4999}} {
		for _, fit := range []Fit{Clip, Max, Cover, Scale} {
			op.Fit = fit
			for side := 1.0; side < 3000; side = side*1.7 + 0.3 {
				p := one(op)
				w, h, err := p.DrawPage(Limits{SourceSide: 1e9, SourcePixels: 1e18}, 1, side, 400)
				if err != nil {
					t.Fatal(err)
				}
				if w2, h2 := p.Target(Header{Width: w, Height: h}); w2 != w || h2 != h {
					t.Errorf("%+v of a page of %g × 400: drawn as %d × %d, and then scaled to %d × %d", op, side, w, h, w2, h2)
				}
			}
		}
	}
}

func TestDraws(t *testing.T) {
	for _, tt := range []struct {
		plan Plan
		want bool
	}{
		{Plan{}, false}, {Plan{Output: Output{Compress: true, Quality: 50, Strip: true}}, false},
		{Plan{Output: Output{Format: WebP, Still: true}}, false}, {Plan{Page: 1}, true}, {Plan{Density: 72}, true}, {one(Flip{}), true}, {Plan{Answer: Size}, true}, {Plan{Output: Output{Format: JPEG}}, true},
	} {
		if got := tt.plan.Draws(); got != tt.want {
			t.Errorf("Draws of %s = %v, want %v", tt.plan.Canonical(), got, tt.want)
		}
	}
}
