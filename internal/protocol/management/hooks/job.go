package hooks

import (
	"context"
	"net/http"
	"time"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/job"
	"github.com/stowgate/stowgate/internal/protocol/management/call"
)

// jobRows are about the work behind requests: that of an app, and all of it.
func (a *API) jobRows() []call.Row {
	filter := []string{"state", "kind", "queue"}
	page := append([]string{"limit", "cursor"}, filter...)
	return []call.Row{
		{Method: http.MethodGet, Path: "/apps/{app}/jobs", Act: account.ViewApp, Query: page, Do: a.jobs},
		{Method: http.MethodGet, Path: "/apps/{app}/jobs/counts", Act: account.ViewApp, Query: filter, Do: a.countJobs},
		{Method: http.MethodGet, Path: "/jobs", Act: account.ManageServer, Query: page, Do: a.jobs},
		{Method: http.MethodGet, Path: "/jobs/counts", Act: account.ManageServer, Query: filter, Do: a.countJobs},
		{Method: http.MethodGet, Path: "/jobs/queues", Act: account.ManageServer, Query: []string{"limit"}, Do: a.queues},
		{Method: http.MethodGet, Path: "/jobs/{job}", Act: account.ManageServer, Do: a.job},
		{Method: http.MethodPost, Path: "/jobs/{job}/retry", Act: account.ManageServer, Do: a.retryJob},
		{Method: http.MethodPost, Path: "/jobs/{job}/cancel", Act: account.ManageServer, Do: a.cancelJob},
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
func jobFilter(c *call.Call) (job.Filter, error) {
	state, err := state(c)
	return job.Filter{App: c.App, Queue: c.Query.Get("queue"), Kind: c.Query.Get("kind"), State: state}, err
}

func (a *API) jobs(ctx context.Context, c *call.Call) (any, error) {
	filter, err := jobFilter(c)
	if err != nil {
		return nil, err
	}
	page, limit, err := jobPage(c)
	if err != nil {
		return nil, err
	}
	found, err := a.Jobs.Jobs(ctx, c.Actor, filter, page)
	if err != nil {
		return nil, err
	}
	return call.Paged(found, limit, func(j job.Job) int64 { return j.ID }, showJob), nil
}

func (a *API) countJobs(ctx context.Context, c *call.Call) (any, error) {
	filter, err := jobFilter(c)
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

func (a *API) queues(ctx context.Context, c *call.Call) (any, error) {
	limit, err := c.Limit()
	if err != nil {
		return nil, err
	}
	lanes, err := a.Jobs.Lanes(ctx, c.Actor, limit)
	if err != nil {
		return nil, err
	}
	return call.Listed(lanes, func(l job.Lane) lane { return lane{l.Queue, l.Waiting, l.Failures, l.PausedUntil.UTC()} }), nil
}

func (a *API) job(ctx context.Context, c *call.Call) (any, error) { return a.aboutJob(ctx, c, nil) }

func (a *API) retryJob(ctx context.Context, c *call.Call) (any, error) {
	return a.aboutJob(ctx, c, a.Jobs.Retry)
}

func (a *API) cancelJob(ctx context.Context, c *call.Call) (any, error) {
	return a.aboutJob(ctx, c, a.Jobs.Cancel)
}

// aboutJob does something to the job that the path names, and answers with it.
func (a *API) aboutJob(ctx context.Context, c *call.Call, do func(context.Context, account.Actor, int64) error) (any, error) {
	id, err := c.Number("job")
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
