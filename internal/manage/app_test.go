package manage_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/manage"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/policy/outside"
	"github.com/stowgate/stowgate/sign"
)

// create makes an app, and returns it with its secret.
func (d *desk) create(t *testing.T, n manage.NewApp) (manage.App, string) {
	t.Helper()
	if n.Name == "" {
		n.Name = "photos"
	}
	a, secret, err := d.CreateApp(t.Context(), operator, n)
	must(t, err)
	return a, secret
}

// signed returns a policy that allows reading for an hour, signed elsewhere.
func (d *desk) signed(t *testing.T, secret string) policy.Credential {
	t.Helper()
	s, err := sign.Policy{Expires: d.now.Add(time.Hour), Call: []string{"read"}}.Sign(secret)
	must(t, err)
	return policy.Credential(s)
}

func TestCreateApp(t *testing.T) {
	d := newDesk(t)
	a, secret := d.create(t, manage.NewApp{Name: " photos ", Security: true, MaxSize: 5})
	if a.Name != "photos" || len(a.Key) != 22 || len(secret) < 26 || !a.Security || a.Options.MaxSize != 5 || a.Role != account.Owner {
		t.Errorf("CreateApp = %+v, %q", a, secret)
	}
	for what, n := range map[string]manage.NewApp{
		"no name":         {},
		"a bad key":       {Name: "n", Key: "a/b"},
		"a long key":      {Name: "n", Key: strings.Repeat("a", 129)},
		"a long secret":   {Name: "n", Secret: strings.Repeat("a", 129)},
		"a negative size": {Name: "n", MaxSize: -1},
		"no such storage": {Name: "n", Storage: "attic"},
	} {
		_, _, err := d.CreateApp(t.Context(), operator, n)
		wantKind(t, what, err, fault.Invalid)
	}
	kept, _ := d.create(t, manage.NewApp{Key: strings.Repeat("a", 128), Secret: strings.Repeat("b", 128), Storage: "cold"})
	if kept.Options.Storage != "cold" {
		t.Errorf("an app that is to keep its files in cold does so in %q", kept.Options.Storage)
	}
	_, _, err := d.CreateApp(t.Context(), operator, manage.NewApp{Name: "n", Key: a.Key})
	wantKind(t, "a key that is taken", err, fault.Conflict)
}

