package rest_test

import (
	"context"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/delivery"
	"github.com/stowgate/stowgate/internal/transform"
)

// A copied is the answer to a request for a copy.
type copied struct {
	Type   string
	Result described
}

func TestCopy(t *testing.T) {
	s := newStack(t)
	s.put(demoKey, file{name: "my a.txt", body: "hello", uuid: firstUUID, tags: map[string]string{"pet": "cat"}})
	s.put(otherKey, file{name: "b.txt", body: "x", uuid: secondUUID})
	for _, tt := range []struct {
		body   string
		stored bool
		tags   int
	}{
		{`{"source":"` + firstUUID + `"}`, false, 0},
		{`{"source":"` + firstUUID + `","store":null}`, false, 0},
		{`{"source":"` + firstUUID + `","store":"false"}`, false, 0},
		{`{"source":"` + firstUUID + `","store":false}`, false, 0},
		{`{"source":"` + firstUUID + `","store":"true","make_public":"true"}`, true, 0},
		{`{"source":"` + firstUUID + `","store":true,"metadata":{"k":"v"}}`, true, 1},
		{`{"source":"http://www.ucarecdn.com/` + firstUUID + `/roof.jpg","store":1}`, true, 0},
		{`{"source":"https://ucarecdn.test/` + firstUUID + `/"}`, false, 0},
	} {
		w := s.call("POST", "/files/local_copy/", tt.body)
		var c copied
		s.want(w, 201, &c)
		if c.Type != "file" || c.Result.Name != "my a.txt" || c.Result.Size != 5 || (c.Result.Stored != nil) != tt.stored || len(c.Result.Metadata) != tt.tags ||
			c.Result.UUID == firstUUID || w.Header().Get("Location") != "https://ucapi.test/files/"+c.Result.UUID+"/" {
			t.Errorf("%s: %+v at %s", tt.body, c, w.Header().Get("Location"))
		}
		s.want(s.call("GET", "/files/"+c.Result.UUID+"/", ""), 200, nil)
	}
	for body, want := range map[string]string{
		``:                      "Expected JSON object.",
		`{}`:                    "`source` parameter is required.",
		`{"source":""}`:         "`source` parameter is required.",
		`{"source":"roof.jpg"}`: "Bad `source` parameter. Use UUID or CDN URL.",
		`{"source":"` + firstUUID + `","store":"maybe"}`:     "`store` parameter should be `true` or `false`.",
		`{"source":"` + firstUUID + `","store":2}`:           "`store` parameter should be `true` or `false`.",
		`{"source":"` + firstUUID + `","metadata":{"k":""}}`: "Value of the file metadata key `k` can not be empty.",
		`{"source":"` + firstUUID + `/-/json/"}`:             "Bad `source` parameter. Use UUID or CDN URL.",
	} {
		s.wantText(s.call("POST", "/files/local_copy/", body), 400, `{"detail":`+quote(want)+`}`)
	}
	for _, missing := range []string{secondUUID, "21975c81-7f57-4c7a-aef9-acfe28779f78"} {
		s.wantText(s.call("POST", "/files/local_copy/", `{"source":"`+missing+`"}`), 404, notFound)
	}
	if total := s.page("/files/").Total; total != 9 {
		t.Errorf("there are %d files, want 9", total)
	}
}

// A painter makes pictures that say what plan they are of, and knows one picture.
type painter struct{}

const picture = "\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR\x00\x00\x00\x08\x00\x00\x00\x08\x08\x02\x00\x00\x00\x4b\x6d\x29\xdc"

func (painter) Render(_ context.Context, _ string, plan transform.Plan, _ []delivery.Source, out *os.File) (delivery.Rendered, error) {
	if plan.Answer == transform.Info {
		n, err := io.WriteString(out, `{"format":"PNG","mode":"RGB","width":8,"height":8}`)
		return delivery.Rendered{Type: "application/json", Bytes: int64(n)}, err
	}
	n, err := io.WriteString(out, plan.Canonical())
	return delivery.Rendered{Type: "image/png", Width: 3, Height: 4, Frames: 1, Bytes: int64(n)}, err
}

// TestCopyProcessed stores what operations make of a file.
func TestCopyProcessed(t *testing.T) {
	s := newStackWith(t, setup{render: painter{}})
	s.put(demoKey, file{name: "roof.jpg", body: picture, uuid: firstUUID})
	var c copied
	s.want(s.call("POST", "/files/local_copy/", `{"source":"http://www.ucarecdn.com/`+firstUUID+`/-/resize/4x/-/format/png/roof.jpg","store":"true"}`), 201, &c)
	if c.Result.Mime != "image/png" || !strings.HasPrefix(c.Result.Name, "roof") || c.Result.Stored == nil {
		t.Errorf("copied %+v", c)
	}
	f, err := s.library.File(t.Context(), s.grant(), s.id(c.Result.UUID))
	s.must(err)
	if f.Size == 0 || f.Size == int64(len(picture)) {
		t.Errorf("the copy has %d bytes", f.Size)
	}
	w := s.call("POST", "/files/local_copy/", `{"source":"`+firstUUID+`/-/resize/none/"}`)
	if w.Code != 400 || !strings.Contains(w.Body.String(), `{"detail":"`) || strings.Contains(w.Body.String(), "Bad request") {
		t.Errorf("bad operation: %d %s", w.Code, w.Body)
	}
}

// TestLook holds that a picture is looked at when somebody asks for it, whatever
// brought it here.
func TestLook(t *testing.T) {
	s := newStackWith(t, setup{render: painter{}})
	s.put(demoKey, file{name: "roof.png", body: picture, uuid: firstUUID})
	for _, tt := range []struct{ target, want string }{
		{"/files/", `"is_image":null,"is_ready":false`},
		{"/files/" + firstUUID + "/", `"is_image":true,"is_ready":true`},
		{"/files/", `"content_info":{"mime":{"mime":"image/png","type":"image","subtype":"png"},"image":{"dpi":null,"width":8,"format":"PNG","height":8,`},
	} {
		if w := s.call("GET", tt.target, ""); w.Code != 200 || !strings.Contains(w.Body.String(), tt.want) {
			t.Errorf("GET %s: %d %s, want %s", tt.target, w.Code, w.Body, tt.want)
		}
	}
}

func (s *stack) id(name string) asset.ID {
	s.t.Helper()
	id, _, err := s.library.Lookup(s.t.Context(), uuidOf(name))
	s.must(err)
	return id
}

// Uploadcare documentation: "REST API", "Copy file to remote storage".
func TestCopyAway(t *testing.T) {
	s := newStack(t)
	s.put(demoKey, file{name: "a.txt", body: "x", uuid: firstUUID})
	source := `"source":"` + firstUUID + `"`
	for body, want := range map[string]string{
		`{"target":"t"}`:                               "`source` parameter is required.",
		`{` + source + `}`:                             "`target` parameter is required.",
		`{` + source + `,"target":"t"}`:                "Project has no storage with provided name.",
		`{` + source + `,"target":"t","pattern":null}`: "Project has no storage with provided name.",
		`{` + source + `,"target":"t","pattern":"${uuid}/a_${auto_filename}"}`: "Project has no storage with provided name.",
		`{` + source + `,"target":"t","pattern":"${nothing}"}`:                 "Invalid pattern provided: `${nothing}`",
		`{` + source + `,"target":"t","pattern":"a#b"}`:                        "Invalid pattern provided: Invalid character in a pattern.",
	} {
		s.wantText(s.call("POST", "/files/remote_copy/", body), 400, `{"detail":`+quote(want)+`}`)
	}
}
