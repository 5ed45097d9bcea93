package manage

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/policy"
)

// SignLook signs, for each of the files called ids, a policy to read, describe
// and transform that file alone: what somebody who may see it looks at it with. It
// counts for a span at least, and for less than two; within one the text stays
// the same, so that browsers keep what they have loaded. The error is an
// *account.Refusal if the app would not accept it.
func (s *Service) SignLook(ctx context.Context, by account.Actor, key string, span time.Duration, ids ...asset.ID) ([]Signed, error) {
	a, err := s.app(ctx, by, account.ViewFiles, key)
	if err != nil {
		return nil, err
	}
	now := s.now()
	issued := now.Truncate(span)
	if since := a.RevokedBefore; since.After(issued) {
		issued = since.Add(time.Second - 1).Truncate(time.Second) // what was signed before does not count
	}
	signed := make([]Signed, len(ids))
	for i, id := range ids {
		document, err := json.Marshal(map[string]any{
			"call": []string{policy.Read.String(), policy.Stat.String(), policy.Convert.String()}, "handle": id,
			"expiry": now.Truncate(span).Add(2 * span).Unix(), "iat": issued.Unix(),
		})
		if err != nil {
			return nil, err
		}
		if signed[i], err = sign(a, string(document), now); err != nil {
			return nil, err
		}
	}
	return signed, nil
}

// FileGrant returns what somebody who may change an app's files may store and
// overwrite, within what the app takes. What is done with it is in the audit log.
// The error is an *account.Refusal if the app takes nothing at the moment.
func (s *Service) FileGrant(ctx context.Context, by account.Actor, key string) (policy.Grant, error) {
	a, err := s.app(ctx, by, account.ChangeFiles, key)
	if err != nil {
		return policy.Grant{}, err
	}
	if a.Off() {
		return policy.Grant{}, account.Refuse(fault.Conflict, "", "the app is disabled or deleted, so that it takes no files")
	}
	g := policy.Full(a)
	g.Actions = policy.Store | policy.Write
	g.Use.By = person(by)
	return g, nil
}

// SignUpload signs a policy to store new files with, for a span from now. What is
// done with it is in the audit log, as with FileGrant. The error is an
// *account.Refusal if the app would not accept it.
func (s *Service) SignUpload(ctx context.Context, by account.Actor, key string, span time.Duration) (Signed, error) {
	a, err := s.app(ctx, by, account.ChangeFiles, key)
	if err != nil {
		return Signed{}, err
	}
	now := s.now()
	expires := now.Add(span).Truncate(time.Second)
	badge, err := s.apps.Badge(key, person(by), expires)
	if err != nil {
		return Signed{}, err
	}
	document, err := json.Marshal(map[string]any{
		"call": []string{policy.Pick.String(), policy.Store.String()}, "expiry": expires.Unix(), "iat": now.Unix(), "by": badge,
	})
	if err != nil {
		return Signed{}, err
	}
	return sign(a, string(document), now)
}

// person returns who acts, for the audit log.
func person(by account.Actor) policy.Person {
	return policy.Person{ID: by.ID, Name: by.Name, Address: by.Address}
}

// sign signs a policy's JSON as SignPolicy does.
func sign(a policy.App, document string, now time.Time) (Signed, error) {
	c, grant, err := policy.Sign(a, document, now)
	if denial := (*policy.Denial)(nil); errors.As(err, &denial) {
		return Signed{}, account.Refuse(fault.Invalid, "policy", "%s", denial.Detail)
	}
	if errors.Is(err, fault.Conflict) {
		return Signed{}, account.Refuse(fault.Conflict, "", "the app has no live secret: make one")
	}
	if err != nil {
		return Signed{}, err
	}
	return Signed{c, grant.Describe(now), grant.Expires}, nil
}
