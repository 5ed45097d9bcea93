package codec

import (
	"encoding/xml"
	"strings"
)

// maxDrawn is how many elements may be drawn, each as often as it is used.
const maxDrawn = 100_000

// uses counts how much a drawing grows when what its elements refer to is put
// in their places: ten uses of ten uses of a rectangle are a hundred rectangles.
type uses struct {
	named map[string]*element
	open  []*element // those that are begun, the innermost last
}

// An element is one with an ID, or the whole drawing, and what is in it up to
// the next ID.
type element struct {
	own     int        // elements
	within  []*element // those with an ID
	refers  []string   // IDs
	total   int        // elements with all that is used, once it is known
	visited bool
}

func newUses() *uses {
	return &uses{named: map[string]*element{}, open: []*element{{}}}
}

func (u *uses) start(t xml.StartElement) {
	at := u.open[len(u.open)-1]
	for _, a := range t.Attr {
		if a.Name.Local == "id" {
			inner := &element{}
			at.within = append(at.within, inner)
			if at = inner; u.named[a.Value] == nil {
				u.named[a.Value] = inner
			}
			break
		}
	}
	at.own++
	for _, a := range t.Attr {
		if id, ok := strings.CutPrefix(strings.TrimSpace(a.Value), "#"); ok && a.Name.Local == "href" {
			at.refers = append(at.refers, id)
		}
		for rest := a.Value; ; {
			_, after, ok := strings.Cut(rest, "url(#")
			if !ok {
				break
			}
			id, more, _ := strings.Cut(after, ")")
			at.refers, rest = append(at.refers, id), more
		}
	}
	u.open = append(u.open, at)
}

func (u *uses) end() {
	if len(u.open) > 1 {
		u.open = u.open[:len(u.open)-1]
	}
}

// drawn returns how many elements the drawing stands for, or some number over
// maxDrawn. What refers to itself is counted once: it is not drawn.
func (u *uses) drawn(e *element) int {
	if e.visited {
		return e.total
	}
	e.visited = true
	n := e.own
	for _, inner := range e.within {
		n += u.drawn(inner)
	}
	for _, id := range e.refers {
		if to := u.named[id]; to != nil && n <= maxDrawn {
			n += u.drawn(to)
		}
	}
	e.total = min(n, maxDrawn+1)
	return e.total
}
