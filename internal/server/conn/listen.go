package conn

import (
	"net"
	"net/netip"
	"slices"
	"sync"
)

// Limits bound the connections of listeners.
type Limits struct {
	Max       int            // at once; negative means no bound
	PerClient int            // of one address, unless loopback or exempt; negative means no bound
	Exempt    []netip.Prefix // addresses to which PerClient does not apply
	Pace      Pace
	Refused   func(why string) // is told of every connection that is refused
}

// A gate counts open connections, and refuses those over a bound.
type gate struct {
	Limits

	mu      sync.Mutex
	open    int
	clients map[netip.Addr]int
}

// enter counts a connection from addr and returns how to uncount it, or false
// if it is one too many.
func (g *gate) enter(addr netip.Addr) (leave func(), ok bool) {
	addr = addr.Unmap()
	bounded := g.PerClient >= 0 && !addr.IsLoopback() && !slices.ContainsFunc(g.Exempt, func(p netip.Prefix) bool { return p.Contains(addr) })
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.Max >= 0 && g.open >= g.Max:
		g.Refused("connections")
		return nil, false
	case bounded && g.clients[addr] >= g.PerClient:
		g.Refused("connections of client")
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

// A listener closes the connections that its gate refuses, and keeps the pace
// on the others.
type listener struct {
	net.Listener
	gate *gate
}

// Bound returns how to put TCP listeners under limits, which they share.
func Bound(l Limits) func(net.Listener) net.Listener {
	g := &gate{Limits: l, clients: map[netip.Addr]int{}}
	return func(l net.Listener) net.Listener { return &listener{l, g} }
}

func (l *listener) Accept() (net.Conn, error) {
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
		raw, err := tcp.SyscallConn()
		if err != nil {
			leave()
			return nil, err
		}
		return &Conn{TCPConn: tcp, raw: raw, pace: l.gate.Pace, leave: leave}, nil
	}
}
