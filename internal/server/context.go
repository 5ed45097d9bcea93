package server

import (
	"context"
	"net/http"
	"net/netip"
	"strings"
)

// A trace is what is known about one request beside the request itself. It is
// for logs and metrics only.
type trace struct {
	id     string
	client netip.Addr
	route  string
	err    error
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

// NoteError records why the request of ctx is refused or fails. It is logged,
// redacted, with the request's access line and counted by its kind; nothing
// else needs to log it.
func NoteError(ctx context.Context, err error) { traceOf(ctx).err = err }

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
