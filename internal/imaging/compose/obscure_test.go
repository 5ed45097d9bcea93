package compose

import (
	"math"
	"testing"

	"github.com/stowgate/stowgate/internal/imaging/face"
	"github.com/stowgate/stowgate/internal/transform"
)

// spread returns the standard deviation of the first band in a box.
func (p picture) spread(b transform.Box) float64 {
	var sum, squares float64
	for y := b.Y; y < b.Y+b.Height; y++ {
		for x := b.X; x < b.X+b.Width; x++ {
			v := float64(p.at(x, y)[0])
			sum, squares = sum+v, squares+v*v
		}
	}
	n := float64(b.Width * b.Height)
	return math.Sqrt(max(0, squares/n-sum/n*sum/n))
}

func TestObscureBlocks(t *testing.T) {
	s := open(t)
	base := busy(120, 90, 3)
	area := box(20, 10, 45, 37)
	im, err := Obscure(s, base.image(t, s), nil, transform.Obscure{Amount: 10, Boxes: []transform.Box{area}})
	got := render(t, im, err)
	got.wantSame(t, base, area)
	for y := area.Y; y < area.Y+area.Height; y++ {
		for x := area.X; x < area.X+area.Width; x++ {
			corner := got.at(x-(x-area.X)%10, y-(y-area.Y)%10)
			if string(got.at(x, y)) != string(corner) {
				t.Fatalf("%d, %d is %v, but its block is %v", x, y, got.at(x, y), corner)
			}
		}
	}
	mean := 0
	for i := range 100 {
		mean += int(base.at(area.X+i%10, area.Y+i/10)[0])
	}
	if got := int(got.at(area.X, area.Y)[0]); got < mean/100-1 || got > mean/100+1 {
		t.Errorf("the first block is %d, the mean of its pixels %d", got, mean/100)
	}
}

func TestObscure(t *testing.T) {
	s := open(t)
	area := box(30, 20, 60, 40)
	inner := box(50, 30, 20, 20)
	for _, tt := range []struct {
		name  string
		op    transform.Obscure
		bands int
	}{
		{"blocks", transform.Obscure{Amount: 10}, 3},
		{"large blocks", transform.Obscure{Amount: 100}, 3},
		{"soft blocks", transform.Obscure{Amount: 10, Soft: 4}, 3},
		{"blur", transform.Obscure{Blur: true, Amount: 10}, 3},
		{"soft blur", transform.Obscure{Blur: true, Amount: 10, Soft: 20}, 3},
		{"strong blur", transform.Obscure{Blur: true, Amount: 20}, 3},
		{"oval", transform.Obscure{Amount: 10, Oval: true, Soft: 4}, 3},
		{"oval blur", transform.Obscure{Blur: true, Amount: 10, Oval: true}, 3},
		{"grey", transform.Obscure{Amount: 10}, 1},
		{"grey with opacity", transform.Obscure{Blur: true, Amount: 10, Soft: 2}, 2},
		{"opacity", transform.Obscure{Amount: 10, Oval: true}, 4},
	} {
		t.Run(tt.name, func(t *testing.T) {
			base := busy(120, 90, tt.bands)
			tt.op.Boxes = []transform.Box{area}
			im, err := Obscure(s, base.image(t, s), nil, tt.op)
			got := render(t, im, err)
			got.wantSame(t, base, area)
			if before, after := base.spread(inner), got.spread(inner); after > before/4 {
				t.Errorf("inside, the deviation is %.1f, was %.1f", after, before)
			}
			corner := string(got.at(area.X, area.Y)) == string(base.at(area.X, area.Y))
			if corner != tt.op.Oval {
				t.Errorf("the corner is unchanged: %v", corner)
			}
		})
	}
}

// TestObscureBlurKeepsLevels checks that a blur leaves an area of one colour as
// it is.
func TestObscureBlurKeepsLevels(t *testing.T) {
	s := open(t)
	for _, amount := range []float64{0.1, 3, 8, 30} {
		im, err := Obscure(s, flat(60, 60, 180, 90, 33).image(t, s), nil,
			transform.Obscure{Blur: true, Amount: amount, Boxes: []transform.Box{box(10, 10, 40, 40)}})
		if got := render(t, im, err); !got.is(30, 30, 180, 90, 33) {
			t.Errorf("amount %v: an area of 180, 90, 33 became %v", amount, got.at(30, 30))
		}
	}
}

