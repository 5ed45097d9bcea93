package catalogtest

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/blob"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/policy"
)

func appIsKeptWhole(t *testing.T, s Store) {
	for range 2 { // read from the database, then from memory
		var app policy.App
		fill(t, &app)
		must(t, s.CreateApp(t.Context(), by, app))
		for range 2 {
			got, err := s.App(t.Context(), app.Key)
			must(t, err)
			wantEqual(t, "App", got, app)
		}
	}
	bare := policy.App{Key: "0"}
	must(t, s.CreateApp(t.Context(), by, bare))
	got, err := s.App(t.Context(), bare.Key)
	must(t, err)
	wantEqual(t, "App of zero fields", got, bare)
	apps, err := s.Apps(t.Context())
	must(t, err)
	if len(apps) != 4 {
		t.Fatalf("Apps returned %d, want 4", len(apps))
	}
	for i := range apps[1:] {
		if apps[i].Key >= apps[i+1].Key {
			t.Errorf("Apps returned %q before %q", apps[i].Key, apps[i+1].Key)
		}
	}
	wantEqual(t, "first of Apps", apps[0], bare)
	keys, err := s.AppKeys(t.Context())
	must(t, err)
	slices.Sort(keys)
	for i, app := range apps {
		wantEqual(t, "AppKeys", keys[i], app.Key)
	}
}

func appErrors(t *testing.T, s Store) {
	wantError(t, "CreateApp twice", s.CreateApp(t.Context(), by, policy.App{Key: "app"}), fault.Conflict)
	wantError(t, "CreateApp without key", s.CreateApp(t.Context(), by, policy.App{}), fault.Invalid)
	_, err := s.App(t.Context(), "App") // a key's letters count as they are
	wantError(t, "App of another key", err, fault.NotFound)
	_, err = s.UpdateApp(t.Context(), by, "none", func(*policy.App) error { return nil })
	wantError(t, "UpdateApp of another key", err, fault.NotFound)
	wantError(t, "DeleteApp of another key", s.DeleteApp(t.Context(), by, "none", true), fault.NotFound)
}

func updateApp(t *testing.T, s Store) {
	before, err := s.App(t.Context(), "app")
	must(t, err)
	errNo := errors.New("no")
	_, err = s.UpdateApp(t.Context(), by, "app", func(app *policy.App) error {
		app.Name = "changed"
		return errNo
	})
	wantError(t, "UpdateApp", err, errNo)
	_, err = s.UpdateApp(t.Context(), by, "app", func(app *policy.App) error {
		app.Key = "other"
		return nil
	})
	wantError(t, "UpdateApp of the key", err, fault.Invalid)
	got, err := s.App(t.Context(), "app")
	must(t, err)
	wantEqual(t, "App after failed UpdateApp", got, before)

	var want policy.App
	fill(t, &want)
	want.Key = "app"
	got, err = s.UpdateApp(t.Context(), by, "app", func(app *policy.App) error {
		wantEqual(t, "App in UpdateApp", *app, before)
		*app = want
		return nil
	})
	must(t, err)
	wantEqual(t, "UpdateApp", got, want)
	got, err = s.App(t.Context(), "app")
	must(t, err)
	wantEqual(t, "App after UpdateApp", got, want)
}

func updateAppRace(t *testing.T, s Store) {
	errs := atOnce(50, func(i int) error {
		_, err := s.UpdateApp(t.Context(), by, "app", func(app *policy.App) error {
			if app.Revoked == nil {
				app.Revoked = make(map[[32]byte]bool)
			}
			app.Revoked[[32]byte{byte(i), 1}] = true
			return nil
		})
		return err
	})
	wantOutcome(t, "UpdateApp", errs, len(errs), nil)
	app, err := s.App(t.Context(), "app")
	must(t, err)
	if len(app.Revoked) != len(errs) {
		t.Errorf("after %d revocations there are %d", len(errs), len(app.Revoked))
	}
}

func deleteApp(t *testing.T, s Store) {
	create(t, s, "other")
	use := policy.Use{Digest: [32]byte{7}, Limit: 1}
	must(t, s.Spend(t.Context(), "app", use))
	must(t, s.Spend(t.Context(), "other", use))
	keys := newKeys(3)
	a := add(t, s, "app", keys[0])
	b := add(t, s, "other", keys[1])
	part := newPart(1, 0)
	u := begin(t, s, "app", part)

	wantError(t, "DeleteApp with assets", s.DeleteApp(t.Context(), by, "app", false), fault.Conflict)
	app, err := s.App(t.Context(), "app")
	must(t, err)
	if app.Disabled {
		t.Error("DeleteApp that was refused has disabled the app")
	}
	must(t, s.DeleteApp(t.Context(), by, "app", true))
	_, err = s.App(t.Context(), "app")
	wantError(t, "App that was deleted", err, fault.NotFound)
	_, err = s.Asset(t.Context(), a.ID)
	wantError(t, "Asset of a deleted app", err, fault.NotFound)
	_, err = s.Session(t.Context(), u.ID)
	wantError(t, "Session of a deleted app", err, fault.NotFound)
	_, err = s.Asset(t.Context(), b.ID)
	wantError(t, "Asset of another app", err, nil)
	wantBlobs(t, s, keys[1:2], append(keysOf(part), keys[0]))

	create(t, s, "app")
	a.Content = content(keys[2])
	wantError(t, "AddAsset with a deleted one's names", s.AddAsset(t.Context(), a, noUse), fault.Conflict)
	wantError(t, "Spend after the app was made anew", s.Spend(t.Context(), "app", use), nil)
	wantError(t, "Spend in another app", s.Spend(t.Context(), "other", use), fault.Denied)
	begin(t, s, "app", newPart(1, 0))
	wantError(t, "DeleteApp with an unfinished upload", s.DeleteApp(t.Context(), by, "app", false), nil)
}

func deleteAppInSteps(t *testing.T, s Store) {
	const n = 501
	keys := newKeys(n)
	errs := atOnce(n, func(i int) error { return s.AddAsset(t.Context(), newAsset("app", keys[i]), noUse) })
	wantOutcome(t, "AddAsset", errs, n, nil)
	must(t, s.DeleteApp(t.Context(), by, "app", true))
	must(t, s.EachAsset(t.Context(), "", func(a asset.Asset) error { return fmt.Errorf("%s is still there", a.ID) }))
	wantBlobs(t, s, []blob.Key(nil), keys)
}
