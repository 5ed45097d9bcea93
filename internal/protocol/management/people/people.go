// Package people is the part of the management API about who may do what, and
// who did: members, users, the audit log.
package people

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/manage"
	"github.com/stowgate/stowgate/internal/protocol/management/call"
)

// API is the part about people.
type API struct {
	Manage    *manage.Service
	PortalURL string // of the pages that an invitation leads to
}

// Rows returns the table.
func (a *API) Rows() []call.Row {
	audit := []string{"action", "actor", "since", "until", "limit", "cursor"}
	return []call.Row{
		{Method: http.MethodGet, Path: "/token", Own: true, Do: a.token},
		{Method: http.MethodGet, Path: "/apps/{app}/members", Act: account.ChangeRoles, Do: a.members},
		{Method: http.MethodPut, Path: "/apps/{app}/members/{email}", Act: account.ChangeRoles, Do: a.setRole},
		{Method: http.MethodDelete, Path: "/apps/{app}/members/{email}", Act: account.ChangeRoles, Do: a.removeRole},
		{Method: http.MethodGet, Path: "/users", Act: account.ManageUsers, Do: a.users},
		{Method: http.MethodPost, Path: "/users", Act: account.ManageUsers, Status: http.StatusCreated, Do: a.addUser},
		{Method: http.MethodGet, Path: "/users/{user}", Act: account.ManageUsers, Do: a.user},
		{Method: http.MethodPatch, Path: "/users/{user}", Act: account.ManageUsers, Do: a.changeUser},
		{Method: http.MethodDelete, Path: "/users/{user}", Act: account.ManageUsers, Do: a.removeUser},
		{Method: http.MethodPost, Path: "/users/{user}/reset", Act: account.ManageUsers, Do: a.resetUser},
		{Method: http.MethodGet, Path: "/apps/{app}/audit", Act: account.ViewAudit, Query: audit, Do: a.audit},
		{Method: http.MethodGet, Path: "/audit", Act: account.ManageUsers, Query: audit, Do: a.audit},
	}
}

// rolesOf returns roles as answers have them.
func rolesOf(roles map[string]account.Role) map[string]string {
	out := make(map[string]string)
	for app, role := range roles {
		if role != account.NoRole {
			out[app] = role.String()
		}
	}
	return out
}

// token answers what the token may do.
func (a *API) token(ctx context.Context, c *call.Call) (any, error) {
	scopes := slices.Sorted(maps.Keys(c.Scopes))
	return struct {
		ID       string            `json:"id"`
		Name     string            `json:"name"`
		User     string            `json:"user,omitempty"`
		Operator bool              `json:"operator"`
		Roles    map[string]string `json:"roles"`
		Scopes   []string          `json:"scopes"`
	}{c.ID, c.Name, c.User, c.Operator, rolesOf(c.Roles), call.Listed(scopes, account.Act.String).Items}, nil
}

// A member is a user who has a role in an app.
type member struct {
	ID       string `json:"id"`
	Email    string `json:"email"`
	Name     string `json:"name"`
	Disabled bool   `json:"disabled"`
	Role     string `json:"role"`
}

func (a *API) members(ctx context.Context, c *call.Call) (any, error) {
	all, err := a.Manage.Members(ctx, c.Actor, c.App)
	if err != nil {
		return nil, err
	}
	return call.Listed(all, func(m manage.Member) member { return member{m.ID, m.Email, m.Name, m.Disabled, m.Role.String()} }), nil
}

// parseRole reads a role that is one.
func parseRole(field, text string) (account.Role, error) {
	role, err := account.ParseRole(text)
	if err != nil || role == account.NoRole {
		return role, account.Refuse(fault.Invalid, field, "%q is none of viewer, developer and owner", text)
	}
	return role, nil
}

func (a *API) setRole(ctx context.Context, c *call.Call) (any, error) {
	var in struct {
		Role string `json:"role"`
	}
	if err := c.Read(&in); err != nil {
		return nil, err
	}
	role, err := parseRole("role", in.Role)
	if err != nil {
		return nil, err
	}
	return nil, a.Manage.SetRole(ctx, c.Actor, c.App, c.Path("email"), role)
}

func (a *API) removeRole(ctx context.Context, c *call.Call) (any, error) {
	return nil, a.Manage.SetRole(ctx, c.Actor, c.App, c.Path("email"), account.NoRole)
}

