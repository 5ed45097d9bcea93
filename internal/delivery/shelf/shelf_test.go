package shelf_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"golang.org/x/sys/unix"

	"github.com/stowgate/stowgate/internal/delivery/shelf"
	"github.com/stowgate/stowgate/internal/fault"
)

// A clock stands still until a test moves it.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// A room is a shelf with its folder and clock.
type room struct {
	*shelf.Shelf
	t      *testing.T
	folder string
	config shelf.Config
	clock  *clock
}

func newRoom(t *testing.T, c shelf.Config) *room {
	t.Helper()
	r := &room{t: t, folder: filepath.Join(t.TempDir(), "variants"), config: c, clock: &clock{now: time.Now()}}
	r.config.Now = r.clock.Now
	r.open()
	t.Cleanup(func() { r.Close() })
	return r
}

// open opens the shelf, again if it was open before.
func (r *room) open() {
	r.t.Helper()
	if r.Shelf != nil {
		if err := r.Close(); err != nil {
			r.t.Fatal(err)
		}
	}
	var err error
	if r.Shelf, err = shelf.Open(r.folder, r.config); err != nil {
		r.t.Fatal(err)
	}
	r.Loaded()
}

func key(name string) shelf.Key { return sha256.Sum256([]byte(name)) }

func (r *room) path(name string) string { return filepath.Join(r.folder, key(name).String()) }

// put keeps a file of owner called name, with text in it.
func (r *room) put(owner, name, text string, subjects ...string) {
	r.t.Helper()
	f, err := r.Temp()
	if err != nil {
		r.t.Fatal(err)
	}
	r.finish(f, owner, name, text, subjects...)
}

func (r *room) finish(f *os.File, owner, name, text string, subjects ...string) {
	r.t.Helper()
	if _, err := io.WriteString(f, text); err != nil {
		r.t.Fatal(err)
	}
	now := r.clock.Now()
	got, err := r.Put(key(name), f, shelf.Label{
		Owner: owner, Subjects: subjects, Made: now, Expires: now.Add(24 * time.Hour),
		Type: "image/png", Detected: "text/plain", Width: 3, Height: 2, Frames: 1,
	}, true)
	if err != nil {
		r.t.Fatal(err)
	}
	r.read(got, text)
}

// peek returns the file called name, which must be at hand.
func (r *room) peek(name string) *shelf.File {
	r.t.Helper()
	f, ok := r.Peek(key(name))
	if !ok {
		r.t.Fatalf("Peek does not find %s", name)
	}
	return f
}

// read reads f to its end, and closes it.
func (r *room) read(f *shelf.File, want string) {
	r.t.Helper()
	defer f.Close()
	if got, err := io.ReadAll(f); string(got) != want || err != nil {
		r.t.Errorf("read %d bytes, %v; want %d bytes", len(got), err, len(want))
	}
}

// there tells which files of names there are, and counts as their use.
func (r *room) there(names ...string) string {
	var found []string
	for _, name := range names {
		if f, ok := r.Get(key(name)); ok {
			f.Close()
			found = append(found, name)
		}
	}
	return strings.Join(found, " ")
}

func (r *room) wantThere(want string, names ...string) {
	r.t.Helper()
	if got := r.there(names...); got != want {
		r.t.Errorf("there is %q, want %q", got, want)
	}
}

// wantFiles checks that nothing else is in the folder.
func (r *room) wantFiles(n int) {
	r.t.Helper()
	entries, err := os.ReadDir(r.folder)
	if err != nil || len(entries) != n {
		r.t.Errorf("%d files in the folder, %v; want %d", len(entries), err, n)
	}
	if s := r.Stats(); s.Files != n {
		r.t.Errorf("%d files in the books, want %d", s.Files, n)
	}
}

