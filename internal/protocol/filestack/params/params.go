// Package params reads the parameters of Filestack's requests, which stand in
// JSON, forms, queries and tasks, with names and types that differ by client.
package params

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/server"
)

// MaxBody is how long a body with parameters may be, in bytes. The 10,000 parts
// that a client lists at the end of an upload need 700 KB.
const MaxBody = 1 << 20

// An Error is about a parameter that makes no sense. It wraps fault.Invalid, and
// its text is what the hosted service answers (filestack-js issue 266).
type Error struct{ Field string }

func (e *Error) Error() string { return "invalid params: " + e.Field }

// Unwrap returns fault.Invalid.
func (e *Error) Unwrap() error { return fault.Invalid }

// Invalid returns the error for a parameter that makes no sense.
func Invalid(field string) error { return &Error{field} }

// A Set are the parameters of a request, wherever they stood: in JSON, in a
// form, in a query or in a task. Names are found in any letter case. A value of
// another type than asked for is remembered, see Err.
type Set struct {
	values map[string]json.RawMessage // by name in lower case
	at     string                     // the names they are nested in, each with a colon
	err    *error
}

// New returns an empty set for what is nested in the names of at, each with a
// colon behind it.
func New(at string) Set {
	return Set{values: map[string]json.RawMessage{}, at: at, err: new(error)}
}

// Err returns an *Error for the first parameter that made no sense, or nil.
func (p Set) Err() error { return *p.err }

// Reject says that the parameter called name makes no sense.
func (p Set) Reject(name string) {
	if *p.err == nil {
		*p.err = &Error{p.at + name}
	}
}

// ParseObject reads a JSON object. A name that stands there twice, in whatever
// letter case, makes it invalid.
func ParseObject(text []byte, at string) (Set, error) {
	p := New(at)
	dec := json.NewDecoder(bytes.NewReader(text))
	start, err := dec.Token()
	if err == io.EOF || err == nil && start == nil {
		return p, nil // nothing, or null: filestack-go sends that with every request
	}
	if err != nil || start != json.Delim('{') {
		return p, &Error{at + "body"}
	}
	for dec.More() {
		token, err := dec.Token()
		if err != nil {
			return p, &Error{at + "body"}
		}
		name := strings.ToLower(token.(string)) // a decoder gives nothing else here
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return p, &Error{at + "body"}
		}
		if _, repeated := p.values[name]; repeated {
			return p, &Error{at + name}
		}
		p.values[name] = value
	}
	if _, err := dec.Token(); err != nil {
		return p, &Error{at + "body"}
	}
	if _, err := dec.Token(); err != io.EOF {
		return p, &Error{at + "body"}
	}
	return p, nil
}

// ParseQuery reads a query. What cannot be decoded is left out; a parameter that
// stands there twice becomes a list, which nobody asks for.
func ParseQuery(text string) Set {
	p := New("")
	values, _ := url.ParseQuery(text) // the error is for what it left out
	for name, all := range values {
		for _, value := range all {
			p.add(name, value)
		}
	}
	return p
}

// Names returns the names, in lower case and in no set order.
func (p Set) Names() []string { return slices.Collect(maps.Keys(p.values)) }

// Fill adds what q has and p has not.
func (p Set) Fill(q Set) {
	for name, value := range q.values {
		if _, ok := p.values[name]; !ok {
			p.values[name] = value
		}
	}
}

// Put sets a parameter to the JSON of v. What has none takes it away.
func (p Set) Put(name string, v any) {
	text, err := json.Marshal(v)
	if delete(p.values, strings.ToLower(name)); err == nil {
		p.values[strings.ToLower(name)] = text
	}
}

func (p Set) add(name, value string) {
	name = strings.ToLower(name)
	text := quote(value)
	if _, repeated := p.values[name]; repeated {
		text = []byte("[]")
	}
	p.values[name] = text
}

// quote returns value as JSON.
func quote(value string) json.RawMessage {
	if isPlain(value) {
		return json.RawMessage(`"` + value + `"`)
	}
	text, _ := json.Marshal(value) // a string always has a JSON form
	return text
}

// isPlain reports whether s stands in JSON as it is, between quotes.
func isPlain[T string | json.RawMessage](s T) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// FromForm are the fields of a form as if they had come in JSON: a field
// store_path is the member path of store. Filestack's PHP and Java SDKs send
// forms (UploadProcessor.php, UploadService.java).
func FromForm(fields map[string]string) Set {
	p, store := New(""), New("")
	for name, value := range fields {
		if nested, ok := strings.CutPrefix(strings.ToLower(name), "store_"); ok {
			store.add(nested, value)
		} else {
			p.add(name, value)
		}
	}
	if len(store.values) > 0 {
		p.values["store"], _ = json.Marshal(store.values)
	}
	return p
}

