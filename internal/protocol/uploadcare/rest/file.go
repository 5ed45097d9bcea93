package rest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/library"
	"github.com/stowgate/stowgate/internal/protocol/uploadcare/rest/call"
)

// files answers GET /files/.
func (a *API) files(ctx context.Context, c *call.Call) (call.Reply, error) {
	p, err := call.ReadPage(c, "datetime_uploaded")
	if err != nil {
		return call.Reply{}, err
	}
	stored, err := c.Flag("stored")
	if err != nil {
		return call.Reply{}, err
	}
	removed, err := c.Flag("removed")
	if err != nil {
		return call.Reply{}, err
	}
	all, err := a.Library.Totals(ctx, c.Grant)
	if err != nil {
		return call.Reply{}, err
	}
	q := library.Query{Stored: stored, Trashed: removed != nil && *removed}
	out := call.List{PerPage: p.Limit, Total: all.Stored + all.Temporary, Totals: &call.Totals{Removed: all.Removed, Stored: all.Stored, Unstored: all.Temporary}}
	switch {
	case q.Trashed && stored != nil && *stored: // what was removed is not stored any more
		out.Total, out.Results = 0, []fileObject{}
		return call.Reply{Body: out}, nil
	case q.Trashed:
		out.Total, q.Stored = all.Removed, nil
	case stored != nil && *stored:
		out.Total = all.Stored
	case stored != nil:
		out.Total = all.Temporary
	}
	found, err := a.listed(ctx, c, p, q)
	if err != nil {
		return call.Reply{}, err
	}
	results := make([]fileObject, len(found))
	for i, f := range found {
		results[i] = a.describe(c, f)
	}
	out.Results = results
	if len(found) > 0 {
		first, last := found[0].Listed, found[len(found)-1].Listed
		if out.Next, out.Previous, err = a.links(ctx, c, p, first, last, func(ctx context.Context, p call.Page) (bool, error) {
			beyond, err := a.listed(ctx, c, p, q)
			return len(beyond) > 0, err
		}); err != nil {
			return call.Reply{}, err
		}
	}
	return call.Reply{Body: out}, nil
}

// listed returns the files of a page, in its order.
func (a *API) listed(ctx context.Context, c *call.Call, p call.Page, q library.Query) ([]library.File, error) {
	after, before, descending, backwards := p.Bounds()
	q.After, q.Before, q.Descending, q.Limit, q.Offset = after, before, descending, p.Limit, p.Offset
	found, err := a.Library.Files(ctx, c.Grant, q)
	if backwards {
		slices.Reverse(found.Files)
	}
	return found.Files, err
}

// links returns the links to what comes after last and before first in the order
// of p, nil where some tells that nothing does.
func (a *API) links(ctx context.Context, c *call.Call, p call.Page, first, last time.Time, some func(context.Context, call.Page) (bool, error)) (next, previous *string, err error) {
	if ok, err := some(ctx, call.Page{Limit: 1, Descending: p.Descending, From: last}); err != nil {
		return nil, nil, err
	} else if ok {
		next = c.Link(a.Place.API, "from", last)
	}
	if ok, err := some(ctx, call.Page{Limit: 1, Descending: p.Descending, To: first}); err != nil {
		return nil, nil, err
	} else if ok {
		previous = c.Link(a.Place.API, "to", first)
	}
	return next, previous, nil
}

// file answers GET /files/{uuid}/.
func (a *API) file(ctx context.Context, c *call.Call) (call.Reply, error) {
	f, err := a.lookup(ctx, c)
	if err != nil {
		return call.Reply{}, err
	}
	soon, cancel := context.WithTimeout(ctx, lookWait)
	defer cancel()
	if p, err := a.Delivery.Look(soon, f.Asset); err == nil {
		f.Picture = p
	}
	return call.Reply{Body: a.describe(c, f)}, nil
}

// lookWait is how long an answer waits until a picture was looked at that nobody
// has looked at before; then it says that the file is not ready.
const lookWait = 3 * time.Second

