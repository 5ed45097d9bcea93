package groups_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/catalog"
	"github.com/stowgate/stowgate/internal/catalog/catalogtest"
	"github.com/stowgate/stowgate/internal/catalog/groups"
	"github.com/stowgate/stowgate/internal/catalog/ledger"
	"github.com/stowgate/stowgate/internal/catalog/sqlitedb"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/library"
	"github.com/stowgate/stowgate/internal/policy"
)

var by = account.Server().Entry("test", "", "", nil)

// A shop keeps groups of the apps app and other.
type shop struct {
	*groups.Store
	t *testing.T
	c *catalog.Catalog
}

func newShop(t *testing.T) *shop {
	t.Helper()
	db, err := sqlitedb.Open(t.Context(), filepath.Join(t.TempDir(), "catalog.db"))
	must(t, err)
	c, err := catalog.New(t.Context(), db, [32]byte{1}, catalog.Config{})
	must(t, err)
	t.Cleanup(func() { c.Close() })
	for _, app := range []string{"app", "other"} {
		must(t, c.CreateApp(t.Context(), by, policy.App{Key: app}))
	}
	return &shop{groups.New(c.Book()), t, c}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (s *shop) asset(app string) asset.ID {
	s.t.Helper()
	a := catalogtest.NewAsset(app)
	must(s.t, s.c.AddAsset(s.t.Context(), a, policy.Use{}))
	return a.ID
}

func (s *shop) add(at time.Time, members ...asset.Member) asset.Group {
	s.t.Helper()
	g, err := s.AddGroup(s.t.Context(), asset.Group{ID: uuid.New(), App: "app", Members: members, Created: at}, policy.Use{})
	must(s.t, err)
	return g
}

var began = time.Date(2026, 1, 2, 3, 4, 5, 678_901_999, time.UTC)

func TestGroupIsKeptWhole(t *testing.T) {
	s := newShop(t)
	a, b := s.asset("app"), s.asset("app")
	g := s.add(began, asset.Member{Asset: b, Effects: "resize/x800/"}, asset.Member{Asset: a}, asset.Member{Asset: b})
	want := asset.Group{ID: g.ID, App: "app", Size: 3, Created: began.Truncate(time.Microsecond),
		Members: []asset.Member{{Asset: b, Effects: "resize/x800/"}, {Asset: a}, {Asset: b}}}
	if !reflect.DeepEqual(g, want) {
		t.Errorf("AddGroup = %+v, want %+v", g, want)
	}
	must(t, s.c.RemoveAsset(t.Context(), "app", a, policy.Use{}))
	got, err := s.Group(t.Context(), g.ID)
	must(t, err)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("Group = %+v, want %+v", got, want)
	}
	if _, err := s.Group(t.Context(), uuid.New()); !errors.Is(err, fault.NotFound) {
		t.Errorf("Group of no group = %v", err)
	}
}

func TestAddGroupErrors(t *testing.T) {
	s := newShop(t)
	mine, foreign, trashed := s.asset("app"), s.asset("other"), s.asset("app")
	each, err := s.c.TrashAssets(t.Context(), "app", []asset.ID{trashed}, by)
	must(t, errors.Join(append(each, err)...))
	once := policy.Use{Digest: [32]byte{1}, Limit: 1}
	for _, tt := range []struct {
		name    string
		app     string
		members []asset.ID
		want    error
	}{
		{"of another app", "app", []asset.ID{mine, foreign}, fault.NotFound},
		{"from the trash", "app", []asset.ID{trashed}, fault.NotFound},
		{"of nobody", "app", []asset.ID{asset.NewID()}, fault.NotFound},
		{"in no app", "none", nil, fault.NotFound},
		{"once", "app", []asset.ID{mine}, nil},
		{"twice", "app", []asset.ID{mine}, fault.Denied},
	} {
		g := asset.Group{ID: uuid.New(), App: tt.app, Created: began}
		for _, id := range tt.members {
			g.Members = append(g.Members, asset.Member{Asset: id})
		}
		_, err := s.AddGroup(t.Context(), g, once) // what fails counts no use
		if !errors.Is(err, tt.want) {
			t.Errorf("AddGroup with a member %s = %v, want %v", tt.name, err, tt.want)
		}
		if _, err := s.Group(t.Context(), g.ID); (err == nil) != (tt.want == nil) {
			t.Errorf("Group after AddGroup with a member %s = %v", tt.name, err)
		}
	}
}

