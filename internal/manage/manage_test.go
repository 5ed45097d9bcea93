package manage_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/catalog"
	"github.com/stowgate/stowgate/internal/catalog/hooks"
	"github.com/stowgate/stowgate/internal/catalog/ledger"
	"github.com/stowgate/stowgate/internal/catalog/people"
	"github.com/stowgate/stowgate/internal/catalog/queue"
	"github.com/stowgate/stowgate/internal/catalog/sqlitedb"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/job"
	"github.com/stowgate/stowgate/internal/manage"
	"github.com/stowgate/stowgate/internal/manage/backlog"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/webhook"
)

// A desk is a service on real records, with a clock of its own.
type desk struct {
	*manage.Service
	catalog *catalog.Catalog
	people  people.Records
	ledger  ledger.Ledger
	hooks   *manage.Webhooks
	jobs    *backlog.Jobs
	now     time.Time
}

func newDesk(t testing.TB) *desk {
	t.Helper()
	d := &desk{now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	clock := func() time.Time { return d.now }
	db, err := sqlitedb.Open(t.Context(), filepath.Join(t.TempDir(), "catalog.db"))
	must(t, err)
	d.catalog, err = catalog.New(t.Context(), db, [32]byte{1}, catalog.Config{Now: clock})
	must(t, err)
	t.Cleanup(func() { d.catalog.Close() })
	book := d.catalog.Book()
	d.people, d.ledger = people.New(book), ledger.New(book)
	d.Service = manage.New(d.catalog, d.people, d.ledger, manage.Config{Now: clock, Storages: []string{"archive", "cold"}})
	formats := webhook.Formats{"other": {MinSecret: 1, Words: map[string]string{asset.Kept: "kept"}}, "filestack": {Words: map[string]string{asset.Uploaded: "fp.upload", asset.Overwritten: "fp.overwrite", asset.Deleted: "fp.delete"}, Body: func(webhook.Hook, asset.Event) ([]byte, error) { return []byte("{}"), nil }}}
	store := queue.New(book, queue.Config{})
	d.hooks = manage.NewWebhooks(hooks.New(book, store, formats, func() {}), formats, clock)
	d.jobs = backlog.New(store, func() {})
	return d
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantKind(t *testing.T, what string, err error, want fault.Kind) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: %v, want %v", what, err, want)
	}
}

// operator is who does what a test prepares.
var operator = account.CommandLine()

// A scene is what one call of the matrix is about: an app of its own and a user.
type scene struct {
	*desk
	app    string
	secret string
	user   string // ID
	email  string
	token  string // ID of the actor's

	looks string // fingerprint of its delivery secret

	hook     string // ID, if the call is about one
	delivery int64  // and of a delivery, which is a job
}

func (d *desk) scene(t *testing.T, n int, deleted, hooked bool) scene {
	t.Helper()
	s := scene{desk: d, user: fmt.Sprintf("u%d", n), email: fmt.Sprintf("u%d@example.com", n)}
	app, secret, err := d.CreateApp(t.Context(), operator, manage.NewApp{Name: "app", Security: true})
	must(t, err)
	s.app, s.secret = app.Key, secret
	_, _, err = d.AddSecret(t.Context(), operator, s.app, manage.NewSecret{Keep: time.Hour})
	must(t, err)
	app, _, err = d.AddDeliverySecret(t.Context(), operator, s.app, "")
	must(t, err)
	s.looks = app.DeliverySecrets[0].Fingerprint
	by := operator.Entry("test", "", "", nil)
	must(t, d.people.AddUser(t.Context(), by, account.User{ID: s.user, Email: s.email, Name: "User", Roles: map[string]account.Role{s.app: account.Viewer}}))
	if hooked {
		hook, _, err := d.hooks.AddHook(t.Context(), operator, s.app, manage.NewHook{URL: "https://example.com/" + s.secret})
		must(t, err)
		s.hook = hook.ID
		s.delivery, err = d.hooks.TestHook(t.Context(), operator, s.app, s.hook)
		must(t, err)
	}
	if deleted {
		_, err = d.DeleteApp(t.Context(), operator, s.app)
		must(t, err)
	}
	return s
}

// A call is a method of the service.
type call struct {
	act     account.Act
	about   bool // an app
	action  string
	deleted bool // it is about an app that is deleted
	own     bool // it is about the actor's own things, whoever that is
	hooked  bool // it is about a webhook, or a job
	do      func(ctx context.Context, by account.Actor, s scene) error
}

