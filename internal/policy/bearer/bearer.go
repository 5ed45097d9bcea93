// Package bearer verifies JSON Web Tokens that allow uploads (Uploadcare
// documentation: "Upload API", bearer tokens). It does not know what a caller may
// do without one; package uploading does.
package bearer

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/policy/strictjson"
)

// Limits of a token.
const (
	MaxToken = 2 * strictjson.MaxSize // bytes of its text
	MaxLife  = 24 * time.Hour         // from when it was issued until it expires
	Leeway   = 30 * time.Second       // by which the signer's clock may differ from ours
)

// Verify returns what token allows at now in a request of path: to store files,
// as many as it says. Its text is exactly what was signed: no other spelling of
// the same bytes is read.
//
// The error is a *policy.Denial for the first condition that fails, in this order.
// Its detail tells nothing that is not in the token itself.
//
//   - AppDisabled;
//   - BadPolicy: it is no token signed with HS256, or one without a proper header;
//   - BadSignature: none made with the SHA-256 of a live secret of the app as key;
//   - BadPolicy: a claim is missing or wrong, see claims;
//   - Expired: more than Leeway ago;
//   - Revoked: by App.RevokedBefore, or by the policy.Digest of its text;
//   - CallNotAllowed: its scope does not name path.
func Verify(app policy.App, token, path string, now time.Time) (policy.Grant, error) {
	if err := app.CheckOn(); err != nil {
		return policy.Grant{}, err
	}
	jws, err := parse(token)
	if err != nil {
		return policy.Grant{}, invalid(err)
	}
	var payload []byte
	secret, denial := app.Signer(app.Secrets, now, func(secret string) bool {
		key := sha256.Sum256([]byte(secret))
		var err error
		payload, err = jws.Verify(key[:])
		return err == nil
	})
	if denial != nil {
		return policy.Grant{}, denial
	}
	c, err := read(payload, now)
	if err != nil {
		return policy.Grant{}, invalid(err)
	}
	expires := c.expires.Add(Leeway)
	if !now.Before(expires) {
		return policy.Grant{}, &policy.Denial{Reason: policy.Expired,
			Detail: fmt.Sprintf("the token expired at %s: sign a new one", c.expires.Format(time.RFC3339))}
	}
	digest := policy.Digest(token)
	if err := app.CheckRevoked(digest, secret, c.issued); err != nil {
		return policy.Grant{}, err
	}
	if !c.covers(path) {
		return policy.Grant{}, &policy.Denial{Reason: policy.CallNotAllowed,
			Detail: fmt.Sprintf("the token's scope is %s, and the request is of %q", strings.Join(c.scope, " "), path)}
	}
	g := policy.Grant{App: app.Key, Actions: policy.Pick | policy.Store, Expires: expires, MaxSize: math.MaxInt64,
		Signer: secret.Fingerprint()}
	if c.operations > 0 {
		g.Use = policy.Use{Digest: digest, Limit: c.operations, Expires: expires}
	}
	return g, nil
}

func invalid(err error) *policy.Denial {
	return &policy.Denial{Reason: policy.BadPolicy, Detail: err.Error()}
}

// parse reads the three parts of a token, whose signature is yet to be verified.
func parse(token string) (*jose.JSONWebSignature, error) {
	if len(token) > MaxToken {
		return nil, fmt.Errorf("the token has %d bytes, over the limit of %d", len(token), MaxToken)
	}
	// The library decodes base64 with bits or line breaks left over, so that one
	// signature would be good for many texts.
	for part := range strings.SplitSeq(token, ".") {
		if _, err := base64.RawURLEncoding.Strict().DecodeString(part); err != nil || strings.ContainsAny(part, "\r\n") {
			return nil, errors.New("the token is not made of parts in proper base64url")
		}
	}
	jws, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.HS256})
	if err != nil {
		return nil, errors.New("the token is not a JSON Web Token signed with HS256")
	}
	return jws, nil
}
