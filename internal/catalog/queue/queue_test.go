package queue_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stowgate/stowgate/internal/catalog/queue"
	"github.com/stowgate/stowgate/internal/catalog/record"
	"github.com/stowgate/stowgate/internal/catalog/sqlitedb"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/job"
)

var _ job.Store = (*queue.Store)(nil)

// A shelf is a store of jobs with a clock that the test sets.
type shelf struct {
	*queue.Store
	t    testing.TB
	book *record.Book
	now  time.Time
}

const lease = 30 * time.Second

var small = queue.Config{PerQueue: 2, Failures: 3, Pause: time.Minute, MaxPause: 4 * time.Minute}

func open(t testing.TB, path string, config queue.Config) *shelf {
	t.Helper()
	db, err := sqlitedb.Open(t.Context(), path)
	must(t, err)
	t.Cleanup(func() { db.Close() })
	s := &shelf{t: t, now: time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)}
	s.book, err = record.Open(t.Context(), db, [32]byte{1}, func() time.Time { return s.now })
	must(t, err)
	s.Store = queue.New(s.book, config)
	return s
}

func fresh(t testing.TB) *shelf { return open(t, filepath.Join(t.TempDir(), "catalog.db"), small) }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func in(queue string) job.Job {
	return job.Job{Queue: queue, Kind: "k", App: "app", Payload: json.RawMessage(`{"a":1}`)}
}

// add adds jobs one after the other, a moment apart.
func (s *shelf) add(queues ...string) (ids []int64) {
	s.t.Helper()
	for _, q := range queues {
		s.now = s.now.Add(time.Millisecond)
		must(s.t, s.write(func(ctx context.Context, tx *record.Statements) error {
			added, err := s.Add(ctx, tx, in(q))
			ids = append(ids, added...)
			return err
		}))
	}
	return ids
}

func (s *shelf) write(do func(ctx context.Context, tx *record.Statements) error) error {
	return s.book.Write(s.t.Context(), do)
}

func (s *shelf) claim(limit int) []job.Job {
	s.t.Helper()
	jobs, err := s.Claim(s.t.Context(), limit, s.now.Add(lease))
	must(s.t, err)
	return jobs
}

// wantClaim claims up to 10 jobs and compares their queues.
func (s *shelf) wantClaim(queues ...string) []job.Job {
	s.t.Helper()
	jobs := s.claim(10)
	var got []string
	for _, j := range jobs {
		got = append(got, j.Queue)
	}
	if !slices.Equal(got, queues) {
		s.t.Fatalf("Claim took jobs of %q, want %q", got, queues)
	}
	return jobs
}

func (s *shelf) finish(o job.Outcome, jobs ...job.Job) {
	s.t.Helper()
	for _, j := range jobs {
		must(s.t, s.Finish(s.t.Context(), j, o))
	}
}

func (s *shelf) read(id int64) job.Job {
	s.t.Helper()
	j, err := s.Job(s.t.Context(), id)
	must(s.t, err)
	return j
}

var done = job.Outcome{State: job.Done}

// failed is a failure after which there is another attempt at once.
func (s *shelf) failed() job.Outcome {
	return job.Outcome{State: job.Ready, RunAt: s.now, Error: "no", Failed: true}
}

func wantError(t testing.TB, call string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s error = %v, want %v", call, err, want)
	}
}

func TestJobIsKeptWhole(t *testing.T) {
	s := fresh(t)
	id := s.add("a")[0]
	want := job.Job{ID: id, Queue: "a", Kind: "k", App: "app", Payload: json.RawMessage(`{"a":1}`), State: job.Ready, RunAt: s.now, Created: s.now}
	same := func(what string) {
		t.Helper()
		if got := s.read(id); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: job = %+v, want %+v", what, got, want)
		}
	}
	same("added")
	j := s.wantClaim("a")[0]
	want.State, want.Attempt, want.Fence, want.Lease = job.Running, 1, 1, s.now.Add(lease)
	same("claimed")
	if fmt.Sprint(j) != fmt.Sprint(want) {
		t.Errorf("Claim = %+v, want %+v", j, want)
	}
	s.now = s.now.Add(time.Second)
	s.finish(job.Outcome{State: job.Ready, RunAt: s.now.Add(time.Minute), Error: "no", Failed: true}, j)
	want.State, want.Lease, want.RunAt, want.Error = job.Ready, time.Time{}, s.now.Add(time.Minute), "no"
	same("failed")
	s.wantClaim()
	s.now = s.now.Add(time.Minute)
	j = s.wantClaim("a")[0]
	s.finish(done, j)
	want.State, want.Attempt, want.Fence, want.RunAt, want.Error, want.Finished = job.Done, 2, 2, time.Time{}, "", s.now
	same("done")
	s.wantClaim()
}

