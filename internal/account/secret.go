package account

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"strings"
)

// A Digest is the SHA-256 of a token: all that is kept of one.
type Digest [sha256.Size]byte

// DigestOf returns the digest of a token's text.
func DigestOf(text string) Digest { return sha256.Sum256([]byte(text)) }

// What tokens begin with, so that programs that search code for secrets know
// them.
const (
	tokenPrefix = "sgt_" // of API tokens
	setupPrefix = "sgs_" // of first-run tokens
	linkPrefix  = "sgl_" // of invitations
)

// NewToken returns the text of a new API token.
func NewToken() string { return tokenPrefix + newSecret() }

// NewInvitation returns the text that lets a user set a password. Its digest
// belongs into User.Invitation.
func NewInvitation(user string) string { return linkPrefix + user + "_" + newSecret() }

// newSecret returns 256 random bits.
func newSecret() string {
	var raw [32]byte
	rand.Read(raw[:])
	return base64.RawURLEncoding.EncodeToString(raw[:])
}

// NewID returns an ID for a user or token that no other has: 100 random bits, in
// lower-case letters and digits.
func NewID() string { return strings.ToLower(rand.Text()[:20]) }
