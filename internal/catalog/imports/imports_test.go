package imports_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/catalog"
	"github.com/stowgate/stowgate/internal/catalog/catalogtest"
	kept "github.com/stowgate/stowgate/internal/catalog/imports"
	"github.com/stowgate/stowgate/internal/catalog/queue"
	"github.com/stowgate/stowgate/internal/catalog/sqlitedb"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/job"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/upload"
	"github.com/stowgate/stowgate/internal/upload/imports"
)

// A shop keeps imports of the apps app and other.
type shop struct {
	*kept.Store
	t    *testing.T
	c    *catalog.Catalog
	jobs *queue.Store
	now  time.Time
}

func newShop(t *testing.T) *shop {
	t.Helper()
	s := &shop{t: t, now: time.Unix(1_800_000_000, 0)}
	db, err := sqlitedb.Open(t.Context(), filepath.Join(t.TempDir(), "catalog.db"))
	s.must(err)
	s.c, err = catalog.New(t.Context(), db, [32]byte{1}, catalog.Config{Now: func() time.Time { return s.now }})
	s.must(err)
	t.Cleanup(func() { s.c.Close() })
	for _, app := range []string{"app", "other"} {
		s.must(s.c.CreateApp(t.Context(), account.Server().Entry("test", "", "", nil), policy.App{Key: app}))
	}
	s.jobs = queue.New(s.c.Book(), queue.Config{})
	s.Store = kept.New(s.c.Book(), s.jobs)
	return s
}

func (s *shop) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// add adds an import of app from url, and its job.
func (s *shop) add(app, url string) imports.Import {
	s.t.Helper()
	i := imports.Import{Token: uuid.New(), App: app, Created: s.now, State: imports.Waiting,
		Terms: imports.Terms{URL: url, Grant: policy.Grant{App: app, Actions: policy.Store}, Remember: true,
			Spec: upload.Spec{Name: "n", UUID: uuid.New(), Tags: map[string]string{"a": "b"}, Temporary: true}}}
	s.must(s.AddImport(s.t.Context(), i, task(app)))
	return i
}

func task(app string) job.Job {
	return job.Job{Queue: "import:" + app, Kind: imports.JobKind, App: app, Payload: []byte(`"x"`)}
}

func (s *shop) asset(app string) asset.ID {
	s.t.Helper()
	a := catalogtest.NewAsset(app)
	s.must(s.c.AddAsset(s.t.Context(), a, policy.Use{}))
	return a.ID
}

func TestImport(t *testing.T) {
	s := newShop(t)
	i := s.add("app", "https://example.com/")
	got, err := s.Import(t.Context(), i.Token)
	if got.Created = got.Created.In(i.Created.Location()); err != nil || !reflect.DeepEqual(got, i) {
		t.Errorf("Import = %+v, %v, want %+v", got, err, i)
	}
	if counts, err := s.jobs.Counts(t.Context(), job.Filter{Kind: imports.JobKind}); err != nil || counts[job.Ready] != 1 {
		t.Errorf("jobs %v, %v", counts, err)
	}
	i.State, i.Failure = imports.Failed, &imports.Failure{Kind: fault.Unreachable, Status: 404, Reason: policy.TypeNotAllowed}
	s.must(s.EndImport(t.Context(), i))
	if got, err := s.Import(t.Context(), i.Token); err != nil || got.State != imports.Failed || *got.Failure != *i.Failure {
		t.Errorf("Import that failed = %+v, %v", got, err)
	}
	late := i // what somebody else who did the job comes to say
	late.State, late.Failure, late.Asset = imports.Done, nil, s.asset("app")
	s.must(s.EndImport(t.Context(), late))
	if got, err := s.Import(t.Context(), i.Token); err != nil || got.State != imports.Failed || got.Asset != "" {
		t.Errorf("Import that ended twice = %+v, %v", got, err)
	}
	if _, err := s.Import(t.Context(), uuid.New()); !errors.Is(err, fault.NotFound) {
		t.Errorf("Import of another token: %v, want %v", err, fault.NotFound)
	}
}

