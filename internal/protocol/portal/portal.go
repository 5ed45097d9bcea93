// Package portal is the pages on which owners manage their apps. A page parses
// a form, calls package manage, and shows what came of it: every decision is
// made there or below. Pages work without scripts.
package portal

import (
	"io/fs"
	"net/http"
	"slices"

	figures "github.com/stowgate/stowgate/internal/insight"
	"github.com/stowgate/stowgate/internal/manage"
	"github.com/stowgate/stowgate/internal/manage/backlog"
	"github.com/stowgate/stowgate/internal/protocol/portal/apps"
	"github.com/stowgate/stowgate/internal/protocol/portal/files"
	"github.com/stowgate/stowgate/internal/protocol/portal/frame"
	"github.com/stowgate/stowgate/internal/protocol/portal/hooks"
	"github.com/stowgate/stowgate/internal/protocol/portal/insight"
	"github.com/stowgate/stowgate/internal/protocol/portal/jobs"
	"github.com/stowgate/stowgate/internal/protocol/portal/people"
	"github.com/stowgate/stowgate/internal/protocol/portal/policies"
	"github.com/stowgate/stowgate/internal/server"
)

// Config is what the pages need to know.
type Config = frame.Config

// Services are what the pages call.
type Services struct {
	people.Services
	Files   files.Services
	ReadURL policies.ReadURL
	Hooks   *manage.Webhooks
	Jobs    *backlog.Jobs
	Insight *figures.Service
}

// A Portal answers with pages.
type Portal struct {
	frame *frame.Frame
	rows  []frame.Row
}

// New returns the portal whose templates are in pages.
func New(pages fs.FS, s Services, c Config) (*Portal, error) {
	f, err := frame.New(pages, s.Accounts, s.Manage, c)
	if err != nil {
		return nil, err
	}
	return &Portal{f, slices.Concat(
		people.New(f, s.Services).Rows(),
		apps.New(f, s.Manage, s.Insight).Rows(),
		files.New(f, s.Files).Rows(),
		policies.New(f, s.Manage, s.ReadURL).Rows(),
		hooks.New(f, s.Hooks, s.Jobs).Rows(),
		insight.New(f, s.Insight).Rows(),
		jobs.New(f, s.Jobs).Rows(),
	)}, nil
}

// Routes returns the table of the pages.
func (p *Portal) Routes() []server.Route { return p.frame.Routes(p.rows) }

// Drain ends what pages listen to, so that the server can end.
func (p *Portal) Drain() { p.frame.Drain() }

// Split sends requests for the portal to own, unless a page of another site made
// them (M1), and all others to rest.
func (p *Portal) Split(own, rest http.Handler) http.Handler { return p.frame.Split(own, rest) }
