// Package sqlitedb keeps a catalog in one SQLite file. Several processes of one
// machine may use the file at the same time.
package sqlitedb

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	"github.com/pressly/goose/v3"
	driver "modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"github.com/stowgate/stowgate/internal/catalog/record"
	"github.com/stowgate/stowgate/internal/fault"
)

//go:embed migrations/*.sql
var migrations embed.FS

// readers is how many connections read at the same time.
const readers = 4

// busyTimeout is how long, in milliseconds, SQLite itself waits for a lock
// before the writer looks for changes and tries again.
const busyTimeout = 250

// A DB is an open SQLite database. It implements record.Database.
type DB struct {
	writer *writer
	reads  *record.Statements
	pools  []*sql.DB
}

// Open opens the database at path, in a folder that exists, and creates or
// migrates it if need be; before a migration it keeps a copy beside it. The
// caller must close the DB. The error wraps fault.Unsupported if the database
// was made by a newer version of this program.
func Open(ctx context.Context, path string) (*DB, error) {
	db := new(DB)
	if err := db.open(ctx, path); err != nil {
		db.closePools()
		return nil, fmt.Errorf("open catalog %s: %w", path, err)
	}
	return db, nil
}

func (db *DB) open(ctx context.Context, path string) error {
	path, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	schema, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	// The connection of the migration is closed last: if it were the only one,
	// SQLite would write the log back then, and tell nobody of a failed sync.
	first, err := migrate(ctx, path, schema)
	if err != nil {
		return err
	}
	defer first.Close()
	reads, err := openPool(path, readers, "busy_timeout(5000)", "query_only(1)", "temp_store(MEMORY)")
	if err != nil {
		return err
	}
	db.pools = append(db.pools, reads)
	db.reads = record.NewStatements(reads, kindOf)

	// The log is checkpointed by the writer.
	writes, err := openPool(path, 1, fmt.Sprintf("busy_timeout(%d)", busyTimeout), "journal_mode(WAL)", "synchronous(FULL)",
		"foreign_keys(1)", "wal_autocheckpoint(0)", "journal_size_limit(67108864)", "temp_store(MEMORY)")
	if err != nil {
		return err
	}
	db.pools = append(db.pools, writes)
	conn, err := writes.Conn(ctx)
	if err != nil {
		return err
	}
	// SQLite makes the log with the first transaction, and tells nobody either if
	// its folder cannot be synced.
	if _, err := conn.ExecContext(ctx, `BEGIN IMMEDIATE; ROLLBACK`); err != nil {
		return errors.Join(err, conn.Close())
	}
	if err := syncFolder(filepath.Dir(path)); err != nil {
		return errors.Join(err, conn.Close())
	}
	db.writer, err = startWriter(ctx, conn)
	return err
}

func syncFolder(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}

// openPool returns a pool of up to n connections, each with the pragmas set.
func openPool(path string, n int, pragmas ...string) (*sql.DB, error) {
	dsn := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: url.Values{"_pragma": pragmas}.Encode()}
	pool, err := sql.Open("sqlite", dsn.String())
	if err != nil {
		return nil, err
	}
	pool.SetMaxOpenConns(n)
	pool.SetMaxIdleConns(n)
	return pool, nil
}

// Reads returns statements that see whatever was committed before they run.
func (db *DB) Reads() *record.Statements { return db.reads }

// Write runs do as a transaction; see [record.Database].
func (db *DB) Write(ctx context.Context, do func(ctx context.Context, tx *record.Statements) error) error {
	return db.writer.write(ctx, do)
}

// Words returns the SQL of an index by FTS5; see [record.Words].
func (db *DB) Words() record.Words {
	return record.Words{
		Put:    `INSERT INTO file_words (rowid, words) VALUES (?, ?)`,
		Remove: `DELETE FROM file_words WHERE rowid = ?`,
		Find:   `SELECT rowid AS place FROM file_words WHERE file_words MATCH ?`,
	}
}

// Watch sets what to call after another process has changed something.
func (db *DB) Watch(changed func()) { db.writer.changed.Store(&changed) }

// Health returns nil, or why every Write fails until the database is opened
// again: what the disk holds is uncertain.
func (db *DB) Health() error { return db.writer.health() }

