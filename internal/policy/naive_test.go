package policy

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"math/rand/v2"
	"path"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/stowgate/stowgate/internal/asset"
)

// naive decides like Authorize and Check for an app with security on, one
// secret and no options. It was written from the documentation of the package
// and shares no code with it: exact fractions, a scanner of its own, bit by bit.
func naive(secret string, c Credential, r Request, now time.Time) bool {
	text := strings.ReplaceAll(c.Policy, " ", "+")
	h := hmac.New(sha256.New, []byte(secret))
	h.Write([]byte(text))
	if text == "" || secret == "" || fmt.Sprintf("%x", h.Sum(nil)) != strings.ToLower(c.Signature) {
		return false
	}
	raw, ok := naiveBase64(text)
	if !ok || len(raw) > 8192 || !utf8.Valid(raw) {
		return false
	}
	scan := naiveScanner{text: raw}
	if !scan.value(0) {
		return false
	}
	var object map[string]any
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	if dec.Decode(&object) != nil || object == nil {
		return false
	}
	if after := raw[dec.InputOffset():]; len(bytes.Trim(after, " \t\r\n")) > 0 {
		return false
	}
	p := naivePolicy{object}
	return p.sound() && p.allows(r, now)
}

func naiveBase64(text string) ([]byte, bool) {
	body := strings.TrimRight(text, "=")
	if pad := len(text) - len(body); pad > 0 && (pad > 2 || len(text)%4 != 0) {
		return nil, false
	}
	var out []byte
	var bits, held uint
	for _, c := range []byte(body) {
		v := strings.IndexByte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", c)
		switch {
		case c == '-':
			v = 62
		case c == '_':
			v = 63
		case v < 0:
			return nil, false
		}
		bits, held = bits<<6|uint(v), held+6
		if held >= 8 {
			held -= 8
			out = append(out, byte(bits>>held))
			bits &= 1<<held - 1
		}
	}
	return out, held < 6 && bits == 0
}

// naiveScanner finds repeated keys, too deep nesting and lone surrogates. What
// is no JSON at all it may let pass.
type naiveScanner struct {
	text []byte
	at   int
}

func (s *naiveScanner) space() byte {
	for s.at < len(s.text) && strings.IndexByte(" \t\r\n", s.text[s.at]) >= 0 {
		s.at++
	}
	if s.at >= len(s.text) {
		return 0
	}
	return s.text[s.at]
}

func (s *naiveScanner) value(depth int) bool {
	switch c := s.space(); c {
	case '"':
		_, ok := s.string()
		return ok
	case '{', '[':
		if depth == 16 {
			return false
		}
		s.at++
		keys := map[string]bool{}
		for s.space() != '}' && s.space() != ']' && s.space() != 0 {
			if c == '{' {
				key, ok := s.string()
				if !ok || keys[key] {
					return false
				}
				keys[key] = true
				if s.space() == ':' {
					s.at++
				}
			}
			if !s.value(depth + 1) {
				return false
			}
			if s.space() == ',' {
				s.at++
			}
		}
		s.at++
		return true
	case 0:
		return false
	default:
		from := s.at
		for s.at < len(s.text) && strings.IndexByte(" \t\r\n,:{}[]\"", s.text[s.at]) < 0 {
			s.at++
		}
		return s.at > from
	}
}

func (s *naiveScanner) string() (string, bool) {
	if s.space() != '"' {
		return "", false
	}
	var units []uint16 // the text in UTF-16, where halves of pairs can be seen
	for s.at++; s.at < len(s.text) && s.text[s.at] != '"'; {
		r, n := utf8.DecodeRune(s.text[s.at:])
		s.at += n
		if r != '\\' {
			units = utf16.AppendRune(units, r)
			continue
		}
		if s.at == len(s.text) {
			return "", false
		}
		c := s.text[s.at]
		s.at++
		if c != 'u' {
			units = append(units, uint16(strings.NewReplacer("n", "\n", "t", "\t", "r", "\r", "b", "\b", "f", "\f").Replace(string(c))[0]))
			continue
		}
		var u uint16
		if s.at+4 > len(s.text) {
			return "", false
		}
		if _, err := fmt.Sscanf(string(s.text[s.at:s.at+4]), "%04x", &u); err != nil {
			return "", false
		}
		units = append(units, u)
		s.at += 4
	}
	s.at++
	for i := 0; i < len(units); i++ {
		if utf16.IsSurrogate(rune(units[i])) {
			if i+1 == len(units) || utf16.DecodeRune(rune(units[i]), rune(units[i+1])) == utf8.RuneError {
				return "", false
			}
			i++
		}
	}
	return string(utf16.Decode(units)), true
}

type naivePolicy struct{ object map[string]any }

