package blob

import (
	"bytes"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stowgate/stowgate/internal/fault"
)

func segment(key string, size int64) Segment {
	s := Segment{Key: Key(key), Size: size, Sums: make([]uint32, chunks(size))}
	for i := range s.Sums {
		s.Sums[i] = uint32(0x01020304 * (i + 1))
	}
	return s
}

func TestContentRoundTrip(t *testing.T) {
	for _, tt := range []struct {
		name string
		c    Content
		size int64 // bytes
	}{
		{"zero", Content{}, 0},
		{"empty with digest", Content{SHA256: [32]byte{1, 31: 2}}, 0},
		{"one byte", Content{Segments: []Segment{segment("a", 1)}}, 1},
		{"one chunk", Content{Segments: []Segment{segment("a/b+1", ChunkSize)}}, ChunkSize},
		{"a chunk and a byte", Content{Segments: []Segment{segment("a.b_c-d", ChunkSize+1)}}, ChunkSize + 1},
		{"several", Content{Segments: []Segment{segment("a", 5), segment("b", 3<<20), segment("a", 5)}, SHA256: [32]byte{9}}, 3<<20 + 10},
	} {
		t.Run(tt.name, func(t *testing.T) {
			record, err := tt.c.MarshalBinary()
			if err != nil {
				t.Fatalf("MarshalBinary: %v", err)
			}
			var got Content
			if err := got.UnmarshalBinary(record); err != nil || !reflect.DeepEqual(got, tt.c) {
				t.Errorf("UnmarshalBinary = %+v, %v, want %+v", got, err, tt.c)
			}
			if got.Size() != tt.size {
				t.Errorf("Size = %d, want %d", got.Size(), tt.size)
			}
			for i := range record {
				if err := new(Content).UnmarshalBinary(record[:i]); !errors.Is(err, fault.Damaged) {
					t.Errorf("UnmarshalBinary of the first %d of %d bytes = %v, want damaged", i, len(record), err)
				}
			}
			if err := new(Content).UnmarshalBinary(append(record, 0)); !errors.Is(err, fault.Damaged) {
				t.Errorf("UnmarshalBinary of a byte more = %v, want damaged", err)
			}
		})
	}
}

// TestContentRecord pins the layout: records are in the catalogs of others.
func TestContentRecord(t *testing.T) {
	c := Content{Segments: []Segment{{Key: "k/1", Size: 300, Sums: []uint32{0x0a0b0c0d}}}, SHA256: [32]byte{0xee}}
	got, err := c.MarshalBinary()
	want := append([]byte{1, 0xee}, make([]byte, 31)...)
	want = append(want, 1, 3, 'k', '/', '1', 0xac, 0x02, 0x0d, 0x0c, 0x0b, 0x0a)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("MarshalBinary = %x, %v, want %x", got, err, want)
	}
}

func TestContentLimits(t *testing.T) {
	withOneSum := func(size int64) []Segment { return []Segment{{Key: "a", Size: size, Sums: make([]uint32, 1)}} }
	for _, tt := range []struct {
		name string
		c    Content
		want error
	}{
		{"key one below", Content{Segments: []Segment{segment(strings.Repeat("k", maxKeyLen-1), 1)}}, nil},
		{"key at the limit", Content{Segments: []Segment{segment(strings.Repeat("k", maxKeyLen), 1)}}, nil},
		{"key one over", Content{Segments: []Segment{segment(strings.Repeat("k", maxKeyLen+1), 1)}}, fault.Invalid},
		{"no key", Content{Segments: []Segment{segment("", 1)}}, fault.Invalid},
		{"key with a space", Content{Segments: []Segment{segment("a b", 1)}}, fault.Invalid},
		{"segment of no bytes", Content{Segments: []Segment{segment("a", 0)}}, fault.Invalid},
		{"negative size", Content{Segments: withOneSum(-1)}, fault.Invalid},
		{"a sum too few", Content{Segments: withOneSum(ChunkSize + 1)}, fault.Invalid},
		{"a sum too many", Content{Segments: []Segment{{Key: "a", Size: ChunkSize, Sums: make([]uint32, 2)}}}, fault.Invalid},
	} {
		t.Run(tt.name, func(t *testing.T) {
			record, err := tt.c.MarshalBinary()
			if tt.want != nil {
				if !errors.Is(err, tt.want) {
					t.Errorf("MarshalBinary = %v, want %v", err, tt.want)
				}
				return
			}
			if err != nil || new(Content).UnmarshalBinary(record) != nil {
				t.Errorf("MarshalBinary = %v, want a record that is read back", err)
			}
		})
	}
}

