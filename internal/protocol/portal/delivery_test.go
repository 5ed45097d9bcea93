package portal

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stowgate/stowgate/internal/manage"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/protocol/portal/frame"
	"github.com/stowgate/stowgate/internal/server"
	"github.com/stowgate/stowgate/web"
)

// TestM5Delivery makes and removes delivery secrets. One is shown by the answer that
// makes it, and by no other page.
func TestM5Delivery(t *testing.T) {
	s := newStand(t)
	page := "/portal/apps/" + s.app.Key + "/security"
	w := s.send(http.MethodPost, page+"/delivery", "owner", nil)
	secret := regexp.MustCompile(`once__text">([0-9a-f]{64})<`).FindStringSubmatch(w.Body.String())
	if w.Code != http.StatusOK || secret == nil {
		t.Fatalf("new delivery secret: %d %s", w.Code, w.Body)
	}
	print := policy.Secret{Key: secret[1]}.Fingerprint()
	for _, row := range s.rows {
		if row.Method == http.MethodGet {
			path := frame.Root + value.ReplaceAllString(strings.ReplaceAll(row.Path, "{app}", s.app.Key), "x")
			if w := s.send(row.Method, path, "operator", nil); strings.Contains(w.Body.String(), secret[1]) {
				t.Errorf("GET %s shows the delivery secret", row.Path)
			}
		}
	}
	if w := s.send(http.MethodGet, page, "viewer", nil); !strings.Contains(w.Body.String(), print) || strings.Contains(w.Body.String(), "/delivery") {
		t.Errorf("a viewer sees %s, want the fingerprint %s and nothing to press", w.Body, print)
	}
	if w := s.send(http.MethodPost, page+"/delivery", "owner", nil); w.Code != http.StatusOK || strings.Contains(w.Body.String(), "Make a delivery secret") {
		t.Errorf("the second: %d %s", w.Code, w.Body)
	}
	for _, tt := range []struct {
		path string
		want int
	}{{"/delivery", http.StatusUnprocessableEntity}, {"/delivery/00000000/remove", http.StatusUnprocessableEntity}, {"/delivery/" + print + "/remove", http.StatusSeeOther}} {
		if w := s.send(http.MethodPost, page+tt.path, "owner", nil); w.Code != tt.want {
			t.Errorf("POST %s: %d, want %d", tt.path, w.Code, tt.want)
		}
	}
	if w := s.send(http.MethodGet, page, "owner", nil); strings.Contains(w.Body.String(), print) {
		t.Error("a delivery secret that was removed is still there")
	}
}

// TestOpenReads opens an app's reads, and holds that its pages say so.
func TestOpenReads(t *testing.T) {
	s := newStand(t)
	page := "/portal/apps/" + s.app.Key
	on := true
	if _, err := s.services.Manage.ChangeApp(t.Context(), s.operator, s.app.Key, manage.Change{Security: &on, Force: "test"}); err != nil {
		t.Fatal(err)
	}
	says := map[string]string{
		"":            "but whoever knows a file&#39;s address may read it",
		"/security":   "Reads are open",
		"/settings":   `name="open_reads" value="on" checked`,
		"/uploadcare": `Read a file</th><td data-name="Who may make it now">whoever knows its address`,
	}
	wants := func(open bool) {
		t.Helper()
		for path, text := range says {
			body := s.send(http.MethodGet, page+path, "owner", nil).Body.String()
			if strings.Contains(strings.ReplaceAll(body, "'", "&#39;"), text) != open && !(path == "/settings" && !open) {
				t.Errorf("with reads open %t, %s is %s", open, path, body)
			}
		}
	}
	wants(false)
	form := url.Values{"name": {"Shop"}, "open_reads": {"on"}, "temporary": {"on"}}
	if w := s.send(http.MethodPost, page+"/settings", "owner", form); w.Code != http.StatusSeeOther {
		t.Fatalf("settings: %d %s", w.Code, w.Body)
	}
	a, err := s.services.Manage.App(t.Context(), s.operator, s.app.Key)
	if err != nil || !a.Options.OpenReads || !a.Options.Temporary || !a.Security {
		t.Fatalf("the app is %+v, %v", a, err)
	}
	wants(true)
	if w := s.send(http.MethodPost, page+"/settings", "owner", url.Values{"name": {"Shop"}}); w.Code != http.StatusSeeOther {
		t.Fatalf("settings: %d %s", w.Code, w.Body)
	}
	if a, err := s.services.Manage.App(t.Context(), s.operator, s.app.Key); err != nil || a.Options.OpenReads || a.Options.Temporary {
		t.Errorf("the app is %+v, %v", a, err)
	}

	w := s.send(http.MethodPost, "/portal/new", "operator", url.Values{"name": {"Gallery"}, "security": {"uploads"}})
	key := regexp.MustCompile(`A[A-Z2-7]{20}z`).FindString(w.Body.String())
	if a, err := s.services.Manage.App(t.Context(), s.operator, key); err != nil || !a.Security || !a.Options.OpenReads {
		t.Errorf("a new app for uploads is %+v, %v", a, err)
	}
}

// TestUploadcare holds that the page says where clients find the app. The prefix is
// that of @uploadcare/cname-prefix for demopublickey.
func TestUploadcare(t *testing.T) {
	s := newStand(t)
	if _, _, err := s.services.Manage.CreateApp(t.Context(), s.operator, manage.NewApp{Name: "Demo", Key: "demopublickey"}); err != nil {
		t.Fatal(err)
	}
	care := frame.Uploadcare{Upload: "https://ucupload.files.test", REST: "https://ucapi.files.test", CDN: "https://ucarecdn.files.test"}
	for _, domain := range []string{"", "files.test"} {
		var err error
		if s.Portal, err = New(web.Pages(), s.services, Config{PublicURL: "http://portal.test", Domain: domain, Uploadcare: care}); err != nil {
			t.Fatal(err)
		}
		router, err := server.NewRouter("", s.Routes())
		if err != nil {
			t.Fatal(err)
		}
		s.handler = s.Split(router, http.NotFoundHandler())
		body := s.send(http.MethodGet, "/portal/apps/demopublickey/uploadcare", "operator", nil).Body.String()
		for _, text := range []string{"<code>1s4oyld5dc</code>", "demopublickey", care.Upload, care.REST, care.CDN, "whoever knows the public key"} {
			if !strings.Contains(body, text) {
				t.Errorf("domain %q: the page does not say %q: %s", domain, text, body)
			}
		}
		if told := strings.Contains(body, "https://1s4oyld5dc.ucarecdn.files.test"); told != (domain != "") {
			t.Errorf("domain %q: the app's own host is named: %t", domain, told)
		}
	}
}
