package catalog

import (
	"testing"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/blob"
)

// read puts v as a reader does that finds it in the database.
func (c *cache[K, V]) read(k K, v V) {
	_, _, mark := c.get(k)
	c.put(k, v, mark)
}

func TestCacheIsBounded(t *testing.T) {
	c := newCache[int, int](3)
	for i := range 3 {
		c.read(i, -i)
	}
	for i := range 3 {
		if v, ok, _ := c.get(i); !ok || v != -i {
			t.Errorf("get(%d) = %d, %t of a cache that is just full", i, v, ok)
		}
	}
	c.get(0)
	c.read(3, -3)
	for i, want := range []bool{true, false, true, true} { // 1 was used least recently
		if _, ok, _ := c.get(i); ok != want {
			t.Errorf("get(%d) found it: %t, want %t", i, ok, want)
		}
	}
}

func TestCacheForgets(t *testing.T) {
	for name, forget := range map[string]func(*cache[string, int]){
		"drop":       func(c *cache[string, int]) { c.drop("a") },
		"drop other": func(c *cache[string, int]) { c.drop("b") },
		"clear":      func(c *cache[string, int]) { c.clear() },
	} {
		c := newCache[string, int](9)
		_, _, mark := c.get("a")
		forget(c)
		c.put("a", 1, mark) // was read before
		if v, ok, _ := c.get("a"); ok {
			t.Errorf("%s: get = %d, which was read before", name, v)
		}
		c.read("a", 2)
		if v, ok, _ := c.get("a"); !ok || v != 2 {
			t.Errorf("%s: get = %d, %t after a new read, want 2", name, v, ok)
		}
		forget(c)
		if _, ok, _ := c.get("a"); ok != (name == "drop other") {
			t.Errorf("%s: get found it: %t", name, ok)
		}
	}
}

func TestCacheKeepsFirst(t *testing.T) {
	c := newCache[string, int](9)
	c.read("a", 1)
	_, _, mark := c.get("a")
	c.put("a", 2, mark)
	if v, _, _ := c.get("a"); v != 1 {
		t.Errorf("get = %d after two puts, want the first", v)
	}
	if n := c.order.Len(); n != 1 {
		t.Errorf("%d entries for one key", n)
	}
}

func TestCacheable(t *testing.T) {
	for n, want := range map[int]bool{0: true, maxCachedSums - 1: true, maxCachedSums: true, maxCachedSums + 1: false} {
		a := asset.Asset{Content: blob.Content{Segments: []blob.Segment{{Sums: make([]uint32, n/2)}, {Sums: make([]uint32, n-n/2)}}}}
		if got := cacheable(a); got != want {
			t.Errorf("cacheable with %d sums = %t, want %t", n, got, want)
		}
	}
}
