package server

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// echo says which route answered, and with what.
func echo(name string, values ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, name)
		for _, v := range values {
			fmt.Fprintf(w, " %s=%s", v, r.PathValue(v))
		}
	})
}

func testRouter(t *testing.T, domain string) *Router {
	t.Helper()
	const why = "it is a test"
	router, err := NewRouter(domain, []Route{
		Public("POST", "/multipart/start", why, echo("start")).On("upload"),
		Public("GET", "/api/file/{handle}", why, echo("file", "handle")).On("www", "cdn"),
		Public("", "/store/", why, echo("store")).On("cloud"),
		Public("GET", "/portal", why, echo("portal")).On(""),
		Public("GET", "/about", why, echo("about")),
		Public("GET", "/{path...}", why, echo("cdn", "path")).On("cdn"),
	})
	if err != nil {
		t.Fatal(err)
	}
	return router
}

// ask sends a request line over a real connection, so that nothing is cleaned
// on the way, and returns the status and the body.
func ask(t *testing.T, h http.Handler, method, target, host string) (int, string) {
	t.Helper()
	r := httptest.NewRequest(method, "/", nil)
	u, err := r.URL.Parse(target)
	if strings.HasPrefix(target, "/") { // as net/http reads a request line
		u, err = u.Parse("http://h" + target)
	}
	if err != nil {
		t.Fatal(err)
	}
	r.URL, r.Host = u, host
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code, strings.TrimSpace(w.Body.String())
}

func TestRouter(t *testing.T) {
	for _, tt := range []struct {
		method, target string
		status         int
		body           string
	}{
		{"POST", "/multipart/start", 200, "start"},
		{"GET", "/api/file/H", 200, "file handle=H"},
		{"HEAD", "/api/file/H", 200, "file handle=H"},
		{"PUT", "/store/", 200, "store"},
		{"GET", "/", 200, "cdn path="},
		{"GET", "/KEY/resize=w:1/https://a.b/c.jpg", 200, "cdn path=KEY/resize=w:1/https://a.b/c.jpg"},
		{"GET", "/KEY//x", 200, "cdn path=KEY//x"},
		{"GET", "/a%2Fb/%20", 200, "cdn path=a%2Fb/%20"},
		{"POST", "/api/file/H", 405, "method not allowed"},
		{"DELETE", "/x", 405, "method not allowed"},
		{"OPTIONS", "*", 405, "method not allowed"},
	} {
		if status, body := ask(t, testRouter(t, ""), tt.method, tt.target, "h"); status != tt.status || body != tt.body {
			t.Errorf("%s %s = %d %q, want %d %q", tt.method, tt.target, status, body, tt.status, tt.body)
		}
	}
}

