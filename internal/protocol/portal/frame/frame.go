// Package frame is what the portal's pages have in common: who visits, what the
// page is in, how a form that is not accepted is shown again, and how failures
// are answered. The pages themselves stand in packages by their subject.
package frame

import (
	"context"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/manage"
	"github.com/stowgate/stowgate/internal/server"
)

// Root is the path that all pages are below.
const Root = "/portal"

// host is the sub-domain of the pages, where the server has a domain: another
// origin than that of files.
const host = "portal"

// Config is what the pages need to know.
type Config struct {
	PublicURL  string // of the portal, like https://portal.example.com
	FilesURL   string // where files are read, like https://cdn.example.com; may be the same origin
	Uploadcare Uploadcare
	Domain     string           // under which files are sent to hosts of their own; "" means that they go to the portal's
	Now        func() time.Time // nil means time.Now
}

// Uploadcare is where that service's clients find this server.
type Uploadcare struct {
	Upload, REST, CDN string // like https://files.example.com
}

// A Frame is what pages are shown in.
type Frame struct {
	Config
	accounts *account.Service
	manage   *manage.Service
	looks    map[string]*template.Template
	rules    string // Content-Security-Policy
	cross    *http.CrossOriginProtection
	drained  context.Context // ends when streams are to end
	Drain    func()          // ends all streams; later ones end at once
}

// New returns the frame of the templates in pages.
func New(pages fs.FS, accounts *account.Service, manage *manage.Service, c Config) (*Frame, error) {
	if c.Now == nil {
		c.Now = time.Now
	}
	f := &Frame{Config: c, accounts: accounts, manage: manage, rules: rules(c), cross: http.NewCrossOriginProtection()}
	f.drained, f.Drain = context.WithCancel(context.Background())
	f.cross.SetDenyHandler(http.HandlerFunc(f.crossed))
	var err error
	if f.looks, err = parse(pages); err != nil {
		return nil, fmt.Errorf("read the portal's pages: %w", err)
	}
	return f, nil
}

// A Row is a page, or what a form on one does.
type Row struct {
	Method string
	Path   string // below Root; {app} is the key of the app it is about
	Public string // why nobody needs to sign in; empty where they do

	// Act is what it needs, for the app in its path or for none. Pages that are
	// about the visitor alone have Own set instead.
	Act account.Act
	Own bool

	// Carries says that its form carries a file, however large, which Do reads by
	// Visit.Form.
	Carries bool

	Do func(context.Context, *Visit) error
}

// Routes returns the table of pages.
func (f *Frame) Routes(rows []Row) []server.Route {
	var routes []server.Route
	for _, row := range rows {
		handle := func(w http.ResponseWriter, r *http.Request, v *Visit) error {
			v.w = w
			return row.Do(r.Context(), v)
		}
		route := server.Guarded(row.Method, Root+row.Path, func(r *http.Request) (*Visit, error) { return f.admit(r, row) }, handle, f.fail)
		if row.Public != "" {
			route = server.Public(row.Method, Root+row.Path, row.Public, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				v, err := f.visit(r, row)
				if err == nil {
					err = handle(w, r, v)
				}
				if err != nil {
					f.fail(w, r, err)
				}
			}))
		}
		routes = append(routes, route.On(host))
	}
	home := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, Root+"/", http.StatusSeeOther) })
	nothing := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.fail(w, r, fmt.Errorf("page %q: %w", r.URL.Path, fault.NotFound))
	})
	return append(routes,
		server.Public(http.MethodGet, Root+"/{nothing...}", "says that there is no such page", nothing).On(host),
		server.Public(http.MethodGet, Root, "leads to the pages", home).On(host),
		server.Public(http.MethodGet, "/", "leads to the pages", home).On(host))
}

// Split sends requests for the portal to own, unless a page of another site made
// them (M1), and all others to rest.
func (f *Frame) Split(own, rest http.Handler) http.Handler {
	own = f.cross.Handler(own)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if path := r.URL.EscapedPath(); path == Root || strings.HasPrefix(path, Root+"/") {
			own.ServeHTTP(w, r)
			return
		}
		rest.ServeHTTP(w, r)
	})
}

// rules returns the Content-Security-Policy of all pages. Files, and the page
// that shows one, come from where files are read; nothing else comes from
// anywhere but here.
func rules(c Config) string {
	files, hosts := "'self'", ""
	if u, err := url.Parse(c.FilesURL); err == nil && u.Host != "" {
		files += " " + u.Scheme + "://" + u.Host
	}
	if c.Domain != "" {
		hosts = " https://*." + c.Domain
	}
	return strings.Join([]string{
		"default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src " + files + " blob: data:", "connect-src " + files + hosts,
		"media-src 'self' blob:", "frame-src " + files, "worker-src 'self'", "font-src 'self'", "form-action 'self'", "base-uri 'none'",
		"frame-ancestors 'none'", "require-trusted-types-for 'script'",
	}, "; ")
}
