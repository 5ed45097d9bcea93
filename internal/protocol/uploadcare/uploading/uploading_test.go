package uploading

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/policy/expiring"
	"github.com/stowgate/stowgate/internal/protocol/uploadcare/answer"
	"github.com/stowgate/stowgate/internal/protocol/uploadcare/form"
	"github.com/stowgate/stowgate/internal/server"
	"github.com/stowgate/stowgate/internal/upload"
)

// TestAccess: to a project whose uploads must be signed, nothing is brought
// without a credential, with a wrong one, an expired one or another project's.
func TestAccess(t *testing.T) {
	s := newStack(t)
	s.change(securedKey, func(app *policy.App) {
		app.Secrets = []policy.Secret{{Key: "another secret", Created: app.Created}}
	})
	sign := func(secret string, life time.Duration) []string {
		expire := fmt.Sprint(s.clock().Add(life).Unix())
		return []string{"signature", expiring.Sign(secret, expire), "expire", expire}
	}
	signature := func(pairs []string) string {
		return strings.Join([]string{pairs[0] + "=" + pairs[1], pairs[2] + "=" + pairs[3]}, "&")
	}
	good := signature(sign("another secret", time.Minute))
	member := s.put(securedKey, "a.txt", "hello")
	creating := map[string]func(query, bearer string) *httptest.ResponseRecorder{}
	for path, pairs := range map[string][]string{
		"/base/":            {"UPLOADCARE_PUB_KEY", securedKey},
		"/multipart/start/": {"UPLOADCARE_PUB_KEY", securedKey, "filename", "a", "size", "12000000", "content_type", "x/y"},
		"/group/":           {"pub_key", securedKey, "files[]", member},
		"/from_url/":        {"pub_key", securedKey, "source_url", "https://example.com/"},
	} {
		creating[path] = func(query, bearer string) *httptest.ResponseRecorder {
			parts := fields(pairs...)
			if path == "/base/" {
				parts = append(parts, hello)
			}
			body, kind := inParts(t, parts)
			return s.send("POST", path+"?jsonerrors=1&"+query, kind, body, "Authorization: "+bearer)
		}
	}
	for path, send := range creating {
		for name, c := range map[string][2]string{
			"none":             {"", ""},
			"no signature":     {"expire=1900000000", ""},
			"no expiry":        {"signature=" + sign("another secret", time.Minute)[1], ""},
			"another secret's": {signature(sign(secret, time.Minute)), ""},
			"expired":          {signature(sign("another secret", 0)), ""},
			"another scheme":   {"", "Basic " + s.token(time.Minute, "")},
			"other's token":    {"", "Bearer " + s.token(time.Minute, "")},
			"no token":         {"", "Bearer "},
		} {
			if w := send(c[0], c[1]); codeOf(w) == "" {
				t.Errorf("%s with %s credential: %s", path, name, w.Body)
			}
		}
		if w := send(good, "Bearer nonsense"); codeOf(w) != "" {
			t.Errorf("%s signed: %s", path, w.Body)
		}
		// While nothing must be signed, nothing is looked at.
		s.change(securedKey, func(app *policy.App) { app.Security = false })
		if w := send("signature=nonsense&expire=nonsense", "Bearer nonsense"); codeOf(w) != "" {
			t.Errorf("%s of an open project: %s", path, w.Body)
		}
		s.change(securedKey, func(app *policy.App) { app.Security = true })
	}
	// A refused file leaves nothing.
	blobs := 0
	creating["/base/"]("", "")
	for range s.blobs.List(t.Context()) {
		blobs++
	}
	if blobs != 3 {
		t.Errorf("%d blobs, want those of three files", blobs)
	}
}

