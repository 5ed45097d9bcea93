package survey

import (
	"math"

	"github.com/stowgate/stowgate/internal/imaging/chain"
	"github.com/stowgate/stowgate/internal/imaging/vips"
	"github.com/stowgate/stowgate/internal/transform"
)

// The longer side in pixels of what is looked at for colours and for a
// miniature.
const (
	colourSide    = 128
	miniatureSide = 64
)

// Ask adds to r what q asks about the first frame of an image of 8 bits in sRGB
// or grey, which was computed. Faces are left to others.
func Ask(s *vips.Scope, im *vips.Image, q transform.Inquiry, r *transform.Report) error {
	c := chain.New(s, im)
	frame := c.RGB(c.Crop(im, transform.Box{Width: im.Width(), Height: im.PageHeight()}))
	if q.Colors > 0 {
		small := shrunk(c, c.WithAlpha(frame), colourSide)
		r.Colors = Colors(c.Pixels(small), q.Colors)
	}
	if q.Hash {
		opaque := c.Behind(frame, &transform.White)
		grey := c.Call("colourspace", opaque, vips.Args{"space": "b-w"})
		if pixels := c.Pixels(sized(c, grey, hashSide, hashSide)); c.Err() == nil {
			r.Hash = Hash(pixels)
		}
		small := shrunk(c, opaque, miniatureSide)
		if pixels := c.Pixels(small); c.Err() == nil {
			r.Blurhash = Blurhash(pixels, small.Width(), small.Height())
		}
	}
	return c.Err()
}

// shrunk returns im at a size of which the longer side is at most so long.
func shrunk(c *chain.Chain, im *vips.Image, side int) *vips.Image {
	width, height := transform.Resize{Width: side, Height: side, Fit: transform.Max}.Size(im.Width(), im.Height())
	return sized(c, im, width, height)
}

// sized returns im at a size: each pixel the mean of those that it stands for.
func sized(c *chain.Chain, im *vips.Image, width, height int) *vips.Image {
	if im.Width() == width && im.Height() == height {
		return im
	}
	return c.Premultiplied(im, func(flat *vips.Image) *vips.Image {
		// What is shrunk first by whole numbers is done so faster.
		if n := int(math.Min(float64(flat.Width()/width), float64(flat.Height()/height))) / 2; n > 1 {
			flat = c.Shrink(flat, n)
		}
		return c.Call("resize", flat, vips.Args{"kernel": "linear",
			"scale": float64(width) / float64(flat.Width()), "vscale": float64(height) / float64(flat.Height())})
	})
}
