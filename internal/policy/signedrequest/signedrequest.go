// Package signedrequest verifies requests that an app's own server makes, and
// that prove the app's secret by showing it or by signing the request with it.
//
// A signed request can be sent again, by whoever saw it, for as long as its date
// is within MaxSkew: the protocol has nothing in it that is used once. It is
// documented so, and clients retry with the same signature.
package signedrequest

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/policy"
)

// MaxSkew is how far the date of a signed request may be from now, either way.
// Source: Uploadcare documentation, "REST API", authentication.
const MaxSkew = 15 * time.Minute

// A Credential is an Authorization header, taken apart.
type Credential struct {
	Key    string // the app's public key
	Simple bool   // whether Proof is a secret of the app, and not a signature
	Proof  string
}

// Parse reads the value of an Authorization header: "<scheme> <key>:<signature>",
// or "<scheme>.Simple <key>:<secret>". The letters' case counts in the key and its
// proof, but not in the scheme. The error wraps fault.Invalid.
func Parse(scheme, header string) (Credential, error) {
	name, rest, ok := strings.Cut(header, " ")
	name, simple := cutSuffixFold(name, ".Simple")
	key, proof, parted := strings.Cut(strings.Trim(rest, " "), ":")
	if !ok || !parted || key == "" || proof == "" || !strings.EqualFold(name, scheme) {
		return Credential{}, fmt.Errorf("authorization is not %s key:proof: %w", scheme, fault.Invalid)
	}
	return Credential{Key: key, Simple: simple, Proof: proof}, nil
}

func cutSuffixFold(s, suffix string) (string, bool) {
	if at := len(s) - len(suffix); at >= 0 && strings.EqualFold(s[at:], suffix) {
		return s[:at], true
	}
	return s, false
}

// A Request is what a signature is about, each as it was received.
type Request struct {
	Method      string
	URI         string // the path and the query, escaped, as in the request line
	ContentType string // the header, whatever it says
	Date        string // the header, in one of the layouts
	Body        []byte
}

// layouts of Date: that of RFC 9110, and that of Python's client.
var layouts = [...]string{"Mon, 02 Jan 2006 15:04:05 GMT", "Mon, 02 Jan 2006, 15:04:05 GMT"}

// Verify returns everything for the app's own server. The app is the one with the
// key of c, or the zero App if there is none, which takes as long.
//
// The error is a *policy.Denial for the first condition that fails: AppDisabled;
// for signatures BadPolicy, if the date cannot be read, and Expired, if it is
// further than MaxSkew from now; BadSignature; and for signatures Revoked, if the
// date is before App.RevokedBefore.
func Verify(app policy.App, c Credential, r Request, now time.Time) (policy.Grant, error) {
	if c.Simple {
		return policy.VerifySecret(app, c.Proof, now)
	}
	if err := app.CheckOn(); err != nil {
		return policy.Grant{}, err
	}
	date, err := parseDate(r.Date)
	if err != nil {
		return policy.Grant{}, &policy.Denial{Reason: policy.BadPolicy, Detail: err.Error()}
	}
	if skew := now.Sub(date).Abs(); skew > MaxSkew {
		return policy.Grant{}, &policy.Denial{Reason: policy.Expired,
			Detail: fmt.Sprintf("the date is %s, and now it is %s: set the clock", date.Format(time.RFC3339), now.UTC().Format(time.RFC3339))}
	}
	given, err := hex.DecodeString(c.Proof)
	sent, decoded := r.message(r.URI), r.message(decodePath(r.URI))
	secret, denial := app.Signer(app.Secrets, now, func(key string) bool {
		same := hmac.Equal(mac(key, sent), given)
		again := hmac.Equal(mac(key, decoded), given)
		return (same || again) && err == nil
	})
	if denial != nil {
		return policy.Grant{}, denial
	}
	if err := app.CheckRevoked([32]byte{}, secret, date); err != nil {
		return policy.Grant{}, err
	}
	g := policy.Full(app)
	g.Signer = secret.Fingerprint()
	return g, nil
}

// Sign returns the signature of r with a secret: the HMAC-SHA-1 of five lines in
// lower-case hexadecimal (Uploadcare documentation: "REST API", authentication).
func Sign(secret string, r Request) string { return hex.EncodeToString(mac(secret, r.message(r.URI))) }

// message returns what is signed if the request line says uri.
func (r Request) message(uri string) string {
	sum := md5.Sum(r.Body)
	return strings.Join([]string{r.Method, hex.EncodeToString(sum[:]), r.ContentType, r.Date, uri}, "\n")
}

// decodePath returns uri with its path unescaped, which the Go client signs, or uri
// itself if that could be another's.
func decodePath(uri string) string {
	path, _, _ := strings.Cut(uri, "?")
	plain, ok := policy.PlainPath(path)
	if !ok {
		return uri
	}
	return plain + uri[len(path):]
}

func parseDate(text string) (time.Time, error) {
	for _, layout := range layouts {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	return time.Time{}, errors.New("the date is not like Fri, 02 Jan 2026 03:04:05 GMT")
}

func mac(key, text string) []byte {
	h := hmac.New(sha1.New, []byte(key))
	h.Write([]byte(text))
	return h.Sum(nil)
}
