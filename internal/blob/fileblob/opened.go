package fileblob

import (
	"encoding/binary"
	"maps"
	"os"
	"slices"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/stowgate/stowgate/internal/blob"
	"github.com/stowgate/stowgate/internal/blob/fileblob/layout"
)

// maxKept is how many packs stay open for the next read of the same record, if
// the process may have descriptorShare times as many descriptors.
const (
	maxKept         = 256
	descriptorShare = 8
)

// An opened is a file of blobs that is open, and what was found out about it.
type opened struct {
	file  *os.File
	at    layout.Location
	entry layout.Entry // where in it the blob is
	state state
	stamp string // of state, for readers
	users int    // readers, and one for being kept; guarded by shelf.mu
}

// holds reports whether all that was found out about a record still is so. The
// entry is read as well, because the times of a file that was changed twice in
// one tick of the kernel's clock may not tell.
func (o *opened) holds() bool {
	now, err := stateOf(o.file)
	if err != nil || now != o.state {
		return false
	}
	e, err := readEntry(o.file, o.at.Index)
	return err == nil && e == o.entry
}

// A state is what changes whenever a file does.
type state struct {
	inode, links, size int64
	modified, changed  unix.Timespec
}

func stateOf(f *os.File) (state, error) {
	var st unix.Stat_t
	if err := retry(func() error { return unix.Fstat(int(f.Fd()), &st) }); err != nil {
		return state{}, &os.PathError{Op: "stat", Path: f.Name(), Err: err}
	}
	return state{int64(st.Ino), int64(st.Nlink), st.Size, st.Mtim, st.Ctim}, nil
}

func (s state) stamp() string {
	b := make([]byte, 0, 5*8)
	for _, n := range []int64{s.inode, s.links, s.size, s.modified.Nano(), s.changed.Nano()} {
		b = binary.LittleEndian.AppendUint64(b, uint64(n))
	}
	return string(b)
}

// A shelf keeps packs open between reads. One is read again only while what
// was found out about it holds, so that what any process removed is not found.
// Until then it keeps the record's blocks from being given back.
type shelf struct {
	mu    sync.Mutex
	limit int
	kept  map[blob.Key]*opened // nil once the store is closed
}

// newShelf returns a shelf that leaves most descriptors to others.
func newShelf() *shelf {
	limit := maxKept
	var most unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &most); err == nil {
		limit = int(min(maxKept, most.Cur/descriptorShare))
	}
	return &shelf{limit: limit, kept: make(map[blob.Key]*opened)}
}

// take returns the open pack of key if it is there and has not changed.
func (s *shelf) take(key blob.Key) *opened {
	s.mu.Lock()
	o := s.kept[key]
	if o != nil {
		o.users++
	}
	s.mu.Unlock()
	if o == nil || o.holds() {
		return o
	}
	s.drop(key)
	s.release(o)
	return nil
}

// keep keeps o for the next take, in place of another if there are many.
func (s *shelf) keep(key blob.Key, o *opened) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.kept == nil || s.limit < 1 || s.kept[key] != nil {
		return
	}
	for other := range s.kept {
		if len(s.kept) < s.limit {
			break
		}
		s.forget(other)
	}
	o.users++
	s.kept[key] = o
}

// drop closes the pack of key as soon as nobody reads it.
func (s *shelf) drop(key blob.Key) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget(key)
}

// prune drops the packs that changed.
func (s *shelf) prune() {
	s.mu.Lock()
	keys := slices.Collect(maps.Keys(s.kept))
	s.mu.Unlock()
	for _, key := range keys {
		if o := s.take(key); o != nil {
			s.release(o)
		}
	}
}

// close drops all, and keeps none from now on.
func (s *shelf) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key := range s.kept {
		s.forget(key)
	}
	s.kept = nil
}

func (s *shelf) forget(key blob.Key) {
	if o := s.kept[key]; o != nil {
		delete(s.kept, key)
		s.leave(o)
	}
}

// release ends one use of o.
func (s *shelf) release(o *opened) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leave(o)
}

func (s *shelf) leave(o *opened) {
	if o.users--; o.users == 0 {
		o.file.Close() // it was read only
	}
}
