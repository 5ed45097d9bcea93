package hooks_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/catalog"
	"github.com/stowgate/stowgate/internal/catalog/catalogtest"
	"github.com/stowgate/stowgate/internal/catalog/hooks"
	"github.com/stowgate/stowgate/internal/catalog/ledger"
	"github.com/stowgate/stowgate/internal/catalog/queue"
	"github.com/stowgate/stowgate/internal/catalog/sqlitedb"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/job"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/webhook"
)

// formats word an event as its kind and what it is about.
var formats = webhook.Formats{"plain": {
	Words: map[string]string{asset.Uploaded: "came", asset.Overwritten: "turned", asset.Deleted: "went"},
	Body: func(_ webhook.Hook, e asset.Event) ([]byte, error) {
		if e.Fact.Name == "untellable" {
			return nil, errors.New("no words")
		}
		return fmt.Appendf(nil, "%d %s %s", e.ID, e.Kind, e.Fact.ID), nil
	},
	Sign: func(string, []byte, time.Time) map[string]string { return nil },
}, "quiet": {
	Words: map[string]string{asset.Kept: "stays", asset.Changed: "turned"},
	Body: func(_ webhook.Hook, e asset.Event) ([]byte, error) {
		return fmt.Appendf(nil, "%d %s %v", e.ID, e.Kind, e.Fact.Labels), nil
	},
}}

type world struct {
	*hooks.Store
	t     *testing.T
	c     *catalog.Catalog
	jobs  *queue.Store
	path  string
	woken int
	told  int
}

func open(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, path: filepath.Join(t.TempDir(), "catalog.db")}
	db, err := sqlitedb.Open(t.Context(), w.path)
	must(t, err)
	w.c, err = catalog.New(t.Context(), db, [32]byte{1}, catalog.Config{})
	must(t, err)
	t.Cleanup(func() { w.c.Close() })
	w.c.Told(func() { w.told++ })
	w.jobs = queue.New(w.c.Book(), queue.Config{})
	w.Store = hooks.New(w.c.Book(), w.jobs, formats, func() { w.woken++ })
	for _, key := range []string{"app", "other"} {
		must(t, w.c.CreateApp(t.Context(), entry("app.create"), policy.App{Key: key}))
	}
	return w
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantError(t testing.TB, call string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s error = %v, want %v", call, err, want)
	}
}

func entry(action string) account.Entry {
	return account.Entry{Actor: "user:1", Name: "A", Action: action, App: "app"}
}

// hook adds a hook of app for those kinds.
func (w *world) hook(app string, kinds ...string) webhook.Hook {
	w.t.Helper()
	h := webhook.NewHook(app, "plain", time.Now())
	h.URL, h.Events = "https://example.com/hook?a=b", kinds
	must(w.t, w.Add(w.t.Context(), h, entry("webhook.add")))
	return h
}

func (w *world) upload(app string) asset.Asset {
	w.t.Helper()
	a := catalogtest.NewAsset(app)
	must(w.t, w.c.AddAsset(w.t.Context(), a, policy.Use{}))
	return a
}

func (w *world) spread() {
	w.t.Helper()
	if more, err := w.Spread(w.t.Context()); more || err != nil {
		w.t.Fatalf("Spread = %v, %v", more, err)
	}
}

// wantDeliveries compares what a hook is to be told, oldest first.
func (w *world) wantDeliveries(h webhook.Hook, want ...string) []webhook.Delivery {
	w.t.Helper()
	all, err := w.Deliveries(w.t.Context(), h.App, h.ID, "", job.Page{Limit: 1000})
	must(w.t, err)
	slices.Reverse(all)
	var got []string
	for _, d := range all {
		_, text, _ := strings.Cut(d.Message.Body, " ")
		got = append(got, text)
		if id := fmt.Sprint(d.Message.Event); !strings.HasPrefix(d.Message.Body, id+" ") || d.Message.Hook != h.ID || d.Job.App != h.App {
			w.t.Errorf("delivery %+v of hook %s", d, h.ID)
		}
	}
	if !slices.Equal(got, want) {
		w.t.Errorf("deliveries = %q, want %q", got, want)
	}
	return all
}

