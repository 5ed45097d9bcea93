// Package length has lengths in pixels or percent, and the spots that they make.
package length

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// A Length is a number of pixels or a percentage of a length that its field
// names. As text it is 20 or 20%.
type Length struct {
	N       int
	Percent bool // N is a percentage
}

// Pixels returns the length of n pixels.
func Pixels(n int) Length { return Length{N: n} }

// Percent returns the length of n percent.
func Percent(n int) Length { return Length{n, true} }

// Of returns l in pixels, as a part of a whole that has so many, rounded to the
// nearest pixel.
func (l Length) Of(whole int) int {
	if !l.Percent {
		return l.N
	}
	return int(math.Floor(float64(l.N)*float64(whole)/100 + 0.5))
}

// Side returns l as the side of something in pixels: at least 1.
func (l Length) Side(whole int) int { return max(1, l.Of(whole)) }

// The largest lengths.
const (
	MaxPixels  = 100_000
	MaxPercent = 10_000
)

// Check returns an error unless l is at least so much, and neither it nor its
// opposite is over the limit.
func (l Length) Check(name string, least int) error {
	most := MaxPixels
	if l.Percent {
		most = MaxPercent
	}
	if least = max(least, -most); l.N < least || l.N > most {
		return fmt.Errorf("%s %v is not in the range %v to %v", name, l, Length{least, l.Percent}, Length{most, l.Percent})
	}
	return nil
}

// String returns the text of l.
func (l Length) String() string {
	if l.Percent {
		return strconv.Itoa(l.N) + "%"
	}
	return strconv.Itoa(l.N)
}

// MarshalText returns the text of l.
func (l Length) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (l *Length) UnmarshalText(text []byte) error {
	number, percent := strings.CutSuffix(string(text), "%")
	n, err := strconv.Atoi(number)
	if err != nil {
		return fmt.Errorf("length %q is no number", text)
	}
	*l = Length{n, percent}
	return nil
}

// A Spot is where the top left corner of something stands in an area. A
// percentage is one of the room that is left, as in the style sheets of web
// pages: 0% is flush left or top, 50% in the middle, 100% flush right or bottom.
type Spot struct {
	X Length `json:"x,omitzero"`
	Y Length `json:"y,omitzero"`
}

// In returns the spot in pixels for something that leaves so much room.
func (s Spot) In(width, height int) (x, y int) { return s.X.Of(width), s.Y.Of(height) }

// Check returns an error if s is over the limits of lengths.
func (s Spot) Check() error {
	if err := s.X.Check("x", -MaxPixels); err != nil {
		return err
	}
	return s.Y.Check("y", -MaxPixels)
}
