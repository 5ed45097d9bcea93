package compose

import (
	"strings"
	"testing"

	"github.com/stowgate/stowgate/internal/transform"
)

// Faces are blurred beyond recognition, and nothing else changes.
func TestBlurFaces(t *testing.T) {
	s := open(t)
	p, faces := astronaut(t, s)
	im, err := BlurPart(s, p.image(t, s), faces, transform.BlurPart{Faces: true, Strength: 10})
	got := render(t, im, err)
	f := faces[0][0]
	var room = box(f.X-f.Width/5, f.Y-f.Height/5, f.Width*7/5, f.Height*7/5)
	got.wantSame(t, p, room)
	x, y := f.X+f.Width/2, f.Y+f.Height/2
	before, after := detail(p, x, y, f.Width/4), detail(got, x, y, f.Width/4)
	if after > before/4 {
		t.Errorf("detail in the middle of the face is %v of %v", after, before)
	}
}

// detail returns the mean difference of pixels and those beside them, around a
// place.
func detail(p picture, x, y, reach int) float64 {
	sum, n := 0, 0
	for v := y - reach; v < y+reach; v++ {
		for u := x - reach; u < x+reach; u++ {
			d := int(p.at(u, v)[0]) - int(p.at(u+1, v)[0])
			sum += max(d, -d)
			n++
		}
	}
	return float64(sum) / float64(n)
}

// A box is blurred in every frame, whatever the bands, and by its own pixels
// alone.
func TestBlurPartOfFrames(t *testing.T) {
	for bands := 1; bands <= 4; bands++ {
		s := open(t)
		p := busy(60, 80, bands)
		op := transform.BlurPart{Width: transform.Pixels(20), Height: transform.Percent(50), At: transform.Middle, Strength: 5000}
		im, err := BlurPart(s, p.frames(t, s, 40), nil, op)
		got := render(t, im, err)
		got.wantSame(t, p, box(20, 10, 20, 20), box(20, 50, 20, 20))
		for _, y := range []int{20, 60} {
			if d := detail(got, 30, y, 5); d > 2 {
				t.Errorf("%d bands: detail of %v is left at %d", bands, d, y)
			}
		}
	}
}

// An input is drawn as large as it fits, on any kind of image.
func TestDraw(t *testing.T) {
	for bands := 1; bands <= 4; bands++ {
		s := open(t)
		base := []byte{50, 50, 50, 255}[:bands]
		if bands == 2 {
			base = []byte{50, 255}
		}
		p := flat(100, 60, base...)
		over := flat(20, 10, 200, 0, 100)
		op := transform.Draw{Width: transform.Percent(40), Height: transform.Percent(100), At: transform.Spot{X: transform.Percent(100), Y: transform.Percent(50)}, Opacity: 50}
		im, err := Draw(s, p.image(t, s), over.image(t, s), op)
		got := render(t, im, err)
		want := []byte{125, 25, 75, 255}
		if bands == 1 || bands == 3 {
			want = want[:3]
		}
		// 40 by 20 pixels, at 60 and 20.
		if !near(got.at(62, 22), want) || !near(got.at(97, 37), want) || near(got.at(57, 30), want) || near(got.at(80, 17), want) || near(got.at(80, 43), want) {
			t.Errorf("%d bands: %v at 62, %v at 97, %v at 57", bands, got.at(62, 22), got.at(97, 37), got.at(57, 30))
		}
	}
}

// near reports whether two pixels differ by rounding only.
func near(a, b []byte) bool {
	for i := range a {
		if d := int(a[i]) - int(b[i]); d > 2 || d < -2 {
			return false
		}
	}
	return len(a) == len(b)
}

// ink returns the box of pixels that are no longer black.
func ink(p picture) transform.Box {
	left, top, right, bottom := p.width, p.height, 0, 0
	for y := range p.height {
		for x := range p.width {
			if p.at(x, y)[0] > 60 {
				left, top, right, bottom = min(left, x), min(top, y), max(right, x+1), max(bottom, y+1)
			}
		}
	}
	return box(left, top, right-left, bottom-top)
}

