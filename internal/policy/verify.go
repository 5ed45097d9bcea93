package policy

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/stowgate/stowgate/internal/asset"
)

// A Credential is a policy and its signature, as a protocol received them after
// undoing its own encoding.
type Credential struct {
	Policy    string
	Signature string
}

// text returns the policy as it was signed: a form decoder makes a space of the
// '+' that Filestack's Swift SDK does not escape.
func (c Credential) text() string { return strings.ReplaceAll(c.Policy, " ", "+") }

// Digest returns what identifies a policy in App.Revoked and in Use: the SHA-256
// of its text as it was signed.
func Digest(policy string) [sha256.Size]byte {
	return sha256.Sum256([]byte(Credential{Policy: policy}.text()))
}

// Authorize turns what came with a request into a grant: this is what protocols
// call. The zero Credential means that none came.
//
// While the app's security is off, a public action needs no policy and none can
// spoil it: a bad one is ignored, and a good one allows its actions besides, so
// that a narrow policy never refuses what anybody may do. Otherwise the error is
// a *Denial.
func Authorize(app App, c Credential, now time.Time) (Grant, error) {
	if anybody := Public(app); c == (Credential{}) && anybody != (Grant{}) {
		return anybody, nil
	}
	g, err := Verify(app, c, now)
	return Beside(app, g, err)
}

// Beside returns what verifying a credential came to, g and err, together with
// what anybody may do: a good credential allows its actions besides, and a bad one
// spoils nothing.
func Beside(app App, g Grant, err error) (Grant, error) {
	anybody := Public(app)
	if err == nil {
		g.Open = anybody.Actions
		return g, nil
	}
	if denial, ok := err.(*Denial); ok && anybody != (Grant{}) {
		anybody.Refusal = *denial
		return anybody, nil
	}
	return Grant{}, err
}

// Verify returns what c allows at now. The error is a *Denial.
func Verify(app App, c Credential, now time.Time) (Grant, error) {
	if denial := app.disabled(); denial != nil {
		return Grant{}, denial
	}
	secret, denial := app.signer(c, now)
	if denial != nil {
		return Grant{}, denial
	}
	d, err := readSigned(c.text(), app.Options)
	if err != nil {
		return Grant{}, deny(BadPolicy, "%v", err)
	}
	d.grant.App, d.grant.Signer = app.Key, secret.Fingerprint()
	if denial := expired(d.grant, Request{}, now); denial != nil {
		return Grant{}, denial
	}
	if denial := app.revoked(d.digest, secret, d.issued); denial != nil {
		return Grant{}, denial
	}
	return d.grant, nil
}

// Off reports whether everything is refused.
func (app App) Off() bool { return app.Disabled || !app.Deleted.IsZero() }

// CheckOn returns nil unless everything is refused, and otherwise a *Denial. It is
// the first condition of every credential.
func (app App) CheckOn() error {
	if denial := app.disabled(); denial != nil {
		return denial
	}
	return nil
}

func (app App) disabled() *Denial {
	if !app.Deleted.IsZero() {
		return deny(AppDisabled, "app %s was deleted at %s; its owner can take that back", app.Key, stamp(app.Deleted))
	}
	if app.Disabled {
		return deny(AppDisabled, "app %s is switched off; its owner can switch it on", app.Key)
	}
	return nil
}

// Lists reports whether the app's owner named origin as one of its pages.
func (app App) Lists(origin string) bool { return slices.Contains(app.Options.Origins, origin) }

// CheckOrigin returns nil if pages of origin may use the app, and otherwise a
// *Denial. An empty origin is no page's; who is no browser can send any.
func (app App) CheckOrigin(origin string) error {
	if len(app.Options.Origins) == 0 || origin == "" || app.Lists(origin) {
		return nil
	}
	return deny(OriginNotAllowed, "app %s is for pages of %s, and this one is of %s", app.Key, strings.Join(app.Options.Origins, ", "), origin)
}

// signer returns the live secret that made c's signature.
func (app App) signer(c Credential, now time.Time) (Secret, *Denial) {
	if c.Policy == "" || c.Signature == "" {
		return Secret{}, deny(NoCredentials, "a policy and its signature are needed (policy given: %t, signature given: %t)",
			c.Policy != "", c.Signature != "")
	}
	signature, err := hex.DecodeString(c.Signature)
	return app.Signer(app.Secrets, now, func(key string) bool {
		same := hmac.Equal(mac(key, c.text()), signature)
		return same && err == nil
	})
}

