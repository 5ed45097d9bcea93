// Package subscription is the part of the REST API about webhooks: those of an
// app that are told in Uploadcare's words.
package subscription

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/manage"
	"github.com/stowgate/stowgate/internal/protocol/uploadcare/answer"
	"github.com/stowgate/stowgate/internal/protocol/uploadcare/hook"
	"github.com/stowgate/stowgate/internal/protocol/uploadcare/rest/call"
	"github.com/stowgate/stowgate/internal/server"
	"github.com/stowgate/stowgate/internal/webhook"
)

// The limits of webhooks. Uploadcare documentation: "REST API", "Create webhook".
const (
	maxTarget = 255 // characters
	maxSecret = 32
)

// An API answers calls about webhooks.
type API struct {
	Webhooks *manage.Webhooks
	Now      func() time.Time
}

// hookFormat is the format of the webhooks that the API looks after.
const hookFormat = "uploadcare"

// A subscription is a webhook as Uploadcare has them: of one event. One of ours
// that is told of several is as many of them.
type subscription struct {
	ID      int64   `json:"id"`
	Project int64   `json:"project"`
	Created string  `json:"created"`
	Updated string  `json:"updated"`
	Event   string  `json:"event"`
	Target  string  `json:"target_url"`
	Active  bool    `json:"is_active"`
	Secret  *string `json:"signing_secret"`
	Version string  `json:"version"`

	kind string
	hook webhook.Hook
}

// actor returns who changes webhooks by a secret of the app.
func actor(c *call.Call) account.Actor {
	by := account.Actor{ID: "secret:" + c.Grant.Signer, Name: "secret of the app", Roles: map[string]account.Role{c.App.Key: account.Developer}}
	if client := server.Client(c.Request.Context()); client.IsValid() {
		by.Address = client.String()
	}
	return by
}

// subscriptions returns those of the call's app, in the order in which they were
// added.
func (a *API) subscriptions(ctx context.Context, c *call.Call) ([]subscription, error) {
	hooks, err := a.Webhooks.Open(ctx, actor(c), c.App.Key)
	if err != nil {
		return nil, err
	}
	format := a.Webhooks.Formats[hookFormat]
	all := []subscription{}
	for _, h := range hooks {
		if h.Format != hookFormat {
			continue
		}
		for _, kind := range format.Kinds() {
			if len(h.Events) == 0 || slices.Contains(h.Events, kind) {
				all = append(all, a.subscription(h, kind))
			}
		}
	}
	return all, nil
}

func (a *API) subscription(h webhook.Hook, kind string) subscription {
	s := subscription{
		ID: hook.Number(h.ID, kind), Project: hook.Number(h.App, ""), Created: answer.Time(h.Created), Updated: answer.Time(h.Created),
		Event: a.Webhooks.Formats[hookFormat].Words[kind], Target: h.URL, Active: h.Enabled, Version: hook.Version, kind: kind, hook: h,
	}
	if live := h.Live(a.Now()); len(live) > 0 {
		s.Secret, s.Updated = &live[0].Key, answer.Time(live[0].Created)
	}
	return s
}

// List answers GET /webhooks/.
func (a *API) List(ctx context.Context, c *call.Call) (call.Reply, error) {
	all, err := a.subscriptions(ctx, c)
	return call.Reply{Body: all}, err
}

// A wish is what a request says about a webhook. What is nil it does not say.
type wish struct {
	target, event, secret, version *string
	active                         *bool
}

