package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"
)

// refusals fills a line of 16, half of which one app may have, and tells how
// soon those beyond it get their answer.
func refusals(ctx context.Context, s setting, b *shop) error {
	seconds := 10 * time.Second
	if s.quick {
		seconds = time.Second
	}
	p, err := b.open(ctx, s, "--image-queue", "16")
	if err != nil {
		return err
	}
	defer p.stop()
	const callers = 64
	took := make([][]float64, callers)
	var next, made atomic.Int64
	end := time.Now().Add(seconds)
	if err := each(callers, callers, func(i int) error {
		for time.Now().Before(end) {
			d, err := read(ctx, p.url(scenarios[0], int(next.Add(1))), io.Discard)
			switch {
			case err == nil:
				made.Add(1)
			case !errors.Is(err, errRefused):
				return err
			default:
				took[i] = append(took[i], 1000*d.Seconds())
				time.Sleep(100 * time.Millisecond)
			}
		}
		return nil
	}); err != nil {
		return err
	}
	all := slices.Concat(took...)
	if len(all) == 0 {
		return errors.New("nothing was refused")
	}
	fmt.Printf("\n%d callers and a line of 16\n", callers)
	fmt.Printf("  %d images made, %d requests refused: after %.1f ms at the median, %.1f ms at the most\n", made.Load(), len(all), quantile(all, 0.5), slices.Max(all))
	bound("ms until a refusal, 99th percentile,", quantile(all, 0.99), 50)
	return nil
}

// soak makes images of all kinds for a while, and tells how much memory stays.
func soak(ctx context.Context, s setting, b *shop) error {
	load, rest := 25*time.Second, 15*time.Second
	if s.quick {
		load, rest = 3*time.Second, 2*time.Second
	}
	p, err := b.open(ctx, s)
	if err != nil {
		return err
	}
	defer p.stop()
	ask := func(i int) error {
		_, err := read(ctx, p.url(scenarios[i%len(scenarios)], i), io.Discard)
		return err
	}
	if err := each(100, 8, ask); err != nil {
		return err
	}
	time.Sleep(time.Second)
	first := p.pss()
	w := observe(p.process)
	end := time.Now().Add(load)
	var next atomic.Int64
	err = each(16, 16, func(int) error {
		for time.Now().Before(end) {
			if err := ask(100 + int(next.Add(1))); err != nil {
				return err
			}
		}
		return nil
	})
	_, _, most, _ := w.stop()
	if err != nil {
		return err
	}
	time.Sleep(rest)
	after := p.pss()
	fmt.Printf("\nMixed load, 16 in flight for %.0f s: memory with all children, as PSS\n", load.Seconds())
	fmt.Printf("  %.0f MiB after the first hundred images, %.0f MiB at the peak of %d more, %.0f MiB %.0f s later\n", first, most, next.Load(), after, rest.Seconds())
	bound("memory afterwards to that at first", after/first, 1.5)
	return nil
}

// kept fetches variants that were made before, with a signed policy, and the
// same bytes from nginx.
func kept(ctx context.Context, s setting, _ *shop) error {
	w, err := startStowgate(ctx, s, "kept", "--log-level", "warn")
	if err != nil {
		return err
	}
	defer w.stop()
	root := filepath.Join(s.dir, "variants")
	if err := os.MkdirAll(root, 0o755); err != nil {
		return err
	}
	n, err := startNginx(ctx, s, root)
	if err != nil {
		return err
	}
	defer n.stop()
	var up, down struct{ Policy, Signature string }
	if err := w.cli(&up, "sign", "--app", w.closed.APIKey, "--call", "store", "--expires", "1h"); err != nil {
		return err
	}
	if err := w.cli(&down, "sign", "--app", w.closed.APIKey, "--call", "read,convert", "--expires", "1h"); err != nil {
		return err
	}
	for _, sc := range scenarios[:2] {
		body, err := os.ReadFile(s.copy(sc.source, 0))
		if err != nil {
			return err
		}
		handle, err := w.store(ctx, w.closed.APIKey, sc.source, body, fmt.Sprintf("&policy=%s&signature=%s", up.Policy, up.Signature))
		if err != nil {
			return err
		}
		target := fmt.Sprintf("%s/security=policy:%s,signature:%s/%s/%s", w.url, down.Policy, down.Signature, sc.tasks(), handle)
		var made bytes.Buffer
		if _, err := read(ctx, target, &made); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(root, sc.format), made.Bytes(), 0o644); err != nil {
			return err
		}
		t := newTable(fmt.Sprintf("A kept variant of %d bytes, signed, 16 connections, wrk", made.Len()), "requests/s", "request")
		for range s.imageRounds() {
			for _, to := range []struct {
				name string
				p    *process
				url  string
			}{{ours, w.process, target}, {"nginx", n, n.url + sc.format}} {
				m, err := load(ctx, to.p, to.url, s.quick)
				if err != nil {
					return err
				}
				t.add(to.name, m)
			}
		}
		t.print()
		goal("the rate to nginx'", t.ratio(ours, "nginx"), 0.75)
	}
	return nil
}
