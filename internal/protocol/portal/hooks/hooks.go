// Package hooks is the portal's pages about webhooks: who is told what happens
// to an app's files, what they answered, and how they check that it is true.
package hooks

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/job"
	"github.com/stowgate/stowgate/internal/manage"
	"github.com/stowgate/stowgate/internal/manage/backlog"
	"github.com/stowgate/stowgate/internal/protocol/portal/frame"
	"github.com/stowgate/stowgate/internal/webhook"
)

// Pages are the pages of this package.
type Pages struct {
	*frame.Frame
	hooks *manage.Webhooks
	jobs  *backlog.Jobs
}

// New returns the pages.
func New(f *frame.Frame, hooks *manage.Webhooks, jobs *backlog.Jobs) *Pages {
	return &Pages{f, hooks, jobs}
}

// Rows returns the table of the pages.
func (p *Pages) Rows() []frame.Row {
	const all, one, delivery = "/apps/{app}/webhooks", "/apps/{app}/webhooks/{hook}", "/apps/{app}/webhooks/{hook}/deliveries/{delivery}"
	return []frame.Row{
		{Method: http.MethodGet, Path: all, Act: account.ViewApp, Do: p.listPage},
		{Method: http.MethodPost, Path: all, Act: account.ChangeHooks, Do: p.add},
		{Method: http.MethodGet, Path: one, Act: account.ViewApp, Do: p.hookPage},
		{Method: http.MethodPost, Path: one, Act: account.ChangeHooks, Do: p.change},
		{Method: http.MethodPost, Path: one + "/secret", Act: account.ChangeHooks, Do: p.rotate},
		{Method: http.MethodPost, Path: one + "/remove", Act: account.ChangeHooks, Do: p.remove},
		{Method: http.MethodPost, Path: one + "/test", Act: account.ChangeHooks, Do: p.test},
		{Method: http.MethodPost, Path: one + "/again", Act: account.ChangeHooks, Do: p.againAll},
		{Method: http.MethodGet, Path: delivery, Act: account.ViewApp, Do: p.deliveryPage},
		{Method: http.MethodPost, Path: delivery + "/again", Act: account.ChangeHooks, Do: p.again},
	}
}

// A choice is a kind of event as the form offers it.
type choice struct {
	Kind, Text string
	Words      []string // what formats call it
}

// texts has one for each of webhook.Events.
var texts = map[string]string{
	asset.Uploaded:    "a file was stored",
	asset.Overwritten: "a file's content was replaced",
	asset.Deleted:     "a file was removed",
	asset.Kept:        "a temporary file was made permanent",
	asset.Changed:     "a file's tags or labels were changed",
}

// An option is a format as the form offers it.
type option struct{ Name, Title string }

// actionOf returns what an event of a kind is called where it is sent to h.
func (p *Pages) actionOf(h manage.Hook, kind string) string {
	return cmp.Or(p.hooks.Formats[h.Format].Words[kind], kind)
}

// A form is a webhook as it is typed.
type form struct {
	URL, Secret  string
	Format       string
	Events       []string
	Enabled      bool
	Field, Wrong string

	formats webhook.Formats
}

func (p *Pages) formOf(v *frame.Visit) form {
	return form{URL: v.Value("url"), Secret: v.Value("secret"), Format: cmp.Or(v.Value("format"), manage.DefaultFormat),
		Events: v.Values("event"), Enabled: v.Checked("enabled"), formats: p.hooks.Formats}
}

// Has says whether the box of a kind of events is ticked.
func (f form) Has(kind string) bool { return slices.Contains(f.Events, kind) }

// Formats are what it can be told in.
func (f form) Formats() (all []option) {
	for _, name := range slices.Sorted(maps.Keys(f.formats)) {
		all = append(all, option{name, f.formats[name].Title})
	}
	return all
}

// Choices are the boxes.
func (f form) Choices() (all []choice) {
	for _, kind := range webhook.Events {
		c := choice{Kind: kind, Text: texts[kind]}
		for _, o := range f.Formats() {
			if word := f.formats[o.Name].Words[kind]; word != "" {
				c.Words = append(c.Words, word)
			}
		}
		all = append(all, c)
	}
	return all
}

// WrongIn says why a field was not accepted.
func (f form) WrongIn(name string) string {
	if f.Field == name {
		return f.Wrong
	}
	return ""
}

