package fileblob

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/stowgate/stowgate/internal/blob"
	"github.com/stowgate/stowgate/internal/blob/blobtest"
	"github.com/stowgate/stowgate/internal/blob/fileblob/layout"
	"github.com/stowgate/stowgate/internal/fault"
)

// openPacks returns how many descriptors of packs below the store's folder this
// process has, also of packs that have no name any more.
func openPacks(t testing.TB, s *Store) (n int) {
	t.Helper()
	fds, err := filepath.Glob("/proc/self/fd/*")
	if err != nil || len(fds) < 3 {
		t.Fatalf("there are %d descriptors, %v", len(fds), err)
	}
	for _, fd := range fds {
		to, err := os.Readlink(fd)
		to = strings.TrimSuffix(to, " (deleted)")
		if err == nil && strings.HasPrefix(to, s.root.Name()+"/") && strings.HasSuffix(to, layout.PackSuffix) {
			n++
		}
	}
	return n
}

// read opens a blob to its end.
func read(t testing.TB, s *Store, key blob.Key) ([]byte, error) {
	r, err := s.Open(t.Context(), key, 0, -1)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

func TestReadsShareADescriptor(t *testing.T) {
	s := newStore(t)
	key := packOf(t, s, 2)[1]
	var readers []blob.Reader
	for range 10 {
		r, err := s.Open(t.Context(), key, 0, -1)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		readers = append(readers, r)
	}
	if n := openPacks(t, s); n != 1 {
		t.Errorf("10 readers of a record have %d descriptors, want 1", n)
	}
	for _, r := range readers[1:] {
		r.Close()
		r.Close() // counts once
	}
	if got, err := io.ReadAll(readers[0]); err != nil || !bytes.Equal(got, blobtest.Bytes(1, recordSize)) {
		t.Errorf("the last reader gets %d other bytes, %v", len(got), err)
	}
	readers[0].Close()
	if n := openPacks(t, s); n != 1 {
		t.Errorf("without readers there are %d descriptors, want 1", n)
	}
}

// TestKeptAreBounded reads more records than packs are kept open for.
func TestKeptAreBounded(t *testing.T) {
	s := newStore(t)
	want := s.opened.limit
	var keys []blob.Key
	for len(keys) < want+20 {
		keys = append(keys, packOf(t, s, layout.MaxRecords)...)
	}
	for range 2 {
		for i, key := range keys {
			if got, err := read(t, s, key); err != nil || !bytes.Equal(got, blobtest.Bytes(i%layout.MaxRecords, recordSize)) {
				t.Fatalf("record %d has %d other bytes, %v", i, len(got), err)
			}
			if n := openPacks(t, s); i%20 == 0 && n > want || i == want && n != want {
				t.Fatalf("after %d records %d descriptors are open, want at most %d", i+1, n, want)
			}
		}
	}
	if err := s.Close(); err != nil {
		t.Errorf("Close = %v", err)
	}
	if n := openPacks(t, s); n != 0 {
		t.Errorf("%d descriptors are open after Close", n)
	}
}

func TestShelfLimit(t *testing.T) {
	var was unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &was); err != nil {
		t.Fatal(err)
	}
	defer unix.Setrlimit(unix.RLIMIT_NOFILE, &was)
	if was.Max < maxKept*descriptorShare+1 {
		t.Skipf("skipped: at most %d descriptors", was.Max)
	}
	for _, tt := range []struct{ descriptors, want int }{
		{256, 32},
		{maxKept*descriptorShare - 1, maxKept - 1},
		{maxKept * descriptorShare, maxKept},
		{maxKept*descriptorShare + 1, maxKept},
	} {
		limit := unix.Rlimit{Cur: uint64(tt.descriptors), Max: was.Max}
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
			t.Fatal(err)
		}
		if got := newShelf().limit; got != tt.want {
			t.Errorf("with %d descriptors %d packs are kept, want %d", tt.descriptors, got, tt.want)
		}
	}
}

// TestNothingIsKept reads where no descriptor is to spare.
func TestNothingIsKept(t *testing.T) {
	s := newStore(t)
	s.opened.limit = 0
	for i, key := range packOf(t, s, 3) {
		if got, err := read(t, s, key); err != nil || !bytes.Equal(got, blobtest.Bytes(i, recordSize)) {
			t.Errorf("record %d has %d other bytes, %v", i, len(got), err)
		}
	}
	if n := openPacks(t, s); n != 0 {
		t.Errorf("%d descriptors are open, want none", n)
	}
}

