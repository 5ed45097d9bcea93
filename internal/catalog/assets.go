package catalog

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/blob"
	"github.com/stowgate/stowgate/internal/catalog/listing"
	"github.com/stowgate/stowgate/internal/catalog/record"
	"github.com/stowgate/stowgate/internal/catalog/rows"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/policy"
)

// maxCachedSums bounds the checksums of an asset that is kept in memory: of
// files over 4 GiB they take too much of it.
const maxCachedSums = 4096

const (
	assetColumns = rows.Columns + `, content, size`
	assetMarks   = rows.Marks + `, ?, ?`
)

// AddAsset makes a visible: it records a and the keys of its blobs, writes an
// event, counts a use of the grant, and says in the audit log who used it, if
// that is known.
//
// The error wraps fault.Conflict if one of its names, or of its blobs, is or was
// another's, fault.NotFound if there is no such app, fault.Denied if the grant
// is used up or the app may not store more, and fault.Invalid if the version is
// not 1.
func (c *Catalog) AddAsset(ctx context.Context, a asset.Asset, use policy.Use) error {
	err := c.writeEvent(ctx, func(ctx context.Context, tx *record.Statements) error {
		if err := c.spend(ctx, tx, a.App, use); err != nil {
			return err
		}
		if err := c.addAsset(ctx, tx, a, nil); err != nil {
			return err
		}
		return c.audit(ctx, tx, "file.upload", a, use)
	})
	if err != nil {
		return fmt.Errorf("add asset %s: %w", a.ID, err)
	}
	return nil
}

// addAsset records a. The blobs called known are on record already.
func (c *Catalog) addAsset(ctx context.Context, tx *record.Statements, a asset.Asset, known map[blob.Key]bool) error {
	if a.Version != 1 {
		return fmt.Errorf("new asset of version %d: %w", a.Version, fault.Invalid)
	}
	values, err := assetValues(a)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `INSERT INTO assets (`+assetColumns+`) VALUES (`+assetMarks+`)`, values...); err != nil {
		return err
	}
	if err := c.checkQuota(ctx, tx, a); err != nil {
		return err
	}
	if err := register(ctx, tx, a.Content, known); err != nil {
		return err
	}
	return c.tell(ctx, tx, asset.Uploaded, a)
}

// Asset returns the asset called id. The error wraps fault.NotFound if there is
// none.
func (c *Catalog) Asset(ctx context.Context, id asset.ID) (asset.Asset, error) {
	a, ok, mark := c.assets.Get(id)
	if ok {
		return a, nil
	}
	a, err := readAsset(ctx, c.reads, id)
	if err != nil {
		return asset.Asset{}, fmt.Errorf("asset %q: %w", id, err)
	}
	if cacheable(a) {
		c.assets.Put(id, a, mark)
	}
	return a, nil
}

func cacheable(a asset.Asset) bool {
	sums := 0
	for _, s := range a.Content.Segments {
		sums += len(s.Sums)
	}
	return sums <= maxCachedSums
}

// AssetByUUID returns the asset with that second name. The error wraps
// fault.NotFound if there is none.
func (c *Catalog) AssetByUUID(ctx context.Context, name uuid.UUID) (asset.Asset, error) {
	id, err := c.idOf(ctx, name)
	if err != nil {
		return asset.Asset{}, fmt.Errorf("asset %s: %w", name, err)
	}
	return c.Asset(ctx, id)
}

