package hostile_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"image/color"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stowgate/stowgate/internal/corpora"
)

// upload stores a file by Uploadcare's Upload API, with a field of the form, and
// returns the answer.
func (s *server) upload(a app, name string, data []byte, field, value string) reply {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	part, _ := w.CreateFormFile("file", name) // a buffer takes all
	part.Write(data)
	w.WriteField("UPLOADCARE_PUB_KEY", a.Key)
	if field != "" {
		w.WriteField(field, value)
	}
	w.Close()
	return s.do("POST", "/base/", b.Bytes(), "Content-Type", w.FormDataContentType())
}

// fileOf returns the UUID in the answer to an upload; empty if there is none.
func fileOf(r reply) string {
	var made struct{ File string }
	if r.status != http.StatusOK || json.Unmarshal(r.body, &made) != nil {
		return ""
	}
	return made.File
}

// rest asks the REST API as the app's own server.
func (s *server) rest(a app, method, path, body string) reply {
	return s.do(method, path, []byte(body), "Accept", "application/vnd.uploadcare-v0.7+json", "Content-Type", "application/json",
		"Authorization", "Uploadcare.Simple "+a.Key+":"+a.Secret)
}

// total returns how many files an app has.
func (s *server) total(t *testing.T, a app) (n int) {
	t.Helper()
	var list struct{ Total *int }
	if r := s.rest(a, "GET", "/files/?limit=1", ""); json.Unmarshal(r.body, &list) != nil || list.Total == nil {
		t.Fatalf("list of files: %v", r)
	}
	return *list.Total
}

// A rawForm is the body of a form, with its type, and what must come of it.
type rawForm struct {
	name, kind string
	body       []byte
	refused    bool
}

// rawForms returns those of the corpora.
func rawForms(t *testing.T) (list []rawForm) {
	t.Helper()
	dir := corpora.Dir(t, "multipart-own")
	index, err := os.ReadFile(filepath.Join(dir, "index.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	for dec := json.NewDecoder(bytes.NewReader(index)); dec.More(); {
		var one struct {
			File   string
			Type   string `json:"content_type"`
			Expect string
		}
		if err := dec.Decode(&one); err != nil {
			t.Fatal(err)
		}
		body, err := os.ReadFile(filepath.Join(dir, one.File))
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, rawForm{one.File, one.Type, body, strings.HasPrefix(one.Expect, "400") && !strings.Contains(one.Expect, " or ")})
	}
	for _, folder := range []string{"multipart-cases", "multipart-fuzz"} {
		for i, one := range samples(t, folder) {
			if strings.HasSuffix(one.name, ".yaml") || folder == "multipart-fuzz" && !soak && i%4 != 0 {
				continue
			}
			first, _, _ := bytes.Cut(bytes.TrimLeft(one.data, "\r\n"), []byte("\n"))
			boundary := strings.TrimSpace(strings.TrimLeft(string(first), "-"))
			if folder == "multipart-cases" {
				boundary = strings.TrimPrefix(strings.TrimSpace(string(first)), "--")
			}
			list = append(list, rawForm{one.name, mime.FormatMediaType("multipart/form-data", map[string]string{"boundary": boundary}), one.data, false})
		}
	}
	return list
}

// Forms that are not whole, or say things twice, are refused or read, by every
// endpoint that takes forms: the server lives, and what is refused is not stored.
func TestC2UploadcareForms(t *testing.T) {
	s := start(t)
	a := s.app(t, "forms", "off")
	stop := s.watchMemory(t)
	statuses := map[int]int{}
	for _, form := range rawForms(t) {
		for _, path := range []string{"/base/", "/group/", "/from_url/", "/multipart/start/", "/multipart/complete/"} {
			before := s.total(t, a)
			r := s.do("POST", path+"?UPLOADCARE_PUB_KEY="+a.Key+"&pub_key="+a.Key, form.body, "Content-Type", form.kind)
			statuses[r.status]++
			if r.status < 200 || r.status >= 500 || r.took > mostTime {
				t.Errorf("%s to %s: %v after %v", form.name, path, r, r.took)
			}
			var files map[string]string
			if r.status == http.StatusOK && json.Unmarshal(r.body, &files) != nil {
				t.Errorf("%s to %s: %v", form.name, path, r)
			}
			if form.refused && r.status < 400 {
				t.Errorf("%s to %s: %v, want a refusal", form.name, path, r)
			}
			if n := s.total(t, a) - before; r.status != http.StatusOK && n != 0 || r.status == http.StatusOK && path == "/base/" && n < len(files) {
				t.Errorf("%s to %s: %v, and %d files more", form.name, path, r, n)
			}
			for _, uuid := range files {
				s.judgeName(t, a, form.name, uuid)
			}
		}
		s.alive(t)
	}
	stop()
	t.Logf("answers %v", statuses)
	if statuses[http.StatusOK] == 0 || statuses[http.StatusBadRequest] == 0 {
		t.Error("none was read, or none was refused")
	}
}

