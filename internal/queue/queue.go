// Package queue is the line in front of what only some may do at once: bounded,
// first come first served within an owner, and fair between owners. It does not
// know what they wait for.
package queue

import (
	"container/list"
	"context"
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/stowgate/stowgate/internal/fault"
)

// Config adjusts a Queue. The zero Config is ready to use.
type Config struct {
	Slots           int           // how many may be inside at once; 0 means 1
	SlotsPerOwner   int           // and of one owner; 0 means all
	Waiting         int           // how many may wait; 0 means 256
	WaitingPerOwner int           // and of one owner; 0 means half of Waiting
	Patience        time.Duration // how long one may wait; 0 means 10 s
}

// Defaults of Config.
const (
	DefaultWaiting  = 256
	DefaultPatience = 10 * time.Second
)

// maxAfter is the longest time that Full asks for.
const maxAfter = time.Minute

// A Full error says that there is no place in the line, or that waiting took
// too long. It wraps fault.Busy.
type Full struct {
	After  time.Duration // when to come again, in whole seconds, at least 1
	reason string
}

func (e *Full) Error() string {
	return fmt.Sprintf("%s, come again in %v: %v", e.reason, e.After, fault.Busy)
}
func (e *Full) Unwrap() error { return fault.Busy }

// RetryAfter returns when the same request may work.
func (e *Full) RetryAfter() time.Duration { return e.After }

// Stats counts what a Queue has done, and what it holds.
type Stats struct {
	Inside, Waiting int
	Refused         int64 // callers that were told to come again
}

// A Queue lets callers in. Its methods may be called concurrently.
type Queue struct {
	config Config

	mu      sync.Mutex
	owners  map[string]*owner // those with anybody inside or waiting
	turns   list.List         // of *owner, those with somebody waiting, the next one first
	inside  int
	waiting int
	refused int64
	usual   time.Duration // how long one stays inside, a moving average
}

// An owner is what is known about one owner.
type owner struct {
	inside int
	line   list.List     // of chan struct{}, closed to let one in
	turn   *list.Element // its place in turns; nil if nobody waits
}

// New returns an empty Queue.
func New(c Config) *Queue {
	c.Slots = max(1, c.Slots)
	if c.SlotsPerOwner == 0 {
		c.SlotsPerOwner = c.Slots
	}
	if c.Waiting == 0 {
		c.Waiting = DefaultWaiting
	}
	if c.WaitingPerOwner == 0 {
		c.WaitingPerOwner = max(1, c.Waiting/2)
	}
	if c.Patience == 0 {
		c.Patience = DefaultPatience
	}
	return &Queue{config: c, owners: make(map[string]*owner)}
}

// Enter waits until one more of owner may be inside. The caller calls leave
// once, when it goes out again. The error is a *Full at once if the line is
// full, and after Patience; it is that of ctx if ctx ends before.
func (q *Queue) Enter(ctx context.Context, name string) (leave func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	place, err := q.lineUp(name)
	if err != nil {
		return nil, err
	}
	patience := time.NewTimer(q.config.Patience)
	defer patience.Stop()
	select {
	case <-place.Value.(chan struct{}):
	case <-patience.C:
		err = q.giveUp(name, place, true)
	case <-ctx.Done():
		if err = q.giveUp(name, place, false); err != nil {
			err = ctx.Err()
		}
	}
	if err != nil {
		return nil, err
	}
	entered := time.Now()
	return func() { q.leave(name, time.Since(entered)) }, nil
}

// lineUp gives a caller its place, and lets it in if there is room.
func (q *Queue) lineUp(name string) (*list.Element, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	o := q.owners[name]
	if o == nil {
		o = new(owner)
	}
	room := q.inside < q.config.Slots && o.inside < q.config.SlotsPerOwner
	switch {
	case room: // nobody of this owner waits, or else he would be inside
	case q.waiting >= q.config.Waiting:
		return nil, q.full("the line is full")
	case o.line.Len() >= q.config.WaitingPerOwner:
		return nil, q.full("the line of " + name + " is full")
	}
	q.owners[name] = o
	place := o.line.PushBack(make(chan struct{}))
	q.waiting++
	if o.turn == nil {
		o.turn = q.turns.PushBack(o)
	}
	q.admit()
	return place, nil
}

// admit lets in whoever there is room for.
func (q *Queue) admit() {
	for at := q.turns.Front(); at != nil && q.inside < q.config.Slots; {
		o, next := at.Value.(*owner), at.Next()
		if o.inside < q.config.SlotsPerOwner {
			close(o.line.Remove(o.line.Front()).(chan struct{}))
			q.waiting--
			q.inside++
			o.inside++
			q.turns.MoveToBack(at)
			q.settle(o)
			if next == nil {
				next = q.turns.Front()
			}
		}
		at = next
	}
}

// settle takes an owner out of the turns if none of his waits.
func (q *Queue) settle(o *owner) {
	if o.line.Len() == 0 && o.turn != nil {
		q.turns.Remove(o.turn)
		o.turn = nil
	}
}

// giveUp takes a caller out of the line. It returns nil if the caller was let
// in meanwhile, and the error to tell otherwise.
func (q *Queue) giveUp(name string, place *list.Element, late bool) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	select {
	case <-place.Value.(chan struct{}):
		return nil
	default:
	}
	o := q.owners[name]
	o.line.Remove(place)
	q.waiting--
	q.settle(o)
	q.drop(name, o)
	if !late {
		return context.Canceled
	}
	return q.full(fmt.Sprintf("waited for %v", q.config.Patience))
}

func (q *Queue) leave(name string, stay time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.usual += (stay - q.usual) / 8
	o := q.owners[name]
	q.inside--
	o.inside--
	q.admit()
	q.drop(name, o)
}

// drop forgets an owner of whom nobody is here.
func (q *Queue) drop(name string, o *owner) {
	if o.inside == 0 && o.line.Len() == 0 {
		delete(q.owners, name)
	}
}

// full returns the error for one who finds no place.
func (q *Queue) full(reason string) error {
	q.refused++
	wait := time.Duration(q.waiting) * q.usual / time.Duration(q.config.Slots)
	seconds := math.Ceil(min(wait, maxAfter).Seconds())
	return &Full{After: time.Duration(max(1, seconds)) * time.Second, reason: reason}
}

// Stats returns the counts.
func (q *Queue) Stats() Stats {
	q.mu.Lock()
	defer q.mu.Unlock()
	return Stats{Inside: q.inside, Waiting: q.waiting, Refused: q.refused}
}
