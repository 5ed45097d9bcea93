// Package filestack speaks Filestack's wire protocol, so that its official
// clients work unmodified: the store, multipart, process, cloud and file APIs,
// and delivery URLs. It translates requests into calls of upload, library and
// delivery, and what those return into answers; it decides nothing itself.
package filestack

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/stowgate/stowgate/internal/delivery"
	"github.com/stowgate/stowgate/internal/library"
	"github.com/stowgate/stowgate/internal/memo"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/protocol/filestack/access"
	"github.com/stowgate/stowgate/internal/protocol/filestack/answer"
	"github.com/stowgate/stowgate/internal/protocol/filestack/picker"
	"github.com/stowgate/stowgate/internal/protocol/filestack/viewer"
	"github.com/stowgate/stowgate/internal/server"
	"github.com/stowgate/stowgate/internal/transform"
	"github.com/stowgate/stowgate/internal/upload"
)

// apps is where tenants are recorded.
type apps interface {
	App(ctx context.Context, key string) (policy.App, error)
}

// Config adjusts an API. PublicURL is needed; zero for the rest is ready to use.
type Config struct {
	// PublicURL is where clients reach the server. Links are made from it and
	// never from what a request says about its host.
	PublicURL string

	// Domain is the host under which cdn, upload, www, process and cloud are
	// hosts of their own; empty means that PublicURL serves everything.
	Domain string

	Container string             // name of the storage in answers; "" means stowgate
	Region    string             // of uploads in parts, in answers; "" means us-east-1
	Formats   []transform.Format // what pictures are written in if a client can show it; see transform.Negotiate
	Fetch     upload.Fetch       // describes outside files; nil means that none can be
	Now       func() time.Time   // nil means time.Now
}

// An API answers Filestack's protocol.
type API struct {
	apps     apps
	uploads  *upload.Service
	library  *library.Service
	delivery *delivery.Service
	config   Config

	gate   access.Gate
	viewer viewer.Viewer
	place  answer.Place
	upload string // where uploads in parts go

	readings memo.Cache[string, *reading]
}

