package hooks

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/catalog"
	"github.com/stowgate/stowgate/internal/catalog/ledger"
	"github.com/stowgate/stowgate/internal/catalog/record"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/job"
	"github.com/stowgate/stowgate/internal/webhook"
)

// maxSpread is how many events one transaction spreads.
const maxSpread = 200

// Spread takes a number of events that nobody was told of, and makes a job for
// each hook that wants one, all in one transaction. It returns whether there may
// be more. An event that cannot be told is in the error, and counts as spread.
func (s *Store) Spread(ctx context.Context) (more bool, err error) {
	waiting, err := record.Value[bool](s.book.Reads().Row(ctx, `SELECT EXISTS (SELECT 1 FROM events WHERE spread = 0)`))
	if err != nil {
		return false, fmt.Errorf("look for events: %w", err)
	}
	if !waiting {
		return false, nil
	}
	var n int
	var untold []error
	err = s.book.Write(ctx, func(ctx context.Context, tx *record.Statements) error {
		untold = nil
		events, err := record.Rows(ctx, tx, catalog.ScanEvent, `UPDATE events SET spread = 1
			WHERE id IN (SELECT id FROM events WHERE spread = 0 ORDER BY id LIMIT ?) AND spread = 0 RETURNING `+catalog.EventColumns, maxSpread)
		if err != nil {
			return err
		}
		n = len(events)
		slices.SortFunc(events, func(a, b asset.Event) int { return cmp.Compare(a.ID, b.ID) })
		var jobs []job.Job
		hooks := make(map[string][]webhook.Hook)
		for _, e := range events {
			of, known := hooks[e.App]
			if !known {
				if of, err = record.Rows(ctx, tx, s.scan, `SELECT `+columns+` FROM hooks WHERE app = ? AND enabled = 1 ORDER BY created, id`, e.App); err != nil {
					return err
				}
				hooks[e.App] = of
			}
			for _, h := range of {
				if !h.Wants(e.Kind) || !s.formats[h.Format].Tells(e.Kind) {
					continue
				}
				j, err := s.delivery(h, e)
				if err != nil {
					untold = append(untold, fmt.Errorf("event %d for webhook %s: %w", e.ID, h.ID, err))
					continue
				}
				jobs = append(jobs, j)
			}
		}
		_, err = s.jobs.Add(ctx, tx, jobs...)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("spread events: %w", err)
	}
	s.wake()
	return n == maxSpread, errors.Join(untold...)
}

// delivery returns the job that tells h of e. It holds all that is needed: what
// is sent does not change any more.
func (s *Store) delivery(h webhook.Hook, e asset.Event) (job.Job, error) {
	var body []byte
	if words := s.formats[h.Format].Body; words != nil {
		var err error
		if body, err = words(h, e); err != nil {
			return job.Job{}, err
		}
	}
	payload, err := json.Marshal(webhook.Message{Hook: h.ID, Event: e.ID, Kind: e.Kind, Body: string(body)})
	if err != nil {
		return job.Job{}, err
	}
	j := job.Job{Queue: h.Queue(), Kind: webhook.JobKind, App: h.App, Payload: payload}
	return j, j.Check()
}

// Receiver returns what a delivery needs to know of a hook. The error wraps
// fault.NotFound if it is gone.
func (s *Store) Receiver(ctx context.Context, id string) (webhook.Hook, error) {
	h, err := s.scan(s.book.Reads().Row(ctx, `SELECT `+columns+` FROM hooks WHERE id = ?`, id))
	if err != nil {
		return webhook.Hook{}, fmt.Errorf("webhook %q: %w", id, err)
	}
	return h, nil
}

const attemptColumns = `job, event, number, began, took, status, error, answer`

// Note records an attempt, drops those before the last webhook.MaxAttempts, and
// how the hook fares. What is noted of a hook that is gone is lost.
func (s *Store) Note(ctx context.Context, hook string, a webhook.Attempt) error {
	err := s.book.Write(ctx, func(ctx context.Context, tx *record.Statements) error {
		change, values := `failures = failures + 1, error = ?`, []any{a.Error, hook}
		if a.Error == "" {
			change, values = `succeeded = ?, failures = 0, error = ''`, []any{record.Nanos(a.Began.Add(a.Took)), hook}
		}
		n, err := tx.Exec(ctx, `UPDATE hooks SET `+change+` WHERE id = ?`, values...)
		if err != nil || n == 0 {
			return err
		}
		_, err = tx.Exec(ctx, `INSERT INTO attempts (hook, `+attemptColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			hook, a.Job, a.Event, a.Number, record.Nanos(a.Began), int64(a.Took), a.Status, a.Error, a.Answer)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `DELETE FROM attempts WHERE hook = ? AND id <= (SELECT id FROM attempts WHERE hook = ? ORDER BY id DESC LIMIT 1 OFFSET ?)`,
			hook, hook, webhook.MaxAttempts)
		return err
	})
	if err != nil {
		return fmt.Errorf("note attempt for webhook %s: %w", hook, err)
	}
	return nil
}

