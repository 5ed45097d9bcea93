package rest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/stowgate/stowgate/internal/conversion"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/library"
	"github.com/stowgate/stowgate/internal/protocol/uploadcare/chain"
	"github.com/stowgate/stowgate/internal/protocol/uploadcare/rest/call"
	"github.com/stowgate/stowgate/internal/transform"
	"github.com/stowgate/stowgate/internal/upload"
)

// conversions are what can be asked for, and how it is answered that no engine
// here does it. Uploadcare documentation: "REST API", "Conversion".
var conversions = map[string]string{
	"document": "Document conversion feature is not available for this project.",
	"video":    "Video conversion feature is not available for this project.",
}

// converts returns nil if there is an engine for the conversion which the path
// names: for pages of documents, if any.
func (a *API) converts(c *call.Call) error {
	kind := c.Path("kind")
	text, known := conversions[kind]
	switch {
	case !known:
		return fmt.Errorf("conversion %q: %w", kind, fault.NotFound)
	case kind != "document" || a.Conversions == nil || !a.Delivery.Transforms():
		return call.Refuse(http.StatusBadRequest, text)
	}
	return nil
}

// A converting is a conversion that was begun.
type converting struct {
	Source string `json:"original_source"`
	Token  int64  `json:"token"`
	UUID   string `json:"uuid"`
}

// convert answers POST /convert/{document|video}/.
func (a *API) convert(ctx context.Context, c *call.Call) (call.Reply, error) {
	var in struct {
		Paths []string        `json:"paths"`
		Store json.RawMessage `json:"store"`
	}
	if _, err := c.Object(); err != nil {
		return call.Reply{}, err
	}
	if err := json.Unmarshal(c.Body, &in); err != nil || len(in.Paths) == 0 {
		return call.Reply{}, call.Refuse(http.StatusBadRequest, "“paths” parameter is required.")
	}
	if err := a.converts(c); err != nil {
		return call.Reply{}, err
	}
	spec := upload.Spec{Temporary: c.App.Options.Temporary}
	if in.Store != nil {
		store, ok := yes(in.Store)
		if !ok {
			return call.Reply{}, call.Wrong("store", "Must be a valid boolean.")
		}
		spec.Temporary = !store
	}
	if len(in.Paths) > maxBatch {
		return call.Reply{}, call.Wrong("paths", "Ensure this field has no more than %d elements.", maxBatch)
	}
	problems, results := map[string]string{}, []converting{}
	for _, path := range in.Paths {
		f, plan, problem, err := a.page(ctx, c, path)
		if err != nil {
			return call.Reply{}, err
		}
		if problem != "" {
			problems[path] = problem
			continue
		}
		begun, err := a.Conversions.Begin(ctx, c.Grant, f.ID, plan, spec)
		if err != nil {
			return call.Reply{}, err
		}
		results = append(results, converting{strings.TrimPrefix(path, "/"), begun.ID, begun.Result.String()})
	}
	return call.Reply{Plain: true, Body: struct {
		Problems map[string]string `json:"problems"`
		Result   []converting      `json:"result"`
	}{problems, results}}, nil
}

// documentType is the only one whose pages are drawn.
const documentType = "application/pdf"

// page returns what a path of a conversion is about, or what is wrong with it.
// Source: answers recorded by pyuploadcare and uploadcare-ruby.
func (a *API) page(ctx context.Context, c *call.Call, path string) (f library.File, plan transform.Plan, problem string, err error) {
	rest := path
	if _, address, ok := strings.Cut(path, "://"); ok {
		_, rest, _ = strings.Cut(address, "/")
	}
	segments := chain.Segments(rest)
	switch {
	case len(segments) == 0 || !isUUID(segments[0]):
		return f, plan, "Bad path " + strconv.Quote(path) + ". Use UUID or CDN URL", nil
	case len(segments) < 2 || segments[1] != "document":
		return f, plan, "Bad path " + strconv.Quote(path) + ". Use :uuid/document/", nil
	}
	if f, err = a.fileOf(ctx, c, segments[0]); errors.Is(err, fault.NotFound) || err == nil && !f.Trashed.IsZero() {
		return f, plan, "File is not found.", nil
	}
	if err != nil {
		return f, plan, "", err
	}
	ops, wrong := chain.Operations(segments[2:])
	if wrong != nil {
		return f, plan, "Operations parsing: " + wrong.Error(), nil
	}
	plan, ok := chain.Page(ops)
	if f.Detected != documentType || !ok {
		return f, plan, "Only pages of PDFs are converted, and to jpg or png: -/format/jpg/-/page/1/", nil
	}
	return f, plan, "", nil
}

