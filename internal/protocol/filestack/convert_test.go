package filestack

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/stowgate/stowgate/internal/delivery"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/queue"
	"github.com/stowgate/stowgate/internal/transform"
)

// A scribe is a renderer that writes down what it was asked to do, and with
// what. A source that says "no picture" is none.
type scribe struct {
	mu   sync.Mutex
	runs int
}

func (s *scribe) Render(_ context.Context, app string, plan transform.Plan, sources []delivery.Source, out *os.File) (r delivery.Rendered, err error) {
	s.mu.Lock()
	s.runs++
	s.mu.Unlock()
	text := plan.Canonical()
	for _, src := range sources {
		body, err := io.ReadAll(src.File)
		if err != nil {
			return r, err
		}
		if string(body) == "no picture" {
			return r, fmt.Errorf("decode: %w", fault.Invalid)
		}
		if string(body) == "huge picture" {
			return r, fmt.Errorf("decode: %w", fault.TooLarge)
		}
		text += "|" + string(body)
	}
	kind := "image/png"
	switch {
	case plan.Answer == transform.Size:
		kind, text = "application/json", `{"height":1,"width":2}`
	case plan.Output.Format != transform.Keep:
		kind = "image/" + string(plan.Output.Format)
	}
	n, err := out.WriteString(text)
	return delivery.Rendered{Type: kind, Width: 20, Height: 10, Frames: 1, Bytes: int64(n)}, err
}

func newImageStack(t testing.TB) (*stack, *scribe) {
	t.Helper()
	engine := &scribe{}
	fetch := &stack{}
	s := newStackWith(t, Config{Formats: []transform.Format{transform.WebP, transform.AVIF}}, delivery.Config{
		Render: engine, Engine: "test", Folder: t.TempDir(), Line: queue.Config{Slots: 2},
		Fetch: func(ctx context.Context, url string, header map[string]string, limit int64) (io.ReadCloser, error) {
			file, err := fetch.fetch(ctx, url, header, limit)
			if err != nil {
				return nil, err
			}
			return file.Body, nil
		},
	})
	return s, engine
}