// number returns the value of key as a fraction.
func (p naivePolicy) number(key string) (x *big.Rat, there, ok bool) {
	value, there := p.object[key]
	if !there {
		return nil, false, true
	}
	n, isNumber := value.(json.Number)
	if !isNumber || strings.HasPrefix(string(n), "-") || len(n) > 64 {
		return nil, true, false
	}
	if f, err := n.Float64(); err != nil || f != 0 && f < 1e-300 {
		return nil, true, false
	}
	x, ok = new(big.Rat).SetString(string(n))
	return x, true, ok
}

// sound reports whether the policy is valid, whatever is asked of it.
func (p naivePolicy) sound() bool {
	for _, pair := range [][2]string{{"maxSize", "max_size"}, {"minSize", "min_size"}} {
		_, a := p.object[pair[0]]
		_, b := p.object[pair[1]]
		if a && b {
			return false
		}
	}
	for _, key := range []string{"maxSize", "max_size", "minSize", "min_size"} {
		if _, _, ok := p.number(key); !ok {
			return false
		}
	}
	year10000 := new(big.Rat).SetInt64(time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC).Unix())
	for _, key := range []string{"expiry", "iat"} {
		x, there, ok := p.number(key)
		if !ok || !there && key == "expiry" || there && (x.Sign() == 0 || x.Cmp(year10000) >= 0) {
			return false
		}
	}
	if x, there, ok := p.number("uses"); !ok || there && (!x.IsInt() || x.Sign() == 0 || x.Cmp(big.NewRat(1<<31-1, 1)) > 0) {
		return false
	}
	for _, key := range []string{"handle", "path", "container", "url"} {
		value, there := p.object[key]
		if s, _ := value.(string); there && s == "" {
			return false
		}
		if s, _ := value.(string); there && key != "handle" {
			if _, err := regexp.Compile(s); err != nil || len(s) > 256 {
				return false
			}
		}
	}
	return p.calls() != nil
}

// calls returns the names that the policy lists, and nil if it is not valid.
func (p naivePolicy) calls() map[string]bool {
	names := map[string]bool{}
	switch value := p.object["call"].(type) {
	case string:
		names[value] = true
	case []any:
		for _, item := range value {
			name, ok := item.(string)
			if !ok {
				return nil
			}
			names[name] = true
		}
	default:
		if _, there := p.object["call"]; there {
			return nil
		}
		for _, name := range strings.Fields("pick read stat write writeUrl store convert remove runWorkflow") {
			names[name] = true
		}
	}
	names["remove"] = names["remove"] || names["revoke"]
	names["writeUrl"] = names["writeUrl"] || names["write_url"]
	return names
}

func (p naivePolicy) allows(r Request, now time.Time) bool {
	calls := p.calls()
	any := false
	for name := range strings.SplitSeq(r.Action.String(), ",") {
		any = any || calls[name]
	}
	expiry, _, _ := p.number("expiry")
	if !any || expiry.Cmp(big.NewRat(now.Unix(), 1)) <= 0 {
		return false
	}
	if handle, there := p.object["handle"]; there && handle != string(r.Asset) {
		return false
	}
	matches := func(key string, texts ...string) bool {
		expression, there := p.object[key].(string)
		for _, text := range texts {
			if at := regexp.MustCompile("^(?:" + expression + ")").FindStringIndex(text); at != nil && at[0] == 0 {
				return true
			}
		}
		return !there
	}
	if stores := r.Action&(Pick|Store) != 0; stores {
		plain := strings.TrimPrefix(r.Path, "/")
		if path.Clean("/"+plain) != "/"+strings.TrimSuffix(plain, "/") || strings.ContainsAny(plain, "\\\n") {
			return false
		}
		if !matches("path", "/"+plain, plain) || !matches("container", r.Container) {
			return false
		}
	}
	if r.URL != "" && (strings.Contains(r.URL, "@") || !matches("url", strings.Split(r.URL, "#")[0])) {
		return false
	}
	if r.Action&(Pick|Store|Write|WriteURL) == 0 || r.Size < 0 {
		return true
	}
	size := big.NewRat(r.Size, 1)
	for _, key := range []string{"maxSize", "max_size", "minSize", "min_size"} {
		if bound, there, _ := p.number(key); there {
			if c := size.Cmp(bound); strings.HasPrefix(key, "max") && c > 0 || strings.HasPrefix(key, "min") && c < 0 {
				return false
			}
		}
	}
	return true
}

// TestDifferential compares the two on policies of every odd kind.
func TestDifferential(t *testing.T) {
	rounds := 100_000
	if testing.Short() {
		rounds = 10_000
	}
	random := rand.New(rand.NewPCG(1, 2))
	app := testApp(testSecret)
	allowed := 0
	for range rounds {
		c, document, r := randomCase(random)
		err := decide(app, c, r, testNow)
		if got, want := err == nil, naive(testSecret, c, r, testNow); got != want {
			t.Fatalf("%s\nfor %+v is allowed: %v (%v), the other says %v\n%+v", document, r, got, err, want, c)
		}
		if err == nil {
			allowed++
		}
	}
	if allowed < rounds/20 || allowed > rounds/2 {
		t.Errorf("%d of %d were allowed: the cases prove little", allowed, rounds)
	}
}

