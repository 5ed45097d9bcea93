//go:build unix

package listing_test

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/catalog/listing"
	"github.com/stowgate/stowgate/internal/catalog/record"
	"github.com/stowgate/stowgate/internal/catalog/sqlitedb"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/library"
)

// manyFiles is the variable that says how many files TestMany lists.
const manyFiles = "STOWGATE_BENCH_FILES"

// TestMany measures lists and searches among as many files as manyFiles says;
// scripts/bench runs it with a million.
func TestMany(t *testing.T) {
	n, err := strconv.Atoi(os.Getenv(manyFiles))
	if err != nil {
		t.Skipf("%s says how many files to measure with; scripts/bench sets it", manyFiles)
	}
	dir := os.Getenv("STOWGATE_BENCH_DIR") // kept, to measure again
	if dir == "" {
		dir = t.TempDir()
	}
	path := filepath.Join(dir, fmt.Sprintf("files-%d.db", n))
	if _, err := os.Stat(path); err != nil {
		began := time.Now()
		seed(t, path, n)
		t.Logf("%d files made in %v", n, time.Since(began).Round(time.Second))
	}
	db, err := sqlitedb.Open(t.Context(), path)
	must(t, err)
	defer db.Close()
	book, err := record.Open(t.Context(), db, [32]byte{1}, time.Now)
	must(t, err)
	measure(t, listing.New(book, listing.DefaultBounds), n)
}

var nouns = []string{"report", "invoice", "photo", "holiday", "beach", "summer", "winter", "project", "draft", "final", "contract", "scan",
	"receipt", "meeting", "notes", "budget", "plan", "design", "logo", "banner", "avatar", "profile", "video", "clip", "music", "track",
	"archive", "backup", "data", "export", "sales", "team", "annual", "monthly", "weekly", "status", "update", "release", "client", "会议", "记录", "été"}

// kinds of files, each with its share of 100, and a name that is filled in.
var kinds = []struct {
	share     int
	mediaType string
	name      func(r *rand.Rand) string
}{
	{45, "image/jpeg", func(r *rand.Rand) string {
		return fmt.Sprintf("IMG_%d%02d%02d_%06d.JPG", 2015+r.IntN(10), 1+r.IntN(12), 1+r.IntN(28), r.IntN(240000))
	}},
	{20, "image/png", func(r *rand.Rand) string {
		return fmt.Sprintf("Screenshot 20%02d-%02d-%02d at %02d.%02d.%02d.png", 15+r.IntN(10), 1+r.IntN(12), 1+r.IntN(28), r.IntN(24), r.IntN(60), r.IntN(60))
	}},
	{25, "application/pdf", func(r *rand.Rand) string {
		return fmt.Sprintf("%s-%s-%04d.pdf", pick(r, nouns), pick(r, nouns), r.IntN(10000))
	}},
	{9, "video/mp4", func(r *rand.Rand) string {
		return fmt.Sprintf("%s %s %x.mp4", pick(r, nouns), pick(r, nouns), r.Uint32())
	}},
	{1, "application/zip", func(r *rand.Rand) string { return fmt.Sprintf("backup %x.zip", r.Uint64()) }},
}

