package cdn

import (
	"bufio"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/transform"
)

const someFile = "c2499162-eb07-4b93-b31e-94a89a47e858"

// words are the kinds of paths as the vectors name them.
var words = map[kind]string{ofFile: "file", ofGroup: "group", ofElement: "group-element", ofArchive: "group-archive", ofProxy: "proxy"}

// A said is what a vector says about a path.
type said struct {
	Path, Kind, Filename, Format, Conversion string
	Count, Nth                               int
	Operations                               [][]string
	Source                                   string `json:"source_url"`
}

// vectors reads the objects of a file, one on a line.
func vectors[T any](t testing.TB, name string) []T {
	t.Helper()
	f, err := os.Open("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var list []T
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var v T
		if err := json.Unmarshal(lines.Bytes(), &v); err != nil {
			t.Fatal(err)
		}
		list = append(list, v)
	}
	if len(list) == 0 {
		t.Fatalf("%s is empty", name)
	}
	return list
}

func TestPathVectors(t *testing.T) {
	for _, want := range vectors[said](t, "paths.jsonl") {
		got, err := parsePath(want.Path)
		if err != nil {
			t.Errorf("parsePath(%q) error = %v", want.Path, err)
			continue
		}
		var ops [][]string
		for _, op := range got.ops {
			ops = append(ops, append([]string{op.Name}, op.Params...))
		}
		if words[got.kind] != want.Kind || got.name != want.Filename || got.archive != want.Format || got.special != want.Conversion ||
			got.count != want.Count || got.nth != want.Nth || got.source != want.Source ||
			!slices.EqualFunc(ops, want.Operations, slices.Equal[[]string]) {
			t.Errorf("parsePath(%q) = %+v, want %+v", want.Path, got, want)
		}
		if ours := isOurs(want.Path); ours != (want.Kind != "proxy") || isProxied(want.Path) == ours {
			t.Errorf("isOurs(%q) = %t, isProxied = %t", want.Path, ours, isProxied(want.Path))
		}
	}
}

func TestPathForms(t *testing.T) {
	const file = "/" + someFile
	for _, tt := range []struct{ path, want string }{
		{file + "/-//preview//", "file preview"},
		{"//" + someFile + "//-/preview/", "file preview"},
		{strings.ToUpper(file) + "/-/preview/", "file preview"},
		{file + "/-/crop/50%25x50%25/", "file crop/50%x50%"},
		{file + "/-/crop/50%x50%/", "file crop/50%x50%"},
		{file + "/-/crop/50%25x50%/-/flip/", "file crop/50%x50% flip"},
		{file + "/-/resize/300x", "file resize as 300x"}, // the slash is missing: a file name
		{file + "/-/preview/a%20b%2Fc.png", "file preview as a b/c.png"},
		{file + "/-/preview/?token=a=b~c&token=d", "file preview by a=b~c by d"},
		{file + "/?x=1&token=%7e&tokens=1", "file by %7e"},
		{file + "/detect_faces//", "file detect_faces:"},
		{file + "/detect_faces", "file as detect_faces"},
		{file + "%7E3/nth/2/", "element 2 of 3"},
		{file + "~3/nth/2", "element 2 of 3"},
		{file + "~3/nth/2/-/preview/a.jpg", "element 2 of 3 preview as a.jpg"},
		{file + "~3/archive/zip", "zip of 3"},
		{file + "~3", "group of 3"},
		{"/https:/example.com/a", "outside https://example.com/a"},
		{"/-/preview/HTTP://example.com/-/flip/?a=/b", "outside HTTP://example.com/-/flip/?a=/b preview"},

		{"/", "not found"},
		{"/robots.txt", "not found"},
		{file + "0/", "not found"},
		{"/{" + someFile + "}/", "not found"},
		{"/urn:uuid:" + someFile + "/", "not found"},
		{"/" + strings.ReplaceAll(someFile, "-", "") + "/", "not found"},
		{file + "~/", "not found"},
		{file + "~0/", "not found"},
		{file + "~1000/", "group of 1000"},
		{file + "~1001/", "not found"},
		{file + "~+3/", "not found"},
		{file + "~3/nth/-1/", "not found"},
		{file + "~3/nth/x/", "not found"},
		{file + "~3/-/preview/", "refused"},
		{file + "~3/nth/", "refused"},
		{file + "~3/archive/rar/", "refused"},
		{file + "~3/archive/zip/-/preview/", "refused"},
		{file + "/preview/", "refused"},
		{file + "/-/", "refused"},
		{file + "/-/json", "refused"},
		{file + "/-/-/flip/", "refused"},
		{file + "/-/flip/-/", "refused"},
		{"/-/preview/-/https://example.com/", "refused"},
	} {
		got, err := parsePath(tt.path)
		if s := say(got, err); s != tt.want {
			t.Errorf("parsePath(%q) = %s, want %s", tt.path, s, tt.want)
		}
	}
}

// say prints what a path says.
func say(p target, err error) string {
	var refusal *transform.Refusal
	switch {
	case errors.As(err, &refusal):
		return "refused"
	case errors.Is(err, fault.NotFound):
		return "not found"
	case err != nil:
		return err.Error()
	}
	var b strings.Builder
	switch p.kind {
	case ofFile:
		b.WriteString("file")
	case ofGroup:
		b.WriteString("group of " + itoa(p.count))
	case ofElement:
		b.WriteString("element " + itoa(p.nth) + " of " + itoa(p.count))
	case ofArchive:
		b.WriteString(p.archive + " of " + itoa(p.count))
	case ofProxy:
		b.WriteString("outside " + p.source)
	}
	if p.special != "" {
		b.WriteString(" " + p.special + ":")
	}
	for _, op := range p.ops {
		b.WriteString(" " + op.String())
	}
	if p.name != "" {
		b.WriteString(" as " + p.name)
	}
	for _, token := range p.tokens {
		b.WriteString(" by " + token)
	}
	return b.String()
}

func itoa(n int) string { b, _ := json.Marshal(n); return string(b) }

// Paths of other protocols are left to them.
func TestPathsOfOthers(t *testing.T) {
	for _, path := range []string{"/", "/AKEYAKEYAKEYAKEYAKEYz/https://example.com/a.png", "/resize=width:300/AbCdEfGhIjKlMnOpQrSt",
		"/api/file/AbCdEfGhIjKlMnOpQrSt", "/AbCdEfGhIjKlMnOpQrSt", "/multipart/start", "/base/", "/-/preview/", "/a/-/https://example.com/"} {
		if isOurs(path) || isProxied(path) {
			t.Errorf("%s is taken for one of ours", path)
		}
	}
}

func FuzzPath(f *testing.F) {
	for _, v := range vectors[said](f, "paths.jsonl") {
		f.Add(v.Path)
	}
	f.Add("/" + someFile + "~3/-/%/%2/%zz/?token")
	f.Fuzz(func(t *testing.T, target string) {
		p, err := parsePath(target)
		if err != nil {
			if kind := fault.Of(err); kind != fault.NotFound && kind != fault.Invalid {
				t.Errorf("parsePath(%q) error has kind %v", target, kind)
			}
			return
		}
		if escaped, _, _ := strings.Cut(target, "?"); !isOurs(escaped) && !isProxied(escaped) {
			t.Errorf("parsePath(%q) takes what is not routed here", target)
		}
		for _, op := range p.ops {
			if op.Name == "" || op.Name == "-" {
				t.Errorf("parsePath(%q) has an operation called %q", target, op.Name)
			}
		}
	})
}

// lines returns the lines of a file.
func lines(t testing.TB, name string) []string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(data)), "\n")
}
