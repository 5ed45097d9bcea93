// Package catalogtest is what a catalog promises, as tests that every database
// driver runs.
package catalogtest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/blob"
	"github.com/stowgate/stowgate/internal/catalog"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/library"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/upload"
)

// A Store is every method of a *catalog.Catalog.
type Store interface {
	CreateApp(ctx context.Context, by account.Entry, app policy.App) error
	App(ctx context.Context, key string) (policy.App, error)
	Apps(ctx context.Context) ([]policy.App, error)
	AppKeys(ctx context.Context) ([]string, error)
	UpdateApp(ctx context.Context, by account.Entry, key string, change func(*policy.App) error) (policy.App, error)
	DeleteApp(ctx context.Context, by account.Entry, key string, withAssets bool) error

	AddAsset(ctx context.Context, a asset.Asset, use policy.Use) error
	Asset(ctx context.Context, id asset.ID) (asset.Asset, error)
	AssetByUUID(ctx context.Context, name uuid.UUID) (asset.Asset, error)
	ReplaceContent(ctx context.Context, a asset.Asset, use policy.Use) error
	RemoveAsset(ctx context.Context, app string, id asset.ID, use policy.Use) error
	EachAsset(ctx context.Context, after asset.ID, do func(asset.Asset) error) error

	TrashAssets(ctx context.Context, app string, ids []asset.ID, entry account.Entry) ([]error, error)
	RestoreAssets(ctx context.Context, app string, ids []asset.ID, since time.Time, entry account.Entry) ([]error, error)
	EraseAssets(ctx context.Context, app string, ids []asset.ID, entry account.Entry) ([]error, error)
	EmptyTrash(ctx context.Context, before time.Time) error
	LabelAsset(ctx context.Context, app string, id asset.ID, change func(*asset.Asset) error, entry account.Entry) (asset.Asset, error)

	Lookup(ctx context.Context, name uuid.UUID) (asset.ID, string, error)
	KeepAssets(ctx context.Context, app string, ids []asset.ID, entry account.Entry) ([]error, error)
	TemporaryAssets(ctx context.Context, before time.Time, limit int) ([]asset.ID, error)
	RemoveTemporary(ctx context.Context, id asset.ID) error
	SetPicture(ctx context.Context, id asset.ID, version int64, p *asset.Picture) error
	Totals(ctx context.Context, app string) (library.Totals, error)

	AddSession(ctx context.Context, u upload.Session, use policy.Use) error
	Session(ctx context.Context, id string) (upload.Session, error)
	AddPart(ctx context.Context, session string, p upload.Part) error
	DropParts(ctx context.Context, session string, parts []upload.Part) error
	Parts(ctx context.Context, session string) ([]upload.Part, error)
	FinishSession(ctx context.Context, session string, a asset.Asset, unused []blob.Key) (asset.Asset, error)
	StaleSessions(ctx context.Context, idleBefore, createdBefore time.Time, limit int) ([]string, error)
	RemoveSession(ctx context.Context, id string) error

	Spend(ctx context.Context, app string, use policy.Use) error

	Doomed(ctx context.Context, before time.Time, limit int) ([]blob.Key, error)
	Forget(ctx context.Context, keys []blob.Key) error
	Unknown(ctx context.Context, keys []blob.Key) ([]blob.Key, error)
	EachKey(ctx context.Context, do func(blob.Key) error) error

	Events(ctx context.Context, after int64, limit int) ([]asset.Event, error)
	PruneEvents(ctx context.Context, before time.Time) error

	Health() error
	Close() error
}

var _ Store = (*catalog.Catalog)(nil)

