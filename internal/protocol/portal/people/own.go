package people

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/manage"
	"github.com/stowgate/stowgate/internal/protocol/portal/frame"
)

// ownRows are a visitor's own account.
func (p *Pages) ownRows() []frame.Row {
	row := func(method, path string, do func(context.Context, *frame.Visit) error) frame.Row {
		return frame.Row{Method: method, Path: "/account" + path, Own: true, Do: do}
	}
	return []frame.Row{
		row(http.MethodGet, "", p.ownPage),
		row(http.MethodPost, "/name", p.rename),
		row(http.MethodPost, "/password", p.changePassword),
		row(http.MethodPost, "/sessions/end", p.endOthers),
		row(http.MethodPost, "/tokens", p.addToken),
		row(http.MethodPost, "/tokens/{token}/end", p.endToken),
		row(http.MethodPost, "/passkeys/begin", p.beginPasskey),
		row(http.MethodPost, "/passkeys", p.addPasskey),
		row(http.MethodPost, "/passkeys/{passkey}/remove", p.removePasskey),
	}
}

// own is what the page shows.
type own struct {
	User     account.User
	Passkeys []ownPasskey
	CanAdd   bool // browsers make passkeys for this server
	Sessions []ownSession
	Tokens   []account.Token
	Scopes   []account.Act
	Apps     []manage.App
	Token    string // that was just made

	// Of a form that was not accepted: which one it is, the field that is wrong, and why.
	Form, Field, Wrong string
	Typed              newToken
}

// A newToken is what was typed of one.
type newToken struct {
	Name, App, Lifetime string
	Scopes              []string
}

// Has says whether the token was to have a scope.
func (n newToken) Has(scope account.Act) bool { return slices.Contains(n.Scopes, scope.String()) }

// WrongIn says why a field of a form was not accepted.
func (o own) WrongIn(form, name string) string {
	if o.Form == form && o.Field == name {
		return o.Wrong
	}
	return ""
}

type ownPasskey struct {
	account.Passkey
	Path string // its ID
}

type ownSession struct {
	account.Session
	This    bool   // it is the one of the page
	Browser string // in short
}

// own reads what the page shows.
func (p *Pages) own(ctx context.Context, v *frame.Visit) (own, error) {
	shown := own{User: v.Account, CanAdd: p.passkeys != nil}
	for _, act := range account.Acts() {
		if v.Operator || act.OfApp() {
			shown.Scopes = append(shown.Scopes, act)
		}
	}
	for _, one := range v.Account.Passkeys {
		shown.Passkeys = append(shown.Passkeys, ownPasskey{one, base64.RawURLEncoding.EncodeToString(one.ID)})
	}
	sessions, err := p.accounts.Sessions(ctx, v.Visitor)
	if err != nil {
		return own{}, err
	}
	for _, one := range sessions {
		shown.Sessions = append(shown.Sessions, ownSession{one, bytes.Equal(one.Digest[:], v.Session.Digest[:]), browser(one.Agent)})
	}
	tokens, err := p.manage.Tokens(ctx, v.Actor)
	if err != nil {
		return own{}, err
	}
	for _, one := range tokens {
		if one.User == v.User {
			shown.Tokens = append(shown.Tokens, one)
		}
	}
	shown.Apps, err = p.manage.Apps(ctx, v.Actor)
	return shown, err
}

func (p *Pages) ownPage(ctx context.Context, v *frame.Visit) error {
	shown, err := p.own(ctx, v)
	if err != nil {
		return err
	}
	return p.Show(v, "account", "Your account", shown)
}

// ownDone goes back to the page, or says on it what is wrong with a form.
func (p *Pages) ownDone(ctx context.Context, v *frame.Visit, form string, err error, done string) error {
	field, text := frame.Refused(err)
	if text == "" && err != nil {
		return err
	}
	if err == nil {
		return v.Done(frame.Root+"/account", done)
	}
	shown, err := p.own(ctx, v)
	if err != nil {
		return err
	}
	if shown.Form, shown.Field, shown.Wrong = form, field, text; field != "" {
		text = "Nothing was changed: see below."
	}
	if form == "token" {
		shown.Typed = newToken{v.Value("name"), v.Value("app"), v.Value("lifetime"), v.Values("scope")}
	}
	return p.Again(v, "account", "Your account", text, shown)
}