// judgeName holds that a file's name stays what it is: text in JSON, no path, and
// no header field. It returns the name.
func (s *server) judgeName(t *testing.T, a app, what, uuid string) string {
	t.Helper()
	var file struct {
		Name string `json:"original_filename"`
		URL  string `json:"original_file_url"`
	}
	r := s.rest(a, "GET", "/files/"+uuid+"/", "")
	if err := json.Unmarshal(r.body, &file); err != nil || r.status != http.StatusOK {
		t.Errorf("%q: %v, %v", what, r, err)
		return ""
	}
	if strings.ContainsAny(file.Name, "/\\\x00\r\n") {
		t.Errorf("%q is called %q", what, file.Name)
	}
	path, ok := strings.CutPrefix(file.URL, s.URL)
	if name := strings.TrimPrefix(path, "/"+uuid+"/"); !ok || strings.ContainsAny(name, "/\\<>\"'?#%& ") || strings.Contains(name, "..") {
		t.Errorf("%q is at %q", what, file.URL)
	}
	for _, path := range []string{path, "/" + uuid + "/", "/" + uuid + "/-/inline/no/"} {
		r := s.get(path)
		disposition := r.header.Get("Content-Disposition")
		_, params, err := mime.ParseMediaType(disposition)
		if r.status != http.StatusOK || err != nil && disposition != "" || strings.ContainsAny(params["filename"], "/\\\r\n") || r.header.Get("Set-Cookie") != "" || r.header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%q: GET %s = %d, Content-Disposition %q: %v", what, path, r.status, disposition, err)
		}
	}
	return file.Name
}

// hostileNames returns the strings of the corpora that are meant as names.
func hostileNames(t *testing.T) (list []string) {
	t.Helper()
	for _, one := range append(samples(t, "names"), samples(t, "names-own")...) {
		lines := bufio.NewScanner(bytes.NewReader(one.data))
		lines.Buffer(nil, 1<<20)
		for n := 0; lines.Scan(); n++ {
			switch text := lines.Text(); {
			case strings.HasSuffix(one.name, ".json"): // the same as its text
			case strings.HasSuffix(one.name, ".jsonl"):
				var line struct{ Name string }
				if err := json.Unmarshal([]byte(text), &line); err != nil {
					t.Fatal(err)
				}
				list = append(list, line.Name)
			case text != "" && (soak || n%40 == 0):
				list = append(list, text)
			}
		}
	}
	return list
}

// Hostile names of files come back as text or not at all, and what is noted about
// a file under a name comes back as it was.
func TestD4UploadcareNames(t *testing.T) {
	s := start(t)
	a := s.app(t, "names", "off")
	list := hostileNames(t)
	var noted atomic.Int64
	work := make([]sample, len(list))
	for i, name := range list {
		work[i].name = name
	}
	each(work, func(one sample) {
		r := s.upload(a, one.name, []byte("hello"), "metadata[note]", one.name)
		uuid := fileOf(r)
		if uuid == "" && (r.status < 400 || r.status >= 500) {
			t.Errorf("%q: %v", one.name, r)
		}
		if uuid == "" { // nothing may be noted that is no text
			if uuid = fileOf(s.upload(a, one.name, []byte("hello"), "", "")); uuid == "" {
				return
			}
		} else {
			var note string
			r := s.rest(a, "GET", "/files/"+uuid+"/metadata/note/", "")
			if json.Unmarshal(r.body, &note) != nil || note != one.name && note != strings.TrimSpace(one.name) {
				t.Errorf("%q was noted: %v", one.name, r)
			}
			noted.Add(1)
		}
		s.judgeName(t, a, one.name, uuid)
		text, _ := json.Marshal(one.name)
		for _, ask := range []struct{ method, path, body string }{
			{"PUT", "/files/" + uuid + "/metadata/note/", string(text)},
			{"PUT", "/files/" + uuid + "/metadata/" + url.PathEscape(one.name) + "/", `"x"`},
			{"GET", "/files/" + uuid + "/metadata/" + url.PathEscape(one.name) + "/", ""},
			{"PUT", "/files/" + uuid + "/tags/", `{"tags":[` + string(text) + `]}`},
			{"POST", "/files/search/", `{"query":` + string(text) + `}`},
			{"GET", "/files/?ordering=" + url.QueryEscape(one.name), ""},
			{"GET", "/" + uuid + "/" + url.PathEscape(one.name), ""},
			{"GET", "/" + uuid + "/-/" + url.PathEscape(one.name) + "/", ""},
			{"GET", "/" + uuid + "/-/text/100x100/center/" + url.PathEscape(one.name) + "/", ""},
			{"GET", "/info/?pub_key=" + a.Key + "&file_id=" + url.QueryEscape(one.name), ""},
		} {
			if r := s.rest(a, ask.method, ask.path, ask.body); r.status == 0 || r.status >= 500 {
				t.Errorf("%s %s %s: %v", ask.method, ask.path, ask.body, r)
			}
		}
	})
	s.alive(t)
	t.Logf("%d names, %d noted", len(list), noted.Load())
	if noted.Load() < int64(len(list)/2) {
		t.Error("too few to say anything")
	}
}

