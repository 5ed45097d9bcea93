// Command bench measures Stowgate against named peers and physical limits, in
// one run, interleaved, and prints medians and ratios. It starts everything it
// measures itself, on loopback, in one folder of one disk.
//
//	go run . [-rounds 5] [-only large,small,tiny,reads,memory,stalled] [-dir DIR] -stowgate FILE -tusd FILE
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
)

// A setting is what one run of the program works with.
type setting struct {
	rounds   int
	dir      string // on the disk that is measured
	stowgate string // program files; a peer without one is left out
	tusd     string
	nginx    string
	quick    bool
}

var benchmarks = []struct {
	name string
	run  func(context.Context, setting) error
}{
	{"large", large},
	{"small", small},
	{"tiny", tiny},
	{"reads", reads},
	{"memory", memory},
	{"stalled", stalled},
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	var s setting
	var only string
	flag.IntVar(&s.rounds, "rounds", 5, "rounds; medians are printed")
	flag.StringVar(&s.dir, "dir", "", "folder on the disk to measure (default: a temporary one here)")
	flag.StringVar(&s.stowgate, "stowgate", "../bin/stowgate", "program file")
	flag.StringVar(&s.tusd, "tusd", "", "program file of tusd")
	flag.StringVar(&s.nginx, "nginx", "/usr/sbin/nginx", "program file of nginx")
	flag.StringVar(&only, "only", "", "names of benchmarks, joined by commas")
	flag.BoolVar(&s.quick, "quick", false, "a tenth of the work: to see that it runs")
	flag.Parse()
	parent := s.dir
	if parent == "" {
		parent = "."
	}
	dir, err := os.MkdirTemp(parent, "bench-data-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if s.dir, err = filepath.Abs(dir); err != nil {
		return err
	}
	for _, b := range benchmarks {
		if only != "" && !slices.Contains(strings.Split(only, ","), b.name) {
			continue
		}
		if err := b.run(ctx, s); err != nil {
			return fmt.Errorf("%s: %w", b.name, err)
		}
	}
	return nil
}