func ptr[T any](v T) *T { return &v }

// calls has every method that takes an actor: TestM6M7Methods fails for one that
// is not here. Those without an action change nothing.
var calls = map[string]call{
	"Apps": {own: true, do: func(ctx context.Context, by account.Actor, s scene) error {
		apps, err := s.Apps(ctx, by)
		for _, a := range apps {
			if by.Check(account.ViewApp, a.Key) != nil {
				return fmt.Errorf("app %s is shown", a.Key)
			}
		}
		return err
	}},
	"App": {act: account.ViewApp, about: true, do: func(ctx context.Context, by account.Actor, s scene) error {
		_, err := s.App(ctx, by, s.app)
		return err
	}},
	"CreateApp": {act: account.CreateApp, action: "app.create", do: func(ctx context.Context, by account.Actor, s scene) error {
		_, _, err := s.CreateApp(ctx, by, manage.NewApp{Name: "new"})
		return err
	}},
	"ChangeApp": {act: account.ChangeApp, about: true, action: "app.change", do: func(ctx context.Context, by account.Actor, s scene) error {
		_, err := s.ChangeApp(ctx, by, s.app, manage.Change{Name: ptr("new")})
		return err
	}},
	"ChangeApp, revoking": {act: account.ChangeSecret, about: true, action: "policy.revoke", do: func(ctx context.Context, by account.Actor, s scene) error {
		_, err := s.ChangeApp(ctx, by, s.app, manage.Change{RevokePolicy: &[32]byte{1}})
		return err
	}},
	"DeleteApp": {act: account.DeleteApp, about: true, action: "app.delete", do: func(ctx context.Context, by account.Actor, s scene) error {
		_, err := s.DeleteApp(ctx, by, s.app)
		return err
	}},
	"RestoreApp": {act: account.DeleteApp, about: true, action: "app.restore", deleted: true, do: func(ctx context.Context, by account.Actor, s scene) error {
		_, err := s.RestoreApp(ctx, by, s.app)
		return err
	}},
	"RemoveApp": {act: account.DeleteApp, about: true, action: "app.remove", deleted: true, do: func(ctx context.Context, by account.Actor, s scene) error {
		return s.RemoveApp(ctx, by, s.app, false)
	}},
	"AddSecret": {act: account.ChangeSecret, about: true, action: "secret.add", do: func(ctx context.Context, by account.Actor, s scene) error {
		_, _, err := s.AddSecret(ctx, by, s.app, manage.NewSecret{DropOld: true})
		return err
	}},
	"EndSecret": {act: account.ChangeSecret, about: true, action: "secret.end", do: func(ctx context.Context, by account.Actor, s scene) error {
		_, err := s.EndSecret(ctx, by, s.app, policy.Secret{Key: s.secret}.Fingerprint())
		return err
	}},
	"AddDeliverySecret": {act: account.ChangeSecret, about: true, action: "delivery_secret.add", do: func(ctx context.Context, by account.Actor, s scene) error {
		_, _, err := s.AddDeliverySecret(ctx, by, s.app, "")
		return err
	}},
	"RemoveDeliverySecret": {act: account.ChangeSecret, about: true, action: "delivery_secret.remove", do: func(ctx context.Context, by account.Actor, s scene) error {
		_, err := s.RemoveDeliverySecret(ctx, by, s.app, s.looks)
		return err
	}},
	"SignPolicy": {act: account.SignPolicy, about: true, do: func(ctx context.Context, by account.Actor, s scene) error {
		_, err := s.SignPolicy(ctx, by, s.app, `{"expiry":1999999999,"call":"read"}`)
		return err
	}},
	"ExplainPolicy": {act: account.ViewApp, about: true, do: func(ctx context.Context, by account.Actor, s scene) error {
		_, err := s.ExplainPolicy(ctx, by, s.app, policy.Credential{}, policy.Request{})
		return err
	}},
	"SignLook": {act: account.ViewFiles, about: true, do: func(ctx context.Context, by account.Actor, s scene) error {
		_, err := s.SignLook(ctx, by, s.app, time.Minute, asset.NewID())
		return err
	}},
	"SignUpload": {act: account.ChangeFiles, about: true, do: func(ctx context.Context, by account.Actor, s scene) error {
		_, err := s.SignUpload(ctx, by, s.app, time.Minute)
		return err
	}},
	"FileGrant": {act: account.ChangeFiles, about: true, do: func(ctx context.Context, by account.Actor, s scene) error {
		_, err := s.FileGrant(ctx, by, s.app)
		return err
	}},
	"Audit": {act: account.ViewAudit, about: true, do: func(ctx context.Context, by account.Actor, s scene) error {
		_, err := s.Audit(ctx, by, account.Search{App: s.app})
		return err
	}},
	"Audit, of all": {act: account.ManageUsers, do: func(ctx context.Context, by account.Actor, s scene) error {
		_, err := s.Audit(ctx, by, account.Search{})
		return err
	}},
	"Members": {act: account.ChangeRoles, about: true, do: func(ctx context.Context, by account.Actor, s scene) error {
		_, err := s.Members(ctx, by, s.app)
		return err
	}},
	"SetRole": {act: account.ChangeRoles, about: true, action: "role.set", do: func(ctx context.Context, by account.Actor, s scene) error {
		return s.SetRole(ctx, by, s.app, s.email, account.Developer)
	}},
	"Users": {act: account.ManageUsers, do: func(ctx context.Context, by account.Actor, s scene) error {
		_, err := s.Users(ctx, by)
		return err
	}},
	"User": {act: account.ManageUsers, do: func(ctx context.Context, by account.Actor, s scene) error {
		_, err := s.User(ctx, by, s.user)
		return err
	}},
	"AddUser": {act: account.ManageUsers, action: "user.add", do: func(ctx context.Context, by account.Actor, s scene) error {
		_, _, err := s.AddUser(ctx, by, manage.NewUser{Email: "new-" + s.email, Name: "New"})
		return err
	}},
	"ChangeUser": {act: account.ManageUsers, action: "user.change", do: func(ctx context.Context, by account.Actor, s scene) error {
		_, err := s.ChangeUser(ctx, by, s.user, manage.UserChange{Name: ptr("New")})
		return err
	}},
	"ResetUser": {act: account.ManageUsers, action: "user.reset", do: func(ctx context.Context, by account.Actor, s scene) error {
		_, err := s.ResetUser(ctx, by, s.user)
		return err
	}},
	"RemoveUser": {act: account.ManageUsers, action: "user.remove", do: func(ctx context.Context, by account.Actor, s scene) error {
		return s.RemoveUser(ctx, by, s.user)
	}},
	"Tokens": {own: true, do: func(ctx context.Context, by account.Actor, s scene) error {
		tokens, err := s.Tokens(ctx, by)
		for _, t := range tokens {
			if t.User != by.User && !by.Operator {
				return fmt.Errorf("token %s of %q is shown", t.ID, t.User)
			}
		}
		return err
	}},
	"AddToken": {own: true, action: "token.add", do: func(ctx context.Context, by account.Actor, s scene) error {
		_, _, err := s.AddToken(ctx, by, manage.NewToken{Name: "t", Scopes: []account.Act{account.ViewApp}})
		return err
	}},
	"EndToken": {own: true, action: "token.end", do: func(ctx context.Context, by account.Actor, s scene) error {
		return s.EndToken(ctx, by, s.token)
	}},
	"Webhooks.Hooks": {act: account.ViewApp, about: true, do: func(ctx context.Context, by account.Actor, s scene) error {
		_, err := s.hooks.Hooks(ctx, by, s.app)
		return err
	}},
	"Webhooks.Hook": {act: account.ViewApp, about: true, hooked: true, do: func(ctx context.Context, by account.Actor, s scene) error {
		h, err := s.hooks.Hook(ctx, by, s.app, s.hook)
		if may := by.Check(account.ChangeHooks, s.app) == nil; err == nil && strings.Contains(h.URL, s.secret) != may {
			return fmt.Errorf("the URL is shown as %s", h.URL)
		}
		return err
	}},
	"Webhooks.AddHook": {act: account.ChangeHooks, about: true, action: "webhook.create", do: func(ctx context.Context, by account.Actor, s scene) error {
		_, _, err := s.hooks.AddHook(ctx, by, s.app, manage.NewHook{URL: "https://example.com/" + s.secret})
		return err
	}},
	"Webhooks.ChangeHook": {act: account.ChangeHooks, about: true, hooked: true, action: "webhook.change", do: func(ctx context.Context, by account.Actor, s scene) error {
		_, err := s.hooks.ChangeHook(ctx, by, s.app, s.hook, manage.HookChange{URL: ptr("https://example.org/" + s.secret)})
		return err
	}},
	"Webhooks.RotateHookSecret": {act: account.ChangeHooks, about: true, hooked: true, action: "webhook.rotate", do: func(ctx context.Context, by account.Actor, s scene) error {
		_, _, err := s.hooks.RotateHookSecret(ctx, by, s.app, s.hook, "", time.Hour)
		return err
	}},
	"Webhooks.RemoveHook": {act: account.ChangeHooks, about: true, hooked: true, action: "webhook.remove", do: func(ctx context.Context, by account.Actor, s scene) error {
		return s.hooks.RemoveHook(ctx, by, s.app, s.hook)
	}},
	"Webhooks.Deliveries": {act: account.ViewApp, about: true, hooked: true, do: func(ctx context.Context, by account.Actor, s scene) error {
		_, err := s.hooks.Deliveries(ctx, by, s.app, s.hook, "", job.Page{})
		return err
	}},
	"Webhooks.Redeliver": {act: account.ChangeHooks, about: true, hooked: true, action: "webhook.redeliver", do: func(ctx context.Context, by account.Actor, s scene) error {
		return s.hooks.Redeliver(ctx, by, s.app, s.hook, s.delivery)
	}},
	"Webhooks.RedeliverDead": {act: account.ChangeHooks, about: true, hooked: true, do: func(ctx context.Context, by account.Actor, s scene) error {
		_, _, err := s.hooks.RedeliverDead(ctx, by, s.app, s.hook) // of which there are none
		return err
	}},
	"Webhooks.TestHook": {act: account.ChangeHooks, about: true, hooked: true, action: "webhook.test", do: func(ctx context.Context, by account.Actor, s scene) error {
		_, err := s.hooks.TestHook(ctx, by, s.app, s.hook)
		return err
	}},
	"Webhooks.Open": {act: account.ChangeHooks, about: true, do: func(ctx context.Context, by account.Actor, s scene) error {
		_, err := s.hooks.Open(ctx, by, s.app)
		return err
	}},
	"Jobs.Jobs": {act: account.ViewApp, about: true, do: func(ctx context.Context, by account.Actor, s scene) error {
		_, err := s.jobs.Jobs(ctx, by, job.Filter{App: s.app}, job.Page{})
		return err
	}},
	"Jobs.Jobs, of all": {act: account.ManageServer, do: func(ctx context.Context, by account.Actor, s scene) error {
		_, err := s.jobs.Jobs(ctx, by, job.Filter{}, job.Page{})
		return err
	}},
	"Jobs.Counts": {act: account.ViewApp, about: true, do: func(ctx context.Context, by account.Actor, s scene) error {
		_, err := s.jobs.Counts(ctx, by, job.Filter{App: s.app})
		return err
	}},
	"Jobs.Counts, of all": {act: account.ManageServer, do: func(ctx context.Context, by account.Actor, s scene) error {
		_, err := s.jobs.Counts(ctx, by, job.Filter{})
		return err
	}},
	"Jobs.Job": {act: account.ManageServer, hooked: true, do: func(ctx context.Context, by account.Actor, s scene) error {
		_, err := s.jobs.Job(ctx, by, s.delivery)
		return err
	}},
	"Jobs.Lanes": {act: account.ManageServer, do: func(ctx context.Context, by account.Actor, s scene) error {
		_, err := s.jobs.Lanes(ctx, by, 10)
		return err
	}},
	"Jobs.Retry": {act: account.ManageServer, hooked: true, action: "job.retry", do: func(ctx context.Context, by account.Actor, s scene) error {
		return s.jobs.Retry(ctx, by, s.delivery)
	}},
	"Jobs.Cancel": {act: account.ManageServer, hooked: true, action: "job.cancel", do: func(ctx context.Context, by account.Actor, s scene) error {
		return s.jobs.Cancel(ctx, by, s.delivery)
	}},
}

