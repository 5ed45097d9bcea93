// Package address verifies tokens in addresses of files: an expiry, which paths
// the token is for, and their HMAC, made with a key that is for nothing else
// (policy.App.TokenSecrets). Source: Uploadcare documentation, "Signed URLs".
package address

import (
	"crypto/hmac"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/policy"
)

// Authorize returns what anybody may do, and with a good token what that allows
// besides. The error is a *policy.Denial, as that of Verify.
func Authorize(app policy.App, text, path string, id asset.ID, now time.Time) (policy.Grant, error) {
	if g := policy.Public(app); text == "" && g != (policy.Grant{}) {
		return g, nil
	}
	g, err := Verify(app, text, path, id, now)
	return policy.Beside(app, g, err)
}

// Verify returns what a token allows at now in a request of path: to read and to
// transform. Text is the token as it stands in the query, escaped or not; path is
// escaped as in the request line, without its query; id is the asset that path is
// about, or the name of the group.
//
// A token that names one path was signed for all that this path says. One that
// ends with * is for all paths that begin like it, but reads nothing besides id,
// whatever such a path brings in; only /* is for every asset of the app.
//
// The error is a *policy.Denial for the first condition that fails: AppDisabled;
// NoCredentials, if there is no token; BadPolicy, if it cannot be read;
// BadSignature; Expired; Revoked, with all that its secret signed or by its
// policy.Digest; CallNotAllowed, if it is for other paths.
func Verify(app policy.App, text, path string, id asset.ID, now time.Time) (policy.Grant, error) {
	if err := app.CheckOn(); err != nil {
		return policy.Grant{}, err
	}
	t, denial := parse(text)
	if denial != nil {
		return policy.Grant{}, denial
	}
	messages := t.messages(path)
	secret, denial := app.Signer(app.TokenSecrets, now, func(secret string) bool {
		key, err := hex.DecodeString(secret)
		same := false
		for _, m := range messages {
			same = hmac.Equal(mac(key, m), t.mac) || same
		}
		return same && err == nil && len(key) >= policy.MinTokenSecret
	})
	if denial != nil {
		return policy.Grant{}, denial
	}
	if !now.Before(t.expires) {
		return policy.Grant{}, refuse(policy.Expired, "the token expired at %s: sign a new one", t.expires.Format(time.RFC3339))
	}
	if err := app.CheckRevoked(policy.Digest(t.text), secret, time.Time{}); err != nil {
		return policy.Grant{}, err
	}
	g := policy.Grant{App: app.Key, Actions: policy.Read | policy.Convert, Expires: t.expires, Signer: secret.Fingerprint()}
	if t.acl == "" || t.acl == "/*" { // the path was signed, or any is meant
		return g, nil
	}
	if !covers(t.acl, path) {
		return policy.Grant{}, refuse(policy.CallNotAllowed, "the token is for %s, and the request of %s", t.acl, path)
	}
	if !strings.HasSuffix(t.acl, "*") {
		return g, nil
	}
	if id == "" {
		return policy.Grant{}, refuse(policy.OtherAsset, "the token is for %s, and the request names no asset", t.acl)
	}
	g.Asset = id
	return g, nil
}

func refuse(r policy.Reason, format string, args ...any) *policy.Denial {
	return &policy.Denial{Reason: r, Detail: fmt.Sprintf(format, args...)}
}
