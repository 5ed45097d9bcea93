package uploading

import (
	"cmp"
	"context"
	"errors"
	"math"
	"net/http"
	"slices"
	"strconv"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/protocol/uploadcare/answer"
	"github.com/stowgate/stowgate/internal/protocol/uploadcare/chain"
	"github.com/stowgate/stowgate/internal/protocol/uploadcare/form"
)

// newGroup answers POST /group/.
func (a *API) newGroup(w http.ResponseWriter, r *http.Request, c *call) error {
	values := memberValues(c.set)
	switch {
	case len(values) == 0:
		return answer.Refuse("GroupFilesInvalidError")
	case len(values) > asset.MaxGroup:
		return answer.Refuse("FilesNumberLimitExceededError")
	}
	members := make([]asset.Member, len(values))
	for i, value := range values {
		name, effects, err := chain.Reference(value)
		if err != nil || len(effects) > asset.MaxEffects {
			return answer.Refuse("GroupFileURLParsingFailedError", value)
		}
		id, owner, err := a.library.Lookup(r.Context(), name)
		if err != nil && !errors.Is(err, fault.NotFound) {
			return err
		}
		if err != nil || owner != c.app.Key {
			return answer.Refuse("GroupFilesNotFoundError")
		}
		members[i] = asset.Member{Asset: id, Effects: effects}
	}
	g, err := a.library.NewGroup(r.Context(), c.grant, members)
	switch {
	case errors.Is(err, fault.NotFound):
		return answer.Because(err, "GroupFilesNotFoundError")
	case errors.Is(err, fault.Invalid), errors.Is(err, fault.TooLarge):
		return answer.Because(err, "GroupViewsError")
	case err != nil:
		return err
	}
	return a.writeGroup(w, r, c, g)
}

// group answers GET /group/info/.
func (a *API) group(w http.ResponseWriter, r *http.Request, c *call) error {
	text := c.set.Text("group_id")
	if text == "" {
		return answer.Refuse("GroupIdRequiredError")
	}
	id, members, err := answer.ParseGroupID(text)
	if err != nil {
		return answer.Because(err, "GroupNotFoundError")
	}
	g, err := a.library.Group(r.Context(), id)
	if err != nil && !errors.Is(err, fault.NotFound) {
		return err
	}
	if err != nil || g.App != c.app.Key || len(g.Members) != members {
		return answer.Refuse("GroupNotFoundError")
	}
	return a.writeGroup(w, r, c, g)
}

// writeGroup answers with g, in which null stands for what was removed.
func (a *API) writeGroup(w http.ResponseWriter, r *http.Request, c *call, g asset.Group) error {
	files := make([]*answer.Info, len(g.Members))
	for i, m := range g.Members {
		file, err := a.member(r.Context(), c, m)
		if err != nil {
			return err
		}
		files[i] = file
	}
	return answer.JSON(w, http.StatusOK, a.place.Group(g, files))
}

// member describes a member of a group, nil if it was removed.
func (a *API) member(ctx context.Context, c *call, m asset.Member) (*answer.Info, error) {
	file, err := a.library.Describe(ctx, policy.Known(c.app, m.Asset), m.Asset)
	switch {
	case errors.Is(err, fault.NotFound):
		return nil, nil
	case err != nil:
		return nil, err
	}
	return a.place.Member(file, m.Effects), nil
}

// memberValues returns what a request says are the files of a group: by their
// index, or in their order.
func memberValues(set form.Set) []string {
	fields := set.Under("files")
	index := func(f form.Field) int {
		if n, err := strconv.Atoi(f.Name); err == nil && n >= 0 {
			return n
		}
		return math.MaxInt // behind those with one
	}
	slices.SortStableFunc(fields, func(a, b form.Field) int { return cmp.Compare(index(a), index(b)) })
	values := make([]string, len(fields))
	for i, f := range fields {
		values[i] = f.Value
	}
	return values
}
