package server

import (
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// A Route is one row of a protocol's table. Only [Public] and [Guarded] make
// one that answers, so that a handler either receives what its caller's
// credential allows or says why nobody has to show one.
type Route struct {
	Method  string // request method; GET answers HEAD as well; "" means every method
	Pattern string // see Router; also the route's label in logs and metrics

	// Hosts are the sub-domains it answers on when the server has a domain; ""
	// is the domain itself, "*.a" every one below a, and nil means all of them.
	Hosts []string

	Public string // why no credential is needed; empty for a guarded route
	Action string // what it asks for, in figures; empty for what is not counted

	handler http.Handler
	when    func(*http.Request) bool // nil means always
	guarded bool
	parts   []part // the pattern's segments
}

// A part is a segment of a pattern: a text, or the name of a value.
type part struct {
	text  string
	value bool // text names what stands here
	rest  bool // and all that follows
}

func parsePattern(pattern string) []part {
	var parts []part
	for text := range strings.SplitSeq(pattern, "/") {
		name, value := strings.CutPrefix(text, "{")
		if value {
			text = strings.TrimSuffix(name, "}")
		}
		text, rest := strings.CutSuffix(text, "...")
		parts = append(parts, part{text, value, rest})
	}
	return parts
}

// Public returns a route that needs no credential, because of why.
func Public(method, pattern, why string, h http.Handler) Route {
	return Route{Method: method, Pattern: pattern, Public: why, handler: h}
}

// Guarded returns a route whose handle runs only with what check returned for
// the request. An error of either goes to fail, which answers it; handle must
// not have written anything by then.
func Guarded[Grant any](
	method, pattern string,
	check func(*http.Request) (Grant, error),
	handle func(http.ResponseWriter, *http.Request, Grant) error,
	fail func(http.ResponseWriter, *http.Request, error),
) Route {
	return Route{Method: method, Pattern: pattern, guarded: true, handler: http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) {
			grant, err := check(r)
			if err == nil {
				err = handle(w, r, grant)
			}
			if err != nil {
				fail(w, r, err)
			}
		})}
}

// On returns the route answering on these sub-domains only.
func (t Route) On(hosts ...string) Route {
	t.Hosts = hosts
	return t
}

// For returns the route as one that asks for an action, by which it is counted.
func (t Route) For(action string) Route {
	t.Action = action
	return t
}

// When returns the route answering only what holds for, which its pattern cannot
// say; for all else the rows after it are asked.
func (t Route) When(holds func(*http.Request) bool) Route {
	t.when = holds
	return t
}

// A Router answers a request by the first route of its table that matches.
//
// A pattern is a path whose segments are compared with those that were sent,
// byte by byte: nothing is decoded, cleaned or redirected, because a URL may be
// part of a path. A segment {name} matches any one that is not empty, and a
// last {name...} matches all the rest, empty or not. Their text, still escaped,
// is the request's PathValue.
type Router struct {
	routes []Route
	domain string

	// Most routes begin with a text, and so most requests can be only for few.
	// Both lists are in the order of the table.
	named   map[string][]*Route // for paths whose first segment is that text
	unnamed []*Route            // for all others
}

// NewRouter returns a router for the tables, in their order. With a domain, a
// request must be for that host, for a sub-domain some route names, or for an
// address (or localhost), which has every route, as a server without a domain.
// It fails if a pattern makes no sense, or a route was not made by Public (with
// a reason) or Guarded.
func NewRouter(domain string, tables ...[]Route) (*Router, error) {
	t := &Router{domain: strings.ToLower(domain)}
	for _, route := range slices.Concat(tables...) {
		switch {
		case !strings.HasPrefix(route.Pattern, "/"):
			return nil, fmt.Errorf("route %q does not begin with a slash", route.Pattern)
		case route.handler == nil, route.Public == "" && !route.guarded:
			return nil, fmt.Errorf("route %s %s is neither public for a reason nor guarded", route.Method, route.Pattern)
		}
		route.parts = parsePattern(route.Pattern)
		t.routes = append(t.routes, route)
	}
	t.index()
	return t, nil
}

