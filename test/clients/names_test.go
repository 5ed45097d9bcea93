package clients_test

import (
	"bufio"
	"encoding/json"
	"mime"
	"net/http"
	"os"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// harmless are names that must come back as they were sent.
var harmless = []string{
	"a;b", "a#b", "a<b>.html", "${jndi:x}", "$(id)", "|id", "--help", "nul.txt", "aux", "a%2fb", "%2e%2e%2fa",
	"😀.png", "a.png.exe", "a.PNG", "a.png;.html", "~root", "a:b", "desktop.ini", "index.html", "favicon.ico",
}

// TestD2Names sends every name of testdata/names.jsonl through filestack-js.
// All are stored as a name and nothing else: no name is refused, none becomes
// a path, a header or markup, and the harmless ones are kept.
func TestD2Names(t *testing.T) {
	f := newFixture(t)
	a := f.app(t, "on")
	c := a.sign(everything)
	var got []struct{ Sent, Filename, Handle string }
	f.must(t, "names", f.page(a, c), map[string]any{"names": names(t)}, &got)
	kept := make(map[string]bool)
	for _, g := range got {
		kept[g.Sent] = g.Sent == g.Filename
		if bad := badName(g.Filename); bad != "" {
			t.Errorf("name %q is stored as %q: %s", g.Sent, g.Filename, bad)
		}
		res, err := http.Get(f.server.URL + "/" + g.Handle + "?" + c.query())
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		_, params, err := mime.ParseMediaType(res.Header.Get("Content-Disposition"))
		if err != nil || params["filename"] != g.Filename {
			t.Errorf("name %q: Content-Disposition %q parses to %q, %v; want %q",
				g.Sent, res.Header.Get("Content-Disposition"), params["filename"], err, g.Filename)
		}
		if res.Header.Get("Set-Cookie") != "" || res.StatusCode != http.StatusOK {
			t.Errorf("name %q: status %d, header %v", g.Sent, res.StatusCode, res.Header)
		}
	}
	for _, name := range harmless {
		if !kept[name] {
			t.Errorf("name %q is harmless and was not kept", name)
		}
	}
}

// badName returns why name must not be stored, or "".
func badName(name string) string {
	switch {
	case name == "" || name == "." || name == "..":
		return "it names no file"
	case !utf8.ValidString(name):
		return "it is no UTF-8"
	case len(name) > 255:
		return "it has more than 255 bytes"
	case strings.ContainsAny(name, `/\`):
		return "it has a separator"
	case strings.ContainsFunc(name, unicode.IsControl):
		return "it has a control character"
	}
	return ""
}

// names reads testdata/names.jsonl, but for the empty name: filestack-js
// replaces that one itself.
func names(t *testing.T) (all []string) {
	t.Helper()
	file, err := os.Open("testdata/names.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		var line struct{ Name string }
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		if line.Name != "" {
			all = append(all, line.Name)
		}
	}
	if len(all) < 40 || lines.Err() != nil {
		t.Fatalf("read %d names: %v", len(all), lines.Err())
	}
	return all
}
