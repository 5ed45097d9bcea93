package filestack

import (
	"net/url"
	"slices"
	"strings"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/protocol/filestack/answer"
	"github.com/stowgate/stowgate/internal/protocol/filestack/params"
	"github.com/stowgate/stowgate/internal/protocol/filestack/taskurl"
	"github.com/stowgate/stowgate/internal/upload"
)

// A source is what a request names instead of sending it: an asset of ours, or
// a remote file.
type source struct {
	asset  asset.ID // empty for a remote file
	remote upload.Source
}

// source reads what a client calls a source. An asset of ours is what c is
// about from then on, if nothing else was.
func (a *API) source(text string, c *caller) (source, error) {
	src := source{remote: upload.Source{URL: text}}
	if id, _ := taskurl.Handle(text); id != "" {
		src = source{asset: id}
	} else if target, ok := a.own(text); ok {
		var err error
		if src.asset, err = ownAsset(target, c); err != nil {
			return source{}, err
		}
	} else if scheme, _, _ := strings.Cut(text, ":"); scheme == "src" || scheme == "wf" {
		return source{}, answer.Unsupported("source " + scheme + "://")
	}
	if c.asset == "" {
		c.asset = src.asset
	}
	return src, nil
}

// own returns the request target of an address on this server, and whether text
// is one. Such an address is never fetched.
func (a *API) own(text string) (target string, ok bool) {
	canonical, err := policy.CanonicalURL(text)
	if err != nil {
		return "", false // whoever would fetch it refuses it
	}
	u, err := url.Parse(canonical)
	if err != nil {
		return "", false
	}
	host := strings.TrimSuffix(u.Hostname(), ".")
	if u.Host != a.host && (a.config.Domain == "" || host != a.config.Domain && !strings.HasSuffix(host, "."+a.config.Domain)) {
		return "", false
	}
	return u.RequestURI(), true
}

// ownAsset returns the asset that a request target of this server delivers as
// it is. A credential in it counts for c if c has none.
func ownAsset(target string, c *caller) (asset.ID, error) {
	chain, err := taskurl.Parse(strings.TrimPrefix(target, "/api/file"))
	if err != nil {
		return "", err
	}
	inner := caller{}
	if err := inner.useTasks(chain.Tasks); err != nil {
		return "", err
	}
	if tasks := slices.DeleteFunc(chain.Tasks, manner); len(tasks) > 0 {
		return "", answer.Unsupported(tasks[0].Name + " in a source")
	}
	var id asset.ID
	if len(chain.Sources) == 1 {
		id, _ = taskurl.Handle(chain.Sources[0])
	}
	if id == "" {
		return "", params.Invalid("url")
	}
	query := params.ParseQuery(chain.Query)
	inner.use(query)
	if c.cred == (policy.Credential{}) && !c.hasSecret {
		c.cred = inner.cred
	}
	return id, query.Err()
}

// manner reports whether a task says only how, and to whom, the source is given.
func manner(t taskurl.Task) bool { return t.Name == "security" || t.Name == "cache" }
