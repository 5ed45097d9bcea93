package upload

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/policy"
)

// How many files are received at once, or held, before it is known who may store
// them: by all, and from one client.
const (
	MaxSpools          = 256
	MaxSpoolsPerClient = MaxSpools / 4
)

// spools counts those files.
type spools struct {
	mu   sync.Mutex
	all  int
	from map[string]int
}

// enter takes a place for one more file from a client, who is "" if there is no
// bound for it. It reports whether there was one.
func (s *spools) enter(client string) (leave func(), ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all == MaxSpools || client != "" && s.from[client] == MaxSpoolsPerClient {
		return nil, false
	}
	s.all++
	s.from[client]++
	return sync.OnceFunc(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.all--
		if s.from[client]--; s.from[client] == 0 {
			delete(s.from, client)
		}
	}), true
}

// A Spooled is a file that was received before it was known who may store it.
// Nobody can see it; what a crash leaves of it the blob store or the sweep of
// orphans removes. The caller closes it.
type Spooled struct {
	service *Service
	in      *incoming
	leave   func()
}

// Spool receives body, of at most limit bytes, for Store. It reads body once, to
// its end, without holding it in memory. The error wraps fault.TooLarge for more
// bytes, and fault.Busy while there are MaxSpools others, or MaxSpoolsPerClient
// from the same client, which is any text that stands for it; "" has no such
// bound.
func (s *Service) Spool(ctx context.Context, client string, body io.Reader, limit int64) (*Spooled, error) {
	leave, ok := s.spools.enter(client)
	if !ok {
		return nil, errSpools
	}
	limit = min(limit, s.config.MaxPut)
	r := rules{most: limit, over: fmt.Errorf("the file is over the limit of %d bytes: %w", limit, fault.TooLarge)}
	in, err := s.receive(ctx, body, Spec{}, r)
	if err != nil {
		leave()
		return nil, err
	}
	return &Spooled{s, in, leave}, nil
}

// Size returns how many bytes the file has.
func (f *Spooled) Size() int64 { return f.in.size }

// Close drops the file, unless it was stored. It is safe to call more than once.
func (f *Spooled) Close() {
	f.in.Close()
	f.leave()
}

// Store makes f a new asset described by spec, under the rules of
// [Service.Put]. It is called once.
func (f *Spooled) Store(ctx context.Context, g policy.Grant, spec Spec) (asset.Asset, error) {
	s := f.service
	g, spec.Size = g.For(storing), f.in.size
	spec, r, err := s.admit(ctx, g, spec, "", s.config.MaxPut)
	if err != nil {
		return asset.Asset{}, err
	}
	if err := r.app.CheckType(f.in.detected); err != nil {
		return asset.Asset{}, err
	}
	if r.app.Options.Storage == "" {
		return s.keep(ctx, g, spec, "", f.in)
	}
	in, err := f.moved(ctx, g, spec, r)
	if err != nil {
		return asset.Asset{}, err
	}
	defer in.Close()
	return s.keep(ctx, g, spec, "", in)
}

// moved returns f where the app of the rules keeps its files, which was not
// known when it came.
func (f *Spooled) moved(ctx context.Context, g policy.Grant, spec Spec, r rules) (*incoming, error) {
	s := f.service
	content, err := f.in.commit(g, spec)
	if err != nil {
		return nil, err
	}
	defer s.drop(ctx, content)
	body, err := s.vault.Open(ctx, content)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	return s.receive(ctx, body, spec, r)
}

// spoolPause is when those come again for whom there is no room.
const spoolPause = 5 * time.Second

// errSpools says that there are as many as there may be.
var errSpools = error(spoolsFull{})

type spoolsFull struct{}

func (spoolsFull) Error() string {
	return "too many files are being received: " + fault.Busy.Error()
}
func (spoolsFull) Unwrap() error             { return fault.Busy }
func (spoolsFull) RetryAfter() time.Duration { return spoolPause }
