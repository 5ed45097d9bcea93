package sqlitedb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stowgate/stowgate/internal/catalog/record"
	"github.com/stowgate/stowgate/internal/fault"
)

const (
	// maxBatch is how many writes share one transaction at most.
	maxBatch = 256

	// lockWait is how long writes wait for another process's transaction.
	lockWait = 10 * time.Second

	// lookEvery is how often the changes of other processes are looked for.
	lookEvery = 250 * time.Millisecond

	// checkpointEvery is after how many writes the log is copied into the
	// database.
	checkpointEvery = 1000
)

// A change is what a write does to the database. It reports every error that it
// meets, and may be run again after its transaction was undone.
type change func(ctx context.Context, tx *record.Statements) error

// A writer makes all changes, in one goroutine and on one connection. The
// changes that are waiting when it has committed share the next commit: under
// load many writes cost one sync of the disk.
type writer struct {
	conn     *sql.Conn
	tx       *record.Statements
	queue    chan *pending // unbuffered: what was taken is answered
	stop     chan struct{}
	stopOnce sync.Once
	stopped  chan struct{}
	changed  atomic.Pointer[func()] // called after another process has changed something
	failure  atomic.Pointer[error]  // why no write is accepted any more

	lockWait   time.Duration
	version    int64 // of the data as other connections left it
	unfinished int   // writes since the last checkpoint
}

// A pending write waits for its turn, and then for the commit.
type pending struct {
	ctx  context.Context
	do   change
	err  error
	done chan struct{}
}

// startWriter starts a writer on conn. The caller must close it.
func startWriter(ctx context.Context, conn *sql.Conn) (*writer, error) {
	w := &writer{
		conn:    conn,
		tx:      record.NewStatements(conn, kindOf),
		queue:   make(chan *pending),
		stop:    make(chan struct{}),
		stopped: make(chan struct{}),

		lockWait: lockWait,
	}
	if err := w.tx.Row(ctx, `PRAGMA data_version`).Scan(&w.version); err != nil {
		return nil, fmt.Errorf("read data version: %w", err)
	}
	go w.run()
	return w, nil
}

// close lets the writes that were taken finish.
func (w *writer) close() {
	w.stopOnce.Do(func() {
		close(w.stop)
		<-w.stopped
		w.tx.Close()
		w.conn.Close() // back to its pool, which closes it
	})
}

// write makes a change and returns when it is durable. Once it was taken, the
// end of ctx is waited out, because the change may be using what the caller has.
func (w *writer) write(ctx context.Context, do change) error {
	p := &pending{ctx: ctx, do: do, done: make(chan struct{})}
	select {
	case w.queue <- p:
		<-p.done
		return p.err
	case <-ctx.Done():
		return ctx.Err()
	case <-w.stopped:
		return fmt.Errorf("catalog is closed: %w", fault.Unavailable)
	}
}

func (w *writer) run() {
	defer close(w.stopped)
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	batch := make([]*pending, 0, maxBatch)
	for {
		select {
		case <-w.stop:
			return
		case <-look.C:
			w.look()
			continue
		case p := <-w.queue:
			batch = append(batch[:0], p)
		}
		runtime.Gosched() // those who were just answered may have more: a third fewer syncs
		for waiting := true; waiting && len(batch) < maxBatch; {
			select {
			case p := <-w.queue:
				batch = append(batch, p)
			default:
				waiting = false
			}
		}
		err := w.commit(batch)
		for _, p := range batch {
			if p.err == nil {
				p.err = err
			}
			close(p.done)
		}
		w.checkpoint(len(batch))
	}
}

// commit runs the batch in one transaction. A write that fails by itself has
// its error set and changes nothing; after an error of commit none does.
func (w *writer) commit(batch []*pending) error {
	if cause := w.failure.Load(); cause != nil {
		return *cause
	}
	ctx := context.Background() // a query that is cut off could end the transaction of all
	if err := w.begin(ctx); err != nil {
		return w.note(fmt.Errorf("begin: %w", err))
	}
	for _, p := range batch {
		if p.err = p.ctx.Err(); p.err != nil {
			continue
		}
		if err := w.attempt(ctx, p); err != nil {
			w.conn.ExecContext(ctx, `ROLLBACK`)
			return err
		}
	}
	if _, err := w.tx.Exec(ctx, `COMMIT`); err != nil {
		w.conn.ExecContext(ctx, `ROLLBACK`)
		return w.note(fmt.Errorf("commit: %w", err))
	}
	return nil
}

// begin takes the lock for writing, which another process may hold.
func (w *writer) begin(ctx context.Context) error {
	for deadline := time.Now().Add(w.lockWait); ; {
		_, err := w.tx.Exec(ctx, `BEGIN IMMEDIATE`)
		if !errors.Is(err, fault.Busy) || time.Now().After(deadline) {
			return err
		}
		w.look()
	}
}

// attempt runs one change so that it has either succeeded or had no effect. It
// returns an error if the whole transaction is lost.
func (w *writer) attempt(ctx context.Context, p *pending) error {
	if _, err := w.tx.Exec(ctx, `SAVEPOINT change`); err != nil {
		return w.note(err)
	}
	if p.err = w.note(p.do(ctx, w.tx)); p.err != nil {
		// This fails when the database has undone everything already.
		if _, err := w.tx.Exec(ctx, `ROLLBACK TO change`); err != nil {
			return w.note(fmt.Errorf("shared transaction: %w", errors.Join(err, p.err)))
		}
	}
	_, err := w.tx.Exec(ctx, `RELEASE change`)
	return w.note(err)
}

// note makes err final if it leaves open what the disk holds: trying again
// could report success for bytes that the first attempt has lost.
func (w *writer) note(err error) error {
	if isFinal(err) {
		cause := fmt.Errorf("catalog takes no writes until it is opened again, after: %w", err)
		w.failure.CompareAndSwap(nil, &cause)
	}
	return err
}

func (w *writer) health() error {
	if cause := w.failure.Load(); cause != nil {
		return *cause
	}
	return nil
}

// look finds out whether another connection has committed. It must be on the
// writing connection, whose own commits do not count.
func (w *writer) look() {
	var v int64
	if err := w.tx.Row(context.Background(), `PRAGMA data_version`).Scan(&v); err != nil || v != w.version {
		w.version = v
		if changed := w.changed.Load(); changed != nil {
			(*changed)()
		}
	}
}

// checkpoint copies the log into the database now and then. SQLite would do so
// in COMMIT, but hide a failed sync.
func (w *writer) checkpoint(writes int) {
	if w.unfinished += writes; w.unfinished < checkpointEvery {
		return
	}
	w.unfinished = 0
	var busy, log, done int
	w.note(w.tx.Row(context.Background(), `PRAGMA wal_checkpoint(PASSIVE)`).Scan(&busy, &log, &done))
}
