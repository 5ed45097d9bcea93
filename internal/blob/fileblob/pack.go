package fileblob

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/stowgate/stowgate/internal/blob"
	"github.com/stowgate/stowgate/internal/fault"
)

// A pack is a file of blobs that were committed at the same moment. It begins
// with a header block:
//
//	 0  magic
//	 8  time of the commit, in nanoseconds since 1970
//	16  number of records
//	20  CRC-32C of the 20 bytes before
//	32  an entry for each record:
//	     0  offset in the file
//	     4  length in bytes
//	     8  CRC-32C of the 8 bytes before
//	    12  state; the one byte of a pack that is ever changed
//
// Numbers are little-endian. Records begin at multiples of packAlign, so that
// the blocks of each can be given back by themselves.
const (
	packMagic   = "SGPACK1\n"
	packAlign   = 4096
	headerSize  = 32
	entrySize   = 16
	entryState  = 12
	maxRecords  = 64
	maxPackData = 4 << 20 // bytes of a pack's records, unless there is just one
)

// The states of an entry. They differ in more than one bit.
const (
	stateNone    = 0x00 // there is no such record
	stateLive    = 0x69
	stateRemoved = 0x96 // not to be read, but its blocks are still held
	stateGone    = 0xff // its blocks were given back
	stateUnknown = 0x0f // the entry is damaged; never on disk
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// A record is a blob on its way into a pack.
type record struct {
	data []byte
	key  blob.Key // once it is committed
}

// An entry says where in its pack a record is.
type entry struct {
	offset, size int64
	state        byte
}

func (e entry) put(b []byte) {
	binary.LittleEndian.PutUint32(b, uint32(e.offset))
	binary.LittleEndian.PutUint32(b[4:], uint32(e.size))
	binary.LittleEndian.PutUint32(b[8:], crc32.Checksum(b[:8], castagnoli))
	b[entryState] = e.state
}

func parseEntry(b []byte) entry {
	e := entry{
		offset: int64(binary.LittleEndian.Uint32(b)),
		size:   int64(binary.LittleEndian.Uint32(b[4:])),
		state:  b[entryState],
	}
	sound := crc32.Checksum(b[:8], castagnoli) == binary.LittleEndian.Uint32(b[8:])
	switch e.state {
	case stateGone, stateNone:
		return e
	case stateLive, stateRemoved:
		if sound {
			return e
		}
	}
	return entry{state: stateUnknown}
}

func entryOffset(index int) int64 { return headerSize + entrySize*int64(index) }

func aligned(n int64) int64 { return (n + packAlign - 1) / packAlign * packAlign }

// packful says how many of the waiting records the next pack takes.
func packful(waiting []*record) int {
	size := 0
	for i, r := range waiting {
		if size += len(r.data); i == maxRecords || i > 0 && size > maxPackData {
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

	header := make([]byte, packAlign)
	copy(header, packMagic)
	binary.LittleEndian.PutUint64(header[8:], uint64(time.Now().UnixNano()))
	binary.LittleEndian.PutUint32(header[16:], uint32(len(records)))
	binary.LittleEndian.PutUint32(header[20:], crc32.Checksum(header[:20], castagnoli))
	offset := int64(packAlign)
	for i, r := range records {
		size := int64(len(r.data))
		entry{offset, size, stateLive}.put(header[entryOffset(i):])
		if err := s.sys.write(f, r.data, offset); err != nil {
			return fmt.Errorf("%w: write pack: %w", fault.Unavailable, err)
		}
		offset = aligned(offset + size)
	}
	if err := s.sys.write(f, header, 0); err != nil {
		return fmt.Errorf("%w: write pack: %w", fault.Unavailable, err)
	}
	if err := s.syncFile(f); err != nil {
		return err
	}
	path, err := s.place(f, packSuffix)
	if err != nil {
		return err
	}
	for i, r := range records {
		r.key = recordKey(path, i)
	}
	return nil
}

// readPack reads the header of a pack. The error wraps fault.Damaged if it is
// not one.
func readPack(f *os.File) (time.Time, []entry, error) {
	header := make([]byte, packAlign)
	if _, err := f.ReadAt(header, 0); err != nil && !errors.Is(err, io.EOF) {
		return time.Time{}, nil, err
	}
	count := binary.LittleEndian.Uint32(header[16:])
	if string(header[:8]) != packMagic || count > maxRecords ||
		crc32.Checksum(header[:20], castagnoli) != binary.LittleEndian.Uint32(header[20:]) {
		return time.Time{}, nil, fmt.Errorf("header of pack %s: %w", f.Name(), fault.Damaged)
	}
	entries := make([]entry, count)
	for i := range entries {
		entries[i] = parseEntry(header[entryOffset(i):])
	}
	return time.Unix(0, int64(binary.LittleEndian.Uint64(header[8:]))), entries, nil
}

// openRecord returns the entry of a record that may be read until f is closed.
func openRecord(f *os.File, index int) (entry, error) {
	// The lock keeps removeRecord, of any process, from giving the blocks back.
	// It comes before the look at the entry. Only who removes takes the other
	// kind. Where locks are not to be had, blocks are not given back either.
	err := lockBytes(f, unix.F_RDLCK, entryOffset(index), entrySize)
	if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EACCES) {
		return entry{}, fault.NotFound
	}
	e, err := readEntry(f, index)
	switch {
	case err != nil:
		return entry{}, fmt.Errorf("%w: %w", fault.Damaged, err)
	case e.state == stateUnknown:
		return entry{}, fmt.Errorf("entry of record %d: %w", index, fault.Damaged)
	case e.state != stateLive:
		return entry{}, fault.NotFound
	}
	return e, nil
}

func readEntry(f *os.File, index int) (entry, error) {
	var b [entrySize]byte
	if _, err := f.ReadAt(b[:], entryOffset(index)); err != nil {
		return entry{}, err
	}
	return parseEntry(b[:]), nil
}

// removeRecord takes a record out of the pack at path.
func (s *Store) removeRecord(path string, index int) error {
	f, err := openAt(s.root, path, unix.O_RDWR)
	if err != nil {
		return err
	}
	defer f.Close()
	e, err := readEntry(f, index)
	if err != nil {
		return err
	}
	switch e.state {
	case stateLive:
		err = setState(f, index, stateRemoved)
	case stateUnknown: // where its blocks are is lost
		err = setState(f, index, stateGone)
	}
	if err != nil {
		return err
	}
	return s.reclaim(f, path)
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
		if e.state == stateLive || e.state == stateUnknown {
			left++
		}
	}
	if left == 0 {
		return s.removeFile(path)
	}
	for i, e := range entries {
		if e.state != stateRemoved || lockBytes(f, unix.F_WRLCK, entryOffset(i), entrySize) != nil {
			continue
		}
		if err := s.sys.punch(f, e.offset, aligned(e.size)); err != nil {
			if errors.Is(err, unix.EOPNOTSUPP) {
				return nil // they go with the pack
			}
			return err
		}
		if err := setState(f, i, stateGone); err != nil {
			return err
		}
	}
	return nil
}

func setState(f *os.File, index int, state byte) error {
	_, err := f.WriteAt([]byte{state}, entryOffset(index)+entryState)
	return err
}