// Text stands where it should, is broken to fit, and never leaves its box.
func TestText(t *testing.T) {
	half := transform.Percent(50)
	write := func(op transform.Text) picture {
		s := open(t)
		op.Color, op.Size = transform.White, 20
		if op.Width == (transform.Length{}) {
			op.Width, op.Height = transform.Percent(100), transform.Percent(100)
		}
		im, err := Text(s, flat(200, 100, 0, 0, 0).image(t, s), op)
		return render(t, im, err)
	}
	middle := ink(write(transform.Text{Text: "HI"}))
	if middle.Width < 10 || middle.Height < 8 || middle.X < 80 || middle.X+middle.Width > 120 || middle.Y < 35 || middle.Y+middle.Height > 65 {
		t.Errorf("text in the middle covers %+v", middle)
	}
	corner := ink(write(transform.Text{Text: "HI", Align: transform.Position{X: -1, Y: -1}}))
	if corner.X > 5 || corner.Y > 8 {
		t.Errorf("text at the top left covers %+v", corner)
	}
	last := ink(write(transform.Text{Text: "HI", Width: half, Height: half, At: transform.Spot{X: transform.Percent(100), Y: transform.Percent(100)}, Align: transform.Position{X: 1, Y: 1}}))
	if last.X+last.Width < 190 || last.Y+last.Height < 90 || last.X < 100 || last.Y < 50 {
		t.Errorf("text at the bottom right covers %+v", last)
	}
	if two := ink(write(transform.Text{Text: "HI\nHO"})); two.Height < middle.Height*2 {
		t.Errorf("two lines cover %+v, one %+v", two, middle)
	}
	narrow := transform.Text{Text: "one two three four five six seven", Width: transform.Pixels(70), Height: transform.Pixels(60), At: transform.Middle}
	if got := ink(write(narrow)); got.X < 65 || got.X+got.Width > 135 || got.Y < 20 || got.Y+got.Height > 80 || got.Height < 40 {
		t.Errorf("text in a narrow box covers %+v", got)
	}
	if got, want := ink(write(transform.Text{Text: "<b>&amp;</b>"})), ink(write(transform.Text{Text: "<b>&"})); got.Width < 2*want.Width {
		t.Errorf("what looks like markup covers %+v, %+v", got, want)
	}
	for back, want := range map[string]transform.Box{
		"fill": box(50, 25, 100, 50), "fit": box(100-middle.Width/2-8, 50-middle.Height/2-8, middle.Width+16, middle.Height+16),
	} {
		got := ink(write(transform.Text{Text: "HI", Width: half, Height: half, At: transform.Middle, Back: back, Behind: transform.Color{R: 99, A: 255}, Padding: 8}))
		if d := max(got.X-want.X, want.X-got.X, got.Y-want.Y, want.Y-got.Y, got.Width-want.Width, want.Width-got.Width); d > 3 {
			t.Errorf("a text with %s behind covers %+v, want %+v", back, got, want)
		}
	}
	line := ink(write(transform.Text{Text: "HI", Back: "line", Behind: transform.Color{R: 99, A: 255}}))
	if line.Height <= middle.Height+2 || line.Width > middle.Width+10 {
		t.Errorf("a line with a colour behind covers %+v, its letters %+v", line, middle)
	}
	lines := write(transform.Text{Text: "II\nHIHIHIHI", Back: "line", Behind: transform.Color{R: 99, A: 255}, Padding: 2})
	widths := [2]int{}
	for i, y := range []int{42, 58} {
		for x := range lines.width {
			if lines.at(x, y)[0] > 60 {
				widths[i]++
			}
		}
	}
	if widths[0] < 8 || widths[1] < 3*widths[0] || ink(lines).Height < 42 {
		t.Errorf("lines with a colour behind are %v wide, and cover %+v", widths, ink(lines))
	}
	if got := ink(write(transform.Text{Text: "HI", Width: transform.Pixels(10), Height: transform.Pixels(10), Back: "fit", Padding: 5})); got.Width > 0 {
		t.Errorf("a box without room has %+v", got)
	}
}

// The largest text that is allowed fits into the memory of a worker.
func TestF4LargestText(t *testing.T) {
	s := open(t)
	for _, op := range []transform.Text{
		{Text: strings.Repeat("\n", 499) + strings.Repeat("W", 499), Size: 10},
		{Text: strings.Repeat("W", 10), Size: 1000},
		{Text: strings.Repeat("\n", 5) + strings.Repeat("W", 5), Size: 1000, Back: "line", Behind: transform.White},
	} {
		op.Width, op.Height, op.Color = transform.Percent(10_000), transform.Percent(10_000), transform.Black
		if err := (transform.Plan{Ops: []transform.Op{op}}).Check(); err != nil {
			t.Fatal(err)
		}
		im, err := Text(s, flat(100, 100, 255, 255, 255).image(t, s), op)
		if got := render(t, im, err); got.width != 100 || got.height != 100 {
			t.Errorf("%d by %d", got.width, got.height)
		}
	}
}
