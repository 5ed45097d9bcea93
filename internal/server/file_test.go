package server

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/blob"
	"github.com/stowgate/stowgate/internal/blob/fileblob"
	"github.com/stowgate/stowgate/internal/blob/memblob"
	"github.com/stowgate/stowgate/internal/corpora"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/inspect"
)

var testTime = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// store keeps data in store and describes it.
func store(t *testing.T, s blob.Store, data []byte) asset.Asset {
	t.Helper()
	a := asset.Asset{ID: asset.NewID(), Name: "n.txt", Type: "text/plain", Detected: "text/plain", Modified: testTime}
	a.Content.SHA256 = sha256.Sum256(data)
	if len(data) > 0 {
		w, err := blob.CreateSegment(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		defer w.Close()
		w.Write(data)
		segment, err := w.Commit()
		if err != nil {
			t.Fatal(err)
		}
		a.Content.Segments = []blob.Segment{segment}
	}
	return a
}

// serve answers r with a, by a server as it is.
func serve(t *testing.T, s blob.Store, a asset.Asset, o FileOptions) http.Handler {
	vault := blob.NewVault(s, blob.VaultConfig{Trust: -1})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f, err := vault.Open(r.Context(), a.Content)
		if err != nil {
			t.Error(err)
			return
		}
		defer f.Close()
		if err := ServeFile(w, r, File{Asset: a, Content: f}, o); err != nil {
			http.Error(w, "cannot be read", http.StatusInternalServerError)
		}
	})
}

func TestServeFile(t *testing.T) {
	data := bytes.Repeat([]byte("0123456789"), 300_000) // three chunks
	s := new(memblob.Store)
	a := store(t, s, data)
	tag := `"` + fmt.Sprintf("%x", a.Content.SHA256[:16]) + `"`
	for _, tt := range []struct {
		name, method string
		header       map[string]string
		status       int
		from, to     int // of data
	}{
		{"whole", "GET", nil, 200, 0, len(data)},
		{"head", "HEAD", nil, 200, 0, 0},
		{"range", "GET", map[string]string{"Range": "bytes=5-9"}, 206, 5, 10},
		{"range over chunks", "GET", map[string]string{"Range": "bytes=1048570-2097160"}, 206, 1048570, 2097161},
		{"suffix", "GET", map[string]string{"Range": "bytes=-3"}, 206, len(data) - 3, len(data)},
		{"open end", "GET", map[string]string{"Range": "bytes=2999990-"}, 206, 2999990, len(data)},
		{"first byte", "GET", map[string]string{"Range": "bytes=0-0"}, 206, 0, 1},
		{"beyond", "GET", map[string]string{"Range": "bytes=3000000-"}, 416, 0, -1},
		{"other unit", "GET", map[string]string{"Range": "lines=1-2"}, 416, 0, -1},
		{"K6 two ranges", "GET", map[string]string{"Range": "bytes=0-0,5-9"}, 200, 0, len(data)},
		{"K6 1000 ranges", "GET", map[string]string{"Range": "bytes=0-" + strings.Repeat(",0-", 1000)}, 200, 0, len(data)},
		{"if-range same", "GET", map[string]string{"Range": "bytes=5-9", "If-Range": tag}, 206, 5, 10},
		{"if-range other", "GET", map[string]string{"Range": "bytes=5-9", "If-Range": `"x"`}, 200, 0, len(data)},
		{"not modified", "GET", map[string]string{"If-None-Match": tag}, 304, 0, 0},
		{"not modified since", "GET", map[string]string{"If-Modified-Since": testTime.Format(http.TimeFormat)}, 304, 0, 0},
		{"other tag", "GET", map[string]string{"If-None-Match": `"x"`}, 200, 0, len(data)},
		{"precondition", "GET", map[string]string{"If-Match": `"x"`}, 412, 0, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest(tt.method, "/", nil)
			for k, v := range tt.header {
				r.Header.Set(k, v)
			}
			w := httptest.NewRecorder()
			serve(t, s, a, FileOptions{}).ServeHTTP(w, r)
			if w.Code != tt.status {
				t.Fatalf("status %d, want %d: %s", w.Code, tt.status, w.Body)
			}
			if tt.to >= 0 && !bytes.Equal(w.Body.Bytes(), data[tt.from:tt.to]) {
				t.Errorf("body has %d bytes, want those from %d to %d", w.Body.Len(), tt.from, tt.to)
			}
			if tt.status < 300 {
				for k, want := range map[string]string{
					"ETag": tag, "Accept-Ranges": "bytes", "Last-Modified": testTime.Format(http.TimeFormat),
					"X-File-Name": "n.txt", "Cache-Control": "private, no-store",
				} {
					if got := w.Header().Get(k); got != want {
						t.Errorf("%s = %q, want %q", k, got, want)
					}
				}
				if tt.method == "HEAD" && w.Header().Get("Content-Length") != strconv.Itoa(len(data)) {
					t.Errorf("HEAD has Content-Length %q", w.Header().Get("Content-Length"))
				}
			}
		})
	}
}

