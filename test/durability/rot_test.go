package durability_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// A spot is where some bytes lie on disk.
type spot struct {
	path   string
	offset int64
}

// locate finds the file below dir that holds the bytes.
func locate(t testing.TB, dir string, data []byte) spot {
	t.Helper()
	var found *spot
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		if offset := offsetIn(t, path, data); offset >= 0 {
			found = &spot{path, offset}
		}
		return nil
	})
	if err != nil || found == nil {
		t.Fatalf("no file below %s holds those %d bytes: %v", dir, len(data), err)
	}
	return *found
}

// offsetIn returns where in a file the bytes are, or -1.
func offsetIn(t testing.TB, path string, data []byte) int64 {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return int64(bytes.Index(b, data))
}

// A damage is done to the bytes of one file, and undone again.
type damage struct {
	name string
	do   func(t testing.TB, at spot, size, from int) (undo func())
}

func rewrite(t testing.TB, path string, change func(f *os.File) error) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err == nil {
		err = errors.Join(change(f), f.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
}

func flip(t testing.TB, path string, offset int64) {
	rewrite(t, path, func(f *os.File) error {
		var b [1]byte
		if _, err := f.ReadAt(b[:], offset); err != nil {
			return err
		}
		b[0] ^= 0x10
		_, err := f.WriteAt(b[:], offset)
		return err
	})
}

var damages = []damage{
	{"first byte flipped", func(t testing.TB, at spot, size, from int) func() {
		flip(t, at.path, at.offset)
		return func() { flip(t, at.path, at.offset) }
	}},
	{"middle byte flipped", func(t testing.TB, at spot, size, from int) func() {
		flip(t, at.path, at.offset+int64(size/2))
		return func() { flip(t, at.path, at.offset+int64(size/2)) }
	}},
	{"last byte flipped", func(t testing.TB, at spot, size, from int) func() {
		flip(t, at.path, at.offset+int64(size)-1)
		return func() { flip(t, at.path, at.offset+int64(size)-1) }
	}},
	{"last byte cut off", func(t testing.TB, at spot, size, from int) func() { return cutAt(t, at.path, at.offset+int64(size)-1) }},
	{"half cut off", func(t testing.TB, at spot, size, from int) func() { return cutAt(t, at.path, at.offset+int64(size/2)) }},
	{"all cut off", func(t testing.TB, at spot, size, from int) func() { return cutAt(t, at.path, 0) }},
	{"file gone", func(t testing.TB, at spot, size, from int) func() {
		if err := os.Rename(at.path, at.path+"-away"); err != nil {
			t.Fatal(err)
		}
		return func() { os.Rename(at.path+"-away", at.path) }
	}},
}

// cutAt shortens a file to n bytes.
func cutAt(t testing.TB, path string, n int64) (undo func()) {
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, n); err != nil {
		t.Fatal(err)
	}
	return func() { rewrite(t, path, func(f *os.File) error { _, err := f.WriteAt(whole, 0); return err }) }
}

// A victim is a stored file that bytes are spoiled of.
type victim struct {
	name   string
	handle string
	whole  []byte
	inside []byte // the run of bytes that is looked for on disk and spoiled
	from   int    // where in whole it is
}

// victims stores one file for each way bytes lie on disk.
func victims(t testing.TB, w *worker) []victim {
	t.Helper()
	var vs []victim
	add := func(name string, size int, put func(string, content) (string, error)) []byte {
		c := newContent(w.random.Uint64(), size)
		handle, err := put(name+".bin", c)
		if err != nil {
			t.Fatalf("store %s: %v", name, err)
		}
		vs = append(vs, victim{name: name, handle: handle, whole: c.bytes()})
		return c.bytes()
	}
	for name, size := range map[string]int{"tiny": 100, "packed": 200 << 10, "large": 3<<20 + 5} {
		b := add(name, size, w.putRaw)
		vs[len(vs)-1].inside = b
	}
	const part = 700 << 10 // what putParts makes of it
	b := add("parts", 3*part-1, w.putParts)
	v := &vs[len(vs)-1]
	v.from, v.inside = part, b[part:2*part]
	return vs
}

// reads reads v in every way, and returns how many were answered as if whole.
// Wrong bytes fail the test.
func (v victim) reads(t testing.TB, w *worker, state string) (good int) {
	t.Helper()
	size := len(v.whole)
	try := func(how string, from, n int, got []byte, err error) {
		switch {
		case err != nil:
		case !bytes.Equal(got, v.whole[from:from+n]):
			t.Errorf("%s, %s: %s was answered with wrong bytes (%d of %d)", v.name, state, how, len(got), n)
		default:
			good++
		}
	}
	b, err := w.read(v.handle)
	try("the whole", 0, size, b, err)
	middle := v.from + len(v.inside)/2
	for _, r := range [][2]int{{0, 1}, {v.from, 1}, {middle - 3, 7}, {v.from + len(v.inside) - 1, 1}, {size - 1, 1}, {0, size}, {1, size - 1}} {
		b, err := w.readRange(v.handle, r[0], r[1])
		try(fmt.Sprintf("range %d+%d", r[0], r[1]), r[0], r[1], b, err)
	}
	return good
}

const allReads = 8 // what victim.reads tries

