package compose

import (
	"slices"

	"github.com/stowgate/stowgate/internal/imaging/chain"
	"github.com/stowgate/stowgate/internal/imaging/face"
	"github.com/stowgate/stowgate/internal/imaging/vips"
	"github.com/stowgate/stowgate/internal/transform"
)

// CropFaces cuts out faces, which face.In found in im: the same part of each
// frame, around the faces of the first frame that has any.
func CropFaces(s *vips.Scope, im *vips.Image, faces [][]transform.Box, op transform.CropFaces) (*vips.Image, error) {
	part, width, height := face.Crop(op, face.First(faces), im.Width(), im.PageHeight())
	if part == (transform.Box{Width: width, Height: height}) && width == im.Width() && height == im.PageHeight() {
		return im, nil
	}
	c := steps{chain.New(s, im)}
	out := c.Frames(im, func(_ int, frame *vips.Image) *vips.Image {
		return c.scale(c.Crop(frame, part), width, height)
	})
	return out, c.Err()
}

// MarkFaces draws a numbered box around each of the faces, which face.In found
// in im. Without a face im is unchanged.
func MarkFaces(s *vips.Scope, im *vips.Image, faces [][]transform.Box, op transform.MarkFaces) (*vips.Image, error) {
	c := steps{chain.New(s, im)}
	marked := make([][]transform.Box, im.Pages())
	some := false
	for i := range min(len(faces), len(marked)) {
		marked[i] = face.Sized(faces[i], op.Sizes)
		some = some || len(marked[i]) > 0
	}
	if !some {
		return im, nil
	}
	if op.Color.R != op.Color.G || op.Color.G != op.Color.B {
		im = c.RGB(im)
	}
	out := c.Frames(im, func(i int, frame *vips.Image) *vips.Image {
		if len(marked[i]) == 0 {
			return frame
		}
		return c.mark(frame, marked[i], op.Color)
	})
	return out, c.Err()
}

// mark draws numbered boxes. The number is above the box or, without room
// there, in its corner.
func (c steps) mark(im *vips.Image, boxes []transform.Box, colour transform.Color) *vips.Image {
	labels, dots := make([]transform.Box, len(boxes)), make([]int, len(boxes))
	for i, b := range boxes {
		dot := min(max(b.Height/8/labelHeight, 2), 20)
		labels[i] = transform.Box{X: b.X, Y: b.Y - labelHeight*dot, Width: labelWidth(i+1) * dot, Height: labelHeight * dot}
		labels[i].Y = max(labels[i].Y, 0)
		dots[i] = dot
	}
	area := face.Union(slices.Concat(boxes, labels))
	lines, digits := newMask(im.Width(), im.Height(), area), newMask(im.Width(), im.Height(), area)
	for i, b := range boxes {
		t := min(max(b.Width/50, 2), 12)
		for _, side := range []transform.Box{
			{X: b.X, Y: b.Y, Width: b.Width, Height: t}, {X: b.X, Y: b.Y + b.Height - t, Width: b.Width, Height: t},
			{X: b.X, Y: b.Y, Width: t, Height: b.Height}, {X: b.X + b.Width - t, Y: b.Y, Width: t, Height: b.Height},
			labels[i],
		} {
			lines.fill(side, colour.A)
		}
		digits.fill(labels[i], 0) // the later of two that overlap is on top
		digits.number(i+1, labels[i].X+dots[i], labels[i].Y+dots[i], dots[i])
	}
	ink := transform.White
	if 299*int(colour.R)+587*int(colour.G)+114*int(colour.B) > 128_000 {
		ink = transform.Black
	}
	return c.paint(c.paint(im, lines, colour), digits, ink)
}

// paint fills an area of im with a colour, as far as the mask says.
func (c steps) paint(im *vips.Image, m *mask, v transform.Color) *vips.Image {
	v.A = 255 // the mask has the opacity
	flat := c.Constant(im, m.Width, m.Height, v)
	return c.insert(im, c.Blend(c.mask(m), flat, c.Crop(im, m.Box)), m.X, m.Y)
}

// mask returns m as an image.
func (c steps) mask(m *mask) *vips.Image { return c.Memory(m.pixels, m.Width, m.Height, 1) }
