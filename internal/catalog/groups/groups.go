// Package groups keeps lists of assets that never change.
package groups

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"time"

	"github.com/google/uuid"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/catalog/ledger"
	"github.com/stowgate/stowgate/internal/catalog/record"
	"github.com/stowgate/stowgate/internal/catalog/uses"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/library"
	"github.com/stowgate/stowgate/internal/policy"
)

// A Store keeps the groups of all apps. They go with their app.
type Store struct{ book *record.Book }

// New returns the groups in a book.
func New(book *record.Book) *Store { return &Store{book} }

// AddGroup adds a group and counts a use of the grant. It returns the group with
// its time in whole microseconds, which no other group of its app has. The error
// wraps fault.NotFound if the app does not have one of the members, or has it in
// the trash, and fault.Denied if the grant is used up.
func (s *Store) AddGroup(ctx context.Context, g asset.Group, use policy.Use) (asset.Group, error) {
	members, err := json.Marshal(g.Members)
	if err != nil {
		return asset.Group{}, fmt.Errorf("add group: %w", err)
	}
	err = s.book.Write(ctx, func(ctx context.Context, tx *record.Statements) error {
		if err := uses.Spend(ctx, tx, g.App, use, s.book.Now()); err != nil {
			return err
		}
		for _, m := range g.Members {
			if _, err := record.Value[int](tx.Row(ctx, `SELECT 1 FROM assets WHERE id = ? AND app = ? AND trashed = 0`, m.Asset, g.App)); err != nil {
				return fmt.Errorf("member %q: %w", m.Asset, err)
			}
		}
		for at := g.Created.Truncate(time.Microsecond); ; at = at.Add(time.Microsecond) {
			n, err := tx.Exec(ctx, `INSERT INTO asset_groups (`+columns+`, members) VALUES (?, ?, ?, ?, ?) ON CONFLICT (app, created) DO NOTHING`,
				g.ID, g.App, record.Nanos(at), len(g.Members), string(members))
			if err != nil || n > 0 {
				g.Created, g.Size = at.UTC(), len(g.Members)
				return err
			}
		}
	})
	if err != nil {
		return asset.Group{}, fmt.Errorf("add group: %w", err)
	}
	return g, nil
}

const columns = `id, app, created, size`

func scan(row record.Row, more ...any) (g asset.Group, err error) {
	var created int64
	err = row.Scan(append([]any{&g.ID, &g.App, &created, &g.Size}, more...)...)
	g.Created = record.Instant(created)
	return g, err
}

// Group returns the group called id. The error wraps fault.NotFound if there is
// none.
func (s *Store) Group(ctx context.Context, id uuid.UUID) (asset.Group, error) {
	var members []byte
	g, err := scan(s.book.Reads().Row(ctx, `SELECT `+columns+`, members FROM asset_groups WHERE id = ?`, id), &members)
	if err != nil {
		return asset.Group{}, fmt.Errorf("group %s: %w", id, err)
	}
	if err := json.Unmarshal(members, &g.Members); err != nil {
		return asset.Group{}, fmt.Errorf("read members of group %s: %w", id, err)
	}
	return g, nil
}

// Groups returns a page of the groups of app.
func (s *Store) Groups(ctx context.Context, app string, q library.GroupQuery) (page library.GroupPage, err error) {
	order, after, before := `ORDER BY created`, nanos(q.After), nanos(q.Before)
	if q.Descending {
		order += ` DESC`
	}
	if q.Before.IsZero() {
		before = math.MaxInt64
	}
	limit := q.Limit
	if limit == 0 {
		limit = library.DefaultPage
	}
	page.Groups, err = record.Rows(ctx, s.book.Reads(), func(row record.Row) (asset.Group, error) { return scan(row) },
		`SELECT `+columns+` FROM asset_groups WHERE app = ? AND created > ? AND created < ? `+order+` LIMIT ? OFFSET ?`,
		app, after, before, limit+1, q.Offset)
	if err == nil {
		page.Total, err = record.Value[int64](s.book.Reads().Row(ctx, `SELECT COUNT(*) FROM asset_groups WHERE app = ?`, app))
	}
	if err != nil {
		return page, fmt.Errorf("list groups of app %q: %w", app, err)
	}
	if page.More = len(page.Groups) > limit; page.More {
		page.Groups = page.Groups[:limit]
	}
	return page, nil
}

// nanos returns t as record.Nanos does, but the first or last instant that this
// can tell if it is beyond.
func nanos(t time.Time) int64 {
	switch first, last := time.Unix(0, math.MinInt64), time.Unix(0, math.MaxInt64); {
	case t.Before(first):
		return math.MinInt64
	case t.After(last):
		return math.MaxInt64
	}
	return t.UnixNano()
}

// RemoveGroup removes a group of app, with an audit entry. The error wraps
// fault.NotFound if app has no such group.
func (s *Store) RemoveGroup(ctx context.Context, app string, id uuid.UUID, entry account.Entry) error {
	err := s.book.Write(ctx, func(ctx context.Context, tx *record.Statements) error {
		n, err := tx.Exec(ctx, `DELETE FROM asset_groups WHERE id = ? AND app = ?`, id, app)
		if err == nil && n == 0 {
			err = fmt.Errorf("no such group: %w", fault.NotFound)
		}
		if err != nil {
			return err
		}
		entry.Target = id.String()
		return ledger.Add(ctx, tx, entry)
	})
	if err != nil {
		return fmt.Errorf("remove group %s: %w", id, err)
	}
	return nil
}
