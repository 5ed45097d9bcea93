package face

import (
	"cmp"
	"math"
	"slices"

	"github.com/stowgate/stowgate/internal/transform"
)

// Sized returns the faces that are neither too small nor too large, in their
// order. What is a fraction counts from the median of all faces.
func Sized(faces []transform.Box, sizes transform.FaceSizes) []transform.Box {
	if len(faces) == 0 {
		return nil
	}
	sides := make([]int, len(faces))
	for i, f := range faces {
		sides[i] = min(f.Width, f.Height)
	}
	slices.Sort(sides)
	median := float64(sides[(len(sides)-1)/2]+sides[len(sides)/2]) / 2

	least, most := sizes.Min, sizes.Max
	if least > 0 && least <= 1 {
		least = median * (1 - least)
	}
	switch {
	case most == 0:
		most = math.Inf(1)
	case most <= 1:
		most = median * (1 + most)
	}
	var kept []transform.Box
	for _, f := range faces {
		// One part in a million: 100 is not smaller than 200 × (1 − 0.5) for
		// want of the last digit.
		if side := float64(min(f.Width, f.Height)); side >= least*(1-1e-6) && side <= most*(1+1e-6) {
			kept = append(kept, f)
		}
	}
	return kept
}

// Pick returns the faces with these numbers, which count from 1. No number
// means all faces; a number that no face has means none.
func Pick(faces []transform.Box, which []int) []transform.Box {
	if len(which) == 0 {
		return faces
	}
	var picked []transform.Box
	for _, n := range which {
		if n >= 1 && n <= len(faces) {
			picked = append(picked, faces[n-1])
		}
	}
	return picked
}

// Grow returns boxes that are larger on each side by a percentage of their own
// size, as far as they lie inside a picture of w by h pixels.
func Grow(boxes []transform.Box, percent, w, h int) []transform.Box {
	var grown []transform.Box
	for _, b := range boxes {
		x, y := b.Width*percent/100, b.Height*percent/100
		b = transform.Box{X: b.X - x, Y: b.Y - y, Width: b.Width + 2*x, Height: b.Height + 2*y}
		if b, ok := b.Clamp(w, h); ok {
			grown = append(grown, b)
		}
	}
	return grown
}

// Union returns the smallest box around boxes, and the zero Box around none.
func Union(boxes []transform.Box) transform.Box {
	if len(boxes) == 0 {
		return transform.Box{}
	}
	left, top, right, bottom := math.MaxInt, math.MaxInt, math.MinInt, math.MinInt
	for _, b := range boxes {
		left, top = min(left, b.X), min(top, b.Y)
		right, bottom = max(right, b.X+b.Width), max(bottom, b.Y+b.Height)
	}
	return transform.Box{X: left, Y: top, Width: right - left, Height: bottom - top}
}

// Window returns the largest box with the ratio of width to height in a
// picture of w by h pixels. Its centre is that of the box around, as far as the
// picture's edges allow; without such a box it is the picture's.
func Window(w, h, width, height int, around transform.Box) transform.Box {
	if around.Width == 0 || around.Height == 0 {
		around = transform.Box{Width: w, Height: h}
	}
	box := transform.Box{Width: w, Height: h}
	if w*height > h*width {
		box.Width = ratio(h, width, height)
	} else {
		box.Height = ratio(w, height, width)
	}
	return centred(box, around, w, h)
}

// Crop returns which part of a picture of w by h pixels op cuts out, and the
// size that it is scaled to then. A side that op leaves open never makes that
// longer than transform.MaxSide.
//
// The part is around the faces that op means. Where it cannot have the wanted
// ratio and all of them, Thumb and Tight give the ratio up: the result fits into
// the wanted size. Fill cuts the faces.
func Crop(op transform.CropFaces, faces []transform.Box, w, h int) (part transform.Box, width, height int) {
	picked := Pick(Sized(faces, op.Sizes), op.Which)
	width, height = op.Width, op.Height
	if len(picked) == 0 {
		part = transform.Box{Width: w, Height: h}
		switch {
		case width == 0 && height == 0:
			width, height = w, h
		case width == 0 || height == 0:
			width, height = inside(part, cmp.Or(width, transform.MaxSide), cmp.Or(height, transform.MaxSide))
		}
		return Window(w, h, width, height, transform.Box{}), width, height
	}
	bare := Union(Grow(picked, 0, w, h))
	part = bare
	if op.Mode != transform.Tight {
		part = Union(Grow(picked, op.Buffer, w, h))
	}
	switch {
	case width == 0 && height == 0:
		return part, part.Width, part.Height
	case width == 0 || height == 0:
		width, height = inside(part, cmp.Or(width, transform.MaxSide), cmp.Or(height, transform.MaxSide))
		return part, width, height
	}
	if extended := extend(part, width, height); extended.Width <= w && extended.Height <= h {
		return centred(extended, part, w, h), width, height
	}
	// The picture is too small. The buffer goes first, then ratio or faces.
	window := Window(w, h, width, height, bare)
	if op.Mode == transform.Fill || window.Width >= bare.Width && window.Height >= bare.Height {
		return window, width, height
	}
	part = extend(bare, width, height)
	part.Width, part.Height = min(part.Width, w), min(part.Height, h)
	width, height = inside(part, width, height)
	return centred(part, bare, w, h), width, height
}

// inside returns the largest size of b's ratio within width by height.
func inside(b transform.Box, width, height int) (int, int) {
	return transform.Resize{Width: width, Height: height}.Size(b.Width, b.Height)
}

// extend returns the smallest size with the ratio of width to height that b
// fits into.
func extend(b transform.Box, width, height int) transform.Box {
	if b.Width*height < b.Height*width {
		b.Width = max(b.Width, ratio(b.Height, width, height))
	} else {
		b.Height = max(b.Height, ratio(b.Width, height, width))
	}
	return b
}

// centred returns box where its centre is that of the box around, but inside
// a picture of w by h pixels, which must be large enough.
func centred(box, around transform.Box, w, h int) transform.Box {
	box.X = min(max(around.X+(around.Width-box.Width)/2, 0), w-box.Width)
	box.Y = min(max(around.Y+(around.Height-box.Height)/2, 0), h-box.Height)
	return box
}

// ratio returns side × a ÷ b, rounded to the nearest pixel, and at least 1.
func ratio(side, a, b int) int {
	return max(1, (2*side*a+b)/(2*b))
}

// largestFirst sorts boxes; those of one size from top to bottom.
func largestFirst(boxes []transform.Box) {
	slices.SortFunc(boxes, func(a, b transform.Box) int {
		return cmp.Or(cmp.Compare(b.Width*b.Height, a.Width*a.Height), cmp.Compare(a.Y, b.Y), cmp.Compare(a.X, b.X))
	})
}

// First returns the faces of the first frame that has any.
func First(faces [][]transform.Box) []transform.Box {
	for _, f := range faces {
		if len(f) > 0 {
			return f
		}
	}
	return nil
}
