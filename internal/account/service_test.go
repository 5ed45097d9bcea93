package account_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/catalog"
	"github.com/stowgate/stowgate/internal/catalog/ledger"
	"github.com/stowgate/stowgate/internal/catalog/people"
	"github.com/stowgate/stowgate/internal/catalog/sqlitedb"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/policy"
)

const (
	email    = "ann@example.com"
	password = "correct horse battery"
	another  = "staple correct horse"
)

var home = account.From{Address: "192.0.2.1", Agent: "Mozilla/5.0"}

// A desk is a service on real records, with a clock of its own.
type desk struct {
	*account.Service
	people  people.Records
	ledger  ledger.Ledger
	catalog *catalog.Catalog
	now     time.Time
	folder  string
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), folder: t.TempDir()}
	clock := func() time.Time { return d.now }
	db, err := sqlitedb.Open(t.Context(), filepath.Join(d.folder, "catalog.db"))
	must(t, err)
	d.catalog, err = catalog.New(t.Context(), db, [32]byte{1}, catalog.Config{Now: clock})
	must(t, err)
	t.Cleanup(func() { d.catalog.Close() })
	d.people, d.ledger = people.New(d.catalog.Book()), ledger.New(d.catalog.Book())
	d.Service = account.New(d.people, account.Config{Now: clock})
	return d
}

// TestMain has passwords cost little, but for the test that is about that.
func TestMain(m *testing.M) {
	account.SetCost(8)
	m.Run()
}

