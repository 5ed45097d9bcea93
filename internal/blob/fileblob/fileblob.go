// Package fileblob keeps blobs in a folder of a local Linux file system. A blob
// is durable before Commit returns: its bytes are synced, then it gets its
// name, then the folder is synced. Small blobs that are committed at the same
// moment share a file, a pack, and all that are share the folder's sync.
//
// Several processes may use one folder at once.
package fileblob

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/stowgate/stowgate/internal/blob"
	"github.com/stowgate/stowgate/internal/blob/fileblob/group"
	"github.com/stowgate/stowgate/internal/blob/fileblob/layout"
	"github.com/stowgate/stowgate/internal/fault"
)

const (
	tmpFolder = "tmp"

	// bufferSize is the size of the largest blob that goes into a pack.
	bufferSize = 256 << 10

	// maxBuffers is how many writers hold a buffer at once. One that stalls
	// keeps its buffer; a writer that finds none free writes to its own file.
	maxBuffers = 64

	// spaceAge is how long what the volume said about its room is believed.
	spaceAge = 100 * time.Millisecond

	reserveBytes   = 1 << 30 // kept free on a large volume
	reserveFiles   = 10_000  // inodes kept free on a large volume
	reserveDivisor = 20      // of a small volume, the part of it that is kept free
)

// Config adjusts a Store. The zero Config is ready to use.
type Config struct {
	// Reserve is how many bytes of the volume are left free for the rest of
	// the system. 0 means 1 GiB or a twentieth of the volume, whichever is
	// less; negative means none.
	Reserve int64
}

// A Store is a blob.Store and blob.Health in a folder.
type Store struct {
	sys       system
	config    Config
	root, tmp *os.File
	buffers   chan []byte // nil stands for one that was not needed so far
	packs     group.Group[*record]
	opened    *shelf
	broken    atomic.Pointer[error] // the first sync that failed

	folders sync.Mutex // guards current and what is in it
	current *folder

	room      sync.Mutex // guards what follows
	roomErr   error      // why the volume takes no more
	roomCheck time.Time
}

// Open returns the store in the folder at path, which is made if it is not
// there. It removes temporary files that a crash left behind.
func Open(path string, config Config) (*Store, error) {
	return open(path, config, newSystem())
}

func open(path string, config Config, sys system) (_ *Store, err error) {
	s := &Store{sys: sys, config: config, buffers: make(chan []byte, maxBuffers), opened: newShelf()}
	for range maxBuffers {
		s.buffers <- nil
	}
	s.packs = group.Group[*record]{Act: s.writePack, Take: packful}
	defer func() {
		if err != nil {
			s.Close()
			err = fmt.Errorf("open blob folder %s: %w", path, err)
		}
	}()
	if s.root, err = openRoot(path, sys); err != nil {
		return nil, err
	}
	if err := sys.mkdir(s.root, tmpFolder); err != nil && !errors.Is(err, unix.EEXIST) {
		return nil, err
	}
	if s.tmp, err = openAt(s.root, tmpFolder, unix.O_RDONLY|unix.O_DIRECTORY); err != nil {
		return nil, err
	}
	if err := cleanTemp(s.tmp); err != nil {
		return nil, err
	}
	if !s.unnamedWork() {
		s.sys.openTemp = openNamed
	}
	return s, nil
}

// openRoot makes the folder at path durable, with the folders above it that
// are missing, and opens it.
func openRoot(path string, sys system) (*os.File, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		parent, err := openRoot(filepath.Dir(path), sys)
		if err != nil {
			return nil, err
		}
		defer parent.Close()
		if err := sys.mkdir(parent, filepath.Base(path)); err != nil && !errors.Is(err, unix.EEXIST) {
			return nil, err
		}
	}
	// Also when it was there: who made it may have died before this. A parent
	// that may not be read was not made by this program.
	if parent, err := os.Open(filepath.Dir(path)); err == nil {
		defer parent.Close()
		if err := sys.syncFolder(parent); err != nil {
			return nil, err
		}
	}
	return os.Open(path)
}

// unnamedWork reports whether a file can be written before it has a name. Some
// file systems lack that, and it needs /proc.
func (s *Store) unnamedWork() bool {
	f, err := s.sys.openTemp(s.tmp)
	if err != nil {
		return full(err)
	}
	defer f.Close()
	name := layout.NewName()
	if err := s.sys.link(f, s.tmp, s.tmp, name); err != nil {
		return full(err)
	}
	unix.Unlinkat(int(s.tmp.Fd()), name, 0) // cleanTemp of another process may have been faster
	return true
}

// Close releases the store. Its writers must be closed before; a reader that is
// still open keeps its file until it is closed.
func (s *Store) Close() error {
	if s.current != nil {
		s.current.dir.Close()
	}
	s.opened.close()
	s.tmp.Close()
	return s.root.Close()
}

// Create implements blob.Store.
func (s *Store) Create(ctx context.Context) (blob.Writer, error) {
	err := ctx.Err()
	if err == nil {
		err = s.Health()
	}
	if err != nil {
		return nil, fmt.Errorf("create blob: %w", err)
	}
	return &writer{store: s}, nil
}

// Health implements blob.Health. A full volume heals when room returns; after
// a failed sync nobody knows what the disk holds, and the store takes no
// writes until it is opened anew.
func (s *Store) Health() error {
	if err := s.intact(); err != nil {
		return err
	}
	s.room.Lock()
	defer s.room.Unlock()
	if now := time.Now(); now.Sub(s.roomCheck) > spaceAge {
		s.roomErr, s.roomCheck = s.checkRoom(), now
	}
	return s.roomErr
}

func (s *Store) checkRoom() error {
	v, err := s.sys.free(s.root)
	if err != nil {
		return fmt.Errorf("%w: measure free space: %w", fault.Unavailable, err)
	}
	reserve := s.config.Reserve
	if reserve == 0 {
		reserve = min(reserveBytes, v.size/reserveDivisor)
	}
	if v.free < reserve {
		return fmt.Errorf("%w: %d bytes free on the volume, %d are kept", fault.Unavailable, v.free, reserve)
	}
	if keep := min(reserveFiles, v.files/reserveDivisor); v.freeFiles < keep {
		return fmt.Errorf("%w: %d inodes free on the volume, %d are kept", fault.Unavailable, v.freeFiles, keep)
	}
	return nil
}

// intact returns an error once a sync has failed.
func (s *Store) intact() error {
	if err := s.broken.Load(); err != nil {
		return fmt.Errorf("%w: a sync failed before: %w", fault.Unavailable, *err)
	}
	return nil
}

// fail remembers that a sync failed, and returns err as what Commit answers.
func (s *Store) fail(err error) error {
	s.broken.CompareAndSwap(nil, &err)
	return fmt.Errorf("%w: %w", fault.Unavailable, err)
}

// syncFile makes the bytes of f durable. That there was no room for them is
// known to concern no other file.
func (s *Store) syncFile(f *os.File) error {
	err := s.sys.syncFile(f)
	switch {
	case err == nil:
		return nil
	case full(err):
		return fmt.Errorf("%w: sync blob: %w", fault.Unavailable, err)
	}
	return s.fail(fmt.Errorf("sync blob: %w", err))
}

// syncFolder makes the names in dir durable.
func (s *Store) syncFolder(dir *os.File) error {
	if err := s.sys.syncFolder(dir); err != nil {
		return s.fail(fmt.Errorf("sync folder: %w", err))
	}
	return nil
}
