package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"os"
	"path/filepath"

	"github.com/stowgate/stowgate/bench/lab"
)

// reads fetches a file of 100 KiB and one of 100 MiB with a signed policy, and
// the same from nginx and from net/http alone, which checks nothing: it is what
// a server on net/http cannot surpass.
func reads(ctx context.Context, s lab.Setting) error {
	w, err := startStowgate(ctx, s, "reads", "--log-level", "warn") // as nginx, without an access log
	if err != nil {
		return err
	}
	defer w.Stop()
	root := filepath.Join(s.Dir, "www")
	if err := os.MkdirAll(root, 0o755); err != nil {
		return err
	}
	p, err := lab.StartNginx(ctx, s, root)
	if err != nil {
		return err
	}
	defer p.Stop()
	bare, err := lab.StartPlain(ctx, root)
	if err != nil {
		return err
	}
	defer bare.Stop()
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
		t := lab.NewTable("Signed reads of "+size.name+", 16 connections, wrk", size.unit, "request")
		for range s.Rounds {
			for _, to := range []struct {
				name string
				p    *lab.Process
				url  string
			}{{"stowgate", w.Process, target}, {"nginx", p, p.URL + size.name}, {"net/http alone", bare, bare.URL + size.name}} {
				m, err := lab.Load(ctx, to.p, to.url, s.Quick)
				if err != nil {
					return err
				}
				t.Add(to.name, m)
			}
		}
		t.Print()
		lab.Goal("the rate to nginx'", t.Ratio("stowgate", "nginx"), size.goal)
	}
	return nil
}

// signedFile stores body in the app with security on and returns a URL that
// carries a policy for reading it.
func (w *stow) signedFile(ctx context.Context, body []byte) (string, error) {
	var up, down struct{ Policy, Signature string }
	if err := w.CLI(&up, "sign", "--app", w.Closed.APIKey, "--call", "store", "--expires", "1h"); err != nil {
		return "", err
	}
	req, err := http.NewRequestWithContext(ctx, "POST", fmt.Sprintf("%s/api/store/S3?key=%s&filename=f.bin&policy=%s&signature=%s", w.URL, w.Closed.APIKey, up.Policy, up.Signature), bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/octet-stream")
	var stored struct{ Handle string }
	if _, err := lab.Do(req, http.StatusOK, &stored); err != nil {
		return "", err
	}
	if err := w.CLI(&down, "sign", "--app", w.Closed.APIKey, "--call", "read", "--handle", stored.Handle, "--expires", "1h"); err != nil {
		return "", err
	}
	return fmt.Sprintf("%s/%s?policy=%s&signature=%s", w.URL, stored.Handle, down.Policy, down.Signature), nil
}
