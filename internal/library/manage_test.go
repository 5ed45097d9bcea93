package library_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/catalog"
	"github.com/stowgate/stowgate/internal/catalog/groups"
	"github.com/stowgate/stowgate/internal/catalog/ledger"
	"github.com/stowgate/stowgate/internal/catalog/listing"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/library"
	"github.com/stowgate/stowgate/internal/policy"
)

// manager may do everything in the app called app.
var manager = func() policy.Grant {
	g := policy.Full(policy.App{Key: "app"})
	g.Signer = "0a1b"
	return g
}()

// managed returns a service on the catalog of a new office.
func managed(t *testing.T, keep time.Duration) (*library.Service, *office) {
	o := newOffice(t, keep)
	books := struct {
		*catalog.Catalog
		*listing.Listing
	}{o.catalog, listing.New(o.catalog.Book(), listing.DefaultBounds)}
	return library.NewManaged(o.catalog, library.Managed{
		Files: books, Groups: groups.New(o.catalog.Book()), Keep: keep,
		Removed: func(id asset.ID) { o.removed = append(o.removed, id) },
	}, func() time.Time { return o.now }), o
}

// calls are all that go by policy.Manage.
func calls(s *library.Service, ids []asset.ID, group uuid.UUID) map[string]func(context.Context, policy.Grant) error {
	return map[string]func(context.Context, policy.Grant) error{
		"File": func(ctx context.Context, g policy.Grant) error { _, err := s.File(ctx, g, ids[0]); return err },
		"Files": func(ctx context.Context, g policy.Grant) error {
			_, err := s.Files(ctx, g, library.Query{})
			return err
		},
		"Totals": func(ctx context.Context, g policy.Grant) error { _, err := s.Totals(ctx, g); return err },
		"Keep":   func(ctx context.Context, g policy.Grant) error { _, err := s.Keep(ctx, g, ids); return err },
		"Trash":  func(ctx context.Context, g policy.Grant) error { _, err := s.Trash(ctx, g, ids); return err },
		"Label": func(ctx context.Context, g policy.Grant) error {
			name := "changed"
			_, _, err := s.Label(ctx, g, ids[0], library.Change{Name: &name})
			return err
		},
		"Groups": func(ctx context.Context, g policy.Grant) error {
			_, err := s.Groups(ctx, g, library.GroupQuery{})
			return err
		},
		"RemoveGroup": func(ctx context.Context, g policy.Grant) error { return s.RemoveGroup(ctx, g, group) },
	}
}

// TestA5ManageNeedsItsGrant: nothing but policy.Manage of the same app opens
// what goes by it.
func TestA5ManageNeedsItsGrant(t *testing.T) {
	s, o := managed(t, time.Hour)
	ids := o.add("app", 1)
	group, err := s.NewGroup(t.Context(), manager, []asset.Member{{Asset: ids[0]}})
	o.must(err)
	everything := manager
	everything.Actions &^= policy.Manage
	expired, bound, foreign := manager, manager, policy.Full(policy.App{Key: "other"})
	expired.Expires, bound.Asset = o.now, asset.NewID()
	for name, call := range calls(s, ids, group.ID) {
		for grant, g := range map[string]policy.Grant{"zero": {}, "without it": everything, "expired": expired, "for another file": bound} {
			if err := call(t.Context(), g); !errors.Is(err, fault.Denied) {
				t.Errorf("%s with a grant %s = %v, want %v", name, grant, err, fault.Denied)
			}
		}
	}
	if _, err := s.File(t.Context(), foreign, ids[0]); !errors.Is(err, fault.NotFound) {
		t.Errorf("File of another app = %v", err)
	}
	if page, err := s.Files(t.Context(), foreign, library.Query{Named: library.Named{IDs: ids}}); err != nil || len(page.Files) > 0 {
		t.Errorf("Files of another app = %v, %v", page.Files, err)
	}
	for name, each := range map[string]func(context.Context, policy.Grant, []asset.ID) ([]error, error){"Keep": s.Keep, "Trash": s.Trash} {
		if errs, err := each(t.Context(), foreign, ids); err != nil || !errors.Is(errs[0], fault.NotFound) {
			t.Errorf("%s of another app = %v, %v", name, errs, err)
		}
	}
	if _, _, err := s.Label(t.Context(), foreign, ids[0], library.Change{Add: map[string]string{"a": "b"}}); !errors.Is(err, fault.NotFound) {
		t.Errorf("Label of another app = %v", err)
	}
	if err := s.RemoveGroup(t.Context(), foreign, group.ID); !errors.Is(err, fault.NotFound) {
		t.Errorf("RemoveGroup of another app = %v", err)
	}
	if _, err := s.NewGroup(t.Context(), foreign, []asset.Member{{Asset: ids[0]}}); !errors.Is(err, fault.NotFound) {
		t.Errorf("NewGroup of another app's file = %v", err)
	}
	for _, name := range []string{"File", "Files", "Totals", "Keep", "Label", "Groups", "RemoveGroup", "Trash"} {
		o.must(calls(s, ids, group.ID)[name](t.Context(), manager))
	}
}

