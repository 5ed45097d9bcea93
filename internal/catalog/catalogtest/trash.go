package catalogtest

import (
	"errors"
	"testing"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/fault"
)

// wantEach compares what became of each of several assets.
func wantEach(t *testing.T, call string, each []error, err error, want ...error) {
	t.Helper()
	must(t, err)
	if len(each) != len(want) {
		t.Fatalf("%s returned %d errors, want %d", call, len(each), len(want))
	}
	for i := range want {
		wantError(t, call, each[i], want[i])
	}
}

func trash(t *testing.T, s Store) {
	create(t, s, "other")
	keys := newKeys(4)
	a, b := newAsset("app", keys[0]), add(t, s, "app", keys[1])
	a.Stored = now
	must(t, s.AddAsset(t.Context(), a, noUse))
	foreign := add(t, s, "other", keys[2])
	for range 2 { // into memory, by both names
		_, err := s.Asset(t.Context(), a.ID)
		must(t, err)
		_, err = s.AssetByUUID(t.Context(), a.UUID)
		must(t, err)
	}
	each, err := s.TrashAssets(t.Context(), "app", []asset.ID{a.ID, foreign.ID, a.ID, "nobody"}, by)
	wantEach(t, "TrashAssets", each, err, nil, fault.NotFound, fault.NotFound, fault.NotFound)
	_, err = s.Asset(t.Context(), a.ID)
	wantError(t, "Asset in the trash", err, fault.NotFound)
	_, err = s.AssetByUUID(t.Context(), a.UUID)
	wantError(t, "AssetByUUID in the trash", err, fault.NotFound)
	wantError(t, "RemoveAsset in the trash", s.RemoveAsset(t.Context(), "app", a.ID, noUse), fault.NotFound)
	next := a
	next.Version, next.Content = 2, content(keys[3])
	wantError(t, "ReplaceContent in the trash", s.ReplaceContent(t.Context(), next, noUse), fault.NotFound)
	_, err = s.LabelAsset(t.Context(), "app", a.ID, func(*asset.Asset) error { return nil }, by)
	wantError(t, "LabelAsset in the trash", err, fault.NotFound)
	wantError(t, "AddAsset with the names of one in the trash", s.AddAsset(t.Context(), a, noUse), fault.Conflict)
	wantBlobs(t, s, keys[:3], nil)
	wantEvents(t, s, asset.Uploaded, asset.Uploaded, asset.Uploaded, asset.Deleted)

	each, err = s.RestoreAssets(t.Context(), "app", []asset.ID{a.ID}, future, by)
	wantEach(t, "RestoreAssets too late", each, err, fault.NotFound)
	each, err = s.RestoreAssets(t.Context(), "other", []asset.ID{a.ID}, past, by)
	wantEach(t, "RestoreAssets of another app", each, err, fault.NotFound)
	each, err = s.RestoreAssets(t.Context(), "app", []asset.ID{a.ID, b.ID}, past, by)
	wantEach(t, "RestoreAssets", each, err, nil, fault.NotFound)
	got, err := s.Asset(t.Context(), a.ID)
	must(t, err)
	wantEqual(t, "Asset after RestoreAssets", got, a)
	wantEvents(t, s, asset.Uploaded, asset.Uploaded, asset.Uploaded, asset.Deleted) // as before

	each, err = s.TrashAssets(t.Context(), "app", []asset.ID{a.ID, b.ID}, by)
	wantEach(t, "TrashAssets", each, err, nil, nil)
	must(t, s.EmptyTrash(t.Context(), past))
	wantBlobs(t, s, keys[:3], nil)
	each, err = s.EraseAssets(t.Context(), "app", []asset.ID{a.ID, foreign.ID}, by)
	wantEach(t, "EraseAssets", each, err, nil, fault.NotFound)
	wantBlobs(t, s, keys[1:3], keys[:1])
	must(t, s.EmptyTrash(t.Context(), future))
	wantBlobs(t, s, keys[2:3], keys[:2])
	must(t, s.DeleteApp(t.Context(), by, "other", true))
	wantBlobs(t, s, nil, keys[:3])
}

