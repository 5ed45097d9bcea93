// Package sweep removes what nobody can reach any more: uploads that were begun
// and abandoned, and the bytes of what was removed, replaced or never recorded.
package sweep

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/stowgate/stowgate/internal/blob"
	"github.com/stowgate/stowgate/internal/upload"
)

// trash is where a Sweeper learns what to throw away.
type trash interface {
	StaleSessions(ctx context.Context, idleBefore, createdBefore time.Time, limit int) ([]string, error)
	RemoveSession(ctx context.Context, id string) error
	Doomed(ctx context.Context, before time.Time, limit int) ([]blob.Key, error)
	Forget(ctx context.Context, keys []blob.Key) error
	Unknown(ctx context.Context, keys []blob.Key) ([]blob.Key, error)
}

// registry is what else a Sweeper looks at.
type registry interface {
	EachKey(ctx context.Context, do func(blob.Key) error) error
	PruneEvents(ctx context.Context, before time.Time) error
	EmptyTrash(ctx context.Context, before time.Time) error
}

type books interface {
	trash
	registry
}

// eventLife is how long events are kept.
const eventLife = 30 * 24 * time.Hour

// Config adjusts a Sweeper. The zero Config is ready to use.
type Config struct {
	Idle     time.Duration // an upload in parts is abandoned after this long without a part; 0 means 24 h
	Lifetime time.Duration // and this long after it began; 0 means 7 days
	Trash    time.Duration // what was put into the trash stays restorable; 0 means not at all
	Grace    time.Duration // bytes of what was removed stay for readers; 0 means 10 minutes
	Now      func() time.Time
}

// A Sweeper sweeps one store.
type Sweeper struct {
	blobs  blob.Store
	trash  books
	config Config
}

// New returns a Sweeper of the bytes in blobs whose books are trash.
func New(blobs blob.Store, trash books, c Config) *Sweeper {
	if c.Idle == 0 {
		c.Idle = 24 * time.Hour
	}
	if c.Lifetime == 0 {
		c.Lifetime = upload.DefaultLifetime
	}
	if c.Grace == 0 {
		c.Grace = 10 * time.Minute
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	s := &Sweeper{blobs, trash, c}
	mutate(s)
	return s
}

// batch is how many rows are taken up at once.
const batch = 500

// Sweep removes abandoned uploads, what has been in the trash long enough, and
// the bytes of what was removed long enough ago. It goes on after an error with
// one of them and returns them all.
func (s *Sweeper) Sweep(ctx context.Context) error {
	now := s.config.Now()
	return errors.Join(
		s.abandoned(ctx, now.Add(-s.config.Idle), now.Add(-s.config.Lifetime)),
		s.trash.EmptyTrash(ctx, now.Add(-s.config.Trash)),
		s.doomed(ctx, now.Add(-s.config.Grace)),
		s.trash.PruneEvents(ctx, now.Add(-eventLife)),
	)
}

func (s *Sweeper) abandoned(ctx context.Context, idle, created time.Time) error {
	for {
		ids, err := s.trash.StaleSessions(ctx, idle, created, batch)
		if err != nil {
			return fmt.Errorf("list abandoned uploads: %w", err)
		}
		for _, id := range ids {
			if err := s.trash.RemoveSession(ctx, id); err != nil {
				return fmt.Errorf("remove abandoned upload: %w", err)
			}
		}
		if len(ids) < batch {
			return nil
		}
	}
}

func (s *Sweeper) doomed(ctx context.Context, before time.Time) error {
	for {
		keys, err := s.trash.Doomed(ctx, before, batch)
		if err != nil {
			return fmt.Errorf("list removed blobs: %w", err)
		}
		for _, key := range keys {
			if err := s.blobs.Remove(ctx, key); err != nil {
				return fmt.Errorf("remove blob %s: %w", key, err)
			}
		}
		if err := s.trash.Forget(ctx, keys); err != nil {
			return fmt.Errorf("forget removed blobs: %w", err)
		}
		if len(keys) < batch {
			return nil
		}
	}
}

// Orphans yields the blobs that were written before a time and that no record
// knows: what a crash between writing and recording leaves. A blob is recorded
// only after it is durable, so before must lie before every upload that runs.
func (s *Sweeper) Orphans(ctx context.Context, before time.Time, yield func(blob.Info) error) error {
	var infos []blob.Info
	flush := func() error {
		keys := make([]blob.Key, len(infos))
		byKey := make(map[blob.Key]blob.Info, len(infos))
		for i, info := range infos {
			keys[i], byKey[info.Key] = info.Key, info
		}
		infos = infos[:0]
		unknown, err := s.trash.Unknown(ctx, keys)
		if err != nil {
			return fmt.Errorf("look up blobs: %w", err)
		}
		for _, key := range unknown {
			if err := yield(byKey[key]); err != nil {
				return err
			}
		}
		return nil
	}
	for info, err := range s.blobs.List(ctx) {
		if err != nil {
			return fmt.Errorf("list blobs: %w", err)
		}
		if info.Modified.Before(before) {
			infos = append(infos, info)
		}
		if len(infos) == batch {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

// errSome ends a walk that has found what it was for.
var errSome = errors.New("found")

// SweepOrphans removes the blobs that Orphans yields and returns how many. It
// removes nothing when no record knows any blob: then the records are more
// likely those of another store, or lost, than the blobs all orphans.
func (s *Sweeper) SweepOrphans(ctx context.Context, before time.Time) (n int, err error) {
	err = s.trash.EachKey(ctx, func(blob.Key) error { return errSome })
	if !errors.Is(err, errSome) {
		return 0, err
	}
	err = s.Orphans(ctx, before, func(info blob.Info) error {
		slog.InfoContext(ctx, "orphan removed", "key", info.Key, "size", info.Size)
		n++
		return s.blobs.Remove(ctx, info.Key)
	})
	return n, err
}
