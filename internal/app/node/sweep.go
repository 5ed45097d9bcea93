package node

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/job"
	"github.com/stowgate/stowgate/internal/manage"
	"github.com/stowgate/stowgate/internal/sweep"
)

// sweepKind is the kind, and the queue, of the jobs that sweep.
const sweepKind = "sweep"

// sweeping does one of them: it removes what nobody can reach any more, or has
// been kept for as long as it is to be.
func (n *Node) sweeping() job.Handler {
	alone := make(chan struct{}, 1) // one that takes longer than the interval is not joined by the next
	return job.Handler{Timeout: time.Hour, Retries: []time.Duration{time.Minute, 5 * time.Minute},
		Do: func(ctx context.Context, _ job.Job) error {
			select {
			case alone <- struct{}{}:
				defer func() { <-alone }()
			default:
				return nil
			}
			return errors.Join(n.sweeper.Sweep(ctx), n.expire(ctx), n.retire(ctx))
		}}
}

// sweep asks for a sweep now and every interval, until ctx ends.
func (n *Node) sweep(ctx context.Context) {
	// What a crash left was written before this process began, and the lock of
	// the data folder says that nobody else writes.
	if _, err := n.sweeper.SweepOrphans(ctx, n.began); err != nil && ctx.Err() == nil {
		n.log.Error("cannot remove orphaned blobs", "err", err)
	}
	tick := time.NewTicker(n.set.SweepInterval)
	defer tick.Stop()
	for {
		_, err := n.Jobs.queue.AddWaiting(ctx, job.Job{Queue: sweepKind, Kind: sweepKind, Payload: []byte("{}")}, 1)
		if err == nil {
			n.Jobs.runner.Wake()
		} else if !errors.Is(err, fault.Busy) && ctx.Err() == nil { // one waits already
			n.log.Error("cannot ask for a sweep", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// expire removes the files that are older than their apps keep them.
func (n *Node) expire(ctx context.Context) error {
	removed, err := sweep.Expire(ctx, n.removing, n.now())
	if removed > 0 {
		n.log.Info("files removed that were as old as their apps keep them", "files", removed)
	}
	if err != nil {
		return fmt.Errorf("remove old files: %w", err)
	}
	return nil
}

// retire forgets sessions that are over, and removes apps that were deleted so
// long ago that nobody can restore them.
func (n *Node) retire(ctx context.Context) error {
	if err := n.People.Accounts.Prune(ctx); err != nil {
		return fmt.Errorf("forget old sessions: %w", err)
	}
	keys, err := n.People.Manage.AppsToRemove(ctx)
	for _, key := range keys {
		if e := n.People.Manage.RemoveApp(ctx, account.Server(), key, true); e != nil {
			err = errors.Join(err, fmt.Errorf("remove app %s: %w", key, e))
			continue
		}
		n.log.Info("app removed that was deleted", "app", key, "after", manage.KeepDeleted)
	}
	return err
}
