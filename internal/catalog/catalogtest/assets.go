package catalogtest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/blob"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/policy"
)

func assetIsKeptWhole(t *testing.T, s Store) {
	var whole asset.Asset
	fill(t, &whole)
	whole.App, whole.Version = "app", 1
	bare := asset.Asset{ID: asset.NewID(), UUID: uuid.New(), App: "app", Version: 1}
	for _, want := range []asset.Asset{whole, bare} {
		must(t, s.AddAsset(t.Context(), want, noUse))
		for range 2 { // from the database, then from memory
			got, err := s.Asset(t.Context(), want.ID)
			must(t, err)
			wantEqual(t, "Asset", got, want)
			got, err = s.AssetByUUID(t.Context(), want.UUID)
			must(t, err)
			wantEqual(t, "AssetByUUID", got, want)
		}
	}
}

func addAssetErrors(t *testing.T, s Store) {
	keys := newKeys(4)
	a := add(t, s, "app", keys[0])
	removed := add(t, s, "app")
	must(t, s.RemoveAsset(t.Context(), "app", removed.ID, noUse))
	for _, tt := range []struct {
		name   string
		change func(*asset.Asset)
		want   error
	}{
		{"taken ID", func(b *asset.Asset) { b.ID = a.ID }, fault.Conflict},
		{"taken UUID", func(b *asset.Asset) { b.UUID = a.UUID }, fault.Conflict},
		{"removed ID", func(b *asset.Asset) { b.ID = removed.ID }, fault.Conflict},
		{"removed UUID", func(b *asset.Asset) { b.UUID = removed.UUID }, fault.Conflict},
		{"another's blob", func(b *asset.Asset) { b.Content = content(keys[1], keys[0]) }, fault.Conflict},
		{"same blob twice", func(b *asset.Asset) { b.Content = content(keys[1], keys[1]) }, fault.Conflict},
		{"no such app", func(b *asset.Asset) { b.App = "none" }, fault.NotFound},
		{"version 0", func(b *asset.Asset) { b.Version = 0 }, fault.Invalid},
		{"version 2", func(b *asset.Asset) { b.Version = 2 }, fault.Invalid},
	} {
		b := newAsset("app", keys[1])
		tt.change(&b)
		wantError(t, "AddAsset with "+tt.name, s.AddAsset(t.Context(), b, noUse), tt.want)
	}
	_, err := s.AssetByUUID(t.Context(), uuid.New())
	wantError(t, "AssetByUUID of no asset", err, fault.NotFound)
	wantBlobs(t, s, keys[:1], nil)
	wantEvents(t, s, asset.Uploaded, asset.Uploaded, asset.Deleted)
}

func addAssetRace(t *testing.T, s Store) {
	id, keys := asset.NewID(), newKeys(20)
	errs := atOnce(len(keys), func(i int) error {
		a := newAsset("app", keys[i])
		a.ID = id
		return s.AddAsset(t.Context(), a, noUse)
	})
	wantOutcome(t, "AddAsset", errs, 1, fault.Conflict)
	wantBlobs(t, s, keys[slices.Index(errs, nil):][:1], nil)
	wantEvents(t, s, asset.Uploaded)
}

func replaceContent(t *testing.T, s Store) {
	keys := newKeys(5)
	a := add(t, s, "app", keys[0], keys[1])
	other := add(t, s, "app", keys[2])
	var next asset.Asset
	fill(t, &next)
	next.ID, next.App, next.Version, next.Content = a.ID, "app", 2, content(keys[1], keys[3])
	must(t, s.ReplaceContent(t.Context(), next, noUse))
	got, err := s.Asset(t.Context(), a.ID)
	must(t, err)
	want := next
	want.UUID, want.Created, want.Stored = a.UUID, a.Created, a.Stored
	want.Name, want.Tags, want.Labels, want.Alt = a.Name, a.Tags, a.Labels, a.Alt
	wantEqual(t, "Asset after ReplaceContent", got, want)
	_, err = s.AssetByUUID(t.Context(), next.UUID)
	wantError(t, "AssetByUUID of a UUID that was not taken over", err, fault.NotFound)
	wantBlobs(t, s, keys[1:4], keys[:1])
	wantEvents(t, s, asset.Uploaded, asset.Uploaded, asset.Overwritten)

	for _, tt := range []struct {
		name   string
		change func(*asset.Asset)
		want   error
	}{
		{"the same version", func(b *asset.Asset) { b.Version = 2 }, fault.Conflict},
		{"a version left out", func(b *asset.Asset) { b.Version = 4 }, fault.Conflict},
		{"another's blob", func(b *asset.Asset) { b.Content = content(keys[2]) }, fault.Conflict},
		{"its old blob", func(b *asset.Asset) { b.Content = content(keys[0]) }, fault.Conflict},
		{"another ID", func(b *asset.Asset) { b.ID = asset.NewID() }, fault.NotFound},
		{"another app", func(b *asset.Asset) { b.App = "none" }, fault.NotFound},
	} {
		b := next
		b.Version, b.Content = 3, content(keys[4])
		tt.change(&b)
		wantError(t, "ReplaceContent with "+tt.name, s.ReplaceContent(t.Context(), b, noUse), tt.want)
	}
	got, err = s.Asset(t.Context(), a.ID)
	must(t, err)
	wantEqual(t, "Asset after failed ReplaceContent", got, want)
	got, err = s.Asset(t.Context(), other.ID)
	must(t, err)
	wantEqual(t, "other Asset", got, other)
	wantBlobs(t, s, keys[1:4], keys[:1])
}

