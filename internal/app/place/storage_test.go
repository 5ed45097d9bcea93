package place

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/app/setting"
	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/blob"
	"github.com/stowgate/stowgate/internal/blob/blobtest"
	"github.com/stowgate/stowgate/internal/blob/fileblob"
	"github.com/stowgate/stowgate/internal/catalog"
	"github.com/stowgate/stowgate/internal/policy"
)

// A site is where servers keep things in folders of one.
type site struct {
	t   *testing.T
	dir string
}

func (s site) path(name string) string { return filepath.Join(s.dir, name) }

// open opens the server in the folder data with further storages, calls do, and
// closes it. It returns why it did not open.
func (s site) open(data string, named []string, do func(context.Context, *catalog.Catalog, blob.Store)) error {
	s.t.Helper()
	r := new(setting.Reader)
	for i := range named {
		name, folder, _ := strings.Cut(named[i], "=")
		named[i] = name + "=" + s.path(folder)
	}
	p := Read(r, s.path(data), "", "", named)
	if err := r.Err(); err != nil {
		s.t.Fatal(err)
	}
	return s.openPlaces(p, do)
}

func (s site) openPlaces(p Places, do func(context.Context, *catalog.Catalog, blob.Store)) error {
	ctx := s.t.Context()
	c, key, err := p.OpenCatalog(ctx, time.Now)
	if err != nil {
		s.t.Fatal(err)
	}
	defer c.Close()
	blobs, closeAll, err := p.OpenBlobs(ctx, c, key, fileblob.Config{Reserve: -1})
	if err != nil {
		return err
	}
	do(ctx, c, blobs)
	return closeAll()
}

func (s site) mustOpen(data string, named []string, do func(context.Context, *catalog.Catalog, blob.Store)) {
	s.t.Helper()
	if err := s.open(data, named, do); err != nil {
		s.t.Fatal(err)
	}
}

func (s site) wantErr(err error, want ...string) {
	s.t.Helper()
	for _, text := range want {
		if err == nil || !strings.Contains(err.Error(), text) {
			s.t.Errorf("it opens with %v, want %q", err, text)
		}
	}
}

func nothing(context.Context, *catalog.Catalog, blob.Store) {}

// keep makes an app that keeps files in the storage called name, with one file.
func (s site) keep(name string) func(context.Context, *catalog.Catalog, blob.Store) {
	return func(ctx context.Context, c *catalog.Catalog, blobs blob.Store) {
		s.t.Helper()
		by := account.Server().Entry("test", "", "", nil)
		if err := c.CreateApp(ctx, by, policy.App{Key: "APP" + name, Created: time.Now(), Options: policy.Options{Storage: name}}); err != nil {
			s.t.Fatal(err)
		}
		into, err := blob.In(blobs, name)
		if err != nil {
			s.t.Fatal(err)
		}
		a := asset.Asset{ID: asset.NewID(), UUID: uuid.New(), App: "APP" + name, Version: 1, Created: time.Now(), Modified: time.Now(),
			Content: blob.Content{Segments: []blob.Segment{{Key: blobtest.Put(s.t, into, []byte("x")), Size: 1, Sums: []uint32{0}}}}}
		if err := c.AddAsset(ctx, a, policy.Use{}); err != nil {
			s.t.Fatal(err)
		}
	}
}

// TestStoragesGone: what files and apps need cannot be left out of the settings,
// and all that is lacking is told at once.
func TestStoragesGone(t *testing.T) {
	s := site{t, t.TempDir()}
	s.mustOpen("data", []string{"archive=a", "cold=c"}, func(ctx context.Context, c *catalog.Catalog, blobs blob.Store) {
		s.keep("")(ctx, c, blobs)
		s.keep("archive")(ctx, c, blobs)
		by := account.Server().Entry("test", "", "", nil)
		if err := c.CreateApp(ctx, by, policy.App{Key: "EMPTY", Created: time.Now(), Options: policy.Options{Storage: "cold"}}); err != nil {
			t.Fatal(err)
		}
	})
	err := s.open("data", nil, nothing)
	s.wantErr(err, "files are in the storage archive, and no setting says where that is: add --storage-named archive=FOLDER",
		"app APParchive keeps new files in the storage archive", "app EMPTY keeps new files in the storage cold, and no setting says where that is",
		"stowgate app set EMPTY --keep-in default")
	if n := strings.Count(err.Error(), "\n"); n != 2 {
		t.Errorf("%d lines, want 3:\n%v", n+1, err)
	}
	s.wantErr(s.openPlaces(Places{Data: s.path("data"), Database: s.path("data/catalog.db")}, nothing), "files are in the storage archive")

	// An app that is deleted, and one that keeps nothing there any more, need none.
	s.mustOpen("data", []string{"archive=a", "cold=c"}, func(ctx context.Context, c *catalog.Catalog, _ blob.Store) {
		if _, err := c.UpdateApp(ctx, account.Server().Entry("test", "", "", nil), "EMPTY", func(a *policy.App) error { a.Deleted = time.Now(); return nil }); err != nil {
			t.Fatal(err)
		}
	})
	s.mustOpen("data", []string{"archive=a"}, nothing)
	s.mustOpen("data", []string{"archive=a", "other=o"}, nothing)
}

