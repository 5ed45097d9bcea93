package imaging

import (
	"github.com/stowgate/stowgate/internal/imaging/face"
	"github.com/stowgate/stowgate/internal/imaging/vips"
	"github.com/stowgate/stowgate/internal/transform"
)

// orient does an Orient and, since that is less work on a small image, a
// Resize that follows it. It returns how many of the two there were.
func (j *job) orient(op transform.Orient, next []transform.Op) (done int, err error) {
	if op.Ignore {
		if j.Image, err = j.Image.Copy(); err == nil {
			j.Image.Set(vips.OrientationField, 1)
		}
		return 1, err
	}
	if len(next) > 0 {
		if r, ok := next[0].(transform.Resize); ok {
			return 2, j.resize(r, true)
		}
	}
	return 1, j.Upright()
}

// resize does a Resize, of the image as it is or as it will be upright.
func (j *job) resize(op transform.Resize, upright bool) error {
	w, h := j.Size()
	turned := upright && j.Image.Orientation() >= 5
	if turned {
		w, h = h, w
	}
	width, height, keep := op.Window(w, h)
	if turned {
		width, height = height, width
	}
	if err := j.Scale(width, height, op.Kernel); err != nil {
		return err
	}
	if upright {
		if err := j.Upright(); err != nil {
			return err
		}
	}
	if op.Fit == transform.Cover && op.Faces {
		var err error
		if keep, err = j.aroundFaces(keep); err != nil {
			return err
		}
	}
	return j.Crop(keep)
}

// aroundFaces moves a box so that its middle is that of the faces, as far as
// that keeps it in the image.
func (j *job) aroundFaces(keep transform.Box) (transform.Box, error) {
	faces, err := j.faces()
	if err != nil || len(faces[0]) == 0 {
		return keep, err
	}
	around := face.Union(faces[0])
	move := func(middle, size, most int) int { return min(max(middle-size/2, 0), most-size) }
	keep.X = move(around.X+around.Width/2, keep.Width, j.Image.Width())
	keep.Y = move(around.Y+around.Height/2, keep.Height, j.Image.PageHeight())
	return keep, nil
}

// faces returns the faces in each frame.
func (j *job) faces() ([][]transform.Box, error) {
	if err := j.Manage(); err != nil {
		return nil, err
	}
	if err := j.Compute(); err != nil {
		return nil, err
	}
	return face.In(&j.scope, j.Image)
}

// smartCrop does a SmartCrop.
func (j *job) smartCrop(op transform.SmartCrop) error {
	if op.Fill == nil {
		_, keep, err := j.interesting(op)
		if err != nil {
			return err
		}
		return j.Crop(keep)
	}
	r, _ := transform.Scaling(op)
	width, height, _ := r.Window(j.Size())
	if err := j.Scale(width, height, ""); err != nil {
		return err
	}
	if op.Width == 0 || op.Height == 0 {
		return nil // nothing is to be filled
	}
	return j.Embed(op.Width, op.Height, *op.Fill)
}

// interesting scales the image for op, and returns by how much and the part to
// keep then.
func (j *job) interesting(op transform.SmartCrop) (scale float64, keep transform.Box, err error) {
	r, _ := transform.Scaling(op)
	w, h := j.Size()
	width, height, keep := r.Window(w, h)
	scale = float64(width) / float64(w)
	if err := j.Scale(width, height, ""); err != nil {
		return 0, keep, err
	}
	if keep.Width == width && keep.Height == height {
		return scale, keep, nil
	}
	if op.Faces {
		faces, err := j.faces()
		if err != nil {
			return 0, keep, err
		}
		if len(faces[0]) > 0 {
			keep, err = j.aroundFaces(keep)
			return scale, keep, err
		}
	}
	if err := j.Manage(); err != nil {
		return 0, keep, err
	}
	if err := j.Compute(); err != nil {
		return 0, keep, err
	}
	all := j.Image
	defer func() { j.Image = all }()
	if err := j.Extract(transform.Box{Width: width, Height: height}); err != nil { // the first frame
		return 0, keep, err
	}
	if err := j.Call("smartcrop", vips.Args{"width": keep.Width, "height": keep.Height, "interesting": "attention"}); err != nil {
		return 0, keep, err
	}
	left, _ := j.Image.Int("xoffset")
	top, _ := j.Image.Int("yoffset")
	keep.X, keep.Y = -left, -top
	return scale, keep, nil
}
