package asset

import (
	"bufio"
	"encoding/json"
	"mime"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/stowgate/stowgate/internal/corpora"
)

func TestCleanName(t *testing.T) {
	long := strings.Repeat("a", 300)
	for _, tt := range []struct{ name, want string }{
		{"a.png", "a.png"},
		{"", "untitled"},
		{".", "untitled"},
		{"..", "untitled"},
		{" .. ", "untitled"},
		{"///", "untitled"},
		{"...", "..."},
		{".gitignore", ".gitignore"},
		{"../a", "a"},
		{"a/b/../../c", "c"},
		{"a/..", "untitled"},
		{"folder/", "folder"},
		{`C:\Users\me\photo.jpg`, "photo.jpg"},
		{"a\uff0fb", "a\uff0fb"},
		{" a ", "a"},
		{"a / ", "a"},
		{"\u00a0a.txt\u3000", "a.txt"},
		{"a\r\nSet-Cookie: x=1", "aSet-Cookie: x=1"},
		{"a\x00b\x7f\u0085c", "abc"},
		{"a\u2028b\u2029c", "abc"},
		{"a\u202egnp.exe", "agnp.exe"},
		{"\u200f\u2067a\u2069", "a"},
		{"\U0001f468\u200d\U0001f469", "\U0001f468\u200d\U0001f469"}, // a joiner inside one emoji stays
		{"e\u0301.png", "\u00e9.png"},
		{"e\x00\u0301.png", "\u00e9.png"},
		{"\ufb01le.png", "\ufb01le.png"},
		{"a\xffb", "a\ufffdb"},
		{"nul.txt", "nul.txt"},
		{"a<b>.html", "a<b>.html"},

		{long[:254], long[:254]},
		{long[:255], long[:255]},
		{long[:256], long[:255]},
		{long + ".png", long[:251] + ".png"},
		{long + "." + long[:15], long[:239] + "." + long[:15]},
		{long + "." + long[:16], long[:255]},
		{strings.Repeat("\u00e9", 200) + ".png", strings.Repeat("\u00e9", 125) + ".png"},
		{long[:254] + " b", long[:254]},
	} {
		if got := CleanName(tt.name); got != tt.want {
			t.Errorf("CleanName(%q) = %q, want %q", tt.name, got, tt.want)
		}
	}
}

// checkName reports what CleanName or Disposition promise and do not keep.
func checkName(t *testing.T, name string) {
	t.Helper()
	clean := CleanName(name)
	switch {
	case clean == "" || clean == "." || clean == "..":
		t.Errorf("CleanName(%q) = %q", name, clean)
	case len(clean) > maxNameLen:
		t.Errorf("CleanName(%q) has %d bytes", name, len(clean))
	case strings.ContainsAny(clean, `/\`):
		t.Errorf("CleanName(%q) = %q, with a separator", name, clean)
	case strings.ContainsFunc(clean, unicode.IsControl):
		t.Errorf("CleanName(%q) = %q, with a control character", name, clean)
	case !utf8.ValidString(clean) || !norm.NFC.IsNormalString(clean):
		t.Errorf("CleanName(%q) = %q, not valid and normal", name, clean)
	case CleanName(clean) != clean:
		t.Errorf("CleanName(%q) = %q, and again = %q", name, clean, CleanName(clean))
	}
	for _, name := range []string{name, clean} {
		for _, kind := range []string{"inline", "attachment"} {
			header := Disposition(kind, name)
			if strings.ContainsFunc(header, func(r rune) bool { return r < ' ' || r > '~' }) {
				t.Errorf("Disposition(%q, %q) = %q, not one line of ASCII", kind, name, header)
			}
			gotKind, params, err := mime.ParseMediaType(header)
			if err != nil || gotKind != kind || len(params) != 1 || params["filename"] != name {
				t.Errorf("Disposition(%q, %q) = %q, parsed as %q %q, %v", kind, name, header, gotKind, params, err)
			}
		}
	}
}

// ownNames returns the names of testdata/filenames.jsonl.
func ownNames(t testing.TB) (names []string) {
	f, err := os.Open("testdata/filenames.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for lines := json.NewDecoder(f); lines.More(); {
		var line struct{ Name string }
		if err := lines.Decode(&line); err != nil {
			t.Fatal(err)
		}
		names = append(names, line.Name)
	}
	return names
}

func TestD2OwnNames(t *testing.T) {
	names := ownNames(t)
	if len(names) < 40 {
		t.Fatalf("testdata has %d names", len(names))
	}
	for _, name := range names {
		checkName(t, name)
	}
}

func TestD2NaughtyNames(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(corpora.Dir(t, "names"), "*.txt"))
	if err != nil || len(files) == 0 {
		t.Fatalf("names of the corpora: %v, %v", files, err)
	}
	for _, file := range files {
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		lines := bufio.NewScanner(f)
		for lines.Scan() {
			checkName(t, lines.Text())
		}
		if err := lines.Err(); err != nil {
			t.Error(err)
		}
	}
}

func TestD3Disposition(t *testing.T) {
	for _, tt := range []struct{ kind, name, want string }{
		{"inline", "a.png", `inline; filename=a.png`},
		{"attachment", "my file.txt", `attachment; filename="my file.txt"`},
		{"attachment", "\u00e9t\u00e9.png", `attachment; filename=_t_.png; filename*=UTF-8''%C3%A9t%C3%A9.png`},
		{"attachment", `a"b`, `attachment; filename=a_b; filename*=UTF-8''a%22b`},
		{"attachment", "a%2fb", `attachment; filename=a_2fb; filename*=UTF-8''a%252fb`},
		{"inline", "a\r\nX: y", `inline; filename="a__X: y"; filename*=UTF-8''a%0D%0AX%3A%20y`},
		{"inline", "a;b", `inline; filename="a;b"`},
	} {
		if got := Disposition(tt.kind, tt.name); got != tt.want {
			t.Errorf("Disposition(%q, %q) = %s, want %s", tt.kind, tt.name, got, tt.want)
		}
	}
}

func FuzzName(f *testing.F) {
	for _, name := range ownNames(f) {
		f.Add(name)
	}
	f.Add("a\xff\u202e/..")
	f.Add(strings.Repeat("e\u0301", 200) + ". \u0301x")
	f.Fuzz(checkName)
}
