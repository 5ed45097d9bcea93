package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/stowgate/stowgate/bench/lab"
)

const (
	mib      = 1 << 20
	partSize = 8 * mib
)

// A stow is a Stowgate that is uploaded to.
type stow struct{ *lab.Stowgate }

func startStowgate(ctx context.Context, s lab.Setting, dir string, args ...string) (*stow, error) {
	w, err := lab.StartStowgate(ctx, s, dir, args...)
	return &stow{w}, err
}

func post(ctx context.Context, url string, in, out any) error {
	b, err := json.Marshal(in)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, "POST", url, bytes.NewReader(b))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	_, err = lab.Do(req, http.StatusOK, out)
	return err
}

type dict = map[string]any

// inParts uploads parts times part as one file by Filestack's multipart
// protocol, with several parts at once.
func (w *stow) inParts(ctx context.Context, part []byte, parts, parallel int) error {
	size := len(part) * parts
	base := dict{"apikey": w.Open.APIKey, "filename": "large.bin", "mimetype": "application/octet-stream", "size": size, "store": dict{"location": "s3"}}
	var session dict
	if err := post(ctx, w.URL+"/multipart/start", base, &session); err != nil {
		return err
	}
	with := func(more dict) dict {
		d := dict{"apikey": w.Open.APIKey, "uri": session["uri"], "region": session["region"], "upload_id": session["upload_id"], "store": base["store"]}
		for k, v := range more {
			d[k] = v
		}
		return d
	}
	tags := make([]dict, parts)
	err := lab.Each(parts, parallel, func(i int) error {
		var target struct {
			URL     string
			Headers map[string]string
		}
		if err := post(ctx, w.URL+"/multipart/upload", with(dict{"part": i + 1, "size": len(part)}), &target); err != nil {
			return err
		}
		req, err := http.NewRequestWithContext(ctx, "PUT", target.URL, bytes.NewReader(part))
		if err != nil {
			return err
		}
		for k, v := range target.Headers {
			req.Header.Set(k, v)
		}
		h, err := lab.Do(req, http.StatusOK, nil)
		if err != nil {
			return err
		}
		tags[i] = dict{"part_number": i + 1, "etag": h.Get("ETag")}
		return nil
	})
	if err != nil {
		return err
	}
	return post(ctx, w.URL+"/multipart/complete", with(dict{"filename": "large.bin", "mimetype": "application/octet-stream", "size": size, "parts": tags}), nil)
}

// raw uploads body in one request.
func (w *stow) raw(ctx context.Context, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, "POST", w.URL+"/api/store/S3?filename=f.bin&key="+url.QueryEscape(w.Open.APIKey), bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/octet-stream")
	_, err = lab.Do(req, http.StatusOK, nil)
	return err
}

// tus uploads body by creation and one PATCH.
func tus(ctx context.Context, base string, body []byte, oneRequest bool) error {
	req, err := http.NewRequestWithContext(ctx, "POST", base, nil)
	if oneRequest {
		req, err = http.NewRequestWithContext(ctx, "POST", base, bytes.NewReader(body))
	}
	if err != nil {
		return err
	}
	req.Header.Set("Tus-Resumable", "1.0.0")
	req.Header.Set("Upload-Length", strconv.Itoa(len(body)))
	if oneRequest {
		req.Header.Set("Content-Type", "application/offset+octet-stream")
	}
	h, err := lab.Do(req, http.StatusCreated, nil)
	if err != nil || oneRequest {
		return err
	}
	req, err = http.NewRequestWithContext(ctx, "PATCH", h.Get("Location"), bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Tus-Resumable", "1.0.0")
	req.Header.Set("Upload-Offset", "0")
	req.Header.Set("Content-Type", "application/offset+octet-stream")
	_, err = lab.Do(req, http.StatusNoContent, nil)
	return err
}

// self measures work done in this process, which is the limit, not a server.
func self(n float64, work func() error) (lab.Sample, error) {
	syscall.Sync()
	var before, after syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &before)
	start := time.Now()
	if err := work(); err != nil {
		return lab.Sample{}, err
	}
	took := time.Since(start).Seconds()
	syscall.Getrusage(syscall.RUSAGE_SELF, &after)
	cpu := float64(after.Utime.Nano()+after.Stime.Nano()-before.Utime.Nano()-before.Stime.Nano()) / 1e9
	return lab.Sample{Rate: n / took, CPU: cpu / n}, nil
}

// writeSynced writes part over and over to one file and syncs it.
func writeSynced(name string, part []byte, parts int) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer os.Remove(name)
	defer f.Close()
	for range parts {
		if _, err := f.Write(part); err != nil {
			return err
		}
	}
	return f.Sync()
}

