package taskurl

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stowgate/stowgate/internal/corpora"
	"github.com/stowgate/stowgate/internal/fault"
)

const handle = "5aYkEQJSQCmYShsoCnZN"

// plain turns a value into what JSON would hold.
func plain(v Value) any {
	if v.List == nil {
		return v.Text
	}
	list := []any{}
	for _, item := range v.List {
		list = append(list, plain(item))
	}
	return list
}

// TestVectors parses addresses as every official client prints them.
func TestVectors(t *testing.T) {
	path := filepath.Join(corpora.Dir(t, "policy-vectors"), "..", "..", "protocol", "filestack-transform-urls.json")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var vectors []struct {
		Name   string
		URL    string
		Expect struct {
			Key   string `json:"apikey"`
			Tasks []struct {
				Name   string
				Params map[string]any
			}
			Sources []string
		}
	}
	if err := json.Unmarshal(text, &vectors); err != nil {
		t.Fatal(err)
	}
	for _, v := range vectors {
		t.Run(v.Name, func(t *testing.T) {
			target := v.URL[strings.Index(v.URL[8:], "/")+8:]
			c, err := Parse(target)
			if err != nil {
				t.Fatalf("Parse(%q): %v", target, err)
			}
			// A browser encodes what may not stand in an address.
			sent := strings.NewReplacer(`"`, "%22", " ", "%20", "<", "%3C", ">", "%3E").Replace(target)
			if b, err := Parse(sent); err != nil || !reflect.DeepEqual(b, c) {
				t.Errorf("Parse(%q) = %v, %v, want %v as when it is not encoded", sent, b, err, c)
			}
			if c.Key != v.Expect.Key {
				t.Errorf("Parse(%q).Key = %q, want %q", target, c.Key, v.Expect.Key)
			}
			want := v.Expect.Sources
			for i := range want {
				want[i] = strings.ReplaceAll(want[i], " ", "%20")
			}
			if len(c.Sources)+len(want) > 0 && !reflect.DeepEqual(c.Sources, want) {
				t.Errorf("Parse(%q).Sources = %q, want %q", target, c.Sources, want)
			}
			if len(c.Tasks) != len(v.Expect.Tasks) {
				t.Fatalf("Parse(%q).Tasks = %v, want %v", target, c.Tasks, v.Expect.Tasks)
			}
			for i, task := range c.Tasks {
				name, params := task.Name, map[string]any{}
				if task.Index != "" {
					name += "@" + task.Index
				}
				for key, value := range task.Params {
					params[key] = plain(value)
				}
				if wantName := canonicalName(v.Expect.Tasks[i].Name); name != wantName {
					t.Errorf("task %d of %q is %q, want %q", i, target, name, wantName)
				}
				wantParams := map[string]any{}
				for key, value := range v.Expect.Tasks[i].Params {
					wantParams[canonicalParam(task.Name, key)] = value
				}
				if !reflect.DeepEqual(params, wantParams) {
					t.Errorf("parameters of %s in %q = %v, want %v", name, target, params, wantParams)
				}
			}
		})
	}
}