// likely returns an asset as an app of n over ten years may have, the ith.
func likely(r *rand.Rand, app string, i, n int) (asset.Asset, int64) {
	a := asset.Asset{ID: asset.NewID(), UUID: uuid.New(), App: app, Client: "Computer"}
	step := 10 * 365 * 24 * time.Hour / time.Duration(n)
	a.Created = began.Add(time.Duration(i)*step + time.Duration(r.Int64N(int64(step))))
	share := r.IntN(100)
	for _, k := range kinds {
		if share -= k.share; share < 0 {
			a.Detected, a.Name = k.mediaType, k.name(r)
			break
		}
	}
	a.Path = fmt.Sprintf("users/%d/", r.IntN(n/100+1))
	if r.IntN(4) == 0 {
		a.Tags = map[string]string{"customer": strconv.Itoa(r.IntN(1000)), "state": pick(r, []string{"new", "seen"})}
	}
	if r.IntN(1000) == 0 {
		a.Container = "archive"
	}
	if a.Stored = a.Created; r.IntN(1000) == 0 {
		a.Stored = time.Time{}
	}
	if r.IntN(10) == 0 {
		a.Labels = []string{pick(r, nouns[:5]), "label" + strconv.Itoa(r.IntN(1000))}
	}
	if i < n/100 && r.IntN(5) == 0 {
		a.Name = "old " + a.Name // few, and far from the newest
	}
	return a, r.Int64N(1 << (10 + r.IntN(20)))
}

// A batch is a database that is written without transactions.
type batch struct {
	words record.Words
	on    *record.Statements
}

func (b batch) Words() record.Words       { return b.words }
func (b batch) Reads() *record.Statements { return b.on }
func (b batch) Watch(func())              {}
func (b batch) Health() error             { return nil }
func (b batch) Close() error              { return nil }
func (b batch) Write(ctx context.Context, do func(context.Context, *record.Statements) error) error {
	return do(ctx, b.on)
}

// seed makes a database with n files of one app and a hundred of each of 100
// others, quicker than through the catalog: without transactions.
func seed(t *testing.T, path string, n int) {
	db, err := sqlitedb.Open(t.Context(), path)
	must(t, err)
	must(t, db.Close())
	pool, err := sql.Open("sqlite", "file:"+path+"?_pragma=journal_mode(OFF)&_pragma=synchronous(OFF)&_pragma=cache_size(-400000)")
	must(t, err)
	defer pool.Close()
	pool.SetMaxOpenConns(1)
	conn, err := pool.Conn(t.Context())
	must(t, err)
	defer conn.Close()
	do := record.NewStatements(conn, func(error) fault.Kind { return fault.Internal })
	defer do.Close()
	exec := func(text string, args ...any) {
		t.Helper()
		if _, err := do.Exec(t.Context(), text, args...); err != nil {
			t.Fatal(err)
		}
	}
	r := rand.New(rand.NewPCG(9, 10))
	apps := []string{"app"}
	for i := range 100 {
		apps = append(apps, fmt.Sprintf("other%03d", i))
	}
	exec(`BEGIN`)
	for _, app := range apps {
		exec(`INSERT INTO apps (key, name, security, disabled, created, secrets, revoked_before, revoked, options)
			VALUES (?, '', 0, 0, 0, ?, 0, 'null', '{}')`, app, []byte{})
	}
	insert := func(a asset.Asset, size int64) {
		exec(`INSERT INTO assets (id, uuid, app, name, type, detected, width, height, content, size, version, location,
			container, path, access, tags, alt, workflows, source, client, created, modified, labels, stored)
			VALUES (?, ?, ?, ?, ?, ?, 4000, 3000, zeroblob(90), ?, 1, '', ?, ?, '', '{}', '', 'null', '', ?, ?, ?, ?, ?)`,
			a.ID, a.UUID, a.App, a.Name, a.Detected, a.Detected, size, a.Container, a.Path, a.Client, record.Nanos(a.Created), record.Nanos(a.Created),
			labelsOf(a), record.Nanos(a.Stored))
	}
	for i := range n {
		a, size := likely(r, "app", i, n)
		insert(a, size)
		if i%100 == 99 && i/100 < 100*100 {
			insert(likely(r, apps[1+i/100%100], i, n))
		}
	}
	exec(`COMMIT`)
	book := &record.Book{Database: batch{db.Words(), do}}
	_, err = listing.New(book, listing.DefaultBounds).Fill(t.Context())
	must(t, err)
}

func labelsOf(a asset.Asset) string {
	if a.Labels == nil {
		return `null`
	}
	return `["` + strings.Join(a.Labels, `","`) + `"]`
}

