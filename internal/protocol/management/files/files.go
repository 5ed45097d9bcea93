// Package files is the part of the management API about files. They are read by
// the protocols for that, with a policy that the API signs.
package files

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/library"
	"github.com/stowgate/stowgate/internal/manage"
	"github.com/stowgate/stowgate/internal/protocol/management/call"
	"github.com/stowgate/stowgate/internal/upload"
)

// API is the part about files.
type API struct {
	Manage  *manage.Service
	Desk    *library.Desk
	Uploads *upload.Service
}

// Rows returns the table.
func (a *API) Rows() []call.Row {
	const page, one = "/apps/{app}/files", "/apps/{app}/files/{file}"
	conditions := []string{"name", "type", "min_size", "max_size", "from", "until", "tag", "value", "folder", "container", "source", "trash"}
	return []call.Row{
		{Method: http.MethodGet, Path: page, Act: account.ViewFiles, Query: append([]string{"order", "descending", "limit", "cursor"}, conditions...), Do: a.files},
		{Method: http.MethodPost, Path: page, Act: account.ChangeFiles, Query: []string{"name", "path", "container", "alt"}, Status: http.StatusCreated, Do: a.upload},
		{Method: http.MethodGet, Path: page + "/count", Act: account.ViewFiles, Query: conditions, Do: a.countFiles},
		{Method: http.MethodPost, Path: page + "/bulk", Act: account.ChangeFiles, Do: a.bulk},
		{Method: http.MethodGet, Path: one, Act: account.ViewFiles, Do: a.file},
		{Method: http.MethodPatch, Path: one, Act: account.ChangeFiles, Do: a.labelFile},
		{Method: http.MethodDelete, Path: one, Act: account.ChangeFiles, Query: []string{"forever"}, Do: a.removeFile},
		{Method: http.MethodPut, Path: one + "/content", Act: account.ChangeFiles, Do: a.overwrite},
		{Method: http.MethodPost, Path: one + "/restore", Act: account.ChangeFiles, Do: a.restoreFile},
	}
}

// A file is a file as answers have it.
type file struct {
	Handle    asset.ID          `json:"handle"`
	UUID      string            `json:"uuid"`
	Name      string            `json:"name"`
	Type      string            `json:"type"`
	Detected  string            `json:"detected"`
	Size      int64             `json:"size"`
	SHA256    string            `json:"sha256,omitempty"` // of one file, and not in lists
	Width     int               `json:"width,omitempty"`
	Height    int               `json:"height,omitempty"`
	Version   int64             `json:"version"`
	Location  string            `json:"location,omitempty"`
	Container string            `json:"container,omitempty"`
	Path      string            `json:"path,omitempty"`
	Tags      map[string]string `json:"tags"`
	Alt       string            `json:"alt"`
	Source    string            `json:"source,omitempty"`
	Created   time.Time         `json:"created"`
	Modified  time.Time         `json:"modified"`
	Trashed   time.Time         `json:"trashed,omitzero"`
	Gone      time.Time         `json:"gone,omitzero"` // when it leaves the trash
}

func (a *API) showFile(f library.File) file {
	shown := file{Handle: f.ID, UUID: f.UUID.String(), Name: f.Name, Type: f.Type, Detected: f.Detected, Size: f.Size, Width: f.Width, Height: f.Height,
		Version: f.Version, Location: f.Location, Container: f.Container, Path: f.Path, Tags: f.Tags, Alt: f.Alt, Source: f.Client,
		Created: f.Created.UTC(), Modified: f.Modified.UTC(), Trashed: f.Trashed.UTC()}
	if shown.Tags == nil {
		shown.Tags = map[string]string{}
	}
	if !f.Trashed.IsZero() {
		shown.Gone = f.Trashed.Add(a.Desk.Keeps()).UTC()
	}
	return shown
}

// query returns what the parameters ask for.
func query(c *call.Call) (q library.Query, err error) {
	text := c.Query.Get
	q = library.Query{Name: text("name"), Type: text("type"), Tag: text("tag"), Value: text("value"), Folder: text("folder"),
		Container: text("container"), Client: text("source"), Cursor: text("cursor")}
	if q.Value != "" && q.Tag == "" {
		return q, account.Refuse(fault.Invalid, "value", "say which tag has it")
	}
	set := func(e error) { err = cmp.Or(err, e) }
	var e error
	q.Order, e = call.Param(c, "order", "created, name or size", library.ParseOrder)
	set(e)
	size := func(text string) (int64, error) {
		n, err := strconv.ParseInt(text, 10, 64)
		if err == nil && n < 0 {
			err = fault.Invalid
		}
		return n, err
	}
	q.MinSize, e = call.Param(c, "min_size", "a number of bytes", size)
	set(e)
	q.MaxSize, e = call.Param(c, "max_size", "a number of bytes", size)
	set(e)
	q.From, e = c.Time("from")
	set(e)
	q.Until, e = c.Time("until")
	set(e)
	q.Trashed, e = c.Flag("trash")
	set(e)
	q.Descending, e = c.Flag("descending")
	set(e)
	q.Limit, e = c.Limit()
	set(e)
	return q, err
}

func (a *API) files(ctx context.Context, c *call.Call) (any, error) {
	q, err := query(c)
	if err != nil {
		return nil, err
	}
	page, err := a.Desk.List(ctx, c.Actor, c.App, q)
	if q.Cursor != "" && errors.Is(err, fault.Invalid) { // all else was looked at above
		return nil, account.Refuse(fault.Invalid, "cursor", "this is no cursor of this list")
	}
	if err != nil {
		return nil, err
	}
	shown := call.Listed(page.Files, a.showFile)
	shown.Next = page.Next
	return struct {
		call.List[file]
		Previous string `json:"previous,omitempty"`
		Partial  bool   `json:"partial"`
	}{shown, page.Previous, page.Partial}, nil
}

