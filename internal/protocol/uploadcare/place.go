package uploadcare

import (
	"fmt"
	"net/netip"
	"net/url"
	"strings"

	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/protocol/uploadcare/answer"
)

// The sub-domains of a server that has a domain. Below that of the CDN each
// project has one of its own.
const (
	cdnHost    = "ucarecdn"
	apiHost    = "ucapi"
	uploadHost = "ucupload"
)

// zoneOf returns the host below which each project has one: that of the CDN or,
// for an address of this machine, localhost, which browsers and curl know names
// below of. Addresses have none.
func zoneOf(p answer.Place) string {
	u, err := url.Parse(p.CDN)
	if err != nil {
		return ""
	}
	if ip, err := netip.ParseAddr(u.Hostname()); err == nil {
		if ip.IsLoopback() {
			return "localhost"
		}
		return ""
	}
	return u.Hostname()
}

// PlaceOf returns where a server's APIs and files are whose clients reach it at
// publicURL; domain is the host under which there are others, or empty. The
// error says what about publicURL makes no sense.
func PlaceOf(publicURL, domain string) (answer.Place, error) {
	canonical, err := policy.CanonicalURL(publicURL)
	if err != nil {
		return answer.Place{}, fmt.Errorf("public URL: %w", err)
	}
	base, err := url.Parse(canonical)
	if err != nil || base.Path != "/" || base.RawQuery != "" {
		return answer.Place{}, fmt.Errorf("public URL %q is not like https://files.example.com", publicURL)
	}
	origin := base.Scheme + "://" + base.Host
	if domain == "" {
		return answer.Place{CDN: origin, API: origin, Upload: origin}, nil
	}
	host := "." + strings.ToLower(domain)
	if port := base.Port(); port != "" {
		host += ":" + port
	}
	scheme := base.Scheme + "://"
	return answer.Place{CDN: scheme + cdnHost + host, API: scheme + apiHost + host, Upload: scheme + uploadHost + host}, nil
}
