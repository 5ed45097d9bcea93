package node

import (
	"net/http"
	"time"

	"github.com/stowgate/stowgate/internal/catalog"
	"github.com/stowgate/stowgate/internal/catalog/figures"
	"github.com/stowgate/stowgate/internal/insight"
	"github.com/stowgate/stowgate/internal/server"
	"github.com/stowgate/stowgate/internal/server/redact"
)

// openInsight makes what counts requests, and returns what the server tells of
// them.
func (n *Node) openInsight(records *catalog.Catalog, now func() time.Time) func(*http.Request, server.Visit) {
	n.insight = insight.New(figures.New(records.Book()), insight.Config{Clean: redact.Text, Log: n.log, Now: now})
	n.closers = append(n.closers, n.insight.Close)
	return func(r *http.Request, v server.Visit) {
		n.insight.Count(insight.Visit{
			App: v.App, Action: insight.ParseAction(v.Action), Err: v.Err, Secret: v.Signer, Time: v.Began, In: v.In, Out: v.Out,
			Asset: v.Asset, Request: v.Request, Method: r.Method, Path: v.Path, Agent: r.UserAgent(), Client: v.Client,
		})
	}
}
