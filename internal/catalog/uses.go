package catalog

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/catalog/badge"
	"github.com/stowgate/stowgate/internal/catalog/ledger"
	"github.com/stowgate/stowgate/internal/catalog/record"
	"github.com/stowgate/stowgate/internal/policy"
)

const (
	// useKept is how long after a grant has expired its uses are remembered: a
	// clock that was set forward and back must not give them again.
	useKept = 24 * time.Hour

	// usesForgotten is how many such records each use drops, so that they do
	// not pile up.
	usesForgotten = 10
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
	if use.Limit == 0 {
		return nil
	}
	if use.Limit < 0 {
		return usedUp("it allows %d uses", use.Limit)
	}
	n, err := tx.Exec(ctx, `INSERT INTO uses (app, digest, used, expires) VALUES (?, ?, 1, ?)
		ON CONFLICT (app, digest) DO UPDATE SET used = uses.used + 1 WHERE uses.used < ?`,
		app, use.Digest[:], record.Nanos(use.Expires), use.Limit)
	if err != nil {
		return fmt.Errorf("count use of grant: %w", err)
	}
	if n == 0 {
		return usedUp("it was used %d times", use.Limit)
	}
	_, err = tx.Exec(ctx, `DELETE FROM uses WHERE (app, digest) IN
		(SELECT app, digest FROM uses WHERE expires > 0 AND expires < ? LIMIT ?)`, record.Nanos(c.book.Now().Add(-useKept)), usesForgotten)
	return err
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

func usedUp(detail string, times int) error {
	return &policy.Denial{Reason: policy.UsedUp, Detail: fmt.Sprintf(detail, times)}
}
