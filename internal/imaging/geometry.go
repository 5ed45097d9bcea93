package imaging

import (
	"github.com/stowgate/stowgate/internal/imaging/face"
	"github.com/stowgate/stowgate/internal/imaging/vips"
	"github.com/stowgate/stowgate/internal/transform"
)

// compute makes the pixels so far, so that they can be read in any order and
// more than once.
func (j *job) compute() (err error) {
	if j.once {
		j.image, err = j.image.Compute()
		j.once = false
	}
	return err
}

// call runs an operation on the image, which becomes its result.
func (j *job) call(operation string, args vips.Args) (err error) {
	in := "in"
	if isOneOf(operation, "extract_area", "smartcrop") {
		in = "input"
	}
	args[in] = j.image
	j.image, err = j.scope.Call(operation, args)
	return err
}

// eachFrame gives the frames of the image to f one by one, which returns
// frames of one size.
func (j *job) eachFrame(f func() error) error {
	all, height := j.image, j.image.PageHeight()
	if all.Pages() == 1 {
		return f()
	}
	made := make([]*vips.Image, all.Pages())
	for i := range made {
		j.image = all
		if err := j.extract(transform.Box{Y: i * height, Width: all.Width(), Height: height}); err != nil {
			return err
		}
		if err := f(); err != nil {
			return err
		}
		made[i] = j.image
	}
	joined, err := j.scope.Call("arrayjoin", vips.Args{"in": made, "across": 1})
	if err != nil {
		return err
	}
	joined.Set(vips.PageHeightField, made[0].Height())
	j.image = joined
	return nil
}

// extract keeps a part of the image, which is not looked at as frames.
func (j *job) extract(b transform.Box) error {
	if b == (transform.Box{Width: j.image.Width(), Height: j.image.Height()}) {
		return nil
	}
	err := j.call("extract_area", vips.Args{"left": b.X, "top": b.Y, "width": b.Width, "height": b.Height})
	if err == nil {
		j.image.Remove(vips.PageHeightField)
	}
	return err
}

// crop keeps a part of each frame.
func (j *job) crop(b transform.Box) error {
	if b == (transform.Box{Width: j.image.Width(), Height: j.image.PageHeight()}) {
		return nil
	}
	return j.eachFrame(func() error { return j.extract(b) })
}

// size returns the size of a frame in pixels, also if it was decoded smaller.
func (j *job) size() (width, height int) {
	if j.full != (transform.Box{}) {
		return j.full.Width, j.full.Height
	}
	return j.image.Width(), j.image.PageHeight()
}

// scale brings each frame to a size in pixels.
func (j *job) scale(width, height int, kernel string) error {
	j.full = transform.Box{}
	if width == j.image.Width() && height == j.image.PageHeight() {
		return nil
	}
	if kernel == "" {
		kernel = "lanczos3"
	}
	return j.eachFrame(func() error {
		format, alpha := j.image.Format(), j.image.HasAlpha()
		// What is transparent must not bleed into what is not.
		if alpha {
			if err := j.call("premultiply", vips.Args{}); err != nil {
				return err
			}
			if err := j.call("cast", vips.Args{"format": format}); err != nil {
				return err
			}
		}
		if err := j.call("resize", vips.Args{"kernel": kernel,
			"scale": float64(width) / float64(j.image.Width()), "vscale": float64(height) / float64(j.image.Height())}); err != nil {
			return err
		}
		if alpha {
			if err := j.call("unpremultiply", vips.Args{}); err != nil {
				return err
			}
			return j.call("cast", vips.Args{"format": format})
		}
		return nil
	})
}

// upright obeys the camera's note of which side is up.
func (j *job) upright() error {
	if j.image.Orientation() == 1 {
		return nil
	}
	if err := j.compute(); err != nil {
		return err
	}
	return j.call("autorot", vips.Args{})
}

// orient does an Orient and, since that is less work on a small image, a
// Resize that follows it. It returns how many of the two there were.
func (j *job) orient(op transform.Orient, next []transform.Op) (done int, err error) {
	if op.Ignore {
		if j.image, err = j.image.Copy(); err == nil {
			j.image.Set(vips.OrientationField, 1)
		}
		return 1, err
	}
	if len(next) > 0 {
		if r, ok := next[0].(transform.Resize); ok {
			return 2, j.resize(r, true)
		}
	}
	return 1, j.upright()
}

