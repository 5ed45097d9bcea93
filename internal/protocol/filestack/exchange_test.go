package filestack

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

// TestExchanges replays what official clients send, request by request, and
// compares the answers.
//
// An exchange is a txtar file of requests, each followed by the response. In a
// request, ${name} is what an earlier response said; a request to PUT a body has
// its length added. In a response, <name> is any text the first time, and the
// same text from then on; JSON is compared as values, and only the header fields
// that are listed count.
func TestExchanges(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no exchanges: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			config := Config{}
			if strings.Contains(string(archive.Comment), "plain HTTP") {
				config.PublicURL = "http://files.test"
			}
			s := newStack(t, config)
			known := map[string]string{"https": "https"}
			var got string
			for i, f := range archive.Files {
				switch f.Name {
				case "request":
					got = s.exchange(t, expand(t, string(f.Data), known))
				case "response":
					if err := compare(got, string(f.Data), known); err != nil {
						t.Fatalf("response %d: %v\n%s", i/2+1, err, got)
					}
				default:
					t.Fatalf("part %q of %s is neither request nor response", f.Name, file)
				}
			}
		})
	}
}

// exchange sends one recorded request and returns the response as text.
func (s *stack) exchange(t *testing.T, text string) string {
	head, body, _ := strings.Cut(text, "\n\n")
	body = strings.TrimSuffix(body, "\n")
	if strings.Contains(head, "multipart/form-data") {
		body = strings.ReplaceAll(body, "\n", "\r\n") + "\r\n"
	}
	head = strings.TrimSuffix(head, "\n")
	if body != "" {
		head += fmt.Sprintf("\nContent-Length: %d", len(body))
	}
	if !strings.Contains(head, "\nHost:") {
		head += "\nHost: files.test"
	}
	w := s.raw(t, strings.ReplaceAll(head, "\n", "\r\n")+"\r\n\r\n"+body)
	var b strings.Builder
	fmt.Fprintf(&b, "%d\n", w.Code)
	w.Header().Write(&b)
	return strings.ReplaceAll(b.String(), "\r\n", "\n") + "\n" + w.Body.String()
}

var reference = regexp.MustCompile(`\$\{(\w+)\}`)

func expand(t *testing.T, text string, known map[string]string) string {
	return reference.ReplaceAllStringFunc(text, func(ref string) string {
		value, ok := known[ref[2:len(ref)-1]]
		if !ok {
			t.Fatalf("%s is not known yet", ref)
		}
		return value
	})
}

// compare returns how a response differs from the one wanted.
func compare(got, want string, known map[string]string) error {
	gotHead, gotBody, _ := strings.Cut(got, "\n\n")
	wantHead, wantBody, hasBody := strings.Cut(want, "\n\n")
	wantBody = strings.TrimSuffix(wantBody, "\n")
	gotLines, wantLines := strings.Split(gotHead, "\n"), strings.Split(strings.TrimSuffix(wantHead, "\n"), "\n")
	if gotLines[0] != wantLines[0] {
		return fmt.Errorf("status %s, want %s", gotLines[0], wantLines[0])
	}
	for _, line := range wantLines[1:] {
		found := false
		for _, have := range gotLines[1:] {
			name, value, _ := strings.Cut(have, ": ")
			wantName, wantValue, _ := strings.Cut(line, ": ")
			found = found || strings.EqualFold(name, wantName) && match(value, wantValue, known)
		}
		if !found {
			return fmt.Errorf("no header %q", line)
		}
	}
	if !hasBody {
		return nil
	}
	var gotJSON, wantJSON any
	if json.Unmarshal([]byte(wantBody), &wantJSON) == nil && json.Unmarshal([]byte(gotBody), &gotJSON) == nil {
		return compareJSON("body", gotJSON, wantJSON, known)
	}
	if !match(gotBody, wantBody, known) {
		return fmt.Errorf("body %q, want %q", gotBody, wantBody)
	}
	return nil
}

func compareJSON(at string, got, want any, known map[string]string) error {
	switch want := want.(type) {
	case map[string]any:
		have, ok := got.(map[string]any)
		if !ok {
			return fmt.Errorf("%s is %v, want an object", at, got)
		}
		for name := range have {
			if _, ok := want[name]; !ok {
				return fmt.Errorf("%s has %s: %v, which is not wanted", at, name, have[name])
			}
		}
		for name, value := range want {
			if err := compareJSON(at+"."+name, have[name], value, known); err != nil {
				return err
			}
		}
		return nil
	case string:
		if have, ok := got.(string); ok && match(have, want, known) {
			return nil
		}
		if n, ok := got.(float64); ok && want == "<number>" && n > 0 {
			return nil
		}
	default:
		if reflect.DeepEqual(got, want) {
			return nil
		}
	}
	return fmt.Errorf("%s is %v, want %v", at, got, want)
}

var placeholder = regexp.MustCompile(`<(\w+)>`)

// match reports whether got is want, and notes what its placeholders stand for.
func match(got, want string, known map[string]string) bool {
	var pattern strings.Builder
	var names []string
	at := 0
	for _, m := range placeholder.FindAllStringSubmatchIndex(want, -1) {
		pattern.WriteString(regexp.QuoteMeta(want[at:m[0]]))
		name := want[m[2]:m[3]]
		if value, ok := known[name]; ok {
			pattern.WriteString(regexp.QuoteMeta(value))
		} else {
			pattern.WriteString("(.+)")
			names = append(names, name)
		}
		at = m[1]
	}
	pattern.WriteString(regexp.QuoteMeta(want[at:]))
	m := regexp.MustCompile(`(?s)^` + pattern.String() + `$`).FindStringSubmatch(got)
	if m == nil {
		return false
	}
	for i, name := range names {
		known[name] = m[i+1]
	}
	return true
}
