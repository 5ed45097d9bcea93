// Package storage tells which storages of a blob store made of several the
// records know.
package storage

import (
	"context"
	"errors"
	"fmt"

	"github.com/stowgate/stowgate/internal/blob"
	"github.com/stowgate/stowgate/internal/catalog/record"
	"github.com/stowgate/stowgate/internal/fault"
)

// Used returns the names, in no set order, of the storages that hold a blob which is
// needed. That of the default is not among them.
func Used(ctx context.Context, book *record.Book) ([]string, error) {
	var names []string
	var from blob.Key // keys with names come first: no letter of a key is before their '+'
	for {
		// What is not needed any more is for the sweep, which can do without.
		key, err := record.Value[blob.Key](book.Reads().Row(ctx,
			`SELECT key FROM blobs WHERE key >= ? AND doomed IS NULL ORDER BY key LIMIT 1`, from))
		if errors.Is(err, fault.NotFound) {
			return names, nil
		}
		if err != nil {
			return nil, fmt.Errorf("list storages: %w", err)
		}
		name, _, ok := key.Split()
		if !ok || name == "" {
			return names, nil
		}
		names = append(names, name)
		from = blob.Join(name, "~") // after all keys in it, which have no such letter
	}
}