// Run tests what one catalog promises. Each time, open returns an empty one,
// which it closes when its test ends.
func Run(t *testing.T, open func(testing.TB) Store) {
	for name, test := range map[string]func(*testing.T, Store){
		"AppIsKeptWhole":          appIsKeptWhole,
		"AppErrors":               appErrors,
		"UpdateApp":               updateApp,
		"UpdateAppRace":           updateAppRace,
		"DeleteApp":               deleteApp,
		"DeleteAppInSteps":        deleteAppInSteps,
		"AssetIsKeptWhole":        assetIsKeptWhole,
		"AddAssetErrors":          addAssetErrors,
		"AddAssetRace":            addAssetRace,
		"ReplaceContent":          replaceContent,
		"ReplaceContentRace":      replaceContentRace,
		"RemoveAsset":             removeAsset,
		"EachAsset":               eachAsset,
		"Trash":                   trash,
		"TrashInSteps":            trashInSteps,
		"M7ChangesOfFiles":        changesNeedAnAuditEntry,
		"LabelAsset":              labelAsset,
		"KeepAssets":              keep,
		"TemporaryAssets":         temporaryAssets,
		"KeepAssetsRace":          keepOrRemove,
		"Totals":                  totals,
		"SetPicture":              setPicture,
		"Lookup":                  lookup,
		"O1OtherApps":             otherApps,
		"SessionIsKeptWhole":      sessionIsKeptWhole,
		"SessionErrors":           sessionErrors,
		"Parts":                   parts,
		"DropParts":               dropParts,
		"FinishSession":           finishSession,
		"FinishSessionMustAgree":  finishSessionMustAgree,
		"R3FinishSessionRace":     finishSessionRace,
		"AddPartFinishRace":       addPartFinishRace,
		"StaleSessions":           staleSessions,
		"Spend":                   spend,
		"SpendRace":               spendRace,
		"SpendWithAnother":        spendWithAnother,
		"Blobs":                   blobs,
		"UnknownInSteps":          unknownInSteps,
		"N3Events":                events,
		"PruneEvents":             pruneEvents,
		"EndedContext":            endedContext,
		"ClosedCatalog":           closedCatalog,
		"CacheFollowsOwnWrites":   cacheFollowsOwnWrites,
		"AddAssetsAllAtOnce":      addAssetsAllAtOnce,
		"FailedWriteHarmsNoOther": failedWriteHarmsNoOther,
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			create(t, s, "app")
			test(t, s)
		})
	}
}

const always = 1 << 20 // a limit that is not reached

var (
	now    = time.Now().UTC().Round(0)
	past   = now.Add(-time.Hour)
	future = now.Add(time.Hour)
)

var noUse policy.Use

// by is who changes apps.
var by = account.Server().Entry("test", "", "", nil)

// newKeys returns n keys that no other call returns.
func newKeys(n int) []blob.Key {
	keys := make([]blob.Key, n)
	for i := range keys {
		keys[i] = blob.Key(fmt.Sprintf("%016x%016x", rand.Uint64(), rand.Uint64()))
	}
	return keys
}

// content returns one segment for each key.
func content(keys ...blob.Key) blob.Content {
	c := blob.Content{SHA256: [32]byte{1, 31: 32}}
	for i, key := range keys {
		size := int64(i)*blob.ChunkSize + 1
		sums := make([]uint32, i+1)
		for j := range sums {
			sums[j] = rand.Uint32()
		}
		c.Segments = append(c.Segments, blob.Segment{Key: key, Size: size, Sums: sums})
	}
	return c
}

// NewAsset returns an asset of app with new names and content.
func NewAsset(app string) asset.Asset { return newAsset(app, newKeys(1)...) }

// newAsset returns an asset of app with that content.
func newAsset(app string, keys ...blob.Key) asset.Asset {
	return asset.Asset{
		ID: asset.NewID(), UUID: uuid.New(), App: app, Name: "n.txt", Type: "text/plain", Version: 1,
		Content: content(keys...), Created: now, Modified: now,
	}
}

func newSession(app string) upload.Session {
	return upload.Session{ID: uuid.NewString(), App: app, Created: now, Touched: now}
}

func newPart(number int, offset int64) upload.Part {
	return upload.Part{Number: number, Offset: offset, Segment: content(newKeys(1)...).Segments[0], Tag: "0a"}
}

func keysOf(parts ...upload.Part) []blob.Key {
	var keys []blob.Key
	for _, p := range parts {
		keys = append(keys, p.Segment.Key)
	}
	return keys
}

func create(t testing.TB, s Store, key string) {
	t.Helper()
	must(t, s.CreateApp(t.Context(), by, policy.App{Key: key, Created: now, Secrets: []policy.Secret{{Key: "secret"}}}))
}

func add(t testing.TB, s Store, app string, keys ...blob.Key) asset.Asset {
	t.Helper()
	a := newAsset(app, keys...)
	must(t, s.AddAsset(t.Context(), a, noUse))
	return a
}

