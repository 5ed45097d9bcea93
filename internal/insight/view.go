package insight

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/fault"
)

// Unknown is the app of requests whose API key no app has, or that name none.
const Unknown = ""

// A View is what somebody may see of an app.
type View struct {
	service *Service
	app     string
}

// View returns what the actor may see of app. Unknown is for operators. The
// errors are those of account.Actor.Check.
func (s *Service) View(actor account.Actor, app string) (View, error) {
	act := account.ViewApp
	if app == Unknown {
		act = account.ManageServer
	}
	if err := actor.Check(act, app); err != nil {
		return View{}, err
	}
	return View{s, app}, nil
}

// Sums are figures of a span of time. Absent actions and reasons are 0.
type Sums struct {
	Allowed map[string]int64 `json:"allowed"` // requests by action
	Refused map[string]int64 `json:"refused"` // requests that a policy or limit did not allow, by action
	Failed  map[string]int64 `json:"failed"`  // requests that failed otherwise, by action

	Reasons  map[string]int64 `json:"reasons"`  // of Refused
	Failures map[string]int64 `json:"failures"` // reasons of Failed

	In     int64         `json:"in"`     // bytes of requests' bodies
	Out    int64         `json:"out"`    // bytes of answers' bodies
	Made   int64         `json:"made"`   // variants that were made
	Kept   int64         `json:"kept"`   // times that a variant did not have to be made
	Render time.Duration `json:"render"` // nanoseconds that making them took
}

// A Point is what there was in a step of time.
type Point struct {
	Start time.Time `json:"start"`
	Sums
}

// Names of figures besides those of requests and reasons.
const (
	nameIn     = "in"
	nameOut    = "out"
	nameMade   = "made"
	nameKept   = "kept"
	nameRender = "render"
)

// The names of counts of requests, like refused/upload, and of reasons, like
// refused because/policy expired.
var (
	requestNames = func() (names [outcomes][actions]string) {
		for o := range outcomes {
			for a := range actions {
				names[o][a] = outcomeNames[o] + "/" + a.String()
			}
		}
		return names
	}()
	reasonNames = func() (names [outcomes][allReasons]string) {
		for o := range outcomes {
			for r := range reason(allReasons) {
				names[o][r] = outcomeNames[o] + because + "/" + r.String()
			}
		}
		return names
	}()
)

const because = " because"

// add adds a figure.
func (s *Sums) add(name string, n int64) {
	what, of, _ := strings.Cut(name, "/")
	into := map[string]*map[string]int64{
		"allowed": &s.Allowed, "refused": &s.Refused, "failed": &s.Failed,
		"refused" + because: &s.Reasons, "failed" + because: &s.Failures,
	}[what]
	switch {
	case into != nil:
		if *into == nil {
			*into = make(map[string]int64)
		}
		(*into)[of] += n
	case what == nameIn:
		s.In += n
	case what == nameOut:
		s.Out += n
	case what == nameMade:
		s.Made += n
	case what == nameKept:
		s.Kept += n
	case what == nameRender:
		s.Render += time.Duration(n)
	}
}

// MaxPoints is how many points a series has at most.
const MaxPoints = 1000

// Series returns the figures of [from, to), added up in steps that begin at
// multiples of step in UTC. There is a point for each step, the first one being
// that of from. A step is a multiple of an hour; what is older than KeepHours
// counts at the beginning of its day. What was counted in the last seconds is
// not there yet. The error wraps fault.Invalid for another step, and
// fault.TooLarge for more than MaxPoints steps.
func (v View) Series(ctx context.Context, from, to time.Time, step time.Duration) ([]Point, error) {
	if step < time.Hour || step%time.Hour != 0 {
		return nil, fmt.Errorf("step of %v is no number of hours: %w", step, fault.Invalid)
	}
	from = from.UTC().Truncate(step)
	if to.Sub(from) > MaxPoints*step {
		return nil, fmt.Errorf("more than %d steps of %v: %w", MaxPoints, step, fault.TooLarge)
	}
	points := []Point{}
	for at := from; at.Before(to); at = at.Add(step) {
		points = append(points, Point{Start: at})
	}
	figures, err := v.service.store.Figures(ctx, v.app, from, to)
	if err != nil {
		return nil, err
	}
	for _, f := range figures {
		points[f.Start.Sub(from)/step].add(f.Name, f.Value)
	}
	return points, nil
}

// Totals returns the figures of [from, to), which are counted by hours, or days
// when they are older than KeepHours.
func (v View) Totals(ctx context.Context, from, to time.Time) (Sums, error) {
	figures, err := v.service.store.Figures(ctx, v.app, from.UTC().Truncate(time.Hour), to)
	if err != nil {
		return Sums{}, err
	}
	var s Sums
	for _, f := range figures {
		s.add(f.Name, f.Value)
	}
	return s, nil
}

// Slowest returns the slowest transformations of a day in UTC, the slowest
// first, at most MaxSlowest.
func (v View) Slowest(ctx context.Context, day time.Time) ([]Slow, error) {
	return v.service.store.Slowest(ctx, v.app, day.UTC().Truncate(24*time.Hour))
}

// SlowestOf returns the slowest transformations of the days of [from, to] in
// UTC, the slowest first, at most MaxSlowest. Those older than KeepPlans are not
// known.
func (v View) SlowestOf(ctx context.Context, from, to time.Time) ([]Slow, error) {
	if oldest := to.Add(-KeepPlans); from.Before(oldest) {
		from = oldest
	}
	plans := make(map[string]Slow)
	for day := from.UTC().Truncate(24 * time.Hour); !day.After(to); day = day.Add(24 * time.Hour) {
		of, err := v.Slowest(ctx, day)
		if err != nil {
			return nil, err
		}
		for _, one := range of {
			p := plans[one.Plan]
			plans[one.Plan] = Slow{one.App, one.Plan, max(p.Worst, one.Worst), p.Total + one.Total, p.Times + one.Times}
		}
	}
	all := slices.SortedFunc(maps.Values(plans), func(a, b Slow) int {
		return cmp.Or(cmp.Compare(b.Worst, a.Worst), cmp.Compare(a.Plan, b.Plan))
	})
	return all[:min(len(all), MaxSlowest)], nil
}

// Usage returns what the app stores now.
func (v View) Usage(ctx context.Context) (Usage, error) { return v.service.store.Usage(ctx, v.app) }

// SecretUses returns when each secret was last used, to the minute, by its
// fingerprint (see policy.Secret). One that is absent was not used.
func (v View) SecretUses(ctx context.Context) (map[string]time.Time, error) {
	return v.service.store.SecretUses(ctx, v.app)
}

// Refusals returns up to limit refusals by this server since it was started,
// newest first; it remembers MaxRefusalsPerApp.
func (v View) Refusals(limit int) []Refusal { return v.service.tail.last(v.app, limit) }

// Subscribe returns a channel of the refusals that come from now on, which is
// closed when ctx ends. Who is slow misses some. The error wraps fault.Busy if
// too many have subscribed.
func (v View) Subscribe(ctx context.Context) (<-chan Refusal, error) {
	return v.service.tail.subscribe(ctx, v.app)
}
