// Package figures keeps what package insight counts.
package figures

import (
	"context"
	"fmt"
	"time"

	"github.com/stowgate/stowgate/internal/catalog/record"
	"github.com/stowgate/stowgate/internal/insight"
)

// Figures are the records. It implements insight.Store.
type Figures struct{ book *record.Book }

// New returns the figures in book.
func New(book *record.Book) *Figures { return &Figures{book} }

// How many seconds a figure is about.
const (
	hour = 3600
	day  = 24 * hour
)

// Add adds b, all of it or nothing. Figures of apps that are gone are dropped.
func (f *Figures) Add(ctx context.Context, b insight.Batch) error {
	err := f.book.Write(ctx, func(ctx context.Context, tx *record.Statements) error {
		for _, one := range b.Figures {
			_, err := tx.Exec(ctx, `INSERT INTO figures (app, span, start, name, value)
				SELECT ?, ?, ?, ?, ? WHERE ? = '' OR EXISTS (SELECT 1 FROM apps WHERE key = ?)
				ON CONFLICT (app, span, start, name) DO UPDATE SET value = figures.value + excluded.value`,
				one.App, hour, record.Nanos(one.Start), one.Name, one.Value, one.App, one.App)
			if err != nil {
				return err
			}
		}
		for _, u := range b.Secrets {
			_, err := tx.Exec(ctx, `INSERT INTO secret_uses (app, fingerprint, used) VALUES (?, ?, ?)
				ON CONFLICT (app, fingerprint) DO UPDATE SET used = excluded.used WHERE secret_uses.used < excluded.used`,
				u.App, u.Fingerprint, record.Nanos(u.Time))
			if err != nil {
				return err
			}
		}
		return addPlans(ctx, tx, b)
	})
	if err != nil {
		return fmt.Errorf("add figures: %w", err)
	}
	return nil
}

// addPlans adds plans, and drops those that are not among the slowest.
func addPlans(ctx context.Context, tx *record.Statements, b insight.Batch) error {
	apps := make(map[string]bool)
	for _, p := range b.Plans {
		apps[p.App] = true
		_, err := tx.Exec(ctx, `INSERT INTO slowest (app, day, plan, worst, total, times) VALUES (?, ?, ?, ?, ?, ?)
			ON CONFLICT (app, day, plan) DO UPDATE SET total = slowest.total + excluded.total, times = slowest.times + excluded.times,
			worst = CASE WHEN slowest.worst < excluded.worst THEN excluded.worst ELSE slowest.worst END`,
			p.App, record.Nanos(b.Day), p.Plan, int64(p.Worst), int64(p.Total), p.Times)
		if err != nil {
			return err
		}
	}
	for app := range apps {
		_, err := tx.Exec(ctx, `DELETE FROM slowest WHERE app = ? AND day = ? AND plan NOT IN
			(SELECT plan FROM slowest WHERE app = ? AND day = ? ORDER BY worst DESC, plan LIMIT ?)`,
			app, record.Nanos(b.Day), app, record.Nanos(b.Day), insight.MaxSlowest)
		if err != nil {
			return err
		}
	}
	return nil
}

// Figures returns the figures of app that begin in [from, to), in the order of
// their beginnings.
func (f *Figures) Figures(ctx context.Context, app string, from, to time.Time) ([]insight.Figure, error) {
	all, err := record.Rows(ctx, f.book.Reads(), func(row record.Row) (one insight.Figure, err error) {
		var start int64
		err = row.Scan(&start, &one.Name, &one.Value)
		one.App, one.Start = app, record.Instant(start)
		return one, err
	}, `SELECT start, name, value FROM figures WHERE app = ? AND span IN (?, ?) AND start >= ? AND start < ? ORDER BY start`,
		app, hour, day, record.Nanos(from), record.Nanos(to))
	if err != nil {
		return nil, fmt.Errorf("figures of app %q: %w", app, err)
	}
	return all, nil
}

// Slowest returns the slowest plans of app on the day that begins then, the
// slowest first.
func (f *Figures) Slowest(ctx context.Context, app string, day time.Time) ([]insight.Slow, error) {
	all, err := record.Rows(ctx, f.book.Reads(), func(row record.Row) (one insight.Slow, err error) {
		one.App = app
		err = row.Scan(&one.Plan, &one.Worst, &one.Total, &one.Times)
		return one, err
	}, `SELECT plan, worst, total, times FROM slowest WHERE app = ? AND day = ? ORDER BY worst DESC, plan LIMIT ?`,
		app, record.Nanos(day), insight.MaxSlowest)
	if err != nil {
		return nil, fmt.Errorf("slowest plans of app %q: %w", app, err)
	}
	return all, nil
}

// Usage returns what app stores; an app that does not exist stores nothing.
func (f *Figures) Usage(ctx context.Context, app string) (insight.Usage, error) {
	all, err := record.Rows(ctx, f.book.Reads(), func(row record.Row) (u insight.Usage, err error) {
		err = row.Scan(&u.Files, &u.Bytes)
		return u, err
	}, `SELECT files, bytes FROM usage WHERE app = ?`, app)
	if err != nil || len(all) == 0 {
		return insight.Usage{}, err
	}
	return all[0], nil
}

