package rest_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/blob"
	"github.com/stowgate/stowgate/internal/blob/memblob"
	"github.com/stowgate/stowgate/internal/catalog"
	"github.com/stowgate/stowgate/internal/catalog/groups"
	"github.com/stowgate/stowgate/internal/catalog/hooks"
	"github.com/stowgate/stowgate/internal/catalog/listing"
	"github.com/stowgate/stowgate/internal/catalog/queue"
	"github.com/stowgate/stowgate/internal/catalog/sqlitedb"
	"github.com/stowgate/stowgate/internal/conversion"
	"github.com/stowgate/stowgate/internal/delivery"
	"github.com/stowgate/stowgate/internal/job"
	"github.com/stowgate/stowgate/internal/library"
	"github.com/stowgate/stowgate/internal/manage"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/policy/signedrequest"
	"github.com/stowgate/stowgate/internal/protocol/uploadcare/answer"
	"github.com/stowgate/stowgate/internal/protocol/uploadcare/hook"
	"github.com/stowgate/stowgate/internal/protocol/uploadcare/rest"
	"github.com/stowgate/stowgate/internal/server"
	"github.com/stowgate/stowgate/internal/upload"
	"github.com/stowgate/stowgate/internal/webhook"
)

// The apps of every stack. The first has the key and secret of the recorded
// requests.
const (
	demoKey     = "demopublickey"
	demoSecret  = "demoprivatekey"
	otherKey    = "otherpublickey"
	otherSecret = "otherprivatekey"
)

// recorded is when rest-client was.
var recorded = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

const accept = "application/vnd.uploadcare-v0.7+json"

// A stack is the REST API on real services, with records in a temporary folder
// and bytes in memory.
type stack struct {
	http.Handler
	t        *testing.T
	api      *rest.API
	now      time.Time
	catalog  *catalog.Catalog
	uploads  *upload.Service
	library  *library.Service
	webhooks *manage.Webhooks
	events   *hooks.Store
	jobs     *queue.Store
	pages    *listing.Listing
	groups   *groups.Store
	runner   *job.Runner

	conversions *conversion.Service
}

// A setup says what is other in a stack.
type setup struct {
	now    time.Time         // zero means recorded
	keep   time.Duration     // of the trash; 0 means an hour, less none
	render delivery.Renderer // nil for none
	rest   rest.Config       // whose options count
}

func newStack(t *testing.T) *stack { return newStackWith(t, setup{}) }

func newStackWith(t *testing.T, with setup) *stack {
	t.Helper()
	s := &stack{t: t, now: with.now}
	if s.now.IsZero() {
		s.now = recorded
	}
	keep := max(0, cmp.Or(with.keep, time.Hour))
	clock := func() time.Time { return s.now }
	db, err := sqlitedb.Open(t.Context(), filepath.Join(t.TempDir(), "catalog.db"))
	s.must(err)
	s.catalog, err = catalog.New(t.Context(), db, [32]byte{1}, catalog.Config{Now: clock})
	s.must(err)
	t.Cleanup(func() { s.catalog.Close() })
	for key, secret := range map[string]string{demoKey: demoSecret, otherKey: otherSecret} {
		created := s.now.Add(-time.Hour)
		app := policy.App{Key: key, Name: "the app " + key, Security: true, Created: created, Secrets: []policy.Secret{{Key: secret, Created: created}}}
		s.must(s.catalog.CreateApp(t.Context(), account.Server().Entry("test", "", "", nil), app))
	}
	store := new(memblob.Store)
	vault := blob.NewVault(store, blob.VaultConfig{Now: clock})
	s.uploads = upload.New(store, vault, s.catalog, upload.Config{TicketKey: [32]byte{2}, Now: clock})
	t.Cleanup(s.uploads.Close)
	book := s.catalog.Book()
	s.pages = listing.New(book, listing.DefaultBounds)
	s.groups = groups.New(book)
	s.library = library.NewManaged(s.catalog, library.Managed{Files: struct {
		*catalog.Catalog
		*listing.Listing
	}{s.catalog, s.pages}, Groups: s.groups, Keep: keep}, clock)
	deliveries, err := delivery.New(vault, s.library, delivery.Config{Now: clock, Render: with.render, Engine: "test", Folder: t.TempDir(), Pictures: s.catalog})
	s.must(err)
	t.Cleanup(func() { deliveries.Close() })
	place := answer.Place{CDN: "https://ucarecdn.test", API: "https://ucapi.test", Upload: "https://ucupload.test"}
	formats := webhook.Formats{"uploadcare": hook.Format(place), "filestack": {Words: map[string]string{asset.Uploaded: "fp.upload"}}}
	s.jobs = queue.New(book, queue.Config{})
	s.events = hooks.New(book, s.jobs, formats, func() {})
	s.webhooks = manage.NewWebhooks(s.events, formats, clock)
	s.conversions = conversion.New(s.uploads, deliveries, s.jobs, s.catalog, func() { s.runner.Wake() })
	s.runner = job.New(s.jobs, map[string]job.Handler{conversion.JobKind: s.conversions.Handler()}, job.Config{Now: clock, Log: slog.New(slog.DiscardHandler)})
	s.api = rest.New(rest.Config{Apps: s.catalog, Library: s.library, Uploads: s.uploads, Delivery: deliveries, Webhooks: s.webhooks, Place: place,
		Conversions: s.conversions, SignedOnly: with.rest.SignedOnly, Now: clock})
	router, err := server.NewRouter("", s.api.Routes())
	s.must(err)
	s.Handler = server.CORS(router)
	return s
}

