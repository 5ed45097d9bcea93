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
	var pieces []string
	for {
		i := find(s, separator, nested)
		if i < 0 {
			return append(pieces, s)
		}
		pieces = append(pieces, s[:i])
		s = s[i+len(separator):]
	}
}

// find returns where separator, in lower case, first stands in s; with nested
// set, outside quotes and brackets. It returns -1 if it does not.
func find(s, separator string, nested bool) int {
	if separator[0] == '%' && strings.IndexByte(s, '%') < 0 { // as in most
		return -1
	}
	quoted, depth := false, 0
	for i := 0; i < len(s); {
		mark, n := next(s[i:])
		switch {
		case nested && mark == '"':
			quoted = !quoted
		case nested && !quoted && mark == '[':
			depth++
		case nested && !quoted && mark == ']' && depth > 0:
			depth--
		case !quoted && depth == 0 && len(s)-i >= len(separator) && strings.EqualFold(s[i:i+len(separator)], separator):
			return i
		}
		i += n
	}
	return -1
}

// balanced reports whether every quote and bracket in s is closed.
func balanced(s string) bool {
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
		switch strings.ToLower(s[1:3]) {
		case "22":
			return '"', 3
		case "5b":
			return '[', 3
		case "5d":
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
