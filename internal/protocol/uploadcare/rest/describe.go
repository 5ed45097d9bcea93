package rest

import (
	"context"
	"fmt"

	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/library"
	"github.com/stowgate/stowgate/internal/protocol/uploadcare/answer"
	"github.com/stowgate/stowgate/internal/protocol/uploadcare/rest/call"
)

// lookup returns the file that the path names.
func (a *API) lookup(ctx context.Context, c *call.Call) (library.File, error) {
	return a.fileOf(ctx, c, c.Path("uuid"))
}

// fileOf returns the file of the call's app with a UUID, also from the trash.
// The error wraps fault.NotFound if there is none.
func (a *API) fileOf(ctx context.Context, c *call.Call, text string) (library.File, error) {
	name, err := answer.ParseUUID(text)
	if err != nil {
		return library.File{}, err
	}
	id, app, err := a.Library.Lookup(ctx, name)
	if err != nil {
		return library.File{}, err
	}
	if app != c.App.Key {
		return library.File{}, fmt.Errorf("file %v of another app: %w", name, fault.NotFound)
	}
	return a.Library.File(ctx, c.Grant, id)
}

// A fileObject describes a file, with what versions before 0.7 add.
type fileObject struct {
	answer.File
	*legacy
}

type legacy struct {
	Image       *answer.Image `json:"image_info"`
	Video       *struct{}     `json:"video_info"`
	Source      *string       `json:"source"`
	Rekognition *struct{}     `json:"rekognition_info"`
}

// describe returns what the call is told about a file.
func (a *API) describe(c *call.Call, f library.File) fileObject {
	if !f.Listed.IsZero() {
		f.Created = f.Listed // so that paging by it misses none
	}
	out := fileObject{File: a.Place.Described(f.Asset, f.Size, f.Trashed)}
	if c.Include("appdata") {
		out.AppData = struct{}{}
	}
	if c.Version != "0.7" {
		out.legacy = new(legacy)
		if out.ContentInfo != nil {
			out.legacy.Image = out.ContentInfo.Image
		}
	}
	return out
}
