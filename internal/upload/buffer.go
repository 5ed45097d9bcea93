package upload

import (
	"hash"
	"sync"

	"github.com/stowgate/stowgate/internal/inspect"
)

const (
	// smallBuffer is what an upload is waited for with. Nine thousand stalled
	// ones must cost little: see largeBuffer for the others.
	smallBuffer = inspect.HeadLen
	// largeBuffer is what an upload that keeps sending is read with.
	largeBuffer = 256 << 10
)

// A buffer is a piece of memory that one holder at a time reads into.
type buffer struct{ b []byte }

var (
	smallBuffers = sync.Pool{New: func() any { return &buffer{make([]byte, smallBuffer)} }}
	largeBuffers = sync.Pool{New: func() any { return &buffer{make([]byte, largeBuffer)} }}
)

func takeBuffer(large bool) *buffer {
	if large {
		return largeBuffers.Get().(*buffer)
	}
	return smallBuffers.Get().(*buffer)
}

func (b *buffer) release() {
	if len(b.b) == largeBuffer {
		largeBuffers.Put(b)
	} else {
		smallBuffers.Put(b)
	}
}

// besideAfter is how many bytes are hashed in place before hashing gets a
// goroutine of its own: below it starting one costs more than it saves.
const besideAfter = 1 << 20

// A hasher feeds a hash beside the work of its caller, who calls take for each
// buffer and finish at the end. With a nil hash it only releases buffers.
type hasher struct {
	h      hash.Hash
	inline int
	in     chan filled // nil until a goroutine runs
	done   chan struct{}
}

type filled struct {
	buf *buffer
	n   int
}

// take hashes the first n bytes of buf and releases it, now or soon.
func (h *hasher) take(buf *buffer, n int) {
	switch {
	case h.in != nil:
		h.in <- filled{buf, n}
		return
	case h.h != nil:
		h.h.Write(buf.b[:n])
		if h.inline += n; h.inline > besideAfter {
			h.in, h.done = make(chan filled, 1), make(chan struct{})
			go h.run()
		}
	}
	buf.release()
}

func (h *hasher) run() {
	defer close(h.done)
	for f := range h.in {
		h.h.Write(f.buf.b[:f.n])
		f.buf.release()
	}
}

// finish returns when every byte taken is hashed.
func (h *hasher) finish() {
	if h.in != nil {
		close(h.in)
		<-h.done
		h.in = nil
	}
}
