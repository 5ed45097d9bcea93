// Package form reads the parameters of requests to the Upload API from wherever
// clients put them: the query, a form, or a form that is called something else.
// It knows what a parameter is, not what any of them means.
package form

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/protocol/uploadcare/answer"
	"github.com/stowgate/stowgate/internal/server/multipart"
)

// Bounds of a request. The hosted service does not publish its own; a group of
// 1000 files with their operations is within them.
const (
	MaxFields = 1100    // parameters in the query, and as many in the body
	MaxBytes  = 1 << 20 // of all names and values in the body
	MaxFiles  = 50      // in one request
)

// Many is the one parameter that may be given more than once.
const Many = "files[]"

// A Set is the parameters of a request: those of the body, in their order, and
// those of the query that the body does not repeat.
type Set struct {
	fields []Field
	bytes  int
}

// A Field is one parameter.
type Field struct{ Name, Value string }

// A File is a part of a form that is a file. Its bytes are read once.
type File struct {
	Field string // its name in the form
	Name  string // as the client sent it: not clean
	Type  string // media type the client sent; may be empty
	Body  io.Reader
}

// Read reads the parameters of r, and gives each file in its body to take, in
// their order; take may be nil for a request that has no files. The errors are
// those of take, and *answer.Error. The error says how the request wants to be
// told of it, as far as that was read.
func Read(r *http.Request, take func(File) error) (Set, error) {
	query, err := parse(r.URL.RawQuery)
	if err != nil {
		return query, query.Told(err)
	}
	var body Set
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		if err = body.read(r, take); err != nil {
			all := body.over(query)
			return all, all.Told(err)
		}
	}
	return body.over(query), nil
}

// Told returns err as the error of a request with these parameters.
func (s Set) Told(err error) error {
	if value, ok := s.Lookup("jsonerrors"); ok {
		return answer.InForm(err, value)
	}
	return err
}

// Text returns the value of a parameter, "" if there is none.
func (s Set) Text(name string) string {
	value, _ := s.Lookup(name)
	return value
}

// Lookup returns the value of a parameter, and whether there is one.
func (s Set) Lookup(name string) (string, bool) {
	for _, f := range s.fields {
		if f.Name == name {
			return f.Value, true
		}
	}
	return "", false
}

// Under returns the parameters called name[...], in their order, by what is in
// the brackets.
func (s Set) Under(name string) []Field {
	var fields []Field
	for _, f := range s.fields {
		if key, ok := bracketed(f.Name, name); ok {
			fields = append(fields, Field{key, f.Value})
		}
	}
	return fields
}

func bracketed(field, name string) (string, bool) {
	key, ok := strings.CutPrefix(field, name+"[")
	if !ok {
		return "", false
	}
	return strings.CutSuffix(key, "]")
}

// over returns s with what only other has.
func (s Set) over(other Set) Set {
	all := Set{fields: s.fields}
	for _, f := range other.fields {
		if _, ok := s.Lookup(f.Name); !ok {
			all.fields = append(all.fields, f)
		}
	}
	return all
}

// add adds a parameter, which must be new.
func (s *Set) add(name, value string) error {
	if strings.ContainsRune(name, 0) || strings.ContainsRune(value, 0) {
		return answer.Refuse("NullCharactersForbiddenError")
	}
	if len(s.fields) == MaxFields {
		return answer.Refuse("RequestFiledsNumberLimitExceededError")
	}
	if s.bytes += len(name) + len(value); s.bytes > MaxBytes {
		return answer.Refuse("RequestSizeLimitExceededError")
	}
	if _, repeated := s.Lookup(name); repeated && name != Many {
		if key, ok := bracketed(name, "metadata"); ok {
			return answer.Refuse("FileMetadataKeyDuplicatedError", key)
		}
		return unread(fmt.Errorf("parameter %.40q is repeated: %w", name, fault.Invalid))
	}
	s.fields = append(s.fields, Field{name, value})
	return nil
}

// unread returns err as why a request could not be read.
func unread(err error) error {
	switch {
	case errors.As(err, new(*answer.Error)), fault.Of(err) == fault.Canceled:
		return err
	case fault.Of(err) == fault.TooLarge:
		return answer.Because(err, "RequestSizeLimitExceededError")
	}
	return answer.Because(err, "PostRequestParserFailedError")
}

// parse reads a query, or a form that is encoded like one.
func parse(text string) (s Set, err error) {
	for pair := range strings.SplitSeq(text, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		if name, err = url.QueryUnescape(name); err == nil {
			value, err = url.QueryUnescape(value)
		}
		if err == nil {
			err = s.add(name, value)
		}
		if err != nil {
			return s, unread(err)
		}
	}
	return s, nil
}

// read reads the body of r. A type that says something else than a form is not
// believed if the body looks like one: clients were recorded that label forms
// application/json (uploadcare-ruby, spec/fixtures/vcr_cassettes).
func (s *Set) read(r *http.Request, take func(File) error) error {
	media, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if media == "multipart/form-data" {
		boundary := params["boundary"]
		if err != nil || len(boundary) == 0 || len(boundary) > 70 { // RFC 2046, section 5.1.1
			return unread(fmt.Errorf("form boundary of %d characters: %w", len(boundary), fault.Invalid))
		}
		return s.readParts(multipart.NewReader(r.Body, boundary), take)
	}
	text, err := readText(r.Body)
	if err != nil {
		return unread(err)
	}
	if len(text) > 0 && !strings.Contains(text, "=") {
		return unread(fmt.Errorf("body is no form: %w", fault.Invalid))
	}
	*s, err = parse(text)
	return err
}

// readParts reads a form in parts.
func (s *Set) readParts(parts *multipart.Reader, take func(File) error) error {
	files := map[string]bool{}
	for {
		head, err := parts.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return unread(lost(err))
		}
		part, err := multipart.Describe(head)
		if err != nil {
			return unread(err)
		}
		if part.File {
			switch {
			case take == nil || files[part.Field]:
				return unread(fmt.Errorf("file in field %.40q: %w", part.Field, fault.Invalid))
			case len(files) == MaxFiles:
				return answer.Refuse("RequestFileNumberLimitExceededError")
			case strings.ContainsRune(part.Field+part.Name+part.Type, 0):
				return answer.Refuse("NullCharactersForbiddenError")
			}
			files[part.Field] = true
			body := &source{Reader: parts}
			err := take(File{part.Field, part.Name, part.Type, body})
			if body.err != nil {
				err = unread(body.err)
			}
			if err != nil {
				return err
			}
			continue
		}
		value, err := readText(parts)
		if err != nil {
			return unread(err)
		}
		if err := s.add(part.Field, value); err != nil {
			return err
		}
	}
}

// A source is the bytes of a file, and what has ended them too early.
type source struct {
	io.Reader
	err error
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	if err != nil && err != io.EOF {
		s.err = lost(err)
	}
	return n, err
}

// lost gives an error of the connection its kind.
func lost(err error) error {
	if fault.Of(err) == fault.Internal {
		return fmt.Errorf("read form: %w: %w", err, fault.Canceled)
	}
	return err
}

// readText reads up to MaxBytes.
func readText(r io.Reader) (string, error) {
	text, err := io.ReadAll(io.LimitReader(r, MaxBytes+1))
	switch {
	case err != nil:
		return "", lost(err)
	case len(text) > MaxBytes:
		return "", fmt.Errorf("form fields have more than %d bytes: %w", MaxBytes, fault.TooLarge)
	}
	return string(text), nil
}
