package webhook

import (
	"time"

	"github.com/stowgate/stowgate/internal/asset"
)

// A Format words events as one vendor does. Where nothing is sent, Body and Sign
// may be nil.
type Format struct {
	Title string // what people call it

	// Words are what it calls the kinds of events. Of one that it has no word for
	// it tells nothing.
	Words map[string]string

	// MinSecret is how many bytes the shortest secret has that its clients bring
	// along; 0 means DefaultMinSecret.
	MinSecret int

	// AnySuccess says that every status from 200 to 299 is success, and not only
	// 200, 201 and 204.
	AnySuccess bool

	// Body returns what h is sent of an event. It depends on nothing else, and
	// holds neither secrets nor links that could be. An event of kind Test is
	// worded like an upload, and told apart.
	Body func(h Hook, e asset.Event) ([]byte, error)

	// Sign returns the header fields that show that body comes from one who has
	// the secret.
	Sign func(secret string, body []byte, now time.Time) map[string]string
}

// Tells reports whether anything is told of events of a kind.
func (f Format) Tells(kind string) bool { return kind == Test || f.Words[kind] != "" }

// Kinds returns the kinds that it tells of, in the order of Events.
func (f Format) Kinds() []string {
	var told []string
	for _, kind := range Events {
		if f.Tells(kind) {
			told = append(told, kind)
		}
	}
	return told
}

// Formats are all that there are, by name.
type Formats map[string]Format
