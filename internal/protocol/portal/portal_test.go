package portal

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/blob"
	"github.com/stowgate/stowgate/internal/blob/memblob"
	"github.com/stowgate/stowgate/internal/catalog"
	"github.com/stowgate/stowgate/internal/catalog/figures"
	"github.com/stowgate/stowgate/internal/catalog/hooks"
	"github.com/stowgate/stowgate/internal/catalog/ledger"
	"github.com/stowgate/stowgate/internal/catalog/listing"
	"github.com/stowgate/stowgate/internal/catalog/people"
	"github.com/stowgate/stowgate/internal/catalog/queue"
	"github.com/stowgate/stowgate/internal/catalog/sqlitedb"
	"github.com/stowgate/stowgate/internal/insight"
	"github.com/stowgate/stowgate/internal/library"
	"github.com/stowgate/stowgate/internal/manage"
	"github.com/stowgate/stowgate/internal/manage/backlog"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/protocol/filestack/address"
	"github.com/stowgate/stowgate/internal/protocol/portal/files"
	"github.com/stowgate/stowgate/internal/protocol/portal/frame"
	portalpeople "github.com/stowgate/stowgate/internal/protocol/portal/people"
	"github.com/stowgate/stowgate/internal/server"
	"github.com/stowgate/stowgate/internal/upload"
	"github.com/stowgate/stowgate/internal/webhook"
	"github.com/stowgate/stowgate/web"
)

// A stand is the portal on an empty catalog, with people in each role of an app.
type stand struct {
	*Portal
	services Services
	records  *catalog.Catalog
	handler  http.Handler
	operator account.Actor
	app, foe manage.App // foe is somebody else's
	sessions map[string]string
}

const password = "correct horse battery staple"

// newStand returns a stand whose apps may choose these storages.
func newStand(t *testing.T, storages ...string) *stand {
	t.Helper()
	ctx := t.Context()
	db, err := sqlitedb.Open(ctx, filepath.Join(t.TempDir(), "catalog.db"))
	if err != nil {
		t.Fatal(err)
	}
	records, err := catalog.New(ctx, db, [32]byte{1}, catalog.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { records.Close() })
	kept := people.New(records.Book())
	s := &stand{records: records, sessions: make(map[string]string)}
	s.services = Services{Services: portalpeople.Services{Accounts: account.New(kept, account.Config{}),
		Manage: manage.New(records, kept, ledger.New(records.Book()), manage.Config{Storages: storages})},
		ReadURL: func(string) (string, policy.Credential, policy.Request, error) {
			return "", policy.Credential{}, policy.Request{}, nil
		}}
	blobs := new(memblob.Store)
	s.services.Files = files.Services{Manage: s.services.Manage, Addresses: address.Book{CDN: "http://files.test", API: "http://files.test"},
		Desk: library.NewDesk(struct {
			*catalog.Catalog
			*listing.Listing
		}{records, listing.New(records.Book(), listing.DefaultBounds)}, library.DeskConfig{Keep: time.Hour}),
		Uploads: upload.New(blobs, blob.NewVault(blobs, blob.VaultConfig{}), records, upload.Config{})}
	t.Cleanup(s.services.Files.Uploads.Close)
	jobs := queue.New(records.Book(), queue.Config{})
	s.services.Jobs = backlog.New(jobs, func() {})
	formats := webhook.Formats{
		"filestack":  {Title: "Filestack", Words: map[string]string{asset.Uploaded: "fp.upload", asset.Overwritten: "fp.overwrite", asset.Deleted: "fp.delete"}},
		"uploadcare": {Title: "Uploadcare", Words: map[string]string{asset.Uploaded: "file.uploaded", asset.Kept: "file.stored", asset.Deleted: "file.deleted", asset.Changed: "file.info_updated"}},
	}
	s.services.Hooks = manage.NewWebhooks(hooks.New(records.Book(), jobs, formats, func() {}), formats, time.Now)
	s.services.Insight = insight.New(figures.New(records.Book()), insight.Config{})
	if s.Portal, err = New(web.Pages(), s.services, Config{PublicURL: "http://portal.test", FilesURL: "http://files.test"}); err != nil {
		t.Fatal(err)
	}
	s.Drain() // pages that would go on end at once
	router, err := server.NewRouter("", s.Routes())
	if err != nil {
		t.Fatal(err)
	}
	s.handler = s.Split(router, http.NotFoundHandler())
	s.people(ctx, t)
	return s
}