func TestAddErrors(t *testing.T) {
	s := fresh(t)
	for _, tt := range []struct {
		name string
		with func(*job.Job)
		want error
	}{
		{"no queue", func(j *job.Job) { j.Queue = "" }, fault.Invalid},
		{"no kind", func(j *job.Job) { j.Kind = "" }, fault.Invalid},
		{"no JSON", func(j *job.Job) { j.Payload = json.RawMessage("{") }, fault.Invalid},
		{"at the limit", func(j *job.Job) { j.Payload = json.RawMessage(`"` + strings.Repeat("x", job.MaxPayload-2) + `"`) }, nil},
		{"over the limit", func(j *job.Job) { j.Payload = json.RawMessage(`"` + strings.Repeat("x", job.MaxPayload-1) + `"`) }, fault.TooLarge},
	} {
		j := in("q")
		tt.with(&j)
		err := s.write(func(ctx context.Context, tx *record.Statements) error {
			_, err := s.Add(ctx, tx, j)
			return err
		})
		if !errors.Is(err, tt.want) {
			t.Errorf("Add, %s: error = %v, want %v", tt.name, err, tt.want)
		}
	}
}

// A job exists if, and only if, the transaction that adds it is committed.
func TestAddWaiting(t *testing.T) {
	s := fresh(t)
	for i := range 3 {
		id, err := s.AddWaiting(t.Context(), in("q"), 3)
		must(t, err)
		if j, err := s.Job(t.Context(), id); err != nil || j.Queue != "q" || j.State != job.Ready {
			t.Errorf("job %d is %+v, %v", i, j, err)
		}
	}
	if _, err := s.AddWaiting(t.Context(), in("q"), 3); !errors.Is(err, fault.Busy) {
		t.Errorf("one more: %v, want %v", err, fault.Busy)
	}
	if _, err := s.AddWaiting(t.Context(), in("other"), 3); err != nil {
		t.Errorf("another queue: %v", err)
	}
	s.claim(1)
	s.claim(1)
	if _, err := s.AddWaiting(t.Context(), in("q"), 3); err != nil {
		t.Errorf("while one runs: %v", err)
	}
	if _, err := s.AddWaiting(t.Context(), job.Job{Queue: "q"}, 9); !errors.Is(err, fault.Invalid) {
		t.Errorf("no job: %v, want %v", err, fault.Invalid)
	}
}

func TestAddJoinsTransaction(t *testing.T) {
	s := fresh(t)
	oops := errors.New("oops")
	err := s.write(func(ctx context.Context, tx *record.Statements) error {
		_, err := s.Add(ctx, tx, in("a"))
		must(t, err)
		return oops
	})
	wantError(t, "Write", err, oops)
	s.wantClaim()
	if due, err := s.Due(t.Context()); !due.IsZero() || err != nil {
		t.Errorf("Due = %v, %v, want none", due, err)
	}
}

func TestDue(t *testing.T) {
	s := fresh(t)
	want := func(at time.Time) {
		t.Helper()
		if due, err := s.Due(t.Context()); !due.Equal(at) || err != nil {
			t.Errorf("Due = %v, %v, want %v", due, err, at)
		}
	}
	want(time.Time{})
	later := s.now.Add(time.Hour)
	must(t, s.write(func(ctx context.Context, tx *record.Statements) error {
		j := in("a")
		j.RunAt = later
		_, err := s.Add(ctx, tx, j)
		return err
	}))
	want(later)
	s.wantClaim()
	s.now = later.Add(-1)
	s.wantClaim()
	s.now = later
	j := s.wantClaim("a")[0]
	want(s.now.Add(lease))
	s.finish(done, j)
	want(time.Time{})
}

