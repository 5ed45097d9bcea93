package server

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"sync"

	"github.com/stowgate/stowgate/internal/fault"
)

// A trace is what is known about one request beside the request itself. It is
// for logs and metrics only.
type trace struct {
	id     string
	client netip.Addr
	route  string
	err    error
	apps   *appGate

	action, app, asset, signer string
}

type traceKey struct{}

// traceOf returns the trace of ctx; that of a context without one is lost.
func traceOf(ctx context.Context) *trace {
	if t, ok := ctx.Value(traceKey{}).(*trace); ok {
		return t
	}
	return new(trace)
}

// RequestID returns the ID that the server gave the request of ctx, or "" if
// there is none.
func RequestID(ctx context.Context) string { return traceOf(ctx).id }

// Client returns the address that the request of ctx came from, as trusted
// proxies tell it; the zero Addr if there is none.
func Client(ctx context.Context) netip.Addr { return traceOf(ctx).client }

// NoteError records why the request of ctx is refused or fails. It is logged,
// redacted, with the request's access line and counted by its kind; nothing
// else needs to log it.
func NoteError(ctx context.Context, err error) { traceOf(ctx).err = err }

// NoteCaller records which app the request of ctx is for, which asset it is
// about, if any, and the fingerprint of the secret that made its signature, if
// it has one. The app must exist: nobody can make up names for the figures.
func NoteCaller(ctx context.Context, app, asset, signer string) {
	t := traceOf(ctx)
	t.app, t.asset, t.signer = app, asset, signer
}

// NoteAction records what the request of ctx asks for, where its route does not
// say.
func NoteAction(ctx context.Context, action string) { traceOf(ctx).action = action }

// An appGate bounds how many requests of one app run at once.
type appGate struct {
	max int // 0 or less means no bound

	mu      sync.Mutex
	running map[string]int
}

// EnterApp counts the request of ctx as one of the app with this key. The
// caller calls leave when it is answered. The error wraps fault.Busy if as many
// run as one app may have.
func EnterApp(ctx context.Context, key string) (leave func(), err error) {
	g := traceOf(ctx).apps
	if g == nil || g.max <= 0 {
		return func() {}, nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.running[key] >= g.max {
		return nil, fmt.Errorf("app %s has %d requests running: %w", key, g.max, fault.Busy)
	}
	g.running[key]++
	return sync.OnceFunc(func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		if g.running[key]--; g.running[key] == 0 {
			delete(g.running, key)
		}
	}), nil
}

// clientAddr returns the address of who sent r: the connection's, or if that
// is a trusted proxy, the last address in X-Forwarded-For that is not one.
func clientAddr(r *http.Request, trusted []netip.Prefix) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	addr := peer.Addr().Unmap()
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && contains(trusted, addr); i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		addr = hop.Unmap()
	}
	return addr
}

func contains(prefixes []netip.Prefix, addr netip.Addr) bool {
	for _, p := range prefixes {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

// hostOnly returns the name in a Host header: what is before its port, however
// often a client gave that. filestack-js 4.3.8 in Node.js sends it twice.
func hostOnly(s string) string {
	if host, _, ok := strings.Cut(s, "]"); ok {
		return strings.TrimPrefix(host, "[")
	}
	host, _, _ := strings.Cut(s, ":")
	return host
}
