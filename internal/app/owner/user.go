package owner

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/app/setting"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/manage"
)

// Users are the commands for the people who may sign in to the portal.
type Users struct {
	Add    userAdd    `cmd:"" help:"Add a user, and print an invitation."`
	List   userList   `cmd:"" help:"List all users."`
	Set    userSet    `cmd:"" help:"Change a user, and what the user may do."`
	Reset  userReset  `cmd:"" help:"Take every way to sign in from a user, and print an invitation."`
	Remove userRemove `cmd:"" help:"Remove a user."`
}

// A shownUser is a user as commands print it.
type shownUser struct {
	ID       string            `json:"id"`
	Email    string            `json:"email"`
	Name     string            `json:"name"`
	Operator bool              `json:"operator"`
	Disabled bool              `json:"disabled"`
	Roles    map[string]string `json:"roles"`
	Created  time.Time         `json:"created"`
	Seen     *time.Time        `json:"seen"`
	Invited  *time.Time        `json:"invited"` // until when an invitation counts
	Ways     []account.Way     `json:"ways"`
}

func showUser(u manage.User) shownUser {
	out := shownUser{ID: u.ID, Email: u.Email, Name: u.Name, Operator: u.Operator, Disabled: u.Disabled, Roles: map[string]string{},
		Created: u.Created.UTC(), Seen: moment(u.Seen), Invited: moment(u.Invited), Ways: append([]account.Way{}, u.Ways...)}
	for app, role := range u.Roles {
		out.Roles[app] = role.String()
	}
	return out
}

// state says what the user is, in words.
func (u shownUser) state() string {
	var words []string
	for _, one := range []struct {
		is   bool
		word string
	}{{u.Operator, "operator"}, {u.Disabled, "disabled"}, {u.Invited != nil, "invited"}, {u.Seen == nil, "never signed in"}} {
		if one.is {
			words = append(words, one.word)
		}
	}
	for _, app := range slices.Sorted(maps.Keys(u.Roles)) {
		words = append(words, u.Roles[app]+" of "+app)
	}
	return strings.Join(words, ", ")
}

func (u shownUser) text() string { return fmt.Sprintf("%s  %s  %s\n", u.Email, u.Name, u.state()) }

// An invited is a user, and what sets the user's password.
type invited struct {
	shownUser
	Invitation string `json:"invitation"`
	Path       string `json:"path"` // of the page that takes it
}

// printInvitation prints what a user sets a password with.
func (d *Desk) printInvitation(u manage.User, invitation string) error {
	out := invited{showUser(u), invitation, "/portal/invitation?token=" + url.QueryEscape(invitation)}
	return d.Print(out, fmt.Sprintf("%s\nSend this to the user. It counts once, until %s, and is not shown again:\n\n  your server's address, then\n  %s\n",
		out.text(), u.Invited.UTC().Format(time.RFC3339), out.Path))
}

// parseRoles reads KEY=ROLE.
func parseRoles(r *setting.Reader, texts []string) map[string]account.Role {
	roles := make(map[string]account.Role)
	for _, text := range texts {
		app, name, ok := strings.Cut(text, "=")
		role, err := account.ParseRole(name)
		if !ok || app == "" || err != nil {
			r.Fail("--role=%q is not like KEY=viewer, KEY=developer, KEY=owner or KEY=none", text)
		}
		roles[app] = role
	}
	return roles
}

// noSuchUser says what to do when a user is not there.
func noSuchUser(err error) error {
	if errors.Is(err, fault.NotFound) {
		return fmt.Errorf("%w: stowgate user list shows all; is --data right?", err)
	}
	return err
}

type userAdd struct {
	Email    string   `arg:"" help:"E-mail address, which the user signs in with."`
	Name     string   `help:"What people call the user; the default is the e-mail address."`
	Operator bool     `help:"May do everything, in all apps and with all users."`
	Role     []string `placeholder:"KEY=ROLE" help:"Role in an app: viewer, developer or owner."`
}

// Help implements kong.HelpProvider.
func (userAdd) Help() string {
	return `It prints an invitation, with which the user sets a password: once, within seven days.

  stowgate user add ann@example.com --operator
  stowgate user add bob@example.com --name Bob --role KEY=developer`
}

func (c *userAdd) Run(d *Desk) error {
	r := new(setting.Reader)
	n := manage.NewUser{Email: c.Email, Name: c.Name, Operator: c.Operator, Roles: parseRoles(r, c.Role)}
	if n.Name == "" {
		n.Name = c.Email
	}
	if err := r.Err(); err != nil {
		return UsageError{err}
	}
	return d.withManager(func(ctx context.Context, m *manage.Service) error {
		u, invitation, err := m.AddUser(ctx, operator, n)
		if err != nil {
			return err
		}
		return d.printInvitation(u, invitation)
	})
}

