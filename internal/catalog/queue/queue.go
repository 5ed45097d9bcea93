// Package queue keeps jobs, and decides whose turn it is: each queue has a lane,
// and those whose turn has come are found by it, however many jobs they hold. A
// queue that fails again and again is paused, and tried with one job at a time.
package queue

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/stowgate/stowgate/internal/catalog/record"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/job"
)

// Config adjusts a Store. The zero Config is ready to use. It must be the same
// in all processes.
type Config struct {
	PerQueue int           // jobs of one queue at once; 0 means 4
	Failures int           // in a row, after which a queue is paused; 0 means 5
	Pause    time.Duration // at first, doubled with each further failure; 0 means 1 min
	MaxPause time.Duration // 0 means 15 min
}

// A Store keeps jobs in a book. It implements [job.Store].
type Store struct {
	book   *record.Book
	config Config
}

// New returns the jobs in book.
func New(book *record.Book, config Config) *Store {
	config.PerQueue = cmp.Or(config.PerQueue, 4)
	config.Failures = cmp.Or(config.Failures, 5)
	config.Pause = cmp.Or(config.Pause, time.Minute)
	config.MaxPause = cmp.Or(config.MaxPause, 15*time.Minute)
	return &Store{book, config}
}

const columns = `id, queue, kind, app, payload, state, attempt, fence, run_at, lease, error, created, finished`

// AddWaiting adds a job in a transaction of its own, and returns its ID; see Add.
// The error wraps fault.Busy if most others of its queue are ready.
func (s *Store) AddWaiting(ctx context.Context, j job.Job, most int) (id int64, err error) {
	err = s.book.Write(ctx, func(ctx context.Context, tx *record.Statements) error {
		waiting, err := record.Value[int](tx.Row(ctx, `SELECT COUNT(*) FROM jobs WHERE queue = ? AND state = 'ready'`, j.Queue))
		if err != nil {
			return err
		}
		if waiting >= most {
			return fmt.Errorf("%d jobs of queue %s are waiting: %w", waiting, j.Queue, fault.Busy)
		}
		ids, err := s.Add(ctx, tx, j)
		if err == nil {
			id = ids[0]
		}
		return err
	})
	return id, err
}

// Add adds jobs in a transaction, and returns their IDs. Of each, it takes
// queue, kind, app, payload and when to run it, the zero time meaning now. Once
// the transaction is committed, the runner should be woken. The error wraps
// fault.Invalid or fault.TooLarge as [job.Job.Check] says.
func (s *Store) Add(ctx context.Context, tx *record.Statements, jobs ...job.Job) ([]int64, error) {
	now := s.book.Now()
	ids := make([]int64, len(jobs))
	var queues []string
	for i, j := range jobs {
		if err := j.Check(); err != nil {
			return nil, err
		}
		if j.RunAt.IsZero() {
			j.RunAt = now
		}
		var err error
		ids[i], err = record.Value[int64](tx.Row(ctx, `INSERT INTO jobs (queue, kind, app, payload, state, attempt, fence, run_at, lease, error, created, finished)
			VALUES (?, ?, ?, ?, 'ready', 0, 0, ?, 0, '', ?, 0) RETURNING id`,
			j.Queue, j.Kind, j.App, string(j.Payload), record.Nanos(j.RunAt), record.Nanos(now)))
		if err != nil {
			return nil, fmt.Errorf("add job: %w", err)
		}
		queues = append(queues, j.Queue)
	}
	return ids, s.settleAll(ctx, tx, queues)
}

// settleAll settles each of the queues, in an order that is always the same.
func (s *Store) settleAll(ctx context.Context, tx *record.Statements, queues []string) error {
	slices.Sort(queues)
	for _, q := range slices.Compact(queues) {
		if _, err := s.settle(ctx, tx, q); err != nil {
			return err
		}
	}
	return nil
}

// A lane is what a queue's turn depends on, besides its jobs.
type lane struct {
	served   int64
	failures int
	paused   int64
}

// lock returns the lane of a queue, makes it if need be, and keeps other
// transactions from it until this one ends.
func (s *Store) lock(ctx context.Context, tx *record.Statements, queue string) (l lane, err error) {
	err = tx.Row(ctx, `INSERT INTO lanes (queue, next_at, served, failures, paused) VALUES (?, NULL, 0, 0, 0)
		ON CONFLICT (queue) DO UPDATE SET queue = excluded.queue RETURNING served, failures, paused`, queue).
		Scan(&l.served, &l.failures, &l.paused)
	if err != nil {
		return l, fmt.Errorf("lock queue: %w", err)
	}
	return l, nil
}

