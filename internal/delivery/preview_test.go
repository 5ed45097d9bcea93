package delivery_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stowgate/stowgate/internal/delivery"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/policy"
)

func yes(int64, string) error { return nil }

// TestF8Previews holds that what nobody signed for is rationed.
func TestF8Previews(t *testing.T) {
	st := newStudio(t, delivery.Config{Unsigned: 2})
	plan := resize(5).Plan
	for i, tt := range []struct {
		g    policy.Grant
		want error
	}{
		{policy.Grant{App: "A", Actions: policy.Pick, Unsigned: true}, nil},
		{policy.Grant{App: "A", Actions: policy.Pick, Unsigned: true}, nil},
		{policy.Grant{App: "A", Actions: policy.Pick, Unsigned: true}, fault.Busy},
		{policy.Grant{App: "B", Actions: policy.Pick, Unsigned: true}, nil},
		{policy.Grant{App: "A", Actions: policy.Pick}, nil},
	} {
		v, err := st.Preview(t.Context(), tt.g, plan, strings.NewReader("bytes"), yes)
		if !errors.Is(err, tt.want) {
			t.Fatalf("Preview %d = %v, want %v", i, err, tt.want)
		}
		if err == nil {
			v.Close()
		}
	}
	if files := st.Stats().Shelf.Files; files != 0 {
		t.Errorf("after previews %d files are kept, want none", files)
	}
}

func TestPreviewNotAdmitted(t *testing.T) {
	st := newStudio(t, delivery.Config{})
	_, err := st.Preview(t.Context(), may("A"), resize(5).Plan, strings.NewReader("GIF89a"), func(size int64, kind string) error {
		if size != 6 || kind != "image/gif" {
			t.Errorf("admit of %d bytes of %s, want 6 of image/gif", size, kind)
		}
		return fault.Denied
	})
	if !errors.Is(err, fault.Denied) || st.darkroom.runs.Load() != 0 {
		t.Errorf("Preview = %v after %d renders, want %v after none", err, st.darkroom.runs.Load(), fault.Denied)
	}
}
