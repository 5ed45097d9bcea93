package chain

import (
	"encoding/hex"
	"slices"
	"strconv"
	"strings"

	"github.com/stowgate/stowgate/internal/transform"
)

// whole reads a number from low to high, without a plus sign or a point.
func whole(s string, low, high int) (int, bool) {
	n, err := strconv.Atoi(s)
	return n, err == nil && s[0] != '+' && low <= n && n <= high
}

// orWhole is whole of the parameter at i, or otherwise if there is none.
func orWhole(p []string, i, low, high, otherwise int) (int, bool) {
	if i >= len(p) {
		return otherwise, true
	}
	return whole(p[i], low, high)
}

// maxLength is the largest number of a length, and maxShare that of a percentage.
const (
	maxLength = 100_000
	maxShare  = 10_000
)

// length reads pixels like 20, or percent like 20p or 20%, from low.
func length(s string, low int) (transform.Length, bool) {
	number, percent := strings.CutSuffix(s, "p")
	if !percent {
		number, percent = strings.CutSuffix(s, "%")
	}
	high := maxLength
	if percent {
		high = maxShare
	}
	n, ok := whole(number, max(low, -high), high)
	return transform.Length{N: n, Percent: percent}, ok
}

// size reads two lengths like 50px20.
func size(s string) (width, height transform.Length, ok bool) {
	across, down, _ := strings.Cut(s, "x")
	width, ok = length(across, 1)
	height, ok2 := length(down, 1)
	return width, height, ok && ok2
}

// frame reads a size in pixels, of which one side may be missing if partial. It
// notes a side that is over the limit.
func (r *reader) frame(s string, partial bool) (width, height int, ok bool) {
	across, down, ok := strings.Cut(s, "x")
	if !ok {
		return 0, 0, false
	}
	side := func(text string) (n int) {
		if text == "" && partial {
			return 0
		}
		n, valid := whole(text, 1, maxLength)
		if ok = ok && valid; ok && n > r.limit {
			r.err = transform.Invalid("%q is too large: a result has at most %d pixels on a side, and %d if format/jpeg is in the chain", s, MaxSide, MaxSideJPEG)
		}
		return n
	}
	width, height = side(across), side(down)
	return width, height, ok && width+height > 0
}

// ratio reads one of width to height like 16:9.
func ratio(s string) (transform.Ratio, bool) {
	across, down, _ := strings.Cut(s, ":")
	a, ok := whole(across, 1, transform.MaxSide)
	d, ok2 := whole(down, 1, transform.MaxSide)
	return transform.Ratio{Across: a, Down: d}, ok && ok2
}

// sides are the words for where something stands.
var sides = map[string]transform.Spot{
	"center": transform.Middle,
	"top":    {X: transform.Percent(50)},
	"right":  {X: transform.Percent(100), Y: transform.Percent(50)},
	"bottom": {X: transform.Percent(50), Y: transform.Percent(100)},
	"left":   {Y: transform.Percent(50)},
}

// spot reads where something stands: a word, or an offset.
func spot(s string) (transform.Spot, bool) {
	if at, ok := sides[s]; ok {
		return at, true
	}
	left, top, _ := strings.Cut(s, ",")
	x, ok := length(left, -maxLength)
	y, ok2 := length(top, -maxLength)
	return transform.Spot{X: x, Y: y}, ok && ok2
}

// orSpot is spot of the parameter at i, or otherwise if there is none.
func orSpot(p []string, i int, otherwise transform.Spot) (transform.Spot, bool) {
	if i >= len(p) {
		return otherwise, true
	}
	return spot(p[i])
}

// color reads three, six or eight hexadecimal digits.
func color(s string) (transform.Color, bool) {
	switch len(s) {
	case 3:
		s = string([]byte{s[0], s[0], s[1], s[1], s[2], s[2], 'f', 'f'})
	case 6:
		s += "ff"
	case 8:
	default:
		return transform.Color{}, false
	}
	b, err := hex.DecodeString(s)
	if err != nil {
		return transform.Color{}, false
	}
	return transform.Color{R: b[0], G: b[1], B: b[2], A: b[3]}, true
}

// oneOf reports whether s is one of the words in list, with a space between them.
func oneOf(s, list string) bool { return s != "" && slices.Contains(strings.Fields(list), s) }
