package listing_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/blob"
	"github.com/stowgate/stowgate/internal/catalog/listing"
	"github.com/stowgate/stowgate/internal/catalog/record"
	"github.com/stowgate/stowgate/internal/catalog/sqlitedb"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/library"
)

// narrow has a few files reach every bound.
var narrow = listing.Bounds{Probe: 20, Set: 60, Scan: 150}

var began = time.Date(2025, 3, 1, 0, 0, 0, 0, time.UTC)

func open(t testing.TB) *record.Book {
	t.Helper()
	db, err := sqlitedb.Open(t.Context(), filepath.Join(t.TempDir(), "catalog.db"))
	must(t, err)
	t.Cleanup(func() { db.Close() })
	book, err := record.Open(t.Context(), db, [32]byte{1}, time.Now)
	must(t, err)
	for _, app := range []string{"app", "other"} {
		createApp(t, db, app)
	}
	return book
}

func createApp(t testing.TB, db record.Database, key string) {
	t.Helper()
	must(t, db.Write(t.Context(), func(ctx context.Context, tx *record.Statements) error {
		_, err := tx.Exec(ctx, `INSERT INTO apps (key, name, security, disabled, created, secrets, revoked_before, revoked, options)
			VALUES (?, '', 0, 0, 0, ?, 0, '', '')`, key, []byte{})
		return err
	}))
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func write(t testing.TB, book *record.Book, do func(context.Context, *record.Statements) error) {
	t.Helper()
	must(t, book.Write(t.Context(), do))
}

// add records assets as package catalog does, as far as lists go, and lists them.
func add(t testing.TB, book *record.Book, trash bool, assets ...asset.Asset) {
	t.Helper()
	write(t, book, func(ctx context.Context, tx *record.Statements) error {
		for _, a := range assets {
			tags, err := json.Marshal(a.Tags)
			if err != nil {
				return err
			}
			content, err := blob.Content{}.MarshalBinary()
			if err != nil {
				return err
			}
			labels, err := json.Marshal(a.Labels)
			if err != nil {
				return err
			}
			_, err = tx.Exec(ctx, `INSERT INTO assets (id, uuid, app, name, type, detected, width, height, content, size, version, location,
				container, path, access, tags, alt, workflows, source, client, created, modified, trashed, labels, stored)
				VALUES (?, ?, ?, ?, '', ?, 0, 0, ?, ?, 1, '', ?, ?, '', ?, '', 'null', '', ?, ?, 0, ?, ?, ?)`,
				a.ID, a.UUID, a.App, a.Name, a.Detected, content, a.Content.Size(), a.Container, a.Path, string(tags), a.Client,
				record.Nanos(a.Created), trash, string(labels), record.Nanos(a.Stored))
			if err != nil {
				return err
			}
		}
		return nil
	})
	n, err := listing.New(book, narrow).Fill(t.Context())
	if err != nil || n != len(assets) {
		t.Fatalf("Fill = %d, %v; want %d", n, err, len(assets))
	}
}

func remove(t testing.TB, book *record.Book, a asset.Asset) {
	t.Helper()
	write(t, book, func(ctx context.Context, tx *record.Statements) error {
		if err := listing.Drop(ctx, tx, book.Words(), a.ID); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `DELETE FROM assets WHERE id = ?`, a.ID)
		return err
	})
}

