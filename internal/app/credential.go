package app

import (
	"time"

	"github.com/stowgate/stowgate/internal/app/setting"
	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/policy/address"
	"github.com/stowgate/stowgate/internal/policy/bearer"
	"github.com/stowgate/stowgate/internal/policy/expiring"
)

// A credential is one that is no policy, as flags say it.
type credential struct {
	Expire       string `placeholder:"TIME" help:"With --signature and no policy: the time that was signed, as it was sent."`
	Bearer       string `placeholder:"TOKEN" help:"The token of an upload, as it was sent."`
	AddressToken string `placeholder:"TOKEN" help:"The token in the address of a file, as it was sent."`
	RequestPath  string `placeholder:"PATH" help:"With a token, the path of the request, as it was sent."`
}

// check says what is wrong with the flags, which stand beside that of a policy.
func (c credential) check(r *setting.Reader, policy string) {
	n := 0
	for _, one := range []string{policy, c.Expire, c.Bearer, c.AddressToken} {
		if one != "" {
			n++
		}
	}
	if n > 1 {
		r.Fail("one credential at a time: --policy, --expire, --bearer or --address-token")
	}
	if (c.Bearer != "" || c.AddressToken != "") && c.RequestPath == "" {
		r.Fail("a token is for some paths: say which one was asked for with --request-path")
	}
}

// given reports whether there is one.
func (c credential) given() bool { return c.Expire != "" || c.Bearer != "" || c.AddressToken != "" }

// explain says whether the credential counts, and whether it allows req.
func (c credential) explain(app policy.App, signature string, req policy.Request, now time.Time) []policy.Step {
	var g policy.Grant
	var err error
	switch {
	case c.Bearer != "":
		g, err = bearer.Verify(app, c.Bearer, c.RequestPath, now)
	case c.AddressToken != "":
		if req.Asset == "" {
			req.Asset = asset.ID(c.RequestPath) // whatever that is about
		}
		g, err = address.Verify(app, c.AddressToken, c.RequestPath, req.Asset, now)
	default:
		g, err = expiring.Verify(app, signature, c.Expire, now)
	}
	if err != nil {
		return []policy.Step{{Check: "credential", Detail: err.Error()}}
	}
	steps := []policy.Step{{Check: "credential", OK: true, Detail: g.Describe(now)}}
	if req.Action == 0 {
		return steps
	}
	last := policy.Step{Check: "call", OK: true, Detail: "is allowed"}
	if err := g.Check(req, now); err != nil {
		last.OK, last.Detail = false, err.Error()
	}
	return append(steps, last)
}