// ReplaceContent stores all of a, except UUID, App, Created, Stored and what
// LabelAsset changes, in place of the version before, whose blobs it dooms; it
// writes an event, counts a use of the grant, and says in the audit log who used
// it, if that is known.
//
// The error wraps fault.Conflict if a.Version is not the stored one plus 1 or a
// new blob is on record already, fault.NotFound if a.App has no such asset, and
// fault.Denied if the grant is used up or the app may not store as much more.
func (c *Catalog) ReplaceContent(ctx context.Context, a asset.Asset, use policy.Use) error {
	err := c.writeEvent(ctx, func(ctx context.Context, tx *record.Statements) error {
		if err := c.spend(ctx, tx, a.App, use); err != nil {
			return err
		}
		old, err := ownAsset(ctx, tx, a.App, a.ID)
		if err != nil {
			return err
		}
		if a.Version != old.Version+1 {
			return fmt.Errorf("version %d after %d: %w", a.Version, old.Version, fault.Conflict)
		}
		next := a
		next.UUID, next.Created, next.Stored = old.UUID, old.Created, old.Stored
		next.Name, next.Tags, next.Labels, next.Alt = old.Name, old.Tags, old.Labels, old.Alt
		values, err := assetValues(next)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE assets SET (`+assetColumns+`) = (`+assetMarks+`) WHERE id = ? AND app = ?`, append(values, a.ID, a.App)...)
		if err != nil {
			return err
		}
		if err := listing.Drop(ctx, tx, c.book.Words(), a.ID); err != nil {
			return err
		}
		if a.Content.Size() > old.Content.Size() {
			if err := c.checkQuota(ctx, tx, a); err != nil {
				return err
			}
		}
		before := keySet(old.Content)
		if err := register(ctx, tx, a.Content, before); err != nil {
			return err
		}
		for key := range keySet(a.Content) {
			delete(before, key)
		}
		if err := c.doom(ctx, tx, before); err != nil {
			return err
		}
		if err := c.tell(ctx, tx, asset.Overwritten, next); err != nil {
			return err
		}
		return c.audit(ctx, tx, "file.overwrite", next, use)
	})
	c.assets.Drop(a.ID)
	if err != nil {
		return fmt.Errorf("replace content of asset %s: %w", a.ID, err)
	}
	return nil
}

// RemoveAsset removes the asset called id of app and dooms its blobs, writes an
// event and counts a use of the grant. Neither name of the asset is given again.
// The error wraps fault.NotFound if that app has no such asset, and fault.Denied
// if the grant is used up.
func (c *Catalog) RemoveAsset(ctx context.Context, app string, id asset.ID, use policy.Use) error {
	return c.remove(ctx, id, func(ctx context.Context, tx *record.Statements) (asset.Asset, error) {
		if err := c.spend(ctx, tx, app, use); err != nil {
			return asset.Asset{}, err
		}
		return ownAsset(ctx, tx, app, id)
	})
}

// remove removes the asset called id as find returns it in the transaction.
func (c *Catalog) remove(ctx context.Context, id asset.ID, find func(context.Context, *record.Statements) (asset.Asset, error)) error {
	err := c.writeEvent(ctx, func(ctx context.Context, tx *record.Statements) error {
		a, err := find(ctx, tx)
		if err != nil {
			return err
		}
		if err := c.removeAsset(ctx, tx, a); err != nil {
			return err
		}
		return c.tell(ctx, tx, asset.Deleted, a)
	})
	c.assets.Drop(id)
	if err != nil {
		return fmt.Errorf("remove asset %s: %w", id, err)
	}
	return nil
}

func (c *Catalog) removeAsset(ctx context.Context, tx *record.Statements, a asset.Asset) error {
	if err := listing.Drop(ctx, tx, c.book.Words(), a.ID); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `DELETE FROM assets WHERE id = ?`, a.ID); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `INSERT INTO retired (name) VALUES (?), (?)`, a.ID, a.UUID); err != nil {
		return err
	}
	return c.doom(ctx, tx, keySet(a.Content))
}

// EachAsset calls do with every asset whose ID is after the one given, also from
// the trash, in the order of their IDs, until do returns an error, which it returns. What is added
// or removed meanwhile may be missing.
func (c *Catalog) EachAsset(ctx context.Context, after asset.ID, do func(asset.Asset) error) error {
	for {
		step, err := record.Rows(ctx, c.reads, scanAsset, `SELECT `+assetColumns+` FROM assets WHERE id > ? ORDER BY id LIMIT ?`, after, stepSize)
		if err != nil {
			return fmt.Errorf("list assets after %q: %w", after, err)
		}
		for _, a := range step {
			if err := do(a); err != nil {
				return err
			}
			after = a.ID
		}
		if len(step) < stepSize {
			return nil
		}
	}
}

func readAsset(ctx context.Context, s *record.Statements, id asset.ID) (asset.Asset, error) {
	return scanAsset(s.Row(ctx, `SELECT `+assetColumns+` FROM assets WHERE id = ? AND trashed = 0`, id))
}

func ownAsset(ctx context.Context, s *record.Statements, app string, id asset.ID) (asset.Asset, error) {
	return scanAsset(s.Row(ctx, `SELECT `+assetColumns+` FROM assets WHERE id = ? AND app = ? AND trashed = 0`, id, app))
}

// assetValues returns the values of assetColumns.
func assetValues(a asset.Asset) ([]any, error) {
	content, err := a.Content.MarshalBinary()
	if err != nil {
		return nil, err
	}
	return rows.Values(a, content, a.Content.Size())
}

func scanAsset(row record.Row) (asset.Asset, error) {
	var content []byte
	var size int64
	a, err := rows.Scan(row, &content, &size)
	if err != nil {
		return asset.Asset{}, err
	}
	if err := a.Content.UnmarshalBinary(content); err != nil {
		return asset.Asset{}, fmt.Errorf("read content of asset %s: %w", a.ID, err)
	}
	return a, nil
}
