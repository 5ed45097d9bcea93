// Package geometry does the operations that bring an image to a size or cut a
// part out of it. Which part that is follows from package transform, or from
// what is found in the image.
package geometry

import (
	"fmt"

	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/imaging/canvas"
	"github.com/stowgate/stowgate/internal/imaging/chain"
	"github.com/stowgate/stowgate/internal/imaging/vips"
	"github.com/stowgate/stowgate/internal/transform"
	"github.com/stowgate/stowgate/internal/transform/place"
)

// Apply does op if it is one of this package.
func Apply(c *canvas.Canvas, op transform.Op) (done bool, err error) {
	switch op := op.(type) {
	case transform.Resize:
		return true, Resize(c, op, false)
	case transform.Crop:
		part, ok := op.Clamp(c.Image.Width(), c.Image.PageHeight())
		if !ok {
			return true, fmt.Errorf("nothing of the image is in the box: %w", fault.Invalid)
		}
		return true, c.Crop(part)
	case transform.SmartCrop:
		return true, smartCrop(c, op)
	case transform.Extract:
		return true, extract(c, op)
	case transform.Reframe:
		return true, reframe(c, op)
	case transform.Trim:
		return true, trim(c, op)
	case transform.Zoom:
		return true, zoom(c, op)
	}
	return false, nil
}

// Orient does an Orient and, since that is less work on a small image, a
// Resize that follows it. It returns how many of the two there were.
func Orient(c *canvas.Canvas, op transform.Orient, next []transform.Op) (done int, err error) {
	if op.Ignore {
		if c.Image, err = c.Image.Copy(); err == nil {
			c.Image.Set(vips.OrientationField, 1)
		}
		return 1, err
	}
	if len(next) > 0 {
		if r, ok := next[0].(transform.Resize); ok {
			return 2, Resize(c, r, true)
		}
	}
	return 1, c.Upright()
}

// Resize does a Resize, of the image as it is or as it will be upright.
func Resize(c *canvas.Canvas, op transform.Resize, upright bool) error {
	w, h := c.Size()
	turned := upright && c.Image.Orientation() >= 5
	if turned {
		w, h = h, w
	}
	width, height, keep := op.Window(w, h)
	if turned {
		width, height = height, width
	}
	if err := c.Scale(width, height, op.Kernel); err != nil {
		return err
	}
	if upright {
		if err := c.Upright(); err != nil {
			return err
		}
	}
	keep, err := moved(c, keep, op)
	if err != nil {
		return err
	}
	if err := c.Crop(keep); err != nil || op.Small != transform.Pad {
		return err
	}
	full := transform.Box{}
	full.Width, full.Height = op.Size(w, h)
	full.X, full.Y = (keep.Width-full.Width)/2, (keep.Height-full.Height)/2
	return cut(c, full, op.Fill)
}

// extract does an Extract.
func extract(c *canvas.Canvas, op transform.Extract) error {
	subject, err := find(c, op.Around)
	if err != nil {
		return err
	}
	return cut(c, place.Part(op, c.Image.Width(), c.Image.PageHeight(), subject), op.Fill)
}

// cut keeps a part of each frame that may reach beyond it. There goes a colour.
func cut(c *canvas.Canvas, part transform.Box, fill *transform.Color) error {
	inside, some := part.Clamp(c.Image.Width(), c.Image.PageHeight())
	if inside == part {
		return c.Crop(part)
	}
	if err := c.Manage(); err != nil {
		return err
	}
	colour := transform.Color{}
	if fill != nil {
		colour = *fill
	}
	steps := chain.New(c.Scope(), c.Image)
	c.Image = steps.Frames(steps.Coloured(c.Image, colour), func(_ int, frame *vips.Image) *vips.Image {
		if !some {
			return steps.Constant(frame, part.Width, part.Height, colour)
		}
		return steps.Place(steps.Crop(frame, inside), inside.X-part.X, inside.Y-part.Y, part.Width, part.Height, chain.Pixel(frame, colour))
	})
	return steps.Err()
}