// TestRemovedElsewhere has another process remove records that are kept open.
func TestRemovedElsewhere(t *testing.T) {
	dir := t.TempDir()
	s, other := openStore(t, dir, kernel()), openStore(t, dir, kernel())
	for _, tt := range []struct {
		name    string
		records int
		sameAge bool // the file's times do not tell
	}{
		{"one of several", 3, false},
		{"one of several within a tick of the clock", 3, true},
		{"the last", 1, false},
		{"the last within a tick of the clock", 1, true},
	} {
		keys := packOf(t, s, tt.records)
		for _, key := range keys {
			if _, err := read(t, s, key); err != nil {
				t.Fatal(err)
			}
		}
		if err := other.Remove(t.Context(), keys[0]); err != nil {
			t.Fatal(err)
		}
		if o := s.opened.kept[keys[0]]; tt.sameAge {
			now, err := stateOf(o.file)
			if err != nil {
				t.Fatal(err)
			}
			o.state = now
		}
		if _, err := read(t, s, keys[0]); fault.Of(err) != fault.NotFound {
			t.Errorf("%s: Open of what another process removed = %v, want not found", tt.name, err)
		}
		for i, key := range keys[1:] {
			if got, err := read(t, s, key); err != nil || !bytes.Equal(got, blobtest.Bytes(i+1, recordSize)) {
				t.Errorf("%s: record %d has %d other bytes, %v", tt.name, i+1, len(got), err)
			}
		}
	}
}

// TestListLetsGo has another process remove records that are kept open and are
// not asked for again.
func TestListLetsGo(t *testing.T) {
	dir := t.TempDir()
	s, other := openStore(t, dir, kernel()), openStore(t, dir, kernel())
	keys := packOf(t, s, 3)
	path := packPath(s, keys[0])
	before := blocks(t, path)
	readAll := func() {
		t.Helper()
		for _, key := range keys {
			if _, err := read(t, s, key); err != nil {
				t.Fatal(err)
			}
		}
	}

	readAll()
	if err := other.Remove(t.Context(), keys[0]); err != nil {
		t.Fatal(err)
	}
	if got := blocks(t, path); got != before {
		t.Errorf("%d bytes were given back under an open record", before-got)
	}
	blobtest.Keys(t, s)
	if got := before - blocks(t, path); got != layout.Aligned(recordSize) {
		t.Errorf("List gave %d bytes back, want %d", got, layout.Aligned(recordSize))
	}

	keys = keys[1:]
	readAll()
	for _, key := range keys {
		if err := other.Remove(t.Context(), key); err != nil {
			t.Fatal(err)
		}
	}
	if n := openPacks(t, s); n != len(keys) {
		t.Errorf("%d records of a pack without a name are open, want %d", n, len(keys))
	}
	blobtest.Keys(t, s)
	if n := openPacks(t, s); n != 0 {
		t.Errorf("after List %d records of a pack without a name are open", n)
	}
}

// TestRemoveLetsGo removes records that are kept open, and needs no List.
func TestRemoveLetsGo(t *testing.T) {
	s := newStore(t)
	keys := packOf(t, s, 3)
	path := packPath(s, keys[0])
	before := blocks(t, path)
	for i, key := range keys {
		if _, err := read(t, s, key); err != nil {
			t.Fatal(err)
		}
		if err := s.Remove(t.Context(), key); err != nil {
			t.Fatal(err)
		}
		if i == len(keys)-1 {
			break // the pack is gone
		}
		if got, want := before-blocks(t, path), int64(i+1)*layout.Aligned(recordSize); got != want {
			t.Errorf("%d removals gave %d bytes back, want %d", i+1, got, want)
		}
	}
	if n := openPacks(t, s); n != 0 {
		t.Errorf("%d descriptors are open, want none", n)
	}
}

