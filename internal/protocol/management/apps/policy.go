package apps

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/manage"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/protocol/management/call"
)

// policyRows are about policies.
func (a *API) policyRows() []call.Row {
	const page = "/apps/{app}/policies"
	return []call.Row{
		{Method: http.MethodPost, Path: page + "/sign", Act: account.SignPolicy, Do: a.signPolicy},
		{Method: http.MethodPost, Path: page + "/explain", Act: account.ViewApp, Do: a.explainPolicy},
		{Method: http.MethodPost, Path: page + "/revoke", Act: account.ChangeSecret, Do: a.revokePolicy},
		{Method: http.MethodPost, Path: page + "/allow", Act: account.ChangeSecret, Do: a.allowPolicy},
	}
}

func (a *API) signPolicy(ctx context.Context, c *call.Call) (any, error) {
	var in struct {
		Document json.RawMessage `json:"document"`
		Lifetime *int64          `json:"lifetime"`
	}
	if err := c.Read(&in); err != nil {
		return nil, err
	}
	document := string(in.Document)
	if !strings.HasPrefix(document, "{") {
		return nil, account.Refuse(fault.Invalid, "document", `this is no JSON object like {"call":["read"]}`)
	}
	if in.Lifetime != nil {
		span, err := call.Seconds("lifetime", *in.Lifetime)
		if err != nil {
			return nil, err
		}
		expiry, err := json.Marshal(a.Now().Add(span).Unix())
		if err != nil {
			return nil, err
		}
		rest := strings.TrimSpace(document[1:])
		if rest != "}" {
			rest = "," + rest
		}
		document = `{"expiry":` + string(expiry) + rest // one that it has already makes it invalid
	}
	signed, err := a.Manage.SignPolicy(ctx, c.Actor, c.App, document)
	if err != nil {
		return nil, err
	}
	return struct {
		credential
		Document string    `json:"document"`
		Meaning  string    `json:"meaning"`
		Expires  time.Time `json:"expires"`
	}{credential(signed.Credential), document, signed.Meaning, signed.Expires.UTC()}, nil
}

// A step is a condition that was looked at.
type step struct {
	Check   string `json:"check"`
	OK      bool   `json:"ok"`
	Skipped bool   `json:"skipped"`
	Detail  string `json:"detail"`
}

func (a *API) explainPolicy(ctx context.Context, c *call.Call) (any, error) {
	var in question
	if err := c.Read(&in); err != nil {
		return nil, err
	}
	cred, request, err := a.request(c, in)
	if err != nil {
		return nil, err
	}
	steps, err := a.Manage.ExplainPolicy(ctx, c.Actor, c.App, cred, request)
	if err != nil {
		return nil, err
	}
	return struct {
		Allowed bool   `json:"allowed"`
		Steps   []step `json:"steps"`
	}{!slices.ContainsFunc(steps, func(s policy.Step) bool { return !s.OK }),
		call.Listed(steps, func(s policy.Step) step { return step(s) }).Items}, nil
}

// A question is what somebody wonders about.
type question struct {
	URL       string `json:"url"`
	Policy    string `json:"policy"`
	Signature string `json:"signature"`
	Call      string `json:"call"`
	Handle    string `json:"handle"`
	Path      string `json:"path"`
	Container string `json:"container"`
	Source    string `json:"source"`
	Size      *int64 `json:"size"`
}

// request returns what is asked: what the URL says, and what is said besides.
func (a *API) request(c *call.Call, q question) (cred policy.Credential, r policy.Request, err error) {
	r.Size = -1
	if q.URL != "" {
		var key string
		key, cred, r, err = a.ReadURL(q.URL)
		switch {
		case err != nil:
			return cred, r, account.Refuse(fault.Invalid, "url", "this is no URL: copy all of it, from https:// on")
		case key != "" && key != c.App:
			return cred, r, account.Refuse(fault.Invalid, "url", "this URL names another app, %s", key)
		}
	}
	if q.Policy != "" || q.Signature != "" {
		cred = policy.Credential{Policy: q.Policy, Signature: q.Signature}
	}
	if q.Call != "" {
		if r.Action, err = policy.ParseAction(q.Call); err != nil {
			return cred, r, account.Refuse(fault.Invalid, "call", "there is no call %s", q.Call)
		}
	}
	if q.Handle != "" {
		r.Asset = asset.ID(q.Handle)
	}
	if q.Path != "" {
		if r.Path, err = policy.CanonicalPath(q.Path); err != nil {
			return cred, r, account.Refuse(fault.Invalid, "path", "no file can be stored at this path")
		}
	}
	if q.Container != "" {
		r.Container = q.Container
	}
	if q.Source != "" {
		r.URL = q.Source
	}
	if q.Size != nil {
		if r.Size = *q.Size; r.Size < 0 {
			return cred, r, account.Refuse(fault.Invalid, "size", "the size is less than nothing")
		}
	}
	return cred, r, nil
}

// digestOf returns which policy is meant by one of two members.
func digestOf(text, digest string) (d *[32]byte, err error) {
	switch {
	case text != "" && digest != "":
		return nil, account.Refuse(fault.Invalid, "digest", "give the policy or its digest, and not both")
	case text != "":
		sum := policy.Digest(text)
		return &sum, nil
	case digest != "":
		sum, err := hex.DecodeString(digest)
		if err != nil || len(sum) != 32 {
			return nil, account.Refuse(fault.Invalid, "digest", "a digest is 64 hexadecimal digits")
		}
		return (*[32]byte)(sum), nil
	}
	return nil, nil
}

func (a *API) revokePolicy(ctx context.Context, c *call.Call) (any, error) {
	var in struct {
		Policy       string     `json:"policy"`
		Digest       string     `json:"digest"`
		SignedBefore *time.Time `json:"signed_before"`
	}
	if err := c.Read(&in); err != nil {
		return nil, err
	}
	if in.SignedBefore != nil && in.SignedBefore.IsZero() {
		return nil, account.Refuse(fault.Invalid, "signed_before", "this time takes nothing back")
	}
	digest, err := digestOf(in.Policy, in.Digest)
	if err != nil {
		return nil, err
	}
	return a.changePolicies(ctx, c, manage.Change{RevokePolicy: digest, RevokeBefore: in.SignedBefore})
}

func (a *API) allowPolicy(ctx context.Context, c *call.Call) (any, error) {
	var in struct {
		Policy       string `json:"policy"`
		Digest       string `json:"digest"`
		SignedBefore bool   `json:"signed_before"`
	}
	if err := c.Read(&in); err != nil {
		return nil, err
	}
	digest, err := digestOf(in.Policy, in.Digest)
	if err != nil {
		return nil, err
	}
	change := manage.Change{AllowPolicy: digest}
	if in.SignedBefore {
		change.RevokeBefore = new(time.Time)
	}
	return a.changePolicies(ctx, c, change)
}

// changePolicies takes policies back, or that.
func (a *API) changePolicies(ctx context.Context, c *call.Call, change manage.Change) (any, error) {
	if change == (manage.Change{}) {
		return nil, account.Refuse(fault.Invalid, "policy", "say which policies: by policy, digest or signed_before")
	}
	return shown(c)(a.Manage.ChangeApp(ctx, c.Actor, c.App, change))
}
