package account

import (
	"hash/maphash"
	"net/netip"
	"sync"
	"time"

	"github.com/stowgate/stowgate/internal/fault"
)

// How often somebody may try to sign in: a few times at once, and then one more
// try in each interval.
var (
	triesOfAccount = pace{burst: 10, every: 30 * time.Second}
	triesOfAddress = pace{burst: 30, every: 5 * time.Second}
)

type pace struct {
	burst int
	every time.Duration
}

// slots is how many keys a limiter tells apart. More of them share a slot: who
// tries very many keys is limited with others, and never not at all.
const slots = 1 << 14

// A limiter limits how often something is done under each key, in a fixed amount
// of memory.
type limiter struct {
	pace
	seed maphash.Seed

	mu   sync.Mutex
	full [slots]time.Time // when all that was taken is given back
}

func newLimiter(p pace) *limiter { return &limiter{pace: p, seed: maphash.MakeSeed()} }

// take takes one try for key. The error is a *Refusal that says when there is
// another one.
func (l *limiter) take(key string, now time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := l.slot(key)
	if (*at).Before(now) {
		*at = now
	}
	if wait := at.Sub(now.Add(time.Duration(l.burst-1) * l.every)); wait > 0 {
		r := Refuse(fault.Busy, "", "there were too many tries: wait a while")
		r.After = wait
		return r
	}
	*at = at.Add(l.every)
	return nil
}

// give gives back what was taken for key: it was no guess.
func (l *limiter) give(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := l.slot(key)
	*at = at.Add(-l.every)
}

func (l *limiter) slot(key string) *time.Time { return &l.full[maphash.String(l.seed, key)%slots] }

// Network returns what addresses count as one: an IPv4 address, or the /64 that
// a single customer has of IPv6. What is no address stands for itself.
func Network(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	if a = a.Unmap().WithZone(""); a.Is4() {
		return a.String()
	}
	p, _ := a.Prefix(64)
	return p.String()
}
