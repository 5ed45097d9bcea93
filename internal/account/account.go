// Package account decides who may manage which app: users with a role in each,
// and tokens with scopes. How they sign in is in its other files; what they then
// change is left to package manage, and what files they may touch to policy.
package account

import (
	"fmt"

	"github.com/stowgate/stowgate/internal/fault"
)

// A Role is what a user is in an app. Each includes the ones before it.
type Role uint8

// The zero Role allows nothing.
const (
	NoRole    Role = iota
	Viewer         // sees settings, files and figures
	Developer      // changes files and webhooks, signs policies
	Owner          // changes everything, and who else may
)

var roleNames = [...]string{"none", "viewer", "developer", "owner"}

func (r Role) String() string { return roleNames[r] }

// ParseRole is the inverse of String. The error wraps fault.Invalid.
func ParseRole(text string) (Role, error) {
	for r, name := range roleNames {
		if name == text {
			return Role(r), nil
		}
	}
	return NoRole, fmt.Errorf("role %q is none of viewer, developer and owner: %w", text, fault.Invalid)
}

// An Act is something that needs permission.
type Act uint8

// What there is to do. Those from CreateApp on are about no app.
const (
	ViewApp      Act = iota // settings without secrets, webhooks, figures
	ViewFiles               // list, read
	ChangeFiles             // upload, overwrite, delete, label
	SignPolicy              // have a policy signed
	ChangeHooks             // webhooks and their deliveries
	ChangeApp               // name, security, limits, origins, retention
	ChangeSecret            // make and end secrets, take policies back
	ChangeRoles             // who may do what in the app
	DeleteApp               // and take that back
	ViewAudit               // the app's part of the audit log

	CreateApp
	ManageUsers  // add, disable, reset; the audit log of everything
	ManageServer // jobs of all apps
)

// needs holds the least role for each act that is about an app.
var needs = [...]Role{
	ViewApp: Viewer, ViewFiles: Viewer, ChangeFiles: Developer, SignPolicy: Developer, ChangeHooks: Developer,
	ChangeApp: Owner, ChangeSecret: Owner, ChangeRoles: Owner, DeleteApp: Owner, ViewAudit: Owner,
}

var actNames = [...]string{
	ViewApp: "apps:read", ViewFiles: "files:read", ChangeFiles: "files:write", SignPolicy: "policies:sign", ChangeHooks: "webhooks:write",
	ChangeApp: "apps:write", ChangeSecret: "secrets:write", ChangeRoles: "roles:write", DeleteApp: "apps:delete", ViewAudit: "audit:read",
	CreateApp: "apps:create", ManageUsers: "users:write", ManageServer: "server:write",
}

// String returns the act's name, which is also the scope of a token that may do it.
func (a Act) String() string { return actNames[a] }

// ParseAct is the inverse of String. The error wraps fault.Invalid.
func ParseAct(text string) (Act, error) {
	for a, name := range actNames {
		if name == text {
			return Act(a), nil
		}
	}
	return 0, fmt.Errorf("there is no scope %q: %w", text, fault.Invalid)
}

// An Actor is whoever acts, after signing in. The zero Actor may do nothing.
type Actor struct {
	ID       string          // like user:… or token:…; "command line" or "server"
	User     string          // ID of the user that it is, or acts for; empty for none
	Name     string          // for people
	Address  string          // where the request came from; empty on the command line
	Operator bool            // may do everything
	Roles    map[string]Role // by app
	Scopes   map[Act]bool    // if not nil, no more than these acts: a token's
}

// CommandLine returns whoever runs commands on the server's machine.
func CommandLine() Actor { return Actor{ID: "command line", Name: "command line", Operator: true} }

// Server returns the server itself, for what it does by the clock.
func Server() Actor { return Actor{ID: "server", Name: "server", Operator: true} }

// Acts returns all acts, in their order.
func Acts() []Act {
	all := make([]Act, len(actNames))
	for i := range all {
		all[i] = Act(i)
	}
	return all
}

// OfApp reports whether the act is about an app.
func (a Act) OfApp() bool { return int(a) < len(needs) }

// Check returns nil if the actor may do act to app, which is empty for acts that
// are about none. Otherwise the error wraps fault.Denied, or fault.NotFound where
// the actor may not know that the app exists, and says what is missing.
func (a Actor) Check(act Act, app string) error {
	if a.Scopes != nil && !a.Scopes[act] {
		return fmt.Errorf("the token has not the scope %v: %w", act, fault.Denied)
	}
	if a.Operator {
		return nil
	}
	if !act.OfApp() {
		return fmt.Errorf("only an operator may do this (%v): %w", act, fault.Denied)
	}
	switch role := a.Roles[app]; {
	case role == NoRole:
		return fmt.Errorf("no such app: %w", fault.NotFound)
	case role < needs[act]:
		return fmt.Errorf("needs the role %v, and %s is %v (%v): %w", needs[act], a.Name, role, act, fault.Denied)
	}
	return nil
}
