package library_test

import (
	"context"
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/catalog"
	"github.com/stowgate/stowgate/internal/catalog/catalogtest"
	"github.com/stowgate/stowgate/internal/catalog/ledger"
	"github.com/stowgate/stowgate/internal/catalog/listing"
	"github.com/stowgate/stowgate/internal/catalog/sqlitedb"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/library"
	"github.com/stowgate/stowgate/internal/policy"
)

var (
	developer = account.Actor{ID: "user:1", Name: "Dev", Address: "192.0.2.1", Roles: map[string]account.Role{"app": account.Developer}}
	viewer    = account.Actor{ID: "user:2", Name: "View", Roles: map[string]account.Role{"app": account.Viewer, "other": account.Viewer}}
	stranger  = account.Actor{ID: "user:3", Name: "Stranger", Roles: map[string]account.Role{"other": account.Owner}}
)

// An office is a desk on a real catalog with the apps app and other.
type office struct {
	*library.Desk
	t       *testing.T
	catalog *catalog.Catalog
	now     time.Time
	removed []asset.ID
}

func newOffice(t *testing.T, keep time.Duration) *office {
	t.Helper()
	o := &office{t: t, now: time.Now()}
	clock := func() time.Time { return o.now }
	db, err := sqlitedb.Open(t.Context(), filepath.Join(t.TempDir(), "catalog.db"))
	o.must(err)
	o.catalog, err = catalog.New(t.Context(), db, [32]byte{1}, catalog.Config{Now: clock})
	o.must(err)
	t.Cleanup(func() { o.catalog.Close() })
	for _, app := range []string{"app", "other"} {
		o.must(o.catalog.CreateApp(t.Context(), account.Server().Entry("test", "", "", nil), policy.App{Key: app}))
	}
	o.Desk = library.NewDesk(struct {
		*catalog.Catalog
		*listing.Listing
	}{o.catalog, listing.New(o.catalog.Book(), listing.DefaultBounds)}, library.DeskConfig{
		Keep: keep, Now: clock, Removed: func(id asset.ID) { o.removed = append(o.removed, id) },
	})
	return o
}

func (o *office) must(err error) {
	o.t.Helper()
	if err != nil {
		o.t.Fatal(err)
	}
}

func (o *office) add(app string, n int) []asset.ID {
	o.t.Helper()
	var ids []asset.ID
	for range n {
		a := catalogtest.NewAsset(app)
		o.must(o.catalog.AddAsset(o.t.Context(), a, policy.Use{}))
		ids = append(ids, a.ID)
	}
	return ids
}

