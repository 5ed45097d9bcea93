package bearer

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/stowgate/stowgate/internal/policy/instant"
	"github.com/stowgate/stowgate/internal/policy/strictjson"
)

// Limits of claims. Source: Uploadcare documentation, "Upload API", bearer tokens.
const (
	maxScope      = 16 // paths
	maxScopePath  = 64 // characters of one
	maxOperations = 100000
)

// claims are what a token says. These count:
//
//	iat    Unix seconds when it was issued, not to come; required
//	exp    Unix seconds when it expires, at most MaxLife after; required
//	iss, sub, jti  texts, not looked at
//	uc.restrictions.scope  paths it is for; one that ends in /* is for all below
//	uc.restrictions.limits.operations  how many files it may store
//
// Other claims are ignored at the root, as is usual for tokens, but for nbf and
// aud, which would narrow it; inside uc they make it invalid. So does a claim
// given twice, and null.
type claims struct {
	issued     time.Time
	expires    time.Time
	scope      []string // none means every path
	operations int      // 0 means no limit
}

// covers reports whether the token is for requests of path.
func (c claims) covers(path string) bool {
	return len(c.scope) == 0 || slices.ContainsFunc(c.scope, func(s string) bool {
		folder, below := strings.CutSuffix(s, "*")
		return s == path || below && strings.HasPrefix(path, folder)
	})
}

// read reads the claims of a token. It does not look whether it has expired.
func read(payload []byte, now time.Time) (claims, error) {
	value, err := strictjson.Parse(payload)
	if err != nil {
		return claims{}, err
	}
	root, ok := value.(map[string]any)
	if !ok {
		return claims{}, errors.New("the claims are not an object")
	}
	for _, name := range []string{"nbf", "aud"} {
		if _, ok := root[name]; ok {
			return claims{}, fmt.Errorf("%s is not known here", name)
		}
	}
	for _, name := range []string{"iss", "sub", "jti"} {
		value, ok := root[name]
		if _, text := value.(string); ok && !text {
			return claims{}, fmt.Errorf("%s is not a text", name)
		}
	}
	var c claims
	if c.issued, err = moment(root, "iat"); err != nil {
		return claims{}, err
	}
	if c.expires, err = moment(root, "exp"); err != nil {
		return claims{}, err
	}
	switch {
	case c.issued.After(now.Add(Leeway)):
		return claims{}, errors.New("iat is in the future")
	case !c.issued.Before(c.expires):
		return claims{}, errors.New("exp is not after iat")
	case c.expires.Sub(c.issued) > MaxLife:
		return claims{}, fmt.Errorf("exp is more than %d seconds after iat", MaxLife/time.Second)
	}
	return c, c.restrict(root)
}

// restrict reads the restrictions.
func (c *claims) restrict(root map[string]any) error {
	uc, err := object(root, "uc", "restrictions")
	if err != nil {
		return err
	}
	restrictions, err := object(uc, "restrictions", "scope", "limits")
	if err != nil {
		return err
	}
	limits, err := object(restrictions, "limits", "operations")
	if err != nil {
		return err
	}
	if value, ok := restrictions["scope"]; ok {
		if c.scope, err = scope(value); err != nil {
			return err
		}
	}
	if _, ok := limits["operations"]; !ok {
		return nil
	}
	n, err := integer(limits, "operations")
	if err == nil && (n < 1 || n > maxOperations) {
		err = fmt.Errorf("operations is not from 1 to %d", maxOperations)
	}
	c.operations = int(n)
	return err
}

// object returns the object called name, in which only those keys may be, or an
// empty one if there is none.
func object(parent map[string]any, name string, keys ...string) (map[string]any, error) {
	value, ok := parent[name]
	if !ok {
		return nil, nil
	}
	o, ok := value.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%s is not an object", name)
	}
	for key := range o {
		if !slices.Contains(keys, key) {
			return nil, fmt.Errorf("%s has the unknown key %q", name, key)
		}
	}
	return o, nil
}

func scope(value any) ([]string, error) {
	list, _ := value.([]any)
	if len(list) < 1 || len(list) > maxScope {
		return nil, fmt.Errorf("scope is not a list of 1 to %d paths", maxScope)
	}
	var paths []string
	for _, item := range list {
		path, _ := item.(string)
		if !strings.HasPrefix(path, "/") || utf8.RuneCountInString(path) > maxScopePath ||
			strings.Contains(strings.TrimSuffix(path, "/*"), "*") {
			return nil, fmt.Errorf("scope holds something that is no path of at most %d characters, which may end in /*", maxScopePath)
		}
		paths = append(paths, path)
	}
	return paths, nil
}

func moment(parent map[string]any, name string) (time.Time, error) {
	n, err := integer(parent, name)
	if err != nil {
		return time.Time{}, err
	}
	at, err := instant.Of(n)
	if err != nil {
		return time.Time{}, fmt.Errorf("%s %w", name, err)
	}
	return at, nil
}

// integer returns a whole number, which is written with digits only.
func integer(parent map[string]any, name string) (int64, error) {
	number, _ := parent[name].(json.Number)
	n, err := strconv.ParseInt(number.String(), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%s is missing, or not a whole number", name)
	}
	return n, nil
}
