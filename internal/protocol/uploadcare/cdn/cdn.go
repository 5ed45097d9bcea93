package cdn

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/delivery"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/library"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/policy/address"
	"github.com/stowgate/stowgate/internal/server"
	"github.com/stowgate/stowgate/internal/transform"
	"github.com/stowgate/stowgate/internal/upload"
	"github.com/stowgate/stowgate/internal/upload/imports"
)

// apps is where tenants are recorded.
type apps interface {
	App(ctx context.Context, key string) (policy.App, error)
	AppKeys(ctx context.Context) ([]string, error)
}

// Config says what an API needs.
type Config struct {
	Apps     apps
	Library  *library.Service
	Delivery *delivery.Service

	Formats []transform.Format // what pictures are written in if a client can show it
	Zone    string             // host below which those of apps are, like prefix and, where every request needs a token, prefix.s; "" means that there are none
	Now     func() time.Time   // nil means time.Now

	Imports *imports.Service // brings outside files in; nil means that there are none
	Fetch   upload.Fetch     // opens them for Imports
}

// An API answers delivery URLs.
type API struct {
	config    Config
	directory directory
}

// New returns an API that calls the services of c.
func New(c Config) *API {
	if c.Now == nil {
		c.Now = time.Now
	}
	c.Zone = strings.ToLower(c.Zone)
	return &API{config: c, directory: directory{apps: c.Apps, now: c.Now}}
}

// Routes returns the table of everything the API answers. Each row is for paths
// only that begin like one of ours, so that the table may stand before others.
func (a *API) Routes() []server.Route {
	const pattern = "/{path...}"
	ours := func(r *http.Request) bool { return isOurs(r.URL.EscapedPath()) }
	proxied := func(r *http.Request) bool { return isProxied(r.URL.EscapedPath()) }
	return []server.Route{
		server.Guarded("GET", pattern, a.check, a.follow, fail).For("read").When(ours),
		server.Public("", pattern, "says only which methods the path has", http.HandlerFunc(otherMethod)).When(ours),
		server.Guarded("GET", pattern, a.checkProxy, a.follow, fail).For("read").When(proxied),
	}
}

// A call is a request that is allowed as far as its grant goes.
type call struct {
	target
	tokenFor string // what a token must be for: the path as it is escaped and, for an outside file, its query
	grant    policy.Grant
	bring    policy.Grant // to store an outside file
	asset    asset.ID     // the file that it is about; empty for a group
	group    asset.Group  // whose file or page that is
}

// check returns what a request asks for, and what its caller may do.
func (a *API) check(r *http.Request) (call, error) {
	p, err := parsePath(r.URL.EscapedPath() + "?" + r.URL.RawQuery)
	c := call{target: p, tokenFor: r.URL.EscapedPath()}
	if err != nil {
		return c, err
	}
	key, err := a.find(r.Context(), &c)
	if err != nil {
		return c, err
	}
	app, err := a.config.Apps.App(r.Context(), key)
	if err != nil {
		return c, fmt.Errorf("app of %s: %w", c.id, err)
	}
	if err = app.CheckOrigin(r.Header.Get("Origin")); err == nil {
		c.grant, err = a.authorize(r, app, c)
	}
	server.NoteCaller(r.Context(), app.Key, string(c.asset), c.grant.Signer)
	return c, err
}

// find looks up the file or group of a call, and returns the key of its app.
func (a *API) find(ctx context.Context, c *call) (key string, err error) {
	if c.kind == ofFile {
		c.asset, key, err = a.config.Library.Lookup(ctx, c.id)
		return key, err
	}
	if c.group, err = a.config.Library.Group(ctx, c.id); err != nil {
		return "", err
	}
	if len(c.group.Members) != c.count || c.kind == ofElement && c.nth >= c.count {
		return "", fmt.Errorf("group %s has %d files: %w", c.id, len(c.group.Members), fault.NotFound)
	}
	if c.kind == ofElement {
		c.asset = c.group.Members[c.nth].Asset
	}
	return c.group.App, nil
}

// authorize returns what the token of a call allows or, without one, what
// anybody may do.
func (a *API) authorize(r *http.Request, app policy.App, c call) (policy.Grant, error) {
	token := ""
	switch len(c.tokens) {
	case 0:
	case 1:
		token = c.tokens[0]
	default:
		return policy.Grant{}, &policy.Denial{Reason: policy.BadPolicy, Detail: "the address has several tokens"}
	}
	verify := address.Authorize
	if a.isSigned(r.Host) {
		verify = address.Verify
	}
	subject := c.asset
	if subject == "" {
		subject = asset.ID(c.id.String())
	}
	g, err := verify(app, token, c.tokenFor, subject, a.config.Now())
	if c.asset == "" && c.kind != ofProxy && g.Asset == subject {
		g.Asset = "" // all files of the group
	}
	return g, err
}

// follow answers an allowed call.
func (a *API) follow(w http.ResponseWriter, r *http.Request, c call) error {
	leave, err := server.EnterApp(r.Context(), c.grant.App)
	if err != nil {
		return err
	}
	defer leave()
	switch {
	case c.kind == ofProxy:
		return a.proxy(w, r, c)
	case c.kind == ofGroup:
		return a.showGroup(w, r, c)
	case c.kind == ofArchive:
		return a.pack(w, r, c)
	case c.special == detectFaces:
		return a.findFaces(w, r, c)
	case c.special != "":
		return a.convert(w, r, c)
	}
	return a.deliver(w, r, c)
}

// otherMethod answers a request that is no GET or HEAD. Those of pages that ask
// what they may do are answered before; see server.CORS.
func otherMethod(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Allow", "GET, HEAD, OPTIONS")
	http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
}
