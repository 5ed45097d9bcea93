package filestack

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/protocol/filestack/answer"
	"github.com/stowgate/stowgate/internal/protocol/filestack/params"
	"github.com/stowgate/stowgate/internal/protocol/filestack/taskurl"
)

// A caller is what a request says about who sends it.
type caller struct {
	key     string   // API key
	asset   asset.ID // the asset it is about, whose owner decides
	session string   // the upload in parts that it goes on with

	cred      policy.Credential
	secret    string // of an app, from basic authentication
	hasSecret bool

	// strict means that a key which does not own the asset is refused; otherwise
	// there is no such asset for it.
	strict bool
}

// use takes the credential that stands in p, if there is none yet. When a
// request has several, that of a task counts before that of the query or body,
// and that before basic authentication.
func (c *caller) use(p params.Set) {
	if c.cred == (policy.Credential{}) {
		c.cred = policy.Credential{Policy: p.Text("policy"), Signature: p.Text("signature")}
	}
	if c.key == "" {
		if c.key = p.Text("apikey"); c.key == "" {
			c.key = p.Text("key")
		}
	}
}

// useTasks takes the credential of a security task. There must not be two.
func (c *caller) useTasks(tasks []taskurl.Task) error {
	found := false
	for _, t := range tasks {
		if t.Name != "security" {
			continue
		}
		if found {
			return fmt.Errorf("security task is repeated: %w", fault.Invalid)
		}
		found = true
		c.cred = policy.Credential{Policy: t.Text("policy"), Signature: t.Text("signature")}
	}
	return nil
}

// useBasic takes the secret of basic authentication, where the user is called
// app (Filestack documentation: "File API").
func (c *caller) useBasic(r *http.Request) {
	user, secret, ok := r.BasicAuth()
	if ok && user == "app" && c.cred == (policy.Credential{}) {
		c.secret, c.hasSecret = secret, true
	}
}

// subject names what a refusal is about as the host cdn does.
func (c *caller) subject() string {
	if c.asset != "" {
		return "file " + string(c.asset)
	}
	return "application " + c.key
}

// authorize returns what a caller may do. It is the one way to a grant.
func (a *API) authorize(ctx context.Context, c caller) (policy.Grant, error) {
	owner := c.key
	if c.asset != "" {
		var err error
		if owner, err = a.library.Owner(ctx, c.asset); err != nil {
			return policy.Grant{}, err
		}
	}
	if c.key == "" {
		c.key = owner
	}
	if c.key == "" {
		return policy.Grant{}, params.Invalid("apikey")
	}
	app, err := a.apps.App(ctx, c.key)
	if errors.Is(err, fault.NotFound) {
		// The same work as for an app that is there.
		policy.Authorize(policy.App{}, c.cred, a.config.Now())
		return policy.Grant{}, answer.ErrUnknownApp
	}
	if err != nil {
		return policy.Grant{}, err
	}
	if owner != c.key {
		if c.strict {
			return policy.Grant{}, fmt.Errorf("asset %s is not of app %s: %w", c.asset, c.key, fault.Denied)
		}
		return policy.Grant{}, fmt.Errorf("asset %s is not of app %s: %w", c.asset, c.key, fault.NotFound)
	}
	if c.session != "" {
		return a.authorizeSession(ctx, app, c)
	}
	if c.hasSecret {
		return policy.VerifySecret(app, c.secret, a.config.Now())
	}
	return policy.Authorize(app, c.cred, a.config.Now())
}

// authorizeSession returns the grant that an upload was begun with: knowing its
// ID is enough, because filestack-python, -go, -ruby and -swift send no
// credential after the start. One that is sent must be good all the same, but
// may have expired since.
func (a *API) authorizeSession(ctx context.Context, app policy.App, c caller) (policy.Grant, error) {
	session, err := a.uploads.Session(ctx, app.Key, c.session)
	if err != nil {
		return policy.Grant{}, err
	}
	if c.cred != (policy.Credential{}) {
		_, err := policy.Authorize(app, c.cred, a.config.Now())
		var denial *policy.Denial
		if err != nil && !(errors.As(err, &denial) && denial.Reason == policy.Expired) {
			return policy.Grant{}, err
		}
	}
	return session.Grant, nil
}
