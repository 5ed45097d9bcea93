// Package access tells who sends a request and what it is about, and turns that
// into a grant: the one way to one for everything that speaks this protocol.
package access

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/library"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/protocol/filestack/answer"
	"github.com/stowgate/stowgate/internal/protocol/filestack/params"
	"github.com/stowgate/stowgate/internal/protocol/filestack/taskurl"
	"github.com/stowgate/stowgate/internal/server"
	"github.com/stowgate/stowgate/internal/upload"
)

// A Caller is what a request says about who sends it.
type Caller struct {
	Key     string   // API key
	Asset   asset.ID // the asset it is about, whose owner decides
	Session string   // the upload in parts that it goes on with
	Origin  string   // of the page that sends it; empty for no page

	Cred      policy.Credential
	secret    string // of an app, from basic authentication
	hasSecret bool

	// Strict means that a key which does not own the asset is refused; otherwise
	// there is no such asset for it.
	Strict bool
}

// Use takes the credential that stands in p, if there is none yet. When a
// request has several, that of a task counts before that of the query or body,
// and that before basic authentication.
func (c *Caller) Use(p params.Set) {
	if c.Cred == (policy.Credential{}) {
		c.Cred = policy.Credential{Policy: p.Text("policy"), Signature: p.Text("signature")}
	}
	if c.Key == "" {
		if c.Key = p.Text("apikey"); c.Key == "" {
			c.Key = p.Text("key")
		}
	}
}

// UseTasks takes the credential of a security task. There must not be two.
func (c *Caller) UseTasks(tasks []taskurl.Task) error {
	found := false
	for _, t := range tasks {
		if t.Name != "security" {
			continue
		}
		if found {
			return fmt.Errorf("security task is repeated: %w", fault.Invalid)
		}
		found = true
		c.Cred = policy.Credential{Policy: t.Text("policy"), Signature: t.Text("signature")}
	}
	return nil
}

// UseBasic takes the secret of basic authentication, where the user is called
// app (Filestack documentation: "File API").
func (c *Caller) UseBasic(r *http.Request) {
	user, secret, ok := r.BasicAuth()
	if ok && user == "app" && c.Cred == (policy.Credential{}) {
		c.secret, c.hasSecret = secret, true
	}
}

// Subject names what a refusal is about as the host cdn does.
func (c *Caller) Subject() string {
	if c.Asset != "" {
		return "file " + string(c.Asset)
	}
	return "application " + c.Key
}

// apps is where tenants are recorded.
type apps interface {
	App(ctx context.Context, key string) (policy.App, error)
}

// A Gate knows whose the assets are, and which addresses are our own.
type Gate struct {
	Apps    apps
	Library *library.Service
	Uploads *upload.Service
	Host    string // of the public URL, as policy.CanonicalURL writes it
	Domain  string // under which every host is ours, or ""
	Now     func() time.Time
}

// Authorize returns what a caller may do.
func (g *Gate) Authorize(ctx context.Context, c Caller) (policy.Grant, error) {
	owner := c.Key
	if c.Asset != "" {
		var err error
		if owner, err = g.Library.Owner(ctx, c.Asset); err != nil {
			return policy.Grant{}, err
		}
	}
	if c.Key == "" {
		c.Key = owner
	}
	if c.Key == "" {
		return policy.Grant{}, params.Invalid("apikey")
	}
	app, err := g.Apps.App(ctx, c.Key)
	if errors.Is(err, fault.NotFound) {
		// The same work as for an app that is there.
		policy.Authorize(policy.App{}, c.Cred, g.Now())
		return policy.Grant{}, answer.ErrUnknownApp
	}
	if err != nil {
		return policy.Grant{}, err
	}
	var signer string
	defer func() { server.NoteCaller(ctx, app.Key, string(c.Asset), signer) }()
	if owner != c.Key {
		if c.Strict {
			return policy.Grant{}, fmt.Errorf("asset %s is not of app %s: %w", c.Asset, c.Key, fault.Denied)
		}
		return policy.Grant{}, fmt.Errorf("asset %s is not of app %s: %w", c.Asset, c.Key, fault.NotFound)
	}
	if err := app.CheckOrigin(c.Origin); err != nil && !g.isOwn(c.Origin) {
		return policy.Grant{}, err
	}
	if c.Session != "" {
		return g.authorizeSession(ctx, app, c)
	}
	grant, err := g.verify(app, c)
	signer = grant.Signer
	return grant, err
}

func (g *Gate) verify(app policy.App, c Caller) (policy.Grant, error) {
	if c.hasSecret {
		return policy.VerifySecret(app, c.secret, g.Now())
	}
	return policy.Authorize(app, c.Cred, g.Now())
}

// authorizeSession returns the grant that an upload was begun with: knowing its
// ID is enough, because filestack-python, -go, -ruby and -swift send no
// credential after the start. One that is sent must be good all the same, but
// may have expired since.
func (g *Gate) authorizeSession(ctx context.Context, app policy.App, c Caller) (policy.Grant, error) {
	session, err := g.Uploads.Session(ctx, app.Key, c.Session)
	if err != nil {
		return policy.Grant{}, err
	}
	if c.Cred != (policy.Credential{}) {
		_, err := policy.Authorize(app, c.Cred, g.Now())
		var denial *policy.Denial
		if err != nil && !(errors.As(err, &denial) && denial.Reason == policy.Expired) {
			return policy.Grant{}, err
		}
	}
	return session.Grant, nil
}
