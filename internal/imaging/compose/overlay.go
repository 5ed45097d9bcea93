// Package compose puts several images together, and changes images where there
// are faces or given boxes. Images come in with 8 bits, in sRGB or grey, with
// or without opacity; an animation is a column of frames.
package compose

import (
	"math"

	"github.com/stowgate/stowgate/internal/imaging/chain"
	"github.com/stowgate/stowgate/internal/imaging/vips"
	"github.com/stowgate/stowgate/internal/transform"
)

// Overlay draws over, scaled to a percentage of its own size, on each frame of
// im. What sticks out is cut off. Of an animation the first frame is drawn.
func Overlay(s *vips.Scope, im, over *vips.Image, op transform.Overlay) (*vips.Image, error) {
	c := steps{chain.New(s, im)}
	over = c.WithAlpha(c.RGB(c.still(over)))
	over = c.scale(over, percent(over.Width(), op.Size), percent(over.Height(), op.Size))

	width, height := im.Width(), im.PageHeight()
	x, y := op.Position.In(width-over.Width(), height-over.Height())
	return c.over(c.RGB(im), over, transform.Box{X: x, Y: y, Width: over.Width(), Height: over.Height()})
}

// percent returns a share of a side, and at least one pixel.
func percent(side, share int) int {
	return max(1, int(math.Round(float64(side)*float64(share)/100)))
}