// TestM6M7Methods calls every method as everybody. Who may is said by the table
// of acts; a change leaves one entry, and what was refused leaves nothing.
func TestM6M7Methods(t *testing.T) {
	for _, service := range []reflect.Type{reflect.TypeFor[*manage.Service](), reflect.TypeFor[*manage.Webhooks](), reflect.TypeFor[*backlog.Jobs]()} {
		for m := range service.Methods() {
			name := m.Name
			if service != reflect.TypeFor[*manage.Service]() {
				name = service.Elem().Name() + "." + name
			}
			if m.Type.NumIn() > 2 && m.Type.In(2) == reflect.TypeFor[account.Actor]() {
				if _, ok := calls[name]; !ok {
					t.Errorf("no call of %s", name)
				}
			} else if name != "AppsToRemove" && name != "Storages" {
				t.Errorf("%s takes no actor", name)
			}
		}
	}

	d := newDesk(t)
	n := 0
	for name, c := range calls {
		scoped := map[account.Act]bool{c.act: true}
		others := make(map[account.Act]bool)
		for _, act := range account.Acts() {
			others[act] = act != c.act
		}
		for who, actor := range map[string]account.Actor{
			"nobody":                         {},
			"a stranger":                     {Roles: map[string]account.Role{}},
			"another's owner":                {Roles: map[string]account.Role{"other": account.Owner}},
			"a viewer":                       {Roles: map[string]account.Role{"": account.Viewer}},
			"a developer":                    {Roles: map[string]account.Role{"": account.Developer}},
			"an owner":                       {Roles: map[string]account.Role{"": account.Owner}},
			"an operator":                    {Operator: true},
			"an operator's token":            {Operator: true, Scopes: scoped},
			"an operator's token for others": {Operator: true, Scopes: others},
			"an owner's token":               {Roles: map[string]account.Role{"": account.Owner}, Scopes: scoped},
		} {
			n++
			s := d.scene(t, n, c.deleted, c.hooked)
			if who != "nobody" {
				actor.ID, actor.User, actor.Name, actor.Address = fmt.Sprintf("user:a%d", n), fmt.Sprintf("a%d", n), "Actor", "192.0.2.9"
			}
			if role, ok := actor.Roles[""]; ok {
				actor.Roles = map[string]account.Role{s.app: role}
			}
			s.token = fmt.Sprintf("t%d", n)
			by := operator.Entry("test", "", "", nil)
			if actor.User != "" {
				must(t, d.people.AddUser(t.Context(), by, account.User{ID: actor.User, Email: actor.User + "@example.com", Operator: actor.Operator, Roles: nil}))
				must(t, d.people.AddToken(t.Context(), by, account.Token{ID: s.token, Digest: account.DigestOf(s.token), User: actor.User}))
			}
			d.try(t, name+" by "+who, c, actor, s)
		}
	}
	t.Logf("%d calls", n)
}

