// Package ration bounds how often each owner may do something: so many times a
// minute, and at most as many at once. It does not know what.
package ration

import (
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/stowgate/stowgate/internal/fault"
)

// A Spent error says that an owner has had its share. It wraps fault.Busy.
type Spent struct {
	Owner string
	After time.Duration // when to come again, in whole seconds, at least 1
}

func (e *Spent) Error() string {
	return fmt.Sprintf("the share of %s is used up, come again in %v: %v", e.Owner, e.After, fault.Busy)
}
func (e *Spent) Unwrap() error { return fault.Busy }

// RetryAfter returns when the same request may work.
func (e *Spent) RetryAfter() time.Duration { return e.After }

// A Ration gives owners their shares. Its method may be called concurrently. It
// remembers every owner; they are expected to be few.
type Ration struct {
	share float64 // what each gets in a minute, and has at most
	now   func() time.Time

	mu     sync.Mutex
	owners map[string]purse
}

// A purse is what an owner had left at a time.
type purse struct {
	left float64
	at   time.Time
}

// New returns a Ration of share a minute for each owner; less than 1 means that
// there is no bound.
func New(share int, now func() time.Time) *Ration {
	return &Ration{share: float64(share), now: now, owners: make(map[string]purse)}
}

// Take takes one of the share of owner. The error is a *Spent if nothing of it
// is left.
func (r *Ration) Take(owner string) error {
	if r.share < 1 {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	p, ok := r.owners[owner]
	if !ok {
		p = purse{r.share, now}
	}
	p.left = min(r.share, p.left+max(0, now.Sub(p.at).Minutes())*r.share)
	p.at = now
	enough := p.left >= 1
	if enough {
		p.left--
	}
	r.owners[owner] = p
	if !enough {
		seconds := math.Ceil((1 - p.left) / r.share * 60)
		return &Spent{owner, time.Duration(max(1, seconds)) * time.Second}
	}
	return nil
}