func TestTrashByGrant(t *testing.T) {
	for _, keep := range []time.Duration{0, time.Hour} {
		s, o := managed(t, keep)
		ids := o.add("app", 2)
		each, err := s.Trash(t.Context(), manager, append(ids, asset.NewID()))
		o.must(err)
		if each[0] != nil || each[1] != nil || !errors.Is(each[2], fault.NotFound) || !slices.Equal(o.removed, ids) {
			t.Errorf("Trash = %v, told that %v are gone", each, o.removed)
		}
		f, err := s.File(t.Context(), manager, ids[0])
		if keep == 0 {
			if !errors.Is(err, fault.NotFound) {
				t.Errorf("File that was erased: %v", err)
			}
			continue
		}
		o.must(err)
		if f.Trashed.IsZero() {
			t.Error("File does not say that it is in the trash")
		}
		page, err := s.Files(t.Context(), manager, library.Query{Trashed: true})
		o.must(err)
		if len(page.Files) != 2 {
			t.Errorf("there are %d files in the trash, want 2", len(page.Files))
		}
		if id, app, err := s.Lookup(t.Context(), f.UUID); err != nil || id != ids[0] || app != "app" {
			t.Errorf("Lookup = %q, %q, %v", id, app, err)
		}
		entries, err := ledger.New(o.catalog.Book()).Entries(t.Context(), account.Search{App: "app", Action: "file.trash"})
		o.must(err)
		if len(entries) != 2 || entries[0].Actor != "secret:0a1b" || entries[0].Target == "" {
			t.Errorf("the audit log says %+v", entries)
		}
	}
}

func TestManyAtOnce(t *testing.T) {
	s, _ := managed(t, time.Hour)
	for n, want := range map[int]error{library.MaxBulk: nil, library.MaxBulk + 1: fault.TooLarge} {
		if _, err := s.Keep(t.Context(), manager, make([]asset.ID, n)); !errors.Is(err, want) {
			t.Errorf("Keep of %d files = %v, want %v", n, err, want)
		}
	}
}

