package policy

import (
	"math"
	"strings"
	"time"
)

// For returns the grant that a goes by: g itself, but what anybody may do if a
// is among that. It is how a caller that reads a grant's bounds, and not only
// checks it, keeps a narrow policy from refusing a public action.
func (g Grant) For(a Action) Grant {
	if g.Open&a == 0 {
		return g
	}
	return Grant{App: g.App, Actions: g.Open, MaxSize: math.MaxInt64, Unsigned: true}
}

// Check returns nil if g allows r at now. Otherwise the error is a *Denial for
// the first condition that failed.
//
// Path and container count for Pick and Store, sizes also for Write and
// WriteURL, and the URL wherever r has one. Path and URL are made canonical
// first, so that nothing else can match.
func (g Grant) Check(r Request, now time.Time) error {
	g = g.For(r.Action)
	for _, c := range checks {
		if c.applies(g, r) {
			if denial := c.deny(g, r, now); denial != nil {
				return denial
			}
		}
	}
	return nil
}

// A check is one condition. Check and Explain both go by the table of them.
type check struct {
	name    string
	applies func(Grant, Request) bool
	deny    func(Grant, Request, time.Time) *Denial
	passed  func(Grant, Request, time.Time) string // why it holds
	skipped string                                 // why it does not apply
}

var checks = []check{
	{
		name:    "expiry",
		applies: func(g Grant, _ Request) bool { return !g.Expires.IsZero() },
		deny:    expired,
		passed: func(g Grant, _ Request, now time.Time) string {
			return "valid for another " + span(g.Expires.Sub(now)) + ", until " + stamp(g.Expires)
		},
		skipped: "it does not expire",
	}, {
		name:    "call",
		applies: func(Grant, Request) bool { return true },
		deny: func(g Grant, r Request, _ time.Time) *Denial {
			switch {
			case g.Actions&r.Action != 0:
				return nil
			case g.Refusal.Reason != 0:
				refusal := g.Refusal
				return &refusal
			case g.Unsigned:
				return deny(NoCredentials, "%s needs a policy and its signature", r.Action.join(", ", " or "))
			}
			return deny(CallNotAllowed, "this needs the call %s, and the policy lists %s", r.Action.join(", ", " or "), g.Actions.join(", ", " and "))
		},
		passed: func(g Grant, r Request, _ time.Time) string {
			return "allows " + (g.Actions&r.Action).join(", ", " and ")
		},
	}, {
		name:    "asset",
		applies: func(g Grant, _ Request) bool { return g.Asset != "" },
		deny: func(g Grant, r Request, _ time.Time) *Denial {
			switch r.Asset {
			case g.Asset:
				return nil
			case "":
				return deny(OtherAsset, "the policy is for %s alone, and the request names no asset", g.Asset)
			}
			return deny(OtherAsset, "the policy is for %s, and the request for %s", g.Asset, r.Asset)
		},
		passed:  func(g Grant, _ Request, _ time.Time) string { return "the policy is for this one" },
		skipped: "the policy names no handle",
	}, {
		name:    "path",
		applies: func(_ Grant, r Request) bool { return r.Action&storing != 0 },
		deny:    otherPath,
		passed: func(g Grant, r Request, _ time.Time) string {
			if g.Path == (Pattern{}) {
				return "any path will do"
			}
			return quote("/"+strings.TrimPrefix(r.Path, "/")) + " matches " + g.Path.String()
		},
		skipped: "nothing is stored under a new path",
	}, {
		name:    "container",
		applies: func(g Grant, r Request) bool { return r.Action&storing != 0 && g.Container != (Pattern{}) },
		deny: func(g Grant, r Request, _ time.Time) *Denial {
			if g.Container.Match(r.Container) {
				return nil
			}
			return deny(ContainerNotAllowed, "the container %s does not match %s", quote(r.Container), g.Container)
		},
		passed: func(g Grant, r Request, _ time.Time) string {
			return quote(r.Container) + " matches " + g.Container.String()
		},
		skipped: "nothing is stored, or the policy names no container",
	}, {
		name:    "url",
		applies: func(_ Grant, r Request) bool { return r.URL != "" },
		deny:    otherURL,
		passed: func(g Grant, r Request, _ time.Time) string {
			if g.URL == (Pattern{}) {
				return "any source will do"
			}
			return r.URL + " matches " + g.URL.String()
		},
		skipped: "there is no outside source",
	}, {
		name:    "size",
		applies: func(_ Grant, r Request) bool { return r.Action&sizing != 0 && r.Size >= 0 },
		deny: func(g Grant, r Request, _ time.Time) *Denial {
			switch {
			case r.Size > g.MaxSize:
				return deny(TooLarge, "the file has %d bytes, and the policy allows %d", r.Size, g.MaxSize)
			case r.Size < g.MinSize:
				return deny(TooSmall, "the file has %d bytes, and the policy asks for %d", r.Size, g.MinSize)
			}
			return nil
		},
		passed:  func(g Grant, r Request, _ time.Time) string { return size(r.Size) + " are within the bounds" },
		skipped: "nothing is stored, or its size is not known yet",
	},
}

func expired(g Grant, _ Request, now time.Time) *Denial {
	if g.Expires.IsZero() || now.Before(g.Expires) {
		return nil
	}
	return deny(Expired, "expired %s ago, at %s: sign a new one", span(now.Sub(g.Expires)), stamp(g.Expires))
}

// otherPath matches the path with its leading slash and without: official
// clients send both, and their users write patterns for what they send.
func otherPath(g Grant, r Request, _ time.Time) *Denial {
	p, err := CanonicalPath(r.Path)
	if err != nil {
		return deny(PathNotAllowed, "%v", err)
	}
	if g.Path.Match("/"+p) || g.Path.Match(p) {
		return nil
	}
	return deny(PathNotAllowed, "the storage path %s does not match %s", quote("/"+p), g.Path)
}

func otherURL(g Grant, r Request, _ time.Time) *Denial {
	u, err := CanonicalURL(r.URL)
	if err != nil {
		return deny(URLNotAllowed, "%v", err)
	}
	if g.URL.Match(u) {
		return nil
	}
	return deny(URLNotAllowed, "the source %s does not match %s", u, g.URL)
}
