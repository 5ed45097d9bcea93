// Package blobtest is the conformance suite of blob drivers: a case for every
// sentence of the interfaces in package blob.
package blobtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"regexp"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stowgate/stowgate/internal/blob"
	"github.com/stowgate/stowgate/internal/fault"
)

// Run checks what open returns, a new and empty store each time, against the
// promises of blob.Store, and of blob.Direct and blob.Health if it implements
// them.
func Run(t *testing.T, open func(testing.TB) blob.Store) {
	for _, tt := range []struct {
		name string
		run  func(*testing.T, blob.Store)
	}{
		{"RoundTrip", testRoundTrip},
		{"Empty", testEmpty},
		{"Ranges", testRanges},
		{"Missing", testMissing},
		{"KeyShape", testKeyShape},
		{"Discard", testDiscard},
		{"InvisibleUntilCommit", testInvisibleUntilCommit},
		{"AfterTheEnd", testAfterTheEnd},
		{"EndedContext", testEndedContext},
		{"ContextEndsMeanwhile", testContextEndsMeanwhile},
		{"Remove", testRemove},
		{"RemoveWhileOpen", testRemoveWhileOpen},
		{"RemoveAmongOthers", testRemoveAmongOthers},
		{"List", testList},
		{"ListStops", testListStops},
		{"ListMeanwhile", testListMeanwhile},
		{"Concurrent", testConcurrent},
		{"Many", testMany},
		{"Stamp", testStamp},
		{"RangeReader", testRangeReader},
		{"Health", testHealth},
		{"Direct", testDirect},
	} {
		t.Run(tt.name, func(t *testing.T) { tt.run(t, open(t)) })
	}
}

// Bytes returns n bytes that differ from those of every other seed.
func Bytes(seed, n int) []byte {
	var key [32]byte
	copy(key[:], fmt.Sprint(seed))
	b := make([]byte, n)
	rand.NewChaCha8(key).Read(b)
	return b
}

// Put stores data as a blob and returns its key.
func Put(t testing.TB, s blob.Store, data []byte) blob.Key {
	t.Helper()
	key, err := put(t.Context(), s, data)
	if err != nil {
		t.Fatalf("store %d bytes: %v", len(data), err)
	}
	return key
}

func put(ctx context.Context, s blob.Store, data []byte) (blob.Key, error) {
	w, err := s.Create(ctx)
	if err != nil {
		return "", err
	}
	defer w.Close()
	if _, err := w.Write(data); err != nil {
		return "", err
	}
	return w.Commit()
}

// Get returns size bytes of a blob from offset.
func Get(t testing.TB, s blob.Store, key blob.Key, offset, size int64) []byte {
	t.Helper()
	data, err := get(t.Context(), s, key, offset, size)
	if err != nil {
		t.Fatalf("read %d bytes of %s from %d: %v", size, key, offset, err)
	}
	return data
}

