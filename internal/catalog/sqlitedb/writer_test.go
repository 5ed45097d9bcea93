package sqlitedb

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/stowgate/stowgate/internal/catalog/record"
	"github.com/stowgate/stowgate/internal/fault"
)

func open(t testing.TB, path string) *DB {
	t.Helper()
	db, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// put is a write of n bytes.
func put(n int) func(context.Context, *record.Statements) error {
	return func(ctx context.Context, tx *record.Statements) error {
		_, err := tx.Exec(ctx, `INSERT INTO events (app, kind, asset, time, body) VALUES ('', '', '', 0, ?)`, strings.Repeat("x", n))
		return err
	}
}

func count(t testing.TB, db *DB) (n int) {
	t.Helper()
	if err := db.Reads().Row(t.Context(), `SELECT count(*) FROM events`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestConnection(t *testing.T) {
	db := open(t, filepath.Join(t.TempDir(), "catalog.db"))
	for pragma, want := range map[string]string{"synchronous": "2", "journal_mode": "wal", "foreign_keys": "1", "wal_autocheckpoint": "0"} {
		var got string
		if err := db.writer.tx.Row(t.Context(), `PRAGMA `+pragma).Scan(&got); err != nil || got != want {
			t.Errorf("%s of the writing connection is %q, %v; want %q", pragma, got, err, want)
		}
	}
	if _, err := db.Reads().Exec(t.Context(), `DELETE FROM events`); err == nil {
		t.Error("a reading connection can write")
	}
}

func TestFullDatabase(t *testing.T) {
	db := open(t, filepath.Join(t.TempDir(), "catalog.db"))
	limit := func(pages int) {
		t.Helper()
		err := db.Write(t.Context(), func(ctx context.Context, tx *record.Statements) error {
			var n int
			return tx.Row(ctx, fmt.Sprintf(`PRAGMA max_page_count = %d`, pages)).Scan(&n)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	limit(1) // as many as it has
	if err := db.Write(t.Context(), put(100_000)); !errors.Is(err, fault.Unavailable) {
		t.Errorf("Write to a full database: %v, want %v", err, fault.Unavailable)
	}
	if err := db.Health(); err != nil {
		t.Errorf("Health of a full database: %v", err)
	}
	limit(1 << 20)
	if err := db.Write(t.Context(), put(100_000)); err != nil {
		t.Errorf("Write when there is room again: %v", err)
	}
	if n := count(t, db); n != 1 {
		t.Errorf("%d rows, want 1", n)
	}
}

// TestLostTransaction undoes the transaction that several writes share, as
// SQLite does by itself on some errors.
func TestLostTransaction(t *testing.T) {
	db := open(t, filepath.Join(t.TempDir(), "catalog.db"))
	errLost := errors.New("lost")
	batch := make([]*pending, 3)
	for i := range batch {
		batch[i] = &pending{ctx: t.Context(), do: put(1), done: make(chan struct{})}
	}
	batch[1].do = func(ctx context.Context, tx *record.Statements) error {
		tx.Exec(ctx, `ROLLBACK`)
		return errLost
	}
	if err := db.writer.commit(batch); !errors.Is(err, errLost) {
		t.Errorf("commit error = %v, want %v", err, errLost)
	}
	if n := count(t, db); n != 0 {
		t.Errorf("%d rows of a lost transaction", n)
	}
	if err := db.Write(t.Context(), put(1)); err != nil {
		t.Errorf("Write after a lost transaction: %v", err)
	}
}

// TestGroupCommit lets writes queue while one runs: they must share commits.
func TestGroupCommit(t *testing.T) {
	for _, n := range []int{1, maxBatch - 1, maxBatch, maxBatch + 1} {
		synctest.Test(t, func(t *testing.T) {
			db := open(t, filepath.Join(t.TempDir(), "catalog.db"))
			hold := make(chan struct{})
			go db.Write(t.Context(), func(context.Context, *record.Statements) error {
				<-hold
				return nil
			})
			synctest.Wait() // for the writer to be busy
			first := 0      // how many writes run before any of them is committed
			for range n {
				go db.Write(t.Context(), func(ctx context.Context, tx *record.Statements) error {
					if count(t, db) == 0 {
						first++
					}
					return put(1)(ctx, tx)
				})
			}
			synctest.Wait() // for all to be waiting
			close(hold)
			synctest.Wait()
			if got := count(t, db); got != n {
				t.Errorf("%d rows after %d writes", got, n)
			}
			if want := min(n, maxBatch); first != want {
				t.Errorf("of %d waiting writes %d shared the first transaction, want %d", n, first, want)
			}
		})
	}
}

func TestLockOfAnotherProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "catalog.db")
	patient, impatient, other := open(t, path), open(t, path), open(t, path)
	impatient.writer.lockWait = time.Millisecond
	locked, hold := make(chan struct{}), make(chan struct{})
	held := make(chan error)
	go func() {
		held <- other.Write(t.Context(), func(context.Context, *record.Statements) error {
			close(locked)
			<-hold
			return nil
		})
	}()
	<-locked
	if err := impatient.Write(t.Context(), put(1)); !errors.Is(err, fault.Busy) {
		t.Errorf("Write while locked for too long: %v, want %v", err, fault.Busy)
	}
	if err := impatient.Health(); err != nil {
		t.Errorf("Health while locked: %v", err)
	}
	time.AfterFunc(2*busyTimeout*time.Millisecond, func() { close(hold) })
	if err := patient.Write(t.Context(), put(1)); err != nil {
		t.Errorf("Write while locked for a while: %v", err)
	}
	if err := <-held; err != nil {
		t.Error(err)
	}
	if n := count(t, patient); n != 1 {
		t.Errorf("%d rows, want 1", n)
	}
}

func TestWatch(t *testing.T) {
	path := filepath.Join(t.TempDir(), "catalog.db")
	db, other := open(t, path), open(t, path)
	calls := make(chan struct{}, 100)
	db.Watch(func() { calls <- struct{}{} })
	if err := db.Write(t.Context(), put(1)); err != nil {
		t.Fatal(err)
	}
	time.Sleep(3 * lookEvery)
	if n := len(calls); n > 0 {
		t.Errorf("its own write was reported %d times", n)
	}
	if err := other.Write(t.Context(), put(1)); err != nil {
		t.Fatal(err)
	}
	select {
	case <-calls:
	case <-time.After(10 * time.Second):
		t.Fatal("another's write is not reported")
	}
}

// TestCheckpoint shows that the log is copied into the database now and then,
// and begins anew.
func TestCheckpoint(t *testing.T) {
	path := filepath.Join(t.TempDir(), "catalog.db")
	db := open(t, path)
	size := func(name string) int64 {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	write := func(n int) {
		for range n {
			if err := db.Write(t.Context(), put(1000)); err != nil {
				t.Fatal(err)
			}
		}
	}
	write(checkpointEvery - 1)
	before, log := size(path), size(path+"-wal")
	write(2) // the second begins after the checkpoint that follows the first
	if after := size(path); after < before+1000*checkpointEvery {
		t.Errorf("the database has %d bytes before and %d after a checkpoint of %d writes", before, after, checkpointEvery)
	}
	write(checkpointEvery)
	if after := size(path + "-wal"); after > log+log/2 {
		t.Errorf("the log has %d bytes after one checkpoint and %d after two", log, after)
	}
}

func TestP5Migration(t *testing.T) {
	path := filepath.Join(t.TempDir(), "catalog.db")
	schema := fstest.MapFS{"00001_one.sql": {Data: []byte("-- +goose Up\nCREATE TABLE one (n INTEGER) STRICT;\nINSERT INTO one VALUES (1);")}}
	if err := migrateAndClose(t.Context(), path, schema); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path + ".v1"); err == nil {
		t.Error("a copy was made of a new database")
	}
	old := fstest.MapFS{"00001_one.sql": schema["00001_one.sql"]}

	schema["00002_two.sql"] = &fstest.MapFile{Data: []byte("-- +goose Up\nUPDATE one SET n = 2;\nSELECT no_such_function();")}
	if err := migrateAndClose(t.Context(), path, schema); err == nil {
		t.Fatal("a migration that fails succeeded")
	}
	wantOne(t, path, 1)

	schema["00002_two.sql"] = &fstest.MapFile{Data: []byte("-- +goose Up\nUPDATE one SET n = 2;")}
	var all sync.WaitGroup
	for range 4 { // at once, as when a server and a command start together
		all.Go(func() {
			if err := migrateAndClose(t.Context(), path, schema); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	wantOne(t, path, 2)
	wantOne(t, path+".v1", 1)
	if info, err := os.Stat(path + ".v1"); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the copy: %v, %v; want mode 0600", info.Mode(), err)
	}

	err := migrateAndClose(t.Context(), path, old)
	if !errors.Is(err, fault.Unsupported) || !strings.Contains(err.Error(), path+".v1") {
		t.Errorf("migrate of a newer database: %v, want %v that names the copy", err, fault.Unsupported)
	}
	wantOne(t, path, 2)
	if left, _ := filepath.Glob(path + "*.part"); len(left) > 0 {
		t.Errorf("left over: %v", left)
	}
}

func wantOne(t *testing.T, path string, want int) {
	t.Helper()
	pool, err := openPool(path, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	var n int
	if err := pool.QueryRow(`SELECT n FROM one`).Scan(&n); err != nil || n != want {
		t.Errorf("%s holds %d, %v; want %d", filepath.Base(path), n, err, want)
	}
}

func migrateAndClose(ctx context.Context, path string, schema fs.FS) error {
	pool, err := migrate(ctx, path, schema)
	if err != nil {
		return err
	}
	return pool.Close()
}
