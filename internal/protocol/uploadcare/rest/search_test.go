package rest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestSearch(t *testing.T) {
	s := newStack(t)
	var ids []string
	for _, f := range []file{
		{name: "Vacation 1.txt", body: "x", labels: []string{"sun", "sea"}, tags: map[string]string{"place": "Lisboa"}},
		{name: "vacation 2.txt", body: "xxx", labels: []string{"sun"}, tags: map[string]string{"place": "Porto", "note": "a <b>vacation</b>"}},
		{name: "report.pdf", body: "%PDF-1.4 xxxxx", labels: []string{"work"}},
		{name: "b.png", body: "\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR\x00\x00\x00\x08\x00\x00\x00\x08\x08\x02\x00\x00\x00\x4b\x6d\x29\xdc"},
	} {
		s.now = s.now.Add(time.Second)
		ids = append(ids, s.put(demoKey, f).UUID.String())
	}
	s.put(otherKey, file{name: "vacation of others", body: "x"})
	for body, want := range map[string]string{
		`{"query":"VACATION"}`:                                                             "vacation 2.txt, Vacation 1.txt",
		`{"query":"vacation","sort":"datetime_uploaded"}`:                                  "Vacation 1.txt, vacation 2.txt",
		`{"query":"lisb"}`:                                                                 "Vacation 1.txt",
		`{"query":"image"}`:                                                                "b.png",
		`{"query":"` + strings.ToUpper(ids[2]) + `"}`:                                      "report.pdf",
		`{"query":"(.*)"}`:                                                                 "",
		`{"phrase":{"original_filename":"cation"}}`:                                        "vacation 2.txt, Vacation 1.txt",
		`{"phrase":{"detected_mime_type":"tion/pdf"}}`:                                     "report.pdf",
		`{"phrase":{"metadata":"orto"}}`:                                                   "vacation 2.txt",
		`{"phrase":{"metadata":"orto","original_filename":"2.txt"}}`:                       "vacation 2.txt",
		`{"phrase":{"metadata":"orto","original_filename":"1.txt"}}`:                       "",
		`{"exact":{"original_filename":["vacation 1.txt"]}}`:                               "",
		`{"exact":{"original_filename":["Vacation 1.txt","report.pdf"]}}`:                  "report.pdf, Vacation 1.txt",
		`{"exact":{"metadata[place]":["Porto"]}}`:                                          "vacation 2.txt",
		`{"exact":{"metadata[place]":["Porto","Lisboa"]}}`:                                 "vacation 2.txt, Vacation 1.txt",
		`{"exact":{"metadata[place]":["porto"]}}`:                                          "",
		`{"exact":{"detected_mime_type":["application/pdf"]}}`:                             "report.pdf",
		`{"exact":{"detected_mime_type":["application/pdf","image/png"]}}`:                 "b.png, report.pdf",
		`{"exact":{"uuid":["` + strings.ToUpper(ids[0]) + `","nothing"]}}`:                 "Vacation 1.txt",
		`{"exact":{"uuid":["nothing"]}}`:                                                   "",
		`{"size":{"gt":1,"lte":3}}`:                                                        "vacation 2.txt",
		`{"size":{"gte":1,"lt":3}}`:                                                        "Vacation 1.txt",
		`{"size":{"gt":9223372036854775807}}`:                                              "",
		`{"size":{"lt":-9223372036854775808}}`:                                             "",
		`{"size":{"lt":1}}`:                                                                "",
		`{"datetime_uploaded":{"gte":"2026-01-02T03:04:07Z","lt":"2026-01-02T03:04:08Z"}}`: "vacation 2.txt",
		`{"datetime_uploaded":{"gt":"2026-01-02T03:04:07Z","lte":"2026-01-02T03:04:08Z"}}`: "report.pdf",
		`{"is_image":true}`:                                                                "b.png",
		`{"is_image":false,"sort":["size"]}`:                                               "Vacation 1.txt, vacation 2.txt, report.pdf",
		`{"tags":{"any":["SUN","work"]}}`:                                                  "report.pdf, vacation 2.txt, Vacation 1.txt",
		`{"tags":{"all":["sun","sea"]}}`:                                                   "Vacation 1.txt",
		`{"tags":{"none":["sun"]}}`:                                                        "b.png, report.pdf",
		`{"is_image":false,"fuzziness":false,"sort":["score","-original_filename"]}`:       "vacation 2.txt, Vacation 1.txt, report.pdf",
	} {
		var p page
		s.want(s.call("POST", "/files/search/", body), 200, &p)
		if got := p.list(); got != want || p.Total != int64(len(p.Results)) || p.Next != nil || p.Previous != nil {
			t.Errorf("%s: %s (%d), want %s", body, got, p.Total, want)
		}
	}

	var p page
	s.want(s.call("POST", "/files/search/", `{"query":"vacation"}`), 200, &p)
	if got := fmt.Sprint(p.Results[0].Marks); got != "map[metadata:[a &lt;b&gt;<em>vacation</em>&lt;/b&gt;] original_filename:[<em>vacation</em> 2.txt]]" {
		t.Errorf("highlight = %s", got)
	}
	s.want(s.call("POST", "/files/search/?include=appdata", `{"is_image":true}`), 200, &p)
	if p.Results[0].AppData == nil {
		t.Errorf("no appdata: %+v", p.Results[0])
	}
}

