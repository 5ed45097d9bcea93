// Package codec knows of file formats what the image library does not: BMP and
// ICO, what may be in a drawing, and what the headers of others tell.
package codec

import (
	"encoding/binary"
	"fmt"
	"image"
	"image/draw"
	"io"

	"golang.org/x/image/bmp"

	"github.com/stowgate/stowgate/internal/fault"
)

// Pixels are an image in memory: rows from top to bottom, a byte for each band.
type Pixels struct {
	Width, Height int
	Bands         int // 3 for RGB, 4 for RGBA that is not premultiplied
	Bytes         []byte
}

// Decode decodes an image/bmp, or the largest picture of an image/x-icon. Its
// memory is bounded for icons only. The error wraps fault.Invalid or
// fault.TooLarge.
func Decode(mediaType string, r *io.SectionReader) (Pixels, error) {
	decode := func(r *io.SectionReader) (image.Image, error) { return bmp.Decode(r) }
	if mediaType == "image/x-icon" {
		decode = decodeIcon
	}
	picture, err := decode(r)
	if err != nil {
		if fault.Of(err) == fault.Internal {
			err = fmt.Errorf("%w: %w", fault.Invalid, err)
		}
		return Pixels{}, fmt.Errorf("decode %s: %w", mediaType, err)
	}
	return straight(picture), nil
}

// straight returns the pixels of an image in RGB or, unless it is opaque, RGBA
// that is not premultiplied.
func straight(img image.Image) Pixels {
	b := img.Bounds()
	flat, ok := img.(*image.NRGBA)
	if !ok || flat.Stride != 4*b.Dx() {
		flat = image.NewNRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
		draw.Draw(flat, flat.Bounds(), img, b.Min, draw.Src)
	}
	if !flat.Opaque() {
		return Pixels{b.Dx(), b.Dy(), 4, flat.Pix}
	}
	pixels := flat.Pix[:0]
	for i := 0; i < len(flat.Pix); i += 4 {
		pixels = append(pixels, flat.Pix[i:i+3]...)
	}
	return Pixels{b.Dx(), b.Dy(), 3, pixels}
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
