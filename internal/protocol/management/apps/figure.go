package apps

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/insight"
	"github.com/stowgate/stowgate/internal/protocol/management/call"
)

// figureRows are about what apps are asked for.
func (a *API) figureRows() []call.Row {
	const page = "/apps/{app}/figures"
	span := []string{"from", "until"}
	return []call.Row{
		{Method: http.MethodGet, Path: page, Act: account.ViewApp, Query: append([]string{"step"}, span...), Do: a.series},
		{Method: http.MethodGet, Path: page + "/totals", Act: account.ViewApp, Query: span, Do: a.totals},
		{Method: http.MethodGet, Path: page + "/slowest", Act: account.ViewApp, Query: span, Do: a.slowest},
		{Method: http.MethodGet, Path: "/apps/{app}/refusals", Act: account.ViewApp, Query: []string{"limit"}, Do: a.refusals},
		{Method: http.MethodGet, Path: "/apps/{app}/usage", Act: account.ViewApp, Do: a.usage},
	}
}

// Sums are figures as answers have them.
type sums struct {
	Allowed  map[string]int64 `json:"allowed"`
	Refused  map[string]int64 `json:"refused"`
	Failed   map[string]int64 `json:"failed"`
	Reasons  map[string]int64 `json:"reasons"`
	Failures map[string]int64 `json:"failures"`
	In       int64            `json:"bytes_in"`
	Out      int64            `json:"bytes_out"`
	Made     int64            `json:"variants_made"`
	Kept     int64            `json:"variants_kept"`
	Render   float64          `json:"render_ms"`
}

func showSums(s insight.Sums) sums {
	counts := func(m map[string]int64) map[string]int64 {
		if m == nil {
			return map[string]int64{}
		}
		return m
	}
	return sums{counts(s.Allowed), counts(s.Refused), counts(s.Failed), counts(s.Reasons), counts(s.Failures),
		s.In, s.Out, s.Made, s.Kept, call.Milliseconds(s.Render)}
}

// A point is what there was in a step of time.
type point struct {
	Start time.Time `json:"start"`
	sums
}

// span returns the time that figures are asked for: the last day unless the
// parameters say otherwise.
func (a *API) span(c *call.Call) (from, until time.Time, err error) {
	from, err = c.Time("from")
	if err == nil {
		until, err = c.Time("until")
	}
	if until.IsZero() {
		until = a.Now()
	}
	if from.IsZero() {
		from = until.Add(-24 * time.Hour)
	}
	if err == nil && !from.Before(until) {
		err = account.Refuse(fault.Invalid, "from", "it is not before the end of the time")
	}
	return from, until, err
}

// spanned answers with figures of a span of time.
func spanned[T any](a *API, c *call.Call, read func(v insight.View, from, until time.Time) (T, error)) (T, error) {
	var none T
	from, until, err := a.span(c)
	if err != nil {
		return none, err
	}
	view, err := a.Figures.View(c.Actor, c.App)
	if err != nil {
		return none, err
	}
	return read(view, from, until)
}

func (a *API) series(ctx context.Context, c *call.Call) (any, error) {
	step, err := call.Param(c, "step", "a multiple of 3600 seconds", func(text string) (time.Duration, error) {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n <= 0 || n > call.MaxSeconds || n%3600 != 0 {
			return 0, cmp.Or(err, error(fault.Invalid))
		}
		return time.Duration(n) * time.Second, nil
	})
	if err != nil {
		return nil, err
	}
	points, err := spanned(a, c, func(v insight.View, from, until time.Time) ([]insight.Point, error) {
		return v.Series(ctx, from, until, cmp.Or(step, time.Hour))
	})
	if errors.Is(err, fault.TooLarge) {
		return nil, account.Refuse(fault.TooLarge, "step", "these are more than %d steps: take longer ones", insight.MaxPoints)
	}
	if err != nil {
		return nil, err
	}
	return call.Listed(points, func(p insight.Point) point { return point{p.Start.UTC(), showSums(p.Sums)} }), nil
}

func (a *API) totals(ctx context.Context, c *call.Call) (any, error) {
	found, err := spanned(a, c, func(v insight.View, from, until time.Time) (insight.Sums, error) { return v.Totals(ctx, from, until) })
	if err != nil {
		return nil, err
	}
	return showSums(found), nil
}

// A slow is one of the slowest transformations.
type slow struct {
	Plan    string  `json:"plan"`
	Worst   float64 `json:"worst_ms"`
	Total   float64 `json:"total_ms"`
	Renders int64   `json:"renders"`
}

func (a *API) slowest(ctx context.Context, c *call.Call) (any, error) {
	found, err := spanned(a, c, func(v insight.View, from, until time.Time) ([]insight.Slow, error) {
		return v.SlowestOf(ctx, from, until)
	})
	if err != nil {
		return nil, err
	}
	return call.Listed(found, func(s insight.Slow) slow {
		return slow{s.Plan, call.Milliseconds(s.Worst), call.Milliseconds(s.Total), s.Times}
	}), nil
}

func (a *API) refusals(ctx context.Context, c *call.Call) (any, error) {
	limit, err := c.Limit()
	if err != nil {
		return nil, err
	}
	view, err := a.Figures.View(c.Actor, c.App)
	if err != nil {
		return nil, err
	}
	return call.Listed(view.Refusals(limit), func(r insight.Refusal) insight.Refusal { r.Time = r.Time.UTC(); return r }), nil
}

func (a *API) usage(ctx context.Context, c *call.Call) (any, error) {
	view, err := a.Figures.View(c.Actor, c.App)
	if err != nil {
		return nil, err
	}
	return view.Usage(ctx)
}