func get(ctx context.Context, s blob.Store, key blob.Key, offset, size int64) ([]byte, error) {
	r, err := s.Open(ctx, key, offset, size)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

// Keys returns what List yields.
func Keys(t testing.TB, s blob.Store) map[blob.Key]blob.Info {
	t.Helper()
	keys := make(map[blob.Key]blob.Info)
	for info, err := range s.List(t.Context()) {
		if err != nil {
			t.Fatalf("List: %v", err)
		}
		if _, twice := keys[info.Key]; twice {
			t.Errorf("List yields %s twice", info.Key)
		}
		keys[info.Key] = info
	}
	return keys
}

func wantKind(t testing.TB, what string, err error, want fault.Kind) {
	t.Helper()
	if fault.Of(err) != want || err == nil {
		t.Errorf("%s: error = %v, want %v", what, err, want)
	}
}

func create(t testing.TB, s blob.Store) blob.Writer {
	t.Helper()
	w, err := s.Create(t.Context())
	if err != nil {
		t.Fatalf("Create: %v", err)
	}
	t.Cleanup(func() { w.Close() })
	return w
}

// sizes lie around the limits that drivers have: blocks, buffers, chunks.
var sizes = []int{1, 2, 4095, 4096, 4097, 256<<10 - 1, 256 << 10, 256<<10 + 1,
	blob.ChunkSize - 1, blob.ChunkSize, blob.ChunkSize + 1, 9<<20 + 7}

func testRoundTrip(t *testing.T, s blob.Store) {
	for i, size := range sizes {
		data := Bytes(i, size)
		for _, piece := range []int{size, 4096, 70_001} {
			w := create(t, s)
			for rest := data; len(rest) > 0; {
				n := min(piece, len(rest))
				if got, err := w.Write(rest[:n]); got != n || err != nil {
					t.Fatalf("Write(%d bytes) = %d, %v", n, got, err)
				}
				rest = rest[n:]
			}
			key, err := w.Commit()
			if err != nil {
				t.Fatalf("Commit of %d bytes: %v", size, err)
			}
			if got := Get(t, s, key, 0, -1); !bytes.Equal(got, data) {
				t.Errorf("%d bytes in pieces of %d: read back %d other bytes", size, piece, len(got))
			}
		}
	}
}

func testEmpty(t *testing.T, s blob.Store) {
	w := create(t, s)
	if n, err := w.Write(nil); n != 0 || err != nil {
		t.Errorf("Write(nil) = %d, %v, want 0, nil", n, err)
	}
	_, err := w.Commit()
	wantKind(t, "Commit of no bytes", err, fault.Invalid)
	if keys := Keys(t, s); len(keys) != 0 {
		t.Errorf("List yields %v, want nothing", keys)
	}
}

func testRanges(t *testing.T, s blob.Store) {
	for _, size := range []int64{10_000, 3<<20 + 5} {
		data := Bytes(1, int(size))
		key := Put(t, s, data)
		Put(t, s, Bytes(2, int(size))) // what must not be read past the end
		for _, tt := range []struct {
			offset, size int64
			want         fault.Kind // Internal means that it works
		}{
			{0, -1, 0}, {0, size, 0}, {0, 0, 0}, {0, 1, 0}, {4095, 2, 0}, {size / 2, 100, 0},
			{size / 2, -1, 0}, {size - 1, 1, 0}, {size - 1, -1, 0}, {size, 0, 0}, {size, -1, 0},
			{0, size + 1, fault.Damaged}, {size - 1, 2, fault.Damaged}, {size, 1, fault.Damaged},
			{size + 1, 0, fault.Damaged}, {size + 1, -1, fault.Damaged},
			{-1, 1, fault.Invalid}, {0, -2, fault.Invalid},
		} {
			got, err := get(t.Context(), s, key, tt.offset, tt.size)
			if tt.want != 0 {
				wantKind(t, fmt.Sprintf("Open(%d, %d) of %d bytes", tt.offset, tt.size, size), err, tt.want)
				continue
			}
			end := tt.offset + tt.size
			if tt.size == -1 {
				end = size
			}
			if err != nil || !bytes.Equal(got, data[tt.offset:end]) {
				t.Errorf("Open(%d, %d) of %d bytes: %d bytes, %v", tt.offset, tt.size, size, len(got), err)
			}
		}
		r, err := s.Open(t.Context(), key, 10, 5000)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		if err := iotest.TestReader(r, data[10:5010]); err != nil {
			t.Error(err)
		}
	}
}

func testMissing(t *testing.T, s blob.Store) {
	key := Put(t, s, Bytes(1, 100))
	for _, key := range []blob.Key{"", "x", "/", "..", "../x", "/etc/passwd", key + "0", "0" + key, key[1:],
		key + "/", "./" + key, key + "+0", key + "+1", "a/../" + key, "\x00", key + "\x00"} {
		_, err := s.Open(t.Context(), key, 0, -1)
		wantKind(t, fmt.Sprintf("Open(%q)", key), err, fault.NotFound)
		if err := s.Remove(t.Context(), key); err != nil {
			t.Errorf("Remove(%q) = %v, want nil", key, err)
		}
	}
	Get(t, s, key, 0, -1)
}

func testKeyShape(t *testing.T, s blob.Store) {
	shape := regexp.MustCompile(`^(\+[a-z0-9-]{1,32}/)?[a-zA-Z0-9/._-][a-zA-Z0-9/._+-]{0,159}$`) // the name only of one made of several
	for i, size := range sizes {
		if key := Put(t, s, Bytes(i, size)); !shape.MatchString(string(key)) {
			t.Errorf("key %q of %d bytes does not match %v", key, size, shape)
		}
	}
	same := Bytes(1, 5000)
	if a, b := Put(t, s, same), Put(t, s, same); a == b {
		t.Errorf("two blobs have the key %s", a)
	}
}

func testDiscard(t *testing.T, s blob.Store) {
	for i, size := range sizes {
		w := create(t, s)
		if _, err := w.Write(Bytes(i, size)); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := w.Close(); err != nil {
				t.Errorf("Close = %v", err)
			}
		}
	}
	if keys := Keys(t, s); len(keys) != 0 {
		t.Errorf("discarded writers left %v", keys)
	}
}

