package shelf

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/stowgate/stowgate/internal/blob"
	"github.com/stowgate/stowgate/internal/fault"
)

// A Label is what is kept with a file.
type Label struct {
	Owner    string   `json:"owner"`
	Subjects []string `json:"subjects,omitempty"` // what the file is about; see Drop

	Size    int64     `json:"size"`   // bytes; Put finds it out
	SHA256  [32]byte  `json:"sha256"` // of the bytes; Put finds it out
	Made    time.Time `json:"made"`
	Expires time.Time `json:"expires"` // from then on it is not there

	Type     string `json:"type"`
	Detected string `json:"detected"`
	Width    int    `json:"width,omitempty"` // pixels
	Height   int    `json:"height,omitempty"`
	Frames   int    `json:"frames,omitempty"`
}

// expired reports whether the file is not there any more at now.
func (l *Label) expired(now time.Time) bool {
	return !now.Before(l.Expires) || now.Before(l.Made) // the clock was set back
}

// The end of a file, after the bytes and the label in JSON, is a mark, the
// length of the label and its CRC-32C with that of the key; little-endian.
const (
	mark     = "shelf-1\n"
	tailLen  = int64(len(mark) + 8)
	maxLabel = 64 << 10 // bytes
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// seal writes the label of a file behind its bytes. It reads them for that.
func seal(f *os.File, key Key, l Label) (Label, error) {
	info, err := f.Stat()
	if err != nil {
		return l, err
	}
	l.Size = info.Size()
	if l.SHA256, err = digest(f, l.Size); err != nil {
		return l, err
	}
	label, err := json.Marshal(l)
	if err != nil {
		return l, err
	}
	if len(label) > maxLabel {
		return l, fmt.Errorf("label of %d bytes: %w", len(label), fault.TooLarge)
	}
	tail := append(label, mark...)
	tail = binary.LittleEndian.AppendUint32(tail, uint32(len(label)))
	tail = binary.LittleEndian.AppendUint32(tail, sumOf(key, label))
	_, err = f.WriteAt(tail, l.Size)
	return l, err
}

// readLabel returns the label of the file called key. The error wraps
// fault.Damaged if it is not one that seal wrote.
func readLabel(f *os.File, key Key) (Label, error) {
	info, err := f.Stat()
	if err != nil {
		return Label{}, err
	}
	end := make([]byte, tailLen)
	if _, err := f.ReadAt(end, max(0, info.Size()-tailLen)); err != nil && err != io.EOF {
		return Label{}, err
	}
	if string(end[:len(mark)]) != mark {
		return Label{}, fmt.Errorf("file without a label: %w", fault.Damaged)
	}
	size := int64(binary.LittleEndian.Uint32(end[len(mark):]))
	sum := binary.LittleEndian.Uint32(end[len(mark)+4:])
	start := info.Size() - tailLen - size
	if size > maxLabel || start < 0 {
		return Label{}, fmt.Errorf("label of %d bytes: %w", size, fault.Damaged)
	}
	text := make([]byte, size)
	if _, err := f.ReadAt(text, start); err != nil {
		return Label{}, err
	}
	var l Label
	if sumOf(key, text) != sum || json.Unmarshal(text, &l) != nil || l.Size != start {
		return Label{}, fmt.Errorf("label is not as it was written: %w", fault.Damaged)
	}
	return l, nil
}

func sumOf(key Key, label []byte) uint32 {
	return crc32.Update(crc32.Checksum(key[:], castagnoli), castagnoli, label)
}

// verify reads the whole file and returns its label.
func verify(f *os.File, key Key) (Label, error) {
	l, err := readLabel(f, key)
	if err != nil {
		return l, err
	}
	sum, err := digest(f, l.Size)
	if err != nil {
		return l, err
	}
	if sum != l.SHA256 {
		return l, fmt.Errorf("bytes are not as they were written: %w", fault.Damaged)
	}
	return l, nil
}

// digest returns the hash of the first size bytes of f.
func digest(f *os.File, size int64) (sum [32]byte, err error) {
	h := sha256.New()
	n, err := io.Copy(h, io.NewSectionReader(f, 0, size))
	if err == nil && n < size {
		err = fmt.Errorf("file ends after %d of %d bytes: %w", n, size, fault.Damaged)
	}
	return [32]byte(h.Sum(nil)), err
}

// A stamp changes when a file is edited.
type stamp struct {
	inode, links uint64
	size         int64
	mtime, ctime unix.Timespec
}

func stampOf(f *os.File) (stamp, error) {
	var st unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &st); err != nil {
		return stamp{}, fmt.Errorf("look at file: %w", err)
	}
	return stamp{st.Ino, uint64(st.Nlink), st.Size, st.Mtim, st.Ctim}, nil
}

// A File is open for reading. It is not safe for concurrent use.
type File struct {
	Label
	file *handle // nil once it is closed
	next int64
}

// Reopen returns the same file once more, at its beginning. f must be open.
func (f *File) Reopen() *File { return &File{Label: f.Label, file: f.file.share()} }

// Read implements io.Reader.
func (f *File) Read(p []byte) (int, error) {
	switch {
	case f.file == nil:
		return 0, os.ErrClosed
	case f.next >= f.Size:
		return 0, io.EOF
	}
	n, err := f.file.ReadAt(p[:min(int64(len(p)), f.Size-f.next)], f.next)
	f.next += int64(n)
	if err == io.EOF { // the label comes after the bytes
		err = fmt.Errorf("file ends after %d of %d bytes: %w", f.next, f.Size, fault.Damaged)
	}
	return n, err
}

// Seek implements io.Seeker.
func (f *File) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += f.next
	case io.SeekEnd:
		offset += f.Size
	}
	if offset < 0 || whence < io.SeekStart || whence > io.SeekEnd {
		return 0, fmt.Errorf("seek to %d, whence %d: %w", offset, whence, fault.Invalid)
	}
	f.next = offset
	return offset, nil
}

// WriteRangeTo writes the next n bytes to w and returns how many it wrote. The
// error is io.EOF if the file ends before. Where w can take the bytes from a
// file without copying, it does.
func (f *File) WriteRangeTo(w io.Writer, n int64) (int64, error) {
	if f.file == nil {
		return 0, os.ErrClosed
	}
	ready := min(n, max(0, f.Size-f.next))
	sent, err := io.Copy(w, blob.NewSection(f.file.File, f.next, ready))
	f.next += sent
	switch {
	case err != nil:
		return sent, fmt.Errorf("send file: %w", err)
	case sent < ready:
		return sent, fmt.Errorf("file ends after %d of %d bytes: %w", f.next, f.Size, fault.Damaged)
	case sent < n:
		return sent, io.EOF
	}
	return sent, nil
}

// Close releases the file.
func (f *File) Close() error {
	h := f.file
	if f.file = nil; h == nil {
		return os.ErrClosed
	}
	return h.Close()
}
