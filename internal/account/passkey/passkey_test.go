package passkey_test

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/account/passkey"
	"github.com/stowgate/stowgate/internal/catalog"
	"github.com/stowgate/stowgate/internal/catalog/people"
	"github.com/stowgate/stowgate/internal/catalog/sqlitedb"
	"github.com/stowgate/stowgate/internal/fault"
)

const origin = "https://portal.example.com"

var home = account.From{Address: "192.0.2.1", Agent: "Mozilla/5.0"}

// A desk is a service on real records, with a clock of its own, and one user.
type desk struct {
	*passkey.Service
	accounts *account.Service
	people   people.Records
	session  string
	now      time.Time
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	clock := func() time.Time { return d.now }
	db, err := sqlitedb.Open(t.Context(), filepath.Join(t.TempDir(), "catalog.db"))
	must(t, err)
	c, err := catalog.New(t.Context(), db, [32]byte{1}, catalog.Config{Now: clock})
	must(t, err)
	t.Cleanup(func() { c.Close() })
	d.people = people.New(c.Book())
	d.accounts = account.New(d.people, account.Config{Now: clock})
	d.Service, err = passkey.New(d.accounts, d.people, passkey.Config{Origin: origin, Name: "Stowgate", Now: clock})
	must(t, err)
	ann := account.User{ID: account.NewID(), Email: "ann@example.com", Name: "Ann", Operator: true, Password: "some hash"}
	must(t, d.people.AddUser(t.Context(), account.Server().Entry("test", "", "", nil), ann))
	d.session, err = d.accounts.Begin(t.Context(), ann.ID, account.ByPassword, home)
	must(t, err)
	return d
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
	if refusal := (*account.Refusal)(nil); err != nil && !errors.As(err, &refusal) {
		t.Errorf("%s: %v is no refusal", what, err)
	}
}

func (d *desk) visitor(t *testing.T) account.Visitor {
	t.Helper()
	v, err := d.accounts.Resume(t.Context(), d.session, home)
	must(t, err)
	return v
}

// register makes a passkey in a, and keeps it.
func (d *desk) register(t *testing.T, a *authenticator) error {
	t.Helper()
	c, err := d.BeginRegistration(d.visitor(t))
	must(t, err)
	return d.Register(t.Context(), d.visitor(t), c.State, a.register(t, c.Options), " phone ")
}

func (d *desk) signIn(t *testing.T, a *authenticator) (string, error) {
	t.Helper()
	c, err := d.BeginSignIn()
	must(t, err)
	return d.SignIn(t.Context(), c.State, a.sign(t, c.Options), home)
}

func TestSignIn(t *testing.T) {
	d, a := newDesk(t), newAuthenticator(t)
	must(t, d.register(t, a))
	keys := d.visitor(t).Account.Passkeys
	if len(keys) != 1 || keys[0].Name != "phone" || !slices.Equal(keys[0].ID, a.id) || !keys[0].Created.Equal(d.now) || !keys[0].Used.IsZero() {
		t.Fatalf("passkeys %+v", keys)
	}
	for range 2 {
		d.now = d.now.Add(time.Second)
		token, err := d.signIn(t, a)
		must(t, err)
		v, err := d.accounts.Resume(t.Context(), token, home)
		must(t, err)
		if v.Account.Email != "ann@example.com" || v.Session.Way != account.ByPasskey || !v.Account.Passkeys[0].Used.Equal(d.now) {
			t.Errorf("the visitor is %+v", v)
		}
	}
	wantKind(t, "the same passkey once more", d.register(t, a), fault.Conflict)
}