func TestLifetime(t *testing.T) {
	s := newShop(t)
	old := s.add("app", "https://example.com/")
	s.now = s.now.Add(imports.Lifetime - 1)
	if _, err := s.Import(t.Context(), old.Token); err != nil {
		t.Errorf("Import within its lifetime: %v", err)
	}
	s.now = s.now.Add(1)
	if _, err := s.Import(t.Context(), old.Token); !errors.Is(err, fault.NotFound) {
		t.Errorf("Import at the end of its lifetime: %v, want %v", err, fault.NotFound)
	}
	s.now = s.now.Add(1)
	s.add("app", "https://example.com/") // which removes it
	n := 0
	s.must(s.c.Book().Reads().Row(t.Context(), `SELECT COUNT(*) FROM imports`).Scan(&n))
	if n != 1 {
		t.Errorf("%d imports are kept, want 1", n)
	}
}

func TestMaxWaiting(t *testing.T) {
	s := newShop(t)
	var first imports.Import
	for n := range imports.MaxWaiting {
		if i := s.add("app", fmt.Sprint("https://example.com/", n)); n == 0 {
			first = i
		}
	}
	one := imports.Import{Token: uuid.New(), App: "app", Created: s.now, State: imports.Waiting}
	if err := s.AddImport(t.Context(), one, task("app")); !errors.Is(err, fault.Busy) {
		t.Errorf("AddImport beside %d: %v, want %v", imports.MaxWaiting, err, fault.Busy)
	}
	s.add("other", "https://example.com/")
	first.State, first.Failure = imports.Failed, &imports.Failure{}
	s.must(s.EndImport(t.Context(), first))
	if err := s.AddImport(t.Context(), one, task("app")); err != nil {
		t.Errorf("AddImport after one has ended: %v", err)
	}
}

func TestImported(t *testing.T) {
	s := newShop(t)
	const url = "https://example.com/"
	end := func(remember bool) asset.ID {
		t.Helper()
		i := s.add("app", url)
		i.State, i.Asset, i.Terms.Remember = imports.Done, s.asset("app"), remember
		s.must(s.EndImport(t.Context(), i))
		return i.Asset
	}
	end(false)
	if id, err := s.Imported(t.Context(), "app", imports.Digest(url)); !errors.Is(err, fault.NotFound) {
		t.Errorf("Imported what was not to be remembered = %s, %v", id, err)
	}
	end(true)
	last := end(true)
	if id, err := s.Imported(t.Context(), "app", imports.Digest(url)); id != last || err != nil {
		t.Errorf("Imported = %s, %v, want %s", id, err, last)
	}
	for _, other := range []struct{ app, url string }{{"other", url}, {"app", url + "x"}} {
		if _, err := s.Imported(t.Context(), other.app, imports.Digest(other.url)); !errors.Is(err, fault.NotFound) {
			t.Errorf("Imported by %s from %s: %v", other.app, other.url, err)
		}
	}
	s.must(s.c.RemoveAsset(t.Context(), "app", last, policy.Use{}))
	if _, err := s.Imported(t.Context(), "app", imports.Digest(url)); !errors.Is(err, fault.NotFound) {
		t.Errorf("Imported what was removed: %v", err)
	}
	// So is one that is remembered without an import, but for another app's.
	last = s.asset("app")
	s.must(s.Remember(t.Context(), "app", imports.Digest(url), last))
	s.must(s.Remember(t.Context(), "app", imports.Digest(url), s.asset("other")))
	if id, err := s.Imported(t.Context(), "app", imports.Digest(url)); id != last || err != nil {
		t.Errorf("Imported what is remembered = %s, %v, want %s", id, err, last)
	}
	s.must(s.c.RemoveAsset(t.Context(), "app", last, policy.Use{}))
	// An asset that was removed before its import was noted is not remembered.
	i := s.add("app", url)
	i.State, i.Asset = imports.Done, last
	s.must(s.EndImport(t.Context(), i))
	if _, err := s.Imported(t.Context(), "app", imports.Digest(url)); !errors.Is(err, fault.NotFound) {
		t.Errorf("Imported what was removed before: %v", err)
	}
}
