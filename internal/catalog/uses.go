package catalog

import (
	"context"
	"strconv"
	"time"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/catalog/badge"
	"github.com/stowgate/stowgate/internal/catalog/ledger"
	"github.com/stowgate/stowgate/internal/catalog/record"
	"github.com/stowgate/stowgate/internal/catalog/uses"
	"github.com/stowgate/stowgate/internal/policy"
)

// Spend counts a use of one of app's grants. The zero Use costs nothing. The
// error is a *policy.Denial if the grant is used up, or its limit is negative.
func (c *Catalog) Spend(ctx context.Context, app string, use policy.Use) error {
	if use.Limit == 0 {
		return nil
	}
	return c.book.Write(ctx, func(ctx context.Context, tx *record.Statements) error { return c.spend(ctx, tx, app, use) })
}

func (c *Catalog) spend(ctx context.Context, tx *record.Statements, app string, use policy.Use) error {
	return uses.Spend(ctx, tx, app, use, c.book.Now())
}

// Badge returns what a policy of app that expires at the given time may say who
// acts with.
func (c *Catalog) Badge(app string, by policy.Person, expires time.Time) (string, error) {
	return badge.Seal(c.book.Box, app, by, expires)
}

// audit says who did something to an asset, unless that was nobody.
func (c *Catalog) audit(ctx context.Context, tx *record.Statements, action string, a asset.Asset, use policy.Use) error {
	by := badge.Open(c.book.Box, a.App, use)
	if by == (policy.Person{}) {
		return nil
	}
	return ledger.Add(ctx, tx, account.Entry{Actor: by.ID, Name: by.Name, Address: by.Address, Action: action, App: a.App, Target: string(a.ID),
		Detail: map[string]string{"name": a.Name, "size": strconv.FormatInt(a.Content.Size(), 10)}})
}
