package clients_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

const mib = 1 << 20

// A fixture is the server behind a proxy, with one origin and plain http, and
// a browser that calls it.
type fixture struct {
	*browser
	*server
	*proxy
	remote remote
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	b, p := launch(t), newProxy(t)
	origin := newRemote(t, nil)
	s := start(t, append(origin.args, "--listen=127.0.0.1:0", "--public-url", p.URL)...)
	p.target, _ = url.Parse(s.URL)
	return &fixture{b, s, p, origin}
}

// page returns how a page of a is set up, signed or not.
func (f *fixture) page(a app, c *credentials) setup {
	return setup{APIKey: a.Key, URLs: urls(f.proxy.URL), Security: c}
}

// file describes a file for a page to make. Its bytes depend on its size only.
func file(name string, size int) map[string]any {
	return map[string]any{"name": name, "type": "application/x-noise", "size": size, "seed": size + 1}
}

// digest is the SHA-256 of the file that file describes.
func digest(size int) string {
	return digestOf(content(size, uint32(size+1)))
}

// A stored is what filestack-js says of a stored file.
type stored struct {
	Handle, URL, Filename, MIMEType, Status, Key, Container string

	Size      int64
	Tags      map[string]string
	Workflows map[string]struct{ JobID string }
	Percents  []int
}

// TestBrowser runs filestack-js in Chromium over plain http, with session.urls.
func TestBrowser(t *testing.T) {
	f := newFixture(t)
	for _, tt := range []struct {
		name string
		test func(*testing.T, *fixture)
	}{
		{"uploads", testUploads},
		{"uploads 200 MiB", testUploads200MiB},
		{"uploads several", testUploadsSeveral},
		{"store options", testStoreOptions},
		{"pauses", testPauses},
		{"cancels", testCancels},
		{"retries", testRetries},
		{"loses answers", testLosesAnswers},
		{"imports", testImports},
		{"reads and removes", testReadsAndRemoves},
		{"refusals", testRefusals},
	} {
		t.Run(tt.name, func(t *testing.T) { tt.test(t, f) })
	}
}

func testUploads(t *testing.T, f *fixture) {
	for _, security := range []string{"on", "off"} {
		a := f.app(t, security)
		var c *credentials
		if security == "on" {
			c = a.sign(everything)
		}
		for _, tt := range []struct {
			name    string
			size    int
			options map[string]any
			puts    int // parts, each sent once
		}{
			{"plain of 1 byte", 1, nil, 1},
			{"plain of 5 MiB", 5 * mib, nil, 1},
			{"plain of one part and a byte", 6*mib + 1, nil, 2},
			{"plain of 20 MiB", 20 * mib, map[string]any{"partSize": 5 * mib, "concurrency": 4}, 4},
			{"plain without integrity check", 5 * mib, map[string]any{"disableIntegrityCheck": true}, 1},
			{"intelligent of 1 byte", 1, map[string]any{"intelligent": true}, 1},
			{"intelligent of 20 MiB", 20 * mib, map[string]any{"intelligent": true}, 3},
			{"fallback of 5 MiB", 5 * mib, map[string]any{"intelligent": "fallback"}, 1},
			{"fallback of 20 MiB", 20 * mib, map[string]any{"intelligent": "fallback"}, 3},
		} {
			if security == "off" && tt.size == 20*mib {
				continue // what is signed makes no difference to the parts
			}
			t.Run(tt.name+" security "+security, func(t *testing.T) {
				f.reset()
				var got stored
				f.must(t, "upload", f.page(a, c), map[string]any{"file": file("noise.bin", tt.size), "options": tt.options}, &got)
				if got.Status != "Stored" || got.Filename != "noise.bin" || got.Size != int64(tt.size) || got.URL != f.proxy.URL+"/"+got.Handle {
					t.Errorf("upload = %+v, want noise.bin, Stored, of %d bytes", got, tt.size)
				}
				if n := f.count(http.MethodPut, "/"); n != tt.puts {
					t.Errorf("upload took %d PUTs, want %d", n, tt.puts)
				}
				if !slices.IsSorted(got.Percents) || got.Percents[len(got.Percents)-1] > 100 {
					t.Errorf("progress went %v %%", got.Percents)
				}
				f.mustRead(t, got.Handle, c, digest(tt.size))
				if security == "on" {
					if status, _, _ := f.read(t, got.Handle, nil); status != http.StatusForbidden {
						t.Errorf("GET without a policy = %d, want 403", status)
					}
				}
			})
		}
	}
}

