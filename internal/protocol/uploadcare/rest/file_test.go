package rest_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/policy"
)

// A page is a list as answers have it.
type page struct {
	Next, Previous *string
	Total          int64
	PerPage        int `json:"per_page"`
	Results        []described
}

func (s *stack) page(target string) (p page) {
	s.t.Helper()
	s.want(s.call("GET", target, ""), 200, &p)
	return p
}

func (p page) names() string {
	var names []string
	for _, d := range p.Results {
		names = append(names, d.Name)
	}
	return strings.Join(names, " ")
}

// follow returns the path and query of a link.
func follow(link *string) string {
	if link == nil {
		return ""
	}
	u, err := url.Parse(*link)
	if err != nil {
		panic(err)
	}
	return u.RequestURI()
}

// TestLinks checks the links to other pages.
// Source: answers recorded by pyuploadcare, tests/functional/cassettes; Uploadcare
// documentation: "REST API", "List of files" and "List of groups".
func TestLinks(t *testing.T) {
	s := newStack(t)
	for i, at := range []string{"2018-11-27T01:00:36.436837Z", "2018-11-27T01:00:36.436838Z", "2018-11-27T01:00:43.001705Z", "2018-11-27T01:00:43.001706Z"} {
		created, err := time.Parse(time.RFC3339Nano, at)
		s.must(err)
		s.now = created
		f := s.put(demoKey, file{name: fmt.Sprint(i), body: "x"})
		_, err = s.groups.AddGroup(t.Context(), asset.Group{ID: uuid.New(), App: demoKey, Members: []asset.Member{{Asset: f.ID}}, Created: created}, policy.Use{})
		s.must(err)
	}
	s.now = recorded
	const after, before = "from=2018-11-27T01%3A00%3A43.001705%2B00%3A00&offset=0", "to=2018-11-27T01%3A00%3A36.436838%2B00%3A00&offset=0"
	for _, list := range []string{"files", "groups"} {
		at := "https://ucapi.test/" + list + "/?"
		for _, tt := range []struct{ query, next, previous string }{
			{"limit=2&from=2018-11-27T01:00:36.436837Z", at + "limit=2&" + after, at + "limit=2&" + before},
			{"offset=1&x=%2F&limit=2&&to=2018-11-27T01:00:43.001706Z&from=2018-11-27T01:00:36.436830Z", at + "x=%2F&limit=2&" + after, at + "x=%2F&limit=2&" + before},
			{"limit=2&to=2018-11-27T01:00:43.001706", at + "limit=2&" + after, at + "limit=2&" + before},
			{"limit=4", "", ""},
		} {
			p := s.page("/" + list + "/?" + tt.query)
			next, previous := "", ""
			if p.Next != nil {
				next = *p.Next
			}
			if p.Previous != nil {
				previous = *p.Previous
			}
			if next != tt.next || previous != tt.previous {
				t.Errorf("%s?%s: next %s, previous %s\nwant %s and %s", list, tt.query, next, previous, tt.next, tt.previous)
			}
		}
	}
	if p := s.page("/files/?limit=1"); p.Previous != nil || p.Next == nil {
		t.Errorf("first page: %v, %v", p.Previous, p.Next)
	}
	if p := s.page("/files/?from=2020-01-01T00:00:00.000Z"); len(p.Results) != 0 || p.Next != nil {
		t.Errorf("after the last: %+v", p)
	}
}

// TestA6LinkHost holds that links name the server's own host, or that of the
// vendor if a client takes the server for it, and nothing else that a request says.
func TestA6LinkHost(t *testing.T) {
	s := newStack(t)
	s.put(demoKey, file{name: "a", body: "x"})
	s.put(demoKey, file{name: "b", body: "x"})
	for host, want := range map[string]string{
		"api.uploadcare.com": "https://api.uploadcare.com/files/?", "127.0.0.1:8080": "https://ucapi.test/files/?", "": "https://ucapi.test/files/?",
		"evil.example": "https://ucapi.test/files/?", "api.uploadcare.com@evil.example": "https://ucapi.test/files/?",
	} {
		r := s.request("GET", "/files/?limit=1", "", "X-Forwarded-Host: evil.example", "X-Forwarded-Proto: gopher")
		r.Host = host
		var p page
		s.want(s.answer(r), 200, &p)
		if p.Next == nil || !strings.HasPrefix(*p.Next, want) {
			t.Errorf("for the host %q: %v, want %s", host, p.Next, want)
		}
	}
}

