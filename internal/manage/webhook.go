package manage

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/job"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/webhook"
)

// hookRecords keeps webhooks: a hooks.Store.
type hookRecords interface {
	Hooks(ctx context.Context, app string) ([]webhook.Hook, error)
	Hook(ctx context.Context, app, id string) (webhook.Hook, error)
	Add(ctx context.Context, h webhook.Hook, by account.Entry) error
	Change(ctx context.Context, app, id string, change func(*webhook.Hook) error, by account.Entry) (webhook.Hook, error)
	Remove(ctx context.Context, app, id string, by account.Entry) error
	Deliveries(ctx context.Context, app, id string, state job.State, p job.Page) ([]webhook.Delivery, error)
	Redeliver(ctx context.Context, app, id string, delivery int64, by account.Entry) error
	Test(ctx context.Context, app, id string, by account.Entry) (delivery int64, err error)
}

// Webhooks is what owners change of who is told what happens to files, and see
// of what they were told. Its errors are as those of a Service.
type Webhooks struct {
	Formats webhook.Formats // what they can be told in

	records hookRecords
	now     func() time.Time
}

// NewWebhooks returns the webhooks that are kept in records, and told in formats.
func NewWebhooks(records hookRecords, formats webhook.Formats, now func() time.Time) *Webhooks {
	return &Webhooks{formats, records, now}
}

// A Hook is a webhook as its people see it. Who may not change it sees no more
// of its URL than the host: the rest may hold a token.
type Hook struct {
	webhook.Hook          // its Secrets are hidden by those below
	Secrets      []Secret // newest first; none if nothing is signed
}

func (w *Webhooks) view(by account.Actor, h webhook.Hook) Hook {
	out := Hook{Hook: h}
	out.Hook.Secrets = nil
	for _, s := range h.Secrets {
		live := s.Expires.IsZero() || w.now().Before(s.Expires)
		out.Secrets = append(out.Secrets, Secret{fingerprint(s), s.Created, s.Expires, live})
	}
	if by.Check(account.ChangeHooks, h.App) != nil {
		out.URL = origin(h.URL)
	}
	return out
}

func fingerprint(s webhook.Secret) string { return policy.Secret{Key: s.Key}.Fingerprint() }

// origin returns the part of an address that holds no token.
func origin(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host + "/…"
}

// Hooks returns the webhooks of an app in the order in which they were added.
func (w *Webhooks) Hooks(ctx context.Context, by account.Actor, app string) ([]Hook, error) {
	if err := by.Check(account.ViewApp, app); err != nil {
		return nil, err
	}
	all, err := w.records.Hooks(ctx, app)
	if err != nil {
		return nil, err
	}
	seen := make([]Hook, len(all))
	for i, h := range all {
		seen[i] = w.view(by, h)
	}
	return seen, nil
}

// Hook returns one webhook of an app.
func (w *Webhooks) Hook(ctx context.Context, by account.Actor, app, id string) (Hook, error) {
	if err := by.Check(account.ViewApp, app); err != nil {
		return Hook{}, err
	}
	h, err := w.records.Hook(ctx, app, id)
	if err != nil {
		return Hook{}, err
	}
	return w.view(by, h), nil
}

// Open returns the webhooks of an app with all that Hooks hides, for protocols
// whose answers have the secrets.
func (w *Webhooks) Open(ctx context.Context, by account.Actor, app string) ([]webhook.Hook, error) {
	if err := by.Check(account.ChangeHooks, app); err != nil {
		return nil, err
	}
	return w.records.Hooks(ctx, app)
}

// DefaultFormat is the format of a webhook that names none.
const DefaultFormat = "filestack"

// A NewHook is what a new webhook begins with.
type NewHook struct {
	URL      string
	Events   []string // empty means all that its format tells of
	Format   string   // empty means DefaultFormat
	Secret   string   // to take over; empty means a new one
	Unsigned bool     // without a secret: nothing is signed
	Disabled bool     // it is to be enabled later
}

// AddHook adds a webhook. It returns its secret, which only Open shows again.
func (w *Webhooks) AddHook(ctx context.Context, by account.Actor, app string, n NewHook) (Hook, string, error) {
	if err := by.Check(account.ChangeHooks, app); err != nil {
		return Hook{}, "", err
	}
	h := webhook.NewHook(app, cmp.Or(n.Format, DefaultFormat), w.now())
	h.URL, h.Events, h.Enabled = n.URL, n.Events, !n.Disabled
	h.Secrets[0].Key = cmp.Or(n.Secret, h.Secrets[0].Key)
	detail := map[string]string{"host": origin(h.URL), "events": strings.Join(h.Events, " "), "format": h.Format}
	secret := ""
	if n.Unsigned {
		h.Secrets = nil
	} else {
		secret, detail["secret"] = h.Secrets[0].Key, fingerprint(h.Secrets[0])
	}
	if err := w.records.Add(ctx, h, by.Entry("webhook.create", app, h.ID, detail)); err != nil {
		return Hook{}, "", err
	}
	return w.view(by, h), secret, nil
}

// A HookChange is what becomes other in a webhook. What is nil stays as it is.
type HookChange struct {
	URL     *string
	Events  *[]string // empty means all that its format tells of
	Format  *string
	Enabled *bool
	Secret  *string // instead of those so far, at once; empty means that nothing is signed
}

