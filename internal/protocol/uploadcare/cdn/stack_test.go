package cdn

import (
	"bufio"
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
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
	kept "github.com/stowgate/stowgate/internal/catalog/imports"
	"github.com/stowgate/stowgate/internal/catalog/listing"
	"github.com/stowgate/stowgate/internal/catalog/queue"
	"github.com/stowgate/stowgate/internal/catalog/sqlitedb"
	"github.com/stowgate/stowgate/internal/delivery"
	"github.com/stowgate/stowgate/internal/imaging"
	"github.com/stowgate/stowgate/internal/library"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/server"
	"github.com/stowgate/stowgate/internal/transform"
	"github.com/stowgate/stowgate/internal/upload"
	"github.com/stowgate/stowgate/internal/upload/imports"
)

// The apps of every stack: with security off, on, on but for reads, and another.
const (
	openKey    = "AOpenOpenOpenOpenOpenz"
	securedKey = "ASecuredSecuredSecurez"
	readsKey   = "AReadsReadsReadsReadsz"
	otherKey   = "AOtherOtherOtherOtherz"
)

// Keys of tokens: that of the vectors, and that of the other app.
const (
	tokenKey = "73636b61519adede42191efe1e73f02a67c7b692e3765f90c250c230be095211"
	otherHex = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
)

// now is the time in every stack, and zone the host of its files.
var now = time.Unix(1_800_000_000, 0)

const zone = "ucarecdn.files.test"

// A stack is the protocol on real services, with records in a temporary folder
// and bytes in memory.
type stack struct {
	http.Handler
	catalog *catalog.Catalog
	uploads *upload.Service
	library *library.Service
	origin  *origin
}

// A renderer runs plans in this process.
type renderer struct{}

func (renderer) Render(ctx context.Context, _ string, plan transform.Plan, sources []delivery.Source, out *os.File) (delivery.Rendered, error) {
	r := imaging.Request{Plan: plan}
	for _, src := range sources {
		r.Inputs = append(r.Inputs, imaging.Input{Type: src.Type, File: src.File})
	}
	made, err := imaging.Run(ctx, r, out)
	return delivery.Rendered(made), err
}

// prepare opens libvips, once.
var prepare = sync.OnceValue(func() error {
	_, err := imaging.Prepare("")
	return err
})

// newStack returns a stack that makes pictures, and skips the test where that
// cannot be.
func newStack(t testing.TB) *stack {
	t.Helper()
	if err := prepare(); err != nil {
		t.Skip("no libvips: ", err)
	}
	return newStackWith(t, delivery.Config{Render: renderer{}, Folder: t.TempDir()})
}

func newStackWith(t testing.TB, variants delivery.Config) *stack {
	t.Helper()
	s, clock := &stack{origin: &origin{files: map[string]outsider{}}}, func() time.Time { return now }
	db, err := sqlitedb.Open(t.Context(), filepath.Join(t.TempDir(), "catalog.db"))
	if err != nil {
		t.Fatal(err)
	}
	if s.catalog, err = catalog.New(t.Context(), db, [32]byte{1}, catalog.Config{Now: clock}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.catalog.Close() })
	for _, app := range []policy.App{
		{Key: openKey}, {Key: securedKey, Security: true}, {Key: otherKey, Security: true},
		{Key: readsKey, Security: true, Options: policy.Options{OpenReads: true}},
	} {
		app.Name, app.Created = app.Key, now.Add(-time.Hour)
		app.Secrets = []policy.Secret{{Key: "a secret", Created: app.Created}}
		app.TokenSecrets = []policy.Secret{{Key: keyOf(app.Key), Created: app.Created}}
		if err := s.catalog.CreateApp(t.Context(), account.Server().Entry("test", "", "", nil), app); err != nil {
			t.Fatal(err)
		}
	}
	store := new(memblob.Store)
	vault := blob.NewVault(store, blob.VaultConfig{Now: clock})
	s.uploads = upload.New(store, vault, s.catalog, upload.Config{TicketKey: [32]byte{2}, Now: clock})
	t.Cleanup(s.uploads.Close)
	books := struct {
		*catalog.Catalog
		*listing.Listing
	}{s.catalog, listing.New(s.catalog.Book(), listing.DefaultBounds)}
	s.library = library.NewManaged(s.catalog, library.Managed{
		Files: books, Groups: groups.New(s.catalog.Book()), Keep: time.Hour,
	}, clock)
	variants.Now = clock
	deliveries, err := delivery.New(vault, s.library, variants)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { deliveries.Close() })
	brings := imports.New(s.uploads, kept.New(s.catalog.Book(), queue.New(s.catalog.Book(), queue.Config{})), s.catalog, func() {}, imports.Config{Now: clock})
	t.Cleanup(brings.Close)
	api := New(Config{
		Apps: s.catalog, Library: s.library, Delivery: deliveries, Imports: brings, Fetch: s.origin.fetch, Zone: zone, Now: clock,
		Formats: []transform.Format{transform.AVIF, transform.WebP},
	})
	router, err := server.NewRouter("", api.Routes())
	if err != nil {
		t.Fatal(err)
	}
	s.Handler = server.CORS(router, "ETag")
	return s
}

func keyOf(app string) string {
	if app == otherKey {
		return otherHex
	}
	return tokenKey
}

// grant returns everything for app key.
func (s *stack) grant(t testing.TB, key string) policy.Grant {
	t.Helper()
	app, err := s.catalog.App(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	return policy.Full(app)
}

// put stores a file of app key.
func (s *stack) put(t testing.TB, key, name string, body []byte) asset.Asset {
	t.Helper()
	file, err := s.uploads.Put(t.Context(), s.grant(t, key), upload.Spec{Name: name, Size: -1}, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// group makes a group of app key.
func (s *stack) group(t testing.TB, key string, members ...asset.Member) asset.Group {
	t.Helper()
	g, err := s.library.NewGroup(t.Context(), s.grant(t, key), members)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// send sends a request as it stands, with header fields "Name: value".
func (s *stack) send(t testing.TB, method, uri string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	host := "Host: " + zone
	if len(header) > 0 && strings.HasPrefix(header[0], "Host: ") {
		host, header = header[0], header[1:]
	}
	lines := append([]string{method + " " + uri + " HTTP/1.1", host}, header...)
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(strings.Join(lines, "\r\n") + "\r\n\r\n")))
	if err != nil {
		t.Fatalf("request %.200q: %v", uri, err)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r.WithContext(t.Context()))
	return w
}

func (s *stack) get(t testing.TB, uri string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	return s.send(t, "GET", uri, header...)
}

// token returns one for acl, made with a key.
func token(hexKey, acl string, expires time.Time) string {
	key, _ := hex.DecodeString(hexKey)
	text := fmt.Sprintf("exp=%d~acl=%s", expires.Unix(), acl)
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return text + "~hmac=" + hex.EncodeToString(mac.Sum(nil))
}

// picture returns an opaque image: red, green, blue and yellow quarters.
func picture(width, height int) *image.NRGBA {
	quarters := [4]color.NRGBA{{255, 0, 0, 255}, {0, 255, 0, 255}, {0, 0, 255, 255}, {255, 255, 0, 255}}
	img := image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			img.SetNRGBA(x, y, quarters[2*(2*y/height)+2*x/width])
		}
	}
	return img
}

func jpegOf(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func pngOf(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// at returns the path of a file, with what follows.
func at(a asset.Asset, rest string) string { return "/" + a.UUID.String() + "/" + rest }