// TestStorageFolders: a folder is taken for no storage but the one that it is,
// and a disk that is not mounted for no empty one.
func TestStorageFolders(t *testing.T) {
	s := site{t, t.TempDir()}
	s.mustOpen("data", []string{"archive=a", "cold=c"}, func(ctx context.Context, c *catalog.Catalog, blobs blob.Store) {
		s.keep("archive")(ctx, c, blobs)
		s.keep("cold")(ctx, c, blobs)
		if !slices.Equal(slices.Collect(storagesOf(t, blobs)), []string{"archive", "cold"}) {
			t.Errorf("blobs are in %v", slices.Collect(storagesOf(t, blobs)))
		}
	})
	s.wantErr(s.open("data", []string{"archive=c", "cold=a"}, nothing), `c is the storage "cold of`, `and not "archive of`, `and not "cold of`)
	s.wantErr(s.open("other", []string{"archive=a"}, nothing), `and not "archive of`)
	s.wantErr(s.openPlaces(Places{Data: s.path("other"), Database: s.path("other/catalog.db"), Blobs: s.path("a")}, nothing), `name it with --storage-named`)
	s.mustOpen("data", []string{"archive=a", "cold=c"}, nothing)

	if err := os.Rename(s.path("a"), s.path("moved")); err != nil {
		t.Fatal(err)
	}
	s.wantErr(s.open("data", []string{"archive=a", "cold=c"}, nothing), "is its disk mounted?")
	if _, err := os.Stat(s.path("a")); err == nil {
		t.Error("a folder was made where the disk is not mounted")
	}
	s.mustOpen("data", []string{"archive=moved", "cold=c"}, nothing) // it may move

	// With what the message says, a folder without its mark is taken again.
	mark, err := os.ReadFile(s.path("moved/" + markName))
	if err != nil {
		t.Fatal(err)
	}
	os.Remove(s.path("moved/" + markName))
	s.wantErr(s.open("data", []string{"archive=moved", "cold=c"}, nothing), "make that file with the text \""+strings.TrimSpace(string(mark))+`"`)
	os.WriteFile(s.path("moved/"+markName), []byte(strings.TrimSpace(string(mark))), 0o600)
	s.mustOpen("data", []string{"archive=moved", "cold=c"}, nothing)
}

// storagesOf yields the storages that blobs are in, in the order of List.
func storagesOf(t *testing.T, blobs blob.Store) func(func(string) bool) {
	return func(yield func(string) bool) {
		for info, err := range blobs.List(t.Context()) {
			name, _, _ := info.Key.Split()
			if err != nil || !yield(name) {
				return
			}
		}
	}
}

// TestNewStorage: a new one needs an empty folder of its own.
func TestNewStorage(t *testing.T) {
	s := site{t, t.TempDir()}
	s.mustOpen("full", nil, s.keep(""))
	s.wantErr(s.open("data", []string{"archive=full/blobs"}, nothing), "is not empty")
	os.Remove(s.path("full/blobs/tmp"))
	s.wantErr(s.open("data", []string{"archive=data/blobs"}, nothing), "is that of another storage")
	os.Symlink(s.path("a"), s.path("b"))
	s.wantErr(s.open("data", []string{"archive=a", "cold=b"}, nothing), "open the storage cold: the folder", "is that of another storage")
	if _, err := os.Stat(s.path("a/" + markName)); err == nil {
		t.Error("settings that were refused have marked a folder")
	}

	// What a start that was cut short leaves is no reason against it, nor is what
	// a new file system has.
	for _, left := range []string{"tmp", "lost+found", ".stowgate-123"} {
		if err := os.MkdirAll(s.path("cut/"+left), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	s.mustOpen("data", []string{"archive=cut"}, s.keep("archive"))
}

// TestOneStorage: without others the default is opened as it always was.
func TestOneStorage(t *testing.T) {
	s := site{t, t.TempDir()}
	s.mustOpen("data", nil, func(ctx context.Context, c *catalog.Catalog, blobs blob.Store) {
		if _, ok := blobs.(*fileblob.Store); !ok {
			t.Errorf("one storage is opened as %T", blobs)
		}
		s.keep("")(ctx, c, blobs)
	})
	if _, err := os.Stat(s.path("data/blobs/" + markName)); err == nil {
		t.Error("the default storage has a mark")
	}
	// Files that are there need nothing when others are added.
	s.mustOpen("data", []string{"archive=a"}, func(ctx context.Context, c *catalog.Catalog, blobs blob.Store) {
		for key := range blobtest.Keys(t, blobs) {
			if got := blobtest.Get(t, blobs, key, 0, -1); string(got) != "x" {
				t.Errorf("%s is %q", key, got)
			}
		}
	})
}
