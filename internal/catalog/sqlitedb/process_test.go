//go:build unix

package sqlitedb_test

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/catalog"
	"github.com/stowgate/stowgate/internal/catalog/catalogtest"
	"github.com/stowgate/stowgate/internal/catalog/sqlitedb"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/policy"
)

// childRole is the variable that makes the test binary another process, which
// does one of the following with the catalog at childPath.
const (
	childRole = "SQLITEDB_TEST_ROLE"
	childPath = "SQLITEDB_TEST_PATH"
)

var roles = map[string]func(context.Context, *catalog.Catalog) error{
	"write":   writeForEver,
	"disable": disable,
	"fail":    failToWrite,
}

func TestMain(m *testing.M) {
	role, ok := roles[os.Getenv(childRole)]
	if !ok {
		os.Exit(m.Run())
	}
	ctx := context.Background()
	db, err := sqlitedb.Open(ctx, os.Getenv(childPath))
	if err == nil {
		var c *catalog.Catalog
		if c, err = catalog.New(ctx, db, key, catalog.Config{}); err == nil {
			err = errors.Join(role(ctx, c), c.Close())
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func child(t *testing.T, role, path string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childRole+"="+role, childPath+"="+path)
	cmd.Stderr = os.Stderr
	return cmd
}

// writeForEver prints the ID of each asset that the catalog has acknowledged.
func writeForEver(ctx context.Context, c *catalog.Catalog) error {
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for {
				a := catalogtest.NewAsset("app")
				if err := c.AddAsset(ctx, a, policy.Use{}); err != nil {
					fmt.Fprintln(os.Stderr, err)
					return
				}
				os.Stdout.WriteString(string(a.ID) + "\n")
			}
		})
	}
	all.Wait()
	return nil
}

func TestR1KillKeepsAcknowledged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "catalog.db")
	c := open(t, path)
	must(t, c.CreateApp(t.Context(), account.Server().Entry("test", "", "", nil), policy.App{Key: "app"}))
	must(t, c.Close())
	var acknowledged []asset.ID
	for range 10 {
		cmd := child(t, "write", path)
		out, err := cmd.StdoutPipe()
		must(t, err)
		must(t, cmd.Start())
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if len(acknowledged)%100 == 0 {
				time.AfterFunc(time.Duration(rand.IntN(int(50*time.Millisecond))), func() { cmd.Process.Kill() })
			}
			acknowledged = append(acknowledged, asset.ID(lines.Text()))
		}
		cmd.Wait() // killed
	}
	if len(acknowledged) < 100 {
		t.Fatalf("only %d assets were added before the kills", len(acknowledged))
	}
	c = open(t, path)
	for _, id := range acknowledged {
		if _, err := c.Asset(t.Context(), id); err != nil {
			t.Errorf("acknowledged before a kill: %v", err)
		}
	}
	assets := 0
	must(t, c.EachAsset(t.Context(), "", func(asset.Asset) error { assets++; return nil }))
	events, err := c.Events(t.Context(), 0, 1<<30)
	must(t, err)
	if len(events) != assets {
		t.Errorf("%d events for %d assets", len(events), assets)
	}
	wantIntact(t, path)
}

func wantIntact(t *testing.T, path string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	must(t, err)
	defer db.Close()
	var result string
	must(t, db.QueryRow(`PRAGMA integrity_check`).Scan(&result))
	if result != "ok" {
		t.Errorf("integrity check: %s", result)
	}
}

func disable(ctx context.Context, c *catalog.Catalog) error {
	_, err := c.UpdateApp(ctx, account.Server().Entry("test", "", "", nil), "app", func(app *policy.App) error { app.Disabled = true; return nil })
	return err
}

func TestChangeByAnotherProcessIsSeen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "catalog.db")
	c := open(t, path)
	must(t, c.CreateApp(t.Context(), account.Server().Entry("test", "", "", nil), policy.App{Key: "app"}))
	if app, err := c.App(t.Context(), "app"); err != nil || app.Disabled {
		t.Fatalf("App = %v, %v", app, err)
	}
	must(t, child(t, "disable", path).Run())
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if app, err := c.App(t.Context(), "app"); err == nil && app.Disabled {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the change is not seen")
		}
	}
}

// failToWrite has the operating system refuse to let files grow, and then lets
// them grow again.
func failToWrite(ctx context.Context, c *catalog.Catalog) error {
	before, lost, late := catalogtest.NewAsset("app"), catalogtest.NewAsset("app"), catalogtest.NewAsset("app")
	if err := c.AddAsset(ctx, before, policy.Use{}); err != nil {
		return err
	}
	signal.Ignore(syscall.SIGXFSZ)
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	none := limit
	none.Cur = 0
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &none); err != nil {
		return err
	}
	if err := c.AddAsset(ctx, lost, policy.Use{}); !errors.Is(err, fault.Unavailable) {
		return fmt.Errorf("AddAsset while files cannot grow: %v, want %v", err, fault.Unavailable)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	if err := c.AddAsset(ctx, late, policy.Use{}); !errors.Is(err, fault.Unavailable) {
		return fmt.Errorf("AddAsset after a failed one: %v, want %v", err, fault.Unavailable)
	}
	if err := c.Health(); !errors.Is(err, fault.Unavailable) {
		return fmt.Errorf("Health after a failed write: %v, want %v", err, fault.Unavailable)
	}
	if _, err := c.Asset(ctx, before.ID); err != nil {
		return fmt.Errorf("reading after a failed write: %w", err)
	}
	if _, err := c.Asset(ctx, lost.ID); !errors.Is(err, fault.NotFound) {
		return fmt.Errorf("reading what was not written: %v, want %v", err, fault.NotFound)
	}
	return nil
}

func TestR6FailedWriteIsFinal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "catalog.db")
	c := open(t, path)
	must(t, c.CreateApp(t.Context(), account.Server().Entry("test", "", "", nil), policy.App{Key: "app"}))
	must(t, child(t, "fail", path).Run())
	must(t, c.AddAsset(t.Context(), catalogtest.NewAsset("app"), policy.Use{})) // opened by others, it goes on
	must(t, c.Health())
	wantIntact(t, path)
}
