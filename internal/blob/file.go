package blob

import (
	"context"
	"fmt"
	"hash/crc32"
	"io"
	"slices"

	"github.com/stowgate/stowgate/internal/fault"
)

// A File is the bytes of a Content, open for reading. Every byte it gives out
// was verified first; where a chunk is damaged, none of it is given out and the
// error wraps fault.Damaged. It is not safe for concurrent use.
type File struct {
	ctx      context.Context // of Open: it bounds the file's whole life
	vault    *Vault
	segments []Segment
	starts   []int64 // of each segment in the file
	size     int64
	next     int64 // what is read next
	closed   bool

	// The part of a segment that is open: its chunks from start to end.
	reader     Reader      // nil when there is none
	ranges     RangeReader // reader, if it is one
	segment    int
	start, end int64
	read       int64 // where reader is, if ranges is nil

	// A verified chunk, for readers that give theirs once only.
	buf   []byte // of the vault; nil when there is none
	chunk int64  // its start in segment; -1 when buf holds nothing
}

// Size returns the number of bytes.
func (f *File) Size() int64 { return f.size }

// Seek implements io.Seeker. It reads nothing.
func (f *File) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += f.next
	case io.SeekEnd:
		offset += f.size
	}
	if offset < 0 || whence < io.SeekStart || whence > io.SeekEnd {
		return 0, fmt.Errorf("seek to %d, whence %d: %w", offset, whence, fault.Invalid)
	}
	f.next = offset
	return offset, nil
}

// Read implements io.Reader.
func (f *File) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if f.next >= f.size {
		return 0, io.EOF
	}
	at, n, err := f.ready(f.next, int64(len(p)))
	if err != nil {
		return 0, err
	}
	if f.ranges == nil {
		copy(p, f.buf[at-f.chunk:][:n])
	} else if got, err := f.ranges.ReadAt(p[:n], at-f.start); int64(got) < n {
		return 0, fmt.Errorf("read blob %s: %w", f.segments[f.segment].Key, err)
	}
	f.next += n
	return int(n), nil
}

// WriteTo writes the rest of the file to w.
func (f *File) WriteTo(w io.Writer) (int64, error) {
	return f.WriteRangeTo(w, max(0, f.size-f.next))
}

// WriteRangeTo writes the next n bytes to w and returns how many it wrote. The
// error is io.EOF if the file ends before. Where w can take the bytes from a
// file without copying (an http.ResponseWriter, a socket), it does.
func (f *File) WriteRangeTo(w io.Writer, n int64) (int64, error) {
	var written int64
	for written < n {
		if f.next >= f.size {
			return written, io.EOF
		}
		at, ready, err := f.ready(f.next, n-written)
		if err != nil {
			return written, err
		}
		var sent int64
		if f.ranges != nil {
			sent, err = f.ranges.WriteRangeTo(w, at-f.start, ready)
		} else {
			var k int
			k, err = w.Write(f.buf[at-f.chunk:][:ready])
			sent = int64(k)
		}
		written += sent
		f.next += sent
		if err != nil {
			return written, fmt.Errorf("send blob %s: %w", f.segments[f.segment].Key, err)
		}
	}
	return written, nil
}

// Verify verifies the chunks that hold the n bytes from offset, as far as the
// file goes, without moving what is read next. Called for the first bytes of
// an answer, it tells damaged and missing blobs apart from good ones while the
// answer can still be an error.
func (f *File) Verify(offset, n int64) error {
	if offset < 0 {
		return fmt.Errorf("verify from %d: %w", offset, fault.Invalid)
	}
	for end := offset + min(n, f.size-offset); offset < end; {
		_, ready, err := f.ready(offset, end-offset)
		if err != nil {
			return err
		}
		offset += ready
	}
	return nil
}

// Close releases what the file holds. It is safe to call more than once.
func (f *File) Close() error {
	f.closeReader()
	if f.buf != nil {
		f.vault.buffers <- f.buf
		f.buf = nil
	}
	f.closed = true
	return nil
}

