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

// Describe says in words what g allows, and how long from now.
func (g Grant) Describe(now time.Time) string {
	if left := g.Expires.Sub(now); left > 0 {
		return g.describe(" (" + span(left) + " from now)")
	}
	return g.describe(" (" + span(now.Sub(g.Expires)) + " ago)")
}

// verbs say what each call does, in the order of the constants. Pick and store
// are one thing to a person.
var verbs = [...]string{"upload files", "", "read", "see metadata", "overwrite", "overwrite from URLs", "transform", "delete",
	"see EXIF data", "run workflows", "manage the app's files"}

func (g Grant) describe(relative string) string {
	if g.Actions == 0 {
		return "may do nothing"
	}
	var parts, others []string
	add := func(is bool, part string) {
		if is {
			parts = append(parts, part)
		}
	}
	for i, verb := range verbs {
		if g.Actions&^storing&(1<<i) != 0 {
			others = append(others, verb)
		}
	}
	add(g.Actions&storing != 0, verbs[0]+g.bounds())
	add(len(others) > 0, strings.Join(others, ", "))
	add(g.Asset != "", "asset "+string(g.Asset)+" only")
	add(g.URL != Pattern{}, "from sources that match "+g.URL.String())
	add(g.Use.Limit > 0, strconv.Itoa(g.Use.Limit)+" times")
	add(!g.Expires.IsZero(), "until "+stamp(g.Expires)+relative)
	return "may " + strings.Join(parts, "; ")
}

// bounds says which files may be stored.
func (g Grant) bounds() string {
	var s string
	if g.MinSize > 0 {
		s += " from " + size(g.MinSize)
	}
	if g.MaxSize < math.MaxInt64 {
		s += " up to " + size(g.MaxSize)
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

// span says d in its largest unit, of which it has two at least, rounded, as in
// "3 minutes".
func span(d time.Duration) string {
	d = d.Round(time.Second)
	for _, unit := range []struct {
		name string
		size time.Duration
	}{{"days", 24 * time.Hour}, {"hours", time.Hour}, {"minutes", time.Minute}} {
		if d >= 2*unit.size {
			return fmt.Sprint(int64(d.Round(unit.size)/unit.size), " ", unit.name)
		}
	}
	if d >= 2*time.Second {
		return fmt.Sprint(int64(d/time.Second), " seconds")
	}
	return "a moment"
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
