package uploading

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/upload"
	"github.com/stowgate/stowgate/internal/upload/imports"
)

type status struct {
	Status   string
	Done     int64
	Total    any
	Error    string
	Code     string `json:"error_code"`
	UUID     string
	Size     int64
	Original string `json:"original_filename"`
	MimeType string `json:"mime_type"`
	IsStored bool   `json:"is_stored"`
	Metadata map[string]string
	Type     string
	Token    string
}

// ask returns how an import stands.
func (s *stack) ask(token string, header ...string) status {
	s.t.Helper()
	return read[status](s.t, s.send("GET", "/from_url/status/?jsonerrors=1&token="+token, "", "", header...))
}

// await asks until an import is over, or has any of the states.
func (s *stack) await(token string, states ...string) status {
	s.t.Helper()
	for give := time.Now().Add(patience); time.Now().Before(give); {
		if got := s.ask(token); got.Status != "waiting" && got.Status != "progress" || strings.Contains(strings.Join(states, " "), got.Status) {
			return got
		}
		time.Sleep(5 * time.Millisecond)
	}
	s.t.Fatalf("import %s does not end: %+v", token, s.ask(token))
	return status{}
}

// fromURL begins an import and returns its token.
func (s *stack) fromURL(key, source string, pairs ...string) string {
	s.t.Helper()
	query := url.Values{"jsonerrors": {"1"}, "pub_key": {key}, "source_url": {source}}
	for i := 0; i < len(pairs); i += 2 {
		query.Set(pairs[i], pairs[i+1])
	}
	got := read[status](s.t, s.send("POST", "/from_url/?"+query.Encode(), "", ""))
	if got.Type != "token" || got.Token == "" {
		s.t.Fatalf("from_url: %+v", got)
	}
	return got.Token
}

func TestFromURL(t *testing.T) {
	s := newStack(t)
	s.serve(remoteFile(strings.NewReader("hello"), 5))
	token := s.fromURL(openKey, "https://example.com/dir/i.jpg?x=1", "store", "0", "metadata[pet]", "cat", "tags", "A,b")
	got := s.await(token)
	if got.Status != "success" || got.Done != 5 || got.Total != 5.0 || got.Size != 5 || got.Original != "i.jpg" || got.MimeType != "image/x" || got.IsStored || got.Metadata["pet"] != "cat" {
		t.Errorf("status %+v", got)
	}
	if a := s.asset(got.UUID); fmt.Sprint(a.Labels) != "[a b]" || a.Source != "https://example.com/dir/i.jpg?x=1" || a.Client != "URL" {
		t.Errorf("asset %+v", a)
	}
	s.serve(remoteFile(strings.NewReader("hello"), -1))
	if got := s.await(s.fromURL(openKey, "https://example.com/", "filename", "newFileName.jpg")); got.Original != "newFileName.jpg" || !got.IsStored {
		t.Errorf("status %+v", got)
	}
	// The widget uses GET, and uploadcare-go a form.
	if got := read[status](t, s.send("GET", "/from_url/?pub_key="+openKey+"&source_url=https://example.com/", "", "")); got.Type != "token" {
		t.Errorf("GET: %+v", got)
	}
	if got := read[status](t, s.post("/from_url/", fields("pub_key", openKey, "source_url", "https://example.com/")...)); got.Type != "token" {
		t.Errorf("form: %+v", got)
	}
	s.pass(imports.Lifetime)
	if got := s.ask(token); got.Status != "unknown" {
		t.Errorf("status of an import from yesterday: %+v", got)
	}
}

// TestFromURLProgress tries what clients are told on the way: never less than
// before.
func TestFromURLProgress(t *testing.T) {
	for _, tt := range []struct {
		size          int64
		header        string
		first, second string // totals
	}{
		{8, "", "8", "8"},
		{-1, "X-UC-User-Agent: UploadcareUploadClient/6.21.0/demopublickey (JavaScript)", "unknown", "unknown"},
		{-1, "User-Agent: UploadcareGo/2.0.0/demopublickey", "<nil>", "<nil>"},
	} {
		s := newStack(t)
		r, w := io.Pipe()
		s.serve(remoteFile(r, tt.size))
		token := s.fromURL(openKey, "https://example.com/")
		if got := s.ask(token); got.Status != "waiting" && got.Status != "progress" {
			t.Errorf("at first: %+v", got)
		}
		var seen int64
		for _, text := range []string{"hell", "o wo"} {
			io.WriteString(w, text)
			for seen%4 == 0 && seen < 8 {
				got := s.ask(token, tt.header)
				if got.Done < seen {
					t.Errorf("done went from %d to %d", seen, got.Done)
				}
				if got.Done == seen {
					continue
				}
				if seen = got.Done; got.Status != "progress" || fmt.Sprint(got.Total) != tt.first {
					t.Errorf("on the way: %+v, want a total of %s", got, tt.first)
				}
				break
			}
		}
		w.Close()
		if got := s.await(token); got.Status != "success" || got.Done != 8 || got.Total != 8.0 {
			t.Errorf("at last: %+v", got)
		}
	}
}

