package figures_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/uuid"
	"github.com/pressly/goose/v3"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/blob"
	"github.com/stowgate/stowgate/internal/catalog"
	"github.com/stowgate/stowgate/internal/catalog/catalogtest"
	"github.com/stowgate/stowgate/internal/catalog/figures"
	"github.com/stowgate/stowgate/internal/catalog/record"
	"github.com/stowgate/stowgate/internal/catalog/sqlitedb"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/insight"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/upload"
)

var _ insight.Store = (*figures.Figures)(nil)

var (
	now = time.Date(2026, 3, 4, 15, 20, 10, 0, time.UTC)
	key = [32]byte{1}
	by  = account.Server().Entry("test", "", "", nil)
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func open(t *testing.T, path string) *catalog.Catalog {
	t.Helper()
	db, err := sqlitedb.Open(t.Context(), path)
	must(t, err)
	c, err := catalog.New(t.Context(), db, key, catalog.Config{Now: func() time.Time { return now }})
	must(t, err)
	t.Cleanup(func() { c.Close() })
	return c
}

// fresh returns figures beside an app called app.
func fresh(t *testing.T) (*figures.Figures, *catalog.Catalog) {
	t.Helper()
	c := open(t, filepath.Join(t.TempDir(), "catalog.db"))
	must(t, c.CreateApp(t.Context(), by, policy.App{Key: "app"}))
	return figures.New(c.Book()), c
}

// file returns a new asset of app of size bytes.
func file(app string, size int64) asset.Asset {
	a := catalogtest.NewAsset(app)
	a.Content.Segments = []blob.Segment{{Key: blob.Key(uuid.NewString()), Size: size, Sums: make([]uint32, (size+1<<20-1)/(1<<20))}}
	return a
}

func wantUsage(t *testing.T, f *figures.Figures, app string, files, bytes int64) {
	t.Helper()
	got, err := f.Usage(t.Context(), app)
	if want := (insight.Usage{Files: files, Bytes: bytes}); err != nil || got != want {
		t.Errorf("Usage(%q) = %+v, %v; want %+v", app, got, err, want)
	}
	if wrong, err := f.Verify(t.Context()); err != nil || len(wrong) > 0 {
		t.Errorf("Verify = %+v, %v", wrong, err)
	}
}

func TestUsage(t *testing.T) {
	f, c := fresh(t)
	must(t, c.CreateApp(t.Context(), by, policy.App{Key: "other"}))
	wantUsage(t, f, "app", 0, 0)
	a, b := file("app", 10), file("app", 200)
	must(t, c.AddAsset(t.Context(), a, policy.Use{}))
	must(t, c.AddAsset(t.Context(), b, policy.Use{}))
	must(t, c.AddAsset(t.Context(), file("other", 5000), policy.Use{}))
	wantUsage(t, f, "app", 2, 210)
	if err := c.AddAsset(t.Context(), a, policy.Use{}); !errors.Is(err, fault.Conflict) {
		t.Errorf("the same again: %v", err)
	}
	wantUsage(t, f, "app", 2, 210)

	a2 := file("app", 30)
	a2.ID, a2.Version = a.ID, 2
	must(t, c.ReplaceContent(t.Context(), a2, policy.Use{}))
	wantUsage(t, f, "app", 2, 230)

	u := upload.Session{ID: "s", App: "app", Created: now, Touched: now}
	must(t, c.AddSession(t.Context(), u, policy.Use{}))
	done := file("app", 7)
	must(t, c.AddPart(t.Context(), "s", upload.Part{Number: 1, Segment: done.Content.Segments[0], Tag: "t"}))
	for range 2 { // the second time it is there already
		_, err := c.FinishSession(t.Context(), "s", done, nil)
		must(t, err)
	}
	wantUsage(t, f, "app", 3, 237)

	// What is in the trash can be taken back, and so takes room until it is gone.
	_, err := c.TrashAssets(t.Context(), "app", []asset.ID{b.ID}, by)
	must(t, err)
	wantUsage(t, f, "app", 3, 237)
	now = now.Add(time.Hour)
	must(t, c.EmptyTrash(t.Context(), now))
	wantUsage(t, f, "app", 2, 37)
	must(t, c.RemoveAsset(t.Context(), "app", a.ID, policy.Use{}))
	wantUsage(t, f, "app", 1, 7)

	must(t, f.Add(t.Context(), batch("app", now, "in", 1)))
	must(t, c.DeleteApp(t.Context(), by, "app", true))
	wantUsage(t, f, "app", 0, 0)
	wantUsage(t, f, "other", 1, 5000)
	must(t, f.Add(t.Context(), batch("app", now, "in", 1))) // late, from another node
	if left, err := f.Figures(t.Context(), "app", time.Time{}, now.Add(time.Hour)); err != nil || len(left) > 0 {
		t.Errorf("figures of an app that is gone: %v, %v", left, err)
	}
}

// TestQuotaRace: of a hundred uploads at once exactly as many succeed as the
// app may store, on two catalogs of one database.
func TestQuotaRace(t *testing.T) {
	for _, tt := range []struct {
		name    string
		options policy.Options
		says    string
	}{
		{"files", policy.Options{MaxFiles: 10}, "10 of 10 files"},
		{"bytes", policy.Options{MaxBytes: 10*100 + 99}, "1000 of 1099 bytes, and the file has 100"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "catalog.db")
			nodes := []*catalog.Catalog{open(t, path), open(t, path)}
			must(t, nodes[0].CreateApp(t.Context(), by, policy.App{Key: "app", Options: tt.options}))
			var stored atomic.Int64
			var all sync.WaitGroup
			for i := range 100 {
				all.Go(func() {
					c, a := nodes[i%2], file("app", 100)
					var err error
					if i%3 == 0 {
						id := fmt.Sprint("session", i)
						err = errors.Join(
							c.AddSession(t.Context(), upload.Session{ID: id, App: "app", Created: now, Touched: now}, policy.Use{}),
							c.AddPart(t.Context(), id, upload.Part{Number: 1, Segment: a.Content.Segments[0], Tag: "t"}))
						if err == nil {
							_, err = c.FinishSession(t.Context(), id, a, nil)
						}
					} else {
						err = c.AddAsset(t.Context(), a, policy.Use{})
					}
					var denial *policy.Denial
					switch {
					case err == nil:
						stored.Add(1)
					case !errors.As(err, &denial) || denial.Reason != policy.QuotaReached || !strings.Contains(denial.Detail, tt.says):
						t.Errorf("refused: %v, want %v that says %q", err, policy.QuotaReached, tt.says)
					}
				})
			}
			all.Wait()
			if n := stored.Load(); n != 10 {
				t.Errorf("%d files are stored, want 10", n)
			}
			wantUsage(t, figures.New(nodes[0].Book()), "app", 10, 1000)
		})
	}
}

