package fileblob

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/stowgate/stowgate/internal/blob"
	"github.com/stowgate/stowgate/internal/fault"
)

// Open implements blob.Store. The reader is a blob.RangeReader, and its
// WriteTo lets the kernel send the bytes where the writer is a socket.
func (s *Store) Open(ctx context.Context, key blob.Key, offset, size int64) (blob.Reader, error) {
	r, err := s.open(ctx, key, offset, size)
	if err != nil {
		return nil, fmt.Errorf("open blob %s: %w", key, err)
	}
	return r, nil
}

func (s *Store) open(ctx context.Context, key blob.Key, offset, size int64) (_ *reader, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if offset < 0 || size < -1 {
		return nil, fmt.Errorf("%d bytes from %d: %w", size, offset, fault.Invalid)
	}
	at, ok := parseKey(key)
	if !ok {
		return nil, fault.NotFound
	}
	f, err := openAt(s.root, at.path, unix.O_RDONLY)
	if err != nil {
		return nil, readError(err)
	}
	defer func() {
		if err != nil {
			f.Close()
		}
	}()

	var e entry
	if at.packed {
		if e, err = openRecord(f, at.index); err != nil {
			return nil, err
		}
	}
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !at.packed {
		e.size = info.Size()
	}
	rest := e.size - offset
	if size == -1 {
		size = max(rest, 0)
	}
	if size > rest || e.offset+e.size > info.Size() {
		return nil, fmt.Errorf("%d bytes from %d of %d in a file of %d: %w",
			size, offset, e.size, info.Size(), fault.Damaged)
	}
	return &reader{file: f, start: e.offset + offset, size: size}, nil
}

// readError gives the errors of reading a file their kind.
func readError(err error) error {
	switch {
	case errors.Is(err, os.ErrNotExist):
		return fmt.Errorf("%w: %w", fault.NotFound, err)
	case errors.Is(err, unix.EIO):
		return fmt.Errorf("%w: %w", fault.Damaged, err)
	}
	return err
}

// A reader is a run of bytes of a file.
type reader struct {
	file        *os.File
	start, size int64 // in the file
	next        int64 // what Read returns next, from start
}

func (r *reader) Read(p []byte) (int, error) {
	n, err := r.ReadAt(p, r.next)
	r.next += int64(n)
	if n > 0 && err == io.EOF {
		err = nil
	}
	return n, err
}

func (r *reader) ReadAt(p []byte, offset int64) (int, error) {
	if offset < 0 {
		return 0, fmt.Errorf("read from %d: %w", offset, fault.Invalid)
	}
	if offset >= r.size {
		return 0, io.EOF
	}
	short := int64(len(p)) > r.size-offset
	if short {
		p = p[:r.size-offset]
	}
	n, err := r.file.ReadAt(p, r.start+offset)
	switch {
	case err == io.EOF:
		return n, fmt.Errorf("read blob: the file ends early: %w", fault.Damaged)
	case err != nil:
		return n, fmt.Errorf("read blob: %w", readError(err))
	case short:
		return n, io.EOF
	}
	return n, nil
}

func (r *reader) WriteTo(w io.Writer) (int64, error) {
	n, err := r.WriteRangeTo(w, r.next, r.size-r.next)
	r.next += n
	return n, err
}

func (r *reader) WriteRangeTo(w io.Writer, offset, n int64) (int64, error) {
	if offset < 0 || n < 0 || n > r.size-offset {
		return 0, fmt.Errorf("send %d bytes from %d of %d: %w", n, offset, r.size, fault.Invalid)
	}
	if n == 0 {
		return 0, nil
	}
	if _, err := r.file.Seek(r.start+offset, io.SeekStart); err != nil {
		return 0, err
	}
	// A LimitedReader of an *os.File is what package net hands to sendfile.
	bytes := &io.LimitedReader{R: r.file, N: n}
	var sent int64
	var err error
	if to, ok := w.(io.ReaderFrom); ok {
		sent, err = to.ReadFrom(bytes)
	} else {
		sent, err = io.Copy(w, bytes)
	}
	if err == nil && sent < n {
		err = fmt.Errorf("send blob: the file ends early: %w", fault.Damaged)
	}
	return sent, err
}

func (r *reader) Stamp() string {
	info, err := r.file.Stat()
	if err != nil {
		return ""
	}
	st := info.Sys().(*syscall.Stat_t)
	b := make([]byte, 0, 48)
	for _, n := range []int64{int64(st.Ino), st.Size, st.Mtim.Sec, st.Mtim.Nsec, st.Ctim.Sec, st.Ctim.Nsec} {
		b = binary.LittleEndian.AppendUint64(b, uint64(n))
	}
	return string(b)
}

func (r *reader) Close() error { return r.file.Close() }