func TestRouterWhen(t *testing.T) {
	const why = "it is a test"
	short := func(r *http.Request) bool { return len(r.PathValue("id")) == 0 && len(r.URL.Path) < 5 }
	router, err := NewRouter("example.com", []Route{
		Public("GET", "/{id}", why, echo("short", "id")).When(short).On("*.pictures", "pictures"),
		Public("GET", "/{path...}", why, echo("other", "path")),
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ host, target, body string }{
		{"pictures.example.com", "/abc", "short id=abc"},
		{"pictures.example.com", "/abcdef", "other path=abcdef"},
		{"a.pictures.example.com", "/abc", "short id=abc"},
		{"a.b.pictures.example.com", "/abc", "short id=abc"},
		{"apictures.example.com", "/abc", "this server does not answer for that host"},
		{"localhost", "/abc", "short id=abc"},
	} {
		if _, body := ask(t, router, "GET", tt.target, tt.host); body != tt.body {
			t.Errorf("%s%s: %q, want %q", tt.host, tt.target, body, tt.body)
		}
	}
}

// TestRouterOrder: the first row that matches answers, whether a text begins it
// or a value, and whatever stands between.
func TestRouterOrder(t *testing.T) {
	const why = "it is a test"
	router, err := NewRouter("", []Route{
		Public("GET", "/a/b", why, echo("first")),
		Public("GET", "/{x}/c", why, echo("second", "x")),
		Public("GET", "/a/c", why, echo("hidden")),
		Public("GET", "//a", why, echo("doubled")),
		Public("GET", "/a/{y}", why, echo("third", "y")),
		Public("POST", "/a/{y}", why, echo("fourth", "y")),
		Public("GET", "/{x}/{y}", why, echo("fifth", "x", "y")),
		Public("PUT", "/{path...}", why, echo("sixth", "path")),
		Public("GET", "/b", why, echo("seventh")),
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ method, target, body string }{
		{"GET", "/a/b", "first"},
		{"POST", "/a/b", "fourth y=b"},
		{"GET", "/a/c", "second x=a"},
		{"GET", "/z/c", "second x=z"},
		{"GET", "//a", "doubled"},
		{"GET", "/a/d", "third y=d"},
		{"GET", "/b/d", "fifth x=b y=d"},
		{"GET", "/z/d", "fifth x=z y=d"},
		{"GET", "/b", "seventh"},
		{"PUT", "/b", "sixth path=b"},
		{"PUT", "/a/b", "sixth path=a/b"},
		{"DELETE", "/a/b", "method not allowed"},
	} {
		if _, body := ask(t, router, tt.method, tt.target, "h"); body != tt.body {
			t.Errorf("%s %s: %q, want %q", tt.method, tt.target, body, tt.body)
		}
	}
}

func TestRouterHosts(t *testing.T) {
	router := testRouter(t, "Files.example.com")
	for _, tt := range []struct {
		host, target string
		status       int
		body         string
	}{
		{"www.files.example.com", "/api/file/H", 200, "file handle=H"},
		{"CDN.files.example.com:8443", "/api/file/H", 200, "file handle=H"},
		{"cdn.files.example.com:8443:8443", "/api/file/H", 200, "file handle=H"}, // filestack-js in Node.js
		{"cdn.files.example.com.", "/x", 200, "cdn path=x"},
		{"www.files.example.com", "/x", 404, "not found"},
		{"files.example.com", "/portal", 200, "portal"},
		{"files.example.com", "/about", 200, "about"},
		{"cdn.files.example.com", "/portal", 200, "cdn path=portal"},
		{"upload.files.example.com", "/portal", 404, "not found"},
		{"evil.files.example.com", "/about", 421, ""},
		{"x.cdn.files.example.com", "/about", 421, ""},
		{"evilfiles.example.com", "/about", 421, ""},
		{"example.com", "/about", 421, ""},
		{"", "/about", 421, ""},
		{"127.0.0.1:8080", "/api/file/H", 200, "file handle=H"},
		{"[::1]:8080", "/portal", 200, "portal"},
		{"localhost", "/x", 200, "cdn path=x"},
	} {
		status, body := ask(t, router, "GET", tt.target, tt.host)
		if status != tt.status || tt.body != "" && body != tt.body {
			t.Errorf("GET %s on %q = %d %q, want %d %q", tt.target, tt.host, status, body, tt.status, tt.body)
		}
	}
}

// TestA1Table: a route that is neither public for a reason nor guarded does not
// get into the table.
func TestA1Table(t *testing.T) {
	for name, route := range map[string]Route{
		"no constructor": {Method: "GET", Pattern: "/x"},
		"no reason":      Public("GET", "/x", "", echo("x")),
		"no slash":       Public("GET", "x", "it is a test", echo("x")),
	} {
		if _, err := NewRouter("", []Route{route}); err == nil {
			t.Errorf("NewRouter takes a route with %s", name)
		}
	}
	guarded := Guarded("GET", "/x", func(*http.Request) (string, error) { return "", nil },
		func(http.ResponseWriter, *http.Request, string) error { return nil }, nil)
	router, err := NewRouter("", []Route{guarded})
	if err != nil || len(router.Routes()) != 1 || router.Routes()[0].Public != "" {
		t.Errorf("NewRouter(guarded) = %v, %v", router, err)
	}
}

func TestA1Guarded(t *testing.T) {
	denied, broken := errors.New("denied"), errors.New("broken")
	for _, tt := range []struct {
		name         string
		check, after error
		want         string
	}{
		{"allowed", nil, nil, "grant of H"},
		{"denied", denied, nil, "denied"},
		{"handler fails", nil, broken, "broken"},
	} {
		route := Guarded("GET", "/{handle}",
			func(r *http.Request) (string, error) { return "grant of " + r.PathValue("handle"), tt.check },
			func(w http.ResponseWriter, _ *http.Request, grant string) error {
				if tt.check != nil {
					t.Errorf("%s: the handler runs", tt.name)
				}
				if tt.after == nil {
					io.WriteString(w, grant)
				}
				return tt.after
			},
			func(w http.ResponseWriter, _ *http.Request, err error) { io.WriteString(w, err.Error()) })
		router, err := NewRouter("", []Route{route})
		if err != nil {
			t.Fatal(err)
		}
		if _, body := ask(t, router, "GET", "/H", "h"); body != tt.want {
			t.Errorf("%s: answer %q, want %q", tt.name, body, tt.want)
		}
	}
}

// TestA4Spellings: no other spelling of a guarded path reaches its handler but
// by its own guard.
func TestA4Spellings(t *testing.T) {
	reached := ""
	guard := func(pattern string) Route {
		return Guarded("POST", pattern, func(*http.Request) (struct{}, error) { return struct{}{}, errors.New("no") },
			func(http.ResponseWriter, *http.Request, struct{}) error { reached = pattern; return nil },
			func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusForbidden) })
	}
	router, err := NewRouter("", []Route{guard("/multipart/start"), guard("/api/store/{location}"), guard("/api/file/{handle}")})
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/multipart/start", "/api/store/S3", "/api/file/H"} {
		last := path[strings.LastIndex(path, "/")+1:]
		for _, spelling := range []string{
			path, path + "/", "/" + path, path + "//", strings.Replace(path, "/", "//", 2), "/." + path, "/x/.." + path,
			strings.Replace(path, "/", "/./", 2), path + "/.", path + "/..", path + ".", path + "%00", path + "%20", path + ";x",
			path + ";/..", path + "%2f", path + "%2F..", path + "%5c", strings.Replace(path[1:], "/", "%2f", 1),
			"/%2e" + path, "/%2e%2e" + path, strings.ToUpper(path), path[:len(path)-len(last)] + fmt.Sprintf("%%%02x", last[0]) + last[1:],
			path + "?x=/y", path + "#x",
		} {
			for _, method := range []string{"POST", "GET", "HEAD", "PUT", "post", "OPTIONS", "TRACE"} {
				if !strings.HasPrefix(spelling, "/") {
					spelling = "/" + spelling
				}
				status, _ := ask(t, router, method, spelling, "h")
				if reached != "" || status < 400 {
					t.Errorf("%s %s = %d, reached %q; want a refusal", method, spelling, status, reached)
				}
				reached = ""
			}
		}
	}
}

