// Package library is the collection of assets: it finds, describes and removes
// them. It does not touch their bytes.
package library

import (
	"context"
	"fmt"
	"time"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/policy"
)

// records is where assets are recorded.
type records interface {
	Asset(ctx context.Context, id asset.ID) (asset.Asset, error)
	RemoveAsset(ctx context.Context, app string, id asset.ID, use policy.Use) error
	Spend(ctx context.Context, app string, use policy.Use) error
}

// A Service is the collection.
type Service struct {
	records records
	now     func() time.Time
	managed Managed
}

// New returns a Service whose books are records; now is the clock, and nil
// means time.Now. What goes by policy.Manage, and groups, need a [NewManaged].
func New(records records, now func() time.Time) *Service {
	if now == nil {
		now = time.Now
	}
	return &Service{records: records, now: now}
}

// Owner returns the key of the app that owns the asset called id. It tells
// nothing to the caller that the asset's existence does not.
func (s *Service) Owner(ctx context.Context, id asset.ID) (app string, err error) {
	a, err := s.records.Asset(ctx, id)
	if err != nil {
		return "", err
	}
	return a.App, nil
}

// Get returns the asset called id for an action on it. The error wraps
// fault.NotFound if the app of g has no such asset and fault.Denied if g does
// not allow the action. It counts as a use of g.
func (s *Service) Get(ctx context.Context, g policy.Grant, id asset.ID, action policy.Action) (asset.Asset, error) {
	a, err := s.allowed(ctx, g, id, action)
	if err != nil {
		return asset.Asset{}, err
	}
	if err := s.records.Spend(ctx, g.App, g.For(action).Use); err != nil {
		return asset.Asset{}, err
	}
	return a, nil
}

// Allow returns nil if g allows an action that is about no asset of ours, and
// counts the use.
func (s *Service) Allow(ctx context.Context, g policy.Grant, r policy.Request) error {
	if err := g.Check(r, s.now()); err != nil {
		return err
	}
	return s.records.Spend(ctx, g.App, g.ForRequest(r).Use)
}

// Describe returns the asset called id to a caller who may know about it. The
// errors are those of Get.
func (s *Service) Describe(ctx context.Context, g policy.Grant, id asset.ID) (asset.Asset, error) {
	return s.Get(ctx, g, id, policy.Stat)
}

// Remove deletes the asset called id: when it returns nil nobody can reach it
// any more, also after a crash; its bytes are removed soon after. The errors
// are those of Get.
func (s *Service) Remove(ctx context.Context, g policy.Grant, id asset.ID) error {
	if _, err := s.allowed(ctx, g, id, policy.Remove); err != nil {
		return err
	}
	if err := s.records.RemoveAsset(context.WithoutCancel(ctx), g.App, id, g.Use); err != nil {
		return fmt.Errorf("remove asset %s: %w", id, err)
	}
	return nil
}

func (s *Service) allowed(ctx context.Context, g policy.Grant, id asset.ID, action policy.Action) (asset.Asset, error) {
	a, err := s.records.Asset(ctx, id)
	if err != nil {
		return asset.Asset{}, err
	}
	if a.App != g.App {
		return asset.Asset{}, fmt.Errorf("asset %s of another app: %w", id, fault.NotFound)
	}
	if err := g.Check(policy.Request{Action: action, Asset: id, Size: -1}, s.now()); err != nil {
		return asset.Asset{}, err
	}
	return a, nil
}