// large uploads 1 GiB in parts of 8 MiB.
func large(ctx context.Context, s lab.Setting) error {
	parts := 128
	if s.Quick {
		parts = 12
	}
	part := make([]byte, partSize)
	rand.Read(part)
	whole := bytes.Repeat(part, parts)
	n := float64(len(whole)) / mib
	t := lab.NewTable(fmt.Sprintf("One file of %.0f MiB in parts of 8 MiB, 4 at once", n), "MiB/s", "MiB")
	for range s.Rounds {
		w, err := startStowgate(ctx, s, "large")
		if err != nil {
			return err
		}
		m, err := w.Measure(n, func() error { return w.inParts(ctx, part, parts, 4) })
		w.Stop()
		os.RemoveAll(w.Data)
		if err != nil {
			return err
		}
		t.Add("stowgate", m)
		if m, err = self(n, func() error { return writeSynced(filepath.Join(s.Dir, "plain"), part, parts) }); err != nil {
			return err
		}
		t.Add("write+fsync", m)
		if m, err = self(n, func() error {
			h := sha256.New()
			for range parts {
				h.Write(part)
			}
			return nil
		}); err != nil {
			return err
		}
		t.Add("SHA-256", m)
		if s.Tusd != "" {
			p, err := lab.StartTusd(ctx, s)
			if err != nil {
				return err
			}
			m, err := p.Measure(n, func() error { return tus(ctx, p.URL, whole, false) })
			p.Stop()
			os.RemoveAll(filepath.Join(s.Dir, "tusd"))
			if err != nil {
				return err
			}
			t.Add("tusd (not synced)", m)
		}
	}
	t.Print()
	limit := "SHA-256"
	if t.Rate("write+fsync") < t.Rate("SHA-256") {
		limit = "write+fsync"
	}
	lab.Goal("the rate to that of the slower of disk and SHA-256 ("+limit+")", t.Ratio("stowgate", limit), 0.9)
	return nil
}

// small uploads 1,000 files of 100 KiB, 16 at once.
func small(ctx context.Context, s lab.Setting) error {
	return many(ctx, s, 1000, 100<<10, func(t *lab.Table) {
		if s.Tusd != "" {
			lab.Goal("the rate to that of tusd in two requests", t.Ratio("stowgate", "tusd (not synced)"), 2)
			lab.Goal("the rate to that of tusd in one request", t.Ratio("stowgate", "tusd, one request"), 2)
		}
	})
}

// tiny uploads 4,000 files of 10 KiB, 16 at once.
func tiny(ctx context.Context, s lab.Setting) error {
	return many(ctx, s, 4000, 10<<10, func(t *lab.Table) {
		lab.Goal("durable files a second", t.Rate("stowgate"), 800)
	})
}

func many(ctx context.Context, s lab.Setting, files, size int, goals func(*lab.Table)) error {
	if s.Quick {
		files /= 10
	}
	body := make([]byte, size)
	rand.Read(body)
	t := lab.NewTable(fmt.Sprintf("%d files of %d KiB, 16 at once", files, size>>10), "files/s", "file")
	w, err := startStowgate(ctx, s, "many")
	if err != nil {
		return err
	}
	defer os.RemoveAll(w.Data)
	defer w.Stop()
	var p *lab.Process
	if s.Tusd != "" {
		if p, err = lab.StartTusd(ctx, s); err != nil {
			return err
		}
		defer os.RemoveAll(filepath.Join(s.Dir, "tusd"))
		defer p.Stop()
	}
	n := float64(files)
	for range s.Rounds {
		m, err := w.Measure(n, func() error { return lab.Each(files, 16, func(int) error { return w.raw(ctx, body) }) })
		if err != nil {
			return err
		}
		t.Add("stowgate", m)
		if p != nil {
			for name, one := range map[string]bool{"tusd (not synced)": false, "tusd, one request": true} {
				if m, err = p.Measure(n, func() error { return lab.Each(files, 16, func(int) error { return tus(ctx, p.URL, body, one) }) }); err != nil {
					return err
				}
				t.Add(name, m)
			}
		}
		dir, err := os.MkdirTemp(s.Dir, "plain-")
		if err != nil {
			return err
		}
		m, err = self(n, func() error {
			return lab.Each(files, 16, func(i int) error { return writeFile(dir, i, body) })
		})
		os.RemoveAll(dir)
		if err != nil {
			return err
		}
		t.Add("write+fsync", m)
	}
	t.Print()
	goals(t)
	return nil
}

// writeFile stores body as careful programs do: temporary name, sync, rename,
// sync of the folder.
func writeFile(dir string, i int, body []byte) error {
	name := filepath.Join(dir, strconv.Itoa(i))
	f, err := os.OpenFile(name+".tmp", os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.Write(body); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := os.Rename(name+".tmp", name); err != nil {
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