// TestB17TwoCredentials: if both came, the signature counts, and is in no way
// helped by the token.
func TestB17TwoCredentials(t *testing.T) {
	s := newStack(t).signed()
	token := s.token(time.Minute, "")
	expire := fmt.Sprint(s.clock().Add(time.Minute).Unix())
	for _, tt := range []struct{ signature, expire, token, want string }{
		{"", "", token, ""},
		{"", expire, token, ""}, // a time alone is no signature
		{expiring.Sign(secret, expire), expire, "", ""},
		{expiring.Sign(secret, expire), expire, token, ""},
		{expiring.Sign(secret, expire), expire, "nonsense", ""},
		{expiring.Sign("x", expire), expire, token, "SignatureInvalidError"},
		{expiring.Sign(secret, expire), "", token, "SignatureExpirationRequiredError"},
		{expiring.Sign(secret, "1"), "1", token, "SignatureExpirationError"},
	} {
		body, kind := inParts(t, append([]part{hello}, fields("signature", tt.signature, "expire", tt.expire, "UPLOADCARE_PUB_KEY", openKey)...))
		if w := s.send("POST", "/base/?jsonerrors=1", kind, body, "Authorization: Bearer "+tt.token); codeOf(w) != tt.want {
			t.Errorf("signature %.9s of %q, token %.9s: %s, want %q", tt.signature, tt.expire, tt.token, w.Body, tt.want)
		}
	}
}

// TestD4Fields: what a client notes about a file is kept under its names, and
// sets nothing else.
func TestD4Fields(t *testing.T) {
	s := newStack(t)
	names := []string{"app", "App", "id", "uuid", "UUID", "name", "type", "detected", "size", "location", "container", "path", "access",
		"base64", "alt", "workflows", "client", "temporary", "stored", "version", "Storage", "X-Forwarded-For"}
	var pairs []string
	for _, name := range names {
		pairs = append(pairs, name, "forged", "metadata["+name+"]", "forged")
	}
	a := s.asset(read[answered](t, s.base(pairs...)).File)
	if len(a.Tags) != len(names) {
		t.Errorf("tags %v, want %v", a.Tags, names)
	}
	a.Tags = nil
	if text := fmt.Sprintf("%+v", a); strings.Contains(text, "forged") || a.App != openKey || a.Version != 1 || a.Stored.IsZero() {
		t.Errorf("asset %s", text)
	}
}

// TestRoutes: whatever answers without a check says why, and creating is never
// among it.
func TestRoutes(t *testing.T) {
	s := newStack(t)
	public := map[string]bool{}
	for _, route := range New(Config{Delivery: s.deliveries, Imports: s.imports}).Routes() {
		if route.Public != "" && route.Method != "" {
			public[route.Method+" /"+strings.Trim(route.Pattern, "/")] = true
		}
	}
	want := map[string]bool{"PUT /multipart/parts/{ticket}": true, "GET /from_url/status": true, "GET /app/{key}": true}
	if !reflect.DeepEqual(public, want) {
		t.Errorf("routes without a credential: %v, want %v", public, want)
	}
}