func TestLabelByGrant(t *testing.T) {
	s, o := managed(t, time.Hour)
	id := o.add("app", 1)[0]
	all := func(labels ...string) *[]string { return &labels }
	many := make([]string, asset.MaxLabels)
	for i := range many {
		many[i] = fmt.Sprint(i)
	}
	tags := map[string]string{}
	for i := range library.MaxTags {
		tags[fmt.Sprint("tag", i)] = "x"
	}
	wide := strings.Repeat("é", library.MaxTagValue)
	changed := maps.Clone(tags)
	changed["tag0"] = wide
	for _, tt := range []struct {
		name   string
		change library.Change
		tags   map[string]string
		labels []string
		err    error
	}{
		{"a tag", library.Change{Add: map[string]string{"a": "1"}}, map[string]string{"a": "1"}, nil, nil},
		{"another value", library.Change{Add: map[string]string{"a": "2"}}, map[string]string{"a": "2"}, nil, nil},
		{"one more, one less", library.Change{Unset: []string{"a", "none"}, Add: map[string]string{"b": "1"}}, map[string]string{"b": "1"}, nil, nil},
		{"lost and given", library.Change{Unset: []string{"b"}, Add: map[string]string{"b": "2"}}, map[string]string{"b": "2"}, nil, nil},
		{"the last", library.Change{Unset: []string{"b"}}, nil, nil, nil},
		{"labels", library.Change{Labels: all(" B", "a", "b")}, nil, []string{"b", "a"}, nil},
		{"labels lost first", library.Change{Unlabel: []string{"B"}, AddLabels: []string{"c", "B", "a"}}, nil, []string{"a", "c", "b"}, nil},
		{"a bad one", library.Change{AddLabels: []string{"a b"}}, nil, []string{"a", "c", "b"}, fault.Invalid},
		{"a bad one among all", library.Change{Labels: all("é")}, nil, []string{"a", "c", "b"}, fault.Invalid},
		{"too many together", library.Change{AddLabels: many}, nil, []string{"a", "c", "b"}, fault.TooLarge},
		{"as many as may be", library.Change{Unlabel: []string{"a", "b", "c"}, AddLabels: many}, nil, many, nil},
		{"no labels", library.Change{Labels: all()}, nil, nil, nil},
		{"as many tags as may be", library.Change{Add: tags}, tags, nil, nil},
		{"one more", library.Change{Add: map[string]string{"a": "1"}}, tags, nil, fault.TooLarge},
		{"one for another", library.Change{Unset: []string{"tag0"}, Add: map[string]string{"tag0": wide}},
			changed, nil, nil},
		{"a longer value", library.Change{Add: map[string]string{"tag0": wide + "é"}}, changed, nil, fault.TooLarge},
	} {
		old, err := s.File(t.Context(), manager, id)
		o.must(err)
		before, after, err := s.Label(t.Context(), manager, id, tt.change)
		if !errors.Is(err, tt.err) {
			t.Errorf("%s: Label = %v, want %v", tt.name, err, tt.err)
		}
		f, err := s.File(t.Context(), manager, id)
		o.must(err)
		if fmt.Sprint(f.Tags) != fmt.Sprint(tt.tags) || !slices.Equal(f.Labels, tt.labels) {
			t.Errorf("%s: tags %v and labels %q, want %v and %q", tt.name, f.Tags, f.Labels, tt.tags, tt.labels)
		}
		if !f.Listed.Equal(old.Listed) {
			t.Errorf("%s: it was listed at %v and is at %v", tt.name, old.Listed, f.Listed)
		}
		if tt.err == nil && (fmt.Sprint(before.Tags, before.Labels) != fmt.Sprint(old.Tags, old.Labels) ||
			fmt.Sprint(after.Tags, after.Labels) != fmt.Sprint(f.Tags, f.Labels)) {
			t.Errorf("%s: Label = %v %q, then %v %q", tt.name, before.Tags, before.Labels, after.Tags, after.Labels)
		}
	}
}

