package fetch

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"syscall"
	"time"

	"code.dny.dev/ssrf"
)

// maxDials is how many addresses of one host are tried.
const maxDials = 4

// never lists what no setting opens: where clouds serve a machine's
// credentials, and a translation prefix whose inner address cannot be known.
var never = []netip.Prefix{
	netip.MustParsePrefix("169.254.0.0/16"),     // link-local; AWS, Google, Azure, Oracle and others
	netip.MustParsePrefix("fe80::/10"),          // link-local
	netip.MustParsePrefix("168.63.129.16/32"),   // Azure
	netip.MustParsePrefix("100.100.100.200/32"), // Alibaba
	netip.MustParsePrefix("192.0.0.192/32"),     // Oracle
	netip.MustParsePrefix("fd00:ec2::/32"),      // AWS
	netip.MustParsePrefix("fd20:ce::/32"),       // Google
	netip.MustParsePrefix("fd00:42::42/128"),    // Scaleway
	netip.MustParsePrefix("64:ff9b:1::/48"),     // local NAT64, RFC 8215
}

// A resolver finds the addresses of a host; *net.Resolver is one.
type resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// A dialer connects to public addresses, and to those that the operator allowed.
type dialer struct {
	resolver resolver
	allow    []netip.Prefix
	timeout  time.Duration // to resolve and connect

	// connect opens a connection to a vetted address.
	connect func(context.Context, netip.AddrPort) (net.Conn, error)
}

func newDialer(r resolver, allow []netip.Prefix, timeout time.Duration) *dialer {
	d := &dialer{resolver: r, allow: allow, timeout: timeout}
	last := net.Dialer{Control: d.control}
	d.connect = func(ctx context.Context, addr netip.AddrPort) (net.Conn, error) {
		return last.DialContext(ctx, "tcp", addr.String())
	}
	return d
}

// dial connects to the host and port of address. It resolves the host once,
// and refuses it if any of its addresses is forbidden, so that a mixed answer
// cannot be retried until the forbidden one comes up.
func (d *dialer) dial(ctx context.Context, _, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	host, portText, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	port, err := strconv.ParseUint(portText, 10, 16)
	if err != nil {
		return nil, err
	}
	addrs, err := d.lookup(ctx, host)
	if err != nil {
		return nil, err
	}
	for _, addr := range addrs {
		if err := d.vet(addr); err != nil {
			return nil, err
		}
	}
	err = errors.New("host has no address")
	deadline, _ := ctx.Deadline()
	addrs = addrs[:min(len(addrs), maxDials)]
	for i, addr := range addrs {
		share := time.Until(deadline) / time.Duration(len(addrs)-i)
		attempt, cancel := context.WithTimeout(ctx, share)
		var conn net.Conn
		conn, err = d.connect(attempt, netip.AddrPortFrom(addr.Unmap(), uint16(port)))
		cancel()
		if err == nil {
			return conn, nil
		}
	}
	return nil, err
}

// lookup returns the addresses of host, which may be an address itself.
func (d *dialer) lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	if addr, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{addr}, nil
	}
	return d.resolver.LookupNetIP(ctx, "ip", host)
}

// control refuses a connection to a forbidden address just before it is made,
// whatever led there.
func (d *dialer) control(network, address string, _ syscall.RawConn) error {
	addr, err := netip.ParseAddrPort(address)
	if err != nil || network != "tcp4" && network != "tcp6" {
		return fmt.Errorf("no TCP address: %s %s", network, address)
	}
	return d.vet(addr.Addr())
}

// vet returns nil if addr may be connected to.
func (d *dialer) vet(addr netip.Addr) error {
	zone := addr.Zone()
	addr = addr.Unmap() // which forgets the zone
	if zone != "" || within(never, addr) {
		return fmt.Errorf("address %v is never allowed", addr)
	}
	inner, wraps := embedded(addr)
	if wraps {
		if err := d.vet(inner); err != nil {
			return fmt.Errorf("address %v: %w", addr, err)
		}
	}
	public := addr.Is4() && !within(ssrf.IPv4DeniedPrefixes, addr) ||
		addr.Is6() && ssrf.IPv6GlobalUnicast.Contains(addr) && !within(ssrf.IPv6DeniedPrefixes, addr) && !wraps
	if !public && !within(d.allow, addr) {
		return fmt.Errorf("address %v is not public", addr)
	}
	return nil
}

func within(prefixes []netip.Prefix, addr netip.Addr) bool {
	return slices.ContainsFunc(prefixes, func(p netip.Prefix) bool { return p.Contains(addr) })
}

var (
	compatible = netip.MustParsePrefix("::/96")     // RFC 4291, section 2.5.5.1
	teredo     = netip.MustParsePrefix("2001::/32") // RFC 4380
	sixToFour  = netip.MustParsePrefix("2002::/16") // RFC 3056
)

// embedded returns the IPv4 address that addr stands for, if it is of a kind
// that carries one.
func embedded(addr netip.Addr) (netip.Addr, bool) {
	if !addr.Is6() {
		return netip.Addr{}, false
	}
	b := addr.As16()
	last := [4]byte(b[12:])
	switch {
	case compatible.Contains(addr) && !addr.IsLoopback(), ssrf.IPv6NAT64Prefix.Contains(addr):
		return netip.AddrFrom4(last), true
	case sixToFour.Contains(addr):
		return netip.AddrFrom4([4]byte(b[2:6])), true
	case teredo.Contains(addr):
		for i := range last {
			last[i] ^= 0xff
		}
		return netip.AddrFrom4(last), true
	case b[8]&^2 == 0 && b[9] == 0 && b[10] == 0x5e && b[11] == 0xfe: // ISATAP, RFC 5214, section 6.1
		return netip.AddrFrom4(last), true
	}
	return netip.Addr{}, false
}
