package hostile_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"image/color"
	"mime"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stowgate/stowgate/internal/corpora"
)

// colorOf returns the colour in the middle of an answer.
func colorOf(t *testing.T, r reply) color.NRGBA {
	t.Helper()
	im, _, err := decode(r.body)
	if r.status != http.StatusOK || err != nil {
		t.Fatalf("%v: %v", r, err)
	}
	b := im.Bounds()
	return color.NRGBAModel.Convert(im.At((b.Min.X+b.Max.X)/2, (b.Min.Y+b.Max.Y)/2)).(color.NRGBA)
}

// After a file was overwritten or deleted nobody gets what was made of it
// before, whatever he asks for and shows.
func TestK4OldVariantsGone(t *testing.T) {
	s := start(t)
	a := s.app(t, "old", "on")
	all := a.may("store", "read", "convert", "write", "remove")
	colors := []color.NRGBA{{255, 0, 0, 255}, {0, 0, 255, 255}, {0, 255, 0, 255}}
	handle := s.mustStore(t, a, "a.png", encodePNG(t, plain(80, 60, colors[0])), all)
	paths := []string{"/resize=width:40/" + handle, "/output=format:webp/" + handle, "/blur/resize=width:33/output=format:png/" + handle}
	etags := map[string]string{}
	for i, c := range colors {
		if i > 0 {
			stop := make(chan struct{})
			var readers sync.WaitGroup
			for range 4 { // who asks meanwhile may get either, and must not bring the old one back
				readers.Go(func() {
					for n := 0; ; n++ {
						select {
						case <-stop:
							return
						default:
							s.get(paths[n%len(paths)] + "?" + all)
						}
					}
				})
			}
			r := s.do("POST", "/api/file/"+handle+"?key="+a.Key+"&"+all, encodePNG(t, plain(80, 60, c)), "Content-Type", "image/png")
			if r.status != http.StatusOK {
				t.Fatalf("overwrite: %v", r)
			}
			for _, path := range paths {
				if got := colorOf(t, s.get(path+"?"+all)); !near(got.R, c.R) || !near(got.G, c.G) || !near(got.B, c.B) {
					t.Errorf("%s right after overwriting: %v, want %v", path, got, c)
				}
			}
			close(stop)
			readers.Wait()
		}
		for _, path := range paths {
			for range 3 {
				r := s.get(path+"?"+all, "If-None-Match", etags[path])
				if got := colorOf(t, r); !near(got.R, c.R) || !near(got.G, c.G) || !near(got.B, c.B) {
					t.Errorf("%s: %v, want %v", path, got, c)
				}
			}
			etags[path] = s.get(path + "?" + all).header.Get("Etag")
			if r := s.get(path+"?"+all, "If-None-Match", etags[path]); r.status != http.StatusNotModified {
				t.Errorf("%s with its tag %q: %v", path, etags[path], r)
			}
		}
	}
	if r := s.do("DELETE", "/api/file/"+handle+"?key="+a.Key+"&"+all, nil); r.status != http.StatusOK {
		t.Fatalf("delete: %v", r)
	}
	for _, path := range paths {
		if r := s.get(path+"?"+all, "If-None-Match", etags[path]); r.status != http.StatusNotFound {
			t.Errorf("%s after deleting: %v, want 404", path, r)
		}
	}
}

// What is kept is not for those whose policy has expired, and what was made for
// those with a policy is not for caches that others share.
func TestK5KeptVariantExpired(t *testing.T) {
	s := start(t)
	a := s.app(t, "expired", "on")
	handle := s.mustStore(t, a, "a.png", encodePNG(t, quarters(80, 60)), a.may("store"))
	expires := time.Now().Add(3 * time.Second)
	short := a.sign(map[string]any{"expiry": expires.Unix(), "call": []string{"convert"}})
	path := "/resize=width:40/" + handle
	r := s.get(path + "?" + short)
	if cache := r.header.Get("Cache-Control"); r.status != http.StatusOK || !strings.HasPrefix(cache, "private") {
		t.Fatalf("Cache-Control %q of %v", cache, r)
	}
	time.Sleep(time.Until(expires.Add(time.Second)))
	for _, header := range [][]string{nil, {"If-None-Match", r.header.Get("Etag")}, {"Range", "bytes=0-9"}} {
		again := s.get(path+"?"+short, header...)
		if again.status != http.StatusForbidden || !bytes.Contains(again.body, []byte("policy error: the policy has expired")) {
			t.Errorf("expired, with %q: %v", header, again)
		}
	}
	renders := s.metric(t, "stowgate_variant_renders_total")
	if r := s.get(path + "?" + a.may("convert")); r.status != http.StatusOK {
		t.Errorf("another policy: %v", r)
	}
	if n := s.metric(t, "stowgate_variant_renders_total"); n != renders {
		t.Error("the variant was not kept, so that nothing was tested")
	}
}

