package policy

import (
	"math"
	"time"
)

// For returns the grant that a goes by: g itself, but what anybody may do if a
// is among that. It is how a caller that reads a grant's bounds, and not only
// checks it, keeps a narrow policy from refusing a public action.
func (g Grant) For(a Action) Grant {
	if g.Open&a == 0 {
		return g
	}
	open := Grant{App: g.App, Actions: g.Open, MaxSize: math.MaxInt64, Unsigned: true}
	if g.Use.Badge != "" {
		open.Use.Badge, open.Use.Expires = g.Use.Badge, g.Use.Expires // which bounds nothing
	}
	return open
}

// ForRequest is For the action of r, but where reads alone are open that is for the
// app's own files: what r does with an outside source goes by g itself.
func (g Grant) ForRequest(r Request) Grant {
	if r.URL != "" && g.Open&storing == 0 {
		return g
	}
	return g.For(r.Action)
}

// Signs reports whether a policy allows a, and not only that anybody may do it.
func (g Grant) Signs(a Action) bool { return !g.Unsigned && g.Actions&a != 0 }

// Check returns nil if g allows r at now. Otherwise the error is a *Denial for
// the first condition that failed.
//
// Path and container count for Pick and Store, sizes also for Write and
// WriteURL, and the URL wherever r has one. Path and URL are made canonical
// first, so that nothing else can match.
func (g Grant) Check(r Request, now time.Time) error {
	g = g.ForRequest(r)
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
	passed  string // what Explain says if it holds
	skipped string // what Explain says if it does not apply
}

var checks = []check{{
	name:    "expiry",
	applies: func(g Grant, _ Request) bool { return !g.Expires.IsZero() },
	deny:    expired,
	passed:  "is still to come",
	skipped: "does not expire",
}, {
	name:    "call",
	applies: func(Grant, Request) bool { return true },
	deny:    otherCall,
	passed:  "is allowed",
}, {
	name:    "asset",
	applies: func(g Grant, _ Request) bool { return g.Asset != "" },
	deny:    otherAsset,
	passed:  "is the one that the policy is for",
	skipped: "the policy names no handle",
}, {
	name:    "path",
	applies: func(_ Grant, r Request) bool { return r.Action&storing != 0 },
	deny:    otherPath,
	passed:  "makes sense, and matches where the policy asks for it",
	skipped: "nothing is stored under a path",
}, {
	name:    "container",
	applies: func(g Grant, r Request) bool { return r.Action&storing != 0 && g.Container != Pattern{} },
	deny:    otherContainer,
	passed:  "matches",
	skipped: "nothing is stored, or the policy names no container",
}, {
	name:    "url",
	applies: func(_ Grant, r Request) bool { return r.URL != "" },
	deny:    otherURL,
	passed:  "makes sense, and matches where the policy asks for it",
	skipped: "there is no outside source",
}, {
	name:    "size",
	applies: func(_ Grant, r Request) bool { return r.Action&sizing != 0 && r.Size >= 0 },
	deny:    otherSize,
	passed:  "is within the bounds",
	skipped: "nothing is stored, or its size is not known yet",
}}

func expired(g Grant, _ Request, now time.Time) *Denial {
	if g.Expires.IsZero() || now.Before(g.Expires) {
		return nil
	}
	return deny(Expired, "expired %s ago, at %s: sign a new one", span(now.Sub(g.Expires)), stamp(g.Expires))
}

func otherCall(g Grant, r Request, _ time.Time) *Denial {
	switch {
	case g.Actions&r.Action != 0:
		return nil
	case g.Refusal.Reason != 0:
		refusal := g.Refusal
		return &refusal
	case g.Unsigned:
		return deny(NoCredentials, "this needs a policy with the call %s, and its signature", r.Action)
	}
	return deny(CallNotAllowed, "this needs the call %s, and the policy lists %s", r.Action, g.Actions)
}

func otherAsset(g Grant, r Request, _ time.Time) *Denial {
	switch r.Asset {
	case g.Asset:
		return nil
	case "":
		return deny(OtherAsset, "the policy is for %s alone, and the request names no asset", g.Asset)
	}
	return deny(OtherAsset, "the policy is for %s, and the request for %s", g.Asset, r.Asset)
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
	return deny(PathNotAllowed, "the storage path %q does not match %s", "/"+p, g.Path)
}

func otherContainer(g Grant, r Request, _ time.Time) *Denial {
	if g.Container.Match(r.Container) {
		return nil
	}
	return deny(ContainerNotAllowed, "the container %q does not match %s", r.Container, g.Container)
}

func otherURL(g Grant, r Request, _ time.Time) *Denial {
	if g.Unsigned && g.Actions&storing == 0 {
		if refusal := g.Refusal; refusal.Reason != 0 {
			return &refusal
		}
		return deny(NoCredentials, "an outside source needs a policy with the call %s, and its signature: reads are open for the app's own files", r.Action)
	}
	u, err := CanonicalURL(r.URL)
	if err != nil {
		return deny(URLNotAllowed, "%v", err)
	}
	if g.URL.Match(u) {
		return nil
	}
	return deny(URLNotAllowed, "the source %s does not match %s", u, g.URL)
}

func otherSize(g Grant, r Request, _ time.Time) *Denial {
	switch {
	case r.Size > g.MaxSize:
		return deny(TooLarge, "the file has %d bytes, and the policy allows %d", r.Size, g.MaxSize)
	case r.Size < g.MinSize:
		return deny(TooSmall, "the file has %d bytes, and the policy asks for %d", r.Size, g.MinSize)
	}
	return nil
}
