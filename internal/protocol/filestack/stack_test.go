package filestack

import (
	"bufio"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/blob"
	"github.com/stowgate/stowgate/internal/blob/memblob"
	"github.com/stowgate/stowgate/internal/catalog"
	"github.com/stowgate/stowgate/internal/catalog/sqlitedb"
	"github.com/stowgate/stowgate/internal/delivery"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/library"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/server"
	"github.com/stowgate/stowgate/internal/upload"
)

// The apps of every stack. The secret is that of the vectors in the recorded
// exchanges.
const (
	openKey    = "AOpenOpenOpenOpenOpenz"
	securedKey = "ASecuredSecuredSecurez"
	otherKey   = "AOtherOtherOtherOtherz"
	secret     = "STOWGATETESTSECRET"
)

// now is the time in every stack.
var now = time.Unix(1_800_000_000, 0)

// A stack is the protocol on real services, with records in a temporary folder
// and bytes in memory.
type stack struct {
	http.Handler
	api     *API
	catalog *catalog.Catalog
	uploads *upload.Service
	fetched []string // addresses that were asked for
}

// remotes are the files of the outside world.
var remotes = map[string]string{
	"https://example.com/a.png":           "not really a picture",
	"https://example.com/a.png?x=1":       "with a query",
	"https://example.com/dir/b%20c.txt":   "a text",
	"https://example.com/?policy=P&a=b":   "with a policy of its own",
	"http://images.example.com/photo.jpg": "a photo",
}

func (s *stack) fetch(_ context.Context, url string, header map[string]string, limit int64) (*upload.Remote, error) {
	s.fetched = append(s.fetched, url)
	body, ok := remotes[url]
	if !ok {
		return nil, fmt.Errorf("fetch %s: %w", url, fault.Unreachable)
	}
	if header["Authorization"] != "" {
		body += " for " + header["Authorization"]
	}
	name := asset.CleanName(strings.SplitN(filepath.Base(url), "?", 2)[0])
	return &upload.Remote{Body: io.NopCloser(strings.NewReader(body)), Name: name, Type: "text/plain", Size: int64(len(body))}, nil
}

func newStack(t testing.TB, c Config) *stack {
	t.Helper()
	return newStackWith(t, c, delivery.Config{})
}

func newStackWith(t testing.TB, c Config, variants delivery.Config) *stack {
	t.Helper()
	s := &stack{}
	clock := c.Now
	if clock == nil {
		clock = func() time.Time { return now }
	}
	db, err := sqlitedb.Open(t.Context(), filepath.Join(t.TempDir(), "catalog.db"))
	if err != nil {
		t.Fatal(err)
	}
	if s.catalog, err = catalog.New(t.Context(), db, [32]byte{1}, catalog.Config{Now: clock}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.catalog.Close() })
	for _, app := range []policy.App{
		{Key: openKey, Name: "open"}, {Key: securedKey, Name: "secured", Security: true}, {Key: otherKey, Name: "other", Security: true},
	} {
		app.Created = now.Add(-time.Hour)
		app.Secrets = []policy.Secret{{Key: secretOf(app.Key), Created: app.Created}}
		if err := s.catalog.CreateApp(t.Context(), account.Server().Entry("test", "", "", nil), app); err != nil {
			t.Fatal(err)
		}
	}
	store := new(memblob.Store)
	vault := blob.NewVault(store, blob.VaultConfig{Now: clock})
	s.uploads = upload.New(store, vault, s.catalog, upload.Config{TicketKey: [32]byte{2}, Fetch: s.fetch, Now: clock})
	t.Cleanup(s.uploads.Close)
	lib := library.New(s.catalog, clock)
	if c.PublicURL == "" {
		c.PublicURL = "https://files.test"
	}
	c.Fetch, c.Now = s.fetch, clock
	variants.Now = clock
	deliveries, err := delivery.New(vault, lib, variants)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { deliveries.Close() })
	if s.api, err = New(s.catalog, s.uploads, lib, deliveries, c); err != nil {
		t.Fatal(err)
	}
	router, err := server.NewRouter(c.Domain, s.api.Routes())
	if err != nil {
		t.Fatal(err)
	}
	s.Handler = server.CORS(router, ExposedHeaders...)
	return s
}

func secretOf(key string) string {
	if key == otherKey {
		return "ANOTHERSECRET"
	}
	return secret
}

// sign returns a policy of text with its signature by the secret of app key.
func sign(key, text string) policy.Credential {
	encoded := base64.URLEncoding.EncodeToString([]byte(text))
	mac := hmac.New(sha256.New, []byte(secretOf(key)))
	mac.Write([]byte(encoded))
	return policy.Credential{Policy: encoded, Signature: hex.EncodeToString(mac.Sum(nil))}
}

// everything is what a policy without calls allows, and EXIF.
const everything = `{"expiry":1999999999,"call":["pick","store","read","stat","write","writeUrl","convert","remove","exif","runWorkflow"]}`

// query returns c as the parameters of a query.
func query(c policy.Credential) string {
	return "policy=" + c.Policy + "&signature=" + c.Signature
}

// put stores a file of app key and returns its handle.
func (s *stack) put(t testing.TB, key, name, body string) asset.ID {
	t.Helper()
	app, err := s.catalog.App(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	file, err := s.uploads.Put(t.Context(), policy.Full(app), upload.Spec{Name: name, Size: -1}, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return file.ID
}

// raw sends a request as it stands, down to its bytes, and returns the answer.
func (s *stack) raw(t testing.TB, text string) *httptest.ResponseRecorder {
	t.Helper()
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(text)))
	if err != nil {
		t.Fatalf("request %.100q: %v", text, err)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r.WithContext(t.Context()))
	return w
}

// send sends a request with a body and header fields "Name: value".
func (s *stack) send(t testing.TB, method, target, body string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	lines := append([]string{method + " " + target + " HTTP/1.1", "Host: files.test", fmt.Sprintf("Content-Length: %d", len(body))}, header...)
	return s.raw(t, strings.Join(lines, "\r\n")+"\r\n\r\n"+body)
}