// N4: queues take turns, however long one is.
func TestN4Turns(t *testing.T) {
	s := fresh(t)
	s.add("long", "long", "long", "long", "long", "long", "b", "c")
	first := s.wantClaim("long", "b", "c", "long") // which is as many of it as run at once
	s.add("d", "long")
	second := s.wantClaim("d")
	s.finish(done, first[0])
	s.add("e")
	third := s.wantClaim("long", "e")
	s.finish(done, slices.Concat(first[1:], second, third)...)
	s.now = s.now.Add(time.Millisecond)
	if got := s.claim(1); len(got) != 1 || got[0].Queue != "long" {
		t.Errorf("Claim = %v, want one of the long queue", got)
	}
	s.now = s.now.Add(time.Millisecond)
	s.add("f")
	// The long queue has waited since its last turn, f since now.
	s.wantClaim("long", "f")
}

// N4: one that fails again and again is paused, and tried with one job.
func TestN4Breaker(t *testing.T) {
	s := fresh(t)
	s.add("bad", "bad", "bad", "bad", "bad", "good", "good")
	jobs := s.wantClaim("bad", "good", "bad", "good")
	s.finish(s.failed(), jobs[0], jobs[2])
	s.finish(done, jobs[1], jobs[3])
	jobs = s.wantClaim("bad", "bad")
	s.finish(s.failed(), jobs[0]) // the third
	s.wantClaim()
	if l, err := s.Lane(t.Context(), "bad"); err != nil || l.Failures != 3 || !l.PausedUntil.Equal(s.now.Add(time.Minute)) || l.Waiting != 4 {
		t.Errorf("Lane = %+v, %v", l, err)
	}
	s.finish(job.Outcome{State: job.Dead, Error: "its own fault"}, jobs[1]) // which is no failure of the queue
	for i, pause := range []time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute, 4 * time.Minute} {
		s.now = s.now.Add(pause - 1)
		s.wantClaim()
		s.now = s.now.Add(1)
		probe := s.wantClaim("bad")
		s.finish(s.failed(), probe...)
		if l, _ := s.Lane(t.Context(), "bad"); l.Failures != 4+i {
			t.Errorf("failures = %d, want %d", l.Failures, 4+i)
		}
	}
	s.add("good")
	s.finish(done, s.wantClaim("good")...)
	s.now = s.now.Add(4 * time.Minute)
	s.finish(done, s.wantClaim("bad")...)
	s.wantClaim("bad", "bad")
}

func TestLostLease(t *testing.T) {
	path := filepath.Join(t.TempDir(), "catalog.db")
	a, b := open(t, path, small), open(t, path, small)
	id := a.add("q")[0]
	first := a.wantClaim("q")[0]
	a.now = a.now.Add(lease / 2)
	must(t, a.Renew(t.Context(), []job.Job{first}, a.now.Add(lease)))
	b.now = a.now.Add(lease)
	b.wantClaim() // its lease was renewed
	b.now = b.now.Add(1)
	second := b.wantClaim("q")[0]
	if second.ID != id || second.Attempt != 1 || second.Fence == first.Fence {
		t.Errorf("taken over: %+v, after %+v", second, first)
	}
	wantError(t, "Finish after the lease was lost", a.Finish(t.Context(), first, done), fault.Conflict)
	must(t, a.Renew(t.Context(), []job.Job{first}, a.now.Add(time.Hour)))
	if j := a.read(id); !j.Lease.Equal(second.Lease) || j.State != job.Running {
		t.Errorf("after a late worker's Renew: %+v, want %+v", j, second)
	}
	b.finish(done, second)
	wantError(t, "Finish once more", a.Finish(t.Context(), first, a.failed()), fault.Conflict)
	if j := a.read(id); j.State != job.Done {
		t.Errorf("job = %+v, want it done", j)
	}
}

func TestRecover(t *testing.T) {
	s := fresh(t)
	s.add("q", "q", "q")
	lost := s.wantClaim("q", "q")
	s.wantClaim()
	must(t, s.Recover(t.Context()))
	again := s.wantClaim("q", "q")
	if again[0].Fence == lost[0].Fence {
		t.Errorf("recovered: %+v, after %+v", again, lost)
	}
	wantError(t, "Finish by the predecessor", s.Finish(t.Context(), lost[0], done), fault.Conflict)
}

