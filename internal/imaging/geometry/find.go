package geometry

import (
	"strings"

	"github.com/stowgate/stowgate/internal/imaging/canvas"
	"github.com/stowgate/stowgate/internal/imaging/face"
	"github.com/stowgate/stowgate/internal/imaging/subject"
	"github.com/stowgate/stowgate/internal/imaging/vips"
	"github.com/stowgate/stowgate/internal/transform"
)

// Faces returns the faces in each frame.
func Faces(c *canvas.Canvas) ([][]transform.Box, error) {
	if err := ready(c); err != nil {
		return nil, err
	}
	return face.In(c.Scope(), c.Image)
}

// find returns a box around a subject in the first frame, or nil if it is not
// there or none is asked for.
func find(c *canvas.Canvas, what transform.Subject) (*transform.Box, error) {
	switch what {
	case transform.Face:
		faces, err := Faces(c)
		if err != nil || len(faces[0]) == 0 {
			return nil, err
		}
		return &faces[0][0], nil
	case transform.Object:
		if err := ready(c); err != nil {
			return nil, err
		}
		box, found, err := subject.In(c.Scope(), c.Image)
		if err != nil || !found {
			return nil, err
		}
		return &box, nil
	}
	return nil, nil
}

// moved moves the part that a Cover keeps to what it looks for.
func moved(c *canvas.Canvas, keep transform.Box, op transform.Resize) (transform.Box, error) {
	search := string(op.Keep)
	if op.Faces && op.Fit == transform.Cover {
		search = "faces"
	}
	if search == "" || keep == (transform.Box{Width: c.Image.Width(), Height: c.Image.PageHeight()}) {
		return keep, nil
	}
	for word := range strings.SplitSeq(search, " ") {
		var to *transform.Box
		var err error
		switch word {
		case "faces":
			to, err = allFaces(c)
		case "objects":
			to, err = find(c, transform.Object)
		default:
			return attention(c, keep)
		}
		if err != nil {
			return keep, err
		}
		if to != nil {
			return centred(c, keep, *to), nil
		}
	}
	return keep, nil
}

// allFaces returns a box around all faces in the first frame, or nil.
func allFaces(c *canvas.Canvas) (*transform.Box, error) {
	faces, err := Faces(c)
	if err != nil || len(faces[0]) == 0 {
		return nil, err
	}
	around := face.Union(faces[0])
	return &around, nil
}

// centred moves a box so that its middle is that of another, as far as that
// keeps it in the image.
func centred(c *canvas.Canvas, keep, around transform.Box) transform.Box {
	move := func(middle, size, most int) int { return min(max(middle-size/2, 0), most-size) }
	keep.X = move(around.X+around.Width/2, keep.Width, c.Image.Width())
	keep.Y = move(around.Y+around.Height/2, keep.Height, c.Image.PageHeight())
	return keep
}

// attention moves a box to the part of the first frame that draws attention.
func attention(c *canvas.Canvas, keep transform.Box) (transform.Box, error) {
	if err := ready(c); err != nil {
		return keep, err
	}
	all := c.Image
	defer func() { c.Image = all }()
	if err := c.Extract(transform.Box{Width: all.Width(), Height: all.PageHeight()}); err != nil {
		return keep, err
	}
	if err := c.Call("smartcrop", vips.Args{"width": keep.Width, "height": keep.Height, "interesting": "attention"}); err != nil {
		return keep, err
	}
	left, _ := c.Image.Int("xoffset")
	top, _ := c.Image.Int("yoffset")
	keep.X, keep.Y = -left, -top
	return keep, nil
}

// smartCrop does a SmartCrop.
func smartCrop(c *canvas.Canvas, op transform.SmartCrop) error {
	if op.Fill == nil {
		_, keep, err := Interesting(c, op)
		if err != nil {
			return err
		}
		return c.Crop(keep)
	}
	r, _ := transform.Scaling(op)
	width, height, _ := r.Window(c.Size())
	if err := c.Scale(width, height, ""); err != nil {
		return err
	}
	if op.Width == 0 || op.Height == 0 {
		return nil // nothing is to be filled
	}
	return c.Embed(op.Width, op.Height, *op.Fill)
}

// Interesting scales the image for op, and returns by how much and the part to
// keep then.
func Interesting(c *canvas.Canvas, op transform.SmartCrop) (scale float64, keep transform.Box, err error) {
	r, _ := transform.Scaling(op)
	w, h := c.Size()
	width, height, keep := r.Window(w, h)
	scale = float64(width) / float64(w)
	if err := c.Scale(width, height, ""); err != nil {
		return 0, keep, err
	}
	if keep.Width == width && keep.Height == height {
		return scale, keep, nil
	}
	r.Keep = "points"
	if op.Faces {
		r.Keep = "faces points"
	}
	keep, err = moved(c, keep, r)
	return scale, keep, err
}