func (p page) list() string {
	var names []string
	for _, d := range p.Results {
		names = append(names, d.Name)
	}
	return strings.Join(names, ", ")
}

// Uploadcare documentation: "File search".
func TestSearchRefused(t *testing.T) {
	s := newStack(t)
	for body, want := range map[string]string{
		``:                               `{"detail":"Expected JSON object."}`,
		`{}`:                             `{"non_field_errors":["At least one search condition is required."]}`,
		`{"sort":"size"}`:                `{"non_field_errors":["At least one search condition is required."]}`,
		`{"name":"x"}`:                   `{"name":["Unknown field."]}`,
		`{"query":"abc"}`:                `{"query":["Ensure this field has at least 4 characters."]}`,
		`{"query":1}`:                    `{"query":["Not a valid string."]}`,
		`{"phrase":{}}`:                  `{"phrase":["Expected an object with at least one member."]}`,
		`{"phrase":{"uuid":"abcd"}}`:     `{"phrase":{"uuid":["Unknown field."]}}`,
		`{"phrase":{"metadata":"abc"}}`:  `{"phrase":{"metadata":["Ensure this field has at least 4 characters."]}}`,
		`{"exact":{"size":["1"]}}`:       `{"exact":{"size":["Unknown field."]}}`,
		`{"exact":{"metadata[]":["1"]}}`: `{"exact":{"metadata[]":["Unknown field."]}}`,
		`{"exact":{"uuid":"1"}}`:         `{"exact":{"uuid":["Expected a list of strings."]}}`,
		`{"exact":{"uuid":[]}}`:          `{"exact":{"uuid":["This list may not be empty."]}}`,
		`{"exact":{"original_filename":["abcd"]},"phrase":{"original_filename":"abcd"}}`: `{"phrase":{"original_filename":["A field may not be in both phrase and exact."]}}`,
		`{"size":{"eq":1}}`:                                            `{"size":{"eq":["Unknown field."]}}`,
		`{"size":{"gt":"1"}}`:                                          `{"size":{"gt":["A valid integer is required."]}}`,
		`{"size":{"gt":1.5}}`:                                          `{"size":{"gt":["A valid integer is required."]}}`,
		`{"datetime_uploaded":{"gt":"x"}}`:                             `{"datetime_uploaded":{"gt":["Datetime has wrong format."]}}`,
		`{"is_image":null}`:                                            `{"is_image":["Must be a valid boolean."]}`,
		`{"tags":{"some":["a"]}}`:                                      `{"tags":{"some":["Unknown field."]}}`,
		`{"tags":{"any":[]}}`:                                          `{"tags":{"any":["This list may not be empty."]}}`,
		`{"tags":{"any":["a b"]}}`:                                     `{"tags":{"any":["Tags may only contain a-z, 0-9, '-', '_' and '.'."]}}`,
		`{"query":"abcd","fuzziness":true}`:                            `{"fuzziness":["Fuzzy search is not available for this project."]}`,
		`{"query":"abcd","fuzziness":1}`:                               `{"fuzziness":["Must be a valid boolean."]}`,
		`{"query":"abcd","sort":["name"]}`:                             `{"sort":["\"name\" is not a valid choice."]}`,
		`{"query":"abcd","sort":["size","size","size","size","size"]}`: `{"sort":["Ensure this field has no more than 4 elements."]}`,
	} {
		s.wantText(s.call("POST", "/files/search/", body), 400, want)
	}
	for query, want := range map[string]int{"limit=100&offset=899": 200, "limit=100&offset=900": 400, "limit=101": 400, "limit=0": 400, "offset=x": 400} {
		if w := s.call("POST", "/files/search/?"+query, `{"query":"abcd"}`); w.Code != want {
			t.Errorf("?%s: %d %s, want %d", query, w.Code, w.Body, want)
		}
	}
	s.want(s.call("POST", "/files/search/", `{"query":"abcd"}`, "Content-Type: text/plain"), 415, nil)
}

// TestSearchPages walks what is found, by size and then by name.
func TestSearchPages(t *testing.T) {
	s := newStack(t)
	var want []string
	for i := range 7 {
		name := fmt.Sprint("file ", (i*5)%7, ".txt")
		s.put(demoKey, file{name: name, body: strings.Repeat("x", 1+((i*5)%7)/3)})
		want = append(want, name)
	}
	slices.Sort(want) // which is by size as well
	var got, again []string
	last := ""
	for at := "/files/search/?limit=3"; at != ""; {
		var p page
		s.want(s.call("POST", at, `{"query":"file","sort":["size","original_filename"]}`), 200, &p)
		if p.Total != 7 || p.PerPage != 3 {
			t.Errorf("total %d, %d a page", p.Total, p.PerPage)
		}
		for _, d := range p.Results {
			got = append(got, d.Name)
		}
		last, at = follow(p.Previous), follow(p.Next)
	}
	for at := last; at != ""; {
		var p page
		s.want(s.call("POST", at, `{"query":"file","sort":["-size","-original_filename"]}`), 200, &p)
		for _, d := range slices.Backward(p.Results) {
			again = append(again, d.Name)
		}
		at = follow(p.Previous)
	}
	if !slices.Equal(got, want) {
		t.Errorf("found %v, want %v", got, want)
	}
	if len(again) != 6 || again[5] != want[6] {
		t.Errorf("back %v", again)
	}
}