// people sets the server up, and makes a user in each role.
func (s *stand) people(ctx context.Context, t *testing.T) {
	t.Helper()
	from := account.From{Address: "192.0.2.1"}
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	setup, err := s.services.Accounts.NewSetup(ctx)
	check(err)
	s.sessions["operator"], err = s.services.Accounts.Setup(ctx, setup, "operator@example.com", "Operator", password, from)
	check(err)
	operator, err := s.services.Accounts.Resume(ctx, s.sessions["operator"], from)
	check(err)
	s.operator = operator.Actor
	s.app, _, err = s.services.Manage.CreateApp(ctx, s.operator, manage.NewApp{Name: "Ours"})
	check(err)
	s.foe, _, err = s.services.Manage.CreateApp(ctx, s.operator, manage.NewApp{Name: "Theirs"})
	check(err)
	for _, role := range []account.Role{account.NoRole, account.Viewer, account.Developer, account.Owner} {
		email := role.String() + "@example.com"
		_, link, err := s.services.Manage.AddUser(ctx, s.operator, manage.NewUser{Email: email, Name: role.String()})
		check(err)
		if role != account.NoRole {
			check(s.services.Manage.SetRole(ctx, s.operator, s.app.Key, email, role))
		}
		s.sessions[role.String()], err = s.services.Accounts.Accept(ctx, link, password, from)
		check(err)
	}
}

// send makes a request as somebody; empty for nobody.
func (s *stand) send(method, path, as string, form url.Values) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "http://portal.test"+path, strings.NewReader(form.Encode()))
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	if as != "" {
		r.AddCookie(&http.Cookie{Name: "stowgate-session", Value: s.sessions[as]})
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	return w
}

// roles are what each may do, as the documentation says: independent of the code.
var roles = map[string][]account.Act{
	"none":   nil,
	"viewer": {account.ViewApp, account.ViewFiles},
	"developer": {account.ViewApp, account.ViewFiles, account.ChangeFiles, account.SignPolicy,
		account.ChangeHooks},
	"owner": {account.ViewApp, account.ViewFiles, account.ChangeFiles, account.SignPolicy, account.ChangeHooks,
		account.ChangeApp, account.ChangeSecret, account.ChangeRoles, account.DeleteApp, account.ViewAudit},
}

var value = regexp.MustCompile(`\{[^}]*\}`)

// TestM6Matrix asks for every page, as everybody, about both apps.
func TestM6Matrix(t *testing.T) {
	s := newStand(t)
	fill := func(path, key string) string {
		return frame.Root + value.ReplaceAllStringFunc(strings.ReplaceAll(path, "{app}", key), func(string) string { return "x" })
	}
	asked := 0
	for _, row := range s.rows {
		if row.Public != "" {
			continue
		}
		ofApp := strings.Contains(row.Path, "{app}")
		if w := s.send(row.Method, fill(row.Path, s.app.Key), "", nil); w.Code != http.StatusSeeOther || !strings.HasPrefix(w.Header().Get("Location"), frame.Root+"/sign-in") {
			t.Errorf("%s %s by nobody: %d, want a way to sign in", row.Method, row.Path, w.Code)
		}
		for role, acts := range roles {
			want := http.StatusOK // or anything else but a refusal
			switch {
			case row.Own || slices.Contains(acts, row.Act) && ofApp:
			case ofApp && role == "none":
				want = http.StatusNotFound
			default:
				want = http.StatusForbidden
			}
			// Deleting the app, or ending sessions, would spoil the others' turns.
			if want == http.StatusOK && (strings.HasSuffix(row.Path, "/delete") || strings.HasSuffix(row.Path, "/sessions/end")) {
				continue
			}
			asked++
			w := s.send(row.Method, fill(row.Path, s.app.Key), role, nil)
			refused := w.Code == http.StatusForbidden || w.Code == http.StatusSeeOther && strings.Contains(w.Header().Get("Location"), "/sign-in")
			if want != http.StatusOK && w.Code != want || want == http.StatusOK && refused {
				t.Errorf("%s %s by %s: %d, want %d", row.Method, row.Path, role, w.Code, want)
			}
			if w.Code >= 500 {
				t.Errorf("%s %s by %s: %d %s", row.Method, row.Path, role, w.Code, w.Body)
			}
			if !ofApp {
				continue
			}
			if w := s.send(row.Method, fill(row.Path, s.foe.Key), role, nil); w.Code != http.StatusNotFound {
				t.Errorf("%s %s of another app by %s: %d, want 404", row.Method, row.Path, role, w.Code)
			}
			if w := s.send(row.Method, fill(row.Path, "no-such-app"), role, nil); w.Code != http.StatusNotFound {
				t.Errorf("%s %s of no app by %s: %d, want 404", row.Method, row.Path, role, w.Code)
			}
		}
	}
	if asked < 50 {
		t.Errorf("asked for %d pages only", asked)
	}
}

