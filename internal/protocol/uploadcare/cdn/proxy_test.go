package cdn

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/delivery"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/library"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/server"
	"github.com/stowgate/stowgate/internal/upload"
)

// An outsider is a file at a URL, or why there is none.
type outsider struct {
	body  []byte
	moved string // where redirects end
	err   error
}

// An origin is all that is outside.
type origin struct {
	mu      sync.Mutex
	files   map[string]outsider
	fetched []string
	hold    chan struct{} // if set, what has to close before anything is fetched
	closed  int
}

func (o *origin) fetch(_ context.Context, url string, _ map[string]string, limit int64) (*upload.Remote, error) {
	o.mu.Lock()
	hold := o.hold
	file, ok := o.files[url]
	o.fetched = append(o.fetched, url)
	o.mu.Unlock()
	if hold != nil {
		<-hold
	}
	switch {
	case file.err != nil:
		return nil, file.err
	case !ok:
		return nil, statusError(404)
	case int64(len(file.body)) > limit:
		return nil, fault.TooLarge
	}
	return &upload.Remote{Body: body{bytes.NewReader(file.body), o}, Name: "from outside.png", Size: int64(len(file.body)), URL: file.moved}, nil
}

type body struct {
	io.Reader
	*origin
}

func (b body) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed++
	return nil
}

// A statusError is what the far end answers.
type statusError int

func (e statusError) Error() string   { return fmt.Sprint("status ", int(e)) }
func (e statusError) Unwrap() error   { return fault.Unreachable }
func (e statusError) StatusCode() int { return int(e) }

// times returns how often a URL was fetched.
func (o *origin) times(url string) (n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, one := range o.fetched {
		if one == url {
			n++
		}
	}
	return n
}

