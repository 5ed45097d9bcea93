package worker

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os/exec"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/stowgate/stowgate/internal/fault"
)

// After a child could not be started, the next attempt waits; twice as long
// each time.
const (
	firstPause = 100 * time.Millisecond
	lastPause  = 10 * time.Second
)

// A Pool is a number of children that are ready for jobs.
type Pool struct {
	config Config
	layers []Layer
	ways   []*syscall.SysProcAttr // to start a child; after the first one, only how that was started

	idle   chan *child     // each that is ready is offered here by its keeper
	wanted chan struct{}   // a job that waits wakes one keeper whose child was let go
	broken chan error      // why no child can be started, while that is so
	launch chan func()     // run on the thread that starts children
	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	kept   sync.WaitGroup // keepers; each waits for the job of its child

	stopLaunching func() // closes launch

	probing sync.Mutex // held until it is known what confines the children

	mu       sync.Mutex
	children map[*child]bool // all that are ready, and whether they have a job
	status   Status          // counts and LastError only
}

// Start probes the confinement with one child, as Probe does, and then starts
// the children of a pool. It returns an error if the first child cannot be
// made ready, and if what is needed of the confinement does not hold, unless
// the Config says Unconfined.
func Start(c Config) (*Pool, error) {
	p := newPool(c)
	if p.config.Idle == 0 {
		if err := p.examine(); err != nil {
			p.Close()
			return nil, err
		}
	}
	for range p.config.Size {
		p.kept.Go(p.keep)
	}
	return p, nil
}

// examine probes the confinement, unless that was done, and returns an error if
// what is needed of it does not hold.
func (p *Pool) examine() error {
	p.probing.Lock()
	defer p.probing.Unlock()
	if p.Layers() != nil {
		return nil
	}
	layers, err := p.probe(p.ctx)
	if err != nil {
		return err
	}
	for _, l := range layers {
		level := slog.LevelDebug
		if !l.Holds {
			level = slog.LevelWarn
		}
		p.config.Log.Log(p.ctx, level, "worker confined", "layer", l.Name, "holds", l.Holds, "detail", l.Detail)
		if l.Needed && !l.Holds && !p.config.Unconfined {
			err = errors.Join(err, fmt.Errorf("workers are not confined: %s: %s: %w", l.Name, l.Detail, fault.Unsupported))
		}
	}
	if err == nil {
		p.note(func(*Status) { p.layers = layers })
	}
	return err
}

func newPool(c Config) *Pool {
	p := &Pool{config: c.withDefaults(), idle: make(chan *child), wanted: make(chan struct{}), broken: make(chan error), launch: make(chan func()),
		children: make(map[*child]bool)}
	p.ways = p.config.spec().Attrs()
	p.ctx, p.cancel = context.WithCancel(context.Background())
	p.stopLaunching = sync.OnceFunc(func() { close(p.launch) })
	go func() {
		// A child dies with the thread that started it, so that one must stay.
		runtime.LockOSThread()
		for f := range p.launch {
			f()
		}
		runtime.UnlockOSThread()
	}()
	return p
}

// start starts a child and waits until it is ready.
func (p *Pool) start(ctx context.Context) (*child, error) {
	return launch(ctx, p.config, p.ways, func(cmd *exec.Cmd) error {
		done := make(chan error)
		p.launch <- func() { done <- cmd.Start() }
		return <-done
	})
}

// keep keeps one child, and replaces it when it has ended or must end, until
// the pool is closed.
func (p *Pool) keep() {
	pause := firstPause
	asleep := p.config.Idle > 0
	for p.ctx.Err() == nil {
		if asleep {
			select {
			case <-p.wanted:
			case <-p.ctx.Done():
				return
			}
			asleep = false
		}
		var ch *child
		err := p.examine()
		if err == nil {
			ch, err = p.start(p.ctx)
		}
		if err != nil {
			p.pause(err, pause)
			pause = min(2*pause, lastPause)
			continue
		}
		pause = firstPause
		p.note(func(s *Status) { s.Started++; p.children[ch] = false })
		asleep = p.offer(ch)
		ch.end()
		p.note(func(*Status) { delete(p.children, ch) })
	}
}

// offer gives the child to those who wait, one after another, until it has
// ended or must end. It reports whether that is because nobody wants it.
func (p *Pool) offer(ch *child) (unwanted bool) {
	for {
		var late <-chan time.Time
		if p.config.Idle > 0 {
			late = time.After(p.config.Idle)
		}
		select {
		case p.idle <- ch:
			<-ch.done
		case <-late:
			return true
		case <-ch.exited:
			err := fmt.Errorf("%w without a job: %v: %q", ErrCrashed, ch.cmd.ProcessState, ch.said.String())
			p.config.Log.Warn("worker ended", "err", err)
			p.note(func(s *Status) { s.Crashes++; s.LastError = err.Error() })
			return false
		case <-p.ctx.Done():
			return false
		}
		if ch.ended != nil {
			return false
		}
		if ch.jobs >= p.config.Jobs || ch.resident() > p.config.Memory/2 {
			p.note(func(s *Status) { s.Replaced++ })
			return false
		}
		p.note(func(*Status) { p.children[ch] = false })
	}
}

