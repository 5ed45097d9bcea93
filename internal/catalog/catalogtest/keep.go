package catalogtest

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/library"
)

// addAt adds an asset that was made at a time, permanent or not.
func addAt(t testing.TB, s Store, created time.Time, stored bool) asset.Asset {
	t.Helper()
	a := newAsset("app", newKeys(1)...)
	if a.Created = created; stored {
		a.Stored = created
	}
	must(t, s.AddAsset(t.Context(), a, noUse))
	return a
}

func wantTotals(t testing.TB, s Store, stored, temporary, removed int64) {
	t.Helper()
	got, err := s.Totals(t.Context(), "app")
	must(t, err)
	wantEqual(t, "Totals", got, library.Totals{Stored: stored, Temporary: temporary, Removed: removed})
}

func keep(t *testing.T, s Store) {
	create(t, s, "other")
	a, b := addAt(t, s, now, false), addAt(t, s, past, true)
	foreign, trashed := add(t, s, "other"), addAt(t, s, now, false)
	each, err := s.TrashAssets(t.Context(), "app", []asset.ID{trashed.ID}, by)
	wantEach(t, "TrashAssets", each, err, nil)
	_, err = s.Asset(t.Context(), a.ID) // into memory
	must(t, err)

	ids := []asset.ID{a.ID, b.ID, foreign.ID, trashed.ID, "nobody"}
	each, err = s.KeepAssets(t.Context(), "app", ids, by)
	wantEach(t, "KeepAssets", each, err, nil, nil, fault.NotFound, fault.NotFound, fault.NotFound)
	kept, err := s.Asset(t.Context(), a.ID)
	must(t, err)
	if kept.Stored.Before(past) || kept.Stored.After(future) {
		t.Errorf("kept at %v", kept.Stored)
	}
	wantTotals(t, s, 2, 0, 1)
	each, err = s.RestoreAssets(t.Context(), "app", []asset.ID{trashed.ID}, past, by)
	wantEach(t, "RestoreAssets of a temporary one", each, err, nil)
	restored, err := s.Asset(t.Context(), trashed.ID)
	must(t, err)
	if restored.Stored.Before(past) || restored.Stored.After(future) {
		t.Errorf("restored, and permanent since %v", restored.Stored)
	}
	wantTotals(t, s, 3, 0, 0)
	each, err = s.KeepAssets(t.Context(), "app", ids[:2], account.Entry{}) // changes nothing, and needs no entry
	wantEach(t, "KeepAssets again", each, err, nil, nil)
	for _, want := range []asset.Asset{kept, b} {
		got, err := s.Asset(t.Context(), want.ID)
		must(t, err)
		wantEqual(t, "Asset after KeepAssets again", got, want)
	}
	told := wantEvents(t, s, asset.Uploaded, asset.Uploaded, asset.Uploaded, asset.Uploaded, asset.Deleted, asset.Kept)
	wantEqual(t, "what the last event tells", told[5].Fact, asset.FactOf(kept))

	c := addAt(t, s, now, false)
	_, err = s.KeepAssets(t.Context(), "app", []asset.ID{c.ID}, account.Entry{})
	wantError(t, "KeepAssets by nobody", err, fault.Invalid)
	wantTotals(t, s, 3, 1, 0)
}

func temporaryAssets(t *testing.T, s Store) {
	old, young := addAt(t, s, past, false), addAt(t, s, now, false)
	older, kept := addAt(t, s, past.Add(-1), false), addAt(t, s, past, true)
	trashed := addAt(t, s, past, false)
	each, err := s.TrashAssets(t.Context(), "app", []asset.ID{trashed.ID}, by)
	wantEach(t, "TrashAssets", each, err, nil)
	for _, tt := range []struct {
		before time.Time
		limit  int
		want   []asset.ID
	}{
		{past, always, []asset.ID{older.ID}},
		{past.Add(1), always, []asset.ID{older.ID, old.ID}},
		{past.Add(1), 1, []asset.ID{older.ID}},
		{future, always, []asset.ID{older.ID, old.ID, young.ID}},
		{past.Add(-1), always, nil},
	} {
		got, err := s.TemporaryAssets(t.Context(), tt.before, tt.limit)
		must(t, err)
		wantEqual(t, "TemporaryAssets", got, tt.want)
	}
	for _, id := range []asset.ID{kept.ID, trashed.ID, "nobody"} {
		wantError(t, "RemoveTemporary of what is none", s.RemoveTemporary(t.Context(), id), fault.NotFound)
	}
	must(t, s.RemoveTemporary(t.Context(), old.ID))
	wantError(t, "RemoveTemporary again", s.RemoveTemporary(t.Context(), old.ID), fault.NotFound)
	_, err = s.Asset(t.Context(), old.ID)
	wantError(t, "Asset after RemoveTemporary", err, fault.NotFound)
	events, err := s.Events(t.Context(), 0, always)
	must(t, err)
	if last := events[len(events)-1]; last.Kind != asset.Deleted || last.Fact.ID != old.ID {
		t.Errorf("the last event is %q of %s, want %q of %s", last.Kind, last.Fact.ID, asset.Deleted, old.ID)
	}
}