func TestSpellings(t *testing.T) {
	s := newStack(t)
	for _, path := range []string{"/info/", "/info", "/info//", "//info/"} {
		if w := s.get(path, "pub_key", openKey); codeOf(w) != "FileIdRequiredError" {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
	start := func(on http.Handler, host, path string) int {
		r := httptest.NewRequest("POST", path, nil)
		r.Host = host
		w := httptest.NewRecorder()
		on.ServeHTTP(w, r)
		return w.Code
	}
	domain, err := server.NewRouter("files.test", New(Config{Delivery: s.deliveries}).Routes())
	if err != nil {
		t.Fatal(err)
	}
	// Without its last slash it is another protocol's where both are on one host.
	for _, tt := range []struct {
		on         http.Handler
		host, path string
		want       int
	}{
		{s, "files.test", "/multipart/start/", http.StatusForbidden},
		{s, "files.test", "/multipart/start", http.StatusNotFound},
		{s, "files.test", "/multipart/complete", http.StatusNotFound},
		{domain, "ucupload.files.test", "/multipart/start/", http.StatusForbidden},
		{domain, "ucupload.files.test", "/multipart/start", http.StatusForbidden},
		{domain, "upload.files.test", "/multipart/start/", http.StatusMisdirectedRequest},
		{domain, "files.test", "/multipart/start/", http.StatusNotFound},
	} {
		if got := start(tt.on, tt.host, tt.path); got != tt.want {
			t.Errorf("POST %s%s: %d, want %d", tt.host, tt.path, got, tt.want)
		}
	}
}

func TestHeaders(t *testing.T) {
	s := newStack(t)
	for _, w := range []*httptest.ResponseRecorder{s.get("/info/"), s.base(), s.get("/from_url/status/", "token", "x")} {
		h := w.Header()
		if h.Get("Access-Control-Allow-Origin") != "*" || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Cache-Control") != "private, no-store" || h.Get("Warning") != "" {
			t.Errorf("header %v", h)
		}
	}
	plain := httptest.NewRecorder()
	(&API{place: answer.Place{Upload: "http://upload.test"}}).protect(plain)
	if got := plain.Header().Get("Warning"); got != "199 Miscellaneous warning: You should use secure requests to Uploadcare" {
		t.Errorf("warning over plain HTTP: %q", got)
	}
}

func TestStore(t *testing.T) {
	s := newStack(t)
	for _, tt := range []struct {
		store     []string
		temporary bool // of the project
		want      bool
	}{
		{nil, false, false}, {nil, true, true},
		{[]string{"auto"}, false, false}, {[]string{"auto"}, true, true},
		{[]string{"1"}, true, false}, {[]string{"true"}, true, false},
		{[]string{"0"}, false, true}, {[]string{"false"}, false, true}, {[]string{""}, false, true},
	} {
		s.limited(policy.Options{Temporary: tt.temporary})
		var pairs []string
		for _, value := range tt.store {
			pairs = append(pairs, "UPLOADCARE_STORE", value)
		}
		if a := s.asset(read[answered](t, s.base(pairs...)).File); a.Stored.IsZero() != tt.want {
			t.Errorf("UPLOADCARE_STORE=%q of a project with temporary files %v: stored %v", tt.store, tt.temporary, a.Stored)
		}
	}
}

func TestBaseFiles(t *testing.T) {
	s := newStack(t)
	names := read[map[string]string](t, s.post("/base/",
		part{Name: "ä.txt", Filename: "dir/ä.txt", Type: "text/plain", Value: "one"}, part{Name: "UPLOADCARE_PUB_KEY", Value: openKey},
		part{Name: "b.txt", Filename: "b.txt", Type: "text/plain", Value: ""}))
	if len(names) != 2 || s.asset(names["ä.txt"]).Name != "ä.txt" || s.asset(names["b.txt"]).Content.Size() != 0 {
		t.Errorf("files %v", names)
	}
}

// TestFileLimits tries the limits of a file and of a request, at their edges.
func TestFileLimits(t *testing.T) {
	s := newStack(t)
	api := New(Config{Uploads: s.uploads, Delivery: s.deliveries})
	if api.maxFile != MaxFile || api.maxRequest != MaxRequest || MaxRequest < MaxFile {
		t.Fatalf("limits %d and %d", api.maxFile, api.maxRequest)
	}
	api.maxFile, api.maxRequest = 10, 25
	for _, tt := range []struct {
		sizes []int
		want  string
	}{
		{[]int{10}, ""},
		{[]int{11}, "FileSizeLimitExceededError"},
		{[]int{10, 11}, "FileSizeLimitExceededError"},
		{[]int{10, 10, 5}, ""},
		{[]int{10, 10, 6}, "RequestSizeLimitExceededError"},
		{[]int{10, 10, 5, 0}, ""},
		{[]int{10, 10, 5, 1}, "RequestSizeLimitExceededError"},
	} {
		c, got := new(call), ""
		for i, size := range tt.sizes {
			if err := api.receive(t.Context(), c, form.File{Field: itoa(i), Body: strings.NewReader(strings.Repeat("x", size))}); err != nil {
				got = answer.ErrorOf(err).Code
			}
		}
		c.close()
		if got != tt.want {
			t.Errorf("files of %d bytes: %q, want %q", tt.sizes, got, tt.want)
		}
	}
}

func TestInfo(t *testing.T) {
	s := newStack(t)
	id := s.put(openKey, "a.png", picture(t))
	info := read[answer.Info](t, s.get("/info/", "pub_key", openKey, "file_id", strings.ToUpper(id)))
	if !info.IsReady || !info.IsImage || info.ImageInfo.Width != 5 || info.ImageInfo.Format != "PNG" || !s.asset(id).IsPicture() {
		t.Errorf("info of a picture: %+v", info)
	}
	broken := s.put(openKey, "b.png", picture(t)[:20])
	if info := read[answer.Info](t, s.get("/info/", "pub_key", openKey, "file_id", broken)); !info.IsReady || info.IsImage || info.ImageInfo != nil {
		t.Errorf("info of a broken picture: %+v", info)
	}
	// Names are enough, also where reading needs more.
	secured := s.put(securedKey, "c.txt", "x")
	if info := read[answer.Info](t, s.get("/info/", "pub_key", securedKey, "file_id", secured)); info.Filename != "c.txt" {
		t.Errorf("info of a secured file: %+v", info)
	}
	// An upload is looked at without anybody asking.
	uploaded := read[answered](t, s.post("/base/", append(fields("UPLOADCARE_PUB_KEY", openKey), part{Name: "file", Filename: "d.png", Type: "image/png", Value: picture(t)})...)).File
	for give := time.Now().Add(patience); time.Now().Before(give); {
		if s.asset(uploaded).IsPicture() {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Error("an upload was never looked at")
}

// TestMultipartParts tries how clients cut files.
func TestMultipartParts(t *testing.T) {
	const mib = 1 << 20
	for _, tt := range []struct {
		name  string
		size  int64
		parts []int // bytes of each that is sent
		want  string
	}{
		{"as offered", 10*mib + 100, []int{5 * mib, 5 * mib, 100}, ""},
		{"the last one glued", 10*mib + 100, []int{5 * mib, 5*mib + 100}, ""},
		{"the last one glued, almost too large", 11*mib - 1, []int{5 * mib, 6*mib - 1}, ""},
		{"one missing", 10*mib + 100, []int{5 * mib, 5 * mib}, "MultipartUploadSizeTooSmallError"},
		{"a gap", 10*mib + 100, []int{0, 5 * mib, 100}, "MultipartUploadSizeTooSmallError"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newStack(t)
			started := read[answered](t, s.begin("size", fmt.Sprint(tt.size), "metadata[a]", "b", "UPLOADCARE_STORE", "0", "tags", "x"))
			for i := len(tt.parts) - 1; i >= 0; i-- {
				link, err := url.Parse(started.Parts[i])
				if err != nil || link.Query().Get("partNumber") != itoa(i+1) {
					t.Fatalf("address of part %d: %s", i+1, started.Parts[i])
				}
				if tt.parts[i] > 0 {
					s.sendPart(started.Parts[i]+"&x=%2f+", tt.parts[i], http.StatusOK) // clients may write the query anew
				}
			}
			w := s.complete(started.UUID)
			if codeOf(w) != tt.want {
				t.Fatalf("complete: %s, want %q", w.Body, tt.want)
			}
			if tt.want != "" {
				return
			}
			a := s.asset(started.UUID)
			if read[answered](t, w).UUID != started.UUID || a.Content.Size() != tt.size || a.Tags["a"] != "b" || !a.Stored.IsZero() || len(a.Labels) != 1 {
				t.Errorf("completed: %s, %+v", w.Body, a)
			}
			s.pass(upload.DefaultLifetime) // when nobody knows of the parts any more
			if w := s.complete(started.UUID); codeOf(w) != "MultipartFileAlreadyUploadedError" {
				t.Errorf("complete again: %s", w.Body)
			}
		})
	}
	s := newStack(t)
	started := read[answered](t, s.begin())
	s.sendPart(started.Parts[0], 7, http.StatusBadRequest)
	s.sendPart(strings.Replace(started.Parts[0], "?", "x?", 1), 5*mib, http.StatusForbidden)
	if w := s.post("/multipart/complete/", fields("UPLOADCARE_PUB_KEY", otherKey, "uuid", started.UUID)...); codeOf(w) != "MultipartFileNotFoundError" {
		t.Errorf("complete by another project: %s", w.Body)
	}
	// 10,000 parts are the most: what needs more asks for larger ones.
	if w := s.begin("size", "52428800001"); codeOf(w) != "MultipartPartSizeTooSmallError" || !strings.Contains(w.Body.String(), "less than 5242881 bytes") {
		t.Errorf("file of too many parts: %s", w.Body)
	}
	if started := read[answered](t, s.begin("size", "52428800000")); len(started.Parts) != upload.MaxParts {
		t.Errorf("file of the most parts has %d", len(started.Parts))
	}
}

func TestGroup(t *testing.T) {
	s := newStack(t)
	one, two := s.put(openKey, "a.txt", "1"), s.put(openKey, "b.txt", "2")
	type group struct {
		ID, URL    string
		CDNURL     string `json:"cdn_url"`
		FilesCount int    `json:"files_count"`
		Files      []*answer.Info
	}
	members := func(g group) (all []string) {
		for _, f := range g.Files {
			if f == nil {
				all = append(all, "")
				continue
			}
			all = append(all, f.UUID+" "+*f.DefaultEffects)
		}
		return all
	}
	made := read[group](t, s.post("/group/", fields("files[10]", "https://ucarecdn.com/"+one+"/-/resize/x800/", "files[9]", "/"+two+"/-/crop/1x1/",
		"files[x]", one+"/", "pub_key", openKey)...))
	want := []string{two + " crop/1x1/", one + " resize/x800/", one + " "}
	if !reflect.DeepEqual(members(made), want) || made.FilesCount != 3 || made.CDNURL != "https://cdn.test/"+made.ID+"/" {
		t.Errorf("group %+v of %q, want %q", made, members(made), want)
	}
	if err := s.catalog.RemoveAsset(t.Context(), openKey, s.asset(two).ID, policy.Use{}); err != nil {
		t.Fatal(err)
	}
	want[0] = ""
	if got := read[group](t, s.get("/group/info/", "pub_key", openKey, "group_id", made.ID)); !reflect.DeepEqual(members(got), want) || got.ID != made.ID {
		t.Errorf("group info %+v of %q, want %q", got, members(got), want)
	}
	for _, id := range []string{"123ebb27-1fd6-46c6-a859-b9893", strings.TrimSuffix(made.ID, "3") + "2", made.ID + "/"} {
		if w := s.get("/group/info/", "pub_key", openKey, "group_id", id); codeOf(w) != "GroupNotFoundError" {
			t.Errorf("group %s: %s", id, w.Body)
		}
	}
	most := many(asset.MaxGroup, func(int) part { return part{Name: form.Many, Value: one + "/-/preview/"} })
	if got := read[group](t, s.post("/group/", append(most, fields("pub_key", openKey)...)...)); len(got.Files) != asset.MaxGroup {
		t.Errorf("group of the most files has %d", len(got.Files))
	}
	if w := s.get("/group/info/", "pub_key", otherKey, "group_id", made.ID); codeOf(w) != "GroupNotFoundError" {
		t.Errorf("group of another project: %s", w.Body)
	}
}