// trashInSteps empties a trash, and deletes an app, with more than a step.
func trashInSteps(t *testing.T, s Store) {
	const n = 501
	ids := make([]asset.ID, n)
	keys := newKeys(n)
	wantOutcome(t, "AddAsset", atOnce(n, func(i int) error {
		a := newAsset("app", keys[i])
		ids[i] = a.ID
		return s.AddAsset(t.Context(), a, noUse)
	}), n, nil)
	each, err := s.TrashAssets(t.Context(), "app", ids, by)
	must(t, err)
	wantOutcome(t, "TrashAssets", each, n, nil)
	must(t, s.EmptyTrash(t.Context(), future))
	wantBlobs(t, s, nil, keys)
}

// changesNeedAnAuditEntry tries changes with an entry that does not say who acts.
func changesNeedAnAuditEntry(t *testing.T, s Store) {
	a := add(t, s, "app", newKeys(1)...)
	ids, nobody := []asset.ID{a.ID}, account.Entry{}
	_, err := s.TrashAssets(t.Context(), "app", ids, nobody)
	wantError(t, "TrashAssets", err, fault.Invalid)
	_, err = s.EraseAssets(t.Context(), "app", ids, nobody)
	wantError(t, "EraseAssets", err, fault.Invalid)
	_, err = s.LabelAsset(t.Context(), "app", a.ID, func(a *asset.Asset) error { a.Name = "changed"; return nil }, nobody)
	wantError(t, "LabelAsset", err, fault.Invalid)
	got, err := s.Asset(t.Context(), a.ID)
	must(t, err)
	wantEqual(t, "Asset", got, a)
	wantEvents(t, s, asset.Uploaded)
}

func labelAsset(t *testing.T, s Store) {
	var a asset.Asset
	fill(t, &a)
	a.App, a.Version = "app", 1
	must(t, s.AddAsset(t.Context(), a, noUse))
	want := a
	label := func(change func(*asset.Asset)) {
		t.Helper()
		change(&want)
		got, err := s.LabelAsset(t.Context(), "app", a.ID, func(a *asset.Asset) error { change(a); return nil }, by)
		must(t, err)
		wantEqual(t, "LabelAsset", got, want)
		for range 2 { // from the database, then from memory
			got, err = s.Asset(t.Context(), a.ID)
			must(t, err)
			wantEqual(t, "Asset after LabelAsset", got, want)
		}
	}
	label(func(a *asset.Asset) { a.Name, a.Alt = "changed", "an image" })
	wantEvents(t, s, asset.Uploaded)
	label(func(a *asset.Asset) { a.Tags = map[string]string{"a": "b"} })
	label(func(a *asset.Asset) { a.Labels = []string{"b", "a"} })
	label(func(a *asset.Asset) { a.Tags, a.Labels = map[string]string{"a": "b"}, []string{"b", "a"} }) // which they were
	label(func(a *asset.Asset) { a.Tags, a.Labels = nil, nil })
	told := wantEvents(t, s, asset.Uploaded, asset.Changed, asset.Changed, asset.Changed)
	wantEqual(t, "tags before the first change", told[1].Fact.Previous, a.Tags)
	wantEqual(t, "tags after it", told[1].Fact.Tags, map[string]string{"a": "b"})
	wantEqual(t, "labels after the second", told[2].Fact.Labels, []string{"b", "a"})
	wantEqual(t, "tags before the third", told[3].Fact.Previous, map[string]string{"a": "b"})
	wantEqual(t, "tags after it", told[3].Fact.Tags, nil)

	_, err := s.LabelAsset(t.Context(), "other", a.ID, func(*asset.Asset) error { return nil }, by)
	wantError(t, "LabelAsset of another app", err, fault.NotFound)
	errNo := errors.New("no")
	_, err = s.LabelAsset(t.Context(), "app", a.ID, func(a *asset.Asset) error { a.Name = "no"; return errNo }, by)
	wantError(t, "LabelAsset with a change that fails", err, errNo)
	label(func(*asset.Asset) {})
	wantEvents(t, s, asset.Uploaded, asset.Changed, asset.Changed, asset.Changed)
}
