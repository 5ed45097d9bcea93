package rest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/delivery"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/library"
	"github.com/stowgate/stowgate/internal/protocol/uploadcare/answer"
	"github.com/stowgate/stowgate/internal/protocol/uploadcare/chain"
	"github.com/stowgate/stowgate/internal/protocol/uploadcare/rest/call"
	"github.com/stowgate/stowgate/internal/upload"
)

// A copying is what a request for a copy says.
type copying struct {
	Source   *string           `json:"source"`
	Store    json.RawMessage   `json:"store"`
	Metadata map[string]string `json:"metadata"`
	Target   string            `json:"target"`
	Pattern  *string           `json:"pattern"`
}

// source reads the body, and returns the file that is to be copied with the text
// of the operations on it.
func (a *API) source(ctx context.Context, c *call.Call) (in copying, f library.File, effects string, err error) {
	if err := json.Unmarshal(c.Body, &in); err != nil {
		return in, f, "", call.Refuse(http.StatusBadRequest, "Expected JSON object.")
	}
	if in.Source == nil || *in.Source == "" {
		return in, f, "", call.Refuse(http.StatusBadRequest, "`source` parameter is required.")
	}
	name, effects, err := chain.Reference(*in.Source)
	if err != nil {
		return in, f, "", call.Refuse(http.StatusBadRequest, "Bad `source` parameter. Use UUID or CDN URL.")
	}
	effects = effects[:strings.LastIndex(effects, "/")+1] // what has no slash behind it is a name for people
	if f, err = a.fileOf(ctx, c, name.String()); err != nil {
		return in, f, "", err
	}
	if !f.Trashed.IsZero() {
		return in, f, "", fmt.Errorf("copy file %s from the trash: %w", f.ID, fault.NotFound)
	}
	return in, f, effects, nil
}

// copyHere answers POST /files/local_copy/.
func (a *API) copyHere(ctx context.Context, c *call.Call) (call.Reply, error) {
	in, f, effects, err := a.source(ctx, c)
	if err != nil {
		return call.Reply{}, err
	}
	store, ok := yes(in.Store)
	if !ok {
		return call.Reply{}, call.Refuse(http.StatusBadRequest, "`store` parameter should be `true` or `false`.")
	}
	if err := checkMetadata(in.Metadata); err != nil {
		return call.Reply{}, err
	}
	spec := upload.Spec{Tags: in.Metadata, Temporary: !store}
	made, err := a.copied(ctx, c, f, effects, spec)
	if err != nil {
		return call.Reply{}, err
	}
	a.Delivery.LookLater(made)
	described, err := a.Library.File(ctx, c.Grant, made.ID)
	if err != nil {
		return call.Reply{}, err
	}
	return call.Reply{Status: http.StatusCreated, Location: a.Place.Resource(made), Body: struct {
		Type   string     `json:"type"`
		Result fileObject `json:"result"`
	}{"file", a.describe(c, described)}}, nil
}

// copied stores what effects make of a file, or the file as it is, as spec says.
func (a *API) copied(ctx context.Context, c *call.Call, f library.File, effects string, spec upload.Spec) (asset.Asset, error) {
	if effects == "" {
		return a.Uploads.Copy(ctx, c.Grant, f.ID, spec)
	}
	ops, err := chain.Parse(effects)
	if err != nil {
		return asset.Asset{}, call.Refuse(http.StatusBadRequest, err.Error())
	}
	asked, err := chain.Read(ops)
	switch {
	case err != nil:
		return asset.Asset{}, call.Refuse(http.StatusBadRequest, err.Error())
	case asked.Answer != chain.Picture:
		return asset.Asset{}, call.Refuse(http.StatusBadRequest, "Bad `source` parameter. Use UUID or CDN URL.")
	case asked.Plain:
		return a.Uploads.Copy(ctx, c.Grant, f.ID, spec)
	}
	order := delivery.Order{Inputs: []delivery.Input{{Asset: f.ID}}}
	order.Plan, _ = asked.For("") // for no client: what every one can show
	for _, name := range asked.Files {
		over, err := a.fileOf(ctx, c, name.String())
		if err != nil {
			return asset.Asset{}, err
		}
		order.Inputs = append(order.Inputs, delivery.Input{Asset: over.ID})
	}
	v, err := a.Delivery.Transform(ctx, c.Grant, order)
	if err != nil {
		return asset.Asset{}, fmt.Errorf("copy file %s: %w", f.ID, err)
	}
	defer v.Close()
	spec.Name, spec.Type, spec.Size = v.Asset.Name, v.Asset.Type, v.Size()
	return a.Uploads.Put(ctx, c.Grant, spec, v)
}

// yes reads a value that clients write as a boolean, a text or a number. What is
// not there means no.
func yes(raw json.RawMessage) (value, ok bool) {
	text := string(raw)
	if unquoted, err := strconv.Unquote(text); err == nil {
		text = unquoted
	}
	switch strings.ToLower(text) {
	case "", "null", "false", "0":
		return false, true
	case "true", "1":
		return true, true
	}
	return false, false
}

// A pattern is made of these variables and of characters for names.
// Uploadcare documentation: "REST API", "Copy file to remote storage".
var (
	patternVariable = regexp.MustCompile(`\$\{(default|auto_filename|effects|filename|uuid|ext)\}`)
	patternText     = regexp.MustCompile(`^[A-Za-z0-9 _./()!*'-]*$`)
)

// copyAway answers POST /files/remote_copy/: projects here have no storages of
// their own, so that there is nowhere to copy to.
func (a *API) copyAway(ctx context.Context, c *call.Call) (call.Reply, error) {
	in, _, _, err := a.source(ctx, c)
	if err != nil {
		return call.Reply{}, err
	}
	if in.Target == "" {
		return call.Reply{}, call.Refuse(http.StatusBadRequest, "`target` parameter is required.")
	}
	if in.Pattern != nil {
		rest := patternVariable.ReplaceAllString(*in.Pattern, "")
		switch {
		case strings.Contains(rest, "${"):
			return call.Reply{}, call.Refuse(http.StatusBadRequest, "Invalid pattern provided: `"+*in.Pattern+"`")
		case !patternText.MatchString(rest):
			return call.Reply{}, call.Refuse(http.StatusBadRequest, "Invalid pattern provided: Invalid character in a pattern.")
		}
	}
	return call.Reply{}, call.Refuse(http.StatusBadRequest, "Project has no storage with provided name.")
}

// isUUID reports whether text can be the name of a file.
func isUUID(text string) bool {
	_, err := answer.ParseUUID(text)
	return err == nil
}
