package script

import (
	"bytes"
	"compress/gzip"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stowgate/stowgate/internal/server"
)

// zipped returns text as gzip writes it.
func zipped(t *testing.T, text string) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// built is what a build leaves.
func built(t *testing.T) fs.FS {
	return fstest.MapFS{
		"picker.js":                            {Data: []byte("the picker")},
		"picker.js.gz":                         {Data: zipped(t, "the picker")},
		"picker.js.br":                         {Data: []byte("brotli")},
		"view-ABCD1234.js":                     {Data: []byte("a view")},
		"filepicker.js":                        {Data: []byte("the old API")},
		"filepicker-hosts.js":                  {Data: []byte("the old API, with hosts")},
		"viewer.js":                            {Data: []byte("the viewer")},
		"licences.txt":                         {Data: []byte("licences")},
		"sizes.json":                           {Data: []byte("{}")},
		".gitignore":                           {Data: []byte("*")},
		"filestack-js-3.51.6/filestack.min.js": {Data: []byte("client 3")},
		"filestack-js-4.3.8/filestack.min.js":  {Data: []byte("client 4")},
		"adaptive-1.4.0/adaptive.min.js":       {Data: []byte("adaptive")},
	}
}

func get(t *testing.T, dist fs.FS, domain, target string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	router, err := server.NewRouter(domain, Routes(dist, domain != ""))
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest("GET", target, nil)
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Add(name, value)
	}
	w := httptest.NewRecorder()
	server.CORS(router).ServeHTTP(w, r)
	return w
}

func TestAddresses(t *testing.T) {
	for target, want := range map[string]string{
		// filestack-js 1.14.6, 2.1.0, 3.51.6 and 4.3.8: src/config.ts.
		"/picker/1.4.4/picker.js":               "the picker",
		"/picker/1.4.8/picker.js":               "the picker",
		"/picker/1.39.15/picker.js":             "the picker",
		"/picker/4.5.2/picker.js":               "the picker",
		"/picker/4.5.2/view-ABCD1234.js":        "a view",
		"/stowgate/viewer.js":                   "the viewer",
		"/stowgate/licences.txt":                "licences",
		"/v1/filepicker.js":                     "the old API",
		"/v2/filepicker.js":                     "the old API",
		"/v2/filepicker-2.4.18.min.js":          "the old API",
		"/v2/filepicker_debug.js":               "the old API",
		"/filestack.js":                         "the old API",
		"/filestack-js/3.x.x/filestack.min.js":  "client 3",
		"/filestack-js/3/filestack.min.js":      "client 3",
		"/filestack-js/3.32.0/filestack.min.js": "client 3",
		"/filestack-js/4.x.x/filestack.min.js":  "client 4",
		"/adaptive/1.4.0/adaptive.min.js":       "adaptive",
		"/filestack-js/5.x.x/filestack.min.js":  "",
		"/filestack-js/*/filestack.min.js":      "",
		"/filestack-js/x/filestack.min.js":      "",
		"/filestack-js//filestack.min.js":       "",
		"/filestack-js/4.x.x/other.js":          "",
		"/filestack-js/4.x.x/..":                "",
		"/filestack-js/4.x.x/..%2fpicker.js":    "",
		"/v2/picker.js":                         "",
		"/v3/filestack.js":                      "",
		"/picker/4.5.2/":                        "",
		"/picker/4.5.2/none.js":                 "",
		"/picker/4.5.2/picker.js.gz":            "",
		"/picker/4.5.2/.gitignore":              "",
		"/picker/4.5.2/sizes.json":              "",
		"/picker/4.5.2/filestack-js-4.3.8":      "",
		"/picker/4.5.2/..%2f..%2fweb.go":        "",
		"/stowgate/../picker.js":                "",
		"/":                                     "",
	} {
		w := get(t, built(t), "", target)
		if want == "" {
			if w.Code != 404 {
				t.Errorf("GET %s: %d %s, want 404", target, w.Code, w.Body)
			}
			continue
		}
		if w.Code != 200 || w.Body.String() != want {
			t.Errorf("GET %s: %d %s, want %s", target, w.Code, w.Body, want)
		}
	}
}

