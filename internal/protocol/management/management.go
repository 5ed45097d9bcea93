// Package management is the API with which programs do what owners do in the
// portal: JSON below /manage/v1, described by openapi.yaml. A row of its table
// reads a request, calls package manage or one beside it, and answers: every
// decision is made there. Who calls shows an API token; cookies count for
// nothing, and pages of other origins read no answer.
package management

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/insight"
	"github.com/stowgate/stowgate/internal/library"
	"github.com/stowgate/stowgate/internal/manage"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/server"
)

// Root is the path that all of the API is below.
const Root = "/manage/v1"

// host is the sub-domain of the API, where the server has a domain: the
// portal's, and not that of files.
const host = "portal"

// Services are what the API calls.
type Services struct {
	Accounts *account.Service
	Manage   *manage.Service
	Webhooks *manage.Webhooks
	Jobs     *manage.Jobs
	Desk     *library.Desk
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
	Services
	Config
	document document
	rows     []row
}

// New returns the API.
func New(s Services, c Config) (*API, error) {
	if c.Now == nil {
		c.Now = time.Now
	}
	a := &API{Services: s, Config: c}
	var err error
	if a.document, err = readDocument(); err != nil {
		return nil, fmt.Errorf("read the management API's description: %w", err)
	}
	a.rows = slices.Concat(a.appRows(), a.policyRows(), a.fileRows(), a.hookRows(), a.jobRows(), a.figureRows(), a.peopleRows())
	return a, nil
}

// A row is one thing that programs may ask for.
type row struct {
	method string
	path   string // below Root; {app} is the key of the app it is about

	// act is what it needs, for the app in its path or for none. Where any is
	// set it needs the scope, for whichever apps there are; where own is set it
	// is about the token alone.
	act      account.Act
	any, own bool

	query  []string // names of the parameters that it takes
	status int      // of a success; 0 means 200, or 204 without an answer

	do func(context.Context, *call) (answer any, err error)
}

// Routes returns the table of the API.
func (a *API) Routes() []server.Route {
	var routes []server.Route
	methods := make(map[string][]string)
	for _, row := range a.rows {
		handle := func(w http.ResponseWriter, r *http.Request, c *call) error { return c.answer(w, row) }
		check := func(r *http.Request) (*call, error) { return a.admit(r, row) }
		routes = append(routes, server.Guarded(row.method, Root+row.path, check, handle, fail).On(host))
		methods[row.path] = append(methods[row.path], row.method)
	}
	routes = append(routes, a.documentRoutes()...)
	for path, allow := range methods {
		routes = append(routes, server.Public("", Root+path, "says which methods there are", otherMethod(allow)).On(host))
	}
	return append(routes, server.Public("", Root+"/{rest...}", "says that there is nothing", http.HandlerFunc(nowhere)).On(host))
}

// Split sends requests for the API to own, which lets no page of another origin
// read an answer, and all others to rest.
func Split(own, rest http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if path := r.URL.EscapedPath(); path == Root || strings.HasPrefix(path, Root+"/") {
			own.ServeHTTP(w, r)
			return
		}
		rest.ServeHTTP(w, r)
	})
}
