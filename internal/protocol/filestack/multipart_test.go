package filestack

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/protocol/filestack/params"
	"github.com/stowgate/stowgate/internal/upload"
)

// post sends JSON and returns the status and the answer.
func (s *stack) post(t *testing.T, path, body string, header ...string) (int, map[string]any) {
	t.Helper()
	w := s.send(t, "POST", path, body, append(header, "Content-Type: application/json")...)
	answer := map[string]any{}
	json.Unmarshal(w.Body.Bytes(), &answer)
	return w.Code, answer
}

// begin starts an upload of the secured app and returns its ID.
func (s *stack) begin(t *testing.T, c policy.Credential) string {
	t.Helper()
	status, answer := s.post(t, "/multipart/start", fmt.Sprintf(`{"apikey":%q,"policy":%q,"signature":%q,"filename":"x","size":5}`, securedKey, c.Policy, c.Signature))
	if status != 200 {
		t.Fatalf("start: %d %v", status, answer)
	}
	return answer["upload_id"].(string)
}

// TestB18SessionID holds what knowing an upload's ID is worth.
func TestB18SessionID(t *testing.T) {
	s := newStack(t, Config{})
	good := sign(securedKey, `{"expiry":1999999999}`)
	id := s.begin(t, good)
	if len(id) < 22 {
		t.Errorf("upload_id %q has less than 128 bits", id)
	}
	step := func(key, id string) string {
		return fmt.Sprintf(`{"apikey":%q,"upload_id":%q,"part":1,"size":5}`, key, id)
	}
	for _, tt := range []struct {
		name, path, body string
		want             int
	}{
		{"its own app", "/multipart/upload", step(securedKey, id), 200},
		{"another app", "/multipart/upload", step(otherKey, id), 404},
		{"another app commits", "/multipart/commit", step(otherKey, id), 404},
		{"another app completes", "/multipart/complete", step(openKey, id), 404},
		{"no app", "/multipart/upload", step("", id), 400},
		{"another case", "/multipart/upload", step(securedKey, strings.ToLower(id)), 404},
		{"nothing", "/multipart/upload", step(securedKey, ""), 400},
		{"bad signature beside it", "/multipart/upload",
			fmt.Sprintf(`{"apikey":%q,"upload_id":%q,"part":1,"size":5,"policy":%q,"signature":"00"}`, securedKey, id, good.Policy), 403},
	} {
		if tt.name == "another case" && strings.ToLower(id) == id {
			continue
		}
		if status, answer := s.post(t, tt.path, tt.body); status != tt.want {
			t.Errorf("%s: %d %v, want %d", tt.name, status, answer, tt.want)
		}
	}
	_, answer := s.post(t, "/multipart/upload", step(securedKey, id))
	url := answer["url"].(string)
	if strings.Contains(url, id) {
		t.Errorf("the URL of a part tells the upload_id: %s", url)
	}
	target := strings.TrimPrefix(url, "https://files.test")
	if w := s.send(t, "PUT", target[:len(target)-1]+"A", "hello"); w.Code != 403 && !strings.HasSuffix(target, "A") {
		t.Errorf("changed ticket: %d %s", w.Code, w.Body)
	}
	if w := s.send(t, "PUT", target, "hello"); w.Code != 200 {
		t.Fatalf("part: %d %s", w.Code, w.Body)
	}
	done := fmt.Sprintf(`{"apikey":%q,"upload_id":%q,"size":5}`, securedKey, id)
	if status, answer := s.post(t, "/multipart/complete", done); status != 200 {
		t.Fatalf("complete: %d %v", status, answer)
	}
	if status, _ := s.post(t, "/multipart/upload", step(securedKey, id)); status != 400 {
		t.Errorf("a finished upload takes more parts: %d", status)
	}
	if w := s.send(t, "PUT", target, "evil!"); w.Code != 400 {
		t.Errorf("a finished upload takes the part again: %d", w.Code)
	}
}

// TestB14ExpiresMeanwhile holds that an upload goes on when its policy expires
// after the start, also for clients that send it with every step, and that one
// cannot start then.
func TestB14ExpiresMeanwhile(t *testing.T) {
	clock := now
	s := newStack(t, Config{Now: func() time.Time { return clock }})
	c := sign(securedKey, fmt.Sprintf(`{"expiry":%d}`, now.Unix()+60))
	id := s.begin(t, c)
	clock = now.Add(time.Hour)
	cred := fmt.Sprintf(`"apikey":%q,"policy":%q,"signature":%q`, securedKey, c.Policy, c.Signature)
	status, answer := s.post(t, "/multipart/upload", fmt.Sprintf(`{%s,"upload_id":%q,"part":1,"size":5}`, cred, id))
	if status != 200 {
		t.Fatalf("upload: %d %v", status, answer)
	}
	if w := s.send(t, "PUT", strings.TrimPrefix(answer["url"].(string), "https://files.test"), "hello"); w.Code != 200 {
		t.Fatalf("part: %d %s", w.Code, w.Body)
	}
	if status, answer := s.post(t, "/multipart/complete", fmt.Sprintf(`{%s,"upload_id":%q}`, cred, id)); status != 200 {
		t.Errorf("complete: %d %v", status, answer)
	}
	if status, answer := s.post(t, "/multipart/start", fmt.Sprintf(`{%s,"filename":"x","size":5}`, cred)); status != 403 || answer["error"] != "Invalid App policy" {
		t.Errorf("start: %d %v", status, answer)
	}
}