// TestFilesQuery tries the bounds of a query by grant.
func TestFilesQuery(t *testing.T) {
	s, o := managed(t, time.Hour)
	ids := o.add("app", 3)
	names := func(n int) []asset.ID { return slices.Repeat(ids[:1], n) }
	words := func(n int) library.Labels {
		return library.Labels{All: slices.Repeat([]string{"a"}, n-2), Any: []string{"a"}, None: []string{"a"}}
	}
	for _, tt := range []struct {
		name  string
		q     library.Query
		files int
		err   error
	}{
		{"the most", library.Query{Limit: library.MaxList}, 3, nil},
		{"more", library.Query{Limit: library.MaxList + 1}, 0, fault.Invalid},
		{"an offset", library.Query{Offset: 2}, 1, nil},
		{"one beyond", library.Query{Offset: 1 << 40}, 0, nil},
		{"one below 0", library.Query{Offset: -1}, 0, fault.Invalid},
		{"an offset with a cursor", library.Query{Offset: 1, Cursor: "x"}, 0, fault.Invalid},
		{"names", library.Query{Named: library.Named{IDs: names(library.MaxNamed)}}, 1, nil},
		{"too many", library.Query{Named: library.Named{IDs: names(library.MaxNamed), UUIDs: []uuid.UUID{{1}}}}, 0, fault.Invalid},
		{"labels", library.Query{Labels: words(library.MaxWords)}, 0, nil},
		{"too many labels", library.Query{Labels: words(library.MaxWords + 1)}, 0, fault.Invalid},
	} {
		page, err := s.Files(t.Context(), manager, tt.q)
		if !errors.Is(err, tt.err) || len(page.Files) != tt.files {
			t.Errorf("%s: Files = %d files, %v; want %d, %v", tt.name, len(page.Files), err, tt.files, tt.err)
		}
	}
	if err := (library.Query{Offset: 1}).Check(); !errors.Is(err, fault.Invalid) {
		t.Errorf("an offset into a page that need not be whole = %v", err)
	}
	totals, err := s.Totals(t.Context(), manager)
	if want := (library.Totals{Temporary: 3}); err != nil || totals != want {
		t.Errorf("Totals = %+v, %v; want %+v", totals, err, want)
	}
}

func TestNewGroup(t *testing.T) {
	s, o := managed(t, time.Hour)
	id := o.add("app", 1)[0]
	members := func(n int) []asset.Member { return slices.Repeat([]asset.Member{{Asset: id}}, n) }
	effects := func(text string) []asset.Member { return []asset.Member{{Asset: id, Effects: text}} }
	reader := policy.Grant{App: "app", Actions: policy.Read | policy.Remove}
	writer := policy.Grant{App: "app", Actions: policy.Pick, MaxSize: 1}
	once := policy.Grant{App: "app", Actions: policy.Store, Use: policy.Use{Digest: [32]byte{1}, Limit: 1}}
	for _, tt := range []struct {
		name    string
		grant   policy.Grant
		members []asset.Member
		want    error
	}{
		{"nothing", writer, nil, fault.Invalid},
		{"as many as may be", writer, members(asset.MaxGroup), nil},
		{"one more", writer, members(asset.MaxGroup + 1), fault.TooLarge},
		{"long effects", writer, effects(strings.Repeat("x", asset.MaxEffects)), nil},
		{"longer ones", writer, effects(strings.Repeat("x", asset.MaxEffects+1)), fault.TooLarge},
		{"no text", writer, effects("\xff"), fault.Invalid},
		{"without a grant", policy.Grant{App: "app"}, members(1), fault.Denied},
		{"with one to read", reader, members(1), fault.Denied},
		{"with one for once", once, members(1), nil},
		{"with that again", once, members(1), fault.Denied},
	} {
		g, err := s.NewGroup(t.Context(), tt.grant, tt.members)
		if !errors.Is(err, tt.want) {
			t.Errorf("NewGroup of %s = %v, want %v", tt.name, err, tt.want)
		}
		if err != nil {
			continue
		}
		if got, err := s.Group(t.Context(), g.ID); err != nil || got.App != "app" || got.Size != len(tt.members) || len(got.Members) != got.Size {
			t.Errorf("Group of %s = %d members of %s, %v", tt.name, got.Size, got.App, err)
		}
	}
	for limit, want := range map[int]error{library.MaxList: nil, library.MaxList + 1: fault.Invalid, -1: fault.Invalid} {
		page, err := s.Groups(t.Context(), manager, library.GroupQuery{Limit: limit})
		if !errors.Is(err, want) || err == nil && page.Total != 3 {
			t.Errorf("Groups with limit %d = %d, %v; want %v", limit, page.Total, err, want)
		}
	}
}
