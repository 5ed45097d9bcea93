package manage_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/manage"
)

// add adds a user who has accepted the invitation.
func (d *desk) add(t *testing.T, n manage.NewUser) (manage.User, account.Actor) {
	t.Helper()
	u, invitation, err := d.AddUser(t.Context(), operator, n)
	must(t, err)
	s := account.New(d.people, account.Config{Now: func() time.Time { return d.now }})
	session, err := s.Accept(t.Context(), invitation, "correct horse battery", account.From{})
	must(t, err)
	v, err := s.Resume(t.Context(), session, account.From{})
	must(t, err)
	return u, v.Actor
}

// epoch returns which of a user's sessions count.
func (d *desk) epoch(t *testing.T, id string) int64 {
	t.Helper()
	u, err := d.people.User(t.Context(), id)
	must(t, err)
	return u.Epoch
}

func TestUsers(t *testing.T) {
	d := newDesk(t)
	a, _ := d.create(t, manage.NewApp{})
	u, invitation, err := d.AddUser(t.Context(), operator, manage.NewUser{Email: "Ann@Example.com", Name: " Ann ", Operator: true})
	must(t, err)
	if u.Email != "ann@example.com" || u.Name != "Ann" || !strings.HasPrefix(invitation, "sgl_"+u.ID+"_") ||
		!u.Invited.Equal(d.now.Add(account.InvitationLifetime)) || len(u.Ways) > 0 {
		t.Errorf("AddUser = %+v, %q", u, invitation)
	}
	bob, _ := d.add(t, manage.NewUser{Email: "bob@example.com", Name: "Bob", Roles: map[string]account.Role{a.Key: account.Viewer}})
	for what, n := range map[string]manage.NewUser{"no address": {Name: "n"}, "no name": {Email: "a@example.com"}} {
		_, _, err := d.AddUser(t.Context(), operator, n)
		wantKind(t, what, err, fault.Invalid)
	}
	_, _, err = d.AddUser(t.Context(), operator, manage.NewUser{Email: "BOB@example.com", Name: "n"})
	wantKind(t, "an address that is taken", err, fault.Conflict)
	_, _, err = d.AddUser(t.Context(), operator, manage.NewUser{Email: "c@example.com", Name: "n", Roles: map[string]account.Role{"none": account.Viewer}})
	wantKind(t, "a role in no app", err, fault.NotFound)

	users, err := d.Users(t.Context(), operator)
	must(t, err)
	if len(users) != 2 || users[1].ID != bob.ID || users[1].Roles[a.Key] != account.Viewer || fmt.Sprint(users[1].Ways) != "[password]" || users[1].Seen.IsZero() {
		t.Errorf("Users = %+v", users)
	}
	byEmail, err := d.User(t.Context(), operator, "Bob@example.com")
	if must(t, err); byEmail.ID != bob.ID {
		t.Errorf("User by address = %+v", byEmail)
	}

	before := d.epoch(t, bob.ID)
	_, err = d.ChangeUser(t.Context(), operator, bob.ID, manage.UserChange{Name: ptr("Robert")})
	if must(t, err); d.epoch(t, bob.ID) != before {
		t.Error("another name ends sessions")
	}
	for what, c := range map[string]manage.UserChange{"operator": {Operator: ptr(true)}, "disabled": {Disabled: ptr(true)}, "address": {Email: ptr("B@example.com")}} {
		before := d.epoch(t, bob.ID)
		_, err := d.ChangeUser(t.Context(), operator, bob.ID, c)
		if must(t, err); d.epoch(t, bob.ID) == before {
			t.Errorf("M2: %s does not end sessions", what)
		}
	}
	_, err = d.ChangeUser(t.Context(), operator, bob.ID, manage.UserChange{Email: ptr("ann@example.com")})
	wantKind(t, "another's address", err, fault.Conflict)
	_, err = d.ChangeUser(t.Context(), operator, bob.ID, manage.UserChange{})
	wantKind(t, "no change", err, fault.Invalid)
	_, err = d.ChangeUser(t.Context(), operator, "none", manage.UserChange{Name: ptr("n")})
	wantKind(t, "nobody", err, fault.NotFound)

	before = d.epoch(t, bob.ID)
	invitation, err = d.ResetUser(t.Context(), operator, bob.ID)
	must(t, err)
	again, err := d.User(t.Context(), operator, bob.ID)
	if must(t, err); len(again.Ways) > 0 || invitation == "" || d.epoch(t, bob.ID) == before {
		t.Errorf("after ResetUser: %+v", again)
	}
	must(t, d.RemoveUser(t.Context(), operator, bob.ID))
	_, err = d.User(t.Context(), operator, bob.ID)
	wantKind(t, "User that was removed", err, fault.NotFound)
}

// TestLastOperator has somebody left who may do everything.
func TestLastOperator(t *testing.T) {
	d := newDesk(t)
	ann, _ := d.add(t, manage.NewUser{Email: "ann@example.com", Name: "Ann", Operator: true})
	off, _ := d.add(t, manage.NewUser{Email: "off@example.com", Name: "Off", Operator: true})
	_, err := d.ChangeUser(t.Context(), operator, off.ID, manage.UserChange{Disabled: ptr(true)})
	must(t, err)
	for what, c := range map[string]manage.UserChange{"disabling": {Disabled: ptr(true)}, "taking the rights": {Operator: ptr(false)}} {
		_, err := d.ChangeUser(t.Context(), operator, ann.ID, c)
		wantKind(t, what, err, fault.Conflict)
	}
	wantKind(t, "removing", d.RemoveUser(t.Context(), operator, ann.ID), fault.Conflict)
	must(t, d.RemoveUser(t.Context(), operator, off.ID))
	d.add(t, manage.NewUser{Email: "new@example.com", Name: "New", Operator: true})
	must(t, d.RemoveUser(t.Context(), operator, ann.ID))
}