// A job that was asked for again is not finished by who did it before.
func TestFenceOutlivesRetry(t *testing.T) {
	s := fresh(t)
	id := s.add("q")[0]
	late := s.wantClaim("q")[0]
	s.now = s.now.Add(lease + 1)
	s.finish(job.Outcome{State: job.Dead}, s.wantClaim("q")...)
	must(t, s.write(func(ctx context.Context, tx *record.Statements) error { return s.Retry(ctx, tx, id) }))
	again := s.wantClaim("q")[0]
	if again.Attempt != late.Attempt {
		t.Errorf("attempt %d after Retry, want %d", again.Attempt, late.Attempt)
	}
	wantError(t, "Finish by the first", s.Finish(t.Context(), late, done), fault.Conflict)
	s.finish(done, again)
}

func TestBrokenOff(t *testing.T) {
	s := fresh(t)
	id := s.add("q")[0]
	s.finish(job.Outcome{State: job.Ready, RunAt: s.now, Undone: true}, s.wantClaim("q")...)
	if j := s.read(id); j.Attempt != 0 || j.State != job.Ready {
		t.Errorf("broken off: %+v, want it as new", j)
	}
	if l, _ := s.Lane(t.Context(), "q"); l.Failures != 0 {
		t.Errorf("failures of its queue = %d, want 0", l.Failures)
	}
	s.wantClaim("q")
}

// Each job is claimed once, and no queue has more running than it may, whoever
// asks.
func TestClaimRace(t *testing.T) {
	path := filepath.Join(t.TempDir(), "catalog.db")
	stores := []*shelf{open(t, path, small), open(t, path, small)}
	const each, queues = 30, 4
	for i := range each * queues {
		stores[0].add(fmt.Sprint("q", i%queues))
	}
	stores[1].now = stores[0].now
	var mu sync.Mutex
	seen, running := map[int64]int{}, map[string]int{}
	var all sync.WaitGroup
	for i := range 8 {
		s := stores[i%2]
		all.Go(func() {
			for {
				jobs, err := s.Claim(t.Context(), 3, s.now.Add(lease))
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				for _, j := range jobs {
					seen[j.ID]++
					if running[j.Queue]++; running[j.Queue] > small.PerQueue {
						t.Errorf("%d jobs of %s run at once", running[j.Queue], j.Queue)
					}
				}
				left := each*queues - len(seen)
				mu.Unlock()
				for _, j := range jobs {
					mu.Lock()
					running[j.Queue]--
					mu.Unlock()
					if err := s.Finish(t.Context(), j, done); err != nil {
						t.Error(err)
					}
				}
				if left == 0 {
					return
				}
			}
		})
	}
	all.Wait()
	for id, n := range seen {
		if n != 1 {
			t.Errorf("job %d was claimed %d times", id, n)
		}
	}
	counts, err := stores[0].Counts(t.Context(), job.Filter{})
	must(t, err)
	if counts[job.Done] != each*queues || len(counts) != 1 {
		t.Errorf("Counts = %v, want %d done", counts, each*queues)
	}
}

func TestRetry(t *testing.T) {
	s := fresh(t)
	retry := func(id int64) error {
		return s.write(func(ctx context.Context, tx *record.Statements) error { return s.Retry(ctx, tx, id) })
	}
	ids := s.add("q", "q", "q", "q")
	jobs := s.wantClaim("q", "q")
	wantError(t, "Retry of one that runs", retry(ids[0]), fault.Conflict)
	wantError(t, "Retry of none", retry(1000), fault.NotFound)
	s.finish(done, jobs[0])
	s.finish(job.Outcome{State: job.Dead, Error: "no", Failed: true}, jobs[1])
	must(t, retry(ids[1]))
	must(t, retry(ids[3]))
	jobs = s.wantClaim("q", "q")
	if jobs[0].ID != ids[3] || jobs[1].ID != ids[1] || jobs[1].Attempt != 1 {
		t.Errorf("after Retry of %d and %d, Claim = %+v", ids[1], ids[3], jobs)
	}
	s.finish(s.failed(), jobs...) // three failures by now
	s.wantClaim()
	must(t, retry(ids[0]))
	if j := s.wantClaim("q")[0]; j.ID != ids[0] {
		t.Errorf("after Retry of %d in a pause, Claim = %+v", ids[0], j)
	}
}