// store answers PUT /files/{uuid}/storage/.
func (a *API) store(ctx context.Context, c *call.Call) (call.Reply, error) {
	f, err := a.lookup(ctx, c)
	if err != nil {
		return call.Reply{}, err
	}
	if f, err = a.keep(ctx, c, f); err != nil {
		return call.Reply{}, err
	}
	return call.Reply{Body: a.describe(c, f)}, nil
}

// keep makes a file permanent, and returns it as it is then.
func (a *API) keep(ctx context.Context, c *call.Call, f library.File) (library.File, error) {
	each, err := a.Library.Keep(ctx, c.Grant, []asset.ID{f.ID})
	if err := errors.Join(append(each, err)...); err != nil {
		return f, err
	}
	return a.Library.File(ctx, c.Grant, f.ID)
}

// delete answers DELETE /files/{uuid}/storage/.
func (a *API) delete(ctx context.Context, c *call.Call) (call.Reply, error) {
	f, err := a.lookup(ctx, c)
	if err != nil {
		return call.Reply{}, err
	}
	if f.Trashed.IsZero() { // once is enough
		if f, err = a.trash(ctx, c, f); err != nil {
			return call.Reply{}, err
		}
	}
	return call.Reply{Body: a.describe(c, f)}, nil
}

// trash removes a file, and returns it as it is then, or was if nothing is kept.
func (a *API) trash(ctx context.Context, c *call.Call, f library.File) (library.File, error) {
	each, err := a.Library.Trash(ctx, c.Grant, []asset.ID{f.ID})
	if err := errors.Join(append(each, err)...); err != nil {
		return f, err
	}
	kept, err := a.Library.File(ctx, c.Grant, f.ID)
	if errors.Is(err, fault.NotFound) {
		f.Trashed = a.Now()
		return f, nil
	}
	return kept, err
}

// maxBatch is how many files one call stores or removes.
// Uploadcare documentation: "REST API", "Batch file storing".
const maxBatch = 100

// storeAll answers PUT /files/storage/.
func (a *API) storeAll(ctx context.Context, c *call.Call) (call.Reply, error) {
	return a.batch(ctx, c, a.keep)
}

// deleteAll answers DELETE /files/storage/.
func (a *API) deleteAll(ctx context.Context, c *call.Call) (call.Reply, error) {
	return a.batch(ctx, c, a.trash)
}

// batch does something to each file that the body names, and tells which were
// not there.
func (a *API) batch(ctx context.Context, c *call.Call, do func(context.Context, *call.Call, library.File) (library.File, error)) (call.Reply, error) {
	var names []string
	if err := json.Unmarshal(c.Body, &names); err != nil || names == nil {
		return call.Reply{}, call.Refuse(http.StatusBadRequest, "Expected list of UUIDs")
	}
	switch {
	case len(names) == 0:
		return call.Reply{}, call.Refuse(http.StatusBadRequest, "List of UUIDs can not be empty")
	case len(names) > maxBatch:
		return call.Reply{}, call.Refuse(http.StatusBadRequest, fmt.Sprintf("Maximum UUIDs per request is exceeded. The limit is %d", maxBatch))
	}
	problems, results := map[string]string{}, []fileObject{}
	done := make(map[asset.ID]bool)
	for _, name := range names {
		if !isUUID(name) {
			problems[name] = "Invalid"
			continue
		}
		f, err := a.fileOf(ctx, c, name)
		if err == nil && done[f.ID] {
			continue
		}
		if err == nil {
			f, err = do(ctx, c, f)
		}
		switch {
		case errors.Is(err, fault.NotFound):
			problems[name] = "Missing in the project"
			continue
		case err != nil:
			return call.Reply{}, err
		}
		done[f.ID] = true
		results = append(results, a.describe(c, f))
	}
	return call.Reply{Body: struct {
		Status   string            `json:"status"`
		Problems map[string]string `json:"problems"`
		Result   []fileObject      `json:"result"`
	}{"ok", problems, results}}, nil
}
