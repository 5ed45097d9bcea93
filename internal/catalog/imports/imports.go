// Package imports keeps what is brought in from URLs, and what was.
package imports

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/catalog/queue"
	"github.com/stowgate/stowgate/internal/catalog/record"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/job"
	"github.com/stowgate/stowgate/internal/upload/imports"
)

// A Store keeps the imports of all apps. They go with their app.
type Store struct {
	book *record.Book
	jobs *queue.Store
}

// New returns the imports in a book, whose jobs are among jobs.
func New(book *record.Book, jobs *queue.Store) *Store { return &Store{book, jobs} }

// pruned is how many old imports are removed with each new one, at most.
const pruned = 10

// AddImport adds an import and its job, in one transaction, and removes some
// that are over. The error wraps fault.Busy if imports.MaxWaiting of its app
// wait.
func (s *Store) AddImport(ctx context.Context, i imports.Import, j job.Job) error {
	terms, err := json.Marshal(i.Terms)
	if err != nil {
		return fmt.Errorf("add import: %w", err)
	}
	err = s.book.Write(ctx, func(ctx context.Context, tx *record.Statements) error {
		waiting, err := record.Value[int](tx.Row(ctx, `SELECT COUNT(*) FROM imports WHERE app = ? AND state = 'waiting'`, i.App))
		if err != nil {
			return err
		}
		if waiting >= imports.MaxWaiting {
			return fmt.Errorf("%d imports of app %s are waiting: %w", waiting, i.App, fault.Busy)
		}
		_, err = tx.Exec(ctx, `INSERT INTO imports (token, app, state, terms, asset, failure, created) VALUES (?, ?, ?, ?, '', 'null', ?)`,
			i.Token, i.App, i.State, string(terms), record.Nanos(i.Created))
		if err == nil {
			_, err = tx.Exec(ctx, `DELETE FROM imports WHERE token IN (SELECT token FROM imports WHERE created < ? ORDER BY created LIMIT ?)`,
				record.Nanos(i.Created.Add(-imports.Lifetime)), pruned)
		}
		if err == nil {
			_, err = s.jobs.Add(ctx, tx, j)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("add import: %w", err)
	}
	return nil
}

// Import returns an import that is younger than imports.Lifetime. The error
// wraps fault.NotFound if there is none.
func (s *Store) Import(ctx context.Context, token uuid.UUID) (imports.Import, error) {
	i := imports.Import{Token: token}
	var terms, failure string
	var created int64
	err := s.book.Reads().Row(ctx, `SELECT app, state, terms, asset, failure, created FROM imports WHERE token = ?`, token).
		Scan(&i.App, &i.State, &terms, &i.Asset, &failure, &created)
	if err == nil {
		err = json.Unmarshal([]byte(terms), &i.Terms)
	}
	if err == nil {
		err = json.Unmarshal([]byte(failure), &i.Failure)
	}
	if i.Created = record.Instant(created); err == nil && !s.book.Now().Before(i.Created.Add(imports.Lifetime)) {
		err = fmt.Errorf("begun at %v: %w", i.Created.Format(time.RFC3339), fault.NotFound)
	}
	if err != nil {
		return imports.Import{}, fmt.Errorf("read import: %w", err)
	}
	return i, nil
}

// EndImport records how an import ended, and remembers its URL if it is to and
// its asset is still there. It changes nothing if that is on record.
func (s *Store) EndImport(ctx context.Context, i imports.Import) error {
	failure, err := json.Marshal(i.Failure)
	if err != nil {
		return fmt.Errorf("end import: %w", err)
	}
	err = s.book.Write(ctx, func(ctx context.Context, tx *record.Statements) error {
		n, err := tx.Exec(ctx, `UPDATE imports SET state = ?, asset = ?, failure = ? WHERE token = ? AND state = 'waiting'`,
			i.State, i.Asset, string(failure), i.Token)
		if err != nil || n == 0 || i.State != imports.Done || !i.Terms.Remember {
			return err
		}
		return remember(ctx, tx, i.App, imports.Digest(i.Terms.URL), i.Asset)
	})
	if err != nil {
		return fmt.Errorf("end import: %w", err)
	}
	return nil
}

// Remember has Imported return an asset of app from now on, if it is still there.
func (s *Store) Remember(ctx context.Context, app string, digest [32]byte, id asset.ID) error {
	err := s.book.Write(ctx, func(ctx context.Context, tx *record.Statements) error { return remember(ctx, tx, app, digest, id) })
	if err != nil {
		return fmt.Errorf("remember import: %w", err)
	}
	return nil
}

func remember(ctx context.Context, tx *record.Statements, app string, digest [32]byte, id asset.ID) error {
	_, err := tx.Exec(ctx, `INSERT INTO imported (app, digest, asset) SELECT app, ?, id FROM assets WHERE id = ? AND app = ?
		ON CONFLICT (app, digest) DO UPDATE SET asset = excluded.asset`, digest[:], id, app)
	return err
}

// Imported returns what was brought in last from a URL to be remembered, by the
// URL's digest. The error wraps fault.NotFound if there is nothing, or it is in
// the trash.
func (s *Store) Imported(ctx context.Context, app string, digest [32]byte) (asset.ID, error) {
	id, err := record.Value[asset.ID](s.book.Reads().Row(ctx, `SELECT asset FROM imported JOIN assets ON assets.id = imported.asset
		WHERE imported.app = ? AND digest = ? AND trashed = 0`, app, digest[:]))
	if err != nil {
		return "", fmt.Errorf("find import: %w", err)
	}
	return id, nil
}