func TestChangeApp(t *testing.T) {
	d := newDesk(t)
	a, _ := d.create(t, manage.NewApp{})
	digest := policy.Digest("x")
	changed, err := d.ChangeApp(t.Context(), operator, a.Key, manage.Change{
		Version: a.Version, Name: ptr(" new "), Disabled: ptr(true), Security: ptr(true), Force: "test", MaxSize: ptr(int64(1)),
		Origins: ptr([]string{"HTTPS://Shop.example:443", "https://shop.example/", "http://localhost:3000"}), Types: ptr([]string{"Image/*"}), Sources: ptr([]string{"Images.Example", "*.example.com", "images.example"}),
		SignedImages: ptr(true), OpenReads: ptr(true), Temporary: ptr(true), WholePatterns: ptr(true), CallsAlias: ptr(true), MaxFiles: ptr(int64(2)), MaxBytes: ptr(int64(3)),
		Retention: ptr(time.Hour), Storage: ptr("archive"), RevokeBefore: ptr(d.now), RevokePolicy: &digest,
	})
	must(t, err)
	want := policy.Options{WholePatterns: true, CallsAlias: true, MaxSize: 1, SignedImages: true, OpenReads: true, Temporary: true,
		Origins: []string{"https://shop.example", "http://localhost:3000"}, Types: []string{"image/*"}, Sources: []string{"images.example", "*.example.com"}, MaxFiles: 2, MaxBytes: 3, Retention: time.Hour, Storage: "archive"}
	if !reflect.DeepEqual(changed.Options, want) || changed.Name != "new" || !changed.Disabled || !changed.Security ||
		!changed.RevokedBefore.Equal(d.now) || !changed.Revoked[digest] {
		t.Errorf("ChangeApp = %+v", changed)
	}
	if reflect.ValueOf(want).NumField() != 13 {
		t.Error("policy.Options has fields that no change sets")
	}
	entry := d.entries(t, 0)[0]
	if entry.Action != "app.security" || entry.Detail["without proof"] != "test" || entry.Detail["name"] != "new" || entry.Detail["retention"] != "1h0m0s" {
		t.Errorf("entry %+v", entry)
	}
	_, err = d.ChangeApp(t.Context(), operator, a.Key, manage.Change{Version: a.Version, Name: ptr("late")})
	wantKind(t, "a change of what was changed meanwhile", err, fault.Conflict)
	back, err := d.ChangeApp(t.Context(), operator, a.Key, manage.Change{
		Version: changed.Version, Origins: ptr([]string(nil)), Sources: ptr(hosts(outside.Max)), RevokeBefore: &time.Time{}, AllowPolicy: &digest})
	must(t, err)
	if len(back.Options.Origins) > 0 || len(back.Options.Sources) != outside.Max || !back.RevokedBefore.IsZero() || len(back.Revoked) > 0 || back.Name != "new" {
		t.Errorf("ChangeApp back = %+v", back)
	}
	for what, c := range map[string]manage.Change{
		"nothing":            {},
		"a reason alone":     {Force: "x", Version: back.Version},
		"no name":            {Name: ptr(" ")},
		"a negative size":    {MaxSize: ptr(int64(-1))},
		"negative files":     {MaxFiles: ptr(int64(-1))},
		"negative bytes":     {MaxBytes: ptr(int64(-1))},
		"negative retention": {Retention: ptr(-time.Second)},
		"an origin's path":   {Origins: ptr([]string{"https://a.example/b"})},
		"an origin's query":  {Origins: ptr([]string{"https://a.example?"})},
		"no origin":          {Origins: ptr([]string{"a.example"})},
		"no type":            {Types: ptr([]string{"image"})},
		"no host":            {Sources: ptr([]string{"https://images.example"})},
		"too many hosts":     {Sources: ptr(hosts(outside.Max + 1))},
		"no such storage":    {Storage: ptr("attic")},
		"a word for people":  {Storage: ptr("default")},
		"good and bad":       {Name: ptr("half"), Types: ptr([]string{"image"})},
	} {
		_, err := d.ChangeApp(t.Context(), operator, a.Key, c)
		wantKind(t, what, err, fault.Invalid)
	}
	if now, err := d.App(t.Context(), operator, a.Key); err != nil || now.Version != back.Version {
		t.Errorf("what was refused has changed the app: %+v, %v", now, err)
	}
}

// hosts returns n names.
func hosts(n int) (list []string) {
	for i := range n {
		list = append(list, fmt.Sprintf("host%d.example", i))
	}
	return list
}

// TestVersion has every field of an app give it another version.
func TestVersion(t *testing.T) {
	d := newDesk(t)
	a, _ := d.create(t, manage.NewApp{})
	seen := map[string]string{a.Version: "none"}
	for _, c := range []manage.Change{
		{Name: ptr("other")}, {Disabled: ptr(true)}, {Security: ptr(true), Force: "x"}, {MaxSize: ptr(int64(1))}, {MaxFiles: ptr(int64(1))},
		{MaxBytes: ptr(int64(1))}, {Retention: ptr(time.Duration(1))}, {SignedImages: ptr(true)}, {OpenReads: ptr(true)}, {Temporary: ptr(true)}, {WholePatterns: ptr(true)}, {CallsAlias: ptr(true)},
		{Origins: ptr([]string{"https://a.example"})}, {Types: ptr([]string{"image/*"})}, {Sources: ptr([]string{"*.example.com"})}, {Storage: ptr("archive")}, {RevokeBefore: ptr(d.now)}, {RevokePolicy: &[32]byte{1}},
	} {
		a, err := d.ChangeApp(t.Context(), operator, a.Key, c)
		must(t, err)
		if before, ok := seen[a.Version]; ok {
			t.Errorf("after %+v the version is that after %s", c, before)
		}
		seen[a.Version] = fmt.Sprintf("%+v", c)
	}
	a, _, err := d.AddSecret(t.Context(), operator, a.Key, manage.NewSecret{Keep: time.Hour})
	must(t, err)
	if before, ok := seen[a.Version]; ok {
		t.Errorf("after another secret the version is that after %s", before)
	}
}