// However it is spelt: who may only read does not convert, and nor does who shows
// nothing. Nobody is told more than that.
func TestA4SpellingsNeedConvert(t *testing.T) {
	o := newOrigin(t)
	s := start(t, o.args...)
	a := s.app(t, "spellings", "on")
	o.files.Store("/a.png", encodePNG(t, quarters(80, 60)))
	outside := o.URL + "/a.png"
	handle := s.mustStore(t, a, "a.png", encodePNG(t, quarters(80, 60)), a.may("store"))
	if r := s.get("/resize=width:40/" + handle + "?" + a.may("convert")); r.status != http.StatusOK {
		t.Fatalf("who may convert: %v", r)
	}
	b64 := base64.URLEncoding.EncodeToString
	jobs := s.metric(t, "stowgate_image_jobs_total")
	for _, who := range []string{"", a.may("read", "stat", "pick", "store", "write", "remove"), a.may(), a.sign(map[string]any{"expiry": 1, "call": "convert"})} {
		q, _ := url.ParseQuery(who)
		policy, signature := q.Get("policy"), q.Get("signature")
		task := "security=policy:" + policy + ",signature:" + signature
		if who == "" {
			task = "cache"
		}
		list := []string{
			"/resize=width:40/" + handle + "?" + who,
			"/resize=width:40/" + task + "/" + handle,
			"/" + task + "/resize=width:40/" + handle,
			"/" + a.Key + "/resize=width:40/" + task + "/" + handle,
			"/resize=width:40//" + task + "//" + handle,
			"//resize=width:40/" + task + "/" + handle,
			"/RESIZE=width:40/" + task + "/" + handle,
			"/%72esize=width:40/" + task + "/" + handle,
			"/resize=width%3A40/" + task + "/" + handle,
			"/resize%3Dwidth:40/" + task + "/" + handle,
			"/resize=width:40/" + strings.NewReplacer("policy:", "p:", "signature:", "s:").Replace(task) + "/" + handle,
			"/resize=width:40/" + task + "/" + handle + "/",
			"/resize=width:40/" + task + "/" + handle + "+a.png",
			"/resize=width:40/" + task + "/[" + handle + "]",
			"/imagesize/" + handle + "?" + who,
			"/output=format:jpg/" + handle + "?" + who,
			"/auto_image/" + handle + "?" + who,
			"/quality=value:50/" + handle + "?" + who,
			"/compress/" + handle + "?" + who,
			"/no_metadata/" + handle + "?" + who,
			"/ascii/" + handle + "?" + who,
			"/detect_faces=export:true/" + handle + "?" + who,
			"/resize=width:40/store/" + handle + "?" + who,
			"/resize=width:40/fallback=handle:" + handle + "/" + handle + "?" + who,
			"/resize=width:40/content=filename:x/" + handle + "?" + who,
			"/debug/resize=width:40/" + handle + "?" + who,
			"/resize=width:nonsense/" + handle + "?" + who,
			"/resize=width:99999/" + handle + "?" + who,
			"/api/file/" + handle + "/convert?w=40&" + who,
			"/api/file/" + handle + "/convert?format=jpg&" + who,
			"/" + a.Key + "/b64/" + b64([]byte(`[{"name":"resize","params":{"width":40}}]`)) + "/b64://" + b64([]byte(handle)) + "?" + who,
			"/" + a.Key + "/b64/" + b64(fmt.Appendf(nil, `[{"name":"resize","params":{"width":40}},{"name":"security","params":{"policy":%q,"signature":%q}}]`, policy, signature)) +
				"/b64://" + b64([]byte(handle)),
			"/" + a.Key + "/resize=width:40/" + task + "/" + url.PathEscape(s.URL+"/"+handle),
			"/" + a.Key + "/resize=width:40/" + task + "/" + url.PathEscape(s.URL+"/flip/"+handle),
			"/" + a.Key + "/resize=width:40/" + task + "/" + outside,
			"/" + a.Key + "/resize=width:40/" + task + "/" + url.PathEscape(outside),
			"/" + a.Key + "/imagesize/" + task + "/b64://" + b64([]byte(outside)),
		}
		for _, path := range list {
			for _, method := range []string{"GET", "POST", "HEAD"} {
				r := s.do(method, path, nil)
				if strings.HasPrefix(path, "/%72") && (r.status == http.StatusNotFound || r.status == http.StatusForbidden) {
					continue // no task is spelt so
				}
				if r.status != http.StatusForbidden || method == "GET" && !bytes.Contains(r.body, []byte("policy error: ")) && !bytes.Contains(r.body, []byte("This action has been secured")) {
					t.Errorf("%s %s: %v", method, path, r)
				}
			}
		}
		for _, source := range []string{handle, s.URL + "/" + handle, outside} {
			r := s.post(t, "/process", fmt.Sprintf(`{"apikey":%q,"policy":%q,"signature":%q,"sources":[%q],"tasks":[{"name":"resize","params":{"width":40}}]}`,
				a.Key, policy, signature, source))
			if r.status != http.StatusForbidden || !bytes.Contains(r.body, []byte("invalid security policy: ")) {
				t.Errorf("POST /process of %s: %v", source, r)
			}
		}
	}
	if n := s.metric(t, "stowgate_image_jobs_total") - jobs; n != 0 {
		t.Errorf("%d jobs, want none", n)
	}
}

