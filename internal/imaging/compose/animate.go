package compose

import (
	"github.com/stowgate/stowgate/internal/imaging/chain"
	"github.com/stowgate/stowgate/internal/imaging/vips"
	"github.com/stowgate/stowgate/internal/transform"
)

// Animate makes images frames of one animation, in their order, each the first
// frame of what it comes from. The result says how it is played in the metadata
// that the savers of animations read.
func Animate(s *vips.Scope, images []*vips.Image, op transform.Animate) (*vips.Image, error) {
	c := steps{chain.New(s, images[0])}
	width := animated(op.Width, images, (*vips.Image).Width)
	height := animated(op.Height, images, (*vips.Image).PageHeight)

	frames, delays := make([]*vips.Image, len(images)), make([]int, len(images))
	for i, im := range images {
		im = c.RGB(c.still(im))
		w, h, keep := transform.Resize{Width: width, Height: height, Fit: op.Fit, Align: op.Align}.Window(im.Width(), im.Height())
		im = c.onto(c.Crop(c.scale(im, w, h), keep), op.Background)
		if im.Width() < width || im.Height() < height {
			x, y := op.Align.In(width-im.Width(), height-im.Height())
			im = c.insert(c.Constant(im, width, height, op.Background), im, x, y)
		}
		frames[i], delays[i] = im, op.Delay
	}
	out := c.Strip(frames)
	if c.Err() != nil {
		return nil, c.Err()
	}
	out.Set(vips.PageHeightField, height) // also of a single frame
	out.Set(vips.PagesField, len(frames))
	out.Set(vips.DelayField, delays)
	out.Set(vips.LoopField, op.Loop)
	out.Remove(vips.OrientationField)
	return out, nil
}

// animated returns a side of an animation in pixels.
func animated(want int, images []*vips.Image, side func(*vips.Image) int) int {
	switch want {
	case 0:
		return side(images[0])
	case transform.Largest:
		for _, im := range images {
			want = max(want, side(im))
		}
	}
	return want
}
