package fetch

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"time"

	"github.com/stowgate/stowgate/internal/fault"
)

// vetTime is how long it takes at least to say that a name leads nowhere: longer
// than resolvers take, as a rule.
const vetTime = 500 * time.Millisecond

// Vet returns nil if Get may ask the host of rawURL, as far as can be told
// without connecting to it. It is for callers whose protocol tells at once what
// is wrong. A name that leads to an address that is not public is one that does
// not exist: strangers must not learn what names there are inside.
//
// The error wraps fault.Denied if the host is an address that is not public, or
// one of OwnHosts; fault.NotFound if it is a name without a public address;
// fault.Invalid if it is malformed; fault.Unsupported for any other URL that Get
// refuses, and fault.Canceled once ctx has ended. It tells no
// sooner than after vetTime that a name has none, so that the clock does not say
// why.
func (c *Client) Vet(ctx context.Context, rawURL string) error {
	if u, err := url.Parse(rawURL); err == nil { // whatever else is wrong
		if addr, err := netip.ParseAddr(u.Hostname()); err == nil {
			if err := c.dialer.vet(addr); err != nil {
				return fmt.Errorf("vet URL: %w: %w", fault.Denied, err)
			}
		}
	}
	u, err := c.parse(nil, rawURL)
	switch {
	case errors.Is(err, fault.Invalid), errors.Is(err, errLocal), errors.Is(err, errNumber):
		return fmt.Errorf("vet URL: %w: %v", fault.Denied, err)
	case errors.Is(err, errHost):
		return fmt.Errorf("vet URL: %w: %w", fault.Invalid, err)
	case err != nil:
		return fmt.Errorf("vet URL: %w: %w", fault.Unsupported, err)
	}
	if _, err := netip.ParseAddr(u.Hostname()); err == nil {
		return nil
	}
	began := time.Now()
	finding, cancel := context.WithTimeout(ctx, c.connectTimeout)
	defer cancel()
	addrs, err := c.dialer.lookup(finding, u.Hostname())
	for _, addr := range addrs {
		err = errors.Join(err, c.dialer.vet(addr))
	}
	if err == nil && len(addrs) > 0 {
		return nil
	}
	select {
	case <-time.After(time.Until(began.Add(vetTime))):
	case <-ctx.Done():
		return fmt.Errorf("vet URL: %w", ctx.Err())
	}
	return fmt.Errorf("vet URL: no public address of %s (%v): %w", u.Hostname(), err, fault.NotFound)
}