// Signer returns the live one of secrets, which are app's of either kind, with
// whose key something was signed, as made says of one key. It is for credentials
// that are no policies, and asks as often for an app that does not exist as for
// one with secrets.
func (app App) Signer(secrets []Secret, now time.Time, made func(key string) bool) (Secret, *Denial) {
	for i := range max(len(secrets), MaxSecrets) {
		var s Secret // none: an empty key never verifies
		if i < len(secrets) {
			s = secrets[i]
		}
		if made(s.Key) && s.live(now) && app.Key != "" {
			return s, nil // how long a good signature takes is no secret
		}
	}
	return Secret{}, deny(BadSignature, "no live secret of the app made this signature")
}

func (s Secret) live(now time.Time) bool {
	return s.Key != "" && (s.Expires.IsZero() || now.Before(s.Expires))
}

func mac(key, text string) []byte {
	h := hmac.New(sha256.New, []byte(key))
	h.Write([]byte(text))
	return h.Sum(nil)
}

// CheckRevoked returns nil if what was signed with secret still counts, and
// otherwise a *Denial. It may have been taken back by its digest, or with all that
// was signed before App.RevokedBefore. What does not say when it was issued, which
// is a zero time, cannot be older than the secret it verifies with.
func (app App) CheckRevoked(digest [sha256.Size]byte, secret Secret, issued time.Time) error {
	if denial := app.revoked(digest, secret, issued); denial != nil {
		return denial
	}
	return nil
}

func (app App) revoked(digest [sha256.Size]byte, secret Secret, issued time.Time) *Denial {
	if app.Revoked[digest] {
		return deny(Revoked, "this very policy was revoked; sign another one")
	}
	switch since := app.RevokedBefore; {
	case since.IsZero():
	case issued.IsZero() && secret.Created.Before(since):
		return deny(Revoked, "policies signed before %s were revoked, and this one does not say when it was signed (iat); sign a new one that does",
			stamp(since))
	case !issued.IsZero() && issued.Before(since):
		return deny(Revoked, "signed at %s, and policies signed before %s were revoked; sign a new one", stamp(issued), stamp(since))
	}
	return nil
}

// VerifySecret returns everything for a caller who knows a live secret of the
// app, as with Filestack's basic authentication. The error is a *Denial.
func VerifySecret(app App, secret string, now time.Time) (Grant, error) {
	if err := app.CheckOn(); err != nil {
		return Grant{}, err
	}
	given := sha256.Sum256([]byte(secret)) // of one length, so that the comparison tells no other
	known, denial := app.Signer(app.Secrets, now, func(key string) bool {
		own := sha256.Sum256([]byte(key))
		return hmac.Equal(own[:], given[:])
	})
	if denial != nil {
		return Grant{}, denial
	}
	g := Full(app)
	g.Signer = known.Fingerprint()
	return g, nil
}

// Full returns everything, for a caller who proved to be the app's owner. It
// allows nothing on an app that is disabled or has no key.
func Full(app App) Grant {
	if app.Off() || app.Key == "" {
		return Grant{}
	}
	return Grant{App: app.Key, Actions: everything | Manage, MaxSize: math.MaxInt64}
}

// Public returns what anybody may do without a policy: while the app's security
// is off, to upload, read and, unless its options say otherwise, transform, but
// not to overwrite, delete, run workflows or read EXIF data (Filestack
// documentation: "Security Policies", default authentication). While security
// is on it is the zero Grant or, if the app's options say so, to read and to
// transform the app's own files, but nothing from outside.
func Public(app App) Grant {
	if app.Security && !app.Options.OpenReads || app.Off() || app.Key == "" {
		return Grant{}
	}
	actions := public
	if app.Security {
		actions = opened
	}
	if app.Options.SignedImages {
		actions &^= Convert
	}
	return Grant{App: app.Key, Actions: actions, MaxSize: math.MaxInt64, Unsigned: true}
}

// Known returns what everybody may do who knows the name of the asset id, also
// while security is on: to get its metadata. It is for protocols in which names
// are random and knowing one is enough (Uploadcare documentation: "Upload API",
// file info and group info take a public key and no signature). It allows nothing
// on an app that is disabled or has no key, and on no asset.
func Known(app App, id asset.ID) Grant {
	if app.Off() || app.Key == "" || id == "" {
		return Grant{}
	}
	return Grant{App: app.Key, Actions: Stat, Asset: id, Unsigned: true}
}
