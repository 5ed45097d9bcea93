// Package taskurl reads the paths of Filestack's delivery URLs: an API key,
// tasks, and the source they work on. It says what is written there, and leaves
// to others whether a parameter makes sense and whether the caller may have it.
package taskurl

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/fault"
)

// Limits on one URL.
const (
	MaxTarget  = 32 << 10 // bytes
	MaxTasks   = 64
	MaxSources = 100
	MaxParams  = 100 // of one task

	// maxSegments bounds the work: a path of a store task may be written without
	// quotes, and each of its segments is looked at anew.
	maxSegments = 256
)

// A Chain is what a delivery URL says.
type Chain struct {
	Key     string // API key, empty if the URL names none
	Tasks   []Task // in the order they are written
	Sources []string
	Suffix  string // what follows "+" behind a handle: an extension or a name
	Query   string // raw query of the request; that of an outside source is part of the source
}

// An UnknownTask is an error about a task that is not known. It wraps
// fault.Invalid.
type UnknownTask struct{ Name string }

func (e *UnknownTask) Error() string { return fmt.Sprintf("unknown task %q", e.Name) }

// Unwrap returns fault.Invalid.
func (e *UnknownTask) Unwrap() error { return fault.Invalid }

// A Repeated is an error about a parameter that is given twice. It wraps
// fault.Invalid.
type Repeated struct{ Task, Param string }

func (e *Repeated) Error() string {
	return fmt.Sprintf("parameter `%s` for `%s` task is given twice", e.Param, e.Task)
}

// Unwrap returns fault.Invalid.
func (e *Repeated) Unwrap() error { return fault.Invalid }

// Find returns the first task called name, and whether there is one.
func (c Chain) Find(name string) (Task, bool) {
	i := slices.IndexFunc(c.Tasks, func(t Task) bool { return t.Name == name })
	if i < 0 {
		return Task{}, false
	}
	return c.Tasks[i], true
}

// Parse reads a request target as it came over the wire: the path and query,
// not decoded and not cleaned. An error wraps fault.Invalid, or fault.TooLarge
// over a limit.
//
// Filestack documentation: "Processing API". How each client writes its URLs was
// read from its source: filestack-js filelink.ts, filestack-go transformation
// files, filestack-php TransformationMixin, filestack-ruby filestack_transform,
// filestack-swift Transformable, filestack-java Transform.
func Parse(target string) (Chain, error) {
	if len(target) > MaxTarget {
		return Chain{}, fmt.Errorf("target of %d bytes: %w", len(target), fault.TooLarge)
	}
	target = strings.TrimPrefix(target, "/")
	if head, query, _ := strings.Cut(target, "?"); !strings.Contains(head, "/") {
		if id, err := asset.ParseID(head); err == nil { // most targets are no more than that
			return Chain{Sources: []string{string(id)}, Query: query}, nil
		}
	}
	p := parser{rest: target}
	for n := 0; p.rest != "" && !p.done; n++ {
		if n == maxSegments {
			return Chain{}, fmt.Errorf("more than %d segments: %w", n, fault.TooLarge)
		}
		if err := p.segment(); err != nil {
			return Chain{}, err
		}
	}
	p.chain.Tasks = slices.Grow(p.chain.Tasks, len(p.tasks))
	for _, text := range p.tasks {
		t, err := parseTask(text)
		if err != nil {
			return Chain{}, err
		}
		p.chain.Tasks = append(p.chain.Tasks, t)
	}
	p.chain.Tasks = append(p.chain.Tasks, p.listed...)
	switch {
	case len(p.chain.Tasks) > MaxTasks:
		return Chain{}, fmt.Errorf("%d tasks: %w", len(p.chain.Tasks), fault.TooLarge)
	case len(p.chain.Sources) > MaxSources:
		return Chain{}, fmt.Errorf("%d sources: %w", len(p.chain.Sources), fault.TooLarge)
	}
	return p.chain, nil
}

