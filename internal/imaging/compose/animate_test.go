package compose

import (
	"slices"
	"testing"

	"github.com/stowgate/stowgate/internal/imaging/vips"
	"github.com/stowgate/stowgate/internal/transform"
)

func TestAnimate(t *testing.T) {
	s := open(t)
	images := []*vips.Image{
		flat(40, 30, 255, 0, 0).image(t, s),
		flat(20, 60, 0, 255, 0).image(t, s),
		flat(80, 20, 90).image(t, s),
		flat(40, 90, 0, 0, 255).frames(t, s, 30),
	}
	// Places in a frame, and what is there in each.
	type probe struct {
		x, y int
		want [4][]byte
	}
	r, g, grey, b := []byte{255, 0, 0}, []byte{0, 255, 0}, []byte{90, 90, 90}, []byte{0, 0, 255}
	w := []byte{255, 255, 255}
	solid := func(v []byte) []byte { return append(slices.Clone(v), 255) }
	none := []byte{0, 0, 0, 0}
	for _, tt := range []struct {
		name          string
		op            transform.Animate
		width, height int
		bands         int
		probes        []probe
	}{
		{"as the first", transform.Animate{Background: transform.White}, 40, 30, 3, []probe{
			{20, 15, [4][]byte{r, g, grey, b}}, {2, 15, [4][]byte{r, w, grey, b}}, {20, 2, [4][]byte{r, g, w, b}}}},
		{"transparent", transform.Animate{}, 40, 30, 4, []probe{
			{20, 15, [4][]byte{solid(r), solid(g), solid(grey), solid(b)}}, {2, 15, [4][]byte{solid(r), none, solid(grey), solid(b)}}}},
		{"scaled", transform.Animate{Fit: transform.Scale, Width: 50, Height: 50, Background: transform.White}, 50, 50, 3, []probe{
			{0, 0, [4][]byte{r, g, grey, b}}, {49, 49, [4][]byte{r, g, grey, b}}}},
		{"cut", transform.Animate{Fit: transform.Cover, Width: 50, Height: 50, Background: transform.White}, 50, 50, 3, []probe{
			{0, 0, [4][]byte{r, g, grey, b}}, {49, 49, [4][]byte{r, g, grey, b}}}},
		{"the largest", transform.Animate{Width: transform.Largest, Height: transform.Largest, Background: transform.White}, 80, 60, 3, []probe{
			{40, 30, [4][]byte{r, g, grey, b}}, {2, 58, [4][]byte{r, w, w, b}}}},
		{"to the top left", transform.Animate{Background: transform.White, Align: transform.Position{X: -1, Y: -1}}, 40, 30, 3, []probe{
			{2, 2, [4][]byte{r, g, grey, b}}, {38, 28, [4][]byte{r, w, w, b}}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.op.Delay, tt.op.Loop = 250, 3
			im, err := Animate(s, images, tt.op)
			got := render(t, im, err)
			got.wantSize(t, tt.width, tt.height*4, tt.bands)
			for _, p := range tt.probes {
				for i, want := range p.want {
					if !got.is(p.x, i*tt.height+p.y, want...) {
						t.Errorf("%d, %d of frame %d is %v, want %v", p.x, p.y, i, got.at(p.x, i*tt.height+p.y), want)
					}
				}
			}
			if im.PageHeight() != tt.height || im.Pages() != 4 {
				t.Errorf("%d frames of %d pixels", im.Pages(), im.PageHeight())
			}
			if d := im.Ints(vips.DelayField); !slices.Equal(d, []int{250, 250, 250, 250}) {
				t.Errorf("delays %v", d)
			}
			if n, ok := im.Int(vips.LoopField); !ok || n != 3 {
				t.Errorf("loop %d, %v", n, ok)
			}
		})
	}
}

func TestAnimateOne(t *testing.T) {
	s := open(t)
	p := busy(30, 20, 3)
	im, err := Animate(s, []*vips.Image{p.image(t, s)}, transform.Animate{Background: transform.White, Delay: 10})
	render(t, im, err).wantSame(t, p)
	if d := im.Ints(vips.DelayField); !slices.Equal(d, []int{10}) {
		t.Errorf("delays %v", d)
	}
}
