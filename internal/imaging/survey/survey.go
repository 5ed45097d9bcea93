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
	File   io.ReadSeeker
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
	// One pixel in a millimetre is what the library says of an image that tells
	// nothing.
	if r := s.Image.Resolution(); r > 0 && r != 1 && s.Type != "image/svg+xml" {
		dots := int(math.Round(min(r*25.4, math.MaxInt32)))
		p.DPI = &[2]int{dots, dots}
	}
	tags, err := inspect.EXIF(s.File)
	if err != nil {
		return p // has none
	}
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
	head := make([]byte, 26)
	if _, err := s.File.Seek(0, io.SeekStart); err != nil {
		return false
	}
	n, err := io.ReadFull(s.File, head)
	_, back := s.File.Seek(0, io.SeekStart)
	if err != nil && n == 0 || back != nil {
		return false
	}
	switch s.Type {
	case "image/gif":
		return true
	case "image/png", "image/apng":
		return head[25] == 3 // the colour type of the header
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
	return &v
}
