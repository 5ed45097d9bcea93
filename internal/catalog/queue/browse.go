package queue

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/catalog/ledger"
	"github.com/stowgate/stowgate/internal/catalog/record"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/job"
)

// where returns the conditions of f, each beginning with AND, and their values.
func where(f job.Filter) (text string, values []any) {
	var b strings.Builder
	for _, c := range []struct{ column, value string }{
		{"app", f.App}, {"queue", f.Queue}, {"kind", f.Kind}, {"state", string(f.State)},
	} {
		if c.value != "" {
			b.WriteString(" AND " + c.column + " = ?")
			values = append(values, c.value)
		}
	}
	return b.String(), values
}

// Jobs returns a page of those jobs, newest first.
func (s *Store) Jobs(ctx context.Context, f job.Filter, p job.Page) ([]job.Job, error) {
	conditions, values := where(f)
	if p.Before > 0 {
		conditions += " AND id < ?"
		values = append(values, p.Before)
	}
	jobs, err := record.Rows(ctx, s.book.Reads(), scan,
		`SELECT `+columns+` FROM jobs WHERE 1 = 1`+conditions+` ORDER BY id DESC LIMIT ?`, append(values, p.Limit)...)
	if err != nil {
		return nil, fmt.Errorf("list jobs: %w", err)
	}
	return jobs, nil
}

// Job returns a job. The error wraps fault.NotFound if there is none.
func (s *Store) Job(ctx context.Context, id int64) (job.Job, error) {
	return read(ctx, s.book.Reads(), id)
}

func read(ctx context.Context, on *record.Statements, id int64) (job.Job, error) {
	j, err := scan(on.Row(ctx, `SELECT `+columns+` FROM jobs WHERE id = ?`, id))
	if err != nil {
		return job.Job{}, fmt.Errorf("job %d: %w", id, err)
	}
	return j, nil
}

// Counts returns how many of those jobs there are in each state.
func (s *Store) Counts(ctx context.Context, f job.Filter) (map[job.State]int, error) {
	type count struct {
		state job.State
		n     int
	}
	conditions, values := where(f)
	rows, err := record.Rows(ctx, s.book.Reads(), func(row record.Row) (c count, err error) {
		err = row.Scan(&c.state, &c.n)
		return c, err
	}, `SELECT state, COUNT(*) FROM jobs WHERE 1 = 1`+conditions+` GROUP BY state`, values...)
	if err != nil {
		return nil, fmt.Errorf("count jobs: %w", err)
	}
	counts := make(map[job.State]int, len(job.States))
	for _, c := range rows {
		counts[c.state] = c.n
	}
	return counts, nil
}

// A Lane says how a queue fares.
type Lane struct {
	Failures    int       // since its last success
	PausedUntil time.Time // because of them; zero or past if it is not
	Waiting     int       // jobs that are ready, MaxWaiting meaning that or more
}

// MaxWaiting is how far the jobs of a queue are counted.
const MaxWaiting = 1000

// Lane says how a queue fares, also one without jobs.
func (s *Store) Lane(ctx context.Context, queue string) (Lane, error) {
	var l Lane
	var paused int64
	err := s.book.Reads().Row(ctx, `SELECT failures, paused FROM lanes WHERE queue = ?`, queue).Scan(&l.Failures, &paused)
	if err != nil && !errors.Is(err, fault.NotFound) {
		return Lane{}, fmt.Errorf("queue %s: %w", queue, err)
	}
	l.PausedUntil = record.Instant(paused)
	l.Waiting, err = record.Value[int](s.book.Reads().Row(ctx,
		`SELECT COUNT(*) FROM (SELECT 1 FROM jobs WHERE queue = ? AND state = 'ready' LIMIT ?) AS waiting`, queue, MaxWaiting))
	if err != nil {
		return Lane{}, fmt.Errorf("queue %s: %w", queue, err)
	}
	return l, nil
}

// Lanes returns the queues in which most jobs wait, up to limit of them.
func (s *Store) Lanes(ctx context.Context, limit int) ([]job.Lane, error) {
	lanes, err := record.Rows(ctx, s.book.Reads(), func(row record.Row) (l job.Lane, err error) {
		var paused int64
		err = row.Scan(&l.Queue, &l.Waiting, &l.Failures, &paused)
		l.PausedUntil = record.Instant(paused)
		return l, err
	}, `SELECT waiting.queue, waiting.n, COALESCE(lanes.failures, 0), COALESCE(lanes.paused, 0)
		FROM (SELECT queue, COUNT(*) AS n FROM jobs WHERE state = 'ready' GROUP BY queue ORDER BY COUNT(*) DESC, queue LIMIT ?) waiting
		LEFT JOIN lanes ON lanes.queue = waiting.queue ORDER BY waiting.n DESC, waiting.queue`, limit)
	if err != nil {
		return nil, fmt.Errorf("list queues: %w", err)
	}
	return lanes, nil
}

// Retry has a job done now, or once more, before the others of its queue, which
// goes on if it was paused. The runner should be woken after the transaction.
// The error wraps fault.Conflict if the job runs, and fault.NotFound if there is
// none.
func (s *Store) Retry(ctx context.Context, tx *record.Statements, id int64) error {
	j, err := read(ctx, tx, id)
	if err != nil {
		return err
	}
	at := record.Nanos(s.book.Now())
	first, err := firstOf(ctx, tx, j.Queue)
	switch {
	case err == nil:
		at = min(at, first-1)
	case !errors.Is(err, fault.NotFound):
		return err
	}
	n, err := tx.Exec(ctx, `UPDATE jobs SET state = 'ready', attempt = 0, run_at = ?, finished = 0 WHERE id = ? AND state <> 'running'`, at, id)
	if err != nil {
		return fmt.Errorf("retry job %d: %w", id, err)
	}
	if n == 0 {
		return fmt.Errorf("job %d runs at the moment: %w", id, fault.Conflict)
	}
	return s.Resume(ctx, tx, j.Queue)
}