func TestFromURLFails(t *testing.T) {
	for _, tt := range []struct {
		name     string
		remote   error
		options  policy.Options
		sentence string
		code     string
	}{
		{"not there", notGiven(404), policy.Options{}, "HTTP client error: 404.", "DownloadFileHTTPClientError"},
		{"down", notGiven(503), policy.Options{}, "HTTP server error: 503.", "DownloadFileHTTPServerError"},
		{"nobody", fault.Unreachable, policy.Options{}, "HTTP network error: the source could not be read.", "DownloadFileHTTPNetworkError"},
		{"refused", fault.Invalid, policy.Options{}, "HTTP URL validation error: the source cannot be read.", "DownloadFileHTTPURLValidationError"},
		{"too long", fmt.Errorf("fetch: %w", context.DeadlineExceeded), policy.Options{}, "Failed to download the file within the allotted time limit of 3600 seconds.", "DownloadFileTimeLimitExceededError"},
		{"too large", nil, policy.Options{MaxSize: 4}, "Downloaded file is too big: its size > the limit.", "DownloadFileSizeLimitExceededError"},
		{"type", nil, policy.Options{Types: []string{"image/*"}}, "File validation error: Uploading of these file types is not allowed.", "DownloadFileValidationFailedError"},
		{"quota", nil, policy.Options{MaxBytes: 4}, "File validation error: Account has reached its limits.", "DownloadFileValidationFailedError"},
	} {
		s := newStack(t)
		s.serve(remoteFile(strings.NewReader("hello"), -1))
		if tt.remote != nil {
			s.serve(func(context.Context, int64) (*upload.Remote, error) { return nil, tt.remote })
		}
		s.change(openKey, func(app *policy.App) { app.Options = tt.options })
		if got := s.await(s.fromURL(openKey, "https://example.com/")); got.Status != "error" || got.Error != tt.sentence || got.Code != tt.code {
			t.Errorf("%s: %+v, want %s %s", tt.name, got, tt.code, tt.sentence)
		}
	}
	// A failure of this server's own is none of the import's.
	s := newStack(t)
	s.serve(func(context.Context, int64) (*upload.Remote, error) { return nil, errors.New("disk on fire") })
	token := s.fromURL(openKey, "https://example.com/")
	time.Sleep(50 * time.Millisecond)
	if got := s.ask(token); got.Status != "waiting" {
		t.Errorf("before it is tried again: %+v", got)
	}
	s.serve(remoteFile(strings.NewReader("hello"), 5))
	s.stop()
	s.pass(time.Minute)
	s.open()
	if got := s.await(token); got.Status != "success" {
		t.Errorf("tried again: %+v", got)
	}
}

// TestFromURLRefused tries what is told at once; the contract has other cases.
func TestFromURLRefused(t *testing.T) {
	s := newStack(t)
	for source, code := range map[string]string{
		"https://1.com/1.jpg":             "HostnameNotFoundError",
		"http://inside.example.com/":      "HostnameNotFoundError",
		"http://127.0.0.1/":               "URLHostPrivateIPForbiddenError",
		"http://localhost/":               "URLHostPrivateIPForbiddenError",
		"http://[::1]/":                   "URLHostPrivateIPForbiddenError",
		"http://169.254.169.254/":         "URLHostPrivateIPForbiddenError",
		"http://a..example.com/":          "URLHostMalformedError",
		"http://example.com:22/":          "URLValidationError",
		"http://me@example.com/":          "URLValidationError",
		"https://cdn.test/-/resize/x/":    "URLHostPrivateIPForbiddenError",
		"https://cdn.test/group~2/nth/0/": "URLHostPrivateIPForbiddenError",
	} {
		if w := s.get("/from_url/", "pub_key", openKey, "source_url", source); codeOf(w) != code {
			t.Errorf("%s: %s, want %s", source, w.Body, code)
		}
	}
}