func TestSecurityNeedsProof(t *testing.T) {
	d := newDesk(t)
	a, secret := d.create(t, manage.NewApp{})
	good := d.signed(t, secret)
	for what, c := range map[string]manage.Change{
		"without":          {Security: ptr(true)},
		"with white space": {Security: ptr(true), Force: " "},
		"another secret's": {Security: ptr(true), Proof: d.signed(t, "other")},
		"another policy's": {Security: ptr(true), Proof: policy.Credential{Policy: "e30=", Signature: good.Signature}},
	} {
		_, err := d.ChangeApp(t.Context(), operator, a.Key, c)
		wantKind(t, what, err, fault.Conflict)
	}
	steps, err := d.ExplainPolicy(t.Context(), operator, a.Key, good, policy.Request{})
	must(t, err)
	for _, s := range steps {
		if !s.OK {
			t.Errorf("step %+v of a good policy", s)
		}
	}
	a, err = d.ChangeApp(t.Context(), operator, a.Key, manage.Change{Security: ptr(true), Proof: good})
	must(t, err)
	if !a.Security {
		t.Error("security is off")
	}
	_, err = d.ChangeApp(t.Context(), operator, a.Key, manage.Change{Security: ptr(false)})
	must(t, err)
}

func TestSecrets(t *testing.T) {
	d := newDesk(t)
	a, first := d.create(t, manage.NewApp{Security: true})
	works := func(what, secret string, want bool) {
		t.Helper()
		app, err := d.catalog.App(t.Context(), a.Key)
		must(t, err)
		if _, err := policy.Verify(app, d.signed(t, secret), d.now); (err == nil) != want {
			t.Errorf("%s: Verify = %v, want it to work = %t", what, err, want)
		}
	}
	_, err := d.EndSecret(t.Context(), operator, a.Key, a.Secrets[0].Fingerprint)
	wantKind(t, "EndSecret of the only one", err, fault.Conflict)
	a, second, err := d.AddSecret(t.Context(), operator, a.Key, manage.NewSecret{Keep: time.Hour})
	must(t, err)
	works("the old one goes on", first, true)
	works("the new one", second, true)
	_, _, err = d.AddSecret(t.Context(), operator, a.Key, manage.NewSecret{Keep: time.Hour})
	wantKind(t, "a third live one", err, fault.Conflict)
	d.now = d.now.Add(time.Hour)
	works("the old one, expired", first, false)
	works("the new one later", second, true)
	a, third, err := d.AddSecret(t.Context(), operator, a.Key, manage.NewSecret{Keep: time.Hour, Key: "taken-over"})
	must(t, err)
	if len(a.Secrets) != 2 || third != "taken-over" || !a.Secrets[0].Live || a.Secrets[0].Fingerprint != (policy.Secret{Key: third}).Fingerprint() {
		t.Errorf("secrets %+v, new %q", a.Secrets, third)
	}
	a, err = d.EndSecret(t.Context(), operator, a.Key, a.Secrets[0].Fingerprint)
	must(t, err)
	works("one that was ended", third, false)
	d.now = d.now.Add(2 * time.Hour)
	works("the one that is left, for good", second, true)
	_, err = d.EndSecret(t.Context(), operator, a.Key, "00000000")
	wantKind(t, "EndSecret of none", err, fault.NotFound)
	a, last, err := d.AddSecret(t.Context(), operator, a.Key, manage.NewSecret{DropOld: true})
	must(t, err)
	works("one that was dropped", second, false)
	works("the last", last, true)
	for what, n := range map[string]manage.NewSecret{"long": {Key: strings.Repeat("a", 129)}, "negative": {Keep: -1}} {
		_, _, err := d.AddSecret(t.Context(), operator, a.Key, n)
		wantKind(t, what, err, fault.Invalid)
	}
}

// TestM5AppsHideSecrets prints everything that is known of an app.
func TestM5AppsHideSecrets(t *testing.T) {
	d := newDesk(t)
	a, first := d.create(t, manage.NewApp{})
	_, delivery, err := d.AddDeliverySecret(t.Context(), operator, a.Key, "")
	must(t, err)
	a, second, err := d.AddSecret(t.Context(), operator, a.Key, manage.NewSecret{Keep: time.Hour})
	must(t, err)
	apps, err := d.Apps(t.Context(), operator)
	must(t, err)
	entries, err := d.Audit(t.Context(), operator, account.Search{App: a.Key})
	must(t, err)
	said := fmt.Sprintf("%+v %+v %+v", a, apps, entries)
	if strings.Contains(said, first) || strings.Contains(said, second) || strings.Contains(said, delivery) {
		t.Errorf("a secret is in %s", said)
	}
	if !strings.Contains(said, a.Secrets[1].Fingerprint) || !strings.Contains(said, a.DeliverySecrets[0].Fingerprint) {
		t.Error("the fingerprint is not shown")
	}
}

