package rest_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/policy"
)

// grant returns what the app demoKey's own server may do.
func (s *stack) grant() policy.Grant {
	s.t.Helper()
	app, err := s.catalog.App(s.t.Context(), demoKey)
	s.must(err)
	return policy.Full(app)
}

func uuidOf(text string) uuid.UUID { return uuid.MustParse(text) }

func TestGroups(t *testing.T) {
	s := newStack(t)
	a, b := s.put(demoKey, file{name: "a", body: "x", temporary: true}), s.put(demoKey, file{name: "b", body: "x", temporary: true})
	g, err := s.library.NewGroup(t.Context(), s.grant(), []asset.Member{{Asset: a.ID, Effects: "flip/"}, {Asset: b.ID}, {Asset: a.ID}})
	s.must(err)
	s.now = s.now.Add(time.Second)
	second, err := s.library.NewGroup(t.Context(), s.grant(), []asset.Member{{Asset: b.ID}})
	s.must(err)
	id, other := g.ID.String()+"~3", second.ID.String()+"~1"
	var list struct {
		Total   int
		Results []map[string]any
	}
	for query, want := range map[string]string{"": id + " " + other, "ordering=-datetime_created": other + " " + id, "limit=1": id, "offset=1": other,
		"from=2026-01-02T03:04:05.000000Z": other} {
		s.want(s.call("GET", "/groups/?"+query, ""), 200, &list)
		var got []string
		for _, r := range list.Results {
			got = append(got, r["id"].(string))
			if _, ok := r["files"]; ok {
				t.Errorf("a list has files: %v", r)
			}
		}
		if strings.Join(got, " ") != want || list.Total != 2 {
			t.Errorf("?%s: %v of %d, want %s", query, got, list.Total, want)
		}
	}
	var one struct {
		ID    string
		Count int `json:"files_count"`
		Files []*described
	}
	s.want(s.call("GET", "/groups/"+id+"/", ""), 200, &one)
	if one.ID != id || one.Count != 3 || one.Files[0].Name != "a" || one.Files[0].Effects != "flip/" || one.Files[1].Name != "b" || one.Files[2].Name != "a" {
		t.Errorf("group %+v", one)
	}

	// What was removed is told of while the trash has it.
	s.want(s.call("DELETE", "/files/"+a.UUID.String()+"/storage/", ""), 200, nil)
	s.want(s.call("GET", "/groups/"+id+"/", ""), 200, &one)
	if one.Files[0] == nil || one.Files[0].Removed == nil || one.Files[1].Removed != nil {
		t.Errorf("group with a removed file %+v", one)
	}
	s.must(s.catalog.EmptyTrash(t.Context(), s.now.Add(time.Hour)))
	s.want(s.call("GET", "/groups/"+id+"/", ""), 200, &one)
	if one.Files[0] != nil || one.Files[1] == nil || one.Files[2] != nil {
		t.Errorf("group with a file that is gone %+v", one)
	}

	// Storing all files, which version 0.7 has no more.
	s.wantText(s.call("PUT", "/groups/"+id+"/storage/", ""), 404, notFound)
	w := s.send("PUT", "/groups/"+id+"/storage/", "", "Accept: application/vnd.uploadcare-v0.6+json", "Authorization: Uploadcare.Simple "+demoKey+":"+demoSecret)
	s.want(w, 200, &one)
	if one.Files[1].Stored == nil {
		t.Errorf("stored %+v", one.Files[1])
	}

	for _, missing := range []string{g.ID.String(), g.ID.String() + "~2", g.ID.String() + "~03", "x~3", firstUUID + "~3"} {
		s.wantText(s.call("GET", "/groups/"+missing+"/", ""), 404, notFound)
		s.wantText(s.call("DELETE", "/groups/"+missing+"/", ""), 404, notFound)
	}
	s.wantText(s.callAs(otherKey, otherSecret, "DELETE", "/groups/"+id+"/", ""), 404, notFound)
	s.wantText(s.call("DELETE", "/groups/"+id+"/", ""), 204, "")
	s.wantText(s.call("GET", "/groups/"+id+"/", ""), 404, notFound)
	s.want(s.call("GET", "/files/"+b.UUID.String()+"/", ""), 200, nil)
}

// TestUnavailable holds that what there is no engine for says so.
func TestUnavailable(t *testing.T) {
	s := newStack(t)
	s.put(demoKey, file{name: "a.pdf", body: "x", uuid: firstUUID})
	for _, tt := range []struct {
		method, target, body string
		status               int
		want                 string
	}{
		{"POST", "/convert/document/", ``, 400, `{"detail":"Expected JSON object."}`},
		{"POST", "/convert/document/", `{}`, 400, `{"detail":"“paths” parameter is required."}`},
		{"POST", "/convert/video/", `{"paths":["x"]}`, 400, `{"detail":"Video conversion feature is not available for this project."}`},
		{"POST", "/convert/audio/", `{"paths":["x"]}`, 404, notFound},
		{"GET", "/convert/document/" + firstUUID + "/", ``, 400, `{"detail":"Document conversion feature is not available for this project."}`},
		{"GET", "/convert/document/" + secondUUID + "/", ``, 404, notFound},
		{"GET", "/convert/video/" + firstUUID + "/", ``, 404, notFound},
		{"POST", "/addons/dance/execute/", `{}`, 404, notFound},
		{"POST", "/addons/remove_bg/execute/", `{}`, 400, `{"target":["This field is required."]}`},
		{"POST", "/addons/remove_bg/execute/", `{"target":"x"}`, 400, `{"target":["Must be a valid UUID."]}`},
		{"POST", "/addons/remove_bg/execute/", `{"target":"` + secondUUID + `"}`, 404, notFound},
		{"POST", "/addons/remove_bg/execute/", `{"target":"` + firstUUID + `"}`, 403, `{"detail":"You can't use this add-on"}`},
		{"GET", "/addons/remove_bg/execute/status/?request_id=x", ``, 400, `{"request_id":["Must be a valid UUID."]}`},
		{"GET", "/addons/remove_bg/execute/status/", ``, 400, `{"request_id":["This field is required."]}`},
		{"GET", "/addons/dance/execute/status/", ``, 404, notFound},
	} {
		s.wantText(s.call(tt.method, tt.target, tt.body), tt.status, tt.want)
	}
}
