package catalogtest

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/blob"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/upload"
)

func sessionIsKeptWhole(t *testing.T, s Store) {
	var whole upload.Session
	fill(t, &whole)
	whole.App = "app"
	for _, want := range []upload.Session{whole, {ID: "bare", App: "app"}} {
		must(t, s.AddSession(t.Context(), want, noUse))
		got, err := s.Session(t.Context(), want.ID)
		must(t, err)
		wantEqual(t, "Session", got, want)
	}
}

func sessionErrors(t *testing.T, s Store) {
	u := begin(t, s, "app")
	wantError(t, "AddSession twice", s.AddSession(t.Context(), u, noUse), fault.Conflict)
	wantError(t, "AddSession of no app", s.AddSession(t.Context(), newSession("none"), noUse), fault.NotFound)
	_, err := s.Session(t.Context(), "none")
	wantError(t, "Session", err, fault.NotFound)
	wantError(t, "AddPart", s.AddPart(t.Context(), "none", newPart(1, 0)), fault.NotFound)
	wantError(t, "DropParts", s.DropParts(t.Context(), "none", nil), fault.NotFound)
	_, err = s.FinishSession(t.Context(), "none", newAsset("app"), nil)
	wantError(t, "FinishSession", err, fault.NotFound)
	wantError(t, "RemoveSession", s.RemoveSession(t.Context(), "none"), nil)
	wantBlobs(t, s, nil, nil)
}

func parts(t *testing.T, s Store) {
	var whole upload.Part
	fill(t, &whole)
	whole.Number, whole.Offset = 1, 0
	second, chunk, first := newPart(2, 0), newPart(1, 5), newPart(10, 0)
	u := begin(t, s, "app", first, second, chunk, whole)
	begin(t, s, "app", newPart(1, 0))
	want := []upload.Part{whole, chunk, second, first}
	got, err := s.Parts(t.Context(), u.ID)
	must(t, err)
	wantEqual(t, "Parts", got, want)
	after, err := s.Session(t.Context(), u.ID)
	must(t, err)
	if after.Touched.Before(now) || after.Touched.Equal(u.Touched) {
		t.Errorf("Touched = %v after a part, %v before", after.Touched, u.Touched)
	}

	again := newPart(1, 5)
	must(t, s.AddPart(t.Context(), u.ID, again))
	got, err = s.Parts(t.Context(), u.ID)
	must(t, err)
	want[1] = again
	wantEqual(t, "Parts after one came again", got, want)
	doomed, err := s.Doomed(t.Context(), future, always)
	must(t, err)
	wantEqual(t, "Doomed", doomed, keysOf(chunk))

	again.Number = 3
	wantError(t, "AddPart of a blob on record", s.AddPart(t.Context(), u.ID, again), fault.Conflict)
	wantError(t, "AddPart of a doomed blob", s.AddPart(t.Context(), u.ID, chunk), fault.Conflict)
}

func dropParts(t *testing.T, s Store) {
	all := []upload.Part{newPart(1, 0), newPart(1, 5), newPart(2, 0)}
	u := begin(t, s, "app", all...)
	replaced := newPart(1, 5)
	must(t, s.AddPart(t.Context(), u.ID, replaced))
	gone := newPart(9, 0)
	must(t, s.DropParts(t.Context(), u.ID, []upload.Part{all[0], all[1], gone}))
	got, err := s.Parts(t.Context(), u.ID)
	must(t, err)
	wantEqual(t, "Parts", got, []upload.Part{replaced, all[2]})
	wantBlobs(t, s, keysOf(replaced, all[2]), keysOf(all[0], all[1]))
	_, err = s.FinishSession(t.Context(), u.ID, newAsset("app", keysOf(replaced, all[2])...), nil)
	must(t, err)
	wantError(t, "DropParts when finished", s.DropParts(t.Context(), u.ID, []upload.Part{replaced}), fault.Conflict)
	wantBlobs(t, s, keysOf(replaced, all[2]), keysOf(all[0], all[1]))
}