func TestDeleteApp(t *testing.T) {
	d := newDesk(t)
	a, secret := d.create(t, manage.NewApp{})
	_, err := d.RestoreApp(t.Context(), operator, a.Key)
	wantKind(t, "RestoreApp of what is not deleted", err, fault.Conflict)
	owner := account.Actor{ID: "user:o", Roles: map[string]account.Role{a.Key: account.Owner}}
	wantKind(t, "RemoveApp at once", d.RemoveApp(t.Context(), owner, a.Key, false), fault.Conflict)
	a, err = d.DeleteApp(t.Context(), owner, a.Key)
	must(t, err)
	if !a.Gone.Equal(d.now.Add(manage.KeepDeleted)) {
		t.Errorf("gone at %v", a.Gone)
	}
	refused := func() bool {
		app, err := d.catalog.App(t.Context(), a.Key)
		must(t, err)
		_, err = policy.Authorize(app, d.signed(t, secret), d.now)
		_, plain := policy.Authorize(app, policy.Credential{}, d.now)
		return err != nil && plain != nil
	}
	if !refused() {
		t.Error("a deleted app is served")
	}
	_, err = d.ChangeApp(t.Context(), owner, a.Key, manage.Change{Name: ptr("x")})
	wantKind(t, "ChangeApp of a deleted one", err, fault.Conflict)
	_, err = d.DeleteApp(t.Context(), owner, a.Key)
	wantKind(t, "DeleteApp once more", err, fault.Conflict)
	a, err = d.RestoreApp(t.Context(), owner, a.Key)
	must(t, err)
	if !a.Gone.IsZero() || refused() {
		t.Errorf("after RestoreApp: %+v", a)
	}

	_, err = d.DeleteApp(t.Context(), owner, a.Key)
	must(t, err)
	d.now = d.now.Add(manage.KeepDeleted - 1)
	if keys, err := d.AppsToRemove(t.Context()); err != nil || len(keys) > 0 {
		t.Errorf("AppsToRemove too early = %v, %v", keys, err)
	}
	d.now = d.now.Add(1)
	keys, err := d.AppsToRemove(t.Context())
	if must(t, err); len(keys) != 1 || keys[0] != a.Key {
		t.Fatalf("AppsToRemove = %v", keys)
	}
	must(t, d.RemoveApp(t.Context(), account.Server(), keys[0], true))
	_, err = d.App(t.Context(), operator, a.Key)
	wantKind(t, "App that was removed", err, fault.NotFound)
	entries, err := d.Audit(t.Context(), operator, account.Search{App: a.Key})
	if must(t, err); len(entries) != 5 || entries[0].Actor != "server" {
		t.Errorf("the log of what is gone: %+v", entries)
	}
}

func TestSignPolicy(t *testing.T) {
	d := newDesk(t)
	a, _ := d.create(t, manage.NewApp{Security: true})
	document := fmt.Sprintf(`{"expiry":%d,"call":["pick","store"],"maxSize":5000000,"path":"avatars/"}`, d.now.Add(time.Hour).Unix())
	s, err := d.SignPolicy(t.Context(), operator, a.Key, document)
	must(t, err)
	app, err := d.catalog.App(t.Context(), a.Key)
	must(t, err)
	if _, err := policy.Verify(app, s.Credential, d.now); err != nil {
		t.Errorf("what was signed is refused: %v", err)
	}
	if !strings.Contains(s.Meaning, "up to 5 MB into avatars/") || !s.Expires.Equal(d.now.Add(time.Hour)) {
		t.Errorf("SignPolicy = %+v", s)
	}
	for _, bad := range []string{"", "{}", "[]", `{"expiry":1}`, `{"expiry":1999999999,"expiry":1999999999}`, `{"expiry":1999999999,"path":"("}`} {
		_, err := d.SignPolicy(t.Context(), operator, a.Key, bad)
		wantKind(t, "SignPolicy of "+bad, err, fault.Invalid)
	}
	steps, err := d.ExplainPolicy(t.Context(), operator, a.Key, s.Credential, policy.Request{Action: policy.Store, Size: 6e6, Path: "avatars/a"})
	must(t, err)
	var failed []string
	for _, step := range steps {
		if !step.OK {
			failed = append(failed, step.Check)
		}
	}
	if strings.Join(failed, " ") != "size" {
		t.Errorf("ExplainPolicy of a large file: %v fail, want size", failed)
	}
}
