package scrub

import (
	"context"
	"crypto/sha256"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/blob"
	"github.com/stowgate/stowgate/internal/blob/memblob"
	"github.com/stowgate/stowgate/internal/blob/route"
	"github.com/stowgate/stowgate/internal/catalog"
	"github.com/stowgate/stowgate/internal/catalog/sqlitedb"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/sweep"
)

func open(t *testing.T) *catalog.Catalog {
	t.Helper()
	db, err := sqlitedb.Open(t.Context(), filepath.Join(t.TempDir(), "catalog.db"))
	if err != nil {
		t.Fatal(err)
	}
	c, err := catalog.New(t.Context(), db, [32]byte{1}, catalog.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.CreateApp(t.Context(), account.Server().Entry("test", "", "", nil), policy.App{Key: "A", Created: time.Now()}); err != nil {
		t.Fatal(err)
	}
	return c
}

func write(t *testing.T, s blob.Store, data string) blob.Segment {
	t.Helper()
	w, err := blob.CreateSegment(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	w.Write([]byte(data))
	segment, err := w.Commit()
	if err != nil {
		t.Fatal(err)
	}
	return segment
}

func add(t *testing.T, c *catalog.Catalog, s blob.Store, data string) asset.Asset {
	t.Helper()
	a := asset.Asset{ID: asset.NewID(), UUID: uuid.New(), App: "A", Name: data, Version: 1, Created: time.Now(), Modified: time.Now()}
	a.Content = blob.Content{Segments: []blob.Segment{write(t, s, data)}, SHA256: sha256.Sum256([]byte(data))}
	if err := c.AddAsset(t.Context(), a, policy.Use{}); err != nil {
		t.Fatal(err)
	}
	return a
}

func quiet(Report) {}

// TestCheck finds every kind of trouble, each in its place, and nothing else.
func TestCheck(t *testing.T) {
	c, s := open(t), new(memblob.Store)
	add(t, c, s, "good")
	bad, short, gone := add(t, c, s, "bad"), add(t, c, s, "short"), add(t, c, s, "gone")
	s.Edit(bad.Content.Segments[0].Key, func(b []byte) []byte { return []byte("BAD") })
	s.Edit(short.Content.Segments[0].Key, func(b []byte) []byte { return b[:2] })
	s.Remove(t.Context(), gone.Content.Segments[0].Key)
	orphan := write(t, s, "orphan")

	calls := 0
	r, err := Check(t.Context(), c, s, time.Now().Add(time.Minute), func(Report) { calls++ })
	if err != nil {
		t.Fatal(err)
	}
	damaged := map[asset.ID]bool{}
	for _, a := range r.Damaged {
		damaged[a.Handle] = true
	}
	if r.Assets != 4 || r.Blobs != 4 || r.Bytes != 16 || len(damaged) != 2 || !damaged[bad.ID] || !damaged[short.ID] || calls != 4 {
		t.Errorf("report %+v with %d calls, want bad and short damaged", r, calls)
	}
	if len(r.Missing) != 1 || r.Missing[0].Handle != gone.ID || r.Missing[0].App != "A" || r.Missing[0].Name != "gone" {
		t.Errorf("missing %+v, want gone", r.Missing)
	}
	if len(r.Orphans) != 1 || r.Orphans[0].Key != orphan.Key || r.Orphans[0].Size != 6 {
		t.Errorf("orphans %+v, want one of 6 bytes", r.Orphans)
	}
	if err := Repair(t.Context(), s, &r); err != nil || r.Repaired != 1 {
		t.Errorf("Repair: %v, %d repaired", err, r.Repaired)
	}
	r, err = Check(t.Context(), c, s, time.Now().Add(time.Minute), quiet)
	if err != nil || len(r.Orphans) != 0 || len(r.Damaged) != 2 || len(r.Missing) != 1 || r.Assets != 4 {
		t.Errorf("after the repair: %+v, %v", r, err)
	}
}

// TestStorages: what is wrong is found, and mended, in every storage.
func TestStorages(t *testing.T) {
	c, standard, archive := open(t), new(memblob.Store), new(memblob.Store)
	s := route.New(standard, map[string]blob.Store{"archive": archive})
	into, err := s.In("archive")
	if err != nil {
		t.Fatal(err)
	}
	add(t, c, s, "good")
	add(t, c, into, "good too")
	bad, gone := add(t, c, into, "bad"), add(t, c, into, "gone")
	_, key, _ := bad.Content.Segments[0].Key.Split()
	archive.Edit(key, func(b []byte) []byte { return []byte("BAD") })
	s.Remove(t.Context(), gone.Content.Segments[0].Key)
	orphans := []blob.Key{write(t, into, "orphan").Key, write(t, s, "orphan").Key}

	r, err := Check(t.Context(), c, s, time.Now().Add(time.Minute), quiet)
	if err != nil || r.Assets != 4 || len(r.Damaged) != 1 || r.Damaged[0].Handle != bad.ID || len(r.Missing) != 1 || r.Missing[0].Handle != gone.ID || len(r.Orphans) != 2 {
		t.Errorf("%+v, %v", r, err)
	}
	if err := Repair(t.Context(), s, &r); err != nil || r.Repaired != 2 {
		t.Errorf("Repair: %v, %d repaired", err, r.Repaired)
	}
	for _, key := range orphans {
		if _, err := s.Open(t.Context(), key, 0, -1); !errors.Is(err, fault.NotFound) {
			t.Errorf("orphan %s: %v after the repair", key, err)
		}
	}

	// The sweep takes what was removed out of each, and the orphans of a crash.
	now := time.Now()
	sweeper := sweep.New(s, c, sweep.Config{Now: func() time.Time { return now.Add(time.Hour) }})
	lost := write(t, into, "lost").Key
	if err := c.RemoveAsset(t.Context(), "A", bad.ID, policy.Use{}); err != nil {
		t.Fatal(err)
	}
	if err := sweeper.Sweep(t.Context()); err != nil {
		t.Error(err)
	}
	if n, err := sweeper.SweepOrphans(t.Context(), now.Add(time.Minute)); n != 1 || err != nil {
		t.Errorf("SweepOrphans = %d, %v; want 1", n, err)
	}
	for _, key := range []blob.Key{lost, bad.Content.Segments[0].Key} {
		if _, err := s.Open(t.Context(), key, 0, -1); !errors.Is(err, fault.NotFound) {
			t.Errorf("blob %s: %v after the sweep", key, err)
		}
	}
}

// TestGrace: a blob that a running upload has just written is no orphan.
func TestGrace(t *testing.T) {
	c, s := open(t), new(memblob.Store)
	write(t, s, "fresh")
	if r, err := Check(t.Context(), c, s, time.Now().Add(-time.Minute), quiet); err != nil || len(r.Orphans) != 0 {
		t.Errorf("orphans of the last minute: %+v, %v", r.Orphans, err)
	}
}

// A removingStore removes the asset whose blob is being read.
type removingStore struct {
	blob.Store
	remove func(blob.Key)
}

func (s removingStore) Open(ctx context.Context, key blob.Key, offset, size int64) (blob.Reader, error) {
	s.remove(key)
	return s.Store.Open(ctx, key, offset, size)
}

// TestBesideServer: what is removed while it is read is not missing.
func TestBesideServer(t *testing.T) {
	c, s := open(t), new(memblob.Store)
	a := add(t, c, s, "leaving")
	r, err := Check(t.Context(), c, removingStore{s, func(key blob.Key) {
		if err := c.RemoveAsset(t.Context(), "A", a.ID, policy.Use{}); err != nil {
			t.Error(err)
		}
		s.Remove(t.Context(), key)
	}}, time.Now(), quiet)
	if err != nil || len(r.Missing)+len(r.Damaged) != 0 || r.Assets != 0 {
		t.Errorf("report %+v, %v; want nothing", r, err)
	}
}

// TestLonely: a storage that belongs to another database is not emptied.
func TestLonely(t *testing.T) {
	s := new(memblob.Store)
	orphan := Blob{Key: write(t, s, "x").Key}
	for n, want := range map[int]error{maxLonely - 1: nil, maxLonely: nil, maxLonely + 1: fault.Conflict} {
		r := Report{Orphans: make([]Blob, n)}
		for i := range r.Orphans {
			r.Orphans[i] = orphan
		}
		if err := Repair(t.Context(), s, &r); !errors.Is(err, want) {
			t.Errorf("repair of %d orphans and no files = %v, want %v", n, err, want)
		}
		r.Blobs, r.Repaired = 1, 0
		if err := Repair(t.Context(), s, &r); err != nil || r.Repaired != n {
			t.Errorf("repair of %d orphans beside files = %v, %d repaired", n, err, r.Repaired)
		}
	}
}

func TestCanceled(t *testing.T) {
	c, s := open(t), new(memblob.Store)
	add(t, c, s, "x")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Check(ctx, c, s, time.Now(), quiet); fault.Of(err) != fault.Canceled {
		t.Errorf("Check when canceled = %v", err)
	}
}
