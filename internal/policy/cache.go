package policy

import "sync"

// A cache remembers the results of a pure function, for the arguments used
// lately. It holds at most twice limit results: those asked for since the last
// turn, and those of the turn before. The zero cache with a limit is ready.
type cache[K comparable, V any] struct {
	limit int

	mu        sync.Mutex
	new, aged map[K]V
}

func (c *cache[K, V]) get(key K) (V, bool) {
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

func (c *cache[K, V]) put(key K, v V) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.add(key, v)
}

func (c *cache[K, V]) add(key K, v V) {
	if c.new == nil || len(c.new) >= c.limit {
		c.new, c.aged = make(map[K]V), c.new
	}
	c.new[key] = v
}