// A parser walks the target from segment to segment.
type parser struct {
	rest   string   // not read yet
	tasks  []string // text of the tasks so far
	listed []Task   // tasks from a base64 list
	chain  Chain
	done   bool
}

var taskLike = regexp.MustCompile(`^[a-z][a-z0-9_]*(=.*)?$`)

// schemes begin a source that is no handle.
var schemes = []string{"http", "https", "src", "b64", "wf"}

// outside reports whether text begins as a source that is no handle does.
func outside(text string) bool {
	if mark, _ := next(text); mark == '"' || mark == '\'' || mark == '[' {
		return true
	}
	scheme, _, found := cutAny(text, ":", "%3a")
	return found && slices.ContainsFunc(schemes, func(s string) bool { return strings.EqualFold(s, scheme) })
}

// segment reads the next segment: the first rule that fits decides what it is.
func (p *parser) segment() error {
	text, rest, more := cut(p.rest)
	head, _, _ := strings.Cut(text, "?")
	id, suffix := Handle(head)
	last := strings.Trim(rest, "/") == ""
	switch {
	case text == "":
		if p.free() {
			p.glue("")
		}
	case text == "b64":
		list, after, _ := cut(rest)
		rest = after
		if err := p.list(list); err != nil {
			return err
		}
	case outside(text):
		return p.source(p.rest)
	case id != "" && (p.chain.Key != "" || len(p.tasks) > 0 || len(head) < len(text) || last):
		_, p.chain.Query, _ = strings.Cut(p.rest, "?")
		p.chain.Sources, p.chain.Suffix = []string{string(id)}, suffix
		p.done = true
	case isTask(text):
		if name, _, _ := cutAny(text, "=", "%3d"); strings.Contains(name, "?") {
			text, p.chain.Query, _ = strings.Cut(p.rest, "?")
			rest = ""
		} else if last {
			text, p.chain.Query = cutQuery(text)
		}
		p.tasks = append(p.tasks, splitTasks(text)...)
	case !more || last || len(head) < len(text) && !strings.Contains(head, "."):
		// A handle that cannot be one: there is no such file.
		source, query, _ := strings.Cut(p.rest, "?")
		p.chain.Sources, p.chain.Query = []string{unescape(strings.TrimRight(source, "/"))}, query
		p.done = true
	case p.chain.Key == "" && !slices.ContainsFunc(p.tasks, notDebug) && !strings.ContainsAny(text, "=:?"):
		p.chain.Key = unescape(text)
	case p.free():
		p.glue(text)
	case taskLike.MatchString(text):
		name, _, _ := strings.Cut(text, "=")
		return &UnknownTask{name}
	default: // an address without its scheme
		return p.source("http://" + p.rest)
	}
	p.rest = rest
	return nil
}

// free reports whether the last task may go on with the next segment.
func (p *parser) free() bool { return len(p.tasks) > 0 && endsInFreeText(p.tasks[len(p.tasks)-1]) }

// glue adds a segment to the last task, whose path was written without quotes.
func (p *parser) glue(text string) { p.tasks[len(p.tasks)-1] += "/" + text }

// list reads the base64 text of a JSON list of tasks.
func (p *parser) list(text string) error {
	data, err := decode64(unescape(text))
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, &p.listed); err != nil {
		return fmt.Errorf("base64 list of tasks: %w: %w", err, fault.Invalid)
	}
	return nil
}

// source reads text, which goes on to the end of the target, as the source.
func (p *parser) source(text string) error {
	p.done = true
	source, query := text, ""
	if decoded := strings.ToLower(unescape(text)); !strings.HasPrefix(decoded, "http:") && !strings.HasPrefix(decoded, "https:") {
		source, query = cutQuery(text)
	}
	p.chain.Query = query
	var err error
	p.chain.Sources, err = sources(strings.TrimRight(source, "/"), source, 0)
	return err
}

// maxSourceDepth bounds what a source is wrapped in: base64 of a quoted address,
// or of a list of them.
const maxSourceDepth = 3

