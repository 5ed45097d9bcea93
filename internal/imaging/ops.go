package imaging

import (
	"fmt"

	"github.com/stowgate/stowgate/internal/imaging/canvas"
	"github.com/stowgate/stowgate/internal/imaging/compose"
	"github.com/stowgate/stowgate/internal/imaging/effect"
	"github.com/stowgate/stowgate/internal/imaging/geometry"
	"github.com/stowgate/stowgate/internal/imaging/vips"
	"github.com/stowgate/stowgate/internal/transform"
)

// apply does the first of ops, and returns how many of them that has done.
func (j *job) apply(ops []transform.Op) (done int, err error) {
	// What changes the size works on pixels of any kind, so that an image is
	// made smaller before its colours are converted.
	if done, err := geometry.Apply(&j.Canvas, ops[0]); done {
		return 1, err
	}
	switch op := ops[0].(type) {
	case transform.Orient:
		return geometry.Orient(&j.Canvas, op, ops[1:])

	// These bring their own images.
	case transform.Animate:
		return 1, j.animate(op)
	case transform.Collage:
		return 1, j.collage(op)
	}
	if err := j.Manage(); err != nil {
		return 1, err
	}
	if composed(ops[0]) || !effect.Streams(ops[0]) {
		if err := j.Compute(); err != nil {
			return 1, err
		}
	}
	switch {
	case composed(ops[0]):
		j.Image, err = j.compose(ops[0])
	default:
		j.Image, err = effect.Apply(&j.scope, j.Image, ops[0])
	}
	return 1, err
}

// composed reports whether op is one of package compose, which reads pixels
// more than once, or those of other images.
func composed(op transform.Op) bool {
	switch op.(type) {
	case transform.CropFaces, transform.MarkFaces, transform.Obscure, transform.RedEye, transform.Overlay,
		transform.BlurPart, transform.Draw, transform.Rect, transform.Text:
		return true
	}
	return false
}

func (j *job) compose(op transform.Op) (*vips.Image, error) {
	switch op := op.(type) {
	case transform.Overlay:
		over, err := j.other(op.Input, 0, 0, true)
		if err != nil {
			return nil, err
		}
		return compose.Overlay(&j.scope, j.Image, over, op)
	case transform.Draw:
		over, err := j.other(op.Input, 0, 0, true)
		if err != nil {
			return nil, err
		}
		return compose.Draw(&j.scope, j.Image, over, op)
	case transform.Rect:
		return compose.Rect(&j.scope, j.Image, op)
	case transform.Text:
		return compose.Text(&j.scope, j.Image, op)
	case transform.BlurPart:
		if !op.Faces {
			return compose.BlurPart(&j.scope, j.Image, nil, op)
		}
	case transform.Obscure:
		if len(op.Boxes) > 0 {
			return compose.Obscure(&j.scope, j.Image, nil, op)
		}
	}
	faces, err := geometry.Faces(&j.Canvas)
	if err != nil {
		return nil, err
	}
	switch op := op.(type) {
	case transform.CropFaces:
		return compose.CropFaces(&j.scope, j.Image, faces, op)
	case transform.MarkFaces:
		return compose.MarkFaces(&j.scope, j.Image, faces, op)
	case transform.Obscure:
		return compose.Obscure(&j.scope, j.Image, faces, op)
	case transform.BlurPart:
		return compose.BlurPart(&j.scope, j.Image, faces, op)
	default:
		return compose.RedEye(&j.scope, j.Image, faces)
	}
}

// other returns the first frame of an input, in sRGB or grey, and computed. It
// is decoded smaller if it still covers width by height then; 0 means that it
// is not.
func (j *job) other(number, width, height int, upright bool) (*vips.Image, error) {
	current := j.Canvas
	defer func() { j.Canvas = current }()
	in := j.inputs[number]
	if width > 0 {
		fit := transform.Resize{Width: width, Height: height, Fit: transform.Cover}
		width, height, _ = fit.Window(in.header.Width, in.header.Height)
	}
	if err := j.use(in, 1, width, height); err != nil {
		return nil, fmt.Errorf("image %d: %w", number+1, err)
	}
	if err := j.Manage(); err != nil {
		return nil, fmt.Errorf("image %d: %w", number+1, err)
	}
	if err := j.Compute(); err != nil {
		return nil, fmt.Errorf("image %d: %w", number+1, err)
	}
	if upright {
		if err := j.Upright(); err != nil {
			return nil, fmt.Errorf("image %d: %w", number+1, err)
		}
	}
	return j.Image, nil
}

func (j *job) animate(op transform.Animate) (err error) {
	images := make([]*vips.Image, op.Inputs)
	for i := range images {
		if images[i], err = j.other(i, 0, 0, true); err != nil {
			return err
		}
	}
	made, err := compose.Animate(&j.scope, images, op)
	j.Canvas = canvas.Made(&j.scope, made)
	return err
}

func (j *job) collage(op transform.Collage) (err error) {
	if err = j.Manage(); err != nil {
		return err
	}
	if err = j.Compute(); err != nil {
		return err
	}
	if op.Orient {
		if err = j.Upright(); err != nil {
			return err
		}
	}
	images := []*vips.Image{j.Image}
	for _, number := range op.Inputs {
		image, err := j.other(number, op.Width, op.Height, op.Orient)
		if err != nil {
			return err
		}
		images = append(images, image)
	}
	made, err := compose.Collage(&j.scope, images, op)
	j.Canvas = canvas.Made(&j.scope, made)
	return err
}
