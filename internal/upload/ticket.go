package upload

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/json"
	"fmt"

	"github.com/stowgate/stowgate/internal/fault"
)

// A ticket permits sending one part. It is sealed, so that its holder can
// neither change it nor read the session from a URL that was logged somewhere.
type ticket struct {
	App     string
	Session string
	Part    PartSpec
	Expires int64 // Unix seconds
}

// tickets seals and opens tickets.
type tickets struct{ aead cipher.AEAD }

func newTickets(key [32]byte) tickets {
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic(err) // the key has a length that AES takes
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err)
	}
	return tickets{aead}
}

func (t tickets) seal(k ticket) (string, error) {
	plain, err := json.Marshal(k)
	if err != nil {
		return "", fmt.Errorf("seal ticket: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(t.aead.Seal(nil, nil, plain, nil)), nil
}

func (t tickets) open(text string) (ticket, error) {
	sealed, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return ticket{}, fmt.Errorf("not a ticket of this server: %w", fault.Denied)
	}
	plain, err := t.aead.Open(nil, nil, sealed, nil)
	if err != nil {
		return ticket{}, fmt.Errorf("not a ticket of this server: %w", fault.Denied)
	}
	var k ticket
	if err := json.Unmarshal(plain, &k); err != nil {
		return ticket{}, fmt.Errorf("open ticket: %w: %w", err, fault.Denied)
	}
	return k, nil
}
