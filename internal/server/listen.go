package server

import (
	"net"
	"net/netip"
	"sync"
)

// A connGate counts open connections, and refuses those over a bound.
type connGate struct {
	max, perClient int // negative means no bound
	trusted        []netip.Prefix
	metrics        *metrics

	mu      sync.Mutex
	open    int
	clients map[netip.Addr]int
}

func newConnGate(c Config, m *metrics) *connGate {
	return &connGate{
		max: c.MaxConns, perClient: c.MaxConnsPerClient, trusted: c.TrustedProxies,
		metrics: m, clients: map[netip.Addr]int{},
	}
}

// enter counts a connection from addr and returns how to uncount it, or false
// if it is one too many.
func (g *connGate) enter(addr netip.Addr) (leave func(), ok bool) {
	addr = addr.Unmap()
	bounded := g.perClient >= 0 && !addr.IsLoopback() && !contains(g.trusted, addr)
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.max >= 0 && g.open >= g.max:
		g.metrics.refused.WithLabelValues("connections").Inc()
		return nil, false
	case bounded && g.clients[addr] >= g.perClient:
		g.metrics.refused.WithLabelValues("connections of client").Inc()
		return nil, false
	}
	g.open++
	if bounded {
		g.clients[addr]++
	}
	return sync.OnceFunc(func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.open--
		if bounded {
			if g.clients[addr]--; g.clients[addr] == 0 {
				delete(g.clients, addr)
			}
		}
	}), true
}

// A gatedListener closes the connections that its gate refuses, and keeps the
// pace on the others.
type gatedListener struct {
	net.Listener
	gate *connGate
	pace Pace
}

func (l *gatedListener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		tcp := c.(*net.TCPConn)
		leave, ok := l.gate.enter(tcp.RemoteAddr().(*net.TCPAddr).AddrPort().Addr())
		if !ok {
			tcp.SetLinger(0) // no waiting for a client that may be hostile
			tcp.Close()
			continue
		}
		return &pacedConn{TCPConn: tcp, pace: l.pace, leave: leave}, nil
	}
}