// TestQuotaOfReplacing: an overwrite may take what is left, and one with no more
// bytes always has room.
func TestQuotaOfReplacing(t *testing.T) {
	f, c := fresh(t)
	a := file("app", 100)
	must(t, c.AddAsset(t.Context(), a, policy.Use{}))
	limit := func(n int64) {
		_, err := c.UpdateApp(t.Context(), by, "app", func(app *policy.App) error { app.Options = policy.Options{MaxBytes: n, MaxFiles: 1}; return nil })
		must(t, err)
	}
	version := int64(1)
	for _, tt := range []struct {
		limit, size int64
		want        error
	}{{150, 150, nil}, {150, 151, fault.Denied}, {50, 120, nil}, {50, 121, fault.Denied}} {
		limit(tt.limit)
		next := file("app", tt.size)
		next.ID, next.Version = a.ID, version+1
		err := c.ReplaceContent(t.Context(), next, policy.Use{})
		if !errors.Is(err, tt.want) {
			t.Errorf("%d bytes under a limit of %d: %v, want %v", tt.size, tt.limit, err, tt.want)
		}
		if err == nil {
			version++
		}
	}
	wantUsage(t, f, "app", 1, 120)
}

func TestVerifyAndRepair(t *testing.T) {
	f, c := fresh(t)
	must(t, c.CreateApp(t.Context(), by, policy.App{Key: "other"}))
	must(t, c.AddAsset(t.Context(), file("app", 10), policy.Use{}))
	for _, broken := range []string{
		`UPDATE usage SET files = 5, bytes = 3 WHERE app = 'app'`, `UPDATE usage SET bytes = 11 WHERE app = 'app'`,
		`DELETE FROM usage WHERE app = 'app'`,
	} {
		must(t, c.Book().Write(t.Context(), exec(broken)))
		wrong, err := f.Verify(t.Context())
		if err != nil || len(wrong) != 1 || wrong[0].App != "app" || wrong[0].Counted != (insight.Usage{Files: 1, Bytes: 10}) {
			t.Errorf("after %s: %+v, %v", broken, wrong, err)
		}
		must(t, f.Repair(t.Context()))
		wantUsage(t, f, "app", 1, 10)
	}
}

