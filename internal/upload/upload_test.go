package upload_test

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/blob"
	"github.com/stowgate/stowgate/internal/blob/memblob"
	"github.com/stowgate/stowgate/internal/catalog"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/sweep"
	"github.com/stowgate/stowgate/internal/upload"
)

// A stack is a Service on real parts, with a clock of its own.
type stack struct {
	*upload.Service
	blobs   blob.Store
	vault   *blob.Vault
	catalog *catalog.Catalog
	sweeper *sweep.Sweeper
	now     time.Time
	fetch   upload.Fetch
}

const app = "ATESTTESTTESTTESTTESTz"

func newStack(t testing.TB, change ...func(*upload.Config)) *stack {
	t.Helper()
	s := &stack{blobs: new(memblob.Store), now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	clock := func() time.Time { return s.now }
	s.catalog = openCatalog(t, clock)
	s.vault = blob.NewVault(s.blobs, blob.VaultConfig{})
	if err := s.catalog.CreateApp(t.Context(), account.Server().Entry("test", "", "", nil), policy.App{Key: app, Name: "test", Security: true, Created: s.now}); err != nil {
		t.Fatal(err)
	}
	c := upload.Config{Now: clock, Fetch: func(ctx context.Context, url string, h map[string]string, limit int64) (*upload.Remote, error) {
		return s.fetch(ctx, url, h, limit)
	}}
	for _, f := range change {
		f(&c)
	}
	s.Service = upload.New(s.blobs, s.vault, s.catalog, c)
	t.Cleanup(s.Service.Close)
	s.sweeper = sweep.New(s.blobs, s.catalog, sweep.Config{Now: clock})
	return s
}

// anyone may do everything in the test app.
var anyone = policy.Grant{App: app, Actions: ^policy.Action(0), MaxSize: math.MaxInt64}

func (s *stack) stored(t *testing.T) (n int) {
	t.Helper()
	for _, err := range s.blobs.List(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	return n
}

// read returns the bytes of a as they are delivered.
func (s *stack) read(t *testing.T, a asset.Asset) []byte {
	t.Helper()
	f, err := s.vault.Open(t.Context(), a.Content)
	if err != nil {
		t.Fatalf("Open(%s) = %v", a.ID, err)
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	if err != nil {
		t.Fatalf("read %s: %v", a.ID, err)
	}
	return b
}

func (s *stack) mustHold(t *testing.T, a asset.Asset, want []byte) {
	t.Helper()
	a, err := s.catalog.Asset(t.Context(), a.ID)
	if err != nil {
		t.Fatal(err)
	}
	if got := s.read(t, a); !bytes.Equal(got, want) {
		t.Fatalf("asset holds %d other bytes, want %d", len(got), len(want))
	}
	if sum := sha256.Sum256(want); a.Content.SHA256 != sum {
		t.Errorf("SHA256 = %x, want %x", a.Content.SHA256, sum)
	}
}

func random(n int) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{byte(n)}).Read(b)
	return b
}

func unknown(name string) upload.Spec { return upload.Spec{Name: name, Size: -1} }

var errLost = errors.New("connection reset by peer")

func TestPut(t *testing.T) {
	limited := func(c *upload.Config) { c.MaxPut = 5 }
	for _, tt := range []struct {
		name string
		spec upload.Spec
		body io.Reader
		want error
	}{
		{"empty", unknown("n"), strings.NewReader(""), nil},
		{"under the limit", unknown("n"), strings.NewReader("1234"), nil},
		{"at the limit", unknown("n"), strings.NewReader("12345"), nil},
		{"one over", unknown("n"), strings.NewReader("123456"), fault.TooLarge},
		{"one over, byte by byte", unknown("n"), iotest.OneByteReader(strings.NewReader("123456")), fault.TooLarge},
		{"declared over", upload.Spec{Size: 6}, strings.NewReader("1234"), fault.TooLarge},
		{"byte by byte", unknown("n"), iotest.OneByteReader(strings.NewReader("12345")), nil},
		{"data with the end", unknown("n"), iotest.DataErrReader(strings.NewReader("12345")), nil},
		{"shorter than declared", upload.Spec{Size: 5}, strings.NewReader("1234"), fault.Mismatch},
		{"longer than declared", upload.Spec{Size: 4}, strings.NewReader("12345"), fault.Mismatch},
		{"connection lost", unknown("n"), iotest.ErrReader(errLost), errLost},
		{"connection lost later", unknown("n"), io.MultiReader(strings.NewReader("123"), iotest.ErrReader(errLost)), errLost},
		{"cut off", unknown("n"), io.MultiReader(strings.NewReader("123"), iotest.ErrReader(io.ErrUnexpectedEOF)), fault.Canceled},
		{"base64", upload.Spec{Size: -1, Base64: true}, strings.NewReader(base64.StdEncoding.EncodeToString([]byte("12345"))), nil},
		{"base64, one over", upload.Spec{Size: -1, Base64: true}, strings.NewReader(base64.StdEncoding.EncodeToString([]byte("123456"))), fault.TooLarge},
		{"not base64", upload.Spec{Size: -1, Base64: true}, strings.NewReader("!!!!"), fault.Invalid},
		{"bad path", upload.Spec{Size: -1, Path: "/a/../b"}, strings.NewReader("1"), fault.Invalid},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newStack(t, limited)
			a, err := s.Put(t.Context(), anyone, tt.spec, tt.body)
			if !errors.Is(err, tt.want) {
				t.Fatalf("Put error = %v, want %v", err, tt.want)
			}
			if err == nil {
				s.mustHold(t, a, []byte("12345")[:a.Content.Size()])
			} else if n := s.stored(t); n != 0 {
				t.Errorf("%d blobs stay after an error", n)
			}
		})
	}
}

