package delivery_test

import (
	"context"
	"errors"
	"io"
	"testing"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/blob"
	"github.com/stowgate/stowgate/internal/blob/memblob"
	"github.com/stowgate/stowgate/internal/delivery"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/policy"
)

// A single gives its asset to grants that allow the action.
type single struct{ asset.Asset }

func (s single) Get(_ context.Context, g policy.Grant, _ asset.ID, action policy.Action) (asset.Asset, error) {
	if g.Actions&action == 0 {
		return asset.Asset{}, fault.Denied
	}
	return s.Asset, nil
}

func (s single) Allow(context.Context, policy.Grant, policy.Request) error { return fault.Denied }

// stock returns a service with one asset that holds "abc", and its store.
func stock(t *testing.T) (*delivery.Service, asset.Asset, *memblob.Store) {
	t.Helper()
	store := new(memblob.Store)
	w, err := blob.CreateSegment(t.Context(), store)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte("abc")); err != nil {
		t.Fatal(err)
	}
	segment, err := w.Commit()
	if err != nil {
		t.Fatal(err)
	}
	a := asset.Asset{ID: asset.NewID(), App: "a", Detected: "text/plain"}
	a.Content = blob.Content{Segments: []blob.Segment{segment}, SHA256: [32]byte{0xba, 0x78}}
	s, err := delivery.New(blob.NewVault(store, blob.VaultConfig{}), single{a}, delivery.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return s, a, store
}

func TestOpen(t *testing.T) {
	s, a, store := stock(t)
	f, err := s.Open(t.Context(), policy.Grant{App: "a", Actions: policy.Read}, a.ID)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if b, err := io.ReadAll(f); string(b) != "abc" || err != nil {
		t.Errorf("read %q, %v", b, err)
	}
	if _, err := s.Open(t.Context(), policy.Grant{App: "a", Actions: policy.Stat}, a.ID); !errors.Is(err, fault.Denied) {
		t.Errorf("Open without read = %v, want denied", err)
	}

	store.Edit(a.Content.Segments[0].Key, func(b []byte) []byte { b[1] ^= 1; return b })
	g, err := s.Open(t.Context(), policy.Grant{App: "a", Actions: policy.Read}, a.ID)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	if b, err := io.ReadAll(g); len(b) != 0 || !errors.Is(err, fault.Damaged) {
		t.Errorf("read %q of damaged bytes, %v", b, err)
	}
}

// The hashes of "abc" are in the standards (FIPS 180-4, RFC 1321).
func TestDigests(t *testing.T) {
	s, a, _ := stock(t)
	got, err := s.Digests(t.Context(), a, []string{"md5", "sha1", "sha224", "sha256"})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"md5":    "900150983cd24fb0d6963f7d28e17f72",
		"sha1":   "a9993e364706816aba3e25717850c26c9cd0d89d",
		"sha224": "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7",
	} {
		if got[name] != want {
			t.Errorf("%s = %s, want %s", name, got[name], want)
		}
	}
	if got["sha256"][:4] != "ba78" {
		t.Errorf("sha256 = %s, want the recorded one", got["sha256"])
	}
	if _, err := s.Digests(t.Context(), a, []string{"crc32"}); !errors.Is(err, fault.Invalid) {
		t.Errorf("unknown hash = %v, want invalid", err)
	}
}

func TestEXIFNeedsItsName(t *testing.T) {
	s, a, _ := stock(t)
	if _, err := s.EXIF(t.Context(), policy.Grant{App: "a", Actions: policy.Stat | policy.Read}, a); !errors.Is(err, fault.Denied) {
		t.Errorf("EXIF without the action = %v, want denied", err)
	}
	if tags, err := s.EXIF(t.Context(), policy.Grant{App: "a", Actions: policy.EXIF}, a); len(tags) != 0 || err != nil {
		t.Errorf("EXIF of a text = %v, %v", tags, err)
	}
}