// New returns an API that calls the services. The error says what about c
// makes no sense.
func New(apps apps, uploads *upload.Service, lib *library.Service, deliver *delivery.Service, c Config) (*API, error) {
	canonical, err := policy.CanonicalURL(c.PublicURL)
	if err != nil {
		return nil, fmt.Errorf("public URL: %w", err)
	}
	base, err := url.Parse(canonical)
	if err != nil || base.Path != "/" || base.RawQuery != "" {
		return nil, fmt.Errorf("public URL %q is not like https://files.example.com", c.PublicURL)
	}
	c.Domain = strings.ToLower(c.Domain)
	if c.Container == "" {
		c.Container = "stowgate"
	}
	if c.Region == "" {
		c.Region = "us-east-1"
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	a := &API{apps: apps, uploads: uploads, library: lib, delivery: deliver, config: c}
	a.readings.Limit = maxReadings
	a.gate = access.Gate{Apps: apps, Library: lib, Uploads: uploads, Host: base.Host, Domain: c.Domain, Now: c.Now}
	a.place = answer.Place{CDN: base.Scheme + "://" + base.Host, Container: c.Container}
	a.upload = a.place.CDN
	portal := ""
	if c.Domain != "" {
		host := c.Domain
		if base.Port() != "" {
			host += ":" + base.Port()
		}
		a.place.CDN = base.Scheme + "://cdn." + host
		a.upload = base.Scheme + "://upload." + host
		portal = base.Scheme + "://portal." + host
	}
	a.viewer = viewer.Viewer{Gate: &a.gate, Library: lib, Place: a.place, Converts: deliver.Transforms, Portal: portal}
	return a, nil
}

// Place returns where assets are, as clients are told.
func (a *API) Place() answer.Place { return a.place }

// ExposedHeaders are the header fields that pages of other origins must be able
// to read; see server.CORS. filestack-js does not upload without ETag (s3.ts).
var ExposedHeaders = []string{"ETag", "X-File-Name", "Content-Length", "Content-Disposition", "Content-Range", "Accept-Ranges"}

// Routes returns the table of everything the API answers. Its last rows take
// every other path as a delivery URL, so it must be the last of its router.
func (a *API) Routes() []server.Route {
	var table []server.Route
	g := &a.gate
	pages := picker.API{Gate: g, Uploads: a.uploads, Delivery: a.delivery, Place: a.place, Links: a.config.Fetch != nil}
	on := func(hosts string, routes ...server.Route) {
		for _, route := range routes {
			table = append(table, route.On(strings.Fields(hosts)...))
		}
	}
	on("upload",
		access.Guarded(g, answer.Upload, "POST", "/multipart/start", readStart, a.start).For("upload"),
		access.Guarded(g, answer.Upload, "POST", "/multipart/upload", access.ReadStep, a.ticket).For("part"),
		access.Guarded(g, answer.Upload, "POST", "/multipart/commit", access.ReadStep, a.commit).For("part"),
		access.Guarded(g, answer.Upload, "POST", "/multipart/complete", access.ReadStep, a.complete).For("part"),
		access.Guarded(g, answer.Upload, "POST", "/multipart/status", access.ReadStep, pages.Status).For("part"),
		access.Guarded(g, answer.Upload, "POST", "/preview", picker.ReadPreview, pages.Preview).For("convert"),
		access.Public(answer.Upload, "PUT", partPath+"{ticket}", "the sealed ticket in the URL permits sending exactly one part", a.part).For("part"))
	on("upload cloud",
		access.Public(answer.Upload, "POST", "/prefetch", "tells a page what it may do, and what is wrong if it may not", pages.Prefetch).For("other"),
		access.Public(answer.Upload, "GET", "/prefetch", "tells a page what it may do, and what is wrong if it may not", pages.Prefetch).For("other"))
	on("process cdn", access.Guarded(g, answer.Process, "POST", "/process", a.readProcess, a.run).For("convert"))
	on("cloud",
		access.Guarded(g, answer.Cloud, "POST", "/folder/list", access.ReadBody, a.folders).For("other"),
		access.Guarded(g, answer.Cloud, "POST", "/store/", a.readCloudStore, a.cloudStore).For("upload"),
		access.Guarded(g, answer.Cloud, "POST", "/metadata", a.readOutside, a.describeOutside).For("stat"),
		access.Public(answer.Cloud, "POST", "/auth/logout", "no cloud account is ever logged in, so there is nothing to end", a.logout),
		access.Public(answer.Cloud, "POST", "/recording/{kind}/{step}", "answers only that it is not available", a.recording))
	on("www",
		access.Guarded(g, answer.WWW, "POST", "/api/store", a.readStore, a.store).For("upload"),
		access.Guarded(g, answer.WWW, "POST", "/api/store/{path...}", a.readStore, a.store).For("upload"),
		access.Guarded(g, answer.WWW, "DELETE", "/api/file/{handle}", readFile, a.remove).For("remove"),
		access.Guarded(g, answer.WWW, "POST", "/api/file/{handle}/remove", readFile, a.remove).For("remove"),
		access.Guarded(g, answer.WWW, "POST", "/api/file/{handle}", readFile, a.overwrite).For("overwrite"))
	on("www cdn",
		access.Guarded(g, answer.WWW, "GET", "/api/file/{handle}", readFile, a.read).For("read"),
		access.Guarded(g, answer.WWW, "GET", "/api/file/{handle}/metadata", readFile, a.metadata).For("stat"),
		access.GuardedWith(g, a.viewer.Refuse, "GET", "/api/preview/{handle}", readFile, a.preview).For("read"),
		access.Guarded(g, answer.WWW, "GET", "/api/file/{handle}/convert", a.readConvert, a.run).For("convert"),
		access.Guarded(g, answer.WWW, "POST", "/api/file/{handle}/convert", a.readConvert, a.run).For("convert"))
	on("cdn process",
		access.Guarded(g, answer.CDN, "GET", "/{handle}/metadata", readFile, a.metadata).For("stat"),
		access.Guarded(g, answer.CDN, "GET", "/file/{handle}/metadata", readFile, a.metadata).For("stat"))
	table = append(table, otherMethods(table)...)
	on("cdn process",
		access.GuardedWith(g, a.failLink, "GET", "/{path...}", a.readLink, a.follow).For("read"),
		access.Guarded(g, answer.CDN, "POST", "/{path...}", a.readLink, a.follow).For("convert"))
	return table
}

// otherMethods returns rows that answer 405 on the paths of table, so that no
// other method on them is taken for a delivery URL.
func otherMethods(table []server.Route) []server.Route {
	allow := map[string][]string{}
	var rows []server.Route
	for _, route := range table {
		if allow[route.Pattern] = append(allow[route.Pattern], route.Method); len(allow[route.Pattern]) > 1 {
			continue
		}
		pattern := route.Pattern
		rows = append(rows, server.Public("", pattern, "says only which methods the path has",
			http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Allow", strings.Join(allow[pattern], ", "))
				http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
			})).On(route.Hosts...))
	}
	return rows
}
