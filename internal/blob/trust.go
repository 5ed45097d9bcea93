package blob

import (
	"container/list"
	"sync"
	"time"
)

// maxRun is how many chunks are handed out on one look at the stamp.
const maxRun = 16

// trustOverhead is about what an entry costs besides its bits, in bytes.
const trustOverhead = 400

// A trust remembers which chunks were verified, under which stamp, and when.
// The least recently used entry makes room for a new one.
type trust struct {
	age   time.Duration
	limit int // bytes
	now   func() time.Time

	mu      sync.Mutex
	entries map[Key]*list.Element // of *trusted
	order   list.List             // most recently used first
	cost    int                   // bytes, about
}

type trusted struct {
	key   Key
	stamp string
	since time.Time // when the first chunk was verified
	bits  []uint64  // one bit for each chunk
}

func (e *trusted) cost() int { return trustOverhead + 8*len(e.bits) }

func (e *trusted) has(chunk int64) bool {
	return chunk/64 < int64(len(e.bits)) && e.bits[chunk/64]>>(chunk%64)&1 == 1
}

// run returns how many chunks from the given one on, at most maxRun, were
// verified under stamp and not too long ago.
func (t *trust) run(key Key, stamp string, chunk int64) int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := t.find(key, stamp)
	if e == nil {
		return 0
	}
	var n int64
	for n < maxRun && e.has(chunk+n) {
		n++
	}
	return n
}

// add remembers that a chunk of a segment of so many was verified.
func (t *trust) add(key Key, stamp string, chunk, chunks int64) {
	if stamp == "" || t.age < 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	e := t.find(key, stamp)
	if e == nil {
		e = &trusted{key: key, stamp: stamp, since: t.now(), bits: make([]uint64, (chunks+63)/64)}
		if e.cost() > t.limit {
			return
		}
		t.cost += e.cost()
		t.entries[key] = t.order.PushFront(e)
	}
	e.bits[chunk/64] |= 1 << (chunk % 64)
	for t.cost > t.limit {
		t.drop(t.order.Back())
	}
}

// find returns the entry of key if it still holds for stamp, and drops it if
// it does not.
func (t *trust) find(key Key, stamp string) *trusted {
	at, ok := t.entries[key]
	if !ok {
		return nil
	}
	e := at.Value.(*trusted)
	if e.stamp != stamp || t.now().Sub(e.since) >= t.age {
		t.drop(at)
		return nil
	}
	t.order.MoveToFront(at)
	return e
}

func (t *trust) drop(at *list.Element) {
	e := t.order.Remove(at).(*trusted)
	t.cost -= e.cost()
	delete(t.entries, e.key)
}