func TestCORS(t *testing.T) {
	h := CORS(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Has("narrow") && !AllowOrigins(w, r, []string{"https://a.example"}) {
			w.WriteHeader(http.StatusForbidden)
		}
	}), "ETag", "X-File-Name")
	for _, tt := range []struct {
		method, target, origin, asks string
		status                       int
		allow, headers, expose       string
	}{
		{"OPTIONS", "/any/path", "https://x.example", "content-type, filestack-source", 204, "*", "content-type, filestack-source", ""},
		{"OPTIONS", "/", "", "", 204, "*", "", ""},
		{"POST", "/", "https://x.example", "", 200, "*", "", "ETag, X-File-Name"},
		{"GET", "/?narrow", "https://a.example", "", 200, "https://a.example", "", "ETag, X-File-Name"},
		{"GET", "/?narrow", "https://b.example", "", 403, "", "", "ETag, X-File-Name"},
		{"GET", "/?narrow", "", "", 200, "", "", "ETag, X-File-Name"},
	} {
		r := httptest.NewRequest(tt.method, tt.target, nil)
		if tt.origin != "" {
			r.Header.Set("Origin", tt.origin)
		}
		if tt.asks != "" {
			r.Header.Set("Access-Control-Request-Headers", tt.asks)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		got := w.Header()
		if w.Code != tt.status || got.Get("Access-Control-Allow-Origin") != tt.allow ||
			got.Get("Access-Control-Allow-Headers") != tt.headers || got.Get("Access-Control-Expose-Headers") != tt.expose {
			t.Errorf("%s %s from %q = %d %v, want %d, origin %q, headers %q, expose %q", tt.method, tt.target, tt.origin,
				w.Code, got, tt.status, tt.allow, tt.headers, tt.expose)
		}
		if got.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("K9: %s %s allows credentials", tt.method, tt.target)
		}
		if tt.method == "OPTIONS" && got.Get("Access-Control-Max-Age") != "21600" {
			t.Errorf("preflight has Access-Control-Max-Age %q, want 21600", got.Get("Access-Control-Max-Age"))
		}
	}
}
