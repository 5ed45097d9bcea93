package cdn

import (
	"bytes"
	"fmt"
	"image"
	"mime"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	_ "golang.org/x/image/webp"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/delivery"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/transform"
	"github.com/stowgate/stowgate/internal/upload"
)

// Of originals, everything is as it was recorded.
func TestOriginals(t *testing.T) {
	s := newStackWith(t, delivery.Config{})
	text := s.put(t, openKey, "hello world.txt", []byte("hello\n"))
	drawing := s.put(t, openKey, "a.svg", []byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`))
	photo := s.put(t, openKey, "a.png", pngOf(t, picture(8, 8)))
	document := s.put(t, openKey, "a.pdf", []byte("%PDF-1.4\n%%EOF\n"))
	markup := s.put(t, openKey, "a.html", []byte("<!DOCTYPE html><script>alert(1)</script>"))
	for _, tt := range []struct{ uri, kind, disposition string }{
		{at(text, ""), "text/plain; charset=utf-8", "inline; filename=helloworld.txt"},
		{strings.TrimSuffix(at(text, ""), "/"), "text/plain; charset=utf-8", "inline; filename=helloworld.txt"},
		{at(text, "other.bin"), "text/plain; charset=utf-8", "inline; filename=other.bin"},
		{at(text, "-/inline/no/"), "text/plain; charset=utf-8", "attachment; filename=helloworld.txt"},
		{at(text, "-/inline/no/a%20b.txt"), "text/plain; charset=utf-8", `attachment; filename="a b.txt"`},
		{at(photo, ""), "image/png", "inline; filename=a.png"},
		{at(photo, "-/@clib/a/b/c/"), "image/png", "inline; filename=a.png"},
		{at(photo, "-/inline/yes/"), "image/png", "inline; filename=a.png"},
		{at(photo, "-/crop/2x2/-/flip/"), "image/png", "inline; filename=a.png"}, // nothing asks for a picture
		{at(drawing, ""), "image/svg+xml", "attachment; filename=a.svg"},
		{at(drawing, "-/inline/yes/"), "image/svg+xml", "attachment; filename=a.svg"},
		{at(document, ""), "application/pdf", "attachment; filename=a.pdf"},
		{at(markup, "-/inline/yes/"), "application/octet-stream", "attachment; filename=a.html"},
	} {
		w := s.get(t, tt.uri)
		h := w.Header()
		if w.Code != 200 || h.Get("Content-Type") != tt.kind || h.Get("Content-Disposition") != tt.disposition {
			t.Errorf("GET %s = %d, %q, %q, want %q, %q", tt.uri, w.Code, h.Get("Content-Type"), h.Get("Content-Disposition"), tt.kind, tt.disposition)
		}
		for name, want := range map[string]string{
			"Cache-Control": "public, max-age=31536000", "Access-Control-Allow-Origin": "*", "Access-Control-Allow-Methods": "HEAD, GET, OPTIONS",
			"X-Robots-Tag": "noindex, nofollow, nosnippet, noarchive", "Accept-Ranges": "bytes", "X-Content-Type-Options": "nosniff",
		} {
			if h.Get(name) != want {
				t.Errorf("GET %s: %s is %q, want %q", tt.uri, name, h.Get(name), want)
			}
		}
		if !strings.Contains(h.Get("Content-Security-Policy"), "sandbox") {
			t.Errorf("GET %s is not in a sandbox", tt.uri)
		}
	}
}

// A name in an address stays inside its header, whatever is in it.
func TestD3NamesInAddresses(t *testing.T) {
	s := newStackWith(t, delivery.Config{})
	file := s.put(t, openKey, "a.txt", []byte("a"))
	g := s.group(t, openKey, asset.Member{Asset: file.ID})
	for name, want := range map[string]string{
		"a%0d%0aSet-Cookie:%20x": "aSet-Cookie: x", "a%00b.txt": "ab.txt", "%22;%20filename=evil.exe;%22": `"; filename=evil.exe;"`, "..%2f..%2fetc%2fpasswd": "passwd",
		"%e2%80%aetxt.exe": "txt.exe", "%ff.txt": "\ufffd.txt", "%C3%BC.txt": "ü.txt", strings.Repeat("x", 300) + ".txt": "",
	} {
		for _, uri := range []string{at(file, name), groupOf(g) + "archive/zip/" + name} {
			w := s.get(t, uri)
			lines := w.Header().Values("Content-Disposition")
			if w.Code != 200 || len(lines) != 1 || w.Header().Get("Set-Cookie") != "" {
				t.Errorf("GET %s = %d, %v", uri, w.Code, w.Header())
				continue
			}
			_, params, err := mime.ParseMediaType(lines[0])
			if got := params["filename"]; err != nil || len(params) != 1 || want != "" && got != want || len(got) > 255 || got == "" {
				t.Errorf("GET %s is called %q by %q, %v, want %q", uri, got, lines[0], err, want)
			}
		}
	}
}

func TestConditionsAndRanges(t *testing.T) {
	s := newStackWith(t, delivery.Config{})
	file := at(s.put(t, openKey, "a.txt", []byte("0123456789")), "")
	w := s.get(t, file)
	tag := w.Header().Get("Etag")
	if w.Body.String() != "0123456789" || len(tag) != 34 || w.Header().Get("Last-Modified") == "" {
		t.Fatalf("GET = %q, %v", w.Body, w.Header())
	}
	if w := s.get(t, file, "If-None-Match: "+tag); w.Code != http.StatusNotModified || w.Body.Len() > 0 {
		t.Errorf("GET with its tag = %d, %q", w.Code, w.Body)
	}
	if w := s.get(t, file, "Range: bytes=2-4"); w.Code != http.StatusPartialContent || w.Body.String() != "234" {
		t.Errorf("GET of a range = %d, %q", w.Code, w.Body)
	}
	if w := s.get(t, file, "Range: bytes=20-"); w.Code != http.StatusRequestedRangeNotSatisfiable {
		t.Errorf("GET beyond the end = %d", w.Code)
	}
	if w := s.send(t, "HEAD", file); w.Code != 200 || w.Body.Len() > 0 || w.Header().Get("Content-Length") != "10" {
		t.Errorf("HEAD = %d, %q, %v", w.Code, w.Body, w.Header())
	}
	if w := s.send(t, "OPTIONS", file, "Origin: https://a.test", "Access-Control-Request-Method: GET"); w.Code != http.StatusNoContent || w.Header().Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("OPTIONS = %d, %v", w.Code, w.Header())
	}
	for _, method := range []string{"POST", "PUT", "DELETE", "PATCH"} {
		if w := s.send(t, method, file); w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "GET, HEAD, OPTIONS" {
			t.Errorf("%s = %d, %v", method, w.Code, w.Header())
		}
	}
}

// Every operation of the vectors is rendered.
func TestOperationsRender(t *testing.T) {
	s := newStack(t)
	base := s.put(t, openKey, "base.jpg", jpegOf(t, picture(400, 300)))
	mark := s.put(t, openKey, "mark.png", pngOf(t, picture(40, 40)))
	for _, form := range lines(t, "../chain/testdata/accepted.txt") {
		form = strings.ReplaceAll(form, "b18b5179-b9f6-4fdc-9920-5539f938fc44", mark.UUID.String())
		uri := at(base, "-/"+form+"/-/preview/")
		if name, _, _ := strings.Cut(form, "/"); name == "json" || name == "jsonp" || name == "main_colors" {
			uri = at(base, "-/preview/-/"+form+"/")
		}
		w := s.get(t, uri, "Accept: image/webp")
		if w.Code != 200 || w.Body.Len() == 0 {
			t.Errorf("GET %s = %d, %s", uri, w.Code, w.Body)
			continue
		}
		if strings.HasPrefix(w.Header().Get("Content-Type"), "image/") {
			c, _, err := image.DecodeConfig(bytes.NewReader(w.Body.Bytes()))
			if got := w.Header(); err != nil || got.Get("X-Image-Width") != itoa(c.Width) || got.Get("X-Image-Height") != itoa(c.Height) {
				t.Errorf("GET %s: %v, %+v, %v", uri, err, c, got)
			}
		}
	}
}

func TestNegotiation(t *testing.T) {
	s := newStack(t)
	photo := s.put(t, openKey, "photo.jpg", jpegOf(t, picture(64, 64)))
	clear := s.put(t, openKey, "clear.png", pngOf(t, image.NewNRGBA(image.Rect(0, 0, 8, 8))))
	for _, tt := range []struct{ uri, accept, kind, vary string }{
		{at(photo, "-/preview/"), "image/avif,image/webp,*/*", "image/avif", "Accept"},
		{at(photo, "-/preview/"), "image/webp,*/*", "image/webp", "Accept"},
		{at(clear, "-/preview/"), "*/*", "image/png", "Accept"},
		{at(photo, "-/preview/-/format/jpeg/"), "image/avif", "image/jpeg", ""},
		{at(clear, "-/preview/-/format/jpeg/"), "", "image/jpeg", ""},
		{at(clear, "-/preview/-/format/preserve/"), "image/avif", "image/png", ""},
		{at(photo, "-/preview/-/format/preserve/"), "image/avif", "image/jpeg", ""},
		{at(photo, "-/preview/-/format/png/"), "", "image/png", ""},
	} {
		w := s.get(t, tt.uri, "Accept: "+tt.accept)
		if h := w.Header(); w.Code != 200 || h.Get("Content-Type") != tt.kind || h.Get("Vary") != tt.vary || !strings.HasPrefix(h.Get("Content-Disposition"), "inline") {
			t.Errorf("GET %s for %q = %d, %v, want %s", tt.uri, tt.accept, w.Code, h, tt.kind)
		}
	}
	if w := s.get(t, at(photo, "-/preview/-/inline/no/a.webp"), "Accept: image/webp"); w.Header().Get("Content-Disposition") != "attachment; filename=a.webp" {
		t.Errorf("a picture to be saved: %v", w.Header())
	}
}

// What is refused says why; see the answers recorded by pyuploadcare.
func TestRefusals(t *testing.T) {
	s := newStack(t)
	text := s.put(t, openKey, "a.txt", []byte("hello"))
	photo := s.put(t, openKey, "a.png", pngOf(t, picture(8, 8)))
	broken := s.put(t, openKey, "b.png", append([]byte("\x89PNG\r\n\x1a\n"), "no image"...))
	const notImage = "Not supported for files that are not images."
	for uri, want := range map[string]string{
		at(text, "-/preview/"):                         notImage,
		at(text, "-/crop/10x10/20,20/"):                notImage, // as recorded, though it asks for no picture
		at(text, "-/json/"):                            notImage,
		at(text, "-/main_colors/"):                     notImage,
		at(text, "detect_faces/"):                      notImage,
		at(broken, "-/preview/"):                       notImage,
		at(broken, "-/json/"):                          notImage,
		at(photo, "-/brightness/101/"):                 "&#34;brightness/101&#34; is not possible: brightness takes a whole number from -100 to 100",
		at(photo, "-/%3Cscript%3E/"):                   "&#34;&lt;script&gt;&#34; is not known",
		at(photo, "-/resize/300x"):                     "&#34;resize&#34; is not possible",
		at(photo, "-/resize/3001x/"):                   "&#34;3001x&#34; is too large",
		at(photo, "preview/"):                          "&#34;preview&#34; is no operation",
		at(photo, "gif2video/"):                        "No video can be made of this file.",
		at(photo, "detect_faces/-/flip/"):              "detect_faces takes no operations",
		at(photo, "-/overlay/"+someFile+"/-/preview/"): "The file of an overlay is not found.",
	} {
		w := s.get(t, uri)
		h, body := w.Header(), w.Body.String()
		if w.Code != 400 || !strings.Contains(body, want) || !strings.Contains(body, "<title>400: Bad Request</title>") || !strings.Contains(body, "<h3>Bad Request</h3>") {
			t.Errorf("GET %s = %d, %s, want %s", uri, w.Code, body, want)
		}
		for name, value := range map[string]string{
			"Content-Type": "text/html; charset=UTF-8", "Cache-Control": "public, max-age=3600", "Vary": "Accept",
			"Content-Security-Policy": "sandbox; default-src 'unsafe-inline' data:; script-src 'none'", "Access-Control-Allow-Origin": "*",
		} {
			if h.Get(name) != value {
				t.Errorf("GET %s: %s is %q, want %q", uri, name, h.Get(name), value)
			}
		}
	}
}

// What is not there is a picture that says so.
func TestNotFound(t *testing.T) {
	s := newStackWith(t, delivery.Config{})
	gone := s.put(t, openKey, "a.png", pngOf(t, picture(8, 8)))
	if _, err := s.library.Trash(t.Context(), s.grant(t, openKey), []asset.ID{gone.ID}); err != nil {
		t.Fatal(err)
	}
	file := s.put(t, openKey, "b.png", pngOf(t, picture(8, 8)))
	g := s.group(t, openKey, asset.Member{Asset: file.ID})
	for _, uri := range []string{
		"/" + someFile + "/", "/" + someFile + "/-/preview/", "/" + someFile + "~1/", at(gone, ""), at(gone, "-/preview/"),
		at(file, "video/-/format/webm/"), at(file, "document/-/format/pdf/"), at(file, "adaptive_video/"),
		"/" + g.ID.String() + "~2/", "/" + g.ID.String() + "~1/nth/1/", "/" + g.ID.String() + "/", "/" + file.UUID.String() + "~1/",
	} {
		w := s.get(t, uri)
		if h := w.Header(); w.Code != 404 || h.Get("Content-Type") != "image/svg+xml" || !strings.Contains(w.Body.String(), "File not found") ||
			h.Get("Cache-Control") != "private, no-store" || !strings.Contains(h.Get("Content-Security-Policy"), "sandbox") {
			t.Errorf("GET %s = %d, %v, %s", uri, w.Code, h, w.Body)
		}
	}
	if w := s.get(t, "/robots.txt"); w.Code != 404 || w.Header().Get("Content-Type") == "image/svg+xml" {
		t.Errorf("a path of nobody is taken for one of ours: %d, %v", w.Code, w.Header())
	}
}

// A file is there before its owner asks to keep it.
func TestTemporaryFiles(t *testing.T) {
	s := newStackWith(t, delivery.Config{})
	file, err := s.uploads.Put(t.Context(), s.grant(t, openKey), upload.Spec{Name: "a.txt", Size: -1, Temporary: true}, strings.NewReader("a"))
	if err != nil || !file.Stored.IsZero() {
		t.Fatalf("Put = %+v, %v", file, err)
	}
	if w := s.get(t, at(file, "")); w.Code != 200 || w.Body.String() != "a" {
		t.Errorf("GET = %d, %s", w.Code, w.Body)
	}
}

// Without an engine, originals are there and pictures are not.
func TestNoEngine(t *testing.T) {
	s := newStackWith(t, delivery.Config{})
	photo := s.put(t, openKey, "a.png", pngOf(t, picture(8, 8)))
	if w := s.get(t, at(photo, "-/preview/")); w.Code != 400 || !strings.Contains(w.Body.String(), "This is not available on this server.") || w.Header().Get("Cache-Control") != "private, no-store" {
		t.Errorf("GET = %d, %v, %s", w.Code, w.Header(), w.Body)
	}
}

// A drawing stays one until it is to be pixels, and runs nothing either way.
func TestDrawings(t *testing.T) {
	s := newStack(t)
	drawing := s.put(t, openKey, "a.svg", []byte(`<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20"><rect width="20" height="20" fill="#f00"/></svg>`))
	for ops, want := range map[string]string{"-/preview/": "image/svg+xml", "-/resize/80x/-/blur/": "image/svg+xml", "-/rasterize/-/resize/80x/-/format/png/": "image/png"} {
		w := s.get(t, at(drawing, ops))
		h := w.Header()
		if w.Code != 200 || h.Get("Content-Type") != want || !strings.Contains(h.Get("Content-Security-Policy"), "sandbox") ||
			want == "image/svg+xml" && !strings.HasPrefix(h.Get("Content-Disposition"), "attachment") {
			t.Errorf("GET %s = %d, %v", ops, w.Code, h)
		}
	}
	if w := s.get(t, at(drawing, "-/resize/80x/")); !strings.Contains(w.Body.String(), `width="80"`) || !strings.Contains(w.Body.String(), "<svg") {
		t.Errorf("resized: %s", w.Body)
	}
	if v := object(t, s, at(drawing, "-/json/")); v["format"] != "SVG" || v["width"] != 40.0 {
		t.Errorf("the record is %v", v)
	}
}

// Every kind of failure has an answer; only what cannot become right is kept by
// caches.
func TestFailures(t *testing.T) {
	for _, kind := range fault.Kinds {
		w := httptest.NewRecorder()
		fail(w, httptest.NewRequest("GET", "/", nil), fmt.Errorf("about a secret: %w", kind))
		if _, ok := statuses[kind]; !ok || w.Code < 400 || w.Body.Len() == 0 || strings.Contains(w.Body.String(), "secret") || w.Header().Get("Cache-Control") != "private, no-store" {
			t.Errorf("%v is answered with %d, %v, %s", kind, w.Code, w.Header(), w.Body)
		}
		if again := w.Header().Get("Retry-After") != ""; again != (kind == fault.Busy || kind == fault.Unavailable) {
			t.Errorf("%v: Retry-After is %q", kind, w.Header().Get("Retry-After"))
		}
	}
	for _, tt := range []struct {
		err   error
		cache string
	}{
		{transform.TooLarge("too wide"), badChain},
		{ofImage(fmt.Errorf("no image: %w", fault.Invalid)), badChain},
		{ofImage(fmt.Errorf("deadline: %w", fault.TooLarge)), "private, no-store"},
		{ofImage(fmt.Errorf("no engine: %w", fault.Unsupported)), "private, no-store"},
	} {
		w := httptest.NewRecorder()
		fail(w, httptest.NewRequest("GET", "/", nil), tt.err)
		if w.Code != 400 || w.Header().Get("Cache-Control") != tt.cache {
			t.Errorf("%v is answered with %d, %v", tt.err, w.Code, w.Header())
		}
	}
}
