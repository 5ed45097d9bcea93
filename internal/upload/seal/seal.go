// Package seal makes texts of values, which their holders can neither read nor
// change.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/json"
	"fmt"

	"github.com/stowgate/stowgate/internal/fault"
)

// A Seal seals and opens by one key.
type Seal struct{ aead cipher.AEAD }

// New returns the seal of a key.
func New(key [32]byte) Seal {
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic(err) // the key has a length that AES takes
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err)
	}
	return Seal{aead}
}

// Close returns v, which encoding/json can write, as a text that may stand in a
// URL.
func (s Seal) Close(v any) (string, error) {
	plain, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("seal: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(s.aead.Seal(nil, nil, plain, nil)), nil
}

// Open sets what v points to, to what Close was given. The error wraps
// fault.Denied for a text that Close has not returned.
func (s Seal) Open(text string, v any) error {
	sealed, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return fmt.Errorf("not sealed by this server: %w", fault.Denied)
	}
	plain, err := s.aead.Open(nil, nil, sealed, nil)
	if err != nil {
		return fmt.Errorf("not sealed by this server: %w", fault.Denied)
	}
	if err := json.Unmarshal(plain, v); err != nil {
		return fmt.Errorf("open seal: %w: %w", err, fault.Denied)
	}
	return nil
}
