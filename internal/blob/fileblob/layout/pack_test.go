package layout

import (
	"bytes"
	"encoding/hex"
	"slices"
	"testing"
	"time"

	"github.com/stowgate/stowgate/internal/fault"
)

var committed = time.Unix(1_700_000_000, 123_456_789)

// TestHeader pins the bytes on disk: packs that were written before have them.
func TestHeader(t *testing.T) {
	header, entries := NewHeader(committed, []int64{1, 4096, 4097, 7})
	want := []Entry{{4096, 1, Live}, {8192, 4096, Live}, {12288, 4097, Live}, {20480, 7, Live}}
	if !slices.Equal(entries, want) {
		t.Errorf("NewHeader lays out %v, want %v", entries, want)
	}
	const golden = "" +
		"53475041434b310a15cd853dfe9c9717040000008fbef30f0000000000000000" +
		"001000000100000094e236cd69000000" +
		"0020000000100000bd4cd1c169000000" +
		"0030000001100000a31ccf8069000000" +
		"00500000070000009cf7c47369000000"
	used := int(EntryOffset(len(entries)))
	if got := hex.EncodeToString(header[:used]); got != golden {
		t.Errorf("header = %s, want %s", got, golden)
	}
	if len(header) != HeaderSize || !bytes.Equal(header[used:], make([]byte, HeaderSize-used)) {
		t.Errorf("the rest of the header of %d bytes is not empty", len(header))
	}
	at, parsed, err := ParseHeader(header)
	if err != nil || !at.Equal(committed) || !slices.Equal(parsed, want) {
		t.Errorf("ParseHeader = %v, %v, %v, want %v, %v", at, parsed, err, committed, want)
	}
}

// TestHeaderHolds lays out as many records as there may be in a pack.
func TestHeaderHolds(t *testing.T) {
	header, entries := NewHeader(committed, slices.Repeat([]int64{5 << 20}, MaxRecords))
	if EntryOffset(MaxRecords) > HeaderSize {
		t.Errorf("entries end at %d, the header at %d", EntryOffset(MaxRecords), HeaderSize)
	}
	if _, parsed, err := ParseHeader(header); err != nil || !slices.Equal(parsed, entries) {
		t.Errorf("ParseHeader = %v, %v, want %v", parsed, err, entries)
	}
}

// TestDamagedHeader changes each bit that means something.
func TestDamagedHeader(t *testing.T) {
	header, whole := NewHeader(committed, []int64{10, 20, 30})
	for at := range 24 * 8 {
		damaged := bytes.Clone(header)
		damaged[at/8] ^= 1 << (at % 8)
		if _, _, err := ParseHeader(damaged); fault.Of(err) != fault.Damaged {
			t.Errorf("bit %d: ParseHeader = %v, want damaged", at, err)
		}
	}
	for at := range (entryState + 1) * 8 {
		damaged := bytes.Clone(header)
		damaged[int(EntryOffset(1))+at/8] ^= 1 << (at % 8)
		_, entries, err := ParseHeader(damaged)
		if want := []Entry{whole[0], {State: Unknown}, whole[2]}; err != nil || !slices.Equal(entries, want) {
			t.Errorf("bit %d of an entry: ParseHeader = %v, %v, want %v", at, entries, err, want)
		}
	}
}

// TestStates holds which states are believed, and that no two of them are one
// bit apart.
func TestStates(t *testing.T) {
	header, entries := NewHeader(committed, []int64{10})
	states := []State{None, Live, Removed, Gone, Unknown}
	for value := range 256 {
		state := State(value)
		header[StateOffset(0)] = byte(state)
		want := Entry{State: Unknown}
		if state != Unknown && slices.Contains(states, state) {
			want = Entry{entries[0].Offset, entries[0].Size, state}
		}
		if got := ParseEntry(header[EntryOffset(0):]); got != want {
			t.Errorf("an entry in state %#x is %v, want %v", value, got, want)
		}
		for _, other := range states {
			if d := state ^ other; slices.Contains(states, state) && d != 0 && d&(d-1) == 0 {
				t.Errorf("states %#x and %#x are one bit apart", state, other)
			}
		}
	}
}

// FuzzParseHeader looks for a header that is taken for a sound one and says
// what none can say.
func FuzzParseHeader(f *testing.F) {
	header, _ := NewHeader(committed, []int64{10, 20})
	f.Add(header[:EntryOffset(2)])
	f.Add([]byte(nil))
	f.Fuzz(func(t *testing.T, begin []byte) {
		header := make([]byte, HeaderSize)
		copy(header, begin)
		_, entries, err := ParseHeader(header)
		if err != nil && (fault.Of(err) != fault.Damaged || entries != nil) {
			t.Errorf("ParseHeader = %v, %v, want damaged", entries, err)
		}
		if len(entries) > MaxRecords {
			t.Errorf("there are %d entries", len(entries))
		}
		for i, e := range entries {
			if e.Offset < 0 || e.Size < 0 || e.State == Unknown && e != (Entry{State: Unknown}) {
				t.Errorf("entry %d is %v", i, e)
			}
		}
	})
}