func (s *stack) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// A file is one that a stack is to have.
type file struct {
	name, body string
	uuid       string // empty for any
	tags       map[string]string
	labels     []string
	temporary  bool
}

// put stores a file of app key.
func (s *stack) put(key string, f file) asset.Asset {
	s.t.Helper()
	app, err := s.catalog.App(s.t.Context(), key)
	s.must(err)
	spec := upload.Spec{Name: f.name, Size: -1, Tags: f.tags, Labels: f.labels, Temporary: f.temporary}
	if f.uuid != "" {
		spec.UUID = uuid.MustParse(f.uuid)
	}
	a, err := s.uploads.Put(s.t.Context(), policy.Full(app), spec, strings.NewReader(f.body))
	s.must(err)
	return a
}

// send sends a request as it stands; header fields are "Name: value".
func (s *stack) send(method, target, body string, header ...string) *httptest.ResponseRecorder {
	s.t.Helper()
	return s.answer(s.raw(method, target, body, header...))
}

func (s *stack) raw(method, target, body string, header ...string) *http.Request {
	r := httptest.NewRequestWithContext(s.t.Context(), method, target, strings.NewReader(body))
	r.Host = "ucapi.test"
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Add(name, value)
	}
	return r
}

func (s *stack) answer(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

// call sends a request of the app demoKey's own server.
func (s *stack) call(method, target, body string, header ...string) *httptest.ResponseRecorder {
	s.t.Helper()
	return s.answer(s.request(method, target, body, header...))
}

func (s *stack) callAs(key, secret, method, target, body string) *httptest.ResponseRecorder {
	s.t.Helper()
	return s.answer(s.signed(key, secret, method, target, body))
}

// request returns one that is signed by the app demoKey.
func (s *stack) request(method, target, body string, header ...string) *http.Request {
	s.t.Helper()
	return s.signed(demoKey, demoSecret, method, target, body, header...)
}

func (s *stack) signed(key, secret, method, target, body string, header ...string) *http.Request {
	s.t.Helper()
	r := s.raw(method, target, body, header...)
	if r.Header.Get("Content-Type") == "" {
		r.Header.Set("Content-Type", "application/json")
	}
	date := s.now.UTC().Format(http.TimeFormat)
	r.Header.Set("Date", date)
	r.Header.Set("Accept", accept)
	r.Header.Set("Authorization", "Uploadcare "+key+":"+signedrequest.Sign(secret, signedrequest.Request{
		Method: method, URI: target, ContentType: r.Header.Get("Content-Type"), Date: date, Body: []byte(body)}))
	return r
}

// want checks an answer's status and reads its body into out, unless that is nil.
func (s *stack) want(w *httptest.ResponseRecorder, status int, out any) {
	s.t.Helper()
	if w.Code != status {
		s.t.Fatalf("status %d, want %d: %.500s", w.Code, status, w.Body)
	}
	if out == nil {
		return
	}
	if err := json.Unmarshal(w.Body.Bytes(), out); err != nil {
		s.t.Fatalf("%v in %s", err, w.Body)
	}
}

// wantText checks an answer's status and whole body.
func (s *stack) wantText(w *httptest.ResponseRecorder, status int, body string) {
	s.t.Helper()
	if got := w.Body.String(); w.Code != status || got != body {
		s.t.Errorf("answer %d %s\nwant %d %s", w.Code, got, status, body)
	}
}

// A described is a file as answers have it.
type described struct {
	UUID     string
	Name     string  `json:"original_filename"`
	Uploaded string  `json:"datetime_uploaded"`
	Stored   *string `json:"datetime_stored"`
	Removed  *string `json:"datetime_removed"`
	URL      *string `json:"original_file_url"`
	Size     int64
	Mime     string `json:"mime_type"`
	Ready    bool   `json:"is_ready"`
	Metadata map[string]string
	Tags     []string
	AppData  map[string]any      `json:"appdata"`
	Effects  string              `json:"default_effects"`
	Marks    map[string][]string `json:"highlight"`
}

func (d described) String() string { return fmt.Sprintf("%s %s", d.Name, d.UUID) }
