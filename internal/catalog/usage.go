package catalog

import (
	"context"
	"fmt"
	"time"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/catalog/record"
)

// Usage returns how many files and bytes the app with this key stores. The error
// wraps fault.NotFound if there is no such app.
func (c *Catalog) Usage(ctx context.Context, key string) (files, bytes int64, err error) {
	if files, bytes, err = readUsage(ctx, c.reads, key); err != nil {
		return 0, 0, fmt.Errorf("usage of app %q: %w", key, err)
	}
	return files, bytes, nil
}

// checkQuota returns a *policy.Denial if a's app stores more than it may, now
// that a is there.
func (c *Catalog) checkQuota(ctx context.Context, tx *record.Statements, a asset.Asset) error {
	app, err := c.App(ctx, a.App)
	if err != nil || !app.Options.Limited() {
		return err
	}
	files, bytes, err := readUsage(ctx, tx, app.Key)
	if err != nil {
		return err
	}
	return app.CheckQuota(files, bytes, a.Content.Size())
}

func readUsage(ctx context.Context, s *record.Statements, key string) (files, bytes int64, err error) {
	err = s.Row(ctx, `SELECT files, bytes FROM usage WHERE app = ?`, key).Scan(&files, &bytes)
	return files, bytes, err
}

// AssetsBefore returns up to limit assets of app that were made before the given
// time, the oldest first.
func (c *Catalog) AssetsBefore(ctx context.Context, app string, before time.Time, limit int) ([]asset.ID, error) {
	ids, err := record.Rows(ctx, c.reads, record.Value[asset.ID],
		`SELECT id FROM assets WHERE app = ? AND created < ? AND trashed = 0 ORDER BY created, id LIMIT ?`, app, record.Nanos(before), limit)
	if err != nil {
		return nil, fmt.Errorf("list old assets of app %q: %w", app, err)
	}
	return ids, nil
}