// ChangeHook changes a webhook, all of it or nothing. A pause of its deliveries
// ends. While it is not enabled nothing is recorded for it, and what waits is
// given up.
func (w *Webhooks) ChangeHook(ctx context.Context, by account.Actor, app, id string, c HookChange) (Hook, error) {
	detail := make(map[string]string)
	return w.change(ctx, by, "webhook.change", app, id, detail, func(h *webhook.Hook) error {
		if c.URL != nil {
			h.URL, detail["host"] = *c.URL, origin(*c.URL)
		}
		if c.Events != nil {
			h.Events, detail["events"] = *c.Events, strings.Join(*c.Events, " ")
		}
		if c.Format != nil {
			h.Format, detail["format"] = *c.Format, *c.Format
		}
		if c.Enabled != nil {
			h.Enabled, detail["enabled"] = *c.Enabled, fmt.Sprint(*c.Enabled)
		}
		if c.Secret != nil && *c.Secret != "" {
			h.Secrets = []webhook.Secret{{Key: *c.Secret, Created: w.now()}}
			detail["secret"] = fingerprint(h.Secrets[0])
		} else if c.Secret != nil {
			h.Secrets, detail["secret"] = nil, "none"
		}
		return nil
	})
}

// RotateHookSecret puts a secret before the one that signs now, which goes on
// for keep, 0 meaning not at all. Without a key it makes a new one. It returns
// the secret, which nothing else shows again. The error wraps fault.Conflict if
// two live already and keep is not 0.
func (w *Webhooks) RotateHookSecret(ctx context.Context, by account.Actor, app, id, key string, keep time.Duration) (Hook, string, error) {
	key = cmp.Or(key, webhook.NewSecret())
	detail := map[string]string{"secret": fingerprint(webhook.Secret{Key: key}), "keep": keep.String()}
	h, err := w.change(ctx, by, "webhook.rotate", app, id, detail, func(h *webhook.Hook) error { return h.Rotate(key, keep, w.now()) })
	return h, key, err
}

func (w *Webhooks) change(ctx context.Context, by account.Actor, action, app, id string, detail map[string]string, do func(*webhook.Hook) error) (Hook, error) {
	if err := by.Check(account.ChangeHooks, app); err != nil {
		return Hook{}, err
	}
	h, err := w.records.Change(ctx, app, id, do, by.Entry(action, app, id, detail))
	if err != nil {
		return Hook{}, err
	}
	return w.view(by, h), nil
}

// RemoveHook removes a webhook, with what it was still to be told.
func (w *Webhooks) RemoveHook(ctx context.Context, by account.Actor, app, id string) error {
	if err := by.Check(account.ChangeHooks, app); err != nil {
		return err
	}
	return w.records.Remove(ctx, app, id, by.Entry("webhook.remove", app, id, nil))
}

// Deliveries returns a page of a webhook's deliveries, newest first, those in one
// state unless that is empty.
func (w *Webhooks) Deliveries(ctx context.Context, by account.Actor, app, id string, state job.State, p job.Page) ([]webhook.Delivery, error) {
	if err := by.Check(account.ViewApp, app); err != nil {
		return nil, err
	}
	return w.records.Deliveries(ctx, app, id, state, p)
}

// Redeliver makes a delivery again, now, with the same body. The error wraps
// fault.Conflict if it is being made at the moment.
func (w *Webhooks) Redeliver(ctx context.Context, by account.Actor, app, id string, delivery int64) error {
	if err := by.Check(account.ChangeHooks, app); err != nil {
		return err
	}
	return w.records.Redeliver(ctx, app, id, delivery,
		by.Entry("webhook.redeliver", app, id, map[string]string{"delivery": strconv.FormatInt(delivery, 10)}))
}

// MaxRedelivered is how many deliveries RedeliverDead makes again at once.
const MaxRedelivered = 500

// RedeliverDead makes again the deliveries of a webhook that were given up, the
// newest MaxRedelivered of them, and of these the oldest first. It returns how many,
// and whether there are more. Another request may make one before, which does not
// count.
func (w *Webhooks) RedeliverDead(ctx context.Context, by account.Actor, app, id string) (n int, more bool, err error) {
	if err := by.Check(account.ChangeHooks, app); err != nil {
		return 0, false, err
	}
	page := job.Page{Limit: 100}
	for looked := 0; ; {
		dead, err := w.records.Deliveries(ctx, app, id, job.Dead, page)
		if err != nil || len(dead) == 0 || looked >= MaxRedelivered {
			return n, len(dead) > 0, err
		}
		for _, d := range dead { // newest first, and each goes before all others
			err := w.Redeliver(ctx, by, app, id, d.Job.ID)
			if errors.Is(err, fault.Conflict) || errors.Is(err, fault.NotFound) {
				continue
			}
			if err != nil {
				return n, true, err
			}
			n++
		}
		looked += len(dead)
		page.Before = dead[len(dead)-1].Job.ID
	}
}

// TestHook sends a webhook an event of its own, and returns the delivery.
func (w *Webhooks) TestHook(ctx context.Context, by account.Actor, app, id string) (delivery int64, err error) {
	if err := by.Check(account.ChangeHooks, app); err != nil {
		return 0, err
	}
	return w.records.Test(ctx, app, id, by.Entry("webhook.test", app, id, nil))
}
