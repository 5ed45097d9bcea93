package upload_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/blob"
	"github.com/stowgate/stowgate/internal/blob/memblob"
	"github.com/stowgate/stowgate/internal/blob/route"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/upload"
)

// mustBeIn wants all bytes of a in the storage called name.
func mustBeIn(t *testing.T, a asset.Asset, name string) {
	t.Helper()
	for _, s := range a.Content.Segments {
		if got, _, ok := s.Key.Split(); !ok || got != name {
			t.Errorf("blob %s of %q is in storage %q, want %q", s.Key, a.Name, got, name)
		}
	}
}

// TestStorage: the bytes of new files go where their app keeps them, however
// they come, and those that are there stay.
func TestStorage(t *testing.T) {
	s := newStack(t)
	s.Service.Close()
	s.blobs = route.New(s.blobs, map[string]blob.Store{"archive": new(memblob.Store)})
	s.vault = blob.NewVault(s.blobs, blob.VaultConfig{})
	s.Service = upload.New(s.blobs, s.vault, s.catalog, upload.Config{Now: func() time.Time { return s.now }})
	t.Cleanup(s.Service.Close)

	put := func() asset.Asset {
		t.Helper()
		a, err := s.Put(t.Context(), anyone, upload.Spec{Name: "n.txt", Size: -1}, bytes.NewReader([]byte("one")))
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	old := put()
	mustBeIn(t, old, "")
	begun := s.begin(t, 10)
	if _, err := s.send(t, begun, upload.PartSpec{Number: 1}, []byte("early")); err != nil {
		t.Fatal(err)
	}

	s.bound(t, policy.Options{Storage: "archive"})
	mustBeIn(t, put(), "archive")
	s.mustHold(t, old, []byte("one"))

	// An upload in parts that began before goes on there.
	if _, err := s.send(t, begun, upload.PartSpec{Number: 2}, []byte("later")); err != nil {
		t.Fatal(err)
	}
	a := s.mustComplete(t, begun, []byte("earlylater"))
	if first, _, _ := a.Content.Segments[0].Key.Split(); first != "" {
		t.Errorf("a part that was there has moved to %q", first)
	}
	mustBeIn(t, asset.Asset{Name: "the part that came later", Content: blob.Content{Segments: a.Content.Segments[1:]}}, "archive")

	// So do pieces of overlapping chunks, which are written again.
	u := s.begin(t, 6)
	for offset, body := range map[int64]string{0: "abcd", 2: "cdef"} {
		if _, err := s.send(t, u, upload.PartSpec{Number: 1, Chunked: true, Offset: offset}, []byte(body)); err != nil {
			t.Fatal(err)
		}
	}
	mustBeIn(t, s.mustComplete(t, u, []byte("abcdef")), "archive")

	copied, err := s.Copy(t.Context(), anyone, old.ID, upload.Spec{Size: -1})
	if err != nil {
		t.Fatal(err)
	}
	mustBeIn(t, copied, "archive")
	replaced, err := s.Replace(t.Context(), anyone, old.ID, upload.Spec{Size: -1}, bytes.NewReader([]byte("two")))
	if err != nil {
		t.Fatal(err)
	}
	mustBeIn(t, replaced, "archive")
	s.mustHold(t, replaced, []byte("two"))

	s.bound(t, policy.Options{Storage: "gone"})
	if _, err := s.Put(t.Context(), anyone, upload.Spec{Name: "n.txt", Size: -1}, bytes.NewReader([]byte("x"))); fault.Of(err) != fault.Unavailable {
		t.Errorf("Put into a storage that is not there: %v, want unavailable", err)
	}
	s.mustHold(t, replaced, []byte("two"))

	s.bound(t, policy.Options{})
	mustBeIn(t, put(), "")
}
