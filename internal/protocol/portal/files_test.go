package portal

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"maps"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/library"
	"github.com/stowgate/stowgate/internal/manage"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/upload"
)

// carry sends a form with a file, as a browser does.
func (s *stand) carry(t *testing.T, path, as, name string, body []byte, fields ...string) *httptest.ResponseRecorder {
	t.Helper()
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	for i := 0; i < len(fields); i += 2 {
		w.WriteField(fields[i], fields[i+1])
	}
	part, err := w.CreateFormFile("file", name)
	if err != nil {
		t.Fatal(err)
	}
	part.Write(body)
	w.Close()
	r := httptest.NewRequest(http.MethodPost, "http://portal.test"+path, &form)
	r.Header.Set("Content-Type", w.FormDataContentType())
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.AddCookie(&http.Cookie{Name: "stowgate-session", Value: s.sessions[as]})
	rec := httptest.NewRecorder()
	s.handler.ServeHTTP(rec, r)
	return rec
}

// put stores a file of an app, and returns the path of its page.
func (s *stand) put(t *testing.T, app, name string, body string) string {
	t.Helper()
	g, err := s.services.Manage.FileGrant(t.Context(), s.operator, app)
	if err != nil {
		t.Fatal(err)
	}
	a, err := s.services.Files.Uploads.Put(t.Context(), g, upload.Spec{Name: name, Size: -1}, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return "/portal/apps/" + app + "/files/" + string(a.ID)
}

func (s *stand) file(t *testing.T, page string) library.File {
	t.Helper()
	part := strings.Split(page, "/")
	f, err := s.services.Files.Desk.File(t.Context(), s.operator, part[3], asset.ID(part[5]))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// actions returns what the audit log says was done to a file, the oldest first,
// and fails if that was anybody but the one called who.
func (s *stand) actions(t *testing.T, id asset.ID, who string) (actions []string) {
	t.Helper()
	entries, err := s.services.Manage.Audit(t.Context(), s.operator, account.Search{App: s.app.Key, Action: "file", Limit: 500})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range slices.Backward(entries) {
		if e.Target != string(id) || e.Actor == s.operator.ID { // who prepared it
			continue
		}
		if actions = append(actions, e.Action); e.Name != who || e.Address == "" {
			t.Errorf("audit entry is %+v, want one of %s", e, who)
		}
	}
	return actions
}

func wantAnswer(t *testing.T, what string, w *httptest.ResponseRecorder, status int, text string) {
	t.Helper()
	body := html.UnescapeString(w.Body.String())
	if w.Code != status || !strings.Contains(body+w.Header().Get("Location"), text) {
		t.Errorf("%s: %d %s to %q, want %d and %q", what, w.Code, body, w.Header().Get("Location"), status, text)
	}
}

// TestM7Files goes through all that a developer does with a file.
func TestM7Files(t *testing.T) {
	s := newStand(t)
	list := "/portal/apps/" + s.app.Key + "/files"
	large := bytes.Repeat([]byte("x"), 3<<20) // more than other forms may have
	w := s.carry(t, list+"/new", "developer", "a <b>.txt", large, "path", "users/42/")
	wantAnswer(t, "upload", w, http.StatusSeeOther, list+"/")
	page := w.Header().Get("Location")
	f := s.file(t, page)
	if f.Size != int64(len(large)) || f.Name != "a <b>.txt" || f.Path != "users/42/" {
		t.Errorf("uploaded is %+v", f)
	}
	shown := s.send(http.MethodGet, page, "viewer", nil)
	wantAnswer(t, "file", shown, http.StatusOK, string(f.ID))
	if strings.Contains(shown.Body.String(), "a <b>") {
		t.Error("the name is not escaped")
	}

	wantAnswer(t, "label", s.send(http.MethodPost, page, "developer", url.Values{"name": {"b.txt"}, "alt": {"words"}, "tags": {"season=summer\r\nred"}}), http.StatusSeeOther, page)
	if f = s.file(t, page); f.Name != "b.txt" || f.Alt != "words" || f.Tags["season"] != "summer" || len(f.Tags) != 2 {
		t.Errorf("labelled is %+v", f)
	}
	for tags, want := range map[string]string{"a=1\na=2": "twice", "=1": "no name", strings.Repeat("x", library.MaxTagName+1): "up to"} {
		wantAnswer(t, "label "+tags, s.send(http.MethodPost, page, "developer", url.Values{"name": {"c.txt"}, "tags": {tags}}), http.StatusUnprocessableEntity, want)
	}

	wantAnswer(t, "overwrite", s.carry(t, page+"/overwrite", "developer", "other.txt", []byte("new")), http.StatusSeeOther, page)
	if f = s.file(t, page); f.Size != 3 || f.Version != 2 || f.Name != "b.txt" || f.Content.SHA256 == [32]byte{} {
		t.Errorf("overwritten is %+v", f)
	}
	wantAnswer(t, "without a file", s.carry(t, page+"/overwrite", "developer", "", nil), http.StatusUnprocessableEntity, "Choose a file")

	wantAnswer(t, "delete", s.send(http.MethodPost, page+"/trash", "developer", nil), http.StatusSeeOther, page)
	wantAnswer(t, "deleted", s.send(http.MethodGet, page, "developer", nil), http.StatusOK, "Take that back")
	wantAnswer(t, "deleted, for a viewer", s.send(http.MethodGet, page, "viewer", nil), http.StatusOK, "Nobody can reach it")
	wantAnswer(t, "restore", s.send(http.MethodPost, page+"/restore", "developer", nil), http.StatusSeeOther, page)
	if f = s.file(t, page); !f.Trashed.IsZero() {
		t.Error("it is still in the trash")
	}
	s.send(http.MethodPost, page+"/trash", "developer", nil)
	wantAnswer(t, "delete for good", s.send(http.MethodPost, page+"/trash", "developer", nil), http.StatusSeeOther, list)
	wantAnswer(t, "gone", s.send(http.MethodGet, page, "developer", nil), http.StatusNotFound, "Not found")
	want := []string{"file.upload", "file.label", "file.overwrite", "file.trash", "file.restore", "file.trash", "file.erase"}
	if got := s.actions(t, f.ID, "developer"); !slices.Equal(got, want) {
		t.Errorf("audited: %v, want %v", got, want)
	}
}

// TestFilesRefused uploads what the app does not take.
func TestFilesRefused(t *testing.T) {
	s := newStand(t)
	types, size := []string{"image/*"}, int64(10)
	if _, err := s.services.Manage.ChangeApp(t.Context(), s.operator, s.app.Key, manage.Change{Types: &types, MaxSize: &size}); err != nil {
		t.Fatal(err)
	}
	path := "/portal/apps/" + s.app.Key + "/files/new"
	wantAnswer(t, "text", s.carry(t, path, "developer", "a.txt", []byte("text")), http.StatusUnprocessableEntity, "takes files of image/*")
	wantAnswer(t, "large", s.carry(t, path, "developer", "a.gif", []byte("GIF89a12345")), http.StatusUnprocessableEntity, "Nothing was stored.")
	wantAnswer(t, "at the limit", s.carry(t, path, "developer", "a.gif", []byte("GIF89a1234")), http.StatusSeeOther, "/files/")
	off := true
	if _, err := s.services.Manage.ChangeApp(t.Context(), s.operator, s.app.Key, manage.Change{Disabled: &off}); err != nil {
		t.Fatal(err)
	}
	wantAnswer(t, "disabled", s.carry(t, path, "developer", "a.gif", []byte("GIF89a")), http.StatusUnprocessableEntity, "disabled")
	wantAnswer(t, "list of a disabled app", s.send(http.MethodGet, strings.TrimSuffix(path, "/new"), "viewer", nil), http.StatusOK, "There are no pictures")
}

// TestM6Files asks an app for the files of another, and a viewer for changes.
func TestM6Files(t *testing.T) {
	s := newStand(t)
	ours := s.put(t, s.app.Key, "ours.txt", "ours")
	theirs := strings.Replace(s.put(t, s.foe.Key, "theirs.txt", "theirs"), s.foe.Key, s.app.Key, 1)
	for _, page := range []string{theirs, strings.TrimSuffix(ours, ours[len(ours)-1:]), ours + "%2F"} {
		wantAnswer(t, "another's", s.send(http.MethodGet, page, "owner", nil), http.StatusNotFound, "Not found")
		for _, do := range []string{"", "/trash", "/restore"} {
			wantAnswer(t, do+" another's", s.send(http.MethodPost, page+do, "owner", url.Values{"name": {"x"}}), http.StatusNotFound, "Not found")
		}
		wantAnswer(t, "overwrite another's", s.carry(t, page+"/overwrite", "owner", "x", []byte("x")), http.StatusNotFound, "Not found")
	}
	id := theirs[strings.LastIndex(theirs, "/")+1:]
	for _, action := range []string{"trash", "erase", "restore", "tag"} {
		w := s.send(http.MethodPost, "/portal/apps/"+s.app.Key+"/files", "owner", url.Values{"file": {id}, "action": {action}, "new_tag": {"x"}})
		if w.Code != http.StatusSeeOther {
			t.Errorf("%s of another's: %d", action, w.Code)
		}
	}
	if f := s.file(t, strings.Replace(theirs, s.app.Key, s.foe.Key, 1)); !f.Trashed.IsZero() || len(f.Tags) != 0 {
		t.Errorf("the other app's file is now %+v", f)
	}
	wantAnswer(t, "upload by a viewer", s.carry(t, "/portal/apps/"+s.app.Key+"/files/new", "viewer", "x", []byte("x")), http.StatusForbidden, "")
	wantAnswer(t, "overwrite by a viewer", s.carry(t, ours+"/overwrite", "viewer", "x", []byte("x")), http.StatusForbidden, "")
	if page := s.send(http.MethodGet, ours, "viewer", nil).Body.String(); strings.Contains(page, `method="post" action="`+ours) {
		t.Error("a viewer is shown forms that change the file")
	}
}

var (
	credentials = regexp.MustCompile(`https?://files\.test/[^"<]*?policy=([^&"]+)&amp;signature=([0-9a-f]+)`)
	boxes       = regexp.MustCompile(`name="file" value="(\w{20})"`)
	turns       = regexp.MustCompile(`href="([^"]+)" rel="(next|prev)"`)
)

// TestFilesSigned holds that what a page lets its visitor see is that file alone.
func TestFilesSigned(t *testing.T) {
	s := newStand(t)
	app, _, err := s.services.Manage.CreateApp(t.Context(), s.operator, manage.NewApp{Name: "Closed", Security: true})
	if err != nil {
		t.Fatal(err)
	}
	page := s.put(t, app.Key, "a.gif", "GIF89a\x01\x00\x01\x00\x00\x00\x00;")
	id := asset.ID(page[strings.LastIndex(page, "/")+1:])
	body := s.send(http.MethodGet, page+"?width=30&rotate=90", "operator", nil).Body.String()
	found := credentials.FindAllStringSubmatch(body, -1)
	if len(found) < 5 || !strings.Contains(body, "files.test/resize=width:30/rotate=deg:90/") {
		t.Fatalf("%d signed addresses in %s", len(found), body)
	}
	for _, one := range found {
		text, err := url.QueryUnescape(one[1])
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []struct {
			action policy.Action
			id     asset.ID
			ok     bool
		}{{policy.Read, id, true}, {policy.Stat, id, true}, {policy.Convert, id, true}, {policy.Write, id, false}, {policy.Read, asset.NewID(), false}} {
			steps, err := s.services.Manage.ExplainPolicy(t.Context(), s.operator, app.Key, policy.Credential{Policy: text, Signature: one[2]},
				policy.Request{Action: want.action, Asset: want.id, Size: -1})
			if ok := !slices.ContainsFunc(steps, func(s policy.Step) bool { return !s.OK }); err != nil || ok != want.ok {
				t.Errorf("%s allows %v on %s: %v, %v; want %v", one[0], want.action, want.id, ok, err, want.ok)
			}
		}
	}
	for query, want := range map[string]string{"?tasks=resize": "Missing parameter", "?width=x": "Invalid parameter", "?tasks=nonsense": "task nonsense", "?quality=101": "Invalid parameter"} {
		wantAnswer(t, query, s.send(http.MethodGet, page+query, "operator", nil), http.StatusOK, want)
	}
}

// TestFilesList goes through pages, conditions and what is done to many files.
func TestFilesList(t *testing.T) {
	s := newStand(t)
	list := "/portal/apps/" + s.app.Key + "/files"
	wantAnswer(t, "no file", s.send(http.MethodGet, list, "viewer", nil), http.StatusOK, "There is no file yet.")
	for i := range library.DefaultPage + 5 {
		s.put(t, s.app.Key, fmt.Sprintf("file-%02d.txt", i), "text")
	}
	first := s.send(http.MethodGet, list+"?order=name&name=file", "developer", nil)
	ids := boxes.FindAllStringSubmatch(first.Body.String(), -1)
	next := turns.FindAllStringSubmatch(first.Body.String(), -1)
	if len(ids) != library.DefaultPage || len(next) != 1 || next[0][2] != "next" || !strings.Contains(first.Body.String(), "55 files") {
		t.Fatalf("%d files, pages %v", len(ids), next)
	}
	second := s.send(http.MethodGet, html.UnescapeString(next[0][1]), "developer", nil)
	rest := boxes.FindAllStringSubmatch(second.Body.String(), -1)
	back := turns.FindAllStringSubmatch(second.Body.String(), -1)
	if len(rest) != 5 || len(back) != 1 || back[0][2] != "prev" || !strings.Contains(second.Body.String(), `value="file"`) {
		t.Fatalf("%d files on the second page, pages %v", len(rest), back)
	}
	wantAnswer(t, "back", s.send(http.MethodGet, html.UnescapeString(back[0][1]), "developer", nil), http.StatusOK, ids[0][1])

	for query, want := range map[string]string{
		"?name=-07": "1 file", "?type=image/*": "No file meets these conditions.", "?trash=on": "Nothing was deleted lately.",
		"?from=2020-01-01&until=2020-12-31": "No file meets", "?from=2020-01-01": "55 files", "?max_size=3": "No file meets", "?tag=x": "No file meets",
	} {
		wantAnswer(t, query, s.send(http.MethodGet, list+query, "viewer", nil), http.StatusOK, want)
	}
	for query, want := range map[string]string{"?min_size=many": "Write a size", "?from=yesterday": "Write a day", "?tag==x": "name of a tag"} {
		wantAnswer(t, query, s.send(http.MethodGet, list+query, "viewer", nil), http.StatusUnprocessableEntity, want)
	}

	ticked := url.Values{"file": {ids[0][1], ids[1][1], "nobody", strings.Repeat("A", 20)}, "back": {"name=file&order=name"}}
	do := func(action, want string) {
		t.Helper()
		ticked.Set("action", action)
		w := s.send(http.MethodPost, list, "developer", ticked)
		notice := ""
		for _, c := range w.Result().Cookies() {
			notice, _ = url.QueryUnescape(c.Value)
		}
		if w.Code != http.StatusSeeOther || notice != want || !strings.HasPrefix(w.Header().Get("Location"), list+"?name=file&order=name") {
			t.Errorf("%s: %d %q to %s, want %q", action, w.Code, notice, w.Header().Get("Location"), want)
		}
	}
	ticked.Set("new_tag", "season=summer")
	do("tag", "2 files are tagged. 1 are not there any more.")
	wantAnswer(t, "tagged", s.send(http.MethodGet, list+"?tag=season%3Dsummer", "viewer", nil), http.StatusOK, "2 files")
	do("trash", "2 files are deleted. 1 are not there any more.")
	wantAnswer(t, "deleted", s.send(http.MethodGet, list+"?trash=on", "viewer", nil), http.StatusOK, "2 files")
	do("restore", "2 files are restored. 1 are not there any more.")
	ticked.Set("new_tag", "=summer")
	do("tag", "The tag had no name, so nothing was done. Write it like season=summer.")
	ticked.Del("file")
	do("erase", "No file was ticked, so nothing was done.")
	if got := s.actions(t, asset.ID(ids[0][1]), "developer"); !slices.Equal(got, []string{"file.label", "file.trash", "file.restore"}) {
		t.Errorf("audited: %v", got)
	}
}

var picker = regexp.MustCompile(`<stowgate-picker [^>]*policy="([^"]+)" signature="([0-9a-f]+)"`)

// TestUploadsByPicker holds that what is stored with the policy of the upload page
// is in the audit log as done by who had the page, and that nobody else's policy
// can say so.
func TestUploadsByPicker(t *testing.T) {
	for _, security := range []bool{true, false} {
		s := newStand(t)
		on := security
		if _, err := s.services.Manage.ChangeApp(t.Context(), s.operator, s.app.Key, manage.Change{Security: &on, Force: "test"}); err != nil {
			t.Fatal(err)
		}
		app, err := s.records.App(t.Context(), s.app.Key)
		if err != nil {
			t.Fatal(err)
		}
		found := picker.FindStringSubmatch(s.send(http.MethodGet, "/portal/apps/"+app.Key+"/files/new", "developer", nil).Body.String())
		if found == nil {
			t.Fatal("the upload page has no picker")
		}
		shown := policy.Credential{Policy: html.UnescapeString(found[1]), Signature: found[2]}
		raw, err := base64.URLEncoding.DecodeString(shown.Policy)
		if err != nil {
			t.Fatal(err)
		}
		var document map[string]any
		if err := json.Unmarshal(raw, &document); err != nil || document["by"] == nil {
			t.Fatalf("the policy is %s, %v", raw, err)
		}
		own := func(change func(map[string]any)) policy.Credential {
			changed := maps.Clone(document)
			change(changed)
			text, err := json.Marshal(changed)
			if err != nil {
				t.Fatal(err)
			}
			c, _, err := policy.Sign(app, string(text), time.Now())
			if err != nil {
				t.Fatal(err)
			}
			return c
		}
		for name, tt := range map[string]struct {
			credential policy.Credential
			want       []string
		}{
			"of the page":    {shown, []string{"file.upload"}},
			"another expiry": {own(func(d map[string]any) { d["expiry"] = d["expiry"].(float64) + 1 }), nil},
			"a plain name":   {own(func(d map[string]any) { d["by"] = "developer" }), nil},
			"no text":        {own(func(d map[string]any) { d["by"] = 42 }), nil},
		} {
			g, err := policy.Authorize(app, tt.credential, time.Now())
			if err != nil {
				t.Fatal(err)
			}
			whole, err := s.services.Files.Uploads.Put(t.Context(), g, upload.Spec{Name: "a.txt", Size: -1}, strings.NewReader("text"))
			if err != nil {
				t.Fatal(err)
			}
			for in, id := range map[string]asset.ID{"one request": whole.ID, "parts": s.putInParts(t, g, "text").ID} {
				if got := s.actions(t, id, "developer"); !slices.Equal(got, tt.want) {
					t.Errorf("security %v, policy %s, in %s: audited %v, want %v", security, name, in, got, tt.want)
				}
			}
		}
	}
}

// putInParts stores a file in one part.
func (s *stand) putInParts(t *testing.T, g policy.Grant, body string) asset.Asset {
	t.Helper()
	uploads := s.services.Files.Uploads
	u, err := uploads.Begin(t.Context(), g, upload.Spec{Name: "b.txt", Size: int64(len(body))})
	if err != nil {
		t.Fatal(err)
	}
	ticket, err := uploads.Ticket(t.Context(), u.App, u.ID, upload.PartSpec{Number: 1, Size: int64(len(body))})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := uploads.WritePart(t.Context(), ticket, -1, strings.NewReader(body)); err != nil {
		t.Fatal(err)
	}
	var a asset.Asset
	for range 2 { // the second time leaves no second entry
		if a, err = uploads.Complete(t.Context(), u.App, u.ID, upload.Finish{Spec: upload.Spec{Size: -1}}); err != nil {
			t.Fatal(err)
		}
	}
	return a
}
