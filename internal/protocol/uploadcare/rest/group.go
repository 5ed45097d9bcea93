package rest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/library"
	"github.com/stowgate/stowgate/internal/protocol/uploadcare/answer"
	"github.com/stowgate/stowgate/internal/protocol/uploadcare/rest/call"
)

// groups answers GET /groups/.
func (a *API) groups(ctx context.Context, c *call.Call) (call.Reply, error) {
	p, err := call.ReadPage(c, "datetime_created")
	if err != nil {
		return call.Reply{}, err
	}
	found, total, err := a.listedGroups(ctx, c, p)
	if err != nil {
		return call.Reply{}, err
	}
	results := make([]answer.Group, len(found))
	for i, g := range found {
		results[i] = a.Place.Group(g, nil)
	}
	out := call.List{PerPage: p.Limit, Total: total, Results: results}
	if len(found) > 0 {
		first, last := found[0].Created, found[len(found)-1].Created
		if out.Next, out.Previous, err = a.links(ctx, c, p, first, last, func(ctx context.Context, p call.Page) (bool, error) {
			beyond, _, err := a.listedGroups(ctx, c, p)
			return len(beyond) > 0, err
		}); err != nil {
			return call.Reply{}, err
		}
	}
	return call.Reply{Body: out}, nil
}

// listedGroups returns the groups of a page, in its order, and how many there
// are.
func (a *API) listedGroups(ctx context.Context, c *call.Call, p call.Page) ([]asset.Group, int64, error) {
	after, before, descending, backwards := p.Bounds()
	found, err := a.Library.Groups(ctx, c.Grant, library.GroupQuery{After: after, Before: before, Descending: descending, Limit: p.Limit, Offset: p.Offset})
	if backwards {
		slices.Reverse(found.Groups)
	}
	return found.Groups, found.Total, err
}

// groupOf returns the group of the call's app that the path names. The error
// wraps fault.NotFound if there is none.
func (a *API) groupOf(ctx context.Context, c *call.Call) (asset.Group, error) {
	id, size, err := answer.ParseGroupID(c.Path("id"))
	if err != nil {
		return asset.Group{}, err
	}
	g, err := a.Library.Group(ctx, id)
	if err != nil {
		return asset.Group{}, err
	}
	if g.App != c.App.Key || len(g.Members) != size {
		return asset.Group{}, fmt.Errorf("group %v of %d files in app %s: %w", id, size, c.App.Key, fault.NotFound)
	}
	return g, nil
}

// A member is a file of a group.
type member struct {
	fileObject
	Effects string `json:"default_effects"`
}

// group answers GET /groups/{id}/.
func (a *API) group(ctx context.Context, c *call.Call) (call.Reply, error) {
	g, err := a.groupOf(ctx, c)
	if err != nil {
		return call.Reply{}, err
	}
	files := make([]*member, len(g.Members)) // nil for one that is gone
	for i, m := range g.Members {
		f, err := a.Library.File(ctx, c.Grant, m.Asset)
		switch {
		case errors.Is(err, fault.NotFound):
			continue
		case err != nil:
			return call.Reply{}, err
		}
		files[i] = &member{a.describe(c, f), m.Effects}
	}
	return call.Reply{Body: a.Place.Group(g, files)}, nil
}

// deleteGroup answers DELETE /groups/{id}/.
func (a *API) deleteGroup(ctx context.Context, c *call.Call) (call.Reply, error) {
	g, err := a.groupOf(ctx, c)
	if err != nil {
		return call.Reply{}, err
	}
	return call.Reply{Status: http.StatusNoContent}, a.Library.RemoveGroup(ctx, c.Grant, g.ID)
}

// storeGroup answers PUT /groups/{id}/storage/ of versions before 0.7, where that
// keeps a group's files.
func (a *API) storeGroup(ctx context.Context, c *call.Call) (call.Reply, error) {
	if c.Version == "0.7" {
		return call.Reply{}, fmt.Errorf("store a group in version %s: %w", c.Version, fault.NotFound)
	}
	g, err := a.groupOf(ctx, c)
	if err != nil {
		return call.Reply{}, err
	}
	ids := make([]asset.ID, len(g.Members))
	for i, m := range g.Members {
		ids[i] = m.Asset
	}
	each, err := a.Library.Keep(ctx, c.Grant, ids)
	for _, err := range each {
		if err != nil && !errors.Is(err, fault.NotFound) { // those that are gone
			return call.Reply{}, err
		}
	}
	if err != nil {
		return call.Reply{}, err
	}
	return a.group(ctx, c)
}

// project answers GET /project/.
func (a *API) project(_ context.Context, c *call.Call) (call.Reply, error) {
	type collaborator struct {
		Email string `json:"email"`
		Name  string `json:"name"`
	}
	return call.Reply{Body: struct {
		Collaborators []collaborator `json:"collaborators"` // an app's people are told to nobody by its secret
		Name          string         `json:"name"`
		Key           string         `json:"pub_key"`
		Autostore     bool           `json:"autostore_enabled"`
	}{[]collaborator{}, c.App.Name, c.App.Key, !c.App.Options.Temporary}}, nil
}
