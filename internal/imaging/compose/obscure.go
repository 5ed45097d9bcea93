package compose

import (
	"math"

	"github.com/stowgate/stowgate/internal/imaging/face"
	"github.com/stowgate/stowgate/internal/imaging/vips"
	"github.com/stowgate/stowgate/internal/transform"
)

// Obscure makes the boxes of op unrecognisable or, if it has none, faces, which
// face.In found in im. Everything else is unchanged.
//
// A blur is stronger in large boxes: op.Amount is its sigma in pixels of a box
// of 100.
func Obscure(s *vips.Scope, im *vips.Image, faces [][]transform.Box, op transform.Obscure) (*vips.Image, error) {
	width, height := im.Width(), im.PageHeight()
	areas := make([][]transform.Box, im.Pages())
	some := false
	for i := range areas {
		if len(op.Boxes) > 0 {
			areas[i] = face.Grow(op.Boxes, 0, width, height)
		} else if i < len(faces) {
			areas[i] = face.Grow(face.Pick(face.Sized(faces[i], op.Sizes), op.Which), op.Buffer, width, height)
		}
		some = some || len(areas[i]) > 0
	}
	if !some || op.Amount == 0 {
		return im, nil
	}
	c := &chain{s: s, im: im}
	out := c.frames(im, func(i int, frame *vips.Image) *vips.Image {
		if len(areas[i]) == 0 {
			return frame
		}
		return c.obscure(frame, areas[i], op)
	})
	return out, c.err
}

func (c *chain) obscure(im *vips.Image, areas []transform.Box, op transform.Obscure) *vips.Image {
	m := newMask(im.Width(), im.Height(), face.Union(areas))
	side := 0
	for _, b := range areas {
		m.shade(b, op.Oval, op.Soft)
		side = max(side, min(b.Width, b.Height))
	}
	clear := c.crop(im, m.Box)
	vague := c.premultiplied(clear, func(im *vips.Image) *vips.Image {
		if op.Blur {
			return c.blur(im, op.Amount*max(1, float64(side)/100))
		}
		return c.blocks(im, max(int(math.Round(op.Amount)), 2))
	})
	return c.insert(im, c.blend(c.mask(m), vague, clear), m.X, m.Y)
}

// blocks returns im in squares of one colour each.
func (c *chain) blocks(im *vips.Image, size int) *vips.Image {
	width, height := im.Width(), im.Height()
	im = c.call("shrink", im, vips.Args{"hshrink": float64(size), "vshrink": float64(size), "ceil": true})
	im = c.call("zoom", nil, vips.Args{"input": im, "xfac": size, "yfac": size})
	return c.crop(im, transform.Box{Width: width, Height: height})
}

// maxSigma is the widest blur of all pixels; a wider one is made of a smaller
// image.
const maxSigma = 8

// blur returns im with a Gaussian blur.
func (c *chain) blur(im *vips.Image, sigma float64) *vips.Image {
	width, height := im.Width(), im.Height()
	if n := min(sigma/maxSigma, float64(min(width, height))); n > 1 {
		im = c.call("resize", im, vips.Args{"scale": 1 / n, "kernel": "linear"})
		sigma /= n
	}
	im = c.call("gaussblur", im, vips.Args{"sigma": sigma})
	if im.Width() == width && im.Height() == height {
		return im
	}
	h, v := float64(width)/float64(im.Width()), float64(height)/float64(im.Height())
	return c.call("resize", im, vips.Args{"scale": h, "vscale": v, "kernel": "linear"})
}