// Names have letters of several scripts and cases, and what SQL and indexes
// treat specially.
var (
	syllables  = []string{"Img", "img_", "Foto", "été", "ÉTÉ", "Straße", "会议", "记录", "日", "50%", "_", `\`, "'", `"`, "*", "AND", "report", "Ωmega", " ", "-2", "99", "😀", "a"}
	types      = []string{"image/jpeg", "image/png", "video/mp4", "application/pdf", "text/plain", ""}
	containers = []string{"", "", "bucket", "Bucket", "rare"}
	paths      = []string{"", "", "avatars/", "avatars/a.png", "avatars/2024/b.png", "avatarsx/c", "rare/d"}
	clients    = []string{"", "Computer", "url", "facebook"}
	labels     = []string{"cat", "dog", "a.b", "_-1"}
)

func pick[T any](r *rand.Rand, of []T) T { return of[r.IntN(len(of))] }

func randomAsset(r *rand.Rand, app string, i int) asset.Asset {
	var name strings.Builder
	for range 1 + r.IntN(5) {
		name.WriteString(pick(r, syllables))
	}
	a := asset.Asset{
		ID: asset.NewID(), UUID: uuid.New(), App: app, Name: name.String(), Detected: pick(r, types),
		Container: pick(r, containers), Path: pick(r, paths), Client: pick(r, clients),
		Content: blob.Content{Segments: []blob.Segment{{Size: int64(r.IntN(300))}}},
		Created: began.Add(time.Duration(i)*time.Minute + time.Duration(r.IntN(50_000))*time.Millisecond),
	}
	if r.IntN(3) == 0 {
		a.Tags = map[string]string{pick(r, []string{"env", "Env", "a b"}): pick(r, []string{"", "prod", "x=y", "%"})}
	}
	if r.IntN(10) > 0 {
		a.Stored = a.Created.Add(time.Hour)
	}
	for _, l := range labels {
		if r.IntN(6) == 0 {
			a.Labels = append(a.Labels, l)
		}
	}
	return a
}

// randomQuery sets each condition now and then.
func randomQuery(r *rand.Rand, n int) library.Query {
	var q library.Query
	maybe := func(set func()) {
		if r.IntN(5) == 0 {
			set()
		}
	}
	maybe(func() { q.Name = pick(r, syllables) + pick(r, append(syllables, "")) })
	maybe(func() { q.Name = strings.ToUpper(pick(r, syllables)) })
	maybe(func() { q.Type = pick(r, append(types, "image/*", "text/*", "font/*")) })
	maybe(func() { q.MinSize = int64(r.IntN(300)) })
	maybe(func() { q.MaxSize = int64(r.IntN(310)) })
	maybe(func() { q.From = began.Add(time.Duration(r.IntN(n)) * time.Minute) })
	maybe(func() { q.Until = began.Add(time.Duration(r.IntN(n)) * time.Minute) })
	maybe(func() { q.Tag = pick(r, []string{"env", "Env", "a b", "none"}) })
	maybe(func() { q.Tag, q.Value = "env", pick(r, []string{"prod", "x=y", "%", "x"}) })
	maybe(func() { q.Folder = pick(r, []string{"avatars", "/avatars/", "avatars/2024", "rare", "ava"}) })
	maybe(func() { q.Container = pick(r, containers) })
	maybe(func() { q.Client = pick(r, clients) })
	maybe(func() { q.After = began.Add(time.Duration(r.IntN(n)) * time.Minute) })
	maybe(func() { q.Before = began.Add(time.Duration(r.IntN(n)) * time.Minute) })
	maybe(func() { stored := r.IntN(2) == 0; q.Stored = &stored })
	maybe(func() {
		for _, to := range []*[]string{&q.Labels.All, &q.Labels.Any, &q.Labels.None} {
			for range r.IntN(4) {
				*to = append(*to, pick(r, append(labels, "nothing")))
			}
		}
	})
	q.Trashed = r.IntN(8) == 0
	q.Order = library.Order(r.IntN(3))
	q.Descending = r.IntN(2) == 0
	q.Limit = 1 + r.IntN(60)
	return q
}

func folded(s string) string {
	return strings.ReplaceAll(strings.ToLower(s), "ß", "ss")
}

// meets says the same as the conditions of a list, without any index.
func meets(a asset.Asset, q library.Query) bool {
	size, path, under := a.Content.Size(), strings.Trim(a.Path, "/"), strings.Trim(q.Folder, "/")
	of, anyOf := strings.CutSuffix(q.Type, "/*")
	text, tagged := a.Tags[q.Tag]
	switch {
	case !strings.Contains(folded(a.Name), folded(q.Name)),
		q.Type != "" && !anyOf && a.Detected != q.Type,
		anyOf && !strings.HasPrefix(a.Detected, of+"/"),
		size < q.MinSize, q.MaxSize > 0 && size > q.MaxSize,
		!q.From.IsZero() && a.Created.Before(q.From), !q.Until.IsZero() && !a.Created.Before(q.Until),
		q.Tag != "" && !tagged, q.Value != "" && text != q.Value,
		under != "" && path != under && !strings.HasPrefix(path, under+"/"),
		q.Container != "" && a.Container != q.Container, q.Client != "" && a.Client != q.Client,
		!q.After.IsZero() && !a.Created.After(q.After), !q.Before.IsZero() && !a.Created.Before(q.Before),
		q.Stored != nil && *q.Stored == a.Stored.IsZero(),
		len(q.Named.IDs)+len(q.Named.UUIDs) > 0 && !slices.Contains(q.Named.IDs, a.ID) && !slices.Contains(q.Named.UUIDs, a.UUID),
		slices.ContainsFunc(q.Labels.All, func(l string) bool { return !slices.Contains(a.Labels, l) }),
		len(q.Labels.Any) > 0 && !slices.ContainsFunc(q.Labels.Any, func(l string) bool { return slices.Contains(a.Labels, l) }),
		slices.ContainsFunc(q.Labels.None, func(l string) bool { return slices.Contains(a.Labels, l) }):
		return false
	}
	return true
}

// naive returns the IDs that q lists of assets.
func naive(assets []asset.Asset, q library.Query) []asset.ID {
	var found []asset.Asset
	for _, a := range assets {
		if meets(a, q) {
			found = append(found, a)
		}
	}
	slices.SortFunc(found, func(a, b asset.Asset) int {
		c := 0
		switch q.Order {
		case library.ByName:
			c = strings.Compare(folded(a.Name), folded(b.Name))
		case library.BySize:
			c = cmp.Compare(a.Content.Size(), b.Content.Size())
		}
		if c == 0 {
			c = a.Created.Compare(b.Created)
		}
		if q.Descending {
			c = -c
		}
		return c
	})
	ids := make([]asset.ID, len(found))
	for i, a := range found {
		ids[i] = a.ID
	}
	return ids
}

func TestListIsWhatANaiveFilterFinds(t *testing.T) {
	const n = 2000
	r := rand.New(rand.NewPCG(1, 2))
	book := open(t)
	var live, trashed []asset.Asset
	for i := range n {
		add := &live
		if r.IntN(6) == 0 {
			add = &trashed
		}
		*add = append(*add, randomAsset(r, "app", i))
	}
	var others []asset.Asset
	for i := range n / 4 {
		others = append(others, randomAsset(r, "other", i))
	}
	add(t, book, false, live...)
	add(t, book, true, trashed...)
	add(t, book, false, others...)
	for _, bounds := range []listing.Bounds{narrow, {Probe: 5, Set: 500, Scan: 40}, listing.DefaultBounds} {
		l := listing.New(book, bounds)
		partial := 0
		for range 150 {
			q := randomQuery(r, n)
			assets := live
			if q.Trashed {
				assets = trashed
			}
			if r.IntN(10) == 0 {
				name(r, &q, live, trashed, others)
			}
			want := naive(assets, q)
			wholePage(t, l, q, want, r.IntN(len(want)+3), 1+r.IntN(library.MaxList))
			partial += walk(t, l, q, want, 1+r.IntN(3))
			c, err := l.CountFiles(t.Context(), "app", q)
			must(t, err)
			if c.N > len(want) || !c.More && c.N != len(want) {
				t.Errorf("CountFiles(%+v) = %+v, want %d", q, c, len(want))
			}
			if t.Failed() {
				return
			}
		}
		if (partial == 0) != (bounds == listing.DefaultBounds) {
			t.Errorf("with bounds %+v, %d pages were partial", bounds, partial)
		}
	}
}

// name has q name some of the assets.
func name(r *rand.Rand, q *library.Query, among ...[]asset.Asset) {
	for range 1 + r.IntN(library.MaxNamed/3) {
		for _, assets := range among {
			if a := pick(r, assets); r.IntN(2) == 0 {
				q.Named.IDs = append(q.Named.IDs, a.ID)
			} else {
				q.Named.UUIDs = append(q.Named.UUIDs, a.UUID)
			}
		}
	}
}

// wholePage compares a page that must be full with what want has there.
func wholePage(t *testing.T, l *listing.Listing, q library.Query, want []asset.ID, offset, limit int) {
	t.Helper()
	q.Whole, q.Offset, q.Limit = true, offset, limit
	page := list(t, l, q)
	begin := min(offset, len(want))
	end := min(begin+limit, len(want))
	if got := ids(page); !slices.Equal(got, want[begin:end]) || page.Partial || (page.Next != "") != (end < len(want)) {
		t.Errorf("%+v found %d files, partial %t, next %q; want %d of %d", q, len(got), page.Partial, page.Next, end-begin, len(want))
	}
}

// walk goes through so many full pages forth, and then back, and compares what
// they hold with want. It returns how many pages were partial.
func walk(t *testing.T, l *listing.Listing, q library.Query, want []asset.ID, pages int) (partial int) {
	t.Helper()
	var got []asset.ID
	var page library.Page
	for pages > 0 {
		page = list(t, l, q)
		if page.Partial {
			partial++
		} else {
			pages--
		}
		got = append(got, ids(page)...)
		if q.Cursor = page.Next; page.Next == "" {
			break
		}
	}
	if len(got) > len(want) || !slices.Equal(got, want[:len(got)]) || page.Next == "" && len(got) != len(want) {
		t.Errorf("%+v found\n%v, want\n%v", q, got, want)
		return partial
	}
	back := len(got) - len(page.Files)
	for q.Cursor = page.Previous; q.Cursor != ""; q.Cursor = page.Previous {
		page = list(t, l, q)
		for i, id := range slices.Backward(ids(page)) {
			if back--; back < 0 || got[back] != id {
				t.Errorf("%+v found %v at %d of its page on the way back, want %v", q, id, i, got[:back+1])
				return partial
			}
		}
	}
	if back != 0 && partial == 0 {
		t.Errorf("%+v left %d files out on the way back", q, back)
	}
	return partial
}

func list(t testing.TB, l *listing.Listing, q library.Query) library.Page {
	t.Helper()
	page, err := l.ListFiles(t.Context(), "app", q)
	if err != nil {
		t.Fatalf("ListFiles(%+v) = %v", q, err)
	}
	if len(page.Files) > q.Limit {
		t.Fatalf("ListFiles(%+v) returned %d files", q, len(page.Files))
	}
	return page
}

func ids(page library.Page) []asset.ID {
	var ids []asset.ID
	for _, f := range page.Files {
		ids = append(ids, f.ID)
	}
	return ids
}

// What comes and goes between pages neither hides nor doubles another file.
func TestListWhileFilesComeAndGo(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	book := open(t)
	l := listing.New(book, narrow)
	stay := make([]asset.Asset, 300)
	for i := range stay {
		stay[i] = randomAsset(r, "app", 2*i)
	}
	add(t, book, false, stay...)
	for order := range library.Order(3) {
		for _, q := range []library.Query{
			{Order: order, Limit: 7}, {Order: order, Limit: 7, Descending: true}, {Order: order, Limit: 7, Name: "img"}, {Order: order, Limit: 7, Type: "image/*"},
		} {
			var got []asset.ID
			var passing []asset.Asset
			for first := q; first.Cursor != "" || len(passing) == 0; {
				page := list(t, l, first)
				got = append(got, ids(page)...)
				if len(passing) > 3 {
					remove(t, book, passing[0])
					passing = passing[1:]
				}
				passing = append(passing, randomAsset(r, "app", 2*r.IntN(300)+1))
				add(t, book, false, passing[len(passing)-1])
				first.Cursor = page.Next
			}
			for _, a := range passing {
				remove(t, book, a)
			}
			stays := make(map[asset.ID]bool)
			for _, a := range stay {
				stays[a.ID] = true
			}
			seen := make(map[asset.ID]bool)
			got = slices.DeleteFunc(got, func(id asset.ID) bool {
				twice := seen[id]
				seen[id] = true
				return !stays[id] && !twice
			})
			if want := naive(stay, q); !slices.Equal(got, want) {
				t.Errorf("%+v found\n%v, want\n%v", q, got, want)
			}
		}
	}
}

func TestHostileNeedles(t *testing.T) {
	book := open(t)
	l := listing.New(book, narrow)
	assets := []asset.Asset{
		{Name: `100%_sure\.txt`}, {Name: `it's "quoted" (AND) NOT near*`}, {Name: "会议记录.docx"}, {Name: "😀😀"}, {Name: "e\u0301te"}, {Name: strings.Repeat("ﬃ", 85)},
	}
	for i := range assets {
		assets[i].ID, assets[i].UUID, assets[i].App, assets[i].Created = asset.NewID(), uuid.New(), "app", began.Add(time.Duration(i)*time.Second)
	}
	add(t, book, false, assets...)
	for _, tt := range []struct {
		needle string
		want   []int
	}{
		{"%", []int{0}}, {"_", []int{0}}, {`\`, []int{0}}, {"%_s", []int{0}}, {"0_", nil}, {`\.T`, []int{0}},
		{"'", []int{1}}, {`"quoted"`, []int{1}}, {"' OR 1=1 --", nil}, {"(and)", []int{1}}, {"NOT near*", []int{1}}, {"AND", []int{1}},
		{"议", []int{2}}, {"议记", []int{2}}, {"会议记录", []int{2}}, {"记会", nil}, {"😀", []int{3}}, {"😀😀", []int{3}}, {"😀😀😀", nil},
		{"ÉTE", []int{4}}, {"E\u0301", []int{4}}, {"FFI", []int{5}}, {strings.Repeat("FFI", 85), []int{5}}, {strings.Repeat("FFI", 86), nil},
		{"\x00", nil}, {"a\x00b", nil}, {"\xff\xfe", nil}, {strings.Repeat("x", 10_000), nil}, {strings.Repeat("%", 10_000), nil},
		{"", []int{0, 1, 2, 3, 4, 5}},
	} {
		for order := range library.Order(3) {
			q := library.Query{Name: tt.needle, Order: order, Limit: 10}
			var want []asset.ID
			for _, i := range tt.want {
				want = append(want, assets[i].ID)
			}
			got := ids(list(t, l, q))
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("%.20q by %v: %v, want %v", tt.needle, order, got, want)
			}
		}
	}
	for _, q := range []library.Query{{Tag: "\x00"}, {Type: "*/*"}, {Type: "%/*"}, {Folder: "%"}, {Container: "* OR f"}, {Client: `"`}} {
		q.Limit = 10
		if page := list(t, l, q); len(page.Files) > 0 {
			t.Errorf("%+v found %v", q, ids(page))
		}
	}
}

func TestM6CursorOpensItsQueryAlone(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	book := open(t)
	l := listing.New(book, narrow)
	for i := range 10 {
		add(t, book, false, randomAsset(r, "app", i), randomAsset(r, "other", i))
	}
	q := library.Query{Limit: 3}
	cursor := list(t, l, q).Next
	if cursor == "" {
		t.Fatal("no cursor")
	}
	for i := range cursor {
		changed := []byte(cursor)
		changed[i] = 'A' + (changed[i]-'A'+1)%26
		if _, err := l.ListFiles(t.Context(), "app", library.Query{Limit: 3, Cursor: string(changed)}); !errors.Is(err, fault.Invalid) && !sameBits(i, cursor) {
			t.Errorf("with byte %d of the cursor changed: %v, want %v", i, err, fault.Invalid)
		}
	}
	for name, tt := range map[string]struct {
		app string
		q   library.Query
	}{
		"another app":   {"other", library.Query{}},
		"another order": {"app", library.Query{Descending: true}},
		"another name":  {"app", library.Query{Name: "a"}},
		"the trash":     {"app", library.Query{Trashed: true}},
		"another time":  {"app", library.Query{From: began}},
		"after a time":  {"app", library.Query{After: began}},
		"before one":    {"app", library.Query{Before: began}},
		"labels":        {"app", library.Query{Labels: library.Labels{None: []string{"a"}}}},
		"named":         {"app", library.Query{Named: library.Named{IDs: []asset.ID{"a"}}}},
		"stored":        {"app", library.Query{Stored: new(bool)}},
	} {
		tt.q.Limit, tt.q.Cursor = 3, cursor
		if _, err := l.ListFiles(t.Context(), tt.app, tt.q); !errors.Is(err, fault.Invalid) {
			t.Errorf("cursor for %s: %v, want %v", name, err, fault.Invalid)
		}
	}
	for _, bad := range []string{"x", "AAAA", strings.Repeat("A", 10_000), "é"} {
		if _, err := l.ListFiles(t.Context(), "app", library.Query{Limit: 3, Cursor: bad}); !errors.Is(err, fault.Invalid) {
			t.Errorf("cursor %.10q: %v, want %v", bad, err, fault.Invalid)
		}
	}
	q.Limit, q.Cursor = 5, cursor // the size of a page may change
	if page := list(t, l, q); len(page.Files) != 5 {
		t.Errorf("%d files of 5", len(page.Files))
	}
	page, err := l.ListFiles(t.Context(), "other", library.Query{Limit: 200})
	must(t, err)
	for _, f := range page.Files {
		if f.App != "other" {
			t.Errorf("list of other holds a file of %s", f.App)
		}
	}
	if _, err := l.File(t.Context(), "app", page.Files[0].ID); !errors.Is(err, fault.NotFound) {
		t.Errorf("File of another app: %v, want %v", err, fault.NotFound)
	}
}

// sameBits reports whether the character at i is the last and may stand for
// bits that do not count.
func sameBits(i int, cursor string) bool { return i == len(cursor)-1 && len(cursor)%4 != 0 }

// Files of one moment have places of their own.
func TestFilesOfOneMoment(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	book := open(t)
	var assets []asset.Asset
	for range 2500 {
		a := randomAsset(r, "app", 0)
		a.Created = began
		assets = append(assets, a)
	}
	add(t, book, false, assets...)
	l := listing.New(book, narrow)
	seen := make(map[asset.ID]bool)
	for q := (library.Query{Limit: 200}); ; {
		page := list(t, l, q)
		for _, f := range page.Files {
			seen[f.ID] = true
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			break
		}
	}
	if len(seen) != len(assets) {
		t.Errorf("%d of %d are listed", len(seen), len(assets))
	}
}

// Files of one moment are listed one by one by the times that are printed with
// six digits, each once; also while they are labelled, which changes no time.
func TestListByPrintedTimes(t *testing.T) {
	const n = 40
	r := rand.New(rand.NewPCG(9, 10))
	book := open(t)
	var assets []asset.Asset
	for i := range n {
		a := randomAsset(r, "app", 0)
		a.Created = began.Add(time.Duration(i%4) * time.Microsecond / 2) // of two microseconds
		assets = append(assets, a)
	}
	add(t, book, false, assets...)
	l := listing.New(book, narrow)
	times := make(map[asset.ID]time.Time)
	for _, a := range assets {
		f, err := l.File(t.Context(), "app", a.ID)
		must(t, err)
		times[a.ID] = f.Listed
		if f.Listed.Before(a.Created.Truncate(time.Microsecond)) || f.Listed.Sub(a.Created) > time.Second {
			t.Errorf("created at %v, listed at %v", a.Created, f.Listed)
		}
	}
	for _, limit := range []int{1, 7, n} {
		for _, down := range []bool{false, true} {
			var got []asset.ID
			q := library.Query{Limit: limit, Descending: down, Whole: true}
			for more := true; more; {
				page := list(t, l, q)
				for _, f := range page.Files {
					got = append(got, f.ID)
					if !f.Listed.Equal(times[f.ID]) {
						t.Errorf("%s is listed at %v, and was at %v", f.ID, f.Listed, times[f.ID])
					}
					write(t, book, func(ctx context.Context, tx *record.Statements) error {
						return listing.Drop(ctx, tx, book.Words(), f.ID)
					})
				}
				last := page.Files[len(page.Files)-1]
				printed, err := time.Parse(time.RFC3339Nano, last.Listed.Format("2006-01-02T15:04:05.000000+00:00"))
				must(t, err)
				if q.After = printed; down {
					q.After, q.Before = time.Time{}, printed
				}
				more = page.Next != ""
			}
			want := slices.SortedFunc(maps.Keys(times), func(a, b asset.ID) int {
				if down {
					a, b = b, a
				}
				return times[a].Compare(times[b])
			})
			if !slices.Equal(got, want) {
				t.Errorf("pages of %d, descending %t, have %d files, want %d in their order", limit, down, len(got), n)
			}
		}
	}
}

// A file has its time as soon as it is recorded.
func TestFileBeforeItIsListed(t *testing.T) {
	book := open(t)
	l := listing.New(book, narrow)
	a := randomAsset(rand.New(rand.NewPCG(11, 12)), "app", 0)
	add(t, book, false, a)
	for _, place := range []string{`0`, `-place`} {
		write(t, book, func(ctx context.Context, tx *record.Statements) error {
			if err := listing.Drop(ctx, tx, book.Words(), a.ID); err != nil {
				return err
			}
			_, err := tx.Exec(ctx, `UPDATE assets SET place = `+place)
			return err
		})
		f, err := l.File(t.Context(), "app", a.ID)
		must(t, err)
		if want := a.Created.Truncate(time.Microsecond); !f.Listed.Equal(want) {
			t.Errorf("File is listed at %v, want %v", f.Listed, want)
		}
	}
}
