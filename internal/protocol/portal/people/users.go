package people

import (
	"context"
	"net/http"
	"net/url"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/manage"
	"github.com/stowgate/stowgate/internal/protocol/portal/frame"
)

// userRows are everybody who may sign in, for operators.
func (p *Pages) userRows() []frame.Row {
	row := func(method, path string, do func(context.Context, *frame.Visit) error) frame.Row {
		return frame.Row{Method: method, Path: path, Act: account.ManageUsers, Do: do}
	}
	return []frame.Row{
		row(http.MethodGet, "/users", p.usersPage),
		row(http.MethodPost, "/users", p.addUser),
		row(http.MethodGet, "/users/{user}", p.userPage),
		row(http.MethodPost, "/users/{user}", p.changeUser),
		row(http.MethodPost, "/users/{user}/reset", p.resetUser),
		row(http.MethodPost, "/users/{user}/remove", p.removeUser),
	}
}

// users is what the list shows.
type users struct {
	List        []manage.User
	Email, Name string // as typed
	Operator    bool
}

// An invitation is a link that was just made, shown this once.
type invitation struct {
	User manage.User
	Link string
}

// link returns where somebody with an invitation sets a password.
func (p *Pages) link(token string) string {
	return p.PublicURL + frame.Root + "/invitation?token=" + url.QueryEscape(token)
}

func (p *Pages) users(ctx context.Context, v *frame.Visit) (users, error) {
	list, err := p.manage.Users(ctx, v.Actor)
	return users{list, v.Value("email"), v.Value("name"), v.Checked("operator")}, err
}

func (p *Pages) usersPage(ctx context.Context, v *frame.Visit) error {
	shown, err := p.users(ctx, v)
	if err != nil {
		return err
	}
	return p.Show(v, "users", "People", shown)
}

func (p *Pages) addUser(ctx context.Context, v *frame.Visit) error {
	user, token, err := p.manage.AddUser(ctx, v.Actor, manage.NewUser{Email: v.Value("email"), Name: v.Value("name"), Operator: v.Checked("operator")})
	if _, text := v.Refused(err); text != "" {
		shown, err := p.users(ctx, v)
		if err != nil {
			return err
		}
		return p.Again(v, "users", "People", text, shown)
	}
	if err != nil {
		return err
	}
	return p.Show(v, "invited", "Invitation", invitation{user, p.link(token)})
}

func (p *Pages) userPage(ctx context.Context, v *frame.Visit) error {
	user, err := p.manage.User(ctx, v.Actor, v.Path("user"))
	if err != nil {
		return err
	}
	return p.Show(v, "user", user.Name, user)
}

// userDone goes back to a user's page, or says on it what is wrong.
func (p *Pages) userDone(ctx context.Context, v *frame.Visit, err error, done string) error {
	if _, text := v.Refused(err); text != "" {
		user, err := p.manage.User(ctx, v.Actor, v.Path("user"))
		if err != nil {
			return err
		}
		return p.Again(v, "user", user.Name, text, user)
	}
	if err != nil {
		return err
	}
	return v.Done(frame.Root+"/users/"+url.PathEscape(v.Path("user")), done)
}

func (p *Pages) changeUser(ctx context.Context, v *frame.Visit) error {
	name, email, operator, disabled := v.Value("name"), v.Value("email"), v.Checked("operator"), v.Checked("disabled")
	_, err := p.manage.ChangeUser(ctx, v.Actor, v.Path("user"), manage.UserChange{Name: &name, Email: &email, Operator: &operator, Disabled: &disabled})
	return p.userDone(ctx, v, err, "Saved.")
}

func (p *Pages) resetUser(ctx context.Context, v *frame.Visit) error {
	token, err := p.manage.ResetUser(ctx, v.Actor, v.Path("user"))
	if err != nil {
		return p.userDone(ctx, v, err, "")
	}
	user, err := p.manage.User(ctx, v.Actor, v.Path("user"))
	if err != nil {
		return err
	}
	return p.Show(v, "invited", "Invitation", invitation{user, p.link(token)})
}

func (p *Pages) removeUser(ctx context.Context, v *frame.Visit) error {
	if err := p.manage.RemoveUser(ctx, v.Actor, v.Path("user")); err != nil {
		return p.userDone(ctx, v, err, "")
	}
	return v.Done(frame.Root+"/users", "The user is gone.")
}
