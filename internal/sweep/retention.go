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
}

// Expire removes the files that are older at now than their apps keep them, each
// as if somebody had asked for it, and returns how many. After an error it goes
// on with the next app, and returns them all.
func Expire(ctx context.Context, from files, now time.Time) (n int, err error) {
	apps, err := from.Apps(ctx)
	if err != nil {
		return 0, fmt.Errorf("list apps: %w", err)
	}
	var errs []error
	for _, app := range apps {
		if app.Options.Retention <= 0 {
			continue
		}
		removed, err := expire(ctx, from, app.Key, now.Add(-app.Options.Retention))
		n += removed
		errs = append(errs, err)
	}
	return n, errors.Join(errs...)
}

func expire(ctx context.Context, from files, app string, before time.Time) (n int, err error) {
	for {
		ids, err := from.AssetsBefore(ctx, app, before, batch)
		if err != nil {
			return n, fmt.Errorf("list old files of app %s: %w", app, err)
		}
		for _, id := range ids {
			err := from.RemoveAsset(ctx, app, id, policy.Use{})
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