// resize does a Resize, of the image as it is or as it will be upright.
func (j *job) resize(op transform.Resize, upright bool) error {
	w, h := j.size()
	turned := upright && j.image.Orientation() >= 5
	if turned {
		w, h = h, w
	}
	width, height, keep := op.Window(w, h)
	if turned {
		width, height = height, width
	}
	if err := j.scale(width, height, op.Kernel); err != nil {
		return err
	}
	if upright {
		if err := j.upright(); err != nil {
			return err
		}
	}
	if op.Fit == transform.Cover && op.Faces {
		var err error
		if keep, err = j.aroundFaces(keep); err != nil {
			return err
		}
	}
	return j.crop(keep)
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
	keep.X = move(around.X+around.Width/2, keep.Width, j.image.Width())
	keep.Y = move(around.Y+around.Height/2, keep.Height, j.image.PageHeight())
	return keep, nil
}

// faces returns the faces in each frame.
func (j *job) faces() ([][]transform.Box, error) {
	if err := j.manage(); err != nil {
		return nil, err
	}
	if err := j.compute(); err != nil {
		return nil, err
	}
	return face.In(&j.scope, j.image)
}

// smartCrop does a SmartCrop.
func (j *job) smartCrop(op transform.SmartCrop) error {
	if op.Fill == nil {
		_, keep, err := j.interesting(op)
		if err != nil {
			return err
		}
		return j.crop(keep)
	}
	r, _ := scaling(op)
	width, height, _ := r.Window(j.size())
	if err := j.scale(width, height, ""); err != nil {
		return err
	}
	if op.Width == 0 || op.Height == 0 {
		return nil // nothing is to be filled
	}
	if err := j.manage(); err != nil {
		return err
	}
	if err := j.inColour(*op.Fill); err != nil {
		return err
	}
	return j.eachFrame(func() error {
		return j.call("embed", vips.Args{"x": (op.Width - width) / 2, "y": (op.Height - height) / 2,
			"width": op.Width, "height": op.Height, "extend": "background", "background": j.pixel(*op.Fill)})
	})
}

// interesting scales the image for op, and returns by how much and the part to
// keep then.
func (j *job) interesting(op transform.SmartCrop) (scale float64, keep transform.Box, err error) {
	r, _ := scaling(op)
	w, h := j.size()
	width, height, keep := r.Window(w, h)
	scale = float64(width) / float64(w)
	if err := j.scale(width, height, ""); err != nil {
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
	if err := j.manage(); err != nil {
		return 0, keep, err
	}
	if err := j.compute(); err != nil {
		return 0, keep, err
	}
	all := j.image
	defer func() { j.image = all }()
	if err := j.extract(transform.Box{Width: width, Height: height}); err != nil { // the first frame
		return 0, keep, err
	}
	if err := j.call("smartcrop", vips.Args{"width": keep.Width, "height": keep.Height, "interesting": "attention"}); err != nil {
		return 0, keep, err
	}
	left, _ := j.image.Int("xoffset")
	top, _ := j.image.Int("yoffset")
	keep.X, keep.Y = -left, -top
	return scale, keep, nil
}

// inColour gives the image the bands that a colour needs.
func (j *job) inColour(c transform.Color) error {
	if (c.R != c.G || c.G != c.B) && j.image.Bands() <= 2 {
		if err := j.call("colourspace", vips.Args{"space": "srgb"}); err != nil {
			return err
		}
	}
	if c.A < 255 && !j.image.HasAlpha() {
		return j.call("bandjoin_const", vips.Args{"c": []float64{255}})
	}
	return nil
}

// pixel returns a colour as the bands of the image, which is inColour.
func (j *job) pixel(c transform.Color) []float64 {
	p := []float64{float64(c.R), float64(c.G), float64(c.B)}
	if j.image.Bands() <= 2 {
		p = p[:1]
	}
	if j.image.HasAlpha() {
		p = append(p, float64(c.A))
	}
	return p
}
