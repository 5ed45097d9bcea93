package sign

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"
)

// maxPattern is how many bytes a Path, Container or URL may have.
const maxPattern = 256

// maxUses is the most that Uses may be.
const maxUses = 1<<31 - 1

// Calls are the names that a policy's Call may list.
func Calls() []string {
	return []string{"pick", "store", "read", "stat", "write", "writeUrl", "convert", "remove", "exif", "runWorkflow"}
}

// A Policy says what its holder may do, and for how long. Fields left zero
// bound nothing.
type Policy struct {
	Expires time.Time // from this second on it allows nothing; required
	Call    []string  // what it allows, out of Calls; nil means all but exif
	Handle  string    // the one file it is about

	Path      string // RE2 expression that a stored file's path must match, from its start
	Container string // the same for its bucket
	URL       string // the same for an outside source of processing or import
	MinSize   int64  // bytes that a stored file must have
	MaxSize   int64  // bytes that a stored file may have

	// Only Stowgate knows these; Filestack ignores them.
	Uses   int       // how many actions it allows
	Issued time.Time // when it was made: lets the app revoke what is older than an instant
}

// Signed is a policy in the form that clients send.
type Signed struct {
	Policy    string `json:"policy"`    // URL-safe base64 of JSON, padded
	Signature string `json:"signature"` // HMAC-SHA-256 of Policy, in lowercase hexadecimal
}

// Sign returns p signed with the app's secret. The same policy and secret give
// the same text. The error, one for every field that is wrong, says what no
// server would accept, or what could not have been meant: no expiry, an unknown
// call, a list of no calls, an expression that does not compile.
func (p Policy) Sign(secret string) (Signed, error) {
	if err := p.check(secret); err != nil {
		return Signed{}, fmt.Errorf("sign policy: %w", err)
	}
	document := struct {
		Expiry    int64    `json:"expiry"`
		Call      []string `json:"call,omitempty"`
		Handle    string   `json:"handle,omitempty"`
		Path      string   `json:"path,omitempty"`
		Container string   `json:"container,omitempty"`
		URL       string   `json:"url,omitempty"`
		MinSize   int64    `json:"minSize,omitempty"`
		MaxSize   int64    `json:"maxSize,omitempty"`
		Uses      int      `json:"uses,omitempty"`
		Issued    int64    `json:"iat,omitempty"`
	}{Expiry: p.Expires.Unix(), Call: p.Call, Handle: p.Handle, Path: p.Path, Container: p.Container, URL: p.URL,
		MinSize: p.MinSize, MaxSize: p.MaxSize, Uses: p.Uses}
	if !p.Issued.IsZero() {
		document.Issued = p.Issued.Unix()
	}
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(document); err != nil {
		return Signed{}, fmt.Errorf("sign policy: %w", err)
	}
	policy := base64.URLEncoding.EncodeToString(bytes.TrimSuffix(text.Bytes(), []byte("\n")))
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(policy))
	return Signed{Policy: policy, Signature: hex.EncodeToString(mac.Sum(nil))}, nil
}

// check returns everything that is wrong with p and secret.
func (p Policy) check(secret string) error {
	var errs []error
	wrong := func(is bool, format string, args ...any) {
		if is {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	wrong(secret == "", "the secret is empty")
	wrong(p.Expires.IsZero(), "Expires is not set")
	wrong(!p.Expires.IsZero() && (p.Expires.Unix() <= 0 || p.Expires.UTC().Year() > 9999), "Expires %v is not between 1970 and 9999", p.Expires)
	wrong(!p.Issued.IsZero() && (p.Issued.Unix() <= 0 || p.Issued.UTC().Year() > 9999), "Issued %v is not between 1970 and 9999", p.Issued)
	wrong(p.Call != nil && len(p.Call) == 0, "Call is an empty list, which allows nothing; nil allows everything but exif")
	for _, call := range p.Call {
		wrong(!slices.Contains(Calls(), call), "Call lists %q, which is none of %q", call, Calls())
	}
	wrong(p.MinSize < 0, "MinSize is %d", p.MinSize)
	wrong(p.MaxSize < 0, "MaxSize is %d", p.MaxSize)
	wrong(p.MaxSize > 0 && p.MinSize > p.MaxSize, "MinSize %d is over MaxSize %d", p.MinSize, p.MaxSize)
	wrong(p.Uses < 0 || p.Uses > maxUses, "Uses is %d, not 0 to %d", p.Uses, maxUses)
	for _, pattern := range []struct{ name, text string }{{"Path", p.Path}, {"Container", p.Container}, {"URL", p.URL}} {
		_, err := regexp.Compile(pattern.text)
		wrong(err != nil, "%s: %w", pattern.name, err)
		wrong(len(pattern.text) > maxPattern, "%s has %d bytes, over the limit of %d", pattern.name, len(pattern.text), maxPattern)
	}
	return errors.Join(errs...)
}
