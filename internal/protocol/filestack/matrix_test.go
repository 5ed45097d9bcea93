package filestack

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/policy"
)

// A probe is a request of one guarded route for a file, by a caller.
type probe func(s *stack, t *testing.T, id asset.ID, key string, c policy.Credential) *httptest.ResponseRecorder

// inBody returns a probe that posts JSON with the caller's key and credential.
func inBody(path, fields string) probe {
	return func(s *stack, t *testing.T, id asset.ID, key string, c policy.Credential) *httptest.ResponseRecorder {
		body := fmt.Sprintf(`{"apikey":%q,"policy":%q,"signature":%q,%s}`, key, c.Policy, c.Signature, strings.ReplaceAll(fields, "HANDLE", string(id)))
		return s.send(t, "POST", path, body, "Content-Type: application/json")
	}
}

// inQuery returns a probe with the caller's credential in the query.
func inQuery(method, path, body string) probe {
	return func(s *stack, t *testing.T, id asset.ID, key string, c policy.Credential) *httptest.ResponseRecorder {
		target := strings.NewReplacer("HANDLE", string(id), "KEY", key).Replace(path)
		return s.send(t, method, target+query(c), body)
	}
}

// inTask returns a probe with the caller's credential in a task.
func inTask(method, path string) probe {
	return func(s *stack, t *testing.T, id asset.ID, key string, c policy.Credential) *httptest.ResponseRecorder {
		security := "security=policy:" + c.Policy + ",signature:" + c.Signature
		return s.send(t, method, strings.NewReplacer("HANDLE", string(id), "KEY", key, "SECURITY", security).Replace(path), "")
	}
}

// probes has at least one request for every guarded route, by its method and
// pattern.
var probes = map[string][]probe{
	"POST /multipart/start":    {inBody("/multipart/start", `"filename":"x","size":5`)},
	"POST /multipart/upload":   {inBody("/multipart/upload", `"upload_id":"AAAAAAAAAAAAAAAAAAAAAA","part":1,"size":5`)},
	"POST /multipart/commit":   {inBody("/multipart/commit", `"upload_id":"AAAAAAAAAAAAAAAAAAAAAA","part":1,"size":5`)},
	"POST /multipart/complete": {inBody("/multipart/complete", `"upload_id":"AAAAAAAAAAAAAAAAAAAAAA"`)},
	"POST /multipart/status":   {inBody("/multipart/status", `"upload_id":"AAAAAAAAAAAAAAAAAAAAAA"`)},
	"POST /preview":            {inQuery("POST", "/preview?key=KEY&", "bytes")},
	"POST /process": {
		inBody("/process", `"sources":["HANDLE"],"tasks":[{"name":"store"}]`),
		inBody("/process", `"sources":["https://files.test/HANDLE"],"tasks":[{"name":"store"}]`),
		inBody("/process", `"sources":["https://example.com/a.png"],"tasks":[{"name":"store"}]`),
		inBody("/process", `"sources":["HANDLE"],"tasks":[{"name":"flip"}]`),
	},
	"POST /folder/list": {inBody("/folder/list", `"clouds":{"dropbox":{}}`)},
	"POST /store/": {
		inBody("/store/", `"clouds":{"url":{"path":"https://example.com/a.png"}}`),
		inBody("/store/", `"clouds":{"url":{"path":"https://files.test/HANDLE"}}`),
	},
	"POST /metadata": {
		inBody("/metadata", `"url":"https://example.com/a.png"`),
		inBody("/metadata", `"url":"https://files.test/HANDLE"`),
	},
	"POST /api/store":                {inQuery("POST", "/api/store?key=KEY&", "bytes")},
	"POST /api/store/{path...}":      {inQuery("POST", "/api/store/S3?key=KEY&", "bytes"), inQuery("POST", "/api/store/S3/x?key=KEY&", "bytes")},
	"DELETE /api/file/{handle}":      {inQuery("DELETE", "/api/file/HANDLE?key=KEY&", ""), inQuery("DELETE", "/api/file/HANDLE?", "")},
	"POST /api/file/{handle}/remove": {inQuery("POST", "/api/file/HANDLE/remove?key=KEY&", "")},
	"POST /api/file/{handle}": {
		inQuery("POST", "/api/file/HANDLE?key=KEY&", "other bytes"),
		inQuery("POST", "/api/file/HANDLE?url=https://example.com/a.png&", ""),
	},
	"GET /api/file/{handle}":          {inQuery("GET", "/api/file/HANDLE?", ""), inQuery("HEAD", "/api/file/HANDLE+txt?key=KEY&", "")},
	"GET /api/file/{handle}/metadata": {inQuery("GET", "/api/file/HANDLE/metadata?", ""), inQuery("GET", "/api/file/HANDLE/metadata?exif=true&", "")},
	"GET /{handle}/metadata":          {inQuery("GET", "/HANDLE/metadata?", "")},
	"GET /file/{handle}/metadata":     {inQuery("GET", "/file/HANDLE/metadata?", "")},
	"GET /api/preview/{handle}":       {inQuery("GET", "/api/preview/HANDLE?", ""), inQuery("HEAD", "/api/preview/HANDLE?key=KEY&", "")},
	"GET /api/file/{handle}/convert":  {inQuery("GET", "/api/file/HANDLE/convert?w=5&", "")},
	"POST /api/file/{handle}/convert": {inQuery("POST", "/api/file/HANDLE/convert?w=5&", ""), inQuery("POST", "/api/file/HANDLE/convert?key=KEY&", "")},
	"GET /{path...}": {
		inQuery("GET", "/HANDLE?", ""), inQuery("GET", "/KEY/HANDLE?", ""), inTask("GET", "/SECURITY/HANDLE"), inTask("GET", "/KEY/SECURITY/HANDLE"),
		inTask("GET", "/SECURITY/metadata/HANDLE"), inTask("GET", "/SECURITY/resize=width:5/HANDLE"), inTask("GET", "/SECURITY/store/HANDLE"),
		inTask("GET", "/preview/SECURITY/HANDLE"), inTask("GET", "/KEY/preview=css:%22https%3A%2F%2Fexample.com%2Fa.css%22/SECURITY/HANDLE"),
		inTask("GET", "/KEY/SECURITY/store/https://example.com/a.png"), inTask("GET", "/KEY/SECURITY/https://example.com/a.png"),
		inTask("GET", "/KEY/SECURITY/store/https://files.test/HANDLE"), inTask("GET", "/KEY/SECURITY/workflow_status=job_id:1"),
	},
	"POST /{path...}": {inTask("POST", "/SECURITY/store/HANDLE"), inTask("POST", "/KEY/store/SECURITY/https://example.com/a.png")},
}

