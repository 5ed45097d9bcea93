package effect

import (
	"math"

	"github.com/stowgate/stowgate/internal/imaging/chain"
	"github.com/stowgate/stowgate/internal/imaging/vips"
	"github.com/stowgate/stowgate/internal/transform"
)

// Border puts a frame around im, which grows by it on each side.
func Border(s *vips.Scope, im *vips.Image, op transform.Border) (*vips.Image, error) {
	if op.Width <= 0 {
		return im, nil
	}
	c := steps{chain.New(s, im)}
	flat := c.Coloured(c.Behind(im, op.Background), op.Color)
	return c.done(c.Frames(flat, func(_ int, frame *vips.Image) *vips.Image {
		return c.border(frame, op.Width, op.Width, op.Color)
	}))
}

// border puts width pixels of a colour left, right and above, and bottom pixels
// below.
func (c steps) border(im *vips.Image, width, bottom int, colour transform.Color) *vips.Image {
	return c.Place(im, width, width, im.Width()+2*width, im.Height()+width+bottom, chain.Pixel(im, colour))
}

// Shadow puts a shadow behind im, on a canvas that grows by what of the shadow
// would not fit.
func Shadow(s *vips.Scope, im *vips.Image, op transform.Shadow) (*vips.Image, error) {
	c := steps{chain.New(s, im)}
	if op.Opacity > 0 {
		im = c.Frames(c.WithAlpha(c.Coloured(im, op.Color)), func(_ int, frame *vips.Image) *vips.Image { return c.shadow(frame, op) })
	}
	return c.done(c.Behind(im, op.Background))
}

func (c steps) shadow(im *vips.Image, op transform.Shadow) *vips.Image {
	reach := int(math.Ceil(chain.Reach * op.Blur))
	left, top := max(0, reach-op.X), max(0, reach-op.Y)
	width := left + im.Width() + max(0, reach+op.X)
	height := top + im.Height() + max(0, reach+op.Y)

	_, alpha := c.split(im)
	shade := c.Place(alpha, left+op.X, top+op.Y, width, height, []float64{0})
	if op.Blur > 0 {
		shade = c.Gauss(shade, op.Blur)
	}
	strength := float64(op.Opacity) / 100 * float64(op.Color.A) / 255
	shade = c.Bytes(c.linear(shade, strength, 0))
	colour, _ := c.split(c.Constant(im, width, height, op.Color))
	shade = c.Call("copy", c.join(colour, shade), vips.Args{"interpretation": im.Interpretation()})
	return c.Over(shade, c.Place(im, left, top, width, height, make([]float64, im.Bands())))
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
	c := steps{chain.New(s, im)}
	paper := op.Color
	paper.A = 255
	flat := c.Coloured(c.Behind(im, &paper), paper)
	short := float64(min(im.Width(), im.PageHeight()))
	side, foot := int(math.Ceil(short/sideShare)), int(math.Ceil(short/footShare))
	depth := min(max(short/60, 0.5), 12)
	return c.done(c.Behind(c.Frames(flat, func(_ int, frame *vips.Image) *vips.Image {
		framed := c.Bytes(c.rotate(c.WithAlpha(c.border(frame, side, foot, paper)), op.Degrees, nil))
		return c.shadow(framed, transform.Shadow{
			Blur: depth, Opacity: 50, X: int(depth / 2), Y: int(math.Ceil(depth)), Color: transform.Black})
	}), op.Background))
}