// N3: each event becomes one job for each hook that wants it, and no other.
func TestN3Spread(t *testing.T) {
	w := open(t)
	w.upload("app") // before there was a hook
	all, deletes, other := w.hook("app"), w.hook("app", asset.Deleted), w.hook("other")
	a := w.upload("app")
	next := catalogtest.NewAsset("app")
	next.ID, next.Version = a.ID, 2
	must(t, w.c.ReplaceContent(t.Context(), next, policy.Use{}))
	must(t, w.c.RemoveAsset(t.Context(), "app", a.ID, policy.Use{}))
	if w.told != 4 {
		t.Errorf("told of %d events, want 4", w.told)
	}
	w.spread()
	id := string(a.ID)
	w.wantDeliveries(all, "upload "+id, "overwrite "+id, "delete "+id)
	w.wantDeliveries(deletes, "delete "+id)
	w.wantDeliveries(other)
	w.spread()
	w.wantDeliveries(all, "upload "+id, "overwrite "+id, "delete "+id)
	if w.woken == 0 {
		t.Error("nobody was woken")
	}
}

func TestSpreadInSteps(t *testing.T) {
	w := open(t)
	h := w.hook("app")
	const n = 201 // one step and one
	for range n {
		w.upload("app")
	}
	if more, err := w.Spread(t.Context()); !more || err != nil {
		t.Fatalf("Spread = %v, %v, want more", more, err)
	}
	w.spread()
	all, err := w.Deliveries(t.Context(), "app", h.ID, job.Ready, job.Page{Limit: 1000})
	must(t, err)
	if len(all) != n {
		t.Errorf("%d deliveries, want %d", len(all), n)
	}
}

// What is not spread yet is not pruned; what nobody waits for is.
func TestPruneEvents(t *testing.T) {
	w := open(t)
	w.upload("other")
	h := w.hook("app")
	a := w.upload("app")
	must(t, w.c.PruneEvents(t.Context(), time.Now().Add(time.Hour)))
	w.spread()
	w.wantDeliveries(h, "upload "+string(a.ID))
	must(t, w.c.PruneEvents(t.Context(), time.Now().Add(time.Hour)))
	if left, err := w.c.Events(t.Context(), 0, 10); len(left) != 0 || err != nil {
		t.Errorf("events left = %v, %v", left, err)
	}
}

// A hook that named no kinds is told of those that its format has words for.
func TestFormatsTellWhatTheyHaveWordsFor(t *testing.T) {
	w := open(t)
	plain, quiet := w.hook("app"), webhook.NewHook("app", "quiet", time.Now())
	quiet.URL = plain.URL
	must(t, w.Add(t.Context(), quiet, entry("webhook.add")))
	a := w.upload("app")
	each, err := w.c.KeepAssets(t.Context(), "app", []asset.ID{a.ID}, entry("file.keep"))
	must(t, errors.Join(append(each, err)...))
	_, err = w.c.LabelAsset(t.Context(), "app", a.ID, func(a *asset.Asset) error { a.Labels = []string{"x"}; return nil }, entry("file.label"))
	must(t, err)
	w.spread()
	w.wantDeliveries(plain, "upload "+string(a.ID))
	w.wantDeliveries(quiet, "store []", "change [x]")
}

func TestUntellable(t *testing.T) {
	w := open(t)
	h := w.hook("app")
	a := catalogtest.NewAsset("app")
	a.Name = "untellable"
	must(t, w.c.AddAsset(t.Context(), a, policy.Use{}))
	good := w.upload("app")
	if _, err := w.Spread(t.Context()); err == nil || !strings.Contains(err.Error(), "no words") {
		t.Errorf("Spread error = %v, want what went wrong", err)
	}
	w.spread()
	w.wantDeliveries(h, "upload "+string(good.ID))
}