// TestM1Elsewhere sends what pages of other sites could.
func TestM1Elsewhere(t *testing.T) {
	s := newStand(t)
	for _, row := range s.rows {
		if row.Method == http.MethodGet {
			continue
		}
		path := frame.Root + strings.ReplaceAll(row.Path, "{app}", s.app.Key)
		for _, header := range []http.Header{
			{"Sec-Fetch-Site": {"cross-site"}}, {"Sec-Fetch-Site": {"same-site"}}, {"Origin": {"https://evil.example"}}, {"Origin": {"null"}},
		} {
			r := httptest.NewRequest(row.Method, "http://portal.test"+path, strings.NewReader("name=x&security=off"))
			r.Header = header.Clone()
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.AddCookie(&http.Cookie{Name: "stowgate-session", Value: s.sessions["operator"]})
			w := httptest.NewRecorder()
			s.handler.ServeHTTP(w, r)
			if w.Code != http.StatusForbidden {
				t.Errorf("%s %s with %v: %d, want 403", row.Method, row.Path, header, w.Code)
			}
		}
	}
}

// TestHeaders holds that no page is kept, framed, or read from elsewhere, and that
// nothing changes by GET (M1).
func TestHeaders(t *testing.T) {
	s := newStand(t)
	for _, row := range s.rows {
		if row.Method != http.MethodGet && row.Method != http.MethodPost {
			t.Errorf("%s %s: forms know GET and POST", row.Method, row.Path)
		}
		if row.Method != http.MethodGet {
			continue
		}
		before, err := s.services.Manage.Audit(t.Context(), s.operator, account.Search{Limit: 100})
		if err != nil {
			t.Fatal(err)
		}
		path := frame.Root + value.ReplaceAllString(strings.ReplaceAll(row.Path, "{app}", s.app.Key), "x")
		w := s.send(row.Method, path, "operator", nil)
		h := w.Header()
		if w.Code != http.StatusSeeOther {
			if h.Get("Cache-Control") != "no-store" || h.Get("X-Frame-Options") != "DENY" || h.Get("X-Content-Type-Options") != "nosniff" ||
				!strings.Contains(h.Get("Content-Security-Policy"), "script-src 'self'") || h.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("GET %s: %d %v", row.Path, w.Code, h)
			}
		}
		after, err := s.services.Manage.Audit(t.Context(), s.operator, account.Search{Limit: 100})
		if err != nil || len(after) != len(before) {
			t.Errorf("GET %s changed something: %v, %v", row.Path, after, err)
		}
	}
}

// TestM2Cookies looks at the session's cookie by HTTP and by HTTPS.
func TestM2Cookies(t *testing.T) {
	s := newStand(t)
	form := url.Values{"email": {"owner@example.com"}, "password": {password}}
	for _, tt := range []struct{ public, name string }{{"http://portal.test", "stowgate-session"}, {"https://portal.test", "__Host-stowgate-session"}} {
		var err error
		if s.Portal, err = New(web.Pages(), s.services, Config{PublicURL: tt.public}); err != nil {
			t.Fatal(err)
		}
		router, err := server.NewRouter("", s.Routes())
		if err != nil {
			t.Fatal(err)
		}
		s.handler = s.Split(router, http.NotFoundHandler())
		w := s.send(http.MethodPost, "/portal/sign-in", "", form)
		i := slices.IndexFunc(w.Result().Cookies(), func(c *http.Cookie) bool { return c.Name == tt.name })
		if w.Code != http.StatusSeeOther || i < 0 {
			t.Fatalf("sign in at %s: %d %v", tt.public, w.Code, w.Header())
		}
		c := w.Result().Cookies()[i]
		if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || c.Secure != strings.HasPrefix(tt.public, "https") || !c.Expires.IsZero() {
			t.Errorf("cookie %+v", c)
		}
		if c.Value == s.sessions["owner"] {
			t.Error("the session has the token of another")
		}
	}
}

// TestNext holds that signing in leads to pages of the portal only.
func TestNext(t *testing.T) {
	s := newStand(t)
	for next, want := range map[string]string{
		"/portal/apps/x?y=z": "/portal/apps/x?y=z", "": "/portal/", "https://evil.example/": "/portal/", "//evil.example": "/portal/",
		"/portal/\\evil": "/portal/", "/portal/../evil": "/portal/", "/portal/sign-in": "/portal/", "/other": "/portal/",
	} {
		form := url.Values{"email": {"owner@example.com"}, "password": {password}, "next": {next}}
		if w := s.send(http.MethodPost, "/portal/sign-in", "", form); w.Header().Get("Location") != want {
			t.Errorf("signed in with next=%s: %d to %s, want %s", next, w.Code, w.Header().Get("Location"), want)
		}
	}
}

