package sweep

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/policy"
)

// files is what is removed when it is old enough.
type files interface {
	Apps(ctx context.Context) ([]policy.App, error)
	AssetsBefore(ctx context.Context, app string, before time.Time, limit int) ([]asset.ID, error)
	RemoveAsset(ctx context.Context, app string, id asset.ID, use policy.Use) error
	TemporaryAssets(ctx context.Context, before time.Time, limit int) ([]asset.ID, error)
	RemoveTemporary(ctx context.Context, id asset.ID) error
}

// Expire removes the files that are older at now than their apps keep them, and
// the temporary ones that are older than asset.TemporaryLifetime, each as if
// somebody had asked for it, and returns how many. After an error it goes on
// with the next app, and returns them all.
func Expire(ctx context.Context, from files, now time.Time) (n int, err error) {
	apps, err := from.Apps(ctx)
	if err != nil {
		return 0, fmt.Errorf("list apps: %w", err)
	}
	before := now.Add(-asset.TemporaryLifetime)
	n, err = expire(func() ([]asset.ID, error) { return from.TemporaryAssets(ctx, before, batch) },
		func(id asset.ID) error { return from.RemoveTemporary(ctx, id) })
	errs := []error{err}
	for _, app := range apps {
		if app.Options.Retention <= 0 {
			continue
		}
		before := now.Add(-app.Options.Retention)
		removed, err := expire(func() ([]asset.ID, error) { return from.AssetsBefore(ctx, app.Key, before, batch) },
			func(id asset.ID) error { return from.RemoveAsset(ctx, app.Key, id, policy.Use{}) })
		n += removed
		errs = append(errs, err)
	}
	return n, errors.Join(errs...)
}

// expire removes what list returns, until that is less than a batch.
func expire(list func() ([]asset.ID, error), remove func(asset.ID) error) (n int, err error) {
	for {
		ids, err := list()
		if err != nil {
			return n, err
		}
		for _, id := range ids {
			err := remove(id)
			switch {
			case err == nil:
				n++
			case !errors.Is(err, fault.NotFound): // else somebody was quicker
				return n, err
			}
		}
		if len(ids) < batch {
			return n, nil
		}
	}
}
