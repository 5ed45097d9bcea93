package library_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/library"
	"github.com/stowgate/stowgate/internal/policy"
)

const id asset.ID = "aBcDeFgHiJkLmNoPqRsT"

// A book holds one asset of app "a", and allows its uses to be counted.
type book struct {
	removed bool
	used    int
}

func (b *book) Asset(_ context.Context, name asset.ID) (asset.Asset, error) {
	if name != id || b.removed {
		return asset.Asset{}, fmt.Errorf("asset %s: %w", name, fault.NotFound)
	}
	return asset.Asset{ID: id, App: "a"}, nil
}

func (b *book) Spend(_ context.Context, _ string, use policy.Use) error {
	if b.used++; use.Limit > 0 && b.used > use.Limit {
		return &policy.Denial{Reason: policy.UsedUp}
	}
	return nil
}

func (b *book) RemoveAsset(_ context.Context, app string, name asset.ID, _ policy.Use) error {
	if app != "a" || name != id {
		return fault.NotFound
	}
	b.removed = true
	return nil
}

func TestAllowed(t *testing.T) {
	now := time.Unix(1000, 0)
	for _, tt := range []struct {
		name  string
		grant policy.Grant
		id    asset.ID
		want  error
	}{
		{"allowed", policy.Grant{App: "a", Actions: policy.Stat | policy.Remove}, id, nil},
		{"for this one", policy.Grant{App: "a", Actions: policy.Stat | policy.Remove, Asset: id}, id, nil},
		{"zero grant", policy.Grant{}, id, fault.NotFound},
		{"A5 another app", policy.Grant{App: "b", Actions: policy.Stat | policy.Remove}, id, fault.NotFound},
		{"unknown", policy.Grant{App: "a", Actions: policy.Stat | policy.Remove}, "AAAAAAAAAAAAAAAAAAAA", fault.NotFound},
		{"other actions", policy.Grant{App: "a", Actions: policy.Read | policy.Store}, id, fault.Denied},
		{"for another one", policy.Grant{App: "a", Actions: policy.Stat | policy.Remove, Asset: "AAAAAAAAAAAAAAAAAAAA"}, id, fault.Denied},
		{"expired", policy.Grant{App: "a", Actions: policy.Stat | policy.Remove, Expires: now}, id, fault.Denied},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := new(book)
			s := library.New(b, func() time.Time { return now })
			if _, err := s.Describe(t.Context(), tt.grant, tt.id); !errors.Is(err, tt.want) {
				t.Errorf("Describe = %v, want %v", err, tt.want)
			}
			if err := s.Remove(t.Context(), tt.grant, tt.id); !errors.Is(err, tt.want) {
				t.Errorf("Remove = %v, want %v", err, tt.want)
			}
			if b.removed != (tt.want == nil) {
				t.Errorf("removed = %v", b.removed)
			}
		})
	}
}

func TestUses(t *testing.T) {
	s := library.New(new(book), nil)
	g := policy.Grant{App: "a", Actions: policy.Stat | policy.Pick, Use: policy.Use{Limit: 2}}
	if _, err := s.Describe(t.Context(), g, id); err != nil {
		t.Fatal(err)
	}
	if err := s.Allow(t.Context(), g, policy.Request{Action: policy.Pick, Size: -1}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Describe(t.Context(), g, id); !errors.Is(err, fault.Denied) {
		t.Errorf("third use = %v, want denied", err)
	}
	if err := s.Allow(t.Context(), policy.Grant{App: "a"}, policy.Request{Action: policy.Pick, Size: -1}); !errors.Is(err, fault.Denied) {
		t.Errorf("Allow without the action = %v, want denied", err)
	}
}
