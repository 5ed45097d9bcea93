package management

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/insight"
	"github.com/stowgate/stowgate/internal/manage"
	"github.com/stowgate/stowgate/internal/protocol/management/call"
	"github.com/stowgate/stowgate/internal/server"
)

// roles are what each may do, as the documentation says: independent of the code.
var roles = map[string][]account.Act{
	"none":   nil,
	"viewer": {account.ViewApp, account.ViewFiles},
	"developer": {account.ViewApp, account.ViewFiles, account.ChangeFiles, account.SignPolicy,
		account.ChangeHooks},
	"owner": {account.ViewApp, account.ViewFiles, account.ChangeFiles, account.SignPolicy, account.ChangeHooks,
		account.ChangeApp, account.ChangeSecret, account.ChangeRoles, account.DeleteApp, account.ViewAudit},
}

// TestDescription holds the description to the table: each has what the other has.
func TestDescription(t *testing.T) {
	s := newStand(t)
	described := 0
	for path, item := range s.document.Paths.Map() {
		for range item.Operations() {
			if !slices.Contains([]string{"/openapi.json", "/openapi.yaml", "/"}, path) {
				described++
			}
		}
	}
	if described != len(s.rows) {
		t.Errorf("%d operations are described, and there are %d", described, len(s.rows))
	}
	for _, row := range s.rows {
		name := row.Method + " " + row.Path
		item := s.document.Paths.Value(row.Path)
		if item == nil || item.GetOperation(row.Method) == nil {
			t.Errorf("%s is not described", name)
			continue
		}
		op := item.GetOperation(row.Method)
		var query []string
		for _, p := range op.Parameters {
			if p.Value.In == "query" {
				query = append(query, p.Value.Name)
			}
		}
		if got := slices.Sorted(slices.Values(query)); !slices.Equal(got, slices.Sorted(slices.Values(row.Query))) {
			t.Errorf("%s: parameters %v are described, and it takes %v", name, got, row.Query)
		}
		var params []string
		for _, p := range item.Parameters {
			params = append(params, p.Value.Name)
		}
		for _, m := range value.FindAllStringSubmatch(row.Path, -1) {
			if !slices.Contains(params, m[1]) {
				t.Errorf("%s: %s of the path is not described", name, m[1])
			}
		}
		scopes := []string{}
		if !row.Own {
			scopes = append(scopes, row.Act.String())
		}
		if op.Security == nil || !slices.Equal((*op.Security)[0]["token"], scopes) {
			t.Errorf("%s: scopes %v are described, and it needs %v", name, op.Security, scopes)
		}
		succeeds := 0
		for status := range op.Responses.Map() {
			if strings.HasPrefix(status, "2") {
				succeeds++
				if want := row.Status; status != strconv.Itoa(want) && want != 0 || want == 0 && status != "200" && status != "204" {
					t.Errorf("%s: status %s is described, and it answers %d", name, status, want)
				}
			}
		}
		if succeeds != 1 {
			t.Errorf("%s: %d successes are described", name, succeeds)
		}
	}
	for _, path := range []string{"/openapi.json", "/openapi.yaml", "/"} {
		w := httptest.NewRecorder()
		s.handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, call.Root+path, nil))
		if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "explainPolicy") || w.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("GET %s: %d %v", path, w.Code, w.Header())
		}
	}
}

