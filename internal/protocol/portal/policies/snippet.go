package policies

import (
	"embed"
	"encoding/json"
	"fmt"
	"strings"
	"text/template"
	"time"
	"unicode/utf16"
)

//go:embed snippets/*.txt
var files embed.FS

// A language is one that servers are written in.
type language struct{ Name, file string }

var languages = []language{
	{"Node.js", "node.js"}, {"Python", "python.py"}, {"Go", "go.go"}, {"Ruby", "ruby.rb"}, {"PHP", "php.php"}, {"Java", "java.java"},
	{"C#", "csharp.cs"}, {"curl", "curl.sh"},
}

// A Snippet is a program that signs a policy with the secret in the variable
// STOWGATE_SECRET, and prints it as JSON.
type Snippet struct{ Name, Text string }

// snippets are templates by the name of their file.
var snippets = template.Must(template.New("").Funcs(template.FuncMap{
	"quoted": func(text string) string { return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"` },
	"shell":  func(text string) string { return "'" + text + "'" }, // has no such quotes
}).ParseFS(files, "snippets/*.txt"))

// Snippets returns programs that make a policy with these conditions, anew each
// time for a span from then on.
func Snippets(document map[string]any, span time.Duration, base, key string) ([]Snippet, error) {
	text, err := plainJSON(document)
	if err != nil {
		return nil, err
	}
	data := struct {
		JSON, URL, Key string
		Seconds        int64
	}{text, base, key, int64(span / time.Second)}
	var list []Snippet
	for _, l := range languages {
		var b strings.Builder
		if err := snippets.ExecuteTemplate(&b, l.file+".txt", data); err != nil {
			return nil, err
		}
		list = append(list, Snippet{l.Name, b.String()})
	}
	return list, nil
}

// plainJSON writes a policy that can stand in the texts of any language: in ASCII,
// without single quotes, and beginning with an expiry of 0.
func plainJSON(document map[string]any) (string, error) {
	rest := make(map[string]any)
	for name, value := range document {
		if name != "expiry" {
			rest[name] = value
		}
	}
	text, err := json.Marshal(rest)
	if err != nil {
		return "", fmt.Errorf("write policy: %w", err)
	}
	var b strings.Builder
	for _, r := range string(text) {
		switch {
		case r == '\'' || r > '~' && r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		case r >= 0x10000:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		default:
			b.WriteRune(r)
		}
	}
	if len(rest) == 0 {
		return `{"expiry":0}`, nil
	}
	return `{"expiry":0,` + strings.TrimPrefix(b.String(), "{"), nil
}