// A user is a user as answers have one.
type user struct {
	ID       string            `json:"id"`
	Email    string            `json:"email"`
	Name     string            `json:"name"`
	Operator bool              `json:"operator"`
	Disabled bool              `json:"disabled"`
	Roles    map[string]string `json:"roles"`
	Created  time.Time         `json:"created"`
	Seen     time.Time         `json:"seen,omitzero"`
	Invited  time.Time         `json:"invited_until,omitzero"`
	Ways     []string          `json:"ways"`
}

func showUser(u manage.User) user {
	return user{u.ID, u.Email, u.Name, u.Operator, u.Disabled, rolesOf(u.Roles), u.Created.UTC(), u.Seen.UTC(), u.Invited.UTC(),
		call.Listed(u.Ways, func(w account.Way) string { return string(w) }).Items}
}

// link returns where somebody with an invitation sets a password.
func (a *API) link(invitation string) string {
	return a.PortalURL + "/invitation?token=" + url.QueryEscape(invitation)
}

func (a *API) users(ctx context.Context, c *call.Call) (any, error) {
	all, err := a.Manage.Users(ctx, c.Actor)
	if err != nil {
		return nil, err
	}
	return call.Listed(all, showUser), nil
}

func (a *API) addUser(ctx context.Context, c *call.Call) (any, error) {
	var in struct {
		Email    string            `json:"email"`
		Name     string            `json:"name"`
		Operator bool              `json:"operator"`
		Roles    map[string]string `json:"roles"`
	}
	if err := c.Read(&in); err != nil {
		return nil, err
	}
	n := manage.NewUser{Email: in.Email, Name: in.Name, Operator: in.Operator, Roles: make(map[string]account.Role)}
	for app, text := range in.Roles {
		role, err := parseRole("roles", text)
		if err != nil {
			return nil, err
		}
		n.Roles[app] = role
	}
	u, invitation, err := a.Manage.AddUser(ctx, c.Actor, n)
	if err != nil {
		return nil, err
	}
	c.At = "/users/" + url.PathEscape(u.ID)
	return struct {
		User       user   `json:"user"`
		Invitation string `json:"invitation"`
	}{showUser(u), a.link(invitation)}, nil
}

func (a *API) user(ctx context.Context, c *call.Call) (any, error) {
	u, err := a.Manage.User(ctx, c.Actor, c.Path("user"))
	if err != nil {
		return nil, err
	}
	return showUser(u), nil
}

func (a *API) changeUser(ctx context.Context, c *call.Call) (any, error) {
	var in struct {
		Email    *string `json:"email"`
		Name     *string `json:"name"`
		Operator *bool   `json:"operator"`
		Disabled *bool   `json:"disabled"`
	}
	if err := c.Read(&in); err != nil {
		return nil, err
	}
	u, err := a.Manage.ChangeUser(ctx, c.Actor, c.Path("user"), manage.UserChange(in))
	if err != nil {
		return nil, err
	}
	return showUser(u), nil
}

func (a *API) removeUser(ctx context.Context, c *call.Call) (any, error) {
	return nil, a.Manage.RemoveUser(ctx, c.Actor, c.Path("user"))
}

func (a *API) resetUser(ctx context.Context, c *call.Call) (any, error) {
	invitation, err := a.Manage.ResetUser(ctx, c.Actor, c.Path("user"))
	if err != nil {
		return nil, err
	}
	return struct {
		Invitation string `json:"invitation"`
	}{a.link(invitation)}, nil
}

// An entry is a line of the audit log.
type entry struct {
	ID      int64             `json:"id"`
	Time    time.Time         `json:"time"`
	Actor   string            `json:"actor"`
	Name    string            `json:"name"`
	Address string            `json:"address"`
	Action  string            `json:"action"`
	App     string            `json:"app,omitempty"`
	Target  string            `json:"target"`
	Detail  map[string]string `json:"detail"`
}

func showEntry(e account.Entry) entry {
	if e.Detail == nil {
		e.Detail = map[string]string{}
	}
	e.Time = e.Time.UTC()
	return entry(e)
}

func (a *API) audit(ctx context.Context, c *call.Call) (any, error) {
	q := account.Search{App: c.App, Actor: c.Query.Get("actor"), Action: c.Query.Get("action")}
	var err error
	if q.Since, err = c.Time("since"); err != nil {
		return nil, err
	}
	if q.Until, err = c.Time("until"); err != nil {
		return nil, err
	}
	limit, err := c.Limit()
	if err != nil {
		return nil, err
	}
	if q.Before, err = c.Before(); err != nil {
		return nil, err
	}
	q.Limit = limit + 1
	found, err := a.Manage.Audit(ctx, c.Actor, q)
	if err != nil {
		return nil, err
	}
	return call.Paged(found, limit, func(e account.Entry) int64 { return e.ID }, showEntry), nil
}
