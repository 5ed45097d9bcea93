package fileblob

import (
	"encoding/binary"
	"os"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/stowgate/stowgate/internal/blob"
	"github.com/stowgate/stowgate/internal/blob/fileblob/layout"
)

// maxKept is how many packs stay open for the next read of the same record.
const maxKept = 256

// An opened is a file of blobs that is open, and what was found out about it.
type opened struct {
	file  *os.File
	entry layout.Entry // where in it the blob is
	state state
	stamp string // of state, for readers
	users int    // readers, and one for being kept; guarded by shelf.mu
}

// A state is what changes whenever a file does: inode, size, modified, changed.
type state [6]int64

func stateOf(f *os.File) (state, error) {
	var st unix.Stat_t
	if err := retry(func() error { return unix.Fstat(int(f.Fd()), &st) }); err != nil {
		return state{}, &os.PathError{Op: "stat", Path: f.Name(), Err: err}
	}
	return state{int64(st.Ino), st.Size, st.Mtim.Sec, st.Mtim.Nsec, st.Ctim.Sec, st.Ctim.Nsec}, nil
}

func (s state) stamp() string {
	b := make([]byte, 0, 8*len(s))
	for _, n := range s {
		b = binary.LittleEndian.AppendUint64(b, uint64(n))
	}
	return string(b)
}

// A shelf keeps packs open between reads. One is read again only while its
// state stays, so that what any process removed is not found.
type shelf struct {
	mu   sync.Mutex
	kept map[blob.Key]*opened
}

// take returns the open pack of key if it is there and has not changed.
func (s *shelf) take(key blob.Key) *opened {
	s.mu.Lock()
	o := s.kept[key]
	if o != nil {
		o.users++
	}
	s.mu.Unlock()
	if o == nil {
		return nil
	}
	if now, err := stateOf(o.file); err == nil && now == o.state {
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
	if s.kept[key] != nil {
		return
	}
	for other := range s.kept {
		if len(s.kept) < maxKept {
			break
		}
		s.forget(other)
	}
	if s.kept == nil {
		s.kept = make(map[blob.Key]*opened)
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

// clear drops all.
func (s *shelf) clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key := range s.kept {
		s.forget(key)
	}
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
