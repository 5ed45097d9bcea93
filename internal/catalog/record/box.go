package record

import (
	"crypto/aes"
	"crypto/cipher"
	"fmt"

	"github.com/stowgate/stowgate/internal/fault"
)

// A Box seals what must not be readable in the database, with AES-256-GCM. The
// name of the record is sealed in as well, so that no value opens in another's
// place.
type Box struct{ aead cipher.AEAD }

// NewBox returns the box that key opens.
func NewBox(key [32]byte) Box {
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic(err) // the key has the right length
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err) // AES has the right block size
	}
	return Box{aead}
}

// Seal returns plain, sealed for the record called name.
func (b Box) Seal(name string, plain []byte) []byte {
	return b.aead.Seal(nil, nil, plain, []byte(name))
}

// Open returns what was sealed for the record called name. The error wraps
// fault.Damaged if that was something else, or another key.
func (b Box) Open(name string, sealed []byte) ([]byte, error) {
	plain, err := b.aead.Open(nil, nil, sealed, []byte(name))
	if err != nil {
		return nil, fmt.Errorf("unseal %q: %w: %w", name, err, fault.Damaged)
	}
	return plain, nil
}
