package asset

import "strings"

// A Picture is what an engine found out about an image, beyond what its first
// bytes say. It says nothing that the bytes of the asset do not. One without a
// Format says that no engine could read it.
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

// Looked reports whether it is known what a is as a picture, if it is one.
func (a Asset) Looked() bool { return a.Picture != nil || !strings.HasPrefix(a.Detected, "image/") }

// IsPicture reports whether an engine has read a as a picture.
func (a Asset) IsPicture() bool { return a.Picture != nil && a.Picture.Format != "" }
