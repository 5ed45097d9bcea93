package search

import (
	"strings"
	"testing"
	"time"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/library"
)

// FuzzRead holds that whatever is looked for, it makes sense as a query, and that
// what is found is marked without letting a file's own text be markup.
func FuzzRead(f *testing.F) {
	for _, body := range []string{
		`{"query":"vacation","sort":["-size","score"]}`, `{"phrase":{"original_filename":"<b>x\u017f"}}`, `{"exact":{"metadata[k]":["v"],"uuid":["x"]}}`,
		`{"size":{"gt":9223372036854775807,"lt":-9223372036854775808}}`, `{"datetime_uploaded":{"gt":"9999-12-31T23:59:59Z","lte":"0001-01-01"}}`,
		`{"tags":{"any":["a"],"none":["b"]},"is_image":true}`,
	} {
		f.Add(body, "<b>x\u017f</b> vacation K\u212a.txt")
	}
	f.Fuzz(func(t *testing.T, body, name string) {
		s, err := Read([]byte(body))
		if err != nil {
			return
		}
		if err := s.Query().Check(); err != nil {
			t.Errorf("Read(%q): %v", body, err)
		}
		file := library.File{Asset: asset.Asset{Name: name, Detected: "image/png", Tags: map[string]string{"k": name}}, Listed: time.UnixMicro(1)}
		s.Matches(file)
		s.Sort([]library.File{file, file})
		for field, marks := range s.Highlight(file) {
			for _, mark := range marks {
				plain := strings.NewReplacer("<em>", "", "</em>", "").Replace(mark)
				if strings.ContainsAny(plain, "<>\"'") {
					t.Errorf("%s of %q for %q is marked %q", field, name, body, mark)
				}
			}
		}
	})
}
