package sqlitedb_test

import (
	"path/filepath"
	"testing"

	"github.com/stowgate/stowgate/internal/catalog"
	"github.com/stowgate/stowgate/internal/catalog/catalogtest"
	"github.com/stowgate/stowgate/internal/catalog/sqlitedb"
)

var key = [32]byte{1, 2, 3}

// open returns the catalog at path, which is closed when the test ends.
func open(t testing.TB, path string) *catalog.Catalog {
	t.Helper()
	db, err := sqlitedb.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	c, err := catalog.New(t.Context(), db, key, catalog.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestConformance(t *testing.T) {
	catalogtest.Run(t, func(t testing.TB) catalogtest.Store {
		return open(t, filepath.Join(t.TempDir(), "catalog.db"))
	})
}

func TestConformanceShared(t *testing.T) {
	catalogtest.RunShared(t, func(t testing.TB) (catalogtest.Store, catalogtest.Store) {
		path := filepath.Join(t.TempDir(), "catalog.db")
		return open(t, path), open(t, path)
	})
}
