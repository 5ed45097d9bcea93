// Package place says which part of an image an op keeps or changes, and where it
// puts what it adds: all that can be said without looking at a pixel.
package place

import (
	"github.com/stowgate/stowgate/internal/transform"
)

// Part returns what o cuts out of an image of w by h pixels, in its pixels. It
// may reach beyond the image. The subject that o is about is nil if it was not
// found.
func Part(o transform.Extract, w, h int, subject *transform.Box) transform.Box {
	of := transform.Box{Width: w, Height: h}
	around := o.Around != transform.WholeImage && subject != nil
	if around {
		of = *subject
	}
	part := of
	switch {
	case o.Ratio != transform.Ratio{}:
		part.Width, part.Height = fit(o.Ratio, of.Width, of.Height, around)
		if part.Width > w || part.Height > h {
			part.Width, part.Height = fit(o.Ratio, w, h, false)
		}
	case o.Width != transform.Length{}:
		part.Width, part.Height = o.Width.Side(of.Width), o.Height.Side(of.Height)
	}
	if !around {
		part.X, part.Y = o.At.In(w-part.Width, h-part.Height)
		return part
	}
	x, y := o.At.In(part.Width-of.Width, part.Height-of.Height)
	part.X = inside(of.X-x, w-part.Width)
	part.Y = inside(of.Y-y, h-part.Height)
	return part
}

// inside brings a place between 0 and the room that there is, which is less
// than 0 for what is larger than the image.
func inside(v, room int) int { return min(max(v, min(room, 0)), max(room, 0)) }

// fit returns the largest size of the ratio r inside w by h pixels or, with
// around, the smallest that they fit into.
func fit(r transform.Ratio, w, h int, around bool) (width, height int) {
	if wider := w*r.Down > h*r.Across; wider == around {
		return w, max(1, (2*w*r.Down+r.Across)/(2*r.Across))
	}
	return max(1, (2*h*r.Across+r.Down)/(2*r.Down)), h
}

// Area returns a box by its size and place in an image of w by h pixels.
func Area(width, height transform.Length, at transform.Spot, w, h int) transform.Box {
	b := transform.Box{Width: width.Side(w), Height: height.Side(h)}
	b.X, b.Y = at.In(w-b.Width, h-b.Height)
	return b
}

// Drawn returns where o draws an input of overWidth by overHeight pixels in an
// image of w by h pixels, and how large.
func Drawn(o transform.Draw, overWidth, overHeight, w, h int) transform.Box {
	room := transform.Resize{Width: o.Width.Side(w), Height: o.Height.Side(h)}
	var b transform.Box
	b.Width, b.Height = room.Size(overWidth, overHeight)
	b.X, b.Y = o.At.In(w-b.Width, h-b.Height)
	return b
}

// Trimmed returns what o leaves of an image of w by h pixels, of which all is
// border but a box.
func Trimmed(o transform.Trim, w, h int, box transform.Box) transform.Box {
	x, y := o.Padding.Of(box.Width), o.Padding.Of(box.Height)
	box, _ = transform.Box{X: box.X - x, Y: box.Y - y, Width: box.Width + 2*x, Height: box.Height + 2*y}.Clamp(w, h)
	return box
}

// Zoomed returns the part of an image of w by h pixels that o enlarges to their
// size. It may reach beyond the image.
func Zoomed(o transform.Zoom, w, h int, subject transform.Box) transform.Box {
	// What is to take so many percent is the subject, of the part.
	width, height := 100*subject.Width/o.Percent, 100*subject.Height/o.Percent
	part := transform.Box{Width: w, Height: h}
	if width >= w || height >= h {
		return part
	}
	part.Width, part.Height = fit(transform.Ratio{Across: w, Down: h}, max(1, width), max(1, height), true)
	part.X = subject.X + (subject.Width-part.Width)/2
	part.Y = subject.Y + (subject.Height-part.Height)/2
	return part
}

// A Radius is how far a corner is round, in pixels across and down.
type Radius struct{ Across, Down float64 }

// Corners returns the radii that o gives the corners of an image of w by h
// pixels, clockwise from the top left. None meet.
// Source: https://www.w3.org/TR/css-backgrounds-3/#corner-overlap
func Corners(o transform.CutCorners, w, h int) [4]Radius {
	down := o.Across
	if o.Down != nil {
		down = *o.Down
	}
	var r [4]Radius
	for i := range r {
		r[i] = Radius{float64(o.Across[i].Of(w)), float64(down[i].Of(h))}
		if r[i].Across == 0 || r[i].Down == 0 {
			r[i] = Radius{}
		}
	}
	factor := 1.0
	for _, side := range []struct{ have, want float64 }{
		{float64(w), r[0].Across + r[1].Across}, {float64(w), r[2].Across + r[3].Across},
		{float64(h), r[0].Down + r[3].Down}, {float64(h), r[1].Down + r[2].Down},
	} {
		if side.want > side.have {
			factor = min(factor, side.have/side.want)
		}
	}
	for i := range r {
		r[i].Across, r[i].Down = r[i].Across*factor, r[i].Down*factor
	}
	return r
}
