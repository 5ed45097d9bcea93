package job

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stowgate/stowgate/internal/fault"
)

// A list is a store of jobs in memory, without turns.
type list struct {
	mu     sync.Mutex
	jobs   map[int64]Job
	claims int
	pruned [3]time.Time
	err    error // of everything
}

func newList(jobs ...Job) *list {
	l := &list{jobs: make(map[int64]Job)}
	for i, j := range jobs {
		j.ID, j.State = int64(i+1), Ready
		l.jobs[j.ID] = j
	}
	return l
}

func (l *list) add(j Job) {
	l.mu.Lock()
	defer l.mu.Unlock()
	j.ID, j.State = int64(len(l.jobs)+1), Ready
	l.jobs[j.ID] = j
}

func (l *list) Due(context.Context) (due time.Time, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, j := range l.jobs {
		at := j.RunAt
		if j.State == Running {
			at = j.Lease
		}
		if (j.State == Ready || j.State == Running) && (due.IsZero() || at.Before(due)) {
			due = cmp.Or(at, time.Unix(1, 0))
		}
	}
	return due, l.err
}

func (l *list) Claim(_ context.Context, limit int, lease time.Time) (claimed []Job, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.claims++
	for _, id := range slices.Sorted(maps.Keys(l.jobs)) {
		j := l.jobs[id]
		if len(claimed) < limit && j.State == Ready && !time.Now().Before(j.RunAt) {
			j.State, j.Lease = Running, lease
			j.Attempt++
			j.Fence++
			l.jobs[id] = j
			claimed = append(claimed, j)
		}
	}
	return claimed, l.err
}

func (l *list) Renew(_ context.Context, jobs []Job, lease time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, j := range jobs {
		if now := l.jobs[j.ID]; now.Fence == j.Fence {
			now.Lease = lease
			l.jobs[j.ID] = now
		}
	}
	return nil
}

func (l *list) Finish(_ context.Context, j Job, o Outcome) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.jobs[j.ID]
	if now.Fence != j.Fence {
		return fault.Conflict
	}
	now.State, now.RunAt, now.Error = o.State, o.RunAt, o.Error
	if o.Undone {
		now.Attempt--
	}
	l.jobs[j.ID] = now
	return nil
}

func (l *list) Prune(_ context.Context, done, dead, stale time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pruned = [3]time.Time{done, dead, stale}
	return nil
}

func (l *list) get(id int64) Job {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.jobs[id]
}

// run runs jobs with do until the test ends, in a bubble.
func run(t *testing.T, l *list, h Handler, c Config) (r *Runner, stop func()) {
	c.Log = slog.New(slog.DiscardHandler)
	r = New(l, map[string]Handler{"k": h}, c)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		r.Run(ctx)
		close(ended)
	}()
	return r, func() { cancel(); <-ended }
}

func TestOutcome(t *testing.T) {
	h := Handler{Retries: []time.Duration{10 * time.Second, time.Minute}}
	now := time.Unix(1000, 0)
	no := errors.New("no")
	gaveUp := fmt.Errorf("no: %w", ErrGiveUp)
	for _, tt := range []struct {
		name    string
		attempt int
		err     error
		want    Outcome
	}{
		{"done", 1, nil, Outcome{State: Done}},
		{"first failure", 1, no, Outcome{State: Ready, RunAt: now.Add(11 * time.Second), Error: "no", Failed: true}},
		{"second", 2, no, Outcome{State: Ready, RunAt: now.Add(66 * time.Second), Error: "no", Failed: true}},
		{"last", 3, no, Outcome{State: Dead, Error: "no", Failed: true}},
		{"given up", 1, gaveUp, Outcome{State: Dead, Error: gaveUp.Error()}},
		{"long error", 3, errors.New(strings.Repeat("é", 400)), Outcome{State: Dead, Error: strings.Repeat("é", maxError/2), Failed: true}},
		{"cut in a character", 3, errors.New("x" + strings.Repeat("é", 400)), Outcome{State: Dead, Error: "x" + strings.Repeat("é", maxError/2-1), Failed: true}},
		{"no text", 3, errors.New("a\xffb"), Outcome{State: Dead, Error: "a?b", Failed: true}},
	} {
		if got := h.outcome(Job{Attempt: tt.attempt}, tt.err, now, 1.1); got != tt.want {
			t.Errorf("outcome, %s = %+v, want %+v", tt.name, got, tt.want)
		}
	}
}

func TestRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newList(Job{Kind: "k"}, Job{Kind: "unknown"}, Job{Kind: "k"})
		var mu sync.Mutex
		var done []int64
		wantDone := func(want ...int64) {
			t.Helper()
			mu.Lock()
			defer mu.Unlock()
			if !slices.Equal(done, want) {
				t.Errorf("did jobs %v, want %v", done, want)
			}
		}
		r, stop := run(t, l, Handler{Do: func(_ context.Context, j Job) error {
			mu.Lock()
			defer mu.Unlock()
			done = append(done, j.ID)
			return nil
		}}, Config{Running: 1})
		defer stop()
		synctest.Wait()
		if wantDone(1, 3); l.get(1).State != Done || l.get(3).State != Done {
			t.Errorf("jobs = %+v, %+v, want them done", l.get(1), l.get(3))
		}
		if j := l.get(2); j.State != Dead || !strings.Contains(j.Error, "unknown") {
			t.Errorf("job of an unknown kind: %+v", j)
		}
		l.add(Job{Kind: "k"})
		r.Wake()
		synctest.Wait() // without the clock going on
		l.add(Job{Kind: "k", RunAt: time.Now().Add(time.Hour)})
		l.add(Job{Kind: "k"})
		time.Sleep(5 * time.Second) // nobody was woken
		synctest.Wait()
		wantDone(1, 3, 4, 6)
		count := func() int {
			l.mu.Lock()
			defer l.mu.Unlock()
			return l.claims
		}
		claims := count()
		time.Sleep(59 * time.Minute)
		synctest.Wait()
		if n := count() - claims; n != 0 {
			t.Errorf("%d claims while nothing was due", n)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		wantDone(1, 3, 4, 6, 5)
	})
}

func TestRetries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newList(Job{Kind: "k"}, Job{Kind: "k"})
		var at []time.Duration
		begin := time.Now()
		_, stop := run(t, l, Handler{
			Retries: []time.Duration{10 * time.Second, time.Minute},
			Do: func(_ context.Context, j Job) error {
				if j.ID == 2 {
					panic("oops")
				}
				at = append(at, time.Since(begin))
				return errors.New("no")
			}}, Config{})
		defer stop()
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if len(at) != 3 || at[1] < 9*time.Second || at[1] > 11*time.Second || at[2]-at[1] < 54*time.Second || at[2]-at[1] > 66*time.Second {
			t.Errorf("attempts at %v", at)
		}
		for id, text := range map[int64]string{1: "no", 2: "oops"} {
			if j := l.get(id); j.State != Dead || j.Attempt != 3 || !strings.Contains(j.Error, text) {
				t.Errorf("job = %+v, want it dead of %q", j, text)
			}
		}
	})
}

// A job whose workers vanish is not begun for ever.
func TestPoison(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newList(Job{Kind: "k", Fence: maxVanished}, Job{Kind: "k", Fence: maxVanished + 1})
		_, stop := run(t, l, Handler{Do: func(context.Context, Job) error { return nil }}, Config{})
		synctest.Wait()
		stop()
		if often, once := l.get(1), l.get(2); often.State != Done || once.State != Dead {
			t.Errorf("jobs = %+v, %+v, want one done and one dead", often, once)
		}
	})
}

func TestTimeoutAndLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newList(Job{Kind: "k"})
		_, stop := run(t, l, Handler{Timeout: time.Hour, Do: func(ctx context.Context, j Job) error {
			for ctx.Err() == nil {
				time.Sleep(time.Second)
				if now := l.get(j.ID); !now.Lease.After(time.Now()) {
					t.Fatalf("the lease ended at %v, and it is %v", now.Lease, time.Now())
				}
			}
			return ctx.Err()
		}}, Config{})
		defer stop()
		time.Sleep(time.Hour + 2*time.Second)
		synctest.Wait()
		if j := l.get(1); j.State != Dead || j.Attempt != 1 {
			t.Errorf("job = %+v, want it dead", j)
		}
	})
}

// What runs at the end may come to an end, and otherwise counts as not begun.
func TestDrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newList(Job{Kind: "k"}, Job{Kind: "k"}, Job{Kind: "k"})
		_, stop := run(t, l, Handler{Do: func(ctx context.Context, j Job) error {
			if j.ID == 3 {
				t.Error("a job was begun after the end")
			}
			select {
			case <-time.After(time.Duration(j.ID) * 6 * time.Second):
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}}, Config{Running: 2, Grace: 10 * time.Second})
		synctest.Wait()
		begin := time.Now()
		stop()
		if took := time.Since(begin); took != 10*time.Second {
			t.Errorf("Run ended after %v, want 10 s", took)
		}
		if j := l.get(1); j.State != Done {
			t.Errorf("job that was soon done: %+v", j)
		}
		for _, id := range []int64{2, 3} {
			if j := l.get(id); j.State != Ready || j.Attempt != 0 {
				t.Errorf("job that was broken off, or not begun: %+v", j)
			}
		}
	})
}

func TestRunningLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newList(slices.Repeat([]Job{{Kind: "k"}}, 20)...)
		var mu sync.Mutex
		running, most := 0, 0
		count := func(by int) {
			mu.Lock()
			defer mu.Unlock()
			running += by
			most = max(most, running)
		}
		_, stop := run(t, l, Handler{Do: func(context.Context, Job) error {
			count(1)
			defer count(-1)
			time.Sleep(time.Second)
			return nil
		}}, Config{Running: 3})
		time.Sleep(7*time.Second + 1)
		synctest.Wait()
		stop()
		if most != 3 || l.get(20).State != Done {
			t.Errorf("%d ran at once, and the last job is %+v", most, l.get(20))
		}
	})
}

func TestPruneTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newList()
		_, stop := run(t, l, Handler{}, Config{})
		defer stop()
		time.Sleep(pruneEvery)
		synctest.Wait()
		const day = 24 * time.Hour
		for i, keep := range []time.Duration{7 * day, 30 * day, 3 * day} {
			if got := time.Since(l.pruned[i]); got != keep {
				t.Errorf("pruned what is %v old, want %v", got, keep)
			}
		}
	})
}

// A store that fails is asked again, not for ever at once.
func TestStoreFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newList(Job{Kind: "k"})
		l.err = fault.Unavailable
		_, stop := run(t, l, Handler{Do: func(context.Context, Job) error { return nil }}, Config{})
		defer stop()
		time.Sleep(time.Minute)
		l.mu.Lock()
		if l.err = nil; l.claims > 0 {
			t.Errorf("%d claims from a store that says nothing of what is due", l.claims)
		}
		l.mu.Unlock()
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if j := l.get(1); j.State != Done {
			t.Errorf("job = %+v, want it done", j)
		}
	})
}

func TestParseState(t *testing.T) {
	for _, s := range States {
		if got, err := ParseState(string(s)); got != s || err != nil {
			t.Errorf("ParseState(%q) = %q, %v", s, got, err)
		}
	}
	if _, err := ParseState("gone"); !errors.Is(err, fault.Invalid) {
		t.Errorf("ParseState error = %v, want %v", err, fault.Invalid)
	}
}
