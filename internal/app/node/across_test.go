package node

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/manage"
	"github.com/stowgate/stowgate/internal/policy"
)

// A described is what the REST API tells of a file.
type described struct {
	UUID     string
	Name     string `json:"original_filename"`
	Type     string `json:"mime_type"`
	Size     int
	Stored   *string `json:"datetime_stored"`
	Removed  *string `json:"datetime_removed"`
	Metadata map[string]string
	Tags     []string
	URL      *string `json:"original_file_url"`
}

// describe asks the REST API about a file of ours.
func (s *stand) describe(uuid string) (d described) {
	s.t.Helper()
	s.want(owner(ours).rest("GET", "/files/"+uuid+"/", ""), 200, &d)
	return d
}

// read reads a file of ours by both protocols, which give the same, and returns
// that with the entity tag.
func (s *stand) read(handle, uuid string) (body, tag string) {
	s.t.Helper()
	care := s.want(owner(ours).address("/"+uuid+"/"), 200, nil)
	file := s.want(request{method: "GET", target: "/" + handle + "?" + owner(ours).query()}, 200, nil)
	if care.body != file.body || care.header.Get("ETag") != file.header.Get("ETag") {
		s.t.Errorf("Uploadcare gives %v %q, Filestack %v %q", care, care.header.Get("ETag"), file, file.header.Get("ETag"))
	}
	return care.body, care.header.Get("ETag")
}

// listed returns the UUIDs that the REST API lists.
func (s *stand) listed(query string) (uuids []string) {
	s.t.Helper()
	var page struct{ Results []described }
	s.want(owner(ours).rest("GET", "/files/"+query, ""), 200, &page)
	for _, d := range page.Results {
		uuids = append(uuids, d.UUID)
	}
	return uuids
}

// inParts stores a file through Filestack's multipart uploads, and returns its
// handle.
func (s *stand) inParts(name, content, tags string) string {
	s.t.Helper()
	own := owner(ours)
	text, signature := own.policy()
	step := func(path, fields string, v any) {
		s.t.Helper()
		body := fmt.Sprintf(`{"apikey":%q,"policy":%q,"signature":%q,"filename":%q,"mimetype":"text/plain","size":%d%s}`,
			own.app, text, signature, name, len(content), fields)
		s.want(request{method: "POST", target: path, body: body, header: []string{"Content-Type: application/json"}}, 200, v)
	}
	var begun struct {
		Upload string `json:"upload_id"`
	}
	step("/multipart/start", `,"upload_tags":`+tags, &begun)
	var part struct{ URL string }
	step("/multipart/upload", fmt.Sprintf(`,"upload_id":%q,"part":1`, begun.Upload), &part)
	plain, _ := s.LocalURLs()
	put := s.want(request{method: "PUT", target: strings.TrimPrefix(part.URL, plain), body: content}, 200, nil)
	var made struct{ Handle string }
	step("/multipart/complete", fmt.Sprintf(`,"upload_id":%q,"parts":[{"part_number":1,"etag":%q}],"upload_tags":%s`, begun.Upload, put.header.Get("ETag"), tags), &made)
	return made.Handle
}

// What Filestack's clients have stored is read, listed, described, noted about,
// put in a group, and removed by Uploadcare's; then it is gone for Filestack's.
func TestFromFilestack(t *testing.T) {
	s := newStand(t, "")
	own := owner(ours)
	var single struct{ URL string }
	s.want(request{method: "POST", target: "/api/store/S3?" + own.query("key", ours, "filename", "n.txt", "upload_tags", `{"pet":"cat"}`),
		body: "by Filestack", header: []string{"Content-Type: text/plain"}}, 200, &single)
	handles := []string{single.URL[strings.LastIndex(single.URL, "/")+1:], s.inParts("n.txt", "by Filestack", `{"pet":"cat"}`)}
	for _, handle := range handles {
		_, uuid := s.names(handle)
		d := s.describe(uuid)
		if d.UUID != uuid || d.Name != "n.txt" || d.Type != "text/plain" || d.Size != 12 || d.Stored == nil || d.Removed != nil || d.Metadata["pet"] != "cat" {
			t.Errorf("the REST API tells of %s: %+v", handle, d)
		}
		if body, _ := s.read(handle, uuid); body != "by Filestack" {
			t.Errorf("it holds %q", body)
		}
		var info struct{ Filename, UUID string }
		s.want(signedQuery("/info/", "file_id", "UUID")(subject{uuid: uuid}, own), 200, &info)
		if info.Filename != "n.txt" || info.UUID != uuid {
			t.Errorf("the Upload API tells %+v", info)
		}
		s.want(own.rest("PUT", "/files/"+uuid+"/metadata/pet/", `"dog"`), 200, nil)
		s.want(own.rest("PUT", "/files/"+uuid+"/tags/", `{"tags":["big"]}`), 200, nil)
		for _, a := range s.assets(ours) {
			if string(a.ID) == handle && (a.Tags["pet"] != "dog" || !slices.Equal(a.Labels, []string{"big"})) {
				t.Errorf("after it was noted about: %+v", a)
			}
		}
		var group struct{ ID string }
		s.want(posted("/group/", append(own.signed(), "pub_key", ours, "files[]", uuid)...), 200, &group)
		if a := s.send(own.address("/" + group.ID + "/nth/0/")); a.body != "by Filestack" {
			t.Errorf("in a group it is %v", a)
		}
		if list := s.listed("?stored=true"); !slices.Contains(list, uuid) {
			t.Errorf("%v are listed, and not %s", list, uuid)
		}
		s.want(own.rest("DELETE", "/files/"+uuid+"/storage/", ""), 200, nil)
		s.gone(handle, uuid, true)
		var left struct{ Files []any }
		s.want(request{method: "GET", target: "/group/info/?pub_key=" + ours + "&group_id=" + group.ID}, 200, &left)
		if len(left.Files) != 1 || left.Files[0] != nil {
			t.Errorf("the group has %v", left.Files)
		}
	}
}

