// Package search reads what a search of the REST API looks for, and says of a
// file whether, and where, it has that. Listing files is left to others.
package search

import (
	"cmp"
	"encoding/json"
	"html"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/stowgate/stowgate/internal/library"
	"github.com/stowgate/stowgate/internal/protocol/uploadcare/rest/call"
)

// The limits of a search. Uploadcare documentation: "File search".
const (
	minText = 4 // characters of what is looked for
	maxSort = 4 // keys
)

// The fields that have text.
const (
	filename = "original_filename"
	media    = "detected_mime_type"
	metadata = "metadata"
)

// A Search is what is looked for: files that meet every condition that is set.
type Search struct {
	anywhere *text               // in one of the fields, or the UUID
	phrase   map[string]text     // in the field
	exact    map[string][]string // one of these is the field; also uuid, and metadata[key]
	uploaded span                // in microseconds
	size     span
	image    *bool
	labels   library.Labels
	sort     []key
}

// A text is part of what a field has, whatever the case of its letters.
type text struct {
	*regexp.Regexp
	plain string
}

func newText(plain string) text {
	return text{regexp.MustCompile("(?i)" + regexp.QuoteMeta(plain)), plain}
}

// A span is a range of whole numbers.
type span struct{ from, to *int64 } // both included; nil means no bound

func (r span) has(n int64) bool {
	return (r.from == nil || *r.from <= n) && (r.to == nil || n <= *r.to)
}

// A key is what files are sorted by.
type key struct {
	by         library.Order
	descending bool
}

// Query returns the conditions that records can answer by themselves, and their
// order. What it finds is still to be matched.
func (s *Search) Query() library.Query {
	q := library.Query{Labels: s.labels, Name: s.phrase[filename].plain}
	if len(s.sort) == 0 {
		q.Descending = true // the newest first
	} else {
		q.Order, q.Descending = s.sort[0].by, s.sort[0].descending
	}
	if types := s.exact[media]; len(types) == 1 {
		q.Type = types[0]
	} else if s.image != nil && *s.image {
		q.Type = "image/*"
	}
	for name, values := range s.exact {
		if tag, ok := tagOf(name); ok && len(values) == 1 {
			q.Tag, q.Value = tag, values[0]
		}
	}
	for _, name := range s.exact["uuid"] {
		if id, err := uuid.Parse(name); err == nil {
			q.Named.UUIDs = append(q.Named.UUIDs, id)
		}
	}
	if s.size.from != nil {
		q.MinSize = max(0, *s.size.from)
	}
	if s.size.to != nil {
		q.MaxSize = max(1, *s.size.to) // 0 means no bound
	}
	if s.uploaded.from != nil {
		q.After = time.UnixMicro(*s.uploaded.from - 1)
	}
	if s.uploaded.to != nil {
		q.Before = time.UnixMicro(*s.uploaded.to + 1)
	}
	return q
}

// Impossible reports whether no file can be found: what is named are no names.
func (s *Search) Impossible() bool {
	names, ok := s.exact["uuid"]
	return ok && !slices.ContainsFunc(names, func(name string) bool { return uuid.Validate(name) == nil })
}

// tagOf returns the key of metadata that a field metadata[key] is about.
func tagOf(field string) (string, bool) {
	inner, ok := strings.CutPrefix(field, metadata+"[")
	inner, closed := strings.CutSuffix(inner, "]")
	return inner, ok && closed
}

// Matches reports whether a file meets all conditions but those on labels, which
// Query has whole.
func (s *Search) Matches(f library.File) bool {
	image := f.IsPicture() || !f.Looked()
	if s.image != nil && *s.image != image || !s.size.has(f.Size) || !s.uploaded.has(f.Listed.UnixMicro()) {
		return false
	}
	if s.anywhere != nil && !strings.EqualFold(s.anywhere.plain, f.UUID.String()) && len(s.anywhere.in(f)) == 0 {
		return false
	}
	for field, t := range s.phrase {
		if !slices.ContainsFunc(fieldsOf(f)[field], t.MatchString) {
			return false
		}
	}
	for field, values := range s.exact {
		have := fieldsOf(f)[field]
		if tag, ok := tagOf(field); ok {
			have = nil
			if value, ok := f.Tags[tag]; ok {
				have = []string{value}
			}
		}
		if !slices.ContainsFunc(have, func(value string) bool { return slices.Contains(values, value) }) {
			return false
		}
	}
	return true
}