func TestDisabled(t *testing.T) {
	w := open(t)
	h := w.hook("app")
	w.upload("app")
	change := func(on bool) {
		_, err := w.Change(t.Context(), "app", h.ID, func(h *webhook.Hook) error { h.Enabled = on; return nil }, entry("webhook.change"))
		must(t, err)
	}
	change(false)
	w.spread()
	w.upload("app")
	change(true)
	w.spread()
	w.wantDeliveries(h) // nothing of while it was off, nor that was not spread before
	a := w.upload("app")
	w.spread()
	w.wantDeliveries(h, "upload "+string(a.ID))
}

func TestHookIsKeptWhole(t *testing.T) {
	w := open(t)
	h := w.hook("app", asset.Uploaded, asset.Deleted)
	must(t, h.Rotate("a-newer-secret-of-it", time.Hour, time.Now()))
	got, err := w.Change(t.Context(), "app", h.ID, func(old *webhook.Hook) error {
		old.Secrets, old.URL = h.Secrets, "https://example.com/other"
		old.App, old.ID = "other", "x" // are left as they are
		return nil
	}, entry("webhook.change"))
	must(t, err)
	h.URL = "https://example.com/other"
	read, err := w.Hook(t.Context(), "app", h.ID)
	must(t, err)
	list, err := w.Hooks(t.Context(), "app")
	must(t, err)
	receiver, err := w.Receiver(t.Context(), h.ID)
	must(t, err)
	for _, got := range []webhook.Hook{got, read, list[0], receiver} {
		if !sameHook(got, h) {
			t.Errorf("hook = %+v, want %+v", got, h)
		}
	}
	// M5: secrets are sealed.
	must(t, w.c.Close())
	for _, name := range []string{w.path, w.path + "-wal"} {
		data, err := os.ReadFile(name)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		for _, s := range h.Secrets {
			if strings.Contains(string(data), s.Key) {
				t.Errorf("the database holds the secret %q", s.Key)
			}
		}
	}
}

func sameHook(a, b webhook.Hook) bool {
	for _, h := range []*webhook.Hook{&a, &b} {
		h.Created = h.Created.UTC().Round(0)
		h.Secrets = slices.Clone(h.Secrets)
		for i, s := range h.Secrets {
			h.Secrets[i] = webhook.Secret{Key: s.Key, Created: s.Created.UTC().Round(0), Expires: s.Expires.UTC().Round(0)}
		}
	}
	return reflect.DeepEqual(a, b)
}

// M6: a hook of another app is none.
func TestM6OtherApp(t *testing.T) {
	w := open(t)
	h := w.hook("app")
	theirs := w.hook("other")
	a := w.upload("other")
	w.spread()
	d := w.wantDeliveries(theirs, "upload "+string(a.ID))[0]
	_, err := w.Hook(t.Context(), "other", h.ID)
	wantError(t, "Hook", err, fault.NotFound)
	_, err = w.Change(t.Context(), "other", h.ID, func(*webhook.Hook) error { return nil }, entry("x.y"))
	wantError(t, "Change", err, fault.NotFound)
	wantError(t, "Remove", w.Remove(t.Context(), "other", h.ID, entry("x.y")), fault.NotFound)
	_, err = w.Deliveries(t.Context(), "other", h.ID, "", job.Page{Limit: 1})
	wantError(t, "Deliveries", err, fault.NotFound)
	_, err = w.Test(t.Context(), "other", h.ID, entry("x.y"))
	wantError(t, "Test", err, fault.NotFound)
	wantError(t, "Redeliver of another app's hook", w.Redeliver(t.Context(), "app", theirs.ID, d.Job.ID, entry("x.y")), fault.NotFound)
	wantError(t, "Redeliver of another hook's delivery", w.Redeliver(t.Context(), "app", h.ID, d.Job.ID, entry("x.y")), fault.NotFound)
}