// TestK7BitRot spoils bytes behind the server's back, while it runs and knows
// the file, and while it does not (threats: bit rot, R5).
func TestK7BitRot(t *testing.T) {
	n := newNode(t, filepath.Join(fastFolder(t), "data"))
	c := newCrew(t, n, nil)
	w := c.workers[0]
	n.start()
	cases := 0
	for _, v := range victims(t, w) {
		at := locate(t, n.data, v.inside)
		for _, d := range damages {
			for _, known := range []bool{true, false} {
				if !known && !soak && d.name != "middle byte flipped" {
					continue // a start for each is for the long form
				}
				state := d.name + ", read before"
				if known {
					if good := v.reads(t, w, "sound"); good != allReads {
						t.Errorf("%s: %d of %d reads of a sound file succeed", v.name, good, allReads)
					}
				} else {
					state = d.name + ", not read before"
					n.kill()
				}
				undo := d.do(t, at, len(v.inside), v.from)
				if !known {
					n.start()
				}
				w.http.CloseIdleConnections()
				if good := v.reads(t, w, state); good == allReads {
					t.Errorf("%s, %s: every read succeeds", v.name, state)
				}
				if _, err := w.read(v.handle); err == nil {
					t.Errorf("%s, %s: the whole file is answered as good", v.name, state)
				}
				checkNames(t, n, v, state)
				undo()
				cases++
			}
		}
		waitFor(t, v.name+" is read again once its bytes are back", func() error {
			_, err := w.read(v.handle)
			return err
		})
	}
	if r := n.check(); r.code != 0 {
		t.Errorf("check of repaired data: exit status %d", r.code)
	}
	if code := n.stop(); code != 0 {
		t.Errorf("the server ended with status %d", code)
	}
	t.Logf("bit rot: cases %d", cases)
}

// checkNames runs check beside the server: it must say that v, and nothing
// else, is not well.
func checkNames(t testing.TB, n *node, v victim, state string) {
	t.Helper()
	r := n.check()
	text := fmt.Sprintf("%s %s", r.Damaged, r.Missing)
	if r.code != 1 || !strings.Contains(text, v.handle) {
		t.Errorf("check of %s, %s: exit status %d, %s, want 1 and the name %s", v.name, state, r.code, text, v.handle)
	}
}

// TestK7Swap exchanges the files of two blobs of one size.
func TestK7Swap(t *testing.T) {
	n := newNode(t, filepath.Join(fastFolder(t), "data"))
	w := newCrew(t, n, nil).workers[0]
	n.start()
	for _, size := range []int{1000, 2 << 20} {
		a, b := newContent(w.random.Uint64(), size), newContent(w.random.Uint64(), size)
		first, err1 := w.putRaw("a.bin", a)
		second, err2 := w.putRaw("b.bin", b)
		if err := errors.Join(err1, err2); err != nil {
			t.Fatal(err)
		}
		va, vb := victim{"first", first, a.bytes(), a.bytes(), 0}, victim{"second", second, b.bytes(), b.bytes(), 0}
		va.reads(t, w, "sound")
		pa, pb := locate(t, n.data, va.whole).path, locate(t, n.data, vb.whole).path
		if pa == pb {
			t.Fatalf("both files of %d bytes lie in %s", size, pa)
		}
		if err := unix.Renameat2(unix.AT_FDCWD, pa, unix.AT_FDCWD, pb, unix.RENAME_EXCHANGE); err != nil {
			t.Fatal(err)
		}
		for _, v := range []victim{va, vb} {
			if good := v.reads(t, w, "swapped"); good > 0 {
				t.Errorf("%s of %d bytes, swapped: %d reads succeed", v.name, size, good)
			}
			checkNames(t, n, v, "swapped")
		}
		if err := unix.Renameat2(unix.AT_FDCWD, pa, unix.AT_FDCWD, pb, unix.RENAME_EXCHANGE); err != nil {
			t.Fatal(err)
		}
	}
	t.Log("swapped files: cases 2")
}

// TestK7SilentRot changes a bit below the file system, so that no time stamp
// tells. The server is started anew: a running one trusts what it has verified
// for an hour, as long as the time stamps stay (see blob.VaultConfig).
func TestK7SilentRot(t *testing.T) {
	vol := newVolume(t, "ext4", 64<<20)
	n := newNode(t, vol.data())
	w := newCrew(t, n, nil).workers[0]
	n.start()
	vs := victims(t, w)
	for _, v := range vs {
		if good := v.reads(t, w, "sound"); good != allReads {
			t.Errorf("%s: %d of %d reads of a sound file succeed", v.name, good, allReads)
		}
		path := locate(t, vol.dir, v.inside).path
		offset := offsetIn(t, vol.image, v.inside[:min(len(v.inside), 4096)]) // a block: a file may lie in pieces
		if offset < 0 {
			t.Fatal("the bytes are not on the volume")
		}
		spoil := func() {
			n.kill()
			vol.unmount()
			flip(t, vol.image, offset+10)
			vol.mount()
			n.start()
			w.http.CloseIdleConnections()
		}
		spoil()
		if offsetIn(t, path, v.inside) >= 0 {
			t.Fatalf("the flipped bit does not show in %s", path)
		}
		if good := v.reads(t, w, "silently flipped"); good == allReads {
			t.Errorf("%s, silently flipped: every read succeeds", v.name)
		}
		checkNames(t, n, v, "silently flipped")
		spoil()
	}
	t.Logf("silent bit rot: cases %d", len(vs))
}