// TestDamagedWhileKept edits a pack behind the store's back.
func TestDamagedWhileKept(t *testing.T) {
	for _, tt := range []struct {
		name string
		edit func(f *os.File) error
		want fault.Kind
	}{
		{"an offset", func(f *os.File) error { _, err := f.WriteAt([]byte{1}, layout.EntryOffset(1)); return err }, fault.Damaged},
		{"a state", func(f *os.File) error { return setState(f, 1, layout.Unknown) }, fault.Damaged},
		{"the end", func(f *os.File) error { return f.Truncate(2 * layout.Align) }, fault.Damaged},
		{"everything", func(f *os.File) error { return f.Truncate(0) }, fault.Damaged},
		{"the name", func(f *os.File) error { return os.Remove(f.Name()) }, fault.NotFound},
	} {
		s := newStore(t)
		key := packOf(t, s, 2)[1]
		if _, err := read(t, s, key); err != nil {
			t.Fatal(err)
		}
		f, err := os.OpenFile(packPath(s, key), os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if err := tt.edit(f); err != nil {
			t.Fatal(err)
		}
		f.Close()
		if _, err := read(t, s, key); fault.Of(err) != tt.want {
			t.Errorf("%s: Open = %v, want %v", tt.name, err, tt.want)
		}
		if n := openPacks(t, s); n != 0 {
			t.Errorf("%s: %d descriptors are open, want none", tt.name, n)
		}
	}
}

// TestCloseUnderReaders closes the store before a reader of it.
func TestCloseUnderReaders(t *testing.T) {
	s := newStore(t)
	keys := packOf(t, s, 3)
	for _, key := range keys {
		if _, err := read(t, s, key); err != nil {
			t.Fatal(err)
		}
	}
	r, err := s.Open(t.Context(), keys[1], 0, -1)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	late, err := s.acquire(keys[2])
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("Close = %v", err)
	}
	s.opened.keep(keys[2], late) // as of an Open that the Close overtook
	s.opened.release(late)
	if n := openPacks(t, s); n != 1 {
		t.Errorf("%d descriptors are open beside a reader, want its own", n)
	}
	if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, blobtest.Bytes(1, recordSize)) {
		t.Errorf("the reader gets %d other bytes, %v", len(got), err)
	}
	if _, err := read(t, s, keys[0]); err == nil {
		t.Error("a closed store is read")
	}
	r.Close()
	if n := openPacks(t, s); n != 0 {
		t.Errorf("%d descriptors stay open", n)
	}
}

// TestKeptAtOnce has readers, removers and lists of two processes meet in packs
// of which few are kept open.
func TestKeptAtOnce(t *testing.T) {
	dir := t.TempDir()
	stores := []*Store{openStore(t, dir, kernel()), openStore(t, dir, kernel())}
	const packs, records, kept = 3, 8, 5
	var keys []blob.Key
	for range packs {
		keys = append(keys, packOf(t, stores[0], records)...)
	}
	for _, s := range stores {
		s.opened.limit = kept
	}
	removed := make([]sync.Once, len(keys)) // done once the record is gone for all
	gone := make([]chan bool, len(keys))
	for i := range gone {
		gone[i] = make(chan bool)
	}
	var wg sync.WaitGroup
	for turn, s := range append(stores, stores...) {
		wg.Go(func() {
			for round := range 20 {
				for i, key := range keys {
					before := false
					select {
					case <-gone[i]:
						before = true
					default:
					}
					got, err := read(t, s, key)
					switch {
					case err == nil && before:
						t.Errorf("record %d was read after its removal", i)
					case err == nil && !bytes.Equal(got, blobtest.Bytes(i%records, recordSize)):
						t.Errorf("record %d has %d other bytes", i, len(got))
					case err != nil && fault.Of(err) != fault.NotFound:
						t.Errorf("record %d: %v", i, err)
					}
					if (i+7*turn+round)%40 == 0 {
						if err := s.Remove(t.Context(), key); err != nil {
							t.Errorf("Remove = %v", err)
						}
						removed[i].Do(func() { close(gone[i]) })
					}
				}
				for _, err := range s.List(t.Context()) {
					if err != nil {
						t.Errorf("List = %v", err)
					}
				}
			}
		})
	}
	wg.Wait()
	if n := openPacks(t, stores[0]); n > kept*len(stores) {
		t.Errorf("%d descriptors are open, want at most %d", n, kept*len(stores))
	}
	left := make(map[string]int) // records of each pack
	for i, key := range keys {
		select {
		case <-gone[i]:
		default:
			left[packPath(stores[0], key)]++
		}
	}
	for _, s := range append(stores, stores[0]) {
		blobtest.Keys(t, s)
	}
	for path, n := range left {
		if got, want := blocks(t, path), layout.HeaderSize+int64(n)*layout.Aligned(recordSize); got > want+layout.Align {
			t.Errorf("a pack with %d records takes %d bytes, want %d", n, got, want)
		}
	}
	for _, key := range keys {
		if err := stores[1].Remove(t.Context(), key); err != nil {
			t.Fatal(err)
		}
	}
	for _, s := range stores {
		if n := len(blobtest.Keys(t, s)); n != 0 {
			t.Errorf("%d blobs are left", n)
		}
	}
	if n := openPacks(t, stores[0]); n != 0 {
		t.Errorf("%d descriptors stay open", n)
	}
	if files, err := filepath.Glob(filepath.Join(dir, "0*", "*")); err != nil || len(files) != 0 {
		t.Errorf("%s are left, %v", fmt.Sprint(files), err)
	}
}
