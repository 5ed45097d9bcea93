// Package listing finds the files of an app: it lists them in an order, a page
// at a time, by conditions that may be combined. An answer looks at a bounded
// number of files however many there are: where no index narrows the conditions
// enough, a page stops early and says so. Only conditions that many files meet,
// and hardly any together, take longer among more files. The assets themselves
// are left to package catalog, which calls Drop and Move.
package listing

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/catalog/record"
	"github.com/stowgate/stowgate/internal/catalog/rows"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/library"
)

// Bounds are how many files an answer may look at. What is looked at in vain is
// the time that it takes.
type Bounds struct {
	Probe int // in the order of the list, before an index is tried
	Set   int // found by an index, and looked up one by one
	Scan  int // in the order of the list
}

// DefaultBounds fill each page of a million files by any one condition, unless
// the files that meet it stand together: among so many either they are no more
// than a set, or a scan finds enough.
var DefaultBounds = Bounds{Probe: 1000, Set: 2500, Scan: 20_000}

// A Listing lists the files of all apps.
type Listing struct {
	book   *record.Book
	reads  *record.Statements
	words  record.Words
	bounds Bounds
}

// New returns the listing of a book.
func New(book *record.Book, bounds Bounds) *Listing {
	return &Listing{book, book.Reads(), book.Words(), bounds}
}

// maxCount is up to where files are counted.
const maxCount = 1000

// CountFiles returns how many of app's files meet q.
func (l *Listing) CountFiles(ctx context.Context, app string, q library.Query) (library.Count, error) {
	q.Order, q.Descending = library.ByCreated, true
	l.catchUp(ctx)
	s, err := l.search(ctx, app, q, false)
	if err != nil || s == nil {
		return library.Count{}, err
	}
	if err := s.run(ctx, maxCount+1); err != nil {
		return library.Count{}, fmt.Errorf("count files of app %q: %w", app, err)
	}
	return library.Count{N: min(len(s.found), maxCount), More: len(s.found) > maxCount || !s.done}, nil
}

// ListFiles returns a page of app's files. The error wraps fault.Invalid if the
// cursor is not one of this query.
func (l *Listing) ListFiles(ctx context.Context, app string, q library.Query) (library.Page, error) {
	page, err := l.list(ctx, app, q)
	if err != nil {
		return library.Page{}, fmt.Errorf("list files of app %q: %w", app, err)
	}
	return page, nil
}

func (l *Listing) list(ctx context.Context, app string, q library.Query) (page library.Page, err error) {
	l.catchUp(ctx)
	var c cursor
	if q.Cursor != "" {
		if c, err = l.openCursor(app, q); err != nil {
			return page, err
		}
	}
	s, err := l.search(ctx, app, q, c.Back)
	if err != nil || s == nil {
		return page, err
	}
	if q.Cursor != "" {
		s.startAt(c.At)
	}
	limit := q.Limit
	if limit == 0 {
		limit = library.DefaultPage
	}
	if err := s.run(ctx, limit+1); err != nil {
		return page, err
	}
	// Before is where the page began, and after where it ended.
	before, after := c.At, s.at
	more := !s.done
	if len(s.found) > limit {
		s.found, more = s.found[:limit], true
		after = s.found[limit-1].at
	} else {
		page.Partial = more && len(s.found) < limit
	}
	switch {
	case len(s.found) > 0:
		before = s.found[0].at
	case s.down: // what is at the spot was on the page before
		before.Place--
	default:
		before.Place++
	}
	ahead, behind := &page.Next, &page.Previous
	if c.Back {
		slices.Reverse(s.found)
		ahead, behind = behind, ahead
	}
	if more {
		*ahead = l.sealCursor(app, q, cursor{after, c.Back})
	}
	if q.Cursor != "" {
		*behind = l.sealCursor(app, q, cursor{before, !c.Back})
	}
	page.Files, err = l.load(ctx, app, s.found)
	return page, err
}

// search returns a search for the files that q asks for, or nil if there can be
// none.
func (l *Listing) search(ctx context.Context, app string, q library.Query, back bool) (*search, error) {
	s, ok := newSearch(l, app, q, back)
	if !ok {
		return nil, nil
	}
	if len(q.Named.IDs)+len(q.Named.UUIDs) == 0 {
		return s, nil
	}
	for _, id := range q.Named.IDs {
		s.named = append(s.named, id)
	}
	for _, name := range q.Named.UUIDs {
		id, err := record.Value[asset.ID](l.reads.Row(ctx, `SELECT id FROM assets WHERE uuid = ?`, name))
		switch {
		case err == nil:
			s.named = append(s.named, id)
		case !errors.Is(err, fault.NotFound):
			return nil, err
		}
	}
	if s.named == nil {
		return nil, nil
	}
	return s, nil
}

// catchUp lists what was recorded just now. If that fails, as it does without
// room on the disk, what is listed is still there to be found, and Fill tells.
func (l *Listing) catchUp(ctx context.Context) {
	for range 2 {
		if n, err := l.fill(ctx, ""); err != nil || n < fillStep {
			return
		}
	}
}

// File returns the file of app called id, also from the trash. The error wraps
// fault.NotFound if there is none.
func (l *Listing) File(ctx context.Context, app string, id asset.ID) (library.File, error) {
	read := func() (library.File, error) {
		return scanFile(l.reads.Row(ctx, `SELECT `+fileColumns+` FROM assets WHERE app = ? AND id = ?`, app, id))
	}
	f, err := read()
	if err == nil && f.Listed.IsZero() {
		if _, err := l.fill(ctx, ` AND id = ?`, id); err != nil {
			return library.File{}, fmt.Errorf("list file %q: %w", id, err)
		}
		f, err = read()
	}
	if err != nil {
		return library.File{}, fmt.Errorf("file %q: %w", id, err)
	}
	content, err := record.Value[[]byte](l.reads.Row(ctx, `SELECT content FROM assets WHERE id = ?`, id))
	if err != nil {
		return library.File{}, fmt.Errorf("content of file %q: %w", id, err)
	}
	return f, f.Content.UnmarshalBinary(content)
}

// load returns what was found, in its order. What is gone meanwhile is left out.
func (l *Listing) load(ctx context.Context, app string, found []match) ([]library.File, error) {
	var files []library.File
	for step := range slices.Chunk(found, library.MaxPage) {
		args := make([]any, library.MaxPage) // always as many, so that there is one statement
		for i := range args {
			args[i] = step[min(i, len(step)-1)].id
		}
		some, err := record.Rows(ctx, l.reads, scanFile,
			`SELECT `+fileColumns+` FROM assets WHERE id IN (?`+strings.Repeat(", ?", library.MaxPage-1)+`)`, args...)
		if err != nil {
			return nil, err
		}
		files = append(files, some...)
	}
	files = slices.DeleteFunc(files, func(f library.File) bool { return f.App != app })
	order := make(map[asset.ID]int, len(found))
	for i, m := range found {
		order[m.id] = i
	}
	slices.SortFunc(files, func(a, b library.File) int { return order[a.ID] - order[b.ID] })
	return files, nil
}

const fileColumns = rows.Columns + `, size, trashed, place`

func scanFile(row record.Row) (f library.File, err error) {
	var trashed, place int64
	f.Asset, err = rows.Scan(row, &f.Size, &trashed, &place)
	f.Trashed = record.Instant(trashed)
	if place < 0 { // waits to be listed there again
		place = -place
	}
	if place > 0 {
		f.Listed = time.UnixMicro(place).UTC()
	}
	return f, err
}
