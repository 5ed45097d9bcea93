// Package images measures what it takes to make images of images: beside the
// bare library, and servers of others that use the same one.
package images

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/stowgate/stowgate/bench/lab"
)

// A setting is that of all benchmarks, with the programs that this one takes.
type setting struct {
	lab.Setting
	limit, pictures  string // of our own
	imgproxy, imagor string // "" if left out
	photographs      string // folder
}

// Run compares what it takes to make images. Without the programs of our own,
// which peers/build makes, it says so and does nothing.
func Run(ctx context.Context, given lab.Setting) error {
	peer := func(name string) string { return filepath.Join(given.Peers, name) }
	s := setting{Setting: given, limit: peer("limit"), pictures: peer("pictures"), photographs: peer("photographs")}
	for name, file := range map[string]*string{imgproxy: &s.imgproxy, imagor: &s.imagor} {
		if _, err := os.Stat(peer(name)); err == nil {
			*file = peer(name)
		} else {
			fmt.Printf("\n%s is left out: %v\n", name, err)
		}
	}
	for _, part := range []struct{ what, file string }{
		{"the bare library", s.limit}, {"the pictures", s.pictures}, {"the photographs", s.photographs},
	} {
		if _, err := os.Stat(part.file); err != nil {
			fmt.Printf("\nImages are left out: %s could not be had: %v\n", part.what, err)
			return nil
		}
	}
	if err := s.prepare(ctx); err != nil {
		return err
	}
	stocked, err := stock(ctx, s)
	if err != nil {
		return err
	}
	for _, sc := range scenarios {
		if err := s.contest(ctx, sc, stocked); err != nil {
			return fmt.Errorf("%s: %w", sc.name, err)
		}
	}
	for _, f := range []func(context.Context, setting, *shop) error{refusals, soak, kept} {
		if err := f(ctx, s, stocked); err != nil {
			return err
		}
	}
	return nil
}

// A contest is what the contenders did in one scenario.
type contest struct {
	scenario
	names []string
	shots map[string]map[int][]shot // by contender and requests in flight
	size  map[string]int64          // bytes of a result
	off   map[string]float64        // its difference to the best there is
}

// contest measures and prints one scenario.
func (s setting) contest(ctx context.Context, sc scenario, b *shop) error {
	c := &contest{scenario: sc, names: []string{ours, bareName}, shots: map[string]map[int][]shot{}, size: map[string]int64{}, off: map[string]float64{}}
	if s.imgproxy != "" {
		c.names = append(c.names, imgproxy)
	}
	if s.imagor != "" {
		c.names = append(c.names, imagor)
	}
	for _, name := range c.names {
		c.shots[name] = map[int][]shot{}
	}
	for round := range s.imageRounds() {
		if err := c.round(ctx, s, b, round); err != nil {
			return err
		}
	}
	c.print()
	c.judge()
	return nil
}

// imageRounds is how many rounds there are: five would take too long.
func (s setting) imageRounds() int { return min(s.Rounds, 3) }

// levels returns the numbers of requests in flight to measure a contender with
// in a round. Animations are slow: 64 in a line are measured once, and not with
// peers that take several seconds for each, which are in one round only.
func (c *contest) levels(name string, round int, quick bool) []int {
	slow, peer := c.pace < 10, name == imgproxy || name == imagor
	switch {
	case quick && slow && peer:
		return nil
	case quick:
		return []int{8}
	case slow && peer && round > 0:
		return nil
	case slow && (peer || round > 0):
		return inFlight[:3]
	}
	return inFlight
}

// round starts the servers anew, and measures each contender at each level.
func (c *contest) round(ctx context.Context, s setting, b *shop, round int) error {
	servers := map[string]*imageServer{}
	for name, start := range map[string]func() (*imageServer, error){
		ours:     func() (*imageServer, error) { return b.open(ctx, s) },
		imgproxy: func() (*imageServer, error) { return startImgproxy(ctx, s) },
		imagor:   func() (*imageServer, error) { return startImagor(ctx, s) },
	} {
		if !slices.Contains(c.names, name) {
			continue
		}
		p, err := start()
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		defer p.Stop()
		servers[name] = p
	}
	if round == 0 {
		if err := c.compare(ctx, s, servers); err != nil {
			return err
		}
	}
	for _, level := range inFlight {
		for i := range c.names { // every round in another order
			name := c.names[(i+round)%len(c.names)]
			if !slices.Contains(c.levels(name, round, s.Quick), level) {
				continue
			}
			var m shot
			var err error
			if images := c.count(level, s.Quick); name == bareName {
				m, err = bare(ctx, s, c.scenario, level, images+level, c.result(s, name))
			} else {
				m, err = servers[name].shoot(ctx, c.scenario, level, images)
			}
			if err != nil {
				return fmt.Errorf("%s with %d in flight: %w", name, level, err)
			}
			c.shots[name][level] = append(c.shots[name][level], m)
		}
	}
	return nil
}

