// Package record is what the packages that keep records in the catalog's
// database have in common: the database as they see it, statements, times and
// sealed values. What the records are is theirs to know.
package record

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/stowgate/stowgate/internal/fault"
)

// A Database is what records are kept in, opened by a driver and having the
// newest schema. Its SQL knows ON CONFLICT, and orders text by bytes. A trigger
// refuses a new asset whose name is in the table retired, which is a conflict.
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

	// Words returns the SQL of the index of files by words.
	Words() Words

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

// A Book is a database, the box that its secrets are sealed in, and a clock. The
// packages that keep records share one.
type Book struct {
	Database
	Box Box
	Now func() time.Time

	mu      sync.Mutex
	changed []func()
}

// Open returns the book in db, whose secrets are sealed with key. That must be
// the same every time: the error wraps fault.Invalid if it is not.
func Open(ctx context.Context, db Database, key [32]byte, now func() time.Time) (*Book, error) {
	b := &Book{Database: db, Box: NewBox(key), Now: now}
	if err := b.checkKey(ctx); err != nil {
		return nil, err
	}
	db.Watch(b.tell)
	return b, nil
}

// Watch adds something to call, within a second, after another process has
// changed something. It is called concurrently and at times needlessly.
func (b *Book) Watch(changed func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.changed = append(b.changed, changed)
}

func (b *Book) tell() {
	b.mu.Lock()
	changed := b.changed
	b.mu.Unlock()
	for _, f := range changed {
		f()
	}
}

// keyCheck names a sealed value that only the right key opens.
const keyCheck = "key check"

// checkKey fails if the database was made with another key.
func (b *Book) checkKey(ctx context.Context) error {
	err := b.Write(ctx, func(ctx context.Context, tx *Statements) error {
		_, err := tx.Exec(ctx, `INSERT INTO seals (name, value) VALUES (?, ?) ON CONFLICT (name) DO NOTHING`,
			keyCheck, b.Box.Seal(keyCheck, nil))
		return err
	})
	if err != nil {
		return fmt.Errorf("record secret key: %w", err)
	}
	sealed, err := Value[[]byte](b.Reads().Row(ctx, `SELECT value FROM seals WHERE name = ?`, keyCheck))
	if err != nil {
		return fmt.Errorf("read secret key's seal: %w", err)
	}
	if _, err := b.Box.Open(keyCheck, sealed); err != nil {
		return fmt.Errorf("the secret key is not the one this catalog was made with; give that one: %w", fault.Invalid)
	}
	return nil
}

// Nanos returns t as it is stored: nanoseconds since 1970, 0 meaning none.
func Nanos(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

// Instant is the inverse of Nanos.
func Instant(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(0, n).UTC()
}
