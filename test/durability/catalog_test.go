package durability_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/catalog"
	"github.com/stowgate/stowgate/internal/catalog/sqlitedb"
)

// A row is a file as the catalog has it.
type row struct{ handle, name string }

// listAssets returns all files of the server on a data folder, which may be
// running.
func listAssets(t testing.TB, data string) (files []row) {
	t.Helper()
	key, err := os.ReadFile(filepath.Join(data, "server.key"))
	if err != nil {
		t.Fatal(err)
	}
	db, err := sqlitedb.Open(t.Context(), filepath.Join(data, "catalog.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	books, err := catalog.New(t.Context(), db, [32]byte(key), catalog.Config{})
	if err != nil {
		t.Fatal(err)
	}
	err = books.EachAsset(t.Context(), "", func(a asset.Asset) error {
		files = append(files, row{string(a.ID), a.Name})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
