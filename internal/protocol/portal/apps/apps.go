// Package apps is the portal's pages about apps: the list, and what an owner
// sets for each.
package apps

import (
	"context"
	"net/http"
	"net/url"
	"slices"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/manage"
	"github.com/stowgate/stowgate/internal/protocol/portal/frame"
)

// Pages are the pages of this package.
type Pages struct {
	*frame.Frame
	manage *manage.Service
}

// New returns the pages.
func New(f *frame.Frame, manage *manage.Service) *Pages { return &Pages{f, manage} }

// Rows returns the table of the pages.
func (p *Pages) Rows() []frame.Row {
	return slices.Concat(p.appRows(), p.securityRows(), p.settingsRows())
}

// appRows are the list of apps, and making one.
func (p *Pages) appRows() []frame.Row {
	return []frame.Row{
		{Method: http.MethodGet, Path: "/", Own: true, Do: p.appsPage},
		{Method: http.MethodGet, Path: "/new", Act: account.CreateApp, Do: p.newAppPage},
		{Method: http.MethodPost, Path: "/new", Act: account.CreateApp, Do: p.createApp},
		{Method: http.MethodGet, Path: "/apps/{app}", Act: account.ViewApp, Do: p.overviewPage},
	}
}

// A listedApp is a line of the list.
type listedApp struct {
	manage.App
	Link string
}

func (p *Pages) appsPage(ctx context.Context, v *frame.Visit) error {
	apps, err := p.manage.Apps(ctx, v.Actor)
	if err != nil {
		return err
	}
	list := make([]listedApp, len(apps))
	for i, app := range apps {
		list[i] = listedApp{app, frame.Root + "/apps/" + url.PathEscape(app.Key)}
	}
	return p.Show(v, "apps", "Apps", list)
}

func (p *Pages) newAppPage(ctx context.Context, v *frame.Visit) error {
	return p.Show(v, "new-app", "New app", newApp{Security: true})
}

// A newApp is the form that makes one.
type newApp struct {
	Name     string
	Security bool
}

// An ownApp is an app that was just made: its secret is shown this once.
type ownApp struct {
	App    manage.App
	Secret string
}

func (p *Pages) createApp(ctx context.Context, v *frame.Visit) error {
	form := newApp{v.Value("name"), v.Value("security") == "on"}
	app, secret, err := p.manage.CreateApp(ctx, v.Actor, manage.NewApp{Name: form.Name, Security: form.Security})
	if _, text := frame.Refused(err); text != "" {
		return p.Again(v, "new-app", "New app", text, form)
	}
	if err != nil {
		return err
	}
	v.App = &app
	return p.Show(v, "app-made", "Your app", ownApp{app, secret})
}

func (p *Pages) overviewPage(ctx context.Context, v *frame.Visit) error {
	return p.Show(v, "overview", v.App.Name, nil)
}
