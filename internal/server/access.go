package server

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"
	"time"

	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/server/conn"
	"github.com/stowgate/stowgate/internal/server/redact"
)

// wrap puts every request of next under the server's rules, and records it.
func (s *Server) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		t := &trace{id: rand.Text(), client: clientAddr(r, s.config.TrustedProxies), route: "none", apps: s.apps}
		r = r.WithContext(context.WithValue(r.Context(), traceKey{}, t))
		control := http.NewResponseController(w)
		rec := &recorder{ResponseWriter: w, control: control}
		switch c, _ := r.Context().Value(connKey{}).(*conn.Conn); {
		case r.ProtoMajor == 2:
			rec.stream = c
		case r.TLS == nil:
			rec.plain = c
		}
		body := conn.NewBody(r, control, s.config.Pace)
		if r.Body != http.NoBody {
			r.Body = body
		}
		rec.Header()["X-Request-Id"] = []string{t.id}
		rec.Header()["Referrer-Policy"] = noReferrer
		s.metrics.running.Inc()
		defer func() {
			failure := recover()
			if failure != nil && failure != http.ErrAbortHandler {
				t.err = fmt.Errorf("panic: %v", failure)
				s.log.ErrorContext(r.Context(), "handler panicked", "id", t.id, "stack", string(debug.Stack()))
				if rec.status == 0 {
					http.Error(rec, "internal error", http.StatusInternalServerError)
					failure = nil
				}
			}
			body.End()
			rec.end()
			s.metrics.running.Dec()
			s.record(r, t, rec, body.Total(), time.Since(began))
			if s.config.Observe != nil && t.action != "" {
				s.config.Observe(r, t.visit(r, rec, body.Total(), began))
			}
			if failure != nil {
				panic(http.ErrAbortHandler)
			}
		}()
		s.answer(rec, r, next)
	})
}

// answer is what every request goes through before its protocol.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, next http.Handler) {
	coding := r.Header.Get("Content-Encoding")
	switch {
	case s.answerHealth(w, r):
	case coding != "" && coding != "identity":
		NoteError(r.Context(), fmt.Errorf("body with content encoding %q: %w", coding, fault.Unsupported))
		w.Header().Set("Accept-Encoding", "identity")
		http.Error(w, "send the body without a content encoding", http.StatusUnsupportedMediaType)
	default:
		next.ServeHTTP(w, r)
	}
}

// record logs and counts one request.
func (s *Server) record(r *http.Request, t *trace, w *recorder, in int64, took time.Duration) {
	s.metrics.observe(t, r.Method, w.status, in, w.bytes, took)
	if t.err == nil && !s.log.Enabled(r.Context(), slog.LevelInfo) {
		return
	}
	attrs := []slog.Attr{
		slog.String("id", t.id),
		slog.String("client", t.client.String()),
		slog.String("method", r.Method),
		slog.String("route", t.route),
		slog.String("path", loggedPath(r, t.route)),
		slog.Int("status", w.status),
		slog.Int64("in", in),
		slog.Int64("out", w.bytes),
		slog.Float64("ms", float64(took.Microseconds())/1000),
	}
	level := slog.LevelInfo
	if t.route == healthPath || t.route == readyPath {
		level = slog.LevelDebug // asked all the time, by machines
	}
	if t.err != nil {
		kind := fault.Of(t.err)
		if kind == fault.Internal || kind == fault.Damaged {
			level = slog.LevelError // an operator must look
		}
		attrs = append(attrs, slog.String("kind", kind.Error()), slog.String("err", t.err.Error()))
	}
	s.log.LogAttrs(r.Context(), level, "request", attrs...)
}

// A Visit is a request that was answered, as an observer is told of it.
type Visit struct {
	Request string // ID
	Client  netip.Addr
	Action  string // as its route has it, or NoteAction
	Path    string // as it is logged, but for what a log hides

	App, Asset, Signer string // see NoteCaller; empty if that was not called

	Err     error // see NoteError
	Began   time.Time
	In, Out int64 // bytes of bodies
}

func (t *trace) visit(r *http.Request, w *recorder, in int64, began time.Time) Visit {
	return Visit{
		Request: t.id, Client: t.client, Action: t.action, Path: loggedPath(r, t.route),
		App: t.app, Asset: t.asset, Signer: t.signer, Err: t.err, Began: began, In: in, Out: w.bytes,
	}
}

// loggedPath returns the path of r, or its route if the path holds a ticket:
// whoever has that may send the part.
func loggedPath(r *http.Request, route string) string {
	if strings.Contains(route, "{ticket}") {
		return route
	}
	return r.URL.EscapedPath()
}

const (
	healthPath = "/healthz"
	readyPath  = "/readyz"
)

// answerHealth answers GET /healthz, which says that the process runs, and
// GET /readyz, which says whether it may be sent work. It reports whether r was
// one of them.
func (s *Server) answerHealth(w http.ResponseWriter, r *http.Request) bool {
	path := r.URL.EscapedPath()
	if path != healthPath && path != readyPath {
		return false
	}
	traceOf(r.Context()).route = path
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	var why error
	switch {
	case path == healthPath:
	case s.draining.Load():
		why = fmt.Errorf("draining: %w", fault.Unavailable)
	case s.config.Ready != nil:
		why = s.config.Ready()
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if why != nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprintln(w, redact.Text(why.Error()))
		return true
	}
	io.WriteString(w, "ok\n")
	return true
}
