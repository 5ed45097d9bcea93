package policy

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/stowgate/stowgate/internal/fault"
)

// Sign returns the credential for a policy's JSON, made with the app's newest
// live secret, and what it allows. The error is a *Denial if the app would
// refuse it, and wraps fault.Conflict if the app has no live secret.
func Sign(app App, document string, now time.Time) (Credential, Grant, error) {
	for _, s := range app.Secrets {
		if !s.live(now) {
			continue
		}
		text := base64.URLEncoding.EncodeToString([]byte(document))
		c := Credential{Policy: text, Signature: hex.EncodeToString(mac(s.Key, text))}
		g, err := Verify(app, c, now)
		return c, g, err
	}
	return Credential{}, Grant{}, fmt.Errorf("app %s has no live secret to sign with: %w", app.Key, fault.Conflict)
}