func finishSession(t *testing.T, s Store) {
	p := []upload.Part{newPart(1, 0), newPart(2, 0), newPart(3, 0)}
	u := begin(t, s, "app", p...)
	extra := newKeys(1)
	a := newAsset("app", append(keysOf(p[:2]...), extra...)...)
	got, err := s.FinishSession(t.Context(), u.ID, a, keysOf(p[2]))
	must(t, err)
	wantEqual(t, "FinishSession", got, a)
	got, err = s.Asset(t.Context(), a.ID)
	must(t, err)
	wantEqual(t, "Asset", got, a)
	after, err := s.Session(t.Context(), u.ID)
	must(t, err)
	if after.Asset != a.ID || after.Touched.Equal(u.Touched) {
		t.Errorf("Session has asset %q and was touched %v", after.Asset, after.Touched)
	}
	if left, err := s.Parts(t.Context(), u.ID); err != nil || len(left) > 0 {
		t.Errorf("Parts of a finished upload = %v, %v", left, err)
	}

	// Whatever comes later, the answer stays.
	got, err = s.FinishSession(t.Context(), u.ID, newAsset("app", newKeys(1)...), keysOf(p[0]))
	must(t, err)
	wantEqual(t, "FinishSession again", got, a)
	wantError(t, "AddPart when finished", s.AddPart(t.Context(), u.ID, newPart(4, 0)), fault.Conflict)
	wantBlobs(t, s, append(keysOf(p[:2]...), extra...), keysOf(p[2]))
	wantEvents(t, s, asset.Uploaded)
	must(t, s.RemoveAsset(t.Context(), "app", a.ID, noUse))
	_, err = s.FinishSession(t.Context(), u.ID, newAsset("app"), nil)
	wantError(t, "FinishSession after its asset was removed", err, fault.NotFound)
}

// finishSessionMustAgree finishes with keys that are not the session's parts.
func finishSessionMustAgree(t *testing.T, s Store) {
	p := []upload.Part{newPart(1, 0), newPart(2, 0)}
	foreign := add(t, s, "app", newKeys(1)...).Content.Segments[0].Key
	elsewhere := newPart(1, 0)
	begin(t, s, "app", elsewhere)
	u := begin(t, s, "app", newPart(1, 0), p[1])
	must(t, s.AddPart(t.Context(), u.ID, p[0]))
	doomed, err := s.Doomed(t.Context(), future, always)
	must(t, err)
	for _, tt := range []struct {
		name         string
		used, unused []blob.Key
	}{
		{"a part left out", keysOf(p[0]), nil},
		{"a replaced part", []blob.Key{doomed[0], p[1].Segment.Key}, keysOf(p[0])},
		{"another asset's blob", append(keysOf(p...), foreign), nil},
		{"another upload's part", append(keysOf(p...), elsewhere.Segment.Key), nil},
		{"a part both used and not", keysOf(p...), keysOf(p[0])},
	} {
		_, err := s.FinishSession(t.Context(), u.ID, newAsset("app", tt.used...), tt.unused)
		wantError(t, "FinishSession with "+tt.name, err, fault.Conflict)
	}
	// Blobs of others that are called unused stay.
	_, err = s.FinishSession(t.Context(), u.ID, newAsset("app", keysOf(p...)...), []blob.Key{foreign, "none"})
	must(t, err)
	wantBlobs(t, s, append(keysOf(p[0], p[1], elsewhere), foreign), doomed)
	wantEvents(t, s, asset.Uploaded, asset.Uploaded)
}

func finishSessionRace(t *testing.T, s Store) {
	p := newPart(1, 0)
	u := begin(t, s, "app", p)
	results := make([]asset.Asset, 200)
	errs := atOnce(len(results), func(i int) (err error) {
		results[i], err = s.FinishSession(t.Context(), u.ID, newAsset("app", keysOf(p)...), nil)
		return err
	})
	wantOutcome(t, "FinishSession", errs, len(errs), nil)
	for _, got := range results {
		wantEqual(t, "FinishSession", got, results[0])
	}
	wantBlobs(t, s, keysOf(p), nil)
	wantEvents(t, s, asset.Uploaded)
}

// addPartFinishRace replaces a part while the upload is finished: one of the two
// must learn that it came too late.
func addPartFinishRace(t *testing.T, s Store) {
	for range 50 {
		old, replacement := newPart(1, 0), newPart(1, 0)
		u := begin(t, s, "app", old)
		var finished asset.Asset
		errs := atOnce(2, func(i int) (err error) {
			if i == 0 {
				return s.AddPart(t.Context(), u.ID, replacement)
			}
			finished, err = s.FinishSession(t.Context(), u.ID, newAsset("app", keysOf(old)...), nil)
			return err
		})
		wantOutcome(t, "AddPart or FinishSession", errs, 1, fault.Conflict)
		if errs[1] != nil {
			var err error
			finished, err = s.FinishSession(t.Context(), u.ID, newAsset("app", keysOf(replacement)...), nil)
			must(t, err)
		}
		doomed, err := s.Doomed(t.Context(), future, always)
		must(t, err)
		if slices.Contains(doomed, finished.Content.Segments[0].Key) {
			t.Fatal("the asset's blob is doomed")
		}
	}
}

