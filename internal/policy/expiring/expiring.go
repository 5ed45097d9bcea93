// Package expiring verifies signatures that say nothing but when they expire: the
// HMAC of a time, made with a secret of the app. It does not know what a caller
// may do without one; package uploading does.
package expiring

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"time"

	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/policy/instant"
)

// Sign returns the signature of expire, which is Unix seconds in decimal digits,
// with a secret: the HMAC-SHA-256 of its bytes in lower-case hexadecimal
// (Uploadcare documentation: "Signed uploads with a signature").
func Sign(secret, expire string) string { return hex.EncodeToString(mac(secret, expire)) }

// Verify returns what the signature of expire allows at now: to store files, at
// any path and of any size. The bytes of expire are what was signed, exactly as
// they were received; an empty text is one that is absent.
//
// The error is a *policy.Denial for the first condition that fails, in this order:
//
//   - AppDisabled;
//   - NoCredentials: the signature is absent, or else the time is;
//   - BadPolicy: the time is not Unix seconds, in ASCII digits and nothing else;
//   - Expired: it is now or has passed;
//   - BadSignature: no live secret of the app made the signature;
//   - Revoked: all that was signed with the secret was, or this signature, whose
//     digest in App.Revoked is its own 32 bytes.
func Verify(app policy.App, signature, expire string, now time.Time) (policy.Grant, error) {
	if err := app.CheckOn(); err != nil {
		return policy.Grant{}, err
	}
	expires, denial := check(signature, expire, now)
	if denial != nil {
		return policy.Grant{}, denial
	}
	given, err := hex.DecodeString(signature)
	secret, denial := app.Signer(app.Secrets, now, func(key string) bool {
		same := hmac.Equal(mac(key, expire), given)
		return same && err == nil
	})
	if denial != nil {
		return policy.Grant{}, denial
	}
	if err := app.CheckRevoked([sha256.Size]byte(given), secret, time.Time{}); err != nil {
		return policy.Grant{}, err
	}
	return policy.Grant{App: app.Key, Actions: policy.Pick | policy.Store, Expires: expires, MaxSize: math.MaxInt64,
		Signer: secret.Fingerprint()}, nil
}

// check returns when the signature expires, if that can be told and is to come.
func check(signature, expire string, now time.Time) (time.Time, *policy.Denial) {
	switch {
	case signature == "":
		return time.Time{}, &policy.Denial{Reason: policy.NoCredentials, Detail: "a signature is needed"}
	case expire == "":
		return time.Time{}, &policy.Denial{Reason: policy.NoCredentials, Detail: "a signature needs the time that it is of"}
	}
	expires, err := instant.Parse(expire)
	if err != nil {
		return time.Time{}, &policy.Denial{Reason: policy.BadPolicy, Detail: fmt.Sprintf("the time %v", err)}
	}
	if !now.Before(expires) {
		return time.Time{}, &policy.Denial{Reason: policy.Expired,
			Detail: fmt.Sprintf("it expired at %s: sign a new one", expires.Format(time.RFC3339))}
	}
	return expires, nil
}

func mac(key, text string) []byte {
	h := hmac.New(sha256.New, []byte(key))
	h.Write([]byte(text))
	return h.Sum(nil)
}
