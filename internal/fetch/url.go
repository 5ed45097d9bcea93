package fetch

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"

	"github.com/stowgate/stowgate/internal/fault"
)

const (
	maxURL  = 8 << 10 // bytes
	maxHost = 253     // bytes of a host name, RFC 1035
)

// What canonicalHost refuses.
var (
	errHost   = errors.New("malformed host")
	errLocal  = errors.New("host name localhost")
	errNumber = errors.New("host name that ends in a number")
)

// parse reads raw, which may be relative to base, as a URL that may be
// fetched. The host of the result is canonical: what a resolver is asked for
// or, for an address, what is dialled.
//
// The error wraps fault.Invalid for one of the client's own hosts. It never
// holds raw, which may carry a secret.
func (c *Client) parse(base *url.URL, raw string) (*url.URL, error) {
	if len(raw) > maxURL {
		return nil, fmt.Errorf("URL over %d bytes", maxURL)
	}
	if strings.ContainsFunc(raw, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\\' }) {
		return nil, errors.New("URL with a control character or backslash")
	}
	u, err := url.Parse(raw)
	if err != nil {
		return nil, errors.New("malformed URL")
	}
	if base != nil {
		u = base.ResolveReference(u)
	}
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, fmt.Errorf("URL scheme %.20q", u.Scheme)
	case u.Opaque != "":
		return nil, errors.New("URL without a host")
	case u.User != nil:
		return nil, errors.New("URL with user information")
	}
	host, err := canonicalHost(u)
	if err != nil {
		return nil, err
	}
	usual := map[string]uint64{"http": 80, "https": 443}[u.Scheme]
	port := usual
	if text := u.Port(); text != "" {
		if port, err = strconv.ParseUint(text, 10, 16); err != nil {
			return nil, errors.New("malformed port")
		}
	}
	if !slices.Contains(c.ports, uint16(port)) {
		return nil, fmt.Errorf("port %d", port)
	}
	full := net.JoinHostPort(host, strconv.FormatUint(port, 10))
	if slices.Contains(c.ownHosts, host) || slices.Contains(c.ownHosts, full) {
		return nil, fmt.Errorf("fetch from own host %s: %w", full, fault.Invalid)
	}
	u.Host = full
	if port == usual { // servers, and signatures over the Host header, expect it without
		u.Host = strings.TrimSuffix(full, ":"+strconv.FormatUint(port, 10))
	}
	u.Fragment, u.RawFragment = "", ""
	return u, nil
}

// canonicalHost returns the host of u: an address, or a name in its ASCII form.
func canonicalHost(u *url.URL) (string, error) {
	host, bracketed := u.Hostname(), strings.HasPrefix(u.Host, "[")
	if addr, err := netip.ParseAddr(host); err == nil {
		if addr.Is6() != bracketed || addr.Zone() != "" {
			return "", errHost
		}
		return addr.String(), nil
	}
	if !utf8.ValidString(host) {
		return "", errHost
	}
	host, err := hostNames.ToASCII(host)
	if err != nil || bracketed || len(host) > maxHost {
		return "", errHost
	}
	labels := strings.Split(host, ".")
	for _, label := range labels {
		if label == "" || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return "", errHost
		}
	}
	last := labels[len(labels)-1]
	if last == "localhost" {
		return "", errLocal
	}
	// An address in a form that only some programs read: short, octal, hexadecimal.
	// Source: https://url.spec.whatwg.org/#ends-in-a-number-checker
	if '0' <= last[0] && last[0] <= '9' {
		return "", errNumber
	}
	return host, nil
}

// hostNames maps a name the way browsers do, and leaves '_' to our own check.
var hostNames = idna.New(idna.MapForLookup(), idna.BidiRule(), idna.CheckHyphens(false),
	idna.Transitional(false), idna.StrictDomainName(false))

// sameOrigin reports whether a and b, both from parse, have the same scheme,
// host and port.
func sameOrigin(a, b *url.URL) bool {
	return a.Scheme == b.Scheme && a.Host == b.Host
}
