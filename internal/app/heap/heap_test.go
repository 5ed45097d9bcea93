package heap

import (
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

func TestPercent(t *testing.T) {
	for _, tt := range []struct {
		live uint64
		want int
	}{
		{0, 1600}, {1 << 20, 1600}, {4 << 20, 800}, {5 << 20, 400}, {16 << 20, 200}, {17 << 20, 100}, {1 << 30, 100},
	} {
		if got := percent(tt.live, 32<<20); got != tt.want {
			t.Errorf("percent(%d MiB) = %d, want %d", tt.live>>20, got, tt.want)
		}
	}
}

// A live heap that grows gets the usual percentage, and one that shrinks more.
func TestRelaxFollowsTheHeap(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(usual))
	Relax(32 << 20)
	becomes := func(ok func(int) bool) int {
		p := usual
		for range 500 {
			runtime.GC()
			p = debug.SetGCPercent(usual)
			debug.SetGCPercent(p)
			if ok(p) {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		return p
	}
	if p := becomes(func(p int) bool { return p > usual }); p <= usual {
		t.Errorf("small heap: %d percent", p)
	}
	big := make([]byte, 100<<20)
	if p := becomes(func(p int) bool { return p == usual }); p != usual {
		t.Errorf("large heap: %d percent", p)
	}
	runtime.KeepAlive(big)
	if p := becomes(func(p int) bool { return p > usual }); p <= usual {
		t.Errorf("small heap again: %d percent", p)
	}
}
