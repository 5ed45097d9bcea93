package filestack

import (
	"encoding/json"
	"fmt"
	"html"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stowgate/stowgate/internal/corpora"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/upload"
)

// The beginning of a PNG.
const png = "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x03\x00\x00\x00\x02\x08\x02\x00\x00\x00"

var styleIn = regexp.MustCompile(`(?s)<style.*</style>`)

var sourceOf = regexp.MustCompile(`data-source="([^"]*)"`)

// mustShow returns the page about a file.
func mustShow(t *testing.T, w *httptest.ResponseRecorder, kind string) string {
	t.Helper()
	page := styleIn.ReplaceAllString(w.Body.String(), "")
	if w.Code != 200 || !strings.Contains(page, `data-kind="`+kind+`"`) || w.Header().Get("Content-Type") != "text/html; charset=utf-8" {
		t.Fatalf("%d %v %s, want a page that shows %s", w.Code, w.Header(), page, kind)
	}
	return page
}

func TestViewerKinds(t *testing.T) {
	s := newStack(t, Config{})
	for _, tt := range []struct{ name, body, kind, about string }{
		{"p.png", png, "image", "Picture · 29 B"},
		{"d.svg", `<svg xmlns="http://www.w3.org/2000/svg" width="4" height="5"/>`, "image", "Picture"},
		{"t.txt", "some text", "text", "Text · 9 B"},
		{"t.csv", "a,b\n1,2\n3,4\n", "text", "Text"},
		{"t.json", `{"a": 1}`, "text", "Text"},
		{"t.xml", `<?xml version="1.0"?><a/>`, "text", "Text"},
		{"big.txt", strings.Repeat("12345678\n", 200_000), "text", "Text · 1.8 MB"},
		{"p.html", "<!doctype html><p>hello", "html", "Web page"},
		{"d.pdf", "%PDF-1.4\n1 0 obj", "pdf", "PDF document"},
		{"s.wav", "RIFF\x24\x00\x00\x00WAVEfmt ", "audio", "Sound"},
		{"v.webm", "\x1aE\xdf\xa3\x42\x82\x84webm", "video", "Video"},
		{"o.docx", "PK\x03\x04\x14\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x11\x00\x00\x00word/document.xml", "office", "Office document"},
		{"b.bin", "\x00\x01\x02\x03", "none", "File · 4 B"},
		{"page.png", "<script>alert(1)</script>", "html", "Web page"},              // what it is counts, and not its name
		{"photo.heic", "\x00\x00\x00\x18ftypheic\x00\x00\x00\x00", "none", "File"}, // nothing here makes another picture of it
		{"empty", "", "none", "File · 0 B"},
	} {
		id := s.put(t, openKey, tt.name, tt.body)
		page := mustShow(t, s.send(t, "GET", "/preview/"+string(id), ""), tt.kind)
		if !strings.Contains(page, tt.about) || !strings.Contains(page, "<title>"+tt.name+"</title>") {
			t.Errorf("%s: no %q in %s", tt.name, tt.about, page)
		}
		if link := `href="https://files.test/` + string(id) + `?dl=true"`; !strings.Contains(page, link) {
			t.Errorf("%s: no %s", tt.name, link)
		}
	}
}

// The page loads the file with the credential of its own address, wherever that
// stands, and no other.
func TestViewerSource(t *testing.T) {
	s := newStack(t, Config{})
	id := string(s.put(t, securedKey, "n.txt", "hello"))
	good := sign(securedKey, `{"expiry":1999999999,"call":["read","convert"]}`)
	task := fmt.Sprintf("security=policy:%s,signature:%s", good.Policy, good.Signature)
	for _, target := range []string{
		"/preview/" + task + "/" + id,
		"/" + securedKey + "/preview/" + task + "/" + id,
		"/" + task + "/preview/" + id,
		"/preview/" + id + "?" + query(good),
		"/api/preview/" + id + "?" + query(good),
	} {
		page := mustShow(t, s.send(t, "GET", target, ""), "text")
		source := html.UnescapeString(sourceOf.FindStringSubmatch(page)[1])
		w := s.send(t, "GET", strings.TrimPrefix(source, "https://files.test"), "")
		if w.Code != 200 || w.Body.String() != "hello" {
			t.Errorf("%s: the page loads %s, which is %d %s", target, source, w.Code, w.Body)
		}
	}
}

