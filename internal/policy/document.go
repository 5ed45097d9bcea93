package policy

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/memo"
	"github.com/stowgate/stowgate/internal/policy/strictjson"
)

// MaxUses is the most that the key uses of a policy may ask for.
const MaxUses = math.MaxInt32

const (
	maxNumber = 64           // characters of a number that a policy counts by
	tooLate   = 253402300800 // the first second of the year 10000
)

// A document is what a policy says, whoever signed it.
type document struct {
	grant  Grant     // without the app
	issued time.Time // zero if it does not say
	digest [sha256.Size]byte
}

// documentKey is all that the reading of a policy depends on.
type documentKey struct {
	text  string
	whole bool
	calls bool
}

// documents remembers policies that were read, because one is sent with every
// request of a page. Only those with a good signature get there.
var documents = memo.Cache[documentKey, document]{Limit: 512}

// readSigned is readDocument for a policy whose signature was found good.
func readSigned(text string, o Options) (document, error) {
	key := documentKey{text, o.WholePatterns, o.CallsAlias}
	if d, ok := documents.Get(key); ok {
		return d, nil
	}
	d, err := readDocument(text, o)
	if err == nil {
		documents.Put(key, d)
	}
	return d, err
}

// readDocument reads a policy's text.
func readDocument(text string, o Options) (document, error) {
	raw, err := decodeText(text)
	if err != nil {
		return document{}, err
	}
	value, err := strictjson.Parse(raw)
	if err != nil {
		return document{}, err
	}
	object, ok := value.(map[string]any)
	if !ok {
		return document{}, errors.New("the JSON is not an object")
	}
	if _, ok := object["expiry"]; !ok {
		return document{}, errors.New("expiry is missing")
	}
	f := fields{object: object}
	d := document{
		grant: Grant{
			Expires:   f.instant("expiry"),
			Actions:   f.calls(o.CallsAlias),
			Asset:     asset.ID(f.text("handle")),
			MinSize:   f.size("minSize", "min_size", 0),
			MaxSize:   f.size("maxSize", "max_size", math.MaxInt64),
			Path:      f.pattern("path", o.WholePatterns),
			Container: f.pattern("container", o.WholePatterns),
			URL:       f.pattern("url", o.WholePatterns),
			Use:       Use{Limit: f.uses(), Badge: f.badge()},
		},
		issued: f.instant("iat"),
		digest: Digest(text),
	}
	if d.grant.Use.Limit > 0 {
		d.grant.Use.Digest = d.digest
	}
	if d.grant.Use != (Use{}) {
		d.grant.Use.Expires = d.grant.Expires
	}
	return d, f.err
}

// alphabet makes one base64 alphabet of two: Filestack's SDKs for JavaScript and
// Swift write the standard one, the others the URL-safe one.
var alphabet = strings.NewReplacer("-", "+", "_", "/")

func decodeText(text string) ([]byte, error) {
	encoding := base64.RawStdEncoding
	if strings.HasSuffix(text, "=") {
		encoding = base64.StdEncoding
	}
	switch {
	case len(text) > base64.StdEncoding.EncodedLen(strictjson.MaxSize):
		return nil, fmt.Errorf("the text has %d characters, too many for the limit of %d bytes", len(text), strictjson.MaxSize)
	case strings.ContainsAny(text, "\r\n"): // which the decoder would skip
		return nil, errors.New("the text has a line break in it")
	}
	raw, err := encoding.Strict().DecodeString(alphabet.Replace(text))
	if err != nil {
		return nil, errors.New("the text is not proper base64")
	}
	return raw, nil
}

// fields reads the keys of a policy. It keeps the first error, and returns zero
// values from then on.
type fields struct {
	object map[string]any
	err    error
}

func (f *fields) fail(format string, args ...any) {
	if f.err == nil {
		f.err = fmt.Errorf(format, args...)
	}
}

