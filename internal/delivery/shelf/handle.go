package shelf

import (
	"os"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// maxHeld is how many files stay open for the next Peek, if the process may have
// descriptorShare times as many descriptors.
const (
	maxHeld         = 256
	descriptorShare = 8
)

// heldLimit leaves most descriptors to others.
func heldLimit() int {
	var most unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &most); err != nil {
		return 0
	}
	return int(min(maxHeld, most.Cur/descriptorShare))
}

// A handle is an open file that many read, each at offsets of its own. It is
// closed when each of them has closed it.
type handle struct {
	*os.File
	users atomic.Int32
}

func newHandle(f *os.File) *handle {
	h := &handle{File: f}
	h.users.Store(1)
	return h
}

// share returns h for one user more, who closes it.
func (h *handle) share() *handle {
	h.users.Add(1)
	return h
}

func (h *handle) Close() error {
	if h.users.Add(-1) > 0 {
		return nil
	}
	return h.File.Close()
}

// hold keeps h open for the next Peek of e, in place of another if there are
// many.
func (s *Shelf) hold(e *entry, h *handle) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.maxHeld < 1 || s.files[e.key] != e || e.held != nil {
		return
	}
	for other := range s.held {
		if len(s.held) < s.maxHeld {
			break
		}
		s.letGo(other)
	}
	e.held = h.share()
	s.held[e] = true
}

// letGo closes the file of e as soon as nobody reads it.
func (s *Shelf) letGo(e *entry) {
	if e.held != nil {
		e.held.Close() // it was read only
		e.held = nil
		delete(s.held, e)
	}
}
