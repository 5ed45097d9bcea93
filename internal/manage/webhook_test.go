package manage_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/job"
	"github.com/stowgate/stowgate/internal/manage"
)

const hookURL = "https://example.com/in?token=PLANTEDTOKEN"

// M5: a webhook's secret is shown once, and the rest of its address, which may
// be one, to those who may change it.
func TestM5WebhooksHideSecrets(t *testing.T) {
	d := newDesk(t)
	s := d.scene(t, 1, false, false)
	h, secret, err := d.hooks.AddHook(t.Context(), operator, s.app, manage.NewHook{URL: hookURL})
	must(t, err)
	d.now = d.now.Add(time.Minute)
	_, second, err := d.hooks.RotateHookSecret(t.Context(), operator, s.app, h.ID, "", time.Hour)
	must(t, err)
	viewer := account.Actor{ID: "user:v", Name: "V", Roles: map[string]account.Role{s.app: account.Viewer}}
	developer := account.Actor{ID: "user:d", Name: "D", Roles: map[string]account.Role{s.app: account.Developer}}
	seen, err := d.hooks.Hook(t.Context(), viewer, s.app, h.ID)
	must(t, err)
	if seen.URL != "https://example.com/…" {
		t.Errorf("a viewer sees the address %q", seen.URL)
	}
	if seen, err = d.hooks.Hook(t.Context(), developer, s.app, h.ID); err != nil || seen.URL != hookURL {
		t.Errorf("a developer sees the address %q, %v", seen.URL, err)
	}
	entries, err := d.ledger.Entries(t.Context(), account.Search{Action: "webhook"})
	must(t, err)
	text := fmt.Sprintf("%+v", entries)
	if !strings.Contains(text, "https://example.com/…") || strings.Contains(text, "PLANTEDTOKEN") {
		t.Errorf("the audit log says %s", text)
	}
	shown, err := json.Marshal(seen)
	must(t, err)
	for _, key := range []string{secret, second} {
		if strings.Contains(string(shown), key) || strings.Contains(text, key) {
			t.Errorf("the secret %q is in the hook %s, or in the audit log %s", key, shown, text)
		}
	}
	if len(seen.Secrets) != 2 || !seen.Secrets[0].Live || !seen.Secrets[1].Live || !seen.Secrets[1].Expires.Equal(d.now.Add(time.Hour)) {
		t.Errorf("secrets = %+v, want two that live", seen.Secrets)
	}
	_, _, err = d.hooks.RotateHookSecret(t.Context(), operator, s.app, h.ID, "", time.Hour)
	wantKind(t, "a third secret", err, fault.Conflict)
	h, third, err := d.hooks.RotateHookSecret(t.Context(), operator, s.app, h.ID, "chosen-by-its-owner", 0)
	if err != nil || third != "chosen-by-its-owner" || len(h.Secrets) != 1 {
		t.Errorf("RotateHookSecret at once = %+v, %q, %v", h, third, err)
	}
}

func TestChangeHook(t *testing.T) {
	d := newDesk(t)
	s := d.scene(t, 1, false, false)
	h, _, err := d.hooks.AddHook(t.Context(), operator, s.app, manage.NewHook{URL: hookURL, Events: []string{"delete"}})
	must(t, err)
	for _, tt := range []struct {
		name string
		c    manage.HookChange
		want func(manage.Hook) bool
	}{
		{"address", manage.HookChange{URL: ptr("https://example.com/b")}, func(h manage.Hook) bool { return h.URL == "https://example.com/b" }},
		{"events", manage.HookChange{Events: ptr([]string{"upload", "delete"})}, func(h manage.Hook) bool { return slices.Equal(h.Events, []string{"upload", "delete"}) }},
		{"all events", manage.HookChange{Events: ptr([]string(nil))}, func(h manage.Hook) bool { return len(h.Events) == 0 }},
		{"off", manage.HookChange{Enabled: ptr(false)}, func(h manage.Hook) bool { return !h.Enabled && h.URL == "https://example.com/b" }},
		{"on", manage.HookChange{Enabled: ptr(true)}, func(h manage.Hook) bool { return h.Enabled }},
		{"format", manage.HookChange{Format: ptr("other"), Secret: ptr("short")}, func(h manage.Hook) bool { return h.Format == "other" && len(h.Secrets) == 1 }},
		{"no secret", manage.HookChange{Secret: ptr("")}, func(h manage.Hook) bool { return len(h.Secrets) == 0 }},
		{"a secret", manage.HookChange{Secret: ptr("chosen")}, func(h manage.Hook) bool { return len(h.Secrets) == 1 && h.Secrets[0].Live }},
	} {
		if h, err = d.hooks.ChangeHook(t.Context(), operator, s.app, h.ID, tt.c); err != nil || !tt.want(h) {
			t.Errorf("ChangeHook, %s = %+v, %v", tt.name, h, err)
		}
	}
	_, err = d.hooks.ChangeHook(t.Context(), operator, s.app, h.ID, manage.HookChange{URL: ptr("gopher://x")})
	wantKind(t, "an address that makes no sense", err, fault.Invalid)
	_, err = d.hooks.ChangeHook(t.Context(), operator, s.app, h.ID, manage.HookChange{Events: ptr([]string{"delete"})})
	wantKind(t, "an event that the format has no word for", err, fault.Invalid)
	open, err := d.hooks.Open(t.Context(), operator, s.app)
	if err != nil || len(open) != 1 || open[0].Secrets[0].Key != "chosen" {
		t.Errorf("Open = %+v, %v, want the secret", open, err)
	}
	must(t, d.hooks.RemoveHook(t.Context(), operator, s.app, h.ID))
	if all, err := d.hooks.Hooks(t.Context(), operator, s.app); len(all) != 0 || err != nil {
		t.Errorf("Hooks after the last was removed = %v, %v", all, err)
	}
}

