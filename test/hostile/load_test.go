package hostile_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"net/http"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// A thousand callers who want the same get it, and it is made once.
func TestO4Stampede(t *testing.T) {
	s := start(t)
	a := s.app(t, "stampede", "off")
	handle := s.mustStore(t, a, "photo.jpg", encodeJPEG(t, noise(800, 600)), "")
	jobs := s.metric(t, "stowgate_image_jobs_total")
	begin := make(chan struct{})
	replies := make([]reply, 1000)
	var done sync.WaitGroup
	for i := range replies {
		done.Go(func() {
			<-begin
			replies[i] = s.get("/oil_paint=amount:10/resize=width:100/" + handle) // for as long as it takes, all come
		})
	}
	close(begin)
	done.Wait()
	for i, r := range replies {
		if r.status != http.StatusOK || !bytes.Equal(r.body, replies[0].body) {
			t.Fatalf("caller %d got %v", i, r)
		}
	}
	if n := s.metric(t, "stowgate_variant_renders_total"); n != 1 {
		t.Errorf("%d renders, want 1", n)
	}
	if n := s.metric(t, "stowgate_image_jobs_total") - jobs; n != 1 {
		t.Errorf("%d jobs, want 1", n)
	}
}

// slow returns a path to an image that takes half a second or so to make, another
// one for each n.
func slow(handle string, n int) string {
	return fmt.Sprintf("/resize=width:%d,height:500,fit:scale/oil_paint=amount:10/%s", 700+n%1000, handle)
}

// A line that is full says so at once, and when to come again. Those inside go
// on, and so does what needs no worker.
func TestO3FullQueue(t *testing.T) {
	s := start(t, "--image-workers=1", "--image-queue=4")
	a := s.app(t, "queue", "off")
	handle := s.mustStore(t, a, "photo.jpg", encodeJPEG(t, noise(400, 300)), "")
	var mu sync.Mutex
	var refused, served int
	var slowest, quickest time.Duration // of those refused, and of those served
	var done sync.WaitGroup
	for n := range 30 {
		done.Go(func() {
			r := s.get(slow(handle, n))
			mu.Lock()
			defer mu.Unlock()
			switch r.status {
			case http.StatusOK:
				served++
				if quickest == 0 || r.took < quickest {
					quickest = r.took
				}
			case http.StatusTooManyRequests, http.StatusServiceUnavailable:
				refused++
				slowest = max(slowest, r.took)
				if after, err := strconv.Atoi(r.header.Get("Retry-After")); err != nil || after < 1 {
					t.Errorf("refused, to come again after %q", r.header.Get("Retry-After"))
				}
			default:
				t.Errorf("caller %d: %v", n, r)
			}
		})
	}
	for s.metric(t, "stowgate_variant_refused_total") == 0 {
		time.Sleep(time.Millisecond)
	}
	if r := s.get("/" + handle); r.status != http.StatusOK {
		t.Errorf("the file itself: %v", r)
	}
	s.alive(t)
	done.Wait()
	// One is inside, and half of the line is for an app.
	if served < 3 || refused < 20 || slowest > quickest {
		t.Errorf("%d served, in %v at least; %d refused, in %v at most", served, quickest, refused, slowest)
	}
	if r := s.get(slow(handle, 999)); r.status != http.StatusOK {
		t.Errorf("afterwards: %v", r)
	}
}

// An app that asks for more than there is does not keep another one waiting for
// all of it.
func TestO3NoisyNeighbour(t *testing.T) {
	s := start(t, "--image-workers=1", "--image-queue=40")
	noisy, quiet := s.app(t, "noisy", "off"), s.app(t, "quiet", "off")
	photo := encodeJPEG(t, noise(400, 300))
	handle, own := s.mustStore(t, noisy, "photo.jpg", photo, ""), s.mustStore(t, quiet, "photo.jpg", photo, "")
	var n, served atomic.Int64
	var done sync.WaitGroup
	stop := make(chan struct{})
	for range 30 {
		done.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				switch r := s.get(slow(handle, int(n.Add(1)))); r.status {
				case http.StatusOK:
					served.Add(1)
				case http.StatusTooManyRequests:
					time.Sleep(50 * time.Millisecond)
				default:
					t.Errorf("noisy: %v", r)
				}
			}
		})
	}
	for s.metric(t, "stowgate_variant_refused_total") == 0 {
		time.Sleep(time.Millisecond)
	}
	before := served.Load()
	for i := range 4 {
		at := served.Load()
		if r := s.get(fmt.Sprintf("/resize=width:%d/%s", 100+i, own)); r.status != http.StatusOK {
			t.Errorf("quiet, request %d: %v", i, r)
		}
		if others := served.Load() - at; others > 3 {
			t.Errorf("quiet, request %d: %d of the noisy app went first", i, others)
		}
	}
	close(stop)
	done.Wait()
	if served.Load() == before {
		t.Error("the noisy app got nothing")
	}
}

// Whoever loses its worker gets an error, and nobody else does.
func TestF2WorkerKilled(t *testing.T) {
	s := start(t, "--image-workers=2")
	a := s.app(t, "kill", "off")
	handle := s.mustStore(t, a, "photo.jpg", encodeJPEG(t, noise(400, 300)), "")
	replies := make(chan reply, 2)
	for n := range 2 {
		go func() { replies <- s.get(slow(handle, n)) }()
	}
	for s.metric(t, "stowgate_image_workers_running") < 2 {
		time.Sleep(time.Millisecond)
	}
	workers := s.workers()
	if len(workers) != 2 {
		t.Fatalf("workers %v, want 2", workers)
	}
	if err := syscall.Kill(workers[0], syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	one, other := <-replies, <-replies
	if other.status != http.StatusOK {
		one, other = other, one
	}
	if one.status != http.StatusBadRequest || other.status != http.StatusOK {
		t.Errorf("answers %v and %v, want one 400 and one 200", one, other)
	}
	for n := range 2 {
		if r := s.get(slow(handle, n)); r.status != http.StatusOK {
			t.Errorf("the next: %v", r)
		}
	}
	if n := s.metric(t, "stowgate_image_crashes_total"); n != 1 {
		t.Errorf("%d crashes, want 1", n)
	}
	s.alive(t)
}

// However many variants are asked for, they take no more of the disk than they may.
func TestF8EndlessVariants(t *testing.T) {
	s := start(t, "--variant-size=1MiB")
	a := s.app(t, "endless", "off")
	handle := s.mustStore(t, a, "photo.png", encodePNG(t, noise(200, 200)), "")
	total := 0
	for width := 100; width < 160; width++ {
		r := s.get(fmt.Sprintf("/resize=width:%d/%s", width, handle))
		if r.status != http.StatusOK {
			t.Fatalf("width %d: %v", width, r)
		}
		total += len(r.body)
		if n := s.metric(t, "stowgate_variant_bytes"); n > 1<<20 {
			t.Fatalf("variants take %d bytes", n)
		}
	}
	if total < 2<<20 {
		t.Errorf("all of them had only %d bytes", total)
	}
	onDisk := int64(0)
	err := filepath.WalkDir(filepath.Join(s.data, "variants"), func(_ string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			info, _ := entry.Info()
			onDisk += info.Size()
		}
		return err
	})
	if err != nil || onDisk > 1<<20 || onDisk == 0 {
		t.Errorf("%d bytes on the disk, %v", onDisk, err)
	}
}
