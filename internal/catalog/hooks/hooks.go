// Package hooks keeps webhooks and what became of their deliveries, and turns
// events into the jobs that deliver them.
package hooks

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/catalog/ledger"
	"github.com/stowgate/stowgate/internal/catalog/queue"
	"github.com/stowgate/stowgate/internal/catalog/record"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/webhook"
)

// A Store keeps webhooks in a book, and their deliveries in a queue of jobs.
// Each change is one transaction, with its audit entry.
type Store struct {
	book    *record.Book
	jobs    *queue.Store
	formats webhook.Formats
	wake    func()
}

// New returns the webhooks in book. It calls wake, which must return at once,
// after there may be a new job.
func New(book *record.Book, jobs *queue.Store, formats webhook.Formats, wake func()) *Store {
	return &Store{book, jobs, formats, wake}
}

const columns = `id, app, url, events, secrets, format, enabled, created, succeeded, failures, error`

// Add adds a hook. The error wraps fault.Invalid or fault.TooLarge as
// [webhook.Hook.Check] says, fault.TooLarge if the app has webhook.MaxHooks
// already, and fault.NotFound if there is no such app.
func (s *Store) Add(ctx context.Context, h webhook.Hook, e account.Entry) error {
	values, err := s.values(h)
	if err != nil {
		return fmt.Errorf("add webhook: %w", err)
	}
	err = s.book.Write(ctx, func(ctx context.Context, tx *record.Statements) error {
		n, err := record.Value[int](tx.Row(ctx, `SELECT COUNT(*) FROM hooks WHERE app = ?`, h.App))
		if err != nil {
			return err
		}
		if n >= webhook.MaxHooks {
			return account.Refuse(fault.TooLarge, "", "the app has %d webhooks already", n)
		}
		_, err = tx.Exec(ctx, `INSERT INTO hooks (`+columns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, 0, '')`, values...)
		if err != nil {
			return err
		}
		return ledger.Add(ctx, tx, e)
	})
	if err != nil {
		return fmt.Errorf("add webhook: %w", err)
	}
	return nil
}

// Hooks returns the hooks of an app in the order in which they were added.
func (s *Store) Hooks(ctx context.Context, app string) ([]webhook.Hook, error) {
	hooks, err := record.Rows(ctx, s.book.Reads(), s.scan, `SELECT `+columns+` FROM hooks WHERE app = ? ORDER BY created, id`, app)
	if err != nil {
		return nil, fmt.Errorf("list webhooks: %w", err)
	}
	for i := range hooks {
		if err := s.look(ctx, &hooks[i]); err != nil {
			return nil, err
		}
	}
	return hooks, nil
}

// Hook returns the hook of that app. The error wraps fault.NotFound if it has no
// such hook.
func (s *Store) Hook(ctx context.Context, app, id string) (webhook.Hook, error) {
	h, err := s.read(ctx, s.book.Reads(), app, id)
	if err != nil {
		return webhook.Hook{}, err
	}
	return h, s.look(ctx, &h)
}

// look adds how the hook's queue fares.
func (s *Store) look(ctx context.Context, h *webhook.Hook) error {
	lane, err := s.jobs.Lane(ctx, h.Queue())
	h.Health.PausedUntil, h.Health.Waiting = lane.PausedUntil, lane.Waiting
	return err
}

func (s *Store) read(ctx context.Context, on *record.Statements, app, id string) (webhook.Hook, error) {
	h, err := s.scan(on.Row(ctx, `SELECT `+columns+` FROM hooks WHERE id = ? AND app = ?`, id, app))
	if err != nil {
		return webhook.Hook{}, fmt.Errorf("webhook %q: %w", id, err)
	}
	return h, nil
}

// Change changes URL, events, secrets, format or whether the hook is enabled,
// and returns the hook as it is then. A pause of its deliveries ends. Change may
// be called more than once. Its error is returned, as are those of Hook and
// [webhook.Hook.Check].
func (s *Store) Change(ctx context.Context, app, id string, change func(*webhook.Hook) error, e account.Entry) (webhook.Hook, error) {
	var h webhook.Hook
	err := s.book.Write(ctx, func(ctx context.Context, tx *record.Statements) (err error) {
		if h, err = s.read(ctx, tx, app, id); err != nil {
			return err
		}
		old := h
		if err := change(&h); err != nil {
			return err
		}
		h.ID, h.App, h.Created, h.Health = old.ID, old.App, old.Created, old.Health
		values, err := s.values(h)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE hooks SET (id, app, url, events, secrets, format, enabled, created) = (?, ?, ?, ?, ?, ?, ?, ?) WHERE id = ?`,
			append(values, id)...)
		if err != nil {
			return err
		}
		if err := s.jobs.Resume(ctx, tx, h.Queue()); err != nil {
			return err
		}
		return ledger.Add(ctx, tx, e)
	})
	if err != nil {
		return webhook.Hook{}, fmt.Errorf("change webhook: %w", err)
	}
	s.wake()
	return h, s.look(ctx, &h)
}

// Remove removes a hook with the deliveries that wait. The error wraps
// fault.NotFound if that app has no such hook.
func (s *Store) Remove(ctx context.Context, app, id string, e account.Entry) error {
	err := s.book.Write(ctx, func(ctx context.Context, tx *record.Statements) error {
		n, err := tx.Exec(ctx, `DELETE FROM hooks WHERE id = ? AND app = ?`, id, app)
		if err != nil {
			return err
		}
		if n == 0 {
			return fmt.Errorf("webhook %q: %w", id, fault.NotFound)
		}
		return ledger.Add(ctx, tx, e)
	})
	if err != nil {
		return fmt.Errorf("remove webhook: %w", err)
	}
	return s.jobs.Clear(context.WithoutCancel(ctx), webhook.Hook{ID: id}.Queue())
}

// sealName is the name that the secrets of a hook are sealed under.
func sealName(id string) string { return "webhook " + id }

// values returns the values of the first eight columns.
func (s *Store) values(h webhook.Hook) ([]any, error) {
	if err := h.Check(s.formats); err != nil {
		return nil, err
	}
	events, err := json.Marshal(h.Events)
	if err != nil {
		return nil, err
	}
	secrets, err := json.Marshal(h.Secrets)
	if err != nil {
		return nil, err
	}
	enabled := 0
	if h.Enabled {
		enabled = 1
	}
	return []any{h.ID, h.App, h.URL, string(events), s.book.Box.Seal(sealName(h.ID), secrets), h.Format, enabled, record.Nanos(h.Created)}, nil
}

func (s *Store) scan(row record.Row) (webhook.Hook, error) {
	var h webhook.Hook
	var events, sealed []byte
	var created, succeeded int64
	err := row.Scan(&h.ID, &h.App, &h.URL, &events, &sealed, &h.Format, &h.Enabled, &created, &succeeded, &h.Health.Failures, &h.Health.Error)
	if err != nil {
		return h, err
	}
	h.Created, h.Health.Succeeded = record.Instant(created), record.Instant(succeeded)
	if err := json.Unmarshal(events, &h.Events); err != nil {
		return h, fmt.Errorf("read events of webhook %s: %w", h.ID, err)
	}
	secrets, err := s.book.Box.Open(sealName(h.ID), sealed)
	if err != nil {
		return h, err
	}
	if err := json.Unmarshal(secrets, &h.Secrets); err != nil {
		return h, fmt.Errorf("read secrets of webhook %s: %w", h.ID, err)
	}
	return h, nil
}