// Close waits for the writes that have begun, and closes the database. It is
// safe to call more than once.
func (db *DB) Close() error {
	db.writer.close()
	db.reads.Close()
	return db.closePools()
}

func (db *DB) closePools() error {
	var errs []error
	for _, pool := range db.pools { // the last connection finishes the log
		errs = append(errs, pool.Close())
	}
	return errors.Join(errs...)
}

// migrate brings the database at path to the newest schema, and keeps a copy of
// what was there beside it. Several processes may do so at the same time. It
// returns the pool that it used, which the caller must close.
func migrate(ctx context.Context, path string, schema fs.FS) (_ *sql.DB, err error) {
	if err := errors.Join(createPrivate(path), createPrivate(path+".lock")); err != nil {
		return nil, err
	}
	lock, err := openPool(path+".lock", 1, "busy_timeout(30000)")
	if err != nil {
		return nil, err
	}
	defer lock.Close()
	if _, err := lock.ExecContext(ctx, `BEGIN EXCLUSIVE`); err != nil {
		return nil, fmt.Errorf("wait for another migration: %w", err)
	}
	pool, err := openPool(path, 1, "busy_timeout(30000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)")
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			pool.Close()
		}
	}()
	provider, err := goose.NewProvider(goose.DialectSQLite3, pool, schema, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	current, newest, err := provider.GetVersions(ctx)
	switch {
	case err != nil:
		return nil, fmt.Errorf("read schema version: %w", err)
	case current == newest:
		return pool, nil
	case current > newest:
		return nil, fmt.Errorf("it has schema %d and this program knows none after %d: run the newer program, "+
			"or restore the copy %s.v%d that was made before the upgrade: %w", current, newest, path, newest, fault.Unsupported)
	case current > 0:
		if err := backUp(ctx, pool, fmt.Sprintf("%s.v%d", path, current)); err != nil {
			return nil, fmt.Errorf("copy before migration: %w", err)
		}
	}
	if _, err := provider.Up(ctx); err != nil {
		return nil, fmt.Errorf("migrate: %w", err)
	}
	return pool, nil
}

// createPrivate creates an empty file if there is none: SQLite would let others
// read it. An existing one must not even be opened, because closing it would
// release the locks that this process has on it.
func createPrivate(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return f.Close()
}

// backUp writes a copy of the database to path. What is there is replaced when
// the copy is complete.
func backUp(ctx context.Context, pool *sql.DB, path string) error {
	part := path + ".part"
	if err := os.WriteFile(part, nil, 0o600); err != nil {
		return err
	}
	defer os.Remove(part)
	if _, err := pool.ExecContext(ctx, `VACUUM INTO ?`, part); err != nil {
		return err
	}
	return os.Rename(part, path)
}

// kindOf returns the kind of an error of the driver, Internal for any other.
func kindOf(err error) fault.Kind {
	var e *driver.Error
	if !errors.As(err, &e) {
		return fault.Internal
	}
	switch e.Code() {
	case lib.SQLITE_CONSTRAINT_PRIMARYKEY, lib.SQLITE_CONSTRAINT_UNIQUE, lib.SQLITE_CONSTRAINT_TRIGGER:
		return fault.Conflict
	case lib.SQLITE_CONSTRAINT_FOREIGNKEY:
		return fault.NotFound
	}
	switch e.Code() & 0xff {
	case lib.SQLITE_BUSY, lib.SQLITE_LOCKED:
		return fault.Busy
	case lib.SQLITE_INTERRUPT:
		return fault.Canceled
	case lib.SQLITE_FULL, lib.SQLITE_IOERR, lib.SQLITE_READONLY, lib.SQLITE_CANTOPEN, lib.SQLITE_NOMEM,
		lib.SQLITE_CORRUPT, lib.SQLITE_NOTADB:
		return fault.Unavailable
	}
	return fault.Internal
}

// isFinal reports whether err leaves open what the database holds, so that an
// operator must look.
func isFinal(err error) bool {
	var e *driver.Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.Code() {
	case lib.SQLITE_IOERR_SHMSIZE, lib.SQLITE_IOERR_NOMEM: // nothing was written: no room for the log's index
		return false
	}
	switch e.Code() & 0xff {
	case lib.SQLITE_IOERR, lib.SQLITE_CORRUPT, lib.SQLITE_NOTADB:
		return true
	}
	return false
}
