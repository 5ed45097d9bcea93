package durability_test

import (
	"database/sql"
	"path/filepath"
	"testing"

	_ "modernc.org/sqlite" // reads the server's catalog
)

// A row is a file as the catalog has it.
type row struct{ handle, name string }

// listAssets returns all files of the running server on a data folder.
func listAssets(t testing.TB, data string) (files []row) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(data, "catalog.db")+"?mode=ro&_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	found, err := db.Query(`SELECT id, name FROM assets`)
	if err != nil {
		t.Fatal(err)
	}
	defer found.Close()
	for found.Next() {
		var r row
		if err := found.Scan(&r.handle, &r.name); err != nil {
			t.Fatal(err)
		}
		files = append(files, r)
	}
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	return files
}