// TestConvert holds what the tasks of a URL make of whose files.
func TestConvert(t *testing.T) {
	s, _ := newImageStack(t)
	open := string(s.put(t, openKey, "open.jpg", "OPEN"))
	second := string(s.put(t, openKey, "second.jpg", "SECOND"))
	broken := string(s.put(t, openKey, "broken.jpg", "no picture"))
	huge := string(s.put(t, openKey, "huge.jpg", "huge picture"))
	mine := string(s.put(t, securedKey, "mine.jpg", "MINE"))
	other := string(s.put(t, otherKey, "other.jpg", "OTHER"))
	may := func(text string) string {
		c := sign(securedKey, `{"expiry":1999999999,`+text+`}`)
		return "security=p:" + c.Policy + ",s:" + c.Signature
	}
	convert := may(`"call":["convert"]`)
	for _, tt := range []struct {
		name, target string
		want         int
		body         string // what the answer contains
	}{
		{"open", "/resize=width:5/" + open, 200, `|OPEN`},
		{"of an outside file", "/" + openKey + "/resize=width:5/http://images.example.com/photo.jpg", 200, "|a photo"},
		{"of an outside file without a key", "/resize=width:5/http://images.example.com/photo.jpg", 403, "Invalid Application"},
		{"of an outside file that is not there", "/" + openKey + "/resize=width:5/http://images.example.com/none.jpg", 400, "(idx 0)"},
		{"of no picture", "/resize=width:5/" + broken, 400, "conv20 provider error: Failed to identify the file, probably corrupted image provided (idx 0)"},
		{"of too much of a picture", "/flip/" + huge, 413, "make it smaller first"},
		{"of a file that is not there", "/resize=width:5/5aYkEQJSQCmYShsoCnZN", 404, "not found"},
		{"its size", "/imagesize/" + open, 200, `{"height":1,"width":2}`},
		{"its metadata", "/resize=width:5/metadata/" + open, 200, `"width":20`},
		{"with another file", "/watermark=file:" + second + "/" + open, 200, "|OPEN|SECOND"},
		{"with another app's file", "/watermark=file:" + other + "/" + open, 404, "(idx 1)"},
		{"with a file that is not there", "/watermark=file:5aYkEQJSQCmYShsoCnZN/" + open, 404, "(idx 1)"},
		{"of several", "/" + openKey + "/animate=delay:10/[" + open + "," + second + "]", 200, "|OPEN|SECOND"},
		{"of several, with another app's", "/" + openKey + "/animate=delay:10/[" + open + "," + other + "]", 404, "(idx 1)"},
		{"of another app, by key", "/" + openKey + "/resize=width:5/" + mine, 404, "not found"},
		{"tasks in a source", "/" + openKey + "/flip/https://files.test/resize=width:5/" + open, 200, `"op":"resize"`},
		{"what came first is first", "/" + openKey + "/flip/https://files.test/resize=width:5/" + open, 200, `"width":5},{"op":"flip"}`},
		{"unknown parameter", "/resize=heigt:5/" + open, 400, "invalid parameter `heigt` for `resize` task"},
		{"missing parameter", "/crop/" + open, 400, "missing parameter `dim` for `crop` task"},
		{"no engine", "/output=format:pdf/" + open, 400, "Unsupported conversion: output to pdf is not available on this server"},
		{"fallback", "/" + openKey + "/fallback=handle:" + second + "/resize=width:5/http://images.example.com/none.jpg", 200, "|SECOND"},
		{"fallback for no such file", "/" + openKey + "/fallback=handle:" + second + "/resize=width:5/aaaaaaaaaaaaaaaaaaaa", 200, "|SECOND"},
		{"fallback for no such file, without a key", "/fallback=handle:" + second + "/resize=width:5/aaaaaaaaaaaaaaaaaaaa", 200, "|SECOND"},
		{"fallback in ruby's quotes", "/fallback=file:'" + second + "'/resize=width:5/aaaaaaaaaaaaaaaaaaaa", 200, "|SECOND"},
		{"fallback for no such file, of a secured app", "/fallback=handle:" + mine + "/resize=width:5/aaaaaaaaaaaaaaaaaaaa", 403, "credentials"},
		{"fallback that is not needed", "/fallback=handle:" + second + "/" + open, 200, "OPEN"},
		{"no tasks left", "/flip=false/" + open, 200, "OPEN"},
		{"watermark that is none", "/watermark=file:nope/" + open, 404, "not found"},
		{"fallback for no picture", "/fallback=handle:" + second + "/resize=width:5/" + broken, 200, "|SECOND"},
		{"fallback that another app has", "/fallback=handle:" + other + "/resize=width:5/" + broken, 400, "Failed to identify"},
		{"older API", "/api/file/" + open + "/convert?w=5&format=png", 200, "|OPEN"},
		{"older API, bad", "/api/file/" + open + "/convert?w=x", 400, ""},

		{"no policy", "/resize=width:5/" + mine, 403, "proper credentials were not provided"},
		{"convert", "/" + convert + "/resize=width:5/" + mine, 200, "|MINE"},
		{"read only", "/" + may(`"call":["read"]`) + "/resize=width:5/" + mine, 403, "the call is not allowed by the policy"},
		{"read only, and bad parameters", "/" + may(`"call":["read"]`) + "/resize=heigt:5/" + mine, 403, "the call is not allowed"},
		{"for another handle", "/" + may(`"call":["convert"],"handle":"`+open+`"`) + "/resize=width:5/" + mine, 403, "handle mismatch"},
		{"for this handle", "/" + may(`"call":["convert"],"handle":"`+mine+`"`) + "/resize=width:5/" + mine, 200, "|MINE"},
		{"storing needs more", "/" + convert + "/resize=width:5/store/" + mine, 403, "the call is not allowed"},
		{"storing", "/" + may(`"call":["convert","store"]`) + "/resize=width:5/store=filename:s.png/" + mine, 200, `"filename":"s.png"`},
		{"storing once", "/" + may(`"call":["convert","store"],"uses":1`) + "/resize=width:5/store/" + mine, 200, `"handle"`},
		{"debug needs the same", "/debug/resize=width:5/" + mine, 403, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			times := 2 // the second time what the URL says is remembered
			if strings.Contains(tt.name, "once") {
				times = 1
			}
			for range times {
				w := s.send(t, "GET", tt.target, "")
				if w.Code != tt.want || !strings.Contains(w.Body.String(), tt.body) {
					t.Errorf("GET %s: %d %s, want %d with %s", tt.target, w.Code, w.Body, tt.want, tt.body)
				}
				if strings.Contains(w.Body.String(), "OTHER") {
					t.Error("another app's bytes came out")
				}
			}
		})
	}
}

