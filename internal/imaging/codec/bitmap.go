// Package codec knows of file formats what the image library does not: BMP and
// ICO, what may be in a drawing, and what the headers of others tell.
package codec

import (
	"encoding/binary"
	"fmt"
	"io"

	"github.com/stowgate/stowgate/internal/fault"
)

// Pixels are an image in memory: rows from top to bottom, a byte for each band.
type Pixels struct {
	Width, Height int
	Bands         int // 3 for RGB, 4 for RGBA that is not premultiplied
	Bytes         []byte
}

// Decode decodes an image/bmp, or the largest picture of an image/x-icon. The
// caller has looked at the size that a BMP states. The error wraps fault.Invalid
// or fault.TooLarge.
func Decode(mediaType string, r *io.SectionReader) (p Pixels, err error) {
	if mediaType == "image/x-icon" {
		p, err = decodeIcon(r)
	} else {
		p, err = decodeBMP(r)
	}
	if err != nil && fault.Of(err) == fault.Internal {
		err = fmt.Errorf("%w: %w", fault.Invalid, err)
	}
	if err != nil {
		return Pixels{}, fmt.Errorf("decode %s: %w", mediaType, err)
	}
	return p, nil
}

// WriteBMP writes an image of three bands.
// Source: https://learn.microsoft.com/windows/win32/gdi/bitmap-storage
func WriteBMP(w io.Writer, p Pixels) error {
	const header = 14 + 40
	stride := (3*p.Width + 3) / 4 * 4
	b := make([]byte, 0, header)
	b = append(b, "BM"...)
	for _, v := range []int{header + stride*p.Height, 0, header, 40, p.Width, p.Height, 1 | 24<<16, 0,
		stride * p.Height, 2835, 2835, 0, 0} { // 72 dots per inch
		b = binary.LittleEndian.AppendUint32(b, uint32(v))
	}
	if _, err := w.Write(b); err != nil {
		return err
	}
	row := make([]byte, stride)
	for y := p.Height - 1; y >= 0; y-- {
		for x := range p.Width {
			from := p.Bytes[3*(y*p.Width+x):]
			row[3*x], row[3*x+1], row[3*x+2] = from[2], from[1], from[0]
		}
		if _, err := w.Write(row); err != nil {
			return err
		}
	}
	return nil
}
