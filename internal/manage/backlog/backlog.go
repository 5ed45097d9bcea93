// Package backlog is what people see and change of the work behind requests. Like
// package manage, beside which it stands, it knows no HTTP and no SQL.
package backlog

import (
	"context"
	"strconv"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/job"
)

// records keeps jobs: a queue.Store.
type records interface {
	Jobs(ctx context.Context, f job.Filter, p job.Page) ([]job.Job, error)
	Job(ctx context.Context, id int64) (job.Job, error)
	Counts(ctx context.Context, f job.Filter) (map[job.State]int, error)
	Lanes(ctx context.Context, limit int) ([]job.Lane, error)
	RetryFor(ctx context.Context, by account.Entry, id int64) error
	CancelFor(ctx context.Context, by account.Entry, id int64) error
}

// Jobs are the jobs. Errors are as those of a manage.Service.
type Jobs struct {
	records records
	wake    func()
}

// New returns the jobs that are kept. It calls wake, which must
// return at once, after a job was made ready.
func New(kept records, wake func()) *Jobs { return &Jobs{kept, wake} }

// mayView lets the people of an app see its jobs, and operators all of them.
func mayView(by account.Actor, app string) error {
	if app == "" {
		return by.Check(account.ManageServer, "")
	}
	return by.Check(account.ViewApp, app)
}

// Jobs returns a page of jobs, newest first.
func (j *Jobs) Jobs(ctx context.Context, by account.Actor, f job.Filter, p job.Page) ([]job.Job, error) {
	if err := mayView(by, f.App); err != nil {
		return nil, err
	}
	return j.records.Jobs(ctx, f, p)
}

// Counts returns how many jobs there are in each state.
func (j *Jobs) Counts(ctx context.Context, by account.Actor, f job.Filter) (map[job.State]int, error) {
	if err := mayView(by, f.App); err != nil {
		return nil, err
	}
	return j.records.Counts(ctx, f)
}

// Job returns one job.
func (j *Jobs) Job(ctx context.Context, by account.Actor, id int64) (job.Job, error) {
	if err := by.Check(account.ManageServer, ""); err != nil {
		return job.Job{}, err
	}
	return j.records.Job(ctx, id)
}

// Lanes returns the queues in which most jobs wait, up to limit of them.
func (j *Jobs) Lanes(ctx context.Context, by account.Actor, limit int) ([]job.Lane, error) {
	if err := by.Check(account.ManageServer, ""); err != nil {
		return nil, err
	}
	return j.records.Lanes(ctx, limit)
}

// Retry has a job done now, or once more. The error wraps fault.Conflict if it
// runs at the moment.
func (j *Jobs) Retry(ctx context.Context, by account.Actor, id int64) error {
	if err := j.change(ctx, by, "job.retry", id, j.records.RetryFor); err != nil {
		return err
	}
	j.wake()
	return nil
}

// Cancel gives up a job that waits. The error wraps fault.Conflict if it does
// not.
func (j *Jobs) Cancel(ctx context.Context, by account.Actor, id int64) error {
	return j.change(ctx, by, "job.cancel", id, j.records.CancelFor)
}

func (j *Jobs) change(ctx context.Context, by account.Actor, action string, id int64, do func(context.Context, account.Entry, int64) error) error {
	if err := by.Check(account.ManageServer, ""); err != nil {
		return err
	}
	found, err := j.records.Job(ctx, id)
	if err != nil {
		return err
	}
	return do(ctx, by.Entry(action, found.App, strconv.FormatInt(id, 10), map[string]string{"kind": found.Kind}), id)
}