// settle finds out when it is a queue's turn, after something has changed. It
// returns 0 for not before something else happens.
func (s *Store) settle(ctx context.Context, tx *record.Statements, queue string) (next int64, err error) {
	l, err := s.lock(ctx, tx, queue)
	if err != nil {
		return 0, err
	}
	slots := s.config.PerQueue
	if l.failures >= s.config.Failures {
		slots = 1 // to see whether it is better
	}
	running, err := record.Value[int](tx.Row(ctx, `SELECT COUNT(*) FROM jobs WHERE queue = ? AND lease > 0`, queue))
	if err != nil {
		return 0, fmt.Errorf("count running jobs: %w", err)
	}
	var at any // NULL
	if running < slots {
		first, err := firstOf(ctx, tx, queue)
		switch {
		case err == nil:
			next = max(first, l.paused, l.served)
			at = next
		case !errors.Is(err, fault.NotFound):
			return 0, err
		}
	}
	if _, err := tx.Exec(ctx, `UPDATE lanes SET next_at = ? WHERE queue = ?`, at, queue); err != nil {
		return 0, fmt.Errorf("settle queue: %w", err)
	}
	return next, nil
}

// firstOf returns when the first job of a queue may run.
func firstOf(ctx context.Context, tx *record.Statements, queue string) (int64, error) {
	at, err := record.Value[int64](tx.Row(ctx, `SELECT run_at FROM jobs WHERE queue = ? AND state = 'ready' ORDER BY run_at, id LIMIT 1`, queue))
	if err != nil {
		return 0, fmt.Errorf("first job of a queue: %w", err)
	}
	return at, nil
}

// Due returns when there may next be a job to claim; see [job.Store].
func (s *Store) Due(ctx context.Context) (time.Time, error) {
	at, err := record.Value[int64](s.book.Reads().Row(ctx, `SELECT COALESCE(MIN(at), 0) FROM (
		SELECT MIN(next_at) AS at FROM lanes WHERE next_at IS NOT NULL
		UNION ALL SELECT MIN(lease) FROM jobs WHERE lease > 0) AS due`))
	if err != nil {
		return time.Time{}, fmt.Errorf("look for jobs: %w", err)
	}
	return record.Instant(at), nil
}

