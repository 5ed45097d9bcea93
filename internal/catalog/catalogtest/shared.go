package catalogtest

import (
	"errors"
	"testing"
	"time"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/policy"
)

// RunShared tests what two catalogs on one database promise each other. Each
// time, open returns two on an empty one, which it closes when its test ends.
func RunShared(t *testing.T, open func(testing.TB) (Store, Store)) {
	for name, test := range map[string]func(*testing.T, [2]Store){
		"ChangesAreSeen":      changesAreSeen,
		"FinishSessionRace":   sharedFinishRace,
		"ReplaceContentRace":  sharedReplaceRace,
		"SpendRace":           sharedSpendRace,
		"WritesDoNotStarve":   writesDoNotStarve,
		"DeleteAppMeanwhile":  deleteAppMeanwhile,
		"UpdateAppIsOnWhatIs": updateAppIsOnWhatIs,
	} {
		t.Run(name, func(t *testing.T) {
			a, b := open(t)
			create(t, a, "app")
			test(t, [2]Store{a, b})
		})
	}
}

// seenWithin is how long a change by another process may stay unseen.
const seenWithin = time.Second

// eventually fails unless ok is true in time. A loaded machine gets more.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * seenWithin); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s is not seen", what)
		}
	}
}

func changesAreSeen(t *testing.T, s [2]Store) {
	a := add(t, s[0], "app", newKeys(1)...)
	for _, c := range s { // both have it in memory
		_, err := c.Asset(t.Context(), a.ID)
		must(t, err)
		_, err = c.App(t.Context(), "app")
		must(t, err)
	}
	_, err := s[1].UpdateApp(t.Context(), by, "app", func(app *policy.App) error { app.Disabled = true; return nil })
	must(t, err)
	eventually(t, "an app disabled elsewhere", func() bool {
		app, err := s[0].App(t.Context(), "app")
		return err == nil && app.Disabled
	})
	a.Version, a.Content = 2, content(newKeys(1)...)
	must(t, s[0].ReplaceContent(t.Context(), a, noUse))
	eventually(t, "an asset overwritten elsewhere", func() bool {
		got, err := s[1].Asset(t.Context(), a.ID)
		return err == nil && got.Version == 2
	})
	must(t, s[1].RemoveAsset(t.Context(), "app", a.ID, noUse))
	eventually(t, "an asset removed elsewhere", func() bool {
		_, err := s[0].Asset(t.Context(), a.ID)
		return errors.Is(err, fault.NotFound)
	})
}

func sharedFinishRace(t *testing.T, s [2]Store) {
	for range 5 {
		p := newPart(1, 0)
		u := begin(t, s[0], "app", p)
		results := make([]asset.Asset, 40)
		errs := atOnce(len(results), func(i int) (err error) {
			results[i], err = s[i%2].FinishSession(t.Context(), u.ID, newAsset("app", keysOf(p)...), nil)
			return err
		})
		wantOutcome(t, "FinishSession", errs, len(errs), nil)
		for _, got := range results {
			wantEqual(t, "FinishSession", got, results[0])
		}
	}
	wantEvents(t, s[1], asset.Uploaded, asset.Uploaded, asset.Uploaded, asset.Uploaded, asset.Uploaded)
}

func sharedReplaceRace(t *testing.T, s [2]Store) {
	a := add(t, s[0], "app")
	for v := int64(2); v < 20; v++ {
		errs := atOnce(4, func(i int) error {
			b := a
			b.Version = v
			return s[i%2].ReplaceContent(t.Context(), b, noUse)
		})
		wantOutcome(t, "ReplaceContent", errs, 1, fault.Conflict)
	}
}

func sharedSpendRace(t *testing.T, s [2]Store) {
	const limit = 10
	use := policy.Use{Digest: [32]byte{1}, Limit: limit, Expires: future}
	errs := atOnce(4*limit, func(i int) error { return s[i%2].Spend(t.Context(), "app", use) })
	wantOutcome(t, "Spend", errs, limit, fault.Denied)
}

// writesDoNotStarve has one catalog write without a pause: the other one must
// get its turns.
func writesDoNotStarve(t *testing.T, s [2]Store) {
	stop, stopped := make(chan struct{}), make(chan error)
	go func() {
		for {
			select {
			case <-stop:
				stopped <- nil
				return
			default:
			}
			if err := s[0].AddAsset(t.Context(), newAsset("app", newKeys(1)...), noUse); err != nil {
				stopped <- err
				return
			}
		}
	}()
	for range 20 {
		add(t, s[1], "app", newKeys(1)...)
	}
	close(stop)
	must(t, <-stopped)
}

// deleteAppMeanwhile deletes an app while the other catalog adds to it.
func deleteAppMeanwhile(t *testing.T, s [2]Store) {
	errs := atOnce(21, func(i int) error {
		if i == 0 {
			return s[0].DeleteApp(t.Context(), by, "app", true)
		}
		return s[1].AddAsset(t.Context(), newAsset("app", newKeys(1)...), noUse)
	})
	wantError(t, "DeleteApp", errs[0], nil)
	for _, err := range errs[1:] {
		if err != nil {
			wantError(t, "AddAsset", err, fault.NotFound)
		}
	}
	wantOutcomeEmpty(t, s[1])
}

func wantOutcomeEmpty(t *testing.T, s Store) {
	t.Helper()
	must(t, s.EachAsset(t.Context(), "", func(a asset.Asset) error { return errors.New("an asset is left") }))
}

// updateAppIsOnWhatIs changes an app in both catalogs, each having an older
// state in memory.
func updateAppIsOnWhatIs(t *testing.T, s [2]Store) {
	for i := range 20 {
		_, err := s[i%2].UpdateApp(t.Context(), by, "app", func(app *policy.App) error {
			app.Options.MaxSize++
			return nil
		})
		must(t, err)
	}
	app, err := s[1].App(t.Context(), "app")
	must(t, err)
	if app.Options.MaxSize != 20 {
		t.Errorf("after 20 changes there were %d", app.Options.MaxSize)
	}
}