func testUploads200MiB(t *testing.T, f *fixture) {
	if testing.Short() {
		t.Skip("skipped: -short")
	}
	a := f.app(t, "on")
	c := a.sign(everything)
	var got stored
	f.must(t, "upload", f.page(a, c), map[string]any{"file": file("large.bin", 200*mib)}, &got)
	f.mustRead(t, got.Handle, c, digest(200*mib))
}

func testUploadsSeveral(t *testing.T, f *fixture) {
	a := f.app(t, "on")
	c := a.sign(everything)
	sizes := []int{1, 100, 70_000, 6 * mib, 7 * mib, 13 * mib}
	var files []any
	for i, size := range sizes {
		files = append(files, file(fmt.Sprintf("noise-%d.bin", i), size))
	}
	for _, options := range []map[string]any{{}, {"intelligent": true}} {
		var got []stored
		f.must(t, "multiupload", f.page(a, c), map[string]any{"files": files, "options": options}, &got)
		if len(got) != len(sizes) {
			t.Fatalf("multiupload gave %d files, want %d", len(got), len(sizes))
		}
		for i, size := range sizes {
			if want := fmt.Sprintf("noise-%d.bin", i); got[i].Filename != want || got[i].Status != "Stored" {
				t.Errorf("file %d = %+v, want %s, Stored", i, got[i], want)
			}
			f.mustRead(t, got[i].Handle, c, digest(size))
		}
	}
}

func testStoreOptions(t *testing.T, f *fixture) {
	a := f.app(t, "on")
	c := a.sign(everything)
	var got stored
	f.must(t, "upload", f.page(a, c), map[string]any{
		"file":    file("own.bin", 1000),
		"options": map[string]any{"tags": map[string]any{"order": "42", "kind": "é"}},
		"store": map[string]any{"filename": "given.txt", "mimetype": "text/plain", "path": "/in/here/", "container": "bucket",
			"access": "public", "workflows": []string{"flow-1"}, "altText": "a picture of noise"},
	}, &got)
	if got.Filename != "given.txt" || got.MIMEType != "application/x-noise" && got.MIMEType != "text/plain" {
		t.Errorf("upload = %+v, want given.txt", got)
	}
	if !strings.HasPrefix(got.Key, "in/here/") || !strings.HasSuffix(got.Key, "_given.txt") || got.Container != "bucket" {
		t.Errorf("upload went to %s in %s, want in/here/..._given.txt in bucket", got.Key, got.Container)
	}
	if got.Tags["order"] != "42" || got.Tags["kind"] != "é" || got.Workflows["flow-1"].JobID == "" {
		t.Errorf("upload has tags %v and workflows %v", got.Tags, got.Workflows)
	}
	var metadata map[string]any
	f.must(t, "metadata", f.page(a, c), map[string]any{"handle": got.Handle}, &metadata)
	for key, want := range map[string]any{
		"filename": "given.txt", "size": 1000.0, "container": "bucket", "path": got.Key, "writeable": true, "handle": got.Handle,
	} {
		if metadata[key] != want {
			t.Errorf("metadata has %s = %v, want %v", key, metadata[key], want)
		}
	}
}

func testPauses(t *testing.T, f *fixture) {
	a := f.app(t, "on")
	c := a.sign(everything)
	var got struct {
		stored
		Before, After, All int
	}
	f.must(t, "pause", f.page(a, c), map[string]any{
		"file": file("noise.bin", 30*mib), "options": map[string]any{"partSize": 5 * mib, "concurrency": 1},
	}, &got)
	if got.Before != got.After || got.After >= got.All {
		t.Errorf("page made %d requests before the pause, %d after, %d in all: it did not pause", got.Before, got.After, got.All)
	}
	f.mustRead(t, got.Handle, c, digest(30*mib))
}

func testCancels(t *testing.T, f *fixture) {
	a := f.app(t, "on")
	f.reset()
	err := f.mustFail(t, "cancel", f.page(a, a.sign(everything)), map[string]any{
		"file": file("noise.bin", 30*mib), "options": map[string]any{"partSize": 5 * mib, "concurrency": 1},
	})
	if n := f.count(http.MethodPost, "/multipart/complete"); n != 0 {
		t.Errorf("a canceled upload was completed %d times (%v)", n, err)
	}
	var got stored
	f.must(t, "upload", f.page(a, a.sign(everything)), map[string]any{"file": file("next.bin", 1000)}, &got)
	f.mustRead(t, got.Handle, a.sign(everything), digest(1000))
}

