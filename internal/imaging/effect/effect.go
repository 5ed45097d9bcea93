// Package effect holds the operations on the pixels of an image, each a
// function from one image of libvips to another: turns, shapes, frames, colours
// and filters. How images are loaded, brought to size and saved is left to
// others.
//
// Images come in as sRGB or grey, with 8 bits in a band, and perhaps with
// opacity; they leave as such. An image in several frames, from top to bottom,
// is treated frame by frame wherever a pixel depends on more than itself: all
// of that is in chain.Frames. Arguments that change nothing give the image
// itself. The range of arguments is checked by package transform.
//
// A background that is nil, or itself transparent, leaves the result with
// opacity: Flatten puts it on a colour at the end if its format has none.
package effect

import (
	"github.com/stowgate/stowgate/internal/imaging/chain"
	"github.com/stowgate/stowgate/internal/imaging/vips"
	"github.com/stowgate/stowgate/internal/transform"
)

// Streams reports whether op reads the rows of an image once, from top to
// bottom. Other ops need an image that can be read at any place, and more than
// once: one that was not opened for sequential access, or is in memory.
func Streams(op transform.Op) bool {
	switch op := op.(type) {
	case transform.Rotate:
		return op.Degrees == 0
	case transform.Polaroid, transform.Shadow, transform.Flip, transform.Enhance, transform.Soften:
		return false
	}
	return true
}

// Flatten puts im on a colour, and so takes its opacity away. The opacity of
// the colour does not matter.
func Flatten(s *vips.Scope, im *vips.Image, background transform.Color) (*vips.Image, error) {
	background.A = 255
	c := steps{chain.New(s, im)}
	return c.done(c.Behind(im, &background))
}

// maskFrames returns im with its opacity multiplied by mask, which is of the
// size of a frame and 255 where im is to stay.
func (c steps) maskFrames(im, mask *vips.Image) *vips.Image {
	if n := im.Height() / mask.Height(); n > 1 {
		mask = c.Call("replicate", mask, vips.Args{"across": 1, "down": n})
	}
	if !im.HasAlpha() {
		return c.join(im, mask)
	}
	colour, alpha := c.split(im)
	return c.join(colour, c.Bytes(c.linear(c.multiply(alpha, mask), 1.0/255, 0)))
}