func TestStartRefuses(t *testing.T) {
	s := newStack(t, Config{})
	for body, want := range map[string]string{
		`{"apikey":"K","size":5}`:                                               "invalid params: filename",
		`{"apikey":"K","filename":"x"}`:                                         "invalid params: size",
		`{"apikey":"K","filename":"x","size":-1}`:                               "invalid params: size",
		`{"apikey":"K","filename":"x","size":"5.5"}`:                            "invalid params: size",
		`{"apikey":"K","filename":"x","size":5,"store":{"location":"nowhere"}}`: "invalid params: store:location",
		`{"apikey":"K","filename":"x","size":5,"store":"s3"}`:                   "invalid params: store",
		`{"apikey":"K","filename":["x"],"size":5}`:                              "invalid params: filename",
		`{"apikey":"K","filename":"x","size":5,"fii":"maybe"}`:                  "invalid params: fii",
		`{"filename":"x","size":5}`:                                             "invalid params: apikey",
		`{"apikey":"K","filename":"x","size":5,"store":{"path":"a/../b"}}`:      "invalid params",
		`{"apikey":"K","filename":"x","size":5,"FileName":"y"}`:                 "invalid params: filename",
		`not JSON`: "invalid params: body",
	} {
		body = strings.ReplaceAll(body, `"K"`, `"`+openKey+`"`)
		if status, answer := s.post(t, "/multipart/start", body); status != 400 || answer["error"] != want {
			t.Errorf("start with %s: %d %v, want 400 %q", body, status, answer, want)
		}
	}
	if status, answer := s.post(t, "/multipart/start", `{"apikey":"nobody","filename":"x","size":5}`); status != 403 || answer["error"] != "Invalid Application" {
		t.Errorf("start of an unknown app: %d %v", status, answer)
	}
}

func TestTicketRefuses(t *testing.T) {
	s := newStack(t, Config{})
	id := s.begin(t, sign(securedKey, `{"expiry":1999999999}`))
	for fields, want := range map[string]int{
		`"part":1,"size":5`: 200, `"part":"1","size":"5"`: 200, `"part":10000,"size":5`: 200, `"part":1,"size":5,"md5":""`: 200,
		`"part":0,"size":5`: 400, `"part":10001,"size":5`: 400, `"size":5`: 400, `"part":1`: 400, `"part":1,"size":0`: 400,
		`"part":1,"size":5,"offset":-1`: 400, `"part":1,"size":5,"md5":"not base64"`: 400, `"part":1,"size":5,"md5":"YWJj"`: 400,
		`"part":1,"size":5368709120`: 200, `"part":1,"size":5368709121`: 400, `"part":1.5,"size":5`: 400,
	} {
		status, answer := s.post(t, "/multipart/upload", fmt.Sprintf(`{"apikey":%q,"upload_id":%q,%s}`, securedKey, id, fields))
		if status != want {
			t.Errorf("upload with %s: %d %v, want %d", fields, status, answer, want)
		}
		if headers, ok := answer["headers"].(map[string]any); status == 200 && (!ok || len(headers) != 0) {
			t.Errorf("upload with %s: headers %v, want an object without members", fields, answer["headers"])
		}
	}
}

// TestLocationURL holds what each client is told to go on at; see locationURL.
func TestLocationURL(t *testing.T) {
	for _, tt := range []struct {
		public, domain, source string
		want                   string
	}{
		{"https://files.test", "", "JS-4.3.8", "files.test"},
		{"https://files.test:8443", "", "JS-4.3.8", "files.test:8443"},
		{"https://files.test:443/", "", "", "files.test"},
		{"https://files.test:8443", "", "Python-4.0.0", "files.test:8443"},
		{"http://localhost:8080", "", "JS-4.3.8", "http://localhost:8080"},
		{"http://localhost:8080", "", "Python-4.0.0", "localhost:8080"},
		{"http://localhost:8080", "", "", "localhost:8080"},
		{"https://files.test:8443", "files.test", "JS-4.3.8", "upload.files.test:8443"},
		{"http://files.test", "files.test", "JS-4.3.8", "http://upload.files.test"},
		{"http://files.test", "files.test", "Ruby-2.9.7", "upload.files.test"},
	} {
		api, err := New(nil, nil, nil, nil, Config{PublicURL: tt.public, Domain: tt.domain})
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest("POST", "/multipart/start", nil)
		r.Host = "evil.example"
		r.Header.Set("Filestack-Source", tt.source)
		if got := api.locationURL(r); got != tt.want {
			t.Errorf("location_url of %s (%s) for %s = %q, want %q", tt.public, tt.domain, tt.source, got, tt.want)
		}
	}
	for _, public := range []string{"", "files.test", "ftp://files.test", "https://files.test/path", "https://u@files.test", "https://files.test?x"} {
		if _, err := New(nil, nil, nil, nil, Config{PublicURL: public}); err == nil {
			t.Errorf("New takes the public URL %q", public)
		}
	}
}

