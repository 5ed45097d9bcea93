package insight

import (
	"cmp"
	"iter"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// maxApps is how many apps are counted apart between two flushes; what comes
// for others meanwhile counts for none.
const maxApps = 10_000

// apps are the counters of those apps that something was counted for lately.
type apps struct {
	known sync.Map // of *counters by key
	size  atomic.Int64

	retired []retired // those dropped lately
}

// retired counters are found by nobody any more, but who found them before may
// be about to add to them.
type retired struct {
	app   string
	since time.Time
	*counters
}

// retirement is how long that may take, even if the machine stalls.
const retirement = 30 * time.Second

// of returns the counters of the app with this key.
func (a *apps) of(key string) *counters {
	if c, ok := a.known.Load(key); ok {
		return c.(*counters)
	}
	if key != "" && a.size.Add(1) > maxApps {
		a.size.Add(-1)
		return a.of("")
	}
	c, loaded := a.known.LoadOrStore(key, new(counters))
	if loaded && key != "" {
		a.size.Add(-1)
	}
	return c.(*counters)
}

// drain yields the counters of every app, and retires those that nothing was
// counted by since the drain before. It is not called concurrently.
func (a *apps) drain(now time.Time) iter.Seq2[string, *counters] {
	return func(yield func(string, *counters) bool) {
		for _, r := range a.retired {
			if !yield(r.app, r.counters) {
				return
			}
		}
		before := len(a.retired)
		a.retired = slices.DeleteFunc(a.retired, func(r retired) bool { return now.Sub(r.since) > retirement })
		a.size.Add(int64(len(a.retired) - before))
		a.known.Range(func(key, value any) bool {
			name, c := key.(string), value.(*counters)
			if name != "" && c.idle() {
				a.known.Delete(name)
				a.retired = append(a.retired, retired{name, now, c})
				return true
			}
			return yield(name, c)
		})
	}
}

// restore counts again what could not be kept.
func (a *apps) restore(b Batch) {
	for _, f := range b.Figures {
		a.of(f.App).each(func(name string, n *atomic.Int64) {
			if name == f.Name {
				n.Add(f.Value)
			}
		})
	}
	for _, p := range b.Plans {
		a.of(p.App).slowest.merge(p)
	}
	for _, u := range b.Secrets {
		a.of(u.App).secrets.note(u.Fingerprint, u.Time)
	}
}

// counters count for one app.
type counters struct {
	requests [outcomes][actions]atomic.Int64
	reasons  [outcomes][allReasons]atomic.Int64
	in, out  atomic.Int64
	made     atomic.Int64
	kept     atomic.Int64
	render   atomic.Int64 // nanoseconds
	slowest  slowest
	secrets  secrets
}

// each calls do with every count and its name.
func (c *counters) each(do func(name string, n *atomic.Int64)) {
	for o, name := range outcomeNames {
		for a := range c.requests[o] {
			do(requestNames[o][a], &c.requests[o][a])
		}
		if name == "allowed" {
			continue
		}
		for r := range c.reasons[o] {
			do(reasonNames[o][r], &c.reasons[o][r])
		}
	}
	do(nameIn, &c.in)
	do(nameOut, &c.out)
	do(nameMade, &c.made)
	do(nameKept, &c.kept)
	do(nameRender, &c.render)
}

// idle reports whether nothing was counted.
func (c *counters) idle() bool {
	idle := true
	c.each(func(_ string, n *atomic.Int64) { idle = idle && n.Load() == 0 })
	return idle && c.slowest.empty() && c.secrets.empty()
}

// take moves what was counted for app to b.
func (c *counters) take(app string, hour time.Time, b *Batch) {
	c.each(func(name string, n *atomic.Int64) {
		if n.Load() == 0 {
			return
		}
		b.Figures = append(b.Figures, Figure{App: app, Start: hour, Name: name, Value: n.Swap(0)})
	})
	b.Plans = append(b.Plans, c.slowest.take(app)...)
	b.Secrets = append(b.Secrets, c.secrets.take(app)...)
}

// MaxSlowest is how many of the slowest transformations of a day are kept.
const MaxSlowest = 20

// maxSlow is how many are told apart between two flushes.
const maxSlow = 3 * MaxSlowest

// maxPlan is how many bytes of a plan's text are kept.
const maxPlan = 500

// slowest are the slowest plans since the last flush.
type slowest struct {
	mu    sync.Mutex
	plans map[string]*Slow
}

func (s *slowest) add(plan string, took time.Duration) {
	if len(plan) > maxPlan {
		plan = plan[:maxPlan] + "…"
	}
	s.merge(Slow{Plan: plan, Worst: took, Total: took, Times: 1})
}

// merge adds p. When there are too many, the fastest is dropped.
func (s *slowest) merge(p Slow) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if old := s.plans[p.Plan]; old != nil {
		old.Worst, old.Total, old.Times = max(old.Worst, p.Worst), old.Total+p.Total, old.Times+p.Times
		return
	}
	if len(s.plans) >= maxSlow {
		fastest := slices.MinFunc(slices.Collect(maps.Values(s.plans)), func(a, b *Slow) int { return cmp.Compare(a.Worst, b.Worst) })
		if fastest.Worst >= p.Worst {
			return
		}
		delete(s.plans, fastest.Plan)
	}
	if s.plans == nil {
		s.plans = make(map[string]*Slow)
	}
	s.plans[p.Plan] = &p
}

func (s *slowest) empty() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.plans) == 0
}

func (s *slowest) take(app string) []Slow {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Slow
	for _, p := range s.plans {
		p.App = app
		all = append(all, *p)
	}
	s.plans = nil
	return all
}

// maxSecrets is how many secrets of an app are told apart between two flushes.
const maxSecrets = 8

// secrets are those that were used since the last flush.
type secrets struct {
	last atomic.Pointer[Used] // the one used last: mostly there is no other
	mu   sync.Mutex
	used map[string]time.Time
}

// use notes that a secret was used.
func (s *secrets) use(fingerprint string, at time.Time) {
	if last := s.last.Load(); last != nil && last.Fingerprint == fingerprint && at.Sub(last.Time) < time.Minute {
		return
	}
	at = at.Truncate(time.Minute)
	s.last.Store(&Used{Fingerprint: fingerprint, Time: at})
	s.note(fingerprint, at)
}

func (s *secrets) note(fingerprint string, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.used == nil {
		s.used = make(map[string]time.Time)
	}
	if old, ok := s.used[fingerprint]; ok && !at.After(old) || !ok && len(s.used) >= maxSecrets {
		return
	}
	s.used[fingerprint] = at
}

func (s *secrets) empty() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.used) == 0
}

func (s *secrets) take(app string) []Used {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Used
	for fingerprint, at := range s.used {
		all = append(all, Used{app, fingerprint, at})
	}
	s.used = nil
	return all
}
