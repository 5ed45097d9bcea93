// Package insight is the portal's pages about what an app is asked for: figures
// over time, and what was refused, as it happens.
package insight

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/stowgate/stowgate/internal/account"
	figures "github.com/stowgate/stowgate/internal/insight"
	"github.com/stowgate/stowgate/internal/manage"
	"github.com/stowgate/stowgate/internal/protocol/portal/frame"
)

// Pages are the pages of this package.
type Pages struct {
	*frame.Frame
	insight *figures.Service
}

// New returns the pages.
func New(f *frame.Frame, insight *figures.Service) *Pages { return &Pages{f, insight} }

// Rows returns the table of the pages.
func (p *Pages) Rows() []frame.Row {
	const page, refusals = "/apps/{app}/insight", "/apps/{app}" + ofApp
	return []frame.Row{
		{Method: http.MethodGet, Path: page, Act: account.ViewApp, Do: p.page},
		{Method: http.MethodGet, Path: refusals, Act: account.ViewApp, Do: p.refusalsPage},
		{Method: http.MethodGet, Path: refusals + "/live", Act: account.ViewApp, Do: p.live},
		{Method: http.MethodGet, Path: unknown, Act: account.ManageServer, Do: p.refusalsPage},
		{Method: http.MethodGet, Path: unknown + "/live", Act: account.ManageServer, Do: p.live},
	}
}

const day = 24 * time.Hour

// A span is a length of time that figures are shown of.
type span struct {
	key, name string
	every     string
	step      time.Duration
	steps     int
	label     string // how the beginning of a step is written
}

var spans = []span{
	{"day", "a day", "hour", time.Hour, 24, "2 Jan, 15:04"},
	{"week", "a week", "6 hours", 6 * time.Hour, 28, "2 Jan, 15:04"},
	{"month", "30 days", "day", day, 30, "2 Jan"},
	{"year", "a year", "week", 7 * day, 53, "2 Jan 2006"},
}

// A tab is a link to the page with another choice.
type tab struct {
	Link, Name string
	Current    bool
}

// A view is what the page shows.
type view struct {
	Spans, Actions []tab
	From           time.Time
	Charts         []chart
	ByAction       []actions
	Reasons, Fails []count
	Usage          figures.Usage
	Full           int64 // percent of MaxBytes, if there is one
	Made           int64
	Mean           time.Duration // to make a variant
	Slowest        []slow
	Secrets        []secret
	Refusals       string // path of the page
}

type actions struct {
	Name                     string
	Allowed, Refused, Failed int64
}

type count struct {
	Name  string
	Times int64
}

type slow struct {
	figures.Slow
	Words string // what it does
	Mean  time.Duration
}

type secret struct {
	manage.Secret
	Used time.Time
}

func (p *Pages) page(ctx context.Context, v *frame.Visit) error {
	seen, err := p.insight.View(v.Actor, v.App.Key)
	if err != nil {
		return err
	}
	chosen := spans[max(0, slices.IndexFunc(spans, func(s span) bool { return s.key == v.Value("range") }))]
	action := v.Value("action")
	if !slices.Contains(figures.Actions(), action) {
		action = ""
	}
	now := p.Now().UTC()
	from := now.Truncate(chosen.step).Add(-time.Duration(chosen.steps-1) * chosen.step)
	points, err := seen.Series(ctx, from, now.Add(time.Nanosecond), chosen.step)
	if err != nil {
		return err
	}
	shown := view{From: from, Refusals: v.Link(ofApp)}
	shown.draw(points, chosen, action)
	shown.Actions = tabs(v, chosen, action, shown.ByAction)
	for _, s := range spans {
		shown.Spans = append(shown.Spans, tab{link(v, s, action), s.name, s == chosen})
	}
	if shown.Usage, err = seen.Usage(ctx); err != nil {
		return err
	}
	if most := v.App.Options.MaxBytes; most > 0 {
		shown.Full = min(100, shown.Usage.Bytes/max(1, most/100))
	}
	slowest, err := seen.SlowestOf(ctx, from, now)
	if err != nil {
		return err
	}
	for _, one := range slowest {
		shown.Slowest = append(shown.Slowest, slow{one, words(one.Plan), one.Total / time.Duration(max(1, one.Times))})
	}
	used, err := seen.SecretUses(ctx)
	if err != nil {
		return err
	}
	for _, one := range v.App.Secrets {
		shown.Secrets = append(shown.Secrets, secret{one, used[one.Fingerprint]})
	}
	return p.Show(v, "insight", "Insight", shown)
}

