// Package oidc lets users sign in with an identity that the operator's own
// OpenID Connect provider confirms. Which user that is, is decided by the
// e-mail address; sessions are begun by package account.
package oidc

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/url"
	"sync"
	"time"

	provider "github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/fetch"
)

// patience is how long a person may take at the provider.
const patience = 10 * time.Minute

// Config says who confirms identities.
type Config struct {
	Issuer       string // URL, as the provider's tokens say it
	ClientID     string
	ClientSecret string
	RedirectURL  string // of the page that takes the answer
	AddUsers     bool   // make a user, without roles, of whoever is confirmed
	Key          [32]byte
	Now          func() time.Time // nil means time.Now

	// Fetch reaches the provider. One inside the operator's own network must be
	// among the addresses that it allows.
	Fetch *fetch.Client
}

// users keeps users: an account.Store.
type users interface {
	UserByEmail(ctx context.Context, email string) (account.User, error)
	AddUser(ctx context.Context, by account.Entry, u account.User) error
	UpdateUser(ctx context.Context, by account.Entry, id string, change func(*account.User) error) (account.User, error)
}

// A Service sends people to the provider, and takes them back. What it refuses
// is an *account.Refusal.
type Service struct {
	accounts *account.Service
	users    users
	config   Config
	envelope account.Envelope

	mu    sync.Mutex
	known *provider.Provider // once it has answered
}

// New returns a service. It asks the provider when the first person signs in.
// The error wraps fault.Invalid if the issuer is no HTTPS URL; one of this
// machine may do without.
func New(accounts *account.Service, users users, c Config) (*Service, error) {
	u, err := url.Parse(c.Issuer)
	if err != nil || u.Host == "" || u.Scheme != "https" && (u.Scheme != "http" || u.Hostname() != "127.0.0.1") {
		return nil, fmt.Errorf("issuer %q is no URL like https://id.example.com: %w", c.Issuer, fault.Invalid)
	}
	if c.ClientID == "" || c.ClientSecret == "" {
		return nil, fmt.Errorf("the issuer's client ID or client secret is missing: %w", fault.Invalid)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Service{accounts: accounts, users: users, config: c, envelope: account.NewEnvelope(c.Key)}, nil
}

// provider returns who confirms identities, and the context to ask in.
func (s *Service) provider(ctx context.Context) (context.Context, *provider.Provider, oauth2.Config, error) {
	ctx = provider.ClientContext(ctx, s.config.Fetch.HTTP())
	s.mu.Lock()
	p := s.known
	s.mu.Unlock()
	if p == nil {
		var err error
		if p, err = provider.NewProvider(ctx, s.config.Issuer); err != nil {
			return ctx, nil, oauth2.Config{}, unreachable(err)
		}
		s.mu.Lock()
		s.known = p
		s.mu.Unlock()
	}
	return ctx, p, oauth2.Config{
		ClientID: s.config.ClientID, ClientSecret: s.config.ClientSecret, RedirectURL: s.config.RedirectURL,
		Endpoint: p.Endpoint(), Scopes: []string{provider.ScopeOpenID, "email", "profile"},
	}, nil
}

func unreachable(err error) error {
	return fmt.Errorf("%w: %v", account.Refuse(fault.Unreachable, "", "the identity provider does not answer as it should: try later, or sign in another way"), err)
}

// A trip is what is remembered of somebody who is at the provider.
type trip struct{ State, Nonce, Verifier string }

// purpose is what envelopes are sealed for here.
const purpose = "oidc"

// Begin returns where a person who signs in is to be sent, and what the browser
// must bring back, as a cookie.
func (s *Service) Begin(ctx context.Context) (to, cookie string, err error) {
	_, _, c, err := s.provider(ctx)
	if err != nil {
		return "", "", err
	}
	t := trip{rand.Text(), rand.Text(), oauth2.GenerateVerifier()}
	if cookie, err = s.envelope.Seal(purpose, t, s.config.Now().Add(patience)); err != nil {
		return "", "", err
	}
	return c.AuthCodeURL(t.State, oauth2.S256ChallengeOption(t.Verifier), provider.Nonce(t.Nonce)), cookie, nil
}

// SignIn takes back a person whom the provider has sent with a state and a code,
// begins a session, and returns its token.
func (s *Service) SignIn(ctx context.Context, cookie, state, code string, from account.From) (string, error) {
	if err := s.accounts.Try(from); err != nil {
		return "", err
	}
	var t trip
	if err := s.envelope.Open(purpose, cookie, &t, s.config.Now()); err != nil {
		return "", err
	}
	if state == "" || subtle.ConstantTimeCompare([]byte(state), []byte(t.State)) != 1 {
		return "", account.Refuse(fault.Denied, "", "this is the answer to somebody else: sign in again")
	}
	who, err := s.confirm(ctx, t, code)
	if err != nil {
		return "", err
	}
	u, err := s.user(ctx, who, from)
	if err != nil {
		return "", err
	}
	s.accounts.Succeeded(from)
	return s.accounts.Begin(ctx, u.ID, account.ByIdentity, from)
}

// An identity is whom the provider has confirmed.
type identity struct {
	Subject  string // with the issuer
	Email    string
	Verified bool
	Name     string
}

// confirm asks the provider who came back with code.
func (s *Service) confirm(ctx context.Context, t trip, code string) (identity, error) {
	ctx, p, c, err := s.provider(ctx)
	if err != nil {
		return identity{}, err
	}
	bad := func(err error) error {
		return fmt.Errorf("%w: %v", account.Refuse(fault.Denied, "", "the identity provider did not confirm who you are: sign in again"), err)
	}
	token, err := c.Exchange(ctx, code, oauth2.VerifierOption(t.Verifier))
	if answer := (*oauth2.RetrieveError)(nil); errors.As(err, &answer) { // whose text holds the whole body
		if answer.Response.StatusCode/100 == 5 {
			return identity{}, unreachable(errors.New(answer.Response.Status))
		}
		return identity{}, bad(fmt.Errorf("code refused: %q", answer.ErrorCode))
	}
	if err != nil {
		return identity{}, unreachable(err)
	}
	raw, _ := token.Extra("id_token").(string)
	id, err := p.Verifier(&provider.Config{ClientID: s.config.ClientID, Now: s.config.Now}).Verify(ctx, raw)
	if err != nil {
		return identity{}, bad(err)
	}
	if id.Nonce == "" || subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(t.Nonce)) != 1 {
		return identity{}, bad(errors.New("another nonce"))
	}
	var claims struct {
		Email    string `json:"email"`
		Verified bool   `json:"email_verified"`
		Name     string `json:"name"`
		For      string `json:"azp"`
	}
	if err := id.Claims(&claims); err != nil {
		return identity{}, bad(err)
	}
	if claims.For != "" && claims.For != s.config.ClientID {
		return identity{}, bad(errors.New("made for another client"))
	}
	return identity{id.Issuer + " " + id.Subject, claims.Email, claims.Verified, claims.Name}, nil
}

