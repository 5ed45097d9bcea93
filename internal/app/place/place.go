// Package place finds and opens the places that things are kept in: the data
// folder, the catalog, and the blobs.
package place

import (
	"context"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/stowgate/stowgate/internal/app/setting"
	"github.com/stowgate/stowgate/internal/catalog"
	"github.com/stowgate/stowgate/internal/catalog/sqlitedb"
)

// Places is where things are kept.
type Places struct {
	Data     string    // folder
	Database string    // path of the SQLite file
	Blobs    string    // folder of the default storage; "" means memory
	Named    []Storage // besides the default
}

// Read returns what the settings of these names say; named is storage-named.
func Read(r *setting.Reader, data, database, storage string, named []string) Places {
	p := Places{Data: data, Named: readNamed(r, named)}
	if p.Data == "" {
		r.Fail("--data is empty: name a folder")
	}
	p.Database = setting.Read(r, "database", database, func(text string) (string, error) {
		if text == "" {
			return filepath.Join(p.Data, "catalog.db"), nil
		}
		path, ok := strings.CutPrefix(text, "sqlite:")
		if !ok || path == "" {
			return "", errors.New("is not sqlite:PATH; PostgreSQL is planned, and not in this version")
		}
		return path, nil
	})
	p.Blobs = setting.Read(r, "storage", storage, func(text string) (string, error) {
		switch text {
		case "":
			return filepath.Join(p.Data, "blobs"), nil
		case "mem:":
			return "", nil
		}
		return parseFolder(text, "folder, file:FOLDER or mem:")
	})
	if storage == "mem:" && len(named) > 0 {
		r.Fail("--storage=mem: keeps everything in memory: leave out --storage-named")
	}
	return p
}

// Make makes the data folder if it is not there.
func (p Places) Make() error {
	if err := os.MkdirAll(p.Data, 0o700); err != nil {
		return fmt.Errorf("make data folder: %w", err)
	}
	return nil
}

// OpenCatalog opens the database, after making it on a first run, and returns
// the server's key with it. The caller closes it.
func (p Places) OpenCatalog(ctx context.Context, now func() time.Time) (*catalog.Catalog, [32]byte, error) {
	if err := p.Make(); err != nil {
		return nil, [32]byte{}, err
	}
	key, err := serverKey(filepath.Join(p.Data, "server.key"))
	if err != nil {
		return nil, key, err
	}
	db, err := sqlitedb.Open(ctx, p.Database)
	if err != nil {
		return nil, key, err
	}
	c, err := catalog.New(ctx, db, key, catalog.Config{Now: now})
	if err != nil {
		db.Close()
		return nil, key, fmt.Errorf("open catalog with the key in %s: %w", p.Data, err)
	}
	return c, key, nil
}

// serverKey reads the key that app secrets are sealed with, from a file that it
// makes, durably, if it is not there. Two processes that make it at the same
// time get the same.
func serverKey(name string) (key [32]byte, err error) {
	data, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		if err := makeServerKey(name); err != nil {
			return key, fmt.Errorf("make server key: %w", err)
		}
		data, err = os.ReadFile(name)
	}
	if err != nil {
		return key, fmt.Errorf("read server key: %w", err)
	}
	if len(data) != len(key) {
		return key, fmt.Errorf("server key %s has %d bytes, not %d: restore it from a backup; without it the secrets of all apps are lost", name, len(data), len(key))
	}
	return [32]byte(data), nil
}

func makeServerKey(name string) error {
	var key [32]byte
	rand.Read(key[:])
	return writeOnce(name, key[:])
}

// tempPrefix begins the names of files that are not yet written.
const tempPrefix = ".stowgate-"

// writeOnce makes a file of these bytes, durably, unless there is one.
func writeOnce(name string, data []byte) error {
	dir := filepath.Dir(name)
	f, err := os.CreateTemp(dir, tempPrefix+"*") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(data)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	// A link, unlike a rename, never replaces what another wrote.
	if err := os.Link(f.Name(), name); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// Derive returns a key for one purpose.
func Derive(key [32]byte, purpose string) [32]byte {
	out, err := hkdf.Key(sha256.New, key[:], nil, purpose, 32)
	if err != nil {
		panic(err) // only for lengths that are not allowed
	}
	return [32]byte(out)
}

// Lock makes this process the only server of the data folder, until the file it
// returns is closed.
func (p Places) Lock() (*os.File, error) {
	name := filepath.Join(p.Data, "lock")
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock data folder: %w", err)
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		owner, _ := os.ReadFile(name)
		f.Close()
		return nil, fmt.Errorf("another server (process %s) uses the data folder %s: stop it, or give this one another folder with --data",
			strings.TrimSpace(string(owner)), p.Data)
	}
	if err == nil {
		err = f.Truncate(0)
	}
	if err == nil {
		_, err = fmt.Fprintln(f, os.Getpid())
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("lock data folder %s: %w", p.Data, err)
	}
	return f, nil
}