func (a *API) countFiles(ctx context.Context, c *call.Call) (any, error) {
	q, err := query(c)
	if err != nil {
		return nil, err
	}
	n, err := a.Desk.Count(ctx, c.Actor, c.App, q)
	if err != nil {
		return nil, err
	}
	return struct {
		Count int  `json:"count"`
		More  bool `json:"more"`
	}{n.N, n.More}, nil
}

// handle returns which file the path names.
func handle(c *call.Call) (asset.ID, error) { return asset.ParseID(c.Path("file")) }

// shownFile answers with a file. Who may change it has a look at what came of it.
func (a *API) shownFile(ctx context.Context, c *call.Call, id asset.ID) (any, error) {
	f, err := a.Desk.File(ctx, c.Whole(), c.App, id)
	if err != nil {
		return nil, err
	}
	shown := a.showFile(f)
	shown.SHA256 = hex.EncodeToString(f.Content.SHA256[:])
	return shown, nil
}

func (a *API) file(ctx context.Context, c *call.Call) (any, error) {
	id, err := handle(c)
	if err != nil {
		return nil, err
	}
	return a.shownFile(ctx, c, id)
}

func (a *API) labelFile(ctx context.Context, c *call.Call) (any, error) {
	var in struct {
		Name *string           `json:"name"`
		Alt  *string           `json:"alt"`
		Tags map[string]string `json:"tags"`
		Add  map[string]string `json:"add_tags"`
	}
	id, err := handle(c)
	if err != nil {
		return nil, err
	}
	if err := c.Read(&in); err != nil {
		return nil, err
	}
	if in.Name == nil && in.Alt == nil && in.Tags == nil && in.Add == nil {
		return nil, account.Refuse(fault.Invalid, "", "there is nothing to change")
	}
	if _, err := a.Desk.Label(ctx, c.Actor, c.App, id, library.Change{Name: in.Name, Alt: in.Alt, Tags: in.Tags, Add: in.Add}); err != nil {
		return nil, labelled(err)
	}
	return a.shownFile(ctx, c, id)
}

// labelled returns why labels were not accepted, in words.
func labelled(err error) error {
	switch fault.Of(err) {
	case fault.TooLarge:
		return account.Refuse(fault.TooLarge, "tags", "there are up to %d tags, their names have up to %d characters and their values %d; alt has up to %d",
			library.MaxTags, library.MaxTagName, library.MaxTagValue, library.MaxAlt)
	case fault.Invalid:
		return account.Refuse(fault.Invalid, "tags", "a tag has a name, and neither it nor a text has characters that cannot be kept, such as a tab")
	}
	return err
}

func (a *API) removeFile(ctx context.Context, c *call.Call) (any, error) {
	forever, err := c.Flag("forever")
	if err != nil {
		return nil, err
	}
	do := a.Desk.Trash
	if forever {
		do = a.Desk.Erase
	}
	_, err = one(ctx, c, do)
	return nil, err
}

func (a *API) restoreFile(ctx context.Context, c *call.Call) (any, error) {
	id, err := one(ctx, c, a.Desk.Restore)
	if err != nil {
		return nil, err
	}
	return a.shownFile(ctx, c, id)
}

// one does something to the one file that the path names.
func one(ctx context.Context, c *call.Call, do func(context.Context, account.Actor, string, []asset.ID) ([]error, error)) (asset.ID, error) {
	id, err := handle(c)
	if err != nil {
		return "", err
	}
	each, err := do(ctx, c.Actor, c.App, []asset.ID{id})
	if err == nil {
		err = each[0]
	}
	return id, err
}

// A result is what came of one of several files.
type result struct {
	Handle string `json:"handle"`
	OK     bool   `json:"ok"`
	Error  string `json:"error,omitempty"` // the name of a problem, like not-found
}

func (a *API) bulk(ctx context.Context, c *call.Call) (any, error) {
	var in struct {
		Action  string   `json:"action"`
		Handles []string `json:"handles"`
		Tag     string   `json:"tag"`
		Value   string   `json:"value"`
	}
	if err := c.Read(&in); err != nil {
		return nil, err
	}
	if len(in.Handles) == 0 || len(in.Handles) > library.MaxBulk {
		return nil, account.Refuse(fault.Invalid, "handles", "name 1 to %d files", library.MaxBulk)
	}
	ids := make([]asset.ID, len(in.Handles))
	for i, handle := range in.Handles {
		var err error
		if ids[i], err = asset.ParseID(handle); err != nil {
			return nil, account.Refuse(fault.Invalid, "handles", "%q is no handle", handle)
		}
	}
	var each []error
	var err error
	switch in.Action {
	case "trash":
		each, err = a.Desk.Trash(ctx, c.Actor, c.App, ids)
	case "restore":
		each, err = a.Desk.Restore(ctx, c.Actor, c.App, ids)
	case "erase":
		each, err = a.Desk.Erase(ctx, c.Actor, c.App, ids)
	case "tag":
		each, err = a.Desk.Tag(ctx, c.Actor, c.App, ids, in.Tag, in.Value)
		err = labelled(err)
	default:
		err = account.Refuse(fault.Invalid, "action", "this is none of trash, restore, erase and tag")
	}
	if err != nil {
		return nil, err
	}
	results := call.List[result]{Items: make([]result, len(ids))}
	for i, id := range ids {
		results.Items[i] = result{Handle: string(id), OK: each[i] == nil}
		if each[i] != nil {
			results.Items[i].Error = call.ProblemOf(each[i])
		}
	}
	if len(each) != len(ids) {
		return nil, fmt.Errorf("%d results for %d files", len(each), len(ids))
	}
	return results, nil
}
