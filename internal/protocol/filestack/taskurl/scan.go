package taskurl

import "strings"

// cut returns the text before the first slash that stands outside quotes and
// brackets, what follows the slash, and whether there is one.
func cut(s string) (text, rest string, found bool) {
	if i := find(s, "/", true); i >= 0 {
		return s[:i], s[i+1:], true
	}
	if i := strings.IndexByte(s, '/'); i >= 0 && !balanced(s) {
		return s[:i], s[i+1:], true
	}
	return s, "", false
}

// cutQuery cuts s at its first question mark outside quotes and brackets.
func cutQuery(s string) (text, query string) {
	if i := find(s, "?", true); i >= 0 {
		return s[:i], s[i+1:]
	}
	return s, ""
}

// cutAny cuts s at the first separator, which is also found percent-encoded.
func cutAny(s, separator, encoded string) (before, after string, found bool) {
	i, n := strings.Index(s, separator), len(separator)
	if j := find(s, encoded, false); j >= 0 && (i < 0 || j < i) {
		i, n = j, len(encoded)
	}
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+n:], true
}

// split splits s at every separator outside quotes and brackets, or, if a quote
// or bracket is never closed, at every separator.
func split(s, separator string) []string {
	nested := balanced(s)
	pieces := make([]string, 0, 1+min(strings.Count(s, separator), MaxParams))
	for {
		i := find(s, separator, nested)
		if i < 0 {
			return append(pieces, s)
		}
		pieces = append(pieces, s[:i])
		s = s[i+len(separator):]
	}
}

// find returns where separator first stands in s: one character, or a
// percent-encoded one in lower case. With nested set, it stands outside quotes
// and brackets. It returns -1 if it does not.
func find(s, separator string, nested bool) int {
	first := index(s, separator)
	if first < 0 || !nested || flat(s[:first]) { // as in most
		return first
	}
	quoted, depth := false, 0
	for i := 0; i < len(s); {
		mark, n := next(s[i:])
		switch {
		case mark == '"':
			quoted = !quoted
		case !quoted && mark == '[':
			depth++
		case !quoted && mark == ']' && depth > 0:
			depth--
		case !quoted && depth == 0 && len(s)-i >= len(separator) && strings.EqualFold(s[i:i+len(separator)], separator):
			return i
		}
		i += n
	}
	return -1
}

// index is find without regard to quotes and brackets.
func index(s, separator string) int {
	if separator[0] != '%' {
		return strings.IndexByte(s, separator[0])
	}
	for start := 0; ; start++ {
		i := strings.IndexByte(s[start:], '%')
		if start += i; i < 0 || len(s)-start < len(separator) {
			return -1
		}
		if strings.EqualFold(s[start:start+len(separator)], separator) {
			return start
		}
	}
}

// flat reports that nothing in s opens a quote or bracket.
func flat(s string) bool {
	return strings.IndexByte(s, '"') < 0 && strings.IndexByte(s, '[') < 0 && strings.IndexByte(s, '%') < 0
}

// balanced reports whether every quote and bracket in s is closed.
func balanced(s string) bool {
	if flat(s) {
		return true
	}
	quoted, depth := false, 0
	for i := 0; i < len(s); {
		mark, n := next(s[i:])
		switch {
		case mark == '"':
			quoted = !quoted
		case !quoted && mark == '[':
			depth++
		case !quoted && mark == ']' && depth > 0:
			depth--
		}
		i += n
	}
	return !quoted && depth == 0
}

// next returns the first character of s and its length. Quotes and brackets are
// also found percent-encoded, as browsers and HTTP libraries send them.
func next(s string) (mark byte, n int) {
	if s[0] == '%' && len(s) >= 3 {
		switch s[1:3] {
		case "22":
			return '"', 3
		case "5b", "5B":
			return '[', 3
		case "5d", "5D":
			return ']', 3
		}
	}
	return s[0], 1
}

// last returns the last character of s and its length, as next does the first.
func last(s string) (mark byte, n int) {
	if len(s) >= 3 && s[len(s)-3] == '%' {
		return next(s[len(s)-3:])
	}
	if s == "" {
		return 0, 0
	}
	return s[len(s)-1], 1
}