// With a domain the scripts are on the hosts that pages know, and the viewer's
// also where its page is.
func TestHosts(t *testing.T) {
	for target, want := range map[string]int{
		"https://static.files.test:8443/picker/4.5.2/picker.js": 200,
		"https://api.files.test/v2/filepicker.js":               200,
		"https://www.files.test/filestack.js":                   200,
		"https://static.files.test/stowgate/viewer.js":          200,
		"https://cdn.files.test/stowgate/viewer.js":             200,
		"https://files.test/stowgate/viewer.js":                 200,
		"https://cdn.files.test/picker/4.5.2/picker.js":         404,
		"https://upload.files.test/picker/4.5.2/picker.js":      421,
	} {
		if w := get(t, built(t), "files.test", target); w.Code != want {
			t.Errorf("GET %s: %d, want %d", target, w.Code, want)
		}
	}
	// Only the server knows whether www is the name of a service or its own.
	for domain, want := range map[string]string{"files.test": "the old API, with hosts", "": "the old API"} {
		if w := get(t, built(t), domain, "https://www.files.test/v2/filepicker.js"); w.Body.String() != want {
			t.Errorf("with domain %q: %d %s, want %s", domain, w.Code, w.Body, want)
		}
	}
}

func TestHeaders(t *testing.T) {
	const target = "/picker/4.5.2/picker.js"
	for name, want := range map[string]string{
		"Content-Type": "text/javascript; charset=utf-8", "X-Content-Type-Options": "nosniff",
		"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin",
		"Vary": "Accept-Encoding", "Cache-Control": keepShortly,
	} {
		if got := get(t, built(t), "", target).Header().Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if got := get(t, built(t), "", "/picker/4.5.2/view-ABCD1234.js").Header().Get("Cache-Control"); got != keepAlways {
		t.Errorf("a name with a hash is kept as %q", got)
	}
	tag := get(t, built(t), "", target).Header().Get("ETag")
	if w := get(t, built(t), "", target, "If-None-Match: "+tag); w.Code != 304 || tag == "" {
		t.Errorf("with the tag %s: %d, want 304", tag, w.Code)
	}
	if w := get(t, built(t), "", target, "If-None-Match: "+tag, "Accept-Encoding: gzip"); w.Code != 200 {
		t.Errorf("in another coding: %d, want 200", w.Code)
	}
}

func TestCodings(t *testing.T) {
	for accept, want := range map[string]string{
		"": "", "identity": "", "gzip": "gzip", "GZIP": "gzip", "gzip, deflate, br": "br", "br;q=0, gzip": "gzip", "br; q=0.000,gzip;q=0.1": "gzip",
		"gzip;q=0": "", "x-gzip": "", "br;q=1.0": "br",
	} {
		w := get(t, built(t), "", "/picker/1/picker.js", "Accept-Encoding: "+accept)
		if got := w.Header().Get("Content-Encoding"); got != want || w.Code != 200 {
			t.Errorf("Accept-Encoding %q: %d %q, want %q", accept, w.Code, got, want)
		}
		if want != "gzip" {
			continue
		}
		r, err := gzip.NewReader(w.Body)
		if err != nil {
			t.Fatal(err)
		}
		if text, err := io.ReadAll(r); err != nil || string(text) != "the picker" {
			t.Errorf("Accept-Encoding %q: %q, %v", accept, text, err)
		}
	}
	// A file without a copy in a coding comes as it is.
	if w := get(t, built(t), "", "/stowgate/viewer.js", "Accept-Encoding: br, gzip"); w.Code != 200 || w.Header().Get("Content-Encoding") != "" {
		t.Errorf("viewer.js: %d %v", w.Code, w.Header())
	}
}

// Browsers log a missing icon as an error of the page.
func TestNoIcon(t *testing.T) {
	if w := get(t, built(t), "files.test", "https://cdn.files.test/favicon.ico"); w.Code != http.StatusNoContent {
		t.Errorf("GET /favicon.ico: %d", w.Code)
	}
}

func TestWithoutBuild(t *testing.T) {
	w := get(t, fstest.MapFS{".gitignore": {}}, "", "/picker/4.5.2/picker.js")
	if w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), "built without the scripts") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