func staleSessions(t *testing.T, s Store) {
	old, idle, fresh, done := newSession("app"), newSession("app"), newSession("app"), newSession("app")
	old.Created = past.Add(-1)
	idle.Touched = past.Add(-1)
	fresh.Created, fresh.Touched = past, past
	for _, u := range []upload.Session{old, idle, fresh, done} {
		must(t, s.AddSession(t.Context(), u, noUse))
	}
	p := newPart(1, 0)
	must(t, s.AddPart(t.Context(), done.ID, p))
	_, err := s.FinishSession(t.Context(), done.ID, newAsset("app", keysOf(p)...), nil)
	must(t, err)

	stale := func(idleBefore, createdBefore time.Time, limit int) []string {
		ids, err := s.StaleSessions(t.Context(), idleBefore, createdBefore, limit)
		must(t, err)
		slices.Sort(ids)
		return ids
	}
	want := []string{old.ID, idle.ID}
	slices.Sort(want)
	wantEqual(t, "StaleSessions", stale(past, past, always), want)
	wantEqual(t, "StaleSessions by idleness", stale(past, time.Time{}, always), []string{idle.ID})
	wantEqual(t, "StaleSessions by age", stale(time.Time{}, past, always), []string{old.ID})
	if n := len(stale(future, future, always)); n != 4 {
		t.Errorf("%d uploads are stale in the future, want 4", n)
	}
	for limit := range 4 {
		if n := len(stale(future, future, limit)); n != limit {
			t.Errorf("StaleSessions with limit %d returned %d", limit, n)
		}
	}

	lost := newPart(1, 0)
	must(t, s.AddPart(t.Context(), idle.ID, lost))
	for _, id := range []string{idle.ID, done.ID} {
		must(t, s.RemoveSession(t.Context(), id))
		_, err = s.Session(t.Context(), id)
		wantError(t, "Session that was removed", err, fault.NotFound)
	}
	wantError(t, "AddPart to a removed upload", s.AddPart(t.Context(), idle.ID, newPart(1, 0)), fault.NotFound)
	wantBlobs(t, s, keysOf(p), keysOf(lost))
}

func spend(t *testing.T, s Store) {
	create(t, s, "other")
	wantError(t, "Spend of a zero Use", s.Spend(t.Context(), "app", noUse), nil)
	use := policy.Use{Digest: [32]byte{1, 31: 1}, Limit: 3, Expires: future}
	for range 3 {
		wantError(t, "Spend within the limit", s.Spend(t.Context(), "app", use), nil)
	}
	err := s.Spend(t.Context(), "app", use)
	wantError(t, "Spend over the limit", err, fault.Denied)
	var denial *policy.Denial
	if !errors.As(err, &denial) || denial.Reason != policy.UsedUp {
		t.Errorf("Spend error = %v, want a Denial for %v", err, policy.UsedUp)
	}
	wantError(t, "Spend in another app", s.Spend(t.Context(), "other", use), nil)
	use.Limit = 4
	wantError(t, "Spend under a higher limit", s.Spend(t.Context(), "app", use), nil)
	wantError(t, "Spend over the higher limit", s.Spend(t.Context(), "app", use), fault.Denied)
	use.Digest[0] = 2
	wantError(t, "Spend of another grant", s.Spend(t.Context(), "app", use), nil)
	use.Limit = -1
	wantError(t, "Spend with a negative limit", s.Spend(t.Context(), "app", use), fault.Denied)

	// A use is remembered for a day after its grant expired, and others do not
	// make it forgotten sooner.
	expired := policy.Use{Digest: [32]byte{3}, Limit: 1, Expires: time.Now().Add(-24*time.Hour + time.Minute)}
	long := policy.Use{Digest: [32]byte{4}, Limit: 1, Expires: time.Now().Add(-24*time.Hour - time.Minute)}
	must(t, s.Spend(t.Context(), "app", expired))
	must(t, s.Spend(t.Context(), "app", long))
	must(t, s.Spend(t.Context(), "other", policy.Use{Digest: [32]byte{5}, Limit: 1, Expires: future}))
	wantError(t, "Spend less than a day after expiry", s.Spend(t.Context(), "app", expired), fault.Denied)
	wantError(t, "Spend more than a day after expiry", s.Spend(t.Context(), "app", long), nil)
}