// index makes the lists of routes that ServeHTTP asks.
func (t *Router) index() {
	t.named = make(map[string][]*Route)
	for _, route := range t.routes {
		if first := route.parts[1]; !first.value && !first.rest {
			t.named[first.text] = nil
		}
	}
	for i := range t.routes {
		route := &t.routes[i]
		if first := route.parts[1]; !first.value && !first.rest {
			t.named[first.text] = append(t.named[first.text], route)
			continue
		}
		for text := range t.named {
			t.named[text] = append(t.named[text], route)
		}
		t.unnamed = append(t.unnamed, route)
	}
}

// candidates returns the routes that may match a path, in their order.
func (t *Router) candidates(path []string) []*Route {
	if len(path) > 1 {
		if routes, ok := t.named[path[1]]; ok {
			return routes
		}
	}
	return t.unnamed
}

// Routes returns the table, for tests that walk it.
func (t *Router) Routes() []Route { return slices.Clone(t.routes) }

func (t *Router) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	host, ok := t.host(r.Host)
	if !ok {
		http.Error(w, "this server does not answer for that host", http.StatusMisdirectedRequest)
		return
	}
	path := strings.Split(r.URL.EscapedPath(), "/")
	var allow []string
	for _, route := range t.candidates(path) {
		if !route.answers(host) || !route.matches(path, nil) || route.when != nil && !route.when(r) {
			continue
		}
		if route.Method != "" && route.Method != r.Method &&
			!(route.Method == http.MethodGet && r.Method == http.MethodHead) {
			allow = append(allow, route.Method)
			continue
		}
		route.matches(path, r)
		trace := traceOf(r.Context())
		trace.route, trace.action = route.Pattern, route.Action
		route.handler.ServeHTTP(w, r)
		return
	}
	if allow != nil {
		w.Header().Set("Allow", strings.Join(allow, ", "))
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	http.Error(w, "not found", http.StatusNotFound)
}

// anyHost is the host of a request for which hosts do not matter.
const anyHost = "*"

// host returns the sub-domain that a Host header names, and whether this
// server answers for it.
func (t *Router) host(header string) (string, bool) {
	if t.domain == "" {
		return anyHost, true
	}
	name := strings.TrimSuffix(strings.ToLower(hostOnly(header)), ".")
	if _, err := netip.ParseAddr(name); err == nil || name == "localhost" {
		return anyHost, true
	}
	if name == t.domain {
		return "", true
	}
	name, ok := strings.CutSuffix(name, "."+t.domain)
	return name, ok && slices.ContainsFunc(t.routes, func(route Route) bool {
		return slices.ContainsFunc(route.Hosts, func(host string) bool { return covers(host, name) })
	})
}

// covers reports whether a host that a route names is the sub-domain called
// name, or has it below.
func covers(host, name string) bool {
	above, below := strings.CutPrefix(host, "*")
	return host == name || below && strings.HasSuffix(name, above)
}

func (t *Route) answers(host string) bool {
	return host == anyHost || t.Hosts == nil ||
		slices.ContainsFunc(t.Hosts, func(own string) bool { return covers(own, host) })
}

// matches says whether the pattern matches the path. With a request, it also
// records the values there.
func (t *Route) matches(path []string, r *http.Request) bool {
	if n := len(t.parts); len(path) < n || len(path) > n && !t.parts[n-1].rest {
		return false // most of them
	}
	for i, part := range t.parts {
		switch {
		case part.rest:
			if r != nil {
				r.SetPathValue(part.text, strings.Join(path[i:], "/"))
			}
			return true
		case part.value && path[i] != "":
			if r != nil {
				r.SetPathValue(part.text, path[i])
			}
		case part.value || path[i] != part.text:
			return false
		}
	}
	return true
}
