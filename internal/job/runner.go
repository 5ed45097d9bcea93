package job

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"
)

// A Store keeps jobs. Its methods are transactions, and may be called by several
// processes: a job is claimed by one of them at a time.
type Store interface {
	// Due returns when there may next be a job to claim, or the zero time.
	Due(ctx context.Context) (time.Time, error)

	// Claim takes up to limit jobs that are due, one of each queue in turn, and
	// those whose lease was not renewed. They run until the lease.
	Claim(ctx context.Context, limit int, lease time.Time) ([]Job, error)

	// Renew prolongs the leases of jobs, unless they were lost.
	Renew(ctx context.Context, jobs []Job, lease time.Time) error

	// Finish records how a claimed job's attempt ended. The error wraps
	// fault.Conflict if its lease was lost and another claimed it.
	Finish(ctx context.Context, j Job, o Outcome) error

	// Prune removes jobs that were done, or given up, before those times, and
	// gives up those that should have run before the third.
	Prune(ctx context.Context, done, dead, stale time.Time) error
}

// A Handler does the jobs of one kind. A job may be done more than once: after a
// crash nobody knows how far it came.
type Handler struct {
	// Do does a job. After an error there is another attempt, unless it wraps
	// ErrGiveUp.
	Do func(ctx context.Context, j Job) error

	Timeout time.Duration   // of one attempt; 0 means one minute
	Retries []time.Duration // how long after each failure there is another attempt; after the last failure the job is dead
}

// Config adjusts a Runner. The zero Config is ready to use.
type Config struct {
	Running  int           // jobs at once, over all queues; 0 means 256
	Lease    time.Duration // until another may take over from a process that is gone; 0 means 30 s
	Poll     time.Duration // how long to go without a look at the store; 0 means 5 s
	Grace    time.Duration // for jobs that run when the Runner ends; 0 means 10 s
	KeepDone time.Duration // 0 means 7 days
	KeepDead time.Duration // 0 means 30 days
	MaxAge   time.Duration // after its time to run, a job that never had its turn is given up; 0 means 3 days
	Now      func() time.Time
	Log      *slog.Logger // nil means slog.Default
}

// A Runner does jobs.
type Runner struct {
	store    Store
	handlers map[string]Handler
	config   Config
	wake     chan struct{}

	mu      sync.Mutex
	running map[int64]Job
}

// New returns a Runner with a handler for each kind.
func New(store Store, handlers map[string]Handler, config Config) *Runner {
	c := config
	c.Running = cmp.Or(c.Running, 256)
	c.Lease = cmp.Or(c.Lease, 30*time.Second)
	c.Poll = cmp.Or(c.Poll, 5*time.Second)
	c.Grace = cmp.Or(c.Grace, 10*time.Second)
	c.KeepDone = cmp.Or(c.KeepDone, 7*24*time.Hour)
	c.KeepDead = cmp.Or(c.KeepDead, 30*24*time.Hour)
	c.MaxAge = cmp.Or(c.MaxAge, 3*24*time.Hour)
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	return &Runner{store: store, handlers: handlers, config: c, wake: make(chan struct{}, 1), running: make(map[int64]Job)}
}

// Wake makes the Runner look for jobs now. It is to be called after one was
// added. It returns at once.
func (r *Runner) Wake() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Run does jobs until ctx ends. Those that run then have a time of grace to
// come to an end; what they do not reach counts as not begun.
func (r *Runner) Run(ctx context.Context) {
	work, breakOff := context.WithCancel(context.WithoutCancel(ctx))
	var jobs, upkeep sync.WaitGroup
	upkeep.Go(func() { every(ctx, pruneEvery, r.prune) })
	upkeep.Go(func() { every(work, r.config.Lease/3, r.renew) })
	for ctx.Err() == nil {
		claimed, pause := r.claim(ctx)
		for _, j := range claimed {
			jobs.Go(func() { r.perform(work, j) })
		}
		if len(claimed) == 0 {
			r.wait(ctx, pause)
		}
	}
	timer := time.AfterFunc(r.config.Grace, breakOff)
	jobs.Wait()
	timer.Stop()
	breakOff()
	upkeep.Wait()
}

// retryPause is how long a Runner waits when there should have been a job, but
// another process had it.
const retryPause = 100 * time.Millisecond