// TestPaging walks lists either way, of files that came in one microsecond too:
// none is left out, and none comes twice.
func TestPaging(t *testing.T) {
	s := newStack(t)
	for i := range 7 {
		if i%3 == 0 {
			s.now = s.now.Add(time.Second)
		}
		s.put(demoKey, file{name: fmt.Sprint(i), body: "x", temporary: i%2 == 0})
	}
	want := strings.Fields(s.page("/files/").names())
	if sorted := slices.Sorted(slices.Values(want)); strings.Join(sorted, " ") != "0 1 2 3 4 5 6" {
		t.Fatalf("all are %v", want)
	}
	backwards := slices.Clone(want)
	slices.Reverse(backwards)
	for query, want := range map[string][]string{"limit=2": want, "ordering=datetime_uploaded&limit=3": want, "ordering=-datetime_uploaded&limit=2": backwards} {
		var got, again []string
		last := ""
		for at := "/files/?" + query; at != ""; {
			p := s.page(at)
			if p.Total != 7 {
				t.Errorf("%s: total %d", at, p.Total)
			}
			got = append(got, strings.Fields(p.names())...)
			last, at = at, follow(p.Next)
		}
		for at := last; at != ""; {
			p := s.page(at)
			again = append(strings.Fields(p.names()), again...)
			at = follow(p.Previous)
		}
		if !slices.Equal(got, want) || !slices.Equal(again, want) {
			t.Errorf("%s: forward %v, back %v; want %v", query, got, again, want)
		}
	}
	var printed []string
	for _, d := range s.page("/files/").Results {
		printed = append(printed, d.Uploaded)
	}
	if slices.Sort(printed); len(slices.Compact(printed)) != 7 {
		t.Errorf("times are %v", printed)
	}
}

func TestFilters(t *testing.T) {
	s := newStack(t)
	for i, f := range []file{{name: "a", temporary: true}, {name: "b"}, {name: "c"}, {name: "d"}} {
		f.body = "x"
		s.now = s.now.Add(time.Second)
		a := s.put(demoKey, f)
		if i == 3 {
			s.want(s.call("DELETE", "/files/"+a.UUID.String()+"/storage/", ""), 200, nil)
		}
	}
	s.put(otherKey, file{name: "foreign", body: "x"})
	for query, want := range map[string]string{
		"": "3 a b c", "stored=true": "2 b c", "stored=false": "1 a", "removed=true": "1 d", "removed=false": "3 a b c", "removed=true&stored=true": "0 ",
		"removed=true&stored=false": "1 d", "offset=1": "3 b c", "offset=3": "3 ", "from=2026-01-02T03:04:06Z": "3 b c", "to=2026-01-02T03:04:08Z": "3 a b",
		"from=2026-01-02T03:04:07Z&ordering=-datetime_uploaded": "3 a", "from=2026-01-02T03%3A04%3A06.000000%2B00%3A00": "3 b c", "from=2026-01-02T05:04:06+02:00": "3 b c",
		"from=2026-01-02T03:04:06": "3 b c", "limit=1000": "3 a b c", "stored=": "3 a b c",
	} {
		p := s.page("/files/?" + query)
		if got := fmt.Sprint(p.Total, " ", p.names()); got != want {
			t.Errorf("?%s: %s, want %s", query, got, want)
		}
	}
	for _, query := range []string{"limit=0", "limit=1001", "limit=x", "offset=-1", "offset=x", "stored=maybe", "removed=2", "ordering=size", "from=yesterday", "to=1"} {
		var wrong map[string][]string
		s.want(s.call("GET", "/files/?"+query, ""), 400, &wrong)
		if name, _, _ := strings.Cut(query, "="); len(wrong) != 1 || len(wrong[name]) != 1 {
			t.Errorf("?%s: %v", query, wrong)
		}
	}
}