func TestMembers(t *testing.T) {
	d := newDesk(t)
	a, _ := d.create(t, manage.NewApp{})
	other, _ := d.create(t, manage.NewApp{})
	_, owner := d.add(t, manage.NewUser{Email: "ann@example.com", Name: "Ann", Roles: map[string]account.Role{a.Key: account.Owner}})
	bob, _ := d.add(t, manage.NewUser{Email: "bob@example.com", Name: "Bob", Roles: map[string]account.Role{other.Key: account.Viewer}})
	before := d.epoch(t, bob.ID)
	must(t, d.SetRole(t.Context(), owner, a.Key, "BOB@example.com", account.Developer))
	if d.epoch(t, bob.ID) == before {
		t.Error("M2: another role does not end sessions")
	}
	wantKind(t, "the same role again", d.SetRole(t.Context(), owner, a.Key, bob.Email, account.Developer), fault.Conflict)
	wantKind(t, "somebody unknown", d.SetRole(t.Context(), owner, a.Key, "eve@example.com", account.Viewer), fault.NotFound)
	members, err := d.Members(t.Context(), owner, a.Key)
	must(t, err)
	if len(members) != 2 || members[1].Email != bob.Email || members[1].Role != account.Developer {
		t.Errorf("Members = %+v", members)
	}
	must(t, d.SetRole(t.Context(), owner, a.Key, bob.Email, account.NoRole))
	members, err = d.Members(t.Context(), owner, a.Key)
	if must(t, err); len(members) != 1 {
		t.Errorf("Members after one left = %+v", members)
	}
	u, err := d.User(t.Context(), operator, bob.ID)
	if must(t, err); len(u.Roles) != 1 || u.Roles[other.Key] != account.Viewer {
		t.Errorf("the roles in other apps are %v", u.Roles)
	}

	// An operator's rights are the same with it.
	op, ann := d.add(t, manage.NewUser{Email: "op@example.com", Name: "Op", Operator: true})
	before = d.epoch(t, op.ID)
	must(t, d.SetRole(t.Context(), ann, a.Key, "op@example.com", account.Owner))
	if d.epoch(t, op.ID) != before {
		t.Error("an operator who takes a role is signed out")
	}

	// Who makes an app with the key of one that is gone does not find its members.
	must(t, d.RemoveApp(t.Context(), operator, a.Key, true))
	d.create(t, manage.NewApp{Key: a.Key})
	members, err = d.Members(t.Context(), operator, a.Key)
	if must(t, err); len(members) != 0 {
		t.Errorf("members of a new app: %+v", members)
	}
}

func TestAPITokens(t *testing.T) {
	d := newDesk(t)
	a, _ := d.create(t, manage.NewApp{})
	_, bob := d.add(t, manage.NewUser{Email: "bob@example.com", Name: "Bob", Roles: map[string]account.Role{a.Key: account.Developer}})
	_, eve := d.add(t, manage.NewUser{Email: "eve@example.com", Name: "Eve"})
	read := []account.Act{account.ViewApp}
	for _, tt := range []struct {
		name string
		by   account.Actor
		n    manage.NewToken
		want error
	}{
		{"one app", bob, manage.NewToken{Name: "t", App: a.Key, Scopes: []account.Act{account.ChangeFiles, account.ViewApp, account.ViewApp}}, nil},
		{"all apps", bob, manage.NewToken{Name: "t", Scopes: read, Lifetime: time.Hour}, nil},
		{"more than one's role", bob, manage.NewToken{Name: "t", App: a.Key, Scopes: []account.Act{account.ChangeApp}}, fault.Denied},
		{"an operator's", bob, manage.NewToken{Name: "t", Scopes: []account.Act{account.ManageUsers}}, fault.Denied},
		{"an app one may not know of", eve, manage.NewToken{Name: "t", App: a.Key, Scopes: read}, fault.NotFound},
		{"no app", operator, manage.NewToken{Name: "t", App: "none", Scopes: read}, fault.NotFound},
		{"an act about no app", operator, manage.NewToken{Name: "t", App: a.Key, Scopes: []account.Act{account.CreateApp}}, fault.Invalid},
		{"no name", bob, manage.NewToken{Scopes: read}, fault.Invalid},
		{"no scope", bob, manage.NewToken{Name: "t"}, fault.Invalid},
		{"a negative time", bob, manage.NewToken{Name: "t", Scopes: read, Lifetime: -1}, fault.Invalid},
		{"a token's", account.Actor{User: bob.User, Scopes: map[account.Act]bool{account.ViewApp: true}}, manage.NewToken{Name: "t", Scopes: read}, fault.Denied},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tok, text, err := d.AddToken(t.Context(), tt.by, tt.n)
			if tt.want != nil {
				wantKind(t, "AddToken", err, tt.want.(fault.Kind))
				return
			}
			must(t, err)
			if tok.User != tt.by.User || account.DigestOf(text) != tok.Digest || tok.Expires.IsZero() == (tt.n.Lifetime > 0) {
				t.Errorf("AddToken = %+v, %q", tok, text)
			}
		})
	}
	mine, err := d.Tokens(t.Context(), bob)
	must(t, err)
	if len(mine) != 2 {
		t.Fatalf("Tokens = %+v, want 2", mine)
	}
	wantKind(t, "EndToken of another's", d.EndToken(t.Context(), eve, mine[0].ID), fault.NotFound)
	must(t, d.EndToken(t.Context(), bob, mine[0].ID))
	must(t, d.EndToken(t.Context(), operator, mine[1].ID))
	wantKind(t, "EndToken once more", d.EndToken(t.Context(), bob, mine[0].ID), fault.NotFound)
}
