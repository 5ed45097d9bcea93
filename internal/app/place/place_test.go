package place

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stowgate/stowgate/internal/app/setting"
	"github.com/stowgate/stowgate/internal/blob/fileblob"
)

func TestRead(t *testing.T) {
	for _, tt := range []struct {
		data, database, storage string
		want                    Places
		err                     string
	}{
		{"d", "", "", Places{Data: "d", Database: "d/catalog.db", Blobs: "d/blobs"}, ""},
		{"d", "sqlite:/x/y.db", "/z", Places{Data: "d", Database: "/x/y.db", Blobs: "/z"}, ""},
		{"d", "", "mem:", Places{Data: "d", Database: "d/catalog.db", Blobs: ""}, ""},
		{"d", "", "file:z", Places{Data: "d", Database: "d/catalog.db", Blobs: "z"}, ""},
		{"d", "", "file:///z", Places{Data: "d", Database: "d/catalog.db", Blobs: "/z"}, ""},
		{"d", "", "./a:b", Places{Data: "d", Database: "d/catalog.db", Blobs: "./a:b"}, ""},
		{"", "", "", Places{}, "--data is empty"},
		{"d", "sqlite:", "", Places{}, "sqlite:PATH"},
		{"d", "catalog.db", "", Places{}, "sqlite:PATH"},
		{"d", "postgres://h/d", "", Places{}, "PostgreSQL is planned"},
		{"d", "", "s3://bucket", Places{}, "S3, Google Cloud Storage and Azure are planned"},
		{"d", "", "file:", Places{}, "is no folder"},
	} {
		r := new(setting.Reader)
		got := Read(r, tt.data, tt.database, tt.storage, nil)
		err := r.Err()
		switch {
		case tt.err == "" && (err != nil || !reflect.DeepEqual(got, tt.want)):
			t.Errorf("Read(%q, %q, %q) = %+v, %v; want %+v", tt.data, tt.database, tt.storage, got, err, tt.want)
		case tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)):
			t.Errorf("Read(%q, %q, %q) = %v, want %q", tt.data, tt.database, tt.storage, err, tt.err)
		}
	}
}

// TestServerKey: many that make the key at once get the same one, and it stays.
func TestServerKey(t *testing.T) {
	name := filepath.Join(t.TempDir(), "server.key")
	keys := make([][32]byte, 20)
	var all sync.WaitGroup
	for i := range keys {
		all.Go(func() {
			var err error
			if keys[i], err = serverKey(name); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for _, key := range keys {
		if key != keys[0] || key == [32]byte{} {
			t.Fatal("two processes have different keys")
		}
	}
	info, err := os.Stat(name)
	if err != nil || info.Mode().Perm() != 0o600 || info.Size() != 32 {
		t.Errorf("server key: %v, %v; want 32 bytes that only its owner reads", info, err)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(name), ".*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	for _, size := range []int{0, 31, 33} {
		os.WriteFile(name, bytes.Repeat([]byte("x"), size), 0o600)
		if _, err := serverKey(name); err == nil || !strings.Contains(err.Error(), "restore it from a backup") {
			t.Errorf("a key of %d bytes: %v", size, err)
		}
	}
}

func TestLock(t *testing.T) {
	p := Places{Data: t.TempDir()}
	first, err := p.Lock()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Lock(); err == nil || !strings.Contains(err.Error(), "another server (process ") {
		t.Errorf("a second lock = %v", err)
	}
	first.Close()
	again, err := p.Lock()
	if err != nil {
		t.Fatalf("lock after the first was let go: %v", err)
	}
	again.Close()
}

// TestP4Private: what a first run makes, only its owner can read.
func TestP4Private(t *testing.T) {
	p := Read(new(setting.Reader), filepath.Join(t.TempDir(), "data"), "", "", nil)
	c, key, err := p.OpenCatalog(t.Context(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_, closeBlobs, err := p.OpenBlobs(t.Context(), c, key, fileblob.Config{Reserve: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer closeBlobs()
	info, err := os.Stat(p.Data)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the data folder has mode %v, want 0700", info.Mode())
	}
}

func TestDerive(t *testing.T) {
	key := [32]byte{1}
	a, again := Derive(key, "a"), Derive(key, "a")
	if a == Derive(key, "b") || a == key || a != again {
		t.Error("derived keys are not one for each purpose")
	}
}

// TestOtherKey: a database is not opened with a key that is not its own.
func TestOtherKey(t *testing.T) {
	p := Read(new(setting.Reader), t.TempDir(), "", "", nil)
	c, _, err := p.OpenCatalog(t.Context(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	os.WriteFile(filepath.Join(p.Data, "server.key"), make([]byte, 32), 0o600)
	if _, _, err := p.OpenCatalog(t.Context(), time.Now); err == nil {
		t.Error("a database is opened with another key")
	}
}
