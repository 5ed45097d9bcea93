package manage

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/policy"
)

// AddDeliverySecret gives an app another secret that tokens in addresses of files
// are signed with (policy.App.TokenSecrets), and returns it: nothing else shows it
// again. Key is one to take over, in hexadecimal; empty means a new one. Those so
// far go on. The error wraps fault.Conflict if the app has policy.MaxSecrets, or
// this very one.
func (s *Service) AddDeliverySecret(ctx context.Context, by account.Actor, key, secret string) (App, string, error) {
	if secret == "" {
		var fresh [policy.MinTokenSecret]byte
		rand.Read(fresh[:]) // which does not fail
		secret = hex.EncodeToString(fresh[:])
	}
	secret = strings.ToLower(secret)
	fresh := policy.Secret{Key: secret, Created: s.now()}
	app, err := s.change(ctx, by, account.ChangeSecret, "delivery_secret.add", key, func(a *policy.App, detail map[string]string) error {
		raw, err := hex.DecodeString(secret)
		switch {
		case err != nil || len(raw) < policy.MinTokenSecret || len(secret) > maxKey:
			return account.Refuse(fault.Invalid, "secret", "a delivery secret is %d to %d hexadecimal digits", 2*policy.MinTokenSecret, maxKey)
		case len(a.TokenSecrets) >= policy.MaxSecrets:
			return account.Refuse(fault.Conflict, "", "the app has %d delivery secrets already: remove one first", policy.MaxSecrets)
		case slices.ContainsFunc(a.TokenSecrets, func(one policy.Secret) bool { return one.Key == secret }):
			return account.Refuse(fault.Conflict, "secret", "the app has this delivery secret already")
		}
		detail["secret"] = fresh.Fingerprint()
		a.TokenSecrets = append([]policy.Secret{fresh}, a.TokenSecrets...)
		return nil
	})
	if err != nil {
		return App{}, "", err
	}
	return app, secret, nil
}

// RemoveDeliverySecret removes one of an app's delivery secrets: tokens signed
// with it are refused from now on.
func (s *Service) RemoveDeliverySecret(ctx context.Context, by account.Actor, key, fingerprint string) (App, error) {
	return s.change(ctx, by, account.ChangeSecret, "delivery_secret.remove", key, func(a *policy.App, detail map[string]string) error {
		left := slices.DeleteFunc(slices.Clone(a.TokenSecrets), func(one policy.Secret) bool { return one.Fingerprint() == fingerprint })
		if len(left) == len(a.TokenSecrets) {
			return account.Refuse(fault.NotFound, "", "the app has no such delivery secret")
		}
		a.TokenSecrets, detail["secret"] = left, fingerprint
		return nil
	})
}
