package flight_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stowgate/stowgate/internal/flight"
)

// A parcel is a value that can be closed once.
type parcel struct{ closed atomic.Int32 }

func (p *parcel) Close() error { p.closed.Add(1); return nil }

func nothing(*parcel) error { return nil }

func TestO4OneRunForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g flight.Group[*parcel]
		var p parcel
		var runs, taken atomic.Int32
		land := make(chan struct{})
		for range 1000 {
			go func() {
				err := g.Do(t.Context(), "k", func(context.Context) (*parcel, error) {
					runs.Add(1)
					<-land
					return &p, nil
				}, func(p *parcel) error {
					taken.Add(1)
					if p.closed.Load() != 0 {
						t.Error("took a closed value")
					}
					return nil
				})
				if err != nil {
					t.Error(err)
				}
			}()
		}
		synctest.Wait()
		if n := g.Waiting(); n != 1000 {
			t.Errorf("%d wait, want 1000", n)
		}
		close(land)
		synctest.Wait()
		if n := g.Waiting(); n != 0 {
			t.Errorf("%d wait for nothing", n)
		}
		if runs.Load() != 1 || taken.Load() != 1000 || p.closed.Load() != 1 {
			t.Errorf("%d runs, taken %d times, closed %d times", runs.Load(), taken.Load(), p.closed.Load())
		}
		g.Close()
	})
}

func TestKeysDoNotShare(t *testing.T) {
	var g flight.Group[*parcel]
	for _, key := range []string{"a", "b", "a"} {
		ran := false
		if err := g.Do(t.Context(), key, func(context.Context) (*parcel, error) { ran = true; return new(parcel), nil }, nothing); err != nil || !ran {
			t.Errorf("Do(%s) = %v, ran %v", key, err, ran)
		}
	}
}

// A caller that goes away takes nothing from the others, and the last one
// takes the work with it.
func TestCallersLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g flight.Group[*parcel]
		type key struct{}
		first, goFirst := context.WithCancel(context.WithValue(t.Context(), key{}, "first"))
		second, goSecond := context.WithCancel(t.Context())
		var work context.Context
		land := make(chan struct{})
		results := make(chan error, 2)
		var p parcel
		for _, ctx := range []context.Context{first, second} {
			go func() {
				results <- g.Do(ctx, "k", func(ctx context.Context) (*parcel, error) {
					work = ctx
					<-land
					return &p, nil
				}, nothing)
			}()
			synctest.Wait()
		}
		goFirst()
		if err := <-results; !errors.Is(err, context.Canceled) {
			t.Errorf("Do of the first = %v, want canceled", err)
		}
		if work.Err() != nil || work.Value(key{}) != "first" {
			t.Errorf("work: %v, value %v; want it to go on, with the values of its first caller", work.Err(), work.Value(key{}))
		}
		goSecond()
		if err := <-results; !errors.Is(err, context.Canceled) {
			t.Errorf("Do of the second = %v, want canceled", err)
		}
		if work.Err() == nil {
			t.Error("work goes on for nobody")
		}
		// Who comes now must not be given what was cancelled.
		fresh := false
		if err := g.Do(t.Context(), "k", func(context.Context) (*parcel, error) { fresh = true; return new(parcel), nil }, nothing); err != nil || !fresh {
			t.Errorf("Do after that = %v, ran %v", err, fresh)
		}
		close(land)
		g.Close()
		if p.closed.Load() != 1 {
			t.Errorf("a value nobody wanted was closed %d times", p.closed.Load())
		}
	})
}

func TestFailureIsNotKept(t *testing.T) {
	var g flight.Group[*parcel]
	bad := errors.New("bad")
	fail := func(context.Context) (*parcel, error) { return nil, bad }
	if err := g.Do(t.Context(), "k", fail, nothing); err != bad {
		t.Errorf("Do = %v, want %v", err, bad)
	}
	if err := g.Do(t.Context(), "k", func(context.Context) (*parcel, error) { return new(parcel), nil }, nothing); err != nil {
		t.Errorf("Do after a failure = %v", err)
	}
	var p parcel
	if err := g.Do(t.Context(), "k", func(context.Context) (*parcel, error) { return &p, nil }, func(*parcel) error { return bad }); err != bad || p.closed.Load() != 1 {
		t.Errorf("Do with a take that fails = %v, closed %d times", err, p.closed.Load())
	}
}

func TestPanic(t *testing.T) {
	var g flight.Group[*parcel]
	err := g.Do(t.Context(), "k", func(context.Context) (*parcel, error) { panic("oh") }, nothing)
	if err == nil || !strings.Contains(err.Error(), "oh") {
		t.Errorf("Do = %v, want the panic as an error", err)
	}
}

func TestClose(t *testing.T) {
	var g flight.Group[*parcel]
	started, done := make(chan struct{}), make(chan error)
	go func() {
		done <- g.Do(t.Context(), "k", func(ctx context.Context) (*parcel, error) {
			close(started)
			<-ctx.Done()
			return nil, fmt.Errorf("work: %w", ctx.Err())
		}, nothing)
	}()
	<-started
	g.Close()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("Do = %v, want canceled", err)
	}
	err := g.Do(t.Context(), "k", func(context.Context) (*parcel, error) { t.Error("ran"); return nil, nil }, nothing)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Do after Close = %v, want canceled", err)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if err := new(flight.Group[*parcel]).Do(ended, "k", nil, nothing); !errors.Is(err, context.Canceled) {
		t.Errorf("Do for nobody = %v, want canceled", err)
	}
}
