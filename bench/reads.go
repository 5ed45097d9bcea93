package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
)

// reads fetches a file of 100 KiB and one of 100 MiB with a signed policy, and
// the same from nginx.
func reads(ctx context.Context, s setting) error {
	w, err := startStowgate(ctx, s, "reads", "--log-level", "warn") // as nginx, without an access log
	if err != nil {
		return err
	}
	defer w.stop()
	root := filepath.Join(s.dir, "www")
	if err := os.MkdirAll(root, 0o755); err != nil {
		return err
	}
	p, err := startNginx(ctx, s, root)
	if err != nil {
		return err
	}
	defer p.stop()
	for _, size := range []struct {
		name, unit string
		bytes      int
		goal       float64
	}{{"100k", "requests/s", 100 << 10, 0.8}, {"100m", "requests/s", 100 << 20, 0.95}} {
		body := make([]byte, size.bytes)
		rand.Read(body)
		if err := os.WriteFile(filepath.Join(root, size.name), body, 0o644); err != nil {
			return err
		}
		target, err := w.signedFile(ctx, body)
		if err != nil {
			return err
		}
		t := newTable("Signed reads of "+size.name+", 16 connections, wrk", size.unit, "request")
		for range s.rounds {
			for _, to := range []struct {
				name string
				p    *process
				url  string
			}{{"stowgate", w.process, target}, {"nginx", p, p.url + size.name}} {
				m, err := load(ctx, to.p, to.url, s.quick)
				if err != nil {
					return err
				}
				t.add(to.name, m)
			}
		}
		t.print()
		goal("the rate to nginx'", t.ratio("stowgate", "nginx"), size.goal)
	}
	return nil
}

// signedFile stores body in the app with security on and returns a URL that
// carries a policy for reading it.
func (w *stow) signedFile(ctx context.Context, body []byte) (string, error) {
	var up, down struct{ Policy, Signature string }
	if err := w.cli(&up, "sign", "--app", w.closed.APIKey, "--call", "store", "--expires", "1h"); err != nil {
		return "", err
	}
	req, err := http.NewRequestWithContext(ctx, "POST", fmt.Sprintf("%s/api/store/S3?key=%s&filename=f.bin&policy=%s&signature=%s", w.url, w.closed.APIKey, up.Policy, up.Signature), bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/octet-stream")
	var stored struct{ Handle string }
	if _, err := do(req, http.StatusOK, &stored); err != nil {
		return "", err
	}
	if err := w.cli(&down, "sign", "--app", w.closed.APIKey, "--call", "read", "--handle", stored.Handle, "--expires", "1h"); err != nil {
		return "", err
	}
	return fmt.Sprintf("%s/%s?policy=%s&signature=%s", w.url, stored.Handle, down.Policy, down.Signature), nil
}

var (
	wrkRate   = regexp.MustCompile(`Requests/sec:\s+([\d.]+)`)
	wrkTotal  = regexp.MustCompile(`(\d+) requests in`)
	wrkErrors = regexp.MustCompile(`Non-2xx or 3xx responses: (\d+)`)
)

// load runs wrk for some seconds against a URL of p.
func load(ctx context.Context, p *process, url string, quick bool) (sample, error) {
	seconds := "5"
	if quick {
		seconds = "1"
	}
	p.resetPeak()
	cpu := p.cpu()
	out, err := exec.CommandContext(ctx, "wrk", "-t1", "-c16", "-d"+seconds+"s", "--timeout", "30s", url).CombinedOutput()
	if err != nil {
		return sample{}, fmt.Errorf("wrk: %w: %s", err, out)
	}
	if m := wrkErrors.FindSubmatch(out); m != nil {
		return sample{}, fmt.Errorf("wrk: %s answers were errors", m[1])
	}
	r, total := wrkRate.FindSubmatch(out), wrkTotal.FindSubmatch(out)
	if r == nil || total == nil {
		return sample{}, fmt.Errorf("wrk printed no rate: %s", out)
	}
	rate, _ := strconv.ParseFloat(string(r[1]), 64)
	n, _ := strconv.ParseFloat(string(total[1]), 64)
	return sample{rate: rate, cpu: (p.cpu() - cpu) / n, rssMiB: p.status("VmHWM")}, nil
}
