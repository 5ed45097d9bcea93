package fileblob

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"golang.org/x/sys/unix"

	"github.com/stowgate/stowgate/internal/blob"
	"github.com/stowgate/stowgate/internal/blob/blobtest"
	"github.com/stowgate/stowgate/internal/fault"
)

// A tape records what the store asks of the system, and lets some of it fail.
type tape struct {
	mu   sync.Mutex
	ops  []string
	fail func(op string) error // nil means that nothing fails
}

func (t *tape) do(op string, act func() error) error {
	t.mu.Lock()
	fail := t.fail
	var err error
	if fail != nil {
		err = fail(op)
	}
	t.mu.Unlock()
	if err == nil {
		err = act()
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ops = append(t.ops, op)
	return err
}

// set makes later calls fail as f says, and forgets the earlier ones.
func (t *tape) set(f func(op string) error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ops, t.fail = nil, f
}

// steps are the calls that a commit needs.
var steps = []string{"openTemp", "write", "syncFile", "mkdir", "link", "syncFolder"}

func (t *tape) system() system {
	k := kernel()
	taped := k
	taped.openTemp = func(tmp *os.File) (f *os.File, err error) {
		err = t.do("openTemp", func() error { f, err = k.openTemp(tmp); return err })
		return f, err
	}
	taped.write = func(f *os.File, p []byte, offset int64) error {
		return t.do("write", func() error { return k.write(f, p, offset) })
	}
	taped.syncFile = func(f *os.File) error { return t.do("syncFile", func() error { return k.syncFile(f) }) }
	taped.link = func(f, tmp, dir *os.File, name string) error {
		return t.do("link", func() error { return k.link(f, tmp, dir, name) })
	}
	taped.mkdir = func(root *os.File, name string) error {
		return t.do("mkdir", func() error { return k.mkdir(root, name) })
	}
	taped.syncFolder = func(dir *os.File) error { return t.do("syncFolder", func() error { return k.syncFolder(dir) }) }
	taped.punch = func(f *os.File, offset, size int64) error {
		return t.do("punch", func() error { return k.punch(f, offset, size) })
	}
	return taped
}

// write stores data, and returns what Create, Write or Commit failed with.
func write(t testing.TB, s *Store, data []byte) (blob.Key, error) {
	w, err := s.Create(t.Context())
	if err != nil {
		return "", err
	}
	defer w.Close()
	if _, err := w.Write(data); err != nil {
		if _, err := w.Commit(); err == nil {
			t.Error("Commit after a failed Write = nil")
		}
		return "", err
	}
	return w.Commit()
}

// TestFaults fails each call of each step once, in each way, and looks at what
// is left: whole blobs that were acknowledged, and nothing else.
func TestFaults(t *testing.T) {
	for _, step := range steps {
		for _, errno := range []error{unix.ENOSPC, unix.EDQUOT, unix.EIO} {
			t.Run(fmt.Sprintf("%s/%v", step, errno), func(t *testing.T) {
				for n := 1; faultAt(t, step, n, errno); n++ {
					if n > 100 {
						t.Fatal("the fault fires for ever")
					}
				}
			})
		}
	}
}

// faultAt fails the n-th call of a step, and reports whether there was one.
func faultAt(t *testing.T, step string, n int, errno error) (fired bool) {
	t.Helper()
	dir := t.TempDir()
	var tape tape
	s := openStore(t, dir, tape.system())
	calls := 0
	tape.set(func(op string) error {
		if op == step {
			if calls++; calls == n {
				return errno
			}
		}
		return nil
	})

	stored := make(map[blob.Key][]byte)
	failed := 0
	for i, size := range []int{100, bufferSize + 1, 9 << 20, 200} {
		data := blobtest.Bytes(i, size)
		switch key, err := write(t, s, data); {
		case err == nil:
			stored[key] = data
		case fault.Of(err) != fault.Unavailable:
			t.Errorf("%s %d: %v, want unavailable", step, n, err)
		default:
			failed++
		}
	}
	fired = calls >= n
	broken := fired && (step == "syncFolder" || step == "syncFile" && errno == unix.EIO)
	if fired != (failed > 0) || fired && !broken && failed != 1 {
		t.Errorf("%s %d: fired = %t, and %d blobs failed", step, n, fired, failed)
	}
	if (s.Health() != nil) != broken {
		t.Errorf("%s %d: Health = %v, want an error: %t", step, n, s.Health(), broken)
	}
	if _, err := s.Create(t.Context()); (fault.Of(err) == fault.Unavailable) != broken {
		t.Errorf("%s %d: Create = %v, want unavailable: %t", step, n, err, broken)
	}

	again := openStore(t, dir, kernel())
	if names, err := readNames(again.tmp); err != nil || len(names) > 0 {
		t.Errorf("%s %d: temporary files are left: %v, %v", step, n, names, err)
	}
	if listed := blobtest.Keys(t, again); len(listed) != len(stored) {
		t.Errorf("%s %d: %d blobs are listed, %d were acknowledged", step, n, len(listed), len(stored))
	}
	for key, data := range stored {
		if !bytes.Equal(blobtest.Get(t, again, key, 0, -1), data) {
			t.Errorf("%s %d: %s has other bytes", step, n, key)
		}
	}
	if _, err := write(t, again, []byte("x")); err != nil {
		t.Errorf("%s %d: opened anew, the store fails with %v", step, n, err)
	}
	return fired
}

// TestWritersAfterFailedSync has writers that were begun before the sync
// failed: nothing may be promised to them either.
func TestWritersAfterFailedSync(t *testing.T) {
	var tape tape
	s := openStore(t, t.TempDir(), tape.system())
	var writers []blob.Writer
	for _, size := range []int{100, bufferSize + 1} {
		w, err := s.Create(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer w.Close()
		w.Write(make([]byte, size))
		writers = append(writers, w)
	}
	tape.set(func(op string) error {
		if op == "syncFile" {
			return unix.EIO
		}
		return nil
	})
	if _, err := write(t, s, []byte("x")); fault.Of(err) != fault.Unavailable {
		t.Fatalf("commit with a failing sync = %v, want unavailable", err)
	}
	tape.set(nil)
	for _, w := range writers {
		if _, err := w.Commit(); fault.Of(err) != fault.Unavailable {
			t.Errorf("Commit after another's sync failed = %v, want unavailable", err)
		}
	}
	if keys := blobtest.Keys(t, s); len(keys) != 0 {
		t.Errorf("List yields %v, want nothing", keys)
	}
}

// TestSyncFailsForAll commits many blobs while the folder's sync fails once:
// whoever shared it, or came after it, gets an error.
func TestSyncFailsForAll(t *testing.T) {
	var tape tape
	s := openStore(t, t.TempDir(), tape.system())
	blobtest.Put(t, s, []byte("first"))
	syncs := 0
	tape.set(func(op string) error {
		if op == "syncFolder" {
			if syncs++; syncs == 3 {
				return unix.EIO
			}
		}
		return nil
	})
	var wg sync.WaitGroup
	var mu sync.Mutex
	stored := 1
	for i := range 64 {
		wg.Go(func() {
			if _, err := write(t, s, blobtest.Bytes(i, bufferSize+1)); err == nil {
				mu.Lock()
				stored++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if listed := len(blobtest.Keys(t, s)); listed != stored || s.Health() == nil {
		t.Errorf("%d blobs are listed, %d were acknowledged; Health = %v", listed, stored, s.Health())
	}
}

// TestOrder looks at the order of calls of single commits.
func TestOrder(t *testing.T) {
	for _, tt := range []struct {
		size int
		want string
	}{
		{100, "openTemp write write syncFile mkdir syncFolder link syncFolder"},
		{100, "openTemp write write syncFile link syncFolder"},
		{bufferSize, "openTemp write write syncFile link syncFolder"},
		{bufferSize + 1, "openTemp write write syncFile link syncFolder"},
	} {
		t.Run(fmt.Sprint(tt.size), func(t *testing.T) {
			var tape tape
			s := openStore(t, t.TempDir(), tape.system())
			if !strings.Contains(tt.want, "mkdir") {
				blobtest.Put(t, s, []byte("first"))
			}
			tape.set(nil)
			blobtest.Put(t, s, blobtest.Bytes(1, tt.size))
			if got := strings.Join(tape.ops, " "); got != tt.want {
				t.Errorf("calls = %s, want %s", got, tt.want)
			}
		})
	}
}

// TestSharedSyncs counts the calls of commits that come while the first one is
// busy: they share a pack and its syncs.
func TestSharedSyncs(t *testing.T) { synctest.Test(t, testSharedSyncs) }

func testSharedSyncs(t *testing.T) {
	var tape tape
	s := openStore(t, t.TempDir(), tape.system())
	blobtest.Put(t, s, []byte("first"))
	const writers = 40
	begun := make(chan bool)
	held := make(chan bool)
	first := true
	tape.set(func(op string) error {
		if op == "syncFile" && first {
			first = false
			close(begun)
			tape.mu.Unlock()
			<-held
			tape.mu.Lock()
		}
		return nil
	})
	var wg sync.WaitGroup
	commit := func() {
		if _, err := write(t, s, []byte("x")); err != nil {
			t.Error(err)
		}
	}
	wg.Go(commit)
	<-begun
	for range writers {
		wg.Go(commit)
	}
	synctest.Wait() // for all of them to wait for the first
	close(held)
	wg.Wait()
	count := func(op string) (n int) {
		for _, o := range tape.ops {
			if o == op {
				n++
			}
		}
		return n
	}
	for _, op := range []string{"openTemp", "syncFile", "link", "syncFolder"} {
		if got := count(op); got != 2 {
			t.Errorf("%d commits made %d calls of %s, want 2", writers+1, got, op)
		}
	}
	if keys := blobtest.Keys(t, s); len(keys) != writers+2 {
		t.Errorf("List yields %d blobs, want %d", len(keys), writers+2)
	}
}

// TestNoUnnamedFiles runs where files must have a name from the start.
func TestNoUnnamedFiles(t *testing.T) {
	for name, refuse := range map[string]func(*system){
		"no O_TMPFILE": func(sys *system) {
			sys.openTemp = func(*os.File) (*os.File, error) { return nil, unix.EOPNOTSUPP }
		},
		"no /proc": func(sys *system) {
			sys.link = func(f, tmp, dir *os.File, name string) error {
				if f.Name() == "" {
					return unix.ENOENT
				}
				return link(f, tmp, dir, name)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			sys := kernel()
			refuse(&sys)
			dir := t.TempDir()
			if name == "no O_TMPFILE" {
				blobtest.Run(t, func(t testing.TB) blob.Store { return openStore(t, t.TempDir(), sys) })
			}
			s := openStore(t, dir, sys)
			w, err := s.Create(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			w.Write(make([]byte, bufferSize+1))
			if names, _ := readNames(s.tmp); len(names) != 1 {
				t.Errorf("an open writer has the temporary files %v, want one", names)
			}
			openStore(t, dir, sys) // another process starts
			if names, _ := readNames(s.tmp); len(names) != 1 {
				t.Errorf("a file in use was cleaned away")
			}
			if _, err := w.Commit(); err != nil {
				t.Errorf("Commit = %v", err)
			}
			if names, _ := readNames(s.tmp); len(names) != 0 {
				t.Errorf("temporary files are left: %v", names)
			}
		})
	}
}

// TestNewStoreIsDurable looks for a sync of each folder above a new store, also
// of one that a crashed process made.
func TestNewStoreIsDurable(t *testing.T) {
	dir := t.TempDir()
	for _, want := range []string{
		"syncFolder mkdir syncFolder mkdir syncFolder mkdir openTemp link", // dir's name, a, b, tmp
		"syncFolder mkdir openTemp link",
	} {
		var tape tape
		s := openStore(t, filepath.Join(dir, "a", "b"), tape.system())
		if got := strings.Join(tape.ops, " "); got != want {
			t.Errorf("opening a store calls %s, want %s", got, want)
		}
		s.Close()
	}
}

// TestFullVolumeAtOpen opens a store where nothing can be written: its blobs
// must stay readable.
func TestFullVolumeAtOpen(t *testing.T) {
	dir := t.TempDir()
	key := blobtest.Put(t, openStore(t, dir, kernel()), []byte("x"))
	sys := kernel()
	sys.openTemp = func(*os.File) (*os.File, error) { return nil, unix.ENOSPC }
	s := openStore(t, dir, sys)
	if got := blobtest.Get(t, s, key, 0, -1); string(got) != "x" {
		t.Errorf("read %q", got)
	}
	if _, err := write(t, s, []byte("y")); fault.Of(err) != fault.Unavailable {
		t.Errorf("commit = %v, want unavailable", err)
	}
}

func TestO5Reserve(t *testing.T) {
	const large = 1 << 40
	for _, tt := range []struct {
		name   string
		config Config
		volume volume
		ok     bool
	}{
		{"large volume, one below", Config{}, volume{size: large, free: reserveBytes - 1}, false},
		{"large volume, at the reserve", Config{}, volume{size: large, free: reserveBytes}, true},
		{"large volume, one above", Config{}, volume{size: large, free: reserveBytes + 1}, true},
		{"small volume, one below", Config{}, volume{size: 2000, free: 99}, false},
		{"small volume, at the reserve", Config{}, volume{size: 2000, free: 100}, true},
		{"set, one below", Config{Reserve: 500}, volume{size: large, free: 499}, false},
		{"set, at the reserve", Config{Reserve: 500}, volume{size: large, free: 500}, true},
		{"none", Config{Reserve: -1}, volume{size: large}, true},
		{"inodes, one below", Config{Reserve: -1}, volume{files: 1 << 30, freeFiles: reserveFiles - 1}, false},
		{"inodes, at the reserve", Config{Reserve: -1}, volume{files: 1 << 30, freeFiles: reserveFiles}, true},
		{"few inodes, one below", Config{Reserve: -1}, volume{files: 200, freeFiles: 9}, false},
		{"few inodes, at the reserve", Config{Reserve: -1}, volume{files: 200, freeFiles: 10}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v := volume{size: large, free: large}
			sys := kernel()
			sys.free = func(*os.File) (volume, error) { return v, nil }
			s, err := open(t.TempDir(), tt.config, sys)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			key := blobtest.Put(t, s, []byte("x"))
			w, err := s.Create(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer w.Close()

			v, s.roomCheck = tt.volume, s.roomCheck.Add(-spaceAge)
			_, err = s.Create(t.Context())
			if (err == nil) != tt.ok || err != nil && fault.Of(err) != fault.Unavailable {
				t.Errorf("Create = %v, want it to work: %t", err, tt.ok)
			}
			if _, err := w.Write(make([]byte, pushSize)); (err == nil) != tt.ok {
				t.Errorf("a long write = %v, want it to work: %t", err, tt.ok)
			}
			blobtest.Get(t, s, key, 0, -1)
			if err := s.Remove(t.Context(), key); err != nil {
				t.Errorf("Remove = %v", err)
			}

			v, s.roomCheck = volume{size: large, free: large}, s.roomCheck.Add(-spaceAge)
			blobtest.Put(t, s, []byte("room again"))
		})
	}
}

// TestRoomIsAskedSeldom holds Create to one look at the volume in spaceAge.
func TestRoomIsAskedSeldom(t *testing.T) {
	asked := 0
	sys := kernel()
	sys.free = func(root *os.File) (volume, error) { asked++; return free(root) }
	s := openStore(t, t.TempDir(), sys)
	for range 2 {
		s.roomCheck = s.roomCheck.Add(-2 * spaceAge)
		for range 10 {
			if err := s.Health(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if asked > 4 { // 2, unless this machine is very slow
		t.Errorf("the volume was asked %d times, want 2", asked)
	}
	sys.free = func(*os.File) (volume, error) { return volume{}, unix.EIO }
	if err := openStore(t, t.TempDir(), sys).Health(); fault.Of(err) != fault.Unavailable {
		t.Errorf("Health where the volume cannot be asked = %v, want unavailable", err)
	}
}

func TestPunchFails(t *testing.T) {
	for _, errno := range []error{unix.EOPNOTSUPP, unix.EIO} {
		var tape tape
		s := openStore(t, t.TempDir(), tape.system())
		keys := packOf(t, s, 3)
		tape.set(func(op string) error {
			if op == "punch" {
				return errno
			}
			return nil
		})
		err := s.Remove(t.Context(), keys[0])
		if want := errors.Is(errno, unix.EIO); (err != nil) != want {
			t.Errorf("Remove where punching holes fails with %v = %v", errno, err)
		}
		left := blobtest.Keys(t, s)
		if _, ok := left[keys[0]]; ok || len(left) != 2 {
			t.Errorf("List yields %v after the removal", left)
		}
		if !slices.Contains(tape.ops, "punch") {
			t.Error("nothing was punched")
		}
		for _, key := range keys[1:] {
			if err := s.Remove(t.Context(), key); (err != nil) != (errno == unix.EIO && key == keys[1]) {
				t.Errorf("Remove = %v", err)
			}
		}
		if names, _ := readNames(s.root); len(blobtest.Keys(t, s)) != 0 || len(names) != 2 {
			t.Errorf("the dead pack stays; folder: %v", names)
		}
	}
}
