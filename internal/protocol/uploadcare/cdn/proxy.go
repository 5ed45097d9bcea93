package cdn

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/policy/outside"
	"github.com/stowgate/stowgate/internal/protocol/uploadcare/chain"
	"github.com/stowgate/stowgate/internal/server"
	"github.com/stowgate/stowgate/internal/upload"
)

// checkProxy returns which outside file a request asks for, and what its caller
// may do. The app is the one that the host names.
// Uploadcare documentation: "Proxy".
func (a *API) checkProxy(r *http.Request) (call, error) {
	c := call{tokenFor: r.URL.EscapedPath()}
	query, tokens := splitTokens(r.URL.RawQuery)
	if query != "" {
		c.tokenFor += "?" + query // another query is another file
	}
	var err error
	if c.target, err = parsePath(c.tokenFor); err != nil {
		return c, err
	}
	c.tokens = tokens
	key, err := a.directory.key(r.Context(), a.label(r.Host))
	if errors.Is(err, fault.NotFound) || err == nil && a.config.Imports == nil {
		return c, fmt.Errorf("%w (%w)", errDomain, fault.NotFound)
	}
	if err != nil {
		return c, err
	}
	app, err := a.config.Apps.App(r.Context(), key)
	if err != nil {
		return c, fmt.Errorf("app of %s: %w", r.Host, err)
	}
	if err = app.CheckOrigin(r.Header.Get("Origin")); err == nil {
		c.grant, err = a.authorize(r, app, c)
	}
	server.NoteCaller(r.Context(), app.Key, "", c.grant.Signer)
	if err == nil {
		c.bring, err = a.admit(app, c.source)
	}
	return c, err
}

// splitTokens parts a query in that of the outside file, and our tokens in it.
// One of ours begins with an expiry: what else is called token is the file's.
func splitTokens(query string) (rest string, tokens []string) {
	var pairs []string
	for pair := range strings.SplitSeq(query, "&") {
		value, ok := strings.CutPrefix(pair, "token=")
		if plain, err := url.QueryUnescape(value); ok && err == nil && strings.HasPrefix(plain, "exp=") {
			tokens = append(tokens, value)
		} else {
			pairs = append(pairs, pair)
		}
	}
	return strings.Join(pairs, "&"), tokens
}

// admit returns what lets a file in from outside, if app lists its host and that
// is not ours: an address in an address brings in nothing new.
func (a *API) admit(app policy.App, source string) (policy.Grant, error) {
	g, err := outside.Authorize(app, source)
	if err == nil {
		err = a.checkAway(source)
	}
	return g, ofSource(err)
}

// checkAway returns nil if the host of a source calls none of our apps.
func (a *API) checkAway(source string) error {
	u, err := url.Parse(source)
	if err != nil {
		return fmt.Errorf("source: %w: %w", err, fault.Invalid)
	}
	if a.label(u.Host) != "" {
		return &policy.Denial{Reason: policy.URLNotAllowed, Detail: "the source is an address of this server"}
	}
	return nil
}

// proxy brings an outside file in, unless it is there, and answers as for one
// that was uploaded. What is wrong with the chain is told before that.
func (a *API) proxy(w http.ResponseWriter, r *http.Request, c call) error {
	asked, err := chain.Read(c.ops)
	if err != nil {
		return err
	}
	want := policy.Request{Action: policy.Convert, Size: -1}
	if asked.Plain {
		want.Action = policy.Read
	}
	reads := c.grant
	reads.Asset = "" // whichever the file will be
	if err := reads.Check(want, a.config.Now()); err != nil {
		return err
	}
	c.asset, err = a.config.Imports.Bring(r.Context(), c.bring, c.source, upload.Spec{}, a.fetchListed(c.bring.App))
	if err != nil {
		return ofSource(err)
	}
	if c.grant.Asset != "" {
		c.grant.Asset = c.asset
	}
	server.NoteCaller(r.Context(), c.grant.App, string(c.asset), c.grant.Signer)
	return a.deliver(w, r, c)
}

// fetchListed fetches for an app, and refuses what redirects have led away from
// the hosts that it lists.
func (a *API) fetchListed(key string) upload.Fetch {
	return func(ctx context.Context, source string, header map[string]string, limit int64) (*upload.Remote, error) {
		remote, err := a.config.Fetch(ctx, source, header, limit)
		if err != nil || remote.URL == "" {
			return remote, err
		}
		app, err := a.config.Apps.App(ctx, key)
		if err == nil {
			_, err = a.admit(app, remote.URL)
		}
		if err != nil {
			remote.Body.Close()
			return nil, fmt.Errorf("source redirects: %w", err)
		}
		return remote, nil
	}
}

// ofSource returns err, of bringing a file in, as what it says to people.
func ofSource(err error) error {
	var denial *policy.Denial
	var answered interface{ StatusCode() int }
	kind := fault.Of(err)
	switch {
	case err == nil:
		return nil
	case errors.As(err, &denial) && denial.Reason == policy.URLNotAllowed:
		return fmt.Errorf("%w (%w)", errDomain, err)
	case errors.As(err, &answered) && (answered.StatusCode() == http.StatusNotFound || answered.StatusCode() == http.StatusGone):
		return fmt.Errorf("source: %w (%v)", fault.NotFound, err)
	case kind == fault.Unreachable:
		return fmt.Errorf("%w (%w)", errSource, err)
	case kind == fault.Invalid:
		return fmt.Errorf("%w (%w)", errAddress, err)
	case errors.As(err, &denial) && denial.Reason != policy.AppDisabled, kind == fault.TooLarge:
		return fmt.Errorf("%w (%w)", errNotTaken, err)
	}
	return err
}
