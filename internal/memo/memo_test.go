package memo

import "testing"

func TestCacheIsBounded(t *testing.T) {
	c := Cache[int, int]{Limit: 10}
	c.Put(-1, -1)
	for i := range 1000 {
		c.Put(i, i)
		if n := len(c.new) + len(c.aged); n > 2*c.Limit {
			t.Fatalf("cache holds %d entries, want at most %d", n, 2*c.Limit)
		}
		if v, ok := c.Get(-1); !ok || v != -1 {
			t.Fatalf("entry in use was dropped after %d others", i)
		}
	}
	if _, ok := c.Get(0); ok {
		t.Error("entry not in use was kept")
	}
}