// TestM6Matrix makes every request with every token, about both apps. What is
// refused changes nothing.
func TestM6Matrix(t *testing.T) {
	s := newStand(t)
	all := account.Acts()
	// Those that do not count.
	ended, id := s.token("", "", all...)
	s.check(s.Manage.EndToken(t.Context(), s.operator, strings.TrimPrefix(id, "token:")))
	expired, _ := s.token("", "", all...)
	s.now = s.now.Add(time.Hour) // those that were made so far
	good, _ := s.token("", "", all...)
	foreign, _ := s.token("", s.foe.Key, roles["owner"]...)
	tokens := make(map[string]string)
	for role := range roles {
		tokens[role], _ = s.token(role, "", all...)
	}
	before := len(s.entries())
	asked := 0
	for _, row := range s.rows {
		path := address(row.Path, map[string]string{"app": s.app.Key})
		for name, token := range map[string]string{"none": "", "wrong": "sgt_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "a word": "x", "expired": expired, "ended": ended} {
			asked++
			a := s.send(row.Method, path, token, "")
			if challenge := a.Header().Get("WWW-Authenticate"); a.Code != http.StatusUnauthorized || !strings.HasPrefix(challenge, "Bearer ") ||
				strings.Contains(challenge, "invalid_token") == (token == "") {
				t.Errorf("%s %s with token %s: %d %s", row.Method, row.Path, name, a.Code, challenge)
			}
		}
		// A cookie, or a password, is no token.
		for _, header := range [][]string{{"Cookie", "stowgate-session=" + good}, {"Authorization", "Basic " + good}} {
			if a := s.send(row.Method, path, "", "", header...); a.Code != http.StatusUnauthorized {
				t.Errorf("%s %s with %v: %d", row.Method, row.Path, header[0], a.Code)
			}
		}
		if row.Own {
			continue
		}
		lacking, _ := s.token("", "", slices.DeleteFunc(slices.Clone(all), func(act account.Act) bool { return act == row.Act })...)
		before++ // the token
		a := s.send(row.Method, path, lacking, "")
		if want := `"scope":"` + row.Act.String() + `"`; a.Code != http.StatusForbidden || !strings.Contains(a.text, want) ||
			!strings.Contains(a.Header().Get("WWW-Authenticate"), "insufficient_scope") {
			t.Errorf("%s %s without its scope: %d %s, want %s", row.Method, row.Path, a.Code, a.text, want)
		}
		ofApp := strings.Contains(row.Path, "{app}")
		if ofApp {
			s.want(http.StatusNotFound, row.Method, path, foreign, "")
			s.want(http.StatusNotFound, row.Method, address(row.Path, map[string]string{"app": "no-such-app"}), good, "")
		}
		for role, acts := range roles {
			want := http.StatusOK // or anything but a refusal
			switch {
			case slices.Contains(acts, row.Act) && ofApp, row.Any:
			case ofApp && role == "none":
				want = http.StatusNotFound
			default:
				want = http.StatusForbidden
			}
			if want == http.StatusOK && row.Method == http.MethodDelete {
				continue // it would spoil the others' turns
			}
			asked++
			a := s.send(row.Method, path, tokens[role], "")
			if refused := a.Code == http.StatusForbidden || a.Code == http.StatusUnauthorized; want != http.StatusOK && a.Code != want || want == http.StatusOK && refused {
				t.Errorf("%s %s by %s: %d, want %d", row.Method, row.Path, role, a.Code, want)
			}
			if ofApp {
				s.want(http.StatusNotFound, row.Method, address(row.Path, map[string]string{"app": s.foe.Key}), tokens[role], "")
			}
		}
	}
	if asked < 400 {
		t.Errorf("made %d requests only", asked)
	}
	if after := s.entries(); len(after) != before {
		t.Errorf("something was changed: %v", after[:len(after)-before])
	}
}

// TestM6OtherApps names things of another app below one's own.
func TestM6OtherApps(t *testing.T) {
	s := newStand(t)
	file := string(s.store(s.foe.Key, "theirs.txt"))
	h, _, err := s.Webhooks.AddHook(t.Context(), s.operator, s.foe.Key, manage.NewHook{URL: "https://example.com/hook"})
	s.check(err)
	delivery, err := s.Webhooks.TestHook(t.Context(), s.operator, s.foe.Key, h.ID)
	s.check(err)
	token, _ := s.token("owner", "", account.Acts()...)
	values := map[string]string{"app": s.app.Key, "file": file, "webhook": h.ID, "delivery": strconv.FormatInt(delivery, 10), "fingerprint": s.foe.Secrets[0].Fingerprint}
	before := len(s.entries())
	asked := 0
	for _, row := range s.rows {
		if !strings.Contains(row.Path, "{app}") || !strings.ContainsAny(strings.ReplaceAll(row.Path, "{app}", ""), "{") || strings.Contains(row.Path, "{email}") {
			continue
		}
		asked++
		body := ""
		if s.document.Paths.Value(row.Path).GetOperation(row.Method).RequestBody != nil {
			body = "{}"
		}
		if strings.HasSuffix(row.Path, "{file}") && body != "" {
			body = `{"alt":"x"}`
		}
		s.want(http.StatusNotFound, row.Method, address(row.Path, values), token, body)
	}
	if asked < 12 {
		t.Errorf("made %d requests only", asked)
	}
	bulk := s.want(http.StatusOK, http.MethodPost, "/apps/"+s.app.Key+"/files/bulk", token, `{"action":"erase","handles":["`+file+`"]}`)
	if !strings.Contains(bulk.text, `"ok":false`) {
		t.Errorf("bulk: %s", bulk.text)
	}
	if after := s.entries(); len(after) != before {
		t.Errorf("something was changed: %v", after[:len(after)-before])
	}
}

