// Package hooks is the part of the management API about webhooks and their
// deliveries, and about jobs, which deliveries are.
package hooks

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/job"
	"github.com/stowgate/stowgate/internal/manage"
	"github.com/stowgate/stowgate/internal/manage/backlog"
	"github.com/stowgate/stowgate/internal/protocol/management/call"
	"github.com/stowgate/stowgate/internal/webhook"
)

// API is the part about webhooks and jobs.
type API struct {
	Webhooks *manage.Webhooks
	Jobs     *backlog.Jobs
}

// Rows returns the table.
func (a *API) Rows() []call.Row { return slices.Concat(a.hookRows(), a.jobRows()) }

// hookRows are about webhooks and their deliveries.
func (a *API) hookRows() []call.Row {
	const page, one = "/apps/{app}/webhooks", "/apps/{app}/webhooks/{webhook}"
	return []call.Row{
		{Method: http.MethodGet, Path: page, Act: account.ViewApp, Do: a.hooks},
		{Method: http.MethodPost, Path: page, Act: account.ChangeHooks, Status: http.StatusCreated, Do: a.addHook},
		{Method: http.MethodGet, Path: one, Act: account.ViewApp, Do: a.hook},
		{Method: http.MethodPatch, Path: one, Act: account.ChangeHooks, Do: a.changeHook},
		{Method: http.MethodDelete, Path: one, Act: account.ChangeHooks, Do: a.removeHook},
		{Method: http.MethodPost, Path: one + "/secret", Act: account.ChangeHooks, Do: a.rotateHook},
		{Method: http.MethodPost, Path: one + "/test", Act: account.ChangeHooks, Status: http.StatusAccepted, Do: a.testHook},
		{Method: http.MethodPost, Path: one + "/redeliver", Act: account.ChangeHooks, Status: http.StatusAccepted, Do: a.redeliverDead},
		{Method: http.MethodGet, Path: one + "/deliveries", Act: account.ViewApp, Query: []string{"state", "limit", "cursor"}, Do: a.deliveries},
		{Method: http.MethodGet, Path: one + "/deliveries/{delivery}", Act: account.ViewApp, Do: a.delivery},
		{Method: http.MethodPost, Path: one + "/deliveries/{delivery}/redeliver", Act: account.ChangeHooks, Status: http.StatusAccepted, Do: a.redeliver},
	}
}

// A hook is a webhook as answers have it.
type hook struct {
	ID      string        `json:"id"`
	URL     string        `json:"url"`
	Events  []string      `json:"events"`
	Format  string        `json:"format"`
	Enabled bool          `json:"enabled"`
	Created time.Time     `json:"created"`
	Secrets []call.Secret `json:"secrets"`
	Health  health        `json:"health"`
}

type health struct {
	Succeeded   time.Time `json:"succeeded,omitzero"`
	Failures    int       `json:"failures"`
	Error       string    `json:"error"`
	PausedUntil time.Time `json:"paused_until,omitzero"`
	Waiting     int       `json:"waiting"`
}

func showHook(h manage.Hook) hook {
	return hook{h.ID, h.URL, call.Texts(h.Events), h.Format, h.Enabled, h.Created.UTC(), call.Listed(h.Secrets, call.ShowSecret).Items,
		health{h.Health.Succeeded.UTC(), h.Health.Failures, h.Health.Error, h.Health.PausedUntil.UTC(), h.Health.Waiting}}
}

// A secretHook is a webhook and its secret, which is shown this once.
type secretHook struct {
	Webhook hook   `json:"webhook"`
	Secret  string `json:"secret"`
}

func (a *API) hooks(ctx context.Context, c *call.Call) (any, error) {
	all, err := a.Webhooks.Hooks(ctx, c.Actor, c.App)
	if err != nil {
		return nil, err
	}
	return call.Listed(all, showHook), nil
}

func (a *API) addHook(ctx context.Context, c *call.Call) (any, error) {
	var in struct {
		URL    string   `json:"url"`
		Events []string `json:"events"`
		Format string   `json:"format"`
		Secret string   `json:"secret"`
	}
	if err := c.Read(&in); err != nil {
		return nil, err
	}
	h, secret, err := a.Webhooks.AddHook(ctx, c.Actor, c.App, manage.NewHook{URL: in.URL, Events: in.Events, Format: in.Format, Secret: in.Secret})
	if err != nil {
		return nil, err
	}
	c.At = "/apps/" + url.PathEscape(c.App) + "/webhooks/" + url.PathEscape(h.ID)
	return secretHook{showHook(h), secret}, nil
}