// fieldsOf returns the texts of a file's fields.
func fieldsOf(f library.File) map[string][]string {
	fields := map[string][]string{filename: {f.Name}, media: {f.Detected}, "uuid": {f.UUID.String()}}
	for _, value := range f.Tags {
		fields[metadata] = append(fields[metadata], value)
	}
	slices.Sort(fields[metadata])
	return fields
}

// in returns the fields of f that have the text, with where that is.
func (t text) in(f library.File) map[string][]string {
	found := make(map[string][]string)
	for _, field := range []string{filename, media, metadata} {
		for _, value := range fieldsOf(f)[field] {
			if t.MatchString(value) {
				found[field] = append(found[field], t.mark(value))
			}
		}
	}
	return found
}

// mark returns value as HTML, with the text as emphasis.
func (t text) mark(value string) string {
	var b strings.Builder
	end := 0
	for _, at := range t.FindAllStringIndex(value, -1) {
		b.WriteString(html.EscapeString(value[end:at[0]]) + "<em>" + html.EscapeString(value[at[0]:at[1]]) + "</em>")
		end = at[1]
	}
	return b.String() + html.EscapeString(value[end:])
}

// Highlight returns where a file that matches has the texts that are looked for,
// by field and as HTML: what is the file's own is escaped.
func (s *Search) Highlight(f library.File) map[string][]string {
	marks := make(map[string][]string)
	if s.anywhere != nil {
		marks = s.anywhere.in(f)
	}
	for field, t := range s.phrase {
		if marked := t.in(f)[field]; marked != nil {
			marks[field] = marked
		}
	}
	return marks
}

// Tied reports whether two files that follow each other in the order of Query are
// equal in it, so that another key of the search may order them.
func (s *Search) Tied(f, g library.File) bool {
	return len(s.sort) > 0 && s.sort[0].compare(f, g) == 0
}

// Sort puts files that are in the order of Query in that of the search.
func (s *Search) Sort(files []library.File) {
	slices.SortStableFunc(files, func(f, g library.File) int {
		for _, k := range s.sort {
			if n := k.compare(f, g); n != 0 {
				return n
			}
		}
		return 0
	})
}

func (k key) compare(f, g library.File) int {
	if k.descending {
		f, g = g, f
	}
	switch k.by {
	case library.ByName:
		return cmp.Compare(strings.ToLower(f.Name), strings.ToLower(g.Name))
	case library.BySize:
		return cmp.Compare(f.Size, g.Size)
	}
	return f.Listed.Compare(g.Listed)
}

// Read reads the body of a search. The error is one for call.Fail.
func Read(body []byte) (*Search, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(body, &members); err != nil || members == nil {
		return nil, call.Refuse(http.StatusBadRequest, "Expected JSON object.")
	}
	s := &Search{phrase: map[string]text{}, exact: map[string][]string{}}
	conditions := 0
	for _, name := range slices.Sorted(maps.Keys(members)) {
		read, known := readers[name]
		if !known {
			return nil, call.Wrong(name, "Unknown field.")
		}
		if err := read(s, members[name]); err != nil {
			return nil, err
		}
		if name != "sort" && name != "fuzziness" {
			conditions++
		}
	}
	if conditions == 0 {
		return nil, call.Wrong("non_field_errors", "At least one search condition is required.")
	}
	for field := range s.phrase {
		if s.exact[field] != nil {
			return nil, call.WrongIn("phrase", field, "A field may not be in both phrase and exact.")
		}
	}
	return s, nil
}
