package transform

import "math"

// Size returns the size of what r makes of an image of w by h pixels: rounded
// to the nearest pixel, and at least 1.
func (r Resize) Size(w, h int) (width, height int) {
	if r.Small == Pad {
		r.Small = Enlarge
	}
	_, _, keep := r.Window(w, h)
	return keep.Width, keep.Height
}

// Window returns the size that an image of w by h pixels is scaled to, and the
// part of it that is kept then: all of it, or for Cover a box of the wanted size
// where Align or At says, which may be moved if something in it is to be kept.
// A padding around that is not counted.
func (r Resize) Window(w, h int) (width, height int, keep Box) {
	width, height = r.scaled(max(w, 1), max(h, 1))
	keep = Box{Width: width, Height: height}
	if r.Fit == Cover && r.Width > 0 && r.Height > 0 {
		keep.Width, keep.Height = min(r.Width, width), min(r.Height, height) // less than is wanted of a small image
		left, above := width-keep.Width, height-keep.Height
		keep.X, keep.Y = r.Align.In(left, above)
		if r.At != nil {
			keep.X, keep.Y = r.At.In(left, above)
			keep.X, keep.Y = min(max(keep.X, 0), left), min(max(keep.Y, 0), above)
		}
	}
	return width, height, keep
}

// scaled returns the size that w by h pixels are scaled to.
func (r Resize) scaled(w, h int) (width, height int) {
	width, height = r.enlarged(w, h)
	switch {
	case r.Small == Enlarge:
	case r.Fit == Scale && r.Width > 0 && r.Height > 0:
		return min(w, width), min(h, height)
	case width > w || height > h:
		return w, h
	}
	return width, height
}

// enlarged is scaled for an image that may be enlarged. If only one side is
// wanted, the other follows from the ratio whatever the fit.
func (r Resize) enlarged(w, h int) (width, height int) {
	wider := w*r.Height >= h*r.Width // than the frame
	switch {
	case r.Fit == Max && (w <= r.Width || r.Width == 0) && (h <= r.Height || r.Height == 0):
		return w, h
	case r.Fit == Scale && r.Width > 0 && r.Height > 0:
		return r.Width, r.Height
	case r.Height == 0, r.Width > 0 && wider == (r.Fit != Cover):
		return r.Width, follow(h, r.Width, w)
	}
	return follow(w, r.Height, h), r.Height
}

// follow returns how long a side is when the other one goes from old to new.
func follow(side, new, old int) int {
	return max(1, (2*side*new+old)/(2*old))
}

// Canvas returns the size of an image of w by h pixels that was turned.
func (r Rotate) Canvas(w, h int) (width, height int) {
	switch r.Degrees % 180 {
	case 0:
		return w, h
	case 90:
		return h, w
	}
	sin, cos := math.Sincos(float64(r.Degrees) * math.Pi / 180)
	sin, cos = math.Abs(sin), math.Abs(cos)
	side := func(v float64) int { return max(1, int(math.Round(v))) }
	return side(float64(w)*cos + float64(h)*sin), side(float64(w)*sin + float64(h)*cos)
}

// Canvas returns the size of an image of w by h pixels with its shadow, and
// where the image stands on it. The shadow reaches two and a half sigmas of the
// blur beyond the image on each side, and is then moved.
func (s Shadow) Canvas(w, h int) (width, height int, image Box) {
	reach := int(math.Ceil(2.5 * s.Blur))
	left, right := max(0, reach-s.X), max(0, reach+s.X)
	top, bottom := max(0, reach-s.Y), max(0, reach+s.Y)
	return left + w + right, top + h + bottom, Box{left, top, w, h}
}

// Clamp returns the part of b that lies inside an image of w by h pixels, and
// false if none does.
func (b Box) Clamp(w, h int) (Box, bool) {
	left, top := max(b.X, 0), max(b.Y, 0)
	right, bottom := min(b.X+b.Width, w), min(b.Y+b.Height, h)
	if left >= right || top >= bottom {
		return Box{}, false
	}
	return Box{left, top, right - left, bottom - top}, true
}

// In returns where something stands, if it may be moved by so many pixels from
// left to right and from top to bottom.
func (p Position) In(width, height int) (x, y int) {
	return (p.X + 1) * width / 2, (p.Y + 1) * height / 2
}

// Scaling returns op as the Resize that it is or begins with.
func Scaling(op Op) (r Resize, ok bool) {
	switch op := op.(type) {
	case Resize:
		return op, true
	case SmartCrop:
		r = Resize{Width: op.Width, Height: op.Height, Fit: Cover}
		if op.Fill != nil {
			r.Fit = Clip
		}
		return r, true
	case Reframe:
		return Resize{Width: op.Width, Height: op.Height}, true
	}
	return r, false
}
