// Package heap lets a small heap grow before it is collected: a server whose
// live heap is a few MiB otherwise spends a tenth of its time in collections.
package heap

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
)

// usual is the garbage that the runtime lets come to a live heap, in percent.
const usual = 100

// Relax lets garbage grow to room bytes, or to the size of the live heap if
// that is more, before it is collected. It holds for the process.
func Relax(room uint64) {
	t := &tuner{room: room, percent: usual}
	t.tune(0)
}

// A tuner sets the percentage anew after every collection.
type tuner struct {
	room uint64

	mu      sync.Mutex
	percent int
}

// tune runs after each collection, as the cleanup of something that nobody
// holds.
func (t *tuner) tune(int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if p := percent(live(), t.room); p != t.percent {
		t.percent = p
		debug.SetGCPercent(p)
	}
	runtime.AddCleanup(new(marker), t.tune, 0)
}

// A marker is garbage at once. It is too large to share its memory with others.
type marker [64]byte

// live returns the bytes that the last collection found in use.
func live() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// percent returns how much garbage may come to a live heap so that it is about
// room, in steps, because setting it stops the world.
func percent(live, room uint64) int {
	p := usual
	for p < 1600 && live*uint64(p)*2/100 <= room {
		p *= 2
	}
	return p
}
