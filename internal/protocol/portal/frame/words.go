package frame

import (
	"fmt"
	"html/template"
	"math"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/stowgate/stowgate/internal/fault"
)

// words are what templates call. A name that is none of the page's data is a verb
// or a noun of how things are written.
var words = template.FuncMap{
	"item":   menuItem,
	"moment": func(t time.Time) string { return t.UTC().Format("2 Jan 2006, 15:04 UTC") },
	"exact":  func(t time.Time) string { return t.UTC().Format("2 Jan 2006, 15:04:05 UTC") },
	"stamp":  func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
	"bytes":  Bytes,
	"span":   Span,
	"count":  Count,
	"path":   url.PathEscape,
	"join":   func(list []string) string { return strings.Join(list, ", ") },
	"list":   func(items ...string) []string { return items },
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
	return menuLink{Root + "/apps/" + url.PathEscape(s.App.Key) + page, name, s.Section == section || strings.HasPrefix(s.Section, section+"-")}
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

// Span writes how long something took, as people read it.
func Span(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return "under 1\u00a0ms"
	case d < time.Second:
		return fmt.Sprintf("%d\u00a0ms", d.Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%.1f\u00a0s", d.Truncate(time.Second/10).Seconds())
	}
	return d.Round(time.Second).String()
}

// units are what Size and ParseSize write sizes in.
var units = []struct {
	name  string
	bytes int64
}{{"TB", 1e12}, {"GB", 1e9}, {"MB", 1e6}, {"kB", 1e3}, {"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}}

// Size writes a number of bytes for a form, exactly; "" for none.
func Size(n int64) string {
	if n == 0 {
		return ""
	}
	for _, u := range units {
		if n%u.bytes == 0 {
			return fmt.Sprintf("%d %s", n/u.bytes, u.name)
		}
	}
	return fmt.Sprint(n)
}

// ParseSize is the inverse of Size; units are read in any case.
func ParseSize(text string) (int64, error) {
	text = strings.ToLower(strings.ReplaceAll(strings.TrimSpace(text), " ", ""))
	if text == "" {
		return 0, nil
	}
	scale := int64(1)
	for _, u := range units {
		if number, ok := strings.CutSuffix(text, strings.ToLower(u.name)); ok {
			text, scale = number, u.bytes
			break
		}
	}
	n, err := strconv.ParseInt(strings.TrimSuffix(text, "b"), 10, 64)
	if err != nil || n < 0 || n > math.MaxInt64/scale {
		return 0, fmt.Errorf("size %q: %w", text, fault.Invalid)
	}
	return n * scale, nil
}
