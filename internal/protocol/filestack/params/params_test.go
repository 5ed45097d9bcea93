package params

import (
	"errors"
	"fmt"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/upload"
)

func TestGetters(t *testing.T) {
	for _, tt := range []struct {
		json string
		get  func(Set) any
		want any // nil means an error about the field
	}{
		{`{"A":"x"}`, func(p Set) any { return p.Text("a") }, "x"},
		{`{"a":null}`, func(p Set) any { return p.Text("a") }, ""},
		{`{}`, func(p Set) any { return p.Text("a") }, ""},
		{`{"a":1}`, func(p Set) any { return p.Text("a") }, nil},
		{`{"a":["x"]}`, func(p Set) any { return p.Text("a") }, nil},

		{`{"a":12}`, func(p Set) any { return p.Integer("a", -1) }, int64(12)},
		{`{"a":"12"}`, func(p Set) any { return p.Integer("a", -1) }, int64(12)},
		{`{"a":""}`, func(p Set) any { return p.Integer("a", -1) }, int64(-1)},
		{`{"a":9223372036854775807}`, func(p Set) any { return p.Integer("a", -1) }, int64(9223372036854775807)},
		{`{"a":9223372036854775808}`, func(p Set) any { return p.Integer("a", -1) }, nil},
		{`{"a":1.5}`, func(p Set) any { return p.Integer("a", -1) }, nil},
		{`{"a":true}`, func(p Set) any { return p.Integer("a", -1) }, nil},

		{`{"a":true}`, func(p Set) any { return p.Flag("a") }, true},
		{`{"a":"TRUE"}`, func(p Set) any { return p.Flag("a") }, true},
		{`{"a":1}`, func(p Set) any { return p.Flag("a") }, true},
		{`{"a":"0"}`, func(p Set) any { return p.Flag("a") }, false},
		{`{"a":""}`, func(p Set) any { return p.Flag("a") }, false},
		{`{"a":"yes"}`, func(p Set) any { return p.Flag("a") }, nil},
		{`{"a":{}}`, func(p Set) any { return p.Flag("a") }, nil},

		{`{"a":["x",{"id":"y"},{"ID":"z"},""]}`, func(p Set) any { return p.Texts("a") }, []string{"x", "y", "z"}},
		{`{"a":"x\",\"y"}`, func(p Set) any { return p.Texts("a") }, []string{"x", "y"}},
		{`{"a":[1]}`, func(p Set) any { return p.Texts("a") }, nil},

		{`{"a":{"K":"v"}}`, func(p Set) any { return p.Tags("a") }, map[string]string{"K": "v"}},
		{`{"a":["x"]}`, func(p Set) any { return p.Tags("a") }, map[string]string(nil)},
		{`{"a":{"K":1}}`, func(p Set) any { return p.Tags("a") }, nil},

		{`{"a":{"B":"x"}}`, func(p Set) any { return p.Object("a").Text("b") }, "x"},
		{`{"a":"x"}`, func(p Set) any { return p.Object("a").Text("b") }, nil},
		{`{"a":{"b":1}}`, func(p Set) any { return p.Object("a").Text("b") }, nil},
	} {
		p, err := ParseObject([]byte(tt.json), "")
		if err != nil {
			t.Fatalf("ParseObject(%s): %v", tt.json, err)
		}
		got := tt.get(p)
		if tt.want == nil {
			var bad *Error
			if !errors.As(p.Err(), &bad) || !errors.Is(p.Err(), fault.Invalid) {
				t.Errorf("%s gives %v without an error", tt.json, got)
			}
		} else if !reflect.DeepEqual(got, tt.want) || p.Err() != nil {
			t.Errorf("%s gives %v and error %v, want %v", tt.json, got, p.Err(), tt.want)
		}
	}
}

func TestNestedErrorNames(t *testing.T) {
	p, _ := ParseObject([]byte(`{"store":{"path":1}}`), "")
	p.Object("store").Text("path")
	if got := p.Err().Error(); got != "invalid params: store:path" {
		t.Errorf("error is %q, want %q", got, "invalid params: store:path")
	}
}

func TestParseObjectRefuses(t *testing.T) {
	for _, text := range []string{
		`[]`, `1`, `"x"`, `{`, `{"a"}`, `{"a":1}x`, `{"a":1}{}`, `{"a":1,"a":1}`, `{"policy":"a","Policy":"b"}`, "\xef\xbb\xbf{}", `{"a":1,}`, `{a:1}`,
	} {
		if _, err := ParseObject([]byte(text), ""); !errors.Is(err, fault.Invalid) {
			t.Errorf("ParseObject(%s) error = %v, want invalid", text, err)
		}
	}
	for _, text := range []string{"", " ", "null", "null\n", "{}"} {
		if p, err := ParseObject([]byte(text), ""); err != nil || len(p.Names()) != 0 {
			t.Errorf("ParseObject(%q) = %v, %v, want nothing", text, p.Names(), err)
		}
	}
}

// TestB17RepeatedParameter holds that a parameter that stands twice in a query
// is refused when it is asked for, and only then.
func TestB17RepeatedParameter(t *testing.T) {
	for _, text := range []string{"policy=a&policy=b", "policy=a&policy=a", "policy=a&Policy=b", "policy=&policy=a"} {
		p := ParseQuery(text + "&utm=1&utm=2")
		if p.Text("other"); p.Err() != nil {
			t.Errorf("%s: error %v for a parameter nobody asked for", text, p.Err())
		}
		if got := p.Text("policy"); p.Err() == nil {
			t.Errorf("%s: policy is %q, want an error", text, got)
		}
	}
}

