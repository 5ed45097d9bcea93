package sweep_test

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/blob"
	"github.com/stowgate/stowgate/internal/blob/memblob"
	"github.com/stowgate/stowgate/internal/catalog"
	"github.com/stowgate/stowgate/internal/catalog/catalogtest"
	"github.com/stowgate/stowgate/internal/catalog/sqlitedb"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/sweep"
)

// A file in the trash keeps its bytes until its time is over, and then loses
// them.
func TestSweepEmptiesTrash(t *testing.T) {
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	now := time.Now()
	clock := func() time.Time { return now }
	db, err := sqlitedb.Open(t.Context(), filepath.Join(t.TempDir(), "catalog.db"))
	must(err)
	c, err := catalog.New(t.Context(), db, [32]byte{1}, catalog.Config{Now: clock})
	must(err)
	defer c.Close()
	by := account.Server().Entry("test", "app", "", nil)
	must(c.CreateApp(t.Context(), by, policy.App{Key: "app"}))
	store := new(memblob.Store)
	w, err := blob.CreateSegment(t.Context(), store)
	must(err)
	_, err = w.Write([]byte("bytes"))
	must(err)
	segment, err := w.Commit()
	must(err)
	a := catalogtest.NewAsset("app")
	a.Content.Segments = []blob.Segment{segment}
	must(c.AddAsset(t.Context(), a, policy.Use{}))
	each, err := c.TrashAssets(t.Context(), "app", []asset.ID{a.ID}, by)
	must(errors.Join(err, each[0]))

	s := sweep.New(store, c, sweep.Config{Trash: time.Hour, Grace: time.Minute, Now: clock})
	stored := func() (n int) {
		for _, err := range store.List(t.Context()) {
			must(err)
			n++
		}
		return n
	}
	for _, tt := range []struct {
		after time.Duration
		kept  bool
		blobs int
	}{
		{time.Hour - time.Second, true, 1}, {2 * time.Second, false, 1}, {2 * time.Minute, false, 0},
	} {
		now = now.Add(tt.after)
		must(s.Sweep(t.Context()))
		if n := stored(); n != tt.blobs {
			t.Errorf("after another %v there are %d blobs, want %d", tt.after, n, tt.blobs)
		}
		kept := false
		must(c.EachAsset(t.Context(), "", func(asset.Asset) error { kept = true; return nil }))
		if kept != tt.kept {
			t.Errorf("after another %v the file is kept: %v", tt.after, kept)
		}
	}
}