// TestRemembered holds which URLs are remembered: short ones, after an allowed
// request. Equal requests at the same time share what is.
func TestRemembered(t *testing.T) {
	s, _ := newImageStack(t)
	open := string(s.put(t, openKey, "open.jpg", "OPEN"))
	mine := string(s.put(t, securedKey, "mine.jpg", "MINE"))
	long := "/resize=width:5/" + open + "?x="
	long += strings.Repeat("x", maxReadTarget-len(long))
	for _, tt := range []struct {
		target     string
		remembered bool
	}{
		{"/resize=width:5/" + open, true},
		{"/resize=width:5/store=filename:a.png/" + open, true},
		{"/" + openKey + "/flip/https://files.test/resize=width:5/" + open, false}, // tasks in the source
		{"/resize=width:5/" + mine, false},
		{"/resize=heigt:5/" + open, false},
		{long, true},
		{long + "x", false},
		{strings.Repeat("/flip", maxReadTasks) + "/" + open, true},
		{strings.Repeat("/flip", maxReadTasks+1) + "/" + open, false},
	} {
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() { s.send(t, "GET", tt.target, "") })
		}
		all.Wait()
		if _, ok := s.api.readings.Get(tt.target); ok != tt.remembered {
			t.Errorf("%.100s: remembered %t, want %t", tt.target, ok, tt.remembered)
		}
	}
}

