package catalog

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"fmt"

	"github.com/stowgate/stowgate/internal/fault"
)

// A box seals what must not be readable in the database, with AES-256-GCM. The
// name of the record is sealed in as well, so that no value opens in another's
// place.
type box struct{ aead cipher.AEAD }

func newBox(key [32]byte) box {
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic(err) // the key has the right length
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err) // AES has the right block size
	}
	return box{aead}
}

func (b box) seal(name string, plain []byte) []byte {
	return b.aead.Seal(nil, nil, plain, []byte(name))
}

func (b box) open(name string, sealed []byte) ([]byte, error) {
	plain, err := b.aead.Open(nil, nil, sealed, []byte(name))
	if err != nil {
		return nil, fmt.Errorf("unseal %q: %w: %w", name, err, fault.Damaged)
	}
	return plain, nil
}

// keyCheck names a sealed value that only the right key opens.
const keyCheck = "key check"

// checkKey fails if the database was made with another key.
func (c *Catalog) checkKey(ctx context.Context) error {
	err := c.db.Write(ctx, func(ctx context.Context, tx *Statements) error {
		_, err := tx.Exec(ctx, `INSERT INTO seals (name, value) VALUES (?, ?) ON CONFLICT (name) DO NOTHING`,
			keyCheck, c.box.seal(keyCheck, nil))
		return err
	})
	if err != nil {
		return fmt.Errorf("record secret key: %w", err)
	}
	var sealed []byte
	if err := c.reads.Row(ctx, `SELECT value FROM seals WHERE name = ?`, keyCheck).Scan(&sealed); err != nil {
		return fmt.Errorf("read secret key's seal: %w", err)
	}
	if _, err := c.box.open(keyCheck, sealed); err != nil {
		return fmt.Errorf("the secret key is not the one this catalog was made with; give that one: %w", fault.Invalid)
	}
	return nil
}