// readWish reads the body, as JSON or as a form.
func readWish(c *call.Call) (w wish, err error) {
	members := make(map[string]any)
	if strings.HasPrefix(c.Request.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		form, err := url.ParseQuery(string(c.Body))
		if err != nil {
			return w, call.Refuse(http.StatusBadRequest, "Malformed form.")
		}
		for name, values := range form {
			if len(values) > 1 {
				return w, call.Wrong(name, "This field is repeated.")
			}
			members[name] = values[0]
		}
	} else if dec := json.NewDecoder(bytes.NewReader(c.Body)); dec.Decode(&members) != nil || members == nil {
		return w, call.Refuse(http.StatusBadRequest, "Expected JSON object.")
	}
	for name, at := range map[string]**string{"target_url": &w.target, "event": &w.event, "signing_secret": &w.secret, "version": &w.version} {
		switch value, ok := members[name]; value := value.(type) {
		case string:
			*at = &value
		case nil:
			if ok && name == "signing_secret" { // uploadcare-go: there is to be none
				*at = new(string)
			}
		default:
			return w, call.Wrong(name, "Not a valid string.")
		}
	}
	switch value := members["is_active"].(type) {
	case nil:
	case bool:
		w.active = &value
	case string:
		yes, err := strconv.ParseBool(strings.ToLower(value))
		if err != nil {
			return w, call.Wrong("is_active", "Must be a valid boolean.")
		}
		w.active = &yes
	default:
		return w, call.Wrong("is_active", "Must be a valid boolean.")
	}
	return w, w.check()
}

// check returns nil, or what is wrong with one of the texts.
func (w wish) check() error {
	switch {
	case w.target != nil && len([]rune(*w.target)) > maxTarget:
		return call.Wrong("target_url", "Ensure this field has no more than %d characters.", maxTarget)
	case w.event != nil && *w.event == "file.infected": // deprecated, and nothing here finds it out
		return call.Wrong("event", "The event file.infected is not sent.")
	case w.event != nil && hook.KindOf(*w.event) == "":
		return call.Wrong("event", "%q is not a valid choice.", *w.event)
	case w.secret != nil && len([]rune(*w.secret)) > maxSecret:
		return call.Wrong("signing_secret", "Ensure this field has no more than %d characters.", maxSecret)
	case w.version != nil && *w.version != "" && *w.version != hook.Version:
		return call.Wrong("version", "%q is not a valid choice.", *w.version)
	}
	return nil
}

// errSubscribed says that there is such a webhook already.
var errSubscribed = call.RefuseField("non_field_errors", "This project is already subscribed on this event", fault.Conflict)

// Add answers POST /webhooks/.
func (a *API) Add(ctx context.Context, c *call.Call) (call.Reply, error) {
	w, err := readWish(c)
	switch {
	case err != nil:
		return call.Reply{}, err
	case w.target == nil || *w.target == "":
		return call.Reply{}, call.Refuse(http.StatusBadRequest, "`target_url` is missing.")
	case w.event == nil:
		return call.Reply{}, call.Wrong("event", "This field is required.")
	}
	all, err := a.subscriptions(ctx, c)
	if err != nil {
		return call.Reply{}, err
	}
	if slices.ContainsFunc(all, func(s subscription) bool { return s.Target == *w.target && s.Event == *w.event }) {
		return call.Reply{}, errSubscribed
	}
	n := manage.NewHook{URL: *w.target, Events: []string{hook.KindOf(*w.event)}, Format: hookFormat, Disabled: w.active != nil && !*w.active}
	if n.Unsigned = w.secret == nil || *w.secret == ""; !n.Unsigned {
		n.Secret = *w.secret
	}
	made, _, err := a.Webhooks.AddHook(ctx, actor(c), c.App.Key, n)
	if err != nil {
		return call.Reply{}, hookError(err)
	}
	return a.showWebhook(ctx, c, hook.Number(made.ID, n.Events[0]), http.StatusCreated)
}

// find returns the webhook with a number. The error wraps fault.NotFound if there
// is none.
func (a *API) find(ctx context.Context, c *call.Call, number int64) (subscription, []subscription, error) {
	all, err := a.subscriptions(ctx, c)
	if err != nil {
		return subscription{}, nil, err
	}
	i := slices.IndexFunc(all, func(s subscription) bool { return s.ID == number })
	if i < 0 {
		return subscription{}, nil, fmt.Errorf("webhook %d: %w", number, fault.NotFound)
	}
	return all[i], all, nil
}

// named returns the webhook that the path names, and all of them.
func (a *API) named(ctx context.Context, c *call.Call) (subscription, []subscription, error) {
	number, err := strconv.ParseInt(c.Path("id"), 10, 64)
	if err != nil {
		return subscription{}, nil, fmt.Errorf("webhook %.20q: %w", c.Path("id"), fault.NotFound)
	}
	return a.find(ctx, c, number)
}