// try makes one call of the matrix.
func (d *desk) try(t *testing.T, what string, c call, actor account.Actor, s scene) {
	t.Helper()
	var want error
	switch {
	case c.own && c.action == "" && what[:4] == "Apps":
	case c.own:
		if actor.Scopes != nil || actor.User == "" {
			want = fault.Denied
		}
	case c.about:
		want = actor.Check(c.act, s.app)
	default:
		want = actor.Check(c.act, "")
	}
	last := d.entries(t, 0)[0].ID
	err := c.do(t.Context(), actor, s)
	if want == nil && err != nil {
		t.Errorf("%s: %v", what, err)
	}
	if want != nil && (err == nil || fault.Of(err) != fault.Of(want)) {
		t.Errorf("%s: %v, want %v", what, err, want)
	}
	entries := d.entries(t, last)
	if err != nil || c.action == "" {
		if len(entries) != 0 {
			t.Errorf("%s: %v, and left %+v", what, err, entries)
		}
		return
	}
	if len(entries) != 1 {
		t.Fatalf("%s left %d entries", what, len(entries))
	}
	e := entries[0]
	if e.Action != c.action || e.Actor != actor.ID || e.Name != actor.Name || e.Address != actor.Address || e.Time.IsZero() ||
		c.about && e.App != s.app || e.Target == "" {
		t.Errorf("%s left %+v", what, e)
	}
	for name, value := range e.Detail {
		if strings.Contains(value, s.secret) || strings.Contains(value, "sgt_") || strings.Contains(value, "sgl_") {
			t.Errorf("%s: the entry's %s holds a secret", what, name)
		}
	}
}

// entries returns the newest entries after the one with an ID.
func (d *desk) entries(t *testing.T, after int64) []account.Entry {
	t.Helper()
	entries, err := d.ledger.Entries(t.Context(), account.Search{Limit: 5})
	must(t, err)
	return slices.DeleteFunc(entries, func(e account.Entry) bool { return e.ID <= after })
}
