package compose

import (
	"testing"

	"github.com/stowgate/stowgate/internal/transform"
)

func TestOverlay(t *testing.T) {
	s := open(t)
	base := busy(100, 80, 3)
	for _, tt := range []struct {
		name  string
		over  picture
		op    transform.Overlay
		drawn transform.Box // in one colour
	}{
		{"centre", flat(20, 10, 255, 0, 0), transform.Overlay{Size: 100}, box(40, 35, 20, 10)},
		{"top left", flat(20, 10, 255, 0, 0), transform.Overlay{Size: 100, Position: transform.Position{X: -1, Y: -1}}, box(0, 0, 20, 10)},
		{"bottom right", flat(20, 10, 255, 0, 0), transform.Overlay{Size: 100, Position: transform.Position{X: 1, Y: 1}}, box(80, 70, 20, 10)},
		{"half", flat(20, 10, 255, 0, 0), transform.Overlay{Size: 50, Position: transform.Position{X: -1}}, box(0, 37, 10, 5)},
		{"twice", flat(20, 10, 255, 0, 0), transform.Overlay{Size: 200, Position: transform.Position{X: 1}}, box(60, 30, 40, 20)},
		{"never less than a pixel", flat(20, 10, 255, 0, 0), transform.Overlay{Size: 1, Position: transform.Position{X: -1, Y: -1}}, box(0, 0, 1, 1)},
		{"clipped to the base", flat(200, 10, 255, 0, 0), transform.Overlay{Size: 100}, box(0, 35, 100, 10)},
		{"far larger", flat(2000, 2000, 255, 0, 0), transform.Overlay{Size: 500}, box(0, 0, 100, 80)},
		{"with opacity of its own", flat(20, 10, 255, 0, 0, 255), transform.Overlay{Size: 100}, box(40, 35, 20, 10)},
		{"transparent", flat(20, 10, 255, 0, 0, 0), transform.Overlay{Size: 100}, box(0, 0, 0, 0)},
		{"the first frame of an animation", draw(20, 30, func(_, y int) []byte {
			if y < 10 {
				return []byte{255, 0, 0}
			}
			return []byte{0, 0, 255}
		}), transform.Overlay{Size: 100}, box(40, 35, 20, 10)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			over := tt.over.image(t, s)
			if tt.over.height == 30 {
				over = tt.over.frames(t, s, 10)
			}
			im, err := Overlay(s, base.image(t, s), over, tt.op)
			got := render(t, im, err)
			got.wantSame(t, base, tt.drawn)
			if im.Pages() != 1 {
				t.Errorf("the result has %d frames, want 1", im.Pages())
			}
			for y := tt.drawn.Y; y < tt.drawn.Y+tt.drawn.Height; y++ {
				for x := tt.drawn.X; x < tt.drawn.X+tt.drawn.Width; x++ {
					if !got.is(x, y, 255, 0, 0) {
						t.Fatalf("%d, %d is %v, not red", x, y, got.at(x, y))
					}
				}
			}
		})
	}
}

func TestOverlayBlends(t *testing.T) {
	s := open(t)
	half := flat(10, 10, 255, 0, 0, 128)
	for _, tt := range []struct {
		name string
		base picture
		want []byte
	}{
		{"sRGB", flat(30, 30, 0, 0, 200), []byte{128, 0, 100}},
		{"grey", flat(30, 30, 100), []byte{178, 50, 50}},
		{"opacity", flat(30, 30, 0, 0, 200, 255), []byte{128, 0, 100, 255}},
		{"on nothing", flat(30, 30, 0, 0, 200, 0), []byte{255, 0, 0, 128}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			im, err := Overlay(s, tt.base.image(t, s), half.image(t, s), transform.Overlay{Size: 100})
			got := render(t, im, err)
			got.wantSize(t, 30, 30, len(tt.want))
			if !got.is(15, 15, tt.want...) {
				t.Errorf("the middle is %v, want %v", got.at(15, 15), tt.want)
			}
		})
	}
}

func TestOverlayOnAnimation(t *testing.T) {
	s := open(t)
	base := busy(40, 90, 3)
	im, err := Overlay(s, base.frames(t, s, 30), flat(10, 10, 255, 0, 0).image(t, s),
		transform.Overlay{Size: 100, Position: transform.Position{X: 1, Y: 1}})
	got := render(t, im, err)
	got.wantSame(t, base, box(30, 20, 10, 10), box(30, 50, 10, 10), box(30, 80, 10, 10))
	for _, y := range []int{20, 59, 85} {
		if !got.is(35, y, 255, 0, 0) {
			t.Errorf("35, %d is %v, not red", y, got.at(35, y))
		}
	}
	if im.PageHeight() != 30 {
		t.Errorf("frames of %d pixels, want 30", im.PageHeight())
	}
}
