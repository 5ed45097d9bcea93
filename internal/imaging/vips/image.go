package vips

import (
	"fmt"
	"math"
	"slices"
)

// The names of metadata.
const (
	OrientationField = "orientation"
	ProfileField     = "icc-profile-data"
	PagesField       = "n-pages"     // in the file
	PageHeightField  = "page-height" // of each frame of an animation that stands in one image, from top to bottom
	DelayField       = "delay"       // of each frame, milliseconds
	LoopField        = "loop"        // how often an animation plays; 0 is for ever
)

// Width returns the width of img in pixels.
func (img *Image) Width() int { return width(img.ref) }

// Height returns the height of img in pixels: that of all frames together.
func (img *Image) Height() int { return height(img.ref) }

// Bands returns how many numbers a pixel of img has.
func (img *Image) Bands() int { return bands(img.ref) }

// HasAlpha reports whether the last band is opacity.
func (img *Image) HasAlpha() bool { return hasAlpha(img.ref) }

// Format returns what the numbers of a pixel are, like "uchar" or "float".
func (img *Image) Format() string { return format(img.ref) }

// Interpretation returns what the numbers of a pixel mean, like "srgb", "b-w",
// "rgb16", "grey16" or "cmyk".
func (img *Image) Interpretation() string { return interpretation(img.ref) }

// Resolution returns the pixels of a millimetre that img is meant to be shown with.
func (img *Image) Resolution() float64 { return resolution(img.ref) }

// PageHeight returns the height of a frame of img: its own height unless it
// holds several whole frames.
func (img *Image) PageHeight() int {
	if h, ok := img.Int(PageHeightField); ok && h > 0 && h < img.Height() && img.Height()%h == 0 {
		return h
	}
	return img.Height()
}

// Pages returns how many frames img holds, from top to bottom.
func (img *Image) Pages() int { return img.Height() / img.PageHeight() }

// Orientation returns the EXIF orientation of img, 1 to 8; 1 is upright.
func (img *Image) Orientation() int {
	if o, ok := img.Int(OrientationField); ok && o >= 1 && o <= 8 {
		return o
	}
	return 1
}

// Int returns the metadata called name if that is an integer.
func (img *Image) Int(name string) (value int, ok bool) { return getInt(img.ref, name) }

// Ints returns the metadata called name if that is a list of integers.
func (img *Image) Ints(name string) []int { return getInts(img.ref, name) }

// Text returns the metadata called name as text, and "" if there is none.
func (img *Image) Text(name string) string { return getText(img.ref, name) }

// Blob returns a copy of the metadata called name if that is bytes.
func (img *Image) Blob(name string) []byte { return getBlob(img.ref, name) }

// Fields returns the names of all metadata, and of what every image has.
func (img *Image) Fields() []string { return fields(img.ref) }

// Copy returns an image with the same pixels, whose metadata may be changed.
func (img *Image) Copy() (*Image, error) { return img.scope.Call("copy", Args{"in": img}) }

// Set sets metadata: an int, a []int, a string or a []byte. The image must be
// fresh from an operation, and not yet in use by another.
func (img *Image) Set(name string, value any) {
	switch v := value.(type) {
	case int:
		setInt(img.ref, name, v)
	case []int:
		setInts(img.ref, name, v)
	case string:
		setText(img.ref, name, v)
	case []byte:
		setBlob(img.ref, name, v)
	default:
		panic(fmt.Sprintf("vips: metadata of type %T", v))
	}
}

// Remove removes metadata, and reports whether it was there. What is said of
// Set holds.
func (img *Image) Remove(name string) bool { return remove(img.ref, name) }

// NewFromMemory returns an image of pixels, which are copied: rows from top to
// bottom, one byte for each band.
func (s *Scope) NewFromMemory(pixels []byte, width, height, bands int) (*Image, error) {
	if width <= 0 || height <= 0 || bands <= 0 || len(pixels) != width*height*bands {
		return nil, fmt.Errorf("%d bytes are not %d by %d pixels of %d bands", len(pixels), width, height, bands)
	}
	ref := fromMemory(pixels, width, height, bands)
	if ref == nil {
		return nil, fmt.Errorf("image from memory: %w", lastError())
	}
	return s.own(ref), nil
}

// NewMatrix returns an image of one band of numbers, row by row.
func (s *Scope) NewMatrix(width int, values ...float64) (*Image, error) {
	if width <= 0 || len(values) == 0 || len(values)%width != 0 || len(values) > math.MaxInt16 {
		return nil, fmt.Errorf("%d values are no matrix of width %d", len(values), width)
	}
	ref := matrix(width, slices.Clone(values))
	if ref == nil {
		return nil, fmt.Errorf("matrix: %w", lastError())
	}
	return s.own(ref), nil
}

// Compute computes all pixels of img now, and returns an image that holds them:
// it can be read at any place and as often as needed, which one that was opened
// for sequential access can not.
func (img *Image) Compute() (*Image, error) {
	ref := compute(img.ref)
	if ref == nil {
		return nil, fmt.Errorf("compute image: %w", lastError())
	}
	return img.scope.own(ref), nil
}

// ToMemory computes all pixels of img: rows from top to bottom, each band as
// Format says.
func (img *Image) ToMemory() ([]byte, error) {
	pixels := toMemory(img.ref)
	if pixels == nil {
		return nil, fmt.Errorf("image to memory: %w", lastError())
	}
	return pixels, nil
}