// TestHostilePaths puts into paths what nobody means.
func TestHostilePaths(t *testing.T) {
	s := newStand(t)
	token, _ := s.token("", "", account.Acts()...)
	for _, text := range []string{"%00", "%ff", "..%2F..", "%2e%2e", "'%20OR%201=1--", "-1", "99999999999999999999", "%3Cscript%3E", strings.Repeat("x", 4000)} {
		for _, row := range s.rows {
			for _, m := range value.FindAllStringSubmatch(row.Path, -1) {
				body := ""
				if s.document.Paths.Value(row.Path).GetOperation(row.Method).RequestBody != nil {
					body = "{}"
				}
				a := s.send(row.Method, address(row.Path, map[string]string{"app": s.app.Key, m[1]: text}), token, body)
				if a.Code < 400 || a.Code >= 500 {
					t.Errorf("%s %s with %s: %d %s", row.Method, row.Path, text, a.Code, a.text)
				}
			}
		}
	}
}

// TestRefusals holds how requests are answered that make no sense.
func TestRefusals(t *testing.T) {
	s := newStand(t)
	token, _ := s.token("", "", account.Acts()...)
	app := "/apps/" + s.app.Key
	for _, tt := range []struct {
		name, method, path, body string
		status                   int
		says                     string
	}{
		{"a member that there is not", "PATCH", app, `{"nam":"x"}`, 422, `"field":"nam"`},
		{"its letters in another case", "PATCH", app, `{"Name":"x"}`, 422, `"field":"Name"`},
		{"a member of a member", "PATCH", app, `{"proof":{"polic":"x"}}`, 422, `"field":"proof"`},
		{"null", "PATCH", app, `{"name":null}`, 422, `"field":"name"`},
		{"another type", "PATCH", app, `{"name":7}`, 422, `"field":"name"`},
		{"a number that is none", "PATCH", app, `{"max_size":1.5}`, 422, `"field":"max_size"`},
		{"less than nothing", "PATCH", app, `{"max_size":-1}`, 422, `"field":"max_size"`},
		{"too long", "PATCH", app, `{"retention":3153600001}`, 422, `"field":"retention"`},
		{"no origin", "PATCH", app, `{"origins":["x"]}`, 422, `"field":"origins"`},
		{"no source", "PATCH", app, `{"sources":["*"]}`, 422, `"field":"sources"`},
		{"no such storage", "PATCH", app, `{"storage":"attic"}`, 422, `"field":"storage"`},
		{"nothing", "PATCH", app, `{}`, 400, "nothing to change"},
		{"no JSON", "PATCH", app, `{`, 400, "no JSON object"},
		{"null alone", "PATCH", app, `null`, 400, "no JSON object"},
		{"a list", "PATCH", app, `[]`, 400, "no JSON object"},
		{"two objects", "PATCH", app, `{}{}`, 400, "more in the body"},
		{"too much", "PATCH", app, `{"name":"` + strings.Repeat("x", call.MaxBody) + `"}`, 413, "1048576"},
		{"security without a proof", "PATCH", app, `{"security":true}`, 409, `"field":"proof"`},
		{"a parameter that there is not", "GET", app + "?x=1", "", 422, `"field":"x"`},
		{"a parameter twice", "GET", app + "/files?name=a&name=b", "", 422, `"field":"name"`},
		{"no limit", "GET", app + "/files?limit=0", "", 422, `"field":"limit"`},
		{"over the limit", "GET", app + "/files?limit=201", "", 422, `"field":"limit"`},
		{"no cursor", "GET", app + "/files?cursor=x", "", 422, `"field":"cursor"`},
		{"no cursor of a log", "GET", app + "/audit?cursor=%2F", "", 422, `"field":"cursor"`},
		{"no time", "GET", app + "/files?from=yesterday", "", 422, `"field":"from"`},
		{"no order", "GET", app + "/files?order=x", "", 422, `"field":"order"`},
		{"a value without its tag", "GET", app + "/files?value=x", "", 422, `"field":"value"`},
		{"no state", "GET", "/jobs?state=x", "", 422, `"field":"state"`},
		{"half an hour", "GET", app + "/figures?step=1800", "", 422, `"field":"step"`},
		{"too many steps", "GET", app + "/figures?from=2020-01-01T00:00:00Z", "", 422, `"field":"step"`},
		{"an end before its beginning", "GET", app + "/figures/totals?from=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z", "", 422, `"field":"from"`},
		{"a policy that is none", "POST", app + "/policies/sign", `{"document":"x"}`, 422, `"field":"document"`},
		{"a policy without an end", "POST", app + "/policies/sign", `{"document":{}}`, 422, `"field":"policy"`},
		{"a policy with two", "POST", app + "/policies/sign", `{"document":{"expiry":4102444800},"lifetime":60}`, 422, `"field":"policy"`},
		{"a URL of another app", "POST", app + "/policies/explain", `{"url":"x"}`, 422, `"field":"url"`},
		{"no digest", "POST", app + "/policies/revoke", `{"digest":"x"}`, 422, `"field":"digest"`},
		{"nothing to revoke", "POST", app + "/policies/revoke", `{}`, 422, `"field":"policy"`},
		{"no files", "POST", app + "/files/bulk", `{"action":"trash","handles":[]}`, 422, `"field":"handles"`},
		{"nothing to do with them", "POST", app + "/files/bulk", `{"action":"x","handles":["AAAAAAAAAAAAAAAAAAAA"]}`, 422, `"field":"action"`},
		{"a tag without a name", "POST", app + "/files/bulk", `{"action":"tag","handles":["AAAAAAAAAAAAAAAAAAAA"]}`, 422, `"field":"tags"`},
		{"nothing about a file", "PATCH", app + "/files/AAAAAAAAAAAAAAAAAAAA", `{}`, 400, "nothing to change"},
		{"an address that is none", "POST", app + "/webhooks", `{"url":"x"}`, 422, `"field":"url"`},
		{"no role", "PUT", app + "/members/viewer@example.com", `{"role":"none"}`, 422, `"field":"role"`},
		{"nobody", "PUT", app + "/members/nobody@example.com", `{"role":"viewer"}`, 404, `"field":"email"`},
		{"the only secret", "DELETE", app + "/secrets/" + s.app.Secrets[0].Fingerprint, "", 409, "only live secret"},
		{"a job that is no number", "GET", "/jobs/x", "", 404, "problem-not-found"},
		{"nothing there", "GET", "/x", "", 404, "problem-not-found"},
		{"another method", "PUT", app, "", 405, "problem-method"},
		{"a preflight", "OPTIONS", app, "", 405, "problem-method"},
		{"a query that is none", "GET", app + "?%zz", "", 400, "problem-invalid"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := s.send(tt.method, tt.path, token, tt.body)
			if a.Code != tt.status || !strings.Contains(a.text, tt.says) {
				t.Errorf("%s %s: %d %s, want %d with %s", tt.method, tt.path, a.Code, a.text, tt.status, tt.says)
			}
			if a.Header().Get("Access-Control-Allow-Origin") != "" || tt.status == 405 && a.Header().Get("Allow") == "" {
				t.Errorf("header %v", a.Header())
			}
		})
	}
	if a := s.send("PATCH", app, token, `{"name":"x"}`, "Content-Type", "text/plain"); a.Code != http.StatusUnsupportedMediaType {
		t.Errorf("another media type: %d", a.Code)
	}
}

