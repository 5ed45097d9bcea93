package delivery_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stowgate/stowgate/internal/delivery"
)

// told notes what an observer is told.
type told struct {
	mu   sync.Mutex
	what []string
}

func (o *told) Kept(app string) { o.note("kept of " + app) }
func (o *told) Made(app, plan string, took time.Duration) {
	if took <= 0 {
		plan += " in no time"
	}
	o.note("made for " + app + ": " + plan)
}

func (o *told) note(text string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.what = append(o.what, text)
}

func TestObserver(t *testing.T) {
	var o told
	st := newStudio(t, delivery.Config{Observer: &o})
	id := st.add("a", "pixels")
	for range 3 {
		st.get(may("a"), resize(100, id))
	}
	st.darkroom.before = func(context.Context) error { return errors.New("no light") }
	st.get(may("a"), resize(200, id)) // fails, and is not made
	plan := resize(100, id).Plan
	want := []string{"made for a: " + plan.Canonical(), "kept of a", "kept of a"}
	if !slices.Equal(o.what, want) {
		t.Errorf("told %q, want %q", o.what, fmt.Sprint(want))
	}
}
