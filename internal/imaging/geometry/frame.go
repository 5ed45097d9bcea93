package geometry

import (
	"github.com/stowgate/stowgate/internal/imaging/codec"
	"github.com/stowgate/stowgate/internal/transform"
	"github.com/stowgate/stowgate/internal/transform/place"
)

// Frame returns what ops make of the frame of a drawing of width by height
// pixels. Ops that change no frame are passed over, and those that look for
// something find nothing.
func Frame(ops []transform.Op, width, height int) codec.Frame {
	f := codec.Frame{Width: width, Height: height, Across: 1, Down: 1}
	for _, op := range ops {
		reframed(&f, op)
	}
	return f
}

// reframed does an op on a frame, if that changes it.
func reframed(f *codec.Frame, op transform.Op) {
	part := transform.Box{Width: f.Width, Height: f.Height}
	switch op := op.(type) {
	case transform.Resize, transform.SmartCrop, transform.Reframe:
		r, _ := transform.Scaling(op)
		var width, height int
		width, height, part = r.Window(f.Width, f.Height)
		f.Scale(float64(width)/float64(f.Width), float64(height)/float64(f.Height))
		if full, ok := room(op, f.Width, f.Height); ok {
			full.X, full.Y = (part.Width-full.Width)/2, (part.Height-full.Height)/2
			part = full
		}
	case transform.Crop:
		part, _ = op.Clamp(f.Width, f.Height) // package cost has refused one that is outside
	case transform.Extract:
		part = place.Part(op, f.Width, f.Height, nil)
	}
	f.Cut(part.X, part.Y, part.Width, part.Height)
}

// room returns the size that op fills up around what it makes of width by height
// pixels, if it does.
func room(op transform.Op, width, height int) (full transform.Box, ok bool) {
	switch op := op.(type) {
	case transform.Resize:
		full.Width, full.Height = op.Size(width, height)
		return full, op.Small == transform.Pad
	case transform.Reframe:
		return transform.Box{Width: op.Width, Height: op.Height}, true
	case transform.SmartCrop:
		return transform.Box{Width: op.Width, Height: op.Height}, op.Fill != nil && op.Width > 0 && op.Height > 0
	}
	return full, false
}
