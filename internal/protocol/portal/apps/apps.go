// Package apps is the portal's pages about apps: the list, and what an owner
// sets for each.
package apps

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/insight"
	"github.com/stowgate/stowgate/internal/manage"
	"github.com/stowgate/stowgate/internal/protocol/portal/frame"
)

// Pages are the pages of this package.
type Pages struct {
	*frame.Frame
	manage  *manage.Service
	insight *insight.Service
}

// New returns the pages.
func New(f *frame.Frame, manage *manage.Service, insight *insight.Service) *Pages {
	return &Pages{f, manage, insight}
}

// Rows returns the table of the pages.
func (p *Pages) Rows() []frame.Row {
	return slices.Concat(p.appRows(), p.securityRows(), p.deliveryRows(), p.settingsRows(), p.uploadcareRows())
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
	return p.Show(v, "new-app", "New app", newApp{Security: "on"})
}

// A newApp is the form that makes one.
type newApp struct {
	Name     string
	Security string // on, uploads or off
}

// An ownApp is an app that was just made: its secret is shown this once.
type ownApp struct {
	App    manage.App
	Secret string
}

func (p *Pages) createApp(ctx context.Context, v *frame.Visit) error {
	form := newApp{v.Value("name"), v.Value("security")}
	app, secret, err := p.manage.CreateApp(ctx, v.Actor, manage.NewApp{Name: form.Name, Security: form.Security != "off", OpenReads: form.Security == "uploads"})
	if _, text := v.Refused(err); text != "" {
		return p.Again(v, "new-app", "New app", text, form)
	}
	if err != nil {
		return err
	}
	v.App = &app
	return p.Show(v, "app-made", "Your app", ownApp{app, secret})
}

// An overview is how an app fares.
type overview struct {
	Usage                    insight.Usage
	Allowed, Refused, Failed int64  // in the last day
	Commonest                string // reason of those that were refused
}

func (p *Pages) overviewPage(ctx context.Context, v *frame.Visit) error {
	seen, err := p.insight.View(v.Actor, v.App.Key)
	if err != nil {
		return err
	}
	var o overview
	if o.Usage, err = seen.Usage(ctx); err != nil {
		return err
	}
	now := p.Now()
	sums, err := seen.Totals(ctx, now.Add(-24*time.Hour), now.Add(time.Nanosecond))
	if err != nil {
		return err
	}
	most := int64(0)
	for reason, n := range sums.Reasons {
		if n > most || n == most && reason < o.Commonest {
			o.Commonest, most = reason, n
		}
	}
	for to, counts := range map[*int64]map[string]int64{&o.Allowed: sums.Allowed, &o.Refused: sums.Refused, &o.Failed: sums.Failed} {
		for _, n := range counts {
			*to += n
		}
	}
	return p.Show(v, "overview", v.App.Name, o)
}
