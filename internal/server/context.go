package server

import (
	"context"
	"net"
	"net/http"
)

// A trace is what is known about one request beside the request itself. It is
// for logs and metrics only.
type trace struct {
	id     string
	client string
	route  string
}

type traceKey struct{}

func traceOf(ctx context.Context) *trace {
	t, _ := ctx.Value(traceKey{}).(*trace)
	return t
}

// nameRoute records which route answers the request.
func nameRoute(r *http.Request, pattern string) {
	if t := traceOf(r.Context()); t != nil {
		t.route = pattern
	}
}

// RequestID returns the ID that the server gave the request of ctx, or "" if
// there is none.
func RequestID(ctx context.Context) string {
	if t := traceOf(ctx); t != nil {
		return t.id
	}
	return ""
}

// hostOnly returns the host of host or host:port, without brackets.
func hostOnly(s string) string {
	if host, _, err := net.SplitHostPort(s); err == nil {
		return host
	}
	return s
}