// Deliveries returns a page of a hook's deliveries, newest first, those in one
// state unless that is empty. The error wraps fault.NotFound if that app has no
// such hook.
func (s *Store) Deliveries(ctx context.Context, app, id string, state job.State, p job.Page) ([]webhook.Delivery, error) {
	h, err := s.read(ctx, s.book.Reads(), app, id)
	if err != nil {
		return nil, err
	}
	jobs, err := s.jobs.Jobs(ctx, job.Filter{Queue: h.Queue(), State: state}, p)
	if err != nil {
		return nil, err
	}
	attempts, err := record.Rows(ctx, s.book.Reads(), scanAttempt, `SELECT `+attemptColumns+` FROM attempts WHERE hook = ? ORDER BY id`, id)
	if err != nil {
		return nil, fmt.Errorf("attempts for webhook %s: %w", id, err)
	}
	deliveries := make([]webhook.Delivery, len(jobs))
	for i, j := range jobs {
		deliveries[i].Job = j
		if err := json.Unmarshal(j.Payload, &deliveries[i].Message); err != nil {
			return nil, fmt.Errorf("read delivery %d: %w", j.ID, err)
		}
		for _, a := range attempts {
			if a.Job == j.ID {
				deliveries[i].Attempts = append(deliveries[i].Attempts, a)
			}
		}
	}
	return deliveries, nil
}

// Redeliver makes a delivery again, now, with the same body. Its errors are
// those of Hook, and fault.Conflict if it is being made at the moment.
func (s *Store) Redeliver(ctx context.Context, app, id string, delivery int64, e account.Entry) error {
	err := s.book.Write(ctx, func(ctx context.Context, tx *record.Statements) error {
		h, err := s.read(ctx, tx, app, id)
		if err != nil {
			return err
		}
		queue, err := record.Value[string](tx.Row(ctx, `SELECT queue FROM jobs WHERE id = ?`, delivery))
		if err != nil {
			return err
		}
		if queue != h.Queue() {
			return fmt.Errorf("delivery %d of another webhook: %w", delivery, fault.NotFound)
		}
		if err := s.jobs.Retry(ctx, tx, delivery); err != nil {
			return err
		}
		return ledger.Add(ctx, tx, e)
	})
	if err != nil {
		return fmt.Errorf("deliver again: %w", err)
	}
	s.wake()
	return nil
}

// Test sends a hook an event of its own, before all others, and returns the
// delivery. The errors are those of Hook.
func (s *Store) Test(ctx context.Context, app, id string, e account.Entry) (delivery int64, err error) {
	err = s.book.Write(ctx, func(ctx context.Context, tx *record.Statements) error {
		h, err := s.read(ctx, tx, app, id)
		if err != nil {
			return err
		}
		event := asset.Event{App: app, Kind: webhook.Test, Time: s.book.Now(), Fact: webhook.TestFact}
		body, err := json.Marshal(event.Fact)
		if err != nil {
			return err
		}
		event.ID, err = record.Value[int64](tx.Row(ctx, `INSERT INTO events (app, kind, asset, time, body, spread) VALUES (?, ?, ?, ?, ?, 1) RETURNING id`,
			app, event.Kind, event.Fact.ID, record.Nanos(event.Time), string(body)))
		if err != nil {
			return err
		}
		j, err := s.delivery(h, event)
		if err != nil {
			return err
		}
		ids, err := s.jobs.Add(ctx, tx, j)
		if err != nil {
			return err
		}
		delivery = ids[0]
		if err := s.jobs.Retry(ctx, tx, delivery); err != nil { // which puts it first
			return err
		}
		return ledger.Add(ctx, tx, e)
	})
	if err != nil {
		return 0, fmt.Errorf("test webhook: %w", err)
	}
	s.wake()
	return delivery, nil
}

func scanAttempt(row record.Row) (webhook.Attempt, error) {
	var a webhook.Attempt
	var began int64
	err := row.Scan(&a.Job, &a.Event, &a.Number, &began, &a.Took, &a.Status, &a.Error, &a.Answer)
	a.Began = record.Instant(began)
	return a, err
}
