package compose

import (
	"math"

	"github.com/stowgate/stowgate/internal/imaging/chain"
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
	c := steps{chain.New(s, im)}
	out := c.Frames(im, func(i int, frame *vips.Image) *vips.Image {
		if len(areas[i]) == 0 {
			return frame
		}
		return c.obscure(frame, areas[i], op)
	})
	return out, c.Err()
}

func (c steps) obscure(im *vips.Image, areas []transform.Box, op transform.Obscure) *vips.Image {
	m := newMask(im.Width(), im.Height(), face.Union(areas))
	side := 0
	for _, b := range areas {
		m.shade(b, op.Oval, op.Soft)
		side = max(side, min(b.Width, b.Height))
	}
	clear := c.Crop(im, m.Box)
	vague := c.Premultiplied(clear, func(im *vips.Image) *vips.Image {
		if op.Blur {
			return c.blur(im, op.Amount*max(1, float64(side)/100))
		}
		return c.Blocks(im, max(int(math.Round(op.Amount)), 2))
	})
	return c.insert(im, c.Blend(c.mask(m), vague, clear), m.X, m.Y)
}

// maxSigma is the widest blur of all pixels; a wider one is made of a smaller
// image.
const maxSigma = 8

// blur returns im with a Gaussian blur.
func (c steps) blur(im *vips.Image, sigma float64) *vips.Image {
	width, height := im.Width(), im.Height()
	if n := min(sigma/maxSigma, float64(min(width, height))); n > 1 {
		im = c.Call("resize", im, vips.Args{"scale": 1 / n, "kernel": "linear"})
		sigma /= n
	}
	im = c.Gauss(im, sigma)
	if im.Width() == width && im.Height() == height {
		return im
	}
	h, v := float64(width)/float64(im.Width()), float64(height)/float64(im.Height())
	return c.Call("resize", im, vips.Args{"scale": h, "vscale": v, "kernel": "linear"})
}
