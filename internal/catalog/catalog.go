// Package catalog keeps the records: apps, assets, uploads in parts, uses of
// grants, the keys of blobs, and the outbox of events. A method that changes
// something is one transaction, durable when it returns nil. The bytes are left
// to package blob, every decision to the callers, and what differs between
// databases to drivers such as sqlitedb.
package catalog

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/catalog/recent"
	"github.com/stowgate/stowgate/internal/catalog/record"
	"github.com/stowgate/stowgate/internal/policy"
)

// Config adjusts a Catalog. The zero Config is ready to use.
type Config struct {
	Now func() time.Time // nil means time.Now
}

// A Catalog is a database of records. Its methods may be called concurrently,
// and by several processes on one database: what another process changes is
// seen within a second, what this one changes at once.
//
// Values that its methods return share memory with each other: what they refer
// to (maps, slices) must not be changed.
//
// Besides the errors that a method names, those of [record.Database] wrap
// fault.Unavailable, fault.Busy and fault.Canceled. After an error nothing is
// changed, except that a commit which failed (fault.Unavailable) may turn out,
// after a crash, to have happened.
type Catalog struct {
	book  *record.Book
	reads *record.Statements
	told  func() // after an event was recorded; nil for nobody

	apps   *recent.Cache[string, policy.App]
	assets *recent.Cache[asset.ID, asset.Asset]
	ids    *recent.Cache[uuid.UUID, asset.ID] // never wrong: neither name is given again
}

// How many records are kept in memory.
const (
	maxCachedApps   = 1000
	maxCachedAssets = 10_000
)

// New returns the catalog in db. App secrets are sealed with key, which must be
// the same every time: the error wraps fault.Invalid if it is not. The Catalog
// then owns db, and must be closed.
func New(ctx context.Context, db record.Database, key [32]byte, config Config) (*Catalog, error) {
	now := config.Now
	if now == nil {
		now = time.Now
	}
	book, err := record.Open(ctx, db, key, now)
	if err != nil {
		return nil, err
	}
	c := &Catalog{
		book:   book,
		reads:  book.Reads(),
		apps:   recent.New[string, policy.App](maxCachedApps),
		assets: recent.New[asset.ID, asset.Asset](maxCachedAssets),
		ids:    recent.New[uuid.UUID, asset.ID](maxCachedAssets),
	}
	book.Watch(c.forget)
	return c, nil
}

// Book returns what the records are kept in, for the packages that keep others
// beside them. It is closed with the Catalog.
func (c *Catalog) Book() *record.Book { return c.book }

// forget empties the caches of what can change.
func (c *Catalog) forget() {
	c.apps.Clear()
	c.assets.Clear()
}

// Close closes the database, after waiting for the writes that have begun. It is
// safe to call more than once.
func (c *Catalog) Close() error { return c.book.Close() }

// Health returns nil, or why every change fails with fault.Unavailable until
// the catalog is opened again. A full disk is no such reason: changes succeed
// again as soon as there is room.
func (c *Catalog) Health() error { return c.book.Health() }
