// Package ahead computes the SHA-256 of uploads in parts while they arrive. It
// knows neither who sends them nor where they are recorded.
package ahead

import (
	"context"
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
	"runtime"
	"slices"
	"sync"

	"github.com/stowgate/stowgate/internal/blob"
	"github.com/stowgate/stowgate/internal/upload/buffer"
)

// Limits of what is kept in memory. What is over them is hashed when its upload
// is finished.
const (
	maxUploads = 4096 // unfinished ones: any of them makes room for one more, for many are never finished
	maxWaiting = 256  // parts of one that came before those that they follow
)

// A Hasher hashes uploads: their parts come in any order, and a hash needs them
// in theirs, so each is read back (out of the page cache, as a rule) as soon as
// those before it are there.
type Hasher struct {
	blobs blob.Store
	ctx   context.Context // ends all
	slots chan struct{}   // how many run at once

	mu  sync.Mutex
	all map[string]*upload
	wg  sync.WaitGroup
}

// An upload is the hash of one upload so far.
type upload struct {
	mu     sync.Mutex
	parts  map[place]Part
	closed map[int]bool // parts whose chunks are all there
	next   place
	digest hash.Hash
	hashed []blob.Key
	lost   bool          // what was hashed is how no upload begins
	idle   chan struct{} // closed while nothing runs
}

// A Part is a run of bytes that has arrived.
type Part struct {
	Number  int   // of its part, from 1
	Offset  int64 // within that part; 0 for a part sent whole
	Chunked bool  // whether the part comes in chunks with offsets
	Segment blob.Segment
}

// A place is where a chunk belongs.
type place struct {
	number int
	offset int64
}

// New returns a Hasher of bytes in blobs. It ends with ctx.
func New(ctx context.Context, blobs blob.Store) *Hasher {
	return &Hasher{
		blobs: blobs, ctx: ctx, all: map[string]*upload{},
		slots: make(chan struct{}, runtime.GOMAXPROCS(0)),
	}
}

// get returns the hash of an upload so far, which may have just begun.
func (h *Hasher) get(session string) *upload {
	h.mu.Lock()
	defer h.mu.Unlock()
	f := h.all[session]
	if f != nil {
		return f
	}
	if len(h.all) >= maxUploads {
		for other := range h.all {
			delete(h.all, other)
			break
		}
	}
	idle := make(chan struct{})
	close(idle)
	f = &upload{
		parts: map[place]Part{}, closed: map[int]bool{},
		next: place{number: 1}, digest: sha256.New(), idle: idle,
	}
	h.all[session] = f
	return f
}

// Forget tells that an upload is over.
func (h *Hasher) Forget(session string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.all, session)
}

// Add tells that a part has arrived.
func (h *Hasher) Add(session string, p Part) {
	f := h.get(session)
	f.mu.Lock()
	defer f.mu.Unlock()
	at := place{p.Number, p.Offset}
	if !f.lost && (at == f.next || len(f.parts) < maxWaiting) {
		f.parts[at] = p
		h.start(f)
	}
}

// Commit tells that all chunks of a part have arrived.
func (h *Hasher) Commit(session string, number int) {
	f := h.get(session)
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.lost && (number == f.next.number || len(f.closed) < maxWaiting) {
		f.closed[number] = true
		h.start(f)
	}
}

// start hashes what can be hashed, unless that is being done. f is locked.
func (h *Hasher) start(f *upload) {
	select {
	case <-f.idle:
	default:
		return
	}
	if _, ok := f.ahead(); !ok {
		return
	}
	f.idle = make(chan struct{})
	h.wg.Go(func() { h.run(f) })
}

func (h *Hasher) run(f *upload) {
	h.slots <- struct{}{}
	defer func() { <-h.slots }()
	f.mu.Lock()
	defer f.mu.Unlock()
	defer close(f.idle)
	for {
		p, ok := f.ahead()
		if !ok {
			return
		}
		f.mu.Unlock()
		err := hashSegment(h.ctx, h.blobs, f.digest, p.Segment)
		f.mu.Lock()
		if err != nil {
			// The part was replaced, or the server is ending: Finish begins again.
			f.lost, f.hashed, f.parts, f.closed = true, nil, nil, nil
			return
		}
		f.hashed = append(f.hashed, p.Segment.Key)
		if p.Chunked {
			f.next.offset += p.Segment.Size
		} else {
			f.next = place{number: p.Number + 1}
		}
		delete(f.parts, place{p.Number, p.Offset})
	}
}

// ahead returns the part that comes next, if it has arrived. f is locked.
func (f *upload) ahead() (Part, bool) {
	if f.closed[f.next.number] && f.next.offset > 0 {
		if _, more := f.parts[f.next]; !more {
			delete(f.closed, f.next.number)
			f.next = place{number: f.next.number + 1}
		}
	}
	p, ok := f.parts[f.next]
	return p, ok
}

// Wait waits for what runs to end, once ctx has.
func (h *Hasher) Wait() { h.wg.Wait() }

// Finish returns the SHA-256 of content, going on from what was hashed ahead if
// that is how content begins.
func (h *Hasher) Finish(ctx context.Context, session string, content blob.Content) (sum [32]byte, err error) {
	digest, rest := sha256.New(), content.Segments
	h.mu.Lock()
	f := h.all[session]
	h.mu.Unlock()
	if f != nil {
		f.mu.Lock()
		idle := f.idle
		f.mu.Unlock()
		select {
		case <-idle:
		case <-ctx.Done():
			return sum, ctx.Err()
		}
		f.mu.Lock()
		if n := len(f.hashed); !f.lost && n <= len(rest) && slices.EqualFunc(f.hashed, rest[:n], func(k blob.Key, s blob.Segment) bool { return k == s.Key }) {
			digest, err = f.digest.(hash.Cloner).Clone()
			rest = rest[n:]
		}
		f.mu.Unlock()
		if err != nil {
			return sum, fmt.Errorf("go on with hash: %w", err)
		}
	}
	for _, s := range rest {
		if err := hashSegment(ctx, h.blobs, digest, s); err != nil {
			return sum, fmt.Errorf("hash part: %w", err)
		}
	}
	digest.Sum(sum[:0])
	return sum, nil
}

// hashSegment feeds the bytes of a segment to digest. They are not checked
// against their sums: that is done whenever they are delivered.
func hashSegment(ctx context.Context, blobs blob.Store, digest hash.Hash, s blob.Segment) error {
	r, err := blobs.Open(ctx, s.Key, 0, s.Size)
	if err != nil {
		return err
	}
	defer r.Close()
	buf := buffer.Take(true)
	defer buf.Release()
	for {
		n, err := r.Read(buf.B)
		digest.Write(buf.B[:n])
		if err == io.EOF {
			return nil
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
	}
}