// user returns the user that who is. The first time, it binds the identity to
// the user: another one with the same address is refused from then on.
func (s *Service) user(ctx context.Context, who identity, from account.From) (account.User, error) {
	email, err := account.CanonicalEmail(who.Email)
	if err != nil || !who.Verified {
		return account.User{}, account.Refuse(fault.Denied, "", "the identity provider has not verified your e-mail address")
	}
	u, err := s.users.UserByEmail(ctx, email)
	if errors.Is(err, fault.NotFound) && s.config.AddUsers {
		return s.add(ctx, email, who, from)
	}
	if errors.Is(err, fault.NotFound) {
		return u, account.Refuse(fault.Denied, "", "there is no user %s: ask the operator of this server for an invitation", email)
	}
	if err != nil || u.Subject == who.Subject {
		return u, err
	}
	by := u.Actor(from.Address).Entry("user.bind", "", u.ID, map[string]string{"issuer": s.config.Issuer})
	return s.users.UpdateUser(ctx, by, u.ID, func(u *account.User) error {
		if u.Subject != "" && u.Subject != who.Subject {
			return account.Refuse(fault.Denied, "", "the user %s belongs to another identity: ask the operator of this server", email)
		}
		if u.Disabled {
			return account.Refuse(fault.Denied, "", "this user is disabled: ask the operator of this server")
		}
		u.Subject = who.Subject
		return nil
	})
}

// add makes a user, who may do nothing yet.
func (s *Service) add(ctx context.Context, email string, who identity, from account.From) (account.User, error) {
	name, err := account.CanonicalName(who.Name)
	if err != nil {
		name = email
	}
	u := account.User{ID: account.NewID(), Email: email, Name: name, Subject: who.Subject, Created: s.config.Now()}
	by := u.Actor(from.Address).Entry("user.join", "", u.ID, map[string]string{"email": email, "issuer": s.config.Issuer})
	return u, s.users.AddUser(ctx, by, u)
}