func testInvisibleUntilCommit(t *testing.T, s blob.Store) {
	for i, size := range sizes {
		w := create(t, s)
		if _, err := w.Write(Bytes(i, size)); err != nil {
			t.Fatal(err)
		}
		if keys := Keys(t, s); len(keys) != i {
			t.Errorf("List yields %d blobs before commit %d", len(keys), i)
		}
		key, err := w.Commit()
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := Keys(t, s)[key]; !ok {
			t.Errorf("List lacks %s after its commit", key)
		}
	}
}

func testAfterTheEnd(t *testing.T, s blob.Store) {
	for _, size := range []int{100, 2 << 20} {
		data := Bytes(1, size)
		w := create(t, s)
		if _, err := w.Write(data); err != nil {
			t.Fatal(err)
		}
		key, err := w.Commit()
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.Write(data)
		wantKind(t, "Write after Commit", err, fault.Invalid)
		_, err = w.Commit()
		wantKind(t, "Commit after Commit", err, fault.Invalid)
		if err := w.Close(); err != nil {
			t.Errorf("Close after Commit = %v", err)
		}
		if got := Get(t, s, key, 0, -1); !bytes.Equal(got, data) {
			t.Errorf("the blob changed after its commit")
		}

		w = create(t, s)
		if _, err := w.Write(data); err != nil {
			t.Fatal(err)
		}
		w.Close()
		_, err = w.Write(data)
		wantKind(t, "Write after Close", err, fault.Invalid)
		_, err = w.Commit()
		wantKind(t, "Commit after Close", err, fault.Invalid)
	}
	if keys := Keys(t, s); len(keys) != 2 {
		t.Errorf("List yields %d blobs, want 2", len(keys))
	}
}

func testEndedContext(t *testing.T, s blob.Store) {
	key := Put(t, s, Bytes(1, 100))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.Create(ctx)
	wantKind(t, "Create", err, fault.Canceled)
	_, err = s.Open(ctx, key, 0, -1)
	wantKind(t, "Open", err, fault.Canceled)
	wantKind(t, "Remove", s.Remove(ctx, key), fault.Canceled)
	for _, err = range s.List(ctx) {
	}
	wantKind(t, "List", err, fault.Canceled)
	Get(t, s, key, 0, -1)
}

func testContextEndsMeanwhile(t *testing.T, s blob.Store) {
	for i, size := range []int{100, 2 << 20} {
		ctx, cancel := context.WithCancel(t.Context())
		w, err := s.Create(ctx)
		if err != nil {
			t.Fatal(err)
		}
		defer w.Close()
		data := Bytes(i, size)
		if _, err := w.Write(data[:size/2]); err != nil {
			t.Fatal(err)
		}
		before := len(Keys(t, s))
		cancel()
		_, err = w.Write(data[size/2:])
		key, commitErr := w.Commit()
		switch {
		case err != nil && commitErr == nil:
			t.Errorf("Commit = nil after Write = %v", err)
		case commitErr != nil:
			wantKind(t, "Commit", commitErr, fault.Canceled)
			if after := len(Keys(t, s)); after != before {
				t.Errorf("a failed commit left %d blobs", after-before)
			}
		case !bytes.Equal(Get(t, s, key, 0, -1), data):
			t.Errorf("a commit that succeeded stored other bytes")
		}
	}
}

func testRemove(t *testing.T, s blob.Store) {
	for i, size := range sizes {
		key := Put(t, s, Bytes(i, size))
		for range 2 {
			if err := s.Remove(t.Context(), key); err != nil {
				t.Errorf("Remove of %d bytes = %v", size, err)
			}
		}
		_, err := s.Open(t.Context(), key, 0, -1)
		wantKind(t, "Open of a removed blob", err, fault.NotFound)
	}
	if keys := Keys(t, s); len(keys) != 0 {
		t.Errorf("List yields removed blobs: %v", keys)
	}
	Put(t, s, Bytes(1, 100))
}

