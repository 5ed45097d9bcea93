// Package people is the portal's pages about who may come in: signing in, one's
// own account, the members of an app, everybody's.
package people

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/account/oidc"
	"github.com/stowgate/stowgate/internal/account/passkey"
	"github.com/stowgate/stowgate/internal/manage"
	"github.com/stowgate/stowgate/internal/protocol/portal/frame"
)

// Pages are the pages of this package.
type Pages struct {
	*frame.Frame
	accounts   *account.Service
	manage     *manage.Service
	passkeys   *passkey.Service
	identities *oidc.Service
}

// Services are what the pages call.
type Services struct {
	Accounts   *account.Service
	Manage     *manage.Service
	Passkeys   *passkey.Service // nil where browsers make none for this server
	Identities *oidc.Service    // nil where the operator has named no provider
}

// New returns the pages.
func New(f *frame.Frame, s Services) *Pages {
	return &Pages{f, s.Accounts, s.Manage, s.Passkeys, s.Identities}
}

// Rows returns the table of the pages.
func (p *Pages) Rows() []frame.Row {
	return slices.Concat(p.signRows(), p.elsewhereRows(), p.ownRows(), p.memberRows(), p.userRows(), p.auditRows())
}

// signRows are the pages of whoever has not signed in.
func (p *Pages) signRows() []frame.Row {
	const first = "whoever signs in has not yet"
	return []frame.Row{
		{Method: http.MethodGet, Path: "/sign-in", Public: first, Do: p.signInPage},
		{Method: http.MethodPost, Path: "/sign-in", Public: first, Do: p.signIn},
		{Method: http.MethodPost, Path: "/sign-out", Public: "also a session that has ended is forgotten", Do: p.signOut},
		{Method: http.MethodGet, Path: "/setup", Public: "there is no user yet; a token stands in for one", Do: p.setupPage},
		{Method: http.MethodPost, Path: "/setup", Public: "there is no user yet; a token stands in for one", Do: p.setup},
		{Method: http.MethodGet, Path: "/invitation", Public: "the link is the credential", Do: p.invitationPage},
		{Method: http.MethodPost, Path: "/invitation", Public: "the link is the credential", Do: p.accept},
	}
}

// A signForm is what was typed, and what is wrong with it.
type signForm struct {
	Next, Email, Name, Token string
	Field, Wrong             string // the field that is wrong, and why
	Passkeys, Identities     bool   // there are these ways, too
}

// WrongIn says why a field was not accepted.
func (f signForm) WrongIn(name string) string {
	if f.Field == name {
		return f.Wrong
	}
	return ""
}

func (p *Pages) formOf(v *frame.Visit) signForm {
	return signForm{Passkeys: p.passkeys != nil, Identities: p.identities != nil, Next: v.Value("next"), Email: v.Value("email"), Name: v.Value("name"), Token: v.Posted("token")}
}

func (p *Pages) signInPage(ctx context.Context, v *frame.Visit) error {
	if v.ID != "" {
		return v.Done(nextPage(v.Value("next")), "")
	}
	return p.Show(v, "sign-in", "Sign in", p.formOf(v))
}

func (p *Pages) signIn(ctx context.Context, v *frame.Visit) error {
	token, err := p.accounts.SignIn(ctx, v.Value("email"), v.Value("password"), v.From)
	if err != nil {
		return p.refusedForm(v, "sign-in", "Sign in", p.formOf(v), err)
	}
	v.SignedIn(token)
	return v.Done(nextPage(v.Value("next")), "")
}

func (p *Pages) signOut(ctx context.Context, v *frame.Visit) error {
	if v.ID != "" {
		if err := p.accounts.SignOut(ctx, v.Visitor); err != nil {
			return err
		}
	}
	v.SignedOut()
	return v.Done(frame.Root+"/sign-in", "You have signed out.")
}

func (p *Pages) setupPage(ctx context.Context, v *frame.Visit) error {
	return p.Show(v, "setup", "Welcome", p.formOf(v))
}

func (p *Pages) setup(ctx context.Context, v *frame.Visit) error {
	token, err := p.accounts.Setup(ctx, v.Value("token"), v.Value("email"), v.Value("name"), v.Value("password"), v.From)
	if err != nil {
		return p.refusedForm(v, "setup", "Welcome", p.formOf(v), err)
	}
	v.SignedIn(token)
	return v.Done(frame.Root+"/", "You are the operator of this server. Begin with an app.")
}

func (p *Pages) invitationPage(ctx context.Context, v *frame.Visit) error {
	user, err := p.accounts.Invited(ctx, v.Value("token"), v.From)
	if err != nil {
		return err
	}
	return p.Show(v, "invitation", "Welcome", signForm{Token: v.Value("token"), Email: user.Email, Name: user.Name})
}

func (p *Pages) accept(ctx context.Context, v *frame.Visit) error {
	if _, err := p.accounts.Invited(ctx, v.Value("token"), v.From); err != nil {
		return err // there is nothing to show again
	}
	token, err := p.accounts.Accept(ctx, v.Value("token"), v.Value("password"), v.From)
	if err != nil {
		return p.refusedForm(v, "invitation", "Welcome", p.formOf(v), err)
	}
	v.SignedIn(token)
	return v.Done(frame.Root+"/", "Welcome.")
}

// refusedForm shows a form again, if err is for the visitor.
func (p *Pages) refusedForm(v *frame.Visit, page, title string, form signForm, err error) error {
	field, text := frame.Refused(err)
	if text == "" {
		return err
	}
	if form.Field, form.Wrong = field, text; field != "" {
		text = "Something is not right yet: see below."
	}
	return p.Again(v, page, title, text, form)
}

// nextPage returns where to go after signing in: a page of the portal, whatever
// the URL says.
func nextPage(next string) string {
	if strings.HasPrefix(next, frame.Root+"/") && !strings.ContainsAny(next, "\\\r\n") && !strings.Contains(next, "/../") && !strings.HasPrefix(next, frame.Root+"/sign-") {
		return next
	}
	return frame.Root + "/"
}
