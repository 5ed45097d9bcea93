package sqlitedb_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/catalog"
	"github.com/stowgate/stowgate/internal/catalog/catalogtest"
	"github.com/stowgate/stowgate/internal/catalog/sqlitedb"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/policy"
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

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
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

// files returns the content of every file in dir, joined.
func files(t testing.TB, dir string) []byte {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	must(t, err)
	var all []byte
	for _, name := range names {
		data, err := os.ReadFile(name)
		must(t, err)
		all = append(all, data...)
	}
	return all
}

func TestM5SecretsAreSealed(t *testing.T) {
	dir := t.TempDir()
	c := open(t, filepath.Join(dir, "catalog.db"))
	must(t, c.CreateApp(t.Context(), account.Server().Entry("test", "", "", nil), policy.App{Key: "PUBLICKEY", Secrets: []policy.Secret{{Key: "FIRSTSECRET"}}}))
	_, err := c.UpdateApp(t.Context(), account.Server().Entry("test", "", "", nil), "PUBLICKEY", func(app *policy.App) error {
		app.Secrets = append([]policy.Secret{{Key: "SECONDSECRET"}}, app.Secrets...)
		return nil
	})
	must(t, err)
	must(t, c.Close()) // the log as well is in the database then
	data := files(t, dir)
	if !bytes.Contains(data, []byte("PUBLICKEY")) {
		t.Error("the API key is not in the files: this test looks at the wrong ones")
	}
	for _, secret := range []string{"FIRSTSECRET", "SECONDSECRET"} {
		if bytes.Contains(data, []byte(secret)) {
			t.Errorf("the files hold %s in clear", secret)
		}
	}
	app, err := open(t, filepath.Join(dir, "catalog.db")).App(t.Context(), "PUBLICKEY")
	must(t, err)
	if len(app.Secrets) != 2 || app.Secrets[0].Key != "SECONDSECRET" || app.Secrets[1].Key != "FIRSTSECRET" {
		t.Errorf("after opening again the secrets are %v", app.Secrets)
	}
}

func TestKeyMustBeTheSame(t *testing.T) {
	path := filepath.Join(t.TempDir(), "catalog.db")
	open(t, path)
	db, err := sqlitedb.Open(t.Context(), path)
	must(t, err)
	t.Cleanup(func() { db.Close() })
	if _, err := catalog.New(t.Context(), db, [32]byte{9}, catalog.Config{}); !errors.Is(err, fault.Invalid) {
		t.Errorf("New with another key: %v, want %v", err, fault.Invalid)
	}
}

func TestP4FilesArePrivate(t *testing.T) {
	dir := t.TempDir()
	c := open(t, filepath.Join(dir, "catalog.db"))
	must(t, c.CreateApp(t.Context(), account.Server().Entry("test", "", "", nil), policy.App{Key: "app"}))
	entries, err := os.ReadDir(dir)
	must(t, err)
	if len(entries) != 4 { // database, log, the log's index, lock
		t.Errorf("files are %v, want 4", entries)
	}
	for _, entry := range entries {
		info, err := entry.Info()
		must(t, err)
		if info.Mode().Perm() != 0o600 {
			t.Errorf("mode of %s is %v, want 0600", entry.Name(), info.Mode().Perm())
		}
	}
}

func TestAnyPath(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "é ?a=b&#%41")
	must(t, os.Mkdir(dir, 0o700))
	path := filepath.Join(dir, "c'%20?.db")
	must(t, open(t, path).CreateApp(t.Context(), account.Server().Entry("test", "", "", nil), policy.App{Key: "app"}))
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
	if _, err := open(t, path).App(t.Context(), "app"); err != nil {
		t.Error(err)
	}
}

func TestOpenErrors(t *testing.T) {
	dir := t.TempDir()
	if _, err := sqlitedb.Open(t.Context(), filepath.Join(dir, "none", "catalog.db")); err == nil {
		t.Error("Open in a folder that is not there succeeded")
	}
	path := filepath.Join(dir, "text.db")
	must(t, os.WriteFile(path, bytes.Repeat([]byte("no database "), 1000), 0o600))
	if _, err := sqlitedb.Open(t.Context(), path); err == nil {
		t.Error("Open of a text file succeeded")
	}
}

func TestOpenAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "catalog.db")
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			db, err := sqlitedb.Open(t.Context(), path)
			if err != nil {
				t.Error(err)
				return
			}
			defer db.Close()
			if _, err := catalog.New(t.Context(), db, key, catalog.Config{}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}
