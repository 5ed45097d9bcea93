package main

import (
	"fmt"
	"os"
	"slices"
	"text/tabwriter"
)

// A sample is what one target did in one round.
type sample struct {
	rate   float64 // in the table's unit, more is better
	cpu    float64 // CPU seconds of the process measured, per unit of work
	rssMiB float64 // peak resident memory of the process, 0 if it has none of its own
}

// A table collects samples by target and prints their medians.
type table struct {
	title, unit, work string // unit of rate; what cpu is per
	order             []string
	samples           map[string][]sample
}

func newTable(title, unit, work string) *table {
	return &table{title: title, unit: unit, work: work, samples: map[string][]sample{}}
}

func (t *table) add(target string, s sample) {
	if _, ok := t.samples[target]; !ok {
		t.order = append(t.order, target)
	}
	t.samples[target] = append(t.samples[target], s)
}

func median(v []float64) float64 {
	v = slices.Clone(v)
	slices.Sort(v)
	if len(v) == 0 {
		return 0
	}
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}

func (t *table) column(target string, get func(sample) float64) []float64 {
	var v []float64
	for _, s := range t.samples[target] {
		v = append(v, get(s))
	}
	return v
}

// ratio is the median over the rounds of a's rate to b's in the same round.
func (t *table) ratio(a, b string) float64 {
	x, y := t.column(a, rate), t.column(b, rate)
	var v []float64
	for i := range min(len(x), len(y)) {
		v = append(v, x[i]/y[i])
	}
	return median(v)
}

func rate(s sample) float64 { return s.rate }

// print writes the medians, with the ratio of the first target to each.
func (t *table) print() {
	first := t.order[0]
	fmt.Printf("\n%s (medians of %d rounds, interleaved)\n", t.title, len(t.samples[first]))
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "target\t%s\t%s / it\tCPU s per %s\tpeak RSS MiB\n", t.unit, first, t.work)
	for _, name := range t.order {
		cpu := median(t.column(name, func(s sample) float64 { return s.cpu }))
		rss := median(t.column(name, func(s sample) float64 { return s.rssMiB }))
		fmt.Fprintf(w, "%s\t%.0f\t%.2f\t%.3g\t%s\n", name, median(t.column(name, rate)), t.ratio(first, name), cpu, orDash(rss))
	}
	w.Flush()
}

func orDash(v float64) string {
	if v == 0 {
		return "-"
	}
	return fmt.Sprintf("%.0f", v)
}

func goal(what string, got, want float64) {
	verdict := "met"
	if got < want {
		verdict = fmt.Sprintf("missed by %.0f %%", 100*(1-got/want))
	}
	fmt.Printf("  goal: %s at least %.2f: %.2f, %s\n", what, want, got, verdict)
}
