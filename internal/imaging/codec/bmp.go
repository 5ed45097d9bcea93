package codec

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"

	"github.com/stowgate/stowgate/internal/fault"
)

// The ways that the pixels of a BMP are written.
const (
	plain = 0
	rle8  = 1 // runs of bytes
	rle4  = 2 // runs of halves of bytes
	masks = 3 // in 16 or 32 bits, with masks that tell the colours
	alpha = 6 // the same with a mask for opacity
)

// A bitmap is the header of a BMP.
// Source: https://learn.microsoft.com/windows/win32/gdi/bitmap-storage
type bitmap struct {
	width, height int
	topDown       bool
	bits          int // of a pixel
	compression   int
	start         int // where the pixels begin
	masks         [4]uint32
	palette       [256][3]byte
}

const maxBMPHeader = 14 + 124 + 12 + 4*256 // bytes before the pixels that are looked at

// decodeBMP decodes a file.
func decodeBMP(r *io.SectionReader) (p Pixels, err error) {
	head := make([]byte, maxBMPHeader)
	n, err := r.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return p, err
	}
	if n < 14 {
		return p, io.ErrUnexpectedEOF
	}
	b, err := readHeader(head[14:n], int(binary.LittleEndian.Uint32(head[10:]))-14)
	if err != nil {
		return p, err
	}
	return b.decode(io.NewSectionReader(r, int64(b.start)+14, r.Size()))
}

// readHeader reads what follows the file header. The pixels begin at start or,
// if that is 0, after the palette.
func readHeader(data []byte, start int) (b bitmap, err error) {
	if len(data) < 40 {
		return b, io.ErrUnexpectedEOF
	}
	le := binary.LittleEndian
	size := int(le.Uint32(data))
	b.width, b.height = int(int32(le.Uint32(data[4:]))), int(int32(le.Uint32(data[8:])))
	b.bits, b.compression = int(le.Uint16(data[14:])), int(le.Uint32(data[16:]))
	colors := int(le.Uint32(data[32:]))
	if b.height < 0 {
		b.height, b.topDown = -b.height, true
	}
	switch b.bits {
	case 16:
		b.masks = [4]uint32{0x7c00, 0x3e0, 0x1f}
	case 32:
		b.masks = [4]uint32{0xff0000, 0xff00, 0xff}
	}
	after := size
	if n := map[int]int{masks: 3, alpha: 4}[b.compression]; n > 0 && len(data) >= 40+4*n {
		if size >= 56 && len(data) >= 56 {
			n = 4
		}
		for i := range n {
			b.masks[i] = le.Uint32(data[40+4*i:])
		}
		after = max(size, 40+4*n)
	}
	if colors == 0 && b.bits <= 8 {
		colors = 1 << b.bits
	}
	for i := 0; i < min(colors, 256) && b.bits <= 8 && after+4*i+3 <= len(data); i++ {
		b.palette[i] = [3]byte{data[after+4*i+2], data[after+4*i+1], data[after+4*i]}
	}
	b.start = start
	if start == 0 {
		b.start = after
		if b.bits <= 8 {
			b.start += 4 * min(colors, 256)
		}
	}
	ok := b.width > 0 && b.height > 0 && b.start >= 0 && b.start <= 1<<20 && size >= 40 && size <= 124
	switch {
	case b.compression == plain:
		ok = ok && (b.bits == 1 || b.bits == 2 || b.bits == 4 || b.bits == 8 || b.bits == 16 || b.bits == 24 || b.bits == 32)
	case b.compression == rle8 || b.compression == rle4:
		ok = ok && b.bits == 8/b.compression
	default:
		ok = ok && (b.compression == masks || b.compression == alpha) && (b.bits == 16 || b.bits == 32)
	}
	if start == 0 {
		ok = ok && b.start <= len(data)
	}
	if !ok {
		return b, fmt.Errorf("a bitmap of %d by %d pixels of %d bits, kind %d: %w", b.width, b.height, b.bits, b.compression, fault.Invalid)
	}
	return b, nil
}

