// Package redact takes secrets out of what is logged.
package redact

import (
	"context"
	"encoding/hex"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
)

// hidden stands for a secret in a log.
const hidden = "[hidden]"

// secretNames are the names of values that no log may hold. What only ends in
// one of them counts as well, like partTicket or app_secret.
const secretNames = `policy|signature|secret|token|ticket|password|passwd|cookie|authorization`

var (
	secretKey = regexp.MustCompile(`(?i)(?:` + secretNames + `)s?$`)

	// In order: header lines, whose values go to their end; a Filestack security
	// task, which has many spellings; and name=value or "name": "value".
	secretText = regexp.MustCompile(`(?i)((?:cookie|authorization)["']?\s*[:=]\s*)[^\r\n"'\]]+` +
		`|(security(?:=|%3d))[^/?&\s"']+` +
		`|((?:` + secretNames + `)["'\]]?\s*(?:=|:|%3[ad])\s*["'\[]?)[^&,;\s"'<>\])]+`)
)

// sealed is a run of text longer than any name or handle: a ticket, as it stands
// in the path of a part's upload.
var sealed = regexp.MustCompile(fmt.Sprintf(`[\w-]{%d,}`, minSealed))

// minSealed is how many characters the shortest ticket has, and some less.
const minSealed = 120

// listed is a Filestack list of tasks in base64, one of which may be security.
var listed = regexp.MustCompile(`(/b64/)[^/\s"]+`)

// escapedLetter is a letter as nobody has to escape it in a URL.
var escapedLetter = regexp.MustCompile(`%(?:[46][1-9A-Fa-f]|[57][0-9Aa])`)

// Text returns s without the values of policies, signatures, tokens, cookies
// and other secrets, as they stand in URLs, headers, forms and JSON, and
// without tickets. Letters
// that were escaped in a URL are not any more.
func Text(s string) string {
	if len(s) >= minSealed {
		s = sealed.ReplaceAllString(s, hidden)
	}
	if strings.Contains(s, "/b64/") {
		s = listed.ReplaceAllString(s, "${1}"+hidden)
	}
	if !strings.ContainsAny(s, "=:%") {
		return s
	}
	if strings.Contains(s, "%") {
		s = escapedLetter.ReplaceAllStringFunc(s, func(escape string) string {
			letter, _ := hex.DecodeString(escape[1:])
			return string(letter)
		})
	}
	if !mentions(s) {
		return s
	}
	return secretText.ReplaceAllString(s, "${1}${2}${3}"+hidden)
}

// names are what secretText looks for. It is slow, so they are looked for first.
var names = strings.Split(secretNames+"|security", "|")

// mentions says whether s holds one of the names, in whatever case.
func mentions(s string) bool {
	for i := range len(s) {
		first := s[i] | 0x20
		if strings.IndexByte("pstca", first) < 0 {
			continue
		}
		for _, name := range names {
			if name[0] == first && len(s)-i >= len(name) && strings.EqualFold(s[i:i+len(name)], name) {
				return true
			}
		}
	}
	return false
}

// A redactor is a slog.Handler that takes secrets out of everything it passes
// on, so that no caller can forget to.
type redactor struct{ next slog.Handler }

// Handler returns a handler that takes secrets out of what is logged, and
// passes it on to next.
func Handler(next slog.Handler) slog.Handler { return redactor{next} }

func (h redactor) Enabled(ctx context.Context, level slog.Level) bool {
	return h.next.Enabled(ctx, level)
}

func (h redactor) Handle(ctx context.Context, r slog.Record) error {
	clean := slog.NewRecord(r.Time, r.Level, Text(r.Message), r.PC)
	r.Attrs(func(a slog.Attr) bool {
		clean.AddAttrs(redactAttr(a))
		return true
	})
	return h.next.Handle(ctx, clean)
}

func (h redactor) WithAttrs(attrs []slog.Attr) slog.Handler {
	return redactor{h.next.WithAttrs(redactAttrs(attrs))}
}

func (h redactor) WithGroup(name string) slog.Handler {
	return redactor{h.next.WithGroup(name)}
}

func redactAttrs(attrs []slog.Attr) []slog.Attr {
	clean := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		clean[i] = redactAttr(a)
	}
	return clean
}

func redactAttr(a slog.Attr) slog.Attr {
	v := a.Value.Resolve()
	switch {
	case v.Kind() == slog.KindGroup:
		return slog.Attr{Key: a.Key, Value: slog.GroupValue(redactAttrs(v.Group())...)}
	case secretKey.MatchString(a.Key):
		return slog.String(a.Key, hidden)
	case v.Kind() == slog.KindString:
		return slog.String(a.Key, Text(v.String()))
	case v.Kind() == slog.KindAny && v.Any() != nil:
		return slog.String(a.Key, Text(fmt.Sprint(v.Any())))
	}
	return a
}