func TestReadLimit(t *testing.T) {
	for _, tt := range []struct {
		size int
		want error
	}{{MaxBody - 1, nil}, {MaxBody, nil}, {MaxBody + 1, fault.TooLarge}} {
		body := `{"a":"` + strings.Repeat("x", tt.size-8) + `"}`
		r := httptest.NewRequest("POST", "/", strings.NewReader(body))
		p, err := Read(r)
		if !errors.Is(err, tt.want) {
			t.Errorf("Read of %d bytes: error %v, want %v", tt.size, err, tt.want)
		}
		if err == nil && len(p.Text("a")) != tt.size-8 {
			t.Errorf("Read of %d bytes gives %d", tt.size, len(p.Text("a")))
		}
	}
}

// TestStoreLimits holds each limit at its value, one below and one above.
func TestStoreLimits(t *testing.T) {
	tags := func(n, name, value int) string {
		var list []string
		for i := range n {
			list = append(list, fmt.Sprintf(`"%s":"%s"`, strings.Repeat(string(rune('a'+i)), name), strings.Repeat("é", value)))
		}
		return `{"upload_tags":{` + strings.Join(list, ",") + `}}`
	}
	text := func(name string) func(int) string {
		return func(n int) string { return `{"` + name + `":"` + strings.Repeat("é", n) + `"}` }
	}
	for _, tt := range []struct {
		name  string
		limit int
		json  func(n int) string
	}{
		{"tags", maxTags, func(n int) string { return tags(n, 1, 1) }},
		{"tag name", maxTagName, func(n int) string { return tags(1, n, 1) }},
		{"tag value", maxTagValue, func(n int) string { return tags(1, 1, n) }},
		{"alt", maxAlt, text("alt")},
		{"mimetype", maxType, text("mimetype")},
		{"workflows", maxWorkflows, func(n int) string {
			return `{"store":{"workflows":["w"` + strings.Repeat(`,"w"`, n-1) + `]}}`
		}},
	} {
		for n, want := range map[int]error{tt.limit - 1: nil, tt.limit: nil, tt.limit + 1: fault.Invalid} {
			p, err := ParseObject([]byte(tt.json(n)), "")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := Store(p, p.Object("store")); !errors.Is(err, want) {
				t.Errorf("%d of %s: error %v, want %v", n, tt.name, err, want)
			}
		}
	}
}

func TestStore(t *testing.T) {
	for _, tt := range []struct {
		json string
		want upload.Spec
	}{
		{`{}`, upload.Spec{Size: -1}},
		{`{"filename":"a","store":{"filename":"b","mimetype":"c"}}`, upload.Spec{Name: "a", Type: "c", Size: -1}},
		{`{"upload_tags":null,"store":{"upload_tags":{"a":"b"}}}`, upload.Spec{Tags: map[string]string{"a": "b"}, Size: -1}},
		{`{"upload_tags":"{\"A\":\"b\"}"}`, upload.Spec{Tags: map[string]string{"A": "b"}, Size: -1}}, // as a query has it
		{`{"upload_tags":""}`, upload.Spec{Size: -1}},
		{`{"store":{"access":"PUBLIC","location":"S3"}}`, upload.Spec{Access: "public", Size: -1}},
		{`{"filename":"c.txt","store":{"path":"dir","disableStorageKey":true}}`, upload.Spec{Name: "c.txt", Path: "dir/c.txt", Size: -1}},
		{`{"filename":"../c.txt","store":{"path":"/a/../b/","disableStorageKey":true}}`, upload.Spec{Name: "../c.txt", Path: "/a/../b/c.txt", Size: -1}},
		{`{"store":{"path":"dir/","disableStorageKey":true}}`, upload.Spec{Path: "dir/", Size: -1}},
	} {
		p, err := ParseObject([]byte(tt.json), "")
		if err != nil {
			t.Fatal(err)
		}
		if got, err := Store(p, p.Object("store")); err != nil || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("Store(%s) = %+v, %v, want %+v", tt.json, got, err, tt.want)
		}
	}
	for _, text := range []string{`{"store":{"location":"gcs"}}`, `{"store":{"access":"all"}}`, `{"store":{"path":1}}`, `{"store":[]}`, `{"upload_tags":"a"}`, `{"upload_tags":"{\"a\":1}"}`} {
		p, err := ParseObject([]byte(text), "")
		if err != nil {
			t.Fatal(err)
		}
		if got, err := Store(p, p.Object("store")); !errors.Is(err, fault.Invalid) {
			t.Errorf("Store(%s) = %+v, %v, want an error", text, got, err)
		}
	}
}

// FuzzFromForm holds that a form and the JSON it stands for say the same.
func FuzzFromForm(f *testing.F) {
	f.Add("filename", "a.txt", "store_path", "x/")
	f.Add("STORE_location", "s3", "apikey", "k")
	f.Add("store_", "", "Store", "x")
	f.Fuzz(func(t *testing.T, name, value, otherName, otherValue string) {
		p := FromForm(map[string]string{name: value, otherName: otherValue})
		for _, n := range p.Names() {
			if n != strings.ToLower(n) {
				t.Errorf("name %q is not in lower case", n)
			}
		}
		spec, err := Store(p, p.Object("store"))
		if err != nil && fault.Of(err) != fault.Invalid {
			t.Errorf("Store: %v", err)
		}
		if err == nil && spec.Path != "" && !strings.EqualFold(name, "store_path") && !strings.EqualFold(otherName, "store_path") {
			t.Errorf("path %q came from %q and %q", spec.Path, name, otherName)
		}
	})
}
