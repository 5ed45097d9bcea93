package access

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/protocol/filestack/answer"
	"github.com/stowgate/stowgate/internal/protocol/filestack/params"
	"github.com/stowgate/stowgate/internal/protocol/filestack/taskurl"
	"github.com/stowgate/stowgate/internal/upload"
)

// A Source is what a request names instead of sending it: an asset of ours, or
// a remote file.
type Source struct {
	Asset  asset.ID // empty for a remote file
	Remote upload.Source
	Tasks  []taskurl.Task // what is done to it first: those in an address of ours
}

// Source reads what a client calls a source, which must be a file as it is. An
// asset of ours is what c is about from then on, if nothing else was.
func (g *Gate) Source(text string, c *Caller) (Source, error) {
	src, err := g.Chain(text, c)
	if err == nil && len(src.Tasks) > 0 {
		err = answer.Unsupported(src.Tasks[0].Name + " in a source")
	}
	return src, err
}

// Chain is Source for those who can run the tasks of an address of ours.
func (g *Gate) Chain(text string, c *Caller) (Source, error) {
	src := Source{Remote: upload.Source{URL: text}}
	if id, _ := taskurl.Handle(text); id != "" {
		src = Source{Asset: id}
	} else if target, ok := g.own(text); ok {
		var err error
		if src, err = ownAsset(target, c); err != nil {
			return Source{}, err
		}
	} else if scheme, _, found := strings.Cut(text, ":"); scheme == "src" || scheme == "wf" {
		return Source{}, answer.Unsupported("source " + scheme + "://")
	} else if !found && c.Key+string(c.Asset) != "" {
		return Source{}, fmt.Errorf("source %q: %w", text, fault.NotFound)
	}
	if c.Asset == "" {
		c.Asset = src.Asset
	}
	return src, nil
}

// own returns the request target of an address on this server, and whether text
// is one. Such an address is never fetched.
func (g *Gate) own(text string) (target string, ok bool) {
	canonical, err := policy.CanonicalURL(text)
	if err != nil {
		return "", false // whoever would fetch it refuses it
	}
	u, err := url.Parse(canonical)
	if err != nil {
		return "", false
	}
	host := strings.TrimSuffix(u.Hostname(), ".")
	if u.Host != g.Host && (g.Domain == "" || host != g.Domain && !strings.HasSuffix(host, "."+g.Domain)) {
		return "", false
	}
	return u.RequestURI(), true
}

// isOwn reports whether an origin is this server's.
func (g *Gate) isOwn(origin string) bool {
	_, own := g.own(origin)
	return own
}

// IsLoopback reports whether a host, with or without a port, is this machine by
// its address, or by the name localhost.
func IsLoopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	addr, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return host == "localhost" || err == nil && addr.IsLoopback()
}

// ownAsset returns what a request target of this server delivers. A credential
// in it counts for c if c has none.
func ownAsset(target string, c *Caller) (Source, error) {
	chain, err := taskurl.Parse(strings.TrimPrefix(target, "/api/file"))
	if err != nil {
		return Source{}, err
	}
	inner := Caller{}
	if err := inner.UseTasks(chain.Tasks); err != nil {
		return Source{}, err
	}
	src := Source{Tasks: slices.DeleteFunc(chain.Tasks, Manner)}
	if len(chain.Sources) == 1 {
		src.Asset, _ = taskurl.Handle(chain.Sources[0])
	}
	if src.Asset == "" {
		return Source{}, params.Invalid("url")
	}
	query := params.ParseQuery(chain.Query)
	inner.Use(query)
	if c.Cred == (policy.Credential{}) && !c.hasSecret {
		c.Cred = inner.Cred
	}
	return src, query.Err()
}

// Manner reports whether a task says only how, and to whom, the source is given.
func Manner(t taskurl.Task) bool { return t.Name == "security" || t.Name == "cache" }