// TestStoreAndDelete follows a file from temporary to removed.
// Source: answers recorded by uploadcare-ruby.
func TestStoreAndDelete(t *testing.T) {
	for name, keep := range map[string]time.Duration{"kept for a while": time.Hour, "not kept": -1} {
		t.Run(name, func(t *testing.T) {
			s := newStackWith(t, setup{keep: keep})
			s.put(demoKey, file{name: "a", body: "hello", uuid: firstUUID, temporary: true})
			var d described
			at := "/files/" + firstUUID + "/"
			s.want(s.call("GET", at, ""), 200, &d)
			if d.Stored != nil || d.Removed != nil || d.Size != 5 || !d.Ready || *d.URL != "https://ucarecdn.test/"+firstUUID+"/a" || d.Tags == nil || d.AppData != nil {
				t.Errorf("at first %+v", d)
			}
			first := "2026-01-02T03:04:05.000000Z"
			for range 2 { // the first time stays
				s.want(s.call("PUT", at+"storage/", ""), 200, &d)
				if d.Stored == nil || *d.Stored != first {
					t.Errorf("stored %v, want %s", d.Stored, first)
				}
				s.now = s.now.Add(time.Minute)
			}
			s.want(s.call("DELETE", at+"storage/", ""), 200, &d)
			if d.Removed == nil || *d.Removed != "2026-01-02T03:06:05.000000Z" || d.Stored != nil || d.URL != nil || !d.Ready {
				t.Errorf("removed %+v", d)
			}
			want := 200
			if keep < 0 {
				want = 404
			}
			s.now = s.now.Add(time.Minute)
			w := s.call("GET", at, "")
			s.want(w, want, nil)
			w = s.call("DELETE", at, "") // as before 0.7
			s.want(w, want, nil)
			if want == 200 && !strings.Contains(w.Body.String(), "2026-01-02T03:06:05.000000Z") {
				t.Errorf("removed again: %s", w.Body)
			}
			s.wantText(s.call("PUT", at+"storage/", ""), 404, notFound)
			s.wantText(s.call("GET", at+"tags/", ""), 404, notFound)
			s.wantText(s.call("PUT", at+"metadata/x/", `"y"`), 404, notFound)
			s.wantText(s.call("POST", "/files/local_copy/", `{"source":"`+firstUUID+`"}`), 404, notFound)
		})
	}
}

// Uploadcare documentation: "REST API", "Batch file storing" and "Batch file
// delete".
func TestBatch(t *testing.T) {
	s := newStack(t)
	s.put(demoKey, file{name: "a", body: "x", uuid: firstUUID, temporary: true})
	s.put(otherKey, file{name: "b", body: "x", uuid: secondUUID, temporary: true})
	missing := "21975c81-7f57-4c7a-aef9-acfe28779f78"
	names := `["` + firstUUID + `","` + missing + `","4j334o01-8bs3","` + secondUUID + `","` + strings.ToUpper(firstUUID) + `"]`
	for _, method := range []string{"PUT", "DELETE"} {
		var out struct {
			Status   string
			Problems map[string]string
			Result   []described
		}
		s.want(s.call(method, "/files/storage/", names), 200, &out)
		if out.Status != "ok" || len(out.Problems) != 3 || out.Problems[missing] != "Missing in the project" || out.Problems[secondUUID] != "Missing in the project" ||
			out.Problems["4j334o01-8bs3"] != "Invalid" || len(out.Result) != 1 || out.Result[0].UUID != firstUUID || (out.Result[0].Stored != nil) != (method == "PUT") {
			t.Errorf("%s: %+v", method, out)
		}
	}
	s.want(s.callAs(otherKey, otherSecret, "GET", "/files/"+secondUUID+"/", ""), 200, nil)
	many, err := json.Marshal(slices.Repeat([]string{missing}, 100))
	s.must(err)
	s.want(s.call("PUT", "/files/storage/", string(many)), 200, nil)
	for body, want := range map[string]string{
		strings.Replace(string(many), "[", `["x",`, 1): "Maximum UUIDs per request is exceeded. The limit is 100",
		`[]`: "List of UUIDs can not be empty", ``: "Expected list of UUIDs", `{}`: "Expected list of UUIDs", `null`: "Expected list of UUIDs", `[1]`: "Expected list of UUIDs",
	} {
		s.wantText(s.call("PUT", "/files/storage/", body), 400, `{"detail":"`+want+`"}`)
	}
}
