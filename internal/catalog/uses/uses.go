// Package uses counts how often grants were used.
package uses

import (
	"context"
	"fmt"
	"time"

	"github.com/stowgate/stowgate/internal/catalog/record"
	"github.com/stowgate/stowgate/internal/policy"
)

const (
	// kept is how long after a grant has expired its uses are remembered: a
	// clock that was set forward and back must not give them again.
	kept = 24 * time.Hour

	// forgotten is how many such records each use drops, so that they do
	// not pile up.
	forgotten = 10
)

// Spend counts a use of one of app's grants at now, in a transaction that runs.
// The zero Use costs nothing. The error is a *policy.Denial if the grant is used
// up, or its limit is negative.
func Spend(ctx context.Context, tx *record.Statements, app string, use policy.Use, now time.Time) error {
	if use.Limit == 0 {
		return nil
	}
	if use.Limit < 0 {
		return usedUp("it allows %d uses", use.Limit)
	}
	digest := use.Digest // so that use costs no memory where it costs no use
	n, err := tx.Exec(ctx, `INSERT INTO uses (app, digest, used, expires) VALUES (?, ?, 1, ?)
		ON CONFLICT (app, digest) DO UPDATE SET used = uses.used + 1 WHERE uses.used < ?`,
		app, digest[:], record.Nanos(use.Expires), use.Limit)
	if err != nil {
		return fmt.Errorf("count use of grant: %w", err)
	}
	if n == 0 {
		return usedUp("it was used %d times", use.Limit)
	}
	_, err = tx.Exec(ctx, `DELETE FROM uses WHERE (app, digest) IN
		(SELECT app, digest FROM uses WHERE expires > 0 AND expires < ? LIMIT ?)`, record.Nanos(now.Add(-kept)), forgotten)
	return err
}

func usedUp(detail string, times int) error {
	return &policy.Denial{Reason: policy.UsedUp, Detail: fmt.Sprintf(detail, times)}
}