// begin adds a session with parts.
func begin(t testing.TB, s Store, app string, parts ...upload.Part) upload.Session {
	t.Helper()
	u := newSession(app)
	must(t, s.AddSession(t.Context(), u, noUse))
	for _, p := range parts {
		must(t, s.AddPart(t.Context(), u.ID, p))
	}
	return u
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantError(t testing.TB, call string, err error, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s error = %v, want %v", call, err, want)
	}
}

func wantEqual[T any](t testing.TB, what string, got, want T) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s = %+v, want %+v", what, got, want)
	}
}

// wantBlobs compares which keys are needed and doomed, in any order.
func wantBlobs(t testing.TB, s Store, needed, doomed []blob.Key) {
	t.Helper()
	var live []blob.Key
	must(t, s.EachKey(t.Context(), func(key blob.Key) error { live = append(live, key); return nil }))
	wantEqual(t, "needed blobs", live, sorted(needed))
	dead, err := s.Doomed(t.Context(), future, always)
	must(t, err)
	wantEqual(t, "doomed blobs", sorted(dead), sorted(doomed))
}

func sorted(keys []blob.Key) []blob.Key {
	if len(keys) == 0 {
		return nil
	}
	keys = slices.Clone(keys)
	slices.Sort(keys)
	return keys
}

// atOnce calls do n times at the same moment and returns the errors.
func atOnce(n int, do func(i int) error) []error {
	errs := make([]error, n)
	start := make(chan struct{})
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			<-start
			errs[i] = do(i)
		})
	}
	close(start)
	all.Wait()
	return errs
}

// wantOutcome counts the errors: so many nil, and all others of that kind.
func wantOutcome(t testing.TB, call string, errs []error, succeed int, others error) {
	t.Helper()
	n := 0
	for _, err := range errs {
		if err == nil {
			n++
			continue
		}
		wantError(t, call, err, others)
	}
	if n != succeed {
		t.Errorf("%d of %d calls of %s succeeded, want %d", n, len(errs), call, succeed)
	}
}

// fill sets every field of what v points to, so that a field which is not kept
// is noticed, also one that is added later.
func fill(t testing.TB, v any) { fillValue(t, reflect.ValueOf(v).Elem()) }

func fillValue(t testing.TB, v reflect.Value) {
	t.Helper()
	switch at := v.Addr().Interface().(type) {
	case *time.Time:
		*at = past.Add(time.Duration(rand.IntN(1e9)))
		return
	case *blob.Content:
		*at = content(newKeys(2)...)
		return
	case *blob.Segment:
		*at = content(newKeys(2)...).Segments[1]
		return
	case *policy.Pattern:
		p, err := policy.ParsePattern(fmt.Sprintf("é|%x", rand.Uint32()), rand.IntN(2) == 0)
		must(t, err)
		*at = p
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fillValue(t, v.Elem())
	case reflect.Float64:
		v.SetFloat(rand.Float64())
	case reflect.String:
		v.SetString(fmt.Sprintf("é-%x", rand.Uint32()))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(1 + rand.Int64N(1<<31-1))
	case reflect.Uint8, reflect.Uint16:
		v.SetUint(1 + rand.Uint64N(255))
	case reflect.Struct:
		for i := range v.NumField() {
			fillValue(t, v.Field(i))
		}
	case reflect.Array:
		for i := range v.Len() {
			fillValue(t, v.Index(i))
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			fillValue(t, v.Index(i))
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range 2 {
			key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			fillValue(t, key)
			fillValue(t, value)
			v.SetMapIndex(key, value)
		}
	default:
		t.Fatalf("fill does not know %v", v.Type())
	}
}

func endedContext(t *testing.T, s Store) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	a := newAsset("app")
	wantError(t, "AddAsset", s.AddAsset(ctx, a, noUse), context.Canceled)
	_, err := s.Asset(t.Context(), a.ID)
	wantError(t, "Asset", err, fault.NotFound)
}

func closedCatalog(t *testing.T, s Store) {
	must(t, s.Health())
	wantError(t, "Close", s.Close(), nil)
	wantError(t, "Close again", s.Close(), nil)
	wantError(t, "AddAsset", s.AddAsset(t.Context(), newAsset("app"), noUse), fault.Unavailable)
}
