package filestack

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stowgate/stowgate/internal/policy"
)

// TestI8OwnAddress holds that an address of this server as a source is never
// fetched: it names an asset, which the caller must be allowed to have.
func TestI8OwnAddress(t *testing.T) {
	s := newStack(t, Config{PublicURL: "https://files.test", Domain: "Files.test"})
	mine := string(s.put(t, securedKey, "n.txt", "protected"))
	others := string(s.put(t, otherKey, "o.txt", "of another"))
	good := sign(securedKey, `{"expiry":1999999999,"call":["store","read"]}`)
	storeOnly := sign(securedKey, `{"expiry":1999999999,"call":["pick"]}`)
	for _, tt := range []struct {
		name, source string
		cred         policy.Credential
		want         int
	}{
		{"cdn", "https://cdn.files.test/" + mine, good, 200},
		{"file API", "https://www.files.test/api/file/" + mine, good, 200},
		{"with a key", "https://cdn.files.test/" + securedKey + "/" + mine, good, 200},
		{"upper case", "HTTPS://CDN.Files.Test/" + mine, good, 200},
		{"trailing dot", "https://cdn.files.test./" + mine, good, 200},
		{"another port", "https://cdn.files.test:8443/" + mine, good, 200},
		{"http", "http://files.test/" + mine, good, 200},
		{"signed itself", "https://cdn.files.test/" + mine + "?" + query(good), policy.Credential{}, 200},
		{"signed itself, in a task", "https://cdn.files.test/security=p:" + good.Policy + ",s:" + good.Signature + "/" + mine, policy.Credential{}, 200},
		{"signed itself, badly", "https://cdn.files.test/" + mine + "?policy=" + good.Policy + "&signature=00", policy.Credential{}, 403},
		{"not signed", "https://cdn.files.test/" + mine, policy.Credential{}, 403},
		{"may store but not read", "https://cdn.files.test/" + mine, storeOnly, 403},
		{"of another app", "https://cdn.files.test/" + others, good, 404},
		{"no such file", "https://cdn.files.test/5aYkEQJSQCmYShsoCnZN", good, 404},
		{"tasks, which need more than storing", "https://cdn.files.test/resize=width:1/" + mine, good, 403},
		{"no file at all", "https://www.files.test/prefetch", good, 400},
		{"within itself", "https://cdn.files.test/https://cdn.files.test/" + mine, good, 400},
	} {
		t.Run(tt.name, func(t *testing.T) {
			body := fmt.Sprintf(`{"apikey":%q,"policy":%q,"signature":%q,"sources":[%q],"tasks":[{"name":"store"}]}`,
				securedKey, tt.cred.Policy, tt.cred.Signature, tt.source)
			w := s.raw(t, fmt.Sprintf("POST /process HTTP/1.1\r\nHost: process.files.test\r\nContent-Length: %d\r\n\r\n%s", len(body), body))
			if w.Code != tt.want {
				t.Errorf("store %s: %d %s, want %d", tt.source, w.Code, w.Body, tt.want)
			}
		})
	}
	if len(s.fetched) > 0 {
		t.Errorf("fetched %q", s.fetched)
	}
}

// TestHosts holds which host answers what when the server has a domain.
func TestHosts(t *testing.T) {
	s := newStack(t, Config{PublicURL: "https://files.test", Domain: "files.test"})
	id := string(s.put(t, openKey, "n.txt", "hello"))
	start := `{"apikey":"` + openKey + `","filename":"x","size":1}`
	for _, tt := range []struct {
		host, method, path, body string
		want                     int
	}{
		{"cdn.files.test", "GET", "/" + id, "", 200},
		{"process.files.test", "GET", "/" + id, "", 200},
		{"cdn.files.test", "GET", "/api/file/" + id, "", 200},
		{"www.files.test", "GET", "/api/file/" + id, "", 200},
		{"www.files.test", "GET", "/" + id, "", 404},
		{"cdn.files.test", "GET", "/" + id + "/metadata", "", 200},
		{"upload.files.test", "POST", "/multipart/start", start, 200},
		{"cloud.files.test", "POST", "/prefetch", start, 200},
		{"upload.files.test", "POST", "/prefetch", start, 200},
		{"www.files.test", "POST", "/multipart/start", start, 404},
		{"cdn.files.test", "DELETE", "/api/file/" + id, "", 405},
		{"cdn.files.test", "POST", "/process", start, 400},
		{"evil.example", "GET", "/" + id, "", 421},
	} {
		w := s.raw(t, fmt.Sprintf("%s %s HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n\r\n%s", tt.method, tt.path, tt.host, len(tt.body), tt.body))
		if w.Code != tt.want {
			t.Errorf("%s https://%s%s: %d %s, want %d", tt.method, tt.host, tt.path, w.Code, w.Body, tt.want)
		}
		if tt.method == "POST" && w.Code == 200 && strings.Contains(w.Body.String(), "location_url") && !strings.Contains(w.Body.String(), `"location_url":"upload.files.test"`) {
			t.Errorf("start answers %s", w.Body)
		}
	}
	w := s.raw(t, "POST /api/store/S3?key="+openKey+" HTTP/1.1\r\nHost: www.files.test\r\nContent-Length: 1\r\n\r\nx")
	if !strings.Contains(w.Body.String(), `"url":"https://cdn.files.test/`) {
		t.Errorf("store answers %s, want a link to cdn", w.Body)
	}
}