// routesWithoutCredential are the only ones.
var routesWithoutCredential = []string{
	"PUT /multipart/part/{ticket}", "POST /prefetch", "GET /prefetch", "POST /auth/logout", "POST /recording/{kind}/{step}",
}

// TestA1RouteTable walks the table of routes: on each one that is not public by
// name, nothing opens for a caller without a good credential.
func TestA1RouteTable(t *testing.T) {
	expired := sign(securedKey, `{"expiry":1700000000}`)
	good := sign(securedKey, everything)
	forged := good
	forged.Signature = strings.Repeat("0", 64)
	callers := []struct {
		name string
		key  string
		cred policy.Credential
	}{
		{"none", securedKey, policy.Credential{}},
		{"policy only", securedKey, policy.Credential{Policy: good.Policy}},
		{"signature only", securedKey, policy.Credential{Signature: good.Signature}},
		{"wrong", securedKey, forged},
		{"expired", securedKey, expired},
		{"of another app", securedKey, sign(otherKey, everything)},
		{"another app", otherKey, sign(otherKey, everything)},
		{"no calls", securedKey, sign(securedKey, `{"expiry":1999999999,"call":[]}`)},
		{"unknown app", "nobody", sign(otherKey, everything)},
		{"open app", openKey, policy.Credential{}},
	}
	// What another app may do with its own key, because it is not about the file.
	own := []string{"POST /multipart/start", "POST /folder/list", "POST /api/store", "POST /api/store/{path...}"}
	s := newStack(t, Config{})
	file := s.put(t, securedKey, "n.txt", "protected")
	for _, route := range s.api.Routes() {
		name := strings.TrimSpace(route.Method + " " + route.Pattern)
		if route.Public != "" {
			if route.Method != "" && !slices.Contains(routesWithoutCredential, name) {
				t.Errorf("%s is public, and not by name", name)
			}
			continue
		}
		if len(probes[name]) == 0 {
			t.Errorf("%s has no probe", name)
		}
		for i, p := range probes[name] {
			for _, c := range callers {
				outsider := c.key == otherKey || c.key == openKey
				before := len(s.fetched)
				w := p(s, t, file, c.key, c.cred)
				if outsider && (slices.Contains(own, name) || w.Code == 200 && len(s.fetched) > before) {
					continue
				}
				if w.Code < 400 || strings.Contains(w.Body.String(), "protected") {
					t.Errorf("%s, probe %d, caller %s: status %d, %s", name, i, c.name, w.Code, w.Body)
				}
			}
		}
	}
	if s.content(t, file) != "protected" {
		t.Error("the file was changed")
	}
	for name, list := range probes {
		for i, p := range list {
			s := newStack(t, Config{})
			id := s.put(t, securedKey, "n.txt", "protected")
			w := p(s, t, id, securedKey, good)
			guessed := w.Code == 404 && strings.HasPrefix(name, "POST /multipart/")
			if w.Code != 200 && !guessed && !strings.Contains(w.Body.String(), "Unsupported conversion") {
				t.Errorf("%s, probe %d opens for nobody: status %d, %s", name, i, w.Code, w.Body)
			}
		}
	}
}

