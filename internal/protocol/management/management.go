// Package management is the API with which programs do what owners do in the
// portal: JSON below /manage/v1, described by reference/openapi.yaml. A row of its
// table reads a request, calls package manage or one beside it, and answers: every
// decision is made there. Who calls shows an API token; cookies count for
// nothing, and pages of other origins read no answer.
package management

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/insight"
	"github.com/stowgate/stowgate/internal/library"
	"github.com/stowgate/stowgate/internal/manage"
	"github.com/stowgate/stowgate/internal/manage/backlog"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/protocol/management/apps"
	"github.com/stowgate/stowgate/internal/protocol/management/call"
	"github.com/stowgate/stowgate/internal/protocol/management/files"
	"github.com/stowgate/stowgate/internal/protocol/management/hooks"
	"github.com/stowgate/stowgate/internal/protocol/management/people"
	"github.com/stowgate/stowgate/internal/protocol/management/reference"
	"github.com/stowgate/stowgate/internal/server"
	"github.com/stowgate/stowgate/internal/upload"
)

// Services are what the API calls.
type Services struct {
	Accounts *account.Service
	Manage   *manage.Service
	Webhooks *manage.Webhooks
	Jobs     *backlog.Jobs
	Desk     *library.Desk
	Uploads  *upload.Service
	Figures  *insight.Service

	// ReadURL returns what a URL asks for, in the words of the protocols that
	// this server speaks: the app's key, if it says, and the policy and request.
	ReadURL func(text string) (key string, c policy.Credential, r policy.Request, err error)
}

// Config is what the API needs to know.
type Config struct {
	PortalURL string           // of the pages that an invitation leads to, like https://portal.example.com/portal
	Now       func() time.Time // nil means time.Now
}

// An API answers programs.
type API struct {
	gate   *call.Gate
	rows   []call.Row
	public []server.Route
}

// New returns the API.
func New(s Services, c Config) (*API, error) {
	if c.Now == nil {
		c.Now = time.Now
	}
	public, err := reference.Routes()
	if err != nil {
		return nil, fmt.Errorf("read the management API's description: %w", err)
	}
	return &API{call.NewGate(s.Accounts, s.Manage), slices.Concat(
		(&apps.API{Manage: s.Manage, Figures: s.Figures, ReadURL: s.ReadURL, Now: c.Now}).Rows(),
		(&files.API{Manage: s.Manage, Desk: s.Desk, Uploads: s.Uploads}).Rows(),
		(&hooks.API{Webhooks: s.Webhooks, Jobs: s.Jobs}).Rows(),
		(&people.API{Manage: s.Manage, PortalURL: c.PortalURL}).Rows(),
	), public}, nil
}

// Routes returns the table of the API.
func (a *API) Routes() []server.Route { return a.gate.Routes(a.rows, a.public...) }

// Split sends requests for the API to own, which lets no page of another origin
// read an answer, and all others to rest.
func Split(own, rest http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if path := r.URL.EscapedPath(); path == call.Root || strings.HasPrefix(path, call.Root+"/") {
			own.ServeHTTP(w, r)
			return
		}
		rest.ServeHTTP(w, r)
	})
}
