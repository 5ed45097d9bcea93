package lab

import (
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"sync/atomic"
)

var (
	wrkRate   = regexp.MustCompile(`Requests/sec:\s+([\d.]+)`)
	wrkTotal  = regexp.MustCompile(`(\d+) requests in`)
	wrkErrors = regexp.MustCompile(`Non-2xx or 3xx responses: (\d+)`)
)

// Load runs wrk for some seconds against a URL of p.
func Load(ctx context.Context, p *Process, url string, quick bool) (Sample, error) {
	seconds := "5"
	if quick {
		seconds = "1"
	}
	p.ResetPeak()
	cpu := p.CPU()
	out, err := exec.CommandContext(ctx, "wrk", "-t1", "-c16", "-d"+seconds+"s", "--timeout", "30s", url).CombinedOutput()
	if err != nil {
		return Sample{}, fmt.Errorf("wrk: %w: %s", err, out)
	}
	if m := wrkErrors.FindSubmatch(out); m != nil {
		return Sample{}, fmt.Errorf("wrk: %s answers were errors", m[1])
	}
	r, total := wrkRate.FindSubmatch(out), wrkTotal.FindSubmatch(out)
	if r == nil || total == nil {
		return Sample{}, fmt.Errorf("wrk printed no rate: %s", out)
	}
	rate, _ := strconv.ParseFloat(string(r[1]), 64)
	n, _ := strconv.ParseFloat(string(total[1]), 64)
	return Sample{Rate: rate, CPU: (p.CPU() - cpu) / n, RSSMiB: p.Status("VmHWM")}, nil
}

// Each runs work for 0 to n-1, several at once, and returns the first error.
func Each(n, parallel int, work func(i int) error) error {
	var next atomic.Int64
	errs := make(chan error, parallel)
	for range parallel {
		go func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= n {
					errs <- nil
					return
				}
				if err := work(i); err != nil {
					errs <- err
					return
				}
			}
		}()
	}
	var first error
	for range parallel {
		if err := <-errs; err != nil && first == nil {
			first = err
		}
	}
	return first
}