// content returns the bytes of a file, by its owner.
func (s *stack) content(t *testing.T, id asset.ID) string {
	t.Helper()
	w := s.send(t, "GET", "/"+string(id)+"?"+query(sign(securedKey, everything)), "")
	if w.Code != 200 {
		t.Fatalf("file is gone: %d %s", w.Code, w.Body)
	}
	return w.Body.String()
}

// TestA4Spellings tries other ways to write the paths and methods of protected
// routes.
func TestA4Spellings(t *testing.T) {
	s := newStack(t, Config{})
	id := string(s.put(t, securedKey, "n.txt", "protected"))
	routes := []struct{ method, path string }{
		{"GET", "/" + id}, {"GET", "/api/file/" + id}, {"DELETE", "/api/file/" + id}, {"POST", "/multipart/start"}, {"GET", "/" + id + "/metadata"},
	}
	count := 0
	try := func(method, target string, header ...string) {
		t.Helper()
		count++
		body := ""
		if method == "POST" {
			body = `{"apikey":"` + securedKey + `","filename":"x","size":1}`
		}
		w := s.send(t, method, target, body, header...)
		if w.Code < 400 || strings.Contains(w.Body.String(), "protected") {
			t.Errorf("%s %s %v: status %d, %s", method, target, header, w.Code, w.Body)
		}
	}
	for _, r := range routes {
		for _, target := range []string{
			"/" + r.path, "/." + r.path, "/x/.." + r.path, r.path + "/", r.path + "//", r.path + "/.", r.path + "/..", r.path + ";x", r.path + ".",
			r.path + "%2f", r.path + "%2F..", r.path + "%00", r.path + "%20", r.path + "\\", r.path + "%5c", r.path + "?", r.path + "?x=/",
			strings.Replace(r.path[1:], "/", "%2F", 1), "/%2e" + r.path, "/" + strings.ToUpper(r.path[1:2]) + r.path[2:],
			"/%" + fmt.Sprintf("%02x", r.path[1]) + r.path[2:], strings.Replace(r.path, "/", "//", 1), strings.ReplaceAll(r.path, "/", "/./"),
			"http://files.test" + r.path,
		} {
			if !strings.HasPrefix(target, "/") && !strings.HasPrefix(target, "http") {
				target = "/" + target
			}
			try(r.method, target)
		}
		for _, header := range []string{
			"X-HTTP-Method-Override: OPTIONS", "X-Method-Override: HEAD", "X-Original-URL: /prefetch", "X-Rewrite-URL: /prefetch",
		} {
			try(r.method, r.path, header)
		}
		try(r.method, r.path+"?_method=OPTIONS")
		try("HEAD", r.path)
		try(strings.ToLower(r.method), r.path)
		try("PROPFIND", r.path)
	}
	if count < 60 {
		t.Errorf("only %d spellings", count)
	}
	if s.content(t, asset.ID(id)) != "protected" {
		t.Error("the file was changed")
	}
}

