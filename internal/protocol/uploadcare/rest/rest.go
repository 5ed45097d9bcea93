// Package rest answers Uploadcare's REST API, in version 0.7 and as far as old
// clients need it in 0.5 and 0.6: requests that an app's own server makes to
// look after its files, groups and webhooks. It translates; what is allowed and
// done, the packages that it calls decide.
package rest

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/stowgate/stowgate/internal/conversion"
	"github.com/stowgate/stowgate/internal/delivery"
	"github.com/stowgate/stowgate/internal/library"
	"github.com/stowgate/stowgate/internal/manage"
	"github.com/stowgate/stowgate/internal/protocol/uploadcare/answer"
	"github.com/stowgate/stowgate/internal/protocol/uploadcare/rest/call"
	"github.com/stowgate/stowgate/internal/protocol/uploadcare/rest/subscription"
	"github.com/stowgate/stowgate/internal/server"
	"github.com/stowgate/stowgate/internal/upload"
)

// Config is what an API calls. All of it is needed, but for what says otherwise.
type Config struct {
	Apps     call.Apps
	Library  *library.Service // made by library.NewManaged
	Uploads  *upload.Service
	Delivery *delivery.Service
	Webhooks *manage.Webhooks
	Place    answer.Place

	// Conversions draws pages of documents; nil means that nothing does.
	Conversions *conversion.Service

	// Hosts are the sub-domains that it answers on where the server has a domain;
	// nil means ucapi.
	Hosts []string

	// SignedOnly refuses, over connections without TLS, requests that show the
	// app's secret.
	SignedOnly bool

	Now func() time.Time // nil means time.Now
}

// An API answers the REST API.
type API struct {
	Config

	hooks subscription.API
}

// New returns an API.
func New(c Config) *API {
	if c.Hosts == nil {
		c.Hosts = []string{"ucapi"}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &API{c, subscription.API{Webhooks: c.Webhooks, Now: c.Now}}
}

// A row is an endpoint: a method, a path, and what answers it.
type row struct {
	method, pattern string
	do              func(context.Context, *call.Call) (call.Reply, error)
}

// rows returns the table of endpoints.
func (a *API) rows() []row {
	const (
		get, put, post, del = http.MethodGet, http.MethodPut, http.MethodPost, http.MethodDelete

		file, metadata, value, tags = "/files/{uuid}/", "/files/{uuid}/metadata/", "/files/{uuid}/metadata/{key}/", "/files/{uuid}/tags/"
	)
	return []row{
		{get, "/files/", a.files},
		{put, "/files/storage/", a.storeAll},
		{del, "/files/storage/", a.deleteAll},
		{post, "/files/local_copy/", a.copyHere},
		{post, "/files/remote_copy/", a.copyAway},
		{post, "/files/search/", a.search},
		{get, file, a.file},
		{del, file, a.delete}, // of versions before 0.7
		{put, file + "storage/", a.store},
		{del, file + "storage/", a.delete},
		{get, metadata, a.metadata},
		{get, value, a.value},
		{put, value, a.setValue},
		{del, value, a.unsetValue},
		{get, tags, a.tags},
		{put, tags, a.replaceTags},
		{http.MethodPatch, tags, a.updateTags},
		{get, "/groups/", a.groups},
		{get, "/groups/{id}/", a.group},
		{del, "/groups/{id}/", a.deleteGroup},
		{put, "/groups/{id}/storage/", a.storeGroup}, // of versions before 0.7
		{get, "/project/", a.project},
		{get, "/webhooks/", a.hooks.List},
		{post, "/webhooks/", a.hooks.Add},
		{del, "/webhooks/unsubscribe/", a.hooks.Unsubscribe},
		{post, "/webhooks/unsubscribe/", a.hooks.Unsubscribe}, // of versions before 0.7
		{put, "/webhooks/{id}/", a.hooks.Change},
		{del, "/webhooks/{id}/", a.hooks.Delete},
		{post, "/convert/{kind}/", a.convert},
		{get, "/convert/{kind}/{uuid}/", a.convertible},
		{get, "/convert/{kind}/status/{token}/", a.conversion},
		{post, "/convert/{kind}/status/{token}/", a.conversion}, // uploadcare-go
		{post, "/addons/{name}/execute/", a.execute},
		{get, "/addons/{name}/execute/status/", a.execution},
	}
}

// Routes returns the table of everything the API answers.
func (a *API) Routes() []server.Route {
	gate := call.Gate{Apps: a.Apps, SignedOnly: a.SignedOnly, Now: a.Now}
	rows := a.rows()
	methods := make(map[string][]string) // by pattern
	for _, r := range rows {
		methods[r.pattern] = append(methods[r.pattern], r.method)
	}
	var table, others []server.Route
	seen := make(map[string]bool)
	for _, r := range rows {
		allow := allowed(methods[r.pattern])
		table = append(table, server.Guarded(r.method, r.pattern, gate.Check, call.Handle(r.do, allow), call.Fail).On(a.Hosts...).For(actionOf(r)))
		if !seen[r.pattern] {
			seen[r.pattern] = true
			others = append(others, server.Public("", r.pattern, "says only which methods the path has", call.OtherMethod(allow)).On(a.Hosts...))
		}
	}
	return slices.Concat(table, others)
}

// allowed returns the header field for a path with methods.
func allowed(methods []string) string {
	all := append(slices.Clone(methods), http.MethodOptions)
	if slices.Contains(methods, http.MethodGet) {
		all = append(all, http.MethodHead)
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}

// actionOf returns what figures count a row as.
func actionOf(r row) string {
	switch {
	case !strings.HasPrefix(r.pattern, "/files/"):
		return "other"
	case strings.HasSuffix(r.pattern, "_copy/"):
		return "upload"
	case r.method == http.MethodGet, strings.HasSuffix(r.pattern, "/search/"):
		return "stat"
	case r.method == http.MethodDelete && !strings.Contains(r.pattern, "/metadata/"):
		return "remove"
	}
	return "other"
}