// SecretUses returns when each secret of app was last used, by its fingerprint.
func (f *Figures) SecretUses(ctx context.Context, app string) (map[string]time.Time, error) {
	uses := make(map[string]time.Time)
	_, err := record.Rows(ctx, f.book.Reads(), func(row record.Row) (struct{}, error) {
		var fingerprint string
		var used int64
		err := row.Scan(&fingerprint, &used)
		uses[fingerprint] = record.Instant(used)
		return struct{}{}, err
	}, `SELECT fingerprint, used FROM secret_uses WHERE app = ?`, app)
	if err != nil {
		return nil, fmt.Errorf("uses of secrets of app %q: %w", app, err)
	}
	return uses, nil
}

// Compact adds up by day what is older than hours, and drops what is older than
// days, or than plans. Each app is a transaction.
func (f *Figures) Compact(ctx context.Context, hours, days, plans time.Time) error {
	apps, err := record.Rows(ctx, f.book.Reads(), record.Value[string],
		`SELECT app FROM (SELECT key AS app FROM apps UNION ALL SELECT '') named
			WHERE EXISTS (SELECT 1 FROM figures WHERE figures.app = named.app AND span = ? AND start < ?)
			OR EXISTS (SELECT 1 FROM figures WHERE figures.app = named.app AND span = ? AND start < ?)`,
		hour, record.Nanos(hours), day, record.Nanos(days))
	if err != nil {
		return fmt.Errorf("compact figures: %w", err)
	}
	for _, app := range apps {
		err := f.book.Write(ctx, func(ctx context.Context, tx *record.Statements) error { return compact(ctx, tx, app, hours, days) })
		if err != nil {
			return fmt.Errorf("compact figures of app %q: %w", app, err)
		}
	}
	err = f.book.Write(ctx, func(ctx context.Context, tx *record.Statements) error {
		_, err := tx.Exec(ctx, `DELETE FROM slowest WHERE day < ?`, record.Nanos(plans))
		return err
	})
	if err != nil {
		return fmt.Errorf("drop old plans: %w", err)
	}
	return nil
}

func compact(ctx context.Context, tx *record.Statements, app string, hours, days time.Time) error {
	const nanos = int64(day * time.Second)
	_, err := tx.Exec(ctx, `INSERT INTO figures (app, span, start, name, value)
		SELECT app, ?, start - start % ?, name, SUM(value) FROM figures WHERE app = ? AND span = ? AND start < ?
		GROUP BY app, start - start % ?, name
		ON CONFLICT (app, span, start, name) DO UPDATE SET value = figures.value + excluded.value`,
		day, nanos, app, hour, record.Nanos(hours), nanos)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `DELETE FROM figures WHERE app = ? AND span = ? AND start < ?`, app, hour, record.Nanos(hours)); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `DELETE FROM figures WHERE app = ? AND span = ? AND start < ?`, app, day, record.Nanos(days))
	return err
}

// A Wrong is an app whose usage is not what its assets add up to.
type Wrong struct {
	App     string        `json:"app"`
	Kept    insight.Usage `json:"kept"`    // what is on record
	Counted insight.Usage `json:"counted"` // what there is
}

// Verify returns the apps whose usage is wrong. It reads the sizes of all
// assets.
func (f *Figures) Verify(ctx context.Context) ([]Wrong, error) {
	wrong, err := record.Rows(ctx, f.book.Reads(), func(row record.Row) (w Wrong, err error) {
		err = row.Scan(&w.App, &w.Kept.Files, &w.Kept.Bytes, &w.Counted.Files, &w.Counted.Bytes)
		return w, err
	}, `SELECT app, kept_files, kept_bytes, files, bytes FROM (`+counted+`) counted
		WHERE kept_files <> files OR kept_bytes <> bytes ORDER BY app`)
	if err != nil {
		return nil, fmt.Errorf("verify usage: %w", err)
	}
	return wrong, nil
}

// counted is what is on record of each app, and what there is.
const counted = `SELECT apps.key AS app, COALESCE(usage.files, -1) AS kept_files, COALESCE(usage.bytes, -1) AS kept_bytes,
		COALESCE(found.files, 0) AS files, COALESCE(found.bytes, 0) AS bytes
	FROM apps LEFT JOIN usage ON usage.app = apps.key
	LEFT JOIN (SELECT app, COUNT(*) AS files, SUM(size) AS bytes FROM assets GROUP BY app) found ON found.app = apps.key`

// Repair makes every app's usage what its assets add up to.
func (f *Figures) Repair(ctx context.Context) error {
	err := f.book.Write(ctx, func(ctx context.Context, tx *record.Statements) error {
		_, err := tx.Exec(ctx, `INSERT INTO usage (app, files, bytes) SELECT app, files, bytes FROM (`+counted+`) counted
			WHERE kept_files <> files OR kept_bytes <> bytes
			ON CONFLICT (app) DO UPDATE SET files = excluded.files, bytes = excluded.bytes`)
		return err
	})
	if err != nil {
		return fmt.Errorf("repair usage: %w", err)
	}
	return nil
}
