package cost

import (
	"slices"

	"github.com/stowgate/stowgate/internal/transform"
	"github.com/stowgate/stowgate/internal/transform/place"
)

// Arranged returns p for inputs with these headers with its steps in an order
// that takes less time and looks the same: what makes an image smaller, cuts or
// turns it comes before the tones of the pixels that are left. A plan that is
// refused is returned as it is.
func Arranged(p transform.Plan, inputs ...Header) transform.Plan {
	if p.Check() != nil || len(inputs) < p.Inputs() {
		return p
	}
	_, s, err := source(p, Limits{}.withDefaults(), inputs)
	if err != nil {
		return p
	}
	ops := slices.Clone(p.Ops)
	for i, op := range ops {
		before := s
		if s.apply(op, inputs) != nil {
			return p
		}
		if !leaves(op, before, s) {
			continue
		}
		for ; i > 0 && isTone(ops[i-1]); i-- {
			ops[i] = ops[i-1]
		}
		ops[i] = op
	}
	p.Ops = ops
	return p
}

// isTone reports whether what op makes of a pixel depends on that alone.
func isTone(op transform.Op) bool {
	switch op.(type) {
	case transform.Adjust, transform.Look:
		return true
	}
	return false
}

// leaves reports whether op leaves some pixels of an image, or means of them,
// and adds none.
func leaves(op transform.Op, before, after scene) bool {
	switch op := op.(type) {
	case transform.Orient, transform.Flip, transform.Flop, transform.Crop:
		return true
	case transform.Rotate:
		return op.Degrees%90 == 0
	case transform.Resize:
		return op.Small != transform.Pad && after.pixels() <= before.pixels()
	case transform.Extract:
		part := place.Part(op, before.Width, before.Height, nil)
		inside, _ := part.Clamp(before.Width, before.Height)
		return op.Around == transform.WholeImage && inside == part
	}
	return false
}
