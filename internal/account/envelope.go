package account

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/json"
	"time"

	"github.com/stowgate/stowgate/internal/fault"
)

// An Envelope carries something through a browser, which can neither read nor
// change it, while somebody is away to sign in.
type Envelope struct{ box cipher.AEAD }

// NewEnvelope returns what is sealed with a key.
func NewEnvelope(key [32]byte) Envelope {
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic(err) // the key has the right length
	}
	box, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err) // AES has the right block size
	}
	return Envelope{box}
}

// A letter is what an Envelope carries.
type letter struct {
	Expires time.Time
	Content json.RawMessage
}

// maxEnvelope is how many characters one has.
const maxEnvelope = 16 << 10

// Seal returns content, which must be JSON, as text that counts until it
// expires. It is for one purpose.
func (e Envelope) Seal(purpose string, content any, expires time.Time) (string, error) {
	inner, err := json.Marshal(content)
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(letter{expires, inner})
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(e.box.Seal(nil, nil, text, []byte(purpose))), nil
}

// Open reads what was sealed into content. The error is a *Refusal if that was
// something else, or its time is over.
func (e Envelope) Open(purpose, sealed string, content any, now time.Time) error {
	old := Refuse(fault.Denied, "", "this took too long, or was done already: try again")
	raw, err := base64.RawURLEncoding.DecodeString(sealed)
	if err != nil || len(sealed) > maxEnvelope {
		return old
	}
	text, err := e.box.Open(nil, nil, raw, []byte(purpose))
	if err != nil {
		return old
	}
	var l letter
	if err := json.Unmarshal(text, &l); err != nil || !now.Before(l.Expires) {
		return old
	}
	return json.Unmarshal(l.Content, content)
}
