package rest_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/policy/signedrequest"
	"github.com/stowgate/stowgate/internal/protocol/uploadcare/rest"
)

// fill replaces the values in a pattern by those of a file and group of the app
// demoKey.
var fill = strings.NewReplacer("{uuid}", firstUUID, "{key}", "pet", "{id}", firstUUID+"~1", "{kind}", "document", "{token}", "1", "{name}", "remove_bg")

// bodies are what endpoints read, by pattern.
var bodies = map[string]string{
	"/files/storage/":               `["` + firstUUID + `"]`,
	"/files/local_copy/":            `{"source":"` + firstUUID + `"}`,
	"/files/remote_copy/":           `{"source":"` + firstUUID + `","target":"t"}`,
	"/files/search/":                `{"query":"a.txt"}`,
	"/files/{uuid}/metadata/{key}/": `"dog"`,
	"/files/{uuid}/tags/":           `{"tags":["x"]}`,
	"/webhooks/":                    `{"target_url":"https://example.com/h","event":"file.uploaded"}`,
	"/webhooks/unsubscribe/":        `{"target_url":"https://example.com/kept"}`,
	"/convert/{kind}/":              `{"paths":["` + firstUUID + `/document/"]}`,
	"/addons/{name}/execute/":       `{"target":"` + firstUUID + `"}`,
}

