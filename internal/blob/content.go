package blob

import (
	"encoding/binary"
	"fmt"

	"github.com/stowgate/stowgate/internal/fault"
)

// ChunkSize is how many bytes of a segment one checksum covers: what has to be
// read to check a single byte of a range.
const ChunkSize = 1 << 20

// Limits of a Content record.
const (
	maxKeyLen      = 200     // bytes: as Key says, and what Join adds
	maxSegments    = 1 << 20 // 10,000 parts of 100 chunks each
	maxContentSize = 1 << 50 // bytes, far above the largest asset
)

// A Segment is a whole blob as it was written, with a CRC-32C (Castagnoli) of
// each ChunkSize bytes.
type Segment struct {
	Key  Key
	Size int64    // bytes, at least 1
	Sums []uint32 // one for each started ChunkSize bytes
}

// Content is what an asset's bytes are and where: the segments in their order,
// and the SHA-256 of them all. The zero Content is the empty file.
type Content struct {
	Segments []Segment
	SHA256   [32]byte
}

// Size returns the number of bytes.
func (c Content) Size() int64 {
	var n int64
	for _, s := range c.Segments {
		n += s.Size
	}
	return n
}

// contentVersion begins every record, so that its layout may change.
const contentVersion = 1

// MarshalBinary returns a compact record of c. The error wraps fault.Invalid
// or fault.TooLarge if UnmarshalBinary would not take the record.
//
// The record is the version (1 byte), the SHA-256 (32), the number of segments,
// and for each the length of its key, the key, its size, and its sums
// (4 bytes each, little-endian). The other numbers are unsigned varints.
func (c Content) MarshalBinary() ([]byte, error) {
	if err := c.check(); err != nil {
		return nil, fmt.Errorf("write content record: %w", err)
	}
	b := append([]byte{contentVersion}, c.SHA256[:]...)
	b = binary.AppendUvarint(b, uint64(len(c.Segments)))
	for _, s := range c.Segments {
		b = binary.AppendUvarint(b, uint64(len(s.Key)))
		b = append(b, s.Key...)
		b = binary.AppendUvarint(b, uint64(s.Size))
		for _, sum := range s.Sums {
			b = binary.LittleEndian.AppendUint32(b, sum)
		}
	}
	return b, nil
}

// UnmarshalBinary sets c to what MarshalBinary recorded. The error wraps
// fault.Damaged if b is no such record, and c is then unchanged.
func (c *Content) UnmarshalBinary(b []byte) error {
	d := decoder{rest: b}
	if version := d.bytes(1); len(version) == 1 && version[0] != contentVersion {
		return fmt.Errorf("read content record: version %d: %w", version[0], fault.Damaged)
	}
	var read Content
	copy(read.SHA256[:], d.bytes(int64(len(read.SHA256))))
	for count := d.uvarint(maxSegments); count > 0 && !d.bad; count-- {
		s := Segment{Key: Key(d.bytes(d.uvarint(maxKeyLen))), Size: d.uvarint(maxContentSize)}
		sums := d.bytes(4 * chunks(s.Size))
		s.Sums = make([]uint32, len(sums)/4)
		for i := range s.Sums {
			s.Sums[i] = binary.LittleEndian.Uint32(sums[4*i:])
		}
		read.Segments = append(read.Segments, s)
	}
	if d.bad || len(d.rest) > 0 {
		return fmt.Errorf("read content record: %d bytes, %d not understood: %w", len(b), len(d.rest), fault.Damaged)
	}
	if err := read.check(); err != nil {
		return fmt.Errorf("read content record: %w: %w", fault.Damaged, err)
	}
	*c = read
	return nil
}

// check returns why c cannot be the content of anything.
func (c Content) check() error {
	if len(c.Segments) > maxSegments {
		return fmt.Errorf("%d segments: %w", len(c.Segments), fault.TooLarge)
	}
	var size int64
	for i, s := range c.Segments {
		if s.Size < 1 || !validKey(s.Key) || int64(len(s.Sums)) != chunks(s.Size) {
			return fmt.Errorf("segment %d: key %q, %d bytes, %d sums: %w", i, s.Key, s.Size, len(s.Sums), fault.Invalid)
		}
		if s.Size > maxContentSize-size {
			return fmt.Errorf("more than %d bytes: %w", int64(maxContentSize), fault.TooLarge)
		}
		size += s.Size
	}
	return nil
}

func validKey(k Key) bool {
	if k == "" || len(k) > maxKeyLen {
		return false
	}
	for i := range len(k) {
		switch c := k[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case c == '/', c == '.', c == '_', c == '+', c == '-':
		default:
			return false
		}
	}
	return true
}

// chunks returns how many chunks a segment of size bytes has.
func chunks(size int64) int64 { return (size + ChunkSize - 1) / ChunkSize }

// A decoder takes values off the front of rest until one is not there.
type decoder struct {
	rest []byte
	bad  bool
}

func (d *decoder) bytes(n int64) []byte {
	if d.bad || n > int64(len(d.rest)) {
		d.bad = true
		return nil
	}
	b := d.rest[:n]
	d.rest = d.rest[n:]
	return b
}

// uvarint takes a number of at most limit, written in the fewest bytes.
func (d *decoder) uvarint(limit uint64) int64 {
	v, n := binary.Uvarint(d.rest)
	if n <= 0 || v > limit || n > 1 && d.rest[n-1] == 0 {
		d.bad = true
		return 0
	}
	d.rest = d.rest[n:]
	return int64(v)
}