// TestK5GrantBeforeShelf: what is kept is given to nobody who may not have it.
func TestK5GrantBeforeShelf(t *testing.T) {
	s, engine := newImageStack(t)
	id := string(s.put(t, securedKey, "mine.jpg", "MINE"))
	once := sign(securedKey, `{"expiry":1999999999,"call":"convert","uses":1}`)
	target := "/resize=width:5/" + id + "?" + query(once)
	if w := s.send(t, "GET", target, ""); w.Code != 200 || w.Header().Get("Cache-Control") != "private, max-age=2592000" {
		t.Fatalf("first: %d %s, %s", w.Code, w.Body, w.Header().Get("Cache-Control"))
	}
	for name, cred := range map[string]string{"": "", "used up": query(once), "forged": "policy=" + once.Policy + "&signature=00"} {
		if w := s.send(t, "GET", "/resize=width:5/"+id+"?"+cred, ""); w.Code != 403 {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
	if engine.runs != 1 {
		t.Errorf("%d runs", engine.runs)
	}
}

func TestConvertCaching(t *testing.T) {
	s, engine := newImageStack(t)
	id := string(s.put(t, openKey, "open.jpg", "OPEN"))
	for _, tt := range []struct {
		target, accept      string
		runs                int // so far, with this one
		kind, control, vary string
	}{
		{"/resize=w:5/" + id, "", 1, "image/png", "public, max-age=2592000", ""},
		{"/resize=width:5/" + id + "?_ga=1", "", 1, "image/png", "public, max-age=2592000", ""},
		{"/cache=expiry:60/resize=width:5/" + id, "", 1, "image/png", "public, max-age=60", ""},
		{"/cache=expiry:max/resize=width:5/" + id, "", 1, "image/png", "public, max-age=31536000", ""},
		{"/cache=false/resize=width:5/" + id, "", 2, "image/png", "private, no-cache", ""},
		{"/auto_image/" + id, "image/webp,*/*", 3, "image/webp", "public, max-age=2592000", "Accept"},
		{"/auto_image/" + id, "image/avif,image/webp,*/*", 4, "image/avif", "public, max-age=2592000", "Accept"},
		{"/auto_image/" + id, "*/*", 5, "image/png", "public, max-age=2592000", "Accept"},
		{"/auto_image/" + id, "image/webp", 5, "image/webp", "public, max-age=2592000", "Accept"},
	} {
		w := s.send(t, "GET", tt.target, "", "Accept: "+tt.accept)
		h := w.Header()
		if w.Code != 200 || h.Get("Content-Type") != tt.kind || h.Get("Cache-Control") != tt.control || h.Get("Vary") != tt.vary || engine.runs != tt.runs {
			t.Errorf("%s for %q: %d %s, %s, Vary %q, %d runs; want %+v", tt.target, tt.accept, w.Code, h.Get("Content-Type"), h.Get("Cache-Control"), h.Get("Vary"), engine.runs, tt)
		}
		if again := s.send(t, "GET", tt.target, "", "Accept: "+tt.accept, "If-None-Match: "+h.Get("ETag")); tt.control != "private, no-cache" && again.Code != 304 {
			t.Errorf("%s with its ETag: %d", tt.target, again.Code)
		} else if tt.control == "private, no-cache" {
			engine.runs-- // made again, as asked
		}
	}
	if w := s.send(t, "GET", "/resize=w:5/"+id+"?dl=true", ""); !strings.HasPrefix(w.Header().Get("Content-Disposition"), "attachment") {
		t.Errorf("dl=true: %v", w.Header())
	}
}

// TestConvertStores sends POST /process as filestack-js and filestack-go do.
func TestConvertStores(t *testing.T) {
	s, _ := newImageStack(t)
	id := string(s.put(t, openKey, "open.jpg", "OPEN"))
	body := fmt.Sprintf(`{"apikey":%q,"sources":[%q],"tasks":[{"name":"resize","params":{"width":5}},{"name":"store","params":{"path":"t/"}}],"upload_tags":{"a":"b"}}`, openKey, id)
	var got struct {
		Handle, Filename, Mimetype, Key string
		Size                            int64
		Tags                            map[string]string `json:"upload_tags"`
	}
	w := s.send(t, "POST", "/process", body)
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != 200 || got.Mimetype != "image/png" || got.Filename != "open.png" ||
		!strings.HasPrefix(got.Key, "t/") || got.Tags["a"] != "b" {
		t.Fatalf("process: %d %s", w.Code, w.Body)
	}
	if w := s.send(t, "GET", "/"+got.Handle, ""); !strings.HasSuffix(w.Body.String(), "|OPEN") {
		t.Errorf("stored: %s", w.Body)
	}
	w = s.send(t, "POST", "/api/file/"+id+"/convert?w=5&storePath=u/", "")
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || !strings.HasPrefix(got.Key, "u/") {
		t.Errorf("older API: %d %s", w.Code, w.Body)
	}
	w = s.send(t, "POST", "/process", fmt.Sprintf(`{"apikey":%q,"sources":[%q],"tasks":[{"name":"flip"}]}`, openKey, id))
	if w.Code != 200 || !strings.HasSuffix(w.Body.String(), "|OPEN") {
		t.Errorf("process without store: %d %s", w.Code, w.Body)
	}
	w = s.send(t, "POST", "/process", fmt.Sprintf(`{"apikey":%q,"sources":[{"source":"https://example.com/a.png","headers":{"Authorization":"me"}}],"tasks":[{"name":"flip"}]}`, openKey))
	if !strings.HasSuffix(w.Body.String(), "|not really a picture for me") {
		t.Errorf("process with headers: %d %s", w.Code, w.Body)
	}
}

// TestConvertDebug holds the members of the debug mode's answer.
func TestConvertDebug(t *testing.T) {
	s, engine := newImageStack(t)
	id := string(s.put(t, openKey, "open.jpg", "OPEN"))
	for target, want := range map[string]string{
		"/debug/resize=width:5/" + id:                 `"http_code":200`,
		"/" + openKey + "/debug/resize=heigt:5/" + id: "validation error: invalid parameter `heigt` for `resize` task",
	} {
		w := s.send(t, "GET", target, "")
		if w.Code != 200 || !strings.Contains(w.Body.String(), want) || !strings.Contains(w.Body.String(), `"debug":true`) {
			t.Errorf("%s: %d %s, want %s", target, w.Code, w.Body, want)
		}
	}
	if engine.runs != 0 {
		t.Errorf("%d runs", engine.runs)
	}
}
