package webhook

import (
	"time"

	"github.com/stowgate/stowgate/internal/asset"
)

// A Format words events as one vendor does. Where nothing is sent, it may be
// empty.
type Format struct {
	// Body returns what is sent of an event. It depends on nothing else, and
	// holds neither secrets nor links that could be. An event of kind Test is
	// worded like an upload, and told apart.
	Body func(e asset.Event) ([]byte, error)

	// Sign returns the header fields that show that body comes from one who has
	// the secret.
	Sign func(secret string, body []byte, now time.Time) map[string]string
}

// Formats are all that there are, by name.
type Formats map[string]Format