// TestCacheControl holds who may keep an answer and for how long: nobody but the
// caller what needed a credential, and not beyond it.
func TestCacheControl(t *testing.T) {
	s := newStack(t, Config{})
	secured, open := string(s.put(t, securedKey, "n.txt", "x")), string(s.put(t, openKey, "n.txt", "x"))
	long, short := query(sign(securedKey, everything)), query(sign(securedKey, fmt.Sprintf(`{"expiry":%d}`, now.Unix()+90)))
	for _, tt := range []struct{ target, want string }{
		{"/" + open, "public, max-age=2592000"},
		{"/cache=expiry:max/" + open, "public, max-age=31536000"},
		{"/cache=expiry:1/" + open, "public, max-age=1"},
		{"/cache=e:5/" + open, "public, max-age=5"},
		{"/cache/" + open, "public, max-age=2592000"},
		{"/cache=f/" + open, "private, no-cache"},
		{"/" + secured + "?" + long, "private, max-age=2592000"},
		{"/" + secured + "?" + short, "private, max-age=90"},
		{"/cache=expiry:max/" + secured + "?" + short, "private, max-age=90"},
		{"/" + open + "?" + query(sign(openKey, everything)), "private, max-age=2592000"},
		{"/" + secured, "private, no-store"},
		{"/" + open + "/metadata", "private, no-store"},
	} {
		if got := s.send(t, "GET", tt.target, "").Header().Get("Cache-Control"); got != tt.want {
			t.Errorf("Cache-Control of %s = %q, want %q", tt.target, got, tt.want)
		}
	}
	for _, expiry := range []string{"0", "31536001", "-1", "x", "1.5"} {
		if w := s.send(t, "GET", "/cache=expiry:"+expiry+"/"+open, ""); w.Code != 400 {
			t.Errorf("cache=expiry:%s: %d, want 400", expiry, w.Code)
		}
	}
}

// TestB17TwoCredentials holds which of two credentials in one request counts.
func TestB17TwoCredentials(t *testing.T) {
	s := newStack(t, Config{})
	id := string(s.put(t, securedKey, "n.txt", "x"))
	good, bad := sign(securedKey, everything), sign(otherKey, everything)
	task := func(c policy.Credential) string { return "/security=p:" + c.Policy + ",s:" + c.Signature + "/" + id }
	basic := "Authorization: Basic YXBwOlNUT1dHQVRFVEVTVFNFQ1JFVA==" // app:STOWGATETESTSECRET
	for _, tt := range []struct {
		name, target string
		header       []string
		want         int
	}{
		{"task before query", task(good) + "?" + query(bad), nil, 200},
		{"task before query, badly", task(bad) + "?" + query(good), nil, 403},
		{"query before basic", "/api/file/" + id + "?" + query(bad), []string{basic}, 403},
		{"basic alone", "/api/file/" + id, []string{basic}, 200},
		{"basic for another user", "/api/file/" + id, []string{"Authorization: Basic cm9vdDpTVE9XR0FURVRFU1RTRUNSRVQ="}, 403},
		{"twice in the query", "/" + id + "?" + query(good) + "&" + query(good), nil, 400},
		{"twice as a task", "/security=p:a,s:b" + task(good), nil, 400},
		{"twice in a task", "/security=p:a,p:" + good.Policy + ",s:" + good.Signature + "/" + id, nil, 400},
	} {
		if w := s.send(t, "GET", tt.target, "", tt.header...); w.Code != tt.want {
			t.Errorf("%s: %d %s, want %d", tt.name, w.Code, w.Body, tt.want)
		}
	}
}

// TestEXIF holds that EXIF data needs a policy that lists it, whatever the app's
// security.
func TestEXIF(t *testing.T) {
	s := newStack(t, Config{})
	id := string(s.put(t, openKey, "n.txt", "x"))
	for _, tt := range []struct {
		cred string
		want int
	}{
		{"", 403},
		{query(sign(openKey, `{"expiry":1999999999}`)), 403},
		{query(sign(openKey, `{"expiry":1999999999,"call":["exif"]}`)), 200},
	} {
		if w := s.send(t, "GET", "/api/file/"+id+"/metadata?exif=true&"+tt.cred, ""); w.Code != tt.want {
			t.Errorf("exif with %q: %d %s, want %d", tt.cred, w.Code, w.Body, tt.want)
		}
		if w := s.send(t, "GET", "/api/file/"+id+"/metadata?exif=false&"+tt.cred, ""); w.Code != 200 {
			t.Errorf("exif=false with %q: %d %s", tt.cred, w.Code, w.Body)
		}
	}
}