func spendRace(t *testing.T, s Store) {
	const limit = 10
	use := policy.Use{Digest: [32]byte{1}, Limit: limit, Expires: future}
	errs := atOnce(5*limit, func(i int) error {
		if i%2 == 0 {
			return s.Spend(t.Context(), "app", use)
		}
		return s.AddAsset(t.Context(), newAsset("app"), use)
	})
	wantOutcome(t, "Spend", errs, limit, fault.Denied)
}

// spendWithAnother shows that a use is counted only if the rest succeeds, and
// the other way round.
func spendWithAnother(t *testing.T, s Store) {
	use := policy.Use{Digest: [32]byte{1}, Limit: 1, Expires: future}
	keys := newKeys(3)
	a := add(t, s, "app", keys[0])
	part := newPart(1, 0)
	u := begin(t, s, "app", part)
	next := a
	next.Version, next.Content = 9, content(keys[1])
	wantError(t, "AddAsset", s.AddAsset(t.Context(), a, use), fault.Conflict)
	wantError(t, "ReplaceContent", s.ReplaceContent(t.Context(), next, use), fault.Conflict)
	wantError(t, "RemoveAsset", s.RemoveAsset(t.Context(), "app", "none", use), fault.NotFound)
	wantError(t, "AddSession", s.AddSession(t.Context(), u, use), fault.Conflict)
	must(t, s.Spend(t.Context(), "app", use))
	next.Version = 2
	wantError(t, "AddAsset", s.AddAsset(t.Context(), newAsset("app", keys[2]), use), fault.Denied)
	wantError(t, "ReplaceContent", s.ReplaceContent(t.Context(), next, use), fault.Denied)
	wantError(t, "RemoveAsset", s.RemoveAsset(t.Context(), "app", a.ID, use), fault.Denied)
	wantError(t, "AddSession", s.AddSession(t.Context(), newSession("app"), use), fault.Denied)
	wantBlobs(t, s, append(keysOf(part), keys[0]), nil)
	wantEvents(t, s, asset.Uploaded)
}

func blobs(t *testing.T, s Store) {
	keys := newKeys(3)
	a := add(t, s, "app", keys[0])
	b := add(t, s, "app", keys[1])
	must(t, s.RemoveAsset(t.Context(), "app", b.ID, noUse))
	must(t, s.RemoveAsset(t.Context(), "app", a.ID, noUse))
	add(t, s, "app", keys[2])

	doomed, err := s.Doomed(t.Context(), past, always)
	must(t, err)
	wantEqual(t, "Doomed an hour ago", doomed, nil)
	doomed, err = s.Doomed(t.Context(), future, 1)
	must(t, err)
	wantEqual(t, "first of Doomed", doomed, keys[1:2])
	asked := append(newKeys(1), keys...)
	asked = append(asked, newKeys(1)...)
	unknown, err := s.Unknown(t.Context(), asked)
	must(t, err)
	wantEqual(t, "Unknown", unknown, []blob.Key{asked[0], asked[4]})

	must(t, s.Forget(t.Context(), keys)) // the last one is needed, and stays
	wantBlobs(t, s, keys[2:], nil)
	unknown, err = s.Unknown(t.Context(), keys)
	must(t, err)
	wantEqual(t, "Unknown after Forget", unknown, keys[:2])
}

func unknownInSteps(t *testing.T, s Store) {
	for _, n := range []int{0, 499, 500, 501, 1001} {
		keys := newKeys(n)
		if n > 0 {
			add(t, s, "app", keys[n-1])
		}
		unknown, err := s.Unknown(t.Context(), keys)
		must(t, err)
		if len(unknown) != max(n-1, 0) {
			t.Errorf("Unknown found %d of %d keys, want all but one", len(unknown), n)
		}
	}
	keys := newKeys(501)
	a := add(t, s, "app", keys...)
	must(t, s.RemoveAsset(t.Context(), "app", a.ID, noUse))
	must(t, s.Forget(t.Context(), keys))
	unknown, err := s.Unknown(t.Context(), keys)
	must(t, err)
	wantEqual(t, "Unknown after Forget", unknown, keys)
}
