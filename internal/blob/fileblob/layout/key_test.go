package layout

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stowgate/stowgate/internal/blob"
)

func TestParseKey(t *testing.T) {
	name := strings.Repeat("A", nameLen-1) + "7"
	for _, tt := range []struct {
		key  string
		want Location
		ok   bool
	}{
		{"000001/" + name, Location{Path: "000001/" + name}, true},
		{"1000000/" + name, Location{Path: "1000000/" + name}, true},
		{"000001/" + name + ".pack+0", Location{Path: "000001/" + name + ".pack", Packed: true}, true},
		{"000001/" + name + ".pack+63", Location{Path: "000001/" + name + ".pack", Packed: true, Index: 63}, true},
		{"000001/" + name + ".pack+64", Location{}, false},
		{"000001/" + name + ".pack+-1", Location{}, false},
		{"000001/" + name + ".pack+00", Location{}, false},
		{"000001/" + name + ".pack+", Location{}, false},
		{"000001/" + name + ".pack", Location{}, false},
		{"000001/" + name + "+0", Location{}, false},
		{"000001/" + name[1:], Location{}, false},
		{"000001/A" + name, Location{}, false},
		{"000001/" + name[1:] + "1", Location{}, false},
		{"000001/" + name[1:] + "a", Location{}, false},
		{"000001/../" + name, Location{}, false},
		{"000000/" + name, Location{}, false},
		{"-00001/" + name, Location{}, false},
		{"00001/" + name, Location{}, false},
		{"0000001/" + name, Location{}, false},
		{"tmp/" + name, Location{}, false},
		{"../" + name, Location{}, false},
		{"/" + name, Location{}, false},
		{name, Location{}, false},
		{"", Location{}, false},
	} {
		if got, ok := ParseKey(blob.Key(tt.key)); got != tt.want || ok != tt.ok {
			t.Errorf("ParseKey(%q) = %+v, %t, want %+v, %t", tt.key, got, ok, tt.want, tt.ok)
		}
	}
}

// FuzzParseKey looks for a text that is taken for a key and leads elsewhere.
func FuzzParseKey(f *testing.F) {
	f.Add("000001/" + strings.Repeat("A", nameLen) + ".pack+1")
	f.Add("000001/" + strings.Repeat("A", nameLen))
	f.Fuzz(func(t *testing.T, key string) {
		at, ok := ParseKey(blob.Key(key))
		if !ok {
			return
		}
		if !filepath.IsLocal(at.Path) || filepath.Clean(at.Path) != at.Path || strings.Count(at.Path, "/") != 1 {
			t.Errorf("ParseKey(%q) leads to %q", key, at.Path)
		}
		if again := map[bool]blob.Key{true: RecordKey(at.Path, at.Index), false: blob.Key(at.Path)}[at.Packed]; string(again) != key {
			t.Errorf("ParseKey(%q) is the same as of %q", key, again)
		}
	})
}

// TestNewName holds that names are parsed, and are not given twice.
func TestNewName(t *testing.T) {
	name := NewName()
	if pack, ok := ParseName(name); pack || !ok {
		t.Errorf("ParseName(%q) = %t, %t, want false, true", name, pack, ok)
	}
	if pack, ok := ParseName(name + PackSuffix); !pack || !ok {
		t.Errorf("ParseName(%q) = %t, %t, want true, true", name+PackSuffix, pack, ok)
	}
	if NewName() == name {
		t.Errorf("NewName gave %q twice", name)
	}
}

func TestFolderNumber(t *testing.T) {
	for _, n := range []int{1, 42, 999_999, 1_000_000, 12_345_678} {
		if got := FolderNumber(FolderName(n)); got != n {
			t.Errorf("FolderNumber(%q) = %d, want %d", FolderName(n), got, n)
		}
	}
}
