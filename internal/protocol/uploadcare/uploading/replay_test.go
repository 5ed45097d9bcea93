package uploading

import (
	"encoding/json"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// A request is one that a client was recorded to send.
type request struct {
	Client, Method, Target, Agent string
	Form                          []part
}

// The names in the recorded requests.
const (
	recordedFile  = "85b5644f-e692-4855-9db0-8c5a83096e25"
	recordedOther = "22240276-2f06-41f8-9411-755c8ce926ed" // a file, or the token of an import
)

// sendAs sends r with other names.
func (s *stack) sendAs(r request, names *strings.Replacer) *httptest.ResponseRecorder {
	s.t.Helper()
	var parts []part
	for _, p := range r.Form {
		p.Value = names.Replace(p.Value)
		parts = append(parts, p)
	}
	body, kind := "", ""
	if parts != nil {
		body, kind = inParts(s.t, parts)
	}
	return s.send(r.Method, names.Replace(r.Target), kind, body, "X-UC-User-Agent: "+r.Agent)
}

// An answered is all that clients read of a success.
type answered struct {
	File, UUID, Type, Token, Status, ID string
	Parts                               []string
	Size                                int64
	FilesCount                          int `json:"files_count"`
}

// TestReplay sends what upload-client 6.21.0 and uploadcare-go 2.0.0 were
// recorded to send.
func TestReplay(t *testing.T) {
	requests := lines[request](t, "requests.jsonl")
	if len(requests) != 31 {
		t.Fatalf("%d requests, want 31", len(requests))
	}
	for _, r := range requests {
		s := newStack(t)
		s.serve(remoteFile(strings.NewReader("hello"), 5))
		file, other := s.put(openKey, "a.txt", "hello"), s.put(openKey, "b.txt", "hello")
		u, err := url.Parse(r.Target)
		if err != nil {
			t.Fatal(err)
		}
		switch u.Path {
		case "/group/info/":
			file = strings.TrimSuffix(read[answered](t, s.post("/group/", fields("pub_key", openKey, "files[]", file)...)).ID, "~1")
		case "/from_url/status/":
			other = s.fromURL(openKey, "https://example.com/")
			s.await(other)
		case "/multipart/complete/":
			file = s.sendParts(12_000_000, 5<<20)
		}
		w := s.sendAs(r, strings.NewReplacer(recordedFile, file, recordedOther, other))
		got := read[answered](t, w)
		ok := false
		switch u.Path {
		case "/base/":
			a := s.asset(got.File)
			ok = a.Content.Size() == 5 && a.Name == r.Form[0].Filename && a.Stored.IsZero() == strings.Contains(r.Client, "store=false")
			if strings.Contains(r.Client, "all options") {
				labels, _ := json.Marshal(a.Labels)
				ok = ok && a.Tags["pet"] == "cat" && len(a.Tags) == 2 && string(labels) == `["a","b"]`
			}
		case "/info/":
			ok = got.UUID == file && got.Size == 5
		case "/from_url/":
			ok = got.Type == "token" && s.await(got.Token).Status == "success"
		case "/from_url/status/":
			ok = got.Status == "success"
		case "/group/":
			ok = strings.HasSuffix(got.ID, "~"+string(rune('0'+got.FilesCount))) && got.FilesCount >= 1
		case "/group/info/":
			ok = got.FilesCount == 1 && got.ID == file+"~1"
		case "/multipart/start/":
			ok = len(got.Parts) == 2 || len(got.Parts) == 3
		case "/multipart/complete/":
			ok = got.UUID == file && got.Size == 12_000_000
		}
		if !ok {
			t.Errorf("%s: %s %s is answered with %s", r.Client, r.Method, r.Target, w.Body)
		}
	}
}

// sendParts sends a file of the open project in parts, and returns the UUID to
// complete it with.
func (s *stack) sendParts(size, each int) string {
	s.t.Helper()
	started := read[answered](s.t, s.post("/multipart/start/", fields("UPLOADCARE_PUB_KEY", openKey,
		"filename", "a.bin", "size", itoa(size), "content_type", "x/y", "part_size", itoa(each))...))
	for i, link := range started.Parts {
		s.sendPart(link, min(each, size-i*each), 200)
	}
	return started.UUID
}

// sendPart sends so many bytes to the address of a part.
func (s *stack) sendPart(link string, size, want int) *httptest.ResponseRecorder {
	s.t.Helper()
	w := s.send("PUT", strings.TrimPrefix(link, "https://upload.test"), "application/octet-stream", strings.Repeat("x", size), "Accept: application/json")
	if w.Code != want || want == 200 && (w.Body.Len() > 0 || w.Header().Get("ETag") == "") {
		s.t.Errorf("part of %d bytes: %d %s, want %d", size, w.Code, w.Body, want)
	}
	return w
}

// TestReplaySigned sends the same to a project whose uploads must be signed: what
// uploadcare-go has signed counts, and what is signed with nonsense does not.
func TestReplaySigned(t *testing.T) {
	signed := 0
	for _, r := range lines[request](t, "requests.jsonl") {
		s := newStack(t)
		s.serve(remoteFile(strings.NewReader("hello"), 5))
		s.put(openKey, "x", "x")
		file := s.put(openKey, "a.txt", "hello")
		s.secure(openKey)
		path, _, _ := strings.Cut(r.Target, "?")
		creates := path == "/base/" || path == "/from_url/" || path == "/group/" || path == "/multipart/start/"
		text, _ := json.Marshal(r)
		want := ""
		switch {
		case creates && strings.Contains(string(text), "deadbeef"):
			want = "SignatureInvalidError"
		case creates && !strings.Contains(string(text), "signature"):
			want = "SignatureRequiredError"
		case creates:
			signed++
		case path == "/multipart/complete/":
			want = "MultipartFileAlreadyUploadedError"
		case path == "/group/info/":
			want = "GroupNotFoundError"
		}
		if !strings.Contains(r.Target, "jsonerrors") {
			join := "?"
			if strings.Contains(r.Target, "?") {
				join = "&"
			}
			r.Target += join + "jsonerrors=1"
		}
		w := s.sendAs(r, strings.NewReplacer(recordedFile, file))
		if got := codeOf(w); w.Code != 200 || got != want {
			t.Errorf("%s: %d %s, want %q", r.Client, w.Code, w.Body, want)
		}
	}
	if signed != 4 {
		t.Errorf("%d requests are signed, want 4", signed)
	}
}