// get returns the value of the first name that is there.
func (f *fields) get(names ...string) (value any, ok bool) {
	for _, name := range names {
		v, found := f.object[name]
		if found && ok {
			f.fail("%s says again what %s says", name, names[0])
		}
		if found {
			value, ok = v, true
		}
	}
	return value, ok && f.err == nil
}

func (f *fields) text(name string) string {
	value, ok := f.get(name)
	if !ok {
		return ""
	}
	s, _ := value.(string)
	if s == "" {
		f.fail("%s is not a text of at least one character", name)
	}
	return s
}

func (f *fields) pattern(name string, whole bool) Pattern {
	text := f.text(name)
	if f.err != nil || text == "" {
		return Pattern{}
	}
	p, err := ParsePattern(text, whole)
	if err != nil {
		f.fail("%s: %w", name, err)
	}
	return p
}

func (f *fields) calls(alias bool) Action {
	names := []string{"call"}
	if alias {
		names = append(names, "calls")
	}
	value, ok := f.get(names...)
	if !ok {
		return implied
	}
	list, ok := value.([]any)
	if !ok {
		list = []any{value}
	}
	var actions Action
	for _, item := range list {
		name, ok := item.(string)
		if !ok {
			f.fail("call holds something that is not a text")
		}
		a, _ := ParseAction(name) // an unknown name allows nothing
		actions |= a
	}
	return actions
}

// number returns the exact value of the first name that is there, or nil if
// there is none. What is too small for a float64 counts as zero.
func (f *fields) number(names ...string) *big.Rat {
	value, ok := f.get(names...)
	if !ok {
		return nil
	}
	n, _ := value.(json.Number)
	// First as a float64: within its range, exponents are cheap to expand.
	approximate, err := strconv.ParseFloat(n.String(), 64)
	if err != nil || math.Signbit(approximate) || len(n) > maxNumber {
		f.fail("%s is negative, or not a number of sensible size", names[0])
		return nil
	}
	exact := new(big.Rat)
	if approximate != 0 {
		exact.SetString(n.String())
	}
	return exact
}

// floor returns the whole part of x, which is not negative.
func floor(x *big.Rat) *big.Int { return new(big.Int).Quo(x.Num(), x.Denom()) }

func (f *fields) instant(name string) time.Time {
	x := f.number(name)
	if x == nil {
		return time.Time{}
	}
	if x.Sign() == 0 || x.Cmp(big.NewRat(tooLate, 1)) >= 0 {
		f.fail("%s counts seconds (not milliseconds) since 1970, in a year up to 9999", name)
		return time.Time{}
	}
	second := big.NewInt(1e9)
	nanoseconds := floor(x.Mul(x, new(big.Rat).SetInt(second)))
	seconds, rest := new(big.Int).QuoRem(nanoseconds, second, new(big.Int))
	return time.Unix(seconds.Int64(), rest.Int64()).UTC()
}

// size returns the number of bytes to compare with: up for the least, down for
// the most, so that a whole number is on the same side of it as of the fraction.
func (f *fields) size(name, alias string, absent int64) int64 {
	x := f.number(name, alias)
	if x == nil {
		return absent
	}
	n := floor(x)
	if name == "minSize" && !x.IsInt() {
		n.Add(n, big.NewInt(1))
	}
	if !n.IsInt64() {
		return math.MaxInt64
	}
	return n.Int64()
}

func (f *fields) uses() int {
	x := f.number("uses")
	if x == nil {
		return 0
	}
	if !x.IsInt() || x.Sign() == 0 || x.Cmp(big.NewRat(MaxUses, 1)) > 0 {
		f.fail("uses is not a whole number from 1 to %d", MaxUses)
		return 0
	}
	return int(x.Num().Int64())
}

// badge returns what the key by says. What is no text is no badge: the key is not
// known to other signers, who may mean something else by it.
func (f *fields) badge() string {
	text, _ := f.object["by"].(string)
	return text
}
