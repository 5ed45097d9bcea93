package lab

import (
	"fmt"
	"os"
	"slices"
	"text/tabwriter"
)

// A Sample is what one target did in one round.
type Sample struct {
	Rate   float64 // in the table's unit, more is better
	CPU    float64 // CPU seconds of the process measured, per unit of work
	RSSMiB float64 // peak resident memory of the process, 0 if it has none of its own
}

// A Table collects samples by target and prints their medians.
type Table struct {
	title, unit, work string // unit of rate; what cpu is per
	order             []string
	samples           map[string][]Sample
}

// NewTable returns an empty table.
func NewTable(title, unit, work string) *Table {
	return &Table{title: title, unit: unit, work: work, samples: map[string][]Sample{}}
}

// Add adds what a target did in one more round.
func (t *Table) Add(target string, s Sample) {
	if _, ok := t.samples[target]; !ok {
		t.order = append(t.order, target)
	}
	t.samples[target] = append(t.samples[target], s)
}

// Median returns the median of v, or 0 if there are none.
func Median(v []float64) float64 {
	v = slices.Clone(v)
	slices.Sort(v)
	if len(v) == 0 {
		return 0
	}
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}

func (t *Table) column(target string, get func(Sample) float64) []float64 {
	var v []float64
	for _, s := range t.samples[target] {
		v = append(v, get(s))
	}
	return v
}

// Rate is the median of a target's rates.
func (t *Table) Rate(target string) float64 { return Median(t.column(target, rate)) }

// Ratio is the median over the rounds of a's rate to b's in the same round.
func (t *Table) Ratio(a, b string) float64 {
	x, y := t.column(a, rate), t.column(b, rate)
	var v []float64
	for i := range min(len(x), len(y)) {
		v = append(v, x[i]/y[i])
	}
	return Median(v)
}

func rate(s Sample) float64 { return s.Rate }

// Print writes the medians, with the ratio of the first target to each.
func (t *Table) Print() {
	first := t.order[0]
	fmt.Printf("\n%s (medians of %d rounds, interleaved)\n", t.title, len(t.samples[first]))
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "target\t%s\t%s / it\tCPU s per %s\tpeak RSS MiB\n", t.unit, first, t.work)
	for _, name := range t.order {
		cpu := Median(t.column(name, func(s Sample) float64 { return s.CPU }))
		rss := Median(t.column(name, func(s Sample) float64 { return s.RSSMiB }))
		fmt.Fprintf(w, "%s\t%.0f\t%.2f\t%.3g\t%s\n", name, t.Rate(name), t.Ratio(first, name), cpu, orDash(rss))
	}
	w.Flush()
}

func orDash(v float64) string {
	if v == 0 {
		return "-"
	}
	return fmt.Sprintf("%.0f", v)
}

// Goal prints whether got is at least a goal.
func Goal(what string, got, want float64) {
	verdict := "met"
	if got < want {
		verdict = fmt.Sprintf("missed by %.0f %%", 100*(1-got/want))
	}
	fmt.Printf("  goal: %s at least %.2f: %.2f, %s\n", what, want, got, verdict)
}

// Bound prints whether got is at most a goal.
func Bound(what string, got, most float64) {
	verdict := "met"
	if got > most {
		verdict = "missed"
	}
	fmt.Printf("  goal: %s at most %.4g: %.3g, %s\n", what, most, got, verdict)
}
