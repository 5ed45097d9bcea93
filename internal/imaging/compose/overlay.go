// Package compose puts several images together, and changes images where there
// are faces or given boxes. Images come in with 8 bits, in sRGB or grey, with
// or without opacity; an animation is a column of frames.
package compose

import (
	"math"

	"github.com/stowgate/stowgate/internal/imaging/vips"
	"github.com/stowgate/stowgate/internal/transform"
)

// Overlay draws over, scaled to a percentage of its own size, on each frame of
// im. What sticks out is cut off. Of an animation the first frame is drawn.
func Overlay(s *vips.Scope, im, over *vips.Image, op transform.Overlay) (*vips.Image, error) {
	c := &chain{s: s, im: im}
	over = c.withAlpha(c.rgb(c.frame(over, 0)))
	over = c.scale(over, percent(over.Width(), op.Size), percent(over.Height(), op.Size))

	width, height := im.Width(), im.PageHeight()
	x, y := op.Position.In(width-over.Width(), height-over.Height())
	seen, ok := transform.Box{X: x, Y: y, Width: over.Width(), Height: over.Height()}.Clamp(width, height)
	if !ok {
		return im, c.err
	}
	over = c.crop(over, transform.Box{X: seen.X - x, Y: seen.Y - y, Width: seen.Width, Height: seen.Height})
	opaque := !im.HasAlpha()
	out := c.frames(c.rgb(im), func(_ int, frame *vips.Image) *vips.Image {
		part := c.over(c.withAlpha(c.crop(frame, seen)), over)
		if opaque {
			part = c.call("extract_band", part, vips.Args{"band": 0, "n": 3})
		}
		return c.insert(frame, part, seen.X, seen.Y)
	})
	return out, c.err
}

// percent returns a share of a side, and at least one pixel.
func percent(side, share int) int {
	return max(1, int(math.Round(float64(side)*float64(share)/100)))
}
