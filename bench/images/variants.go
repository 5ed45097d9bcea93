package images

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

	"github.com/stowgate/stowgate/bench/lab"
)

// refusals fills a line of 16, half of which one app may have, and tells how
// soon those beyond it get their answer.
func refusals(ctx context.Context, s setting, b *shop) error {
	seconds := 10 * time.Second
	if s.Quick {
		seconds = time.Second
	}
	p, err := b.open(ctx, s, "--image-queue", "16")
	if err != nil {
		return err
	}
	defer p.Stop()
	const callers = 64
	took := make([][]float64, callers)
	var next, made atomic.Int64
	end := time.Now().Add(seconds)
	if err := lab.Each(callers, callers, func(i int) error {
		for time.Now().Before(end) {
			d, err := read(ctx, p.address(scenarios[0], int(next.Add(1))), io.Discard)
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
	lab.Bound("ms until a refusal, 99th percentile,", quantile(all, 0.99), 50)
	return nil
}

// soak makes images of all kinds for a while, and tells how much memory stays.
func soak(ctx context.Context, s setting, b *shop) error {
	begin, load, rest := 100, 25*time.Second, 15*time.Second
	if s.Quick {
		begin, load, rest = 10, 3*time.Second, 2*time.Second
	}
	p, err := b.open(ctx, s)
	if err != nil {
		return err
	}
	defer p.Stop()
	ask := func(i int) error {
		_, err := read(ctx, p.address(scenarios[i%len(scenarios)], i), io.Discard)
		return err
	}
	if err := lab.Each(begin, 8, ask); err != nil {
		return err
	}
	time.Sleep(time.Second)
	first := p.PSS()
	w := lab.Observe(p.Process)
	end := time.Now().Add(load)
	var next atomic.Int64
	err = lab.Each(16, 16, func(int) error {
		for time.Now().Before(end) {
			if err := ask(begin + int(next.Add(1))); err != nil {
				return err
			}
		}
		return nil
	})
	_, _, most, _ := w.Stop()
	if err != nil {
		return err
	}
	time.Sleep(rest)
	after := p.PSS()
	fmt.Printf("\nMixed load, 16 in flight for %.0f s: memory with all children, as PSS\n", load.Seconds())
	fmt.Printf("  %.0f MiB after the first %d images, %.0f MiB at the peak of %d more, %.0f MiB %.0f s later\n", first, begin, most, next.Load(), after, rest.Seconds())
	lab.Bound("memory afterwards to that at first", after/first, 1.5)
	return nil
}

// kept fetches variants that were made before, with a signed policy, and the
// same bytes from nginx and from net/http alone.
func kept(ctx context.Context, s setting, _ *shop) error {
	w, err := lab.StartStowgate(ctx, s.Setting, "kept", "--log-level", "warn")
	if err != nil {
		return err
	}
	defer w.Stop()
	root := filepath.Join(s.Dir, "variants")
	if err := os.MkdirAll(root, 0o755); err != nil {
		return err
	}
	n, err := lab.StartNginx(ctx, s.Setting, root)
	if err != nil {
		return err
	}
	defer n.Stop()
	bare, err := lab.StartPlain(ctx, root)
	if err != nil {
		return err
	}
	defer bare.Stop()
	var up, down struct{ Policy, Signature string }
	if err := w.CLI(&up, "sign", "--app", w.Closed.APIKey, "--call", "store", "--expires", "1h"); err != nil {
		return err
	}
	if err := w.CLI(&down, "sign", "--app", w.Closed.APIKey, "--call", "read,convert", "--expires", "1h"); err != nil {
		return err
	}
	for _, sc := range scenarios[:2] {
		body, err := os.ReadFile(s.copy(sc.source, 0))
		if err != nil {
			return err
		}
		handle, err := store(ctx, w, w.Closed.APIKey, sc.source, body, fmt.Sprintf("&policy=%s&signature=%s", up.Policy, up.Signature))
		if err != nil {
			return err
		}
		target := fmt.Sprintf("%s/security=policy:%s,signature:%s/%s/%s", w.URL, down.Policy, down.Signature, sc.tasks(), handle)
		var made bytes.Buffer
		if _, err := read(ctx, target, &made); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(root, sc.format), made.Bytes(), 0o644); err != nil {
			return err
		}
		t := lab.NewTable(fmt.Sprintf("A kept variant of %d bytes, signed, 16 connections, wrk", made.Len()), "requests/s", "request")
		for range s.imageRounds() {
			for _, to := range []struct {
				name string
				p    *lab.Process
				url  string
			}{{ours, w.Process, target}, {"nginx", n, n.URL + sc.format}, {"net/http alone", bare, bare.URL + sc.format}} {
				m, err := lab.Load(ctx, to.p, to.url, s.Quick)
				if err != nil {
					return err
				}
				t.Add(to.name, m)
			}
		}
		t.Print()
		lab.Goal("the rate to nginx'", t.Ratio(ours, "nginx"), 0.75)
	}
	return nil
}
