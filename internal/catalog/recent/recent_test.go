package recent

import "testing"

// read puts v as a reader does that finds it in the database.
func (c *Cache[K, V]) read(k K, v V) {
	_, _, mark := c.Get(k)
	c.Put(k, v, mark)
}

func TestCacheIsBounded(t *testing.T) {
	c := New[int, int](3)
	for i := range 3 {
		c.read(i, -i)
	}
	for i := range 3 {
		if v, ok, _ := c.Get(i); !ok || v != -i {
			t.Errorf("Get(%d) = %d, %t of a cache that is just full", i, v, ok)
		}
	}
	c.Get(0)
	c.read(3, -3)
	for i, want := range []bool{true, false, true, true} { // 1 was used least recently
		if _, ok, _ := c.Get(i); ok != want {
			t.Errorf("Get(%d) found it: %t, want %t", i, ok, want)
		}
	}
}

func TestCacheForgets(t *testing.T) {
	for name, forget := range map[string]func(*Cache[string, int]){
		"drop":       func(c *Cache[string, int]) { c.Drop("a") },
		"drop other": func(c *Cache[string, int]) { c.Drop("b") },
		"clear":      func(c *Cache[string, int]) { c.Clear() },
	} {
		c := New[string, int](9)
		_, _, mark := c.Get("a")
		forget(c)
		c.Put("a", 1, mark) // was read before
		if v, ok, _ := c.Get("a"); ok {
			t.Errorf("%s: Get = %d, which was read before", name, v)
		}
		c.read("a", 2)
		if v, ok, _ := c.Get("a"); !ok || v != 2 {
			t.Errorf("%s: Get = %d, %t after a new read, want 2", name, v, ok)
		}
		forget(c)
		if _, ok, _ := c.Get("a"); ok != (name == "drop other") {
			t.Errorf("%s: Get found it: %t", name, ok)
		}
	}
}

func TestCacheKeepsFirst(t *testing.T) {
	c := New[string, int](9)
	c.read("a", 1)
	_, _, mark := c.Get("a")
	c.Put("a", 2, mark)
	if v, _, _ := c.Get("a"); v != 1 {
		t.Errorf("Get = %d after two Puts, want the first", v)
	}
	if n := c.order.Len(); n != 1 {
		t.Errorf("%d entries for one key", n)
	}
}