// Read reads the parameters in the body of a request: a form of either
// kind, or JSON under any other name.
func Read(r *http.Request) (Set, error) {
	r.Body = io.NopCloser(&boundedReader{r.Body, MaxBody})
	media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if media == "multipart/form-data" || media == "application/x-www-form-urlencoded" {
		form, err := server.ReadForm(r)
		if err != nil {
			return Set{}, err
		}
		if err := form.Finish(); err != nil {
			return Set{}, err
		}
		return FromForm(form.Values()), nil
	}
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return Set{}, fmt.Errorf("read body: %w: %w", err, fault.Canceled)
	}
	return ParseObject(text, "")
}

// A boundedReader gives at most left bytes and then fails.
type boundedReader struct {
	r    io.Reader
	left int64
}

func (b *boundedReader) Read(p []byte) (int, error) {
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.r.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, fmt.Errorf("body has more than %d bytes: %w", MaxBody, fault.TooLarge)
	}
	return n, err
}

// Raw returns the text of a value, and whether it is there and not null.
func (p Set) Raw(name string) (json.RawMessage, bool) {
	value, ok := p.values[name]
	return value, ok && string(value) != "null"
}

// Has reports whether there is a value that is not null.
func (p Set) Has(name string) bool {
	_, ok := p.Raw(name)
	return ok
}

// Text returns a string, or "" if it is missing.
func (p Set) Text(name string) string {
	value, ok := p.Raw(name)
	if !ok {
		return ""
	}
	if n := len(value); n > 1 && value[0] == '"' && isPlain(value[1:n-1]) {
		return string(value[1 : n-1])
	}
	var s string
	if json.Unmarshal(value, &s) != nil {
		p.Reject(name)
	}
	return s
}

// Integer returns a whole number, which may be written as a string, or missing.
func (p Set) Integer(name string, missing int64) int64 {
	value, ok := p.Raw(name)
	text := strings.Trim(string(value), `"`)
	if !ok || text == "" {
		return missing
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		p.Reject(name)
	}
	return n
}

// Flag returns a truth value: true and 1, also as strings, or false and 0 or
// nothing.
func (p Set) Flag(name string) bool {
	value, ok := p.Raw(name)
	switch text := strings.ToLower(strings.Trim(string(value), `"`)); {
	case !ok, text == "", text == "false", text == "0":
		return false
	case text == "true", text == "1":
		return true
	}
	p.Reject(name)
	return false
}

// Object returns the parameters within a parameter.
func (p Set) Object(name string) Set {
	inner := New(p.at + name + ":")
	if value, ok := p.Raw(name); ok {
		parsed, err := ParseObject(value, p.at+name+":")
		if err != nil {
			p.Reject(name)
		}
		inner.values = parsed.values
	}
	inner.err = p.err
	return inner
}

// Texts returns a list of strings. An item may be an object with an id, the
// list may be a single string, and a string may hold several with "," between
// them, as filestack-ruby writes workflows.
func (p Set) Texts(name string) []string {
	value, ok := p.Raw(name)
	if !ok {
		return nil
	}
	var items []json.RawMessage
	if json.Unmarshal(value, &items) != nil {
		items = []json.RawMessage{value}
	}
	var list []string
	for _, item := range items {
		var named struct{ ID string }
		var text string
		if json.Unmarshal(item, &text) != nil && json.Unmarshal(item, &named) != nil {
			p.Reject(name)
		}
		for _, one := range strings.Split(text+named.ID, `","`) {
			if one != "" {
				list = append(list, one)
			}
		}
	}
	return list
}

// Tags returns an object of strings, whose names keep their letter case; it may be
// the text of one, as in a query or a form. A list says nothing: filestack-go sends
// one, or null.
func (p Set) Tags(name string) map[string]string {
	value, ok := p.Raw(name)
	if ok && value[0] == '"' {
		value = json.RawMessage(p.Text(name))
	}
	if !ok || len(value) == 0 || value[0] == '[' {
		return nil
	}
	var tags map[string]string
	if json.Unmarshal(value, &tags) != nil {
		p.Reject(name)
	}
	return tags
}
