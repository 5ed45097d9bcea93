package people_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"testing/fstest"
	"time"

	"github.com/pressly/goose/v3"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/catalog"
	"github.com/stowgate/stowgate/internal/catalog/ledger"
	"github.com/stowgate/stowgate/internal/catalog/people"
	"github.com/stowgate/stowgate/internal/catalog/record"
	"github.com/stowgate/stowgate/internal/catalog/sqlitedb"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/policy"
)

var (
	now = time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	key = [32]byte{1}
	by  = account.Server().Entry("test", "", "", nil)
)

func open(t *testing.T, path string) *catalog.Catalog {
	t.Helper()
	db, err := sqlitedb.Open(t.Context(), path)
	must(t, err)
	c, err := catalog.New(t.Context(), db, key, catalog.Config{Now: func() time.Time { return now }})
	must(t, err)
	t.Cleanup(func() { c.Close() })
	return c
}

// newRecords returns records beside an app called app.
func newRecords(t *testing.T) (people.Records, *catalog.Catalog) {
	t.Helper()
	c := open(t, filepath.Join(t.TempDir(), "catalog.db"))
	must(t, c.CreateApp(t.Context(), by, policy.App{Key: "app"}))
	return people.New(c.Book()), c
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

func wantEqual(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s = %+v, want %+v", what, got, want)
	}
}

// user returns a user of whom every field is set.
func user(id string) account.User {
	return account.User{
		ID: id, Email: id + "@example.com", Name: "é " + id, Operator: true, Disabled: true, Roles: map[string]account.Role{"app": account.Developer},
		Created: now, Seen: now.Add(1), Password: "hash of " + id, Subject: "issuer subject",
		Passkeys:   []account.Passkey{{ID: []byte{1, 2}, Name: "phone", Created: now, Used: now.Add(2), Credential: []byte(`{"a":1}`)}},
		Invitation: account.Digest{3}, Invited: now.Add(3), Epoch: 4,
	}
}

func TestUserIsKeptWhole(t *testing.T) {
	r, _ := newRecords(t)
	for field := range reflect.ValueOf(user("a")).Fields() {
		if v := reflect.ValueOf(user("a")).FieldByIndex(field.Index); v.IsZero() {
			t.Errorf("the test sets no %s", field.Name)
		}
	}
	bare := account.User{ID: "b", Email: "b@example.com", Roles: map[string]account.Role{}}
	for _, want := range []account.User{user("a"), bare} {
		must(t, r.AddUser(t.Context(), by, want))
		got, err := r.User(t.Context(), want.ID)
		must(t, err)
		wantEqual(t, "User", got, want)
		got, err = r.UserByEmail(t.Context(), want.Email)
		must(t, err)
		wantEqual(t, "UserByEmail", got, want)
	}
	all, err := r.Users(t.Context())
	must(t, err)
	wantEqual(t, "Users", all, []account.User{user("a"), bare})

	changed := user("b")
	got, err := r.UpdateUser(t.Context(), by, "b", func(u *account.User) error { *u = changed; return nil })
	must(t, err)
	wantEqual(t, "UpdateUser", got, changed)
	got, err = r.User(t.Context(), "b")
	must(t, err)
	wantEqual(t, "User after UpdateUser", got, changed)
}

func TestUserErrors(t *testing.T) {
	r, _ := newRecords(t)
	must(t, r.AddUser(t.Context(), by, user("a")))
	must(t, r.AddUser(t.Context(), by, user("b")))
	same := user("c")
	same.Email = "a@example.com"
	wantKind(t, "AddUser with another's address", r.AddUser(t.Context(), by, same), fault.Conflict)
	wantKind(t, "AddUser twice", r.AddUser(t.Context(), by, user("a")), fault.Conflict)
	lost := user("c")
	lost.Roles = map[string]account.Role{"none": account.Viewer}
	wantKind(t, "AddUser with a role in no app", r.AddUser(t.Context(), by, lost), fault.NotFound)
	_, err := r.User(t.Context(), "c")
	wantKind(t, "User that was not added", err, fault.NotFound)
	_, err = r.UpdateUser(t.Context(), by, "c", func(*account.User) error { return nil })
	wantKind(t, "UpdateUser of nobody", err, fault.NotFound)
	wantKind(t, "RemoveUser of nobody", r.RemoveUser(t.Context(), by, "c"), fault.NotFound)
	_, err = r.UpdateUser(t.Context(), by, "b", func(u *account.User) error { u.Email = "a@example.com"; return nil })
	wantKind(t, "UpdateUser to another's address", err, fault.Conflict)
	errNo := errors.New("no")
	_, err = r.UpdateUser(t.Context(), by, "b", func(u *account.User) error { u.Name = "x"; return errNo })
	if !errors.Is(err, errNo) {
		t.Errorf("UpdateUser: %v, want %v", err, errNo)
	}
	got, err := r.User(t.Context(), "b")
	must(t, err)
	wantEqual(t, "User after failed changes", got, user("b"))
}

