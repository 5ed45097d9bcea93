package address

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/policy/instant"
)

const (
	maxToken = 4 << 10 // bytes of a token
	digits   = "0123456789abcdef"
)

// A token is read from exp=<seconds>~acl=<paths>~hmac=<digits>, or from the shorter
// exp=<seconds>~hmac=<digits>, which is for a path that it does not name.
type token struct {
	text    string
	expires time.Time
	acl     string // empty in the shorter form
	mac     []byte
}

// parse reads a token. One that was escaped as a whole is unescaped; otherwise its
// escapes were signed.
func parse(text string) (token, *policy.Denial) {
	if text == "" {
		return token{}, refuse(policy.NoCredentials, "a token is needed")
	}
	t := token{text: text}
	if !strings.HasPrefix(text, "exp=") {
		t.text, _ = url.QueryUnescape(text)
	}
	rest, ok := strings.CutPrefix(t.text, "exp=")
	at := strings.LastIndex(rest, "~hmac=")
	if !ok || at < 0 || len(text) > maxToken {
		return token{}, refuse(policy.BadPolicy, "the token is not like exp=1767225600~acl=/name/*~hmac=0123")
	}
	exp, acl, named := strings.Cut(rest[:at], "~")
	var err error
	if t.expires, err = instant.Parse(exp); err != nil {
		return token{}, refuse(policy.BadPolicy, "exp %v", err)
	}
	t.acl, ok = strings.CutPrefix(acl, "acl=")
	if named && (!ok || !strings.HasPrefix(t.acl, "/") || strings.Contains(strings.TrimSuffix(t.acl, "*"), "*") || strings.ContainsAny(t.acl, "?#")) {
		return token{}, refuse(policy.BadPolicy, "acl is not one path, with * at its end or without")
	}
	digest := rest[at+len("~hmac="):]
	t.mac, err = hex.DecodeString(digest)
	if err != nil || len(t.mac) != sha256.Size || strings.Trim(digest, digits) != "" {
		return token{}, refuse(policy.BadPolicy, "hmac is not 64 lower-case hexadecimal digits")
	}
	return t, nil
}

// messages returns the texts of which any may have been signed for path.
func (t token) messages(path string) []string {
	exp, _, _ := strings.Cut(t.text, "~")
	if t.acl != "" {
		return []string{exp + "~acl=" + t.acl}
	}
	messages := []string{exp + "~url=" + escape(path)}
	if plain, ok := policy.PlainPath(path); ok && plain != path {
		messages = append(messages, exp+"~url="+escape(plain))
	}
	return messages
}

// escape escapes a path as clients do before they sign it: as in a form, but with
// lower-case digits, with the comma as it is, and the tilde escaped.
func escape(path string) string {
	var b strings.Builder
	for i := range len(path) {
		switch c := path[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("-_.,", c) >= 0:
			b.WriteByte(c)
		case c == ' ':
			b.WriteByte('+')
		default:
			fmt.Fprintf(&b, "%%%02x", c)
		}
	}
	return b.String()
}

// covers reports whether path is among those that acl names. Both are compared
// without their escapes, segment by segment, so that an escaped slash parts
// nothing. A path with a segment "." or ".." is among none.
func covers(acl, path string) bool {
	stem, below := strings.CutSuffix(acl, "*")
	want, got := strings.Split(stem, "/"), strings.Split(path, "/")
	if len(want) > len(got) || len(want) < len(got) && !below {
		return false
	}
	for i, segment := range got {
		have, err := url.PathUnescape(segment)
		if err != nil || have == "." || have == ".." {
			return false
		}
		if i >= len(want) {
			continue
		}
		is, err := url.PathUnescape(want[i])
		last := below && i == len(want)-1
		if err != nil || !last && have != is || last && !strings.HasPrefix(have, is) {
			return false
		}
	}
	return true
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}