// Claim takes jobs to run; see [job.Store].
func (s *Store) Claim(ctx context.Context, limit int, lease time.Time) (claimed []job.Job, err error) {
	err = s.book.Write(ctx, func(ctx context.Context, tx *record.Statements) error {
		claimed = nil
		now := record.Nanos(s.book.Now())
		if err := s.takeBack(ctx, tx, now); err != nil {
			return err
		}
		for len(claimed) < limit {
			turn, err := record.Rows(ctx, tx, record.Value[string],
				`SELECT queue FROM lanes WHERE next_at <= ? ORDER BY next_at, queue LIMIT ?`, now, limit-len(claimed))
			if err != nil || len(turn) == 0 {
				return err
			}
			for _, queue := range turn {
				j, err := s.claimFrom(ctx, tx, queue, now, lease)
				if err == nil {
					claimed = append(claimed, j)
				} else if !errors.Is(err, fault.NotFound) {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("claim jobs: %w", err)
	}
	return claimed, nil
}

// claimFrom takes the first job of a queue, whose next turn comes after those
// of the others.
func (s *Store) claimFrom(ctx context.Context, tx *record.Statements, queue string, now int64, lease time.Time) (job.Job, error) {
	if _, err := tx.Exec(ctx, `UPDATE lanes SET served = ? WHERE queue = ?`, now, queue); err != nil {
		return job.Job{}, err
	}
	j, err := scan(tx.Row(ctx, `UPDATE jobs SET state = 'running', attempt = attempt + 1, fence = fence + 1, lease = ?
		WHERE state = 'ready' AND id = (SELECT id FROM jobs WHERE queue = ? AND state = 'ready' AND run_at <= ? ORDER BY run_at, id LIMIT 1)
		RETURNING `+columns, record.Nanos(lease), queue, now))
	if _, err := s.settle(ctx, tx, queue); err != nil {
		return job.Job{}, err
	}
	return j, err
}

// maxTaken is how many jobs are taken back at once.
const maxTaken = 1000

// takeBack makes the jobs ready again whose workers did not renew their lease,
// and does not count those attempts: nobody knows whether they were made.
func (s *Store) takeBack(ctx context.Context, tx *record.Statements, now int64) error {
	queues, err := record.Rows(ctx, tx, record.Value[string], `UPDATE jobs SET state = 'ready', run_at = ?, lease = 0,
		attempt = attempt - 1, error = 'whoever ran it has gone'
		WHERE id IN (SELECT id FROM jobs WHERE lease > 0 AND lease < ? ORDER BY lease LIMIT ?) AND lease > 0 RETURNING queue`,
		now, now, maxTaken)
	if err != nil {
		return fmt.Errorf("take back lost jobs: %w", err)
	}
	return s.settleAll(ctx, tx, queues)
}

// Recover takes all leases back. It is for the only process that does jobs, when
// it begins: what seems to run is what its predecessor left.
func (s *Store) Recover(ctx context.Context) error {
	err := s.book.Write(ctx, func(ctx context.Context, tx *record.Statements) error {
		_, err := tx.Exec(ctx, `UPDATE jobs SET lease = 1 WHERE lease > 0`)
		return err
	})
	if err != nil {
		return fmt.Errorf("take leases back: %w", err)
	}
	return nil
}

// Renew prolongs leases; see [job.Store].
func (s *Store) Renew(ctx context.Context, jobs []job.Job, lease time.Time) error {
	err := s.book.Write(ctx, func(ctx context.Context, tx *record.Statements) error {
		for _, j := range jobs {
			_, err := tx.Exec(ctx, `UPDATE jobs SET lease = ? WHERE id = ? AND fence = ? AND state = 'running'`, record.Nanos(lease), j.ID, j.Fence)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("renew leases: %w", err)
	}
	return nil
}

// Finish records how an attempt ended; see [job.Store].
func (s *Store) Finish(ctx context.Context, j job.Job, o job.Outcome) error {
	err := s.book.Write(ctx, func(ctx context.Context, tx *record.Statements) error { return s.finish(ctx, tx, j, o) })
	if err != nil {
		return fmt.Errorf("finish job %d: %w", j.ID, err)
	}
	return nil
}

func (s *Store) finish(ctx context.Context, tx *record.Statements, j job.Job, o job.Outcome) error {
	now := s.book.Now()
	finished, undone := int64(0), 0
	if o.State != job.Ready {
		finished = record.Nanos(now)
	}
	if o.Undone {
		undone = 1
	}
	n, err := tx.Exec(ctx, `UPDATE jobs SET state = ?, run_at = ?, lease = 0, error = ?, finished = ?, attempt = attempt - ?
		WHERE id = ? AND fence = ? AND state = 'running'`,
		string(o.State), record.Nanos(o.RunAt), o.Error, finished, undone, j.ID, j.Fence)
	if err != nil {
		return err
	}
	if n == 0 {
		return fmt.Errorf("another has claimed it: %w", fault.Conflict)
	}
	if o.Failed || o.State == job.Done {
		if err := s.judge(ctx, tx, j.Queue, o.State == job.Done, now); err != nil {
			return err
		}
	}
	_, err = s.settle(ctx, tx, j.Queue)
	return err
}

// judge pauses a queue that fails again and again, until it does not.
func (s *Store) judge(ctx context.Context, tx *record.Statements, queue string, good bool, now time.Time) error {
	l, err := s.lock(ctx, tx, queue)
	switch {
	case err != nil:
		return err
	case good:
		if l.failures == 0 && l.paused == 0 {
			return nil
		}
		l.failures, l.paused = 0, 0
	default:
		l.failures++
		if over := l.failures - s.config.Failures; over >= 0 {
			pause := s.config.Pause
			for ; over > 0 && pause < s.config.MaxPause; over-- {
				pause *= 2
			}
			l.paused = record.Nanos(now.Add(min(pause, s.config.MaxPause)))
		}
	}
	_, err = tx.Exec(ctx, `UPDATE lanes SET failures = ?, paused = ? WHERE queue = ?`, l.failures, l.paused, queue)
	return err
}

func scan(row record.Row) (job.Job, error) {
	var j job.Job
	var payload []byte
	var runAt, lease, created, finished int64
	err := row.Scan(&j.ID, &j.Queue, &j.Kind, &j.App, &payload, &j.State, &j.Attempt, &j.Fence, &runAt, &lease, &j.Error, &created, &finished)
	j.Payload = payload
	j.RunAt, j.Lease, j.Created, j.Finished = record.Instant(runAt), record.Instant(lease), record.Instant(created), record.Instant(finished)
	return j, err
}
