package catalog

import (
	"container/list"
	"sync"
)

// A cache keeps the values that were used last, up to a number of them.
//
// A value that is read while it is being changed must not stay: whoever reads
// one from the database takes a mark before, and put ignores what was read
// before the last drop or clear.
type cache[K comparable, V any] struct {
	max int

	mu    sync.Mutex
	drops uint64
	byKey map[K]*list.Element
	order list.List // of entry[K, V], last used first
}

type entry[K comparable, V any] struct {
	key   K
	value V
}

func newCache[K comparable, V any](max int) *cache[K, V] {
	return &cache[K, V]{max: max, byKey: make(map[K]*list.Element)}
}

// get returns the value of k and whether there is one, and the mark to put it
// with after reading it.
func (c *cache[K, V]) get(k K) (v V, ok bool, mark uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.byKey[k]
	if !ok {
		return v, false, c.drops
	}
	c.order.MoveToFront(e)
	return e.Value.(*entry[K, V]).value, true, c.drops
}

func (c *cache[K, V]) put(k K, v V, mark uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if mark != c.drops || c.byKey[k] != nil {
		return
	}
	if len(c.byKey) >= c.max {
		last := c.order.Back()
		delete(c.byKey, last.Value.(*entry[K, V]).key)
		c.order.Remove(last)
	}
	c.byKey[k] = c.order.PushFront(&entry[K, V]{k, v})
}

func (c *cache[K, V]) drop(k K) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drops++
	if e, ok := c.byKey[k]; ok {
		delete(c.byKey, k)
		c.order.Remove(e)
	}
}

func (c *cache[K, V]) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drops++
	clear(c.byKey)
	c.order.Init()
}