func TestRegisterRefuses(t *testing.T) {
	for what, change := range map[string]func(*desk, *authenticator){
		"another origin":    func(_ *desk, a *authenticator) { a.origin = "https://evil.example" },
		"another server":    func(_ *desk, a *authenticator) { a.party = "evil.example" },
		"nobody there":      func(_ *desk, a *authenticator) { a.flags = verified },
		"nobody recognized": func(_ *desk, a *authenticator) { a.flags = present },
	} {
		d, a := newDesk(t), newAuthenticator(t)
		change(d, a)
		wantKind(t, what, d.register(t, a), fault.Denied)
	}
	d, a := newDesk(t), newAuthenticator(t)
	v := d.visitor(t)
	c, err := d.BeginRegistration(v)
	must(t, err)
	good := a.register(t, c.Options)
	wantKind(t, "no name", d.Register(t.Context(), v, c.State, good, " "), fault.Invalid)
	wantKind(t, "no answer", d.Register(t.Context(), v, c.State, nil, "n"), fault.Denied)
	wantKind(t, "no JSON", d.Register(t.Context(), v, c.State, []byte("{"), "n"), fault.Denied)
	wantKind(t, "a long answer", d.Register(t.Context(), v, c.State, []byte(strings.Repeat(" ", 64<<10+1)), "n"), fault.TooLarge)
	for _, state := range []string{"", "x", c.State + "x", c.State[:20], strings.Repeat("A", 200)} {
		wantKind(t, "the state "+state, d.Register(t.Context(), v, state, good, "n"), fault.Denied)
	}
	other := v
	other.Account.ID, other.User = "other", "other"
	wantKind(t, "another user's ceremony", d.Register(t.Context(), other, c.State, good, "n"), fault.Denied)
	d.now = d.now.Add(5 * time.Minute)
	wantKind(t, "when its time is over", d.Register(t.Context(), v, c.State, good, "n"), fault.Denied)
	d.now = d.now.Add(-1)
	must(t, d.Register(t.Context(), v, c.State, good, "n"))
	wantKind(t, "the same answer twice", d.Register(t.Context(), v, c.State, good, "n"), fault.Denied)
}

func TestSignInRefuses(t *testing.T) {
	for what, change := range map[string]func(*desk, *authenticator){
		"another origin":    func(_ *desk, a *authenticator) { a.origin = "https://evil.example" },
		"another server":    func(_ *desk, a *authenticator) { a.party = "evil.example" },
		"nobody there":      func(_ *desk, a *authenticator) { a.flags = verified },
		"nobody recognized": func(_ *desk, a *authenticator) { a.flags = present },
		"another key":       func(_ *desk, a *authenticator) { a.key = newAuthenticator(t).key },
		"an unknown key":    func(_ *desk, a *authenticator) { a.id = []byte("unknown") },
		"an unknown user":   func(_ *desk, a *authenticator) { a.user = []byte("unknown") },
		"no user":           func(_ *desk, a *authenticator) { a.user = nil },
		"a copy":            func(_ *desk, a *authenticator) { a.count = 0 },
		"a disabled user": func(d *desk, _ *authenticator) {
			by := account.Server().Entry("test", "", "", nil)
			must(t, d.people.AddUser(t.Context(), by, account.User{ID: "op", Email: "op@example.com", Operator: true}))
			u, err := d.people.UserByEmail(t.Context(), "ann@example.com")
			must(t, err)
			_, err = d.people.UpdateUser(t.Context(), by, u.ID, func(u *account.User) error { u.Disabled = true; return nil })
			must(t, err)
		},
	} {
		t.Run(what, func(t *testing.T) {
			d, a := newDesk(t), newAuthenticator(t)
			must(t, d.register(t, a))
			_, err := d.signIn(t, a)
			must(t, err)
			change(d, a)
			_, err = d.signIn(t, a)
			wantKind(t, what, err, fault.Denied)
		})
	}
}

// TestSignInOnce has an answer count once, and for its own question alone.
func TestSignInOnce(t *testing.T) {
	d, a := newDesk(t), newAuthenticator(t)
	must(t, d.register(t, a))
	c, err := d.BeginSignIn()
	must(t, err)
	other, err := d.BeginSignIn()
	must(t, err)
	answer := a.sign(t, c.Options)
	_, err = d.SignIn(t.Context(), other.State, answer, home)
	wantKind(t, "another question", err, fault.Denied)
	_, err = d.SignIn(t.Context(), c.State, answer, home)
	must(t, err)
	a.count = 100 // it is not the counter that refuses it
	_, err = d.SignIn(t.Context(), c.State, answer, home)
	wantKind(t, "the same answer twice", err, fault.Denied)

	registration, err := d.BeginRegistration(d.visitor(t))
	must(t, err)
	_, err = d.SignIn(t.Context(), registration.State, a.sign(t, registration.Options), home)
	wantKind(t, "an answer to something else", err, fault.Denied)
}

