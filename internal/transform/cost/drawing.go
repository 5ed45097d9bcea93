package cost

import (
	"cmp"
	"math"

	"github.com/stowgate/stowgate/internal/transform"
)

// usualDensity is how many dots make an inch of what is drawn, unless the plan
// says.
const usualDensity = 72

// largestPage is the longest side of a page in points that counts; what is
// longer is over every limit all the same.
const largestPage = 1e9

// DrawPage returns how large a page of a document of so many pages is to be
// drawn for input 0, in pixels: as large as a first op that scales leaves it,
// so that nothing is scaled that can be drawn, or else at the density of p. The
// size of the page is in points, of which 72 make an inch. An error is a
// *Refusal: over a limit, or if there is no such page.
func DrawPage(p transform.Plan, l Limits, pages int, width, height float64) (w, h int, err error) {
	if err := checkPage(p, pages); err != nil {
		return 0, 0, err
	}
	side := func(points float64) int {
		return max(1, int(math.Round(min(points, largestPage)*cmp.Or(p.Density, usualDensity)/usualDensity)))
	}
	s := scene{Header: Header{Width: side(width), Height: side(height)}, frames: 1}
	if p.Answer != transform.Region { // which is about the page as it was
		if w, h := Target(p, s.Header); w > 0 {
			s.Width, s.Height = w, h
		}
	}
	if err := s.check(l.withDefaults()); err != nil {
		return 0, 0, transform.TooLarge("the page has %v", err)
	}
	return s.Width, s.Height, nil
}

// checkPage refuses a page that is not there.
func checkPage(p transform.Plan, pages int) error {
	if p.Page > pages {
		return transform.Invalid("there is no page %d, only %d", p.Page, pages)
	}
	return nil
}

// drawn returns the size at which a vector image is drawn: that of its density,
// or that of a first op that scales it.
func drawn(p transform.Plan, h Header) (width, height int) {
	scale := cmp.Or(p.Density, usualDensity) / usualDensity
	h.Width = max(1, int(math.Round(float64(h.Width)*scale)))
	h.Height = max(1, int(math.Round(float64(h.Height)*scale)))
	if width, height = Target(p, h); width > 0 {
		return width, height
	}
	return h.Width, h.Height
}

// Target returns the size that the first op scales an input 0 with header h to,
// as it is stored, or zeros if it does not scale.
func Target(p transform.Plan, h Header) (width, height int) {
	ops, turned := p.Ops, false
	if len(ops) > 1 {
		if o, ok := ops[0].(transform.Orient); ok {
			ops, turned = ops[1:], h.Turned && !o.Ignore
		}
	}
	if len(ops) == 0 {
		return 0, 0
	}
	r, ok := transform.Scaling(ops[0])
	if !ok || r.Kernel == "nearest" {
		return 0, 0
	}
	if turned {
		h.Width, h.Height = h.Height, h.Width
	}
	width, height, _ = r.Window(h.Width, h.Height)
	if turned {
		width, height = height, width
	}
	return width, height
}
