package imports

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/queue"
	"github.com/stowgate/stowgate/internal/upload"
)

// What Bring does for requests that wait for it.
const (
	MaxBringTime = 2 * time.Minute // of one file

	maxBringing    = 64 // files at once
	maxBringingApp = 16 // of one app
	maxBringQueue  = 512
	bringPatience  = 30 * time.Second // how long a file waits for its turn
)

// newBringLine returns the line in front of those files: a page may ask for many.
func newBringLine() *queue.Queue {
	return queue.New(queue.Config{Slots: maxBringing, SlotsPerOwner: maxBringingApp, Waiting: maxBringQueue, Patience: bringPatience})
}

// A brought file has nothing to close.
type brought struct{ asset.ID }

func (brought) Close() error { return nil }

// Bring returns the asset of g's app that is remembered as brought in from url.
// If there is none it stores the file at url under g as spec describes it, and
// remembers it; nil for fetch means as the upload service does. Who asks at the
// same time waits for the same.
//
// The errors are those of upload.Service.Import; it wraps fault.Unreachable also
// for a file that takes more than MaxBringTime, and fault.Busy (as a *queue.Full)
// if too many others wait for their turn, or it does not come.
func (s *Service) Bring(ctx context.Context, g policy.Grant, url string, spec upload.Spec, fetch upload.Fetch) (asset.ID, error) {
	url, err := policy.CanonicalURL(url)
	if err != nil {
		return "", err
	}
	digest := Digest(url)
	id, err := s.records.Imported(ctx, g.App, digest)
	if !errors.Is(err, fault.NotFound) {
		return id, err
	}
	err = s.flights.Do(ctx, g.App+" "+string(digest[:]), func(ctx context.Context) (brought, error) {
		id, err := s.records.Imported(ctx, g.App, digest) // by who was a moment quicker
		if errors.Is(err, fault.NotFound) {
			id, err = s.bringNow(ctx, g, url, spec, fetch)
		}
		return brought{id}, err
	}, func(b brought) error {
		id = b.ID
		return nil
	})
	return id, err
}

// bringNow stores and remembers the file at a canonical URL.
func (s *Service) bringNow(ctx context.Context, g policy.Grant, url string, spec upload.Spec, fetch upload.Fetch) (asset.ID, error) {
	leave, err := s.line.Enter(ctx, g.App)
	if err != nil {
		return "", err
	}
	defer leave()
	ctx, cancel := context.WithTimeout(ctx, MaxBringTime)
	defer cancel()
	a, err := s.uploads.Import(ctx, g, spec, upload.Source{URL: url, Fetch: fetch})
	switch {
	case err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded):
		return "", fmt.Errorf("more than %v: %v: %w", MaxBringTime, err, fault.Unreachable)
	case err != nil:
		return "", err
	}
	if err := s.records.Remember(context.WithoutCancel(ctx), g.App, Digest(url), a.ID); err != nil {
		return "", fmt.Errorf("remember asset %s: %w", a.ID, err)
	}
	return a.ID, nil
}

// Close ends what Bring does, and waits for it. Bring fails from then on.
func (s *Service) Close() { s.flights.Close() }
