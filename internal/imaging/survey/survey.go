// Package survey finds out about pictures: what their files say of them, how
// they look in a few bits, and which colours they have.
package survey

import (
	"io"
	"math"
	"strings"
	"time"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/imaging/vips"
	"github.com/stowgate/stowgate/internal/inspect"
)

// A Source is a picture whose header was read.
type Source struct {
	Type   string // media type
	File   io.ReaderAt
	Image  *vips.Image
	Width  int // pixels as it is stored
	Height int
	Frames int // or pages
}

// formats are the names of formats by media type, as the image library of
// Python spells them.
// Source: https://pillow.readthedocs.io/en/stable/handbook/image-file-formats.html
var formats = map[string]string{
	"image/heic-sequence": "HEIF", "image/heif-sequence": "HEIF", "image/heic": "HEIF", "image/heif": "HEIF",
	"image/apng": "PNG", "image/svg+xml": "SVG", "image/x-icon": "ICO",
}

// Picture returns what the file of a picture says. What cannot be read is left
// out.
func Picture(s Source) asset.Picture {
	p := asset.Picture{Format: formats[s.Type], Mode: s.mode(), Width: s.Width, Height: s.Height}
	if p.Format == "" {
		p.Format = strings.ToUpper(strings.TrimPrefix(s.Type, "image/"))
	}
	if s.animated() && s.Frames > 1 {
		p.Frames = s.Frames
	}
	if o, ok := s.Image.Int(vips.OrientationField); ok && o >= 1 && o <= 8 {
		p.Orientation = o
	}
	tags, err := inspect.EXIF(io.NewSectionReader(s.File, 0, math.MaxInt64))
	if err != nil {
		tags = nil // has none, or none that can be read
	}
	p.DPI = s.dots(tags)
	p.Taken = taken(tags)
	p.Latitude, p.Longitude = position(tags)
	return p
}

// animated reports whether the frames of a file are those of an animation, not
// pages.
func (s Source) animated() bool {
	switch s.Type {
	case "image/gif", "image/webp", "image/heic-sequence", "image/heif-sequence":
		return true
	}
	return false
}

// mode returns what a pixel is, as the image library of Python names it.
// Source: https://pillow.readthedocs.io/en/stable/handbook/concepts.html#modes
func (s Source) mode() string {
	if s.palette() {
		return "P"
	}
	switch s.Image.Interpretation() {
	case "cmyk":
		return "CMYK"
	case "lab", "labs", "labq":
		return "LAB"
	case "b-w", "grey16":
		if s.Image.HasAlpha() {
			return "LA"
		}
		return "L"
	}
	if s.Image.HasAlpha() {
		return "RGBA"
	}
	return "RGB"
}

// palette reports whether the pixels are numbers of colours.
func (s Source) palette() bool {
	switch s.Type {
	case "image/gif":
		return true
	case "image/png", "image/apng":
		var kind [1]byte // of colours, as the header says
		_, err := s.File.ReadAt(kind[:], 25)
		return err == nil && kind[0] == 3
	}
	return false
}

// taken returns when a picture was taken, by the camera's clock.
func taken(tags map[string]any) string {
	for _, name := range []string{"DateTimeOriginal", "DateTimeDigitized", "CreateDate"} {
		text, _ := tags[name].(string)
		if t, err := time.Parse("2006:01:02 15:04:05", strings.TrimSpace(text)); err == nil {
			return t.Format("2006-01-02T15:04:05")
		}
	}
	return ""
}

// position returns where a picture was taken, or nils.
func position(tags map[string]any) (latitude, longitude *float64) {
	latitude = degrees(tags, "GPSLatitude", "S", 90)
	longitude = degrees(tags, "GPSLongitude", "W", 180)
	if latitude == nil || longitude == nil {
		return nil, nil
	}
	return latitude, longitude
}

// degrees returns the tag called name, negative if that of its reference says
// so, or nil if there is none or it is over the most that makes sense.
func degrees(tags map[string]any, name, negative string, most float64) *float64 {
	v, ok := tags[name].(float64)
	if !ok || !(math.Abs(v) <= most) {
		return nil
	}
	if ref, _ := tags[name+"Ref"].(string); strings.HasPrefix(ref, negative) {
		v = -math.Abs(v)
	}
	v = math.Round(v*1e7) / 1e7 // a centimetre
	return &v
}
