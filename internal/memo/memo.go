// Package memo remembers the results of pure functions.
package memo

import "sync"

// A Cache remembers the results of a pure function, for the arguments used
// lately. It holds at most twice Limit results: those asked for since the last
// turn, and those of the turn before. The zero Cache with a Limit is ready. Its
// methods may be called concurrently.
type Cache[K comparable, V any] struct {
	Limit int

	mu        sync.Mutex
	new, aged map[K]V
}

// Get returns the result for key, and whether it is remembered.
func (c *Cache[K, V]) Get(key K) (V, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	v, ok := c.new[key]
	if !ok {
		if v, ok = c.aged[key]; ok {
			c.add(key, v)
		}
	}
	return v, ok
}

// Put remembers v as the result for key.
func (c *Cache[K, V]) Put(key K, v V) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.add(key, v)
}

func (c *Cache[K, V]) add(key K, v V) {
	if c.new == nil || len(c.new) >= c.Limit {
		c.new, c.aged = make(map[K]V), c.new
	}
	c.new[key] = v
}