func TestAddErrors(t *testing.T) {
	w := open(t)
	for range webhook.MaxHooks - 1 {
		w.hook("app")
	}
	h := webhook.NewHook("app", "plain", time.Now())
	wantError(t, "Add without URL", w.Add(t.Context(), h, entry("webhook.add")), fault.Invalid)
	h.URL = "https://example.com/"
	wantError(t, "Add without entry", w.Add(t.Context(), h, account.Entry{}), fault.Invalid)
	must(t, w.Add(t.Context(), h, entry("webhook.add")))
	h.ID = "another"
	wantError(t, "Add of one too many", w.Add(t.Context(), h, entry("webhook.add")), fault.TooLarge)
	h.App = "nobody"
	wantError(t, "Add for no app", w.Add(t.Context(), h, entry("webhook.add")), fault.NotFound)
}

// M7: each change has its entry, and none is without.
func TestM7Entries(t *testing.T) {
	w := open(t)
	h := w.hook("app")
	w.upload("app")
	w.spread()
	d, err := w.Deliveries(t.Context(), "app", h.ID, "", job.Page{Limit: 1})
	must(t, err)
	same := func(*webhook.Hook) error { return nil }
	_, err = w.Change(t.Context(), "app", h.ID, same, account.Entry{})
	wantError(t, "Change without entry", err, fault.Invalid)
	_, err = w.Change(t.Context(), "app", h.ID, same, entry("webhook.change"))
	must(t, err)
	must(t, w.Redeliver(t.Context(), "app", h.ID, d[0].Job.ID, entry("webhook.redeliver")))
	_, err = w.Test(t.Context(), "app", h.ID, entry("webhook.test"))
	must(t, err)
	must(t, w.Remove(t.Context(), "app", h.ID, entry("webhook.remove")))
	entries, err := ledger.New(w.c.Book()).Entries(t.Context(), account.Search{Action: "webhook"})
	must(t, err)
	var got []string
	for _, e := range entries {
		got = append(got, strings.TrimPrefix(e.Action, "webhook."))
	}
	if text := strings.Join(got, " "); text != "remove test redeliver change add" {
		t.Errorf("entries = %q", text)
	}
}

func TestRemove(t *testing.T) {
	w := open(t)
	h := w.hook("app")
	w.upload("app")
	w.upload("app")
	w.spread()
	claimed, err := w.jobs.Claim(t.Context(), 1, time.Now().Add(time.Minute))
	must(t, err)
	must(t, w.Remove(t.Context(), "app", h.ID, entry("webhook.remove")))
	must(t, w.Note(t.Context(), h.ID, webhook.Attempt{Job: claimed[0].ID, Began: time.Now()}))
	_, err = w.Receiver(t.Context(), h.ID)
	wantError(t, "Receiver", err, fault.NotFound)
	counts, err := w.jobs.Counts(t.Context(), job.Filter{Queue: h.Queue()})
	must(t, err)
	if counts[job.Ready] != 0 || counts[job.Running] != 1 {
		t.Errorf("jobs = %v, want only the one that runs", counts)
	}
}

func TestAppGoesWithItsHooks(t *testing.T) {
	w := open(t)
	h := w.hook("app")
	must(t, w.Note(t.Context(), h.ID, webhook.Attempt{Job: 1, Began: time.Now()}))
	must(t, w.c.DeleteApp(t.Context(), entry("app.delete"), "app", true))
	_, err := w.Receiver(t.Context(), h.ID)
	wantError(t, "Receiver", err, fault.NotFound)
}

