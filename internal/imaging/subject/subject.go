// Package subject finds what stands out in a picture: from a plain background
// or, without one, by its contrast and colours. It knows no kinds of things;
// faces are left to package face.
package subject

import (
	"math"

	"github.com/stowgate/stowgate/internal/imaging/chain"
	"github.com/stowgate/stowgate/internal/imaging/vips"
	"github.com/stowgate/stowgate/internal/transform"
)

// The longer side that pictures are looked at with, in pixels: for what differs
// from a background, and for where there is contrast.
const (
	fineSide   = 1000
	coarseSide = 256
)

// In returns a box around what stands out in the first frame of an image of 8
// bits in sRGB or grey, in its pixels. Nothing stands out in an image of one
// colour. It computes all pixels of the frame.
func In(s *vips.Scope, im *vips.Image) (box transform.Box, found bool, err error) {
	width, height := im.Width(), im.PageHeight()
	c := chain.New(s, im)
	frame := c.WithAlpha(c.RGB(c.Crop(im, transform.Box{Width: width, Height: height})))
	p := look(c, frame, fineSide)
	if background, ok := p.background(); ok {
		box, found = p.around(func(x, y int) bool { return !alike(p.at(x, y), background) })
	} else {
		p = look(c, frame, coarseSide)
		box, found = p.salient()
	}
	if c.Err() != nil || !found {
		return box, false, c.Err()
	}
	h, v := float64(width)/float64(p.width), float64(height)/float64(p.height)
	left, top := int(float64(box.X)*h), int(float64(box.Y)*v)
	right, bottom := int(math.Ceil(float64(box.X+box.Width)*h)), int(math.Ceil(float64(box.Y+box.Height)*v))
	box, found = transform.Box{X: left, Y: top, Width: right - left, Height: bottom - top}.Clamp(width, height)
	return box, found, nil
}

// look returns the pixels of a frame at a size of which the longer side is at
// most so long.
func look(c *chain.Chain, frame *vips.Image, side int) picture {
	shrink := math.Max(1, float64(max(frame.Width(), frame.Height()))/float64(side))
	small := c.Premultiplied(frame, func(flat *vips.Image) *vips.Image {
		return c.Call("shrink", flat, vips.Args{
			"hshrink": math.Min(shrink, float64(frame.Width())), "vshrink": math.Min(shrink, float64(frame.Height())), "ceil": true})
	})
	return picture{c.Pixels(small), small.Width(), small.Height()}
}

const (
	// near is how far two colours may be apart in a channel to be taken for
	// one, of 255.
	near = 24

	// plain is how much of the edge of a picture must be of one colour for
	// that to be its background.
	plain = 0.9
)

// A picture is pixels of red, green, blue and opacity. After an error there are
// none.
type picture struct {
	pixels        []byte
	width, height int
}

func (p picture) at(x, y int) [4]byte { return [4]byte(p.pixels[4*(y*p.width+x):]) }

// alike reports whether two colours are near. What is transparent is alike
// whatever its colour.
func alike(a, b [4]byte) bool {
	if a[3] < 16 && b[3] < 16 {
		return true
	}
	for i := range a {
		if d := int(a[i]) - int(b[i]); d > near || d < -near {
			return false
		}
	}
	return true
}

// edge calls f for each pixel of the edge.
func (p picture) edge(f func(v [4]byte)) {
	for x := range p.width {
		f(p.at(x, 0))
		f(p.at(x, p.height-1))
	}
	for y := range p.height {
		f(p.at(0, y))
		f(p.at(p.width-1, y))
	}
}

// background returns the colour of nearly all of the edge.
func (p picture) background() (colour [4]byte, ok bool) {
	if len(p.pixels) == 0 {
		return colour, false
	}
	for _, corner := range [][4]byte{p.at(0, 0), p.at(p.width-1, 0), p.at(0, p.height-1), p.at(p.width-1, p.height-1)} {
		same, all := 0, 0
		p.edge(func(v [4]byte) {
			all++
			if alike(v, corner) {
				same++
			}
		})
		if float64(same) >= plain*float64(all) {
			return corner, true
		}
	}
	return colour, false
}

// around returns the smallest box around the pixels that count.
func (p picture) around(counts func(x, y int) bool) (transform.Box, bool) {
	left, top, right, bottom := p.width, p.height, 0, 0
	for y := range p.height {
		for x := range p.width {
			if counts(x, y) {
				left, right = min(left, x), max(right, x+1)
				top, bottom = min(top, y), max(bottom, y+1)
			}
		}
	}
	return transform.Box{X: left, Y: top, Width: right - left, Height: bottom - top}, right > left
}

// tail is the part of what stands out that may lie outside of the box on each
// of its sides.
const tail = 0.05

// salient returns a box around nearly all that has more contrast and stronger
// colours than the rest.
func (p picture) salient() (transform.Box, bool) {
	if len(p.pixels) == 0 {
		return transform.Box{}, false
	}
	across, down := make([]float64, p.width), make([]float64, p.height)
	strength := make([]float64, p.width*p.height)
	mean := 0.0
	for y := range p.height {
		for x := range p.width {
			v := p.strength(x, y)
			strength[y*p.width+x] = v
			mean += v
		}
	}
	mean /= float64(len(strength))
	for y := range p.height {
		for x := range p.width {
			if v := strength[y*p.width+x] - mean; v > 0 {
				across[x] += v
				down[y] += v
			}
		}
	}
	left, right := middle(across)
	top, bottom := middle(down)
	return transform.Box{X: left, Y: top, Width: right - left, Height: bottom - top}, right > left && bottom > top
}

// strength returns how much a pixel stands out from those beside it, and how
// far it is from grey.
func (p picture) strength(x, y int) float64 {
	a, right, below := p.at(x, y), p.at(min(x+1, p.width-1), y), p.at(x, min(y+1, p.height-1))
	contrast := 0
	for i := range 3 {
		contrast += abs(int(a[i])-int(right[i])) + abs(int(a[i])-int(below[i]))
	}
	chroma := int(max(a[0], a[1], a[2])) - int(min(a[0], a[1], a[2]))
	return float64(contrast) + float64(chroma)/2
}

func abs(v int) int { return max(v, -v) }

// middle returns where all but the tails of the weights are.
func middle(weights []float64) (from, to int) {
	all := 0.0
	for _, w := range weights {
		all += w
	}
	if all == 0 {
		return 0, 0
	}
	for sum := weights[0]; sum < tail*all; sum += weights[from] {
		from++
	}
	to = len(weights)
	for sum := weights[to-1]; sum < tail*all; sum += weights[to-1] {
		to--
	}
	return from, to
}