// TestParse holds what clients send beside what they print: store chains, and
// requests whose query or path is unusual.
func TestParse(t *testing.T) {
	texts := func(pairs ...string) map[string]Value {
		params := map[string]Value{}
		for i := 0; i < len(pairs); i += 2 {
			params[pairs[i]] = Value{Text: pairs[i+1]}
		}
		return params
	}
	for _, tt := range []struct {
		name, target string
		want         Chain
	}{
		{"nothing", "/", Chain{}},
		{"trailing slash", "/" + handle + "/", Chain{Sources: []string{handle}}},
		{"extension", "/" + handle + "+IMG_3059.png", Chain{Sources: []string{handle}, Suffix: "IMG_3059.png"}},
		{"PHP appends force", "/" + handle + "&force=true", Chain{Sources: []string{handle}}},
		{"PHP query", "/" + handle + "?dl=true&&policy=a/b&signature=c", Chain{Sources: []string{handle}, Query: "dl=true&&policy=a/b&signature=c"}},
		{"unknown handle with a query", "/nope?policy=a/b", Chain{Sources: []string{"nope"}, Query: "policy=a/b"}},
		{"key of a handle's length", "/" + handle + "/" + handle, Chain{Key: handle, Sources: []string{handle}}},
		{"encoded slash in a handle", "/5aYkEQJSQCmYShs%2FCnZN", Chain{Sources: []string{"5aYkEQJSQCmYShs/CnZN"}}},
		{"no source but a query", "/K/workflow_status=job_id:10?policy=P&signature=S",
			Chain{Key: "K", Tasks: []Task{{Name: "workflow_status", Params: texts("job_id", "10")}}, Query: "policy=P&signature=S"}},
		{"Swift store before the tasks", "/store=location:S3,path:my/custom/path/,filename:a.jpg/resize=width:5/security=policy:P,signature:S/" + handle,
			Chain{Sources: []string{handle}, Tasks: []Task{
				{Name: "store", Params: texts("location", "S3", "path", "my/custom/path/", "filename", "a.jpg")},
				{Name: "resize", Params: texts("width", "5")},
				{Name: "security", Params: texts("policy", "P", "signature", "S")}}}},
		{"Swift path at the end", "/store=path:my/path//" + handle,
			Chain{Sources: []string{handle}, Tasks: []Task{{Name: "store", Params: texts("path", "my/path/")}}}},
		{"Go flag", "/K/store=base64:true,location:S3/" + handle,
			Chain{Key: "K", Sources: []string{handle}, Tasks: []Task{{Name: "store", Params: texts("base64decode", "true", "location", "S3")}}}},
		{"Python list", "/store=path:%22a/b%22,workflows:%5Bw1,w2%5D/" + handle,
			Chain{Sources: []string{handle}, Tasks: []Task{{Name: "store", Params: map[string]Value{
				"path": {Text: "a/b"}, "workflows": {List: []Value{{Text: "w1"}, {Text: "w2"}}}}}}}},
		{"Ruby list in raw bytes", `/K/store=workflows:["w1\",\"w2"]/security=s:S,p:P/https://example.com/a.png`,
			Chain{Key: "K", Sources: []string{"https://example.com/a.png"}, Tasks: []Task{
				{Name: "store", Params: map[string]Value{"workflows": {List: []Value{{Text: `w1","w2`}}}}},
				{Name: "security", Params: texts("signature", "S", "policy", "P")}}}},
		{"Java tasks and source", "/K/resize=width:1%2Fstore/https:%2F%2Fexample.com%2Fa%20b.png",
			Chain{Key: "K", Sources: []string{"https://example.com/a%20b.png"}, Tasks: []Task{
				{Name: "resize", Params: texts("width", "1")}, {Name: "store", Params: texts()}}}},
		{"query of an outside source", "/K/store/https://e.com/a?x=1&policy=P",
			Chain{Key: "K", Sources: []string{"https://e.com/a?x=1&policy=P"}, Tasks: []Task{{Name: "store", Params: texts()}}}},
		{"query behind a quoted source", `/K/store/"https://e.com/a?x=1"?dl=true`,
			Chain{Key: "K", Sources: []string{"https://e.com/a?x=1"}, Query: "dl=true", Tasks: []Task{{Name: "store", Params: texts()}}}},
		{"query with slashes behind a task", "/K/workflow_status?policy=a/b",
			Chain{Key: "K", Tasks: []Task{{Name: "workflow_status", Params: texts()}}, Query: "policy=a/b"}},
		{"address without a scheme", "/K/urlscreenshot/example.com/a",
			Chain{Key: "K", Sources: []string{"http://example.com/a"}, Tasks: []Task{{Name: "urlscreenshot", Params: texts()}}}},
		{"upper case", "/RESIZE=Width:10/" + handle,
			Chain{Sources: []string{handle}, Tasks: []Task{{Name: "resize", Params: texts("width", "10")}}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Parse(tt.target)
			if err != nil || !reflect.DeepEqual(got, tt.want) {
				t.Errorf("Parse(%q) = %+v, %v, want %+v", tt.target, got, err, tt.want)
			}
		})
	}
}

func TestParseRepeated(t *testing.T) {
	for _, target := range []string{"/resize=w:10,w:20/" + handle, "/resize=width:10,w:20/" + handle} {
		_, err := Parse(target)
		var repeated *Repeated
		if !errors.As(err, &repeated) || *repeated != (Repeated{"resize", "width"}) || !errors.Is(err, fault.Invalid) {
			t.Errorf("Parse(%q) = %v, want that the width of resize is given twice", target, err)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, tt := range []struct {
		name, target string
		want         error
	}{
		{"unknown task", "/K/frobnicate=a:1/" + handle, fault.Invalid},
		{"encoded slash behind a task", "/flip%2Ffrobnicate/" + handle, fault.Invalid},
		{"api route with a doubled slash", "//api/file/" + handle, fault.Invalid},
		{"policy twice", "/security=policy:a,policy:b,signature:c/" + handle, fault.Invalid},
		{"policy under both names", "/security=policy:a,p:b,s:c/" + handle, fault.Invalid},
		{"base64 of nothing", "/K/b64/!!!/" + handle, fault.Invalid},
		{"base64 of no list", "/K/b64/e30=/" + handle, fault.Invalid},
		{"unknown task in base64", "/K/b64/W3sibmFtZSI6Im5vcGUifV0=/" + handle, fault.Invalid},
		{"sources within sources at the limit", "/K/[[[a]]]", nil},
		{"sources within sources over it", "/K/[[[[a]]]]", fault.Invalid},
		{"tasks at the limit", "/" + strings.Repeat("flip/", MaxTasks) + handle, nil},
		{"tasks over it", "/" + strings.Repeat("flip/", MaxTasks+1) + handle, fault.TooLarge},
		{"sources at the limit", "/zip/[" + strings.Repeat(handle+",", MaxSources-1) + handle + "]", nil},
		{"sources over it", "/zip/[" + strings.Repeat(handle+",", MaxSources) + handle + "]", fault.TooLarge},
		{"parameters at the limit", "/store=" + strings.Repeat(",", MaxParams-1) + "/" + handle, nil},
		{"parameters over it", "/store=" + strings.Repeat(",", MaxParams) + "/" + handle, fault.TooLarge},
		{"segments at the limit", strings.Repeat("/", maxSegments) + handle, nil},
		{"segments over it", strings.Repeat("/", maxSegments+1) + handle, fault.TooLarge},
		{"target at the limit", "/" + handle + "?" + strings.Repeat("a", MaxTarget-22), nil},
		{"target over it", "/" + handle + "?" + strings.Repeat("a", MaxTarget-21), fault.TooLarge},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := Parse(tt.target); !errors.Is(err, tt.want) {
				t.Errorf("Parse error = %v, want %v", err, tt.want)
			}
		})
	}
}