// imported brings a file in from a URL, and returns how that ends: a code of an
// error, or success.
func (s *server) imported(t *testing.T, a app, source string) string {
	t.Helper()
	var said struct {
		Token, Status string
		Code          string `json:"error_code"`
		Error         any
	}
	r := s.get("/from_url/?jsonerrors=1&pub_key=" + a.Key + "&source_url=" + url.QueryEscape(source))
	var refused struct {
		Error struct {
			Code string `json:"error_code"`
		}
	}
	if json.Unmarshal(r.body, &refused) == nil && refused.Error.Code != "" {
		return refused.Error.Code
	}
	if err := json.Unmarshal(r.body, &said); err != nil || said.Token == "" {
		t.Errorf("from %q: %v", source, r)
		return ""
	}
	for deadline := time.Now().Add(mostTime); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		said.Status = ""
		if r = s.get("/from_url/status/?token=" + said.Token); json.Unmarshal(r.body, &said) != nil {
			break
		}
		switch said.Status {
		case "success":
			return said.Status
		case "error":
			return "later: " + said.Code
		}
	}
	t.Errorf("from %q: %v", source, r)
	return ""
}

// No URL leads an import to this machine or to private networks, whether it says
// so, is redirected, or comes from the server's own names.
func TestE1UploadcareSources(t *testing.T) {
	plant(t)
	o := newOrigin(t)
	s := start(t, o.args...)
	a := s.app(t, "sources", "off")
	index, err := os.ReadFile(filepath.Join(corpora.Dir(t, "ssrf"), "targets.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	sources := []string{s.URL + "/", s.admin + "/metrics", o.URL[:strings.LastIndex(o.URL, ":")] + ":22/"}
	for dec := json.NewDecoder(bytes.NewReader(index)); dec.More(); {
		var one struct{ URL, Expect string }
		if err := dec.Decode(&one); err != nil {
			t.Fatal(err)
		}
		if one.Expect == "deny" {
			sources = append(sources, one.URL)
		}
	}
	redirects := []string{s.admin + "/metrics", "//169.254.169.254/", "file:///etc/passwd", "http://127.0.0.1/", "http://[::1]/", "gopher://x/", o.URL + "/loop"}
	if !soak {
		redirects = redirects[:3]
	}
	for i, to := range redirects {
		path := fmt.Sprintf("/to-%d", i)
		o.files.Store(path, http.RedirectHandler(to, http.StatusFound))
		sources = append(sources, o.URL+path)
	}
	o.files.Store("/loop", http.RedirectHandler("/loop", http.StatusFound))
	o.files.Store("/good", []byte("good"))
	if got := s.imported(t, a, o.URL+"/good"); got != "success" {
		t.Fatalf("from %s: %s", o.URL, got)
	}
	var mu sync.Mutex
	var done sync.WaitGroup
	codes := map[string]int{}
	for _, source := range sources {
		done.Go(func() { // why a source gives nothing is told after seconds only
			got := s.imported(t, a, source)
			mu.Lock()
			defer mu.Unlock()
			if codes[got]++; got == "success" || got == "" || strings.Contains(got, "InternalServerError") {
				t.Errorf("from %q: %q", source, got)
			}
		})
	}
	done.Wait()
	t.Logf("%d sources: %v", len(sources), codes)
	if n := s.total(t, a); n != 1 {
		t.Errorf("%d files, want 1", n)
	}
}

// Pictures that ask for more than there is are refused or made small by the CDN,
// in time and in memory.
func TestF2UploadcareBombs(t *testing.T) {
	s := start(t)
	v := &visit{server: s, app: s.app(t, "bombs", "off"), statuses: map[int]int{}}
	stop := s.watchMemory(t)
	each(samples(t, "image-bombs"), func(one sample) {
		uuid := fileOf(s.upload(v.app, filepath.Base(one.name), one.data, "", ""))
		if uuid == "" {
			t.Errorf("%s was not stored", one.name)
			return
		}
		paths := []string{"-/preview/", "-/json/", "-/preview/100x100/-/json/"}
		if soak {
			paths = append(paths, "-/format/webp/-/resize/3000x/", "-/main_colors/", "detect_faces/", "-/overlay/self/50px50p/center/-/preview/", "gif2video/-/format/webm/")
		}
		for _, path := range paths {
			r := v.patient(one.name, "GET", "/"+uuid+"/"+path, "")
			if r.status != http.StatusOK && r.status != http.StatusBadRequest && r.status != http.StatusRequestEntityTooLarge && r.status != http.StatusNotFound ||
				r.took > mostTime || bytes.Contains(r.body, []byte("vips")) {
				t.Errorf("%s: %s: %v after %v", one.name, path, r, r.took)
			}
		}
		s.alive(t)
	})
	stop()
	t.Logf("answers %v, slowest %v: %s; %d crashes, %d timeouts, %d out of memory", v.statuses, v.slowest, v.slow,
		s.metric(t, "stowgate_image_crashes_total"), s.metric(t, "stowgate_image_timeouts_total"), s.metric(t, "stowgate_image_memory_kills_total"))
	if v.statuses[http.StatusOK] == 0 || v.statuses[http.StatusBadRequest] == 0 {
		t.Error("none was made, or none was refused")
	}
}

// What Filestack's clients overwrite or remove, Uploadcare's see so at once:
// nothing that was made of the file before is given out again.
func TestK4OverwrittenThroughTheOther(t *testing.T) {
	s := start(t)
	a := s.app(t, "other", "off")
	red, blue := color.NRGBA{255, 0, 0, 255}, color.NRGBA{0, 0, 255, 255}
	handle := s.mustStore(t, a, "b.png", encodePNG(t, plain(80, 60, red)), "")
	var page struct{ Results []struct{ UUID string } }
	if r := s.rest(a, "GET", "/files/", ""); json.Unmarshal(r.body, &page) != nil || len(page.Results) != 1 {
		t.Fatalf("files: %v", r)
	}
	uuid := page.Results[0].UUID
	paths := []string{"/" + uuid + "/", "/" + uuid + "/-/resize/40x/", "/" + uuid + "/-/preview/20x20/-/format/png/", "/" + uuid + "/-/json/"}
	etags := map[string]string{}
	for _, path := range paths {
		for range 2 { // made, then kept
			r := s.get(path)
			if r.status != http.StatusOK {
				t.Fatalf("%s: %v", path, r)
			}
			etags[path] = r.header.Get("Etag")
		}
		if r := s.get(path, "If-None-Match", etags[path]); etags[path] != "" && r.status != http.StatusNotModified {
			t.Errorf("%s with its tag: %v", path, r)
		}
	}
	if r := s.do("POST", "/api/file/"+handle+"?key="+a.Key+"&"+a.may("write"), encodePNG(t, plain(90, 70, blue)), "Content-Type", "image/png"); r.status != http.StatusOK {
		t.Fatalf("overwrite: %v", r)
	}
	for _, path := range paths {
		r := s.get(path, "If-None-Match", etags[path])
		if strings.HasSuffix(path, "json/") {
			if !bytes.Contains(r.body, []byte(`"width":90`)) {
				t.Errorf("%s: %v", path, r)
			}
			continue
		}
		if c := colorOf(t, r); c != blue || r.header.Get("Etag") == etags[path] {
			t.Errorf("%s is %v with the tag %s, which was %s", path, c, r.header.Get("Etag"), etags[path])
		}
	}
	var file struct {
		Info struct{ Image struct{ Width int } } `json:"content_info"`
	}
	for deadline := time.Now().Add(10 * time.Second); file.Info.Image.Width != 90 && time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		json.Unmarshal(s.rest(a, "GET", "/files/"+uuid+"/", "").body, &file)
	}
	if file.Info.Image.Width != 90 {
		t.Errorf("the REST API tells of the width %d, want 90", file.Info.Image.Width)
	}
	if r := s.do("DELETE", "/api/file/"+handle+"?key="+a.Key+"&"+a.may("remove"), nil); r.status != http.StatusOK {
		t.Fatalf("delete: %v", r)
	}
	for _, path := range paths {
		if r := s.get(path, "If-None-Match", etags[path]); r.status != http.StatusNotFound {
			t.Errorf("%s after removing: %v, want 404", path, r)
		}
	}
}
