package frame

import (
	"fmt"
	"html/template"
	"net/url"
	"strings"
	"time"
)

// words are what templates call. A name that is none of the page's data is a verb
// or a noun of how things are written.
var words = template.FuncMap{
	"item":   menuItem,
	"moment": func(t time.Time) string { return t.UTC().Format("2 Jan 2006, 15:04 UTC") },
	"stamp":  func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
	"bytes":  Bytes,
	"count":  Count,
	"path":   url.PathEscape,
	"join":   func(list []string) string { return strings.Join(list, ", ") },
	"field":  func(name, text, wrong string) field { return field{name, text, wrong} },
}

// A field is one of a form, for templates that share it.
type field struct{ Name, Text, Wrong string }

// A menuLink is a line of an app's menu.
type menuLink struct {
	Link, Name string
	Current    bool
}

func menuItem(s sheet, section, page, name string) menuLink {
	return menuLink{Root + "/apps/" + url.PathEscape(s.App.Key) + page, name, s.Section == section}
}

// Bytes writes a number of bytes as people read it, in powers of 1000.
func Bytes(n int64) string {
	if n < 1000 {
		return fmt.Sprintf("%d bytes", n)
	}
	size, unit := float64(n), -1
	for ; size >= 999.5 && unit < len("kMGTPE")-1; unit++ {
		size /= 1000
	}
	if size < 9.95 {
		return fmt.Sprintf("%.1f %cB", size, "kMGTPE"[unit])
	}
	return fmt.Sprintf("%.0f %cB", size, "kMGTPE"[unit])
}

// Count writes a number with thin spaces between its thousands.
func Count(n int64) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "\u2009" + text[i:]
	}
	return text
}
