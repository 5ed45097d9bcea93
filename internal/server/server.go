// Package server is the HTTP plumbing that protocols share: listeners, limits,
// routing, logs, metrics, forms, and the one way to send stored bytes. It knows
// no vendor and decides nothing about permission.
package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/stowgate/stowgate/internal/server/conn"
)

// Config adjusts a Server. At least one of Listen and TLSListen must be set.
type Config struct {
	Listen      string      // address for plain HTTP; "" means none
	TLSListen   string      // address for HTTPS; "" means none
	TLS         *tls.Config // certificates for it
	AdminListen string      // address for metrics and health; "" means none

	HeaderBytes       int           // of a request's header; 0 means 16 KiB
	HeaderTime        time.Duration // for the header to arrive; 0 means 10 s
	IdleTime          time.Duration // a connection is kept without a request; 0 means 2 min
	Pace              conn.Pace     // of bodies and answers
	MaxConns          int           // connections at once; 0 means 10,000, negative no bound
	MaxConnsPerClient int           // of one address, unless loopback or trusted; 0 means 512, negative no bound
	MaxPerApp         int           // requests of one app at once, see EnterApp; 0 means no bound
	TrustedProxies    []netip.Prefix

	Log   *slog.Logger // nil means slog.Default
	Ready func() error // why this node must not be sent work; nil means it always may

	// Observe is told of each request whose route says what it asks for, once it
	// was answered. It must be quick, and is called concurrently. nil means nobody.
	Observe func(*http.Request, Visit)
}

// A Server is a set of listeners with the limits and records that every
// request is under.
type Server struct {
	config   Config
	log      *slog.Logger
	metrics  *metrics
	apps     *appGate
	plain    net.Listener
	secure   net.Listener
	admin    net.Listener
	draining atomic.Bool
}

// New opens the listeners of c. Nothing is answered before Serve.
func New(c Config) (*Server, error) {
	if c.HeaderBytes == 0 {
		c.HeaderBytes = 16 << 10
	}
	if c.HeaderTime == 0 {
		c.HeaderTime = 10 * time.Second
	}
	if c.IdleTime == 0 {
		c.IdleTime = 2 * time.Minute
	}
	if c.MaxConns == 0 {
		c.MaxConns = 10_000
	}
	if c.MaxConnsPerClient == 0 {
		c.MaxConnsPerClient = 512
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	c.Pace = c.Pace.WithDefaults()
	s := &Server{config: c, log: c.Log, metrics: newMetrics(),
		apps: &appGate{max: c.MaxPerApp, running: map[string]int{}}}
	bound := conn.Bound(conn.Limits{
		Max: c.MaxConns, PerClient: c.MaxConnsPerClient, Exempt: c.TrustedProxies, Pace: c.Pace,
		Refused: func(why string) { s.metrics.refused.WithLabelValues(why).Inc() },
	})
	var errs []error
	for _, l := range []struct {
		to   *net.Listener
		addr string
	}{{&s.plain, c.Listen}, {&s.secure, c.TLSListen}, {&s.admin, c.AdminListen}} {
		if l.addr == "" {
			continue
		}
		listener, err := net.Listen("tcp", l.addr)
		if err != nil {
			errs = append(errs, fmt.Errorf("listen on %s: %w", l.addr, err))
			continue
		}
		if *l.to = listener; l.to != &s.admin {
			*l.to = bound(listener)
		}
	}
	if s.plain == nil && s.secure == nil {
		errs = append(errs, errors.New("there is no address to listen on"))
	}
	if len(errs) > 0 {
		s.Close()
		return nil, errors.Join(errs...)
	}
	return s, nil
}

// Close closes the listeners of a server that will not serve.
func (s *Server) Close() {
	for _, l := range []net.Listener{s.plain, s.secure, s.admin} {
		if l != nil {
			l.Close()
		}
	}
}

// Addr returns the address of plain HTTP, or "" if there is none.
func (s *Server) Addr() string { return addrOf(s.plain) }

// TLSAddr returns the address of HTTPS, or "" if there is none.
func (s *Server) TLSAddr() string { return addrOf(s.secure) }

// AdminAddr returns the address of metrics and health, or "" if there is none.
func (s *Server) AdminAddr() string { return addrOf(s.admin) }

func addrOf(l net.Listener) string {
	if l == nil {
		return ""
	}
	return l.Addr().String()
}

// Serve answers requests with handler until ctx ends. Then it takes no new
// ones, waits for those that run, however long that is, and returns nil. The
// rules of Pace see to it that none runs for ever.
func (s *Server) Serve(ctx context.Context, handler http.Handler) error {
	main := s.httpServer(s.wrap(handler))
	main.TLSConfig = s.config.TLS
	admin := s.httpServer(s.adminHandler())
	failed := make(chan error, 3)
	running := 0
	start := func(l net.Listener, serve func() error) {
		if l != nil {
			running++
			go func() { failed <- serve() }()
		}
	}
	start(s.plain, func() error { return main.Serve(s.plain) })
	start(s.secure, func() error { return main.ServeTLS(s.secure, "", "") })
	start(s.admin, func() error { return admin.Serve(s.admin) })

	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
		running--
	}
	s.draining.Store(true)
	err = errors.Join(err, main.Shutdown(context.Background()))
	err = errors.Join(err, admin.Shutdown(context.Background())) // told until now that this node drains
	for range running {
		if e := <-failed; !errors.Is(e, http.ErrServerClosed) {
			err = errors.Join(err, e)
		}
	}
	return err
}

func (s *Server) httpServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: s.config.HeaderTime,
		IdleTimeout:       s.config.IdleTime,
		MaxHeaderBytes:    max(1, s.config.HeaderBytes-headerSlop),
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
		HTTP2:             &http.HTTP2Config{MaxConcurrentStreams: maxStreams, SendPingTimeout: s.config.Pace.Window},
		ConnContext:       keepConn,
	}
}

// maxStreams is how many requests one HTTP/2 connection may have at once.
const maxStreams = 100

// headerSlop is what net/http adds to the bound it is given.
const headerSlop = 4096

type connKey struct{}

// keepConn lets the requests of an HTTP/2 connection find it.
func keepConn(ctx context.Context, c net.Conn) context.Context {
	if secure, ok := c.(*tls.Conn); ok {
		c = secure.NetConn()
	}
	return context.WithValue(ctx, connKey{}, c)
}