func partsOf(t testing.TB, value string) ([]upload.DonePart, error) {
	p, err := params.ParseObject([]byte(`{"parts":`+value+`}`), "")
	if err != nil {
		return nil, err
	}
	named := doneParts(p)
	return named, p.Err()
}

func TestDoneParts(t *testing.T) {
	for _, tt := range []struct {
		value string
		want  []upload.DonePart
		bad   bool
	}{
		{value: `null`}, {value: `[]`}, {value: `""`}, {value: `2`}, {value: `"2"`}, {value: `[null]`},
		{value: `[{"part_number":2,"etag":"\"b\""},null,{"part_number":"1","etag":"a"}]`, want: []upload.DonePart{{Number: 2, Tag: "b"}, {Number: 1, Tag: "a"}}},
		{value: `"1:\"a\";2:\"b\""`, want: []upload.DonePart{{Number: 1, Tag: "a"}, {Number: 2, Tag: "b"}}},
		{value: `"1:a;"`, want: []upload.DonePart{{Number: 1, Tag: "a"}}},
		{value: `[{"part_number":1,"etag":""}]`, want: []upload.DonePart{{Number: 1}}},
		{value: `[1]`, bad: true}, {value: `{}`, bad: true}, {value: `"x"`, bad: true}, {value: `"x:y"`, bad: true}, {value: `true`, bad: true},
		{value: `[{"etag":"a"}]`, bad: true}, {value: `[{"part_number":1.5,"etag":"a"}]`, bad: true},
	} {
		got, err := partsOf(t, tt.value)
		if (err != nil) != tt.bad || !tt.bad && !reflect.DeepEqual(got, tt.want) {
			t.Errorf("parts %s = %v, %v, want %v", tt.value, got, err, tt.want)
		}
	}
}

// TestDonePartsLimit holds that as many parts as an upload may have fit into one
// request, and no more.
func TestDonePartsLimit(t *testing.T) {
	s := newStack(t, Config{})
	id := s.begin(t, sign(securedKey, `{"expiry":1999999999}`))
	for n, want := range map[int]string{
		upload.MaxParts - 1: "invalid params: parts", // none of them has arrived
		upload.MaxParts:     "invalid params: parts",
		upload.MaxParts + 1: "invalid params: parts",
	} {
		list := make([]map[string]any, n)
		for i := range list {
			list[i] = map[string]any{"part_number": i + 1, "etag": `"5d41402abc4b2a76b9719d911017c592"`}
		}
		text, err := json.Marshal(list)
		if err != nil {
			t.Fatal(err)
		}
		named, err := partsOf(t, string(text))
		if (err != nil) != (n > upload.MaxParts) || err == nil && len(named) != n {
			t.Errorf("%d parts: %d named, error %v", n, len(named), err)
		}
		if status, answer := s.post(t, "/multipart/complete", fmt.Sprintf(`{"apikey":%q,"upload_id":%q,"parts":%s}`, securedKey, id, text)); status != 400 || answer["error"] != want {
			t.Errorf("complete with %d parts: %d %v, want 400 %q", n, status, answer, want)
		}
	}
	if status, _ := s.post(t, "/multipart/complete", `{"a":"`+strings.Repeat("x", params.MaxBody)+`"}`); status != 413 {
		t.Errorf("body over the limit: %d, want 413", status)
	}
}

func FuzzParts(f *testing.F) {
	for _, seed := range []string{`null`, `[]`, `2`, `"1:\"a\";2:\"b\""`, `[{"part_number":1,"etag":"\"a\""},null]`, `"1:"`, `[{"part_number":1e3}]`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		named, err := partsOf(t, value)
		if err != nil {
			return
		}
		if len(named) > upload.MaxParts {
			t.Errorf("parts %q: %d are named", value, len(named))
		}
		for _, part := range named {
			if strings.HasPrefix(part.Tag, `"`) {
				t.Errorf("parts %q: tag %q keeps its quotes", value, part.Tag)
			}
		}
	})
}
