package chain

import (
	"slices"

	"github.com/stowgate/stowgate/internal/transform"
)

// tone returns how an operation is read that changes tones by a number from low
// to high, of which neutral changes nothing.
func tone(low, high, neutral int, set func(op *transform.Adjust, n int)) func(*reader, []string) bool {
	return func(r *reader, p []string) bool {
		n, ok := whole(p[0], low, high)
		if !ok || n == neutral {
			return ok
		}
		var op transform.Adjust
		set(&op, n)
		return r.add(op)
	}
}

// usualEnhance is how much enhance does without a number, in percent.
const usualEnhance = 50

func readEnhance(r *reader, p []string) bool {
	n, ok := orWhole(p, 0, 0, 100, usualEnhance)
	if !ok || n == 0 {
		return ok
	}
	return r.add(transform.Enhance{Amount: n})
}

func readGrayscale(r *reader, _ []string) bool { return r.add(transform.Grey{}) }
func readInvert(r *reader, _ []string) bool    { return r.add(transform.Negate{}) }

// looks are the names of filters.
var looks = transform.Looks()

func readFilter(r *reader, p []string) bool {
	n, ok := orWhole(p, 1, -100, 200, 100)
	if ok = ok && slices.Contains(looks, p[0]); !ok || n == 0 {
		return ok
	}
	return r.add(transform.Look{Name: p[0], Amount: n})
}

// Of blurs: the strongest, and how strong one is without a number.
const (
	maxBlur   = 5000
	usualBlur = 10
)

func readBlur(r *reader, p []string) bool {
	strength, ok := orWhole(p, 0, 0, maxBlur, usualBlur)
	amount, ok2 := orWhole(p, 1, -200, 100, 100)
	if ok = ok && ok2; !ok || strength == 0 || amount == 0 {
		return ok
	}
	return r.add(transform.Soften{Strength: strength, Amount: amount})
}

func readBlurRegion(r *reader, p []string) bool {
	op, ok := transform.BlurPart{Faces: true}, true
	if p[0] != "faces" {
		if op.Faces = false; len(p) < 2 {
			return false
		}
		var at bool
		op.Width, op.Height, ok = size(p[0])
		op.At, at = spot(p[1])
		ok, p = ok && at, p[1:]
	}
	n, valid := orWhole(p, 1, 0, maxBlur, usualBlur)
	op.Strength = n
	return ok && valid && len(p) < 3 && (n == 0 || r.add(op))
}

// Of sharp: its largest number, the one that it has without, and how many of
// them make a pixel of the radius that edges are made stronger in.
const (
	maxSharp   = 20
	usualSharp = 5
	sharpStep  = 5.0
)

func readSharp(r *reader, p []string) bool {
	n, ok := orWhole(p, 0, 0, maxSharp, usualSharp)
	if !ok || n == 0 {
		return ok
	}
	return r.add(transform.Sharpen{Sigma: float64(n) / sharpStep})
}