// measure prints how long kinds of queries take.
func measure(t *testing.T, l *listing.Listing, n int) {
	r := rand.New(rand.NewPCG(11, 12))
	desc := func(q library.Query) library.Query { q.Descending = true; return q }
	day := 24 * time.Hour
	someDay := func() time.Time { return began.Add(time.Duration(r.IntN(3600)) * day) }
	yes, no := true, false
	const rounds, patience = 200, 20 * time.Second
	t.Logf("%-44s %9s %9s %9s %9s %9s %8s", "milliseconds", "p50", "p95", "p99", "CPU p95", "files", "partial")
	var all, allCPU []time.Duration
	for _, k := range []struct {
		name  string
		query func() library.Query
	}{
		{"newest first", func() library.Query { return desc(library.Query{}) }},
		{"by name", func() library.Query { return library.Query{Order: library.ByName} }},
		{"by size, largest first", func() library.Query { return desc(library.Query{Order: library.BySize}) }},
		{"photos", func() library.Query { return desc(library.Query{Type: "image/*"}) }},
		{"PDFs by name", func() library.Query { return library.Query{Type: "application/pdf", Order: library.ByName} }},
		{"archives (1 in 100), largest first", func() library.Query {
			return desc(library.Query{Type: "application/zip", Order: library.BySize})
		}},
		{"a month", func() library.Query {
			from := someDay()
			return desc(library.Query{From: from, Until: from.Add(30 * day)})
		}},
		{"a day by name", func() library.Query {
			from := someDay()
			return library.Query{From: from, Until: from.Add(day), Order: library.ByName}
		}},
		{"a month by name", func() library.Query {
			from := someDay()
			return library.Query{From: from, Until: from.Add(30 * day), Order: library.ByName}
		}},
		{"a narrow range of sizes", func() library.Query {
			from := int64(r.IntN(1 << 28))
			return desc(library.Query{MinSize: from, MaxSize: from + 100_000})
		}},
		{"over 500 MB", func() library.Query { return desc(library.Query{MinSize: 500 << 20}) }},
		{"a tag (1 in 4,000)", func() library.Query {
			return desc(library.Query{Tag: "customer", Value: strconv.Itoa(r.IntN(1000))})
		}},
		{"the same by name", func() library.Query {
			return library.Query{Tag: "customer", Value: strconv.Itoa(r.IntN(1000)), Order: library.ByName}
		}},
		{"a folder (1 in 10,000)", func() library.Query {
			return desc(library.Query{Folder: fmt.Sprintf("users/%d", r.IntN(n/100+1))})
		}},
		{"a container (1 in 1,000)", func() library.Query { return desc(library.Query{Container: "archive"}) }},
		{"a container and a type, by name", func() library.Query {
			return library.Query{Container: "archive", Type: "video/mp4", Order: library.ByName}
		}},
		{"name: half of all", func() library.Query { return desc(library.Query{Name: "img"}) }},
		{"name: a noun", func() library.Query { return desc(library.Query{Name: pick(r, nouns)}) }},
		{"name: a noun, by name", func() library.Query { return library.Query{Name: pick(r, nouns), Order: library.ByName} }},
		{"name: a day", func() library.Query {
			return desc(library.Query{Name: fmt.Sprintf("2020%02d%02d", 1+r.IntN(12), 1+r.IntN(28))})
		}},
		{"name: one number", func() library.Query { return desc(library.Query{Name: fmt.Sprintf("%06d", r.IntN(240000))}) }},
		{"name: one number, by size", func() library.Query {
			return library.Query{Name: fmt.Sprintf("%06d", r.IntN(240000)), Order: library.BySize}
		}},
		{"name: nothing", func() library.Query { return desc(library.Query{Name: "xyzzy" + strconv.Itoa(r.IntN(1e6))}) }},
		{"name: two characters of Chinese", func() library.Query { return desc(library.Query{Name: "会议"}) }},
		{"name: two letters", func() library.Query {
			return desc(library.Query{Name: pick(r, []string{"pd", "re", "zi", "_2", "at"})})
		}},
		{"name: two letters that nothing has", func() library.Query { return desc(library.Query{Name: "qz"}) }},
		{"name: only among the oldest", func() library.Query { return desc(library.Query{Name: "old "}) }},
		{"name, type, tag, sizes", func() library.Query {
			return desc(library.Query{Name: "2020", Type: "image/*", Tag: "state", Value: "new", MinSize: 1 << 20})
		}},
		{"two conditions that exclude each other", func() library.Query {
			return desc(library.Query{Type: "image/jpeg", Name: "screenshot"})
		}},
		{"whole: permanent", func() library.Query { return library.Query{Stored: &yes, Whole: true, After: someDay()} }},
		{"whole: temporary (1 in 1,000)", func() library.Query { return library.Query{Stored: &no, Whole: true, After: someDay()} }},
		{"whole: a label (1 in 10,000)", func() library.Query {
			return library.Query{Labels: library.Labels{All: []string{"label" + strconv.Itoa(r.IntN(1000))}}, Whole: true}
		}},
		{"whole: one of three such labels", func() library.Query {
			return library.Query{Labels: library.Labels{Any: []string{"label1", "label2", "label3"}}, Whole: true}
		}},
		{"whole: none of two labels", func() library.Query {
			return library.Query{Labels: library.Labels{None: nouns[:2]}, Whole: true, After: someDay()}
		}},
		{"whole: past half of all", func() library.Query { return library.Query{Whole: true, Offset: n / 2} }},
		{"whole: two letters that nothing has", func() library.Query { return library.Query{Name: "qz", Whole: true} }},
		{"count of all", nil},
	} {
		var took, used []time.Duration
		files, partial := 0, 0
		for start := time.Now(); len(took) < rounds && time.Since(start) < patience; {
			if k.query == nil {
				d, cpu := timed(func() {
					_, err := l.CountFiles(t.Context(), "app", library.Query{})
					must(t, err)
				})
				took, used = append(took, d), append(used, cpu)
				continue
			}
			q := k.query()
			q.Limit = library.DefaultPage
			var page library.Page
			read := func() { page = list(t, l, q) }
			d, cpu := timed(read)
			if page.Next != "" && !page.Partial && q.Offset == 0 && r.IntN(2) == 0 { // the next page is as usual as the first
				q.Cursor = page.Next
				d, cpu = timed(read)
			}
			took, used = append(took, d), append(used, cpu)
			files += len(page.Files)
			if page.Partial {
				partial++
			}
		}
		all, allCPU = append(all, took...), append(allCPU, used...)
		report(t, k.name, took, used, float64(files)/float64(len(took)), partial)
	}
	report(t, "all", all, allCPU, 0, 0)
}

// timed returns how long do takes, and how much CPU time this process uses
// meanwhile, which other programs do not make longer.
func timed(do func()) (took, used time.Duration) {
	var before, after syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &before)
	start := time.Now()
	do()
	took = time.Since(start)
	syscall.Getrusage(syscall.RUSAGE_SELF, &after)
	spent := func(u syscall.Rusage) int64 { return u.Utime.Nano() + u.Stime.Nano() }
	return took, time.Duration(spent(after) - spent(before))
}

func report(t *testing.T, name string, took, used []time.Duration, files float64, partial int) {
	slices.Sort(took)
	slices.Sort(used)
	at := func(of []time.Duration, part float64) float64 {
		return of[int(part*float64(len(of)-1))].Seconds() * 1000
	}
	t.Logf("%-44s %9.2f %9.2f %9.2f %9.2f %9.1f %8d", name, at(took, 0.5), at(took, 0.95), at(took, 0.99), at(used, 0.95), files, partial)
}
