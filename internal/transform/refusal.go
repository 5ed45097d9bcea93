package transform

import (
	"fmt"
	"math"
	"slices"

	"github.com/stowgate/stowgate/internal/fault"
)

// A Refusal says why a plan is not run, in words for the person who asked for
// it. It wraps fault.Invalid, or fault.TooLarge over a limit.
type Refusal struct {
	Why  string
	Kind fault.Kind
}

func (r *Refusal) Error() string { return r.Why }

// Unwrap returns the kind.
func (r *Refusal) Unwrap() error { return r.Kind }

// Invalid returns a Refusal that wraps fault.Invalid.
func Invalid(format string, args ...any) error {
	return &Refusal{fmt.Sprintf(format, args...), fault.Invalid}
}

// TooLarge returns a Refusal that wraps fault.TooLarge.
func TooLarge(format string, args ...any) error {
	return &Refusal{fmt.Sprintf(format, args...), fault.TooLarge}
}

// within returns nil if v is in a range. A negative zero is in none: it would
// give two equal plans two texts.
func within[T int | float64](name string, v, low, high T) error {
	if v >= low && v <= high && !(v == 0 && math.Signbit(float64(v))) {
		return nil
	}
	return Invalid("%s %v is not in the range %v to %v", name, v, low, high)
}

// oneOf returns nil if v is one of known.
func oneOf[T ~string](name string, v T, known ...T) error {
	if slices.Contains(known, v) {
		return nil
	}
	return Invalid("%s %q is not known", name, v)
}

// needs returns an error that says why unless ok.
func needs(ok bool, why string) error {
	if ok {
		return nil
	}
	return Invalid("%s", why)
}

// first returns the first of errs that is not nil.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
