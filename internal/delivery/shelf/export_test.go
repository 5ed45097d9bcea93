package shelf

import (
	"os"

	"golang.org/x/sys/unix"
)

// Roomy reports whether a disk has room, with a reserve of so many bytes.
func Roomy(disk unix.Statfs_t, reserve int64) bool { return roomy(disk, reserve) }

// Removed returns what Temp does where there are no unnamed files.
func (s *Shelf) Removed() (*os.File, error) { return s.removed() }

// Loaded waits until all files are known.
func (s *Shelf) Loaded() { <-s.loaded }

// Block is what a file's size is rounded up to.
const Block = block

// MaxHeld is how many files stay open at most.
const MaxHeld = maxHeld

// Held returns how many files stay open.
func (s *Shelf) Held() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.held)
}