func (a *API) showWebhook(ctx context.Context, c *call.Call, number int64, status int) (call.Reply, error) {
	s, _, err := a.find(ctx, c, number)
	return call.Reply{Status: status, Body: s}, err
}

// Change answers PUT /webhooks/{id}/. One that is told of several events,
// which only Stowgate's own pages make, is not changed here: it would change the
// others too.
func (a *API) Change(ctx context.Context, c *call.Call) (call.Reply, error) {
	w, err := readWish(c)
	if err != nil {
		return call.Reply{}, err
	}
	s, all, err := a.named(ctx, c)
	if err != nil {
		return call.Reply{}, err
	}
	if len(s.hook.Events) != 1 {
		return call.Reply{}, call.Refuse(http.StatusBadRequest, "This webhook is told of several events. Change it where it was made.")
	}
	target, kind := s.Target, s.kind
	change := manage.HookChange{URL: w.target, Enabled: w.active, Secret: w.secret}
	if w.target != nil {
		target = *w.target
	}
	if w.event != nil {
		kind = hook.KindOf(*w.event)
		change.Events = &[]string{kind}
	}
	if slices.ContainsFunc(all, func(o subscription) bool { return o.ID != s.ID && o.Target == target && o.kind == kind }) {
		return call.Reply{}, errSubscribed
	}
	if _, err := a.Webhooks.ChangeHook(ctx, actor(c), c.App.Key, s.hook.ID, change); err != nil {
		return call.Reply{}, hookError(err)
	}
	return a.showWebhook(ctx, c, hook.Number(s.hook.ID, kind), http.StatusOK)
}

// Delete answers DELETE /webhooks/{id}/.
func (a *API) Delete(ctx context.Context, c *call.Call) (call.Reply, error) {
	s, _, err := a.named(ctx, c)
	if err != nil {
		return call.Reply{}, err
	}
	return call.Reply{Status: http.StatusNoContent}, a.drop(ctx, c, s)
}

// drop removes a webhook, or no longer tells one that is told of several events
// of this one.
func (a *API) drop(ctx context.Context, c *call.Call, s subscription) error {
	kinds := s.hook.Events
	if len(kinds) == 0 {
		kinds = a.Webhooks.Formats[hookFormat].Kinds()
	}
	if len(kinds) == 1 {
		return a.Webhooks.RemoveHook(ctx, actor(c), c.App.Key, s.hook.ID)
	}
	rest := slices.DeleteFunc(slices.Clone(kinds), func(kind string) bool { return kind == s.kind })
	_, err := a.Webhooks.ChangeHook(ctx, actor(c), c.App.Key, s.hook.ID, manage.HookChange{Events: &rest})
	return err
}

// Unsubscribe answers DELETE /webhooks/unsubscribe/: it removes all webhooks with
// an address, if there are any.
func (a *API) Unsubscribe(ctx context.Context, c *call.Call) (call.Reply, error) {
	w, err := readWish(c)
	switch {
	case err != nil:
		return call.Reply{}, err
	case w.target == nil || *w.target == "":
		return call.Reply{}, call.Refuse(http.StatusBadRequest, "`target_url` is missing.")
	}
	all, err := a.subscriptions(ctx, c)
	if err != nil {
		return call.Reply{}, err
	}
	removed := make(map[string]bool)
	for _, s := range all {
		if s.Target != *w.target || removed[s.hook.ID] {
			continue
		}
		removed[s.hook.ID] = true
		err := a.Webhooks.RemoveHook(ctx, actor(c), c.App.Key, s.hook.ID)
		if err != nil && !errors.Is(err, fault.NotFound) {
			return call.Reply{}, err
		}
	}
	return call.Reply{Status: http.StatusNoContent}, nil
}

// fields are what a webhook's fields are called here.
var fields = map[string]string{"url": "target_url", "events": "event", "secret": "signing_secret"}

// hookError says what the core did not like about a webhook.
func hookError(err error) error {
	var r *account.Refusal
	if !errors.As(err, &r) {
		return err
	}
	if name := fields[r.Field]; name != "" {
		return call.Wrong(name, "%s", r.Why)
	}
	return call.Refuse(http.StatusBadRequest, r.Why)
}
