package catalog

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stowgate/stowgate/internal/blob"
	"github.com/stowgate/stowgate/internal/catalog/record"
)

// A blob is committed before the catalog learns its key, so that for a while a
// running upload needs bytes that no row knows. Whether an unknown blob may go
// is the caller's decision, by its age: see Unknown.

// Doomed returns the keys of up to limit blobs that nothing has needed since
// before the given time, those doomed first coming first. The caller removes
// their bytes and then calls Forget. It leaves time for whoever is still reading
// them.
func (c *Catalog) Doomed(ctx context.Context, before time.Time, limit int) ([]blob.Key, error) {
	keys, err := record.Rows(ctx, c.reads, record.Value[blob.Key],
		`SELECT key FROM blobs WHERE doomed < ? ORDER BY doomed, key LIMIT ?`, record.Nanos(before), limit)
	if err != nil {
		return nil, fmt.Errorf("list doomed blobs: %w", err)
	}
	return keys, nil
}

// Forget drops the records of doomed blobs whose bytes are gone. Keys that are
// not doomed are left as they are.
func (c *Catalog) Forget(ctx context.Context, keys []blob.Key) error {
	for step := range slices.Chunk(keys, stepSize) {
		err := c.book.Write(ctx, func(ctx context.Context, tx *record.Statements) error {
			for _, key := range step {
				if _, err := tx.Exec(ctx, `DELETE FROM blobs WHERE key = ? AND doomed IS NOT NULL`, key); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("forget blobs: %w", err)
		}
	}
	return nil
}

// Unknown returns those keys that no record knows, in the order given. The
// blobs may be what a running upload has just written: only those are orphans
// that are older than an upload can last.
func (c *Catalog) Unknown(ctx context.Context, keys []blob.Key) ([]blob.Key, error) {
	known := make(map[blob.Key]bool)
	for step := range slices.Chunk(keys, stepSize) {
		args := make([]any, stepSize) // always as many, so that there is one statement
		for i := range args {
			args[i] = step[min(i, len(step)-1)]
		}
		found, err := record.Rows(ctx, c.reads, record.Value[blob.Key],
			`SELECT key FROM blobs WHERE key IN (?`+strings.Repeat(", ?", stepSize-1)+`)`, args...)
		if err != nil {
			return nil, fmt.Errorf("look up blobs: %w", err)
		}
		for _, key := range found {
			known[key] = true
		}
	}
	var unknown []blob.Key
	for _, key := range keys {
		if !known[key] {
			unknown = append(unknown, key)
		}
	}
	return unknown, nil
}

// EachKey calls do with the key of every blob that is needed, in the order of
// the keys, until do returns an error, which it returns. What is added or doomed
// meanwhile may be missing.
func (c *Catalog) EachKey(ctx context.Context, do func(blob.Key) error) error {
	var after blob.Key
	for {
		step, err := record.Rows(ctx, c.reads, record.Value[blob.Key],
			`SELECT key FROM blobs WHERE key > ? AND doomed IS NULL ORDER BY key LIMIT ?`, after, stepSize)
		if err != nil {
			return fmt.Errorf("list blobs after %q: %w", after, err)
		}
		for _, key := range step {
			if err := do(key); err != nil {
				return err
			}
			after = key
		}
		if len(step) < stepSize {
			return nil
		}
	}
}

// register records the blobs of content, except those called known. A blob
// belongs to one record only.
func register(ctx context.Context, tx *record.Statements, content blob.Content, known map[blob.Key]bool) error {
	for _, s := range content.Segments {
		if known[s.Key] {
			continue
		}
		if _, err := tx.Exec(ctx, `INSERT INTO blobs (key) VALUES (?)`, s.Key); err != nil {
			return fmt.Errorf("record blob %s: %w", s.Key, err)
		}
	}
	return nil
}

// doom marks blobs as needed no more.
func (c *Catalog) doom(ctx context.Context, tx *record.Statements, keys map[blob.Key]bool) error {
	now := record.Nanos(c.book.Now())
	for key := range keys {
		if _, err := tx.Exec(ctx, `UPDATE blobs SET doomed = ? WHERE key = ?`, now, key); err != nil {
			return fmt.Errorf("doom blob %s: %w", key, err)
		}
	}
	return nil
}

func keySet(content blob.Content) map[blob.Key]bool {
	keys := make(map[blob.Key]bool, len(content.Segments))
	for _, s := range content.Segments {
		keys[s.Key] = true
	}
	return keys
}
