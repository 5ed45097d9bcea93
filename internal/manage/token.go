package manage

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/fault"
)

// A NewToken says what a new API token may do: within what its maker may, at any
// time.
type NewToken struct {
	Name     string
	Scopes   []account.Act
	App      string        // the only app it is about; empty for all of the maker's
	Lifetime time.Duration // 0 means it does not expire
}

// AddToken makes an API token that acts for the actor, and returns its text:
// nothing else shows it again. A token cannot make tokens.
func (s *Service) AddToken(ctx context.Context, by account.Actor, n NewToken) (account.Token, string, error) {
	if err := mayHaveTokens(by); err != nil {
		return account.Token{}, "", err
	}
	name, err := account.CanonicalName(n.Name)
	if err != nil {
		return account.Token{}, "", err
	}
	if n.Lifetime < 0 {
		return account.Token{}, "", account.Refuse(fault.Invalid, "expires", "the time is less than nothing")
	}
	if n.App != "" {
		if _, err := s.app(ctx, by, account.ViewApp, n.App); err != nil {
			return account.Token{}, "", err
		}
	}
	slices.Sort(n.Scopes)
	n.Scopes = slices.Compact(n.Scopes)
	if len(n.Scopes) == 0 {
		return account.Token{}, "", account.Refuse(fault.Invalid, "scopes", "the token needs at least one scope")
	}
	for _, act := range n.Scopes {
		if err := mayGive(by, act, n.App); err != nil {
			return account.Token{}, "", err
		}
	}
	text := account.NewToken()
	t := account.Token{ID: account.NewID(), Digest: account.DigestOf(text), Name: name, User: by.User, App: n.App, Scopes: n.Scopes, Created: s.now()}
	if n.Lifetime > 0 {
		t.Expires = t.Created.Add(n.Lifetime)
	}
	err = s.people.AddToken(ctx, by.Entry("token.add", t.App, t.ID, map[string]string{"name": t.Name, "scopes": scopes(t)}), t)
	if err != nil {
		return account.Token{}, "", err
	}
	return t, text, nil
}

// mayGive returns nil if a token of the actor could ever do act.
func mayGive(by account.Actor, act account.Act, app string) error {
	switch {
	case !act.OfApp() && app != "":
		return account.Refuse(fault.Invalid, "scopes", "the scope %v is about no app, and the token is about one", act)
	case !act.OfApp() || app != "":
		if by.Check(act, app) != nil {
			return account.Refuse(fault.Denied, "scopes", "you may not do this yourself: %v", act)
		}
	}
	return nil
}

func scopes(t account.Token) string {
	names := make([]string, len(t.Scopes))
	for i, act := range t.Scopes {
		names[i] = act.String()
	}
	return strings.Join(names, " ")
}

// mayHaveTokens returns nil for users, and for the command line.
func mayHaveTokens(by account.Actor) error {
	switch {
	case by.Scopes != nil:
		return account.Refuse(fault.Denied, "", "a token does not manage tokens: sign in")
	case by.User == "" && !by.Operator:
		return account.Refuse(fault.Denied, "", "sign in first")
	}
	return nil
}

// Tokens returns the actor's API tokens, the newest first, and an operator's all.
func (s *Service) Tokens(ctx context.Context, by account.Actor) ([]account.Token, error) {
	if err := mayHaveTokens(by); err != nil {
		return nil, err
	}
	all, err := s.people.Tokens(ctx)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(t account.Token) bool { return !by.Operator && t.User != by.User }), nil
}

// EndToken ends an API token of the actor, or an operator anybody's.
func (s *Service) EndToken(ctx context.Context, by account.Actor, id string) error {
	if err := mayHaveTokens(by); err != nil {
		return err
	}
	t, err := s.people.Token(ctx, id)
	if err != nil {
		return err
	}
	if !by.Operator && t.User != by.User {
		return account.Refuse(fault.NotFound, "", "there is no such token")
	}
	return s.people.RemoveToken(ctx, by.Entry("token.end", t.App, t.ID, map[string]string{"name": t.Name}), id)
}
