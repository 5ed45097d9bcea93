package ahead

import (
	"context"
	"crypto/sha256"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/stowgate/stowgate/internal/blob"
	"github.com/stowgate/stowgate/internal/blob/memblob"
	"github.com/stowgate/stowgate/internal/fault"
)

// A counted store counts how often a blob is opened, and opens none while it is
// broken.
type counted struct {
	memblob.Store
	opened atomic.Int64
	broken atomic.Bool
}

func (c *counted) Open(ctx context.Context, key blob.Key, offset, size int64) (blob.Reader, error) {
	c.opened.Add(1)
	if c.broken.Load() {
		return nil, fault.Unavailable
	}
	return c.Store.Open(ctx, key, offset, size)
}

// segment stores a text.
func (c *counted) segment(t *testing.T, text string) blob.Segment {
	t.Helper()
	w, err := blob.CreateSegment(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	s, err := w.Commit()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// finish wants the hash of text to be that of an upload of segments, and so many
// of them read for that.
func (c *counted) finish(t *testing.T, h *Hasher, text string, read int64, segments ...blob.Segment) {
	t.Helper()
	h.Wait()
	before := c.opened.Load()
	sum, err := h.Finish(t.Context(), "upload", blob.Content{Segments: segments})
	if want := sha256.Sum256([]byte(text)); err != nil || sum != want {
		t.Errorf("Finish = %x, %v; want %x", sum, err, want)
	}
	if got := c.opened.Load() - before; got != read {
		t.Errorf("%d segments were read at the end, want %d", got, read)
	}
}

func TestParts(t *testing.T) {
	c := new(counted)
	a, b, other := c.segment(t, "first "), c.segment(t, "second"), c.segment(t, "third ")
	h := New(t.Context(), c)
	h.Add("upload", Part{Number: 2, Segment: b})
	h.Wait()
	if n := c.opened.Load(); n != 0 {
		t.Errorf("%d segments were read before the first came", n)
	}
	h.Add("upload", Part{Number: 1, Segment: a})
	c.finish(t, h, "first second", 0, a, b)
	c.finish(t, h, "first secondthird ", 1, a, b, other) // one that was not told of
	c.finish(t, h, "third second", 2, other, b)          // the first was replaced
	h.Forget("upload")
	c.finish(t, h, "first second", 2, a, b)
}

func TestChunks(t *testing.T) {
	c := new(counted)
	a, b, last := c.segment(t, "one "), c.segment(t, "two "), c.segment(t, "three")
	h := New(t.Context(), c)
	h.Add("upload", Part{Number: 2, Chunked: true, Segment: last})
	h.Add("upload", Part{Number: 1, Offset: a.Size, Chunked: true, Segment: b})
	h.Add("upload", Part{Number: 1, Chunked: true, Segment: a})
	h.Wait()
	if n := c.opened.Load(); n != 2 {
		t.Errorf("%d segments were read before the part was complete, want 2", n)
	}
	h.Commit("upload", 1)
	c.finish(t, h, "one two three", 0, a, b, last)
}

// TestUnreadable: what cannot be read ahead spoils nothing that comes after it.
func TestUnreadable(t *testing.T) {
	c := new(counted)
	a, b := c.segment(t, "first "), c.segment(t, "second")
	h := New(t.Context(), c)
	c.broken.Store(true)
	h.Add("upload", Part{Number: 1, Segment: a})
	h.Wait()
	c.broken.Store(false)
	h.Add("upload", Part{Number: 2, Segment: b})
	h.Commit("upload", 2)
	c.finish(t, h, "first second", 2, a, b)
}

func TestLimits(t *testing.T) {
	c := new(counted)
	one := c.segment(t, "x")
	h := New(t.Context(), c)
	for n := range 2 * maxWaiting {
		h.Add("upload", Part{Number: n + 2, Segment: one})
		h.Commit("upload", n+2)
	}
	f := h.get("upload")
	if len(f.parts) != maxWaiting || len(f.closed) != maxWaiting {
		t.Errorf("%d parts and %d numbers wait, want %d of each", len(f.parts), len(f.closed), maxWaiting)
	}
	h.Add("upload", Part{Number: 1, Segment: one}) // the one that they wait for
	h.Wait()
	if n := c.opened.Load(); n != maxWaiting+1 {
		t.Errorf("%d parts were read, want %d", n, maxWaiting+1)
	}
	for i := range maxUploads + 10 {
		h.Add(fmt.Sprint("upload ", i), Part{Number: 2, Segment: one})
	}
	if len(h.all) != maxUploads {
		t.Errorf("%d uploads are in memory, want %d", len(h.all), maxUploads)
	}
}