// The sizes at which buffers fill, chunks end and hashing moves beside.
func TestPutSizes(t *testing.T) {
	s := newStack(t)
	for _, base := range []int{0, 3072, 4 << 10, 256 << 10, 260 << 10, 1 << 20, 5 << 20} {
		for _, n := range []int{base - 1, base, base + 1} {
			if n < 0 {
				continue
			}
			want := random(n)
			a, err := s.Put(t.Context(), anyone, unknown("n"), bytes.NewReader(want))
			if err != nil {
				t.Fatalf("Put of %d bytes: %v", n, err)
			}
			s.mustHold(t, a, want)
		}
	}
}

func TestB13SizeOfGrant(t *testing.T) {
	g := anyone
	g.MinSize, g.MaxSize = 3, 5
	for _, tt := range []struct {
		name     string
		declared int64
		body     string
		want     policy.Reason
	}{
		{"declared too small", 2, "12", policy.TooSmall},
		{"too small", -1, "12", policy.TooSmall},
		{"least", -1, "123", 0},
		{"most", 5, "12345", 0},
		{"declared too large", 6, "123456", policy.TooLarge},
		{"too large", -1, "123456", policy.TooLarge},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newStack(t)
			_, err := s.Put(t.Context(), g, upload.Spec{Size: tt.declared}, strings.NewReader(tt.body))
			var denial *policy.Denial
			if tt.want == 0 && err != nil || tt.want != 0 && (!errors.As(err, &denial) || denial.Reason != tt.want) {
				t.Errorf("Put error = %v, want reason %v", err, tt.want)
			}
			if err != nil && s.stored(t) != 0 {
				t.Error("a refused file stays")
			}
		})
	}
}

func TestPutNeedsGrant(t *testing.T) {
	s := newStack(t)
	for _, g := range []policy.Grant{
		{},
		{App: app},
		{App: app, Actions: policy.Read | policy.Write, MaxSize: 10},
		{App: app, Actions: policy.Store, MaxSize: 10, Expires: s.now},
		{App: "other", Actions: policy.Store, MaxSize: 10},
	} {
		if _, err := s.Put(t.Context(), g, unknown("n"), strings.NewReader("x")); !errors.Is(err, fault.Denied) && !errors.Is(err, fault.NotFound) {
			t.Errorf("Put with %+v: %v, want denied", g, err)
		}
	}
	if s.stored(t) != 0 {
		t.Error("a refused file stays")
	}
}