func TestAttempts(t *testing.T) {
	w := open(t)
	h := w.hook("app")
	w.upload("app")
	w.spread()
	claimed, err := w.jobs.Claim(t.Context(), 1, time.Now().Add(time.Minute))
	must(t, err)
	j := claimed[0]
	began := time.Now().UTC().Round(0)
	bad := webhook.Attempt{Job: j.ID, Event: 1, Number: 1, Began: began, Took: time.Second, Status: 500, Error: "status 500", Answer: "oops\nhere"}
	good := webhook.Attempt{Job: j.ID, Event: 1, Number: 2, Began: began, Took: time.Second, Status: 200}
	for range 3 {
		must(t, w.Note(t.Context(), h.ID, bad))
	}
	read, err := w.Hook(t.Context(), "app", h.ID)
	must(t, err)
	if read.Health.Failures != 3 || read.Health.Error != "status 500" || !read.Health.Succeeded.IsZero() {
		t.Errorf("health = %+v", read.Health)
	}
	must(t, w.Note(t.Context(), h.ID, good))
	read, err = w.Hook(t.Context(), "app", h.ID)
	must(t, err)
	if read.Health.Failures != 0 || read.Health.Error != "" || !read.Health.Succeeded.Equal(began.Add(time.Second)) {
		t.Errorf("health = %+v", read.Health)
	}
	deliveries, err := w.Deliveries(t.Context(), "app", h.ID, "", job.Page{Limit: 1})
	must(t, err)
	if got := deliveries[0].Attempts; !reflect.DeepEqual(got, []webhook.Attempt{bad, bad, bad, good}) {
		t.Errorf("attempts = %+v", got)
	}
	for range webhook.MaxAttempts - 1 {
		must(t, w.Note(t.Context(), h.ID, good))
	}
	deliveries, err = w.Deliveries(t.Context(), "app", h.ID, "", job.Page{Limit: 1})
	must(t, err)
	if got := deliveries[0].Attempts; len(got) != webhook.MaxAttempts || got[0].Status != 200 {
		t.Errorf("%d attempts are kept, from %+v", len(got), got[0])
	}
}

// A delivery that is made again is the same in all but when.
func TestRedeliver(t *testing.T) {
	w := open(t)
	h := w.hook("app")
	w.upload("app")
	w.spread()
	claim := func() job.Job {
		t.Helper()
		claimed, err := w.jobs.Claim(t.Context(), 1, time.Now().Add(time.Minute))
		must(t, err)
		if len(claimed) != 1 {
			t.Fatalf("claimed %v, want one", claimed)
		}
		return claimed[0]
	}
	first := claim()
	wantError(t, "Redeliver of one that is being made", w.Redeliver(t.Context(), "app", h.ID, first.ID, entry("webhook.redeliver")), fault.Conflict)
	must(t, w.jobs.Finish(t.Context(), first, job.Outcome{State: job.Done}))
	must(t, w.Redeliver(t.Context(), "app", h.ID, first.ID, entry("webhook.redeliver")))
	if again := claim(); again.ID != first.ID || string(again.Payload) != string(first.Payload) || again.Attempt != 1 {
		t.Errorf("again: %+v, first %+v", again, first)
	}
}

func TestTest(t *testing.T) {
	w := open(t)
	h := w.hook("app", asset.Deleted)
	a := w.upload("app")
	must(t, w.c.RemoveAsset(t.Context(), "app", a.ID, policy.Use{}))
	w.spread()
	id, err := w.Test(t.Context(), "app", h.ID, entry("webhook.test"))
	must(t, err)
	all := w.wantDeliveries(h, "delete "+string(a.ID), "test 00000000000000000000")
	if all[1].Job.ID != id || all[1].Message.Event <= all[0].Message.Event {
		t.Errorf("test = %+v, after %+v", all[1], all[0])
	}
	claimed, err := w.jobs.Claim(t.Context(), 1, time.Now().Add(time.Minute))
	must(t, err)
	if claimed[0].ID != id {
		t.Errorf("the first delivery is %+v, want the test", claimed[0])
	}
}

// An event that is spread in a transaction that fails is still to be spread.
func TestN3SpreadIsOneTransaction(t *testing.T) {
	w := open(t)
	h := w.hook("app")
	a := w.upload("app")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := w.Spread(ctx); err == nil {
		t.Error("Spread with an ended context succeeded")
	}
	w.wantDeliveries(h)
	w.spread()
	w.wantDeliveries(h, "upload "+string(a.ID))
}
