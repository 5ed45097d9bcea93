package insight

import (
	"testing"

	"github.com/stowgate/stowgate/internal/transform"
)

func TestWords(t *testing.T) {
	for text, want := range map[string]string{
		`{}`: "As it is",
		`{"ops":[{"op":"resize","width":200,"fit":"cover","align":{"x":-1}},{"op":"red_eye"}],"output":{"format":"webp","quality":80}}`: "Resize (width 200, fit cover, align (x -1)), then red eye, written as webp (quality 80)",
		`{"page":3,"density":72.5,"output":{"format":"jpeg","quality":-1}}`:                                                             "Of page 3, drawn at 72.5 dots per inch, written as jpeg (quality of the source)",
		`{"ops":[{"op":"circle","background":"0102abff"},{"op":"blur_part","boxes":[{"x":1},{"x":2}]}],"output":{"strip":true}}`:        "Circle (background #0102ab), then blur part (2 boxes), written (strip)",
		`{"answer":"faces"}`: "Tell its faces",
		`{"ops":[{"op":"resize","width":200},{"op":"blur","sig…`: "Resize (width 200), then blur …",
		`{"ops":[{"op":"re…`: "As it is …",
		`no plan`:            "no plan",
		`["x"]`:              `["x"]`,
		``:                   "",
		`{"ops":[7,[],{}],"later":null,"other":{"a":false}}`: "Other (not a)",
	} {
		if got := words(text); got != want {
			t.Errorf("words(%s) = %q, want %q", text, got, want)
		}
	}
	plan := transform.Plan{Ops: []transform.Op{transform.Resize{Width: 300}}, Output: transform.Output{Format: transform.WebP}}
	if got, want := words(plan.Canonical()), "Resize (width 300), written as webp"; got != want {
		t.Errorf("words of a real plan = %q, want %q", got, want)
	}
}

func FuzzWords(f *testing.F) {
	f.Add(`{"ops":[{"op":"resize","width":200}],"output":{"format":"webp"}}`)
	f.Fuzz(func(t *testing.T, text string) { words(text) })
}
