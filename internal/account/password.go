package account

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"github.com/stowgate/stowgate/internal/fault"
)

// What a password may have, in characters.
const (
	minPassword = 12
	maxPassword = 256

	// minDifferent is how many of them differ at least.
	minDifferent = 5
)

// CheckPassword returns nil if a user with this e-mail address may have the
// password, and otherwise a *Refusal.
func CheckPassword(password, email string) error {
	different := make(map[rune]bool)
	for _, c := range strings.ToLower(password) {
		different[c] = true
	}
	name, _, _ := strings.Cut(email, "@")
	switch n := utf8.RuneCountInString(password); {
	case !utf8.ValidString(password):
		return Refuse(fault.Invalid, "password", "the password is no text")
	case n < minPassword:
		return Refuse(fault.Invalid, "password", "the password needs at least %d characters", minPassword)
	case n > maxPassword:
		return Refuse(fault.Invalid, "password", "the password has more than %d characters", maxPassword)
	case len(different) < minDifferent:
		return Refuse(fault.Invalid, "password", "the password needs at least %d different characters", minDifferent)
	case strings.EqualFold(password, email) || strings.EqualFold(strings.Trim(password, "0123456789"), name):
		return Refuse(fault.Invalid, "password", "the password must not be the e-mail address")
	}
	return nil
}

// A cost is what a guess at a password costs.
type cost struct {
	memory  uint32 // KiB
	passes  uint32
	threads uint8
}

// today is the cost of passwords that are set now. Those of another are hashed
// anew when their user signs in.
// Source: OWASP Password Storage Cheat Sheet, "Argon2id".
var today = cost{memory: 19 << 10, passes: 2, threads: 1}

const (
	saltBytes = 16
	hashBytes = 32

	// maxHashing is how many passwords are hashed at once, so that all together
	// take less than 80 MiB.
	maxHashing = 4

	// maxMemory is the most that a kept hash may ask for, in KiB.
	maxMemory = 256 << 10
)

// A hasher hashes passwords, a few at a time.
type hasher struct {
	slots chan struct{}
	dummy string // a hash that no password has
}

func newHasher() hasher {
	var raw [saltBytes + hashBytes]byte
	rand.Read(raw[:])
	return hasher{make(chan struct{}, maxHashing), today.text(raw[:saltBytes], raw[saltBytes:])}
}

// hash returns the PHC string of a password. The error is that of ctx.
func (h hasher) hash(ctx context.Context, password string) (string, error) {
	var salt [saltBytes]byte
	rand.Read(salt[:])
	sum, err := h.sum(ctx, password, salt[:], today)
	return today.text(salt[:], sum), err
}

// same reports whether kept is the password's PHC string, and whether that is of
// another cost than today's. Without a kept one it takes the time of one.
func (h hasher) same(ctx context.Context, password, kept string) (same, old bool, err error) {
	known := kept != ""
	if !known {
		kept = h.dummy
	}
	c, salt, want, err := parsePHC(kept)
	if err != nil {
		return false, false, err
	}
	sum, err := h.sum(ctx, password, salt, c)
	return err == nil && subtle.ConstantTimeCompare(sum, want) == 1 && known, c != today, err
}

func (h hasher) sum(ctx context.Context, password string, salt []byte, c cost) ([]byte, error) {
	select {
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return argon2.IDKey([]byte(password), salt, c.passes, c.memory, c.threads, hashBytes), nil
}

// text returns the PHC string.
// Source: https://github.com/P-H-C/phc-string-format/blob/master/phc-sf-spec.md
func (c cost) text(salt, sum []byte) string {
	b64 := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, c.memory, c.passes, c.threads, b64(salt), b64(sum))
}

// parsePHC is the inverse of text. The error wraps fault.Damaged.
func parsePHC(text string) (c cost, salt, sum []byte, err error) {
	damaged := fmt.Errorf("a password's hash cannot be read: %w", fault.Damaged)
	parts := strings.Split(text, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return c, nil, nil, damaged
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &c.memory, &c.passes, &c.threads); err != nil ||
		c.memory > maxMemory || c.passes < 1 || c.threads < 1 {
		return c, nil, nil, damaged
	}
	if salt, err = base64.RawStdEncoding.DecodeString(parts[4]); err != nil {
		return c, nil, nil, damaged
	}
	if sum, err = base64.RawStdEncoding.DecodeString(parts[5]); err != nil || len(sum) != hashBytes {
		return c, nil, nil, damaged
	}
	return c, salt, sum, nil
}