// keepOrRemove: what is kept while it is removed for its age is kept or gone,
// and those who asked were told which.
func keepOrRemove(t *testing.T, s Store) {
	for range 20 {
		a := addAt(t, s, past, false)
		errs := atOnce(2, func(i int) error {
			if i == 0 {
				return s.RemoveTemporary(t.Context(), a.ID)
			}
			each, err := s.KeepAssets(t.Context(), "app", []asset.ID{a.ID}, by)
			must(t, err)
			return each[0]
		})
		wantOutcome(t, "RemoveTemporary and KeepAssets", errs, 1, fault.NotFound)
		_, err := s.Asset(t.Context(), a.ID)
		var want error // if it was kept first
		if errs[1] != nil {
			want = fault.NotFound
		}
		wantError(t, "Asset", err, want)
	}
}

func totals(t *testing.T, s Store) {
	wantTotals(t, s, 0, 0, 0)
	a, b := addAt(t, s, now, true), addAt(t, s, now, false)
	wantTotals(t, s, 1, 1, 0)
	next := b
	next.Version, next.Content = 2, content(newKeys(1)...)
	must(t, s.ReplaceContent(t.Context(), next, noUse))
	wantTotals(t, s, 1, 1, 0)
	each, err := s.TrashAssets(t.Context(), "app", []asset.ID{a.ID, b.ID}, by)
	wantEach(t, "TrashAssets", each, err, nil, nil)
	wantTotals(t, s, 0, 0, 2)
	each, err = s.RestoreAssets(t.Context(), "app", []asset.ID{a.ID, b.ID}, past, by)
	wantEach(t, "RestoreAssets", each, err, nil, nil)
	wantTotals(t, s, 2, 0, 0)
	each, err = s.TrashAssets(t.Context(), "app", []asset.ID{b.ID}, by)
	wantEach(t, "TrashAssets", each, err, nil)
	must(t, s.RemoveAsset(t.Context(), "app", a.ID, noUse))
	wantTotals(t, s, 0, 0, 1)
	c := addAt(t, s, now, false)
	must(t, s.EmptyTrash(t.Context(), future))
	wantTotals(t, s, 0, 1, 0)
	must(t, s.RemoveTemporary(t.Context(), c.ID))
	wantTotals(t, s, 0, 0, 0)
	_, err = s.Totals(t.Context(), "none")
	wantError(t, "Totals of no app", err, fault.NotFound)
}

func setPicture(t *testing.T, s Store) {
	a := add(t, s, "app", newKeys(1)...)
	_, err := s.Asset(t.Context(), a.ID) // into memory
	must(t, err)
	var p asset.Picture
	fill(t, &p)
	must(t, s.SetPicture(t.Context(), a.ID, 1, &p))
	want := a
	want.Picture = &p
	for range 2 {
		got, err := s.Asset(t.Context(), a.ID)
		must(t, err)
		wantEqual(t, "Asset after SetPicture", got, want)
	}
	next := want
	next.Version, next.Content, next.Picture = 2, content(newKeys(1)...), nil
	must(t, s.ReplaceContent(t.Context(), next, noUse))
	wantError(t, "SetPicture of an old version", s.SetPicture(t.Context(), a.ID, 1, &p), fault.NotFound)
	wantError(t, "SetPicture of no asset", s.SetPicture(t.Context(), "nobody", 1, &p), fault.NotFound)
	got, err := s.Asset(t.Context(), a.ID)
	must(t, err)
	wantEqual(t, "Asset after ReplaceContent", got, next)
	wantEvents(t, s, asset.Uploaded, asset.Overwritten)
}

func lookup(t *testing.T, s Store) {
	a := add(t, s, "app", newKeys(1)...)
	find := func(what string, want error) {
		t.Helper()
		for range 2 { // from the database, then perhaps from memory
			id, app, err := s.Lookup(t.Context(), a.UUID)
			wantError(t, "Lookup of "+what, err, want)
			if want == nil && (id != a.ID || app != "app") {
				t.Errorf("Lookup of %s = %q, %q", what, id, app)
			}
		}
	}
	find("an asset", nil)
	_, err := s.Asset(t.Context(), a.ID)
	must(t, err)
	find("an asset in memory", nil)
	each, err := s.TrashAssets(t.Context(), "app", []asset.ID{a.ID}, by)
	wantEach(t, "TrashAssets", each, err, nil)
	find("one in the trash", nil)
	each, err = s.EraseAssets(t.Context(), "app", []asset.ID{a.ID}, by)
	wantEach(t, "EraseAssets", each, err, nil)
	find("one that was removed", fault.NotFound)
	a.UUID = uuid.New()
	find("nobody", fault.NotFound)
}
