package inspect

import (
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"math"

	"github.com/bep/imagemeta"

	"github.com/stowgate/stowgate/internal/fault"
)

// maxHeader is how much of an image is read to find its dimensions.
const maxHeader = 1 << 20

// headers reads the header of each type of image, and no pixels.
var headers = map[string]func(io.ReadSeeker) (width, height int, err error){
	"image/apng":          standard(png.DecodeConfig),
	"image/avif":          described(imagemeta.AVIF),
	"image/bmp":           bitmap,
	"image/gif":           standard(gif.DecodeConfig),
	"image/heic":          described(imagemeta.HEIF),
	"image/heic-sequence": described(imagemeta.HEIF),
	"image/heif":          described(imagemeta.HEIF),
	"image/heif-sequence": described(imagemeta.HEIF),
	"image/jpeg":          standard(jpeg.DecodeConfig),
	"image/png":           standard(png.DecodeConfig),
	"image/tiff":          described(imagemeta.TIFF),
	"image/webp":          described(imagemeta.WebP),
}

// Dimensions returns the width and height in pixels that the header of an image
// states, before any rotation. The image has the type that Detect found, and r
// is at its beginning; at most 1 MiB of it is read.
//
// The error wraps fault.Unsupported for other types, fault.TooLarge if the
// header goes on after that MiB, fault.Invalid if it cannot be understood, and
// is that of r if r fails.
func Dimensions(mediaType string, r io.ReadSeeker) (width, height int, err error) {
	header := headers[mediaType]
	if header == nil {
		return 0, 0, fmt.Errorf("dimensions of %.80q: %w", mediaType, fault.Unsupported)
	}
	src := &boundedReader{ReadSeeker: r, left: maxHeader}
	width, height, err = header(src)
	switch {
	case src.err != nil:
		err = src.err
	case err != nil:
		err = fmt.Errorf("%w: %w", fault.Invalid, err)
	case min(width, height) <= 0 || max(width, height) > math.MaxInt32:
		err = fmt.Errorf("%d by %d pixels: %w", width, height, fault.Invalid)
	default:
		return width, height, nil
	}
	return 0, 0, fmt.Errorf("dimensions of %s: %w", mediaType, err)
}

// standard reads a header with a decoder of the standard library.
func standard(decode func(io.Reader) (image.Config, error)) func(io.ReadSeeker) (int, int, error) {
	return func(r io.ReadSeeker) (int, int, error) {
		cfg, err := decode(r)
		return cfg.Width, cfg.Height, err
	}
}

// described reads a header with the metadata library, which recovers from its
// own panics.
func described(format imagemeta.ImageFormat) func(io.ReadSeeker) (int, int, error) {
	return func(r io.ReadSeeker) (int, int, error) {
		found, err := imagemeta.Decode(imagemeta.Options{R: r, ImageFormat: format, Sources: imagemeta.CONFIG})
		return found.ImageConfig.Width, found.ImageConfig.Height, err
	}
}

// bitmap reads the header of a BMP, whose oldest form has 16-bit fields. The
// height of one that is stored from the top is negative.
// Source: https://learn.microsoft.com/windows/win32/gdi/bitmap-storage
func bitmap(r io.ReadSeeker) (width, height int, err error) {
	var header [26]byte
	if _, err := io.ReadFull(r, header[:]); err != nil {
		return 0, 0, err
	}
	switch size := binary.LittleEndian.Uint32(header[14:]); {
	case size == 12:
		return int(binary.LittleEndian.Uint16(header[18:])), int(binary.LittleEndian.Uint16(header[20:])), nil
	case size >= 16 && size <= 124:
		height := int(int32(binary.LittleEndian.Uint32(header[22:])))
		return int(int32(binary.LittleEndian.Uint32(header[18:]))), max(height, -height), nil
	}
	return 0, 0, errors.New("unknown bitmap header")
}

// readCost is the least that a read counts, so that jumping about in a file
// ends as well.
const readCost = 64

// A boundedReader reads about left bytes, and then fails. It keeps the error
// that a decoder would replace by its own.
type boundedReader struct {
	io.ReadSeeker
	left int
	err  error
}

func (b *boundedReader) Read(p []byte) (int, error) {
	if b.left <= 0 {
		b.err = fmt.Errorf("too much to read: %w", fault.TooLarge)
		return 0, b.err
	}
	n, err := b.ReadSeeker.Read(p[:min(len(p), b.left)])
	b.left -= max(n, readCost)
	if err != nil && err != io.EOF {
		b.err = err
	}
	return n, err
}
