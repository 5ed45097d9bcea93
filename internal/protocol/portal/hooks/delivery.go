package hooks

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/job"
	"github.com/stowgate/stowgate/internal/protocol/portal/frame"
	"github.com/stowgate/stowgate/internal/webhook"
)

// A delivery is one as it is shown.
type delivery struct {
	webhook.Delivery
	Hook   hook
	Link   string
	Action string
	State  state
	Last   *webhook.Attempt // nil if none is known
	Body   string           // as people read it
}

// words are what the states of deliveries are called.
var words = map[job.State]string{job.Ready: "waiting", job.Running: "being sent", job.Done: "delivered", job.Dead: "given up"}

var tones = map[job.State]string{job.Running: "warn", job.Done: "good", job.Dead: "bad"}

func (p *Pages) delivery(of hook, d webhook.Delivery) delivery {
	shown := delivery{Delivery: d, Hook: of, Link: of.Link + "/deliveries/" + strconv.FormatInt(d.Job.ID, 10), Action: p.actionOf(of.Hook, d.Message.Kind),
		State: state{tones[d.Job.State], words[d.Job.State]}, Body: d.Message.Body}
	if n := len(d.Attempts); n > 0 {
		shown.Last = &d.Attempts[n-1]
	}
	if d.Job.State == job.Ready && d.Job.Attempt > 0 {
		shown.State = state{"warn", "to be tried again"}
	}
	var b bytes.Buffer
	if json.Indent(&b, []byte(d.Message.Body), "", "  ") == nil {
		shown.Body = b.String()
	}
	return shown
}

// find returns the delivery that the visit's path names. The error wraps
// fault.NotFound if the webhook has none such.
func (p *Pages) find(ctx context.Context, v *frame.Visit) (delivery, error) {
	id, err := strconv.ParseInt(v.Path("delivery"), 10, 64)
	if err != nil || id <= 0 {
		return delivery{}, fmt.Errorf("delivery %q: %w", v.Path("delivery"), fault.NotFound)
	}
	h, err := p.hooks.Hook(ctx, v.Actor, v.App.Key, v.Path("hook"))
	if err != nil {
		return delivery{}, err
	}
	found, err := p.hooks.Deliveries(ctx, v.Actor, v.App.Key, h.ID, "", job.Page{Before: id + 1, Limit: 1})
	if err != nil {
		return delivery{}, err
	}
	if len(found) == 0 || found[0].Job.ID != id {
		return delivery{}, fmt.Errorf("delivery %d: %w", id, fault.NotFound)
	}
	return p.delivery(p.hook(v, h), found[0]), nil
}

func (p *Pages) deliveryPage(ctx context.Context, v *frame.Visit) error {
	d, err := p.find(ctx, v)
	if err != nil {
		return err
	}
	return p.Show(v, "webhooks-delivery", "Delivery", d)
}

func (p *Pages) test(ctx context.Context, v *frame.Visit) error {
	id, err := p.hooks.TestHook(ctx, v.Actor, v.App.Key, v.Path("hook"))
	if err != nil {
		return err
	}
	p.settle(ctx, v, id)
	return v.Done(p.link(v)+"/deliveries/"+strconv.FormatInt(id, 10), "A test was made.")
}

// again delivers once more what was delivered, or given up.
func (p *Pages) again(ctx context.Context, v *frame.Visit) error {
	d, err := p.find(ctx, v)
	if err != nil {
		return err
	}
	switch err := p.hooks.Redeliver(ctx, v.Actor, v.App.Key, v.Path("hook"), d.Job.ID); {
	case errors.Is(err, fault.Conflict):
		return v.Done(d.Link, "It is being delivered at this moment.")
	case err != nil:
		return err
	}
	p.settle(ctx, v, d.Job.ID)
	return v.Done(d.Link, "It is delivered once more.")
}

// againAll delivers what was given up, in steps: the page that follows has the next.
func (p *Pages) againAll(ctx context.Context, v *frame.Visit) error {
	n, more, err := p.hooks.RedeliverDead(ctx, v.Actor, v.App.Key, v.Path("hook"))
	if err != nil {
		return err
	}
	text := fmt.Sprintf("%d are delivered once more, the oldest first.", n)
	if more {
		text += " The others are still to come: go on below."
	}
	return v.Done(p.link(v)+"#deliveries", text)
}

// How long an answer waits for an attempt, so that the page that follows shows
// what came of it; most receivers answer within that.
const (
	patience = 3 * time.Second
	look     = 50 * time.Millisecond
)

// settle waits for an attempt of a delivery, but not for long.
func (p *Pages) settle(ctx context.Context, v *frame.Visit, id int64) {
	ctx, stop := context.WithTimeout(ctx, patience)
	defer stop()
	tick := time.NewTicker(look)
	defer tick.Stop()
	for {
		found, err := p.hooks.Deliveries(ctx, v.Actor, v.App.Key, v.Path("hook"), "", job.Page{Before: id + 1, Limit: 1})
		if err != nil || len(found) == 0 || found[0].Job.State != job.Running && found[0].Job.Attempt > 0 {
			return // the page that follows says why
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