// pause waits after a failed start. If there is no child at all, those who wait
// for one are told why.
func (p *Pool) pause(err error, d time.Duration) {
	if p.ctx.Err() != nil {
		return
	}
	p.config.Log.Error("worker not started", "err", err, "again", d)
	broken := p.broken
	p.note(func(s *Status) {
		s.Failures++
		s.LastError = err.Error()
		if len(p.children) > 0 {
			broken = nil
		}
	})
	again := time.After(d)
	for {
		select {
		case broken <- err:
		case <-again:
			return
		case <-p.ctx.Done():
			return
		}
	}
}

// Do gives a job to the next child that is ready and returns its reply. Those
// who wait are served in the order they came.
//
// If the job fails in an orderly way, the error is that of the handler, with
// its text and fault.Kind. If the child had to be killed or crashed, it wraps
// ErrDeadline, ErrMemory or ErrCrashed, and the child is replaced; so it is when
// ctx ends and the job does not soon, and the kind is fault.Canceled. The kind is fault.Unavailable when no child can be
// started or the pool is closed.
func (p *Pool) Do(ctx context.Context, j Job) ([]byte, error) {
	if len(j.Request) > MaxRequest {
		return nil, fmt.Errorf("request of %d bytes, more than %d: %w", len(j.Request), MaxRequest, fault.TooLarge)
	}
	if len(j.Files) > MaxFiles {
		return nil, fmt.Errorf("job of %d files, more than %d: %w", len(j.Files), MaxFiles, fault.TooLarge)
	}
	ch, err := p.take(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { ch.done <- struct{}{} }()
	p.note(func(*Status) { p.children[ch] = true })
	if p.ctx.Err() != nil {
		return nil, errClosed
	}
	limit := cmp.Or(j.Deadline, p.config.Deadline)
	ch.jobs++
	body, err := ch.exchange(ctx, kindJob, j, time.Now().Add(limit), p.config.Memory)
	p.note(func(s *Status) {
		s.Jobs++
		switch {
		case ch.ended == nil, p.ctx.Err() != nil:
		case errors.Is(ch.ended, ErrDeadline):
			s.Deadline++
			err = fmt.Errorf("more than %v: %w", limit, err)
		case errors.Is(ch.ended, ErrMemory):
			s.Memory++
			err = fmt.Errorf("more than %d MiB: %w", p.config.Memory>>20, err)
		case errors.Is(ch.ended, ErrCrashed):
			s.Crashes++
			s.LastError = err.Error()
		default:
			s.Canceled++
		}
	})
	if ch.ended != nil && p.ctx.Err() != nil {
		return nil, errClosed
	} else if ch.ended != nil {
		p.config.Log.Warn("job ended its worker", "app", j.App, "err", err)
	}
	return body, err
}

// take waits for a child that is ready.
func (p *Pool) take(ctx context.Context) (*child, error) {
	wanted := p.wanted
	for {
		select {
		case ch := <-p.idle:
			return ch, nil
		case wanted <- struct{}{}:
			wanted = nil // one is enough
		case err := <-p.broken:
			return nil, fmt.Errorf("%v: %w", err, fault.Unavailable)
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for a worker: %w: %w", ctx.Err(), fault.Canceled)
		case <-p.ctx.Done():
			return nil, errClosed
		}
	}
}

var errClosed = fmt.Errorf("the workers have been stopped: %w", fault.Unavailable)

// note changes the status, or what it is made of.
func (p *Pool) note(change func(*Status)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(&p.status)
}

// Layers returns what confines the children, as it was found before the first
// of them was used; none if that is still to come.
func (p *Pool) Layers() []Layer {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.layers)
}

// Pids returns the process numbers of the children that are ready or at work.
func (p *Pool) Pids() []int {
	p.mu.Lock()
	defer p.mu.Unlock()
	var pids []int
	for ch := range p.children {
		pids = append(pids, ch.cmd.Process.Pid)
	}
	slices.Sort(pids)
	return pids
}

// Status returns what the pool does and has done.
func (p *Pool) Status() Status {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.status
	s.Size = p.config.Size
	for ch, running := range p.children {
		if running {
			s.Running++
		} else {
			s.Idle++
		}
		s.Resident += ch.resident()
	}
	return s
}

// Close kills all children, also those that have a job, and waits until they
// are gone. It may be called more than once.
func (p *Pool) Close() {
	p.cancel()
	p.note(func(*Status) {
		for ch := range p.children {
			ch.kill()
		}
	})
	p.kept.Wait()
	p.stopLaunching()
}
