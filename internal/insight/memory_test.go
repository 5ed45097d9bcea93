package insight_test

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/stowgate/stowgate/internal/insight"
)

// memory is a Store that adds up what it is given.
type memory struct {
	mu      sync.Mutex
	fail    bool // whether Add fails
	adds    int
	largest int // batch
	sums    map[string]map[string]int64
	hours   map[time.Time]bool
	plans   map[string]insight.Slow
	used    map[string]time.Time
	days    map[time.Time][]insight.Slow // that Slowest returns
}

var errDisk = errors.New("no disk")

func (m *memory) Add(_ context.Context, b insight.Batch) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.adds++; m.fail {
		return errDisk
	}
	if m.sums == nil {
		m.sums, m.hours = map[string]map[string]int64{}, map[time.Time]bool{}
		m.plans, m.used = map[string]insight.Slow{}, map[string]time.Time{}
	}
	m.largest = max(m.largest, len(b.Figures)+len(b.Plans)+len(b.Secrets))
	for _, f := range b.Figures {
		if m.sums[f.App] == nil {
			m.sums[f.App] = map[string]int64{}
		}
		m.sums[f.App][f.Name] += f.Value
		m.hours[f.Start] = true
	}
	for _, p := range b.Plans {
		old := m.plans[p.Plan]
		m.plans[p.Plan] = insight.Slow{Plan: p.Plan, App: p.App, Worst: max(old.Worst, p.Worst), Total: old.Total + p.Total, Times: old.Times + p.Times}
	}
	for _, u := range b.Secrets {
		m.used[u.App+" "+u.Fingerprint] = u.Time
	}
	return nil
}

func (m *memory) Figures(_ context.Context, app string, from, to time.Time) ([]insight.Figure, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []insight.Figure
	for name, n := range m.sums[app] {
		all = append(all, insight.Figure{App: app, Start: from, Name: name, Value: n})
	}
	return all, nil
}

func (m *memory) Slowest(_ context.Context, _ string, day time.Time) ([]insight.Slow, error) {
	return m.days[day], nil
}
func (m *memory) Usage(context.Context, string) (insight.Usage, error)             { return insight.Usage{}, nil }
func (m *memory) SecretUses(context.Context, string) (map[string]time.Time, error) { return nil, nil }
func (m *memory) Compact(context.Context, time.Time, time.Time, time.Time) error   { return nil }
