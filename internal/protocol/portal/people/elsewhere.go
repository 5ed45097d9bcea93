package people

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/protocol/portal/frame"
)

// elsewhereRows are signing in with a passkey, or by the operator's own provider.
func (p *Pages) elsewhereRows() []frame.Row {
	const first = "whoever signs in has not yet"
	return []frame.Row{
		{Method: http.MethodPost, Path: "/sign-in/passkey/begin", Public: first, Do: p.beginSignIn},
		{Method: http.MethodPost, Path: "/sign-in/passkey", Public: first, Do: p.signInByPasskey},
		{Method: http.MethodGet, Path: "/sign-in/provider", Public: first, Do: p.toProvider},
		{Method: http.MethodGet, Path: "/identity", Public: first, Do: p.fromProvider},
	}
}

// ceremony answers what a script is to ask the browser for.
func (p *Pages) ceremony(v *frame.Visit, options json.RawMessage, state string) error {
	text, err := json.Marshal(struct {
		Options json.RawMessage `json:"options"`
		State   string          `json:"state"`
	}{options, state})
	if err != nil {
		return err
	}
	return p.Send(v, "application/json", "", text)
}

func (p *Pages) beginSignIn(ctx context.Context, v *frame.Visit) error {
	if p.passkeys == nil {
		return errNoPasskeys
	}
	asked, err := p.passkeys.BeginSignIn()
	if err != nil {
		return err
	}
	return p.ceremony(v, asked.Options, asked.State)
}

func (p *Pages) signInByPasskey(ctx context.Context, v *frame.Visit) error {
	if p.passkeys == nil {
		return errNoPasskeys
	}
	token, err := p.passkeys.SignIn(ctx, v.Value("state"), []byte(v.Value("response")), v.From)
	if err != nil {
		return p.refusedForm(v, "sign-in", "Sign in", p.formOf(v), err)
	}
	v.SignedIn(token)
	return v.Done(nextPage(v.Value("next")), "")
}

// errNoProvider is answered where the operator has named none.
var errNoProvider = fmt.Errorf("no OpenID Connect provider is set: %w", fault.NotFound)

// toProvider sends a person to the provider.
func (p *Pages) toProvider(ctx context.Context, v *frame.Visit) error {
	if p.identities == nil {
		return errNoProvider
	}
	to, trip, err := p.identities.Begin(ctx)
	if err != nil {
		return p.refusedForm(v, "sign-in", "Sign in", p.formOf(v), err)
	}
	v.Remember(trip)
	return v.Done(to, "")
}

// fromProvider takes a person back.
func (p *Pages) fromProvider(ctx context.Context, v *frame.Visit) error {
	if p.identities == nil {
		return errNoProvider
	}
	token, err := p.identities.SignIn(ctx, v.Recall(), v.Value("state"), v.Value("code"), v.From)
	if err != nil {
		return p.refusedForm(v, "sign-in", "Sign in", p.formOf(v), err)
	}
	v.SignedIn(token)
	return v.Done(frame.Root+"/", "")
}
