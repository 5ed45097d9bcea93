// Package call is what all endpoints of the REST API have in common: who may
// call, what of versions, how it is answered, and pages of lists.
package call

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/policy/signedrequest"
	"github.com/stowgate/stowgate/internal/server"
)

// maxBody is how many bytes a request's body may have: more than any that is
// documented needs.
const maxBody = 256 << 10

// plainJSON is the type of answers that have not that of their version.
const plainJSON = "application/json"

// versions are the types of answers, with their versions.
var versions = map[string]string{
	"application/vnd.uploadcare-v0.5+json": "0.5",
	"application/vnd.uploadcare-v0.6+json": "0.6",
	"application/vnd.uploadcare-v0.7+json": "0.7",
}

// A Call is a request that has shown that it comes from the app's own server.
type Call struct {
	Request *http.Request
	Grant   policy.Grant
	App     policy.App
	Version string // 0.5, 0.6 or 0.7
	Body    []byte

	accept string // the type that is answered with
}

// Apps is where tenants are recorded.
type Apps interface {
	App(ctx context.Context, key string) (policy.App, error)
}

// A Gate lets the app's own server in.
type Gate struct {
	Apps Apps

	// SignedOnly refuses, over connections without TLS, requests that show the
	// app's secret.
	SignedOnly bool

	Now func() time.Time
}

// Check returns the call that r is, once its credential was verified.
func (g *Gate) Check(r *http.Request) (*Call, error) {
	c := &Call{Request: r}
	var err error
	if c.accept, c.Version, err = accepted(r); err != nil {
		return nil, err
	}
	header := r.Header.Values("Authorization")
	switch {
	case len(header) == 0:
		return nil, unauthorized("Authentication credentials were not provided.", fault.Denied)
	case len(header) > 1:
		return nil, unauthorized("Incorrect authentication credentials.", errors.New("several credentials"))
	}
	credential, err := signedrequest.Parse("Uploadcare", header[0])
	if err != nil {
		return nil, unauthorized("Incorrect authentication credentials.", err)
	}
	if credential.Simple && g.SignedOnly && r.TLS == nil {
		return nil, Refuse(http.StatusBadRequest, "Simple authentication over HTTP is forbidden. Please, use HTTPS or signed requests instead.")
	}
	if c.Body, err = read(r); err != nil {
		return nil, err
	}
	if err := g.authorize(r, c, credential); err != nil {
		return nil, err
	}
	return c, nil
}

// accepted returns the type of answers that r accepts, and its version.
func accepted(r *http.Request) (kind, version string, err error) {
	for _, header := range r.Header.Values("Accept") {
		for one := range strings.SplitSeq(header, ",") {
			kind, _, _ := strings.Cut(one, ";")
			kind = strings.ToLower(strings.TrimSpace(kind))
			if version, ok := versions[kind]; ok {
				return kind, version, nil
			}
		}
	}
	return "", "", Refuse(http.StatusNotAcceptable,
		"Incorrect Accept header provided. Make sure to specify API version. Refer to REST API docs for details")
}

// read returns the body of r, which a signature is about.
func read(r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read body: %w", err)
	case len(body) > maxBody:
		return nil, Refuse(http.StatusRequestEntityTooLarge, "Request body is too large.")
	}
	return body, nil
}

// authorize verifies the credential of r, and notes in c whose it is.
func (g *Gate) authorize(r *http.Request, c *Call, credential signedrequest.Credential) error {
	ctx := r.Context()
	app, err := g.Apps.App(ctx, credential.Key)
	unknown := errors.Is(err, fault.NotFound)
	if err != nil && !unknown {
		return err
	}
	date := r.Header.Get("X-Uploadcare-Date") // instead of Date, which pages cannot send
	if date == "" {
		date = r.Header.Get("Date")
	}
	grant, err := signedrequest.Verify(app, credential, signedrequest.Request{
		Method: r.Method, URI: target(r), ContentType: r.Header.Get("Content-Type"), Date: date, Body: c.Body,
	}, g.Now())
	if unknown { // after the same work
		return unauthorized("Public key "+credential.Key+" not found.", fmt.Errorf("app of the credential: %w", fault.NotFound))
	}
	server.NoteCaller(ctx, app.Key, "", grant.Signer)
	if err != nil {
		return denied(credential, err)
	}
	if err := app.CheckOrigin(r.Header.Get("Origin")); err != nil {
		return err
	}
	c.Grant, c.App = grant, app
	return nil
}

// target returns the path and query of r as they were sent.
func target(r *http.Request) string {
	if strings.HasPrefix(r.RequestURI, "/") {
		return r.RequestURI
	}
	return r.URL.RequestURI()
}

// Path returns the value of a part of the path, decoded; "" if it cannot be.
func (c *Call) Path(name string) string {
	text, err := url.PathUnescape(c.Request.PathValue(name))
	if err != nil {
		return ""
	}
	return text
}

// NeedJSON refuses a body that does not say that it is JSON.
func (c *Call) NeedJSON() error {
	header := c.Request.Header.Get("Content-Type")
	if media, _, err := mime.ParseMediaType(header); err != nil || media != plainJSON {
		return Refuse(http.StatusUnsupportedMediaType, fmt.Sprintf("Unsupported media type %q in request.", header))
	}
	return nil
}

// Object reads the body as a JSON object, its members still as they are.
func (c *Call) Object() (map[string]json.RawMessage, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(c.Body, &members); err != nil || members == nil {
		return nil, Refuse(http.StatusBadRequest, "Expected JSON object.")
	}
	return members, nil
}

// Include reports whether the query asks for a member that is left out otherwise.
func (c *Call) Include(name string) bool {
	for one := range strings.SplitSeq(c.Request.URL.Query().Get("include"), ",") {
		if strings.TrimSpace(one) == name {
			return true
		}
	}
	return false
}
