// Package outside decides which files from outside an app's owner lets anybody
// bring in by their addresses: those of the hosts in policy.Options.Sources.
package outside

import (
	"errors"
	"fmt"
	"math"
	"net/url"
	"slices"
	"strings"

	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/policy"
)

const (
	Max     = 50  // hosts that an app may list
	maxHost = 253 // bytes of a name: RFC 1035, without its last dot
	maxPart = 63  // bytes between its dots, likewise
)

// errHost says what a host in a list is.
var errHost = errors.New("it is no host like images.example.com or *.example.com, without scheme, port and path")

// Parse returns the one spelling of a host in a list: a name, or *.name for all
// names below it, in lower case. Addresses are no names; what is not ASCII is
// written as DNS has it. The error is for people.
func Parse(text string) (string, error) {
	host := strings.ToLower(strings.TrimSpace(text))
	name := strings.TrimPrefix(host, "*.")
	last := name[strings.LastIndexByte(name, '.')+1:]
	if len(name) > maxHost || strings.Trim(last, "0123456789") == "" {
		return "", errHost
	}
	for part := range strings.SplitSeq(name, ".") {
		if part == "" || len(part) > maxPart || strings.Trim(part, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return "", errHost
		}
	}
	return host, nil
}

// Check returns nil if the host of a URL is one that app lists. Otherwise the
// error is a *policy.Denial, or that of policy.CanonicalURL.
func Check(app policy.App, raw string) error {
	canonical, err := policy.CanonicalURL(raw)
	if err != nil {
		return err
	}
	u, err := url.Parse(canonical)
	if err != nil {
		return fmt.Errorf("URL does not parse: %w", fault.Invalid)
	}
	host := u.Hostname()
	if slices.ContainsFunc(app.Options.Sources, func(listed string) bool { return covers(listed, host) }) {
		return nil
	}
	return &policy.Denial{Reason: policy.URLNotAllowed, Detail: fmt.Sprintf("app %s does not list the host %s as a source", app.Key, host)}
}

// covers reports whether a host is the one that is listed, or has a name below
// it.
func covers(listed, host string) bool {
	above, below := strings.CutPrefix(listed, "*")
	return host == listed || below && len(host) > len(above) && strings.HasSuffix(host, above)
}

// Authorize returns what anybody may do with the file at a URL of a listed host:
// store it, and nothing else. It is for protocols that bring a file in because
// somebody reads it. The error is that of Check, or a *policy.Denial if the app
// is off.
func Authorize(app policy.App, raw string) (policy.Grant, error) {
	if err := app.CheckOn(); err != nil {
		return policy.Grant{}, err
	}
	if err := Check(app, raw); err != nil {
		return policy.Grant{}, err
	}
	return policy.Grant{App: app.Key, Actions: policy.Store, MaxSize: math.MaxInt64, Unsigned: true}, nil
}