// change changes an app.
func (s *stack) change(t testing.TB, key string, edit func(*policy.App)) {
	t.Helper()
	_, err := s.catalog.UpdateApp(t.Context(), account.Server().Entry("test", "", "", nil), key, func(app *policy.App) error {
		edit(app)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// opened lets all apps but otherKey fetch from hosts of the origin.
func opened(t testing.TB, s *stack) *stack {
	t.Helper()
	for _, key := range []string{openKey, securedKey, readsKey} {
		s.change(t, key, func(app *policy.App) { app.Options.Sources = []string{"images.test", "*.many.test"} })
	}
	return s
}

// on returns the header field for the host of an app.
func on(key string) string { return "Host: " + strings.ToLower(key) + "." + zone + ":8080" }

// stored returns the files of an app.
func (s *stack) stored(t testing.TB, key string) []library.File {
	t.Helper()
	page, err := s.library.Files(t.Context(), s.grant(t, key), library.Query{})
	if err != nil {
		t.Fatal(err)
	}
	return page.Files
}

// TestProxy: an outside file is fetched once, kept, and given out like one that
// was uploaded, under each of its addresses.
func TestProxy(t *testing.T) {
	s := opened(t, newStack(t))
	const source = "https://images.test/a%20b.png?w=1&token=theirs"
	photo := pngOf(t, picture(64, 48))
	s.origin.files[source] = outsider{body: photo}
	for _, host := range []string{on(openKey), "Host: " + openKey + "." + zone, "Host: " + prefix(openKey) + "." + zone} {
		for _, uri := range []string{"/" + source, "/https:/images.test/a%20b.png?w=1&token=theirs", "/HTTPS://IMAGES.test:443/a%20b.png?w=1&token=theirs"} {
			w := s.get(t, uri, host)
			if h := w.Header(); w.Code != 200 || !bytes.Equal(w.Body.Bytes(), photo) || h.Get("Content-Type") != "image/png" ||
				h.Get("Cache-Control") != "public, max-age=31536000" || h.Get("Content-Disposition") != "inline; filename=fromoutside.png" {
				t.Errorf("GET %s, %s = %d, %v", uri, host, w.Code, h)
			}
		}
	}
	w := s.get(t, "/-/preview/16x16/-/format/png/"+source, on(openKey))
	if h := w.Header(); w.Code != 200 || h.Get("X-Image-Width") != "16" || h.Get("X-Image-Height") != "12" || h.Get("Content-Type") != "image/png" {
		t.Errorf("a picture of it = %d, %v", w.Code, w.Header())
	}
	if w := s.get(t, "/-/json/"+source, on(openKey)); w.Code != 200 || !strings.Contains(w.Body.String(), `"width":64`) {
		t.Errorf("what there is to tell about it = %d, %s", w.Code, w.Body)
	}
	if w := s.send(t, "HEAD", "/"+source, on(openKey)); w.Code != 200 || w.Body.Len() > 0 || w.Header().Get("Content-Length") != fmt.Sprint(len(photo)) {
		t.Errorf("HEAD = %d, %v", w.Code, w.Header())
	}
	if n := s.origin.times(source); n != 1 || s.origin.closed != 1 {
		t.Errorf("it was fetched %d times, and closed %d times, want once", n, s.origin.closed)
	}
	files := s.stored(t, openKey)
	if len(files) != 1 || files[0].Asset.Source != source || files[0].Asset.Stored.IsZero() {
		t.Errorf("the app has %+v, want the file from %s", files, source)
	}
	if w := s.get(t, at(files[0].Asset, "")); w.Code != 200 {
		t.Errorf("GET by its UUID = %d", w.Code)
	}
	// Once it is gone it is fetched again; another app has its own.
	if _, err := s.library.Trash(t.Context(), s.grant(t, openKey), []asset.ID{files[0].Asset.ID}); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{openKey, readsKey} {
		if w := s.get(t, "/"+source, on(key)); w.Code != 200 {
			t.Errorf("GET for %s = %d", key, w.Code)
		}
	}
	if n := s.origin.times(source); n != 3 {
		t.Errorf("it was fetched %d times, want 3", n)
	}
}

// TestO3ProxyFetchesOnce: who asks at the same time waits for the same.
func TestO3ProxyFetchesOnce(t *testing.T) {
	s := opened(t, newStackWith(t, delivery.Config{}))
	const source = "https://images.test/a.txt"
	s.origin.files[source], s.origin.hold = outsider{body: []byte("hello")}, make(chan struct{})
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if w := s.get(t, "/"+source, on(openKey)); w.Code != 200 || w.Body.String() != "hello" {
				t.Errorf("GET = %d, %q", w.Code, w.Body)
			}
		})
	}
	for s.origin.times(source) == 0 {
		time.Sleep(time.Millisecond)
	}
	close(s.origin.hold)
	all.Wait()
	if n, files := s.origin.times(source), s.stored(t, openKey); n != 1 || len(files) != 1 {
		t.Errorf("it was fetched %d times, and there are %d files", n, len(files))
	}
}

