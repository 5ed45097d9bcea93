package catalog

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/catalog/listing"
	"github.com/stowgate/stowgate/internal/catalog/record"
	"github.com/stowgate/stowgate/internal/library"
)

// Lookup returns the ID of the asset with that second name, and the key of the
// app that owns it; also of one in the trash. The error wraps fault.NotFound if
// there is none.
func (c *Catalog) Lookup(ctx context.Context, name uuid.UUID) (asset.ID, string, error) {
	id, err := c.idOf(ctx, name)
	if err != nil {
		return "", "", fmt.Errorf("asset %s: %w", name, err)
	}
	if a, ok, _ := c.assets.Get(id); ok {
		return id, a.App, nil
	}
	app, err := record.Value[string](c.reads.Row(ctx, `SELECT app FROM assets WHERE id = ?`, id))
	if err != nil {
		return "", "", fmt.Errorf("asset %s: %w", name, err)
	}
	return id, app, nil
}

// idOf returns the ID of the asset with that second name. There may be none by
// now.
func (c *Catalog) idOf(ctx context.Context, name uuid.UUID) (asset.ID, error) {
	id, ok, mark := c.ids.Get(name)
	if ok {
		return id, nil
	}
	id, err := record.Value[asset.ID](c.reads.Row(ctx, `SELECT id FROM assets WHERE uuid = ?`, name))
	if err == nil {
		c.ids.Put(name, id, mark)
	}
	return id, err
}

// KeepAssets makes temporary assets of app permanent, in one transaction with an
// event and an audit entry for each that is not yet. It answers like TrashAssets.
func (c *Catalog) KeepAssets(ctx context.Context, app string, ids []asset.ID, entry account.Entry) ([]error, error) {
	return c.each(ctx, "keep", ids, entry, func(ctx context.Context, tx *record.Statements, id asset.ID) error {
		a, err := ownAsset(ctx, tx, app, id)
		if err != nil {
			return err
		}
		if !a.Stored.IsZero() {
			return errUnchanged
		}
		a.Stored = c.book.Now()
		if err := c.keepAsset(ctx, tx, id, a.Stored); err != nil {
			return err
		}
		return c.tell(ctx, tx, asset.Kept, a)
	})
}

// keepAsset makes an asset permanent.
func (c *Catalog) keepAsset(ctx context.Context, tx *record.Statements, id asset.ID, now time.Time) error {
	if _, err := tx.Exec(ctx, `UPDATE assets SET stored = ? WHERE id = ?`, record.Nanos(now), id); err != nil {
		return err
	}
	return listing.Drop(ctx, tx, c.book.Words(), id)
}

// TemporaryAssets returns up to limit temporary assets that were made before the
// given time, the oldest first, those in the trash left out.
func (c *Catalog) TemporaryAssets(ctx context.Context, before time.Time, limit int) ([]asset.ID, error) {
	ids, err := record.Rows(ctx, c.reads, record.Value[asset.ID],
		`SELECT id FROM assets WHERE stored = 0 AND trashed = 0 AND created < ? ORDER BY created LIMIT ?`, record.Nanos(before), limit)
	if err != nil {
		return nil, fmt.Errorf("list temporary assets: %w", err)
	}
	return ids, nil
}

// RemoveTemporary removes the asset called id as RemoveAsset does. The error
// wraps fault.NotFound if there is none, or it is permanent by now.
func (c *Catalog) RemoveTemporary(ctx context.Context, id asset.ID) error {
	return c.remove(ctx, id, func(ctx context.Context, tx *record.Statements) (asset.Asset, error) {
		return scanAsset(tx.Row(ctx, `SELECT `+assetColumns+` FROM assets WHERE id = ? AND stored = 0 AND trashed = 0`, id))
	})
}

// SetPicture notes what was found out about a version of an asset. The error
// wraps fault.NotFound if there is no such asset, or it has another version.
func (c *Catalog) SetPicture(ctx context.Context, id asset.ID, version int64, p *asset.Picture) error {
	text, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("note picture of asset %s: %w", id, err)
	}
	err = c.book.Write(ctx, func(ctx context.Context, tx *record.Statements) error {
		_, err := record.Value[asset.ID](tx.Row(ctx, `UPDATE assets SET picture = ? WHERE id = ? AND version = ? RETURNING id`, string(text), id, version))
		return err
	})
	c.assets.Drop(id)
	if err != nil {
		return fmt.Errorf("note picture of asset %s: %w", id, err)
	}
	return nil
}

// Totals returns how many files app has. The error wraps fault.NotFound if there
// is no such app.
func (c *Catalog) Totals(ctx context.Context, app string) (t library.Totals, err error) {
	err = c.reads.Row(ctx, `SELECT files - removed - temporary, temporary, removed FROM usage WHERE app = ?`, app).Scan(&t.Stored, &t.Temporary, &t.Removed)
	if err != nil {
		return t, fmt.Errorf("files of app %q: %w", app, err)
	}
	return t, nil
}
