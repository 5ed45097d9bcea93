package upload_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stowgate/stowgate/internal/catalog"
	"github.com/stowgate/stowgate/internal/catalog/sqlitedb"
)

func openCatalog(t testing.TB, now func() time.Time) *catalog.Catalog {
	t.Helper()
	db, err := sqlitedb.Open(t.Context(), filepath.Join(t.TempDir(), "catalog.db"))
	if err != nil {
		t.Fatal(err)
	}
	c, err := catalog.New(t.Context(), db, [32]byte{1}, catalog.Config{Now: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}