func (a *API) hook(ctx context.Context, c *call.Call) (any, error) {
	h, err := a.Webhooks.Hook(ctx, c.Actor, c.App, c.Path("webhook"))
	if err != nil {
		return nil, err
	}
	return showHook(h), nil
}

func (a *API) changeHook(ctx context.Context, c *call.Call) (any, error) {
	var in struct {
		URL     *string   `json:"url"`
		Events  *[]string `json:"events"`
		Format  *string   `json:"format"`
		Enabled *bool     `json:"enabled"`
	}
	if err := c.Read(&in); err != nil {
		return nil, err
	}
	h, err := a.Webhooks.ChangeHook(ctx, c.Actor, c.App, c.Path("webhook"), manage.HookChange{URL: in.URL, Events: in.Events, Format: in.Format, Enabled: in.Enabled})
	if err != nil {
		return nil, err
	}
	return showHook(h), nil
}

func (a *API) removeHook(ctx context.Context, c *call.Call) (any, error) {
	return nil, a.Webhooks.RemoveHook(ctx, c.Actor, c.App, c.Path("webhook"))
}

func (a *API) rotateHook(ctx context.Context, c *call.Call) (any, error) {
	var in struct {
		Secret string `json:"secret"`
		Keep   int64  `json:"keep"`
	}
	if err := c.Read(&in); err != nil {
		return nil, err
	}
	keep, err := call.Seconds("keep", in.Keep)
	if err != nil {
		return nil, err
	}
	h, secret, err := a.Webhooks.RotateHookSecret(ctx, c.Actor, c.App, c.Path("webhook"), in.Secret, keep)
	if err != nil {
		return nil, err
	}
	return secretHook{showHook(h), secret}, nil
}

// A made is a delivery that was asked for.
type made struct {
	Delivery int64 `json:"delivery"`
}

func (a *API) testHook(ctx context.Context, c *call.Call) (any, error) {
	id, err := a.Webhooks.TestHook(ctx, c.Actor, c.App, c.Path("webhook"))
	if err != nil {
		return nil, err
	}
	return made{id}, nil
}

func (a *API) redeliverDead(ctx context.Context, c *call.Call) (any, error) {
	n, more, err := a.Webhooks.RedeliverDead(ctx, c.Actor, c.App, c.Path("webhook"))
	if err != nil {
		return nil, err
	}
	return struct {
		Deliveries int  `json:"deliveries"`
		More       bool `json:"more"`
	}{n, more}, nil
}

func (a *API) redeliver(ctx context.Context, c *call.Call) (any, error) {
	id, err := c.Number("delivery")
	if err != nil {
		return nil, err
	}
	if err := a.Webhooks.Redeliver(ctx, c.Actor, c.App, c.Path("webhook"), id); err != nil {
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
		d.Job.Error, d.Message.Body, call.Listed(d.Attempts, func(a webhook.Attempt) attempt {
			return attempt{a.Number, a.Began.UTC(), call.Milliseconds(a.Took), a.Status, a.Error, a.Answer}
		}).Items}
}

func deliveryID(d webhook.Delivery) int64 { return d.Job.ID }

// state returns the state that the parameter of that name says; empty for any.
func state(c *call.Call) (job.State, error) {
	return call.Param(c, "state", fmt.Sprintf("one of %v", job.States), job.ParseState)
}

// jobPage returns which page of jobs is wanted: one more than its limit, to see
// whether it is the last.
func jobPage(c *call.Call) (p job.Page, limit int, err error) {
	if limit, err = c.Limit(); err == nil {
		p.Before, err = c.Before()
	}
	p.Limit = limit + 1
	return p, limit, err
}

func (a *API) deliveries(ctx context.Context, c *call.Call) (any, error) {
	state, err := state(c)
	if err != nil {
		return nil, err
	}
	page, limit, err := jobPage(c)
	if err != nil {
		return nil, err
	}
	found, err := a.Webhooks.Deliveries(ctx, c.Actor, c.App, c.Path("webhook"), state, page)
	if err != nil {
		return nil, err
	}
	return call.Paged(found, limit, deliveryID, showDelivery), nil
}

func (a *API) delivery(ctx context.Context, c *call.Call) (any, error) {
	id, err := c.Number("delivery")
	if err != nil {
		return nil, err
	}
	found, err := a.Webhooks.Deliveries(ctx, c.Actor, c.App, c.Path("webhook"), "", job.Page{Before: id + 1, Limit: 1})
	if err != nil {
		return nil, err
	}
	if len(found) == 0 || found[0].Job.ID != id {
		return nil, fmt.Errorf("delivery %d: %w", id, fault.NotFound)
	}
	return showDelivery(found[0]), nil
}