func testRetries(t *testing.T, f *fixture) {
	a := f.app(t, "on")
	c := a.sign(everything)
	for _, tt := range []struct {
		name        string
		intelligent any
		put, status int // which PUT is broken, and how
	}{
		{"plain part cut off", false, 2, 0},
		{"plain part answered 503", false, 2, http.StatusServiceUnavailable},
		{"first part cut off", false, 1, 0},
		{"intelligent chunk cut off", true, 2, 0},
		{"intelligent chunk answered 503", true, 2, http.StatusServiceUnavailable},
		{"fallback turns intelligent", "fallback", 2, http.StatusServiceUnavailable},
		{"fallback turns intelligent when cut off", "fallback", 1, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f.reset()
			f.meddle(t, breakOnce(tt.put, tt.status))
			options := map[string]any{"intelligent": tt.intelligent, "concurrency": 1}
			var got stored
			f.must(t, "upload", f.page(a, c), map[string]any{"file": file("noise.bin", 9*mib), "options": options}, &got)
			f.mustRead(t, got.Handle, c, digest(9*mib))
			if parts, n := 2, f.count(http.MethodPut, "/"); n <= parts {
				t.Errorf("upload took %d PUTs: none was broken", n)
			}
			if n := f.count(http.MethodPost, "/multipart/commit"); (n > 0) != (tt.intelligent != false) {
				t.Errorf("upload made %d commits", n)
			}
		})
	}
}

// testLosesAnswers drops answers of the server after it has done what
// was asked: the client asks again, and one file comes of it.
func testLosesAnswers(t *testing.T, f *fixture) {
	a := f.app(t, "on")
	c := a.sign(everything)
	for _, path := range []string{"/multipart/start", "/multipart/upload", "/multipart/complete"} {
		t.Run(path, func(t *testing.T) {
			lost := false
			f.meddle(t, func(w http.ResponseWriter, r *http.Request) bool {
				if lost || r.URL.Path != path || r.Method != http.MethodPost {
					return false
				}
				lost = true
				req, _ := http.NewRequest(r.Method, f.server.URL+r.URL.Path, r.Body)
				req.Header = r.Header
				if res, err := http.DefaultClient.Do(req); err == nil {
					res.Body.Close()
				}
				panic(http.ErrAbortHandler)
			})
			var got stored
			f.must(t, "upload", f.page(a, c), map[string]any{"file": file("noise.bin", 6*mib)}, &got)
			f.mustRead(t, got.Handle, c, digest(6*mib))
			if !lost {
				t.Error("no answer was lost")
			}
		})
	}
}

func testImports(t *testing.T, f *fixture) {
	for _, security := range []string{"on", "off"} {
		a := f.app(t, security)
		var c *credentials
		if security == "on" {
			c = a.sign(everything)
		}
		var got struct {
			stored
			UploadTags map[string]string
		}
		f.must(t, "storeURL", f.page(a, c), map[string]any{
			"url": f.remote.URL + "/noise.bin", "store": map[string]any{"path": "in/"}, "tags": map[string]any{"via": "url"},
		}, &got)
		if got.Filename != "noise.bin" || got.Size != 3*mib || got.MIMEType != "application/x-noise" || got.UploadTags["via"] != "url" {
			t.Errorf("storeURL = %+v, want noise.bin", got)
		}
		f.mustRead(t, got.Handle, c, digestOf(content(3*mib, 1)))
	}
	a := f.app(t, "on")
	for _, url := range []string{f.remote.URL + "/not-there", "http://10.0.0.1/secret"} {
		err := f.mustFail(t, "storeURL", f.page(a, a.sign(everything)), map[string]any{"url": url})
		if err.Status != http.StatusBadRequest {
			t.Errorf("storeURL of %s: %v, want status 400", url, err)
		}
	}
}

