package picker

import (
	"context"
	"errors"
	"net/http"

	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/protocol/filestack/access"
	"github.com/stowgate/stowgate/internal/protocol/filestack/answer"
	"github.com/stowgate/stowgate/internal/protocol/filestack/params"
	"github.com/stowgate/stowgate/internal/server"
)

// A problem is why a page may not upload, in terms that its developer can act
// on. Request is what the log calls the request.
type problem struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Request string `json:"request"`
}

// problems are the codes and neutral words for each reason to refuse. The
// picker puts the codes into words of its own (web/engine/types.ts).
var problems = map[policy.Reason]problem{
	policy.AppDisabled:         {Code: "app-disabled", Message: "The app is switched off."},
	policy.NoCredentials:       {Code: "security-required", Message: "A policy and its signature are required."},
	policy.BadSignature:        {Code: "signature", Message: "The signature does not match the policy."},
	policy.BadPolicy:           {Code: "signature", Message: "The policy cannot be read."},
	policy.Expired:             {Code: "policy-expired", Message: "The policy has expired."},
	policy.Revoked:             {Code: "policy-expired", Message: "The policy was revoked."},
	policy.CallNotAllowed:      {Code: "policy-call", Message: "The policy does not list the call pick or store."},
	policy.OtherAsset:          {Code: "policy-call", Message: "The policy is for one file, and allows no new ones."},
	policy.PathNotAllowed:      {Code: "policy-limit", Message: "The policy does not allow the path."},
	policy.ContainerNotAllowed: {Code: "policy-limit", Message: "The policy does not allow the container."},
	policy.URLNotAllowed:       {Code: "policy-limit", Message: "The policy does not allow the URL."},
	policy.TooSmall:            {Code: "policy-limit", Message: "The policy asks for larger files."},
	policy.TooLarge:            {Code: "policy-limit", Message: "The policy asks for smaller files."},
	policy.UsedUp:              {Code: "policy-limit", Message: "The policy was used as often as it allows."},
	policy.OriginNotAllowed:    {Code: "origin", Message: "The app does not list the origin of this page."},
	policy.TypeNotAllowed:      {Code: "type", Message: "The app does not take files of this type."},
	policy.QuotaReached:        {Code: "quota", Message: "The app may not store more files."},
}

// Prefetch answers /prefetch: flat for filestack-java and filestack-ios, nested
// for filestack-js, which takes only a 200 for an answer. iOS and filestack-js
// 2 send no credential, whatever the app's security.
func (a *API) Prefetch(w http.ResponseWriter, r *http.Request) error {
	c, p, err := read(r)
	if err != nil {
		return err
	}
	if c.Key == "" {
		return params.Invalid("apikey")
	}
	body := map[string]any{
		"intelligent_ingestion": true, "whitelabel": true, "customsource": false,
		"permissions": asked(p, "permissions", "intelligent_ingestion", "whitelabel"),
		"settings":    asked(p, "settings"),
		"sources":     []string{},
	}
	if a.Links {
		body["sources"] = []string{"url"}
	}
	grant, err := a.mayStore(r.Context(), c, p)
	if err := p.Err(); err != nil {
		return err
	}
	found, err := a.explain(r, c, err)
	if err != nil {
		return err
	}
	body["blocked"] = found.Code == "app-disabled" || found.Code == "key-unknown"
	if found.Code != "" {
		body["problem"] = found
	} else if !grant.Expires.IsZero() {
		body["expires"] = grant.Expires.Unix()
	}
	return answer.JSON(w, http.StatusOK, body)
}

func read(r *http.Request) (access.Caller, params.Set, error) {
	var c access.Caller
	var p params.Set
	var err error
	if r.Method == http.MethodPost {
		c, p, err = access.ReadBody(r)
	} else {
		p = params.ParseQuery(r.URL.RawQuery)
		c.Use(p)
		err = p.Err()
	}
	c.Origin = r.Header.Get("Origin")
	return c, p, err
}

// asked answers the names that the list called name has: those in has are there.
func asked(p params.Set, name string, has ...string) map[string]bool {
	body := map[string]bool{}
	for _, one := range p.Texts(name) {
		body[one] = false
	}
	for _, one := range has {
		body[one] = true
	}
	return body
}

// mayStore returns the grant of a caller who may store a file where the page
// says, if it says so, while the app has room, and otherwise why not. It counts
// no use of the grant.
func (a *API) mayStore(ctx context.Context, c access.Caller, p params.Set) (policy.Grant, error) {
	grant, err := a.Gate.Authorize(ctx, c)
	if err != nil {
		return grant, err
	}
	store := p.Object("picker_config").Object("storeto")
	err = grant.Check(policy.Request{
		Action: policy.Pick | policy.Store, Path: store.Text("path"), Container: store.Text("container"), Size: -1,
	}, a.Gate.Now())
	var denial *policy.Denial
	placed := errors.As(err, &denial) && (denial.Reason == policy.PathNotAllowed || denial.Reason == policy.ContainerNotAllowed)
	if placed && (!p.Has("picker_config") || store.Flag("disablestoragekey")) {
		err = nil // where files go is known later
	}
	if err == nil {
		err = a.Uploads.Room(ctx, grant)
	}
	return grant, err
}

// explain words why something is refused. The reason is what every route says;
// the details are for pages that the app lists, and for developers at their own
// machine. Any other error is returned.
func (a *API) explain(r *http.Request, c access.Caller, err error) (problem, error) {
	found := problem{Code: "key-unknown", Message: "There is no app with this API key."}
	var denial *policy.Denial
	switch {
	case err == nil:
		return problem{}, nil
	case errors.As(err, &denial):
		found = problems[denial.Reason]
		app, err := a.Gate.Apps.App(r.Context(), c.Key)
		if err != nil && fault.Of(err) != fault.NotFound {
			return problem{}, err
		}
		if app.Lists(c.Origin) || access.IsLoopback(a.Gate.Host) {
			found.Message = denial.Detail
		}
	case !errors.Is(err, answer.ErrUnknownApp):
		return problem{}, err
	}
	server.NoteError(r.Context(), err)
	found.Request = server.RequestID(r.Context())
	return found, nil
}
