package compose

import (
	"github.com/stowgate/stowgate/internal/imaging/face"
	"github.com/stowgate/stowgate/internal/imaging/vips"
	"github.com/stowgate/stowgate/internal/transform"
)

// Collage arranges images, of which there are at most transform.MaxInputs, on a
// colour: in their order, in rows of one width. Of an animation it takes the
// first frame.
//
// With op.Cut the result has exactly the wanted size. Otherwise images stay
// whole, but for a fraction of a pixel, and the result fits into that size. Only
// an image that would be less than a pixel wide or high is cut.
func Collage(s *vips.Scope, images []*vips.Image, op transform.Collage) (*vips.Image, error) {
	c := &chain{s: s, im: images[0]}
	parts, ratios := make([]*vips.Image, len(images)), make([]float64, len(images))
	for i, im := range images {
		im = c.frame(im, 0)
		if op.Orient {
			im = c.call("autorot", im, vips.Args{})
		}
		parts[i], ratios[i] = im, float64(im.Width())/float64(im.Height())
	}
	width, height, cells := layout(ratios, op.Width, op.Height, op.Margin, op.Cut)
	canvas := c.plain(width, height, op.Color)
	if op.Color.A == 255 {
		canvas = c.call("extract_band", canvas, vips.Args{"band": 0, "n": 3})
	}
	for i, part := range parts {
		cell := cells[i]
		part = c.crop(part, face.Window(part.Width(), part.Height(), cell.Width, cell.Height, transform.Box{}))
		canvas = c.insert(canvas, c.onto(c.scale(part, cell.Width, cell.Height), op.Color), cell.X, cell.Y)
	}
	return canvas, c.err
}
