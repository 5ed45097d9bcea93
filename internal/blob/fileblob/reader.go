package fileblob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"

	"github.com/stowgate/stowgate/internal/blob"
	"github.com/stowgate/stowgate/internal/blob/fileblob/layout"
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

func (s *Store) open(ctx context.Context, key blob.Key, offset, size int64) (*reader, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if offset < 0 || size < -1 {
		return nil, fmt.Errorf("%d bytes from %d: %w", size, offset, fault.Invalid)
	}
	o, err := s.acquire(key)
	if err != nil {
		return nil, err
	}
	e := o.entry
	rest := e.Size - offset
	if size == -1 {
		size = max(rest, 0)
	}
	if size > rest {
		s.opened.release(o)
		return nil, fmt.Errorf("%d bytes from %d of %d: %w", size, offset, e.Size, fault.Damaged)
	}
	return &reader{store: s, opened: o, fresh: true, start: e.Offset + offset, size: size}, nil
}

// acquire returns the file that key's blob is in, for one who releases it.
func (s *Store) acquire(key blob.Key) (*opened, error) {
	at, ok := layout.ParseKey(key)
	if !ok {
		return nil, fault.NotFound
	}
	if at.Packed {
		if o := s.opened.take(key); o != nil {
			return o, nil
		}
	}
	f, err := openAt(s.root, at.Path, unix.O_RDONLY)
	if err != nil {
		return nil, readError(err)
	}
	o, err := look(f, at)
	if err != nil {
		f.Close()
		return nil, err
	}
	if at.Packed {
		s.opened.keep(key, o)
	}
	return o, nil
}

// look finds out about a file that was just opened.
func look(f *os.File, at layout.Location) (*opened, error) {
	now, err := stateOf(f) // first: a change while the entry is read changes it
	if err != nil {
		return nil, err
	}
	o := &opened{file: f, at: at, entry: layout.Entry{Size: now.size}, state: now, stamp: now.stamp(), users: 1}
	if at.Packed {
		if o.entry, err = openRecord(f, at.Index); err != nil {
			return nil, err
		}
		if o.entry.Offset+o.entry.Size > now.size {
			return nil, fmt.Errorf("record ends at %d in a file of %d: %w", o.entry.Offset+o.entry.Size, now.size, fault.Damaged)
		}
	}
	return o, nil
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
	store       *Store
	opened      *opened // nil once it is closed
	fresh       bool    // what is known about the file is of now
	start, size int64   // in the file
	next        int64   // what Read returns next, from start
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
	if r.opened == nil {
		return 0, fmt.Errorf("read blob: %w", os.ErrClosed)
	}
	n, err := r.opened.file.ReadAt(p, r.start+offset)
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
	if r.opened == nil {
		return 0, fmt.Errorf("send blob: %w", os.ErrClosed)
	}
	bytes := blob.NewSection(r.opened.file, r.start+offset, n)
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
	switch {
	case r.opened == nil:
		return ""
	case r.fresh:
		r.fresh = false
		return r.opened.stamp
	}
	now, err := stateOf(r.opened.file)
	switch {
	case err != nil:
		return ""
	case now == r.opened.state:
		return r.opened.stamp
	}
	return now.stamp()
}

func (r *reader) Close() error {
	if r.opened != nil {
		r.store.opened.release(r.opened)
		r.opened = nil
	}
	return nil
}
