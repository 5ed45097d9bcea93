package transform

import (
	"strings"

	"github.com/stowgate/stowgate/internal/transform/length"
)

// Lengths in pixels or percent, as package length has them.
type (
	Length = length.Length
	Spot   = length.Spot
)

// Pixels returns the length of n pixels.
func Pixels(n int) Length { return length.Pixels(n) }

// Percent returns the length of n percent.
func Percent(n int) Length { return length.Percent(n) }

// Middle is the spot in the middle of an area.
var Middle = Spot{X: Percent(50), Y: Percent(50)}

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
			return Invalid("%q cannot be looked for", s)
		}
		seen[word] = true
	}
	return nil
}