// TestObscureSoft checks that the edge fades: the further inside, the more it
// is changed.
func TestObscureSoft(t *testing.T) {
	s := open(t)
	base := draw(100, 100, func(x, y int) []byte { return []byte{byte((x + y) % 2 * 200)} })
	im, err := Obscure(s, base.image(t, s), nil, transform.Obscure{Blur: true, Amount: 10, Soft: 8, Boxes: []transform.Box{box(20, 20, 60, 60)}})
	got := render(t, im, err)
	last := 0.0
	for x := 20; x < 29; x++ {
		change := math.Abs(float64(got.at(x, 50)[0]) - float64(base.at(x, 50)[0]))
		if change < last-2 {
			t.Errorf("column %d is changed by %.0f, less than the one before by %.0f", x, change, last)
		}
		last = change
	}
	if last < 90 {
		t.Errorf("behind the edge the change is %.0f, want about 100", last)
	}
}

// TestObscureOverlapping checks that no box uncovers what another has covered.
func TestObscureOverlapping(t *testing.T) {
	s := open(t)
	base := draw(100, 100, func(x, y int) []byte { return []byte{byte((x + y) % 2 * 200)} })
	boxes := make([]transform.Box, transform.MaxBoxes)
	for i := range boxes {
		boxes[i] = box(20+i/2, 20+i/3, 40, 40)
	}
	im, err := Obscure(s, base.image(t, s), nil, transform.Obscure{Blur: true, Amount: 10, Soft: 10, Oval: true, Boxes: boxes})
	got := render(t, im, err)
	if d := got.spread(box(46, 42, 12, 12)); d > 4 {
		t.Errorf("inside, the deviation is %.1f", d)
	}
}

func TestObscureFaces(t *testing.T) {
	s := open(t)
	p, faces := astronaut(t, s)
	for _, tt := range []struct {
		name string
		op   transform.Obscure
	}{
		{"pixelate", transform.Obscure{Amount: 10, Soft: 4}},
		{"pixelate ovals", transform.Obscure{Amount: 20, Oval: true}},
		{"blur", transform.Obscure{Blur: true, Amount: 10, Soft: 4}},
		{"blur ovals", transform.Obscure{Blur: true, Amount: 10, Soft: 4, Oval: true, Buffer: 40}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			im, err := Obscure(s, p.image(t, s), faces, tt.op)
			got := render(t, im, err)
			got.wantSame(t, p, face.Grow(faces[0], tt.op.Buffer, p.width, p.height)...)
			if again, err := face.In(s, got.image(t, s)); err != nil || len(again[0]) > 0 {
				t.Errorf("there is still a face: %v, %v", again, err)
			}
		})
	}
	t.Run("animation", func(t *testing.T) {
		base := busy(60, 120, 3)
		im, err := Obscure(s, base.frames(t, s, 40), [][]transform.Box{{box(0, 0, 20, 20)}, nil, {box(30, 10, 20, 20)}}, transform.Obscure{Amount: 20})
		got := render(t, im, err)
		got.wantSame(t, base, box(0, 0, 20, 20), box(30, 90, 20, 20))
		for _, b := range []transform.Box{box(0, 0, 20, 20), box(30, 90, 20, 20)} {
			if got.spread(b) != 0 {
				t.Errorf("%v is not one block", b)
			}
		}
	})
}

// TestObscureBlurGrows checks that a large face is blurred more than a small
// one, or it could still be recognised.
func TestObscureBlurGrows(t *testing.T) {
	s := open(t)
	base := draw(1000, 1000, func(x, y int) []byte { return []byte{byte((x/50 + y/50) % 2 * 200)} })
	im, err := Obscure(s, base.image(t, s), nil, transform.Obscure{Blur: true, Amount: 10, Boxes: []transform.Box{box(100, 100, 800, 800)}})
	got := render(t, im, err)
	if d := got.spread(box(300, 300, 400, 400)); d > 5 {
		t.Errorf("inside, the deviation is %.1f of 100", d)
	}
}
