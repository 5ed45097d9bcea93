package storage_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/blob"
	"github.com/stowgate/stowgate/internal/catalog"
	"github.com/stowgate/stowgate/internal/catalog/sqlitedb"
	"github.com/stowgate/stowgate/internal/catalog/storage"
	"github.com/stowgate/stowgate/internal/policy"
)

func TestUsed(t *testing.T) {
	db, err := sqlitedb.Open(t.Context(), filepath.Join(t.TempDir(), "catalog.db"))
	if err != nil {
		t.Fatal(err)
	}
	c, err := catalog.New(t.Context(), db, [32]byte{1}, catalog.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.CreateApp(t.Context(), account.Server().Entry("test", "", "", nil), policy.App{Key: "A", Created: time.Now()}); err != nil {
		t.Fatal(err)
	}
	want := func(names ...string) {
		t.Helper()
		got, err := storage.Used(t.Context(), c.Book())
		if slices.Sort(got); err != nil || !slices.Equal(got, names) {
			t.Errorf("Used = %q, %v; want %q", got, err, names)
		}
	}
	ids := make(map[blob.Key]asset.ID)
	add := func(key blob.Key) {
		t.Helper()
		a := asset.Asset{ID: asset.NewID(), UUID: uuid.New(), App: "A", Version: 1, Created: time.Now(), Modified: time.Now(),
			Content: blob.Content{Segments: []blob.Segment{{Key: key, Size: 1, Sums: []uint32{0}}}}}
		if err := c.AddAsset(t.Context(), a, policy.Use{}); err != nil {
			t.Fatal(err)
		}
		ids[key] = a.ID
	}
	want()
	add("000001/A.pack+1")
	want()
	for i := range 3 {
		for _, name := range []string{"b", "a-b", "a", "a0", "ab"} {
			add(blob.Join(name, blob.Key(fmt.Sprintf("zz/%d.pack+7", i))))
		}
	}
	want("a", "a-b", "a0", "ab", "b")

	// What nothing needs any more does not count.
	for i := range 3 {
		if err := c.RemoveAsset(t.Context(), "A", ids[blob.Join("a0", blob.Key(fmt.Sprintf("zz/%d.pack+7", i)))], policy.Use{}); err != nil {
			t.Fatal(err)
		}
	}
	want("a", "a-b", "ab", "b")
}
