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
	"github.com/stowgate/stowgate/internal/policy"
)

// A Database is what a Catalog keeps its records in, opened by a driver and
// having the newest schema. Its SQL knows ON CONFLICT, and orders text by bytes.
// A trigger refuses a new asset whose name is in the table retired, which is a
// conflict.
type Database interface {
	// Reads returns statements that see whatever was committed before they run.
	Reads() *Statements

	// Write runs do as a transaction that sees all earlier ones and is seen by
	// all later ones. When it returns nil, the change is durable; after an error
	// nothing is changed. It may run do more than once, and does not return
	// while do runs. The error wraps fault.Unavailable if the database takes no
	// writes, fault.Busy if another process kept it locked, and is that of ctx if
	// ctx ended before.
	Write(ctx context.Context, do func(ctx context.Context, tx *Statements) error) error

	// Watch sets what to call, within a second, after another process has
	// changed something. It is called concurrently and at times needlessly.
	Watch(changed func())

	// Health returns nil, or why every Write fails until the database is opened
	// again. A full disk is no such reason.
	Health() error

	// Close waits for the writes that have begun; later ones fail with
	// fault.Unavailable. It is safe to call more than once.
	Close() error
}

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
// Besides the errors that a method names, those of [Database] wrap
// fault.Unavailable, fault.Busy and fault.Canceled. After an error nothing is
// changed, except that a commit which failed (fault.Unavailable) may turn out,
// after a crash, to have happened.
type Catalog struct {
	db    Database
	reads *Statements
	box   box
	now   func() time.Time

	apps   *cache[string, policy.App]
	assets *cache[asset.ID, asset.Asset]
	ids    *cache[uuid.UUID, asset.ID] // never wrong: neither name is given again
}

// How many records are kept in memory.
const (
	maxCachedApps   = 1000
	maxCachedAssets = 10_000
)

// New returns the catalog in db. App secrets are sealed with key, which must be
// the same every time: the error wraps fault.Invalid if it is not. The Catalog
// then owns db, and must be closed.
func New(ctx context.Context, db Database, key [32]byte, config Config) (*Catalog, error) {
	c := &Catalog{
		db:     db,
		reads:  db.Reads(),
		box:    newBox(key),
		now:    config.Now,
		apps:   newCache[string, policy.App](maxCachedApps),
		assets: newCache[asset.ID, asset.Asset](maxCachedAssets),
		ids:    newCache[uuid.UUID, asset.ID](maxCachedAssets),
	}
	if c.now == nil {
		c.now = time.Now
	}
	if err := c.checkKey(ctx); err != nil {
		return nil, err
	}
	db.Watch(c.forget)
	return c, nil
}

// forget empties the caches of what can change.
func (c *Catalog) forget() {
	c.apps.clear()
	c.assets.clear()
}

// Close closes the database, after waiting for the writes that have begun. It is
// safe to call more than once.
func (c *Catalog) Close() error { return c.db.Close() }

// Health returns nil, or why every change fails with fault.Unavailable until
// the catalog is opened again. A full disk is no such reason: changes succeed
// again as soon as there is room.
func (c *Catalog) Health() error { return c.db.Health() }

// nanos returns t as it is stored.
func nanos(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

// instant is the inverse of nanos.
func instant(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(0, n).UTC()
}
