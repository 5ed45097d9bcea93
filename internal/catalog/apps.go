package catalog

import (
	"context"
	"fmt"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/catalog/ledger"
	"github.com/stowgate/stowgate/internal/catalog/record"
	"github.com/stowgate/stowgate/internal/catalog/rows"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/policy"
)

// stepSize is how many records one step of a long work takes, so that no
// transaction is long.
const stepSize = 500

// CreateApp adds an app, with an audit entry. The error wraps fault.Conflict if
// there is one with its key, and fault.Invalid if it has no key.
func (c *Catalog) CreateApp(ctx context.Context, by account.Entry, app policy.App) error {
	if app.Key == "" {
		return fmt.Errorf("create app without a key: %w", fault.Invalid)
	}
	values, err := rows.AppValues(c.book.Box, app)
	if err != nil {
		return fmt.Errorf("create app %s: %w", app.Key, err)
	}
	err = c.book.Write(ctx, func(ctx context.Context, tx *record.Statements) error {
		_, err := tx.Exec(ctx, `INSERT INTO apps (`+rows.AppColumns+`) VALUES (`+rows.AppMarks+`)`, values...)
		if err != nil {
			return err
		}
		return c.enter(ctx, tx, by, app.Key)
	})
	if err != nil {
		return fmt.Errorf("create app %s: %w", app.Key, err)
	}
	return nil
}

// App returns the app with key. The error wraps fault.NotFound if there is none.
func (c *Catalog) App(ctx context.Context, key string) (policy.App, error) {
	app, ok, mark := c.apps.Get(key)
	if ok {
		return app, nil
	}
	app, err := c.readApp(ctx, c.reads, key)
	if err != nil {
		return policy.App{}, fmt.Errorf("app %q: %w", key, err)
	}
	c.apps.Put(key, app, mark)
	return app, nil
}

// Apps returns every app, in the order of their keys.
func (c *Catalog) Apps(ctx context.Context) ([]policy.App, error) {
	apps, err := record.Rows(ctx, c.reads, c.scanApp, `SELECT `+rows.AppColumns+` FROM apps ORDER BY key`)
	if err != nil {
		return nil, fmt.Errorf("list apps: %w", err)
	}
	return apps, nil
}

// AppKeys returns the keys of all apps, in no set order.
func (c *Catalog) AppKeys(ctx context.Context) ([]string, error) {
	keys, err := record.Rows(ctx, c.reads, record.Value[string], `SELECT key FROM apps`)
	if err != nil {
		return nil, fmt.Errorf("list keys of apps: %w", err)
	}
	return keys, nil
}

// enter writes the audit entry of a change of an app.
func (c *Catalog) enter(ctx context.Context, tx *record.Statements, by account.Entry, app string) error {
	by.App, by.Time = app, c.book.Now()
	return ledger.Add(ctx, tx, by)
}

// UpdateApp lets change edit the app with key, and returns it as it is then.
// With the change goes an audit entry, to whose detail change may add.
// Nothing else changes the app meanwhile; change may be called more than once
// and must not call the catalog. An error of change is returned, and nothing is
// changed. The error wraps fault.NotFound if there is no such app.
func (c *Catalog) UpdateApp(ctx context.Context, by account.Entry, key string, change func(*policy.App) error) (policy.App, error) {
	var app policy.App
	err := c.book.Write(ctx, func(ctx context.Context, tx *record.Statements) (err error) {
		if app, err = c.readApp(ctx, tx, key); err != nil {
			return err
		}
		if err := change(&app); err != nil {
			return err
		}
		if app.Key != key {
			return fmt.Errorf("new key %q: %w", app.Key, fault.Invalid)
		}
		values, err := rows.AppValues(c.book.Box, app)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE apps SET (`+rows.AppColumns+`) = (`+rows.AppMarks+`) WHERE key = ?`, append(values, key)...)
		if err != nil {
			return err
		}
		return c.enter(ctx, tx, by, key)
	})
	c.apps.Drop(key)
	if err != nil {
		return policy.App{}, fmt.Errorf("change app %q: %w", key, err)
	}
	return c.App(ctx, key)
}

// DeleteApp removes an app, and its unfinished uploads, and the uses of its
// grants. If withAssets is set it removes the app's assets as well, otherwise
// the error wraps fault.Conflict if there are any. No events are written, and one
// audit entry at the first step.
//
// It works in steps, and disables the app before the first. After an error some
// steps may be done; calling it again does the rest. The error wraps
// fault.NotFound if there is no such app.
func (c *Catalog) DeleteApp(ctx context.Context, by account.Entry, key string, withAssets bool) error {
	defer c.forget()
	err := c.book.Write(ctx, func(ctx context.Context, tx *record.Statements) error {
		n, err := tx.Exec(ctx, `UPDATE apps SET disabled = ? WHERE key = ?`, true, key)
		if err != nil {
			return err
		}
		if n == 0 {
			return fmt.Errorf("no such app: %w", fault.NotFound)
		}
		any, err := record.Value[bool](tx.Row(ctx, `SELECT EXISTS (SELECT 1 FROM assets WHERE app = ?)`, key))
		if err == nil && any && !withAssets {
			err = fmt.Errorf("it has assets: %w", fault.Conflict)
		}
		if err != nil {
			return err
		}
		return c.enter(ctx, tx, by, key)
	})
	for done := false; err == nil && !done; {
		err = c.book.Write(ctx, func(ctx context.Context, tx *record.Statements) (err error) {
			done, err = c.deleteAppStep(ctx, tx, key)
			return err
		})
		c.forget()
	}
	if err != nil {
		return fmt.Errorf("delete app %q: %w", key, err)
	}
	return nil
}

// deleteAppStep removes some of what belongs to an app, or when nothing is left
// the app. It reports whether the app is gone.
func (c *Catalog) deleteAppStep(ctx context.Context, tx *record.Statements, key string) (bool, error) {
	assets, err := record.Rows(ctx, tx, scanAsset, `SELECT `+assetColumns+` FROM assets WHERE app = ? LIMIT ?`, key, stepSize)
	if err != nil {
		return false, err
	}
	for _, a := range assets {
		if err := c.removeAsset(ctx, tx, a); err != nil {
			return false, err
		}
	}
	sessions, err := record.Rows(ctx, tx, record.Value[string], `SELECT id FROM sessions WHERE app = ? LIMIT ?`, key, stepSize)
	if err != nil {
		return false, err
	}
	for _, id := range sessions {
		if err := c.removeSession(ctx, tx, id); err != nil {
			return false, err
		}
	}
	if len(assets)+len(sessions) > 0 {
		return false, nil
	}
	if _, err := tx.Exec(ctx, `DELETE FROM uses WHERE app = ?`, key); err != nil {
		return false, err
	}
	_, err = tx.Exec(ctx, `DELETE FROM apps WHERE key = ?`, key)
	return true, err
}

func (c *Catalog) readApp(ctx context.Context, s *record.Statements, key string) (policy.App, error) {
	return c.scanApp(s.Row(ctx, `SELECT `+rows.AppColumns+` FROM apps WHERE key = ?`, key))
}

func (c *Catalog) scanApp(row record.Row) (policy.App, error) { return rows.ScanApp(c.book.Box, row) }