// It takes a grant to read and to transform to look at a file, and a refusal
// says why without a word about the file.
func TestViewerRefuses(t *testing.T) {
	s := newStack(t, Config{})
	id := string(s.put(t, securedKey, "confidential.txt", "confidential"))
	forged := sign(securedKey, everything)
	forged.Signature = strings.Repeat("0", 64)
	for name, tt := range map[string]struct {
		cred   policy.Credential
		id     string
		status int
		says   string
	}{
		"nothing":         {policy.Credential{}, id, 403, "carries none"},
		"forged":          {forged, id, 403, "does not fit"},
		"expired":         {sign(securedKey, `{"expiry":1700000000}`), id, 403, "has expired"},
		"only read":       {sign(securedKey, `{"expiry":1999999999,"call":["read"]}`), id, 403, "read and convert"},
		"only convert":    {sign(securedKey, `{"expiry":1999999999,"call":["convert"]}`), id, 403, "read and convert"},
		"of another file": {sign(securedKey, `{"expiry":1999999999,"handle":"5aYkEQJSQCmYShsoCnZN"}`), id, 403, "another file"},
		"of another app":  {sign(otherKey, everything), id, 403, "does not fit"},
		"no file":         {sign(securedKey, everything), "5aYkEQJSQCmYShsoCnZN", 404, "no such file"},
	} {
		for _, target := range []string{"/preview/" + tt.id + "?" + query(tt.cred), "/api/preview/" + tt.id + "?" + query(tt.cred)} {
			w := s.send(t, "GET", target, "")
			page := styleIn.ReplaceAllString(w.Body.String(), "")
			if w.Code != tt.status || !strings.Contains(page, tt.says) || strings.Contains(page, "confidential") {
				t.Errorf("%s: %d %s, want %d and %q", name, w.Code, page, tt.status, tt.says)
			}
			if kind := w.Header().Get("Content-Type"); kind != "text/html; charset=utf-8" || strings.Contains(page, "<script") {
				t.Errorf("%s: %s %s, want a page without a script", name, kind, page)
			}
		}
	}
	for _, target := range []string{"/preview/https://example.com/a.png", "/preview/src://alias/a.png", "/preview/resize=width:5/" + id} {
		w := s.send(t, "GET", target, "")
		if w.Code < 400 || !strings.Contains(w.Body.String(), "cannot be shown") {
			t.Errorf("GET %s: %d %s, want a refusal in words", target, w.Code, styleIn.ReplaceAllString(w.Body.String(), ""))
		}
	}
}

// TestL6Framing holds who may frame the page, and that nothing runs in it but
// its own script.
func TestL6Framing(t *testing.T) {
	s := newStack(t, Config{Domain: "files.test"})
	id := string(s.put(t, openKey, "n.txt", "hello"))
	see := func(target string) (w *httptest.ResponseRecorder, policies map[string]string) {
		t.Helper()
		w = s.raw(t, "GET "+target+" HTTP/1.1\r\nHost: cdn.files.test\r\n\r\n")
		policies = map[string]string{}
		for part := range strings.SplitSeq(w.Header().Get("Content-Security-Policy"), "; ") {
			name, value, _ := strings.Cut(part, " ")
			policies[name] = value
		}
		return w, policies
	}
	w, rules := see("/preview/" + id)
	nonce := regexp.MustCompile(`^'nonce-([A-Z2-7]{26})'$`).FindStringSubmatch(rules["script-src"])
	if nonce == nil || strings.Count(w.Body.String(), "nonce=\""+nonce[1]+"\"") != 2 {
		t.Errorf("script-src %s in %.500s", rules["script-src"], w.Body)
	}
	for name, want := range map[string]string{
		"default-src": "'none'", "img-src": "https://cdn.files.test", "media-src": "https://cdn.files.test", "connect-src": "https://cdn.files.test",
		"frame-src": "blob:", "base-uri": "'none'", "form-action": "'none'", "font-src": "'none'", "frame-ancestors": "*",
		"require-trusted-types-for": "'script'", "trusted-types": "'none'",
	} {
		if rules[name] != want {
			t.Errorf("%s %s, want %s", name, rules[name], want)
		}
	}
	if h := w.Header(); h.Get("X-Frame-Options") != "" || h.Get("Cache-Control") != "private, no-store" || h.Get("Referrer-Policy") != "no-referrer" || h.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("header %v", h)
	}
	if _, again := see("/preview/" + id); again["script-src"] == rules["script-src"] {
		t.Error("the same nonce twice")
	}
	s.change(t, openKey, func(a *policy.App) { a.Options.Origins = []string{"https://shop.example", "https://other.example"} })
	if _, rules = see("/preview/" + id); rules["frame-ancestors"] != "'self' https://portal.files.test https://shop.example https://other.example" {
		t.Errorf("frame-ancestors %s", rules["frame-ancestors"])
	}
}

