package asset

import (
	"mime"
	"net/url"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

const (
	maxNameLen = 255 // bytes of a stored name
	maxExtLen  = 16  // bytes of an extension, with its dot, that a cut keeps

	untitled = "untitled" // the name of what came without one
)

// CleanName returns what is kept of a name that a client gave to a file: valid
// UTF-8 in normal form C, at most 255 bytes, on one line, without control and
// text direction characters, and without the folders before it. It is never
// empty, "." or "..", and cleaning it again changes nothing.
//
// The result is still only a text: characters that merely look like a slash,
// names reserved by some system, and markup are left as they are.
func CleanName(name string) string {
	if isPlain(name) {
		return name
	}
	name = strings.Map(func(r rune) rune { // also makes U+FFFD of invalid bytes
		if unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp, unicode.Bidi_Control) {
			return -1
		}
		return r
	}, name)
	name = norm.NFC.String(name)
	name = strings.TrimRight(name, `/\ `)
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	name = cut(strings.TrimSpace(name))
	if name == "" || name == "." || name == ".." {
		return untitled
	}
	return name
}

// isPlain reports whether name is clean as it stands, for most that are: it is
// asked for every delivery.
func isPlain(name string) bool {
	for i := range len(name) {
		if c := name[i]; c <= ' ' || c > '~' || c == '/' || c == '\\' {
			return false
		}
	}
	return 0 < len(name) && len(name) <= maxNameLen && name != "." && name != ".."
}

// isToken reports whether name stands in a header without quotes.
// Source: https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2
func isToken(name string) bool {
	for i := range len(name) {
		c := name[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '.' || c == '-' || c == '_') {
			return false
		}
	}
	return name != ""
}

// cut returns name with at most maxNameLen bytes, taking whole characters from
// before its extension.
func cut(name string) string {
	if len(name) <= maxNameLen {
		return name
	}
	ext := path.Ext(name)
	if len(ext) > maxExtLen {
		ext = ""
	}
	end := maxNameLen - len(ext)
	for !utf8.RuneStart(name[end]) {
		end--
	}
	return strings.TrimSpace(name[:end] + ext)
}

// Disposition returns a Content-Disposition header of the given kind, "inline"
// or "attachment", that makes clients call the file name. It is one line of
// ASCII whatever name holds.
//
// A name that old clients would misread is given twice: in the extended form,
// and as a fallback with '_' for each character in question.
// Source: https://www.rfc-editor.org/rfc/rfc6266#appendix-D
func Disposition(kind, name string) string {
	if isToken(name) { // for most names, at a tenth of the work
		return kind + "; filename=" + name
	}
	fallback := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || strings.ContainsRune(`%"\`, r) {
			return '_'
		}
		return r
	}, name)
	params := map[string]string{"filename": fallback}
	if fallback != name {
		params["filename*"] = "UTF-8''" + strings.ReplaceAll(url.QueryEscape(name), "+", "%20")
	}
	return mime.FormatMediaType(kind, params)
}