// sources returns what a source names: itself, the items of a list, or what
// base64 text decodes to. whole is text with its trailing slashes, which belong
// to an address.
func sources(text, whole string, depth int) ([]string, error) {
	if text == "" {
		return nil, nil
	}
	if depth > maxSourceDepth {
		return nil, fmt.Errorf("source within %d others: %w", depth, fault.Invalid)
	}
	mark, n := next(text)
	switch scheme, rest, _ := cutAny(text, ":", "%3a"); {
	case mark == '[':
		if closing, n := last(text); closing == ']' {
			text = text[:len(text)-n]
		}
		var found []string
		for _, item := range split(text[n:], ",") {
			one, err := sources(strings.TrimSpace(item), item, depth+1)
			if err != nil {
				return nil, err
			}
			found = append(found, one...)
		}
		return found, nil
	case mark == '"' || mark == '\'':
		text = text[n:]
		if closing, n := last(text); closing == mark {
			text = text[:len(text)-n]
		}
		return sources(text, text, depth+1)
	case strings.EqualFold(scheme, "b64"):
		data, err := decode64(strings.TrimLeft(unescape(rest), "/"))
		if err != nil {
			return nil, err
		}
		return sources(string(data), string(data), depth+1)
	case strings.EqualFold(scheme, "http"), strings.EqualFold(scheme, "https"):
		return []string{outsideURL(whole)}, nil
	}
	return []string{unescape(text)}, nil
}

// outsideURL returns an http or https address. Its percent-encoding stays as it
// is, unless the whole of it was encoded once more to fit in one segment.
func outsideURL(text string) string {
	scheme, rest, _ := strings.Cut(text, ":")
	if strings.Contains(scheme, "%") || !strings.HasPrefix(rest, "//") {
		text = unescape(text)
	}
	return strings.ReplaceAll(text, " ", "%20")
}

// Handle reads text as a handle and what may follow it: "+" and an extension or
// a name, which is returned, or "&" and a parameter that filestack-php appends
// by mistake. The ID is empty if text is none.
func Handle(text string) (asset.ID, string) {
	head, suffix, _ := strings.Cut(text, "+")
	head, _, _ = strings.Cut(head, "&")
	id, err := asset.ParseID(head)
	if err != nil {
		return "", ""
	}
	return id, unescape(suffix)
}

func notDebug(task string) bool { return task != "debug" }

// isTask reports whether text begins with the name of a known task.
func isTask(text string) bool {
	head, _, _ := cutAny(text, "=", "%3d")
	head, _, _ = strings.Cut(head, "?")
	head, _, _ = strings.Cut(head, "@")
	if i := find(head, "%2f", false); i >= 0 {
		head = head[:i]
	}
	return Known(canonicalName(strings.ToLower(head)))
}

// splitTasks splits a segment that filestack-java made of several tasks, by
// encoding every slash between them.
func splitTasks(text string) []string {
	pieces := split(text, "%2f")
	for _, piece := range pieces {
		if !isTask(piece) {
			return []string{text}
		}
	}
	return pieces
}

// decode64 decodes base64 in either alphabet, padded or not.
func decode64(text string) ([]byte, error) {
	text = strings.NewReplacer("+", "-", "/", "_").Replace(strings.TrimRight(text, "="))
	data, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("base64 text: %w: %w", err, fault.Invalid)
	}
	return data, nil
}

// unescape undoes percent-encoding once. A percent sign that does not begin
// two hexadecimal digits is kept.
func unescape(s string) string {
	if strings.IndexByte(s, '%') < 0 { // as in most
		return s
	}
	if s, err := url.PathUnescape(s); err == nil {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if c, err := url.PathUnescape(s[i : i+3]); err == nil {
				b.WriteString(c)
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// unquote removes one pair of quotes around s.
func unquote(s string) string {
	if len(s) >= 2 && (s[0] == '"' || s[0] == '\'') && s[len(s)-1] == s[0] {
		return s[1 : len(s)-1]
	}
	return s
}
