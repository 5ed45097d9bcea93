package rest_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

const metadataPath = "/files/" + firstUUID + "/metadata/"

// quote returns text as JSON.
func quote(text string) string {
	b, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func TestMetadata(t *testing.T) {
	s := newStack(t)
	s.put(demoKey, file{name: "a", body: "x", uuid: firstUUID})
	s.wantText(s.call("GET", metadataPath, ""), 200, `{}`)
	s.wantText(s.call("PUT", metadataPath+"pet/", `"cat"`), 201, `"cat"`)
	s.wantText(s.call("PUT", metadataPath+"pet/", `"<dog> é"`), 200, `"<dog> é"`)
	s.wantText(s.call("PUT", metadataPath+"a%3Ab/", `"c"`), 201, `"c"`)
	s.wantText(s.call("PUT", metadataPath+"A.b-c:d_9/", `"c"`), 201, `"c"`)
	s.wantText(s.call("GET", metadataPath+"a:b/", ""), 200, `"c"`)
	s.wantText(s.call("GET", metadataPath+"pet/", ""), 200, `"<dog> é"`)
	s.wantText(s.call("DELETE", metadataPath+"A.b-c:d_9/", ""), 204, ``)
	s.wantText(s.call("DELETE", metadataPath+"A.b-c:d_9/", ""), 404, notFound)
	s.wantText(s.call("GET", metadataPath+"A.b-c:d_9/", ""), 404, notFound)
	s.wantText(s.call("GET", metadataPath, ""), 200, `{"a:b":"c","pet":"<dog> é"}`)

	long := strings.Repeat("é", 513)
	for _, tt := range []struct{ key, body, want string }{
		{"k", ``, "Value of the file metadata key `k` can not be empty."},
		{"k", `""`, "Value of the file metadata key `k` can not be empty."},
		{"k", `1`, "Expected JSON string."},
		{"k", `"x`, "Expected JSON string."},
		{"k", quote(long), "Value of file metadata's key `k` can not be more than 512 symbols in length."},
		{"k", `"a\u0000b"`, "Value of file metadata key `k` contains symbols not allowed by the metadata value format."},
		{"a%20b", `"x"`, "File's metadata key `a b` contains symbols not allowed by the metadata key format."},
		{"%C3%A9", `"x"`, "File's metadata key `é` contains symbols not allowed by the metadata key format."},
		{strings.Repeat("k", 65), `"x"`, "Length of file metadata key `" + strings.Repeat("k", 65) + "` can not be more than 64 symbols."},
	} {
		s.wantText(s.call("PUT", metadataPath+tt.key+"/", tt.body), 400, `{"detail":`+quote(tt.want)+`}`)
	}
	s.want(s.call("PUT", metadataPath+strings.Repeat("k", 64)+"/", quote(long[:1024])), 201, nil)
	for i := range 47 {
		s.want(s.call("PUT", fmt.Sprint(metadataPath, "n", i, "/"), `"x"`), 201, nil)
	}
	s.wantText(s.call("PUT", metadataPath+"more/", `"x"`), 400, `{"detail":"A file can not have more than 50 metadata keys."}`)
	s.want(s.call("PUT", metadataPath+"pet/", `"fish"`), 200, nil)
}

// Uploadcare documentation: "File tags".
func TestTags(t *testing.T) {
	s := newStack(t)
	s.put(demoKey, file{name: "a", body: "x", uuid: firstUUID})
	at := "/files/" + firstUUID + "/tags/"
	many := make([]string, 50)
	for i := range many {
		many[i] = fmt.Sprint("t", i)
	}
	list := func(tags ...string) string {
		b, err := json.Marshal(tags)
		s.must(err)
		return string(b)
	}
	const tooMany = "At most 50 tags of up to 100 characters are allowed."
	for _, tt := range []struct {
		method, body string
		status       int
		want         string
	}{
		{"PUT", `{"tags":[" Cat ","dog","cat",""]}`, 200, `{"tags":["cat","dog"],"added":["cat","dog"],"deleted":[]}`},
		{"PUT", `{"tags":["dog","ape","bee"]}`, 200, `{"tags":["dog","ape","bee"],"added":["ape","bee"],"deleted":["cat"]}`},
		{"PATCH", `{"add":["cat","dog","x"],"delete":["dog","none"]}`, 200, `{"tags":["ape","bee","cat","dog","x"],"added":["cat","x"],"deleted":[]}`},
		{"PATCH", `{"delete":["x"]}`, 200, `{"tags":["ape","bee","cat","dog"],"added":[],"deleted":["x"]}`},
		{"PATCH", `{}`, 200, `{"tags":["ape","bee","cat","dog"],"added":[],"deleted":[]}`},
		{"PUT", `{}`, 400, `{"tags":["This field is required."]}`},
		{"PUT", `{"tags":null}`, 400, `{"tags":["This field is required."]}`},
		{"PUT", `{"tags":"a"}`, 400, `{"tags":["Expected a list of strings."]}`},
		{"PUT", `{"tags":["a b"]}`, 400, `{"tags":["Tags may only contain a-z, 0-9, '-', '_' and '.'."]}`},
		{"PUT", `{"tags":["` + strings.Repeat("x", 101) + `"]}`, 400, `{"tags":["` + tooMany + `"]}`},
		{"PUT", `{"labels":[]}`, 400, `{"labels":["Unknown field."]}`},
		{"PUT", `[]`, 400, `{"detail":"Expected JSON object."}`},
		{"PUT", `{"tags":` + list(append(many, "more")...) + `}`, 400, `{"tags":["` + tooMany + `"]}`},
		{"PATCH", `{"add":` + list(many[:47]...) + `}`, 400, `{"tags":["` + tooMany + `"]}`},
		{"PATCH", `{"add":["a,b"]}`, 400, `{"add":["Tags may only contain a-z, 0-9, '-', '_' and '.'."]}`},
		{"GET", ``, 200, `{"tags":["ape","bee","cat","dog"]}`},
		{"PUT", `{"tags":[]}`, 200, `{"tags":[],"added":[],"deleted":["ape","bee","cat","dog"]}`},
		{"GET", ``, 200, `{"tags":[]}`},
	} {
		s.wantText(s.call(tt.method, at, tt.body), tt.status, tt.want)
	}
	s.want(s.call("PUT", at, `{"tags":`+list(many...)+`}`), 200, nil)
	s.wantText(s.call("PUT", at, `tags=a`, "Content-Type: application/x-www-form-urlencoded"), 415,
		`{"detail":"Unsupported media type \"application/x-www-form-urlencoded\" in request."}`)
}
