// Package effect holds the operations on the pixels of an image, each a
// function from one image of libvips to another: turns, shapes, frames, colours
// and filters. How images are loaded, brought to size and saved is left to
// others.
//
// Images come in as sRGB or grey, with 8 bits in a band, and perhaps with
// opacity; they leave as such. An image in several frames, from top to bottom,
// is treated frame by frame wherever a pixel depends on more than itself: all
// of that is in chain.frames. Arguments that change nothing give the image
// itself. The range of arguments is checked by package transform.
//
// A background that is nil, or itself transparent, leaves the result with
// opacity: Flatten puts it on a colour at the end if its format has none.
package effect

import (
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
	case transform.Polaroid, transform.Shadow, transform.Flip, transform.Enhance:
		return false
	}
	return true
}

// Flatten puts im on a colour, and so takes its opacity away. The opacity of
// the colour does not matter.
func Flatten(s *vips.Scope, im *vips.Image, background transform.Color) (*vips.Image, error) {
	background.A = 255
	c := chain{s: s, im: im}
	return c.done(c.behind(im, &background))
}

// behind puts im on a colour. A colour that is nil or transparent changes
// nothing; one that is partly so leaves opacity.
func (c *chain) behind(im *vips.Image, background *transform.Color) *vips.Image {
	if background == nil || background.A == 0 || !im.HasAlpha() {
		return im
	}
	im = c.coloured(im, *background)
	if background.A == 255 {
		return c.call("flatten", im, vips.Args{"background": pixel(im, *background)[:im.Bands()-1]})
	}
	return c.over(c.constant(im, im.Width(), im.Height(), *background), im)
}

// frames gives each frame of im to f, which returns frames of one size.
func (c *chain) frames(im *vips.Image, f func(frame *vips.Image) *vips.Image) *vips.Image {
	height := im.PageHeight()
	if height == im.Height() {
		return f(im)
	}
	made := make([]*vips.Image, 0, im.Pages())
	for y := 0; y < im.Height() && c.err == nil; y += height {
		frame := c.crop(im, 0, y, im.Width(), height)
		made = append(made, f(frame))
	}
	if c.err != nil {
		return im
	}
	height = made[0].Height()
	joined := c.call("arrayjoin", nil, vips.Args{"in": made, "across": 1})
	if c.err == nil {
		joined.Set(vips.PageHeightField, height)
	}
	return joined
}

// maskFrames returns im with its opacity multiplied by mask, which is of the
// size of a frame and 255 where im is to stay.
func (c *chain) maskFrames(im, mask *vips.Image) *vips.Image {
	if n := im.Height() / mask.Height(); n > 1 {
		mask = c.call("replicate", mask, vips.Args{"across": 1, "down": n})
	}
	if !im.HasAlpha() {
		return c.join(im, mask)
	}
	colour, alpha := c.split(im)
	return c.join(colour, c.bytes(c.linear(c.multiply(alpha, mask), 1.0/255, 0)))
}