func TestPutGet(t *testing.T) {
	r := newRoom(t, shelf.Config{})
	text := strings.Repeat("0123456789", 1000)
	r.wantThere("", "n")
	r.put("a", "n", text)
	for name, get := range map[string]func(shelf.Key) (*shelf.File, bool){"Peek": r.Peek, "Get": r.Get} {
		f, ok := get(key("n"))
		if !ok {
			t.Fatalf("%s found nothing", name)
		}
		defer f.Close()
		if err := iotest.TestReader(f, []byte(text)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if f.SHA256 != sha256.Sum256([]byte(text)) || f.Size != 10_000 || f.Type != "image/png" || f.Detected != "text/plain" ||
			f.Width != 3 || f.Height != 2 || f.Frames != 1 || !f.Made.Equal(r.clock.Now()) {
			t.Errorf("%s: label %+v", name, f.Label)
		}
		r.read(f.Reopen(), text)
	}
	r.Remove(key("n"))
	r.wantThere("", "n")
	r.wantFiles(0)
}

func TestWriteRangeTo(t *testing.T) {
	r := newRoom(t, shelf.Config{})
	r.put("a", "n", "0123456789")
	for _, tt := range []struct {
		from, n int64
		want    string
		err     error
	}{
		{0, 10, "0123456789", nil},
		{3, 4, "3456", nil},
		{10, 0, "", nil},
		{8, 3, "89", io.EOF}, // and nothing of the label
		{11, 1, "", io.EOF},
	} {
		f, ok := r.Get(key("n"))
		if !ok {
			t.Fatal("not there")
		}
		defer f.Close()
		f.Seek(tt.from, io.SeekStart)
		var b bytes.Buffer
		if n, err := f.WriteRangeTo(&b, tt.n); n != int64(len(tt.want)) || b.String() != tt.want || err != tt.err {
			t.Errorf("WriteRangeTo(%d from %d) = %d %q, %v; want %q, %v", tt.n, tt.from, n, &b, err, tt.want, tt.err)
		}
	}
	f, _ := r.Get(key("n"))
	defer f.Close()
	for _, bad := range []struct {
		offset int64
		whence int
	}{{-1, io.SeekStart}, {-11, io.SeekEnd}, {0, 3}, {0, -1}} {
		if _, err := f.Seek(bad.offset, bad.whence); !errors.Is(err, fault.Invalid) {
			t.Errorf("Seek(%d, %d) = %v, want invalid", bad.offset, bad.whence, err)
		}
	}
}

// What is not to be kept, or too large for that, can be read once all the same.
func TestNotKept(t *testing.T) {
	r := newRoom(t, shelf.Config{Budget: 100 * shelf.Block, Share: 10})
	r.put("a", "fits", "0123456789")
	r.put("a", "large", "0123456789+")
	r.config.Reserve = math.MaxInt64 // no disk is that large
	r.open()
	r.put("a", "no room", "x")
	r.config.Reserve = 0
	r.open()
	f, err := r.Temp()
	if err != nil {
		t.Fatal(err)
	}
	got, err := r.Put(key("not kept"), f, shelf.Label{}, false)
	if err != nil {
		t.Fatal(err)
	}
	r.read(got, "")
	r.wantThere("fits", "fits", "large", "no room", "not kept")
	r.wantFiles(1)
}

// The reserve of the disk is never used.
func TestReserve(t *testing.T) {
	disk := func(all, free, files, freeFiles uint64) unix.Statfs_t {
		return unix.Statfs_t{Bsize: 4096, Blocks: all / 4096, Bavail: free / 4096, Files: files, Ffree: freeFiles}
	}
	for _, tt := range []struct {
		name    string
		disk    unix.Statfs_t
		reserve int64
		want    bool
	}{
		{"large, at the reserve", disk(1<<40, 1<<30, 1e6, 10_000), 0, true},
		{"large, under it", disk(1<<40, 1<<30-4096, 1e6, 10_000), 0, false},
		{"small, at the reserve", disk(20<<20, 1<<20, 2000, 100), 0, true},
		{"small, under it", disk(20<<20, 1<<20-4096, 2000, 100), 0, false},
		{"at a reserve of one's own", disk(1<<40, 1<<20, 1e6, 1e5), 1 << 20, true},
		{"under it", disk(1<<40, 1<<20, 1e6, 1e5), 1<<20 + 1, false},
		{"no reserve", disk(1<<40, 0, 1e6, 1e5), -1, true},
		{"hardly any names left", disk(1<<40, 1<<39, 1e6, 9_999), 0, false},
		{"hardly any on a small disk", disk(20<<20, 10<<20, 2000, 99), -1, false},
		{"no count of names", disk(1<<40, 1<<39, 0, 0), 0, true},
	} {
		if got := shelf.Roomy(tt.disk, tt.reserve); got != tt.want {
			t.Errorf("%s: room = %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestBudgetEdge(t *testing.T) {
	r := newRoom(t, shelf.Config{Budget: 3 * shelf.Block})
	for _, name := range []string{"1", "2", "3"} {
		r.put("a", name, name)
		r.clock.pass(time.Second)
	}
	if s := r.Stats(); s.Bytes != 3*shelf.Block || s.Evicted != 0 {
		t.Errorf("at the budget: %+v", s)
	}
	r.wantThere("1", "1") // now 2 is the one not used for the longest time
	r.clock.pass(time.Second)
	r.put("a", "4", "4")
	r.wantThere("1 3 4", "1", "2", "3", "4")
	if s := r.Stats(); s.Bytes != 3*shelf.Block || s.Evicted != 1 {
		t.Errorf("one over the budget: %+v", s)
	}
	r.put("a", "two blocks", strings.Repeat("x", shelf.Block))
	r.wantThere("4 two blocks", "1", "2", "3", "4", "two blocks")
	r.wantFiles(2)
}

// An app that asks for one width after the other takes nothing from the others.
func TestF8OneOwnerFillsItsShare(t *testing.T) {
	r := newRoom(t, shelf.Config{Budget: 10 * shelf.Block})
	r.put("b", "b1", "x")
	r.put("b", "b2", "x")
	for i := range 100 {
		r.clock.pass(time.Second)
		r.put("a", fmt.Sprint("a", i), "x")
	}
	r.wantThere("b1 b2", "b1", "b2")
	if s := r.Stats(); s.Files != 10 {
		t.Errorf("%d files are kept, want all that there is room for", s.Files)
	}
	for i := range 5 { // who has less than a share gets room from who has more
		r.clock.pass(time.Second)
		r.put("c", fmt.Sprint("c", i), "x")
	}
	r.wantThere("c0 c1 c2 c3 c4 b1 b2", "c0", "c1", "c2", "c3", "c4", "b1", "b2")
	// Nobody is over the share: the one used least recently goes.
	r.wantThere("a99", "a99")
	r.clock.pass(time.Second)
	r.wantThere("b1 b2", "b1", "b2")
	r.clock.pass(time.Second)
	r.put("d", "d", "x")
	r.wantThere("a98 b1 b2 d", "a97", "a98", "b1", "b2", "d")
}

// Files stay open for the next Peek: not many, and none that is off the shelf.
func TestHeld(t *testing.T) {
	r := newRoom(t, shelf.Config{})
	r.put("a", "dropped", "x", "s")
	for i := range shelf.MaxHeld + 5 {
		r.put("a", fmt.Sprint(i), "x")
		r.peek(fmt.Sprint(i)).Close()
		if n := r.Held(); n > shelf.MaxHeld {
			t.Fatalf("%d files are held open", n)
		}
	}
	f := r.peek("dropped")
	if n := r.Held(); n != shelf.MaxHeld {
		t.Errorf("%d files are held open, want %d", n, shelf.MaxHeld)
	}
	r.Drop("s")
	if n := r.Held(); n != shelf.MaxHeld-1 {
		t.Errorf("%d files are held open after a drop, want %d", n, shelf.MaxHeld-1)
	}
	r.wantThere("", "dropped")
	r.read(f, "x")
	if err := f.Close(); err == nil {
		t.Error("closed twice")
	}
	if _, err := f.Read(make([]byte, 1)); err == nil {
		t.Error("Read works after Close")
	}
	closed := r.Shelf
	r.open()
	if n := closed.Held(); n != 0 {
		t.Errorf("%d files are held open after Close", n)
	}
}

func TestExpiry(t *testing.T) {
	r := newRoom(t, shelf.Config{Trust: 48 * time.Hour})
	r.put("a", "n", "x")
	r.clock.pass(24*time.Hour - 1)
	r.wantThere("n", "n")
	if f, ok := r.Peek(key("n")); !ok {
		t.Error("Peek finds nothing just before it expires")
	} else {
		f.Close()
	}
	r.clock.pass(1)
	if _, ok := r.Peek(key("n")); ok {
		t.Error("Peek finds what has expired")
	}
	r.wantThere("", "n")
	r.wantFiles(0)
	r.put("a", "n", "x")
	r.clock.pass(-time.Minute)
	r.wantThere("", "n") // its time has not come: the clock was wrong once
}

func TestReplace(t *testing.T) {
	r := newRoom(t, shelf.Config{})
	r.put("a", "n", "old", "s")
	old, ok := r.Peek(key("n"))
	if !ok {
		t.Fatal("not there")
	}
	r.put("b", "n", "newer")
	r.read(old, "old")
	f, ok := r.Peek(key("n"))
	if !ok {
		t.Fatal("not there")
	}
	r.read(f, "newer")
	r.Drop("s") // of the old one alone
	r.wantThere("n", "n")
	r.wantFiles(1)
}

func TestDrop(t *testing.T) {
	r := newRoom(t, shelf.Config{})
	r.put("a", "1", "x", "s")
	r.put("a", "2", "x", "s", "t")
	r.put("a", "3", "x", "t", "t")
	open, _ := r.Peek(key("1"))
	r.Drop("s")
	r.wantThere("3", "1", "2", "3")
	r.read(open, "x")
	r.Drop("s")
	r.open()
	r.Drop("t")
	r.wantFiles(0)
}

func TestRestart(t *testing.T) {
	r := newRoom(t, shelf.Config{Budget: 4 * shelf.Block})
	for _, name := range []string{"1", "2", "3", "4"} {
		r.put("a", name, name)
		r.clock.pass(time.Minute)
	}
	r.clock.pass(time.Hour)
	r.wantThere("2", "2") // verified again, which is noted for the next start
	r.clock.pass(time.Minute)
	r.config.Budget = 2 * shelf.Block
	r.open()
	if _, ok := r.Peek(key("2")); ok {
		t.Error("Peek finds what was not verified since the start")
	}
	r.wantThere("2 4", "1", "2", "3", "4")
	if _, ok := r.Peek(key("2")); !ok {
		t.Error("Peek does not find what was verified")
	}
	r.wantFiles(2)
}

// Files are found before all of them are known, and what is dropped before they
// are does not come back.
func TestBesideLoading(t *testing.T) {
	for range 20 {
		r := newRoom(t, shelf.Config{})
		for i := range 50 {
			r.put("a", fmt.Sprint(i), "x", fmt.Sprint("s", i))
		}
		r.Close()
		var err error
		if r.Shelf, err = shelf.Open(r.folder, r.config); err != nil {
			t.Fatal(err)
		}
		r.wantThere("7", "7")
		r.Drop("s8")
		r.put("a", "9", "new")
		r.Loaded()
		r.wantThere("7 9 10", "7", "8", "9", "10")
		f, _ := r.Get(key("9"))
		r.read(f, "new")
		r.wantFiles(49)
	}
}

// TestK7Rot edits files in every way behind the shelf's back, after they were
// trusted and before a start.
func TestK7Rot(t *testing.T) {
	text := strings.Repeat("0123456789", 1000)
	edit := func(change func(b []byte) []byte) func(*room) {
		return func(r *room) {
			b, err := os.ReadFile(r.path("n"))
			if err != nil {
				r.t.Fatal(err)
			}
			if err := os.WriteFile(r.path("n"), change(b), 0o600); err != nil {
				r.t.Fatal(err)
			}
		}
	}
	flip := func(at int) func(*room) {
		return edit(func(b []byte) []byte { b[(at+len(b))%len(b)] ^= 1; return b })
	}
	for name, damage := range map[string]func(*room){
		"first byte":       flip(0),
		"last byte":        flip(9999),
		"label":            flip(10_050),
		"mark":             flip(-16),
		"length":           flip(-8),
		"length, a lot":    flip(-5),
		"sum":              flip(-1),
		"torn":             edit(func(b []byte) []byte { return b[:5000] }),
		"torn in label":    edit(func(b []byte) []byte { return b[:len(b)-1] }),
		"empty":            edit(func([]byte) []byte { return nil }),
		"zeros":            edit(func(b []byte) []byte { clear(b); return b }),
		"longer":           edit(func(b []byte) []byte { return append(b, 0) }),
		"shifted":          edit(func(b []byte) []byte { return append([]byte("0"), b...) }),
		"twice":            edit(func(b []byte) []byte { return append(b, b...) }),
		"that of another":  func(r *room) { os.Rename(r.path("other"), r.path("n")) },
		"gone":             func(r *room) { os.Remove(r.path("n")) },
		"a link elsewhere": func(r *room) { os.Remove(r.path("n")); os.Symlink(r.path("other"), r.path("n")) },
		"a folder":         func(r *room) { os.Remove(r.path("n")); os.Mkdir(r.path("n"), 0o700) },
	} {
		t.Run(name, func(t *testing.T) {
			for _, state := range []string{"put", "held open", "found at the start"} {
				r := newRoom(t, shelf.Config{})
				r.put("a", "n", text)
				r.put("a", "other", text+"+")
				if state == "held open" {
					r.peek("n").Close()
				}
				damage(r)
				if state == "found at the start" {
					r.open()
				}
				if f, ok := r.Peek(key("n")); ok {
					f.Close()
					t.Errorf("%s: Peek trusts it", state)
				}
				r.wantThere("", "n")
				if name != "a folder" {
					r.put("a", "n", "again")
					r.wantThere("n", "n")
				}
			}
		})
	}
}

// Damage is noticed although the file was trusted, and counted.
func TestDamagedIsCounted(t *testing.T) {
	r := newRoom(t, shelf.Config{})
	r.put("a", "n", "x")
	if err := os.WriteFile(r.path("n"), []byte("damaged, and long enough to have an end"), 0o600); err != nil {
		t.Fatal(err)
	}
	r.wantThere("", "n")
	if got := r.Stats().Damaged; got != 1 {
		t.Errorf("%d damaged, want 1", got)
	}
	r.wantFiles(0)
}

// What a crash leaves unfinished is removed, and foreign files are left alone.
func TestP4Leftovers(t *testing.T) {
	r := newRoom(t, shelf.Config{})
	r.put("a", "n", "x")
	for _, name := range []string{"unfinished-1", "README", strings.ToUpper(key("n").String())} {
		if err := os.WriteFile(filepath.Join(r.folder, name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r.open()
	entries, _ := os.ReadDir(r.folder)
	if len(entries) != 3 {
		t.Errorf("left are %v", entries)
	}
	for _, e := range entries {
		if info, err := e.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, %v", e.Name(), info.Mode(), err)
		}
	}
	if info, err := os.Stat(r.folder); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("folder has mode %v, %v", info.Mode(), err)
	}
}

// Where there are no unnamed files, a copy is kept.
func TestWithoutUnnamedFiles(t *testing.T) {
	r := newRoom(t, shelf.Config{})
	f, err := r.Removed()
	if err != nil {
		t.Fatal(err)
	}
	r.finish(f, "a", "n", "text")
	r.wantThere("n", "n")
	r.wantFiles(1)
	r.open()
	r.wantThere("n", "n")
}

func TestConcurrent(t *testing.T) {
	r := newRoom(t, shelf.Config{Budget: 20 * shelf.Block})
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for j := range 200 {
				name := fmt.Sprint((i*7 + j) % 40)
				switch j % 5 {
				case 0:
					r.put(fmt.Sprint("owner", i%3), name, strings.Repeat(name, 100), "s"+name)
				case 1:
					r.Drop("s" + name)
				case 2:
					if f, ok := r.Peek(key(name)); ok {
						r.read(f, strings.Repeat(name, 100))
					}
				case 3:
					if f, ok := r.Get(key(name)); ok {
						r.read(f, strings.Repeat(name, 100))
					}
				case 4:
					r.Stats()
				}
			}
		})
	}
	all.Wait()
	files := r.Stats().Files
	r.wantFiles(files)
	if s := r.Stats(); s.Damaged != 0 || s.Bytes > 20*shelf.Block {
		t.Errorf("%+v", s)
	}
}

func TestOpenErrors(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := shelf.Open(file, shelf.Config{}); err == nil {
		t.Error("Open of a file succeeds")
	}
}

func BenchmarkPeek(b *testing.B) {
	s, err := shelf.Open(b.TempDir(), shelf.Config{})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	f, err := s.Temp()
	if err != nil {
		b.Fatal(err)
	}
	f.Write(make([]byte, 100<<10))
	now := time.Now()
	kept, err := s.Put(key("n"), f, shelf.Label{Owner: "a", Made: now, Expires: now.Add(time.Hour)}, true)
	if err != nil {
		b.Fatal(err)
	}
	kept.Close()
	for b.Loop() {
		f, ok := s.Peek(key("n"))
		if !ok {
			b.Fatal("not there")
		}
		f.Close()
	}
}

func BenchmarkPut(b *testing.B) {
	s, err := shelf.Open(b.TempDir(), shelf.Config{})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	data := make([]byte, 100<<10)
	now := time.Now()
	ctx := context.Background()
	for i := 0; b.Loop() && ctx.Err() == nil; i++ {
		f, err := s.Temp()
		if err != nil {
			b.Fatal(err)
		}
		f.Write(data)
		kept, err := s.Put(key(fmt.Sprint(i)), f, shelf.Label{Owner: "a", Made: now, Expires: now.Add(time.Hour)}, true)
		if err != nil {
			b.Fatal(err)
		}
		kept.Close()
	}
}

// TestMain is also the process that TestKill kills.
func TestMain(m *testing.M) {
	if folder := os.Getenv("SHELF_TEST_FOLDER"); folder != "" {
		fillFor(folder)
	}
	os.Exit(m.Run())
}

// textOf is the text of the file called key(i).
func textOf(i int) string { return strings.Repeat(fmt.Sprint(i, " "), 1000+i%5000) }

// fillFor puts files on a shelf until it is killed.
func fillFor(folder string) {
	s, err := shelf.Open(folder, shelf.Config{Budget: 1 << 20})
	if err != nil {
		panic(err)
	}
	for i := 0; ; i++ {
		f, err := s.Temp()
		if err != nil {
			panic(err)
		}
		io.WriteString(f, textOf(i%100))
		now := time.Now()
		kept, err := s.Put(key(fmt.Sprint(i%100)), f, shelf.Label{Owner: "a", Made: now, Expires: now.Add(time.Hour)}, true)
		if err != nil {
			panic(err)
		}
		kept.Close()
	}
}

// TestKill kills a process that writes, many times: what is there afterwards is
// whole, and nothing else is left.
func TestKill(t *testing.T) {
	r := newRoom(t, shelf.Config{Budget: 1 << 20})
	found := 0
	for i := range 20 {
		r.Close()
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), "SHELF_TEST_FOLDER="+r.folder)
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(10+i*3) * time.Millisecond)
		child.Process.Kill()
		child.Wait()
		r.clock.pass(time.Minute)
		var err error
		if r.Shelf, err = shelf.Open(r.folder, r.config); err != nil {
			t.Fatal(err)
		}
		r.Loaded()
		for j := range 100 {
			if f, ok := r.Get(key(fmt.Sprint(j))); ok {
				found++
				r.read(f, textOf(j))
			}
		}
		s := r.Stats()
		if s.Damaged != 0 || s.Bytes > 1<<20 {
			t.Errorf("after kill %d: %+v", i, s)
		}
		r.wantFiles(s.Files)
	}
	if found == 0 {
		t.Error("nothing was ever kept")
	}
}
