package listing_test

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/uuid"
	"github.com/pressly/goose/v3"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/catalog"
	"github.com/stowgate/stowgate/internal/catalog/listing"
	"github.com/stowgate/stowgate/internal/catalog/record"
	"github.com/stowgate/stowgate/internal/catalog/sqlitedb"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/library"
)

// A listener is a database that hears which statements read it.
type listener struct {
	record.Database
	on *record.Statements
}

func (l listener) Reads() *record.Statements { return l.on }

type preparer struct {
	*sql.DB
	texts *[]string
}

func (p preparer) PrepareContext(ctx context.Context, text string) (*sql.Stmt, error) {
	*p.texts = append(*p.texts, text)
	return p.DB.PrepareContext(ctx, text)
}

// Lists go along indexes: no statement goes through a table, none but those of
// a bounded set sorts, and there are not many of them.
func TestStatementsUseIndexes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "catalog.db")
	migrated, err := sqlitedb.Open(t.Context(), path)
	must(t, err)
	defer migrated.Close()
	db, err := sql.Open("sqlite", path)
	must(t, err)
	defer db.Close()
	var texts []string
	l := listener{migrated, record.NewStatements(preparer{db, &texts}, func(error) fault.Kind { return fault.Internal })}
	defer l.on.Close()
	book := &record.Book{Database: l, Box: record.NewBox([32]byte{1}), Now: time.Now}
	lists := listing.New(book, listing.Bounds{Probe: 1, Set: 5, Scan: 2})
	r := rand.New(rand.NewPCG(13, 14))
	createApp(t, migrated, "app")
	for i := range 10 {
		add(t, &record.Book{Database: migrated}, false, randomAsset(r, "app", 100*i))
	}
	for range 1000 {
		q := randomQuery(r, 1000)
		if q.Whole = r.IntN(2) == 0; r.IntN(10) == 0 {
			q.Named = library.Named{IDs: []asset.ID{"a"}, UUIDs: []uuid.UUID{{1}}}
		}
		_, err := lists.ListFiles(t.Context(), "app", q)
		must(t, err)
	}
	if len(texts) < 20 || len(texts) > 120 {
		t.Errorf("there are %d statements", len(texts))
	}
	for _, text := range texts {
		rows, err := db.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+text, slices.Repeat([]any{nil}, strings.Count(text, "?"))...)
		must(t, err)
		for rows.Next() {
			var id, parent, unused int
			var step string
			must(t, rows.Scan(&id, &parent, &unused, &step))
			// A set has a bound, and few files are not listed yet.
			set := strings.Contains(text, "LIMIT ?) AS w") || strings.Contains(text, "id IN (?, ?") || strings.Contains(text, "assets WHERE place <= 0")
			if (strings.HasPrefix(step, "SCAN") && !strings.Contains(step, "VIRTUAL TABLE") || strings.Contains(step, "B-TREE")) && !set {
				t.Errorf("%s\nin %s", step, text)
			}
			if strings.HasPrefix(step, "SEARCH") && !strings.Contains(step, "app=?") && !strings.Contains(step, "id=?") && !strings.Contains(step, "assets_unplaced") {
				t.Errorf("%s\nin %s", step, text)
			}
		}
		must(t, rows.Close())
	}
}

// What an older program has recorded is listed when a newer one opens it.
func TestOpensOldDatabase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "catalog.db")
	first, err := os.ReadFile("../sqlitedb/migrations/00001_begin.sql")
	must(t, err)
	old, err := sql.Open("sqlite", path)
	must(t, err)
	provider, err := goose.NewProvider(goose.DialectSQLite3, old, fstest.MapFS{"00001_begin.sql": {Data: first}}, goose.WithDisableGlobalRegistry(true))
	must(t, err)
	_, err = provider.Up(t.Context())
	must(t, err)
	key := [32]byte{1}
	_, err = old.Exec(`INSERT INTO apps VALUES ('app', 'old', 1, 0, 1, ?, 0, 'null', '{}')`, record.NewBox(key).Seal("app", []byte(`[]`)))
	must(t, err)
	const n = 201 // a step and one
	var want []asset.ID
	for i := range n {
		want = append(want, asset.NewID())
		_, err := old.Exec(`INSERT INTO assets VALUES (?, ?, 'app', ?, '', 'image/png', 0, 0, x'', 5, 1, '', '', '', '', '{"a":"b"}', '', '[]', '', '', ?, 1)`,
			want[i], uuid.NewString(), fmt.Sprintf("ÄLT%03d", i), i/2)
		must(t, err)
	}
	must(t, old.Close())
	for range 2 {
		db, err := sqlitedb.Open(t.Context(), path)
		must(t, err)
		c, err := catalog.New(t.Context(), db, key, catalog.Config{})
		must(t, err)
		q := library.Query{Name: "ält", Type: "image/*", Tag: "a", Value: "b", Order: library.ByName, Limit: 100}
		var got []asset.ID
		l := listing.New(c.Book(), listing.DefaultBounds)
		_, err = l.Fill(t.Context())
		must(t, err)
		totals, err := c.Totals(t.Context(), "app")
		must(t, err)
		if want := (library.Totals{Stored: n}); totals != want {
			t.Errorf("Totals = %+v, want %+v", totals, want)
		}
		for {
			page := list(t, l, q)
			for _, f := range page.Files {
				if !f.Stored.Equal(f.Created) && !f.Created.IsZero() {
					t.Errorf("a file made at %v is stored since %v", f.Created, f.Stored)
				}
			}
			got = append(got, ids(page)...)
			if q.Cursor = page.Next; q.Cursor == "" {
				break
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("of %d older assets %d are listed", n, len(got))
		}
		must(t, c.Close())
	}
}
