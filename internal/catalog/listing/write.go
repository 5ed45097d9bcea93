package listing

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/catalog/record"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/library"
)

// fillStep is how many assets a transaction of Fill lists: many at once cost
// less, and uploads wait for it.
const fillStep = 200

// Fill lists the assets that are recorded and not listed yet, in steps, and
// returns how many. Recording one is quick for that: who lists, and otherwise
// somebody now and then, makes up for it.
func (l *Listing) Fill(ctx context.Context) (listed int, err error) {
	for n := fillStep; n == fillStep; listed += n {
		if n, err = l.fill(ctx, ""); err != nil {
			return listed, fmt.Errorf("list new assets: %w", err)
		}
	}
	return listed, nil
}

// fill lists some assets, if there are any that meet a condition.
func (l *Listing) fill(ctx context.Context, condition string, args ...any) (n int, err error) {
	waiting := ` FROM assets WHERE place <= 0` + condition
	any, err := record.Value[bool](l.reads.Row(ctx, `SELECT EXISTS (SELECT 1`+waiting+`)`, args...))
	if err != nil || !any {
		return 0, err
	}
	args = append(args, fillStep)
	err = l.book.Write(ctx, func(ctx context.Context, tx *record.Statements) error {
		files, err := record.Rows(ctx, tx, scanFile, `SELECT `+fileColumns+waiting+` LIMIT ?`, args...)
		if err != nil {
			return err
		}
		for _, f := range files {
			if err := add(ctx, tx, l.words, f); err != nil {
				return err
			}
		}
		n = len(files)
		return nil
	})
	return n, err
}

// add lists a file.
func add(ctx context.Context, tx *record.Statements, words record.Words, f library.File) error {
	folded, known := fold(f.Name), wordsOf(f.Asset)
	place := placeOf(f.Created)
	if !f.Listed.IsZero() { // before it was dropped
		place = f.Listed.UnixMicro()
	}
	// Files of the same microsecond are spread over a span that grows until there
	// is room.
	for span := int64(1000); ; span *= 4 {
		n, err := tx.Exec(ctx, `INSERT INTO files (app, trash, place, id, folded, words, size) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
			f.App, !f.Trashed.IsZero(), place, f.ID, folded, " "+strings.Join(known, " ")+" ", f.Size)
		if err != nil {
			return err
		}
		if n > 0 {
			break
		}
		place = placeOf(f.Created) + 1 + rand.Int64N(span)
	}
	if _, err := tx.Exec(ctx, words.Put, place, strings.Join(slices.Concat(known, partsOf(f.App, folded)), " ")); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `UPDATE assets SET place = ? WHERE id = ?`, place, f.ID)
	return err
}

// Drop takes an asset out of the lists, in a transaction that runs: if it is
// still recorded then, it is listed anew, as it is by now and where it was.
func Drop(ctx context.Context, tx *record.Statements, words record.Words, id asset.ID) error {
	place, app, err := placed(ctx, tx, id)
	if err != nil || place <= 0 {
		return err
	}
	if _, err := tx.Exec(ctx, `DELETE FROM files WHERE app = ? AND place = ?`, app, place); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, words.Remove, place); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `UPDATE assets SET place = -place WHERE id = ?`, id)
	return err
}

// Move moves an asset into the lists of the trash, or out of them, in a
// transaction that runs.
func Move(ctx context.Context, tx *record.Statements, id asset.ID, trash bool) error {
	place, app, err := placed(ctx, tx, id)
	if err != nil || place <= 0 {
		return err
	}
	_, err = tx.Exec(ctx, `UPDATE files SET trash = ? WHERE app = ? AND trash = ? AND place = ?`, trash, app, !trash, place)
	return err
}

// placed returns the place of an asset: below 0 the one to list it at again, and
// 0 if it was never listed or is not there.
func placed(ctx context.Context, s *record.Statements, id asset.ID) (place int64, app string, err error) {
	err = s.Row(ctx, `SELECT place, app FROM assets WHERE id = ?`, id).Scan(&place, &app)
	if errors.Is(err, fault.NotFound) {
		err = nil
	}
	return place, app, err
}

// placeOf returns where a file that was created at a time stands.
func placeOf(t time.Time) int64 { return max(t.UnixMicro(), 1) }
