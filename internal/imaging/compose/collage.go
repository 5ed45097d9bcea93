package compose

import (
	"github.com/stowgate/stowgate/internal/imaging/face"
	"github.com/stowgate/stowgate/internal/imaging/vips"
	"github.com/stowgate/stowgate/internal/transform"
)

// maxRatio is how much longer than wide an image of a collage is, or wider than
// long. One that is more so is cut, or it would take all the room from others.
const maxRatio = 50

// Collage arranges images, of which there are at most transform.MaxInputs, on a
// colour: in their order, in rows of one width. Of an animation it takes the
// first frame.
//
// With op.Cut the result has exactly the wanted size. Otherwise images stay
// whole, unless they are extremely long, and the result fits into that size.
func Collage(s *vips.Scope, images []*vips.Image, op transform.Collage) (*vips.Image, error) {
	c := &chain{s: s, im: images[0]}
	parts, ratios := make([]*vips.Image, len(images)), make([]float64, len(images))
	for i, im := range images {
		im = c.frame(im, 0)
		if op.Orient {
			im = c.call("autorot", im, vips.Args{})
		}
		parts[i], ratios[i] = im, min(max(float64(im.Width())/float64(im.Height()), 1.0/maxRatio), maxRatio)
	}
	width, height, cells := layout(ratios, op.Width, op.Height, op.Margin, op.Cut)
	canvas := c.plain(width, height, op.Color)
	if op.Color.A == 255 {
		canvas = c.call("extract_band", canvas, vips.Args{"band": 0, "n": 3})
	}
	for i, part := range parts {
		cell := cells[i]
		if op.Cut || ratios[i] == maxRatio || ratios[i] == 1.0/maxRatio {
			part = c.crop(part, face.Window(part.Width(), part.Height(), cell.Width, cell.Height, transform.Box{}))
		}
		canvas = c.insert(canvas, c.onto(c.scale(part, cell.Width, cell.Height), op.Color), cell.X, cell.Y)
	}
	return canvas, c.err
}
