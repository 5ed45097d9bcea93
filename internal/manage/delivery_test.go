package manage_test

import (
	"strings"
	"testing"

	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/manage"
	"github.com/stowgate/stowgate/internal/policy"
)

func TestDeliverySecrets(t *testing.T) {
	d := newDesk(t)
	a, _ := d.create(t, manage.NewApp{})
	add := func(secret string) (manage.App, string, error) {
		return d.AddDeliverySecret(t.Context(), operator, a.Key, secret)
	}
	kept := func(want ...string) {
		t.Helper()
		app, err := d.catalog.App(t.Context(), a.Key)
		must(t, err)
		var keys []string
		for _, s := range app.TokenSecrets {
			keys = append(keys, s.Key)
		}
		if strings.Join(keys, " ") != strings.Join(want, " ") || len(app.Secrets) != 1 {
			t.Errorf("the app has the delivery secrets %q, want %q", keys, want)
		}
	}
	for _, bad := range []string{strings.Repeat("ab", policy.MinTokenSecret-1), strings.Repeat("a", 65), strings.Repeat("g", 64), strings.Repeat("ab", 65)} {
		_, _, err := add(bad)
		wantKind(t, bad, err, fault.Invalid)
	}
	kept()
	_, first, err := add("")
	must(t, err)
	if len(first) != 2*policy.MinTokenSecret {
		t.Errorf("a new delivery secret is %q", first)
	}
	_, _, err = add(strings.ToUpper(first))
	wantKind(t, "the same again", err, fault.Conflict)
	shown, second, err := add(strings.Repeat("AB", 64))
	must(t, err)
	kept(second, first)
	if second != strings.Repeat("ab", 64) || len(shown.DeliverySecrets) != 2 || !shown.DeliverySecrets[0].Live ||
		shown.DeliverySecrets[0].Fingerprint != (policy.Secret{Key: second}).Fingerprint() {
		t.Errorf("AddDeliverySecret = %+v, %q", shown.DeliverySecrets, second)
	}
	_, _, err = add("")
	wantKind(t, "a third", err, fault.Conflict)
	_, err = d.RemoveDeliverySecret(t.Context(), operator, a.Key, a.Secrets[0].Fingerprint)
	wantKind(t, "RemoveDeliverySecret of a secret of policies", err, fault.NotFound)
	_, err = d.RemoveDeliverySecret(t.Context(), operator, a.Key, shown.DeliverySecrets[1].Fingerprint)
	must(t, err)
	kept(second)
	left, err := d.RemoveDeliverySecret(t.Context(), operator, a.Key, shown.DeliverySecrets[0].Fingerprint)
	must(t, err)
	kept()
	if left.Version != a.Version {
		t.Errorf("the version is %s, and before was %s", left.Version, a.Version)
	}
	if shown.Version == a.Version {
		t.Error("delivery secrets leave the version as it was")
	}
}