// ready opens and verifies what is at offset of the file. It returns where that
// is in the current segment, and how many bytes from there, 1 to n, may be
// given out: from f.ranges, or if that is nil, from f.buf.
func (f *File) ready(offset, n int64) (at, ready int64, err error) {
	if f.closed {
		return 0, 0, fmt.Errorf("read content: the file is closed: %w", fault.Invalid)
	}
	if err := f.ctx.Err(); err != nil {
		return 0, 0, fmt.Errorf("read content: %w", err)
	}
	i, found := slices.BinarySearch(f.starts, offset)
	if !found {
		i--
	}
	s := f.segments[i]
	at = offset - f.starts[i]
	chunk := at / ChunkSize
	if err := f.reach(i, chunk, min(at+n, s.Size)); err != nil {
		return 0, 0, fmt.Errorf("open blob %s: %w", s.Key, err)
	}
	good := int64(1)
	if f.ranges != nil {
		good, err = f.trustRun(s, chunk)
	} else {
		err = f.load(s, chunk)
	}
	if err != nil {
		return 0, 0, fmt.Errorf("read blob %s: %w", s.Key, err)
	}
	end := min((chunk+good)*ChunkSize, f.end)
	return at, min(n, end-at), nil
}

// reach makes the reader one that has the chunk, and more up to the byte
// before to unless it has it already.
func (f *File) reach(segment int, chunk, to int64) error {
	size := f.segments[segment].Size
	start := chunk * ChunkSize
	end := min(size, chunks(to)*ChunkSize)
	if f.reader != nil && f.segment == segment {
		switch {
		case f.ranges != nil && f.start <= start && start < f.end,
			f.ranges == nil && (f.chunk == start || f.read == start && start < f.end):
			return nil
		case start == f.end:
			end = size // who reads on is expected to go on
		}
	}
	f.closeReader()
	r, err := f.vault.store.Open(f.ctx, f.segments[segment].Key, start, end-start)
	if err != nil {
		return err
	}
	f.reader, f.segment, f.start, f.end, f.read = r, segment, start, end, start
	f.ranges, _ = r.(RangeReader)
	return nil
}

// trustRun returns how many chunks from the given one may be handed out, and
// verifies that one first unless it is trusted.
func (f *File) trustRun(s Segment, chunk int64) (int64, error) {
	// The stamp is taken first: an edit while the chunk is read changes it.
	stamp := f.ranges.Stamp()
	if n := f.vault.trust.run(s.Key, stamp, chunk); n > 0 {
		return n, nil
	}
	at := chunk * ChunkSize
	size := min(ChunkSize, s.Size-at)
	err := f.vault.sum(io.NewSectionReader(f.ranges, at-f.start, size), int(chunk), s.Sums[chunk])
	if err != nil {
		return 0, err
	}
	f.vault.trust.add(s.Key, stamp, chunk, chunks(s.Size))
	return 1, nil
}

// load reads a chunk into the buffer and verifies it, unless it is there.
func (f *File) load(s Segment, chunk int64) error {
	at := chunk * ChunkSize
	if f.chunk == at {
		return nil
	}
	if f.buf == nil {
		select {
		case f.buf = <-f.vault.buffers:
		case <-f.ctx.Done():
			return f.ctx.Err()
		}
		if f.buf == nil {
			f.buf = make([]byte, ChunkSize)
		}
	}
	f.chunk = -1
	data := f.buf[:min(ChunkSize, s.Size-at)]
	switch _, err := io.ReadFull(f.reader, data); err {
	case nil:
	case io.EOF, io.ErrUnexpectedEOF:
		return fmt.Errorf("chunk %d ends early: %w", chunk, fault.Damaged)
	default:
		return err
	}
	f.read = at + int64(len(data))
	if sum := crc32.Checksum(data, castagnoli); sum != s.Sums[chunk] {
		return fmt.Errorf("chunk %d has CRC-32C %08x, want %08x: %w", chunk, sum, s.Sums[chunk], fault.Damaged)
	}
	f.chunk = at
	return nil
}

func (f *File) closeReader() {
	if f.reader != nil {
		f.reader.Close() // it was read only
		f.reader, f.ranges = nil, nil
	}
	f.chunk = -1
}
