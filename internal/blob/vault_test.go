package blob_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stowgate/stowgate/internal/blob"
	"github.com/stowgate/stowgate/internal/blob/blobtest"
	"github.com/stowgate/stowgate/internal/blob/fileblob"
	"github.com/stowgate/stowgate/internal/blob/memblob"
	"github.com/stowgate/stowgate/internal/fault"
)

// stored is a store, and a way to edit a blob behind its back.
type stored struct {
	blob.Store
	edit func(key blob.Key, change func([]byte) []byte)
}

// onEach runs test on a store whose readers reach ranges, and on one that
// gives every byte once only.
func onEach(t *testing.T, test func(*testing.T, stored)) {
	t.Run("memory", func(t *testing.T) {
		s := new(memblob.Store)
		test(t, stored{s, s.Edit})
	})
	t.Run("folder", func(t *testing.T) {
		dir := t.TempDir()
		s, err := fileblob.Open(dir, fileblob.Config{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		test(t, stored{s, func(key blob.Key, change func([]byte) []byte) { editFile(t, dir, key, change) }})
	})
}

// packHeader is what lies before the first record of a pack.
const packHeader = 4096

// editFile changes the file of a blob, of a record from its first byte on.
func editFile(t *testing.T, dir string, key blob.Key, change func([]byte) []byte) {
	t.Helper()
	path, _, packed := strings.Cut(string(key), "+")
	path = filepath.Join(dir, path)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(10 * time.Millisecond) // file times may be as coarse as a clock tick
	if packed {
		data = append(data[:packHeader:packHeader], change(data[packHeader:])...)
	} else {
		data = change(data)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// content stores data as segments of the given sizes.
func content(t *testing.T, s blob.Store, data []byte, sizes ...int) blob.Content {
	t.Helper()
	c := blob.Content{SHA256: sha256.Sum256(data)}
	for _, size := range sizes {
		w, err := blob.CreateSegment(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		defer w.Close()
		if _, err := io.CopyBuffer(struct{ io.Writer }{w}, bytes.NewReader(data[:size]), make([]byte, 50_000)); err != nil {
			t.Fatal(err)
		}
		if w.Size() != int64(size) {
			t.Errorf("SegmentWriter.Size = %d, want %d", w.Size(), size)
		}
		segment, err := w.Commit()
		if err != nil {
			t.Fatal(err)
		}
		c.Segments = append(c.Segments, segment)
		data = data[size:]
	}
	if len(data) > 0 {
		t.Fatalf("%d bytes are in no segment", len(data))
	}
	return c
}

func open(t testing.TB, v *blob.Vault, c blob.Content) *blob.File {
	t.Helper()
	f, err := v.Open(t.Context(), c)
	if err != nil {
		t.Fatalf("Vault.Open: %v", err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// layouts are sizes of segments.
var layouts = [][]int{
	{1}, {100_000}, {blob.ChunkSize - 1}, {blob.ChunkSize}, {blob.ChunkSize + 1}, {5<<20 + 3},
	{1, 1, 1}, {300_000, blob.ChunkSize, 2<<20 + 5, 7},
}

func total(sizes []int) int {
	n := 0
	for _, size := range sizes {
		n += size
	}
	return n
}

func TestFileReads(t *testing.T) {
	onEach(t, func(t *testing.T, s stored) {
		v := blob.NewVault(s, blob.VaultConfig{})
		for i, sizes := range layouts {
			data := blobtest.Bytes(i, total(sizes))
			c := content(t, s, data, sizes...)
			f := open(t, v, c)
			if f.Size() != int64(len(data)) {
				t.Errorf("%v: Size = %d, want %d", sizes, f.Size(), len(data))
			}
			if got, err := io.ReadAll(struct{ io.Reader }{f}); err != nil || !bytes.Equal(got, data) {
				t.Errorf("%v: read %d bytes, %v", sizes, len(got), err)
			}
			f.Seek(0, io.SeekStart)
			var got bytes.Buffer
			if n, err := io.Copy(&got, f); n != int64(len(data)) || err != nil || !bytes.Equal(got.Bytes(), data) {
				t.Errorf("%v: io.Copy = %d, %v", sizes, n, err)
			}
			if err := v.VerifyAll(t.Context(), c); err != nil {
				t.Errorf("%v: VerifyAll = %v", sizes, err)
			}
		}
	})
}

func TestFileIsAReader(t *testing.T) {
	onEach(t, func(t *testing.T, s stored) {
		v := blob.NewVault(s, blob.VaultConfig{})
		data := blobtest.Bytes(1, 3000)
		if err := iotest.TestReader(open(t, v, content(t, s, data, 1000, 1, 1999)), data); err != nil {
			t.Error(err)
		}
		if err := iotest.TestReader(open(t, v, blob.Content{}), nil); err != nil {
			t.Error(err)
		}
	})
}

func TestFileRanges(t *testing.T) {
	onEach(t, func(t *testing.T, s stored) {
		v := blob.NewVault(s, blob.VaultConfig{})
		sizes := []int{300_000, blob.ChunkSize, 2<<20 + 5, 7}
		size := int64(total(sizes))
		data := blobtest.Bytes(1, int(size))
		f := open(t, v, content(t, s, data, sizes...))
		random := rand.New(rand.NewPCG(1, 2))
		for range 300 {
			from := random.Int64N(size)
			n := random.Int64N(size-from) + 1
			if random.IntN(2) == 0 {
				n = min(n, 5000)
			}
			if _, err := f.Seek(from-size, io.SeekEnd); err != nil {
				t.Fatal(err)
			}
			var got bytes.Buffer
			if k, err := f.WriteRangeTo(&got, n); k != n || err != nil || !bytes.Equal(got.Bytes(), data[from:from+n]) {
				t.Fatalf("WriteRangeTo of %d bytes from %d = %d, %v", n, from, k, err)
			}
			if at, _ := f.Seek(0, io.SeekCurrent); at != from+n {
				t.Errorf("after %d bytes from %d the file is at %d", n, from, at)
			}
		}
		f.Seek(-3, io.SeekEnd)
		if n, err := f.WriteRangeTo(io.Discard, 4); n != 3 || err != io.EOF {
			t.Errorf("WriteRangeTo past the end = %d, %v, want 3, EOF", n, err)
		}
		f.Seek(10, io.SeekEnd)
		if n, err := f.Read(make([]byte, 1)); n != 0 || err != io.EOF {
			t.Errorf("Read beyond the end = %d, %v, want 0, EOF", n, err)
		}
		for _, bad := range []struct {
			offset int64
			whence int
		}{{-1, io.SeekStart}, {-size - 1, io.SeekEnd}, {0, 3}, {0, -1}} {
			if _, err := f.Seek(bad.offset, bad.whence); !errors.Is(err, fault.Invalid) {
				t.Errorf("Seek(%d, %d) = %v, want invalid", bad.offset, bad.whence, err)
			}
		}
	})
}

// TestK7WrongBytes damages every chunk in every way, before and after it was
// verified, and looks for a byte of it in what is given out.
func TestK7WrongBytes(t *testing.T) {
	const size = 3<<20 + 1000
	flip := func(at int) func([]byte) []byte {
		return func(b []byte) []byte { b[at] ^= 0x10; return b }
	}
	for _, tt := range []struct {
		name    string
		size    int
		change  func([]byte) []byte
		damaged int64 // the chunk, -1 for all of the blob
	}{
		{"flip first byte", size, flip(0), 0},
		{"flip in the middle", size, flip(1<<20 + 5), 1},
		{"flip last byte", size, flip(size - 1), 3},
		{"flip in a small blob", 5000, flip(4999), 0},
		{"truncate", size, func(b []byte) []byte { return b[:size-1] }, -1},
		{"truncate to nothing", size, func(b []byte) []byte { return nil }, -1},
		{"truncate a small blob", 5000, func(b []byte) []byte { return b[:4999] }, -1},
		{"swap", size, func([]byte) []byte { return blobtest.Bytes(2, size) }, 0},
		{"swap a small blob", 5000, func([]byte) []byte { return blobtest.Bytes(2, 5000) }, 0},
		{"zeros", size, func([]byte) []byte { return make([]byte, size) }, 0},
	} {
		for _, verifiedBefore := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/verified=%t", tt.name, verifiedBefore), func(t *testing.T) {
				onEach(t, func(t *testing.T, s stored) {
					v := blob.NewVault(s, blob.VaultConfig{})
					data := blobtest.Bytes(1, tt.size)
					c := content(t, s, data, tt.size)
					before := open(t, v, c)
					if verifiedBefore {
						if err := before.Verify(0, int64(tt.size)); err != nil {
							t.Fatal(err)
						}
					}
					s.edit(c.Segments[0].Key, tt.change)
					if err := v.VerifyAll(t.Context(), c); !errors.Is(err, fault.Damaged) {
						t.Errorf("VerifyAll = %v, want damaged", err)
					}
					checkDamaged(t, open(t, v, c), data, tt.damaged)
					if _, ok := s.Store.(*fileblob.Store); ok {
						checkDamaged(t, before, data, tt.damaged) // it has the file open
					}
				})
			})
		}
	}
}

// checkDamaged reads f whole in each way, and wants the bytes before the
// damaged chunk at most, and an error.
func checkDamaged(t *testing.T, f *blob.File, data []byte, chunk int64) {
	t.Helper()
	good := max(0, chunk) * blob.ChunkSize
	for name, read := range map[string]func(io.Writer) error{
		"Read": func(w io.Writer) error {
			_, err := io.Copy(w, struct{ io.Reader }{f})
			return err
		},
		"WriteTo": func(w io.Writer) error {
			_, err := io.Copy(w, f)
			return err
		},
	} {
		f.Seek(0, io.SeekStart)
		var got bytes.Buffer
		if err := read(&got); !errors.Is(err, fault.Damaged) {
			t.Errorf("%s: error = %v, want damaged", name, err)
		}
		if chunk >= 0 && int64(got.Len()) != good || !bytes.HasPrefix(data, got.Bytes()) {
			t.Errorf("%s: %d bytes came out, want the %d before the damage", name, got.Len(), good)
		}
	}
	if err := f.Verify(0, f.Size()); !errors.Is(err, fault.Damaged) {
		t.Errorf("Verify = %v, want damaged", err)
	}
	if chunk > 0 {
		if err := f.Verify(0, good); err != nil {
			t.Errorf("Verify of what is before the damage = %v", err)
		}
		if err := f.Verify(good-1, 2); !errors.Is(err, fault.Damaged) {
			t.Errorf("Verify of a byte of the damaged chunk = %v, want damaged", err)
		}
	}
}

func TestVerifyAllSeesMore(t *testing.T) {
	onEach(t, func(t *testing.T, s stored) {
		v := blob.NewVault(s, blob.VaultConfig{})
		data := blobtest.Bytes(1, 2_000_000)
		c := content(t, s, data, 1_000_000, 1_000_000)
		for _, tt := range []struct {
			name   string
			change func(*blob.Content)
			want   fault.Kind
		}{
			{"digest", func(c *blob.Content) { c.SHA256[5] ^= 1 }, fault.Damaged},
			{"order", func(c *blob.Content) { c.Segments[0], c.Segments[1] = c.Segments[1], c.Segments[0] }, fault.Damaged},
			{"longer blob", func(c *blob.Content) {
				c.Segments[1].Size--
				c.Segments[1].Sums = content(t, s, data[1_000_000:1_999_999], 999_999).Segments[0].Sums
				c.SHA256 = sha256.Sum256(data[:1_999_999])
			}, fault.Damaged},
			{"missing blob", func(c *blob.Content) { c.Segments[1].Key += "x" }, fault.NotFound},
			{"sums missing", func(c *blob.Content) { c.Segments[1].Sums = nil }, fault.Damaged},
		} {
			changed := blob.Content{Segments: append([]blob.Segment{}, c.Segments...), SHA256: c.SHA256}
			tt.change(&changed)
			if err := v.VerifyAll(t.Context(), changed); fault.Of(err) != tt.want {
				t.Errorf("%s: VerifyAll = %v, want %v", tt.name, err, tt.want)
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := v.VerifyAll(ctx, c); fault.Of(err) != fault.Canceled {
			t.Errorf("VerifyAll with an ended context = %v, want canceled", err)
		}
		for _, sum := range [][32]byte{{}, sha256.Sum256(nil)} {
			if err := v.VerifyAll(t.Context(), blob.Content{SHA256: sum}); err != nil {
				t.Errorf("VerifyAll of the empty file = %v", err)
			}
		}
		if err := v.VerifyAll(t.Context(), blob.Content{SHA256: [32]byte{1}}); !errors.Is(err, fault.Damaged) {
			t.Errorf("VerifyAll of the empty file with another digest = %v, want damaged", err)
		}
	})
}

func TestFileMissing(t *testing.T) {
	onEach(t, func(t *testing.T, s stored) {
		v := blob.NewVault(s, blob.VaultConfig{})
		c := content(t, s, blobtest.Bytes(1, 1000), 1000)
		if err := s.Remove(t.Context(), c.Segments[0].Key); err != nil {
			t.Fatal(err)
		}
		f := open(t, v, c)
		if err := f.Verify(0, 1); !errors.Is(err, fault.NotFound) {
			t.Errorf("Verify = %v, want not found", err)
		}
		if _, err := f.Read(make([]byte, 1)); !errors.Is(err, fault.NotFound) {
			t.Errorf("Read = %v, want not found", err)
		}
		if err := f.Verify(-1, 1); !errors.Is(err, fault.Invalid) {
			t.Errorf("Verify(-1) = %v, want invalid", err)
		}
		c.Segments[0].Sums = nil
		if _, err := v.Open(t.Context(), c); !errors.Is(err, fault.Damaged) {
			t.Errorf("Open of segments without sums = %v, want damaged", err)
		}
	})
}

func TestFileEnds(t *testing.T) {
	onEach(t, func(t *testing.T, s stored) {
		v := blob.NewVault(s, blob.VaultConfig{})
		c := content(t, s, blobtest.Bytes(1, 1000), 1000)
		f := open(t, v, c)
		for range 2 {
			if err := f.Close(); err != nil {
				t.Errorf("Close = %v", err)
			}
		}
		if _, err := f.Read(make([]byte, 1)); !errors.Is(err, fault.Invalid) {
			t.Errorf("Read after Close = %v, want invalid", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		f, err := v.Open(ctx, c)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		cancel()
		if _, err := f.WriteTo(io.Discard); fault.Of(err) != fault.Canceled {
			t.Errorf("WriteTo with an ended context = %v, want canceled", err)
		}
	})
}

// A counting store counts the bytes that its readers read and send.
type counting struct {
	blob.Store
	read, sent atomic.Int64
}

func (s *counting) Open(ctx context.Context, key blob.Key, offset, size int64) (blob.Reader, error) {
	r, err := s.Store.Open(ctx, key, offset, size)
	if err != nil {
		return nil, err
	}
	return &countingReader{r.(blob.RangeReader), s}, nil
}

type countingReader struct {
	blob.RangeReader
	store *counting
}

func (r *countingReader) ReadAt(p []byte, offset int64) (int, error) {
	n, err := r.RangeReader.ReadAt(p, offset)
	r.store.read.Add(int64(n))
	return n, err
}

func (r *countingReader) WriteRangeTo(w io.Writer, offset, n int64) (int64, error) {
	n, err := r.RangeReader.WriteRangeTo(w, offset, n)
	r.store.sent.Add(n)
	return n, err
}

func TestTrust(t *testing.T) {
	const size = 20<<20 + 1
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		name   string
		config blob.VaultConfig
		after  time.Duration // between two whole reads
		want   int64         // bytes that are read to verify them the second time
	}{
		{"at once", blob.VaultConfig{}, 0, 0},
		{"just within", blob.VaultConfig{Trust: time.Minute}, time.Minute - 1, 0},
		{"at the limit", blob.VaultConfig{Trust: time.Minute}, time.Minute, size},
		{"just after", blob.VaultConfig{Trust: time.Minute}, time.Minute + 1, size},
		{"within an hour", blob.VaultConfig{}, time.Hour - 1, 0},
		{"after an hour", blob.VaultConfig{}, time.Hour, size},
		{"never", blob.VaultConfig{Trust: -1}, 0, size},
		{"no memory for it", blob.VaultConfig{Memory: 1}, 0, size},
	} {
		t.Run(tt.name, func(t *testing.T) {
			files, err := fileblob.Open(t.TempDir(), fileblob.Config{})
			if err != nil {
				t.Fatal(err)
			}
			defer files.Close()
			s := &counting{Store: files}
			now := start
			tt.config.Now = func() time.Time { return now }
			v := blob.NewVault(s, tt.config)
			c := content(t, s, blobtest.Bytes(1, size), size)
			for i, want := range []int64{size, tt.want} {
				s.read.Store(0)
				s.sent.Store(0)
				if n, err := open(t, v, c).WriteTo(io.Discard); n != size || err != nil {
					t.Fatalf("WriteTo = %d, %v", n, err)
				}
				if s.read.Load() != want || s.sent.Load() != size {
					t.Errorf("read %d: %d bytes verified and %d sent, want %d and %d", i, s.read.Load(), s.sent.Load(), want, size)
				}
				now = now.Add(tt.after)
			}
		})
	}
}

// TestTrustForgets holds the record of what was verified to its memory: the
// least recently used goes first.
func TestTrustForgets(t *testing.T) {
	files, err := fileblob.Open(t.TempDir(), fileblob.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer files.Close()
	s := &counting{Store: files}
	v := blob.NewVault(s, blob.VaultConfig{Memory: 1000}) // two entries
	var contents []blob.Content
	for i := range 3 {
		contents = append(contents, content(t, s, blobtest.Bytes(i, 1000), 1000))
	}
	for step, tt := range []struct {
		blob     int
		verified int64 // bytes
	}{
		{0, 1000}, {1, 1000}, {0, 0}, {1, 0}, {0, 0},
		{2, 1000}, // 1 goes
		{0, 0}, {2, 0}, {1, 1000}, {0, 1000},
	} {
		s.read.Store(0)
		if err := open(t, v, contents[tt.blob]).Verify(0, 1000); err != nil {
			t.Fatal(err)
		}
		if got := s.read.Load(); got != tt.verified {
			t.Errorf("step %d: %d bytes verified of blob %d, want %d", step, got, tt.blob, tt.verified)
		}
	}
}

// TestBuffers has more files wait for a buffer than there are.
func TestBuffers(t *testing.T) {
	s := new(memblob.Store)
	v := blob.NewVault(s, blob.VaultConfig{Buffers: 2})
	data := blobtest.Bytes(1, 3<<20)
	c := content(t, s, data, len(data))
	one, two := open(t, v, c), open(t, v, c)
	for _, f := range []*blob.File{one, two} {
		if err := f.Verify(0, 1); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	three, err := v.Open(ctx, c)
	if err != nil {
		t.Fatal(err)
	}
	defer three.Close()
	if err := three.Verify(0, 1); fault.Of(err) != fault.Canceled {
		t.Errorf("Verify without a free buffer = %v, want canceled", err)
	}
	one.Close()
	two.Close()
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			f, err := v.Open(t.Context(), c)
			if err != nil {
				t.Error(err)
				return
			}
			defer f.Close()
			if got, err := io.ReadAll(f); err != nil || !bytes.Equal(got, data) {
				t.Errorf("read %d bytes, %v", len(got), err)
			}
		})
	}
	wg.Wait()
}
