package transform

import (
	"unicode"
	"unicode/utf8"

	"github.com/stowgate/stowgate/internal/asset"
)

// An Inquiry is what the answer Info is to say of the result, beyond its size.
// The zero Inquiry asks for nothing more.
type Inquiry struct {
	Hash   bool `json:"hash,omitempty"`   // Report.Hash and Report.Blurhash
	Colors int  `json:"colors,omitempty"` // how many main colours, 0 to 256
	Faces  bool `json:"faces,omitempty"`
}

// MaxColors is how many main colours may be asked for.
const MaxColors = 256

func (q *Inquiry) check() error {
	if q == nil {
		return nil
	}
	return within("number of colours", q.Colors, 0, MaxColors)
}

// A Report is the answer Info as JSON: what input 0 is, and what was asked
// about the result of the ops. Without ops the result is input 0 as it is
// stored, not turned upright.
type Report struct {
	asset.Picture // of input 0

	Result   Extent    `json:"result"`             // size of the result
	Hash     string    `json:"hash,omitempty"`     // 64 bits as 16 hexadecimal digits; alike images differ in few bits
	Blurhash string    `json:"blurhash,omitempty"` // a blurred miniature as text
	Colors   [][3]byte `json:"colors,omitempty"`   // red, green and blue, the most prominent first; fewer if the image has no more
	Faces    []Box     `json:"faces,omitempty"`    // in the result, the largest first
}

// An Extent is a size in pixels.
type Extent struct {
	Width  int `json:"width"`
	Height int `json:"height"`
}

// isWritable reports whether text is UTF-8 that can be written: line feeds are
// its only control characters.
func isWritable(text string) bool {
	for _, r := range text {
		if r != '\n' && unicode.IsControl(r) {
			return false
		}
	}
	return utf8.ValidString(text)
}