func (p *Pages) rename(ctx context.Context, v *frame.Visit) error {
	return p.ownDone(ctx, v, "name", p.accounts.Rename(ctx, v.Visitor, v.Value("name")), "Saved.")
}

func (p *Pages) changePassword(ctx context.Context, v *frame.Visit) error {
	token, err := p.accounts.ChangePassword(ctx, v.Visitor, v.Value("old"), v.Value("password"))
	if err == nil {
		v.SignedIn(token)
	}
	return p.ownDone(ctx, v, "password", err, "The password is changed, and all other sessions have ended.")
}

func (p *Pages) endOthers(ctx context.Context, v *frame.Visit) error {
	token, err := p.accounts.EndOthers(ctx, v.Visitor)
	if err == nil {
		v.SignedIn(token)
	}
	return p.ownDone(ctx, v, "sessions", err, "All other sessions have ended.")
}

// lifetimes are how long tokens may count.
var lifetimes = map[string]time.Duration{"30d": 30 * 24 * time.Hour, "90d": 90 * 24 * time.Hour, "365d": 365 * 24 * time.Hour, "": 0}

func (p *Pages) addToken(ctx context.Context, v *frame.Visit) error {
	lifetime, known := lifetimes[v.Value("lifetime")]
	if !known {
		return fmt.Errorf("lifetime %q: %w", v.Value("lifetime"), fault.Invalid)
	}
	n := manage.NewToken{Name: v.Value("name"), App: v.Value("app"), Lifetime: lifetime}
	for _, text := range v.Values("scope") {
		act, err := account.ParseAct(text)
		if err != nil {
			return err
		}
		n.Scopes = append(n.Scopes, act)
	}
	_, text, err := p.manage.AddToken(ctx, v.Actor, n)
	if err != nil {
		return p.ownDone(ctx, v, "token", err, "")
	}
	shown, err := p.own(ctx, v)
	if err != nil {
		return err
	}
	shown.Token = text
	return p.Show(v, "account", "Your account", shown)
}

func (p *Pages) endToken(ctx context.Context, v *frame.Visit) error {
	return p.ownDone(ctx, v, "tokens", p.manage.EndToken(ctx, v.Actor, v.Path("token")), "The token has ended.")
}

// errNoPasskeys is answered where browsers make no passkeys.
var errNoPasskeys = account.Refuse(fault.Unsupported, "", "browsers make passkeys for servers that have a name and HTTPS only, or for localhost")

// beginPasskey answers what to ask the browser for.
func (p *Pages) beginPasskey(ctx context.Context, v *frame.Visit) error {
	if p.passkeys == nil {
		return errNoPasskeys
	}
	asked, err := p.passkeys.BeginRegistration(v.Visitor)
	if err != nil {
		return err
	}
	return p.ceremony(v, asked.Options, asked.State)
}

func (p *Pages) addPasskey(ctx context.Context, v *frame.Visit) error {
	if p.passkeys == nil {
		return errNoPasskeys
	}
	err := p.passkeys.Register(ctx, v.Visitor, v.Value("state"), []byte(v.Value("response")), v.Value("name"))
	return p.ownDone(ctx, v, "passkey", err, "The passkey is kept: you can sign in with it.")
}

func (p *Pages) removePasskey(ctx context.Context, v *frame.Visit) error {
	if p.passkeys == nil {
		return errNoPasskeys
	}
	id, err := base64.RawURLEncoding.DecodeString(strings.TrimSpace(v.Path("passkey")))
	if err != nil {
		return fmt.Errorf("passkey %q: %w", v.Path("passkey"), fault.NotFound)
	}
	token, err := p.passkeys.Remove(ctx, v.Visitor, id)
	if err == nil {
		v.SignedIn(token)
	}
	return p.ownDone(ctx, v, "passkeys", err, "The passkey is removed, and all other sessions have ended.")
}
