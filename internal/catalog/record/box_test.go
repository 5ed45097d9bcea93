package record

import (
	"bytes"
	"errors"
	"testing"

	"github.com/stowgate/stowgate/internal/fault"
)

func TestM5Box(t *testing.T) {
	b := NewBox([32]byte{1})
	sealed := b.Seal("app", []byte("secret"))
	if plain, err := b.Open("app", sealed); err != nil || string(plain) != "secret" {
		t.Fatalf("open = %q, %v", plain, err)
	}
	if bytes.Equal(sealed, b.Seal("app", []byte("secret"))) {
		t.Error("the same secret was sealed to the same bytes twice")
	}
	for i := range sealed {
		changed := bytes.Clone(sealed)
		changed[i] ^= 1
		if _, err := b.Open("app", changed); !errors.Is(err, fault.Damaged) {
			t.Errorf("open with byte %d changed: %v, want %v", i, err, fault.Damaged)
		}
	}
	for _, tt := range []struct {
		what   string
		box    Box
		name   string
		sealed []byte
	}{
		{"another key", NewBox([32]byte{2}), "app", sealed},
		{"another record", b, "App", sealed},
		{"too few bytes", b, "app", sealed[:11]},
		{"no bytes", b, "app", nil},
	} {
		if _, err := tt.box.Open(tt.name, tt.sealed); !errors.Is(err, fault.Damaged) {
			t.Errorf("open with %s: %v, want %v", tt.what, err, fault.Damaged)
		}
	}
}
