package account

import (
	"encoding/json"
	"fmt"
	"net/mail"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/stowgate/stowgate/internal/fault"
)

// A User is a person who may sign in.
type User struct {
	ID       string
	Email    string // the sign-in name, as CanonicalEmail returns it; no other user has it
	Name     string // for people
	Operator bool   // may do everything, also what is about no app
	Disabled bool   // may not sign in
	Roles    map[string]Role
	Created  time.Time
	Seen     time.Time // when a session began last; zero means never

	Password   string    // PHC string; empty for none
	Passkeys   []Passkey // oldest first
	Subject    string    // issuer and subject of the OpenID Connect identity; empty until it is used
	Invitation Digest    // of a link that sets a password; zero for none
	Invited    time.Time // until when that link counts
	Epoch      int64     // sessions of another epoch are over
}

// A Passkey is a public key that a user's device signs in with.
type Passkey struct {
	ID         []byte          `json:"id"`
	Name       string          `json:"name"` // for people
	Created    time.Time       `json:"created"`
	Used       time.Time       `json:"used"`       // when it signed in last; zero means never
	Credential json.RawMessage `json:"credential"` // what package passkey knows of it
}

// HasWay reports whether the user can sign in by other means than a new invitation.
func (u User) HasWay() bool { return u.Password != "" || len(u.Passkeys) > 0 || u.Subject != "" }

// Actor returns the user as one who acts, from address.
func (u User) Actor(address string) Actor {
	return Actor{ID: "user:" + u.ID, User: u.ID, Name: u.Name, Address: address, Operator: u.Operator, Roles: u.Roles}
}

// A Session is a user's stay, from signing in to signing out. Whoever has its
// token, of which only the digest is kept, is the user.
type Session struct {
	Digest  Digest // of the token
	User    string // ID
	Epoch   int64  // of the user when it began
	Way     Way
	Created time.Time
	Seen    time.Time // about when it was used last
	Address string    // where it began
	Agent   string    // the browser, as it calls itself
}

// A Way is how somebody signed in.
type Way string

// The ways.
const (
	ByPassword Way = "password"
	ByPasskey  Way = "passkey"
	ByIdentity Way = "identity" // OpenID Connect
	ByLink     Way = "link"     // an invitation, or the first-run token
)

// A Token lets a program act for the user who made it, or for the server if
// nobody did, within its scopes. Only the digest of its text is kept.
type Token struct {
	ID      string
	Digest  Digest
	Name    string // for people
	User    string // ID of who made it; empty for the command line
	App     string // the only app it is about; empty for all of its maker's
	Scopes  []Act
	Created time.Time
	Expires time.Time // zero means it does not
	Used    time.Time // about when it was used last; zero means never
}

// Limits on what people call things and themselves.
const (
	maxEmail = 254 // Source: RFC 5321, 4.5.3.1.3, less the brackets around a path
	maxName  = 100 // characters
)

// A Refusal says why something was not done, in words for whoever asked for it.
// It wraps a kind.
type Refusal struct {
	Field string // which of the things that were given is wrong, like email; empty if none is
	Why   string // a sentence without a stop
	Kind  fault.Kind
	After time.Duration // if the kind is fault.Busy, when to try again
}

func (r *Refusal) Error() string { return r.Why }

// Unwrap returns the kind.
func (r *Refusal) Unwrap() error { return r.Kind }

// RetryAfter returns when to try again.
func (r *Refusal) RetryAfter() time.Duration { return r.After }

// Refuse returns a refusal of the given kind.
func Refuse(kind fault.Kind, field, format string, args ...any) *Refusal {
	return &Refusal{Field: field, Why: fmt.Sprintf(format, args...), Kind: kind}
}

// CanonicalEmail returns the one spelling of an address that users are told
// apart by: in lower case, without a name. The error is a *Refusal.
func CanonicalEmail(text string) (string, error) {
	text = strings.ToLower(strings.TrimSpace(text))
	a, err := mail.ParseAddress(text)
	if err != nil || a.Name != "" || a.Address != text || len(text) > maxEmail || !utf8.ValidString(text) {
		return "", Refuse(fault.Invalid, "email", "this is no e-mail address like ann@example.com")
	}
	return text, nil
}

// CanonicalName returns what a person, app, passkey or token is called, without
// white space around it. The error is a *Refusal.
func CanonicalName(text string) (string, error) {
	text = strings.TrimSpace(text)
	switch {
	case text == "":
		return "", Refuse(fault.Invalid, "name", "a name is needed")
	case utf8.RuneCountInString(text) > maxName:
		return "", Refuse(fault.Invalid, "name", "the name has more than %d characters", maxName)
	case !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl):
		return "", Refuse(fault.Invalid, "name", "the name has characters that cannot be shown")
	}
	return text, nil
}
