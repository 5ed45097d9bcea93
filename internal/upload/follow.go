package upload

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

// maxFollows is how many unfinished uploads are hashed ahead. What is over it
// is hashed when it is finished.
const maxFollows = 10_000

// follows computes the SHA-256 of uploads in parts while they arrive: parts
// come in any order, and a hash needs them in theirs, so each is read back (out
// of the page cache, as a rule) as soon as those before it are there.
type follows struct {
	blobs blob.Store
	ctx   context.Context // ends all
	slots chan struct{}   // how many run at once

	mu  sync.Mutex
	all map[string]*follow
	wg  sync.WaitGroup
}

// A follow is the hash of one upload so far.
type follow struct {
	mu     sync.Mutex
	parts  map[place]Part
	closed map[int]bool // parts whose chunks are all there
	next   place
	digest hash.Hash
	hashed []blob.Key
	idle   chan struct{} // closed while nothing runs
}

// A place is where a chunk belongs.
type place struct {
	number int
	offset int64
}

func newFollows(ctx context.Context, blobs blob.Store) *follows {
	return &follows{
		blobs: blobs, ctx: ctx, all: map[string]*follow{},
		slots: make(chan struct{}, runtime.GOMAXPROCS(0)),
	}
}

func (fs *follows) get(session string) *follow {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	f := fs.all[session]
	if f == nil && len(fs.all) < maxFollows {
		idle := make(chan struct{})
		close(idle)
		f = &follow{
			parts: map[place]Part{}, closed: map[int]bool{},
			next: place{number: 1}, digest: sha256.New(), idle: idle,
		}
		fs.all[session] = f
	}
	return f
}

func (fs *follows) forget(session string) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	delete(fs.all, session)
}

// add tells that a part has arrived.
func (fs *follows) add(session string, p Part) {
	if f := fs.get(session); f != nil {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.parts[place{p.Number, p.Offset}] = p
		fs.start(f)
	}
}

// commit tells that all chunks of a part have arrived.
func (fs *follows) commit(session string, number int) {
	if f := fs.get(session); f != nil {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.closed[number] = true
		fs.start(f)
	}
}

// start hashes what can be hashed, unless that is being done. f is locked.
func (fs *follows) start(f *follow) {
	select {
	case <-f.idle:
	default:
		return
	}
	if _, ok := f.ahead(); !ok {
		return
	}
	f.idle = make(chan struct{})
	fs.wg.Go(func() { fs.run(f) })
}

func (fs *follows) run(f *follow) {
	fs.slots <- struct{}{}
	defer func() { <-fs.slots }()
	f.mu.Lock()
	defer f.mu.Unlock()
	defer close(f.idle)
	for {
		p, ok := f.ahead()
		if !ok {
			return
		}
		f.mu.Unlock()
		err := hashSegment(fs.ctx, fs.blobs, f.digest, p.Segment)
		f.mu.Lock()
		if err != nil {
			// The part was replaced, or the server is ending: what is hashed
			// matches no upload any more, and finish begins again.
			f.hashed, f.parts = append(f.hashed, ""), nil
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
func (f *follow) ahead() (Part, bool) {
	if f.closed[f.next.number] && f.next.offset > 0 {
		if _, more := f.parts[f.next]; !more {
			f.next = place{number: f.next.number + 1}
		}
	}
	p, ok := f.parts[f.next]
	return p, ok
}

// finish returns the SHA-256 of content, going on from what was hashed ahead if
// that is how content begins.
func (fs *follows) finish(ctx context.Context, session string, content blob.Content) (sum [32]byte, err error) {
	digest, rest := sha256.New(), content.Segments
	if f := fs.get(session); f != nil {
		f.mu.Lock()
		idle := f.idle
		f.mu.Unlock()
		select {
		case <-idle:
		case <-ctx.Done():
			return sum, ctx.Err()
		}
		f.mu.Lock()
		if n := len(f.hashed); n <= len(rest) && slices.EqualFunc(f.hashed, rest[:n], func(k blob.Key, s blob.Segment) bool { return k == s.Key }) {
			digest, err = f.digest.(hash.Cloner).Clone()
			rest = rest[n:]
		}
		f.mu.Unlock()
		if err != nil {
			return sum, fmt.Errorf("go on with hash: %w", err)
		}
	}
	for _, s := range rest {
		if err := hashSegment(ctx, fs.blobs, digest, s); err != nil {
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