func must(t *testing.T, err error) {
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

// setup makes the first operator, and returns the token of her session.
func (d *desk) setup(t *testing.T) string {
	t.Helper()
	token, err := d.NewSetup(t.Context())
	must(t, err)
	session, err := d.Setup(t.Context(), token, email, "Ann", password, home)
	must(t, err)
	return session
}

func (d *desk) visit(t *testing.T, session string) account.Visitor {
	t.Helper()
	v, err := d.Resume(t.Context(), session, home)
	must(t, err)
	return v
}

// update changes a user behind the service's back.
func (d *desk) update(t *testing.T, change func(*account.User)) account.User {
	t.Helper()
	u, err := d.people.UserByEmail(t.Context(), email)
	must(t, err)
	u, err = d.people.UpdateUser(t.Context(), account.Server().Entry("test", "", u.ID, nil), u.ID, func(u *account.User) error {
		change(u)
		return nil
	})
	must(t, err)
	return u
}

func (d *desk) wantEnded(t *testing.T, what, session string) {
	t.Helper()
	_, err := d.Resume(t.Context(), session, home)
	wantKind(t, what, err, fault.Denied)
}

func TestM8NoDefaultAccount(t *testing.T) {
	d := newDesk(t)
	for _, guess := range [][2]string{{"admin@example.com", "admin"}, {"admin", "admin"}, {"", ""}, {email, ""}, {email, password}} {
		_, err := d.SignIn(t.Context(), guess[0], guess[1], home)
		wantKind(t, "SignIn on a fresh server", err, fault.Denied)
	}
	first, err := d.NewSetup(t.Context())
	must(t, err)
	second, err := d.NewSetup(t.Context())
	must(t, err)
	if first == second || !strings.HasPrefix(second, "sgs_") {
		t.Fatalf("tokens of two starts: %q and %q", first, second)
	}
	for what, token := range map[string]string{"an earlier start's": first, "none": "", "a changed one": second + "x"} {
		_, err = d.Setup(t.Context(), token, email, "Ann", password, home)
		wantKind(t, "Setup with "+what, err, fault.Denied)
	}
	_, err = d.Setup(t.Context(), second, email, "Ann", "short", home)
	wantKind(t, "Setup with a bad password", err, fault.Invalid)
	session, err := d.Setup(t.Context(), second, email, "Ann", password, home)
	must(t, err)
	if v := d.visit(t, session); !v.Operator || v.Account.Email != email {
		t.Errorf("the first user is %+v, want an operator", v.Account)
	}
	_, err = d.Setup(t.Context(), second, "eve@example.com", "Eve", password, home)
	wantKind(t, "Setup once more", err, fault.Denied)
	if token, err := d.NewSetup(t.Context()); token != "" || err != nil {
		t.Errorf("NewSetup while there is a user = %q, %v; want none", token, err)
	}
}

func TestM8SetupTokenEnds(t *testing.T) {
	d := newDesk(t)
	token, err := d.NewSetup(t.Context())
	must(t, err)
	d.now = d.now.Add(account.SetupLifetime)
	_, err = d.Setup(t.Context(), token, email, "Ann", password, home)
	wantKind(t, "Setup when its time is over", err, fault.Denied)
	d.now = d.now.Add(-time.Nanosecond)
	_, err = d.Setup(t.Context(), token, email, "Ann", password, home)
	must(t, err)
}

func TestM8SetupRace(t *testing.T) {
	d := newDesk(t)
	token, err := d.NewSetup(t.Context())
	must(t, err)
	errs := make(chan error)
	for i := range 4 {
		go func() {
			_, err := d.Setup(context.WithoutCancel(t.Context()), token, fmt.Sprintf("u%d@example.com", i), "U", password, home)
			errs <- err
		}()
	}
	made := 0
	for range 4 {
		if err := <-errs; err == nil {
			made++
		} else {
			wantKind(t, "Setup", err, fault.Denied)
		}
	}
	if made != 1 {
		t.Errorf("one token made %d operators", made)
	}
}

// TestM3SameAnswer has every kind of wrong sign-in refused in the same words,
// after as much work: each waits for the hasher.
func TestM3SameAnswer(t *testing.T) {
	d := newDesk(t)
	d.setup(t)
	by := account.Server().Entry("test", "", "", nil)
	must(t, d.people.AddUser(t.Context(), by, account.User{ID: "none", Email: "none@example.com", Name: "has no password"}))
	off := d.update(t, func(*account.User) {})
	off.ID, off.Email, off.Disabled = "off", "off@example.com", true
	must(t, d.people.AddUser(t.Context(), by, off))

	answers := make(map[string]bool)
	cases := map[string][2]string{"wrong password": {email, another}, "unknown": {"eve@example.com", password}, "no address": {"eve", password},
		"without a password": {"none@example.com", ""}, "disabled": {off.Email, password}}
	for what, tt := range cases {
		_, err := d.SignIn(t.Context(), tt[0], tt[1], home)
		wantKind(t, what, err, fault.Denied)
		answers[fmt.Sprintf("%#v", *must2(t, err))] = true
	}
	if len(answers) != 1 {
		t.Errorf("the answers differ: %v", answers)
	}
	defer d.FillHasher()()
	for what, tt := range cases {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := d.SignIn(ctx, tt[0], tt[1], home); !errors.Is(err, context.Canceled) && fault.Of(err) != fault.Canceled {
			t.Errorf("%s: answered %v without hashing", what, err)
		}
	}
}

// must2 returns the refusal that err is.
func must2(t *testing.T, err error) *account.Refusal {
	t.Helper()
	var r *account.Refusal
	if !errors.As(err, &r) {
		t.Fatalf("%v is no refusal", err)
	}
	return r
}

func TestM3TriesOfAccount(t *testing.T) {
	d := newDesk(t)
	d.setup(t)
	for i := range account.TriesOfAccount {
		_, err := d.SignIn(t.Context(), email, another, account.From{Address: fmt.Sprintf("198.51.100.%d", i)})
		wantKind(t, fmt.Sprint("try ", i), err, fault.Denied)
	}
	other := account.From{Address: "203.0.113.7"}
	for _, spelling := range []string{email, "ANN@EXAMPLE.COM", " ann@example.com "} {
		_, err := d.SignIn(t.Context(), spelling, password, other)
		wantKind(t, "one try more as "+spelling, err, fault.Busy)
		if after := must2(t, err).RetryAfter(); after <= 0 || after > account.AccountPace {
			t.Errorf("try again after %v, want at most %v", after, account.AccountPace)
		}
	}
	_, err := d.SignIn(t.Context(), "bob@example.com", password, other)
	wantKind(t, "another account", err, fault.Denied)
	d.now = d.now.Add(account.AccountPace)
	_, err = d.SignIn(t.Context(), email, password, other)
	must(t, err)
	_, err = d.SignIn(t.Context(), email, password, other) // a right one was no guess
	must(t, err)
}

func TestM3TriesOfAddress(t *testing.T) {
	d := newDesk(t)
	d.setup(t)
	for i := range account.TriesOfAddress {
		_, err := d.SignIn(t.Context(), fmt.Sprintf("u%d@example.com", i), another, account.From{Address: fmt.Sprintf("2001:db8::%x", i)})
		wantKind(t, fmt.Sprint("try ", i), err, fault.Denied)
	}
	from := account.From{Address: "2001:db8::ffff"}
	_, err := d.SignIn(t.Context(), email, password, from)
	wantKind(t, "one try more from the same network", err, fault.Busy)
	_, err = d.Setup(t.Context(), "sgs_x", email, "Ann", password, from)
	wantKind(t, "Setup", err, fault.Busy)
	_, err = d.Accept(t.Context(), "sgl_x_y", password, from)
	wantKind(t, "Accept", err, fault.Busy)
	_, err = d.SignIn(t.Context(), email, password, home)
	must(t, err)
}

func TestM2Sessions(t *testing.T) {
	d := newDesk(t)
	first := d.setup(t)
	second, err := d.SignIn(t.Context(), email, password, account.From{Address: "192.0.2.2", Agent: strings.Repeat("é", 200)})
	must(t, err)
	if first == second || len(second) != 43 {
		t.Errorf("tokens %q and %q: want two of 256 bits", first, second)
	}
	v := d.visit(t, second)
	if v.Session.Way != account.ByPassword || v.Session.Address != "192.0.2.2" || v.Address != home.Address || v.ID != "user:"+v.Account.ID {
		t.Errorf("the visitor is %+v", v)
	}
	all, err := d.Sessions(t.Context(), v)
	must(t, err)
	if len(all) != 2 {
		t.Errorf("there are %d sessions, want 2", len(all))
	}
	for _, token := range []string{"", "x", second + "x", second[:42]} {
		d.wantEnded(t, fmt.Sprintf("Resume(%q)", token), token)
	}
	must(t, d.SignOut(t.Context(), v))
	must(t, d.SignOut(t.Context(), v)) // a second time does no harm
	d.wantEnded(t, "after signing out", second)
	d.visit(t, first)
}

func TestM2SessionLimits(t *testing.T) {
	d := newDesk(t)
	idle := d.setup(t)
	d.now = d.now.Add(12*time.Hour - 1)
	busy, err := d.SignIn(t.Context(), email, password, home)
	must(t, err)
	d.now = d.now.Add(1)
	d.wantEnded(t, "after 12 hours without use", idle)
	began := d.now.Add(-1)
	for d.now.Before(began.Add(30*24*time.Hour - 6*time.Hour)) {
		d.visit(t, busy)
		d.now = d.now.Add(6 * time.Hour)
	}
	d.now = began.Add(30*24*time.Hour - 1)
	v := d.visit(t, busy)
	d.now = d.now.Add(1)
	d.wantEnded(t, "after 30 days", busy)
	must(t, d.Prune(t.Context()))
	if left, err := d.people.SessionsOf(t.Context(), v.User); err != nil || len(left) > 1 {
		t.Errorf("after Prune there are %d sessions, %v", len(left), err)
	}
}

// TestM2EndOfSessions has every change that matters end the sessions before it.
func TestM2EndOfSessions(t *testing.T) {
	for what, change := range map[string]func(*testing.T, *desk, account.Visitor) (string, error){
		"another password": func(t *testing.T, d *desk, v account.Visitor) (string, error) {
			return d.ChangePassword(t.Context(), v, password, another)
		},
		"ending others": func(t *testing.T, d *desk, v account.Visitor) (string, error) { return d.EndOthers(t.Context(), v) },
		"disabling": func(t *testing.T, d *desk, v account.Visitor) (string, error) {
			must(t, d.people.AddUser(t.Context(), account.Server().Entry("test", "", "", nil), account.User{ID: "op", Email: "op@example.com", Operator: true}))
			d.update(t, func(u *account.User) { u.Disabled = true })
			return "", nil
		},
		"another epoch": func(t *testing.T, d *desk, v account.Visitor) (string, error) {
			d.update(t, func(u *account.User) { u.Epoch++ })
			return "", nil
		},
		"an invitation": func(t *testing.T, d *desk, v account.Visitor) (string, error) {
			text := account.NewInvitation(v.User)
			d.update(t, func(u *account.User) { u.Invitation, u.Invited = account.DigestOf(text), d.now.Add(time.Hour) })
			return d.Accept(t.Context(), text, another, home)
		},
	} {
		t.Run(what, func(t *testing.T) {
			d := newDesk(t)
			first := d.setup(t)
			second, err := d.SignIn(t.Context(), email, password, home)
			must(t, err)
			next, err := change(t, d, d.visit(t, second))
			must(t, err)
			d.wantEnded(t, "another session", first)
			d.wantEnded(t, "the session itself", second)
			if next != "" {
				d.visit(t, next)
			}
			must(t, d.Prune(t.Context()))
			if u, _ := d.people.UserByEmail(t.Context(), email); u.Epoch > 0 {
				left, err := d.people.SessionsOf(t.Context(), u.ID)
				if must(t, err); next != "" && len(left) != 1 || next == "" && len(left) != 0 {
					t.Errorf("after Prune %d sessions are kept", len(left))
				}
			}
		})
	}
}

func TestChangePassword(t *testing.T) {
	d := newDesk(t)
	v := d.visit(t, d.setup(t))
	_, err := d.ChangePassword(t.Context(), v, another, another)
	wantKind(t, "with another old one", err, fault.Denied)
	_, err = d.ChangePassword(t.Context(), v, password, "short")
	wantKind(t, "to a bad one", err, fault.Invalid)
	_, err = d.ChangePassword(t.Context(), v, password, another)
	must(t, err)
	_, err = d.ChangePassword(t.Context(), v, password, password)
	wantKind(t, "in a session that is over", err, fault.Denied)
	_, err = d.SignIn(t.Context(), email, password, home)
	wantKind(t, "SignIn with the old one", err, fault.Denied)
	_, err = d.SignIn(t.Context(), email, another, home)
	must(t, err)
}

func TestPasswordIsHashedAnew(t *testing.T) {
	d := newDesk(t)
	d.setup(t)
	before := d.update(t, func(*account.User) {}).Password
	defer account.SetCost(19 << 10)()
	if !strings.HasPrefix(before, "$argon2id$v=19$m=8,t=2,p=1$") {
		t.Fatalf("the hash is %q", before)
	}
	_, err := d.SignIn(t.Context(), email, password, home)
	must(t, err)
	after := d.update(t, func(*account.User) {}).Password
	if !strings.HasPrefix(after, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("after signing in the hash is %q", after)
	}
	_, err = d.SignIn(t.Context(), email, password, home)
	must(t, err)
	if last := d.update(t, func(*account.User) {}).Password; last != after {
		t.Error("a hash of today's cost was made anew")
	}
	for _, damaged := range []string{"x", "$argon2id$v=19$m=8,t=2$c2FsdA$c3Vt", strings.Replace(after, "19456", "99999999", 1),
		strings.Replace(after, "t=2", "t=0", 1), strings.Replace(after, "argon2id", "argon2i", 1), after[:len(after)-4]} {
		d.update(t, func(u *account.User) { u.Password = damaged })
		_, err = d.SignIn(t.Context(), email, password, home)
		wantKind(t, "SignIn with the hash "+damaged, err, fault.Damaged)
	}
}

func TestInvitation(t *testing.T) {
	d := newDesk(t)
	d.setup(t)
	text := account.NewInvitation("bob")
	bob := account.User{ID: "bob", Email: "bob@example.com", Name: "Bob", Invitation: account.DigestOf(text), Invited: d.now.Add(account.InvitationLifetime)}
	must(t, d.people.AddUser(t.Context(), account.Server().Entry("test", "", "", nil), bob))
	for _, bad := range []string{"", "sgl_", "sgl_bob_", text + "x", strings.Replace(text, "bob", "eve", 1), account.NewInvitation("bob")} {
		_, err := d.Invited(t.Context(), bad, home)
		wantKind(t, fmt.Sprintf("Invited(%q)", bad), err, fault.Denied)
	}
	d.now = bob.Invited
	_, err := d.Accept(t.Context(), text, another, home)
	wantKind(t, "Accept when its time is over", err, fault.Denied)
	d.now = d.now.Add(-1)
	u, err := d.Invited(t.Context(), text, home)
	if must(t, err); u.Email != bob.Email {
		t.Errorf("Invited = %+v", u)
	}
	_, err = d.Accept(t.Context(), text, "short", home)
	wantKind(t, "Accept with a bad password", err, fault.Invalid)
	session, err := d.Accept(t.Context(), text, another, home)
	must(t, err)
	if v := d.visit(t, session); v.User != "bob" || v.Operator || v.Session.Way != account.ByLink {
		t.Errorf("the visitor is %+v", v)
	}
	_, err = d.Accept(t.Context(), text, another, home)
	wantKind(t, "Accept once more", err, fault.Denied)
	_, err = d.SignIn(t.Context(), bob.Email, another, home)
	must(t, err)
}

func TestTokens(t *testing.T) {
	d := newDesk(t)
	v := d.visit(t, d.setup(t))
	by := account.Server().Entry("test", "", "", nil)
	must(t, d.catalog.CreateApp(t.Context(), by, policy.App{Key: "app"}))
	must(t, d.people.AddUser(t.Context(), by, account.User{ID: "bob", Email: "bob@example.com", Name: "Bob", Roles: map[string]account.Role{"app": account.Developer}}))
	add := func(tok account.Token) string {
		text := account.NewToken()
		tok.ID, tok.Digest, tok.Created = account.NewID(), account.DigestOf(text), d.now
		must(t, d.people.AddToken(t.Context(), by, tok))
		return text
	}
	scopes := []account.Act{account.ViewFiles, account.ChangeApp, account.CreateApp}
	for _, tt := range []struct {
		name    string
		token   account.Token
		allowed string // which of the scopes, then in the app app
	}{
		{"an operator's", account.Token{User: v.User, Scopes: scopes}, "files:read apps:write apps:create"},
		{"an operator's for one app", account.Token{User: v.User, App: "app", Scopes: scopes}, "files:read apps:write"},
		{"a developer's", account.Token{User: "bob", Scopes: scopes}, "files:read"},
		{"a developer's for one app", account.Token{User: "bob", App: "app", Scopes: scopes}, "files:read"},
		{"the command line's", account.Token{Scopes: scopes[:1]}, "files:read"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a, err := d.ByToken(t.Context(), add(tt.token), home)
			must(t, err)
			var allowed []string
			for _, act := range account.Acts() {
				app := "app"
				if !act.OfApp() {
					app = ""
				}
				if a.Check(act, app) == nil {
					allowed = append(allowed, act.String())
				}
				if tt.token.App != "" && a.Check(act, "other") == nil {
					t.Errorf("it may do %v in another app", act)
				}
			}
			if got := strings.Join(allowed, " "); got != tt.allowed {
				t.Errorf("it may do %q, want %q", got, tt.allowed)
			}
			if !strings.HasPrefix(a.ID, "token:") || a.User != tt.token.User || a.Address != home.Address {
				t.Errorf("the actor is %+v", a)
			}
		})
	}

	text := add(account.Token{User: "bob", Scopes: scopes, Expires: d.now.Add(time.Hour)})
	for _, bad := range []string{"", "sgt_", text + "x", text[:len(text)-1], strings.TrimPrefix(text, "sgt_")} {
		_, err := d.ByToken(t.Context(), bad, home)
		wantKind(t, fmt.Sprintf("ByToken(%q)", bad), err, fault.Denied)
	}
	d.now = d.now.Add(time.Hour - 1)
	a, err := d.ByToken(t.Context(), text, home)
	must(t, err)
	kept, err := d.people.Token(t.Context(), strings.TrimPrefix(a.ID, "token:"))
	if must(t, err); !kept.Used.Equal(d.now) {
		t.Errorf("used %v, want %v", kept.Used, d.now)
	}
	_, err = d.people.UpdateUser(t.Context(), by, "bob", func(u *account.User) error { u.Disabled = true; return nil })
	must(t, err)
	_, err = d.ByToken(t.Context(), text, home)
	wantKind(t, "a token of a disabled user", err, fault.Denied)
	_, err = d.people.UpdateUser(t.Context(), by, "bob", func(u *account.User) error { u.Disabled = false; return nil })
	must(t, err)
	d.now = d.now.Add(1)
	_, err = d.ByToken(t.Context(), text, home)
	wantKind(t, "a token whose time is over", err, fault.Denied)
}

