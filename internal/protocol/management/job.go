package management

import (
	"context"
	"net/http"
	"time"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/job"
)

// jobRows are about the work behind requests: that of an app, and all of it.
func (a *API) jobRows() []row {
	filter := []string{"state", "kind", "queue"}
	page := append([]string{"limit", "cursor"}, filter...)
	return []row{
		{method: http.MethodGet, path: "/apps/{app}/jobs", act: account.ViewApp, query: page, do: a.jobs},
		{method: http.MethodGet, path: "/apps/{app}/jobs/counts", act: account.ViewApp, query: filter, do: a.countJobs},
		{method: http.MethodGet, path: "/jobs", act: account.ManageServer, query: page, do: a.jobs},
		{method: http.MethodGet, path: "/jobs/counts", act: account.ManageServer, query: filter, do: a.countJobs},
		{method: http.MethodGet, path: "/jobs/queues", act: account.ManageServer, query: []string{"limit"}, do: a.queues},
		{method: http.MethodGet, path: "/jobs/{job}", act: account.ManageServer, do: a.job},
		{method: http.MethodPost, path: "/jobs/{job}/retry", act: account.ManageServer, do: a.retryJob},
		{method: http.MethodPost, path: "/jobs/{job}/cancel", act: account.ManageServer, do: a.cancelJob},
	}
}

// A work is a job as answers have it, without what it works on.
type work struct {
	ID       int64     `json:"id"`
	Queue    string    `json:"queue"`
	Kind     string    `json:"kind"`
	App      string    `json:"app,omitempty"`
	State    job.State `json:"state"`
	Attempt  int       `json:"attempt"`
	Created  time.Time `json:"created"`
	RunAt    time.Time `json:"run_at"`
	Finished time.Time `json:"finished,omitzero"`
	Error    string    `json:"error"`
}

func showJob(j job.Job) work {
	return work{j.ID, j.Queue, j.Kind, j.App, j.State, j.Attempt, j.Created.UTC(), j.RunAt.UTC(), j.Finished.UTC(), j.Error}
}

// jobFilter returns which jobs are asked for.
func (c *call) jobFilter() (job.Filter, error) {
	state, err := c.state()
	return job.Filter{App: c.app, Queue: c.query.Get("queue"), Kind: c.query.Get("kind"), State: state}, err
}

func (a *API) jobs(ctx context.Context, c *call) (any, error) {
	filter, err := c.jobFilter()
	if err != nil {
		return nil, err
	}
	page, limit, err := c.jobPage()
	if err != nil {
		return nil, err
	}
	found, err := a.Jobs.Jobs(ctx, c.Actor, filter, page)
	if err != nil {
		return nil, err
	}
	return paged(found, limit, func(j job.Job) int64 { return j.ID }, showJob), nil
}

func (a *API) countJobs(ctx context.Context, c *call) (any, error) {
	filter, err := c.jobFilter()
	if err != nil {
		return nil, err
	}
	counts, err := a.Jobs.Counts(ctx, c.Actor, filter)
	if err != nil {
		return nil, err
	}
	all := make(map[job.State]int)
	for _, state := range job.States {
		all[state] = counts[state]
	}
	return all, nil
}

// A lane is how a queue of jobs fares.
type lane struct {
	Queue       string    `json:"queue"`
	Waiting     int       `json:"waiting"`
	Failures    int       `json:"failures"`
	PausedUntil time.Time `json:"paused_until,omitzero"`
}

func (a *API) queues(ctx context.Context, c *call) (any, error) {
	limit, err := c.limit()
	if err != nil {
		return nil, err
	}
	lanes, err := a.Jobs.Lanes(ctx, c.Actor, limit)
	if err != nil {
		return nil, err
	}
	return listed(lanes, func(l job.Lane) lane { return lane{l.Queue, l.Waiting, l.Failures, l.PausedUntil.UTC()} }), nil
}

func (a *API) job(ctx context.Context, c *call) (any, error) { return a.aboutJob(ctx, c, nil) }

func (a *API) retryJob(ctx context.Context, c *call) (any, error) {
	return a.aboutJob(ctx, c, a.Jobs.Retry)
}

func (a *API) cancelJob(ctx context.Context, c *call) (any, error) {
	return a.aboutJob(ctx, c, a.Jobs.Cancel)
}

// aboutJob does something to the job that the path names, and answers with it.
func (a *API) aboutJob(ctx context.Context, c *call, do func(context.Context, account.Actor, int64) error) (any, error) {
	id, err := c.number("job")
	if err != nil {
		return nil, err
	}
	if do != nil {
		if err := do(ctx, c.Actor, id); err != nil {
			return nil, err
		}
	}
	found, err := a.Jobs.Job(ctx, c.Actor, id)
	if err != nil {
		return nil, err
	}
	return showJob(found), nil
}
