// Command bench measures Stowgate against named peers and physical limits, in
// one run, interleaved, and prints medians and ratios. It starts everything it
// measures itself, on loopback, in one folder of one disk.
//
//	go run . [-rounds 5] [-only large,small,tiny,reads,memory,stalled,images] [-dir DIR] -stowgate FILE -tusd FILE -peers DIR
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

	"github.com/stowgate/stowgate/bench/images"
	"github.com/stowgate/stowgate/bench/lab"
)

var benchmarks = []struct {
	name string
	run  func(context.Context, lab.Setting) error
}{
	{"large", large},
	{"small", small},
	{"tiny", tiny},
	{"reads", reads},
	{"memory", memory},
	{"stalled", stalled},
	{"images", images.Run},
}

func main() {
	if len(os.Args) == 4 && os.Args[1] == lab.PlainCommand {
		fmt.Fprintln(os.Stderr, lab.Plain(os.Args[2], os.Args[3]))
		os.Exit(1)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	var s lab.Setting
	var only string
	flag.IntVar(&s.Rounds, "rounds", 5, "rounds; medians are printed")
	flag.StringVar(&s.Dir, "dir", "", "folder on the disk to measure (default: a temporary one here)")
	flag.StringVar(&s.Stowgate, "stowgate", "../bin/stowgate", "program file")
	flag.StringVar(&s.Tusd, "tusd", "", "program file of tusd")
	flag.StringVar(&s.Nginx, "nginx", "/usr/sbin/nginx", "program file of nginx")
	flag.StringVar(&s.Peers, "peers", "", "folder of imgproxy, imagor, limit, pictures and the photographs, as peers/build leaves it")
	flag.StringVar(&only, "only", "", "names of benchmarks, joined by commas")
	flag.BoolVar(&s.Quick, "quick", false, "a tenth of the work: to see that it runs")
	flag.Parse()
	parent := s.Dir
	if parent == "" {
		parent = "."
	}
	dir, err := os.MkdirTemp(parent, "bench-data-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if s.Dir, err = filepath.Abs(dir); err != nil {
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
