package library

import (
	"context"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/policy"
)

// groups is where groups are recorded.
type groups interface {
	// AddGroup counts a use of the grant as well, and gives the group a time that
	// no other group of its app has.
	AddGroup(ctx context.Context, g asset.Group, use policy.Use) (asset.Group, error)
	Group(ctx context.Context, id uuid.UUID) (asset.Group, error)
	Groups(ctx context.Context, app string, q GroupQuery) (GroupPage, error)
	RemoveGroup(ctx context.Context, app string, id uuid.UUID, entry account.Entry) error
}

// A GroupQuery says which of an app's groups are listed: in the order in which
// they were made. The zero GroupQuery lists them from the first.
type GroupQuery struct {
	After      time.Time // made later than then
	Before     time.Time // made earlier than then
	Descending bool
	Offset     int // how many groups are passed over
	Limit      int // groups of a page; 0 means DefaultPage
}

// A GroupPage is a part of a list of groups.
type GroupPage struct {
	Groups []asset.Group // without their Members
	More   bool          // whether there are more
	Total  int64         // how many groups the app has
}

// NewGroup makes a group of files of g's app, which must be there; one may be
// in it more than once. It needs a grant that allows storing, and is a use of
// it. The error wraps fault.Denied if it does not, fault.NotFound if one of the
// files is not there, fault.Invalid if there are none or Effects is no text, and
// fault.TooLarge for more than asset.MaxGroup files or asset.MaxEffects bytes.
func (s *Service) NewGroup(ctx context.Context, g policy.Grant, members []asset.Member) (asset.Group, error) {
	const storing = policy.Pick | policy.Store
	g = g.For(storing)
	if err := errors.Join(g.Check(policy.Request{Action: storing, Size: -1}, s.now()), checkMembers(members)); err != nil {
		return asset.Group{}, fmt.Errorf("make group: %w", err)
	}
	group := asset.Group{ID: uuid.New(), App: g.App, Members: members, Size: len(members), Created: s.now()}
	return s.managed.Groups.AddGroup(context.WithoutCancel(ctx), group, g.Use)
}

func checkMembers(members []asset.Member) error {
	switch {
	case len(members) == 0:
		return fmt.Errorf("a group without files: %w", fault.Invalid)
	case len(members) > asset.MaxGroup:
		return fmt.Errorf("a group of %d files, more than %d: %w", len(members), asset.MaxGroup, fault.TooLarge)
	}
	for _, m := range members {
		switch {
		case len(m.Effects) > asset.MaxEffects:
			return fmt.Errorf("effects of %d bytes, more than %d: %w", len(m.Effects), asset.MaxEffects, fault.TooLarge)
		case !utf8.ValidString(m.Effects):
			return fmt.Errorf("effects that are no UTF-8: %w", fault.Invalid)
		}
	}
	return nil
}

// Group returns the group called id to whoever knows its name. The error wraps
// fault.NotFound if there is none. Whether its files may be read, each of them
// must be asked for.
func (s *Service) Group(ctx context.Context, id uuid.UUID) (asset.Group, error) {
	return s.managed.Groups.Group(ctx, id)
}

// Groups returns a page of the groups of g's app, up to MaxList. The error wraps
// fault.Denied if g may not manage, and fault.Invalid if the query makes no
// sense.
func (s *Service) Groups(ctx context.Context, g policy.Grant, q GroupQuery) (GroupPage, error) {
	if err := s.manages(g, ""); err != nil {
		return GroupPage{}, fmt.Errorf("list groups: %w", err)
	}
	if q.Limit < 0 || q.Limit > MaxList || q.Offset < 0 {
		return GroupPage{}, fmt.Errorf("list %d groups after %d: %w", q.Limit, q.Offset, fault.Invalid)
	}
	return s.managed.Groups.Groups(ctx, g.App, q)
}

// RemoveGroup removes a group; its files stay. The error wraps fault.NotFound if
// g's app has no such group, and fault.Denied if g may not manage.
func (s *Service) RemoveGroup(ctx context.Context, g policy.Grant, id uuid.UUID) error {
	if err := s.manages(g, ""); err != nil {
		return fmt.Errorf("remove group: %w", err)
	}
	return s.managed.Groups.RemoveGroup(context.WithoutCancel(ctx), g.App, id, entry(g, "group.remove", nil))
}