func TestAddHookUnsigned(t *testing.T) {
	d := newDesk(t)
	s := d.scene(t, 1, false, false)
	h, secret, err := d.hooks.AddHook(t.Context(), operator, s.app, manage.NewHook{URL: hookURL, Format: "other", Unsigned: true, Disabled: true})
	if err != nil || secret != "" || len(h.Secrets) != 0 || h.Enabled || h.Format != "other" {
		t.Errorf("AddHook = %+v, %q, %v, want one that signs nothing and is off", h, secret, err)
	}
}

func TestJobs(t *testing.T) {
	d := newDesk(t)
	s := d.scene(t, 1, false, true)
	all, err := d.jobs.Jobs(t.Context(), operator, job.Filter{}, job.Page{Limit: 10})
	must(t, err)
	if len(all) != 1 || all[0].ID != s.delivery || all[0].App != s.app {
		t.Fatalf("Jobs = %+v, want the test of the webhook", all)
	}
	for _, state := range []job.State{job.Dead, job.Ready} {
		change := d.jobs.Cancel
		if state == job.Ready {
			change = d.jobs.Retry
		}
		must(t, change(t.Context(), operator, s.delivery))
		counts, err := d.jobs.Counts(t.Context(), operator, job.Filter{App: s.app})
		if err != nil || counts[state] != 1 || len(counts) != 1 {
			t.Errorf("Counts = %v, %v, want one %s", counts, err, state)
		}
	}
	wantKind(t, "Retry of none", d.jobs.Retry(t.Context(), operator, 1000), fault.NotFound)
}

// What was given up is delivered again in the order in which it came.
func TestRedeliverDead(t *testing.T) {
	d := newDesk(t)
	s := d.scene(t, 1, false, true)
	ids := []int64{s.delivery}
	for range 2 {
		id, err := d.hooks.TestHook(t.Context(), operator, s.app, s.hook)
		must(t, err)
		ids = append(ids, id)
	}
	for _, id := range ids[:2] {
		must(t, d.jobs.Cancel(t.Context(), operator, id))
	}
	n, more, err := d.hooks.RedeliverDead(t.Context(), operator, s.app, s.hook)
	if err != nil || n != 2 || more {
		t.Fatalf("RedeliverDead = %d, %v, %v, want 2 and no more", n, more, err)
	}
	lanes, err := d.jobs.Lanes(t.Context(), operator, 1)
	if err != nil || len(lanes) != 1 || lanes[0].Queue != "hook:"+s.hook || lanes[0].Waiting != 3 {
		t.Errorf("Lanes = %+v, %v, want one in which three jobs wait", lanes, err)
	}
	first, err := d.jobs.Job(t.Context(), operator, ids[0])
	must(t, err)
	second, err := d.jobs.Job(t.Context(), operator, ids[1])
	must(t, err)
	if first.State != job.Ready || !first.RunAt.Before(second.RunAt) {
		t.Errorf("the turns are %v and %v, want the older job first", first.RunAt, second.RunAt)
	}
}

// One call makes a bounded number of deliveries again, and says whether to go on.
func TestRedeliverDeadInSteps(t *testing.T) {
	d := newDesk(t)
	s := d.scene(t, 1, false, true)
	must(t, d.jobs.Cancel(t.Context(), operator, s.delivery))
	for range manage.MaxRedelivered {
		id, err := d.hooks.TestHook(t.Context(), operator, s.app, s.hook)
		must(t, err)
		must(t, d.jobs.Cancel(t.Context(), operator, id))
	}
	for _, want := range []struct {
		n    int
		more bool
	}{{manage.MaxRedelivered, true}, {1, false}, {0, false}} {
		n, more, err := d.hooks.RedeliverDead(t.Context(), operator, s.app, s.hook)
		if err != nil || n != want.n || more != want.more {
			t.Errorf("RedeliverDead = %d, %v, %v, want %+v", n, more, err, want)
		}
	}
}
