package survey

import (
	"cmp"
	"slices"
)

// rounds is how often colours are brought nearer to the pixels that they stand
// for.
const rounds = 4

// A colour is one that some pixels have.
type colour struct {
	sum [3]int // of their channels
	n   int
}

func (c *colour) add(v [3]byte) {
	c.n++
	for i := range v {
		c.sum[i] += int(v[i])
	}
}

func (c colour) mean() (v [3]byte) {
	for i := range v {
		v[i] = byte((c.sum[i] + c.n/2) / max(c.n, 1))
	}
	return v
}

// Colors returns at most n colours that pixels of red, green, blue and opacity
// have most of, the most prominent first. Transparent pixels do not count.
// Equal pictures give equal colours.
func Colors(pixels []byte, n int) [][3]byte {
	var seen [][3]byte
	for ; len(pixels) >= 4; pixels = pixels[4:] {
		if pixels[3] >= 128 {
			seen = append(seen, [3]byte(pixels))
		}
	}
	means := cut(seen, n)
	var found []colour
	for range rounds {
		found = make([]colour, len(means))
		for _, v := range seen {
			found[nearest(means, v)].add(v)
		}
		found = slices.DeleteFunc(found, func(c colour) bool { return c.n == 0 })
		means = means[:0]
		for _, c := range found {
			means = append(means, c.mean())
		}
	}
	slices.SortStableFunc(found, func(a, b colour) int { return cmp.Compare(b.n, a.n) })
	var list [][3]byte
	for _, c := range found {
		if v := c.mean(); !slices.Contains(list, v) {
			list = append(list, v)
		}
	}
	return list
}

// artColours is how many colours a drawing has at most.
const artColours = 256

// Drawn reports whether pixels of so many bands have the few colours of a
// drawing.
func Drawn(pixels []byte, bands int) bool {
	seen := map[string]bool{}
	for ; len(pixels) >= bands && len(seen) <= artColours; pixels = pixels[bands:] {
		seen[string(pixels[:bands])] = true
	}
	return len(seen) <= artColours
}

// cut divides pixels into n boxes of colours, the widest first and at its
// median, and returns the mean of each. Fewer are left if there are no more
// colours.
func cut(pixels [][3]byte, n int) [][3]byte {
	if len(pixels) == 0 || n < 1 {
		return nil
	}
	boxes := [][][3]byte{slices.Clone(pixels)}
	for len(boxes) < n {
		best, channel, widest := 0, 0, 0
		for i, b := range boxes {
			if c, width := spread(b); width > widest {
				best, channel, widest = i, c, width
			}
		}
		if widest == 0 {
			break
		}
		b := boxes[best]
		slices.SortFunc(b, func(x, y [3]byte) int { return cmp.Compare(x[channel], y[channel]) })
		at := len(b) / 2
		for at > 0 && b[at-1][channel] == b[at][channel] {
			at-- // what is alike stays together
		}
		if at == 0 {
			for b[at][channel] == b[0][channel] {
				at++
			}
		}
		boxes[best] = b[:at]
		boxes = append(boxes, b[at:])
	}
	var means [][3]byte
	for _, b := range boxes {
		var c colour
		for _, v := range b {
			c.add(v)
		}
		means = append(means, c.mean())
	}
	return means
}

// spread returns the channel in which pixels differ most, and by how much.
func spread(pixels [][3]byte) (channel, width int) {
	low, high := pixels[0], pixels[0]
	for _, v := range pixels {
		for i := range v {
			low[i], high[i] = min(low[i], v[i]), max(high[i], v[i])
		}
	}
	for i := range low {
		if w := int(high[i]) - int(low[i]); w > width {
			channel, width = i, w
		}
	}
	return channel, width
}

// nearest returns which of some colours is the nearest to v.
func nearest(list [][3]byte, v [3]byte) int {
	best, least := 0, 1<<30
	for i, c := range list {
		d := 0
		for k := range c {
			e := int(c[k]) - int(v[k])
			d += e * e
		}
		if d < least {
			best, least = i, d
		}
	}
	return best
}
