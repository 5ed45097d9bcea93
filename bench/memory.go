package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/stowgate/stowgate/bench/lab"
)

// memory uploads one file of 5 GiB in one request, and one in parts, and tells
// how much resident memory that adds.
func memory(ctx context.Context, s lab.Setting) error {
	size := int64(5 << 30)
	if s.Quick {
		size = 256 << 20
	}
	w, err := startStowgate(ctx, s, "memory")
	if err != nil {
		return err
	}
	defer w.Stop()
	part := make([]byte, partSize)
	rand.Read(part)
	small := part[:100<<10]
	if err := lab.Each(200, 16, func(int) error { return w.raw(ctx, small) }); err != nil {
		return err // a server that has worked is the base line
	}
	fmt.Printf("\nOne upload of %d MiB: resident memory\n", size>>20)
	for _, way := range []struct {
		name string
		do   func() error
	}{
		{"in one request", func() error { return w.stream(ctx, part, size) }},
		{"in parts, 4 at once", func() error { return w.inParts(ctx, part, int(size/partSize), 4) }},
	} {
		w.ResetPeak()
		before := w.Status("VmRSS")
		if err := way.do(); err != nil {
			return err
		}
		added := w.Status("VmHWM") - before
		fmt.Printf("  %s: %.0f MiB before, %.0f MiB added at the peak\n", way.name, before, added)
		lab.Bound("MiB added", added, 64)
	}
	return nil
}

// repeat yields a piece of memory again and again.
type repeat struct {
	piece []byte
	left  int64
}

func (r *repeat) Read(p []byte) (int, error) {
	if r.left == 0 {
		return 0, io.EOF
	}
	n := copy(p[:min(int64(len(p)), r.left)], r.piece)
	r.left -= int64(n)
	return n, nil
}

// stream uploads size bytes in one request.
func (w *stow) stream(ctx context.Context, piece []byte, size int64) error {
	req, err := http.NewRequestWithContext(ctx, "POST", w.URL+"/api/store/S3?filename=f.bin&key="+url.QueryEscape(w.Open.APIKey), &repeat{piece, size})
	if err != nil {
		return err
	}
	req.ContentLength = size
	req.Header.Set("Content-Type", "application/octet-stream")
	_, err = lab.Do(req, http.StatusOK, nil)
	return err
}

// stalled opens 9,000 uploads that send half of 100 KiB and stop, tells what
// each costs, and how fast others upload meanwhile.
func stalled(ctx context.Context, s lab.Setting) error {
	conns := 9000
	if s.Quick {
		conns = 500
	}
	var limit syscall.Rlimit
	syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit)
	limit.Cur = limit.Max
	syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit)
	w, err := startStowgate(ctx, s, "stalled")
	if err != nil {
		return err
	}
	defer w.Stop()
	body := make([]byte, 100<<10)
	rand.Read(body)
	files := func() (float64, error) {
		start := time.Now()
		err := lab.Each(1000, 16, func(int) error { return w.raw(ctx, body) })
		return 1000 / time.Since(start).Seconds(), err
	}
	if _, err := files(); err != nil { // to be warm
		return err
	}
	alone, err := files()
	if err != nil {
		return err
	}
	before := w.Status("VmRSS")
	addr := strings.TrimPrefix(w.URL, "http://")
	head := fmt.Sprintf("POST /api/store/S3?filename=f.bin&key=%s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/octet-stream\r\nContent-Length: %d\r\n\r\n", w.Open.APIKey, addr, len(body))
	held := make([]net.Conn, 0, conns)
	defer func() {
		for _, c := range held {
			c.Close()
		}
	}()
	start := time.Now()
	for range conns {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			return err
		}
		held = append(held, c)
		if _, err := io.WriteString(c, head+string(body[:len(body)/2])); err != nil {
			return fmt.Errorf("after %d connections: %w", len(held), err)
		}
	}
	took := time.Since(start)
	time.Sleep(time.Second)
	each9 := (w.Status("VmRSS") - before) * 1024 / float64(conns)
	beside, err := files()
	if err != nil {
		return err
	}
	fmt.Printf("\n%d uploads that stalled half-way (opened in %.1f s)\n", conns, took.Seconds())
	fmt.Printf("  resident memory: %.0f MiB before, %.1f KiB more for each\n", before, each9)
	lab.Bound("KiB each", each9, 32)
	fmt.Printf("  others meanwhile: %.0f files/s of 100 KiB, %.2f of %.0f alone\n", beside, beside/alone, alone)
	return nil
}
