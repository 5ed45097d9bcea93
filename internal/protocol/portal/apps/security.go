package apps

import (
	"context"
	"encoding/hex"
	"net/http"
	"strings"
	"time"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/manage"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/protocol/portal/frame"
)

// securityRows are the switch, the secrets, and the policies that were taken back.
func (p *Pages) securityRows() []frame.Row {
	const page = "/apps/{app}/security"
	return []frame.Row{
		{Method: http.MethodGet, Path: page, Act: account.ViewApp, Do: p.securityPage},
		{Method: http.MethodPost, Path: page, Act: account.ChangeApp, Do: p.switchSecurity},
		{Method: http.MethodPost, Path: page + "/secrets", Act: account.ChangeSecret, Do: p.addSecret},
		{Method: http.MethodPost, Path: page + "/secrets/{secret}/end", Act: account.ChangeSecret, Do: p.endSecret},
		{Method: http.MethodPost, Path: page + "/revoke", Act: account.ChangeSecret, Do: p.revoke},
	}
}

// A securityForm is what the page shows besides the app.
type securityForm struct {
	Policy, Signature, Force string // typed as proof
	Revoked                  []string
	Full                     bool // no more secrets fit
	Secret                   string
	Delivery                 string               // a new delivery secret
	Used                     map[string]time.Time // when each secret last was, by its fingerprint
}

func (p *Pages) form(ctx context.Context, v *frame.Visit) (securityForm, error) {
	form := securityForm{Policy: v.Value("policy"), Signature: v.Value("signature"), Force: v.Value("force")}
	for digest := range v.App.Revoked {
		form.Revoked = append(form.Revoked, hex.EncodeToString(digest[:]))
	}
	live := 0
	for _, secret := range v.App.Secrets {
		if secret.Live {
			live++
		}
	}
	form.Full = live >= policy.MaxSecrets
	seen, err := p.insight.View(v.Actor, v.App.Key)
	if err == nil {
		form.Used, err = seen.SecretUses(ctx)
	}
	return form, err
}

func (p *Pages) securityPage(ctx context.Context, v *frame.Visit) error {
	form, err := p.form(ctx, v)
	if err != nil {
		return err
	}
	return p.Show(v, "security", "Security", form)
}

// refused shows the page again, if err is for the visitor.
func (p *Pages) refused(ctx context.Context, v *frame.Visit, err error) error {
	_, text := v.Refused(err)
	if text == "" {
		return err
	}
	form, err := p.form(ctx, v)
	if err != nil {
		return err
	}
	return p.Again(v, "security", "Security", text, form)
}

func (p *Pages) switchSecurity(ctx context.Context, v *frame.Visit) error {
	on := v.Value("security") == "on"
	_, err := p.manage.ChangeApp(ctx, v.Actor, v.App.Key, manage.Change{Version: v.Value("version"), Security: &on,
		Proof: policy.Credential{Policy: strings.TrimSpace(v.Value("policy")), Signature: strings.TrimSpace(v.Value("signature"))},
		Force: v.Value("force")})
	if err != nil {
		return p.refused(ctx, v, err)
	}
	if on {
		return v.Done(v.Link("/security"), "Security is on: every request needs a signed policy.")
	}
	return v.Done(v.Link("/security"), "Security is off: whoever knows the API key may upload and read.")
}

// spans are the times that an old secret may go on.
var spans = map[string]time.Duration{"0": 0, "1h": time.Hour, "24h": 24 * time.Hour, "168h": 7 * 24 * time.Hour}

func (p *Pages) addSecret(ctx context.Context, v *frame.Visit) error {
	keep, known := spans[v.Value("keep")]
	if !known {
		return p.refused(ctx, v, account.Refuse(fault.Invalid, "keep", "choose how long the old secret goes on"))
	}
	app, secret, err := p.manage.AddSecret(ctx, v.Actor, v.App.Key, manage.NewSecret{Keep: keep})
	if err != nil {
		return p.refused(ctx, v, err)
	}
	v.App = &app
	form, err := p.form(ctx, v)
	if err != nil {
		return err
	}
	form.Secret = secret
	return p.Show(v, "security", "Security", form)
}

func (p *Pages) endSecret(ctx context.Context, v *frame.Visit) error {
	if _, err := p.manage.EndSecret(ctx, v.Actor, v.App.Key, v.Path("secret")); err != nil {
		return p.refused(ctx, v, err)
	}
	return v.Done(v.Link("/security"), "The secret has ended: what it signed is refused.")
}

// revoke takes back all policies so far, or one of them, or that.
func (p *Pages) revoke(ctx context.Context, v *frame.Visit) error {
	change, done := manage.Change{}, ""
	switch v.Value("what") {
	case "all":
		now := p.Now()
		change.RevokeBefore, done = &now, "Every policy signed until now is refused."
	case "none":
		change.RevokeBefore, done = new(time.Time), "Earlier policies count again, unless they have expired."
	case "one":
		digest := policy.Digest(strings.TrimSpace(v.Value("policy")))
		change.RevokePolicy, done = &digest, "This policy is refused."
	case "allow":
		raw, err := hex.DecodeString(v.Value("digest"))
		if err != nil || len(raw) != 32 {
			return p.refused(ctx, v, account.Refuse(fault.Invalid, "digest", "this is no policy's digest"))
		}
		change.AllowPolicy, done = (*[32]byte)(raw), "The policy counts again, unless it has expired."
	}
	if v.Value("what") == "one" && strings.TrimSpace(v.Value("policy")) == "" {
		return p.refused(ctx, v, account.Refuse(fault.Invalid, "one", "paste the policy that is to be refused"))
	}
	if _, err := p.manage.ChangeApp(ctx, v.Actor, v.App.Key, change); err != nil {
		return p.refused(ctx, v, err)
	}
	return v.Done(v.Link("/security"), done)
}