// TestA1Matrix calls every route of the table with no credential, and with those
// that are wrong: nothing opens, and nothing changes.
func TestA1Matrix(t *testing.T) {
	s := newStack(t)
	f := s.put(demoKey, file{name: "a.txt", body: "PLANTED", uuid: firstUUID, tags: map[string]string{"pet": "cat"}, temporary: true})
	_, err := s.groups.AddGroup(t.Context(), asset.Group{ID: uuid.MustParse(firstUUID), App: demoKey, Members: []asset.Member{{Asset: f.ID}}, Created: s.now}, policy.Use{})
	s.must(err)
	s.want(s.call("POST", "/webhooks/", `{"target_url":"https://example.com/kept","event":"file.deleted"}`), 201, nil)
	before := s.call("GET", "/files/"+firstUUID+"/", "").Body.String() + s.call("GET", "/webhooks/", "").Body.String()
	date := func(at time.Time) string { return at.UTC().Format(http.TimeFormat) }
	sign := func(key, secret string, r signedrequest.Request) string {
		return "Uploadcare " + key + ":" + signedrequest.Sign(secret, r)
	}
	n := 0
	for _, route := range s.api.Routes() {
		if route.Method == "" {
			continue // says only which methods there are
		}
		if route.Public != "" {
			t.Errorf("%s %s is public: %s", route.Method, route.Pattern, route.Public)
		}
		target, body := fill.Replace(route.Pattern), bodies[route.Pattern]
		if route.Method == http.MethodPatch {
			body = `{"add":["x"]}`
		}
		good := signedrequest.Request{Method: route.Method, URI: target, ContentType: "application/json", Date: date(s.now), Body: []byte(body)}
		other := func(change func(*signedrequest.Request)) string {
			r := good
			change(&r)
			return sign(demoKey, demoSecret, r)
		}
		for name, tt := range map[string]struct {
			header string // Authorization
			date   time.Time
			says   string
		}{
			"none":             {"", s.now, "Authentication credentials were not provided."},
			"malformed":        {"Uploadcare demopublickey", s.now, "Incorrect authentication credentials."},
			"empty proof":      {"Uploadcare.Simple demopublickey:", s.now, "Incorrect authentication credentials."},
			"other scheme":     {"Basic ZGVtbzpkZW1v", s.now, "Incorrect authentication credentials."},
			"unknown key":      {sign("nokey", demoSecret, good), s.now, "Public key nokey not found."},
			"wrong secret":     {"Uploadcare.Simple demopublickey:wrong", s.now, "Secret key not found."},
			"other's secret":   {"Uploadcare.Simple demopublickey:" + otherSecret, s.now, "Secret key not found."},
			"wrong signature":  {"Uploadcare demopublickey:" + strings.Repeat("0", 40), s.now, "Invalid signature. Please check your Secret key."},
			"signed by other":  {sign(demoKey, otherSecret, good), s.now, "Invalid signature. Please check your Secret key."},
			"for other method": {other(func(r *signedrequest.Request) { r.Method = "TRACE" }), s.now, "Invalid signature. Please check your Secret key."},
			"for other path":   {other(func(r *signedrequest.Request) { r.URI += "x" }), s.now, "Invalid signature. Please check your Secret key."},
			"for other body":   {other(func(r *signedrequest.Request) { r.Body = []byte("x" + body) }), s.now, "Invalid signature. Please check your Secret key."},
			"for other type":   {other(func(r *signedrequest.Request) { r.ContentType = "text/plain" }), s.now, "Invalid signature. Please check your Secret key."},
			"too old": {other(func(r *signedrequest.Request) { r.Date = date(s.now.Add(-signedrequest.MaxSkew - time.Second)) }),
				s.now.Add(-signedrequest.MaxSkew - time.Second), "Invalid signature. Please check your Secret key."},
			"too early": {other(func(r *signedrequest.Request) { r.Date = date(s.now.Add(signedrequest.MaxSkew + time.Second)) }),
				s.now.Add(signedrequest.MaxSkew + time.Second), "Invalid signature. Please check your Secret key."},
		} {
			n++
			header := []string{"Content-Type: application/json", "Accept: " + accept, "Date: " + date(tt.date)}
			if tt.header != "" {
				header = append(header, "Authorization: "+tt.header)
			}
			w := s.send(route.Method, target, body, header...)
			want := `{"detail":"` + tt.says + `"}`
			if w.Code != 401 || w.Body.String() != want || w.Header().Get("WWW-Authenticate") != "Uploadcare" {
				t.Errorf("%s %s with %s: %d %s %v, want 401 %s", route.Method, target, name, w.Code, w.Body, w.Header(), want)
			}
		}

		// Another app's credential is good, but there is nothing for it.
		n++
		w := s.callAs(otherKey, otherSecret, route.Method, target, body)
		if strings.Contains(w.Body.String(), "PLANTED") || strings.Contains(w.Body.String(), "a.txt") || strings.Contains(w.Body.String(), "kept") {
			t.Errorf("%s %s for another app: %d %s", route.Method, target, w.Code, w.Body)
		}
		if strings.Contains(route.Pattern, "{uuid}") && w.Code != 404 {
			t.Errorf("%s %s for another app: %d %s, want 404", route.Method, target, w.Code, w.Body)
		}
	}
	if n < 400 {
		t.Errorf("only %d requests", n)
	}
	after := s.call("GET", "/files/"+firstUUID+"/", "").Body.String() + s.call("GET", "/webhooks/", "").Body.String()
	if after != before {
		t.Errorf("before %s\nafter  %s", before, after)
	}
	s.want(s.call("GET", "/groups/"+firstUUID+"~1/", ""), 200, nil)
}

