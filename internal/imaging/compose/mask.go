package compose

import (
	"math"
	"strconv"

	"github.com/stowgate/stowgate/internal/transform"
)

// A mask says for each pixel of a part of a picture how much it is changed: 0
// not at all, 255 wholly.
type mask struct {
	transform.Box
	pixels []byte
}

// newMask returns a mask of zeros, for a part of a picture of w by h pixels.
func newMask(w, h int, part transform.Box) *mask {
	b, _ := part.Clamp(w, h)
	return &mask{b, make([]byte, b.Width*b.Height)}
}

// row returns a row of the mask where it lies in b, and its first column.
func (m *mask) row(y int, b transform.Box) (x int, row []byte) {
	x = max(b.X, m.X)
	end := min(b.X+b.Width, m.X+m.Width)
	if y < m.Y || y >= m.Y+m.Height || x >= end {
		return x, nil
	}
	return x, m.pixels[(y-m.Y)*m.Width+x-m.X:][:end-x]
}

// fill sets a box.
func (m *mask) fill(b transform.Box, value byte) {
	for y := b.Y; y < b.Y+b.Height; y++ {
		_, row := m.row(y, b)
		for i := range row {
			row[i] = value
		}
	}
}

// shade raises the mask in a box, or in the oval that fits into it, with an
// edge that fades out over soft pixels.
func (m *mask) shade(b transform.Box, oval bool, soft float64) {
	rx, ry := float64(b.Width)/2, float64(b.Height)/2
	soft = max(min(soft, rx/2, ry/2), 1) // never so wide that little is left
	for y := b.Y; y < b.Y+b.Height; y++ {
		v := (float64(y-b.Y) + 0.5 - ry) / ry
		x, row := m.row(y, b)
		for i := range row {
			if row[i] == 255 {
				continue // also what bounds the time for boxes upon boxes
			}
			u := (float64(x+i-b.X) + 0.5 - rx) / rx
			var inside float64 // pixels from the edge
			if oval {
				inside = (1 - math.Hypot(u, v)) * min(rx, ry)
			} else {
				inside = min((1-math.Abs(u))*rx, (1-math.Abs(v))*ry)
			}
			// The outermost pixel of a box is half a pixel inside.
			row[i] = max(row[i], byte(255*min(max((inside+0.5)/soft, 0), 1)+0.5))
		}
	}
}

// A digit is five by seven dots, the lowest bit of a row on the right.
const (
	digitWidth  = 5
	digitHeight = 7
)

var digits = [10][digitHeight]byte{
	{14, 17, 19, 21, 25, 17, 14},
	{4, 12, 4, 4, 4, 4, 14},
	{14, 17, 1, 2, 4, 8, 31},
	{14, 17, 1, 6, 1, 17, 14},
	{2, 6, 10, 18, 31, 2, 2},
	{31, 16, 30, 1, 1, 17, 14},
	{6, 8, 16, 30, 17, 17, 14},
	{31, 1, 2, 4, 8, 8, 8},
	{14, 17, 17, 14, 17, 17, 14},
	{14, 17, 17, 15, 1, 2, 12},
}

// labelHeight is the height of a number and the space around it, in dots.
const labelHeight = digitHeight + 2

// labelWidth returns the width of a number and the space around it, in dots.
func labelWidth(n int) int { return len(strconv.Itoa(n))*(digitWidth+1) + 1 }

// number writes a number in dots of so many pixels.
func (m *mask) number(n, x, y, dot int) {
	for i, digit := range strconv.Itoa(n) {
		for r, bits := range digits[digit-'0'] {
			for col := range digitWidth {
				if bits>>(digitWidth-1-col)&1 == 1 {
					m.fill(transform.Box{X: x + (i*(digitWidth+1)+col)*dot, Y: y + r*dot, Width: dot, Height: dot}, 255)
				}
			}
		}
	}
}