// want compares which files are listed, and can be read.
func (o *office) want(trashed bool, want ...asset.ID) {
	o.t.Helper()
	page, err := o.List(o.t.Context(), viewer, "app", library.Query{Trashed: trashed, Limit: library.MaxPage})
	o.must(err)
	var got []asset.ID
	for _, f := range page.Files {
		got = append(got, f.ID)
		if f.Trashed.IsZero() == trashed {
			o.t.Errorf("%s was trashed at %v, and is listed in the trash: %v", f.ID, f.Trashed, trashed)
		}
		if _, err := o.catalog.Asset(o.t.Context(), f.ID); trashed != errors.Is(err, fault.NotFound) {
			o.t.Errorf("Asset(%s) = %v, in the trash: %v", f.ID, err, trashed)
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		o.t.Errorf("in the trash %v: %v, want %v", trashed, got, want)
	}
}

// kinds returns what the events say, and which targets the audit log has for an
// action.
func (o *office) kinds() (kinds []string) {
	o.t.Helper()
	events, err := o.catalog.Events(o.t.Context(), 0, 100)
	o.must(err)
	for _, e := range events {
		kinds = append(kinds, e.Kind)
	}
	return kinds
}

func (o *office) audited(action string, want ...asset.ID) {
	o.t.Helper()
	entries, err := ledger.New(o.catalog.Book()).Entries(o.t.Context(), account.Search{Action: action, Limit: 100})
	o.must(err)
	var got []asset.ID
	for _, e := range entries {
		got = append(got, asset.ID(e.Target))
		if e.Actor != developer.ID || e.Address != developer.Address || e.App != "app" {
			o.t.Errorf("audit entry is %+v", e)
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		o.t.Errorf("audited as %s: %v, want %v", action, got, want)
	}
}

func wantEach(t *testing.T, each []error, err error, want ...error) {
	t.Helper()
	if err != nil || len(each) != len(want) {
		t.Fatalf("errors are %v and %v, want %v", each, err, want)
	}
	for i := range want {
		if !errors.Is(each[i], want[i]) {
			t.Errorf("error %d is %v, want %v", i, each[i], want[i])
		}
	}
}

func TestTrashAndRestore(t *testing.T) {
	o := newOffice(t, 7*24*time.Hour)
	f := o.add("app", 3)
	foreign := o.add("other", 1)[0]
	for _, id := range f { // into memory
		_, err := o.catalog.Asset(t.Context(), id)
		o.must(err)
	}
	each, err := o.Trash(t.Context(), developer, "app", []asset.ID{f[0], foreign, f[1], f[0], "nobody"})
	wantEach(t, each, err, nil, fault.NotFound, nil, fault.NotFound, fault.NotFound)
	o.want(true, f[0], f[1])
	o.want(false, f[2])
	o.audited("file.trash", f[0], f[1])
	if !slices.Equal(o.removed, []asset.ID{f[0], f[1]}) {
		t.Errorf("removed: %v", o.removed)
	}
	if got := o.kinds(); !slices.Equal(got, []string{"upload", "upload", "upload", "upload", "delete", "delete"}) {
		t.Errorf("events are %v", got)
	}
	taken := catalogtest.NewAsset("app")
	taken.ID = f[0]
	if err := o.catalog.AddAsset(t.Context(), taken, policy.Use{}); !errors.Is(err, fault.Conflict) {
		t.Errorf("adding a file with the handle of one in the trash: %v, want %v", err, fault.Conflict)
	}
	if err := o.catalog.RemoveAsset(t.Context(), "app", f[0], policy.Use{}); !errors.Is(err, fault.NotFound) {
		t.Errorf("removing a file in the trash: %v, want %v", err, fault.NotFound)
	}
	if file, err := o.File(t.Context(), viewer, "app", f[0]); err != nil || file.Trashed.IsZero() {
		t.Errorf("File in the trash: trashed %v, %v", file.Trashed, err)
	}

	each, err = o.Restore(t.Context(), developer, "app", []asset.ID{f[0], f[2], foreign})
	wantEach(t, each, err, nil, fault.NotFound, fault.NotFound)
	o.want(true, f[1])
	o.want(false, f[0], f[2])
	o.audited("file.restore", f[0])

	o.now = o.now.Add(7*24*time.Hour + time.Second)
	each, err = o.Restore(t.Context(), developer, "app", f[1:2])
	wantEach(t, each, err, fault.NotFound)
	o.must(o.catalog.EmptyTrash(t.Context(), o.now.Add(-7*24*time.Hour)))
	o.want(true)
	o.want(false, f[0], f[2])
	if doomed, err := o.catalog.Doomed(t.Context(), o.now.Add(time.Hour), 10); err != nil || len(doomed) != 1 {
		t.Errorf("after the trash was emptied %d blobs are doomed, %v", len(doomed), err)
	}
	if got := o.kinds(); len(got) != 6 {
		t.Errorf("events after emptying the trash are %v", got)
	}
}

func TestTrashKeepsNothing(t *testing.T) {
	o := newOffice(t, 0)
	f := o.add("app", 2)
	each, err := o.Trash(t.Context(), developer, "app", f[:1])
	wantEach(t, each, err, nil)
	o.want(true)
	o.want(false, f[1])
	o.audited("file.erase", f[0])
	each, err = o.Restore(t.Context(), developer, "app", f[:1])
	wantEach(t, each, err, fault.NotFound)
}

func TestErase(t *testing.T) {
	o := newOffice(t, time.Hour)
	f := o.add("app", 2)
	_, err := o.Trash(t.Context(), developer, "app", f[:1])
	o.must(err)
	each, err := o.Erase(t.Context(), developer, "app", append(f, "nobody"))
	wantEach(t, each, err, nil, nil, fault.NotFound)
	o.want(true)
	o.want(false)
	if got := o.kinds(); !slices.Equal(got, []string{"upload", "upload", "delete", "delete"}) {
		t.Errorf("events are %v", got) // one for each file
	}
}

func TestBulkLimit(t *testing.T) {
	o := newOffice(t, time.Hour)
	ids := slices.Repeat([]asset.ID{"nobody"}, library.MaxBulk)
	if _, err := o.Trash(t.Context(), developer, "app", ids); err != nil {
		t.Errorf("%d files at once: %v", len(ids), err)
	}
	if _, err := o.Trash(t.Context(), developer, "app", append(ids, "nobody")); !errors.Is(err, fault.TooLarge) {
		t.Errorf("one more: %v, want %v", err, fault.TooLarge)
	}
}

func TestTag(t *testing.T) {
	o := newOffice(t, time.Hour)
	f := o.add("app", 3)
	full := map[string]string{}
	for i := range library.MaxTags {
		full[strings.Repeat("t", i+1)] = ""
	}
	_, err := o.Label(t.Context(), developer, "app", f[1], library.Change{Tags: full})
	o.must(err)
	_, err = o.Label(t.Context(), developer, "app", f[2], library.Change{Tags: map[string]string{"kept": "1", "year": "2023"}})
	o.must(err)
	foreign := o.add("other", 1)[0]
	each, err := o.Tag(t.Context(), developer, "app", append(f, foreign), "year", "2024")
	wantEach(t, each, err, nil, fault.TooLarge, nil, fault.NotFound)
	for i, want := range []map[string]string{{"year": "2024"}, full, {"kept": "1", "year": "2024"}} {
		if a, err := o.catalog.Asset(t.Context(), f[i]); err != nil || !maps.Equal(a.Tags, want) {
			t.Errorf("file %d has the tags %v, %v; want %v", i, a.Tags, err, want)
		}
	}
	o.audited("file.label", f[0], f[1], f[2], f[2])
	if _, err := o.Tag(t.Context(), developer, "app", f, "", "x"); !errors.Is(err, fault.Invalid) {
		t.Errorf("a tag without a name: %v, want %v", err, fault.Invalid)
	}
	if _, err := o.Tag(t.Context(), viewer, "app", f, "a", "x"); !errors.Is(err, fault.Denied) {
		t.Errorf("a tag by a viewer: %v, want %v", err, fault.Denied)
	}
}

func TestLabel(t *testing.T) {
	o := newOffice(t, time.Hour)
	f := o.add("app", 1)[0]
	before, err := o.catalog.Asset(t.Context(), f)
	o.must(err)
	name, alt := "../Été.png", "a summer"
	after, err := o.Label(t.Context(), developer, "app", f, library.Change{Name: &name, Alt: &alt, Tags: map[string]string{"year": "2024"}})
	o.must(err)
	if after.Name != "Été.png" || after.Alt != alt || after.Tags["year"] != "2024" || after.Version != before.Version {
		t.Errorf("labelled is %+v", after)
	}
	for _, q := range []library.Query{{Name: "été"}, {Tag: "year", Value: "2024"}} {
		if page, err := o.List(t.Context(), viewer, "app", q); err != nil || len(page.Files) != 1 {
			t.Errorf("%+v found %d files, %v", q, len(page.Files), err)
		}
	}
	if page, err := o.List(t.Context(), viewer, "app", library.Query{Name: "n.txt"}); err != nil || len(page.Files) != 0 {
		t.Errorf("the old name finds %d files, %v", len(page.Files), err)
	}
	o.audited("file.label", f)
	kept, err := o.Label(t.Context(), developer, "app", f, library.Change{Tags: map[string]string{}})
	o.must(err)
	if read, err := o.catalog.Asset(t.Context(), f); err != nil || read.Alt != alt || len(read.Tags) != 0 || kept.Name != after.Name {
		t.Errorf("without tags it is %+v, %v", read, err)
	}
	long := strings.Repeat("x", library.MaxAlt+1)
	fits, control := long[1:], "a\x00b"
	for _, tt := range []struct {
		name   string
		change library.Change
		want   error
	}{
		{"alt at the limit", library.Change{Alt: &fits}, nil},
		{"alt over it", library.Change{Alt: &long}, fault.TooLarge},
		{"control character", library.Change{Alt: &control}, fault.Invalid},
		{"tag without name", library.Change{Tags: map[string]string{"": "x"}}, fault.Invalid},
		{"name at the limit", library.Change{Tags: map[string]string{strings.Repeat("x", library.MaxTagName): ""}}, nil},
		{"name over it", library.Change{Tags: map[string]string{strings.Repeat("x", library.MaxTagName+1): ""}}, fault.TooLarge},
		{"value at the limit", library.Change{Tags: map[string]string{"x": strings.Repeat("x", library.MaxTagValue)}}, nil},
		{"value over it", library.Change{Tags: map[string]string{"x": strings.Repeat("x", library.MaxTagValue+1)}}, fault.TooLarge},
		{"tags at the limit", library.Change{Tags: tags(library.MaxTags)}, nil},
		{"tags over it", library.Change{Tags: tags(library.MaxTags + 1)}, fault.TooLarge},
	} {
		if _, err := o.Label(t.Context(), developer, "app", f, tt.change); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
	if _, err := o.Label(t.Context(), developer, "app", o.add("other", 1)[0], library.Change{Alt: &alt}); !errors.Is(err, fault.NotFound) {
		t.Errorf("file of another app: %v, want %v", err, fault.NotFound)
	}
}

func tags(n int) map[string]string {
	all := make(map[string]string)
	for i := range n {
		all[strings.Repeat("x", i+1)] = ""
	}
	return all
}

func TestM6DeskByRole(t *testing.T) {
	o := newOffice(t, time.Hour)
	f := o.add("app", 1)
	ctx := t.Context()
	calls := map[string]func(context.Context, account.Actor) error{
		"List": func(ctx context.Context, a account.Actor) error {
			_, err := o.List(ctx, a, "app", library.Query{})
			return err
		},
		"Count": func(ctx context.Context, a account.Actor) error {
			_, err := o.Count(ctx, a, "app", library.Query{})
			return err
		},
		"File":    func(ctx context.Context, a account.Actor) error { _, err := o.File(ctx, a, "app", f[0]); return err },
		"Trash":   func(ctx context.Context, a account.Actor) error { _, err := o.Trash(ctx, a, "app", f); return err },
		"Restore": func(ctx context.Context, a account.Actor) error { _, err := o.Restore(ctx, a, "app", f); return err },
		"Label": func(ctx context.Context, a account.Actor) error {
			_, err := o.Label(ctx, a, "app", f[0], library.Change{})
			return err
		},
		"Erase": func(ctx context.Context, a account.Actor) error { _, err := o.Erase(ctx, a, "app", f); return err },
	}
	for _, name := range []string{"List", "Count", "File", "Trash", "Restore", "Label", "Erase"} {
		for _, tt := range []struct {
			who  account.Actor
			want error
		}{{stranger, fault.NotFound}, {account.Actor{}, fault.NotFound}, {viewer, fault.Denied}} {
			want := tt.want
			if tt.who.ID == viewer.ID && slices.Contains([]string{"List", "Count", "File"}, name) {
				want = nil
			}
			if err := calls[name](ctx, tt.who); !errors.Is(err, want) {
				t.Errorf("%s by %q: %v, want %v", name, tt.who.Name, err, want)
			}
		}
	}
	o.want(false, f[0])
	o.audited("file")
	for _, name := range []string{"List", "Count", "File", "Label", "Trash", "Restore", "Erase"} {
		if err := calls[name](ctx, developer); err != nil {
			t.Errorf("%s by a developer: %v", name, err)
		}
	}
}

func TestQueryCheck(t *testing.T) {
	for _, tt := range []struct {
		q    library.Query
		want error
	}{
		{library.Query{}, nil}, {library.Query{Limit: library.MaxPage}, nil}, {library.Query{Limit: library.MaxPage + 1}, fault.Invalid},
		{library.Query{Limit: -1}, fault.Invalid}, {library.Query{MinSize: -1}, fault.Invalid}, {library.Query{MaxSize: -1}, fault.Invalid},
		{library.Query{Value: "x"}, fault.Invalid}, {library.Query{Tag: "t", Value: "x"}, nil}, {library.Query{Order: 3}, fault.Invalid},
	} {
		if err := tt.q.Check(); !errors.Is(err, tt.want) {
			t.Errorf("%+v: %v, want %v", tt.q, err, tt.want)
		}
	}
	for o := range library.Order(3) {
		if got, err := library.ParseOrder(o.String()); got != o || err != nil {
			t.Errorf("ParseOrder(%v) = %v, %v", o, got, err)
		}
	}
	if _, err := library.ParseOrder("date"); !errors.Is(err, fault.Invalid) {
		t.Errorf("ParseOrder of no order: %v", err)
	}
}