func testRemoveWhileOpen(t *testing.T, s blob.Store) {
	keys := putAtOnce(t, s, 20, 10_000)
	for i, key := range keys {
		r, err := s.Open(t.Context(), key, 0, -1)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		begin := make([]byte, 100)
		if _, err := io.ReadFull(r, begin); err != nil {
			t.Fatal(err)
		}
		if err := s.Remove(t.Context(), key); err != nil {
			t.Errorf("Remove of an open blob = %v", err)
		}
		_, err = s.Open(t.Context(), key, 0, -1)
		wantKind(t, "Open of a removed blob", err, fault.NotFound)
		rest, err := io.ReadAll(r)
		if want := Bytes(i, 10_000); err == nil && !bytes.Equal(append(begin, rest...), want) {
			t.Errorf("a reader of a removed blob got other bytes")
		}
	}
	if left := Keys(t, s); len(left) != 0 {
		t.Errorf("List yields removed blobs: %v", left)
	}
}

// putAtOnce stores n blobs of Bytes(i, size), concurrently.
func putAtOnce(t testing.TB, s blob.Store, n, size int) []blob.Key {
	t.Helper()
	const writers = 64
	keys := make([]blob.Key, n)
	errs := make([]error, writers)
	var wg sync.WaitGroup
	for c := range writers {
		wg.Go(func() {
			for i := c; i < n && errs[c] == nil; i += writers {
				keys[i], errs[c] = put(t.Context(), s, Bytes(i, size))
			}
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	return keys
}

func testRemoveAmongOthers(t *testing.T, s blob.Store) {
	keys := putAtOnce(t, s, 200, 5000)
	for i, key := range keys {
		if i%3 != 0 {
			if err := s.Remove(t.Context(), key); err != nil {
				t.Fatal(err)
			}
		}
	}
	left := Keys(t, s)
	for i, key := range keys {
		_, listed := left[key]
		got, err := get(t.Context(), s, key, 0, -1)
		if i%3 != 0 {
			wantKind(t, "Open of a removed blob", err, fault.NotFound)
		} else if err != nil || !bytes.Equal(got, Bytes(i, 5000)) {
			t.Errorf("a blob whose neighbours were removed: %v", err)
		}
		if listed != (i%3 == 0) {
			t.Errorf("blob %d: listed = %t", i, listed)
		}
	}
}

func testList(t *testing.T, s blob.Store) {
	want := make(map[blob.Key]int)
	start := time.Now().Add(-time.Minute) // clocks differ
	for i, size := range sizes {
		want[Put(t, s, Bytes(i, size))] = size
	}
	end := time.Now().Add(time.Minute)
	got := Keys(t, s)
	for key, size := range want {
		info, ok := got[key]
		if !ok || info.Size != int64(size) || info.Modified.Before(start) || info.Modified.After(end) {
			t.Errorf("List yields %+v for %s of %d bytes", info, key, size)
		}
	}
	if len(got) != len(want) {
		t.Errorf("List yields %d blobs, want %d", len(got), len(want))
	}
}

func testListStops(t *testing.T, s blob.Store) {
	putAtOnce(t, s, 20, 100)
	n := 0
	for _, err := range s.List(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n == 5 {
			break
		}
	}
	if n != 5 {
		t.Errorf("List yields %d blobs, want 5 of 20", n)
	}

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	n = 0
	var last error
	for _, err := range s.List(ctx) {
		if last != nil {
			t.Fatalf("List goes on after %v", last)
		}
		last = err
		if n++; n == 5 {
			cancel()
		}
	}
	if last != nil {
		wantKind(t, "List", last, fault.Canceled)
	}
}

func testListMeanwhile(t *testing.T, s blob.Store) {
	stay := putAtOnce(t, s, 100, 1000)
	running, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for c := range 4 {
		wg.Go(func() {
			for i := 0; running.Err() == nil; i++ {
				key, err := put(t.Context(), s, Bytes(c, 1000))
				if err == nil && i%2 == 0 {
					err = s.Remove(t.Context(), key)
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for range 20 {
		got := Keys(t, s)
		for _, key := range stay {
			if got[key].Size != 1000 {
				t.Errorf("List while others write yields %+v for %s", got[key], key)
			}
		}
	}
	stop()
	wg.Wait()
}

func testConcurrent(t *testing.T, s blob.Store) {
	var wg sync.WaitGroup
	for c := range 16 {
		wg.Go(func() {
			for i := range 20 {
				data := Bytes(100*c+i, sizes[(c+i)%(len(sizes)-1)])
				key, err := put(t.Context(), s, data)
				if err != nil {
					t.Errorf("store: %v", err)
					return
				}
				got, err := get(t.Context(), s, key, 0, int64(len(data)))
				if err != nil || !bytes.Equal(got, data) {
					t.Errorf("read back %d of %d bytes: %v", len(got), len(data), err)
				}
				if err := s.Remove(t.Context(), key); err != nil {
					t.Errorf("Remove = %v", err)
				}
			}
		})
	}
	wg.Wait()
	if keys := Keys(t, s); len(keys) != 0 {
		t.Errorf("%d blobs are left", len(keys))
	}
}

func testMany(t *testing.T, s blob.Store) {
	n := 10_000
	if testing.Short() {
		n = 500
	}
	keys := putAtOnce(t, s, n, 300)
	listed := Keys(t, s)
	for i, key := range keys {
		if listed[key].Size != 300 {
			t.Errorf("List yields %+v for %s", listed[key], key)
		}
		if got := Get(t, s, key, 0, 300); !bytes.Equal(got, Bytes(i, 300)) {
			t.Errorf("blob %d has other bytes", i)
		}
	}
	if len(listed) != n {
		t.Errorf("List yields %d blobs, want %d", len(listed), n)
	}
}

func testStamp(t *testing.T, s blob.Store) {
	for _, size := range []int{100, 2 << 20} {
		key := Put(t, s, Bytes(1, size))
		var stamps [2]string
		for i := range stamps {
			r, err := s.Open(t.Context(), key, int64(i), -1)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			stamps[i] = r.Stamp()
		}
		if stamps[0] != stamps[1] {
			t.Errorf("Stamp of an untouched blob changed from %q to %q", stamps[0], stamps[1])
		}
	}
}

func testRangeReader(t *testing.T, s blob.Store) {
	for _, size := range []int{10_000, 3 << 20} {
		data := Bytes(1, size)[1:]
		r, err := s.Open(t.Context(), Put(t, s, Bytes(1, size)), 1, -1)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		rr, ok := r.(blob.RangeReader)
		if !ok {
			t.Skip("the driver's readers reach no range")
		}
		if rr.Stamp() == "" {
			t.Error("the stamp of a RangeReader is empty")
		}
		var got bytes.Buffer
		if n, err := rr.WriteRangeTo(&got, 100, 5000); n != 5000 || err != nil || !bytes.Equal(got.Bytes(), data[100:5100]) {
			t.Errorf("WriteRangeTo(100, 5000) = %d, %v", n, err)
		}
		for _, bad := range [][2]int64{{-1, 1}, {0, -1}, {0, int64(len(data)) + 1}, {int64(len(data)), 1}} {
			_, err := rr.WriteRangeTo(io.Discard, bad[0], bad[1])
			wantKind(t, fmt.Sprintf("WriteRangeTo(%d, %d)", bad[0], bad[1]), err, fault.Invalid)
		}
		if n, err := rr.WriteRangeTo(io.Discard, int64(len(data)), 0); n != 0 || err != nil {
			t.Errorf("WriteRangeTo of nothing = %d, %v", n, err)
		}
		piece := make([]byte, 50)
		if n, err := rr.ReadAt(piece, 200); n != 50 || err != nil || !bytes.Equal(piece, data[200:250]) {
			t.Errorf("ReadAt(200) = %d, %v", n, err)
		}
		if all, err := io.ReadAll(rr); err != nil || !bytes.Equal(all, data) {
			t.Errorf("Read after ranges: %d bytes, %v", len(all), err)
		}
	}
}

func testHealth(t *testing.T, s blob.Store) {
	h, ok := s.(blob.Health)
	if !ok {
		t.Skip("the driver does not know its health")
	}
	if err := h.Health(); err != nil {
		t.Errorf("Health of a new store = %v", err)
	}
}