func replaceContentRace(t *testing.T, s Store) {
	keys := newKeys(21)
	a := add(t, s, "app", keys[20])
	errs := atOnce(20, func(i int) error {
		b := a
		b.Version, b.Content = 2, content(keys[i])
		return s.ReplaceContent(t.Context(), b, noUse)
	})
	wantOutcome(t, "ReplaceContent", errs, 1, fault.Conflict)
	winner := keys[slices.Index(errs, nil)]
	got, err := s.Asset(t.Context(), a.ID)
	must(t, err)
	if got.Content.Segments[0].Key != winner {
		t.Errorf("content is of blob %s, want that of the winner, %s", got.Content.Segments[0].Key, winner)
	}
	wantBlobs(t, s, []blob.Key{winner}, keys[20:])
}

func removeAsset(t *testing.T, s Store) {
	keys := newKeys(2)
	a := add(t, s, "app", keys...)
	_, err := s.AssetByUUID(t.Context(), a.UUID)
	must(t, err)
	must(t, s.RemoveAsset(t.Context(), "app", a.ID, noUse))
	_, err = s.Asset(t.Context(), a.ID)
	wantError(t, "Asset that was removed", err, fault.NotFound)
	_, err = s.AssetByUUID(t.Context(), a.UUID)
	wantError(t, "AssetByUUID that was removed", err, fault.NotFound)
	wantError(t, "RemoveAsset again", s.RemoveAsset(t.Context(), "app", a.ID, noUse), fault.NotFound)
	a.Version = 2
	wantError(t, "ReplaceContent of a removed asset", s.ReplaceContent(t.Context(), a, noUse), fault.NotFound)
	wantBlobs(t, s, nil, keys)
	wantEvents(t, s, asset.Uploaded, asset.Deleted)
}

func eachAsset(t *testing.T, s Store) {
	const n = 1001 // two steps and one
	ids := make([]asset.ID, n)
	errs := atOnce(n, func(i int) error {
		a := newAsset("app")
		ids[i] = a.ID
		return s.AddAsset(t.Context(), a, noUse)
	})
	wantOutcome(t, "AddAsset", errs, n, nil)
	slices.Sort(ids)
	var got []asset.ID
	must(t, s.EachAsset(t.Context(), "", func(a asset.Asset) error { got = append(got, a.ID); return nil }))
	wantEqual(t, "EachAsset", got, ids)
	errStop := errors.New("stop")
	got = nil
	err := s.EachAsset(t.Context(), ids[9], func(a asset.Asset) error { got = append(got, a.ID); return errStop })
	wantError(t, "EachAsset", err, errStop)
	wantEqual(t, "EachAsset after an ID", got, ids[10:11])
}

func otherApps(t *testing.T, s Store) {
	create(t, s, "other")
	keys := newKeys(2)
	a := add(t, s, "app", keys[0])
	wantError(t, "RemoveAsset", s.RemoveAsset(t.Context(), "other", a.ID, noUse), fault.NotFound)
	b := a
	b.App, b.Version, b.Content = "other", 2, content(keys[1])
	wantError(t, "ReplaceContent", s.ReplaceContent(t.Context(), b, noUse), fault.NotFound)
	part := newPart(1, 0)
	u := begin(t, s, "app", part)
	_, err := s.FinishSession(t.Context(), u.ID, newAsset("other", keysOf(part)...), nil)
	wantError(t, "FinishSession", err, fault.NotFound)
	c, err := s.FinishSession(t.Context(), u.ID, newAsset("app", keysOf(part)...), nil)
	must(t, err)
	_, err = s.FinishSession(t.Context(), u.ID, newAsset("other", keys[1]), nil)
	wantError(t, "FinishSession again", err, fault.NotFound)
	for _, want := range []asset.Asset{a, c} {
		got, err := s.Asset(t.Context(), want.ID)
		must(t, err)
		wantEqual(t, "Asset", got, want)
	}
}

// cacheFollowsOwnWrites reads without end what is overwritten: no version that
// is older than an acknowledged one may be seen.
func cacheFollowsOwnWrites(t *testing.T, s Store) {
	a := add(t, s, "app")
	acknowledged := make(chan int64)
	done := make(chan error)
	go func() {
		var err error
		for v := range acknowledged {
			for range 50 {
				got, e := s.Asset(t.Context(), a.ID)
				if e != nil || got.Version < v {
					err = errors.Join(e, errors.New("an older version was read"))
				}
			}
		}
		done <- err
	}()
	for v := int64(2); v < 200; v++ {
		a.Version = v
		must(t, s.ReplaceContent(t.Context(), a, noUse))
		acknowledged <- v
	}
	close(acknowledged)
	must(t, <-done)
}