// events returns what is ticked of what the format tells of, where all is nil.
// The error is an *account.Refusal.
func (f form) events() ([]string, error) {
	format, known := f.formats[f.Format]
	if !known {
		return f.Events, nil // refused by what is wrong with the format
	}
	told := slices.DeleteFunc(slices.Clone(f.Events), func(kind string) bool {
		return slices.Contains(webhook.Events, kind) && !format.Tells(kind) // others are refused below
	})
	switch {
	case len(f.Events) == 0:
		return nil, account.Refuse(fault.Invalid, "events", "tick what it is told of")
	case len(told) == 0:
		return nil, account.Refuse(fault.Invalid, "events", "%s has no word for what is ticked", format.Title)
	case !slices.ContainsFunc(format.Kinds(), func(kind string) bool { return !f.Has(kind) }):
		return nil, nil
	}
	return told, nil
}

// refuse notes what is wrong with the form, and returns the text for its top.
func (f *form) refuse(err error) string {
	field, text := frame.Refused(err)
	if f.Field, f.Wrong = field, text; field != "" && text != "" {
		return "Nothing was saved: see below."
	}
	return text
}

// A hook is one as it is shown.
type hook struct {
	manage.Hook
	Link    string
	Told    string // title of its format
	Actions []string
	State   state
}

// A state says in a few words how something fares.
type state struct{ Tone, Text string }

func (p *Pages) hook(v *frame.Visit, h manage.Hook) hook {
	format := p.hooks.Formats[h.Format]
	shown := hook{Hook: h, Link: v.Link("/webhooks/" + url.PathEscape(h.ID)), Told: format.Title}
	for _, kind := range format.Kinds() {
		if len(h.Events) == 0 || slices.Contains(h.Events, kind) {
			shown.Actions = append(shown.Actions, format.Words[kind])
		}
	}
	switch health := h.Health; {
	case !h.Enabled:
		shown.State = state{"", "off"}
	case health.PausedUntil.After(p.Now()):
		shown.State = state{"bad", "paused"}
	case health.Failures > 0:
		shown.State = state{"warn", "failing"}
	case health.Succeeded.IsZero():
		shown.State = state{"", "not tried"}
	default:
		shown.State = state{"good", "fine"}
	}
	return shown
}

// A list is what the page of all webhooks shows.
type list struct {
	Hooks []hook
	Form  form
	Full  bool // no more fit
}

func (p *Pages) list(ctx context.Context, v *frame.Visit, f form) (list, error) {
	all, err := p.hooks.Hooks(ctx, v.Actor, v.App.Key)
	if err != nil {
		return list{}, err
	}
	l := list{Form: f, Full: len(all) >= webhook.MaxHooks}
	for _, h := range all {
		l.Hooks = append(l.Hooks, p.hook(v, h))
	}
	return l, nil
}

func (p *Pages) listPage(ctx context.Context, v *frame.Visit) error {
	l, err := p.list(ctx, v, form{Format: manage.DefaultFormat, Events: webhook.Events, formats: p.hooks.Formats})
	if err != nil {
		return err
	}
	return p.Show(v, "webhooks", "Webhooks", l)
}

func (p *Pages) add(ctx context.Context, v *frame.Visit) error {
	f := p.formOf(v)
	events, err := f.events()
	if err == nil {
		var h manage.Hook
		var secret string
		if h, secret, err = p.hooks.AddHook(ctx, v.Actor, v.App.Key, manage.NewHook{URL: f.URL, Events: events, Format: f.Format, Secret: f.Secret}); err == nil {
			return p.show(ctx, v, h, secret)
		}
	}
	text := f.refuse(err)
	if text == "" {
		return err
	}
	l, err := p.list(ctx, v, f)
	if err != nil {
		return err
	}
	return p.Again(v, "webhooks", "Webhooks", text, l)
}

// A view is what the page of one webhook shows.
type view struct {
	Hook       hook
	Form       form
	Secret     string // that was just made
	Full       bool   // no more secrets fit
	Filter     []filter
	Deliveries []delivery
	Dead       int64
	Step       int64 // how many of those are delivered again at once
	More       string
	Samples    []Sample
}

// A filter is a link to the deliveries in one state.
type filter struct {
	Link, Name string
	Count      int64
	Current    bool
}

// pageLength is how many deliveries a page has.
const pageLength = 20

