package plan

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stowgate/stowgate/internal/corpora"
	"github.com/stowgate/stowgate/internal/protocol/filestack/taskurl"
	"github.com/stowgate/stowgate/internal/transform"
)

var update = flag.Bool("update", false, "write testdata/vectors.txt anew")

const handle = "5aYkEQJSQCmYShsoCnZN"

// read reads the tasks of a path, which stand before one handle unless the path
// names its own sources.
func read(t testing.TB, path string) (Chain, error) {
	t.Helper()
	if !strings.Contains("/"+path, "/[") {
		path += "/" + handle
	}
	parsed, err := taskurl.Parse("/KEY/" + path)
	if err != nil {
		t.Fatalf("Parse(%q): %v", path, err)
	}
	return Read(parsed.Tasks, len(parsed.Sources))
}

// summary says in a line what Read made of a chain.
func summary(c Chain, err error) string {
	switch {
	case err != nil:
		return "error: " + err.Error()
	case c.Missing != "":
		return "missing: " + c.Missing
	}
	line := c.Plan.Canonical()
	if len(c.Files) > 0 {
		line += " with " + strings.Join(c.Files, " ")
	}
	if c.Fallback != "" {
		line += fmt.Sprintf(" or else %s for %d s", c.Fallback, c.FallbackCache)
	}
	if c.Metadata {
		line += " metadata"
	}
	return line
}

// TestVectors reads addresses as every official client prints them. What each
// comes to is in testdata/vectors.txt.
func TestVectors(t *testing.T) {
	path := filepath.Join(corpora.Dir(t, "policy-vectors"), "..", "..", "protocol", "filestack-transform-urls.json")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var vectors []struct{ Name, URL string }
	if err := json.Unmarshal(text, &vectors); err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for _, v := range vectors {
		parsed, err := taskurl.Parse(v.URL[strings.Index(v.URL[8:], "/")+8:])
		if err != nil {
			t.Fatalf("%s: %v", v.Name, err)
		}
		c, err := Read(parsed.Tasks, len(parsed.Sources))
		if err == nil && c.Missing == "" {
			if again, err := transform.Parse(c.Plan.Canonical()); err != nil || again.Canonical() != c.Plan.Canonical() {
				t.Errorf("%s: Parse(%s) = %v, %v", v.Name, c.Plan.Canonical(), again, err)
			}
		}
		fmt.Fprintf(&got, "%s\n    %s\n", v.Name, summary(c, err))
	}
	golden := filepath.Join("testdata", "vectors.txt")
	if *update {
		if err := os.WriteFile(golden, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	gotLines, wantLines := strings.Split(got.String(), "\n"), strings.Split(string(want), "\n")
	if len(gotLines) != len(wantLines) {
		t.Errorf("%d lines, want %d", len(gotLines), len(wantLines))
	}
	for i := range min(len(gotLines), len(wantLines)) {
		if gotLines[i] != wantLines[i] {
			t.Errorf("%s: got %s, want %s", gotLines[max(i-1, 0)], gotLines[i], wantLines[i])
		}
	}
}
