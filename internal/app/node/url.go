package node

import (
	"net"
	"net/netip"
	"strings"

	"github.com/stowgate/stowgate/internal/server"
)

// localURL returns how to reach a listener from this machine, or "" if there
// is none.
func localURL(scheme, addr string) string {
	if addr == "" {
		return ""
	}
	host, port, _ := net.SplitHostPort(addr)
	if ip, err := netip.ParseAddr(host); err == nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return scheme + "://" + net.JoinHostPort(host, port)
}

// publicURL returns where clients reach the server, as set or else as it
// listens; HTTPS comes first when there is a domain, whose clients expect it.
func publicURL(set Settings, s *server.Server) string {
	if set.PublicURL != "" {
		return set.PublicURL
	}
	scheme, addr := "http", s.Addr()
	if addr == "" || set.Domain != "" && s.TLSAddr() != "" {
		scheme, addr = "https", s.TLSAddr()
	}
	if set.Domain == "" {
		return localURL(scheme, addr)
	}
	_, port, _ := net.SplitHostPort(addr)
	if scheme == "http" && port == "80" || scheme == "https" && port == "443" {
		return scheme + "://" + set.Domain
	}
	return scheme + "://" + set.Domain + ":" + port
}

// ownHosts are the names that this server answers to, which it does not import
// from.
func ownHosts(public, domain string) []string {
	_, host, _ := strings.Cut(public, "://")
	hosts := []string{host}
	if domain != "" {
		for _, sub := range []string{"", "www.", "upload.", "cdn.", "process.", "cloud.", "static.", "api.", "portal.", "ucarecdn.", "ucapi.", "ucupload."} {
			hosts = append(hosts, sub+domain)
		}
	}
	return hosts
}
