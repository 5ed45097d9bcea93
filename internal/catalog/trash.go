package catalog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/catalog/ledger"
	"github.com/stowgate/stowgate/internal/catalog/listing"
	"github.com/stowgate/stowgate/internal/catalog/record"
	"github.com/stowgate/stowgate/internal/fault"
)

// An asset in the trash is there for RestoreAssets, EraseAssets, EachAsset and
// lists that ask for it; everything else takes it for removed. Its names and its
// blobs stay its own.

// TrashAssets puts assets of app into the trash, in one transaction with an
// event and an audit entry for each. It returns an error for each, nil where it
// is done, and one that wraps fault.NotFound where app has no such asset.
func (c *Catalog) TrashAssets(ctx context.Context, app string, ids []asset.ID, entry account.Entry) ([]error, error) {
	return c.each(ctx, "trash", ids, entry, func(ctx context.Context, tx *record.Statements, id asset.ID) error {
		a, err := ownAsset(ctx, tx, app, id)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE assets SET trashed = ? WHERE id = ?`, record.Nanos(c.book.Now()), id); err != nil {
			return err
		}
		if err := listing.Move(ctx, tx, id, true); err != nil {
			return err
		}
		return c.tell(ctx, tx, asset.Deleted, a)
	})
}

// RestoreAssets brings assets back that were put into the trash at the given
// time or later. A temporary one is permanent then: otherwise it could be gone
// again at once. It answers like TrashAssets, and writes no event.
func (c *Catalog) RestoreAssets(ctx context.Context, app string, ids []asset.ID, since time.Time, entry account.Entry) ([]error, error) {
	return c.each(ctx, "restore", ids, entry, func(ctx context.Context, tx *record.Statements, id asset.ID) error {
		var trashed, stored int64
		err := tx.Row(ctx, `SELECT trashed, stored FROM assets WHERE id = ? AND app = ? AND trashed > 0`, id, app).Scan(&trashed, &stored)
		if err != nil {
			return err
		}
		if trashed < record.Nanos(since) {
			return fmt.Errorf("it was put into the trash too long ago: %w", fault.NotFound)
		}
		if stored == 0 {
			if err := c.keepAsset(ctx, tx, id, c.book.Now()); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(ctx, `UPDATE assets SET trashed = 0 WHERE id = ?`, id); err != nil {
			return err
		}
		return listing.Move(ctx, tx, id, false)
	})
}

// EraseAssets removes assets of app, also from the trash, in one transaction
// with an audit entry for each, and an event for each that was not in the trash.
// It answers like TrashAssets.
func (c *Catalog) EraseAssets(ctx context.Context, app string, ids []asset.ID, entry account.Entry) ([]error, error) {
	return c.each(ctx, "erase", ids, entry, func(ctx context.Context, tx *record.Statements, id asset.ID) error {
		a, err := scanAsset(tx.Row(ctx, `SELECT `+assetColumns+` FROM assets WHERE id = ? AND app = ?`, id, app))
		if err != nil {
			return err
		}
		trashed, err := record.Value[bool](tx.Row(ctx, `SELECT trashed > 0 FROM assets WHERE id = ?`, id))
		if err != nil {
			return err
		}
		if err := c.removeAsset(ctx, tx, a); err != nil || trashed {
			return err
		}
		return c.tell(ctx, tx, asset.Deleted, a)
	})
}

// EmptyTrash removes the assets that were put into the trash before the given
// time, in steps. Their events were written then.
func (c *Catalog) EmptyTrash(ctx context.Context, before time.Time) error {
	for removed := stepSize; removed == stepSize; {
		err := c.book.Write(ctx, func(ctx context.Context, tx *record.Statements) error {
			assets, err := record.Rows(ctx, tx, scanAsset,
				`SELECT `+assetColumns+` FROM assets WHERE trashed > 0 AND trashed < ? LIMIT ?`, record.Nanos(before), stepSize)
			if err != nil {
				return err
			}
			for _, a := range assets {
				if err := c.removeAsset(ctx, tx, a); err != nil {
					return err
				}
			}
			removed = len(assets)
			return nil
		})
		if err != nil {
			return fmt.Errorf("empty trash: %w", err)
		}
	}
	return nil
}

// LabelAsset stores the name, tags, labels and description that change gives to
// an asset of app, with an audit entry, and with an event if tags or labels
// differ; nothing if nothing does. It returns the asset. The error wraps
// fault.NotFound if app has no such asset; that of change is returned as it is.
// Change may be called more than once, and what the asset shares with others it
// must not change.
func (c *Catalog) LabelAsset(ctx context.Context, app string, id asset.ID, change func(*asset.Asset) error, entry account.Entry) (asset.Asset, error) {
	var a asset.Asset
	each, err := c.each(ctx, "label", []asset.ID{id}, entry, func(ctx context.Context, tx *record.Statements, id asset.ID) error {
		old, err := ownAsset(ctx, tx, app, id)
		if err != nil {
			return err
		}
		a = old
		if err := change(&a); err != nil {
			return err
		}
		told := !maps.Equal(a.Tags, old.Tags) || !slices.Equal(a.Labels, old.Labels)
		if !told && a.Name == old.Name && a.Alt == old.Alt {
			return errUnchanged
		}
		tags, err := json.Marshal(a.Tags)
		if err != nil {
			return err
		}
		labels, err := json.Marshal(a.Labels)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE assets SET name = ?, tags = ?, labels = ?, alt = ? WHERE id = ?`, a.Name, string(tags), string(labels), a.Alt, id)
		if err != nil {
			return err
		}
		if err := listing.Drop(ctx, tx, c.book.Words(), id); err != nil || !told {
			return err
		}
		fact := asset.FactOf(a)
		fact.Previous = old.Tags
		return c.tellFact(ctx, tx, asset.Changed, app, fact)
	})
	if err == nil {
		err = each[0]
	}
	return a, err
}

// errUnchanged says that there was nothing to do, and so nothing to audit.
var errUnchanged = errors.New("unchanged")

// each does something to assets in one transaction, and writes an audit entry
// for each. An asset that is not there fails by itself, anything else fails all.
func (c *Catalog) each(ctx context.Context, what string, ids []asset.ID, entry account.Entry, do func(context.Context, *record.Statements, asset.ID) error) ([]error, error) {
	errs := make([]error, len(ids))
	err := c.writeEvent(ctx, func(ctx context.Context, tx *record.Statements) error {
		for i, id := range ids {
			err := do(ctx, tx, id)
			errs[i] = nil
			switch {
			case errors.Is(err, errUnchanged):
				continue
			case fault.Of(err) == fault.NotFound:
				errs[i] = fmt.Errorf("%s asset %q: %w", what, id, err)
				continue
			case err != nil:
				return fmt.Errorf("asset %q: %w", id, err)
			}
			entry.Target = string(id)
			if err := ledger.Add(ctx, tx, entry); err != nil {
				return err
			}
		}
		return nil
	})
	for _, id := range ids {
		c.assets.Drop(id)
	}
	if err != nil {
		return nil, fmt.Errorf("%s assets: %w", what, err)
	}
	return errs, nil
}
