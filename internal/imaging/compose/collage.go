package compose

import (
	"github.com/stowgate/stowgate/internal/imaging/chain"
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
	c := steps{chain.New(s, images[0])}
	parts, ratios := make([]*vips.Image, len(images)), make([]float64, len(images))
	for i, im := range images {
		im = c.still(im)
		if op.Orient {
			im = c.Call("autorot", im, vips.Args{})
		}
		parts[i], ratios[i] = im, float64(im.Width())/float64(im.Height())
	}
	width, height, cells := layout(ratios, op.Width, op.Height, op.Margin, op.Cut)
	var canvas *vips.Image
	for i, part := range parts {
		cell := cells[i]
		part = c.Crop(part, face.Window(part.Width(), part.Height(), cell.Width, cell.Height, transform.Box{}))
		part = c.onto(c.scale(part, cell.Width, cell.Height), op.Color)
		if i == 0 {
			canvas = c.Constant(part, width, height, op.Color)
		}
		canvas = c.insert(canvas, part, cell.X, cell.Y)
	}
	return canvas, c.Err()
}
