package management

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/blob"
	"github.com/stowgate/stowgate/internal/blob/memblob"
	"github.com/stowgate/stowgate/internal/blob/route"
	"github.com/stowgate/stowgate/internal/catalog"
	"github.com/stowgate/stowgate/internal/catalog/figures"
	"github.com/stowgate/stowgate/internal/catalog/hooks"
	"github.com/stowgate/stowgate/internal/catalog/ledger"
	"github.com/stowgate/stowgate/internal/catalog/listing"
	"github.com/stowgate/stowgate/internal/catalog/people"
	"github.com/stowgate/stowgate/internal/catalog/queue"
	"github.com/stowgate/stowgate/internal/catalog/sqlitedb"
	"github.com/stowgate/stowgate/internal/insight"
	"github.com/stowgate/stowgate/internal/library"
	"github.com/stowgate/stowgate/internal/manage"
	"github.com/stowgate/stowgate/internal/manage/backlog"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/protocol/management/call"
	"github.com/stowgate/stowgate/internal/server"
	"github.com/stowgate/stowgate/internal/upload"
	"github.com/stowgate/stowgate/internal/webhook"
)

// A stand is the API on an empty catalog, with people in each role of an app.
type stand struct {
	*API
	Services
	t        *testing.T
	handler  http.Handler
	now      time.Time
	operator account.Actor
	app, foe manage.App        // foe is somebody else's
	users    map[string]string // IDs by role
	uploads  *upload.Service

	document *openapi3.T
	router   routers.Router
}

func newStand(t *testing.T) *stand {
	t.Helper()
	ctx := t.Context()
	s := &stand{t: t, now: time.Now(), operator: account.CommandLine(), users: make(map[string]string)}
	clock := func() time.Time { return s.now }
	db, err := sqlitedb.Open(ctx, filepath.Join(t.TempDir(), "catalog.db"))
	s.check(err)
	records, err := catalog.New(ctx, db, [32]byte{1}, catalog.Config{Now: clock})
	s.check(err)
	t.Cleanup(func() { records.Close() })
	book := records.Book()
	kept, jobs := people.New(book), queue.New(book, queue.Config{})
	format := webhook.Format{Words: map[string]string{asset.Uploaded: "fp.upload", asset.Overwritten: "fp.overwrite", asset.Deleted: "fp.delete"},
		Body: func(webhook.Hook, asset.Event) ([]byte, error) { return []byte("{}"), nil }}
	formats := webhook.Formats{"filestack": format, "uploadcare": format}
	blobs := route.New(new(memblob.Store), map[string]blob.Store{"archive": new(memblob.Store)})
	s.uploads = upload.New(blobs, blob.NewVault(blobs, blob.VaultConfig{}), records, upload.Config{})
	t.Cleanup(s.uploads.Close)
	s.Services = Services{
		Accounts: account.New(kept, account.Config{Now: clock}),
		Manage:   manage.New(records, kept, ledger.New(book), manage.Config{Now: clock, Storages: []string{"archive"}}),
		Webhooks: manage.NewWebhooks(hooks.New(book, jobs, formats, func() {}), formats, clock),
		Jobs:     backlog.New(jobs, func() {}),
		Desk: library.NewDesk(struct {
			*catalog.Catalog
			*listing.Listing
		}{records, listing.New(book, listing.DefaultBounds)}, library.DeskConfig{Keep: time.Hour, Now: clock}),
		Uploads: s.uploads,
		Figures: insight.New(figures.New(book), insight.Config{Now: clock}),
		ReadURL: func(text string) (string, policy.Credential, policy.Request, error) {
			return text, policy.Credential{}, policy.Request{Size: -1}, nil
		},
	}
	s.API, err = New(s.Services, Config{PortalURL: "http://portal.test/portal", Now: clock})
	s.check(err)
	routes, err := server.NewRouter("", s.Routes())
	s.check(err)
	s.handler = Split(routes, http.NotFoundHandler())
	s.readDocument()
	s.people(ctx)
	return s
}

func (s *stand) check(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// readDocument reads the description as it is served.
func (s *stand) readDocument() {
	s.t.Helper()
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, call.Root+"/openapi.json", nil))
	var err error
	s.document, err = openapi3.NewLoader().LoadFromData(w.Body.Bytes())
	s.check(err)
	s.check(s.document.Validate(s.t.Context()))
	s.router, err = gorillamux.NewRouter(s.document)
	s.check(err)
}

// people makes two apps, and a user in each role of the first.
func (s *stand) people(ctx context.Context) {
	s.t.Helper()
	var err error
	s.app, _, err = s.Manage.CreateApp(ctx, s.operator, manage.NewApp{Name: "Ours"})
	s.check(err)
	s.foe, _, err = s.Manage.CreateApp(ctx, s.operator, manage.NewApp{Name: "Theirs"})
	s.check(err)
	for _, role := range []account.Role{account.NoRole, account.Viewer, account.Developer, account.Owner} {
		u, _, err := s.Manage.AddUser(ctx, s.operator, manage.NewUser{Email: role.String() + "@example.com", Name: role.String()})
		s.check(err)
		if role != account.NoRole {
			s.check(s.Manage.SetRole(ctx, s.operator, s.app.Key, u.Email, role))
		}
		s.users[role.String()] = u.ID
	}
}

