package imaging

import (
	"fmt"
	"io"

	"github.com/stowgate/stowgate/internal/imaging/codec"
	"github.com/stowgate/stowgate/internal/imaging/geometry"
	"github.com/stowgate/stowgate/internal/transform/cost"
)

// framed does what of a plan changes the frame of a drawing, and writes it in
// that frame.
func (j *job) framed() (Result, error) {
	in := j.inputs[0]
	width, height := in.header.Width, in.header.Height
	f := geometry.Frame(j.plan.Ops, width, height)
	if most := j.plan.Output.MaxSide; most > 0 && max(f.Width, f.Height) > most {
		return Result{}, cost.TooWide(f.Width, f.Height, most)
	}
	info, err := in.File.Stat()
	if err != nil {
		return Result{}, err
	}
	if err := codec.FrameDrawing(j.out, io.NewSectionReader(in.File, 0, info.Size()), width, height, f); err != nil {
		return Result{}, fmt.Errorf("frame: %w", err)
	}
	n, err := j.out.Seek(0, io.SeekEnd)
	return Result{Type: in.Type, Width: f.Width, Height: f.Height, Frames: 1, Bytes: n}, err
}
