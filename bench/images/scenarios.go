package images

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stowgate/stowgate/bench/lab"
)

// A scenario is one kind of work on images.
type scenario struct {
	name          string
	source        string // one of those that pictures makes
	width, height int    // of the result, which is cropped if height is not 0
	format        string // extension of the result
	quality       int    // 0 where there is none
	save          string // with what Stowgate saves it, for the bare library
	pace          int    // images that two cores make in about a second
}

var scenarios = []scenario{
	{"12 megapixel JPEG to 800 wide", "large.jpg", 800, 0, "jpg", 80, "[Q=80,optimize_coding,keep=icc]", 26},
	{"2 megapixel JPEG to 300x300 WebP", "small.jpg", 300, 300, "webp", 80, "[Q=80,keep=icc]", 60},
	{"3 megapixel PNG with alpha to 500 wide", "alpha.png", 500, 0, "png", 0, "[filter=all,keep=icc]", 15},
	{"2 megapixel JPEG to 800 wide AVIF", "small.jpg", 800, 0, "avif", 60, "[Q=60,effort=0,bitdepth=8,keep=icc]", 20},
	{"GIF of 20 frames, 480x320 to 240 wide", "moving.gif", 240, 0, "gif", 0, "[effort=4,keep=icc]", 4},
}

// sources are the files that pictures makes.
var sources = []string{"large.jpg", "small.jpg", "alpha.png", "moving.gif"}

// inFlight are the numbers of requests that are on their way at once.
var inFlight = []int{1, 2, 8, 64}

// count returns how many images a measurement takes, beyond those that fill
// the line at its beginning.
func (sc scenario) count(inFlight int, quick bool) int {
	switch {
	case quick:
		return 4
	case inFlight >= 64:
		return max(3*sc.pace, 96)
	case inFlight == 8:
		return 2 * sc.pace
	}
	return sc.pace
}

// A shot is one measurement of one contender.
type shot struct {
	rate     float64 // images a second
	cpu      float64 // CPU seconds per image, of the server and its children
	p50, p99 float64 // seconds until the answer is read
	peak     float64 // MiB
	others   float64 // part of the machine that other programs used
	refused  int
}

// errRefused is an answer of a server that has too much to do.
var errRefused = errors.New("refused")

// read fetches a URL and returns what it took.
func read(ctx context.Context, url string, into io.Writer) (time.Duration, error) {
	req, err := http.NewRequestWithContext(ctx, "GET", url, nil)
	if err != nil {
		return 0, err
	}
	start := time.Now()
	resp, err := lab.Client.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		b, _ := io.ReadAll(resp.Body)
		err = fmt.Errorf("%s: %s: %.200s", url, resp.Status, b)
		if resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode == http.StatusServiceUnavailable {
			err = errRefused
		}
		return time.Since(start), err
	}
	_, err = io.Copy(into, resp.Body)
	return time.Since(start), err
}

// An imageServer makes images by URL.
type imageServer struct {
	*lab.Process
	address func(sc scenario, copy int) string // of what makes sc of a copy of its source
	next    int                                // the copy that is asked for next
}

// shoot asks for images of sc, each of another copy of the source.
func (p *imageServer) shoot(ctx context.Context, sc scenario, inFlight, images int) (shot, error) {
	first := p.next
	p.next += images + 2*inFlight
	warm := min(inFlight, 4) // connections, workers and the library
	if err := lab.Each(warm, warm, func(i int) error {
		_, err := read(ctx, p.address(sc, first+images+inFlight+i), io.Discard)
		return err
	}); err != nil {
		return shot{}, err
	}
	images += inFlight
	took := make([]float64, images)
	refused := make([]bool, images)
	w := lab.Observe(p.Process)
	err := lab.Each(images, inFlight, func(i int) error {
		d, err := read(ctx, p.address(sc, first+i), io.Discard)
		took[i] = d.Seconds()
		if errors.Is(err, errRefused) {
			refused[i], err = true, nil
		}
		return err
	})
	cpu, wall, peak, others := w.Stop()
	if err != nil {
		return shot{}, err
	}
	s := shot{peak: peak, others: others}
	var waited []float64
	for i, r := range refused {
		if r {
			s.refused++
		} else if i >= inFlight { // the first ones find a line that is not full yet
			waited = append(waited, took[i])
		}
	}
	done := float64(images - s.refused)
	s.cpu, s.rate, s.p50, s.p99 = cpu/done, done/wall, quantile(waited, 0.5), quantile(waited, 0.99)
	return s, nil
}