// TestM5NothingReadable looks for what must be secret in every byte of the
// database.
func TestM5NothingReadable(t *testing.T) {
	d := newDesk(t)
	setup, err := d.NewSetup(t.Context())
	must(t, err)
	session, err := d.Setup(t.Context(), setup, email, "Ann", password, home)
	must(t, err)
	v := d.visit(t, session)
	invitation, token := account.NewInvitation(v.User), account.NewToken()
	u := d.update(t, func(u *account.User) { u.Invitation, u.Invited = account.DigestOf(invitation), d.now.Add(time.Hour) })
	must(t, d.people.AddToken(t.Context(), v.Entry("test", "", "", nil), account.Token{ID: "t", Digest: account.DigestOf(token)}))
	files, err := filepath.Glob(filepath.Join(d.folder, "*"))
	must(t, err)
	for _, name := range files {
		data, err := os.ReadFile(name)
		must(t, err)
		for what, secret := range map[string]string{"setup token": setup, "session": session, "password": password,
			"hash": u.Password, "invitation": invitation, "token": token} {
			if strings.Contains(string(data), strings.TrimPrefix(secret, "sgs_")) {
				t.Errorf("%s holds the %s", filepath.Base(name), what)
			}
		}
	}
	if data, _ := os.ReadFile(filepath.Join(d.folder, "catalog.db-wal")); !strings.Contains(string(data), email) {
		t.Error("the records were not found: the test looks in the wrong place")
	}
}

// TestM7SignIn has each step of a visit leave its entry.
func TestM7SignIn(t *testing.T) {
	d := newDesk(t)
	v := d.visit(t, d.setup(t))
	session, err := d.SignIn(t.Context(), email, password, home)
	must(t, err)
	must(t, d.SignOut(t.Context(), d.visit(t, session)))
	must(t, d.Rename(t.Context(), v, "Anna"))
	_, err = d.ChangePassword(t.Context(), v, password, another)
	must(t, err)
	entries, err := d.ledger.Entries(t.Context(), account.Search{})
	must(t, err)
	var got []string
	for i := len(entries) - 1; i >= 0; i-- {
		e := entries[i]
		got = append(got, e.Action)
		if e.Actor != "user:"+v.User || e.Address != home.Address || !e.Time.Equal(d.now) || e.Target != v.User {
			t.Errorf("entry %+v", e)
		}
	}
	want := "user.setup session.begin session.begin session.end user.change user.password session.begin"
	if strings.Join(got, " ") != want {
		t.Errorf("entries %q, want %q", strings.Join(got, " "), want)
	}
}
