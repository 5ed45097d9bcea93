// Package manage is what an owner changes: apps, secrets, limits, people and
// tokens. The portal, the management API and the command line all call it and
// nothing below it. Each method checks that the actor may do it, and the audit
// entry is written in the transaction of the change. It knows no HTTP and no SQL.
package manage

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/policy"
)

// Apps keeps apps: a *catalog.Catalog.
type Apps interface {
	App(ctx context.Context, key string) (policy.App, error)
	Apps(ctx context.Context) ([]policy.App, error)
	CreateApp(ctx context.Context, by account.Entry, app policy.App) error
	UpdateApp(ctx context.Context, by account.Entry, key string, change func(*policy.App) error) (policy.App, error)
	DeleteApp(ctx context.Context, by account.Entry, key string, withAssets bool) error

	// Badge returns what a policy of app that expires at the given time says who
	// acts with.
	Badge(app string, by policy.Person, expires time.Time) (string, error)
}

// People keeps users and tokens: people.Records.
type People interface {
	User(ctx context.Context, id string) (account.User, error)
	UserByEmail(ctx context.Context, email string) (account.User, error)
	Users(ctx context.Context) ([]account.User, error)
	AddUser(ctx context.Context, by account.Entry, u account.User) error
	UpdateUser(ctx context.Context, by account.Entry, id string, change func(*account.User) error) (account.User, error)
	RemoveUser(ctx context.Context, by account.Entry, id string) error
	tokens
}

// tokens keeps tokens.
type tokens interface {
	Token(ctx context.Context, id string) (account.Token, error)
	Tokens(ctx context.Context) ([]account.Token, error)
	AddToken(ctx context.Context, by account.Entry, t account.Token) error
	RemoveToken(ctx context.Context, by account.Entry, id string) error
}

// Log finds entries of the audit log: a ledger.Ledger.
type Log interface {
	Entries(ctx context.Context, s account.Search) ([]account.Entry, error)
}

// Config adjusts a Service. The zero Config is ready to use.
type Config struct {
	Now      func() time.Time // nil means time.Now
	Storages []string         // names of those that apps may choose besides the default
}

// A Service changes what owners manage. Each method takes who acts; the error
// wraps fault.Denied, or fault.NotFound where that one may not know of an app,
// if the actor may not. What is wrong with what was asked for is an
// *account.Refusal.
type Service struct {
	apps   Apps
	people People
	log    Log
	now    func() time.Time

	storages []string
}

// New returns a service.
func New(apps Apps, people People, log Log, c Config) *Service {
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Service{apps, people, log, c.Now, c.Storages}
}

// Storages returns the names of the storages that apps may choose besides the
// default, whose name is empty.
func (s *Service) Storages() []string { return s.storages }

// checkStorage returns nil if an app may keep new files in the storage called name.
func (s *Service) checkStorage(name string) error {
	if name == "" || slices.Contains(s.storages, name) {
		return nil
	}
	return account.Refuse(fault.Invalid, "storage", "there is no storage called %q", name)
}

// KeepDeleted is how long the deletion of an app can be taken back.
const KeepDeleted = 30 * 24 * time.Hour

// An App is an app as its people see it.
type App struct {
	policy.App               // its secrets are hidden by those below
	Secrets         []Secret // newest first
	DeliverySecrets []Secret // its TokenSecrets, newest first
	Version         string   // changes with every change
	Role            account.Role
	Gone            time.Time // if it is deleted, when it cannot be restored any more
}

// A Secret is one of an app's, without its key.
type Secret struct {
	Fingerprint string // tells it from others
	Created     time.Time
	Expires     time.Time // zero means it does not
	Live        bool
}

// view returns the app as the actor sees it.
func (s *Service) view(by account.Actor, a policy.App) App {
	out := App{App: a, Role: by.Roles[a.Key]}
	out.App.Secrets, out.App.TokenSecrets = nil, nil
	out.Secrets, out.DeliverySecrets = s.hide(a.Secrets), s.hide(a.TokenSecrets)
	if by.Operator {
		out.Role = account.Owner
	}
	if !a.Deleted.IsZero() {
		out.Gone = a.Deleted.Add(KeepDeleted)
	}
	out.Version = version(a)
	return out
}

// hide returns secrets without their keys.
func (s *Service) hide(secrets []policy.Secret) (hidden []Secret) {
	for _, one := range secrets {
		hidden = append(hidden, Secret{one.Fingerprint(), one.Created, one.Expires, one.Expires.IsZero() || s.now().Before(one.Expires)})
	}
	return hidden
}

// version tells one state of an app from another.
func version(a policy.App) string {
	var prints []string
	for _, s := range slices.Concat(a.Secrets, a.TokenSecrets) {
		prints = append(prints, s.Fingerprint(), s.Expires.UTC().String())
	}
	a.Secrets = nil
	sum := sha256.Sum256(fmt.Append(nil, prints, a.Name, a.Security, a.Disabled, a.Deleted.UTC(), a.RevokedBefore.UTC(), a.Revoked,
		fmt.Sprintf("%q", fmt.Sprintf("%+v", a.Options))))
	return hex.EncodeToString(sum[:8])
}

// app returns an app if the actor may do act to it. Every method that is about
// one begins here, or with change.
func (s *Service) app(ctx context.Context, by account.Actor, act account.Act, key string) (policy.App, error) {
	if err := by.Check(act, key); err != nil {
		return policy.App{}, err
	}
	a, err := s.apps.App(ctx, key)
	if err != nil {
		return policy.App{}, err
	}
	return a, nil
}

// change lets do edit an app if the actor may do act to it. To what the entry
// says do may add.
func (s *Service) change(ctx context.Context, by account.Actor, act account.Act, action, key string,
	do func(a *policy.App, detail map[string]string) error) (App, error) {
	if err := by.Check(act, key); err != nil {
		return App{}, err
	}
	detail := make(map[string]string)
	a, err := s.apps.UpdateApp(ctx, by.Entry(action, key, key, detail), key, func(a *policy.App) error {
		if !a.Deleted.IsZero() && action != restoreAction {
			return account.Refuse(fault.Conflict, "", "the app is deleted: restore it first")
		}
		clear(detail)
		return do(a, detail)
	})
	if err != nil {
		return App{}, err
	}
	return s.view(by, a), nil
}

// Apps returns the apps that the actor may see, also those that are deleted, in
// the order of their keys.
func (s *Service) Apps(ctx context.Context, by account.Actor) ([]App, error) {
	all, err := s.apps.Apps(ctx)
	if err != nil {
		return nil, err
	}
	var seen []App
	for _, a := range all {
		if by.Check(account.ViewApp, a.Key) == nil {
			seen = append(seen, s.view(by, a))
		}
	}
	return seen, nil
}

// App returns an app.
func (s *Service) App(ctx context.Context, by account.Actor, key string) (App, error) {
	a, err := s.app(ctx, by, account.ViewApp, key)
	if err != nil {
		return App{}, err
	}
	return s.view(by, a), nil
}

// Audit returns the entries of the audit log that q asks for, the newest first.
// For those of one app the actor needs to be an owner, and for all an operator.
func (s *Service) Audit(ctx context.Context, by account.Actor, q account.Search) ([]account.Entry, error) {
	act := account.ViewAudit
	if q.App == "" {
		act = account.ManageUsers
	}
	if err := by.Check(act, q.App); err != nil {
		return nil, err
	}
	return s.log.Entries(ctx, q)
}