// quantile returns the value below which a part of v is.
func quantile(v []float64, part float64) float64 {
	if len(v) == 0 {
		return 0
	}
	v = slices.Sorted(slices.Values(v))
	return v[min(int(part*float64(len(v))), len(v)-1)]
}

// bare makes images with the bare library, on no more threads than there are
// cores, and writes the first one to result.
func bare(ctx context.Context, s setting, sc scenario, inFlight, images int, result string) (shot, error) {
	args := []string{strconv.Itoa(min(inFlight, runtime.NumCPU())), strconv.Itoa(images), strconv.Itoa(sc.width), strconv.Itoa(sc.height), "." + sc.format + sc.save, result}
	for i := range min(images, s.copies()) {
		args = append(args, s.copy(sc.source, i))
	}
	cmd := exec.CommandContext(ctx, s.limit, args...)
	cmd.Env = append(os.Environ(), "MALLOC_ARENA_MAX=2")
	cmd.Stderr = os.Stderr
	var out strings.Builder
	cmd.Stdout = &out
	if err := cmd.Start(); err != nil {
		return shot{}, err
	}
	w := lab.Observe(&lab.Process{Cmd: cmd})
	err := cmd.Wait()
	_, _, peak, others := w.Stop()
	if err != nil {
		return shot{}, fmt.Errorf("limit: %w", err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	var took []float64
	for _, line := range lines[:len(lines)-1] {
		ms, _ := strconv.ParseFloat(line, 64)
		took = append(took, ms/1000)
	}
	var cpu, wall float64
	if _, err := fmt.Sscan(lines[len(lines)-1], &cpu, &wall); err != nil || len(took) != images {
		return shot{}, fmt.Errorf("limit printed %q", out.String())
	}
	n := float64(images)
	return shot{rate: n / wall, cpu: cpu / n, p50: quantile(took, 0.5), p99: quantile(took, 0.99), peak: peak, others: others}, nil
}

// copies is how many copies there are of each source, so that no two requests
// that are under way at once ask for the same.
func (s setting) copies() int {
	if s.Quick {
		return 80
	}
	return 256
}

// copy returns the file of a copy of a source.
func (s setting) copy(source string, i int) string {
	return filepath.Join(s.Dir, "copies", fmt.Sprintf("%d-%s", i%s.copies(), source))
}

// prepare makes the sources, and links to each.
func (s setting) prepare(ctx context.Context) error {
	made, copies := filepath.Join(s.Dir, "pictures"), filepath.Join(s.Dir, "copies")
	for _, dir := range []string{made, copies, filepath.Join(s.Dir, "results")} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	cmd := exec.CommandContext(ctx, s.pictures, "make", filepath.Join(s.photographs, "large.jpg"), filepath.Join(s.photographs, "small.jpg"), made)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("make pictures: %w: %s", err, out)
	}
	for _, source := range sources {
		for i := range s.copies() {
			if err := os.Link(filepath.Join(made, source), s.copy(source, i)); err != nil {
				return err
			}
		}
	}
	return nil
}

// differences returns how far each file is from the best result there is of sc.
func (s setting) differences(ctx context.Context, sc scenario, files []string) ([]float64, error) {
	args := []string{"compare", s.copy(sc.source, 0), strconv.Itoa(sc.width), strconv.Itoa(sc.height)}
	cmd := exec.CommandContext(ctx, s.pictures, append(args, files...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("compare pictures: %w", err)
	}
	var all []float64
	for line := range strings.Lines(string(out)) {
		d, err := strconv.ParseFloat(strings.TrimSpace(line), 64)
		if err != nil {
			return nil, err
		}
		all = append(all, d)
	}
	return all, nil
}
