// Package uploading decides which of the credentials that came with an upload
// counts, for protocols that sign with package expiring or package bearer.
package uploading

import (
	"strings"
	"time"

	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/policy/bearer"
	"github.com/stowgate/stowgate/internal/policy/expiring"
)

// A Credential is all that came with a request. What is empty did not come.
type Credential struct {
	Signature     string // of Expire; see expiring.Verify
	Expire        string
	Authorization string // the header; only one of the scheme Bearer counts
	Path          string // of the request, in the protocol's words, for the token's scope
}

// Authorize returns what c allows at now: to store files. It is for calls that
// make something.
//
// While the app's security is off, credentials are accepted and not looked at, and
// anybody may do what policy.Public says. Otherwise the signature counts, and a
// token beside it is ignored (Uploadcare documentation: "Upload API",
// authentication). The error is a *policy.Denial: that of bearer.Verify if there is
// a Token, and otherwise that of expiring.Verify, where NoCredentials is for the
// signature if that is empty, and for its time if not.
func Authorize(app policy.App, c Credential, now time.Time) (policy.Grant, error) {
	if g := policy.Public(app); g.Actions&policy.Store != 0 {
		return g, nil
	}
	if token := c.Token(); token != "" {
		return bearer.Verify(app, token, c.Path, now)
	}
	return expiring.Verify(app, c.Signature, c.Expire, now)
}

// Token returns the token that counts, or "" if none came, or a signature did.
func (c Credential) Token() string {
	scheme, token, _ := strings.Cut(c.Authorization, " ")
	if c.Signature != "" || !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.Trim(token, " ")
}