func TestTaskUnmarshalJSON(t *testing.T) {
	for _, tt := range []struct {
		text string
		want Task
	}{
		{`{"Name":"vignette","Params":null}`, Task{Name: "vignette", Params: map[string]Value{}}},
		{`{"name":"smartCrop","params":{"fillColor":"white","width":10}}`, Task{Name: "smart_crop", Params: map[string]Value{
			"fill_color": {Text: "white"}, "width": {Text: "10"}}}},
		{`{"name":"cache","params":false}`, Task{Name: "cache", Params: map[string]Value{"false": {}}}},
		{`{"name":"store","params":{"workflows":[{"id":"w1"},"w2",null],"base64decode":true,"path":null}}`, Task{Name: "store", Params: map[string]Value{
			"workflows": {List: []Value{{Text: "w1"}, {Text: "w2"}}}, "base64decode": {Text: "true"}}}},
	} {
		var got Task
		if err := json.Unmarshal([]byte(tt.text), &got); err != nil || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("Unmarshal(%s) = %+v, %v, want %+v", tt.text, got, err, tt.want)
		}
	}
	for _, text := range []string{`1`, `{"name":"nope"}`, `{"name":"store","params":[1]}`, `{"name":"store","params":{"path":"a","p":"b"}}`} {
		if err := json.Unmarshal([]byte(text), new(Task)); !errors.Is(err, fault.Invalid) {
			t.Errorf("Unmarshal(%s) error = %v, want invalid", text, err)
		}
	}
}

// TestParseHostile parses what costs the most per byte. It would not end in any
// useful time if the work grew with the square of the length.
func TestParseHostile(t *testing.T) {
	for _, piece := range []string{"[", "]", `"`, "'", "%22", "%5B", ",", ":", "=", "a:", "a,", "[,", "%2f", "flip%2f", "?", "/a", "//", `",`, "[" + `"`} {
		n := MaxTarget / len(piece)
		for _, prefix := range []string{"/", "/store=path:", "/store=w:[", "/K/[", "/K/store/"} {
			target := (prefix + strings.Repeat(piece, n+1))[:MaxTarget]
			start := time.Now()
			Parse(target)
			Parse(target[:MaxTarget-len(handle)-1] + "/" + handle)
			t.Logf("%4d ms for %q...", time.Since(start).Milliseconds(), target[:20])
		}
	}
}

func FuzzTaskURL(f *testing.F) {
	for _, seed := range []string{
		"/" + handle, "/K/security=p:a,s:b/store=path:\"a/b\"/https://e.com/a?b=c", "/b64/W3sibmFtZSI6ImZsaXAifV0=/b64://NWFZ",
		"/zip/[a,\"https://e.com/x,y\",b64://YQ==]", "/%22https%3A%2F%2Fe.com%22", "/store=path:a/b//resize=w%3A1%2Fflip/" + handle, "/[[[[", "/%5B%22", "\"0\x83%3A",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, target string) {
		c, err := Parse(target)
		if err != nil {
			if k := fault.Of(err); k != fault.Invalid && k != fault.TooLarge {
				t.Fatalf("Parse(%q): %v has kind %v", target, err, k)
			}
			return
		}
		for _, task := range c.Tasks {
			if !Known(task.Name) {
				t.Errorf("Parse(%q) found unknown task %q", target, task.Name)
			}
		}
		if len(c.Tasks) > MaxTasks || len(c.Sources) > MaxSources {
			t.Errorf("Parse(%q) is over a limit", target)
		}
	})
}
