// Package ledger keeps the audit log in the catalog's database. Entries are
// added in the transaction of the change that they tell of, and nothing changes
// or removes one: the database refuses it.
package ledger

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/catalog/record"
	"github.com/stowgate/stowgate/internal/fault"
)

// Add adds an entry in a transaction that runs, and belongs into every one that
// changes something for somebody. An entry without a time gets the present one.
// The error wraps fault.Invalid if the entry does not say who does what, and
// then the transaction must fail as well.
func Add(ctx context.Context, tx *record.Statements, e account.Entry) error {
	if e.Actor == "" || e.Action == "" {
		return fmt.Errorf("an audit entry of %q by %q: %w", e.Action, e.Actor, fault.Invalid)
	}
	if e.Time.IsZero() {
		e.Time = time.Now()
	}
	if e.Detail == nil {
		e.Detail = map[string]string{}
	}
	detail, err := json.Marshal(e.Detail)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO audit (time, actor, name, address, action, app, target, detail) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
		record.Nanos(e.Time), e.Actor, e.Name, e.Address, e.Action, e.App, e.Target, string(detail))
	return err
}

// How many entries one search returns.
const (
	usualEntries = 50
	maxEntries   = 500
)

// A Ledger finds entries.
type Ledger struct{ book *record.Book }

// New returns the ledger of a book.
func New(book *record.Book) Ledger { return Ledger{book} }

// Entries returns the entries that s asks for, the newest first.
func (l Ledger) Entries(ctx context.Context, s account.Search) ([]account.Entry, error) {
	where, args := []string{"1 = 1"}, []any{}
	add := func(is bool, condition string, values ...any) {
		if is {
			where, args = append(where, condition), append(args, values...)
		}
	}
	add(s.App != "", "app = ?", s.App)
	add(s.Actor != "", "actor = ?", s.Actor)
	if strings.Contains(s.Action, ".") {
		add(true, "action = ?", s.Action)
	} else {
		add(s.Action != "", "action >= ? AND action < ?", s.Action+".", s.Action+"/") // which comes after the dot
	}
	add(!s.Since.IsZero(), "time >= ?", record.Nanos(s.Since))
	add(!s.Until.IsZero(), "time < ?", record.Nanos(s.Until))
	add(s.Before > 0, "id < ?", s.Before)
	if s.Limit <= 0 {
		s.Limit = usualEntries
	}
	entries, err := record.Rows(ctx, l.book.Reads(), scan,
		`SELECT id, time, actor, name, address, action, app, target, detail FROM audit WHERE `+strings.Join(where, " AND ")+` ORDER BY id DESC LIMIT ?`,
		append(args, min(s.Limit, maxEntries))...)
	if err != nil {
		return nil, fmt.Errorf("search the audit log: %w", err)
	}
	return entries, nil
}

func scan(row record.Row) (account.Entry, error) {
	var e account.Entry
	var at int64
	var detail []byte
	err := row.Scan(&e.ID, &at, &e.Actor, &e.Name, &e.Address, &e.Action, &e.App, &e.Target, &detail)
	if err != nil {
		return e, err
	}
	e.Time = record.Instant(at)
	if err := json.Unmarshal(detail, &e.Detail); err != nil {
		return e, fmt.Errorf("read detail of entry %d: %w", e.ID, fault.Damaged)
	}
	return e, nil
}
