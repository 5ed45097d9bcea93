package uploading

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"testing"
	"time"

	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/policy/expiring"
)

const secret = "demosecretkey"

var now = time.Unix(1678359850, 0).UTC()

func token(scope string) string {
	text := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS256"}`)) + "." +
		base64.RawURLEncoding.EncodeToString([]byte(`{"iat":1678359840,"exp":1678363440,"uc":{"restrictions":{"scope":["`+scope+`"]}}}`))
	key := sha256.Sum256([]byte(secret))
	h := hmac.New(sha256.New, key[:])
	h.Write([]byte(text))
	return text + "." + base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}

// TestB17TwoCredentials: of a signature and a token the signature counts, good or
// bad, in whatever order they came.
func TestB17TwoCredentials(t *testing.T) {
	const expire = "1678363440"
	good, bad := expiring.Sign(secret, expire), expiring.Sign("x", expire)
	bearer, narrow := "Bearer "+token("/base/"), "Bearer "+token("/info/")
	for _, tt := range []struct {
		name string
		c    Credential
		want policy.Reason
	}{
		{"nothing", Credential{}, policy.NoCredentials},
		{"signature", Credential{Signature: good, Expire: expire}, 0},
		{"bad signature", Credential{Signature: bad, Expire: expire}, policy.BadSignature},
		{"token", Credential{Authorization: bearer}, 0},
		{"token for another path", Credential{Authorization: narrow}, policy.CallNotAllowed},
		{"bad token", Credential{Authorization: bearer + "x"}, policy.BadSignature},
		{"both good", Credential{Signature: good, Expire: expire, Authorization: bearer}, 0},
		{"good signature, bad token", Credential{Signature: good, Expire: expire, Authorization: bearer + "x"}, 0},
		{"good signature, token for another path", Credential{Signature: good, Expire: expire, Authorization: narrow}, 0},
		{"bad signature, good token", Credential{Signature: bad, Expire: expire, Authorization: bearer}, policy.BadSignature},
		{"signature of no time, good token", Credential{Signature: good, Authorization: bearer}, policy.NoCredentials},
		{"time of no signature, good token", Credential{Expire: expire, Authorization: bearer}, 0},
		{"time of no signature", Credential{Expire: expire}, policy.NoCredentials},
		{"scheme in lower case", Credential{Authorization: "bearer " + token("/base/")}, 0},
		{"more spaces", Credential{Authorization: "Bearer   " + token("/base/") + " "}, 0},
		{"scheme alone", Credential{Authorization: "Bearer "}, policy.NoCredentials},
		{"another scheme", Credential{Authorization: "Basic " + token("/base/")}, policy.NoCredentials},
		{"no scheme", Credential{Authorization: token("/base/")}, policy.NoCredentials},
	} {
		tt.c.Path = "/base/"
		app := policy.App{Key: "key", Security: true, Secrets: []policy.Secret{{Key: secret}}}
		for _, open := range []bool{false, true} { // which opens no uploads
			app.Options.OpenReads = open
			g, err := Authorize(app, tt.c, now)
			var d *policy.Denial
			if errors.As(err, &d); err != nil && d == nil || err == nil && tt.want != 0 || d != nil && d.Reason != tt.want {
				t.Errorf("%s: Authorize = %v, want %v", tt.name, err, tt.want)
			}
			if allowed := g.Check(policy.Request{Action: policy.Store, Size: -1}, now) == nil; allowed != (tt.want == 0) {
				t.Errorf("%s: storing is allowed: %t", tt.name, allowed)
			}
		}

		app.Security = false
		g, err := Authorize(app, tt.c, now)
		if err != nil || g != policy.Public(app) {
			t.Errorf("%s, security off: Authorize = %v, %v, want what anybody may do", tt.name, g, err)
		}
		app.Disabled = true
		var d *policy.Denial
		g, err = Authorize(app, tt.c, now)
		if errors.As(err, &d); d == nil || d.Reason != policy.AppDisabled || g != (policy.Grant{}) {
			t.Errorf("%s, disabled: Authorize = %v, %v, want AppDisabled", tt.name, g, err)
		}
	}
}