// result is the file of a contender's first image.
func (c *contest) result(s setting, name string) string {
	return filepath.Join(s.Dir, "results", strings.ReplaceAll(name, " ", "-")+"."+c.format)
}

// compare looks at one image of each contender.
func (c *contest) compare(ctx context.Context, s setting, servers map[string]*imageServer) error {
	if _, err := bare(ctx, s, c.scenario, 1, 1, c.result(s, bareName)); err != nil {
		return err
	}
	for name, p := range servers {
		f, err := os.Create(c.result(s, name))
		if err != nil {
			return err
		}
		_, err = read(ctx, p.address(c.scenario, 0), f)
		f.Close()
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	files := make([]string, len(c.names))
	for i, name := range c.names {
		files[i] = c.result(s, name)
		info, err := os.Stat(files[i])
		if err != nil {
			return err
		}
		c.size[name] = info.Size()
	}
	off, err := s.differences(ctx, c.scenario, files)
	if err != nil {
		return err
	}
	for i, name := range c.names {
		c.off[name] = off[i]
	}
	return nil
}

func cpu(m shot) float64  { return m.cpu }
func peak(m shot) float64 { return m.peak }

// of is the median of a value over the rounds.
func (c *contest) of(name string, level int, value func(shot) float64) float64 {
	var v []float64
	for _, m := range c.shots[name][level] {
		v = append(v, value(m))
	}
	return lab.Median(v)
}

// to is the median over the rounds of a's value to b's in the same round.
func (c *contest) to(a, b string, level int, value func(shot) float64) float64 {
	x, y := c.shots[a][level], c.shots[b][level]
	var v []float64
	for i := range min(len(x), len(y)) {
		v = append(v, value(x[i])/value(y[i]))
	}
	return lab.Median(v)
}

// print writes the medians.
func (c *contest) print() {
	fmt.Printf("\n%s (medians of %d rounds, interleaved; memory with all children, as PSS)\n", c.name, len(c.shots[ours][8]))
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "in flight\ttarget\tCPU ms\tit / bare\timages/s\tp50 ms\tp99 ms\tpeak MiB\tbytes\toff by\tothers' CPU\n")
	refused := 0
	for _, level := range inFlight {
		for _, name := range c.names {
			if len(c.shots[name][level]) == 0 {
				continue
			}
			of := func(value func(shot) float64) float64 { return c.of(name, level, value) }
			fmt.Fprintf(w, "%d\t%s\t%.1f\t%.2f\t%.1f\t%.0f\t%.0f\t%.0f\t%d\t%.2f\t%.0f %%\n", level, name,
				1000*of(cpu), c.to(name, bareName, level, cpu), of(func(m shot) float64 { return m.rate }),
				1000*of(func(m shot) float64 { return m.p50 }), 1000*of(func(m shot) float64 { return m.p99 }),
				of(peak), c.size[name], c.off[name], 100*of(func(m shot) float64 { return m.others }))
			for _, m := range c.shots[name][level] {
				refused += m.refused
			}
		}
	}
	w.Flush()
	if refused > 0 {
		fmt.Printf("  %d requests were refused, and do not count\n", refused)
	}
}

// judge compares what was measured with the goals.
func (c *contest) judge() {
	lab.Bound("CPU to bare libvips', 8 in flight,", c.to(ours, bareName, 8, cpu), 1.05)
	if len(c.shots[imgproxy][8]) > 0 {
		lab.Bound("CPU to imgproxy's, 8 in flight,", c.to(ours, imgproxy, 8, cpu), 0.9)
		lab.Bound("peak memory to imgproxy's, 8 in flight,", c.to(ours, imgproxy, 8, peak), 0.5)
		lab.Bound("bytes to imgproxy's", float64(c.size[ours])/float64(c.size[imgproxy]), 1.05)
		lab.Bound("difference to the best picture, to imgproxy's,", c.off[ours]/c.off[imgproxy], 1.05)
	}
	if many := c.shots[ours][64]; len(many) > 0 {
		lab.Bound("peak memory with 64 in flight to that with 8", c.of(ours, 64, peak)/c.of(ours, 8, peak), 1.3)
		lab.Bound("the 99th percentile to the median, 64 in flight,", c.of(ours, 64, func(m shot) float64 { return m.p99 / m.p50 }), 1.3)
	}
}