func link(v *frame.Visit, s span, action string) string {
	q := url.Values{"range": {s.key}}
	if action != "" {
		q.Set("action", action)
	}
	return v.Link("/insight") + "?" + q.Encode()
}

// tabs links to the requests of each action that there were any of.
func tabs(v *frame.Visit, s span, action string, all []actions) []tab {
	list := []tab{{link(v, s, ""), "all", action == ""}}
	for _, a := range all {
		list = append(list, tab{link(v, s, a.Name), a.Name, a.Name == action})
	}
	return list
}

// draw makes the charts and the sums of points.
func (shown *view) draw(points []figures.Point, s span, action string) {
	reasons, fails, by := map[string]int64{}, map[string]int64{}, map[string]*actions{}
	var times []string
	var render time.Duration
	for _, point := range points {
		times = append(times, point.Start.Format(s.label))
		add(reasons, point.Reasons)
		add(fails, point.Failures)
		for _, name := range figures.Actions() {
			if by[name] == nil {
				by[name] = &actions{Name: name}
			}
			by[name].Allowed += point.Allowed[name]
			by[name].Refused += point.Refused[name]
			by[name].Failed += point.Failed[name]
		}
		shown.Made, render = shown.Made+point.Made, render+point.Render
	}
	shown.Mean = render / time.Duration(max(1, shown.Made))
	shown.Reasons, shown.Fails = sorted(reasons), sorted(fails)
	for _, name := range figures.Actions() {
		if a := by[name]; a.Allowed+a.Refused+a.Failed > 0 {
			shown.ByAction = append(shown.ByAction, *a)
		}
	}
	of := func(counts map[string]int64) int64 {
		if action != "" {
			return counts[action]
		}
		return total(counts)
	}
	title := "Requests"
	if action != "" {
		title += " to " + action
	}
	top := shown.Reasons[:min(len(shown.Reasons), len(reasonFills)-1)]
	var parts []series
	for i, r := range top {
		parts = append(parts, series{Name: r.Name, Fill: reasonFills[i]})
	}
	if len(top) < len(shown.Reasons) {
		parts = append(parts, series{Name: "all others", Fill: reasonFills[len(top)]})
	}
	every := " in each " + s.every
	shown.Charts = []chart{
		chart{ID: "requests", Title: title + every, Series: []series{{Name: "allowed", Fill: 1}, {Name: "refused", Fill: 2}, {Name: "failed", Fill: 3}}}.draw(
			times, each(points, func(s figures.Sums) []int64 { return []int64{of(s.Allowed), of(s.Refused), of(s.Failed)} }), frame.Count),
		chart{ID: "refusals", Title: "Refusals" + every + ", by reason", Series: parts}.draw(times, each(points, func(s figures.Sums) []int64 {
			values, rest := make([]int64, len(parts)), total(s.Reasons)
			for i, r := range top {
				values[i] = s.Reasons[r.Name]
				rest -= values[i]
			}
			if len(parts) > len(top) {
				values[len(top)] = rest
			}
			return values
		}), frame.Count),
		chart{ID: "bytes", Title: "Bytes" + every, Series: []series{{Name: "in", Fill: 1}, {Name: "out", Fill: 4}}}.draw(
			times, each(points, func(s figures.Sums) []int64 { return []int64{s.In, s.Out} }), frame.Bytes),
		chart{ID: "variants", Title: "Transformed files" + every, Series: []series{{Name: "made", Fill: 1}, {Name: "served from what was kept", Fill: 4}}}.draw(
			times, each(points, func(s figures.Sums) []int64 { return []int64{s.Made, s.Kept} }), frame.Count),
	}
}

// reasonFills are what reasons are drawn with, the commonest first. The last is
// for all that have none.
var reasonFills = []int{2, 3, 1, 4, 5}

// each returns the values of each point.
func each(points []figures.Point, values func(figures.Sums) []int64) [][]int64 {
	all := make([][]int64, len(points))
	for i, point := range points {
		all[i] = values(point.Sums)
	}
	return all
}

func add(to, counts map[string]int64) {
	for name, n := range counts {
		to[name] += n
	}
}

func total(counts map[string]int64) (sum int64) {
	for _, n := range counts {
		sum += n
	}
	return sum
}

// sorted returns the counts, the most first.
func sorted(counts map[string]int64) []count {
	var list []count
	for name, n := range counts {
		list = append(list, count{name, n})
	}
	slices.SortFunc(list, func(a, b count) int { return cmp.Or(cmp.Compare(b.Times, a.Times), cmp.Compare(a.Name, b.Name)) })
	return list
}