// TestM5PasswordsAreBound puts one user's password in another's place.
func TestM5PasswordsAreBound(t *testing.T) {
	r, c := newRecords(t)
	must(t, r.AddUser(t.Context(), by, user("a")))
	must(t, r.AddUser(t.Context(), by, user("b")))
	must(t, c.Book().Write(t.Context(), func(ctx context.Context, tx *record.Statements) error {
		_, err := tx.Exec(ctx, `UPDATE users SET password = (SELECT password FROM users WHERE id = ?) WHERE id = ?`, "a", "b")
		return err
	}))
	_, err := r.User(t.Context(), "b")
	wantKind(t, "User with another's password", err, fault.Damaged)
}

func TestSessionAndTokenAreKeptWhole(t *testing.T) {
	r, c := newRecords(t)
	must(t, r.AddUser(t.Context(), by, user("a")))
	s := account.Session{Digest: account.Digest{9}, User: "a", Epoch: 4, Way: account.ByPasskey, Created: now.Add(7), Seen: now.Add(8), Address: "::1", Agent: "é"}
	must(t, r.AddSession(t.Context(), by, s))
	got, err := r.Session(t.Context(), s.Digest)
	must(t, err)
	wantEqual(t, "Session", got, s)
	s.Seen = now.Add(9)
	must(t, r.TouchSession(t.Context(), s.Digest, s.Seen))
	all, err := r.SessionsOf(t.Context(), "a")
	must(t, err)
	wantEqual(t, "SessionsOf", all, []account.Session{s})
	u, err := r.User(t.Context(), "a")
	if must(t, err); !u.Seen.Equal(s.Created) {
		t.Errorf("the user was seen %v, want %v", u.Seen, s.Created)
	}

	tokens := []account.Token{
		{ID: "t", Digest: account.Digest{5}, Name: "é", User: "a", App: "app", Scopes: []account.Act{account.ViewApp, account.ManageServer}, Created: now.Add(1), Expires: now.Add(2), Used: now.Add(3)},
		{ID: "bare", Digest: account.Digest{6}},
	}
	for _, want := range tokens {
		must(t, r.AddToken(t.Context(), by, want))
		got, err := r.Token(t.Context(), want.ID)
		must(t, err)
		wantEqual(t, "Token", got, want)
		got, err = r.TokenByDigest(t.Context(), want.Digest)
		must(t, err)
		wantEqual(t, "TokenByDigest", got, want)
	}
	list, err := r.Tokens(t.Context())
	must(t, err)
	wantEqual(t, "Tokens", list, tokens)

	for what, err := range map[string]error{
		"TouchSession": r.TouchSession(t.Context(), account.Digest{}, now), "EndSession": r.EndSession(t.Context(), by, account.Digest{}),
		"TouchToken": r.TouchToken(t.Context(), "none", now), "RemoveToken": r.RemoveToken(t.Context(), by, "none"),
		"AddSession of nobody": r.AddSession(t.Context(), by, account.Session{User: "none"}),
		"AddToken of nobody":   r.AddToken(t.Context(), by, account.Token{ID: "x", User: "none"}),
		"AddToken of no app":   r.AddToken(t.Context(), by, account.Token{ID: "x", App: "none"}),
	} {
		wantKind(t, what, err, fault.NotFound)
	}

	// What belongs to an app or user goes with it.
	must(t, c.DeleteApp(t.Context(), by, "app", true))
	_, err = r.Token(t.Context(), "t")
	wantKind(t, "a token for an app that is gone", err, fault.NotFound)
	must(t, r.AddUser(t.Context(), by, account.User{ID: "op", Email: "op@example.com", Operator: true}))
	must(t, r.RemoveUser(t.Context(), by, "a"))
	_, err = r.Session(t.Context(), s.Digest)
	wantKind(t, "a session of somebody who is gone", err, fault.NotFound)
}

