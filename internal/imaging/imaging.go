// Package imaging runs plans on images: it decodes each input with the one
// loader that belongs to its type, does what the plan says in as few passes over
// the pixels as that takes, and encodes the result.
//
// Run is for workers: it meets bytes of strangers. In the server, an Engine
// gives plans to a pool of workers, whose life is Prepare and Handle.
package imaging

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/imaging/canvas"
	"github.com/stowgate/stowgate/internal/imaging/vips"
	"github.com/stowgate/stowgate/internal/transform"
	"github.com/stowgate/stowgate/internal/transform/cost"
)

// A Request is a plan and what it is to be run on.
type Request struct {
	Plan   transform.Plan
	Inputs []Input
	Limits cost.Limits
}

// An Input is an image in a file.
type Input struct {
	Type string // as inspect.Detect found it
	File *os.File
}

// A Result says what was written.
type Result struct {
	Type   string `json:"type"`             // media type
	Width  int    `json:"width,omitempty"`  // pixels of a frame; 0 if the answer is no image
	Height int    `json:"height,omitempty"` // likewise
	Frames int    `json:"frames,omitempty"` // likewise
	Bytes  int64  `json:"bytes"`
}

// Run runs a plan and writes what it answers to out, which is empty and may be
// read as well. Prepare must have been called.
//
// The error wraps fault.Invalid if an input or the plan makes no sense,
// fault.TooLarge over a limit, which is found before any pixel is decoded,
// fault.Unsupported for types that cannot be read here, and fault.Unavailable if
// out is full. A plan that is refused gives a *transform.Refusal.
func Run(ctx context.Context, r Request, out *os.File) (Result, error) {
	j := job{plan: r.Plan, limits: r.Limits, out: out}
	defer j.scope.Close()
	defer context.AfterFunc(ctx, j.scope.Kill)()
	result, err := j.run(r.Inputs)
	switch {
	case err == nil:
		return result, nil
	case ctx.Err() != nil:
		return Result{}, fmt.Errorf("image job: %w", ctx.Err())
	case fault.Of(err) == fault.Internal:
		err = fmt.Errorf("%w: %w", classify(err), err)
	}
	return Result{}, fmt.Errorf("image job: %w", err)
}

// classify returns the kind of an error of the library, which tells no more
// than a text. Most are about what is in an input.
func classify(err error) fault.Kind {
	var local *os.PathError
	text := err.Error()
	switch {
	case strings.Contains(text, "No space left on device"):
		return fault.Unavailable
	case strings.Contains(text, "File too large"):
		return fault.TooLarge
	case strings.Contains(text, "has not been built in"), strings.Contains(text, "Unsupported codec"):
		return fault.Unsupported // HEIF without a decoder for what is in it
	case errors.As(err, &local):
		return fault.Internal
	}
	return fault.Invalid
}

// A job is one plan on its way.
type job struct {
	scope  vips.Scope
	plan   transform.Plan
	limits cost.Limits
	inputs []*input
	out    *os.File

	canvas.Canvas // the image as the ops so far have left it
}

func (j *job) run(inputs []Input) (Result, error) {
	if j.plan.Output.Format == transform.Auto {
		return Result{}, fmt.Errorf("the format is still to be negotiated: %w", fault.Invalid)
	}
	headers := make([]cost.Header, len(inputs))
	for i, in := range inputs {
		opened, err := j.open(in)
		if err != nil {
			return Result{}, fmt.Errorf("image %d: %w", i+1, err)
		}
		j.inputs = append(j.inputs, opened)
		headers[i] = opened.header
	}
	if _, err := cost.Of(j.plan, j.limits, headers...); err != nil {
		return Result{}, err
	}
	j.plan = cost.Arranged(j.plan, headers...)
	switch {
	case j.unchanged():
		return j.original()
	case j.plan.Output.Vector && j.inputs[0].Type == "image/svg+xml":
		return j.framed()
	}
	if err := j.start(); err != nil {
		return Result{}, err
	}
	for i := 0; i < len(j.plan.Ops); i++ {
		if i == len(j.plan.Ops)-1 && isOneOf(j.plan.Answer, transform.Region, transform.Faces) {
			break // the op is asked, not done
		}
		done, err := j.apply(j.plan.Ops[i:])
		if err != nil {
			return Result{}, fmt.Errorf("step %d: %w", i+1, err)
		}
		i += done - 1
	}
	if j.plan.Answer != transform.Image {
		return j.answer()
	}
	return j.save()
}

// start makes input 0 the image to work on.
func (j *job) start() error {
	if len(j.plan.Ops) > 0 {
		if _, ok := j.plan.Ops[0].(transform.Animate); ok {
			return nil // loads them all
		}
	}
	width, height := cost.Target(j.plan, j.inputs[0].header)
	if j.plan.Answer == transform.Info && len(j.plan.Ops) == 0 && !j.inquiry().Faces {
		glance := transform.Resize{Width: glanceSide, Height: glanceSide, Fit: transform.Max}
		width, height = glance.Size(j.inputs[0].header.Width, j.inputs[0].header.Height)
	}
	return j.use(j.inputs[0], cost.Frames(j.plan, j.inputs[0].header), width, height)
}

// glanceSide is how large an image is decoded at least that is only looked at,
// in pixels.
const glanceSide = 256

// unchanged reports whether the plan asks for input 0 as it is.
func (j *job) unchanged() bool {
	out := j.plan.Output
	out.Quality = 0
	return len(j.plan.Ops) == 0 && j.plan.Answer == transform.Image && j.plan.Output.Quality == transform.InputQuality &&
		(j.plan.Page == 0 || j.inputs[0].header.Frames <= 1) && j.inputs[0].format == j.format(false, 1) &&
		out == (transform.Output{Format: out.Format, Metadata: true})
}

// original answers with input 0 as it is.
func (j *job) original() (Result, error) {
	in := j.inputs[0]
	if err := j.empty(); err != nil {
		return Result{}, err
	}
	n, err := io.Copy(j.out, io.NewSectionReader(in.File, 0, 1<<62))
	if err != nil {
		return Result{}, fmt.Errorf("copy the input: %w", err)
	}
	return Result{in.Type, in.header.Width, in.header.Height, in.header.Frames, n}, nil
}

// empty takes back what was written.
func (j *job) empty() error {
	if err := j.out.Truncate(0); err != nil {
		return err
	}
	_, err := j.out.Seek(0, io.SeekStart)
	return err
}

// isOneOf reports whether v is among values.
func isOneOf[T comparable](v T, values ...T) bool { return slices.Contains(values, v) }