// TestB17Credentials tries credentials that are good in one way or another.
func TestB17Credentials(t *testing.T) {
	s := newStack(t)
	date := s.now.Add(signedrequest.MaxSkew).Format(http.TimeFormat)
	signed := func(uri string) string {
		return "Authorization: Uploadcare " + demoKey + ":" + signedrequest.Sign(demoSecret, signedrequest.Request{Method: "GET", URI: uri, Date: date})
	}
	simple := "Authorization: Uploadcare.Simple " + demoKey + ":" + demoSecret
	for _, tt := range []struct {
		name, target string
		header       []string
		want         int
	}{
		{"simple", "/project/", []string{"Accept: " + accept, simple}, 200},
		{"at the last second", "/project/", []string{"Accept: " + accept, "Date: " + date, signed("/project/")}, 200},
		{"the date that pages can send counts", "/project/", []string{"Accept: " + accept, "Date: now", "X-Uploadcare-Date: " + date, signed("/project/")}, 200},
		{"query", "/files/?limit=1&stored=true", []string{"Accept: " + accept, "Date: " + date, signed("/files/?limit=1&stored=true")}, 200},
		{"query that was not signed", "/files/?limit=1", []string{"Accept: " + accept, "Date: " + date, signed("/files/")}, 401},
		{"two credentials", "/project/", []string{"Accept: " + accept, simple, simple}, 401},
		{"no date", "/project/", []string{"Accept: " + accept, signed("/project/")}, 401},
		{"no version", "/project/", []string{simple}, 406},
		{"any version", "/project/", []string{"Accept: */*", simple}, 406},
		{"other version", "/project/", []string{"Accept: application/vnd.uploadcare-v0.8+json", simple}, 406},
		{"one of several", "/project/", []string{"Accept: text/html, " + accept + ";q=0.5", simple}, 200},
		{"malformed file", "/files/nonexistent/", []string{"Accept: " + accept, simple}, 404},
	} {
		if w := s.send("GET", tt.target, "", tt.header...); w.Code != tt.want {
			t.Errorf("%s: %d %s, want %d", tt.name, w.Code, w.Body, tt.want)
		}
	}
	w := s.send("GET", "/project/", "", simple)
	s.wantText(w, 406, `{"detail":"Incorrect Accept header provided. Make sure to specify API version. Refer to REST API docs for details"}`)
	if got := w.Header().Get("Content-Type"); got != "application/json" {
		t.Errorf("without a version, Content-Type is %q", got)
	}
}

// TestB14Secrets holds that both live secrets of an app count, and one that has
// ended does not; nor does anything of an app that is switched off.
func TestB14Secrets(t *testing.T) {
	s := newStack(t)
	entry := account.Server().Entry("test", "", "", nil)
	try := func(secret string, want int) {
		t.Helper()
		if w := s.callAs(demoKey, secret, "GET", "/project/", ""); w.Code != want {
			t.Errorf("secret %s: %d %s, want %d", secret, w.Code, w.Body, want)
		}
	}
	_, err := s.catalog.UpdateApp(t.Context(), entry, demoKey, func(app *policy.App) error {
		app.Secrets[0].Expires = s.now.Add(time.Minute)
		app.Secrets = append([]policy.Secret{{Key: "anothersecret", Created: s.now}}, app.Secrets...)
		return nil
	})
	s.must(err)
	try(demoSecret, 200)
	try("anothersecret", 200)
	s.now = s.now.Add(time.Minute)
	try(demoSecret, 401)
	try("anothersecret", 200)
	_, err = s.catalog.UpdateApp(t.Context(), entry, demoKey, func(app *policy.App) error {
		app.Disabled = true
		return nil
	})
	s.must(err)
	try("anothersecret", 403)
}

func TestSimpleOverHTTP(t *testing.T) {
	s := newStackWith(t, setup{rest: rest.Config{SignedOnly: true}})
	simple := []string{"Accept: " + accept, "Authorization: Uploadcare.Simple " + demoKey + ":" + demoSecret}
	s.wantText(s.send("GET", "/project/", "", simple...), 400,
		`{"detail":"Simple authentication over HTTP is forbidden. Please, use HTTPS or signed requests instead."}`)
	if w := s.send("GET", "https://ucapi.test/project/", "", simple...); w.Code != 200 {
		t.Errorf("simple over TLS: %d %s", w.Code, w.Body)
	}
	if w := s.call("GET", "/project/", ""); w.Code != 200 {
		t.Errorf("signed over HTTP: %d %s", w.Code, w.Body)
	}
}