func addAssetsAllAtOnce(t *testing.T, s Store) {
	assets := make([]asset.Asset, 500)
	errs := atOnce(len(assets), func(i int) error {
		assets[i] = newAsset("app", newKeys(1)...)
		if err := s.AddAsset(t.Context(), assets[i], noUse); err != nil {
			return err
		}
		_, err := s.Asset(t.Context(), assets[i].ID) // what was acknowledged can be read
		return err
	})
	wantOutcome(t, "AddAsset", errs, len(errs), nil)
	for _, want := range assets {
		got, err := s.Asset(t.Context(), want.ID)
		must(t, err)
		wantEqual(t, "Asset", got, want)
	}
}

// failedWriteHarmsNoOther mixes writes that fail after they have changed
// something with ones that succeed.
func failedWriteHarmsNoOther(t *testing.T, s Store) {
	taken := newKeys(1)[0]
	add(t, s, "app", taken)
	keys := newKeys(200)
	errs := atOnce(len(keys), func(i int) error {
		if i%2 == 0 {
			return s.AddAsset(t.Context(), newAsset("app", keys[i], taken), policy.Use{Digest: [32]byte{1}, Limit: 1})
		}
		return s.AddAsset(t.Context(), newAsset("app", keys[i]), noUse)
	})
	want := []blob.Key{taken}
	for i, err := range errs {
		if i%2 == 0 {
			wantError(t, "AddAsset with a taken blob", err, fault.Conflict)
			continue
		}
		wantError(t, "AddAsset", err, nil)
		want = append(want, keys[i])
	}
	wantBlobs(t, s, want, nil)
}

func events(t *testing.T, s Store) {
	var a asset.Asset
	fill(t, &a)
	a.App, a.Version = "app", 1
	a.Source = "https://bucket.example/x?signature=SECRETLINK"
	must(t, s.AddAsset(t.Context(), a, noUse))
	a.Version, a.Content = 2, content(newKeys(1)...)
	must(t, s.ReplaceContent(t.Context(), a, noUse))
	must(t, s.RemoveAsset(t.Context(), "app", a.ID, noUse))
	all := wantEvents(t, s, asset.Uploaded, asset.Overwritten, asset.Deleted)
	for i, e := range all {
		if e.App != "app" || e.Fact.ID != a.ID || e.Time.Before(past) || e.Time.After(future) {
			t.Errorf("event %d is of app %q, asset %s and %v", i, e.App, e.Fact.ID, e.Time)
		}
		if text := fmt.Sprintf("%+v", e); strings.Contains(text, "SECRETLINK") {
			t.Errorf("event %d holds a signed link: %s", i, text)
		}
	}
	wantEqual(t, "what the last event tells", all[2].Fact, asset.Fact{
		ID: a.ID, UUID: a.UUID, Name: a.Name, Type: a.Type, Detected: a.Detected, Size: 1, Width: a.Width,
		Height: a.Height, Version: 2, Location: a.Location, Container: a.Container, Path: a.Path, Tags: a.Tags,
		Alt: a.Alt, Workflows: a.Workflows, Client: a.Client,
		Labels: a.Labels, Picture: a.Picture, Created: a.Created, Stored: a.Stored,
	})
	one, err := s.Events(t.Context(), all[0].ID, 1)
	must(t, err)
	wantEqual(t, "Events after the first, one", one, all[1:2])
}

func pruneEvents(t *testing.T, s Store) {
	const n = 501 // one step and one
	wantOutcome(t, "AddAsset", atOnce(n, func(int) error { return s.AddAsset(t.Context(), newAsset("app"), noUse) }), n, nil)
	all, err := s.Events(t.Context(), 0, always)
	must(t, err)
	must(t, s.PruneEvents(t.Context(), past))
	if left, err := s.Events(t.Context(), 0, always); err != nil || len(left) != n {
		t.Errorf("%d events left after pruning older ones, %v; want %d", len(left), err, n)
	}
	must(t, s.PruneEvents(t.Context(), future))
	wantEvents(t, s)
	add(t, s, "app")
	left := wantEvents(t, s, asset.Uploaded)
	if last := all[n-1].ID; left[0].ID <= last {
		t.Errorf("after event %d was pruned there is a new %d", last, left[0].ID)
	}
}

// wantEvents compares the kinds of all events, and returns them.
func wantEvents(t testing.TB, s Store, kinds ...string) []asset.Event {
	t.Helper()
	all, err := s.Events(t.Context(), 0, always)
	must(t, err)
	var got []string
	for i, e := range all {
		got = append(got, e.Kind)
		if i > 0 && e.ID <= all[i-1].ID {
			t.Errorf("event %d comes after %d", e.ID, all[i-1].ID)
		}
	}
	wantEqual(t, "kinds of events", got, kinds)
	return all
}