func testReadsAndRemoves(t *testing.T, f *fixture) {
	a := f.app(t, "on")
	c := a.sign(everything)
	p := f.page(a, c)
	var up stored
	f.must(t, "upload", p, map[string]any{"file": file("noise.bin", 100_000)}, &up)
	handle := map[string]any{"handle": up.Handle}

	var metadata map[string]any
	f.must(t, "metadata", p, map[string]any{"handle": up.Handle, "fields": map[string]any{"sha256": true, "size": true, "exif": false}}, &metadata)
	if len(metadata) != 3 || metadata["sha256"] != digest(100_000) || metadata["size"] != 100_000.0 {
		t.Errorf("metadata = %v, want handle, size and sha256 only", metadata)
	}
	var got struct {
		Status  int
		Size    int64
		SHA256  string
		Headers map[string]string
	}
	f.must(t, "download", p, handle, &got)
	if got.Status != http.StatusOK || got.SHA256 != digest(100_000) {
		t.Errorf("download = %+v, want the file", got)
	}
	var text stored
	f.must(t, "upload", p, map[string]any{"file": map[string]any{"name": "n.txt", "type": "text/plain", "text": "a text"}}, &text)
	var retrieved string
	f.must(t, "retrieve", p, map[string]any{"handle": text.Handle, "options": map[string]any{"extension": "md"}}, &retrieved)
	if retrieved != "a text" {
		t.Errorf("retrieve = %q, want the text", retrieved)
	}
	var header map[string]string
	f.must(t, "retrieve", p, map[string]any{"handle": up.Handle, "options": map[string]any{"head": true}}, &header)
	if header["content-length"] != "100000" || header["x-file-name"] != "noise.bin" {
		t.Errorf("retrieve with head = %v", header)
	}
	f.must(t, "retrieve", p, map[string]any{"handle": up.Handle, "options": map[string]any{"metadata": true}}, &metadata)
	if metadata["filename"] != "noise.bin" {
		t.Errorf("retrieve with metadata = %v", metadata)
	}
	var prefetched map[string]any
	f.must(t, "prefetch", p, map[string]any{"permissions": []string{"intelligent_ingestion"}}, &prefetched)
	if prefetched["blocked"] != false {
		t.Errorf("prefetch = %v, want blocked: false", prefetched)
	}

	var removed struct{ Status int }
	f.must(t, "remove", p, handle, &removed)
	if removed.Status != http.StatusOK {
		t.Errorf("remove = %d, want 200", removed.Status)
	}
	if err := f.mustFail(t, "metadata", p, handle); err.Status != http.StatusNotFound {
		t.Errorf("metadata after remove = %v, want status 404", err)
	}
	if status, _, _ := f.read(t, up.Handle, c); status != http.StatusNotFound {
		t.Errorf("GET after remove = %d, want 404", status)
	}
}

// testRefusals shows that a page gets no more than its policy says.
func testRefusals(t *testing.T, f *fixture) {
	a, other := f.app(t, "on"), f.app(t, "on")
	upload := map[string]any{"file": file("noise.bin", 1000)}
	var up stored
	f.must(t, "upload", f.page(a, a.sign(everything)), upload, &up)
	handle := map[string]any{"handle": up.Handle}
	tampered := a.sign(everything)
	tampered.Policy = a.sign(map[string]any{"maxSize": 1 << 40}).Policy

	for _, tt := range []struct {
		name     string
		scenario string
		c        *credentials
		args     map[string]any
	}{
		{"no policy", "upload", nil, upload},
		{"expired", "upload", a.sign(map[string]any{"expiry": 1}), upload},
		{"tampered", "upload", tampered, upload},
		{"of another app", "upload", other.sign(everything), upload},
		{"only reading", "upload", a.sign(map[string]any{"call": []string{"read"}}), upload},
		{"too large", "upload", a.sign(map[string]any{"maxSize": 999}), upload},
		{"too small", "upload", a.sign(map[string]any{"minSize": 1001}), upload},
		{"wrong path", "upload", a.sign(map[string]any{"path": "/allowed/.*"}), upload},
		{"remove without the call", "remove", a.sign(map[string]any{"call": []string{"read", "stat"}}), handle},
		{"remove another file", "remove", a.sign(map[string]any{"handle": "00000000000000000000"}), handle},
		{"remove by another app", "remove", other.sign(everything), handle},
		{"metadata without the call", "metadata", a.sign(map[string]any{"call": []string{"read"}}), handle},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f.reset()
			err := f.mustFail(t, tt.scenario, f.page(a, tt.c), tt.args)
			if err.Status != http.StatusForbidden {
				t.Errorf("%s: %v, want status 403", tt.scenario, err)
			}
			if n := f.count(http.MethodPut, "/"); n != 0 {
				t.Errorf("the page sent %d parts of an upload that was refused", n)
			}
		})
	}
	f.mustRead(t, up.Handle, a.sign(everything), digest(1000))
}
