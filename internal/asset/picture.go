package asset

import "time"

// A Picture is what an engine found out about an image, beyond what its first
// bytes say. It says nothing that the bytes of the asset do not.
type Picture struct {
	Format      string   `json:"format"` // like JPEG, in upper case
	Mode        string   `json:"mode"`   // of its colours: RGB, RGBA, L, LA, P, CMYK, LAB …
	Width       int      `json:"width"`  // pixels, before Orientation is obeyed
	Height      int      `json:"height"`
	Frames      int      `json:"frames,omitempty"`      // of an animation; 0 or 1 for a still image
	Orientation int      `json:"orientation,omitempty"` // EXIF's, 1 to 8; 0 if there is none
	DPI         *[2]int  `json:"dpi,omitempty"`         // dots per inch, across and down; nil if there is none
	Taken       string   `json:"taken,omitempty"`       // when, as the camera's clock showed it: 2006-01-02T15:04:05
	Latitude    *float64 `json:"latitude,omitempty"`    // degrees; nil if there is none
	Longitude   *float64 `json:"longitude,omitempty"`
}

// TemporaryLifetime is how long an asset is kept that its owner did not ask to
// store. Source: Uploadcare documentation, "Upload API", the parameter
// UPLOADCARE_STORE.
const TemporaryLifetime = 24 * time.Hour