func TestPruneSessions(t *testing.T) {
	r, _ := newRecords(t)
	must(t, r.AddUser(t.Context(), by, user("a")))
	add := func(digest byte, created, seen time.Time, epoch int64) {
		must(t, r.AddSession(t.Context(), by, account.Session{Digest: account.Digest{digest}, User: "a", Epoch: epoch, Created: created, Seen: seen}))
	}
	add(1, now, now, 4)
	add(2, now.Add(-1), now, 4)
	add(3, now, now.Add(-1), 4)
	add(4, now, now, 3)
	must(t, r.PruneSessions(t.Context(), now, now))
	left, err := r.SessionsOf(t.Context(), "a")
	must(t, err)
	if len(left) != 1 || left[0].Digest != (account.Digest{1}) {
		t.Errorf("%d sessions are left: %+v", len(left), left)
	}
}

// TestM7NoEntryNoChange has a change fail that does not say who made it.
func TestM7NoEntryNoChange(t *testing.T) {
	r, c := newRecords(t)
	must(t, r.AddUser(t.Context(), by, user("a")))
	must(t, r.AddToken(t.Context(), by, account.Token{ID: "t"}))
	must(t, r.AddSession(t.Context(), by, account.Session{Digest: account.Digest{1}, User: "a"}))
	_, err := r.SetSetup(t.Context(), account.Digest{1}, now.Add(1))
	must(t, err)
	none := account.Entry{}
	_, update := r.UpdateUser(t.Context(), none, "a", func(*account.User) error { return nil })
	_, updateApp := c.UpdateApp(t.Context(), none, "app", func(a *policy.App) error { a.Name = "x"; return nil })
	for what, err := range map[string]error{
		"AddUser": r.AddUser(t.Context(), none, user("b")), "UpdateUser": update, "RemoveUser": r.RemoveUser(t.Context(), none, "a"),
		"AddToken": r.AddToken(t.Context(), none, account.Token{ID: "u", Digest: account.Digest{1}}), "RemoveToken": r.RemoveToken(t.Context(), none, "t"),
		"AddSession": r.AddSession(t.Context(), none, account.Session{User: "a"}), "EndSession": r.EndSession(t.Context(), none, account.Digest{1}),
		"CreateApp": c.CreateApp(t.Context(), none, policy.App{Key: "new"}), "UpdateApp": updateApp,
		"DeleteApp": c.DeleteApp(t.Context(), none, "app", true),
	} {
		if err == nil {
			t.Errorf("%s without an entry succeeded", what)
		}
	}
	app, err := c.App(t.Context(), "app")
	if must(t, err); app.Name != "" || app.Disabled {
		t.Errorf("the app was changed: %+v", app)
	}
}

// TestOpensOldDatabase opens a database of the first schema that has data in it.
func TestOpensOldDatabase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "catalog.db")
	first, err := os.ReadFile("../sqlitedb/migrations/00001_begin.sql")
	must(t, err)
	db, err := sql.Open("sqlite", path)
	must(t, err)
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, fstest.MapFS{"00001_begin.sql": {Data: first}}, goose.WithDisableGlobalRegistry(true))
	must(t, err)
	_, err = provider.Up(t.Context())
	must(t, err)
	box := record.NewBox(key)
	_, err = db.Exec(`INSERT INTO seals VALUES ('key check', ?)`, box.Seal("key check", nil))
	must(t, err)
	for i := range 3 {
		app := fmt.Sprintf("app%d", i)
		_, err = db.Exec(`INSERT INTO apps (key, name, security, disabled, created, secrets, revoked_before, revoked, options) VALUES (?, 'old', 1, 0, 1, ?, 0, 'null', '{}')`,
			app, box.Seal(app, []byte(`[{"Key":"secret"}]`)))
		must(t, err)
	}
	must(t, db.Close())

	c := open(t, path)
	apps, err := c.Apps(t.Context())
	must(t, err)
	if len(apps) != 3 || apps[0].Name != "old" || !apps[0].Deleted.IsZero() || apps[0].Secrets[0].Key != "secret" {
		t.Errorf("Apps = %+v", apps)
	}
	r := people.New(c.Book())
	u := user("a")
	u.Roles = map[string]account.Role{"app1": account.Owner}
	must(t, r.AddUser(t.Context(), by, u))
	entries, err := ledger.New(c.Book()).Entries(t.Context(), account.Search{})
	if must(t, err); len(entries) != 1 {
		t.Errorf("%d entries, want 1", len(entries))
	}
}
