package manage

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/fault"
)

// A User is a user as operators see one.
type User struct {
	ID, Email, Name    string
	Operator, Disabled bool
	Roles              map[string]account.Role // by app
	Created, Seen      time.Time               // Seen is zero if the user has never signed in
	Invited            time.Time               // until when an invitation that was not used counts; zero for none
	Ways               []account.Way           // that the user can sign in by
}

func viewUser(u account.User) User {
	out := User{ID: u.ID, Email: u.Email, Name: u.Name, Operator: u.Operator, Disabled: u.Disabled, Roles: u.Roles,
		Created: u.Created, Seen: u.Seen, Invited: u.Invited}
	for way, has := range map[account.Way]bool{account.ByPassword: u.Password != "", account.ByPasskey: len(u.Passkeys) > 0, account.ByIdentity: u.Subject != ""} {
		if has {
			out.Ways = append(out.Ways, way)
		}
	}
	slices.Sort(out.Ways)
	return out
}

// A Member is a user who has a role in an app.
type Member struct {
	ID, Email, Name string
	Disabled        bool
	Role            account.Role
}

// Members returns who has a role in an app, in the order of their e-mail
// addresses. Operators who have none are not among them.
func (s *Service) Members(ctx context.Context, by account.Actor, key string) ([]Member, error) {
	if _, err := s.app(ctx, by, account.ChangeRoles, key); err != nil {
		return nil, err
	}
	users, err := s.people.Users(ctx)
	if err != nil {
		return nil, err
	}
	var members []Member
	for _, u := range users {
		if role := u.Roles[key]; role != account.NoRole {
			members = append(members, Member{u.ID, u.Email, u.Name, u.Disabled, role})
		}
	}
	return members, nil
}

// SetRole gives a user, who must exist, a role in an app, or takes it with
// account.NoRole. The user's sessions end, unless an operator's, who may do
// everything with the role and without.
func (s *Service) SetRole(ctx context.Context, by account.Actor, key, email string, role account.Role) error {
	if _, err := s.app(ctx, by, account.ChangeRoles, key); err != nil {
		return err
	}
	u, err := s.find(ctx, email)
	if err != nil {
		return err
	}
	detail := map[string]string{"email": u.Email, "role": role.String()}
	_, err = s.people.UpdateUser(ctx, by.Entry("role.set", key, u.ID, detail), u.ID, func(u *account.User) error {
		if u.Roles[key] == role {
			return account.Refuse(fault.Conflict, "role", "%s has this role already", u.Email)
		}
		u.Roles = maps.Clone(u.Roles)
		u.Roles[key] = role
		if !u.Operator {
			u.Epoch++
		}
		return nil
	})
	return err
}

// find returns the user with an e-mail address.
func (s *Service) find(ctx context.Context, email string) (account.User, error) {
	email, err := account.CanonicalEmail(email)
	if err != nil {
		return account.User{}, err
	}
	u, err := s.people.UserByEmail(ctx, email)
	if errors.Is(err, fault.NotFound) {
		return u, account.Refuse(fault.NotFound, "email", "there is no user %s: an operator can invite one", email)
	}
	return u, err
}

// Users returns all users, in the order of their e-mail addresses.
func (s *Service) Users(ctx context.Context, by account.Actor) ([]User, error) {
	if err := by.Check(account.ManageUsers, ""); err != nil {
		return nil, err
	}
	users, err := s.people.Users(ctx)
	out := make([]User, len(users))
	for i, u := range users {
		out[i] = viewUser(u)
	}
	return out, err
}

// User returns the user with an ID, or an e-mail address.
func (s *Service) User(ctx context.Context, by account.Actor, id string) (User, error) {
	if err := by.Check(account.ManageUsers, ""); err != nil {
		return User{}, err
	}
	if strings.Contains(id, "@") {
		u, err := s.find(ctx, id)
		return viewUser(u), err
	}
	u, err := s.people.User(ctx, id)
	return viewUser(u), err
}

// A NewUser is what a new user begins with.
type NewUser struct {
	Email, Name string
	Operator    bool
	Roles       map[string]account.Role // by app
}