// TestOnce holds that a secret is shown by the answer that makes it, and by no
// other page (M5).
func TestM5Once(t *testing.T) {
	s := newStand(t)
	w := s.send(http.MethodPost, "/portal/new", "operator", url.Values{"name": {"Shop"}, "security": {"on"}})
	secret := regexp.MustCompile(`once__text">([A-Z2-7]{26})<`).FindStringSubmatch(w.Body.String())
	if w.Code != http.StatusOK || secret == nil {
		t.Fatalf("new app: %d %s", w.Code, w.Body)
	}
	key := regexp.MustCompile(`A[A-Z2-7]{20}z`).FindString(w.Body.String())
	for _, row := range s.rows {
		if row.Method == http.MethodGet {
			path := frame.Root + value.ReplaceAllString(strings.ReplaceAll(row.Path, "{app}", key), "x")
			if w := s.send(row.Method, path, "operator", nil); strings.Contains(w.Body.String(), secret[1]) {
				t.Errorf("GET %s shows the secret", row.Path)
			}
		}
	}
}

// TestStorage has an app choose where new files go, where there is a choice.
func TestStorage(t *testing.T) {
	path := func(s *stand) string { return "/portal/apps/" + s.app.Key + "/settings" }
	alone := newStand(t)
	if w := alone.send(http.MethodGet, path(alone), "owner", nil); strings.Contains(w.Body.String(), `name="storage"`) {
		t.Error("there is a choice of one storage")
	}
	s := newStand(t, "archive", "cold")
	chosen := func() string {
		t.Helper()
		if w := s.send(http.MethodGet, path(s), "viewer", nil); !strings.Contains(w.Body.String(), "New files are kept in") {
			t.Errorf("viewers do not see where files are kept: %s", w.Body)
		}
		w := s.send(http.MethodGet, path(s), "owner", nil)
		got := regexp.MustCompile(`<option selected>([a-z]*)</option>`).FindStringSubmatch(w.Body.String())
		if !strings.Contains(w.Body.String(), `name="storage"`) || got == nil {
			return ""
		}
		return got[1]
	}
	if got := chosen(); got != "" {
		t.Errorf("a new app keeps files in %q", got)
	}
	for _, name := range []string{"cold", ""} {
		if w := s.send(http.MethodPost, path(s), "owner", url.Values{"name": {"Shop"}, "storage": {name}}); w.Code != http.StatusSeeOther || chosen() != name {
			t.Errorf("choosing %q: %d, and it is %q", name, w.Code, chosen())
		}
	}
	w := s.send(http.MethodPost, path(s), "owner", url.Values{"name": {"Shop"}, "storage": {"attic"}})
	if w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), `class="field__wrong"`) {
		t.Errorf("a storage that is not there: %d, want it shown beside the field", w.Code)
	}
}

// TestSetting changes settings by their form, and shows what is wrong beside it.
func TestSettings(t *testing.T) {
	s := newStand(t)
	form := url.Values{"name": {"Shop"}, "max_size": {"20 MB"}, "max_files": {"10"}, "max_bytes": {""}, "retention": {"30"},
		"origins": {"https://a.example\r\nhttps://b.example\r\n"}, "types": {"image/*"}, "sources": {"images.example\r\n*.cdn.example"}, "signed_images": {"on"}}
	path := "/portal/apps/" + s.app.Key + "/settings"
	if w := s.send(http.MethodPost, path, "owner", form); w.Code != http.StatusSeeOther {
		t.Fatalf("save: %d %s", w.Code, w.Body)
	}
	app, err := s.services.Manage.App(t.Context(), s.operator, s.app.Key)
	o := app.Options
	if err != nil || app.Name != "Shop" || o.MaxSize != 20e6 || o.MaxFiles != 10 || o.MaxBytes != 0 || o.Retention != 30*24*time.Hour ||
		fmt.Sprint(o.Origins, o.Types, o.Sources, o.SignedImages) != "[https://a.example https://b.example] [image/*] [images.example *.cdn.example] true" {
		t.Errorf("app = %+v, %v", app, err)
	}
	if w := s.send(http.MethodGet, "/portal/apps/"+s.app.Key+"/uploadcare", "owner", nil); !strings.Contains(w.Body.String(), "from <code>images.example</code>, <code>*.cdn.example</code>") {
		t.Errorf("the page about Uploadcare does not say from where files are fetched: %s", w.Body)
	}
	for field, wrong := range map[string]string{"max_size": "big", "max_files": "-1", "max_bytes": "1e9", "retention": "99999999", "origins": "https://a.example/path", "types": "pictures", "sources": "https://a.example", "name": ""} {
		bad := url.Values{}
		for name, values := range form {
			bad[name] = values
		}
		bad.Set(field, wrong)
		w := s.send(http.MethodPost, path, "owner", bad)
		if w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), `class="field__wrong"`) {
			t.Errorf("%s = %q: %d, want it shown beside the field", field, wrong, w.Code)
		}
	}
	old := url.Values{"version": {s.app.Version}, "name": {"Older"}}
	if w := s.send(http.MethodPost, path, "owner", old); w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), "meanwhile") {
		t.Errorf("save of an older version: %d", w.Code)
	}
}