// TestOrigins holds that the pages an app is for count here as everywhere.
func TestOrigins(t *testing.T) {
	s := newStack(t)
	_, err := s.catalog.UpdateApp(t.Context(), account.Server().Entry("test", "", "", nil), demoKey, func(app *policy.App) error {
		app.Options.Origins = []string{"https://good.example"}
		return nil
	})
	s.must(err)
	for origin, want := range map[string]int{"https://good.example": 200, "https://evil.example": 403} {
		if w := s.call("GET", "/project/", "", "Origin: "+origin); w.Code != want {
			t.Errorf("page of %s: %d %s, want %d", origin, w.Code, w.Body, want)
		}
	}
	if w := s.call("GET", "/project/", ""); w.Code != 200 {
		t.Errorf("no page: %d %s", w.Code, w.Body)
	}
}

// TestHeader checks the fields of answers, and which methods paths have.
// Source: answers recorded by pyuploadcare and uploadcare-ruby.
func TestHeader(t *testing.T) {
	s := newStack(t)
	s.put(demoKey, file{name: "a.txt", body: "x", uuid: firstUUID, tags: map[string]string{"pet": "cat"}})
	for target, want := range map[string]string{
		"/files/":                                "GET, HEAD, OPTIONS",
		"/files/" + firstUUID + "/":              "DELETE, GET, HEAD, OPTIONS",
		"/files/" + firstUUID + "/storage/":      "DELETE, OPTIONS, PUT",
		"/files/storage/":                        "DELETE, OPTIONS, PUT",
		"/files/" + firstUUID + "/metadata/pet/": "DELETE, GET, HEAD, OPTIONS, PUT",
		"/webhooks/":                             "GET, HEAD, OPTIONS, POST",
		"/files/local_copy/":                     "OPTIONS, POST",
		"/convert/document/":                     "OPTIONS, POST",
	} {
		w := s.send("LOCK", target, "", "Accept: "+accept)
		s.wantText(w, 405, `{"detail":"Method \"LOCK\" not allowed."}`)
		if got := w.Header().Get("Allow"); got != want {
			t.Errorf("Allow of %s = %q, want %q", target, got, want)
		}
	}
	w := s.call("GET", "/files/", "")
	for name, want := range map[string]string{
		"Content-Type": accept, "Allow": "GET, HEAD, OPTIONS", "Vary": "Accept", "X-Content-Type-Options": "nosniff", "X-Frame-Options": "SAMEORIGIN",
		"X-Robots-Tag": "noindex, nofollow, nosnippet, noarchive", "Cache-Control": "private, no-store", "Content-Length": fmt.Sprint(w.Body.Len()),
	} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
	if _, err := uuid.Parse(w.Header().Get("X-Uploadcare-Request-Id")); err != nil {
		t.Errorf("X-Uploadcare-Request-Id: %v", err)
	}
	w = s.send("OPTIONS", "/files/"+firstUUID+"/tags/", "", "Origin: https://page.example", "Access-Control-Request-Method: PATCH",
		"Access-Control-Request-Headers: authorization, x-uploadcare-date, x-uc-user-agent")
	if w.Code != 204 || !strings.Contains(w.Header().Get("Access-Control-Allow-Methods"), "PATCH") ||
		w.Header().Get("Access-Control-Allow-Headers") != "authorization, x-uploadcare-date, x-uc-user-agent" || w.Header().Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("preflight: %d %v", w.Code, w.Header())
	}
}

// TestVersions holds that old clients are told in the version they ask for.
func TestVersions(t *testing.T) {
	s := newStack(t)
	s.put(demoKey, file{name: "a.txt", body: "x", uuid: firstUUID})
	for version, legacy := range map[string]bool{"0.5": true, "0.6": true, "0.7": false} {
		kind := "application/vnd.uploadcare-v" + version + "+json"
		w := s.send("GET", "/files/"+firstUUID+"/", "", "Accept: "+kind, "Authorization: Uploadcare.Simple "+demoKey+":"+demoSecret)
		body := w.Body.String()
		if w.Code != 200 || w.Header().Get("Content-Type") != kind || strings.Contains(body, `"image_info":null,"video_info":null,"source":null,"rekognition_info":null`) != legacy {
			t.Errorf("version %s: %d %v %s", version, w.Code, w.Header(), body)
		}
	}
}
