// Package uploading answers Uploadcare's Upload API: files in one request, in
// parts and from URLs, what is known about them, and groups of them. It
// translates, and decides nothing itself.
package uploading

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/delivery"
	"github.com/stowgate/stowgate/internal/library"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/protocol/uploadcare/answer"
	"github.com/stowgate/stowgate/internal/server"
	"github.com/stowgate/stowgate/internal/upload"
	"github.com/stowgate/stowgate/internal/upload/imports"
)

// apps is where tenants are recorded.
type apps interface {
	App(ctx context.Context, key string) (policy.App, error)
}

// Config is what an API calls.
type Config struct {
	Apps     apps
	Uploads  *upload.Service
	Library  *library.Service // that library.NewManaged has made
	Delivery *delivery.Service
	Imports  *imports.Service // nil means that nothing is brought in from URLs
	Place    answer.Place
	Now      func() time.Time // nil means time.Now
}

// An API answers the Upload API.
type API struct {
	apps     apps
	uploads  *upload.Service
	library  *library.Service
	delivery *delivery.Service
	imports  *imports.Service
	sockets  chan struct{} // a token for each
	place    answer.Place
	now      func() time.Time

	maxFile, maxRequest int64
}

// New returns an API.
func New(c Config) *API {
	if c.Now == nil {
		c.Now = time.Now
	}
	return &API{
		apps: c.Apps, uploads: c.Uploads, library: c.Library, delivery: c.Delivery, imports: c.Imports, sockets: make(chan struct{}, maxSockets),
		place: c.Place, now: c.Now, maxFile: MaxFile, maxRequest: MaxRequest,
	}
}

// Host is the sub-domain of the API on a server that has a domain.
const Host = "ucupload"

// The names of the parameter that says which project a request is for.
const (
	inForm  = "UPLOADCARE_PUB_KEY"
	inQuery = "pub_key"
)

// Routes returns the table of everything the API answers.
func (a *API) Routes() []server.Route {
	creating := func(key string) access { return access{key: key, creates: true} }
	table := slices.Concat(
		a.guarded("POST", "/base/", access{key: inForm, creates: true, files: true}, a.base, "upload"),
		a.guarded("POST", "/multipart/start/", creating(inForm), a.start, "upload"),
		a.guarded("POST", "/multipart/complete/", access{key: inForm}, a.complete, "part"),
		a.guarded("GET", "/info/", access{key: inQuery}, a.info, "stat"),
		a.guarded("POST", "/group/", creating(inQuery), a.newGroup, "other"),
		a.guarded("GET", "/group/info/", access{key: inQuery}, a.group, "stat"),
	)
	if a.imports != nil {
		table = append(table, a.guarded("GET", "/from_url/", creating(inQuery), a.fromURL, "upload")...)
		table = append(table, a.guarded("POST", "/from_url/", creating(inQuery), a.fromURL, "upload")...)
		table = append(table, a.public("GET", "/from_url/status/", "knowing the token of an import is enough to ask how it goes", a.status)...)
	}
	table = append(table, otherMethods(table)...)
	part := server.Public("PUT", partPath+"{ticket}", "the sealed ticket in the URL permits sending exactly one part", http.HandlerFunc(a.part))
	table = append(table, part.On(Host).For("part"))
	if a.imports != nil {
		table = append(table, a.pushRoute().On(Host).For("stat"))
	}
	return table
}

// spellings returns the ways in which clients write a path that ends in a slash:
// uploadcare-swift leaves the last one out, and a doubled one is in exchanges
// that uploadcare-ruby recorded, spec/fixtures/vcr_cassettes.
func spellings(path string) []string {
	return []string{path, strings.TrimSuffix(path, "/"), path + "/", "/" + path}
}

// rows returns a route for each spelling of path. Without its last slash, the
// path of an upload in parts is another protocol's where all are on one host.
func rows(path string, row func(pattern string) server.Route) []server.Route {
	var table []server.Route
	for _, pattern := range spellings(path) {
		route := row(pattern).On(Host)
		if strings.HasPrefix(pattern, "/multipart/") && !strings.HasSuffix(pattern, "/") {
			route = route.When(func(r *http.Request) bool { return strings.HasPrefix(r.Host, Host+".") })
		}
		table = append(table, route)
	}
	return table
}

// otherMethods returns rows that answer 405 on the paths of table.
func otherMethods(table []server.Route) []server.Route {
	allow := map[string][]string{}
	for _, route := range table {
		path := "/" + strings.Trim(route.Pattern, "/") + "/"
		if methods := allow[path]; !slices.Contains(methods, route.Method) {
			allow[path] = append(methods, route.Method)
		}
	}
	var more []server.Route
	for _, path := range slices.Sorted(maps.Keys(allow)) {
		methods := allow[path]
		more = append(more, rows(path, func(pattern string) server.Route {
			return server.Public("", pattern, "says only which methods the path has", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Allow", strings.Join(append(methods, "OPTIONS"), ", "))
				answer.Fail(w, r, answer.Refuse("MethodNotAllowedError", r.Method, path))
			}))
		})...)
	}
	return more
}

// known returns the file of an app that has a UUID to whoever knows it. The
// error wraps fault.NotFound if it has none.
func (a *API) known(ctx context.Context, app policy.App, name uuid.UUID) (asset.Asset, error) {
	id, owner, err := a.library.Lookup(ctx, name)
	if err != nil {
		return asset.Asset{}, err
	}
	if owner != app.Key {
		return asset.Asset{}, answer.Refuse("FileNotFoundError")
	}
	return a.library.Describe(ctx, policy.Known(app, id), id)
}