func TestDescribe(t *testing.T) {
	s := newStack(t)
	png := "\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR\x00\x00\x00\x03\x00\x00\x00\x02\x08\x02\x00\x00\x00\x12\x16\xf1\x4d"
	a, err := s.Put(t.Context(), anyone, upload.Spec{
		Name: "../a\r\nb.png", Type: "text/html\r\nX: y", Size: -1, Path: "/pictures/", Container: "c",
		Tags: map[string]string{"k": "v"}, Workflows: []string{"w"},
	}, strings.NewReader(png))
	if err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(a.Name, "/\r\n") || a.Type != "image/png" || a.Detected != "image/png" || a.Width != 3 || a.Height != 2 {
		t.Errorf("asset = %q %q %q %dx%d", a.Name, a.Type, a.Detected, a.Width, a.Height)
	}
	if len(a.Workflows) != 1 || a.Workflows[0].Job == "" || a.Client != "Computer" || a.Version != 1 {
		t.Errorf("asset = %+v", a)
	}
}

func TestReplace(t *testing.T) {
	s := newStack(t)
	a, err := s.Put(t.Context(), anyone, upload.Spec{Name: "a.png", Type: "image/png", Size: -1}, strings.NewReader("old"))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.catalog.SetPicture(t.Context(), a.ID, a.Version, &asset.Picture{Format: "PNG"}); err != nil {
		t.Fatal(err)
	}
	b, err := s.Replace(t.Context(), anyone, a.ID, unknown(""), strings.NewReader("new content"))
	if err != nil {
		t.Fatal(err)
	}
	if b.Picture != nil {
		t.Errorf("the new content is taken for the old picture: %+v", b.Picture)
	}
	if b.ID != a.ID || b.Name != "a.png" || b.Type != "image/png" || b.Version != 2 || b.Detected != "text/plain" {
		t.Errorf("Replace = %+v", b)
	}
	s.mustHold(t, a, []byte("new content"))

	other := anyone
	other.App = "other"
	if _, err := s.Replace(t.Context(), other, a.ID, unknown(""), strings.NewReader("x")); !errors.Is(err, fault.NotFound) {
		t.Errorf("Replace by another app: %v, want not found", err)
	}
	narrow := anyone
	narrow.Actions = policy.Store | policy.Read
	if _, err := s.Replace(t.Context(), narrow, a.ID, unknown(""), strings.NewReader("x")); !errors.Is(err, fault.Denied) {
		t.Errorf("Replace without write: %v, want denied", err)
	}
	s.mustHold(t, a, []byte("new content"))
}

