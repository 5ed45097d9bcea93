// Package recent keeps in memory what was used last.
package recent

import (
	"container/list"
	"sync"
)

// A Cache keeps the values that were used last, up to a number of them. Its
// methods may be called concurrently.
//
// A value that is read while it is being changed must not stay: whoever reads
// one from where it is kept takes a mark before, and Put ignores what was read
// before the last Drop or Clear.
type Cache[K comparable, V any] struct {
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

// New returns a Cache of up to max values.
func New[K comparable, V any](max int) *Cache[K, V] {
	return &Cache[K, V]{max: max, byKey: make(map[K]*list.Element)}
}

// Get returns the value of k and whether there is one, and the mark to put it
// with after reading it.
func (c *Cache[K, V]) Get(k K) (v V, ok bool, mark uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.byKey[k]
	if !ok {
		return v, false, c.drops
	}
	c.order.MoveToFront(e)
	return e.Value.(*entry[K, V]).value, true, c.drops
}

// Put keeps v as the value of k, unless there is one.
func (c *Cache[K, V]) Put(k K, v V, mark uint64) {
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

// Drop forgets the value of k.
func (c *Cache[K, V]) Drop(k K) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drops++
	if e, ok := c.byKey[k]; ok {
		delete(c.byKey, k)
		c.order.Remove(e)
	}
}

// Clear forgets all values.
func (c *Cache[K, V]) Clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drops++
	clear(c.byKey)
	c.order.Init()
}
