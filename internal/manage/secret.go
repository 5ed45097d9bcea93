package manage

import (
	"context"
	"crypto/rand"
	"slices"
	"time"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/policy"
)

// A NewSecret says how an app gets another secret.
type NewSecret struct {
	Key     string        // to take over; empty means a new one
	Keep    time.Duration // how long the one so far goes on
	DropOld bool          // end all others at once instead
}

// AddSecret gives an app a new secret, which policies are signed with from now
// on, and returns it: nothing else shows it again. The one so far goes on for a
// while. The error wraps fault.Conflict if there are policy.MaxSecrets live ones.
func (s *Service) AddSecret(ctx context.Context, by account.Actor, key string, n NewSecret) (App, string, error) {
	if n.Key == "" {
		n.Key = rand.Text()
	}
	fresh := policy.Secret{Key: n.Key, Created: s.now()}
	app, err := s.change(ctx, by, account.ChangeSecret, "secret.add", key, func(a *policy.App, detail map[string]string) error {
		switch {
		case len(n.Key) > maxKey:
			return account.Refuse(fault.Invalid, "secret", "the secret has more than %d characters", maxKey)
		case n.Keep < 0:
			return account.Refuse(fault.Invalid, "keep", "the time is less than nothing")
		}
		var old []policy.Secret
		for _, secret := range a.Secrets {
			if !n.DropOld && (secret.Expires.IsZero() || fresh.Created.Before(secret.Expires)) && secret.Key != n.Key {
				old = append(old, secret)
			}
		}
		if len(old) >= policy.MaxSecrets {
			return account.Refuse(fault.Conflict, "", "the app has two live secrets already, the older until %s",
				old[1].Expires.UTC().Format(time.RFC3339))
		}
		detail["secret"] = fresh.Fingerprint()
		for i := range old {
			old[i].Expires = fresh.Created.Add(n.Keep)
			detail[old[i].Fingerprint()] = "until " + old[i].Expires.UTC().Format(time.RFC3339)
		}
		a.Secrets = append([]policy.Secret{fresh}, old...)
		return nil
	})
	if err != nil {
		return App{}, "", err
	}
	return app, n.Key, nil
}

// EndSecret ends one of an app's secrets at once: what it signed is refused from
// now on. The error wraps fault.Conflict if it is the only live one.
func (s *Service) EndSecret(ctx context.Context, by account.Actor, key, fingerprint string) (App, error) {
	return s.change(ctx, by, account.ChangeSecret, "secret.end", key, func(a *policy.App, detail map[string]string) error {
		left := slices.DeleteFunc(slices.Clone(a.Secrets), func(one policy.Secret) bool { return one.Fingerprint() == fingerprint })
		if len(left) == len(a.Secrets) {
			return account.Refuse(fault.NotFound, "", "the app has no such secret")
		}
		if !slices.ContainsFunc(left, func(one policy.Secret) bool { return one.Expires.IsZero() || s.now().Before(one.Expires) }) {
			return account.Refuse(fault.Conflict, "", "this is the only live secret: make another one first")
		}
		left[0].Expires = time.Time{} // it is the newest now
		a.Secrets, detail["secret"] = left, fingerprint
		return nil
	})
}

// Signed is a policy as clients send it, and what it means.
type Signed struct {
	policy.Credential
	Meaning string // in words
	Expires time.Time
}

// SignPolicy signs a policy's JSON with the app's newest secret. The error is an
// *account.Refusal if the app would not accept it.
func (s *Service) SignPolicy(ctx context.Context, by account.Actor, key, document string) (Signed, error) {
	a, err := s.app(ctx, by, account.SignPolicy, key)
	if err != nil {
		return Signed{}, err
	}
	return sign(a, document, s.now())
}

// ExplainPolicy goes through every condition that the app has for a request with
// a policy. A request without an Action asks about the policy alone.
func (s *Service) ExplainPolicy(ctx context.Context, by account.Actor, key string, c policy.Credential, r policy.Request) ([]policy.Step, error) {
	a, err := s.app(ctx, by, account.ViewApp, key)
	if err != nil {
		return nil, err
	}
	return policy.Explain(a, c, r, s.now()), nil
}
