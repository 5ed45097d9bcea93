package people

import (
	"context"
	"net/http"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/manage"
	"github.com/stowgate/stowgate/internal/protocol/portal/frame"
)

// memberRows are who has a role in an app.
func (p *Pages) memberRows() []frame.Row {
	const page = "/apps/{app}/members"
	return []frame.Row{
		{Method: http.MethodGet, Path: page, Act: account.ChangeRoles, Do: p.membersPage},
		{Method: http.MethodPost, Path: page, Act: account.ChangeRoles, Do: p.setRole},
	}
}

// members is what the page shows.
type members struct {
	List        []manage.Member
	Email, Role string // as typed
}

func (p *Pages) members(ctx context.Context, v *frame.Visit) (members, error) {
	list, err := p.manage.Members(ctx, v.Actor, v.App.Key)
	return members{list, v.Value("email"), v.Value("role")}, err
}

func (p *Pages) membersPage(ctx context.Context, v *frame.Visit) error {
	shown, err := p.members(ctx, v)
	if err != nil {
		return err
	}
	shown.Role = account.Developer.String()
	return p.Show(v, "members", "Members", shown)
}

// setRole gives somebody a role, or takes it.
func (p *Pages) setRole(ctx context.Context, v *frame.Visit) error {
	role, err := account.NoRole, error(nil)
	if v.Value("role") != role.String() {
		if role, err = account.ParseRole(v.Value("role")); err != nil {
			return err
		}
	}
	err = p.manage.SetRole(ctx, v.Actor, v.App.Key, v.Value("email"), role)
	if _, text := v.Refused(err); text != "" {
		shown, err := p.members(ctx, v)
		if err != nil {
			return err
		}
		return p.Again(v, "members", "Members", text, shown)
	}
	if err != nil {
		return err
	}
	if role == account.NoRole {
		return v.Done(v.Link("/members"), "The role was taken.")
	}
	return v.Done(v.Link("/members"), "The role was given.")
}