// AddUser adds a user, who sets a password with the invitation that it returns:
// once, within account.InvitationLifetime.
func (s *Service) AddUser(ctx context.Context, by account.Actor, n NewUser) (User, string, error) {
	if err := by.Check(account.ManageUsers, ""); err != nil {
		return User{}, "", err
	}
	u := account.User{ID: account.NewID(), Operator: n.Operator, Roles: n.Roles, Created: s.now()}
	var err error
	if u.Email, err = account.CanonicalEmail(n.Email); err != nil {
		return User{}, "", err
	}
	if u.Name, err = account.CanonicalName(n.Name); err != nil {
		return User{}, "", err
	}
	invitation := s.invite(&u)
	detail := map[string]string{"email": u.Email, "name": u.Name, "operator": fmt.Sprint(u.Operator)}
	for app, role := range u.Roles {
		if _, err := s.apps.App(ctx, app); err != nil {
			return User{}, "", err
		}
		detail["role in "+app] = role.String()
	}
	err = s.people.AddUser(ctx, by.Entry("user.add", "", u.ID, detail), u)
	if errors.Is(err, fault.Conflict) {
		err = account.Refuse(fault.Conflict, "email", "there is a user %s already", u.Email)
	}
	if err != nil {
		return User{}, "", err
	}
	return viewUser(u), invitation, nil
}

// invite gives a user a new invitation, and returns it.
func (s *Service) invite(u *account.User) string {
	invitation := account.NewInvitation(u.ID)
	u.Invitation, u.Invited = account.DigestOf(invitation), s.now().Add(account.InvitationLifetime)
	return invitation
}

// A UserChange is what becomes other in a user. What is nil stays as it is.
type UserChange struct {
	Email, Name        *string
	Operator, Disabled *bool
}

// ChangeUser changes a user. If rights change, the user's sessions end. The
// error wraps fault.Conflict if no operator would be left, or if the e-mail
// address is another user's.
func (s *Service) ChangeUser(ctx context.Context, by account.Actor, id string, c UserChange) (User, error) {
	if err := by.Check(account.ManageUsers, ""); err != nil {
		return User{}, err
	}
	if c == (UserChange{}) {
		return User{}, account.Refuse(fault.Invalid, "", "there is nothing to change")
	}
	for _, one := range []struct {
		text *string
		read func(string) (string, error)
	}{{c.Email, account.CanonicalEmail}, {c.Name, account.CanonicalName}} {
		if one.text == nil {
			continue
		}
		canonical, err := one.read(*one.text)
		if err != nil {
			return User{}, err
		}
		*one.text = canonical
	}
	detail := make(map[string]string)
	u, err := s.people.UpdateUser(ctx, by.Entry("user.change", "", id, detail), id, func(u *account.User) error {
		before := *u
		set(detail, "email", &u.Email, c.Email)
		set(detail, "name", &u.Name, c.Name)
		set(detail, "operator", &u.Operator, c.Operator)
		set(detail, "disabled", &u.Disabled, c.Disabled)
		if u.Operator != before.Operator || u.Disabled != before.Disabled || u.Email != before.Email {
			u.Epoch++
		}
		return nil
	})
	if refusal := (*account.Refusal)(nil); errors.Is(err, fault.Conflict) && !errors.As(err, &refusal) {
		err = account.Refuse(fault.Conflict, "email", "the e-mail address is another user's")
	}
	if err != nil {
		return User{}, err
	}
	return viewUser(u), nil
}

// ResetUser takes from a user every way to sign in, ends all sessions, and
// returns an invitation to set a password.
func (s *Service) ResetUser(ctx context.Context, by account.Actor, id string) (string, error) {
	if err := by.Check(account.ManageUsers, ""); err != nil {
		return "", err
	}
	var invitation string
	_, err := s.people.UpdateUser(ctx, by.Entry("user.reset", "", id, nil), id, func(u *account.User) error {
		u.Password, u.Passkeys, u.Subject = "", nil, ""
		u.Epoch++
		invitation = s.invite(u)
		return nil
	})
	return invitation, err
}

// RemoveUser removes a user, with tokens and sessions. The error wraps
// fault.Conflict if no operator would be left.
func (s *Service) RemoveUser(ctx context.Context, by account.Actor, id string) error {
	if err := by.Check(account.ManageUsers, ""); err != nil {
		return err
	}
	u, err := s.people.User(ctx, id)
	if err != nil {
		return err
	}
	return s.people.RemoveUser(ctx, by.Entry("user.remove", "", id, map[string]string{"email": u.Email}), id)
}
