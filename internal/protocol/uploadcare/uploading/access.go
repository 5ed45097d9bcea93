package uploading

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/policy"
	credentials "github.com/stowgate/stowgate/internal/policy/uploading"
	"github.com/stowgate/stowgate/internal/protocol/uploadcare/answer"
	"github.com/stowgate/stowgate/internal/protocol/uploadcare/form"
	"github.com/stowgate/stowgate/internal/server"
)

// An access says how a route finds out who calls it.
type access struct {
	key     string // name of the parameter with the public key
	creates bool   // whether a credential is needed; knowing names is enough for the others
	files   bool   // whether requests carry files
}

// A call is a request that was read and allowed.
type call struct {
	set   form.Set
	app   policy.App
	grant policy.Grant // zero where no credential is needed
	files []file
}

// close drops the files that were not stored.
func (c *call) close() {
	for _, f := range c.files {
		f.spooled.Close()
	}
}

// guarded returns the routes of a path, whose handler runs only for calls that
// are allowed.
func (a *API) guarded(method, path string, by access, serve func(http.ResponseWriter, *http.Request, *call) error, action string) []server.Route {
	check := func(r *http.Request) (*call, error) {
		c := new(call)
		err := a.read(r, c, by)
		if err == nil {
			err = c.told(a.authorize(r, c, by, path))
		}
		if err != nil {
			c.close()
			return nil, err
		}
		return c, nil
	}
	handle := func(w http.ResponseWriter, r *http.Request, c *call) error {
		defer c.close()
		leave, err := server.EnterApp(r.Context(), c.app.Key)
		if err != nil {
			return c.told(err)
		}
		defer leave()
		a.protect(w)
		return c.told(serve(w, r, c))
	}
	fail := func(w http.ResponseWriter, r *http.Request, err error) {
		a.protect(w)
		answer.Fail(w, r, err)
	}
	return rows(path, func(pattern string) server.Route {
		return server.Guarded(method, pattern, check, handle, fail).For(action)
	})
}

// public returns the routes of a path that needs no credential, because of why.
func (a *API) public(method, path, why string, serve func(http.ResponseWriter, *http.Request) error) []server.Route {
	return rows(path, func(pattern string) server.Route {
		return server.Public(method, pattern, why, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			a.protect(w)
			if err := serve(w, r); err != nil {
				answer.Fail(w, r, err)
			}
		})).For("stat")
	})
}

// told returns err as the error of c, and nil for none.
func (c *call) told(err error) error {
	if err == nil {
		return nil
	}
	return c.set.Told(err)
}

// protect sets the header fields of every answer. Pages read those that upload-client
// waits by (src/request/request.browser.ts).
func (a *API) protect(w http.ResponseWriter) {
	h := w.Header()
	answer.Protect(h)
	if id := h.Get("X-Request-Id"); id != "" {
		h.Set("X-Uploadcare-Request-Id", id)
	}
	if strings.HasPrefix(a.place.Upload, "http://") {
		h.Set("Warning", "199 Miscellaneous warning: You should use secure requests to Uploadcare")
	}
}

// read reads the parameters of r and receives its files, which upload-client and
// uploadcare-go send before the public key.
func (a *API) read(r *http.Request, c *call, by access) (err error) {
	var take func(form.File) error
	if by.files {
		take = func(f form.File) error { return a.receive(r.Context(), c, f) }
	}
	c.set, err = form.Read(r, take)
	return err
}

// authorize finds out which app c is for, and what it may do. Nothing else is
// looked at before the public key.
func (a *API) authorize(r *http.Request, c *call, by access, path string) (err error) {
	if c.app, err = a.app(r.Context(), c.set, by.key); err != nil {
		return err
	}
	server.NoteCaller(r.Context(), c.app.Key, "", "")
	if origin := r.Header.Get("Origin"); !slices.Contains([]string{a.place.CDN, a.place.API, a.place.Upload}, origin) {
		if err := c.app.CheckOrigin(origin); err != nil {
			return err
		}
	}
	if !by.creates {
		return nil
	}
	credential := credentials.Credential{
		Signature: c.set.Text("signature"), Expire: c.set.Text("expire"),
		Authorization: r.Header.Get("Authorization"), Path: path,
	}
	c.grant, err = credentials.Authorize(c.app, credential, a.now())
	server.NoteCaller(r.Context(), c.app.Key, "", c.grant.Signer)
	return refused(err, credential)
}

// app returns the app whose public key is in a parameter.
func (a *API) app(ctx context.Context, set form.Set, param string) (policy.App, error) {
	key := set.Text(param)
	if key == "" {
		return policy.App{}, answer.Refuse("ProjectPublicKeyRequiredError", param)
	}
	app, err := a.apps.App(ctx, key)
	switch {
	case errors.Is(err, fault.NotFound):
		return app, answer.Because(err, "ProjectPublicKeyInvalidError", param)
	case err != nil:
		return app, err
	case !app.Deleted.IsZero():
		return app, answer.Refuse("ProjectPublicKeyRemovedError", app.Key)
	case app.Off():
		return app, answer.Refuse("AccountBlockedError")
	}
	return app, nil
}

// refused words why a credential does not count.
// Source: Uploadcare documentation, "Upload API", "Errors".
func refused(err error, c credentials.Credential) error {
	var denial *policy.Denial
	if !errors.As(err, &denial) {
		return err
	}
	reason, token := denial.Reason, c.Token() != ""
	switch {
	case token && reason == policy.Expired:
		return answer.Because(err, "AccessTokenExpiredError")
	case token && reason != policy.CallNotAllowed && reason != policy.AppDisabled:
		return answer.Because(err, "AccessTokenInvalidError", denial.Detail)
	case reason == policy.NoCredentials && c.Signature != "":
		return answer.Because(err, "SignatureExpirationRequiredError")
	case reason == policy.BadPolicy:
		return answer.Because(err, "SignatureExpirationInvalidError")
	}
	return err // which answer.ErrorOf words
}
