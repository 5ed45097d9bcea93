package effect

import (
	"math"

	"github.com/stowgate/stowgate/internal/imaging/vips"
	"github.com/stowgate/stowgate/internal/transform"
)

// Border puts a frame around im, which grows by it on each side.
func Border(s *vips.Scope, im *vips.Image, op transform.Border) (*vips.Image, error) {
	if op.Width <= 0 {
		return im, nil
	}
	c := chain{s: s, im: im}
	flat := c.coloured(c.behind(im, op.Background), op.Color)
	return c.done(c.frames(flat, func(frame *vips.Image) *vips.Image {
		return c.border(frame, op.Width, op.Width, op.Color)
	}))
}

// border puts width pixels of a colour left, right and above, and bottom pixels
// below.
func (c *chain) border(im *vips.Image, width, bottom int, colour transform.Color) *vips.Image {
	return c.place(im, width, width, im.Width()+2*width, im.Height()+width+bottom, pixel(im, colour))
}

// Shadow puts a shadow behind im, on a canvas that grows by what of the shadow
// would not fit.
func Shadow(s *vips.Scope, im *vips.Image, op transform.Shadow) (*vips.Image, error) {
	c := chain{s: s, im: im}
	if op.Opacity > 0 {
		im = c.frames(c.withAlpha(c.coloured(im, op.Color)), func(frame *vips.Image) *vips.Image { return c.shadow(frame, op) })
	}
	return c.done(c.behind(im, op.Background))
}

func (c *chain) shadow(im *vips.Image, op transform.Shadow) *vips.Image {
	reach := int(math.Ceil(bellReach * op.Blur))
	left, top := max(0, reach-op.X), max(0, reach-op.Y)
	width := left + im.Width() + max(0, reach+op.X)
	height := top + im.Height() + max(0, reach+op.Y)

	_, alpha := c.split(im)
	shade := c.place(alpha, left+op.X, top+op.Y, width, height, []float64{0})
	if op.Blur > 0 {
		shade = c.gauss(shade, op.Blur)
	}
	strength := float64(op.Opacity) / 100 * float64(op.Color.A) / 255
	shade = c.bytes(c.linear(shade, strength, 0))
	colour, _ := c.split(c.constant(im, width, height, op.Color))
	shade = c.call("copy", c.join(colour, shade), vips.Args{"interpretation": im.Interpretation()})
	return c.over(shade, c.place(im, left, top, width, height, make([]float64, im.Bands())))
}

// An instant photograph has a frame of one part in sideShare of the shorter
// side of its picture, and footShare below.
const (
	sideShare = 16
	footShare = 4.5
)

// Polaroid puts im in the frame of an instant photograph, turns that clockwise
// and gives it a soft shadow.
func Polaroid(s *vips.Scope, im *vips.Image, op transform.Polaroid) (*vips.Image, error) {
	c := chain{s: s, im: im}
	paper := op.Color
	paper.A = 255
	flat := c.coloured(c.behind(im, &paper), paper)
	short := float64(min(im.Width(), im.PageHeight()))
	side, foot := int(math.Ceil(short/sideShare)), int(math.Ceil(short/footShare))
	depth := min(max(short/60, 0.5), 12)
	return c.done(c.behind(c.frames(flat, func(frame *vips.Image) *vips.Image {
		framed := c.bytes(c.rotate(c.withAlpha(c.border(frame, side, foot, paper)), op.Degrees, nil))
		return c.shadow(framed, transform.Shadow{
			Blur: depth, Opacity: 50, X: int(depth / 2), Y: int(math.Ceil(depth)), Color: transform.Black})
	}), op.Background))
}
