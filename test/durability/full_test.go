package durability_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"os"
	"testing"
	"time"
)

// TestO5Full fills the volume under a running server: uploads are refused for
// the right reason, everything else goes on, and uploads do again as soon as
// there is room, without a restart.
func TestO5Full(t *testing.T) {
	for _, tt := range []struct {
		name    string
		fill    func(*volume) (ballast string)
		deletes bool // whether there is room for what a delete writes
	}{
		{"bytes, to the reserve", func(v *volume) string { return v.fill(2 << 20) }, true},
		{"bytes, to the last", func(v *volume) string { return v.fill(0) }, false},
		{"inodes, to the reserve", func(v *volume) string { return v.fillNames(20) }, true},
		{"inodes, to the last", func(v *volume) string { return v.fillNames(0) }, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v := newVolume(t, "ext4", 128<<20, "-N", "2000")
			n := newNode(t, v.data())
			c := newCrew(t, n, nil)
			n.start()
			w := c.workers[0]
			for range 40 { // something of every kind
				w.step()
			}
			f, g := newContent(1, 1000), newContent(2, 1<<20)
			small, err1 := w.putRaw("small.bin", f)
			large, err2 := w.putRaw("large.bin", g)
			doomed, err3 := w.putRaw("doomed.bin", f)
			if err := errors.Join(err1, err2, err3); err != nil {
				t.Fatal(err)
			}

			ballast := tt.fill(v)
			time.Sleep(300 * time.Millisecond) // longer than a server may believe what it measured
			refusals := 0
			for _, size := range []int{0, 1, 1000, 100 << 10, 1 << 20, 8 << 20} {
				_, err := w.putRaw(fmt.Sprintf("full-%d.bin", size), newContent(3, size))
				switch {
				case refused(err, http.StatusServiceUnavailable, http.StatusInsufficientStorage):
					refusals++
				case err == nil && size == 0: // it has no bytes to keep
				case errors.Is(err, errNoAnswer) && size > 1<<20: // it hung up on the rest of a large body
					refusals++
				default:
					t.Errorf("storing %d bytes on a full volume: %v, want a refusal with 503 or 507", size, err)
				}
			}
			if err := w.overwrite(small, g); !refused(err, http.StatusServiceUnavailable, http.StatusInsufficientStorage) {
				t.Errorf("overwriting on a full volume: %v, want a refusal with 503 or 507", err)
			}
			for handle, want := range map[string]content{small: f, large: g} {
				if b, err := w.read(handle); err != nil || !bytes.Equal(b, want.bytes()) {
					t.Errorf("reading %d bytes on a full volume: got %d, %v", want.size, len(b), err)
				}
			}
			err := w.remove(doomed)
			if err != nil && (tt.deletes || !refused(err, http.StatusServiceUnavailable, http.StatusInsufficientStorage)) {
				t.Errorf("deleting on a full volume: %v", err)
			}
			if _, gone := w.read(doomed); (err == nil) != refused(gone, http.StatusNotFound) {
				t.Errorf("deleting on a full volume gives %v, and reading then %v", err, gone)
			}

			if err := os.RemoveAll(ballast); err != nil {
				t.Fatal(err)
			}
			waitFor(t, "uploads go on once there is room", func() error {
				_, err := w.putRaw("after.bin", f)
				return err
			})
			c.book.tolerant.Store(true)
			for range 20 {
				w.step()
			}
			c.book.tolerant.Store(false)
			c.verify()
			if code := n.stop(); code != 0 {
				t.Errorf("the server ended with status %d", code)
			}
			orphans := c.settle()
			c.finish("full volume, %s: refused %d, orphans after one sweep %d", tt.name, refusals, orphans)
		})
	}
}

// waitFor waits until do returns nil, for 15 seconds at most.
func waitFor(t *testing.T, what string, do func() error) {
	t.Helper()
	var err error
	for range 150 {
		if err = do(); err == nil {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Errorf("%s: %v", what, err)
}