// TestProxyRefusals: what is refused is not fetched, or not kept, and no cache
// keeps a refusal that may end.
func TestProxyRefusals(t *testing.T) {
	const (
		domain   = "Domain is not allowed"
		unsound  = "The address of the file is not valid."
		failed   = "The file could not be fetched."
		notTaken = "The file is too large or of the wrong type, or there is no room for it."
	)
	s := opened(t, newStackWith(t, delivery.Config{}))
	s.change(t, readsKey, func(app *policy.App) { app.Options.Types, app.Options.MaxSize = []string{"text/plain"}, 5 })
	s.origin.files = map[string]outsider{
		"https://images.test/":      {body: []byte("hello")},
		"https://images.test/long":  {body: []byte("hello!")},
		"https://images.test/png":   {body: []byte("\x89PNG\r\n\x1a\n")[:5]},
		"https://images.test/pdf":   {body: []byte("%PDF-")},
		"https://images.test/moved": {body: []byte("hello"), moved: "https://evil.test/"},
		"https://images.test/home":  {body: []byte("hello"), moved: "https://a.many.test/"},
		"https://images.test/dead":  {err: fault.Unreachable},
		"https://images.test/error": {err: statusError(500)},
		"https://images.test/gone":  {err: statusError(410)},
	}
	own := strings.ToLower(openKey) + "." + zone
	s.change(t, openKey, func(app *policy.App) { app.Options.Sources = append(app.Options.Sources, zone, "*."+zone) })
	for _, tt := range []struct {
		host, uri string
		status    int
		want      string
		fetched   bool
	}{
		{on(openKey), "/https://evil.test/", 400, domain, false},
		{on(openKey), "/-/preview/https://evil.test/?b=/c", 400, domain, false},
		{on(openKey), "/https://images.test.evil.test/", 400, domain, false},
		{on(openKey), "/https://127.0.0.1/", 400, domain, false},
		{on(openKey), "/https://" + own + "/https://images.test/", 400, domain, false},
		{on(openKey), "/https://NOBODY.s." + strings.ToUpper(zone) + ":8443/", 400, domain, false},
		{on(openKey), "/https://images.test@evil.test/", 400, unsound, false},
		{on(openKey), "/ftp://images.test/", 404, "not found", false},
		{on(openKey), "/https://images.test/../secret", 400, unsound, false},
		{on(openKey), "/https://", 400, unsound, false},
		{on(otherKey), "/https://images.test/", 403, "Forbidden", false},
		{"Host: " + zone, "/https://images.test/", 400, domain, false},
		{"Host: nobody." + zone, "/https://images.test/", 400, domain, false},
		{"Host: " + openKey + ".elsewhere.test", "/https://images.test/", 400, domain, false},
		{on(openKey), "/-/nonsense/https://images.test/", 400, "is not known", false},
		{on(openKey), "/-/preview/https://images.test/", 400, "Not supported for files that are not images.", true},
		{on(openKey), "/https://images.test/nothing", 404, "File not found", true},
		{on(openKey), "/https://images.test/gone", 404, "File not found", true},
		{on(openKey), "/https://images.test/dead", 400, failed, true},
		{on(openKey), "/https://images.test/error", 400, failed, true},
		{on(openKey), "/https://images.test/moved", 400, domain, true},
		{on(openKey), "/https://images.test/home", 200, "hello", true},
		{on(readsKey), "/https://images.test/", 200, "hello", true},
		{on(readsKey), "/https://images.test/long", 400, notTaken, true},
		{on(readsKey), "/https://images.test/pdf", 400, notTaken, true},
	} {
		before, files := len(s.origin.fetched), len(s.stored(t, openKey))+len(s.stored(t, readsKey))
		w := s.get(t, tt.uri, tt.host)
		if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.want) {
			t.Errorf("GET %s, %s = %d, %s, want %d, %s", tt.uri, tt.host, w.Code, w.Body, tt.status, tt.want)
		}
		if fetched := len(s.origin.fetched) > before; fetched != tt.fetched {
			t.Errorf("GET %s, %s fetched: %t", tt.uri, tt.host, fetched)
		}
		after := len(s.stored(t, openKey)) + len(s.stored(t, readsKey))
		if kept := after > files; kept && tt.status != 200 && !strings.Contains(tt.uri, "preview") {
			t.Errorf("GET %s, %s was refused, and is kept", tt.uri, tt.host)
		}
		lasting := tt.want == unsound || strings.Contains(tt.want, "known") || strings.Contains(tt.want, "images")
		if cached := strings.HasPrefix(w.Header().Get("Cache-Control"), "public"); tt.status != 200 && tt.want != "not found" && cached != lasting {
			t.Errorf("GET %s, %s: Cache-Control is %q", tt.uri, tt.host, w.Header().Get("Cache-Control"))
		}
	}
	// What is there is not given out any more once its host is off the list.
	s.change(t, openKey, func(app *policy.App) { app.Options.Sources = nil })
	if w := s.get(t, "/https://images.test/home", on(openKey)); w.Code != 400 || !strings.Contains(w.Body.String(), domain) {
		t.Errorf("GET without a list = %d, %s", w.Code, w.Body)
	}
	s.change(t, readsKey, func(app *policy.App) { app.Disabled = true })
	if w := s.get(t, "/https://images.test/", on(readsKey)); w.Code != 403 {
		t.Errorf("GET from a disabled app = %d", w.Code)
	}
}

