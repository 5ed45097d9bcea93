package library

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/policy"
)

// shelf is where a Service's files are recorded beyond what a Desk needs.
type shelf interface {
	files
	Lookup(ctx context.Context, name uuid.UUID) (id asset.ID, app string, err error)
	Totals(ctx context.Context, app string) (Totals, error)
	KeepAssets(ctx context.Context, app string, ids []asset.ID, entry account.Entry) ([]error, error)
}

// Managed is what a Service needs to look after all files of an app.
type Managed struct {
	Files   shelf
	Groups  groups
	Keep    time.Duration  // how long files stay in the trash; 0 means not at all
	Removed func(asset.ID) // told of each file that can be read no more; may be nil
}

// NewManaged returns a Service as New does, on which every method can be called.
func NewManaged(records records, m Managed, now func() time.Time) *Service {
	s := New(records, now)
	if m.Removed == nil {
		m.Removed = func(asset.ID) {}
	}
	s.managed = m
	return s
}

// Lookup returns the ID of the file with that second name, and the key of the
// app that owns it; also of one in the trash. The error wraps fault.NotFound if
// there is none. It tells nothing to the caller that the file's existence does
// not.
func (s *Service) Lookup(ctx context.Context, name uuid.UUID) (id asset.ID, app string, err error) {
	return s.managed.Files.Lookup(ctx, name)
}

// File returns the file called id, also from the trash. The error wraps
// fault.NotFound if g's app has none, and fault.Denied if g may not manage.
func (s *Service) File(ctx context.Context, g policy.Grant, id asset.ID) (File, error) {
	if err := s.manages(g, id); err != nil {
		return File{}, fmt.Errorf("show file: %w", err)
	}
	return s.managed.Files.File(ctx, g.App, id)
}

// Files returns a page of the files of g's app, up to MaxList, which is full
// whenever there are enough. Its Next only tells that there are more. The error
// wraps fault.Denied if g may not manage, and fault.Invalid if the query makes
// no sense.
func (s *Service) Files(ctx context.Context, g policy.Grant, q Query) (Page, error) {
	q.Whole = true
	if err := errors.Join(s.manages(g, ""), q.check(MaxList)); err != nil {
		return Page{}, fmt.Errorf("list files: %w", err)
	}
	return s.managed.Files.ListFiles(ctx, g.App, q)
}

// Totals returns how many files g's app has. The error wraps fault.Denied if g
// may not manage.
func (s *Service) Totals(ctx context.Context, g policy.Grant) (Totals, error) {
	if err := s.manages(g, ""); err != nil {
		return Totals{}, fmt.Errorf("count files: %w", err)
	}
	return s.managed.Files.Totals(ctx, g.App)
}

// Keep makes temporary files permanent; one that is already stays so, since
// when it was.
//
// It takes up to MaxBulk IDs in one transaction and returns an error for each,
// nil where it is done; that of a file that g's app does not have, or that is in
// the trash, wraps fault.NotFound. The error for all wraps fault.Denied if g may
// not manage, and fault.TooLarge if they are more.
func (s *Service) Keep(ctx context.Context, g policy.Grant, ids []asset.ID) ([]error, error) {
	if err := s.managesAll(g, ids); err != nil {
		return nil, fmt.Errorf("keep files: %w", err)
	}
	return s.managed.Files.KeepAssets(context.WithoutCancel(ctx), g.App, ids, entry(g, "file.keep", nil))
}

// Trash deletes files, which only File and Files find for a while then; or for
// good, if nothing is kept. It answers like Keep.
func (s *Service) Trash(ctx context.Context, g policy.Grant, ids []asset.ID) ([]error, error) {
	if err := s.managesAll(g, ids); err != nil {
		return nil, fmt.Errorf("trash files: %w", err)
	}
	remove, action := s.managed.Files.TrashAssets, "file.trash"
	if s.managed.Keep == 0 {
		remove, action = s.managed.Files.EraseAssets, "file.erase"
	}
	each, err := remove(context.WithoutCancel(ctx), g.App, ids, entry(g, action, nil))
	for i := range each {
		if each[i] == nil {
			s.managed.Removed(ids[i])
		}
	}
	return each, err
}

// Label changes what a file is called, tagged and labelled with, in one
// transaction, and returns it as it was before and as it is then. What is no
// change leaves no trace. The errors are those of Desk.Label, and wrap
// fault.Denied if g may not manage.
func (s *Service) Label(ctx context.Context, g policy.Grant, id asset.ID, c Change) (before, after asset.Asset, err error) {
	c, err = c.checked()
	if err := errors.Join(s.manages(g, id), err); err != nil {
		return before, after, fmt.Errorf("label file: %w", err)
	}
	after, err = s.managed.Files.LabelAsset(context.WithoutCancel(ctx), g.App, id, func(a *asset.Asset) error {
		before = *a
		return c.apply(a)
	}, entry(g, "file.label", c.detail()))
	return before, after, err
}

// manages returns nil if g may look after all files of its app.
func (s *Service) manages(g policy.Grant, id asset.ID) error {
	return g.Check(policy.Request{Action: policy.Manage, Asset: id, Size: -1}, s.now())
}

func (s *Service) managesAll(g policy.Grant, ids []asset.ID) error {
	if len(ids) > MaxBulk {
		return fmt.Errorf("%d files at once are more than %d: %w", len(ids), MaxBulk, fault.TooLarge)
	}
	return s.manages(g, "")
}

// entry returns what the audit log says of what is done by g: who it was, or
// that it was one who has a secret of the app.
func entry(g policy.Grant, action string, detail map[string]string) account.Entry {
	by := g.Use.By
	if by == (policy.Person{}) {
		by = policy.Person{ID: "secret:" + g.Signer, Name: "secret of the app"}
	}
	return account.Entry{Actor: by.ID, Name: by.Name, Address: by.Address, Action: action, App: g.App, Detail: detail}
}
