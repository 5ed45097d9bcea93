package fileblob

import (
	"bytes"
	"errors"
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

// recordSize is the size of the records in tests: three blocks, not full.
const recordSize = 10_000

// packOf stores n blobs of Bytes(i, recordSize) in one pack.
func packOf(t testing.TB, s *Store, n int) []blob.Key {
	t.Helper()
	records := make([]*record, n)
	for i := range records {
		records[i] = &record{data: blobtest.Bytes(i, recordSize)}
	}
	if err := s.writePack(records); err != nil {
		t.Fatal(err)
	}
	keys := make([]blob.Key, n)
	for i, r := range records {
		keys[i] = r.key
	}
	return keys
}

func packPath(s *Store, key blob.Key) string {
	path, _, _ := strings.Cut(string(key), "+")
	return filepath.Join(s.root.Name(), path)
}

// blocks returns how much of the disk a file takes, in bytes.
func blocks(t testing.TB, path string) int64 {
	t.Helper()
	var st unix.Stat_t
	if err := unix.Stat(path, &st); err != nil {
		t.Fatal(err)
	}
	return 512 * st.Blocks // whatever the file system's block size is; see stat(2)
}

func TestRemoveGivesBlocksBack(t *testing.T) {
	s := newStore(t)
	keys := packOf(t, s, 10)
	path := packPath(s, keys[0])
	for i, key := range keys[:9] {
		before := blocks(t, path)
		if err := s.Remove(t.Context(), key); err != nil {
			t.Fatal(err)
		}
		if got := before - blocks(t, path); got != layout.Aligned(recordSize) {
			t.Errorf("removing record %d gave %d bytes back, want %d", i, got, layout.Aligned(recordSize))
		}
	}
	if got := blobtest.Get(t, s, keys[9], 0, -1); !bytes.Equal(got, blobtest.Bytes(9, recordSize)) {
		t.Error("the last record has other bytes")
	}
	if err := s.Remove(t.Context(), keys[9]); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the pack without records is still there: %v", err)
	}
}

// TestRemoveWaitsForReaders removes a record that a reader, also of another
// process, has open: it must go on reading the same bytes.
func TestRemoveWaitsForReaders(t *testing.T) {
	dir := t.TempDir()
	s, other := openStore(t, dir, kernel()), openStore(t, dir, kernel())
	keys := packOf(t, s, 3)
	path := packPath(s, keys[0])
	for _, reading := range []*Store{s, other} {
		keys := packOf(t, s, 3)
		path := packPath(s, keys[0])
		before := blocks(t, path)
		r, err := reading.Open(t.Context(), keys[1], 0, -1)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		if err := s.Remove(t.Context(), keys[1]); err != nil {
			t.Fatal(err)
		}
		blobtest.Keys(t, s) // would give the blocks back
		if got := blocks(t, path); got != before {
			t.Errorf("%d bytes were given back under a reader", before-got)
		}
		if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, blobtest.Bytes(1, recordSize)) {
			t.Errorf("the reader got %d other bytes, %v", len(got), err)
		}
		if _, err := reading.Open(t.Context(), keys[1], 0, -1); fault.Of(err) != fault.NotFound {
			t.Errorf("Open of the removed record = %v, want not found", err)
		}
		r.Close()
		blobtest.Keys(t, s)
		if got := before - blocks(t, path); got != layout.Aligned(recordSize) {
			t.Errorf("List gave %d bytes back after the reader ended, want %d", got, layout.Aligned(recordSize))
		}
	}

	// The whole pack goes under a reader.
	r, err := other.Open(t.Context(), keys[0], 0, -1)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for _, key := range keys {
		if err := s.Remove(t.Context(), key); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the pack without records is still there: %v", err)
	}
	if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, blobtest.Bytes(0, recordSize)) {
		t.Errorf("the reader got %d other bytes, %v", len(got), err)
	}
}

// TestRemoveAtOnce has two processes remove the same records while others read.
func TestRemoveAtOnce(t *testing.T) {
	dir := t.TempDir()
	a, b := openStore(t, dir, kernel()), openStore(t, dir, kernel())
	for range 20 {
		keys := packOf(t, a, 6) // few enough pieces are left to need no block of their own for their list
		var wg sync.WaitGroup
		for _, s := range []*Store{a, b, a, b} {
			wg.Go(func() {
				for i, key := range keys {
					got, err := func() ([]byte, error) {
						r, err := s.Open(t.Context(), key, 0, -1)
						if err != nil {
							return nil, err
						}
						defer r.Close()
						return io.ReadAll(r)
					}()
					if err != nil && fault.Of(err) != fault.NotFound || err == nil && !bytes.Equal(got, blobtest.Bytes(i, recordSize)) {
						t.Errorf("reading while others remove: %d bytes, %v", len(got), err)
					}
					if i%2 == 0 {
						if err := s.Remove(t.Context(), key); err != nil {
							t.Errorf("Remove = %v", err)
						}
					}
				}
			})
		}
		wg.Wait()
		blobtest.Keys(t, a)
		if got, want := blocks(t, packPath(a, keys[0])), int64(layout.Align+3*layout.Aligned(recordSize)); got != want {
			t.Errorf("the pack takes %d bytes, want %d", got, want)
		}
		for _, key := range keys {
			if err := a.Remove(t.Context(), key); err != nil {
				t.Fatal(err)
			}
		}
	}
	if keys := blobtest.Keys(t, b); len(keys) != 0 {
		t.Errorf("%d blobs are left", len(keys))
	}
}