// convertible answers GET /convert/document/{uuid}/, which tells what a document
// can be converted to.
func (a *API) convertible(ctx context.Context, c *call.Call) (call.Reply, error) {
	if c.Path("kind") != "document" {
		return call.Reply{}, fmt.Errorf("conversion %q: %w", c.Path("kind"), fault.NotFound)
	}
	f, err := a.lookup(ctx, c)
	if err != nil {
		return call.Reply{}, err
	}
	if err := a.converts(c); err != nil {
		return call.Reply{}, err
	}
	type name struct {
		Name string `json:"name"`
	}
	formats := []name{}
	if f.Detected == documentType {
		formats = []name{{"jpg"}, {"png"}}
	}
	return call.Reply{Body: map[string]any{
		"error": nil, "format": map[string]any{"name": strings.TrimPrefix(filepath.Ext(f.Name), "."), "conversion_formats": formats},
	}}, nil
}

// statuses are what the states of conversions are called.
var statuses = map[conversion.State]string{
	conversion.Waiting: "pending", conversion.Running: "processing", conversion.Done: "finished", conversion.Failed: "failed",
}

// conversion answers GET /convert/{document|video}/status/{token}/.
func (a *API) conversion(ctx context.Context, c *call.Call) (call.Reply, error) {
	token, err := strconv.ParseInt(c.Path("token"), 10, 64)
	if err != nil || c.Path("kind") != "document" || a.Conversions == nil {
		return call.Reply{}, fmt.Errorf("conversion %.20q: %w", c.Path("token"), fault.NotFound)
	}
	stands, err := a.Conversions.Status(ctx, c.App.Key, token)
	if err != nil {
		return call.Reply{}, err
	}
	out := struct {
		Status string            `json:"status"`
		Error  *string           `json:"error"`
		Result map[string]string `json:"result"`
	}{statuses[stands.State], nil, map[string]string{"uuid": stands.Result.String()}}
	if stands.State == conversion.Failed {
		why := "The file could not be converted."
		out.Error = &why
	}
	return call.Reply{Body: out}, nil
}

// addOns are the names that add-ons have. There is an engine for none.
// Uploadcare documentation: "REST API", "Add-Ons".
var addOns = []string{"uc_clamav_virus_scan", "aws_rekognition_detect_labels", "aws_rekognition_detect_moderation_labels", "remove_bg"}

// addOn returns nil if the path names an add-on that there could be.
func addOn(c *call.Call) error {
	if name := c.Path("name"); !slices.Contains(addOns, name) {
		return fmt.Errorf("add-on %q: %w", name, fault.NotFound)
	}
	return nil
}

// execute answers POST /addons/{name}/execute/.
func (a *API) execute(ctx context.Context, c *call.Call) (call.Reply, error) {
	if err := addOn(c); err != nil {
		return call.Reply{}, err
	}
	members, err := c.Object()
	if err != nil {
		return call.Reply{}, err
	}
	var target string
	switch err := json.Unmarshal(members["target"], &target); {
	case members["target"] == nil:
		return call.Reply{}, call.Wrong("target", "This field is required.")
	case err != nil || !isUUID(target):
		return call.Reply{}, call.Wrong("target", "Must be a valid UUID.")
	}
	if _, err := a.fileOf(ctx, c, target); err != nil {
		return call.Reply{}, err
	}
	return call.Reply{}, call.Refuse(http.StatusForbidden, "You can't use this add-on")
}

// execution answers GET /addons/{name}/execute/status/: none was ever begun.
func (a *API) execution(_ context.Context, c *call.Call) (call.Reply, error) {
	if err := addOn(c); err != nil {
		return call.Reply{}, err
	}
	switch id := c.Request.URL.Query().Get("request_id"); {
	case id == "":
		return call.Reply{}, call.Wrong("request_id", "This field is required.")
	case !isUUID(id):
		return call.Reply{}, call.Wrong("request_id", "Must be a valid UUID.")
	}
	return call.Reply{Body: map[string]string{"status": "unknown"}, Plain: true}, nil
}
