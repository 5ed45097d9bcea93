package listing

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/catalog/record"
	"github.com/stowgate/stowgate/internal/library"
)

// Add adds an asset to the lists of its app, in a transaction that runs, and
// returns its place, which the asset's record keeps. Size is that of its content.
func Add(ctx context.Context, tx *record.Statements, words record.Words, a asset.Asset, size int64) (place int64, err error) {
	place = placeOf(a.Created)
	// Files of the same microsecond are spread over a span that grows until there
	// is room.
	for span := int64(1000); ; span *= 4 {
		n, err := insert(ctx, tx, a, size, place)
		if err != nil {
			return 0, err
		}
		if n > 0 {
			break
		}
		place = placeOf(a.Created) + 1 + rand.Int64N(span)
	}
	return place, index(ctx, tx, words, a, place)
}

// fillStep is how many assets a transaction of Fill lists.
const fillStep = 200

// Fill lists the assets that were recorded by a program that had no lists.
func Fill(ctx context.Context, book *record.Book) error {
	for listed := fillStep; listed == fillStep; {
		files, err := record.Rows(ctx, book.Reads(), scanFile, `SELECT `+fileColumns+` FROM assets WHERE place = 0 LIMIT ?`, fillStep)
		if err != nil {
			return fmt.Errorf("list older assets: %w", err)
		}
		if listed = len(files); listed == 0 {
			return nil
		}
		err = book.Write(ctx, func(ctx context.Context, tx *record.Statements) error {
			for _, f := range files {
				if err := fill(ctx, tx, book.Words(), f); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("list older assets: %w", err)
		}
	}
	return nil
}

// fill lists a file, unless another process has done so or removed it.
func fill(ctx context.Context, tx *record.Statements, words record.Words, f library.File) error {
	missing, err := record.Value[bool](tx.Row(ctx, `SELECT EXISTS (SELECT 1 FROM assets WHERE id = ? AND place = 0)`, f.ID))
	if err != nil || !missing {
		return err
	}
	place, err := Add(ctx, tx, words, f.Asset, f.Size)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `UPDATE assets SET place = ? WHERE id = ?`, place, f.ID)
	return err
}

// Change replaces what lists know of an asset at a place. It is not for one in
// the trash.
func Change(ctx context.Context, tx *record.Statements, words record.Words, a asset.Asset, place int64) error {
	if err := Remove(ctx, tx, words, a.App, place); err != nil {
		return err
	}
	if _, err := insert(ctx, tx, a, a.Content.Size(), place); err != nil {
		return err
	}
	return index(ctx, tx, words, a, place)
}

// Remove takes the file at a place out of app's lists.
func Remove(ctx context.Context, tx *record.Statements, words record.Words, app string, place int64) error {
	if _, err := tx.Exec(ctx, `DELETE FROM files WHERE app = ? AND place = ?`, app, place); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, words.Remove, place)
	return err
}

// Move moves the file at a place into the trash, or out of it.
func Move(ctx context.Context, tx *record.Statements, app string, place int64, trash bool) error {
	n, err := tx.Exec(ctx, `UPDATE files SET trash = ? WHERE app = ? AND trash = ? AND place = ?`, trash, app, !trash, place)
	if err == nil && n != 1 {
		err = fmt.Errorf("file at %d is not listed", place)
	}
	return err
}

// insert returns 0 if the place is taken.
func insert(ctx context.Context, tx *record.Statements, a asset.Asset, size, place int64) (int64, error) {
	return tx.Exec(ctx, `INSERT INTO files (app, trash, place, id, folded, words, size) VALUES (?, 0, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
		a.App, place, a.ID, fold(a.Name), " "+strings.Join(wordsOf(a), " ")+" ", size)
}

func index(ctx context.Context, tx *record.Statements, words record.Words, a asset.Asset, place int64) error {
	all := slices.Concat(wordsOf(a), partsOf(a.App, fold(a.Name)))
	_, err := tx.Exec(ctx, words.Put, place, strings.Join(all, " "))
	return err
}

// placeOf returns where a file that was created at a time stands.
func placeOf(t time.Time) int64 {
	if t.IsZero() {
		return 1 // 0 means none
	}
	return t.UnixMicro()
}
