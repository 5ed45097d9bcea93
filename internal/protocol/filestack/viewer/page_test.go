package viewer

import (
	"bufio"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stowgate/stowgate/internal/corpora"
)

// TestL4StringsInPage holds that whatever a page tells of a file is text, in
// every kind of page and every language that is written from the right.
func TestL4StringsInPage(t *testing.T) {
	f, err := os.Open(filepath.Join(corpora.Dir(t, "xss-strings"), "xss-payload-list.txt"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	render := func(kind, said string) [3]int {
		t.Helper()
		p := page{
			Text: textFor("ar"), Name: said, Kind: kind, Alt: said, About: said, Nonce: "n",
			Source: "https://cdn.files.test/resize=width:5/h", Download: "https://cdn.files.test/h?dl=true",
		}
		if kind == "" {
			p.Heading, p.Message, p.Request = said, said, said
		}
		var b strings.Builder
		if err := pages.Execute(&b, p); err != nil {
			t.Fatal(err)
		}
		written := b.String()
		return [3]int{strings.Count(written, "<"), strings.Count(written, ">"), strings.Count(written, `"`)}
	}
	kinds := []string{picture, movie, ""}
	want := map[string][3]int{}
	for _, kind := range kinds {
		want[kind] = render(kind, "n.txt")
	}
	count := 0
	for lines := bufio.NewScanner(f); lines.Scan(); count++ {
		for _, kind := range kinds {
			if got := render(kind, lines.Text()); got != want[kind] {
				t.Fatalf("%q on a page of kind %q: brackets and quotes %d, want %d", lines.Text(), kind, got, want[kind])
			}
		}
	}
	if count < 6000 {
		t.Errorf("only %d strings", count)
	}
}