// TestRemovalCutShort finds a pack as a crash between the steps leaves it.
func TestRemovalCutShort(t *testing.T) {
	s := newStore(t)
	keys := packOf(t, s, 3)
	path := packPath(s, keys[0])
	before := blocks(t, path)
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := setState(f, 1, layout.Removed); err != nil {
		t.Fatal(err)
	}
	if left := blobtest.Keys(t, s); len(left) != 2 {
		t.Errorf("List yields %d blobs, want 2", len(left))
	}
	if got := before - blocks(t, path); got != layout.Aligned(recordSize) {
		t.Errorf("List gave %d bytes back, want %d", got, layout.Aligned(recordSize))
	}
	for _, i := range []int{0, 2} {
		if err := setState(f, i, layout.Removed); err != nil {
			t.Fatal(err)
		}
	}
	if left := blobtest.Keys(t, s); len(left) != 0 {
		t.Errorf("List yields %d blobs, want none", len(left))
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the pack without records is still there: %v", err)
	}
}

// TestDamagedPack edits each byte of a pack's header that means something.
func TestDamagedPack(t *testing.T) {
	s := newStore(t)
	keys := packOf(t, s, 3)
	path := packPath(s, keys[0])
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	used := make([]int, 0, 80)
	for i := range 24 {
		used = append(used, i)
	}
	for i := range 13 {
		used = append(used, int(layout.EntryOffset(1))+i)
	}
	for _, at := range used {
		for bit := range 8 {
			changed := bytes.Clone(whole)
			changed[at] ^= 1 << bit
			if err := os.WriteFile(path, changed, 0o600); err != nil {
				t.Fatal(err)
			}
			inEntry := at >= int(layout.EntryOffset(0))
			for i, key := range keys {
				r, err := s.Open(t.Context(), key, 0, -1)
				if inEntry && i == 1 {
					if fault.Of(err) != fault.Damaged {
						t.Errorf("byte %d bit %d: Open = %v, want damaged", at, bit, err)
					}
					continue
				}
				if err != nil {
					t.Errorf("byte %d bit %d: Open of record %d = %v", at, bit, i, err)
					continue
				}
				r.Close()
			}
			want := 0 // nothing is known of the pack
			if inEntry {
				want = 2
			}
			if left := blobtest.Keys(t, s); len(left) != want {
				t.Errorf("byte %d bit %d: List yields %d blobs, want %d", at, bit, len(left), want)
			}
		}
	}

	// What is damaged can be removed, and keeps nothing else from it.
	changed := bytes.Clone(whole)
	changed[layout.EntryOffset(1)] ^= 1
	if err := os.WriteFile(path, changed, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, key := range keys {
		if err := s.Remove(t.Context(), key); err != nil {
			t.Errorf("Remove = %v", err)
		}
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the pack without records is still there: %v", err)
	}
}

// TestForeignIndex asks for records that a pack does not have.
func TestForeignIndex(t *testing.T) {
	s := newStore(t)
	keys := packOf(t, s, 2)
	path, _, _ := strings.Cut(string(keys[0]), "+")
	for _, index := range []int{2, layout.MaxRecords - 1} {
		key := layout.RecordKey(path, index)
		if err := s.Remove(t.Context(), key); err != nil {
			t.Errorf("Remove(%s) = %v", key, err)
		}
		if _, err := s.Open(t.Context(), key, 0, -1); fault.Of(err) != fault.NotFound {
			t.Errorf("Open(%s) = %v, want not found", key, err)
		}
	}
	if left := blobtest.Keys(t, s); len(left) != 2 {
		t.Errorf("List yields %d blobs, want 2", len(left))
	}
}

func TestPackful(t *testing.T) {
	many := func(n, size int) (records []*record) {
		for range n {
			records = append(records, &record{data: make([]byte, size)})
		}
		return records
	}
	for _, tt := range []struct {
		name    string
		waiting []*record
		want    int
	}{
		{"one", many(1, 1), 1},
		{"one below", many(layout.MaxRecords-1, 1), layout.MaxRecords - 1},
		{"at the limit", many(layout.MaxRecords, 1), layout.MaxRecords},
		{"one over", many(layout.MaxRecords+1, 1), layout.MaxRecords},
		{"bytes at the limit", many(maxPackData/bufferSize, bufferSize), maxPackData / bufferSize},
		{"bytes over", many(maxPackData/bufferSize+1, bufferSize), maxPackData / bufferSize},
		{"one byte over", append(many(16, bufferSize-1), many(1, 17)...), 16},
		{"one byte below", append(many(16, bufferSize-1), many(1, 15)...), 17},
		{"one that is too large", many(2, maxPackData+1), 1},
	} {
		if got := packful(tt.waiting); got != tt.want {
			t.Errorf("%s: packful = %d, want %d", tt.name, got, tt.want)
		}
	}
}