// gone holds that a file of ours was removed: for everybody, but for its owner's
// list of those in the trash.
func (s *stand) gone(handle, uuid string, trashed bool) {
	s.t.Helper()
	own := owner(ours)
	for _, r := range []request{
		{method: "GET", target: "/" + handle + "?" + own.query()}, {method: "GET", target: "/api/file/" + handle + "/metadata?" + own.query()},
		{method: "DELETE", target: "/api/file/" + handle + "?" + own.query("key", ours)}, own.address("/" + uuid + "/"), own.address("/" + uuid + "/-/json/"),
		signedQuery("/info/", "file_id", "UUID")(subject{uuid: uuid}, own),
	} {
		if a := s.send(r); a.status != 404 {
			s.t.Errorf("%s %s of a removed file = %v, want 404", r.method, r.target, a)
		}
	}
	if !trashed {
		s.want(own.rest("GET", "/files/"+uuid+"/", ""), 404, nil)
	} else if d := s.describe(uuid); d.Removed == nil || d.URL != nil {
		s.t.Errorf("the REST API tells of a removed file %+v", d)
	}
	if kept, removed := s.listed(""), s.listed("?removed=true"); slices.Contains(kept, uuid) || slices.Contains(removed, uuid) != trashed {
		s.t.Errorf("%s was removed; listed are %v, and as removed %v", uuid, kept, removed)
	}
}

// What Uploadcare's clients have stored is read, described, overwritten and
// removed by Filestack's; and nobody gets what was there before.
func TestFromUploadcare(t *testing.T) {
	s := newStand(t, "")
	own := owner(ours)
	uuid := s.uploaded(ours, "by Uploadcare", "metadata[pet]", "cat", "UPLOADCARE_STORE", "0")
	handle, _ := s.names(uuid)
	body, tag := s.read(handle, uuid)
	if body != "by Uploadcare" {
		t.Errorf("it holds %q", body)
	}
	var told struct {
		Filename string
		Size     int
	}
	s.want(request{method: "GET", target: "/api/file/" + handle + "/metadata?" + own.query()}, 200, &told)
	if told.Filename != "a.txt" || told.Size != 13 {
		t.Errorf("Filestack's metadata are %+v", told)
	}
	if d := s.describe(uuid); d.Stored != nil {
		t.Errorf("it was not to be kept: %+v", d)
	}
	s.want(own.rest("PUT", "/files/"+uuid+"/storage/", ""), 200, nil)
	if d := s.describe(uuid); d.Stored == nil {
		t.Errorf("it was to be kept: %+v", d)
	}
	s.want(request{method: "POST", target: "/api/file/" + handle + "?" + own.query("key", ours), body: "other", header: []string{"Content-Type: text/plain"}}, 200, nil)
	after, other := s.read(handle, uuid)
	if after != "other" || other == tag || tag == "" {
		t.Errorf("overwritten it is %q with the tag %s, which was %s", after, other, tag)
	}
	r := own.address("/" + uuid + "/")
	for name, want := range map[string]int{tag: 200, other: 304} {
		r.header = []string{"If-None-Match: " + name}
		if a := s.send(r); a.status != want {
			t.Errorf("with the tag %s: %v, want %d", name, a, want)
		}
	}
	if d := s.describe(uuid); d.Size != 5 || d.Metadata["pet"] != "cat" || d.Stored == nil {
		t.Errorf("overwritten it is %+v", d)
	}
	s.want(request{method: "DELETE", target: "/api/file/" + handle + "?" + own.query("key", ours)}, 200, nil)
	s.gone(handle, uuid, false) // what Filestack's clients delete is in no trash
}

