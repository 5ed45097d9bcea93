package scrub

import (
	"context"
	"time"

	"github.com/stowgate/stowgate/internal/blob"
)

const (
	// openCost is how many bytes the opening of a blob counts for: about what a
	// disk reads in the time in which it finds it.
	openCost = 64 << 10

	// shortest is how long a sleep is at least, so that small reads share one.
	shortest = 100 * time.Millisecond
)

// A pace holds what is read to a rate. It is not safe for concurrent use.
type pace struct {
	rate int64 // bytes per second
	due  time.Time
}

// spend sleeps for n bytes. Time in which nothing was read is not made up for.
// The error is that of ctx.
func (p *pace) spend(ctx context.Context, n int) error {
	now := time.Now()
	if p.due.Before(now) {
		p.due = now
	}
	p.due = p.due.Add(time.Duration(float64(n) / float64(p.rate) * float64(time.Second)))
	if wait := p.due.Sub(now); wait >= shortest {
		return sleep(ctx, wait)
	}
	return nil
}

// sleep waits for d, or returns the error of ctx once it ends.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// A pacedStore is a store whose blobs are read at a pace.
type pacedStore struct {
	blob.Store
	pace *pace
	read func(n int) // is told of all bytes read
}

// Open implements blob.Store.
func (s pacedStore) Open(ctx context.Context, key blob.Key, offset, size int64) (blob.Reader, error) {
	if err := s.pace.spend(ctx, openCost); err != nil {
		return nil, err
	}
	r, err := s.Store.Open(ctx, key, offset, size)
	if err != nil {
		return nil, err
	}
	return pacedReader{r, ctx, s}, nil
}

type pacedReader struct {
	blob.Reader
	ctx   context.Context // of Open: it holds for the reader too
	store pacedStore
}

// Read implements io.Reader.
func (r pacedReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	r.store.read(n)
	if paceErr := r.store.pace.spend(r.ctx, n); paceErr != nil {
		return n, paceErr
	}
	return n, err
}