func TestSegmentsLimit(t *testing.T) {
	segments := slices.Repeat([]Segment{{Key: "k", Size: 1, Sums: []uint32{0}}}, maxSegments+1)
	for n, want := range map[int]error{maxSegments - 1: nil, maxSegments: nil, maxSegments + 1: fault.TooLarge} {
		if err := (Content{Segments: segments[:n]}).check(); !errors.Is(err, want) {
			t.Errorf("content of %d segments: %v, want %v", n, err, want)
		}
	}
	if testing.Short() {
		return
	}
	record, err := Content{Segments: segments[:maxSegments]}.MarshalBinary()
	if err != nil || new(Content).UnmarshalBinary(record) != nil {
		t.Errorf("MarshalBinary at the limit = %v, want a record that is read back", err)
	}
}

func TestContentSizeLimit(t *testing.T) {
	// Sums of a petabyte would take 4 GiB: the limit is tried on the sizes of
	// segments that share them.
	half := Segment{Key: "a", Size: 1 << 40, Sums: make([]uint32, 1<<20)}
	segments := make([]Segment, maxContentSize>>40)
	for i := range segments {
		segments[i] = half
	}
	if err := (Content{Segments: segments}).check(); err != nil {
		t.Errorf("content at the limit: %v", err)
	}
	below := append([]Segment{}, segments...)
	below[0].Size--
	if err := (Content{Segments: below}).check(); err != nil {
		t.Errorf("content one byte below the limit: %v", err)
	}
	over := append(segments, segment("a", 1))
	if err := (Content{Segments: over}).check(); !errors.Is(err, fault.TooLarge) {
		t.Errorf("content one byte over the limit: %v, want too large", err)
	}
}

func TestContentRefused(t *testing.T) {
	head := func(version byte) []byte { return append([]byte{version}, make([]byte, 32)...) }
	for _, tt := range []struct {
		name   string
		record []byte
	}{
		{"nothing", nil},
		{"version 0", append(head(0), 0)},
		{"version 2", append(head(2), 0)},
		{"more segments than bytes", append(head(1), 0x7f)},
		{"count in too many bytes", append(head(1), 0x80, 0x00)},
		{"count that overflows", append(head(1), bytes.Repeat([]byte{0xff}, 10)...)},
		{"segment of no bytes", append(head(1), 1, 1, 'a', 0)},
		{"key with a space", append(head(1), 1, 1, ' ', 1, 0, 0, 0, 0)},
		{"no key", append(head(1), 1, 0, 1, 0, 0, 0, 0)},
	} {
		c := Content{Segments: []Segment{segment("kept", 1)}}
		if err := c.UnmarshalBinary(tt.record); !errors.Is(err, fault.Damaged) || c.Size() != 1 {
			t.Errorf("%s: UnmarshalBinary = %v, content %v, want damaged and unchanged", tt.name, err, c)
		}
	}
}

func FuzzContentUnmarshal(f *testing.F) {
	for _, c := range []Content{{}, {Segments: []Segment{segment("a", 1), segment("b/c+1", 3<<20)}}} {
		record, err := c.MarshalBinary()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(record)
	}
	f.Fuzz(func(t *testing.T, record []byte) {
		var c Content
		if err := c.UnmarshalBinary(record); err != nil {
			if !errors.Is(err, fault.Damaged) {
				t.Errorf("UnmarshalBinary = %v, want damaged", err)
			}
			return
		}
		again, err := c.MarshalBinary()
		if err != nil || !bytes.Equal(again, record) {
			t.Errorf("record %x is written back as %x, %v", record, again, err)
		}
	})
}