// TestNoCounter has a key sign in that never counts, as those of phones.
func TestNoCounter(t *testing.T) {
	d, a := newDesk(t), newAuthenticator(t)
	must(t, d.register(t, a))
	for range 3 {
		a.count = ^uint32(0) // one more is none
		_, err := d.signIn(t, a)
		must(t, err)
	}
}

func TestM3TriesWithPasskeys(t *testing.T) {
	d := newDesk(t)
	for i := range 100 {
		_, err := d.SignIn(t.Context(), "", nil, home)
		if errors.Is(err, fault.Busy) {
			return
		}
		wantKind(t, "SignIn", err, fault.Denied)
		if i == 99 {
			t.Error("nothing limits tries")
		}
	}
}

func TestRemove(t *testing.T) {
	d, a, b := newDesk(t), newAuthenticator(t), newAuthenticator(t)
	must(t, d.register(t, a))
	must(t, d.register(t, b))
	must(t, d.Rename(t.Context(), d.visitor(t), b.id, "laptop"))
	wantKind(t, "Rename of none", d.Rename(t.Context(), d.visitor(t), []byte("x"), "n"), fault.NotFound)
	wantKind(t, "Rename to nothing", d.Rename(t.Context(), d.visitor(t), b.id, ""), fault.Invalid)
	if keys := d.visitor(t).Account.Passkeys; keys[0].Name != "phone" || keys[1].Name != "laptop" {
		t.Errorf("passkeys %+v", keys)
	}
	before := d.session
	var err error
	d.session, err = d.Remove(t.Context(), d.visitor(t), a.id)
	must(t, err)
	_, err = d.accounts.Resume(t.Context(), before, home)
	wantKind(t, "M2: a session from before", err, fault.Denied)
	_, err = d.signIn(t, a)
	wantKind(t, "SignIn with a passkey that was removed", err, fault.Denied)
	_, err = d.Remove(t.Context(), d.visitor(t), a.id)
	wantKind(t, "Remove once more", err, fault.NotFound)

	// Without a password the last one stays.
	by := account.Server().Entry("test", "", "", nil)
	_, err = d.people.UpdateUser(t.Context(), by, d.visitor(t).User, func(u *account.User) error { u.Password = ""; return nil })
	must(t, err)
	_, err = d.Remove(t.Context(), d.visitor(t), b.id)
	wantKind(t, "Remove of the only way", err, fault.Conflict)
	_, err = d.signIn(t, b)
	must(t, err)
}

func TestNumberOfPasskeys(t *testing.T) {
	d := newDesk(t)
	for range 19 {
		must(t, d.register(t, newAuthenticator(t)))
	}
	c, err := d.BeginRegistration(d.visitor(t))
	must(t, err)
	must(t, d.register(t, newAuthenticator(t)))
	_, err = d.BeginRegistration(d.visitor(t))
	wantKind(t, "BeginRegistration of one more", err, fault.Conflict)
	err = d.Register(t.Context(), d.visitor(t), c.State, newAuthenticator(t).register(t, c.Options), "n")
	wantKind(t, "Register of one more", err, fault.Conflict)
}

func TestOrigins(t *testing.T) {
	for origin, want := range map[string]error{
		"https://portal.example.com":      nil,
		"https://portal.example.com:8443": nil,
		"http://localhost:8080":           nil,
		"http://portal.example.com":       fault.Unsupported,
		"http://127.0.0.1:8080":           fault.Unsupported,
		"https://[::1]:8080":              fault.Unsupported,
	} {
		if _, err := passkey.New(nil, nil, passkey.Config{Origin: origin, Name: "n"}); !errors.Is(err, want) {
			t.Errorf("New for %s: %v, want %v", origin, err, want)
		}
	}
}