// TestVersions holds that who has seen an old version changes nothing.
func TestVersions(t *testing.T) {
	s := newStand(t)
	token, _ := s.token("", "", account.Acts()...)
	app := "/apps/" + s.app.Key
	seen := s.want(200, "GET", app, token, "").Header().Get("ETag")
	next := s.want(200, "PATCH", app, token, `{"name":"second"}`, "If-Match", seen).Header().Get("ETag")
	if seen == "" || seen == next {
		t.Errorf("ETags %s and %s", seen, next)
	}
	s.want(412, "PATCH", app, token, `{"name":"third"}`, "If-Match", seen)
	s.want(422, "PATCH", app, token, `{"name":"third"}`, "If-Match", "x")
	s.want(409, "PATCH", app, token, `{"security":true}`, "If-Match", next)
	if a := s.want(200, "PATCH", app, token, `{"max_size":5}`, "If-Match", "*"); !strings.Contains(a.text, `"name":"second"`) {
		t.Error(a.text)
	}
}

// TestPages goes through lists page by page.
func TestPages(t *testing.T) {
	s := newStand(t)
	token, _ := s.token("", "", account.Acts()...)
	app := "/apps/" + s.app.Key
	var want []string
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		want = append(want, string(s.store(s.app.Key, name)))
		s.now = s.now.Add(time.Second)
	}
	for _, path := range []string{app + "/files?order=name&limit=2", app + "/audit?limit=2&action=file"} {
		var got []string
		cursor, pages := "", 0
		for {
			var page struct {
				Items []struct{ Handle, Target string }
				Next  string
			}
			s.want(200, "GET", path+cursor, token, "").into(t, &page)
			pages++
			for _, item := range page.Items {
				got = append(got, item.Handle+item.Target)
			}
			if page.Next == "" || pages > 5 {
				break
			}
			cursor = "&cursor=" + page.Next
		}
		if strings.Contains(path, "audit") {
			slices.Reverse(got)
		}
		if !slices.Equal(got, want) || pages != 3 {
			t.Errorf("%s: %v in %d pages, want %v in 3", path, got, pages, want)
		}
	}
	s.want(422, "GET", app+"/files?cursor="+"MQ"+"&order=name", token, "")
}