// TestProxyNeedsToken: with security on, an outside file is fetched and given out
// for who has a token for its address, query and all.
func TestProxyNeedsToken(t *testing.T) {
	s := opened(t, newStackWith(t, delivery.Config{}))
	const path = "/https://images.test/a/b.txt"
	for _, query := range []string{"", "?v=1", "?v=2&token=theirs", "?v=3"} {
		s.origin.files[path[1:]+query] = outsider{body: []byte("hello" + query)}
	}
	later := now.Add(time.Hour)
	exact := token(tokenKey, path, later)
	with := func(query, token string) string {
		if query == "" {
			return path + "?token=" + token
		}
		return path + query + "&token=" + token
	}
	for _, tt := range []struct {
		host, uri string
		status    int
	}{
		{on(securedKey), path, 403},
		{on(securedKey), path + "?token=theirs", 403},
		{on(securedKey), with("", token(tokenKey, "/https://images.test/other.txt", later)), 403},
		{on(securedKey), with("", token(otherHex, path, later)), 403},
		{on(securedKey), with("", token(tokenKey, path, now)), 403},
		{on(securedKey), with("", exact) + "&token=" + exact, 403},
		{on(securedKey), with("?v=1", exact), 403},
		{on(otherKey), with("", token(otherHex, path, later)), 400},
		{on(openKey), with("", token(otherHex, "/*", later)), 200},
		{on(securedKey), with("", exact), 200},
		{on(securedKey), with("", "exp"+strings.ReplaceAll(strings.TrimPrefix(exact, "exp"), "=", "%3D")), 200},
		{on(securedKey), with("?v=1", token(tokenKey, path+"%3fv=1", later)), 200},
		{on(securedKey), with("?v=2&token=theirs", token(tokenKey, "/https://images.test/a/*", later)), 200},
		{on(securedKey), with("?v=3", token(tokenKey, "/*", later)), 200},
		{on(readsKey), path, 200},
		{"Host: " + prefix(openKey) + ".s." + zone, path, 403},
		{"Host: " + prefix(openKey) + ".s." + zone, with("", exact), 200},
	} {
		before := len(s.origin.fetched)
		w := s.get(t, tt.uri, tt.host)
		if w.Code != tt.status || tt.status == 200 && !strings.HasPrefix(w.Body.String(), "hello") {
			t.Errorf("GET %s, %s = %d, %s, want %d", tt.uri, tt.host, w.Code, w.Body, tt.status)
		}
		if tt.status != 200 && len(s.origin.fetched) > before {
			t.Errorf("GET %s, %s was refused, and fetched", tt.uri, tt.host)
		}
		if own := strings.HasPrefix(w.Header().Get("Cache-Control"), "private"); tt.status == 200 && own != (tt.host == on(securedKey) || strings.Contains(tt.host, ".s.")) {
			t.Errorf("GET %s, %s: Cache-Control is %q", tt.uri, tt.host, w.Header().Get("Cache-Control"))
		}
	}
	s.change(t, openKey, func(app *policy.App) { app.Options.SignedImages = true })
	before := len(s.origin.fetched)
	if w := s.get(t, "/-/preview/https://images.test/new.png", on(openKey)); w.Code != 403 || len(s.origin.fetched) > before {
		t.Errorf("a picture without a token, where it needs one = %d", w.Code)
	}
}

// A token for all below an address brings in no other file of the app.
func TestProxyOverlaysOfOthers(t *testing.T) {
	s := opened(t, newStack(t))
	mark := s.put(t, securedKey, "b.png", pngOf(t, picture(4, 4)))
	s.origin.files["https://images.test/a.png"] = outsider{body: pngOf(t, picture(16, 16))}
	uri := "/-/overlay/" + mark.UUID.String() + "/-/preview/https://images.test/a.png"
	for acl, want := range map[string]int{uri[:len(uri)-4] + "*": 403, uri: 200, "/*": 200} {
		if w := s.get(t, uri+"?token="+token(tokenKey, acl, now.Add(time.Hour)), on(securedKey)); w.Code != want {
			t.Errorf("GET with a token for %s = %d, %s, want %d", acl, w.Code, w.Body, want)
		}
	}
}

// Where nothing brings files in, no domain is allowed.
func TestNoProxy(t *testing.T) {
	s := opened(t, newStackWith(t, delivery.Config{}))
	router, err := server.NewRouter("", New(Config{Apps: s.catalog, Library: s.library, Zone: zone}).Routes())
	if err != nil {
		t.Fatal(err)
	}
	s.Handler = router
	if w := s.get(t, "/https://images.test/", on(openKey)); w.Code != 400 || !strings.Contains(w.Body.String(), "Domain is not allowed") {
		t.Errorf("GET = %d, %s", w.Code, w.Body)
	}
}
