package layout

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"time"

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
// Numbers are little-endian. Records begin at multiples of Align, so that the
// blocks of each can be given back by themselves.
const (
	packMagic   = "SGPACK1\n"
	entriesFrom = 32
	entryState  = 12
)

// The measures of a pack, in bytes but for the last.
const (
	Align      = 4096
	HeaderSize = Align
	EntrySize  = 16
	MaxRecords = 64
)

// A State says what became of a record.
type State byte

// The states of an entry. They differ in more than one bit.
const (
	None    State = 0x00 // there is no such record
	Live    State = 0x69
	Removed State = 0x96 // not to be read, but its blocks are still held
	Gone    State = 0xff // its blocks were given back
	Unknown State = 0x0f // the entry is damaged; never on disk
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// An Entry says where in its pack a record is.
type Entry struct {
	Offset, Size int64
	State        State
}

// EntryOffset returns where in a pack the entry of a record is.
func EntryOffset(index int) int64 { return entriesFrom + EntrySize*int64(index) }

// StateOffset returns where in a pack the state of a record is, one byte.
func StateOffset(index int) int64 { return EntryOffset(index) + entryState }

// Aligned returns how many bytes of a pack a record of size bytes takes.
func Aligned(size int64) int64 { return (size + Align - 1) / Align * Align }

// NewHeader lays out live records of the given sizes, MaxRecords at most, and
// returns the header of their pack and where each is.
func NewHeader(committed time.Time, sizes []int64) (header []byte, entries []Entry) {
	header = make([]byte, HeaderSize)
	copy(header, packMagic)
	binary.LittleEndian.PutUint64(header[8:], uint64(committed.UnixNano()))
	binary.LittleEndian.PutUint32(header[16:], uint32(len(sizes)))
	binary.LittleEndian.PutUint32(header[20:], crc32.Checksum(header[:20], castagnoli))
	offset := int64(HeaderSize)
	for i, size := range sizes {
		e := Entry{offset, size, Live}
		e.put(header[EntryOffset(i):])
		entries = append(entries, e)
		offset += Aligned(size)
	}
	return header, entries
}

// ParseHeader reads the first HeaderSize bytes of a pack. The error wraps
// fault.Damaged if that is not what they are; a damaged entry is Unknown.
func ParseHeader(header []byte) (committed time.Time, entries []Entry, err error) {
	count := binary.LittleEndian.Uint32(header[16:])
	if string(header[:8]) != packMagic || count > MaxRecords ||
		crc32.Checksum(header[:20], castagnoli) != binary.LittleEndian.Uint32(header[20:]) {
		return time.Time{}, nil, fmt.Errorf("header of pack: %w", fault.Damaged)
	}
	entries = make([]Entry, count)
	for i := range entries {
		entries[i] = ParseEntry(header[EntryOffset(i):])
	}
	return time.Unix(0, int64(binary.LittleEndian.Uint64(header[8:]))), entries, nil
}

func (e Entry) put(b []byte) {
	binary.LittleEndian.PutUint32(b, uint32(e.Offset))
	binary.LittleEndian.PutUint32(b[4:], uint32(e.Size))
	binary.LittleEndian.PutUint32(b[8:], crc32.Checksum(b[:8], castagnoli))
	b[entryState] = byte(e.State)
}

// ParseEntry reads EntrySize bytes.
func ParseEntry(b []byte) Entry {
	e := Entry{
		Offset: int64(binary.LittleEndian.Uint32(b)),
		Size:   int64(binary.LittleEndian.Uint32(b[4:])),
		State:  State(b[entryState]),
	}
	sound := crc32.Checksum(b[:8], castagnoli) == binary.LittleEndian.Uint32(b[8:])
	switch e.State {
	case Gone, None:
		return e
	case Live, Removed:
		if sound {
			return e
		}
	}
	return Entry{State: Unknown}
}
