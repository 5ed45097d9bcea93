package rest

import (
	"context"
	"encoding/json"
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

// metadata answers GET /files/{uuid}/metadata/.
func (a *API) metadata(ctx context.Context, c *call.Call) (call.Reply, error) {
	f, err := a.lookup(ctx, c)
	if err != nil {
		return call.Reply{}, err
	}
	return call.Reply{Body: a.describe(c, f).Metadata}, nil
}

// value answers GET /files/{uuid}/metadata/{key}/.
func (a *API) value(ctx context.Context, c *call.Call) (call.Reply, error) {
	f, err := a.lookup(ctx, c)
	if err != nil {
		return call.Reply{}, err
	}
	value, ok := f.Tags[c.Path("key")]
	if !ok {
		return call.Reply{}, fmt.Errorf("metadata of file %s: %w", f.ID, fault.NotFound)
	}
	return call.Reply{Body: value}, nil
}

// setValue answers PUT /files/{uuid}/metadata/{key}/.
func (a *API) setValue(ctx context.Context, c *call.Call) (call.Reply, error) {
	key, value := c.Path("key"), ""
	if len(c.Body) > 0 { // rest-client sends nothing for the empty text
		if err := json.Unmarshal(c.Body, &value); err != nil {
			return call.Reply{}, call.Refuse(http.StatusBadRequest, "Expected JSON string.")
		}
	}
	if err := checkMetadata(map[string]string{key: value}); err != nil {
		return call.Reply{}, err
	}
	f, err := a.lookup(ctx, c)
	if err != nil {
		return call.Reply{}, err
	}
	before, after, err := a.Library.Label(ctx, c.Grant, f.ID, library.Change{Add: map[string]string{key: value}})
	if err != nil {
		return call.Reply{}, metadataError(err)
	}
	out := call.Reply{Body: after.Tags[key]}
	if _, known := before.Tags[key]; !known {
		out.Status = http.StatusCreated
	}
	return out, nil
}

// unsetValue answers DELETE /files/{uuid}/metadata/{key}/.
func (a *API) unsetValue(ctx context.Context, c *call.Call) (call.Reply, error) {
	f, err := a.lookup(ctx, c)
	if err != nil {
		return call.Reply{}, err
	}
	key := c.Path("key")
	before, _, err := a.Library.Label(ctx, c.Grant, f.ID, library.Change{Unset: []string{key}})
	if err != nil {
		return call.Reply{}, err
	}
	if _, known := before.Tags[key]; !known {
		return call.Reply{}, fmt.Errorf("metadata of file %s: %w", f.ID, fault.NotFound)
	}
	return call.Reply{Status: http.StatusNoContent}, nil
}

// checkMetadata returns nil, or why a file cannot have this metadata.
func checkMetadata(values map[string]string) error {
	for key, value := range values {
		if err := answer.CheckMetadata(key, value); err != nil {
			return call.Refuse(http.StatusBadRequest, err.Sentence)
		}
	}
	if len(values) > library.MaxTags {
		return about("FileMetadataKeysNumberTooBigError", library.MaxTags)
	}
	return nil
}

// about returns an error with the sentence that the Upload API has for it.
func about(code string, args ...any) error {
	return call.Refuse(http.StatusBadRequest, answer.Refuse(code, args...).Sentence)
}

// metadataError says that a file has as much metadata as there can be, the one
// thing that checkMetadata does not see.
func metadataError(err error) error {
	if errors.Is(err, fault.TooLarge) {
		return about("FileMetadataKeysNumberTooBigError", library.MaxTags)
	}
	return err
}

// labelled is what is told of the labels of a file, which Uploadcare calls tags,
// and of what became of them.
type labelled struct {
	Tags    []string `json:"tags"`
	Added   []string `json:"added"`
	Deleted []string `json:"deleted"`
}

// tags answers GET /files/{uuid}/tags/.
func (a *API) tags(ctx context.Context, c *call.Call) (call.Reply, error) {
	f, err := a.lookup(ctx, c)
	if err != nil {
		return call.Reply{}, err
	}
	if !f.Trashed.IsZero() {
		return call.Reply{}, fmt.Errorf("labels of file %s in the trash: %w", f.ID, fault.NotFound)
	}
	return call.Reply{Body: map[string][]string{"tags": texts(f.Labels)}}, nil
}

// replaceTags answers PUT /files/{uuid}/tags/.
func (a *API) replaceTags(ctx context.Context, c *call.Call) (call.Reply, error) {
	lists, err := tagLists(c, "tags")
	if err != nil {
		return call.Reply{}, err
	}
	if lists["tags"] == nil {
		return call.Reply{}, call.Wrong("tags", "This field is required.")
	}
	all := lists["tags"]
	return a.label(ctx, c, library.Change{Labels: &all})
}

// updateTags answers PATCH /files/{uuid}/tags/.
func (a *API) updateTags(ctx context.Context, c *call.Call) (call.Reply, error) {
	lists, err := tagLists(c, "add", "delete")
	if err != nil {
		return call.Reply{}, err
	}
	return a.label(ctx, c, library.Change{AddLabels: lists["add"], Unlabel: lists["delete"]})
}

// tagLists reads the lists of tags in the body, and refuses a tag that cannot be.
func tagLists(c *call.Call, names ...string) (map[string][]string, error) {
	if err := c.NeedJSON(); err != nil {
		return nil, err
	}
	members, err := c.Object()
	if err != nil {
		return nil, err
	}
	lists := make(map[string][]string)
	for name, raw := range members {
		if !slices.Contains(names, name) {
			return nil, call.Wrong(name, "Unknown field.")
		}
		var tags []string
		if err := json.Unmarshal(raw, &tags); err != nil {
			return nil, call.Wrong(name, "Expected a list of strings.")
		}
		if _, err := asset.NormalLabels(tags); err != nil {
			return nil, tagsError(err, name)
		}
		lists[name] = tags
	}
	return lists, nil
}

// tagsError says what asset.NormalLabels did not like.
func tagsError(err error, field string) error {
	if errors.Is(err, fault.TooLarge) {
		return call.Wrong(field, "At most %d tags of up to %d characters are allowed.", asset.MaxLabels, asset.MaxLabel)
	}
	return call.Wrong(field, "Tags may only contain a-z, 0-9, '-', '_' and '.'.")
}

// label changes the labels of the file that the path names.
func (a *API) label(ctx context.Context, c *call.Call, change library.Change) (call.Reply, error) {
	f, err := a.lookup(ctx, c)
	if err != nil {
		return call.Reply{}, err
	}
	before, after, err := a.Library.Label(ctx, c.Grant, f.ID, change)
	switch {
	case errors.Is(err, fault.TooLarge), errors.Is(err, fault.Invalid):
		return call.Reply{}, tagsError(err, "tags")
	case err != nil:
		return call.Reply{}, err
	}
	return call.Reply{Body: labelled{texts(after.Labels), without(after.Labels, before.Labels), without(before.Labels, after.Labels)}}, nil
}

// texts returns list, and never nil.
func texts(list []string) []string { return append([]string{}, list...) }

// without returns what is in list and not in other, in alphabetical order.
func without(list, other []string) []string {
	rest := slices.DeleteFunc(texts(list), func(s string) bool { return slices.Contains(other, s) })
	slices.Sort(rest)
	return rest
}
