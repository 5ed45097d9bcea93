package policy

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// String says in words what g allows.
func (g Grant) String() string { return g.describe("") }

// Describe says in words what g allows, seen from now.
func (g Grant) Describe(now time.Time) string {
	switch {
	case g.Expires.IsZero():
		return g.describe("")
	case !now.Before(g.Expires):
		return g.describe(" (" + span(now.Sub(g.Expires)) + " ago)")
	}
	return g.describe(" (" + span(g.Expires.Sub(now)) + " from now)")
}

// verbs say what each call does, in the order of the constants. Pick and store
// are one thing to a person.
var verbs = [...]string{"upload files", "upload files", "read", "see the metadata of", "overwrite",
	"overwrite from a URL", "transform", "delete", "see the EXIF data of", "run workflows on"}

func (g Grant) describe(relative string) string {
	if g.Actions == 0 {
		return "may do nothing"
	}
	var b strings.Builder
	b.WriteString("may ")
	if g.Actions&storing != 0 {
		b.WriteString(verbs[0])
		b.WriteString(g.stored())
	}
	var others []string
	for i, verb := range verbs {
		if a := Action(1) << i; g.Actions&a&^storing != 0 {
			others = append(others, verb)
		}
	}
	if len(others) > 0 {
		if g.Actions&storing != 0 {
			b.WriteString("; and ")
		}
		b.WriteString(strings.Join(others, ", "))
		if g.Asset != "" {
			b.WriteString(" asset " + string(g.Asset))
		} else {
			b.WriteString(" any asset")
		}
	}
	if g.Asset != "" && len(others) == 0 {
		b.WriteString(", all for asset " + string(g.Asset))
	}
	if g.URL != (Pattern{}) {
		b.WriteString("; from sources that match " + g.URL.String())
	}
	if g.Use.Limit > 0 {
		fmt.Fprintf(&b, "; %d times", g.Use.Limit)
	}
	if !g.Expires.IsZero() {
		b.WriteString("; until " + stamp(g.Expires) + relative)
	}
	return b.String()
}

// stored says what bounds there are on files that are stored.
func (g Grant) stored() string {
	var s string
	switch {
	case g.MinSize > 0 && g.MaxSize < math.MaxInt64:
		s = " of " + size(g.MinSize) + " to " + size(g.MaxSize)
	case g.MinSize > 0:
		s = " of at least " + size(g.MinSize)
	case g.MaxSize < math.MaxInt64:
		s = " up to " + size(g.MaxSize)
	}
	if g.Path != (Pattern{}) {
		s += " into " + g.Path.String()
	}
	if g.Container != (Pattern{}) {
		s += " in the container " + g.Container.String()
	}
	return s
}

// size says n bytes as a person would, if that is exact.
func size(n int64) string {
	for _, unit := range []struct {
		name string
		size int64
	}{{"GiB", 1 << 30}, {"GB", 1e9}, {"MiB", 1 << 20}, {"MB", 1e6}, {"KiB", 1 << 10}, {"kB", 1e3}} {
		if n >= unit.size && n%unit.size == 0 {
			return strconv.FormatInt(n/unit.size, 10) + " " + unit.name
		}
	}
	return strconv.FormatInt(n, 10) + " bytes"
}

// span says d in its largest unit, rounded down, as in "3 minutes".
func span(d time.Duration) string {
	const day = 24 * time.Hour
	n, unit := int64(d/time.Second), "second"
	switch {
	case d >= 2*day:
		n, unit = int64(d/day), "day"
	case d >= 2*time.Hour:
		n, unit = int64(d/time.Hour), "hour"
	case d >= 2*time.Minute:
		n, unit = int64(d/time.Minute), "minute"
	}
	if n != 1 {
		unit += "s"
	}
	return strconv.FormatInt(n, 10) + " " + unit
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// quote makes s, which came with a request, safe to read in a log.
func quote(s string) string { return strconv.Quote(s) }
