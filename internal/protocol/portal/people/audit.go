package people

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/protocol/portal/frame"
)

// auditRows are the log of an app, and that of everything.
func (p *Pages) auditRows() []frame.Row {
	return []frame.Row{
		{Method: http.MethodGet, Path: "/apps/{app}/audit", Act: account.ViewAudit, Do: p.auditPage},
		{Method: http.MethodGet, Path: "/audit", Act: account.ManageUsers, Do: p.auditPage},
	}
}

// auditLength is how many entries a page shows.
const auditLength = 50

// A log is a page of the audit log.
type log struct {
	Entries []line
	Here    string // path of the page
	Action  string // what it is narrowed to; empty for all
	Next    string // path of the page after it, or empty
}

// A line is an entry, with what is new in the order of its names.
type line struct {
	account.Entry
	News []news
}

type news struct{ Name, Value string }

func (p *Pages) auditPage(ctx context.Context, v *frame.Visit) error {
	search := account.Search{Action: strings.TrimSpace(v.Value("action")), Limit: auditLength + 1}
	search.Before, _ = strconv.ParseInt(v.Value("before"), 10, 64) // what is none begins with the newest
	section, here := "audit-all", frame.Root+"/audit"
	if v.App != nil {
		search.App, section, here = v.App.Key, "audit", v.Link("/audit")
	}
	entries, err := p.manage.Audit(ctx, v.Actor, search)
	if err != nil {
		return err
	}
	shown := log{Here: here, Action: search.Action}
	if len(entries) > auditLength {
		entries = entries[:auditLength]
		shown.Next = here + "?" + url.Values{"before": {strconv.FormatInt(entries[auditLength-1].ID, 10)}, "action": {search.Action}}.Encode()
	}
	for _, e := range entries {
		one := line{Entry: e}
		for name, value := range e.Detail {
			one.News = append(one.News, news{name, value})
		}
		slices.SortFunc(one.News, func(a, b news) int { return strings.Compare(a.Name, b.Name) })
		shown.Entries = append(shown.Entries, one)
	}
	return p.Show(v, section, "Audit log", shown)
}
