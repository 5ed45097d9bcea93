package fileblob

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/stowgate/stowgate/internal/blob"
	"github.com/stowgate/stowgate/internal/blob/blobtest"
	"github.com/stowgate/stowgate/internal/blob/fileblob/layout"
	"github.com/stowgate/stowgate/internal/fault"
)

// TestD1NoForeignPaths plants symbolic links where blobs could be: nothing
// follows them.
func TestD1NoForeignPaths(t *testing.T) {
	s := newStore(t)
	key := blobtest.Put(t, s, blobtest.Bytes(1, bufferSize+1))
	outside := filepath.Join(t.TempDir(), "outside")
	if err := os.WriteFile(outside, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	link := blob.Key("000001/" + strings.Repeat("B", len(layout.NewName())))
	if err := os.Symlink(outside, filepath.Join(s.root.Name(), string(link))); err != nil {
		t.Fatal(err)
	}
	if r, err := s.Open(t.Context(), link, 0, -1); err == nil {
		r.Close()
		t.Error("Open follows a symbolic link")
	}
	if err := s.Remove(t.Context(), link); err != nil {
		t.Errorf("Remove = %v", err)
	}
	if _, err := os.Stat(outside); err != nil {
		t.Errorf("Remove followed a symbolic link: %v", err)
	}
	blobtest.Get(t, s, key, 0, -1)
}

func TestP4Modes(t *testing.T) {
	defer unix.Umask(unix.Umask(0))
	for name, sys := range map[string]system{"unnamed": kernel(), "named": namedFiles()} {
		root := filepath.Join(t.TempDir(), "new", "store")
		s := openStore(t, root, sys)
		for i, size := range []int{100, bufferSize + 1} {
			blobtest.Put(t, s, blobtest.Bytes(i, size))
		}
		w, err := s.Create(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer w.Close()
		w.Write(make([]byte, bufferSize+1))
		seen := 0
		err = filepath.WalkDir(filepath.Dir(root), func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			info, err := d.Info()
			want := os.FileMode(fileMode)
			if d.IsDir() {
				want = fs.ModeDir | folderMode
			}
			if err == nil && info.Mode() != want {
				t.Errorf("%s: %s has mode %v, want %v", name, path, info.Mode(), want)
			}
			seen++
			return err
		})
		if err != nil || seen < 6 {
			t.Errorf("%s: saw %d files, %v", name, seen, err)
		}
	}
}

func namedFiles() system {
	sys := kernel()
	sys.openTemp = func(*os.File) (*os.File, error) { return nil, unix.EOPNOTSUPP }
	return sys
}

func TestP4Leftovers(t *testing.T) {
	dir := t.TempDir()
	openStore(t, dir, kernel())
	leftover := filepath.Join(dir, tmpFolder, layout.NewName())
	if err := os.WriteFile(leftover, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	openStore(t, dir, kernel())
	if _, err := os.Stat(leftover); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a leftover of a crash stays: %v", err)
	}
}

// TestFolders fills a folder and goes on in the next, also after a restart.
func TestFolders(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir, kernel())
	folderOf := func(key blob.Key) string { return filepath.Dir(string(key)) }
	put := func(s *Store) string { return folderOf(blobtest.Put(t, s, []byte("x"))) }
	if got := put(s); got != "000001" {
		t.Fatalf("the first blob is in %s", got)
	}
	for i := range folderFiles - 3 { // with the first one, two places are left
		if err := os.WriteFile(filepath.Join(dir, "000001", fmt.Sprint(i)), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s = openStore(t, dir, kernel())
	for i, want := range []string{"000001", "000001", "000002", "000002"} {
		if got := put(s); got != want {
			t.Errorf("blob %d is in %s, want %s", i, got, want)
		}
	}
	s = openStore(t, dir, kernel())
	if got := put(s); got != "000002" {
		t.Errorf("after a restart a blob is in %s", got)
	}
	if n := len(blobtest.Keys(t, s)); n != 6 {
		t.Errorf("List yields %d blobs, want 6", n)
	}
	if n := strays(t, s); len(n) != folderFiles-3 {
		t.Errorf("there are %d strays, want %d", len(n), folderFiles-3)
	}
}

// TestEmptyFolders has a second process remove the last blob of the folder that
// the first writes to.
func TestEmptyFolders(t *testing.T) {
	dir := t.TempDir()
	serve, check := openStore(t, dir, kernel()), openStore(t, dir, kernel())
	for i := range 3 {
		key := blobtest.Put(t, serve, blobtest.Bytes(i, bufferSize+1))
		if err := check.Remove(t.Context(), key); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(filepath.Join(dir, filepath.Dir(string(key)))); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("an empty folder stays: %v", err)
		}
		key = blobtest.Put(t, serve, []byte("x"))
		if err := serve.Remove(t.Context(), key); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(filepath.Join(dir, filepath.Dir(string(key)))); err != nil {
			t.Errorf("the folder that is written to is gone: %v", err)
		}
	}
}

func strays(t testing.TB, s *Store) []string {
	t.Helper()
	var names []string
	for name, err := range s.Strays(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func TestStrays(t *testing.T) {
	s := newStore(t)
	dir := s.root.Name()
	keys := packOf(t, s, 2)
	blobtest.Put(t, s, blobtest.Bytes(1, bufferSize+1))
	if got := strays(t, s); len(got) != 0 {
		t.Errorf("a sound store has the strays %v", got)
	}
	pack := "000001/" + strings.Repeat("C", len(layout.NewName())) + layout.PackSuffix
	want := []string{pack, "000001/" + strings.Repeat("a", len(layout.NewName())), "lost+found", "notes.txt"}
	for _, name := range want[:2] {
		os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o600)
	}
	os.Mkdir(filepath.Join(dir, want[2]), 0o700)
	os.WriteFile(filepath.Join(dir, want[3]), nil, 0o600)
	if got := strays(t, s); !slices.Equal(got, want) {
		t.Errorf("Strays = %q, want %q", got, want)
	}
	for range s.Strays(t.Context()) {
		break
	}
	if n := len(blobtest.Keys(t, s)); n != 3 {
		t.Errorf("List yields %d blobs among strays, want 3", n)
	}
	blobtest.Get(t, s, keys[0], 0, -1)
}

func TestModified(t *testing.T) {
	s := newStore(t)
	start := time.Now().Add(-time.Second)
	keys := packOf(t, s, 2)
	end := time.Now().Add(time.Second)
	if err := os.Chtimes(packPath(s, keys[0]), time.Time{}, end.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	for key, info := range blobtest.Keys(t, s) {
		if info.Modified.Before(start) || info.Modified.After(end) {
			t.Errorf("%s was modified %v, want the time of its commit", key, info.Modified)
		}
	}
}

// TestBuffersAreBounded has many writers stall after their first bytes: no more
// than maxBuffers hold a buffer, and the others cost little memory.
func TestBuffersAreBounded(t *testing.T) {
	s := newStore(t)
	const writers = 2000
	const perWriter = 4 << 10 // bytes of memory
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil || limit.Cur < 2*writers {
		t.Skipf("skipped: at most %d open files", limit.Cur)
	}
	first := blobtest.Bytes(1, 4096)
	memory := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc + m.StackInuse)
	}
	start := memory()
	var stalled []blob.Writer
	for range writers {
		w, err := s.Create(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer w.Close()
		if _, err := w.Write(first); err != nil {
			t.Fatal(err)
		}
		stalled = append(stalled, w)
	}
	if got, want := memory()-start, int64(maxBuffers*bufferSize+writers*perWriter); got > want {
		t.Errorf("%d stalled writers take %d bytes, want at most %d", writers, got, want)
	}
	buffered := 0
	for i, w := range stalled {
		if w.(*writer).buf != nil {
			buffered++
		}
		if i%100 != 0 {
			continue
		}
		key, err := w.Commit()
		if err != nil || !bytes.Equal(blobtest.Get(t, s, key, 0, -1), first) {
			t.Errorf("commit of writer %d = %v", i, err)
		}
	}
	if buffered != maxBuffers {
		t.Errorf("%d writers hold a buffer, want %d", buffered, maxBuffers)
	}
	for _, w := range stalled {
		w.Close()
	}
	if got := len(s.buffers); got != maxBuffers {
		t.Errorf("%d buffers came back, want %d", got, maxBuffers)
	}
}

// A taker is a writer that takes a file over, as our connections do.
type taker struct {
	bytes.Buffer
	n int64 // bytes taken from files
}

func (w *taker) ReadFrom(r io.Reader) (int64, error) {
	s, ok := r.(interface {
		Next() (f *os.File, offset, n int64)
		Skip(n int64)
	})
	if !ok {
		return w.Buffer.ReadFrom(r)
	}
	f, offset, n := s.Next()
	n, err := w.Buffer.ReadFrom(io.NewSectionReader(f, offset, n))
	w.n += n
	s.Skip(n)
	return n, err
}

// TestHandsFilesToSockets holds the reader to what a connection asks of a
// source that sendfile can take; see package conn.
func TestHandsFilesToSockets(t *testing.T) {
	s := newStore(t)
	for i, size := range []int{10_000, 3 << 20} {
		data := blobtest.Bytes(i, size)
		key := blobtest.Put(t, s, data)
		r, err := s.Open(t.Context(), key, 100, int64(size-200))
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		begin := make([]byte, 50)
		if _, err := io.ReadFull(r, begin); err != nil {
			t.Fatal(err)
		}
		var w taker
		n, err := io.Copy(&w, r)
		if n != int64(size-250) || err != nil || w.n != n {
			t.Errorf("io.Copy = %d, %v; %d bytes were handed over as a file", n, err, w.n)
		}
		if got := append(begin, w.Bytes()...); !bytes.Equal(got, data[100:size-100]) {
			t.Errorf("%d other bytes came out", len(got))
		}
	}
}

// TestO5SmallVolume fills a volume, and a volume's inodes, for real.
func TestO5SmallVolume(t *testing.T) {
	for _, tt := range []struct {
		name, options string
		size          int
		config        Config
	}{
		{"bytes, small blobs", "size=4m", 100_000, Config{Reserve: -1}},
		{"bytes, large blobs", "size=8m", 1 << 20, Config{Reserve: -1}},
		{"bytes, kept free", "size=8m", 100_000, Config{Reserve: 2 << 20}},
		{"inodes", "size=64m,nr_inodes=40", 100, Config{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := unix.Mount("tmpfs", dir, "tmpfs", 0, tt.options); err != nil {
				t.Skipf("skipped: mounting a small volume: %v", err)
			}
			t.Cleanup(func() { unix.Unmount(dir, unix.MNT_DETACH) })
			s, err := Open(dir, tt.config)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			stored := make(map[blob.Key][]byte)
			for i := 0; ; i++ {
				s.room.Lock()
				s.roomCheck = time.Time{}
				s.room.Unlock()
				data := blobtest.Bytes(i, tt.size)
				key, err := write(t, s, data)
				if err != nil {
					if fault.Of(err) != fault.Unavailable {
						t.Errorf("on a full volume: %v, want unavailable", err)
					}
					break
				}
				stored[key] = data
			}
			if len(stored) < 3 {
				t.Fatalf("only %d blobs found room", len(stored))
			}
			// The last blob began when there was more than the reserve.
			if v, _ := free(s.root); v.free+int64(tt.size)+2*layout.Align < tt.config.Reserve {
				t.Errorf("%d bytes are free, %d were to be kept", v.free, tt.config.Reserve)
			}
			if listed := len(blobtest.Keys(t, s)); listed != len(stored) {
				t.Errorf("%d blobs are listed, %d were acknowledged", listed, len(stored))
			}
			removed := 0
			for key, data := range stored {
				if !bytes.Equal(blobtest.Get(t, s, key, 0, -1), data) {
					t.Errorf("%s has other bytes", key)
				}
				if removed++; removed <= 3 {
					if err := s.Remove(t.Context(), key); err != nil {
						t.Errorf("Remove = %v", err)
					}
				}
			}
			time.Sleep(spaceAge + time.Millisecond)
			if _, err := write(t, s, []byte("room again")); err != nil {
				t.Errorf("after removals the store fails with %v", err)
			}
		})
	}
}