func batch(app string, at time.Time, name string, value int64) insight.Batch {
	return insight.Batch{Figures: []insight.Figure{{App: app, Start: at.Truncate(time.Hour), Name: name, Value: value}}}
}

// TestFigures holds that figures add up, are kept apart by app, and become those
// of days, and then nothing, without changing any sum before.
func TestFigures(t *testing.T) {
	f, c := fresh(t)
	must(t, c.CreateApp(t.Context(), by, policy.App{Key: "other"}))
	s := insight.New(f, insight.Config{Now: func() time.Time { return now }})
	day := now.Truncate(24 * time.Hour)
	for hours := range 24 * 40 {
		at := day.Add(-time.Duration(hours) * time.Hour)
		must(t, f.Add(t.Context(), batch("app", at, "allowed/read", 1)))
		must(t, f.Add(t.Context(), batch("app", at, "refused because/policy expired", 2)))
		must(t, f.Add(t.Context(), batch("other", at, "allowed/read", 1000)))
	}
	must(t, f.Add(t.Context(), batch("app", day, "allowed/read", 5)))
	view, err := s.View(account.Actor{Operator: true}, "app")
	must(t, err)
	sums := func() (out []insight.Point) {
		points, err := view.Series(t.Context(), day.AddDate(0, 0, -45), now, 24*time.Hour)
		must(t, err)
		return points
	}
	before := sums()
	if p := before[len(before)-1]; p.Allowed["read"] != 6 || p.Reasons["policy expired"] != 2 || !p.Start.Equal(day) {
		t.Errorf("the last day: %+v", p)
	}
	if p := before[len(before)-3]; p.Allowed["read"] != 24 {
		t.Errorf("a whole day: %+v", p)
	}
	rows := func() int64 {
		n, err := record.Value[int64](c.Book().Reads().Row(t.Context(), `SELECT COUNT(*) FROM figures WHERE app = 'app'`))
		must(t, err)
		return n
	}
	full := rows()
	for range 2 { // the second time there is nothing to do
		must(t, s.Flush(t.Context()))
		must(t, f.Compact(t.Context(), day.Add(-insight.KeepHours), day.Add(-insight.KeepDays), day))
		if after := sums(); !reflect.DeepEqual(before, after) {
			t.Errorf("figures by day\n%+v, want\n%+v", after, before)
		}
		if n := rows(); n >= full-400 || n < 60*24 {
			t.Errorf("%d records, where there were %d", n, full)
		}
	}
	must(t, f.Compact(t.Context(), day, day.AddDate(0, 0, -3), day))
	for i, p := range sums() {
		if p.Start.Before(day.AddDate(0, 0, -3)) == (p.Allowed["read"] > 0) {
			t.Errorf("point %d after dropping what is old: %+v", i, p)
		}
	}
}

