package uploading

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/textproto"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/blob"
	"github.com/stowgate/stowgate/internal/blob/memblob"
	"github.com/stowgate/stowgate/internal/catalog"
	"github.com/stowgate/stowgate/internal/catalog/groups"
	imported "github.com/stowgate/stowgate/internal/catalog/imports"
	"github.com/stowgate/stowgate/internal/catalog/listing"
	"github.com/stowgate/stowgate/internal/catalog/queue"
	"github.com/stowgate/stowgate/internal/catalog/sqlitedb"
	"github.com/stowgate/stowgate/internal/delivery"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/fetch"
	"github.com/stowgate/stowgate/internal/job"
	"github.com/stowgate/stowgate/internal/library"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/protocol/uploadcare/answer"
	"github.com/stowgate/stowgate/internal/server"
	"github.com/stowgate/stowgate/internal/transform"
	"github.com/stowgate/stowgate/internal/upload"
	"github.com/stowgate/stowgate/internal/upload/imports"
)

// The projects of every stack, and the secret of the signatures in the requests
// that clients were recorded to send.
const (
	openKey    = "demopublickey"
	securedKey = "securedpublickey"
	otherKey   = "otherpublickey"
	secret     = "demoprivatekey"
)

// patience is how long something may take on a busy machine.
const patience = time.Minute

// A stack is the API on real services, with records in a temporary folder and
// bytes in memory.
type stack struct {
	http.Handler
	t          testing.TB
	catalog    *catalog.Catalog
	blobs      blob.Store
	uploads    *upload.Service
	library    *library.Service
	imports    *imports.Service
	deliveries *delivery.Service

	runner *job.Runner
	runs   sync.WaitGroup
	stop   context.CancelFunc

	mu     sync.Mutex
	now    time.Time
	remote remote
	muted  bool // whether no end of an import can be recorded
}

// A remote is the outside world: nil is like an empty one.
type remote func(context.Context, int64) (*upload.Remote, error)

// set changes s while it is at work.
func (s *stack) set(do func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	do()
}

func (s *stack) serve(r remote)       { s.set(func() { s.remote = r }) }
func (s *stack) pass(d time.Duration) { s.set(func() { s.now = s.now.Add(d) }) }
func (s *stack) mute(muted bool)      { s.set(func() { s.muted = muted }) }

// Records are those of imports, unless the stack is muted.
type records struct {
	*imported.Store
	stack *stack
}

func (r records) EndImport(ctx context.Context, i imports.Import) (err error) {
	r.stack.set(func() {
		if r.stack.muted {
			err = errors.New("muted")
		}
	})
	if err != nil {
		return err
	}
	return r.Store.EndImport(ctx, i)
}

// LookupNetIP implements the resolver of package fetch.
func (s *stack) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	switch host {
	case "example.com":
		return []netip.Addr{netip.MustParseAddr("93.184.216.34")}, nil
	case "inside.example.com":
		return []netip.Addr{netip.MustParseAddr("10.0.0.1")}, nil
	}
	return nil, errors.New("no such host")
}

func (s *stack) fetch(ctx context.Context, _ string, _ map[string]string, limit int64) (*upload.Remote, error) {
	var r remote
	s.set(func() { r = s.remote })
	if r == nil {
		return nil, notGiven(http.StatusNotFound)
	}
	return r(ctx, limit)
}

// remoteFile is a file in the outside world.
func remoteFile(body io.Reader, size int64) remote {
	return func(context.Context, int64) (*upload.Remote, error) {
		return &upload.Remote{Body: io.NopCloser(body), Name: "i.jpg", Type: "image/x", Size: size}, nil
	}
}

