package compose

import (
	"github.com/stowgate/stowgate/internal/imaging/chain"
	"github.com/stowgate/stowgate/internal/imaging/face"
	"github.com/stowgate/stowgate/internal/imaging/vips"
	"github.com/stowgate/stowgate/internal/transform"
	"github.com/stowgate/stowgate/internal/transform/place"
)

// faceRoom is how much more than a face is blurred, in percent of its side.
const faceRoom = 10

// BlurPart blurs a box or, if op says so, the faces, which face.In found in im.
// Everything else is unchanged.
func BlurPart(s *vips.Scope, im *vips.Image, faces [][]transform.Box, op transform.BlurPart) (*vips.Image, error) {
	width, height := im.Width(), im.PageHeight()
	if op.Strength == 0 {
		return im, nil
	}
	c := steps{chain.New(s, im)}
	out := c.Frames(im, func(i int, frame *vips.Image) *vips.Image {
		areas := []transform.Box{place.Area(op.Width, op.Height, op.At, width, height)}
		if op.Faces {
			areas = nil
			if i < len(faces) {
				areas = face.Grow(faces[i], faceRoom, width, height)
			}
		}
		if areas = face.Grow(areas, 0, width, height); len(areas) == 0 {
			return frame
		}
		m := newMask(width, height, face.Union(areas))
		for _, b := range areas {
			m.shade(b, op.Faces, 1)
		}
		clear := c.Crop(frame, m.Box)
		vague := c.Premultiplied(clear, func(im *vips.Image) *vips.Image {
			return c.blur(im, min(float64(op.Strength), float64(max(m.Width, m.Height))))
		})
		return c.insert(frame, c.Blend(c.mask(m), vague, clear), m.X, m.Y)
	})
	return out, c.Err()
}

// Draw draws over, scaled into a box, on each frame of im. What sticks out is
// cut off.
func Draw(s *vips.Scope, im, over *vips.Image, op transform.Draw) (*vips.Image, error) {
	c := steps{chain.New(s, im)}
	over = c.WithAlpha(c.RGB(c.still(over)))
	at := place.Drawn(op, over.Width(), over.Height(), im.Width(), im.PageHeight())
	over = c.scale(over, at.Width, at.Height)
	if op.Opacity < 100 {
		part := float64(op.Opacity) / 100
		over = c.Bytes(c.Call("linear", over, vips.Args{"a": []float64{1, 1, 1, part}, "b": []float64{0, 0, 0, 0}}))
		over = c.Call("copy", over, vips.Args{"interpretation": "srgb"})
	}
	return c.over(c.RGB(im), over, at)
}

// over draws an image with opacity at a place on each frame of im, which has
// the same colour bands. What sticks out is cut off.
func (c steps) over(im, over *vips.Image, at transform.Box) (*vips.Image, error) {
	seen, ok := at.Clamp(im.Width(), im.PageHeight())
	if !ok {
		return c.Start(), c.Err()
	}
	over = c.Crop(over, transform.Box{X: seen.X - at.X, Y: seen.Y - at.Y, Width: seen.Width, Height: seen.Height})
	opaque := !im.HasAlpha()
	out := c.Frames(im, func(_ int, frame *vips.Image) *vips.Image {
		part := c.Over(c.WithAlpha(c.Crop(frame, seen)), over)
		if opaque {
			part = c.Bands(part, 0, part.Bands()-1)
		}
		return c.insert(frame, part, seen.X, seen.Y)
	})
	return out, c.Err()
}

// Rect draws a box of one colour.
func Rect(s *vips.Scope, im *vips.Image, op transform.Rect) (*vips.Image, error) {
	c := steps{chain.New(s, im)}
	at, ok := place.Area(op.Width, op.Height, op.At, im.Width(), im.PageHeight()).Clamp(im.Width(), im.PageHeight())
	if !ok || op.Color.A == 0 {
		return im, nil
	}
	coloured := im
	if op.Color.R != op.Color.G || op.Color.G != op.Color.B {
		coloured = c.RGB(im)
	}
	return c.over(coloured, c.Constant(c.WithAlpha(coloured), at.Width, at.Height, op.Color), at)
}