// A caller's style sheet is an address on the web, and written as no more.
func TestViewerStyleSheet(t *testing.T) {
	s := newStack(t, Config{})
	id := string(s.put(t, openKey, "n.txt", "hello"))
	for css, want := range map[string]string{
		"https://example.com/a.css":          "https://example.com/a.css",
		"http://example.com/a b.css?x=1&y=2": "http://example.com/a%20b.css?x=1&amp;y=2",
		`https://example.com/"><script>`:     "https://example.com/%22%3E%3Cscript%3E",
		"javascript:alert(1)":                "",
		"data:text/css,x":                    "",
		"//example.com/a.css":                "",
		"/a.css":                             "",
		"https://user@example.com/a.css":     "",
		"https://example.com;x/a.css":        "",
	} {
		for _, target := range []string{
			"/preview=css:" + url.QueryEscape(`"`+css+`"`) + "/" + id, // as filestack-js writes it
			"/api/preview/" + id + "?css=" + url.QueryEscape(css),
		} {
			target = strings.ReplaceAll(target, "+", "%20")
			w := s.send(t, "GET", target, "")
			if want == "" {
				if w.Code != 400 {
					t.Errorf("%s: %d, want 400", target, w.Code)
				}
				continue
			}
			page := mustShow(t, w, "text")
			if !strings.Contains(page, `href="`+want+`"`) {
				t.Errorf("%s: no %s in %s", target, want, page)
			}
			host, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(want, "https://"), "http://"), "/")
			if rules := w.Header().Get("Content-Security-Policy"); !strings.Contains(rules, "://"+host) || strings.Contains(rules, "script>") {
				t.Errorf("%s: %s", target, rules)
			}
		}
	}
}

// TestL4NamesInViewer holds that names and descriptions are text in the page,
// whatever they are.
func TestL4NamesInViewer(t *testing.T) {
	s := newStack(t, Config{})
	app, err := s.catalog.App(t.Context(), openKey)
	if err != nil {
		t.Fatal(err)
	}
	markup := func(name string) (found [2]int) {
		t.Helper()
		file, err := s.uploads.Put(t.Context(), policy.Full(app), upload.Spec{Name: name, Alt: name, Size: -1}, strings.NewReader(png))
		if err != nil {
			t.Fatal(err)
		}
		page := mustShow(t, s.send(t, "GET", "/preview/"+string(file.ID), ""), "image")
		return [2]int{strings.Count(page, "<"), strings.Count(page, `"`)}
	}
	plain := markup("n.txt")
	for _, folder := range []string{"names-own", "xss-strings"} {
		files, err := filepath.Glob(filepath.Join(corpora.Dir(t, folder), "*"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no names: %v", err)
		}
		count := 0
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for i, line := range strings.Split(string(text), "\n") {
				if line == "" || i >= 300 { // the template is tried with all of them, see package viewer
					continue
				}
				count++
				var of struct{ Name string }
				if json.Unmarshal([]byte(line), &of) == nil && of.Name != "" {
					line = of.Name
				}
				if got := markup(line); got != plain {
					t.Fatalf("name %q makes %d tags and quotes of %d", line, got, plain)
				}
			}
		}
		if count < 40 {
			t.Errorf("only %d names of %s", count, folder)
		}
	}
}
