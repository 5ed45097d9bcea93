package viewer

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// found returns what the first group of a pattern matches in the files.
func found(t *testing.T, pattern string, files ...string) []string {
	t.Helper()
	var all []string
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range regexp.MustCompile(pattern).FindAllStringSubmatch(string(source), -1) {
			all = append(all, match[1])
		}
	}
	return all
}

var placeholder = regexp.MustCompile(`\{\w+\}`)

// alike are the languages that say a thing as English does.
var alike = map[string]string{
	"Video": "da de it nl no sv tr vi", "Text": "ca de sv", "Zoom": "ca da de es fr it nl no pt sv", "File": "it",
}

// Every text of the page and of its script is there in every language, and no other.
func TestTexts(t *testing.T) {
	page := found(t, `\.T(?:ext\.T)?[ (]"([^"]+)"`, "page.html", "viewer.go")
	page = slices.Concat(page, sizes, slices.Collect(maps.Values(words)), slices.Collect(maps.Values(refusals)))
	scripts, err := filepath.Glob("../../../../web/viewer/*.ts")
	if err != nil {
		t.Fatal(err)
	}
	script := found(t, `\bt\('([^']+)'\)`, scripts...)
	if len(page) < 40 || len(script) < 11 {
		t.Fatalf("%d and %d texts are in the sources", len(page), len(script))
	}
	for _, said := range texts() {
		if said.Lang == "en" {
			continue
		}
		for _, part := range []struct {
			keys  []string
			texts map[string]string
		}{{page, said.Page}, {script, said.Script}} {
			for _, key := range part.keys {
				if part.texts[key] == "" {
					t.Errorf("%s: %q is missing", said.Lang, key)
				}
			}
			for key, text := range part.texts {
				if !slices.Contains(part.keys, key) {
					t.Errorf("%s: nobody says %q", said.Lang, key)
				}
				if want, got := placeholder.FindAllString(key, -1), placeholder.FindAllString(text, -1); !slices.Equal(got, want) {
					t.Errorf("%s: %q has %q, want %q", said.Lang, text, got, want)
				}
				if text != strings.TrimSpace(text) {
					t.Errorf("%s: %q begins or ends with a space", said.Lang, text)
				}
				if same := slices.Contains(strings.Fields(alike[key]), said.Lang); (text == key) != same && len(key) > len("{n} kB") {
					t.Errorf("%s: %q is %q", said.Lang, key, text)
				}
			}
		}
	}
}

func TestTextFor(t *testing.T) {
	for accepts, want := range map[string]string{
		"": "en", "*": "en", "nonsense;;q=x": "en", "xx": "en", "de": "de", "de-AT,de;q=0.9,en;q=0.5": "de", "fr;q=0.1, ja": "ja",
		"nb-NO": "no", "nn": "no", "iw": "he", "he-IL": "he", "zh-TW": "zh", "pt-BR": "pt", "en-GB, fr": "en", "eo, sv;q=0.2": "sv",
	} {
		if got := textFor(accepts).Lang; got != want {
			t.Errorf("Accept-Language %q gives %s, want %s", accepts, got, want)
		}
	}
	if said := textFor("de").T("For the owner of the site: request {id}", "id", "r1"); said != "Für den Betreiber der Website: Anfrage r1" {
		t.Errorf("it says %q", said)
	}
	if textFor("ar").Dir != "rtl" || textFor("he").Dir != "rtl" || textFor("ru").Dir != "ltr" {
		t.Error("the wrong direction")
	}
}