func TestSlowest(t *testing.T) {
	f, _ := fresh(t)
	day := now.Truncate(24 * time.Hour)
	for round := range 3 {
		var b insight.Batch
		b.Day = day
		for i := range 30 {
			b.Plans = append(b.Plans, insight.Slow{App: "app", Plan: fmt.Sprint("plan", i), Worst: time.Duration(i*10 + round), Total: 100, Times: 2})
		}
		b.Plans = append(b.Plans, insight.Slow{App: "other", Plan: "its", Worst: 1 << 40, Total: 1 << 40, Times: 1})
		must(t, f.Add(t.Context(), b))
	}
	slow, err := f.Slowest(t.Context(), "app", day)
	must(t, err)
	if len(slow) != insight.MaxSlowest || slow[0] != (insight.Slow{App: "app", Plan: "plan29", Worst: 292, Total: 300, Times: 6}) || slow[19].Plan != "plan10" {
		t.Errorf("%d plans: %+v", len(slow), slow)
	}
	for _, other := range []time.Time{day.AddDate(0, 0, 1), day.AddDate(0, 0, -1)} {
		if slow, err := f.Slowest(t.Context(), "app", other); err != nil || len(slow) > 0 {
			t.Errorf("on another day: %v, %v", slow, err)
		}
	}
	must(t, f.Compact(t.Context(), day, day, day.AddDate(0, 0, 1)))
	if slow, err := f.Slowest(t.Context(), "app", day); err != nil || len(slow) > 0 {
		t.Errorf("of a day that is long ago: %v, %v", slow, err)
	}
}

func TestSecretUses(t *testing.T) {
	f, _ := fresh(t)
	used := func(fingerprint string, at time.Time) insight.Batch {
		return insight.Batch{Secrets: []insight.Used{{App: "app", Fingerprint: fingerprint, Time: at}, {App: "other", Fingerprint: "x", Time: at}}}
	}
	must(t, f.Add(t.Context(), used("a", now)))
	must(t, f.Add(t.Context(), used("b", now.Add(time.Minute))))
	must(t, f.Add(t.Context(), used("a", now.Add(-time.Hour)))) // of another node, late
	got, err := f.SecretUses(t.Context(), "app")
	if want := map[string]time.Time{"a": now, "b": now.Add(time.Minute)}; err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("SecretUses = %v, %v; want %v", got, err, want)
	}
}

// TestOpensOldDatabase opens a database of the first schema that has data in it.
func TestOpensOldDatabase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "catalog.db")
	first, err := os.ReadFile("../sqlitedb/migrations/00001_begin.sql")
	must(t, err)
	db, err := sql.Open("sqlite", path)
	must(t, err)
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, fstest.MapFS{"00001_begin.sql": {Data: first}}, goose.WithDisableGlobalRegistry(true))
	must(t, err)
	_, err = provider.Up(t.Context())
	must(t, err)
	for _, app := range []string{"empty", "full"} {
		_, err := db.Exec(`INSERT INTO apps VALUES (?, 'old', 1, 0, 1, ?, 0, 'null', '{}')`, app, record.NewBox(key).Seal(app, []byte(`[]`)))
		must(t, err)
	}
	for i := range 3 {
		_, err := db.Exec(`INSERT INTO assets VALUES (?, ?, 'full', 'n', '', '', 0, 0, x'', ?, 1, '', '', '', '', '{}', '', '[]', '', '', 1, 1)`,
			fmt.Sprint("id", i), uuid.NewString(), 100*(i+1))
		must(t, err)
	}
	must(t, db.Close())

	f := figures.New(open(t, path).Book())
	wantUsage(t, f, "empty", 0, 0)
	wantUsage(t, f, "full", 3, 600)
}

// exec returns a write that runs one statement.
func exec(text string) func(context.Context, *record.Statements) error {
	return func(ctx context.Context, tx *record.Statements) error {
		_, err := tx.Exec(ctx, text)
		return err
	}
}