// reframe does a Reframe: on each side that is left, it continues the image
// with the mean colour of its edge there.
func reframe(c *canvas.Canvas, op transform.Reframe) error {
	fit, _ := transform.Scaling(op)
	width, height, _ := fit.Window(c.Size())
	if err := c.Scale(width, height, ""); err != nil || width == op.Width && height == op.Height {
		return err
	}
	if err := ready(c); err != nil {
		return err
	}
	x, y := (op.Width-width)/2, (op.Height-height)/2
	steps := chain.New(c.Scope(), c.Image)
	c.Image = steps.Frames(c.Image, func(_ int, frame *vips.Image) *vips.Image {
		first := mean(steps, frame, transform.Box{Width: thickness(x, width), Height: thickness(y, height)})
		last := mean(steps, frame, transform.Box{X: width - thickness(x, width), Y: height - thickness(y, height), Width: thickness(x, width), Height: thickness(y, height)})
		frame = steps.Place(frame, x, y, x+width, y+height, first)
		return steps.Place(frame, 0, 0, op.Width, op.Height, last)
	})
	return steps.Err()
}

// thickness returns how many pixels of a side of the image make its edge: one
// if something is to be left free beside it, else all.
func thickness(free, side int) int {
	if free > 0 {
		return 1
	}
	return side
}

// mean returns the mean of a part of im, which was computed.
func mean(steps *chain.Chain, im *vips.Image, part transform.Box) []float64 {
	dot := steps.Premultiplied(steps.Crop(im, part), func(flat *vips.Image) *vips.Image {
		return steps.Call("shrink", flat, vips.Args{"hshrink": float64(part.Width), "vshrink": float64(part.Height)})
	})
	var values []float64
	for _, v := range steps.Pixels(dot) {
		values = append(values, float64(v))
	}
	return values
}

// ready makes the image one that can be looked at.
func ready(c *canvas.Canvas) error {
	if err := c.Manage(); err != nil {
		return err
	}
	return c.Compute()
}

// trim does a Trim, of each frame as of the first.
func trim(c *canvas.Canvas, op transform.Trim) error {
	if err := ready(c); err != nil {
		return err
	}
	width, height := c.Image.Width(), c.Image.PageHeight()
	steps := chain.New(c.Scope(), c.Image)
	first := steps.Crop(c.Image, transform.Box{Width: width, Height: height})
	corner := mean(steps, first, transform.Box{Width: 1, Height: 1})
	if first.HasAlpha() && len(corner) > 0 {
		corner = corner[:len(corner)-1]
	}
	var box transform.Box
	steps.Call("find_trim", first, vips.Args{
		"threshold": 2.55 * float64(op.Tolerance), "background": corner, "line_art?": true,
		"left": &box.X, "top": &box.Y, "width": &box.Width, "height": &box.Height})
	if steps.Err() != nil || box.Width == 0 || box.Height == 0 {
		return steps.Err()
	}
	return c.Crop(place.Trimmed(op, width, height, box))
}

// zoom does a Zoom. Without anything that stands out the image stays.
func zoom(c *canvas.Canvas, op transform.Zoom) error {
	subject, err := find(c, transform.Object)
	if err != nil || subject == nil {
		return err
	}
	width, height := c.Image.Width(), c.Image.PageHeight()
	part := place.Zoomed(op, width, height, *subject)
	if part == (transform.Box{Width: width, Height: height}) {
		return nil
	}
	steps := chain.New(c.Scope(), c.Image)
	edge := mean(steps, c.Image, transform.Box{Width: width, Height: 1})
	if steps.Err() != nil {
		return steps.Err()
	}
	colour := colourOf(edge)
	if err := cut(c, part, &colour); err != nil {
		return err
	}
	return c.Scale(width, height, "")
}

// colourOf returns the colour of a pixel of 1 to 4 bands.
func colourOf(p []float64) transform.Color {
	v := transform.Color{A: 255}
	if len(p) == 2 || len(p) == 4 {
		v.A = byte(p[len(p)-1])
	}
	if len(p) < 3 {
		p = []float64{p[0], p[0], p[0]}
	}
	v.R, v.G, v.B = byte(p[0]), byte(p[1]), byte(p[2])
	return v
}