// stride returns the bytes of a row.
func (b bitmap) stride() int { return (b.width*b.bits + 31) / 32 * 4 }

// decode reads the pixels.
func (b bitmap) decode(r io.Reader) (p Pixels, err error) {
	p = Pixels{Width: b.width, Height: b.height, Bands: 3}
	if b.masks[3] != 0 {
		p.Bands = 4
	}
	p.Bytes = make([]byte, p.Bands*b.width*b.height)
	buffered := bufio.NewReaderSize(r, 64<<10)
	if b.compression == rle8 || b.compression == rle4 {
		return p, b.runs(buffered, p)
	}
	row := make([]byte, b.stride())
	for y := range b.height {
		if _, err := io.ReadFull(buffered, row); err != nil {
			return p, err
		}
		for x := range b.width {
			b.set(p, x, y, b.value(row, x))
		}
	}
	return p, nil
}

// value returns the bits of a pixel in a row.
func (b bitmap) value(row []byte, x int) uint32 {
	switch b.bits {
	case 16:
		return uint32(binary.LittleEndian.Uint16(row[2*x:]))
	case 24:
		return uint32(row[3*x]) | uint32(row[3*x+1])<<8 | uint32(row[3*x+2])<<16
	case 32:
		return binary.LittleEndian.Uint32(row[4*x:])
	}
	each := 8 / b.bits
	return uint32(row[x/each]) >> (8 - b.bits - x%each*b.bits) & (1<<b.bits - 1)
}

// set sets a pixel in a row as it is stored.
func (b bitmap) set(p Pixels, x, y int, v uint32) {
	if !b.topDown {
		y = b.height - 1 - y
	}
	to := p.Bytes[p.Bands*(y*b.width+x):]
	switch {
	case b.bits <= 8:
		copy(to, b.palette[v&0xff][:])
	case b.bits == 24:
		to[0], to[1], to[2] = byte(v>>16), byte(v>>8), byte(v)
	default:
		for i, mask := range b.masks[:p.Bands] {
			if mask != 0 {
				low := bits.TrailingZeros32(mask)
				to[i] = byte(uint64(v&mask>>low) * 255 / uint64(mask>>low))
			}
		}
	}
}

// runs decodes pixels that are written as runs. Those that are passed over
// have the first colour.
func (b bitmap) runs(r *bufio.Reader, p Pixels) error {
	for y := range b.height {
		for x := range b.width {
			b.set(p, x, y, 0)
		}
	}
	x, y := 0, 0
	put := func(v byte) {
		if x < b.width && y < b.height {
			b.set(p, x, y, uint32(v))
		}
		x++
	}
	pixel := func(v byte, i int) byte {
		if b.compression == rle8 {
			return v
		}
		return v >> (4 - i%2*4) & 15
	}
	for y < b.height {
		n, err1 := r.ReadByte()
		v, err2 := r.ReadByte()
		if err := errors.Join(err1, err2); err != nil {
			return err
		}
		switch {
		case n > 0:
			for i := range int(n) {
				put(pixel(v, i))
			}
		case v == 0: // the end of a row
			x, y = 0, y+1
		case v == 1: // the end
			return nil
		case v == 2: // elsewhere
			dx, err1 := r.ReadByte()
			dy, err2 := r.ReadByte()
			if err := errors.Join(err1, err2); err != nil {
				return err
			}
			x, y = x+int(dx), y+int(dy)
		default: // pixels as they are, in words
			var some [256]byte
			length := int(v) * b.bits / 8
			length += int(v) * b.bits % 8 / 4
			length += length % 2
			if _, err := io.ReadFull(r, some[:length]); err != nil {
				return err
			}
			for i := range int(v) {
				put(pixel(some[i*b.bits/8], i))
			}
		}
	}
	return nil
}