func (p *Pages) view(ctx context.Context, v *frame.Visit, h manage.Hook) (view, error) {
	shown := view{Hook: p.hook(v, h), Samples: samples[h.Format]}
	shown.Form = form{URL: h.URL, Format: h.Format, Events: h.Events, Enabled: h.Enabled, formats: p.hooks.Formats}
	if len(h.Events) == 0 {
		shown.Form.Events = p.hooks.Formats[h.Format].Kinds()
	}
	shown.Full = len(slices.DeleteFunc(slices.Clone(h.Secrets), func(s manage.Secret) bool { return !s.Live })) >= webhook.MaxSecrets
	counts, err := p.jobs.Counts(ctx, v.Actor, job.Filter{App: v.App.Key, Queue: h.Queue()})
	if err != nil {
		return shown, err
	}
	chosen, _ := job.ParseState(v.Value("state"))            // or all
	before, _ := strconv.ParseInt(v.Value("before"), 10, 64) // or the newest
	total := int64(0)
	for _, s := range job.States {
		n := int64(counts[s])
		total += n
		shown.Filter = append(shown.Filter, filter{shown.Hook.Link + "?state=" + string(s), words[s], n, s == chosen})
	}
	shown.Filter = slices.Insert(shown.Filter, 0, filter{shown.Hook.Link, "all", total, chosen == ""})
	shown.Dead, shown.Step = int64(counts[job.Dead]), manage.MaxRedelivered
	found, err := p.hooks.Deliveries(ctx, v.Actor, v.App.Key, h.ID, chosen, job.Page{Before: before, Limit: pageLength})
	if err != nil {
		return shown, err
	}
	for _, d := range found {
		shown.Deliveries = append(shown.Deliveries, p.delivery(shown.Hook, d))
	}
	if len(found) == pageLength {
		shown.More = shown.Hook.Link + "?" + url.Values{"state": {string(chosen)}, "before": {strconv.FormatInt(found[pageLength-1].Job.ID, 10)}}.Encode() + "#deliveries"
	}
	return shown, nil
}

// show answers with the page of a webhook whose secret was just made.
func (p *Pages) show(ctx context.Context, v *frame.Visit, h manage.Hook, secret string) error {
	shown, err := p.view(ctx, v, h)
	if err != nil {
		return err
	}
	shown.Secret = secret
	return p.Show(v, "webhooks-one", "Webhook", shown)
}

func (p *Pages) hookPage(ctx context.Context, v *frame.Visit) error {
	h, err := p.hooks.Hook(ctx, v.Actor, v.App.Key, v.Path("hook"))
	if err != nil {
		return err
	}
	return p.show(ctx, v, h, "")
}

// refused shows the page of a webhook again, if err is for the visitor, with
// what was typed where that is not nil.
func (p *Pages) refused(ctx context.Context, v *frame.Visit, typed *form, err error) error {
	f := typed
	if f == nil {
		f = new(form)
	}
	text := f.refuse(err)
	if text == "" {
		return err
	}
	h, err := p.hooks.Hook(ctx, v.Actor, v.App.Key, v.Path("hook"))
	if err != nil {
		return err
	}
	shown, err := p.view(ctx, v, h)
	if err != nil {
		return err
	}
	if typed != nil {
		shown.Form = *typed
	}
	return p.Again(v, "webhooks-one", "Webhook", text, shown)
}

func (p *Pages) change(ctx context.Context, v *frame.Visit) error {
	f := p.formOf(v)
	events, err := f.events()
	if err == nil {
		_, err = p.hooks.ChangeHook(ctx, v.Actor, v.App.Key, v.Path("hook"), manage.HookChange{URL: &f.URL, Events: &events, Format: &f.Format, Enabled: &f.Enabled})
	}
	if err != nil {
		return p.refused(ctx, v, &f, err)
	}
	return v.Done(p.link(v), "Saved.")
}

// link returns the path of the page of the visit's webhook.
func (p *Pages) link(v *frame.Visit) string {
	return v.Link("/webhooks/" + url.PathEscape(v.Path("hook")))
}

// spans are the times that an old secret may go on.
var spans = map[string]time.Duration{"0": 0, "1h": time.Hour, "24h": 24 * time.Hour, "168h": 7 * 24 * time.Hour}

func (p *Pages) rotate(ctx context.Context, v *frame.Visit) error {
	keep, known := spans[v.Value("keep")]
	if !known {
		return p.refused(ctx, v, nil, account.Refuse(fault.Invalid, "", "choose how long the old secret goes on"))
	}
	h, secret, err := p.hooks.RotateHookSecret(ctx, v.Actor, v.App.Key, v.Path("hook"), "", keep)
	if err != nil {
		return p.refused(ctx, v, nil, err)
	}
	return p.show(ctx, v, h, secret)
}

func (p *Pages) remove(ctx context.Context, v *frame.Visit) error {
	if err := p.hooks.RemoveHook(ctx, v.Actor, v.App.Key, v.Path("hook")); err != nil {
		return err
	}
	return v.Done(v.Link("/webhooks"), "The webhook is removed: it is told nothing any more.")
}