// TestFromURLOwn brings in what this server's own CDN gives to anybody.
func TestFromURLOwn(t *testing.T) {
	s := newStack(t)
	open, secured := s.put(otherKey, "20200721174713.png", "hello"), s.put(securedKey, "a.txt", "secret")
	for source, want := range map[string]status{
		"https://cdn.test/" + open + "/20200721174713.png":       {Status: "success", Original: "20200721174713.png"},
		"https://1s4oyld5dc.cdn.test/" + open + "/":              {Status: "success", Original: "20200721174713.png"},
		"https://cdn.test/" + open:                               {Status: "success", Original: "20200721174713.png"},
		"https://cdn.test/" + secured + "/":                      {Status: "error", Error: "HTTP client error: 404."},
		"https://cdn.test/00000000-0000-4000-8000-000000000000/": {Status: "error", Error: "HTTP client error: 404."},
	} {
		if got := s.await(s.fromURL(openKey, source)); got.Status != want.Status || got.Original != want.Original || got.Error != want.Error {
			t.Errorf("%s: %+v, want %+v", source, got, want)
		}
	}
	s.change(securedKey, func(app *policy.App) { app.Options.OpenReads = true })
	if got := s.await(s.fromURL(openKey, "https://cdn.test/"+secured+"/")); got.Status != "success" {
		t.Errorf("a file that anybody may read: %+v", got)
	}
}

func TestFromURLDuplicates(t *testing.T) {
	s := newStack(t)
	s.serve(func(context.Context, int64) (*upload.Remote, error) {
		return remoteFile(strings.NewReader("hello"), 5)(nil, 0)
	})
	const source = "https://example.com/i.jpg"
	ask := func(key, check, save string) status {
		t.Helper()
		pairs := []string{"pub_key", key, "source_url", source}
		if check != "" {
			pairs = append(pairs, "check_URL_duplicates", check)
		}
		if save != "" {
			pairs = append(pairs, "save_URL_duplicates", save)
		}
		got := read[status](t, s.get("/from_url/", pairs...))
		if got.Type == "token" {
			if end := s.await(got.Token); end.Status != "success" {
				t.Fatalf("import: %+v", end)
			}
		}
		return got
	}
	for i, tt := range []struct{ key, check, save, want string }{
		{openKey, "1", "0", "token"}, // not known yet, nor from now on
		{openKey, "", "", "token"},
		{openKey, "1", "", "token"},
		{openKey, "1", "0", "file_info"}, // saved, as checked
		{openKey, "true", "", "file_info"},
		{openKey, "0", "1", "token"},  // not asked for
		{otherKey, "1", "0", "token"}, // another project's
	} {
		if got := ask(tt.key, tt.check, tt.save); got.Type != tt.want || (got.UUID == "") != (tt.want == "token") {
			t.Errorf("request %d: %+v, want %s", i, got, tt.want)
		}
	}
	file := s.asset(ask(openKey, "1", "").UUID)
	if err := s.catalog.RemoveAsset(t.Context(), openKey, file.ID, policy.Use{}); err != nil {
		t.Fatal(err)
	}
	if got := ask(openKey, "1", "0"); got.Type != "token" {
		t.Errorf("after it was removed: %+v", got)
	}
}

// TestFromURLKilled: a process that ends while it imports loses nothing, and
// stores nothing twice.
func TestFromURLKilled(t *testing.T) {
	s := newStack(t)
	r, w := io.Pipe()
	s.serve(remoteFile(r, 10))
	token := s.fromURL(openKey, "https://example.com/", "store", "1")
	io.WriteString(w, "half ") // waits until it is read
	go func() { time.Sleep(20 * time.Millisecond); w.CloseWithError(errors.New("connection lost")) }()
	s.stop()
	if got := s.ask(token); got.Status != "waiting" && got.Status != "progress" {
		t.Fatalf("before the end: %+v", got)
	}
	s.serve(remoteFile(strings.NewReader("whole file"), 10))
	s.open()
	got := s.await(token)
	if got.Status != "success" || got.Size != 10 {
		t.Fatalf("after the beginning: %+v", got)
	}
	// One that was stored, but not noted as such before the process ended.
	s.serve(remoteFile(strings.NewReader("whole file"), 10))
	s.mute(true)
	token = s.fromURL(openKey, "https://example.com/")
	for len(s.files()) < 2 {
		time.Sleep(time.Millisecond)
	}
	s.stop()
	s.mute(false)
	s.serve(nil) // it is not fetched again
	s.pass(time.Minute)
	s.open()
	if end := s.await(token); end.Status != "success" || len(s.files()) != 2 {
		t.Errorf("noted later: %+v, %d files", end, len(s.files()))
	}
}
