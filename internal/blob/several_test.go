package blob_test

import (
	"strings"
	"testing"

	"github.com/stowgate/stowgate/internal/blob"
	"github.com/stowgate/stowgate/internal/blob/memblob"
	"github.com/stowgate/stowgate/internal/fault"
)

func TestSplit(t *testing.T) {
	for _, tt := range []struct {
		key, name, inner blob.Key
		ok               bool
	}{
		{"000001/ABC", "", "000001/ABC", true},
		{"000001/ABC.pack+7", "", "000001/ABC.pack+7", true},
		{"+archive/000001/ABC.pack+7", "archive", "000001/ABC.pack+7", true},
		{"+archive/", "archive", "", true},
		{"", "", "", true},
		{"+archive", "archive", "", false},
		{"+/000001/ABC", "", "000001/ABC", false}, // no second name for what is in the default
		{"+", "", "", false},
	} {
		name, inner, ok := tt.key.Split()
		if ok != tt.ok || ok && (name != string(tt.name) || inner != tt.inner) {
			t.Errorf("%q.Split() = %q, %q, %t; want %q, %q, %t", tt.key, name, inner, ok, tt.name, tt.inner, tt.ok)
		}
		if ok && blob.Join(name, inner) != tt.key {
			t.Errorf("Join(%q, %q) = %q, want %q", name, inner, blob.Join(name, inner), tt.key)
		}
	}
}

func TestParseName(t *testing.T) {
	for text, want := range map[string]bool{
		"archive": true, "eu-1": true, "0": true, strings.Repeat("a", 32): true, strings.Repeat("a", 33): false,
		"": false, "Archive": false, "a/b": false, "a+b": false, "a.b": false, "ä": false, "default": false,
	} {
		if name, err := blob.ParseName(text); (err == nil) != want || err == nil && name != text {
			t.Errorf("ParseName(%q) = %q, %v; want it taken: %t", text, name, err, want)
		}
	}
}

// TestIn: a store that is not made of several is the default, and no other.
func TestIn(t *testing.T) {
	store := new(memblob.Store)
	if got, err := blob.In(store, ""); got != store || err != nil {
		t.Errorf("In of the default = %v, %v", got, err)
	}
	if got, err := blob.In(store, "archive"); got != nil || fault.Of(err) != fault.Unavailable {
		t.Errorf("In of another = %v, %v; want unavailable", got, err)
	}
}
