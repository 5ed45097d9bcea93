package taskurl

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/stowgate/stowgate/internal/fault"
)

// A Task is one step of a chain: what is done to the source, or how the answer
// is given.
type Task struct {
	Name   string // lower case, one of those Known accepts
	Index  string // which of several outputs is meant, from "name@2"; empty for all
	Params map[string]Value
}

// A Value is what a parameter is set to: text, or a list of values.
type Value struct {
	Text string
	List []Value // not nil for a list, even an empty one
}

// Text returns the text of the parameter called name, or "" if it is missing
// or a list.
func (t Task) Text(name string) string { return t.Params[name].Text }

// Off reports whether t is switched off: {"name":"flip","params":false}, or
// "flip=false". To cache=false that means something else.
func (t Task) Off() bool {
	v, ok := t.Params["false"]
	return ok && t.Name != "cache" && v.Text == "" && v.List == nil
}

// MarshalJSON returns v as a JSON string or array.
func (v Value) MarshalJSON() ([]byte, error) {
	if v.List != nil {
		return json.Marshal(v.List)
	}
	return json.Marshal(v.Text)
}

// Known reports whether name, in lower case, is a task.
func Known(name string) bool {
	_, ok := names[name]
	return ok
}

// UnmarshalJSON reads a task of a JSON list, as POST /process and base64 links
// carry it: {"name":"resize","params":{"width":100}}. Member names may have any
// case, parameters may be camelCase, and params may be null, true or, to switch
// a task off, false.
func (t *Task) UnmarshalJSON(text []byte) error {
	var raw struct {
		Name   string
		Params json.RawMessage
	}
	if err := json.Unmarshal(text, &raw); err != nil {
		return fmt.Errorf("task is not an object: %w", fault.Invalid)
	}
	name, index, _ := strings.Cut(raw.Name, "@")
	*t = Task{Name: canonicalName(snake(name)), Index: index, Params: map[string]Value{}}
	if !Known(t.Name) {
		return &UnknownTask{t.Name}
	}
	switch string(raw.Params) {
	case "", "null", "true":
		return nil
	case "false":
		t.Params["false"] = Value{}
		return nil
	}
	var params map[string]json.RawMessage
	if err := json.Unmarshal(raw.Params, &params); err != nil {
		return fmt.Errorf("parameters of %s are not an object: %w", t.Name, fault.Invalid)
	}
	for key, text := range params {
		v, ok := jsonValue(text)
		if !ok {
			continue
		}
		if err := t.set(snake(key), v); err != nil {
			return err
		}
	}
	return nil
}

// jsonValue returns what a JSON value says, and false for null. Of an object it
// takes the member "id", as in the workflows of a store task.
func jsonValue(text []byte) (Value, bool) {
	switch text[0] {
	case 'n':
		return Value{}, false
	case '"':
		var s string
		json.Unmarshal(text, &s) // valid: it was part of a parsed document
		return Value{Text: s}, true
	case '[':
		var items []json.RawMessage
		json.Unmarshal(text, &items)
		list := make([]Value, 0, len(items))
		for _, item := range items {
			if v, ok := jsonValue(item); ok {
				list = append(list, v)
			}
		}
		return Value{List: list}, true
	case '{':
		var named struct{ ID string }
		json.Unmarshal(text, &named)
		return Value{Text: named.ID}, named.ID != ""
	}
	return Value{Text: string(bytes.TrimSpace(text))}, true
}

// parseTask reads "name@2=key:value,key:value". Key order does not matter, and
// a parameter that is set twice is refused.
func parseTask(text string) (Task, error) {
	head, params, _ := cutAny(text, "=", "%3d")
	name, index, _ := strings.Cut(strings.ToLower(head), "@")
	t := Task{Name: canonicalName(name), Index: index, Params: map[string]Value{}}
	if !Known(t.Name) {
		return Task{}, &UnknownTask{t.Name}
	}
	last, pieces := "", split(params, ",")
	if len(pieces) > MaxParams {
		return Task{}, fmt.Errorf("%d parameters of %s: %w", len(pieces), t.Name, fault.TooLarge)
	}
	for _, piece := range pieces {
		if piece == "" {
			continue
		}
		key, value, found := cutAny(piece, ":", "%3a")
		switch {
		case !found && t.Name == "cache":
			if err := t.set(strings.ToLower(piece), Value{}); err != nil {
				return Task{}, err
			}
		case !found && last != "": // an unquoted comma inside a value
			v := t.Params[last]
			v.Text += "," + unescape(piece)
			t.Params[last] = v
		default:
			last = canonicalParam(t.Name, snake(unescape(key)))
			if err := t.set(last, parseValue(value, 0)); err != nil {
				return Task{}, err
			}
		}
	}
	return t, nil
}

// set sets a parameter under its long name.
func (t *Task) set(key string, v Value) error {
	key = canonicalParam(t.Name, key)
	if _, ok := t.Params[key]; ok {
		return &Repeated{t.Name, key}
	}
	t.Params[key] = v
	return nil
}

// maxListDepth bounds lists within lists; a list of boxes needs two.
const maxListDepth = 4

// parseValue reads the percent-encoded text of a value.
func parseValue(text string, depth int) Value {
	decoded := unescape(text)
	if len(decoded) < 2 || decoded[0] != '[' || decoded[len(decoded)-1] != ']' || depth == maxListDepth {
		return Value{Text: unquote(decoded)}
	}
	if depth == 0 && json.Valid([]byte(decoded)) {
		v, _ := jsonValue([]byte(decoded))
		return v
	}
	list := []Value{}
	inner := decoded[1 : len(decoded)-1]
	if depth == 0 && text[0] == '[' && text[len(text)-1] == ']' {
		inner = text[1 : len(text)-1] // items are split before they are decoded
	}
	for _, item := range split(inner, ",") {
		if item != "" {
			list = append(list, parseValue(item, depth+1))
		}
	}
	return Value{List: list}
}

// endsInFreeText reports whether the last parameter of a task's text is one
// that Swift and Go write with unquoted slashes, and is not quoted.
func endsInFreeText(text string) bool {
	head, params, _ := cutAny(text, "=", "%3d")
	pieces := split(params, ",")
	key, value, found := cutAny(pieces[len(pieces)-1], ":", "%3a")
	if !found || strings.HasPrefix(unescape(value), `"`) {
		return false
	}
	switch canonicalParam(canonicalName(strings.ToLower(head)), snake(key)) {
	case "path", "file", "filename", "css", "text", "targets", "title", "watermark_url":
		return true
	}
	return false
}

// snake turns camelCase into snake_case, and everything into lower case.
func snake(s string) string {
	if !strings.ContainsFunc(s, func(c rune) bool { return 'A' <= c && c <= 'Z' || c >= utf8.RuneSelf }) {
		return s
	}
	var b strings.Builder
	for i, c := range s {
		if 'A' <= c && c <= 'Z' {
			if i > 0 && s[i-1] >= 'a' && s[i-1] <= 'z' {
				b.WriteByte('_')
			}
			c += 'a' - 'A'
		}
		b.WriteRune(c)
	}
	return b.String()
}

func canonicalName(name string) string {
	switch name {
	case "round_corners": // filestack-python
		return "rounded_corners"
	case "enchance": // filestack-js, a typing error
		return "enhance"
	}
	return name
}

func canonicalParam(task, key string) string {
	if long, ok := names[task][key]; ok {
		return long
	}
	return key
}
