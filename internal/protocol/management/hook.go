package management

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/job"
	"github.com/stowgate/stowgate/internal/manage"
	"github.com/stowgate/stowgate/internal/webhook"
)

// hookRows are about webhooks and their deliveries.
func (a *API) hookRows() []row {
	const page, one = "/apps/{app}/webhooks", "/apps/{app}/webhooks/{webhook}"
	return []row{
		{method: http.MethodGet, path: page, act: account.ViewApp, do: a.hooks},
		{method: http.MethodPost, path: page, act: account.ChangeHooks, status: http.StatusCreated, do: a.addHook},
		{method: http.MethodGet, path: one, act: account.ViewApp, do: a.hook},
		{method: http.MethodPatch, path: one, act: account.ChangeHooks, do: a.changeHook},
		{method: http.MethodDelete, path: one, act: account.ChangeHooks, do: a.removeHook},
		{method: http.MethodPost, path: one + "/secret", act: account.ChangeHooks, do: a.rotateHook},
		{method: http.MethodPost, path: one + "/test", act: account.ChangeHooks, status: http.StatusAccepted, do: a.testHook},
		{method: http.MethodPost, path: one + "/redeliver", act: account.ChangeHooks, status: http.StatusAccepted, do: a.redeliverDead},
		{method: http.MethodGet, path: one + "/deliveries", act: account.ViewApp, query: []string{"state", "limit", "cursor"}, do: a.deliveries},
		{method: http.MethodGet, path: one + "/deliveries/{delivery}", act: account.ViewApp, do: a.delivery},
		{method: http.MethodPost, path: one + "/deliveries/{delivery}/redeliver", act: account.ChangeHooks, status: http.StatusAccepted, do: a.redeliver},
	}
}

// A hook is a webhook as answers have it.
type hook struct {
	ID      string    `json:"id"`
	URL     string    `json:"url"`
	Events  []string  `json:"events"`
	Format  string    `json:"format"`
	Enabled bool      `json:"enabled"`
	Created time.Time `json:"created"`
	Secrets []secret  `json:"secrets"`
	Health  health    `json:"health"`
}

type health struct {
	Succeeded   time.Time `json:"succeeded,omitzero"`
	Failures    int       `json:"failures"`
	Error       string    `json:"error"`
	PausedUntil time.Time `json:"paused_until,omitzero"`
	Waiting     int       `json:"waiting"`
}

func showHook(h manage.Hook) hook {
	return hook{h.ID, h.URL, texts(h.Events), h.Format, h.Enabled, h.Created.UTC(), listed(h.Secrets, showSecret).Items,
		health{h.Health.Succeeded.UTC(), h.Health.Failures, h.Health.Error, h.Health.PausedUntil.UTC(), h.Health.Waiting}}
}

// A secretHook is a webhook and its secret, which is shown this once.
type secretHook struct {
	Webhook hook   `json:"webhook"`
	Secret  string `json:"secret"`
}

func (a *API) hooks(ctx context.Context, c *call) (any, error) {
	all, err := a.Webhooks.Hooks(ctx, c.Actor, c.app)
	if err != nil {
		return nil, err
	}
	return listed(all, showHook), nil
}

func (a *API) addHook(ctx context.Context, c *call) (any, error) {
	var in struct {
		URL    string   `json:"url"`
		Events []string `json:"events"`
		Format string   `json:"format"`
		Secret string   `json:"secret"`
	}
	if err := c.read(&in); err != nil {
		return nil, err
	}
	h, secret, err := a.Webhooks.AddHook(ctx, c.Actor, c.app, manage.NewHook(in))
	if err != nil {
		return nil, err
	}
	c.at = "/apps/" + url.PathEscape(c.app) + "/webhooks/" + url.PathEscape(h.ID)
	return secretHook{showHook(h), secret}, nil
}

func (a *API) hook(ctx context.Context, c *call) (any, error) {
	h, err := a.Webhooks.Hook(ctx, c.Actor, c.app, c.path("webhook"))
	if err != nil {
		return nil, err
	}
	return showHook(h), nil
}

func (a *API) changeHook(ctx context.Context, c *call) (any, error) {
	var in struct {
		URL     *string   `json:"url"`
		Events  *[]string `json:"events"`
		Format  *string   `json:"format"`
		Enabled *bool     `json:"enabled"`
	}
	if err := c.read(&in); err != nil {
		return nil, err
	}
	h, err := a.Webhooks.ChangeHook(ctx, c.Actor, c.app, c.path("webhook"), manage.HookChange(in))
	if err != nil {
		return nil, err
	}
	return showHook(h), nil
}

