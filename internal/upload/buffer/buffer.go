// Package buffer is the memory that uploads are read into, and the hashing of
// what is in it beside the reading.
package buffer

import (
	"hash"
	"sync"

	"github.com/stowgate/stowgate/internal/inspect"
)

const (
	// small is what an upload is waited for with. Nine thousand stalled ones must
	// cost little: see large for the others.
	small = inspect.HeadLen
	// large is what an upload that keeps sending is read with.
	large = 256 << 10
)

// A Buffer is a piece of memory that one holder at a time reads into.
type Buffer struct{ B []byte }

var (
	smallOnes = sync.Pool{New: func() any { return &Buffer{make([]byte, small)} }}
	largeOnes = sync.Pool{New: func() any { return &Buffer{make([]byte, large)} }}
)

// Take returns a large buffer of 256 KiB, or a small one of inspect.HeadLen
// bytes. Its holder releases it.
func Take(isLarge bool) *Buffer {
	if isLarge {
		return largeOnes.Get().(*Buffer)
	}
	return smallOnes.Get().(*Buffer)
}

// Release gives the buffer to the next who takes one.
func (b *Buffer) Release() {
	if len(b.B) == large {
		largeOnes.Put(b)
	} else {
		smallOnes.Put(b)
	}
}

// besideAfter is how many bytes are hashed in place before hashing gets a
// goroutine of its own: below it starting one costs more than it saves.
const besideAfter = 1 << 20

// A Hasher feeds a hash beside the work of its caller, who calls Take for each
// buffer and Finish at the end. With a nil Hash it only releases buffers.
type Hasher struct {
	Hash   hash.Hash
	inline int
	in     chan filled // nil until a goroutine runs
	done   chan struct{}
}

type filled struct {
	buf *Buffer
	n   int
}

// Take hashes the first n bytes of buf and releases it, now or soon.
func (h *Hasher) Take(buf *Buffer, n int) {
	switch {
	case h.in != nil:
		h.in <- filled{buf, n}
		return
	case h.Hash != nil:
		h.Hash.Write(buf.B[:n])
		if h.inline += n; h.inline > besideAfter {
			h.in, h.done = make(chan filled, 1), make(chan struct{})
			go h.run()
		}
	}
	buf.Release()
}

func (h *Hasher) run() {
	defer close(h.done)
	for f := range h.in {
		h.Hash.Write(f.buf.B[:f.n])
		f.buf.Release()
	}
}

// Finish returns when every byte taken is hashed.
func (h *Hasher) Finish() {
	if h.in != nil {
		close(h.in)
		<-h.done
		h.in = nil
	}
}
