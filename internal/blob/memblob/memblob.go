// Package memblob keeps blobs in memory, for tests and trials. Nothing in it
// survives the process, and it is the driver that keeps only the promises of
// package blob.
package memblob

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/stowgate/stowgate/internal/blob"
	"github.com/stowgate/stowgate/internal/fault"
)

// A Store is a blob.Store. The zero Store is empty and ready to use.
type Store struct {
	mu    sync.Mutex
	blobs map[blob.Key]stored
}

type stored struct {
	data     []byte // never changed once stored
	modified time.Time
}

// Create implements blob.Store.
func (s *Store) Create(ctx context.Context) (blob.Writer, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("create blob: %w", err)
	}
	return &writer{ctx: ctx, store: s}, nil
}

// Open implements blob.Store.
func (s *Store) Open(ctx context.Context, key blob.Key, offset, size int64) (blob.Reader, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("open blob %s: %w", key, err)
	}
	if offset < 0 || size < -1 {
		return nil, fmt.Errorf("open blob %s: %d bytes from %d: %w", key, size, offset, fault.Invalid)
	}
	s.mu.Lock()
	b, ok := s.blobs[key]
	s.mu.Unlock()
	if !ok {
		return nil, fmt.Errorf("open blob %s: %w", key, fault.NotFound)
	}
	rest := int64(len(b.data)) - offset
	if size < 0 {
		size = max(rest, 0)
	}
	if size > rest {
		return nil, fmt.Errorf("open blob %s: ends at %d, want %d bytes from %d: %w",
			key, len(b.data), size, offset, fault.Damaged)
	}
	return reader{bytes.NewReader(b.data[offset : offset+size])}, nil
}

// Remove implements blob.Store.
func (s *Store) Remove(ctx context.Context, key blob.Key) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("remove blob %s: %w", key, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.blobs, key)
	return nil
}

// List implements blob.Store.
func (s *Store) List(ctx context.Context) iter.Seq2[blob.Info, error] {
	return func(yield func(blob.Info, error) bool) {
		s.mu.Lock()
		blobs := maps.Clone(s.blobs)
		s.mu.Unlock()
		for key, b := range blobs {
			if err := ctx.Err(); err != nil {
				yield(blob.Info{}, fmt.Errorf("list blobs: %w", err))
				return
			}
			if !yield(blob.Info{Key: key, Size: int64(len(b.data)), Modified: b.modified}, nil) {
				return
			}
		}
	}
}

// Edit replaces the bytes of a blob by change(bytes), as a failing disk would.
// It does nothing if there is no such blob. It is for tests.
func (s *Store) Edit(key blob.Key, change func([]byte) []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if b, ok := s.blobs[key]; ok {
		s.blobs[key] = stored{change(slices.Clone(b.data)), b.modified}
	}
}

func (s *Store) put(key blob.Key, data []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.blobs == nil {
		s.blobs = make(map[blob.Key]stored)
	}
	s.blobs[key] = stored{data, time.Now()}
}

type writer struct {
	ctx   context.Context // of Create: it bounds the writer's whole life
	store *Store
	data  []byte
	done  bool
}

func (w *writer) Write(p []byte) (int, error) {
	if err := w.check(); err != nil {
		return 0, fmt.Errorf("write blob: %w", err)
	}
	w.data = append(w.data, p...)
	return len(p), nil
}

func (w *writer) Commit() (blob.Key, error) {
	if err := w.check(); err != nil {
		return "", fmt.Errorf("commit blob: %w", err)
	}
	w.done = true
	if len(w.data) == 0 {
		return "", fmt.Errorf("commit blob: no bytes: %w", fault.Invalid)
	}
	key := blob.Key(rand.Text())
	w.store.put(key, w.data)
	return key, nil
}

func (w *writer) check() error {
	if w.done {
		return fmt.Errorf("the writer is closed: %w", fault.Invalid)
	}
	return w.ctx.Err()
}

func (w *writer) Close() error {
	w.done, w.data = true, nil
	return nil
}

type reader struct{ io.Reader }

func (reader) Close() error  { return nil }
func (reader) Stamp() string { return "" }
