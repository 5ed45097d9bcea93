package inspect

import (
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/bep/imagemeta"

	"github.com/stowgate/stowgate/internal/fault"
)

const (
	maxEXIFTags  = 500      // tags looked at in one image
	maxEXIFValue = 2 << 10  // bytes of one value; longer ones are left out
	maxEXIFRead  = 16 << 20 // how much of an image is read to find them
)

var exifFormats = map[string]imagemeta.ImageFormat{
	"image/apng": imagemeta.PNG,
	"image/avif": imagemeta.AVIF,
	"image/heic": imagemeta.HEIF,
	"image/heif": imagemeta.HEIF,
	"image/jpeg": imagemeta.JPEG,
	"image/png":  imagemeta.PNG,
	"image/tiff": imagemeta.TIFF,
	"image/webp": imagemeta.WebP,
}

// EXIF returns the EXIF tags of an image by name, for printing as JSON: each
// value is a string, a number, or a list of them, and a number that is none is
// "undef". Values over 2 KiB are left out, and so are tags after the 500th and
// those of a thumbnail.
//
// The image begins where r starts; at most 16 MiB of it is read. The error wraps
// fault.Unsupported if its type has no such tags, fault.TooLarge if there is
// more to read, fault.Invalid if the image cannot be understood, and is that of
// r if r fails.
func EXIF(r io.ReadSeeker) (map[string]any, error) {
	head := make([]byte, HeadLen)
	n, err := io.ReadFull(r, head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return nil, fmt.Errorf("EXIF: %w", err)
	}
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return nil, fmt.Errorf("EXIF: %w", err)
	}
	mediaType := Detect(head[:n])
	format, ok := exifFormats[mediaType]
	if !ok {
		return nil, fmt.Errorf("EXIF of %s: %w", mediaType, fault.Unsupported)
	}
	tags := make(map[string]any)
	src := &boundedReader{ReadSeeker: r, left: maxEXIFRead}
	_, err = imagemeta.Decode(imagemeta.Options{
		R:            src,
		ImageFormat:  format,
		Sources:      imagemeta.EXIF,
		LimitNumTags: maxEXIFTags,
		LimitTagSize: maxEXIFValue,
		HandleTag: func(tag imagemeta.TagInfo) error {
			if value := plain(tag.Value); value != nil {
				tags[strings.ToValidUTF8(tag.Tag, "\ufffd")] = value
			}
			return nil
		},
	})
	switch {
	case src.err != nil:
		return nil, fmt.Errorf("EXIF of %s: %w", mediaType, src.err)
	case err != nil:
		return nil, fmt.Errorf("EXIF of %s: %w: %w", mediaType, fault.Invalid, err)
	}
	return tags, nil
}

// plain returns v as something that JSON can hold, or nil.
func plain(v any) any {
	switch v := v.(type) {
	case string:
		return strings.ToValidUTF8(v, "\ufffd")
	case int, int8, int16, int32, int64, uint8, uint16, uint32, uint64:
		return v
	case float32:
		return plain(float64(v))
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil
		}
		return v
	case interface{ Float64() float64 }: // a fraction
		return plain(v.Float64())
	case []any:
		list := make([]any, len(v))
		for i := range v {
			if list[i] = plain(v[i]); list[i] == nil {
				return nil
			}
		}
		return list
	}
	return nil
}