// Groups of the same moment, made at once, are listed one by one by the times
// that are printed with six digits, each once.
func TestListByPrintedTimes(t *testing.T) {
	s := newShop(t)
	id := s.asset("app")
	const n = 20
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			_, err := s.AddGroup(t.Context(), asset.Group{ID: uuid.New(), App: "app", Members: []asset.Member{{Asset: id}}, Created: began}, policy.Use{})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for _, limit := range []int{1, 3, n} {
		for _, down := range []bool{false, true} {
			seen := map[uuid.UUID]bool{}
			q := library.GroupQuery{Limit: limit, Descending: down}
			var last time.Time
			for more := true; more; {
				page, err := s.Groups(t.Context(), "app", q)
				must(t, err)
				if page.Total != n || len(page.Groups) > limit || page.More && len(page.Groups) < limit {
					t.Fatalf("a page of %d groups of %d, more %t, with limit %d", len(page.Groups), page.Total, page.More, limit)
				}
				for _, g := range page.Groups {
					if seen[g.ID] || !last.IsZero() && g.Created.After(last) == down || g.Members != nil || g.Size != 1 {
						t.Fatalf("group %+v after %v, seen before: %t", g, last, seen[g.ID])
					}
					seen[g.ID], last = true, g.Created
				}
				printed, err := time.Parse(time.RFC3339Nano, last.Format("2006-01-02T15:04:05.000000Z07:00"))
				must(t, err)
				if q.After = printed; down {
					q.After, q.Before = time.Time{}, printed
				}
				more = page.More
			}
			if len(seen) != n {
				t.Errorf("pages of %d, descending %t, have %d groups, want %d", limit, down, len(seen), n)
			}
		}
	}
}

func TestList(t *testing.T) {
	s := newShop(t)
	id := s.asset("app")
	var made []asset.Group
	for i := range 5 {
		g := s.add(began.Add(time.Duration(i)*time.Second), asset.Member{Asset: id})
		g.Members = nil
		made = append(made, g)
	}
	at := func(i int) time.Time { return made[i].Created }
	far := time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		name string
		q    library.GroupQuery
		want []asset.Group
		more bool
	}{
		{"all", library.GroupQuery{}, made, false},
		{"exactly as many", library.GroupQuery{Limit: 5}, made, false},
		{"one less", library.GroupQuery{Limit: 4}, made[:4], true},
		{"after, which is left out", library.GroupQuery{After: at(1)}, made[2:], false},
		{"before, which is left out", library.GroupQuery{Before: at(3)}, made[:3], false},
		{"offset", library.GroupQuery{After: at(0), Offset: 1, Limit: 2}, made[2:4], true},
		{"offset beyond", library.GroupQuery{Offset: 5}, nil, false},
		{"long ago", library.GroupQuery{After: time.Time{}.Add(1), Before: far}, made, false},
		{"in the far future", library.GroupQuery{After: far}, nil, false},
	} {
		page, err := s.Groups(t.Context(), "app", tt.q)
		must(t, err)
		if fmt.Sprint(page.Groups) != fmt.Sprint(tt.want) || page.More != tt.more || page.Total != 5 {
			t.Errorf("%s: Groups = %+v, want %v, %t", tt.name, page, tt.want, tt.more)
		}
	}
	page, err := s.Groups(t.Context(), "other", library.GroupQuery{})
	if err != nil || len(page.Groups) != 0 || page.Total != 0 {
		t.Errorf("Groups of another app = %+v, %v", page, err)
	}
}

func TestRemoveGroup(t *testing.T) {
	s := newShop(t)
	id := s.asset("app")
	g := s.add(began, asset.Member{Asset: id})
	if err := s.RemoveGroup(t.Context(), "other", g.ID, by); !errors.Is(err, fault.NotFound) {
		t.Errorf("RemoveGroup of another app = %v", err)
	}
	if err := s.RemoveGroup(t.Context(), "app", g.ID, account.Entry{}); !errors.Is(err, fault.Invalid) {
		t.Errorf("RemoveGroup by nobody = %v", err)
	}
	must(t, s.RemoveGroup(t.Context(), "app", g.ID, by))
	if err := s.RemoveGroup(t.Context(), "app", g.ID, by); !errors.Is(err, fault.NotFound) {
		t.Errorf("RemoveGroup again = %v", err)
	}
	if _, err := s.c.Asset(t.Context(), id); err != nil {
		t.Errorf("a member after RemoveGroup: %v", err)
	}
	entries, err := ledger.New(s.c.Book()).Entries(t.Context(), account.Search{})
	must(t, err)
	told := 0
	for _, e := range entries {
		if e.Target == g.ID.String() {
			told++
		}
	}
	if told != 1 {
		t.Errorf("there are %d audit entries for the group, want 1", told)
	}
	kept := s.add(began, asset.Member{Asset: id})
	must(t, s.c.DeleteApp(t.Context(), by, "app", true))
	if _, err := s.Group(t.Context(), kept.ID); !errors.Is(err, fault.NotFound) {
		t.Errorf("a group of an app that was deleted: %v", err)
	}
}
