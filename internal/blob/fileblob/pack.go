package fileblob

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/stowgate/stowgate/internal/blob"
	"github.com/stowgate/stowgate/internal/blob/fileblob/layout"
	"github.com/stowgate/stowgate/internal/fault"
)

// maxPackData is how many bytes of records a pack gets, unless there is just one.
const maxPackData = 4 << 20

// A record is a blob on its way into a pack.
type record struct {
	data []byte
	key  blob.Key // once it is committed
}

// packful says how many of the waiting records the next pack takes.
func packful(waiting []*record) int {
	size := 0
	for i, r := range waiting {
		if size += len(r.data); i == layout.MaxRecords || i > 0 && size > maxPackData {
			return i
		}
	}
	return len(waiting)
}

// writePack makes the records durable in a new pack, and sets their keys.
func (s *Store) writePack(records []*record) error {
	f, err := s.sys.openTemp(s.tmp)
	if err != nil {
		return fmt.Errorf("%w: create pack: %w", fault.Unavailable, err)
	}
	defer s.closeTemp(f)

	sizes := make([]int64, len(records))
	for i, r := range records {
		sizes[i] = int64(len(r.data))
	}
	header, entries := layout.NewHeader(time.Now(), sizes)
	for i, r := range records {
		if err := s.sys.write(f, r.data, entries[i].Offset); err != nil {
			return fmt.Errorf("%w: write pack: %w", fault.Unavailable, err)
		}
	}
	if err := s.sys.write(f, header, 0); err != nil {
		return fmt.Errorf("%w: write pack: %w", fault.Unavailable, err)
	}
	if err := s.syncFile(f); err != nil {
		return err
	}
	path, err := s.place(f, layout.PackSuffix)
	if err != nil {
		return err
	}
	for i, r := range records {
		r.key = layout.RecordKey(path, i)
	}
	return nil
}

// readPack reads the header of a pack. The error wraps fault.Damaged if it is
// not one.
func readPack(f *os.File) (committed time.Time, entries []layout.Entry, err error) {
	header := make([]byte, layout.HeaderSize)
	if _, err := f.ReadAt(header, 0); err != nil && !errors.Is(err, io.EOF) {
		return time.Time{}, nil, err
	}
	if committed, entries, err = layout.ParseHeader(header); err != nil {
		err = fmt.Errorf("%s: %w", f.Name(), err)
	}
	return committed, entries, err
}

// openRecord returns the entry of a record that may be read until f is closed.
func openRecord(f *os.File, index int) (layout.Entry, error) {
	// The lock keeps removeRecord, of any process, from giving the blocks back.
	// It comes before the look at the entry. Only who removes takes the other
	// kind. Where locks are not to be had, blocks are not given back either.
	err := lockBytes(f, unix.F_RDLCK, layout.EntryOffset(index), layout.EntrySize)
	if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EACCES) {
		return layout.Entry{}, fault.NotFound
	}
	e, err := readEntry(f, index)
	switch {
	case err != nil:
		return layout.Entry{}, fmt.Errorf("%w: %w", fault.Damaged, err)
	case e.State == layout.Unknown:
		return layout.Entry{}, fmt.Errorf("entry of record %d: %w", index, fault.Damaged)
	case e.State != layout.Live:
		return layout.Entry{}, fault.NotFound
	}
	return e, nil
}

func readEntry(f *os.File, index int) (layout.Entry, error) {
	var b [layout.EntrySize]byte
	if _, err := f.ReadAt(b[:], layout.EntryOffset(index)); err != nil {
		return layout.Entry{}, err
	}
	return layout.ParseEntry(b[:]), nil
}

// removeRecord takes a record out of its pack.
func (s *Store) removeRecord(key blob.Key, at layout.Location) error {
	f, err := openAt(s.root, at.Path, unix.O_RDWR)
	if err != nil {
		return err
	}
	defer f.Close()
	e, err := readEntry(f, at.Index)
	if err != nil {
		return err
	}
	switch e.State {
	case layout.Live:
		err = setState(f, at.Index, layout.Removed)
	case layout.Unknown: // where its blocks are is lost
		err = setState(f, at.Index, layout.Gone)
	}
	if err != nil {
		return err
	}
	s.opened.drop(key) // now that who looks again does not find it live
	return s.reclaim(f, at.Path)
}

// reclaim gives back the blocks of removed records that nobody reads, or the
// whole pack when no record is left.
func (s *Store) reclaim(f *os.File, path string) error {
	_, entries, err := readPack(f)
	if err != nil {
		return err
	}
	left := 0
	for _, e := range entries {
		if e.State == layout.Live || e.State == layout.Unknown {
			left++
		}
	}
	if left == 0 {
		return s.removeFile(path)
	}
	for i, e := range entries {
		if e.State != layout.Removed || lockBytes(f, unix.F_WRLCK, layout.EntryOffset(i), layout.EntrySize) != nil {
			continue
		}
		if err := s.sys.punch(f, e.Offset, layout.Aligned(e.Size)); err != nil {
			if errors.Is(err, unix.EOPNOTSUPP) {
				return nil // they go with the pack
			}
			return err
		}
		if err := setState(f, i, layout.Gone); err != nil {
			return err
		}
	}
	return nil
}

func setState(f *os.File, index int, state layout.State) error {
	_, err := f.WriteAt([]byte{byte(state)}, layout.StateOffset(index))
	return err
}