// One event is told in both protocols' words, by whichever the file came.
func TestHooksOfBoth(t *testing.T) {
	s := newStand(t, "")
	s.want(owner(ours).rest("POST", "/webhooks/", fmt.Sprintf(`{"target_url":%q,"event":"file.uploaded","signing_secret":"sesame"}`, s.origin.URL+"/care")), 201, nil)
	_, _, err := s.Jobs.Hooks.AddHook(t.Context(), account.CommandLine(), ours, manage.NewHook{URL: s.origin.URL + "/stack", Events: []string{"upload"}, Format: "filestack"})
	s.must(err)
	for round, store := range []func() string{
		func() string { return s.stored(ours, "n.txt", "by Filestack") },
		func() string { return s.uploaded(ours, "by Uploadcare") },
	} {
		handle, uuid := s.names(store())
		found := map[string]bool{}
		for deadline := time.Now().Add(20 * time.Second); len(found) < 2 && time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
			s.mu.Lock()
			for _, h := range s.got {
				if h.path == "/care" && strings.Contains(h.body, uuid) && !strings.Contains(h.body, handle) && h.header.Get("X-Uc-Signature") != "" ||
					h.path == "/stack" && strings.Contains(h.body, handle) && !strings.Contains(h.body, uuid) && h.header.Get("Fs-Signature") != "" {
					found[h.path] = json.Valid([]byte(h.body))
				}
			}
			s.mu.Unlock()
		}
		if !found["/care"] || !found["/stack"] {
			t.Errorf("round %d: told were %v: %v", round, found, s.got)
		}
	}
}

// What bounds an app's files counts those of both protocols together, and refuses
// what either brings.
func TestBoundsOfBoth(t *testing.T) {
	png := "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x00\x00\x00\x00:~\x9bU"
	for _, tt := range []struct {
		name    string
		options policy.Options
		refused string // content
		before  bool   // whether a file was stored by each
	}{
		{"files", policy.Options{MaxFiles: 2}, "text", true},
		{"bytes", policy.Options{MaxBytes: 10}, "text", true},
		{"types", policy.Options{Types: []string{"text/*"}}, png, false},
		{"size", policy.Options{MaxSize: 4}, "texts", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newStand(t, "")
			s.change(ours, func(app *policy.App) { app.Options = tt.options })
			own := owner(ours)
			if tt.before {
				s.stored(ours, "n.txt", "text")
				s.uploaded(ours, "text")
			}
			want := len(s.assets(ours))
			for _, r := range []request{own.store("n", tt.refused), own.upload(tt.refused)} {
				if a := s.send(r); a.status < 400 || a.status >= 500 {
					t.Errorf("%s %.30s = %v", r.method, r.target, a)
				}
			}
			if n := len(s.assets(ours)); n != want {
				t.Errorf("%d files are stored, want %d", n, want)
			}
			s.change(ours, func(app *policy.App) { app.Options = policy.Options{} })
			s.stored(ours, "n", tt.refused)
			s.uploaded(ours, tt.refused)
		})
	}
}

// An app that is switched off or deleted is closed by both protocols, also for who
// has its secret; the other app's files stay open.
func TestOffByBoth(t *testing.T) {
	s := newStand(t, "")
	for _, key := range []string{ours, shown} {
		own := owner(key)
		uuid := s.uploaded(key, content)
		handle, _ := s.names(uuid)
		other := s.uploaded(theirs, "other")
		requests := []request{
			own.upload("x"), own.store("n", "x"), own.rest("GET", "/files/", ""), own.rest("GET", "/project/", ""), own.rest("DELETE", "/files/"+uuid+"/storage/", ""),
			own.simple("GET", "/files/"+uuid+"/", ""), own.address("/" + uuid + "/"), {method: "GET", target: "/" + uuid + "/"},
			{method: "GET", target: "/" + handle + "?" + own.query()}, {method: "GET", target: "/" + handle}, {method: "GET", target: "/api/file/" + handle + "/metadata?" + own.query()},
			{method: "DELETE", target: "/api/file/" + handle + "?" + own.query("key", key)}, signedQuery("/info/", "file_id", uuid)(subject{}, own),
			posted("/group/", append(own.signed(), "pub_key", key, "files[]", uuid)...),
		}
		for name, change := range map[string]func(*policy.App, bool){
			"disabled": func(app *policy.App, off bool) { app.Disabled = off },
			"deleted": func(app *policy.App, off bool) {
				if app.Deleted = (time.Time{}); off {
					app.Deleted = time.Now()
				}
			},
		} {
			s.change(key, func(app *policy.App) { change(app, true) })
			n := len(s.assets(key))
			for _, r := range requests {
				if a := s.send(r); a.status < 400 || a.status >= 500 || strings.Contains(a.body, planted) || strings.Contains(a.body, "a.txt") {
					t.Errorf("%s: %s %s = %v", name, r.method, r.target, a)
				}
			}
			if len(s.assets(key)) != n {
				t.Errorf("%s: there were %d files, and are %d", name, n, len(s.assets(key)))
			}
			s.want(owner(theirs).address("/"+other+"/"), 200, nil)
			s.change(key, func(app *policy.App) { change(app, false) })
			s.want(own.address("/"+uuid+"/"), 200, nil)
		}
	}
}