// TestA5OtherOwner holds that a key of another app finds no file, and must not
// change one.
func TestA5OtherOwner(t *testing.T) {
	s := newStack(t, Config{})
	id := string(s.put(t, securedKey, "n.txt", "protected"))
	good := query(sign(securedKey, everything))
	for _, tt := range []struct {
		method, target string
		want           int
	}{
		{"GET", "/" + otherKey + "/" + id + "?" + good, 404},
		{"GET", "/api/file/" + id + "?key=" + otherKey + "&" + good, 404},
		{"GET", "/api/file/" + id + "/metadata?key=" + otherKey + "&" + good, 404},
		{"DELETE", "/api/file/" + id + "?key=" + otherKey + "&" + good, 403},
		{"POST", "/api/file/" + id + "?key=" + otherKey + "&" + good, 403},
	} {
		if w := s.send(t, tt.method, tt.target, ""); w.Code != tt.want {
			t.Errorf("%s %s: status %d, want %d", tt.method, tt.target, w.Code, tt.want)
		}
	}
}

// TestA6ForgedHost holds that links come from the configuration alone.
func TestA6ForgedHost(t *testing.T) {
	s := newStack(t, Config{})
	for _, target := range []string{"/api/store/S3?key=" + openKey, "/multipart/start"} {
		body := `{"apikey":"` + openKey + `","filename":"x","size":1}`
		w := s.raw(t, fmt.Sprintf("POST %s HTTP/1.1\r\nHost: evil.example:8080:8080\r\nX-Forwarded-Host: evil.example\r\nX-Forwarded-Proto: http\r\n"+
			"Forwarded: host=evil.example\r\nContent-Length: %d\r\n\r\n%s", target, len(body), body))
		if w.Code != 200 || strings.Contains(w.Body.String()+fmt.Sprint(w.Header()), "evil") {
			t.Errorf("POST %s: %d %v %s", target, w.Code, w.Header(), w.Body)
		}
	}
}

// TestA2SameRefusal stores a file that is too large for its policy through every
// entry: it is refused by each, and nothing is left.
func TestA2SameRefusal(t *testing.T) {
	s := newStack(t, Config{})
	c := sign(securedKey, `{"expiry":1999999999,"maxSize":4}`)
	id := s.put(t, securedKey, "n.txt", "protected")
	form := "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x\"\r\n\r\n12345\r\n--b--\r\n"
	for name, w := range map[string]*httptest.ResponseRecorder{
		"raw":       s.send(t, "POST", "/api/store/S3?key="+securedKey+"&"+query(c), "12345"),
		"form":      s.send(t, "POST", "/api/store/S3?key="+securedKey+"&"+query(c), form, "Content-Type: multipart/form-data; boundary=b"),
		"import":    inBody("/process", `"sources":["https://example.com/a.png"],"tasks":[{"name":"store"}]`)(s, t, id, securedKey, c),
		"cloud":     inBody("/store/", `"clouds":{"url":{"path":"https://example.com/a.png"}}`)(s, t, id, securedKey, c),
		"copy":      inTask("GET", "/SECURITY/store/HANDLE")(s, t, id, securedKey, c),
		"multipart": inBody("/multipart/start", `"filename":"x","size":5`)(s, t, id, securedKey, c),
		"overwrite": inQuery("POST", "/api/file/HANDLE?", "12345")(s, t, id, securedKey, c),
	} {
		if w.Code != 403 && w.Code != 401 || json.Valid(w.Body.Bytes()) && strings.Contains(w.Body.String(), "handle") {
			t.Errorf("%s: status %d %s, want 403 or 401", name, w.Code, w.Body)
		}
	}
	if s.content(t, id) != "protected" {
		t.Error("the file was changed")
	}
}

// TestC2BrokenForm holds that a form which is not whole, or says something
// twice, stores nothing.
func TestC2BrokenForm(t *testing.T) {
	s := newStack(t, Config{})
	file := "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x\"\r\n\r\nhello"
	for name, body := range map[string]string{
		"no end":      file,
		"half an end": file + "\r\n--b-",
		"two files":   file + "\r\n" + file + "\r\n--b--\r\n",
		"no file":     "--b\r\nContent-Disposition: form-data; name=\"f\"\r\n\r\nhello\r\n--b--\r\n",
		"field twice": "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n2\r\n" + file + "\r\n--b--\r\n",
		"empty":       "",
	} {
		w := s.send(t, "POST", "/api/store/S3?key="+openKey, body, "Content-Type: multipart/form-data; boundary=b")
		if w.Code != 400 {
			t.Errorf("%s: %d %s, want 400", name, w.Code, w.Body)
		}
	}
	err := s.catalog.EachAsset(t.Context(), "", func(a asset.Asset) error { return fmt.Errorf("%s was stored", a.ID) })
	if err != nil {
		t.Error(err)
	}
}