// Who asks decides the format, and caches are told so.
func TestK4Negotiated(t *testing.T) {
	s := start(t)
	open, closed := s.app(t, "open", "off"), s.app(t, "closed", "on")
	photo := encodeJPEG(t, quarters(80, 60))
	for _, tt := range []struct {
		app   app
		query string
		cache string
	}{{open, "", "public"}, {closed, closed.may("store", "convert"), "private"}} {
		handle := s.mustStore(t, tt.app, "a.jpg", photo, tt.query)
		path := "/auto_image/resize=width:40/" + handle + "?" + tt.query
		for range 2 { // made, then kept
			for accept, want := range map[string]string{"image/webp": "image/webp", "image/avif,image/webp": "image/avif", "*/*": "image/jpeg", "image/*": "image/jpeg"} {
				r := s.get(path, "Accept", accept)
				kind, vary, cache := r.header.Get("Content-Type"), strings.Join(r.header.Values("Vary"), ","), r.header.Get("Cache-Control")
				if r.status != http.StatusOK || kind != want || !strings.Contains(vary, "Accept") || !strings.HasPrefix(cache, tt.cache) {
					t.Errorf("%s for %s: %d %s, Vary %q, Cache-Control %q", path, accept, r.status, kind, vary, cache)
				}
			}
		}
		if r := s.get("/resize=width:40/"+handle+"?"+tt.query, "Accept", "image/webp"); r.header.Get("Content-Type") != "image/jpeg" {
			t.Errorf("without auto_image: %s", r.header.Get("Content-Type"))
		}
	}
}

// Answers that a browser could run are in a sandbox, under the type that they
// are, and hold nothing that came from a name.
func TestK2ActiveContent(t *testing.T) {
	s := start(t)
	a := s.app(t, "active", "off")
	check := func(what string, r reply) {
		t.Helper()
		policy := r.header.Get("Content-Security-Policy")
		if !strings.Contains(policy, "sandbox") || !strings.Contains(policy, "default-src 'none'") || r.header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %d with the header %v", what, r.status, r.header)
		}
	}
	each(samples(t, "svg-own"), func(one sample) {
		handle, err := s.store(a, one.name, one.data, "")
		if err != nil {
			t.Errorf("%s: %v", one.name, err)
			return
		}
		check(one.name, s.get("/"+handle))
		for _, tasks := range []string{"/resize=width:40/", "/output=format:svg/", "/resize=width:40/output=format:svg/", "/ascii=size:20/", "/compress/", "/quality=value:50/"} {
			r := s.get(tasks + handle)
			if r.status != http.StatusOK {
				break
			}
			check(one.name+tasks, r)
			for _, text := range []string{"<script", "onload", "javascript:", "alert(", "<!ENTITY", "xlink:href=\"http"} {
				if bytes.Contains(bytes.ToLower(r.body), []byte(strings.ToLower(text))) {
					t.Errorf("%s%s: the answer, %s, holds %q", one.name, tasks, r.header.Get("Content-Type"), text)
				}
			}
		}
	})
	dir := corpora.Dir(t, "xss-strings")
	lists, _ := filepath.Glob(filepath.Join(dir, "*"))
	photo := encodePNG(t, quarters(40, 30))
	for _, list := range lists {
		text, err := os.ReadFile(list)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(string(text), "\n")
		for i := 0; i < len(lines); i += max(1, len(lines)/30) {
			name := strings.TrimSpace(lines[i])
			if name == "" || len(name) > 200 {
				continue
			}
			handle, err := s.store(a, name, photo, "")
			if err != nil {
				t.Errorf("%q: %v", name, err)
				continue
			}
			for _, tasks := range []string{"/ascii=size:20/", "/output=format:svg/"} {
				r := s.get(tasks + handle)
				if r.status != http.StatusOK {
					t.Errorf("%q: %s: %v", name, tasks, r)
					continue
				}
				check(name, r)
				if bytes.Contains(r.body, []byte(name)) && len(name) > 12 || bytes.Contains(bytes.ToLower(r.body), []byte("<script")) {
					t.Errorf("%q is in the answer to %s", name, tasks)
				}
				if _, _, err := mime.ParseMediaType(r.header.Get("Content-Disposition")); err != nil {
					t.Errorf("%q: Content-Disposition %q: %v", name, r.header.Get("Content-Disposition"), err)
				}
			}
			r := s.get("/resize=width:10/content=filename:" + url.PathEscape(`"`+name+`"`) + "/" + handle)
			if r.status >= http.StatusInternalServerError || r.status == 0 {
				t.Errorf("content with %q: %v", name, r)
			} else if r.status == http.StatusOK {
				check(name, r)
			}
		}
	}
}
