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
)

// A setting is what one run of the program works with.
type setting struct {
	rounds   int
	dir      string // on the disk that is measured
	stowgate string // program files; a peer without one is left out
	tusd     string
	nginx    string
	imgproxy string
	imagor   string
	quick    bool

	limit, pictures string // programs of our own for images
	photographs     string // folder
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
	{"images", images},
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
	var only, peers string
	flag.IntVar(&s.rounds, "rounds", 5, "rounds; medians are printed")
	flag.StringVar(&s.dir, "dir", "", "folder on the disk to measure (default: a temporary one here)")
	flag.StringVar(&s.stowgate, "stowgate", "../bin/stowgate", "program file")
	flag.StringVar(&s.tusd, "tusd", "", "program file of tusd")
	flag.StringVar(&s.nginx, "nginx", "/usr/sbin/nginx", "program file of nginx")
	flag.StringVar(&peers, "peers", "", "folder of imgproxy, imagor, limit, pictures and the photographs, as peers/build leaves it")
	flag.StringVar(&only, "only", "", "names of benchmarks, joined by commas")
	flag.BoolVar(&s.quick, "quick", false, "a tenth of the work: to see that it runs")
	flag.Parse()
	s.limit, s.pictures, s.photographs = filepath.Join(peers, "limit"), filepath.Join(peers, "pictures"), filepath.Join(peers, "photographs")
	for name, file := range map[string]*string{imgproxy: &s.imgproxy, imagor: &s.imagor} {
		if found := filepath.Join(peers, name); isFile(found) {
			*file = found
		}
	}
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

func isFile(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.Mode().IsRegular()
}
