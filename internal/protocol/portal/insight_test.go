package portal

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/insight"
	"github.com/stowgate/stowgate/internal/server"
	"github.com/stowgate/stowgate/web"
)

// TestInsight shows figures and refusals of an app, whose texts strangers chose.
func TestInsight(t *testing.T) {
	s := newStand(t)
	count := func(app, request string, err error) {
		s.services.Insight.Count(insight.Visit{App: app, Action: insight.Read, Err: err, Time: time.Now(), Out: 12345,
			Asset: "<script>alert(1)</script>", Request: request})
	}
	for i := range 1234 {
		count(s.app.Key, fmt.Sprint("ok", i), nil)
	}
	s.services.Insight.Count(insight.Visit{App: s.app.Key, Action: insight.Read, Secret: s.app.Secrets[0].Fingerprint, Time: time.Now()})
	count(s.app.Key, "first", fault.Denied)
	count(s.app.Key, "second", fault.TooLarge)
	count(s.foe.Key, "foe", fault.Denied)
	s.services.Insight.Made(s.app.Key, `{"ops":[{"op":"resize","width":200}],"answer":"<b>"}`, 3*time.Second)
	if err := s.services.Insight.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	page := "/portal/apps/" + s.app.Key + "/insight"
	for _, query := range []string{"", "?range=day", "?range=week", "?range=month", "?range=year", "?range=century", "?action=read", "?action=party"} {
		w := s.send(http.MethodGet, page+query, "viewer", nil)
		for _, want := range []string{"allowed <strong>1\u2009235<", "refused <strong>2<", "too large <strong>1<", "3.0\u00a0s", "Resize (width 200), tell its &lt;b&gt;"} {
			if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), want) {
				t.Fatalf("GET %s: %d, want %s in %s", query, w.Code, want, w.Body)
			}
		}
	}
	if w := s.send(http.MethodGet, page+"?action=upload", "viewer", nil); !strings.Contains(w.Body.String(), "Requests to upload") || strings.Contains(w.Body.String(), "1\u2009234</strong>") {
		t.Errorf("requests to upload: %s", w.Body)
	}
	w := s.send(http.MethodGet, page+"/refusals", "viewer", nil)
	if body := w.Body.String(); w.Code != http.StatusOK || !strings.Contains(body, "&lt;script&gt;") || strings.Contains(body, "<script>alert") || strings.Contains(body, `data-id="foe"`) {
		t.Errorf("refusals: %d %s", w.Code, body)
	}
	s.services.Insight.Count(insight.Visit{App: insight.Unknown, Action: insight.Upload, Err: fault.Denied, Time: time.Now(), Request: "unknown", Method: "POST", Path: "/<b>/x"})
	w = s.send(http.MethodGet, "/portal/refusals", "operator", nil)
	for _, want := range []string{`data-id="unknown"`, "POST /&lt;b&gt;/x", `src="/portal/refusals/live?after=unknown"`, `href="/portal/refusals" aria-current="page"`} {
		if body := w.Body.String(); w.Code != http.StatusOK || !strings.Contains(body, want) || strings.Contains(body, `data-id="foe"`) || strings.Contains(body, "Explain") {
			t.Errorf("refusals of unknown apps: %d, want %s in %s", w.Code, want, body)
		}
	}
	if w := s.send(http.MethodGet, "/portal/refusals", "owner", nil); w.Code != http.StatusForbidden {
		t.Errorf("refusals of unknown apps by an owner: %d", w.Code)
	}
	for _, page := range []string{"/insight", "/security"} {
		if w := s.send(http.MethodGet, "/portal/apps/"+s.app.Key+page, "viewer", nil); !strings.Contains(w.Body.String(), `data-name="Last use"><time`) {
			t.Errorf("GET %s does not say when the secret was used: %s", page, w.Body)
		}
	}
	if w := s.send(http.MethodGet, "/portal/apps/"+s.app.Key, "viewer", nil); !strings.Contains(w.Body.String(), "1\u2009235") || !strings.Contains(w.Body.String(), "denied") {
		t.Errorf("overview: %s", w.Body)
	}
}

// TestLive listens to refusals: it is told what it has missed, then what comes,
// each once, and nothing of other apps, until the server ends.
func TestLive(t *testing.T) {
	s := newStand(t)
	portal, err := New(web.Pages(), s.services, Config{PublicURL: "http://portal.test"})
	if err != nil {
		t.Fatal(err)
	}
	router, err := server.NewRouter("", portal.Routes())
	if err != nil {
		t.Fatal(err)
	}
	here := httptest.NewServer(portal.Split(router, http.NotFoundHandler()))
	defer here.Close()
	defer portal.Drain()
	refuse := func(app, request string) {
		s.services.Insight.Count(insight.Visit{App: app, Action: insight.Upload, Err: fault.Denied, Time: time.Now(), Request: request})
	}
	for _, request := range []string{"1", "2", "3"} {
		refuse(s.app.Key, request)
	}
	listen := func(after string) *bufio.Scanner {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, here.URL+"/portal/apps/"+s.app.Key+"/insight/refusals/live?after="+after, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.AddCookie(&http.Cookie{Name: "stowgate-session", Value: s.sessions["viewer"]})
		answer, err := here.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { answer.Body.Close() })
		if answer.StatusCode != http.StatusOK || answer.Header.Get("Content-Type") != "text/event-stream" {
			t.Fatalf("live: %s %v", answer.Status, answer.Header)
		}
		return bufio.NewScanner(answer.Body)
	}
	next := func(lines *bufio.Scanner) string {
		for lines.Scan() {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				var told struct{ ID, Explain string }
				if err := json.Unmarshal([]byte(data), &told); err != nil || !strings.HasSuffix(told.Explain, "/policies?action=store#explain") {
					t.Errorf("told %s, %v", data, err)
				}
				return told.ID
			}
		}
		return ""
	}
	one, all := listen("1"), listen("")
	for _, want := range []string{"2", "3"} {
		if got := next(one); got != want {
			t.Errorf("after 1: %q, want %q", got, want)
		}
	}
	refuse(s.foe.Key, "foe")
	refuse(s.app.Key, "4")
	if got := next(one); got != "4" {
		t.Errorf("then came %q, want 4", got)
	}
	for _, want := range []string{"1", "2", "3", "4"} {
		if got := next(all); got != want {
			t.Errorf("from the beginning: %q, want %q", got, want)
		}
	}
	portal.Drain()
	if got := next(one) + next(all); got != "" {
		t.Errorf("after the end came %q", got)
	}
}