// open starts what does jobs.
func (s *stack) open() {
	s.t.Helper()
	vault := blob.NewVault(s.blobs, blob.VaultConfig{Now: s.clock})
	s.uploads = upload.New(s.blobs, vault, s.catalog, upload.Config{TicketKey: [32]byte{2}, Fetch: s.fetch, Now: s.clock})
	jobs := queue.New(s.catalog.Book(), queue.Config{})
	if err := jobs.Recover(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	client := fetch.New(fetch.Config{Resolver: s, OwnHosts: []string{"cdn.test"}})
	s.imports = imports.New(s.uploads, records{imported.New(s.catalog.Book(), jobs), s}, s.catalog, func() { s.runner.Wake() }, imports.Config{Vet: client.Vet, Now: s.clock})
	deliveries, err := delivery.New(vault, s.library, delivery.Config{Render: engine{}, Folder: s.t.TempDir(), Pictures: s.catalog, Now: s.clock})
	if err != nil {
		s.t.Fatal(err)
	}
	s.deliveries = deliveries
	api := New(Config{
		Apps: s.catalog, Uploads: s.uploads, Library: s.library, Delivery: deliveries, Imports: s.imports, Now: s.clock,
		Place: answer.Place{CDN: "https://cdn.test", API: "https://api.test", Upload: "https://upload.test"},
	})
	router, err := server.NewRouter("", api.Routes())
	if err != nil {
		s.t.Fatal(err)
	}
	s.Handler = server.CORS(router)
	s.runner = job.New(jobs, map[string]job.Handler{imports.JobKind: s.imports.Handler(api.Fetch(s.fetch))}, job.Config{Now: s.clock, Poll: 10 * time.Millisecond, Grace: time.Millisecond})
	ctx, stop := context.WithCancel(context.Background())
	s.runs.Go(func() { s.runner.Run(ctx) })
	s.stop = func() {
		stop()
		s.runs.Wait()
		s.uploads.Close()
		deliveries.Close()
	}
}

func (s *stack) clock() (now time.Time) {
	s.set(func() { now = s.now })
	return now
}

// An engine knows what PNGs are.
type engine struct{}

func (engine) Render(_ context.Context, _ string, plan transform.Plan, sources []delivery.Source, out *os.File) (delivery.Rendered, error) {
	c, err := png.DecodeConfig(sources[0].File)
	if err != nil {
		return delivery.Rendered{}, fmt.Errorf("%v: %w", err, fault.Invalid)
	}
	text, err := json.Marshal(asset.Picture{Format: "PNG", Mode: "RGBA", Width: c.Width, Height: c.Height})
	if err == nil {
		_, err = out.Write(text)
	}
	return delivery.Rendered{Type: "application/json", Bytes: int64(len(text))}, err
}

// picture is the bytes of a PNG.
func picture(t testing.TB) string {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewNRGBA(image.Rect(0, 0, 5, 7))); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func newStack(t testing.TB) *stack {
	t.Helper()
	s := &stack{t: t, blobs: new(memblob.Store), now: time.Unix(1_699_999_900, 0)}
	db, err := sqlitedb.Open(t.Context(), filepath.Join(t.TempDir(), "catalog.db"))
	if err != nil {
		t.Fatal(err)
	}
	if s.catalog, err = catalog.New(t.Context(), db, [32]byte{1}, catalog.Config{Now: s.clock}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.catalog.Close() })
	for _, app := range []policy.App{{Key: openKey}, {Key: securedKey, Security: true}, {Key: otherKey}} {
		app.Name, app.Created = app.Key, s.now.Add(-time.Hour)
		app.Secrets = []policy.Secret{{Key: secret, Created: app.Created}}
		if err := s.catalog.CreateApp(t.Context(), nobody(), app); err != nil {
			t.Fatal(err)
		}
	}
	books := struct {
		*catalog.Catalog
		*listing.Listing
	}{s.catalog, listing.New(s.catalog.Book(), listing.DefaultBounds)}
	s.library = library.NewManaged(s.catalog, library.Managed{Files: books, Groups: groups.New(s.catalog.Book())}, s.clock)
	s.open()
	t.Cleanup(func() { s.stop() })
	return s
}

func nobody() account.Entry { return account.Server().Entry("test", "", "", nil) }