// RetryFor is Retry in a transaction of its own, with its audit entry.
func (s *Store) RetryFor(ctx context.Context, by account.Entry, id int64) error {
	return s.change(ctx, by, id, s.Retry)
}

// CancelFor is Cancel in a transaction of its own, with its audit entry.
func (s *Store) CancelFor(ctx context.Context, by account.Entry, id int64) error {
	return s.change(ctx, by, id, s.Cancel)
}

func (s *Store) change(ctx context.Context, by account.Entry, id int64, do func(context.Context, *record.Statements, int64) error) error {
	return s.book.Write(ctx, func(ctx context.Context, tx *record.Statements) error {
		if err := do(ctx, tx, id); err != nil {
			return err
		}
		return ledger.Add(ctx, tx, by)
	})
}

// Resume ends the pause of a queue, if it has one. The runner should be woken
// after the transaction.
func (s *Store) Resume(ctx context.Context, tx *record.Statements, queue string) error {
	if _, err := tx.Exec(ctx, `UPDATE lanes SET paused = 0 WHERE queue = ?`, queue); err != nil {
		return fmt.Errorf("end pause of a queue: %w", err)
	}
	_, err := s.settle(ctx, tx, queue)
	return err
}

// Cancel gives up a job that waits. The error wraps fault.Conflict if it does
// not, and fault.NotFound if there is none.
func (s *Store) Cancel(ctx context.Context, tx *record.Statements, id int64) error {
	j, err := read(ctx, tx, id)
	if err != nil {
		return err
	}
	n, err := tx.Exec(ctx, `UPDATE jobs SET state = 'dead', error = 'called off', finished = ? WHERE id = ? AND state = 'ready'`,
		record.Nanos(s.book.Now()), id)
	if err != nil {
		return fmt.Errorf("call off job %d: %w", id, err)
	}
	if n == 0 {
		return fmt.Errorf("job %d is %s, not waiting: %w", id, j.State, fault.Conflict)
	}
	_, err = s.settle(ctx, tx, j.Queue)
	return err
}

// Clear removes the jobs of a queue that wait.
func (s *Store) Clear(ctx context.Context, queue string) error {
	err := s.inSteps(ctx, func(ctx context.Context, tx *record.Statements) (int64, error) {
		n, err := tx.Exec(ctx, `DELETE FROM jobs WHERE id IN (SELECT id FROM jobs WHERE queue = ? AND state = 'ready' LIMIT ?)`, queue, step)
		if err == nil {
			_, err = s.settle(ctx, tx, queue)
		}
		return n, err
	})
	if err != nil {
		return fmt.Errorf("clear queue %s: %w", queue, err)
	}
	return nil
}

// step is how many rows one transaction removes.
const step = 500

// Prune removes old jobs; see [job.Store].
func (s *Store) Prune(ctx context.Context, done, dead, stale time.Time) error {
	if err := s.giveUp(ctx, stale); err != nil {
		return fmt.Errorf("give up old jobs: %w", err)
	}
	for state, before := range map[job.State]time.Time{job.Done: done, job.Dead: dead} {
		err := s.inSteps(ctx, func(ctx context.Context, tx *record.Statements) (int64, error) {
			return tx.Exec(ctx, `DELETE FROM jobs WHERE id IN (SELECT id FROM jobs WHERE state = ? AND finished > 0 AND finished < ? LIMIT ?)`,
				string(state), record.Nanos(before), step)
		})
		if err != nil {
			return fmt.Errorf("remove old jobs: %w", err)
		}
	}
	err := s.book.Write(ctx, func(ctx context.Context, tx *record.Statements) error {
		_, err := tx.Exec(ctx, `DELETE FROM lanes WHERE next_at IS NULL AND failures = 0
			AND NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.queue = lanes.queue AND lease > 0)`)
		return err
	})
	if err != nil {
		return fmt.Errorf("remove empty queues: %w", err)
	}
	return nil
}

// giveUp gives up the jobs that should have run before stale.
func (s *Store) giveUp(ctx context.Context, stale time.Time) error {
	queues, err := record.Rows(ctx, s.book.Reads(), record.Value[string], `SELECT queue FROM lanes`)
	if err != nil {
		return err
	}
	for _, queue := range queues {
		if first, err := firstOf(ctx, s.book.Reads(), queue); errors.Is(err, fault.NotFound) || err == nil && !record.Instant(first).Before(stale) {
			continue // without a transaction, which is the rule
		}
		err := s.inSteps(ctx, func(ctx context.Context, tx *record.Statements) (int64, error) {
			n, err := tx.Exec(ctx, `UPDATE jobs SET state = 'dead', finished = ?,
				error = CASE WHEN error = '' THEN 'its turn did not come in time' ELSE error END
				WHERE id IN (SELECT id FROM jobs WHERE queue = ? AND state = 'ready' AND run_at < ? ORDER BY run_at LIMIT ?) AND state = 'ready'`,
				record.Nanos(s.book.Now()), queue, record.Nanos(stale), step)
			if err == nil {
				_, err = s.settle(ctx, tx, queue)
			}
			return n, err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// inSteps runs transactions until one changes fewer rows than a step has.
func (s *Store) inSteps(ctx context.Context, do func(ctx context.Context, tx *record.Statements) (int64, error)) error {
	for n := int64(step); n == step; {
		err := s.book.Write(ctx, func(ctx context.Context, tx *record.Statements) (err error) {
			n, err = do(ctx, tx)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
