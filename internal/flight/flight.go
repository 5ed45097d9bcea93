// Package flight runs a piece of work once for all who ask for it at the same
// time. It remembers nothing after that.
package flight

import (
	"context"
	"fmt"
	"io"
	"runtime/debug"
	"sync"
)

// A Group runs works whose results are of type V, one at a time for each key.
// The zero Group is ready to use. Its methods may be called concurrently.
type Group[V io.Closer] struct {
	mu      sync.Mutex
	flights map[string]*flight[V]
	waiting int // for all flights
	running sync.WaitGroup
	closed  bool
}

// A flight is one run of a work.
type flight[V io.Closer] struct {
	cancel  context.CancelFunc
	done    chan struct{} // closed when value and err are set
	waiting int           // guarded by Group.mu; at 0 nobody wants the result
	value   V
	err     error
}

// Do calls work, or waits for the call that runs for key already, and then
// calls take with what it returned. All who waited take the same value, which
// is closed after the last one. An error of work is told to them and to nobody
// later.
//
// The context of work has the values of that of its first caller, but ends only
// when no caller is left, or the Group is closed. Do returns early when ctx ends.
func (g *Group[V]) Do(ctx context.Context, key string, work func(context.Context) (V, error), take func(V) error) error {
	f, err := g.board(ctx, key, work)
	if err != nil {
		return err
	}
	defer g.leave(key, f)
	select {
	case <-f.done:
	case <-ctx.Done():
		return ctx.Err()
	}
	if f.err != nil {
		return f.err
	}
	return take(f.value)
}

// board makes the caller wait for the flight of key, which it starts if there
// is none.
func (g *Group[V]) board(ctx context.Context, key string, work func(context.Context) (V, error)) (*flight[V], error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return nil, fmt.Errorf("group is closed: %w", context.Canceled)
	}
	g.waiting++
	if f := g.flights[key]; f != nil {
		f.waiting++
		return f, nil
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	f := &flight[V]{cancel: cancel, done: make(chan struct{}), waiting: 1}
	if g.flights == nil {
		g.flights = make(map[string]*flight[V])
	}
	g.flights[key] = f
	g.running.Add(1)
	go g.run(ctx, key, f, work)
	return f, nil
}

func (g *Group[V]) run(ctx context.Context, key string, f *flight[V], work func(context.Context) (V, error)) {
	defer g.running.Done()
	defer f.cancel()
	value, err := safely(ctx, work)
	g.mu.Lock()
	g.forget(key, f)
	f.value, f.err = value, err
	unwanted := f.waiting == 0
	close(f.done)
	g.mu.Unlock()
	if unwanted && err == nil {
		value.Close()
	}
}

// safely calls work, in a goroutine that nobody else guards against a panic.
func safely[V any](ctx context.Context, work func(context.Context) (V, error)) (value V, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	return work(ctx)
}

// leave takes the caller off f, and ends f or closes its value if nobody else
// is left.
func (g *Group[V]) leave(key string, f *flight[V]) {
	g.mu.Lock()
	g.waiting--
	f.waiting--
	last := f.waiting == 0
	if last {
		g.forget(key, f) // nobody may board what is being cancelled
	}
	landed := false
	select {
	case <-f.done:
		landed = true
	default:
	}
	g.mu.Unlock()
	if !last {
		return
	}
	f.cancel()
	if landed && f.err == nil {
		f.value.Close()
	}
}

// forget lets the next caller of key start anew.
func (g *Group[V]) forget(key string, f *flight[V]) {
	if g.flights[key] == f {
		delete(g.flights, key)
	}
}

// Waiting returns how many callers are in Do.
func (g *Group[V]) Waiting() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.waiting
}

// Close cancels what runs and waits for its end. Do fails from then on.
func (g *Group[V]) Close() {
	g.mu.Lock()
	g.closed = true
	for _, f := range g.flights {
		f.cancel()
	}
	g.mu.Unlock()
	g.running.Wait()
}
