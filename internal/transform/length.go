package transform

import (
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

// side returns l as the side of something in pixels: at least 1.
func (l Length) side(whole int) int { return max(1, l.Of(whole)) }

// The largest percentages of a Length.
const maxPercent = 10_000

// check checks a length that may be as small as −1, 0 or 1, as least says:
// negative, zero or neither.
func (l Length) check(name string, least int) error {
	most := maxOffset
	if l.Percent {
		most = maxPercent
	}
	low := least
	if least < 0 {
		low = -most
	}
	return within(name, l.N, low, most)
}

// MarshalText returns the number and, for a percentage, its sign.
func (l Length) MarshalText() ([]byte, error) {
	text := strconv.AppendInt(nil, int64(l.N), 10)
	if l.Percent {
		text = append(text, '%')
	}
	return text, nil
}

// UnmarshalText reads what MarshalText wrote.
func (l *Length) UnmarshalText(text []byte) error {
	number, percent := strings.CutSuffix(string(text), "%")
	n, err := strconv.Atoi(number)
	if err != nil {
		return invalid("length %q is no number", text)
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

// Middle is the spot in the middle of an area.
var Middle = Spot{Percent(50), Percent(50)}

// In returns the spot in pixels for something that leaves so much room.
func (s Spot) In(width, height int) (x, y int) { return s.X.Of(width), s.Y.Of(height) }

func (s Spot) check() error { return first(s.X.check("x", -1), s.Y.check("y", -1)) }

// A Ratio is one of width to height. The zero Ratio is none.
type Ratio struct {
	Across int `json:"across"` // 1 to 10,000
	Down   int `json:"down"`
}

func (r Ratio) check() error {
	if r == (Ratio{}) {
		return nil
	}
	return first(within("ratio", r.Across, 1, MaxSide), within("ratio", r.Down, 1, MaxSide))
}

// fit returns the largest size of the ratio r inside w by h pixels or, with
// around, the smallest that they fit into.
func (r Ratio) fit(w, h int, around bool) (width, height int) {
	if wider := w*r.Down > h*r.Across; wider == around {
		return w, follow(r.Down, w, r.Across)
	}
	return follow(r.Across, h, r.Down), h
}

// A Subject is what is looked for in an image.
type Subject string

// The subjects.
const (
	WholeImage Subject = ""
	Face       Subject = "face"   // the largest face
	Object     Subject = "object" // what stands out: from a plain background or, without one, by its contrast and colours
)

// A Search is what is looked for in an image, one after the other until
// something is found: some of the words faces, objects and points, each once,
// with a space between.
type Search string

func (s Search) check() error {
	if s == "" {
		return nil
	}
	seen := map[string]bool{}
	for word := range strings.SplitSeq(string(s), " ") {
		if seen[word] || word != "faces" && word != "objects" && word != "points" {
			return invalid("%q cannot be looked for", s)
		}
		seen[word] = true
	}
	return nil
}
