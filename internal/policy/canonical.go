package policy

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/stowgate/stowgate/internal/fault"
)

const (
	MaxPath = 1024    // bytes of a canonical storage path
	MaxURL  = 8 << 10 // bytes of the canonical URL of an outside source
)

// CanonicalPath returns the one spelling of the storage path p that is matched
// and kept. p was decoded by whoever received it; an escape still in it is text.
//
// One leading slash is dropped: "/a/b" is the key "a/b" (Filestack
// documentation: "Store a File with the REST API"). A trailing slash stays, and
// means a folder; "" and "/" are the folder at the top, written "". The error
// wraps fault.TooLarge if the path is longer than MaxPath, and fault.Invalid if
// it is not UTF-8, or holds a backslash, a control character, or a segment that
// is empty, "." or "..".
func CanonicalPath(p string) (string, error) {
	p = strings.TrimPrefix(p, "/")
	switch {
	case p == "":
		return "", nil
	case len(p) > MaxPath:
		return "", fmt.Errorf("storage path of %d bytes is over the limit of %d: %w", len(p), MaxPath, fault.TooLarge)
	case !utf8.ValidString(p):
		return "", fmt.Errorf("storage path is not UTF-8: %w", fault.Invalid)
	case strings.ContainsFunc(p, func(c rune) bool { return c == '\\' || unicode.IsControl(c) }):
		return "", fmt.Errorf("storage path with a backslash or a control character: %w", fault.Invalid)
	}
	for segment := range strings.SplitSeq(strings.TrimSuffix(p, "/"), "/") {
		if segment == "" || segment == "." || segment == ".." {
			return "", fmt.Errorf("storage path with the segment %q: %w", segment, fault.Invalid)
		}
	}
	return p, nil
}

// PlainPath returns the path of a URL without its escapes, which some clients sign
// instead of what they send. It reports whether it could do that without making
// another path of it: an escape must not stand for a character that parts an
// address, or begins an escape, so that one text is never signed for two paths.
func PlainPath(escaped string) (string, bool) {
	plain, err := url.PathUnescape(escaped)
	apart := strings.Count(plain, "/") != strings.Count(escaped, "/") ||
		strings.ContainsFunc(plain, func(c rune) bool { return unicode.IsControl(c) || strings.ContainsRune(`?#%\`, c) })
	if err != nil || apart {
		return "", false
	}
	return plain, true
}

// CanonicalURL returns the one spelling of the source URL raw that is matched
// and fetched: scheme and host in lower case, no default port, no fragment, at
// least "/" as path, and escaped what HTTP would not carry. The error wraps
// fault.TooLarge if that is longer than MaxURL, and fault.Invalid if raw is
// not an absolute http or https URL, names a user, has a host that is not plain
// ASCII, or holds a backslash, a control character, or a path segment "." or
// "..", escaped or not.
func CanonicalURL(raw string) (string, error) {
	if !utf8.ValidString(raw) || strings.ContainsFunc(raw, func(c rune) bool { return c == '\\' || unicode.IsControl(c) }) {
		return "", fmt.Errorf("URL with a backslash or a control character, or not UTF-8: %w", fault.Invalid)
	}
	u, err := url.Parse(escape(raw))
	if err != nil {
		return "", fmt.Errorf("URL does not parse: %w", fault.Invalid)
	}
	if u.Scheme != "http" && u.Scheme != "https" {
		return "", fmt.Errorf("URL of scheme %q: %w", u.Scheme, fault.Invalid)
	}
	if u.User != nil {
		return "", fmt.Errorf("URL with user information: %w", fault.Invalid)
	}
	if u.Host, err = canonicalHost(u); err != nil {
		return "", err
	}
	for segment := range strings.FieldsFuncSeq(u.Path, func(c rune) bool { return c == '/' || c == '\\' }) {
		if segment == "." || segment == ".." {
			return "", fmt.Errorf("URL with the segment %q: %w", segment, fault.Invalid)
		}
	}
	if u.Path == "" {
		u.Path = "/"
	}
	u.Fragment, u.RawFragment = "", ""
	canonical := u.String()
	if len(canonical) > MaxURL {
		return "", fmt.Errorf("URL of %d bytes is over the limit of %d: %w", len(canonical), MaxURL, fault.TooLarge)
	}
	return canonical, nil
}

func canonicalHost(u *url.URL) (string, error) {
	const allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._:"
	host := u.Hostname()
	if host == "" || strings.Trim(host, allowed) != "" {
		return "", fmt.Errorf("URL with host %q, which is empty or not plain ASCII: %w", host, fault.Invalid)
	}
	host = strings.ToLower(host)
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if u.Port() == "" {
		return host, nil
	}
	port, err := strconv.ParseUint(u.Port(), 10, 16)
	if err != nil {
		return "", fmt.Errorf("URL with port %q: %w", u.Port(), fault.Invalid)
	}
	if port == 80 && u.Scheme == "http" || port == 443 && u.Scheme == "https" {
		return host, nil
	}
	return host + ":" + strconv.FormatUint(port, 10), nil
}

// escape escapes what a URL typed by a person may have in it, and leaves alone
// what is escaped already. In a host that is refused later.
func escape(raw string) string {
	var b strings.Builder
	for i := range len(raw) {
		if c := raw[i]; c <= ' ' || c >= 0x7f || strings.IndexByte("\"<>^`{|}", c) >= 0 {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}