func TestCancel(t *testing.T) {
	s := fresh(t)
	cancel := func(id int64) error {
		return s.write(func(ctx context.Context, tx *record.Statements) error { return s.Cancel(ctx, tx, id) })
	}
	ids := s.add("q", "q")
	must(t, cancel(ids[0]))
	if j := s.read(ids[0]); j.State != job.Dead || !j.Finished.Equal(s.now) {
		t.Errorf("called off: %+v", j)
	}
	wantError(t, "Cancel again", cancel(ids[0]), fault.Conflict)
	wantError(t, "Cancel of none", cancel(1000), fault.NotFound)
	if j := s.wantClaim("q")[0]; j.ID != ids[1] {
		t.Errorf("Claim = %+v, want job %d", j, ids[1])
	}
	wantError(t, "Cancel of one that runs", cancel(ids[1]), fault.Conflict)
}

func TestPrune(t *testing.T) {
	s := fresh(t)
	const n = 501 // one step and one
	s.add("done", "done")
	s.finish(done, s.wantClaim("done", "done")...)
	must(t, s.write(func(ctx context.Context, tx *record.Statements) error {
		ids, err := s.Add(ctx, tx, slices.Repeat([]job.Job{in("dead")}, n)...)
		for _, id := range ids {
			err = errors.Join(err, s.Cancel(ctx, tx, id))
		}
		return err
	}))
	want := func(what string, counts map[job.State]int) {
		t.Helper()
		if got, err := s.Counts(t.Context(), job.Filter{}); err != nil || fmt.Sprint(got) != fmt.Sprint(counts) {
			t.Errorf("%s: Counts = %v, %v, want %v", what, got, err, counts)
		}
	}
	never := time.Time{}.Add(time.Hour)
	must(t, s.Prune(t.Context(), s.now.Add(-time.Hour), s.now.Add(-time.Hour), never))
	want("all too young", map[job.State]int{job.Done: 2, job.Dead: n})
	must(t, s.Prune(t.Context(), s.now.Add(time.Hour), s.now.Add(-time.Hour), never))
	want("the done ones", map[job.State]int{job.Dead: n})
	must(t, s.Prune(t.Context(), never, s.now.Add(time.Hour), never))
	want("the dead ones", map[job.State]int{})

	old := s.add("a", "a", "b")
	running := s.wantClaim("a", "b", "a")
	s.finish(s.failed(), running[0])
	s.now = s.now.Add(time.Hour)
	young := s.add("a")
	must(t, s.Prune(t.Context(), never, never, s.now.Add(-time.Minute)))
	want("one that waited for too long", map[job.State]int{job.Running: 2, job.Dead: 1, job.Ready: 1})
	if j := s.read(old[0]); j.State != job.Dead || j.Error != "no" {
		t.Errorf("given up: %+v", j)
	}
	if j := s.read(young[0]); j.State != job.Ready {
		t.Errorf("young: %+v", j)
	}
}

func TestClear(t *testing.T) {
	s := fresh(t)
	s.add("a", "a", "a", "b")
	s.wantClaim("a", "b", "a")
	must(t, s.Clear(t.Context(), "a"))
	if counts, _ := s.Counts(t.Context(), job.Filter{Queue: "a"}); counts[job.Ready] != 0 || counts[job.Running] != 2 {
		t.Errorf("Counts = %v, want only those that run", counts)
	}
}

func TestJobs(t *testing.T) {
	s := fresh(t)
	ids := s.add("a", "b", "a", "b", "a")
	s.finish(done, s.claim(1)...)
	for _, tt := range []struct {
		name string
		f    job.Filter
		p    job.Page
		want []int64
	}{
		{"newest", job.Filter{}, job.Page{Limit: 2}, []int64{ids[4], ids[3]}},
		{"next", job.Filter{}, job.Page{Before: ids[3], Limit: 10}, []int64{ids[2], ids[1], ids[0]}},
		{"of a queue", job.Filter{Queue: "a"}, job.Page{Limit: 10}, []int64{ids[4], ids[2], ids[0]}},
		{"in a state", job.Filter{State: job.Done}, job.Page{Limit: 10}, []int64{ids[0]}},
		{"all together", job.Filter{App: "app", Queue: "a", Kind: "k", State: job.Ready}, job.Page{Before: ids[4], Limit: 10}, []int64{ids[2]}},
		{"of another app", job.Filter{App: "other"}, job.Page{Limit: 10}, nil},
	} {
		jobs, err := s.Jobs(t.Context(), tt.f, tt.p)
		must(t, err)
		var got []int64
		for _, j := range jobs {
			got = append(got, j.ID)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("Jobs %s = %v, want %v", tt.name, got, tt.want)
		}
	}
}
