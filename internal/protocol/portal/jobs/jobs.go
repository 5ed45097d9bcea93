// Package jobs is the portal's pages about work that outlives its request, for
// the server's operators.
package jobs

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/job"
	"github.com/stowgate/stowgate/internal/manage/backlog"
	"github.com/stowgate/stowgate/internal/protocol/portal/frame"
	"github.com/stowgate/stowgate/internal/webhook"
)

// Pages are the pages of this package.
type Pages struct {
	*frame.Frame
	jobs *backlog.Jobs
}

// New returns the pages.
func New(f *frame.Frame, jobs *backlog.Jobs) *Pages { return &Pages{f, jobs} }

// Rows returns the table of the pages.
func (p *Pages) Rows() []frame.Row {
	const all, one = "/jobs", "/jobs/{job}"
	return []frame.Row{
		{Method: http.MethodGet, Path: all, Act: account.ManageServer, Do: p.listPage},
		{Method: http.MethodGet, Path: one, Act: account.ManageServer, Do: p.jobPage},
		{Method: http.MethodPost, Path: one + "/retry", Act: account.ManageServer, Do: p.retry},
		{Method: http.MethodPost, Path: one + "/cancel", Act: account.ManageServer, Do: p.cancel},
	}
}

const here = frame.Root + "/jobs"

// words are what the states are called.
var words = map[job.State]string{job.Ready: "waiting", job.Running: "running", job.Done: "done", job.Dead: "given up"}

var tones = map[job.State]string{job.Running: "warn", job.Done: "good", job.Dead: "bad"}

// A state says in a few words how something fares.
type state struct{ Tone, Text string }

// A shown is a job as it is shown.
type shown struct {
	job.Job
	Link, Delivery string // Delivery is the page of what a webhook is told
	State          state
	Text           string // the payload as people read it
}

// delivery returns the page of a job that tells a webhook, or "".
func delivery(j job.Job) string {
	hook, ok := strings.CutPrefix(j.Queue, webhook.Hook{}.Queue())
	if !ok || j.Kind != webhook.JobKind {
		return ""
	}
	return fmt.Sprintf("%s/apps/%s/webhooks/%s/deliveries/%d", frame.Root, url.PathEscape(j.App), url.PathEscape(hook), j.ID)
}

func show(j job.Job) shown {
	s := shown{Job: j, Link: fmt.Sprintf("%s/%d", here, j.ID), Delivery: delivery(j), State: state{tones[j.State], words[j.State]}, Text: string(j.Payload)}
	var b bytes.Buffer
	if json.Indent(&b, j.Payload, "", "  ") == nil {
		s.Text = b.String()
	}
	return s
}

// A tab is a link to the jobs in one state.
type tab struct {
	Link, Name string
	Count      int64
	Current    bool
}

// A lane is a queue as it is shown.
type lane struct {
	job.Lane
	Link   string
	Paused bool
}

// A list is what the page of all jobs shows.
type list struct {
	Here   string
	Queue  string // of which the jobs are; empty for all
	States []tab
	Jobs   []shown
	Lanes  []lane
	More   string
}

// How much a page shows.
const (
	pageLength = 50
	maxLanes   = 10
)

// link returns the path of the list of some jobs.
func link(queue string, state job.State, before int64) string {
	q := make(url.Values)
	for name, value := range map[string]string{"queue": queue, "state": string(state)} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if before > 0 {
		q.Set("before", strconv.FormatInt(before, 10))
	}
	return here + "?" + q.Encode()
}

func (p *Pages) listPage(ctx context.Context, v *frame.Visit) error {
	chosen, _ := job.ParseState(v.Value("state"))            // or all
	before, _ := strconv.ParseInt(v.Value("before"), 10, 64) // or the newest
	filter := job.Filter{Queue: v.Value("queue"), State: chosen}
	found, err := p.jobs.Jobs(ctx, v.Actor, filter, job.Page{Before: before, Limit: pageLength})
	if err != nil {
		return err
	}
	counts, err := p.jobs.Counts(ctx, v.Actor, job.Filter{Queue: filter.Queue})
	if err != nil {
		return err
	}
	lanes, err := p.jobs.Lanes(ctx, v.Actor, maxLanes)
	if err != nil {
		return err
	}
	l, total := list{Here: here, Queue: filter.Queue, States: make([]tab, 1)}, int64(0)
	for _, s := range job.States {
		total += int64(counts[s])
		l.States = append(l.States, tab{link(l.Queue, s, 0), words[s], int64(counts[s]), s == chosen})
	}
	l.States[0] = tab{link(l.Queue, "", 0), "all", total, chosen == ""}
	for _, one := range lanes {
		l.Lanes = append(l.Lanes, lane{one, link(one.Queue, "", 0), one.PausedUntil.After(p.Now())})
	}
	for _, j := range found {
		l.Jobs = append(l.Jobs, show(j))
	}
	if len(found) == pageLength {
		l.More = link(l.Queue, chosen, found[pageLength-1].ID)
	}
	return p.Show(v, "jobs", "Jobs", l)
}

// number returns the ID of the job that the visit's path names. The error wraps
// fault.NotFound if it is none.
func number(v *frame.Visit) (int64, error) {
	id, err := strconv.ParseInt(v.Path("job"), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("job %q: %w", v.Path("job"), fault.NotFound)
	}
	return id, nil
}

func (p *Pages) jobPage(ctx context.Context, v *frame.Visit) error {
	id, err := number(v)
	if err != nil {
		return err
	}
	j, err := p.jobs.Job(ctx, v.Actor, id)
	if err != nil {
		return err
	}
	return p.Show(v, "jobs-one", fmt.Sprintf("Job %d", id), show(j))
}

func (p *Pages) retry(ctx context.Context, v *frame.Visit) error {
	return p.change(ctx, v, p.jobs.Retry, "It is done now, before the others of its queue.", "It runs at this moment.")
}

func (p *Pages) cancel(ctx context.Context, v *frame.Visit) error {
	return p.change(ctx, v, p.jobs.Cancel, "It is given up.", "It does not wait any more, so it was not called off.")
}

// change does something to the visit's job, and says what came of it.
func (p *Pages) change(ctx context.Context, v *frame.Visit, do func(context.Context, account.Actor, int64) error, done, late string) error {
	id, err := number(v)
	if err != nil {
		return err
	}
	err = do(ctx, v.Actor, id)
	if errors.Is(err, fault.Conflict) {
		done, err = late, nil
	}
	if err != nil {
		return err
	}
	return v.Done(fmt.Sprintf("%s/%d", here, id), done)
}