func (a *API) removeHook(ctx context.Context, c *call) (any, error) {
	return nil, a.Webhooks.RemoveHook(ctx, c.Actor, c.app, c.path("webhook"))
}

func (a *API) rotateHook(ctx context.Context, c *call) (any, error) {
	var in struct {
		Secret string `json:"secret"`
		Keep   int64  `json:"keep"`
	}
	if err := c.read(&in); err != nil {
		return nil, err
	}
	keep, err := seconds("keep", in.Keep)
	if err != nil {
		return nil, err
	}
	h, secret, err := a.Webhooks.RotateHookSecret(ctx, c.Actor, c.app, c.path("webhook"), in.Secret, keep)
	if err != nil {
		return nil, err
	}
	return secretHook{showHook(h), secret}, nil
}

// A made is a delivery that was asked for.
type made struct {
	Delivery int64 `json:"delivery"`
}

func (a *API) testHook(ctx context.Context, c *call) (any, error) {
	id, err := a.Webhooks.TestHook(ctx, c.Actor, c.app, c.path("webhook"))
	if err != nil {
		return nil, err
	}
	return made{id}, nil
}

func (a *API) redeliverDead(ctx context.Context, c *call) (any, error) {
	n, err := a.Webhooks.RedeliverDead(ctx, c.Actor, c.app, c.path("webhook"))
	if err != nil {
		return nil, err
	}
	return struct {
		Deliveries int `json:"deliveries"`
	}{n}, nil
}

func (a *API) redeliver(ctx context.Context, c *call) (any, error) {
	id, err := c.number("delivery")
	if err != nil {
		return nil, err
	}
	if err := a.Webhooks.Redeliver(ctx, c.Actor, c.app, c.path("webhook"), id); err != nil {
		return nil, err
	}
	return made{id}, nil
}

// A delivery is one as answers have it.
type delivery struct {
	ID       int64     `json:"id"`
	Event    int64     `json:"event"`
	Kind     string    `json:"kind"`
	State    job.State `json:"state"`
	Attempt  int       `json:"attempt"`
	Created  time.Time `json:"created"`
	RunAt    time.Time `json:"run_at"`
	Finished time.Time `json:"finished,omitzero"`
	Error    string    `json:"error"`
	Body     string    `json:"body"`
	Attempts []attempt `json:"attempts"`
}

type attempt struct {
	Number int       `json:"number"`
	Began  time.Time `json:"began"`
	Took   float64   `json:"took_ms"`
	Status int       `json:"status"`
	Error  string    `json:"error"`
	Answer string    `json:"answer"`
}

func showDelivery(d webhook.Delivery) delivery {
	return delivery{d.Job.ID, d.Message.Event, d.Message.Kind, d.Job.State, d.Job.Attempt, d.Job.Created.UTC(), d.Job.RunAt.UTC(), d.Job.Finished.UTC(),
		d.Job.Error, d.Message.Body, listed(d.Attempts, func(a webhook.Attempt) attempt {
			return attempt{a.Number, a.Began.UTC(), milliseconds(a.Took), a.Status, a.Error, a.Answer}
		}).Items}
}

func deliveryID(d webhook.Delivery) int64 { return d.Job.ID }

// state returns the state that the parameter of that name says; empty for any.
func (c *call) state() (job.State, error) {
	return param(c, "state", fmt.Sprintf("one of %v", job.States), job.ParseState)
}

// jobPage returns which page of jobs is wanted: one more than its limit, to see
// whether it is the last.
func (c *call) jobPage() (p job.Page, limit int, err error) {
	if limit, err = c.limit(); err == nil {
		p.Before, err = c.before()
	}
	p.Limit = limit + 1
	return p, limit, err
}

func (a *API) deliveries(ctx context.Context, c *call) (any, error) {
	state, err := c.state()
	if err != nil {
		return nil, err
	}
	page, limit, err := c.jobPage()
	if err != nil {
		return nil, err
	}
	found, err := a.Webhooks.Deliveries(ctx, c.Actor, c.app, c.path("webhook"), state, page)
	if err != nil {
		return nil, err
	}
	return paged(found, limit, deliveryID, showDelivery), nil
}

func (a *API) delivery(ctx context.Context, c *call) (any, error) {
	id, err := c.number("delivery")
	if err != nil {
		return nil, err
	}
	found, err := a.Webhooks.Deliveries(ctx, c.Actor, c.app, c.path("webhook"), "", job.Page{Before: id + 1, Limit: 1})
	if err != nil {
		return nil, err
	}
	if len(found) == 0 || found[0].Job.ID != id {
		return nil, fmt.Errorf("delivery %d: %w", id, fault.NotFound)
	}
	return showDelivery(found[0]), nil
}
