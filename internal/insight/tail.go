package insight

import (
	"container/list"
	"context"
	"fmt"
	"sync"

	"github.com/stowgate/stowgate/internal/fault"
)

// How many refusals are remembered, and listened to.
const (
	MaxRefusals       = 1000 // of all apps
	MaxRefusalsPerApp = 200
	maxSubscribers    = 100
	maxBehind         = 64 // refusals that a subscriber has not taken; more are dropped
)

// A tail remembers the last refusals. The zero tail is empty.
type tail struct {
	mu    sync.Mutex
	all   list.List             // of Refusal, oldest first
	byApp map[string]*list.List // of elements of all, oldest first
	subs  map[*subscriber]bool
}

type subscriber struct {
	app string
	to  chan Refusal
}

func (t *tail) add(r Refusal) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if own := t.byApp[r.App]; own != nil && own.Len() >= MaxRefusalsPerApp {
		t.drop(own.Front().Value.(*list.Element))
	} else if t.all.Len() >= MaxRefusals {
		t.drop(t.all.Front())
	}
	if t.byApp == nil {
		t.byApp = make(map[string]*list.List)
	}
	if t.byApp[r.App] == nil {
		t.byApp[r.App] = list.New()
	}
	t.byApp[r.App].PushBack(t.all.PushBack(r))
	for s := range t.subs {
		if s.app == r.App {
			select {
			case s.to <- r:
			default: // it is too slow
			}
		}
	}
}

// drop forgets e, which is the oldest of its app.
func (t *tail) drop(e *list.Element) {
	app := t.all.Remove(e).(Refusal).App
	own := t.byApp[app]
	own.Remove(own.Front())
	if own.Len() == 0 {
		delete(t.byApp, app)
	}
}

// last returns up to limit refusals of app, newest first.
func (t *tail) last(app string, limit int) []Refusal {
	t.mu.Lock()
	defer t.mu.Unlock()
	found := []Refusal{}
	own := t.byApp[app]
	if own == nil {
		return found
	}
	for e := own.Back(); e != nil && len(found) < limit; e = e.Prev() {
		found = append(found, e.Value.(*list.Element).Value.(Refusal))
	}
	return found
}

func (t *tail) subscribe(ctx context.Context, app string) (<-chan Refusal, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.subs) >= maxSubscribers {
		return nil, fmt.Errorf("%d others are watching refusals: %w", len(t.subs), fault.Busy)
	}
	if t.subs == nil {
		t.subs = make(map[*subscriber]bool)
	}
	s := &subscriber{app, make(chan Refusal, maxBehind)}
	t.subs[s] = true
	context.AfterFunc(ctx, func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		delete(t.subs, s)
		close(s.to)
	})
	return s.to, nil
}