type userList struct{}

func (c *userList) Run(d *Desk) error {
	return d.withManager(func(ctx context.Context, m *manage.Service) error {
		users, err := m.Users(ctx, operator)
		if err != nil {
			return err
		}
		all := make([]shownUser, len(users))
		var b strings.Builder
		w := tabwriter.NewWriter(&b, 0, 8, 2, ' ', 0)
		for i, u := range users {
			all[i] = showUser(u)
			fmt.Fprintf(w, "%s\t%s\t%s\n", u.Email, u.Name, all[i].state())
		}
		w.Flush()
		if len(users) == 0 {
			b.WriteString("There is no user yet. The server prints a token for the first one, or: stowgate user add EMAIL --operator\n")
		}
		return d.Print(all, b.String())
	})
}

type userSet struct {
	Email    string   `arg:"" help:"E-mail address."`
	NewEmail *string  `placeholder:"EMAIL" help:"E-mail address from now on."`
	Name     *string  `help:"What people call the user."`
	Operator *string  `placeholder:"on|off" help:"Whether the user may do everything."`
	Role     []string `placeholder:"KEY=ROLE" help:"Role in an app: viewer, developer, owner, or none."`
	Disable  bool     `xor:"state" help:"Refuse to let the user in."`
	Enable   bool     `xor:"state" help:"Undo --disable."`
}

// Help implements kong.HelpProvider.
func (userSet) Help() string {
	return `When rights change, the user has to sign in again.

  stowgate user set ann@example.com --operator off
  stowgate user set bob@example.com --role KEY=owner --role OTHERKEY=none
  stowgate user set bob@example.com --disable`
}

func (c *userSet) Run(d *Desk) error {
	r := new(setting.Reader)
	change := manage.UserChange{Email: c.NewEmail, Name: c.Name, Operator: optional(r, "operator", c.Operator, isOn)}
	if c.Disable || c.Enable {
		change.Disabled = &c.Disable
	}
	roles := parseRoles(r, c.Role)
	if change == (manage.UserChange{}) && len(roles) == 0 && r.Err() == nil {
		r.Fail("there is nothing to change: see stowgate user set --help")
	}
	if err := r.Err(); err != nil {
		return UsageError{err}
	}
	return d.withManager(func(ctx context.Context, m *manage.Service) error {
		u, err := m.User(ctx, operator, c.Email)
		if err != nil {
			return noSuchUser(err)
		}
		for _, app := range slices.Sorted(maps.Keys(roles)) {
			if u.Roles[app] == roles[app] {
				continue
			}
			if err := m.SetRole(ctx, operator, app, u.Email, roles[app]); err != nil {
				return NoSuchApp(app, err)
			}
		}
		if change != (manage.UserChange{}) {
			if _, err := m.ChangeUser(ctx, operator, u.ID, change); err != nil {
				return err
			}
		}
		if u, err = m.User(ctx, operator, u.ID); err != nil {
			return err
		}
		return d.Print(showUser(u), showUser(u).text())
	})
}

type userReset struct {
	Email string `arg:"" help:"E-mail address."`
}

// Help implements kong.HelpProvider.
func (userReset) Help() string {
	return `The password and the passkeys count no more, and all sessions end. It prints an invitation,
with which the user sets a password: once, within seven days.

  stowgate user reset ann@example.com`
}

func (c *userReset) Run(d *Desk) error {
	return d.withManager(func(ctx context.Context, m *manage.Service) error {
		u, err := m.User(ctx, operator, c.Email)
		if err != nil {
			return noSuchUser(err)
		}
		invitation, err := m.ResetUser(ctx, operator, u.ID)
		if err != nil {
			return err
		}
		if u, err = m.User(ctx, operator, u.ID); err != nil {
			return err
		}
		return d.printInvitation(u, invitation)
	})
}

type userRemove struct {
	Email string `arg:"" help:"E-mail address."`
}

// Help implements kong.HelpProvider.
func (userRemove) Help() string {
	return `The user's sessions and API tokens end. What the user did stays in the audit log.

  stowgate user remove bob@example.com`
}

func (c *userRemove) Run(d *Desk) error {
	return d.withManager(func(ctx context.Context, m *manage.Service) error {
		u, err := m.User(ctx, operator, c.Email)
		if err != nil {
			return noSuchUser(err)
		}
		if err := m.RemoveUser(ctx, operator, u.ID); err != nil {
			return err
		}
		return d.Print(map[string]string{"removed": u.Email}, "removed "+u.Email+"\n")
	})
}