// change changes an app.
func (s *stack) change(key string, do func(*policy.App)) {
	s.t.Helper()
	_, err := s.catalog.UpdateApp(s.t.Context(), nobody(), key, func(app *policy.App) error {
		do(app)
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// A part is a field of a form, or a file if it has a filename.
type part struct {
	Name     string
	Value    string
	Filename string
	Type     string `json:"content_type"`
}

// fields returns parts of names and values in turn.
func fields(pairs ...string) (parts []part) {
	for i := 0; i < len(pairs); i += 2 {
		parts = append(parts, part{Name: pairs[i], Value: pairs[i+1]})
	}
	return parts
}

// inParts returns a form with its content type.
func inParts(t testing.TB, parts []part) (body, kind string) {
	t.Helper()
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	for _, p := range parts {
		disposition := map[string]string{"name": p.Name}
		head := textproto.MIMEHeader{}
		if p.Filename != "" {
			disposition["filename"] = p.Filename
			head.Set("Content-Type", p.Type)
		}
		text := "form-data"
		for name, value := range disposition {
			text += fmt.Sprintf("; %s=%q", name, value)
		}
		head.Set("Content-Disposition", text)
		w, err := form.CreatePart(head)
		if err == nil {
			_, err = io.WriteString(w, p.Value)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	form.Close()
	return b.String(), form.FormDataContentType()
}

// send sends a request with header fields "Name: value".
func (s *stack) send(method, target, kind, body string, header ...string) *httptest.ResponseRecorder {
	s.t.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(body)).WithContext(s.t.Context())
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

// post sends a form in parts, whose errors are told in JSON.
func (s *stack) post(path string, parts ...part) *httptest.ResponseRecorder {
	s.t.Helper()
	body, kind := inParts(s.t, parts)
	return s.send("POST", path+"?jsonerrors=1", kind, body)
}

// get asks with parameters of names and values in turn.
func (s *stack) get(path string, pairs ...string) *httptest.ResponseRecorder {
	s.t.Helper()
	query := url.Values{"jsonerrors": {"1"}}
	for i := 0; i < len(pairs); i += 2 {
		query.Set(pairs[i], pairs[i+1])
	}
	return s.send("GET", path+"?"+query.Encode(), "", "")
}

// codeOf returns the code of an error in JSON, and "" for another answer.
func codeOf(w *httptest.ResponseRecorder) string {
	var told struct {
		Error struct {
			Code string `json:"error_code"`
		}
	}
	json.Unmarshal(w.Body.Bytes(), &told)
	return told.Error.Code
}

// read reads a successful answer.
func read[T any](t testing.TB, w *httptest.ResponseRecorder) (v T) {
	t.Helper()
	if err := json.Unmarshal(w.Body.Bytes(), &v); w.Code != http.StatusOK || err != nil || codeOf(w) != "" {
		t.Fatalf("answer %d %s: %v", w.Code, w.Body, err)
	}
	return v
}

// put stores a file of an app and returns its UUID.
func (s *stack) put(key, name, body string) string {
	s.t.Helper()
	app, err := s.catalog.App(s.t.Context(), key)
	if err != nil {
		s.t.Fatal(err)
	}
	a, err := s.uploads.Put(s.t.Context(), policy.Full(app), upload.Spec{Name: name, Size: -1}, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	return a.UUID.String()
}

// asset returns the file that has a UUID.
func (s *stack) asset(name string) asset.Asset {
	s.t.Helper()
	id, err := answer.ParseUUID(name)
	if err != nil {
		s.t.Fatal(err)
	}
	a, err := s.catalog.AssetByUUID(s.t.Context(), id)
	if err != nil {
		s.t.Fatal(err)
	}
	return a
}

// files returns all files of the open project.
func (s *stack) files() []library.File {
	s.t.Helper()
	app, err := s.catalog.App(s.t.Context(), openKey)
	if err != nil {
		s.t.Fatal(err)
	}
	page, err := s.library.Files(s.t.Context(), policy.Full(app), library.Query{})
	if err != nil {
		s.t.Fatal(err)
	}
	return page.Files
}

// secure makes an app ask for signatures.
func (s *stack) secure(key string) {
	s.t.Helper()
	s.change(key, func(app *policy.App) { app.Security = true })
}

func itoa(n int) string { return strconv.Itoa(n) }
