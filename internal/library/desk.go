package library

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/fault"
)

// MaxBulk is how many files one call changes at most.
const MaxBulk = 1000

// files is where a Desk's files are recorded. Nothing of another app is found or
// changed. What changes something records entry with it, once for each file,
// with the file's ID as Target. Those that take several IDs are one
// transaction, and return an error for each, nil where it is done.
type files interface {
	ListFiles(ctx context.Context, app string, q Query) (Page, error)
	CountFiles(ctx context.Context, app string, q Query) (Count, error)
	File(ctx context.Context, app string, id asset.ID) (File, error)
	TrashAssets(ctx context.Context, app string, ids []asset.ID, entry account.Entry) ([]error, error)
	RestoreAssets(ctx context.Context, app string, ids []asset.ID, since time.Time, entry account.Entry) ([]error, error)
	EraseAssets(ctx context.Context, app string, ids []asset.ID, entry account.Entry) ([]error, error)
	LabelAsset(ctx context.Context, app string, id asset.ID, change func(*asset.Asset) error, entry account.Entry) (asset.Asset, error)
}

// A Desk is where the people of an app work on its files. Each call says who
// acts, is allowed by that actor's role in the app, and is in the audit log if
// it changes something. Its errors wrap fault.Denied for a role that is not
// enough, and fault.NotFound where the actor may not know of the app.
type Desk struct {
	files  files
	config DeskConfig
}

// DeskConfig adjusts a Desk. The zero DeskConfig is ready to use.
type DeskConfig struct {
	Keep    time.Duration    // how long files stay in the trash; 0 means not at all
	Removed func(asset.ID)   // told of each file that can be read no more; may be nil
	Now     func() time.Time // nil means time.Now
}

// NewDesk returns a desk whose books are files.
func NewDesk(files files, c DeskConfig) *Desk {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Removed == nil {
		c.Removed = func(asset.ID) {}
	}
	return &Desk{files, c}
}

// Keeps returns how long files stay in the trash; 0 means not at all.
func (d *Desk) Keeps() time.Duration { return d.config.Keep }

// List returns a page of app's files. The error wraps fault.Invalid if the query
// makes no sense, or its cursor is not of this query.
func (d *Desk) List(ctx context.Context, who account.Actor, app string, q Query) (Page, error) {
	if err := errors.Join(who.Check(account.ViewFiles, app), q.Check()); err != nil {
		return Page{}, fmt.Errorf("list files: %w", err)
	}
	return d.files.ListFiles(ctx, app, q)
}

// Count returns how many of app's files meet a query, as far as that can be told
// in the time of a List. Order, limit and cursor do not matter.
func (d *Desk) Count(ctx context.Context, who account.Actor, app string, q Query) (Count, error) {
	if err := errors.Join(who.Check(account.ViewFiles, app), q.Check()); err != nil {
		return Count{}, fmt.Errorf("count files: %w", err)
	}
	return d.files.CountFiles(ctx, app, q)
}

// File returns the file called id, also from the trash. The error wraps
// fault.NotFound if app has none.
func (d *Desk) File(ctx context.Context, who account.Actor, app string, id asset.ID) (File, error) {
	if err := who.Check(account.ViewFiles, app); err != nil {
		return File{}, fmt.Errorf("show file: %w", err)
	}
	return d.files.File(ctx, app, id)
}

// Trash deletes files so that Restore can bring them back for a while: to
// everybody else they are deleted at once. If nothing is kept, it is Erase.
//
// It takes up to MaxBulk IDs in one transaction and returns an error for each,
// nil where it is done; that of a file that app does not have wraps
// fault.NotFound.
func (d *Desk) Trash(ctx context.Context, who account.Actor, app string, ids []asset.ID) ([]error, error) {
	if d.config.Keep == 0 {
		return d.Erase(ctx, who, app, ids)
	}
	if err := allowed(who, app, ids); err != nil {
		return nil, fmt.Errorf("trash files: %w", err)
	}
	each, err := d.files.TrashAssets(context.WithoutCancel(ctx), app, ids, who.Entry("file.trash", app, "", nil))
	return d.gone(ids, each, err)
}

// Restore brings files back from the trash as they were, but permanent. It
// answers like Trash; the error of a file that is not in the trash, or has been
// there too long, wraps fault.NotFound.
func (d *Desk) Restore(ctx context.Context, who account.Actor, app string, ids []asset.ID) ([]error, error) {
	if err := allowed(who, app, ids); err != nil {
		return nil, fmt.Errorf("restore files: %w", err)
	}
	since := d.config.Now().Add(-d.config.Keep)
	return d.files.RestoreAssets(context.WithoutCancel(ctx), app, ids, since, who.Entry("file.restore", app, "", nil))
}

// Erase deletes files for good, those in the trash as well. It answers like
// Trash.
func (d *Desk) Erase(ctx context.Context, who account.Actor, app string, ids []asset.ID) ([]error, error) {
	if err := allowed(who, app, ids); err != nil {
		return nil, fmt.Errorf("erase files: %w", err)
	}
	each, err := d.files.EraseAssets(context.WithoutCancel(ctx), app, ids, who.Entry("file.erase", app, "", nil))
	return d.gone(ids, each, err)
}

func (d *Desk) gone(ids []asset.ID, each []error, err error) ([]error, error) {
	for i := range each {
		if each[i] == nil {
			d.config.Removed(ids[i])
		}
	}
	return each, err
}

func allowed(who account.Actor, app string, ids []asset.ID) error {
	if err := who.Check(account.ChangeFiles, app); err != nil {
		return err
	}
	if len(ids) > MaxBulk {
		return fmt.Errorf("%d files at once are more than %d: %w", len(ids), MaxBulk, fault.TooLarge)
	}
	return nil
}
