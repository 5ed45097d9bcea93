// Package insight counts what apps are asked for, and what of it was refused and
// why: in memory, without a lock, and every few seconds into a store. It shows
// the figures of an app over time, and its refusals as they happen, to those who
// may see them. It decides nothing about the requests that it counts.
//
// What was counted since the last flush, a few seconds, is lost in a crash. A
// request counts for the hour in which it is flushed, so that figures of two
// hours may differ from their requests by those of a few seconds.
package insight

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/stowgate/stowgate/internal/policy"
)

// How long figures are kept.
const (
	KeepHours = 30 * 24 * time.Hour      // by hour; then they are added up by day
	KeepDays  = 2 * 365 * 24 * time.Hour // by day
	KeepPlans = 30 * 24 * time.Hour      // the slowest transformations of each day
)

// A Store is where figures are kept.
type Store interface {
	// Add adds b, all of it or, after an error, nothing.
	Add(ctx context.Context, b Batch) error

	// Figures returns the figures of app that begin in [from, to), in the order
	// of their beginnings.
	Figures(ctx context.Context, app string, from, to time.Time) ([]Figure, error)

	// Slowest returns the slowest plans of app on the day that begins then, the
	// slowest first, at most MaxSlowest.
	Slowest(ctx context.Context, app string, day time.Time) ([]Slow, error)

	// Usage returns what app stores.
	Usage(ctx context.Context, app string) (Usage, error)

	// SecretUses returns when each secret of app was last used, by its fingerprint.
	SecretUses(ctx context.Context, app string) (map[string]time.Time, error)

	// Compact adds up by day what is older than hours, and drops what is older
	// than days, or than plans.
	Compact(ctx context.Context, hours, days, plans time.Time) error
}

// A Figure is how much of something there was, from an instant on, for an hour
// or a day.
type Figure struct {
	App   string
	Start time.Time
	Name  string // one of those that Sums is made of
	Value int64
}

// A Slow is a transformation as the slowest of a day are told: its longest
// rendering, and how often it was rendered.
type Slow struct {
	App   string        `json:"-"`
	Plan  string        `json:"plan"`    // its canonical text
	Worst time.Duration `json:"worst"`   // nanoseconds
	Total time.Duration `json:"total"`   // nanoseconds
	Times int64         `json:"renders"` // since it is among the slowest
}

// A Used says when a secret was last used.
type Used struct {
	App, Fingerprint string
	Time             time.Time // to the minute
}

// A Usage is what an app stores.
type Usage struct {
	Files int64 `json:"files"`
	Bytes int64 `json:"bytes"`
}

// A Batch is what is added to a store at once.
type Batch struct {
	Figures []Figure  // each of an hour
	Day     time.Time // of Plans
	Plans   []Slow
	Secrets []Used
}

// Config adjusts a Service. The zero Config is ready to use.
type Config struct {
	Every time.Duration       // between two flushes; 0 means 5 s
	Clean func(string) string // takes secrets out of a text of a refusal; nil means that there are none
	Log   *slog.Logger        // nil means slog.Default
	Now   func() time.Time    // nil means time.Now
}

// A Service counts. Its methods may be called concurrently.
type Service struct {
	store  Store
	config Config
	apps   apps
	tail   tail

	flushing  sync.Mutex
	compacted time.Time // guarded by flushing
}

// New returns a Service that keeps figures in store.
func New(store Store, c Config) *Service {
	if c.Every == 0 {
		c.Every = 5 * time.Second
	}
	if c.Clean == nil {
		c.Clean = func(text string) string { return text }
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Service{store: store, config: c}
}

// Count counts a request that was answered.
func (s *Service) Count(v Visit) {
	outcome, reason := judge(v.Err)
	app := s.apps.of(v.App)
	app.requests[outcome][v.Action].Add(1)
	app.in.Add(v.In)
	app.out.Add(v.Out)
	if v.Secret != "" {
		app.secrets.use(v.Secret, v.Time)
	}
	if v.Err == nil {
		return
	}
	app.reasons[outcome][reason].Add(1)
	if outcome == refused {
		s.tail.add(v.refusal(reason, s.config.Clean))
	}
}

// Kept counts a variant that was kept, and did not have to be made.
func (s *Service) Kept(app string) { s.apps.of(app).kept.Add(1) }

// Made counts a variant that was made, in how much time, without what it
// waited for.
func (s *Service) Made(app, plan string, took time.Duration) {
	a := s.apps.of(app)
	a.made.Add(1)
	a.render.Add(int64(took))
	a.slowest.add(s.config.Clean(plan), took)
}

// Run flushes every few seconds until ctx ends.
func (s *Service) Run(ctx context.Context) {
	tick := time.NewTicker(s.config.Every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := s.Flush(ctx); err != nil && ctx.Err() == nil {
			s.config.Log.Error("cannot keep figures", "err", err)
		}
	}
}

// maxBatch is how many records one transaction adds at most.
const maxBatch = 2000

// compactEvery is how often old figures are added up.
const compactEvery = time.Hour

// Flush puts what was counted into the store. After an error, what was not put
// there counts for the next time.
func (s *Service) Flush(ctx context.Context) error {
	s.flushing.Lock()
	defer s.flushing.Unlock()
	now := s.config.Now().UTC()
	hour, day := now.Truncate(time.Hour), now.Truncate(24*time.Hour)
	var b Batch
	var errs []error
	put := func() {
		if len(b.Figures)+len(b.Plans)+len(b.Secrets) == 0 {
			return
		}
		if err := s.store.Add(ctx, b); err != nil {
			errs = append(errs, err)
			s.apps.restore(b)
		}
		b = Batch{Day: day}
	}
	b.Day = day
	for name, app := range s.apps.drain(now) {
		app.take(name, hour, &b)
		if len(b.Figures)+len(b.Plans)+len(b.Secrets) >= maxBatch {
			put()
		}
	}
	put()
	if now.Sub(s.compacted) >= compactEvery && len(errs) == 0 {
		errs = append(errs, s.store.Compact(ctx, day.Add(-KeepHours), day.Add(-KeepDays), day.Add(-KeepPlans)))
		s.compacted = now
	}
	return errors.Join(errs...)
}

// Close flushes for the last time.
func (s *Service) Close() error { return s.Flush(context.Background()) }

// Actions are what requests are counted by. The first is all else.
func Actions() []string { return slices.Clone(actionNames[:]) }

// Reasons are what refusals are counted by, among others.
func Reasons() []string {
	var texts []string
	for _, r := range policy.Reasons {
		texts = append(texts, r.String())
	}
	return texts
}
