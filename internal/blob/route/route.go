// Package route makes one blob.Store of several. Which of them a blob is in
// stands at the beginning of its key (blob.Join), so that nothing else has to be
// kept; those of the default are as they would be without the others.
//
// What its drivers can do beyond blob.Store it can do too: readers are theirs.
package route

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/stowgate/stowgate/internal/blob"
	"github.com/stowgate/stowgate/internal/fault"
)

// stores are what one store is made of. The name of the default is empty.
type stores struct {
	names []string // the default first
	parts map[string]blob.Store
	views map[string]blob.Several // which create in the part of that name
}

// New returns a store made of standard, which is the default, and of those in
// named, whose names are as blob.ParseName takes them. It is a blob.Health, and
// a blob.Direct where the one that it creates in is. What it is made of stays
// the caller's to close.
func New(standard blob.Store, named map[string]blob.Store) blob.Several {
	s := &stores{parts: map[string]blob.Store{"": standard}, views: make(map[string]blob.Several)}
	maps.Copy(s.parts, named)
	s.names = slices.Sorted(maps.Keys(s.parts))
	for name, part := range s.parts {
		v := view{s, name}
		s.views[name] = v
		if d, ok := part.(blob.Direct); ok {
			s.views[name] = direct{v, d}
		}
	}
	return s.views[""]
}

// find returns the part that key is in, and the key there.
func (s *stores) find(key blob.Key) (blob.Store, blob.Key, error) {
	name, inner, ok := key.Split()
	part, known := s.parts[name]
	if !ok || !known {
		return nil, "", fmt.Errorf("blob %s is in no storage there is: %w", key, fault.NotFound)
	}
	return part, inner, nil
}

// in says in which part an error happened.
func in(name string, err error) error {
	if err == nil || name == "" {
		return err
	}
	return fmt.Errorf("storage %s: %w", name, err)
}

// A view is all parts, and the name of the one that Create puts blobs into.
type view struct {
	*stores
	name string
}

// In implements blob.Several.
func (v view) In(name string) (blob.Store, error) {
	if other, ok := v.views[name]; ok {
		return other, nil
	}
	return nil, fmt.Errorf("there is no storage %q: %w", name, fault.Unavailable)
}

// Create implements blob.Store.
func (v view) Create(ctx context.Context) (blob.Writer, error) {
	w, err := v.parts[v.name].Create(ctx)
	if err != nil {
		return nil, in(v.name, err)
	}
	return writer{w, v.name}, nil
}

// A writer writes into the part called name.
type writer struct {
	blob.Writer
	name string
}

// Commit implements blob.Writer.
func (w writer) Commit() (blob.Key, error) {
	key, err := w.Writer.Commit()
	if err != nil {
		return "", in(w.name, err)
	}
	return blob.Join(w.name, key), nil
}

// Open implements blob.Store.
func (s *stores) Open(ctx context.Context, key blob.Key, offset, size int64) (blob.Reader, error) {
	part, inner, err := s.find(key)
	if err != nil {
		return nil, err
	}
	r, err := part.Open(ctx, inner, offset, size)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", key, err)
	}
	return r, nil
}

// Remove implements blob.Store.
func (s *stores) Remove(ctx context.Context, key blob.Key) error {
	part, inner, err := s.find(key)
	if err != nil {
		return ctx.Err() // what is in no storage is not there
	}
	if err := part.Remove(ctx, inner); err != nil {
		return fmt.Errorf("remove %s: %w", key, err)
	}
	return nil
}

// List implements blob.Store.
func (s *stores) List(ctx context.Context) iter.Seq2[blob.Info, error] {
	return func(yield func(blob.Info, error) bool) {
		for _, name := range s.names {
			for info, err := range s.parts[name].List(ctx) {
				if err != nil {
					yield(blob.Info{}, in(name, err))
					return
				}
				info.Key = blob.Join(name, info.Key)
				if !yield(info, nil) {
					return
				}
			}
		}
	}
}

// Health implements blob.Health: it says of every part why it takes no blobs.
func (s *stores) Health() error {
	var errs []error
	for _, name := range s.names {
		if h, ok := s.parts[name].(blob.Health); ok {
			errs = append(errs, in(name, h.Health()))
		}
	}
	return errors.Join(errs...)
}

// A direct is a view whose part takes bytes straight from clients.
type direct struct {
	view
	into blob.Direct
}

// Begin implements blob.Direct.
func (d direct) Begin(ctx context.Context) (blob.Key, error) {
	key, err := d.into.Begin(ctx)
	if err != nil {
		return "", in(d.name, err)
	}
	return blob.Join(d.name, key), nil
}

// reserved returns the part that reserved key, and the key there.
func (d direct) reserved(key blob.Key) (blob.Direct, blob.Key, error) {
	part, inner, err := d.find(key)
	if err != nil {
		return nil, "", err
	}
	to, ok := part.(blob.Direct)
	if !ok {
		return nil, "", fmt.Errorf("the storage of blob %s reserves no keys: %w", key, fault.NotFound)
	}
	return to, inner, nil
}

// SignPart implements blob.Direct.
func (d direct) SignPart(ctx context.Context, key blob.Key, number int, size int64, expires time.Time) (url string, header map[string]string, err error) {
	to, inner, err := d.reserved(key)
	if err != nil {
		return "", nil, err
	}
	return to.SignPart(ctx, inner, number, size, expires)
}

// Finish implements blob.Direct.
func (d direct) Finish(ctx context.Context, key blob.Key, parts []blob.DirectPart) error {
	to, inner, err := d.reserved(key)
	if err != nil {
		return err
	}
	return to.Finish(ctx, inner, parts)
}

// Abort implements blob.Direct.
func (d direct) Abort(ctx context.Context, key blob.Key) error {
	to, inner, err := d.reserved(key)
	if err != nil {
		return ctx.Err() // there are no parts of it
	}
	return to.Abort(ctx, inner)
}