func TestServeEmptyFile(t *testing.T) {
	s := new(memblob.Store)
	w := httptest.NewRecorder()
	serve(t, s, store(t, s, nil), FileOptions{}).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if w.Code != 200 || w.Body.Len() != 0 || w.Header().Get("Content-Length") != "0" {
		t.Errorf("empty file: %d, %v, %q", w.Code, w.Header(), w.Body)
	}
}

// TestK2Types: what browsers may do with a file follows from its bytes.
func TestK2Types(t *testing.T) {
	for _, tt := range []struct{ declared, detected, want, kind string }{
		{"image/png", "image/png", "image/png", "inline"},
		{"text/html", "image/png", "image/png", "inline"},
		{"image/png", "text/html", opaque, "attachment"},
		{"text/html", "text/html", opaque, "attachment"},
		{"text/html", "text/plain", "text/plain; charset=utf-8", "inline"},
		{"text/csv", "text/plain", "text/csv; charset=utf-8", "inline"},
		{"", "text/plain", "text/plain; charset=utf-8", "inline"},
		{"text/javascript", "text/plain", "text/plain; charset=utf-8", "inline"},
		{"image/svg+xml", "image/svg+xml", "image/svg+xml", "attachment"},
		{"image/svg+xml", "text/plain", "text/plain; charset=utf-8", "inline"},
		{"application/pdf", "application/pdf", "application/pdf", "attachment"},
		{"application/xhtml+xml", "text/xml", opaque, "attachment"},
		{"application/gzip", "application/gzip", "application/gzip", "attachment"},
		{"text/html", "application/gzip", opaque, "attachment"},
		{"text/html", "application/octet-stream", opaque, "attachment"},
		{"font/woff2", "application/octet-stream", "font/woff2", "attachment"},
		{"", "", opaque, "attachment"},
		{"x\r\nX-Evil: 1", "application/octet-stream", opaque, "attachment"},
		{"text/plain; x=\"\r\nX-Evil: 1\"", "text/plain", "text/plain; charset=utf-8", "inline"},
	} {
		a := asset.Asset{Name: "n", Type: tt.declared, Detected: tt.detected}
		h := http.Header{}
		setFileHeader(h, a, FileOptions{})
		kind, _, _ := strings.Cut(h.Get("Content-Disposition"), ";")
		if got := h.Get("Content-Type"); got != tt.want || kind != tt.kind {
			t.Errorf("declared %q, detected %q: %s, %s; want %s, %s", tt.declared, tt.detected, got, kind, tt.want, tt.kind)
		}
	}
}

// TestK2Probes detects and answers the files that browsers are tricked with.
func TestK2Probes(t *testing.T) {
	names, err := filepath.Glob(filepath.Join(corpora.Dir(t, "sniff-probes"), "*"))
	if err != nil || len(names) == 0 {
		t.Fatalf("found %d files: %v", len(names), err)
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, declared := range []string{"text/html", "text/javascript", "image/svg+xml", "image/png", ""} {
			detected := inspect.Detect(data[:min(len(data), 4096)])
			h := http.Header{}
			setFileHeader(h, asset.Asset{Name: "n", Type: declared, Detected: detected}, FileOptions{})
			kind, _, _ := strings.Cut(h.Get("Content-Disposition"), ";")
			if kind == "inline" && inspect.Active(h.Get("Content-Type")) || h.Get("Content-Type") == "text/html" ||
				strings.Contains(h.Get("Content-Type"), "javascript") {
				t.Errorf("%s declared %q, detected %q: sent as %s, %s", filepath.Base(name), declared, detected, h.Get("Content-Type"), kind)
			}
		}
	}
}

func TestK2Header(t *testing.T) {
	h := http.Header{}
	setFileHeader(h, asset.Asset{Name: "a.png", Type: "image/png", Detected: "image/png"},
		FileOptions{Download: true, Name: "b.png", CacheControl: "public, max-age=60", ResourcePolicy: "same-site"})
	for k, want := range map[string]string{
		"X-Content-Type-Options":       "nosniff",
		"Content-Security-Policy":      "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox",
		"Referrer-Policy":              "no-referrer",
		"Cross-Origin-Resource-Policy": "same-site",
		"Cache-Control":                "public, max-age=60",
		"X-File-Name":                  "a.png",
		"Set-Cookie":                   "",
	} {
		if got := h.Get(k); got != want {
			t.Errorf("%s = %q, want %q", k, got, want)
		}
	}
	kind, params, err := mime.ParseMediaType(h.Get("Content-Disposition"))
	if kind != "attachment" || params["filename"] != "b.png" || err != nil {
		t.Errorf("Content-Disposition = %q", h.Get("Content-Disposition"))
	}
	setFileHeader(h, asset.Asset{Name: "n"}, FileOptions{})
	if got := h.Get("Cross-Origin-Resource-Policy"); got != "cross-origin" {
		t.Errorf("Cross-Origin-Resource-Policy = %q by default, want cross-origin", got)
	}
}

