package imaging

import (
	"encoding/json"
	"fmt"
	"math"

	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/imaging/compose"
	"github.com/stowgate/stowgate/internal/imaging/face"
	"github.com/stowgate/stowgate/internal/imaging/geometry"
	"github.com/stowgate/stowgate/internal/imaging/survey"
	"github.com/stowgate/stowgate/internal/transform"
)

// answer writes what is asked about the image.
func (j *job) answer() (Result, error) {
	mediaType := "application/json"
	var text []byte
	value, err := any(nil), error(nil)
	switch j.plan.Answer {
	case transform.Size:
		width, height := j.Size()
		value = struct {
			Height int `json:"height"`
			Width  int `json:"width"`
		}{height, width}
	case transform.Faces:
		value, err = j.found()
	case transform.Region:
		value, err = j.region()
	case transform.Info:
		value, err = j.info()
	case transform.ASCII:
		mediaType = "text/html"
		text, err = j.letters()
	default:
		err = fmt.Errorf("answer %q: %w", j.plan.Answer, fault.Unsupported)
	}
	if err == nil && text == nil {
		text, err = json.Marshal(value)
	}
	if err != nil {
		return Result{}, err
	}
	if _, err := j.out.Write(text); err != nil {
		return Result{}, fmt.Errorf("write the answer: %w", err)
	}
	return Result{Type: mediaType, Bytes: int64(len(text))}, nil
}

// inquiry returns what the answer Info is to say.
func (j *job) inquiry() transform.Inquiry {
	if q := j.plan.Output.Info; q != nil {
		return *q
	}
	return transform.Inquiry{}
}

// info returns what input 0 is, and what is asked about the image.
func (j *job) info() (r transform.Report, err error) {
	in, q := j.inputs[0], j.inquiry()
	header := in.image
	if header == nil {
		if header, err = j.load(in, nil); err != nil {
			return r, err
		}
	}
	r.Picture = survey.Picture(survey.Source{
		Type: in.Type, File: in.File, Image: header,
		Width: in.header.Width, Height: in.header.Height, Frames: in.header.Frames})
	r.Result.Width, r.Result.Height = j.Size()
	if q == (transform.Inquiry{}) {
		return r, nil
	}
	faces, err := [][]transform.Box{nil}, error(nil)
	if q.Faces {
		faces, err = geometry.Faces(&j.Canvas)
	} else if err = j.Manage(); err == nil {
		err = j.Compute()
	}
	if err != nil {
		return r, err
	}
	r.Faces = faces[0]
	return r, survey.Ask(&j.scope, j.Image, q, &r)
}

// found returns the faces that the last op would mark.
func (j *job) found() ([]transform.Box, error) {
	faces, err := geometry.Faces(&j.Canvas)
	if err != nil {
		return nil, err
	}
	boxes := faces[0]
	if op, ok := j.last().(transform.MarkFaces); ok {
		boxes = face.Sized(boxes, op.Sizes)
	}
	if boxes == nil {
		boxes = []transform.Box{} // prints as [], not as null
	}
	return boxes, nil
}

// region returns what the last op would keep, in pixels of the image before it.
func (j *job) region() (transform.Box, error) {
	op, ok := j.last().(transform.SmartCrop)
	if !ok {
		return transform.Box{}, fmt.Errorf("no region is asked for: %w", fault.Invalid)
	}
	w, h := j.Size()
	if op.Fill != nil {
		return transform.Box{Width: w, Height: h}, nil // all of it
	}
	scale, keep, err := geometry.Interesting(&j.Canvas, op)
	if err != nil {
		return transform.Box{}, err
	}
	round := func(v int) int { return int(math.Round(float64(v) / scale)) }
	keep = transform.Box{X: round(keep.X), Y: round(keep.Y), Width: max(1, round(keep.Width)), Height: max(1, round(keep.Height))}
	keep, _ = keep.Clamp(w, h) // it lies inside but for rounding
	return keep, nil
}

func (j *job) letters() ([]byte, error) {
	if err := j.Manage(); err != nil {
		return nil, err
	}
	if err := j.Compute(); err != nil {
		return nil, err
	}
	return compose.ASCII(&j.scope, j.Image, *j.plan.Output.ASCII)
}

// last returns the last op, or nil.
func (j *job) last() transform.Op {
	if len(j.plan.Ops) == 0 {
		return nil
	}
	return j.plan.Ops[len(j.plan.Ops)-1]
}
