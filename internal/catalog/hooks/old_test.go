package hooks_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/pressly/goose/v3"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/catalog"
	"github.com/stowgate/stowgate/internal/catalog/hooks"
	"github.com/stowgate/stowgate/internal/catalog/queue"
	"github.com/stowgate/stowgate/internal/catalog/record"
	"github.com/stowgate/stowgate/internal/catalog/sqlitedb"
)

// Events from before there were webhooks are told to nobody, and can be read.
func TestOpensOldDatabase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "catalog.db")
	first, err := os.ReadFile("../sqlitedb/migrations/00001_begin.sql")
	must(t, err)
	db, err := sql.Open("sqlite", path)
	must(t, err)
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, fstest.MapFS{"00001_begin.sql": {Data: first}}, goose.WithDisableGlobalRegistry(true))
	must(t, err)
	_, err = provider.Up(t.Context())
	must(t, err)
	box := record.NewBox([32]byte{1})
	_, err = db.Exec(`INSERT INTO seals VALUES ('key check', ?)`, box.Seal("key check", nil))
	must(t, err)
	_, err = db.Exec(`INSERT INTO apps (key, name, security, disabled, created, secrets, revoked_before, revoked, options) VALUES ('app', 'old', 1, 0, 1, ?, 0, 'null', '{}')`,
		box.Seal("app", []byte(`[]`)))
	must(t, err)
	for range 2 {
		_, err = db.Exec(`INSERT INTO events (app, kind, asset, time, body) VALUES ('app', 'upload', 'a', 1, '{"id":"a","name":"old"}')`)
		must(t, err)
	}
	must(t, db.Close())

	migrated, err := sqlitedb.Open(t.Context(), path)
	must(t, err)
	w := &world{t: t, path: path}
	w.c, err = catalog.New(t.Context(), migrated, [32]byte{1}, catalog.Config{})
	must(t, err)
	t.Cleanup(func() { w.c.Close() })
	w.jobs = queue.New(w.c.Book(), queue.Config{})
	w.Store = hooks.New(w.c.Book(), w.jobs, formats, func() {})
	events, err := w.c.Events(t.Context(), 0, 10)
	must(t, err)
	if len(events) != 2 || events[0].Kind != asset.Uploaded || events[0].Fact.Name != "old" {
		t.Errorf("old events = %+v", events)
	}
	h := w.hook("app")
	a := w.upload("app")
	w.spread()
	w.wantDeliveries(h, "upload "+string(a.ID))
}