// claim takes the jobs that are due, if there is room. If there are none, it
// returns how long to wait.
func (r *Runner) claim(ctx context.Context) ([]Job, time.Duration) {
	r.mu.Lock()
	room := r.config.Running - len(r.running)
	r.mu.Unlock()
	if room <= 0 {
		return nil, r.config.Poll // or until one ends
	}
	due, err := r.store.Due(ctx)
	now := r.config.Now()
	if err == nil && (due.IsZero() || due.After(now.Add(r.config.Poll))) {
		return nil, r.config.Poll
	}
	if err == nil && due.After(now) {
		return nil, due.Sub(now)
	}
	var claimed []Job
	if err == nil {
		claimed, err = r.store.Claim(ctx, room, now.Add(r.config.Lease))
	}
	if err != nil {
		if ctx.Err() == nil {
			r.config.Log.Error("cannot look for jobs", "err", err)
		}
		return nil, r.config.Poll
	}
	r.mu.Lock()
	for _, j := range claimed {
		r.running[j.ID] = j
	}
	r.mu.Unlock()
	return claimed, retryPause
}

// wait waits for something to do.
func (r *Runner) wait(ctx context.Context, pause time.Duration) {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-r.wake:
	}
}

// perform does a claimed job and records how it ended.
func (r *Runner) perform(work context.Context, j Job) {
	defer r.Wake() // there is room for another
	defer func() {
		r.mu.Lock()
		delete(r.running, j.ID)
		r.mu.Unlock()
	}()
	h, known := r.handlers[j.Kind]
	err := fmt.Errorf("nobody here does jobs of kind %q", j.Kind)
	if known {
		err = h.attempt(work, j)
	}
	o := h.outcome(j, err, r.config.Now(), 0.9+0.2*rand.Float64())
	if work.Err() != nil && o.State != Done {
		o = Outcome{State: Ready, RunAt: r.config.Now(), Undone: true}
	}
	if o.State == Dead {
		r.config.Log.Warn("job given up", "job", j.ID, "kind", j.Kind, "queue", j.Queue, "attempt", j.Attempt, "err", err)
	}
	if err := r.store.Finish(context.WithoutCancel(work), j, o); err != nil {
		r.config.Log.Error("cannot record how a job ended; it will be done again", "job", j.ID, "kind", j.Kind, "err", err)
	}
}

// maxVanished is how often a job is begun again whose worker did not come back:
// it may be the job that ends processes.
const maxVanished = 100

// attempt does j, unless too many who did have vanished.
func (h Handler) attempt(work context.Context, j Job) (err error) {
	if n := j.Fence - int64(j.Attempt); n > maxVanished {
		return fmt.Errorf("%d times it was begun and nobody came back: %w", n, ErrGiveUp)
	}
	ctx, cancel := context.WithTimeout(work, cmp.Or(h.Timeout, time.Minute))
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the handler panicked: %v", p)
		}
	}()
	return h.Do(ctx, j)
}

// outcome decides what becomes of j after an attempt that ended with err.
// Jitter is near 1, and keeps jobs that failed together from coming back so.
func (h Handler) outcome(j Job, err error, now time.Time, jitter float64) Outcome {
	if err == nil {
		return Outcome{State: Done}
	}
	text := strings.ToValidUTF8(err.Error(), "?")
	text = strings.ToValidUTF8(text[:min(len(text), maxError)], "")
	if errors.Is(err, ErrGiveUp) {
		return Outcome{State: Dead, Error: text}
	}
	if j.Attempt > len(h.Retries) {
		return Outcome{State: Dead, Error: text, Failed: true}
	}
	pause := time.Duration(jitter * float64(h.Retries[j.Attempt-1]))
	return Outcome{State: Ready, RunAt: now.Add(pause), Error: text, Failed: true}
}

// renew prolongs the leases of what runs.
func (r *Runner) renew(ctx context.Context) {
	r.mu.Lock()
	running := slices.Collect(maps.Values(r.running))
	r.mu.Unlock()
	if len(running) == 0 {
		return
	}
	if err := r.store.Renew(ctx, running, r.config.Now().Add(r.config.Lease)); err != nil && ctx.Err() == nil {
		r.config.Log.Error("cannot renew the leases of jobs", "jobs", len(running), "err", err)
	}
}

// pruneEvery is how often old jobs are removed.
const pruneEvery = 10 * time.Minute

func (r *Runner) prune(ctx context.Context) {
	now := r.config.Now()
	err := r.store.Prune(ctx, now.Add(-r.config.KeepDone), now.Add(-r.config.KeepDead), now.Add(-r.config.MaxAge))
	if err != nil && ctx.Err() == nil {
		r.config.Log.Error("cannot remove old jobs", "err", err)
	}
}

// every calls do in intervals until ctx ends.
func every(ctx context.Context, interval time.Duration, do func(context.Context)) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			do(ctx)
		}
	}
}
