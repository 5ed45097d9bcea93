package files

import (
	"context"
	"net/url"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/protocol/management/call"
	"github.com/stowgate/stowgate/internal/upload"
)

// upload stores the body of a request as a new file, as it arrives.
func (a *API) upload(ctx context.Context, c *call.Call) (any, error) {
	spec := upload.Spec{Name: c.Query.Get("name"), Path: c.Query.Get("path"), Container: c.Query.Get("container"), Alt: c.Query.Get("alt")}
	if spec.Name == "" {
		return nil, account.Refuse(fault.Invalid, "name", "give the file a name")
	}
	if _, err := policy.CanonicalPath(spec.Path); err != nil {
		return nil, account.Refuse(fault.Invalid, "path", "%v", err)
	}
	body, media, size, err := c.File()
	if err != nil {
		return nil, err
	}
	g, err := a.Manage.FileGrant(ctx, c.Actor, c.App)
	if err != nil {
		return nil, err
	}
	spec.Type, spec.Size = media, size
	f, err := a.Uploads.Put(ctx, g, spec, body)
	if err != nil {
		return nil, err
	}
	c.At = "/apps/" + url.PathEscape(c.App) + "/files/" + string(f.ID)
	return a.shownFile(ctx, c, f.ID)
}

// overwrite stores the body of a request in the place of a file's content.
func (a *API) overwrite(ctx context.Context, c *call.Call) (any, error) {
	id, err := handle(c)
	if err != nil {
		return nil, err
	}
	body, _, size, err := c.File()
	if err != nil {
		return nil, err
	}
	g, err := a.Manage.FileGrant(ctx, c.Actor, c.App)
	if err != nil {
		return nil, err
	}
	if _, err := a.Uploads.Replace(ctx, g, id, upload.Spec{Size: size}, body); err != nil {
		return nil, err
	}
	return a.shownFile(ctx, c, id)
}