// token makes a token of somebody: of a role, or the command line.
func (s *stand) token(role, app string, scopes ...account.Act) (text, id string) {
	s.t.Helper()
	by := s.operator
	if role != "" {
		by = account.User{ID: s.users[role], Name: role}.Actor("192.0.2.1")
		if role != account.NoRole.String() {
			r, err := account.ParseRole(role)
			s.check(err)
			by.Roles = map[string]account.Role{s.app.Key: r}
		}
		if app == "" { // such tokens may name what their maker may not do
			var ofApp []account.Act
			for _, act := range scopes {
				if act.OfApp() {
					ofApp = append(ofApp, act)
				}
			}
			scopes = ofApp
		}
	}
	t, text, err := s.Manage.AddToken(s.t.Context(), by, manage.NewToken{Name: "test", Scopes: scopes, App: app, Lifetime: time.Hour})
	s.check(err)
	return text, "token:" + t.ID
}

// An answer is what came back.
type answer struct {
	*httptest.ResponseRecorder
	text string
}

// into reads the answer.
func (a answer) into(t *testing.T, v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.text), v); err != nil {
		t.Fatalf("%q: %v", a.text, err)
	}
}

// send makes a request with a token, and holds it, if it succeeds, and the answer
// against the description.
func (s *stand) send(method, path, token, body string, header ...string) answer {
	s.t.Helper()
	r := httptest.NewRequest(method, "http://portal.test"+call.Root+path, strings.NewReader(body))
	if body == "" {
		r.Body = http.NoBody
		r.ContentLength = 0
	} else {
		r.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	sent := r.Clone(s.t.Context())
	sent.Body = io.NopCloser(strings.NewReader(body))
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	a := answer{w, w.Body.String()}
	if got := w.Header().Get("Cache-Control"); got != "no-store" {
		s.t.Errorf("%s %s: Cache-Control %q", method, path, got)
	}
	route, params, err := s.router.FindRoute(sent)
	if err != nil {
		if w.Code < 400 {
			s.t.Errorf("%s %s: %d, and the description does not know it: %v", method, path, w.Code, err)
		}
		return a
	}
	if w.Code < 500 && route.Operation.Responses.Status(w.Code) == nil {
		s.t.Errorf("%s %s: the description does not know of %d", method, path, w.Code)
	}
	input := &openapi3filter.RequestValidationInput{Request: sent, PathParams: params, Route: route, Options: &openapi3filter.Options{
		IncludeResponseStatus: true, MultiError: true, AuthenticationFunc: openapi3filter.NoopAuthenticationFunc,
	}}
	if w.Code < 400 {
		if err := openapi3filter.ValidateRequest(s.t.Context(), input); err != nil {
			s.t.Errorf("%s %s succeeded, and the description does not allow it: %v", method, path, err)
		}
	} else if got := w.Header().Get("Content-Type"); got != "application/problem+json" {
		s.t.Errorf("%s %s: %d as %s", method, path, w.Code, got)
	}
	err = openapi3filter.ValidateResponse(s.t.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input, Status: w.Code, Header: w.Header(), Body: io.NopCloser(bytes.NewReader([]byte(a.text))), Options: input.Options,
	})
	if err != nil {
		s.t.Errorf("%s %s: the answer is not as described: %v", method, path, err)
	}
	if w.Code >= 500 {
		s.t.Errorf("%s %s: %d %s", method, path, w.Code, a.text)
	}
	return a
}

// want sends a request and holds the status.
func (s *stand) want(status int, method, path, token, body string, header ...string) answer {
	s.t.Helper()
	a := s.send(method, path, token, body, header...)
	if a.Code != status {
		s.t.Errorf("%s %s %s: %d %s, want %d", method, path, body, a.Code, a.text, status)
	}
	return a
}

// store uploads a file into an app.
func (s *stand) store(app, name string) asset.ID {
	s.t.Helper()
	g, err := s.Manage.FileGrant(s.t.Context(), s.operator, app)
	s.check(err)
	a, err := s.uploads.Put(s.t.Context(), g, upload.Spec{Name: name, Type: "text/plain", Size: -1}, strings.NewReader("content of "+name))
	s.check(err)
	return a.ID
}

// entries returns the newest entries of the audit log.
func (s *stand) entries() []account.Entry {
	s.t.Helper()
	found, err := s.Manage.Audit(s.t.Context(), s.operator, account.Search{Limit: 500})
	s.check(err)
	return found
}

var value = regexp.MustCompile(`\{(\w+)\}`)

// address puts values into a path: those that are given, and else what there is not.
func address(path string, values map[string]string) string {
	all := map[string]string{"delivery": "999999", "job": "999999", "file": "AAAAAAAAAAAAAAAAAAAA", "email": "x@example.com"}
	maps.Copy(all, values)
	return value.ReplaceAllStringFunc(path, func(name string) string {
		if text := all[strings.Trim(name, "{}")]; text != "" {
			return text
		}
		return "x"
	})
}
