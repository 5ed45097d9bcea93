// Package group lets those who ask for the same costly act at the same moment
// share it. It knows no blob.
package group

import "sync"

// A Group runs a costly act once for all who wait for it: the first caller
// acts for those that came while the last act ran. Act is needed; it is not
// called concurrently.
type Group[T any] struct {
	Act  func([]T) error
	Take func([]T) int // how many of those that wait one act is for; nil means all

	mu      sync.Mutex
	busy    bool
	waiting []*waiter[T] // only while busy
}

type waiter[T any] struct {
	item T
	lead chan []*waiter[T] // receives whom to act for, or is closed when it was done
	err  error
}

// Do returns when Act was done for item, by this caller or another; Act began
// after Do was called. The error is that of Act.
func (g *Group[T]) Do(item T) error {
	w := &waiter[T]{item: item, lead: make(chan []*waiter[T], 1)}
	batch := []*waiter[T]{w}
	g.mu.Lock()
	if g.busy {
		g.waiting = append(g.waiting, w)
		g.mu.Unlock()
		var leads bool
		if batch, leads = <-w.lead; !leads {
			return w.err
		}
	} else {
		g.busy = true
		g.mu.Unlock()
	}

	err := g.Act(items(batch))
	for _, other := range batch {
		if other != w {
			other.err = err
			close(other.lead)
		}
	}

	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.waiting) == 0 {
		g.busy = false
		return err
	}
	n := len(g.waiting)
	if g.Take != nil {
		n = g.Take(items(g.waiting))
	}
	next := g.waiting[:n:n]
	g.waiting = g.waiting[n:]
	next[0].lead <- next
	return err
}

func items[T any](waiters []*waiter[T]) []T {
	s := make([]T, len(waiters))
	for i, w := range waiters {
		s[i] = w.item
	}
	return s
}
