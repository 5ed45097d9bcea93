package blob

import (
	"io"
	"os"
)

// A Section is bytes of a file that are to be sent next. A connection that knows
// its methods Next and Skip has the system send them; others read. The file
// stays its owner's, who keeps it open meanwhile.
type Section struct {
	file         *os.File
	offset, left int64
}

// NewSection returns n bytes of f from offset.
func NewSection(f *os.File, offset, n int64) *Section { return &Section{f, offset, n} }

// Next returns where the bytes are that are left.
func (s *Section) Next() (f *os.File, offset, n int64) { return s.file, s.offset, s.left }

// Skip says that n of them are sent.
func (s *Section) Skip(n int64) {
	s.offset += n
	s.left -= n
}

// Read implements io.Reader.
func (s *Section) Read(p []byte) (int, error) {
	if s.left == 0 {
		return 0, io.EOF
	}
	n, err := s.file.ReadAt(p[:min(int64(len(p)), s.left)], s.offset)
	s.Skip(int64(n))
	return n, err
}