func randomCase(random *rand.Rand) (c Credential, document string, r Request) {
	pick := func(from ...string) string { return from[random.IntN(len(from))] }
	oddly := func(good ...string) string {
		if random.IntN(12) > 0 {
			return pick(good...)
		}
		return pick(`null`, `true`, `0`, `-0`, `-1`, `1e400`, `""`, `"0"`, `[]`, `{}`, `[null]`, `[[1]]`, `{"a":1,"a":2}`, `1.0`, `1E+2`,
			`"\ud834"`, `"\ud834\udd1e"`, `[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]`, `nul`, `01`, `"\x"`, "\"\t\"", "\"\xff\"", `18446744073709551616`)
	}
	expiry := oddly(`1893456600`, `1893456600`, `1893456600`, `1893456600.5`, `1.8934566e9`, `1893456000`, `1893456000.0000001`,
		`1893455999.9999999999999999999`, `253402300799.5`, `253402300800`, `1893456600000`)
	members := []string{`"expiry":` + expiry}
	for range random.IntN(5) {
		switch random.IntN(9) {
		case 0, 1:
			members = append(members, pick(`"call"`, `"call"`, `"call"`, `"Call"`, `"c\u0061ll"`, `"calls"`)+":"+oddly(`"store"`, `"pick"`, `["store","read"]`,
				`["pick","convert","write"]`, `["exif","remove"]`, `["revoke","write_url"]`, `["Store"]`, `"pick,store"`, `["stat","root","writeUrl","runWorkflow"]`))
		case 2:
			members = append(members, `"handle":`+oddly(`"`+string(assetA)+`"`, `"`+string(assetA)+`"`, `"`+strings.ToLower(string(assetA))+`"`))
		case 3:
			members = append(members, pick(`"maxSize"`, `"max_size"`, `"max\u017fize"`)+":"+oddly(`5`, `10`, `10.9`, `9.99999999999999999999999999`, `1e1`, `9223372036854775808`))
		case 4:
			members = append(members, pick(`"minSize"`, `"min_size"`, `"minsize"`)+":"+oddly(`0`, `5`, `9.1`, `10`, `10.00000000000000000000001`))
		case 5:
			members = append(members, `"path":`+oddly(`"/a/"`, `"a/.*"`, `".*"`, `"^/a/[a-z]+$"`, `"b|/a"`, `"/(a)\\1"`, `"a)|(b"`, `"(?i)/A"`))
		case 6:
			members = append(members, `"container":`+oddly(`"c"`, `"c-[0-9]+"`, `""`))
		case 7:
			members = append(members, `"url":`+oddly(`"https://a\\.test/"`, `".*b"`, `"http"`))
		case 8:
			members = append(members, pick(`"iat"`, `"uses"`, `"x"`, `"EXPIRY"`)+":"+oddly(`1`, `3`, `1893456000`, `2147483648`, `1.5`))
		}
	}
	random.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
	document = "{" + strings.Join(members, pick(",", ",", ", ", "\n,")) + "}"
	if random.IntN(20) == 0 { // then damage it
		at := random.IntN(len(document))
		document = document[:at] + pick("", "\\", "\"", "}", " ", "{", "\x80", "0", "\ufeff") + document[min(len(document), at+random.IntN(2)):]
	}
	encoding := []*base64.Encoding{base64.URLEncoding, base64.StdEncoding, base64.RawURLEncoding, base64.RawStdEncoding}[random.IntN(4)]
	text := encoding.EncodeToString([]byte(document))
	if random.IntN(20) == 0 {
		at := random.IntN(len(text))
		text = text[:at] + pick("", "A", "=", "\n", "%", "-", "+") + text[min(len(text), at+random.IntN(2)):]
	}
	c = signedText(text)
	switch random.IntN(20) {
	case 0:
		c.Signature = pick("", c.Signature[1:], c.Signature+"0", strings.ToUpper(c.Signature), strings.Repeat("0", 64), strings.Replace(c.Signature, "a", "b", 1))
	case 1:
		c.Policy = strings.ReplaceAll(c.Policy, pick("+", "-", "="), pick(" ", "+", ""))
	}
	r = Request{
		Action: 1<<random.IntN(len(calls)) | Action(random.IntN(2))<<random.IntN(len(calls)), Asset: asset.ID(pick(string(assetA), string(assetA), string(assetB), "")),
		Path: pick("", "/", "a/b", "/a/b", "a/b/", "/c", "A/x", "a//b", "a/../b", "./a", "a/..", "//a", `a\b`, "a\nb"), Container: pick("", "c", "c-1", "d"),
		URL: pick("", "", "https://a.test/x", "https://b.test/", "https://a.test/#b", "https://a.test@b.test/"), Size: int64(random.IntN(14)) - 1,
	}
	return c, document, r
}