// TestK3Names: no name changes the header but for its own line.
func TestK3Names(t *testing.T) {
	for _, name := range []string{"a\r\nX-Evil: 1", "a\nb", "a\x00b", "\u202etxt.exe", "日本語.png", `a"; filename="b`, "a%0d%0ab", "é.txt", "a\x7fb"} {
		for _, o := range []FileOptions{{}, {Name: name}} {
			h := http.Header{}
			setFileHeader(h, asset.Asset{Name: name, Detected: "image/png"}, o)
			for k, values := range h {
				for _, v := range values {
					if strings.ContainsFunc(v, func(c rune) bool { return c < ' ' || c > '~' }) || len(values) != 1 {
						t.Errorf("name %q: %s = %q", name, k, values)
					}
				}
			}
		}
	}
}

// TestK7Damage: damage in the first chunk is an error; damage that shows later
// breaks the connection.
func TestK7Damage(t *testing.T) {
	data := bytes.Repeat([]byte("0123456789"), 300_000)
	for _, tt := range []struct {
		name, method, ranges string
		flip                 int
		status               int // 0 means that the connection breaks
	}{
		{"first byte", "GET", "", 0, 500},
		{"second chunk", "GET", "", blob.ChunkSize + 5, 0},
		{"last byte", "GET", "", len(data) - 1, 0},
		{"in range", "GET", "bytes=1048576-1048580", blob.ChunkSize + 5, 500},
		{"outside range", "GET", "bytes=0-9", blob.ChunkSize + 5, 206},
		{"head", "HEAD", "", 0, 200},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := new(memblob.Store)
			a := store(t, s, data)
			s.Edit(a.Content.Segments[0].Key, func(b []byte) []byte {
				b[tt.flip] ^= 1
				return b
			})
			web := httptest.NewServer(serve(t, s, a, FileOptions{}))
			defer web.Close()
			r, _ := http.NewRequestWithContext(t.Context(), tt.method, web.URL, nil)
			if tt.ranges != "" {
				r.Header.Set("Range", tt.ranges)
			}
			res, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			body, err := io.ReadAll(res.Body)
			if tt.status == 0 {
				if err == nil || !bytes.HasPrefix(data, body) {
					t.Errorf("read %d bytes, %v; want good ones, then an error", len(body), err)
				}
				return
			}
			if res.StatusCode != tt.status || err != nil {
				t.Errorf("status %d, %v; want %d", res.StatusCode, err, tt.status)
			}
			if tt.status == 500 && (res.Header.Get("ETag") != "" || res.Header.Get("X-File-Name") != "" || bytes.Contains(body, []byte("0123"))) {
				t.Errorf("the error has header %v and body %q", res.Header, body)
			}
		})
	}
}

// shortContent ends before it should.
type shortContent struct{ io.ReadSeeker }

func (s shortContent) Seek(offset int64, whence int) (int64, error) {
	if whence == io.SeekEnd {
		return 100, nil
	}
	return s.ReadSeeker.Seek(offset, whence)
}

func TestServeShortContent(t *testing.T) {
	r := httptest.NewRequest("GET", "/", nil)
	err := ServeFile(httptest.NewRecorder(), r, File{Content: shortContent{strings.NewReader("")}}, FileOptions{})
	if !errors.Is(err, fault.Damaged) {
		t.Errorf("ServeFile of content that ends early = %v, want %v", err, fault.Damaged)
	}
}

// sendfileSpy sees what the connection is given to send.
type sendfileSpy struct {
	http.ResponseWriter
	files int
}

func (w *sendfileSpy) ReadFrom(src io.Reader) (int64, error) {
	if _, ok := src.(interface {
		Next() (f *os.File, offset, n int64)
	}); ok {
		w.files++
	}
	return io.Copy(struct{ io.Writer }{w.ResponseWriter}, src)
}

// TestSendfile: a file in a folder reaches the connection as a file, through
// everything that is put around a ResponseWriter.
func TestSendfile(t *testing.T) {
	s, err := fileblob.Open(t.TempDir(), fileblob.Config{Reserve: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	data := bytes.Repeat([]byte("0123456789"), 300_000)
	a := store(t, s, data)
	web := httptest.NewRecorder()
	spy := &sendfileSpy{ResponseWriter: web}
	rec := &recorder{ResponseWriter: spy, control: http.NewResponseController(spy)}
	serve(t, s, a, FileOptions{}).ServeHTTP(rec, httptest.NewRequest("GET", "/", nil).WithContext(context.Background()))
	if spy.files == 0 {
		t.Error("the connection is not given a file")
	}
	if !bytes.Equal(web.Body.Bytes(), data) || rec.bytes != int64(len(data)) || rec.status != 200 {
		t.Errorf("sent %d bytes, counted %d, status %d", web.Body.Len(), rec.bytes, rec.status)
	}
}