// TestFigures holds what is shown of requests.
func TestFigures(t *testing.T) {
	s := newStand(t)
	token, _ := s.token("viewer", s.app.Key, account.ViewApp)
	s.Figures.Count(insight.Visit{App: s.app.Key, Action: insight.Upload, In: 5, Time: s.now})
	s.Figures.Count(insight.Visit{App: s.app.Key, Action: insight.Read, Err: fault.Denied, Time: s.now, Request: "r1", Method: "GET", Path: "/x"})
	s.Figures.Made(s.app.Key, "resize", 1500*time.Millisecond)
	s.check(s.Figures.Flush(t.Context()))
	s.now = s.now.Add(time.Minute)
	app := "/apps/" + s.app.Key
	for path, says := range map[string]string{
		"/figures":         `"bytes_in":5`,
		"/figures/totals":  `"render_ms":1500`,
		"/figures/slowest": `"worst_ms":1500`,
		"/refusals":        `"request":"r1"`,
		"/usage":           `"files":0`,
	} {
		if a := s.want(200, "GET", app+path, token, ""); !strings.Contains(a.text, says) {
			t.Errorf("%s: %s has no %s", path, a.text, says)
		}
	}
}

// TestRouting holds where the API is, with a domain.
func TestRouting(t *testing.T) {
	s := newStand(t)
	router, err := server.NewRouter("files.test", s.Routes())
	s.check(err)
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, httptest.NewRequest("GET", "http://portal.test"+call.Root, nil))
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != call.Root+"/" {
		t.Errorf("%s: %d %v", call.Root, w.Code, w.Header())
	}
	for host, want := range map[string]int{"portal.files.test": 401, "files.test": 404, "cdn.files.test": 421, "127.0.0.1": 401} {
		r := httptest.NewRequest("GET", "http://"+host+call.Root+"/apps", nil)
		w := httptest.NewRecorder()
		router.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("%s: %d, want %d", host, w.Code, want)
		}
	}
}
