package insight

import (
	"cmp"
	"context"
	"encoding/json"
	"net/url"
	"slices"

	figures "github.com/stowgate/stowgate/internal/insight"
	"github.com/stowgate/stowgate/internal/protocol/portal/frame"
)

// A refusal is one as it is shown: on the page, and in what that listens to.
type refusal struct {
	ID      string `json:"id"` // of the request
	Time    string `json:"time"`
	Action  string `json:"action"`
	Handle  string `json:"handle"`
	Reason  string `json:"reason"`
	Detail  string `json:"detail"`
	Client  string `json:"client"`
	Path    string `json:"path"`              // that was asked for
	Explain string `json:"explain,omitempty"` // path of the page that does; empty for none
}

// calls are what policies call actions.
var calls = map[string]string{"upload": "store", "part": "store", "read": "read", "stat": "stat", "convert": "convert", "overwrite": "write", "remove": "remove"}

func shownRefusal(v *frame.Visit, r figures.Refusal) refusal {
	shown := refusal{ID: r.Request, Time: r.Time.Format("2 Jan 2006, 15:04:05 UTC"), Action: r.Action, Handle: r.Asset, Reason: r.Reason,
		Detail: r.Detail, Client: r.Client, Path: r.Method + " " + r.Path}
	if v.App == nil {
		return shown
	}
	q := url.Values{}
	for name, value := range map[string]string{"action": calls[r.Action], "handle": r.Asset} {
		if value != "" {
			q.Set(name, value)
		}
	}
	shown.Explain = v.Link("/policies") + "?" + q.Encode() + "#explain"
	return shown
}

// view returns what the visitor may see of the app that the page is about, or of
// requests that name none.
func (p *Pages) view(v *frame.Visit) (figures.View, error) {
	if v.App == nil {
		return p.insight.View(v.Actor, figures.Unknown)
	}
	return p.insight.View(v.Actor, v.App.Key)
}

// Where refusals are shown: of an app, and of requests that name none.
const (
	ofApp   = "/insight/refusals"
	unknown = "/refusals"
)

// A refusals is what the page shows.
type refusals struct {
	List []refusal // newest first
	Live string    // where a page that goes on listens
	Most int
}

func (p *Pages) refusalsPage(ctx context.Context, v *frame.Visit) error {
	seen, err := p.view(v)
	if err != nil {
		return err
	}
	shown, last := refusals{Most: figures.MaxRefusalsPerApp}, ""
	for _, r := range seen.Refusals(figures.MaxRefusalsPerApp) {
		last = cmp.Or(last, r.Request)
		shown.List = append(shown.List, shownRefusal(v, r))
	}
	page := frame.Root + unknown
	if v.App != nil {
		page = v.Link(ofApp)
	}
	shown.Live = page + "/live?" + url.Values{"after": {last}}.Encode()
	return p.Show(v, "insight-refusals", "Refusals", shown)
}

// live goes on with the refusals after the last one that the page knows, oldest
// first. One that is no longer remembered is followed by all that are.
func (p *Pages) live(ctx context.Context, v *frame.Visit) error {
	seen, err := p.view(v)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	coming, err := seen.Subscribe(ctx)
	if err != nil {
		return err
	}
	last, before := cmp.Or(v.LastEvent(), v.Value("after")), seen.Refusals(figures.MaxRefusalsPerApp)
	if known := slices.IndexFunc(before, func(r figures.Refusal) bool { return r.Request == last }); known >= 0 {
		before = before[:known]
	}
	slices.Reverse(before)
	told := make(map[string]bool) // by before: what is coming may have begun earlier
	for _, r := range before {
		told[r.Request] = true
	}
	n := 0
	return frame.Stream(ctx, p.Frame, v, before, coming, func(r figures.Refusal) (frame.Event, bool) {
		if n++; n > len(before) && told[r.Request] {
			return frame.Event{}, false
		}
		data, err := json.Marshal(shownRefusal(v, r))
		return frame.Event{ID: r.Request, Data: data}, err == nil
	})
}