func TestReplaceTogether(t *testing.T) {
	s := newStack(t)
	a, err := s.Put(t.Context(), anyone, unknown("a"), strings.NewReader("old"))
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 5 {
		wg.Go(func() {
			if _, err := s.Replace(t.Context(), anyone, a.ID, unknown(""), strings.NewReader(fmt.Sprint("new ", i))); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	a, err = s.catalog.Asset(t.Context(), a.ID)
	if err != nil || a.Version != 6 {
		t.Fatalf("version = %d, %v, want 6", a.Version, err)
	}
	s.now = s.now.Add(time.Hour)
	if err := s.sweeper.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := s.stored(t); n != 1 {
		t.Errorf("%d blobs stay after a sweep, want 1", n)
	}
	if got := s.read(t, a); !strings.HasPrefix(string(got), "new ") {
		t.Errorf("asset holds %q", got)
	}
}

func TestCopy(t *testing.T) {
	s := newStack(t)
	want := random(1 << 20)
	a, err := s.Put(t.Context(), anyone, upload.Spec{Name: "a.bin", Size: -1}, bytes.NewReader(want))
	if err != nil {
		t.Fatal(err)
	}
	bound := anyone
	bound.Asset = a.ID
	b, err := s.Copy(t.Context(), bound, a.ID, upload.Spec{Path: "/copies/"})
	if err != nil {
		t.Fatal(err)
	}
	if b.ID == a.ID || b.Name != "a.bin" || b.Path != "copies/" {
		t.Errorf("Copy = %+v", b)
	}
	s.mustHold(t, b, want)

	narrow := anyone
	if narrow.Path, err = policy.ParsePattern("/copies/.*", false); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Copy(t.Context(), narrow, a.ID, upload.Spec{Path: "/copies/"}); err != nil {
		t.Errorf("Copy into the path of the grant: %v", err)
	}
	if _, err := s.Copy(t.Context(), narrow, a.ID, upload.Spec{Path: "/elsewhere/"}); !errors.Is(err, fault.Denied) {
		t.Errorf("Copy out of the path of the grant: %v, want denied", err)
	}
}

func TestImport(t *testing.T) {
	s := newStack(t)
	body := "from afar"
	s.fetch = func(_ context.Context, url string, h map[string]string, limit int64) (*upload.Remote, error) {
		if url != "https://example.com/a.txt" || h["K"] != "v" {
			t.Errorf("fetch of %q with %v", url, h)
		}
		return &upload.Remote{Body: io.NopCloser(strings.NewReader(body)), Name: "a.txt", Type: "text/plain", Size: -1}, nil
	}
	source := upload.Source{URL: "https://example.com/a.txt", Header: map[string]string{"K": "v"}}
	a, err := s.Import(t.Context(), anyone, upload.Spec{}, source)
	if err != nil {
		t.Fatal(err)
	}
	if a.Name != "a.txt" || a.Source != source.URL || a.Client != "URL" {
		t.Errorf("Import = %+v", a)
	}
	s.mustHold(t, a, []byte(body))

	body = "changed"
	b, err := s.ReplaceFrom(t.Context(), anyone, a.ID, source)
	if err != nil {
		t.Fatal(err)
	}
	s.mustHold(t, b, []byte(body))

	s.fetch = func(context.Context, string, map[string]string, int64) (*upload.Remote, error) {
		t.Error("fetched what the grant does not allow")
		return nil, fault.Unreachable
	}
	if _, err := s.Import(t.Context(), policy.Grant{App: app, Actions: policy.Read}, upload.Spec{}, source); !errors.Is(err, fault.Denied) {
		t.Errorf("Import without store: %v, want denied", err)
	}
	if _, err := s.ReplaceFrom(t.Context(), policy.Grant{App: app, Actions: policy.Store}, a.ID, source); !errors.Is(err, fault.Denied) {
		t.Errorf("ReplaceFrom without write: %v, want denied", err)
	}
	if _, err := s.Import(t.Context(), anyone, upload.Spec{}, upload.Source{URL: "https://u:p@example.com/"}); err == nil {
		t.Error("Import of a URL with user info was accepted")
	}
}

func TestUseCounts(t *testing.T) {
	s := newStack(t)
	once := anyone
	once.Use = policy.Use{Digest: sha256.Sum256([]byte("p")), Limit: 1, Expires: s.now.Add(time.Hour)}
	if _, err := s.Put(t.Context(), once, unknown("n"), strings.NewReader("x")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Put(t.Context(), once, unknown("n"), strings.NewReader("x")); !errors.Is(err, fault.Denied) {
		t.Errorf("second Put = %v, want denied", err)
	}
	if _, err := s.Begin(t.Context(), once, upload.Spec{Size: 1}); !errors.Is(err, fault.Denied) {
		t.Errorf("Begin = %v, want denied", err)
	}
	if n := s.stored(t); n != 1 {
		t.Errorf("%d blobs, want 1", n)
	}
}

func md5Of(b []byte) []byte {
	sum := md5.Sum(b)
	return sum[:]
}
