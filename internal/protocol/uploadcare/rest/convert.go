package rest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/protocol/uploadcare/rest/call"
)

// conversions are what can be asked for, and how it is answered that no engine
// here does it. Uploadcare documentation: "REST API", "Conversion".
var conversions = map[string]string{
	"document": "Document conversion feature is not available for this project.",
	"video":    "Video conversion feature is not available for this project.",
}

// unavailable returns that the conversion which the path names is not available.
func unavailable(c *call.Call) error {
	text, known := conversions[c.Path("kind")]
	if !known {
		return fmt.Errorf("conversion %q: %w", c.Path("kind"), fault.NotFound)
	}
	return call.Refuse(http.StatusBadRequest, text)
}

// convert answers POST /convert/{document|video}/.
func (a *API) convert(_ context.Context, c *call.Call) (call.Reply, error) {
	members, err := c.Object()
	if err != nil {
		return call.Reply{}, err
	}
	var paths []string
	if json.Unmarshal(members["paths"], &paths) != nil || len(paths) == 0 {
		return call.Reply{}, call.Refuse(http.StatusBadRequest, "“paths” parameter is required.")
	}
	return call.Reply{}, unavailable(c)
}

// convertible answers GET /convert/document/{uuid}/, which tells what a document
// can be converted to.
func (a *API) convertible(ctx context.Context, c *call.Call) (call.Reply, error) {
	if c.Path("kind") != "document" {
		return call.Reply{}, fmt.Errorf("conversion %q: %w", c.Path("kind"), fault.NotFound)
	}
	if _, err := a.lookup(ctx, c); err != nil {
		return call.Reply{}, err
	}
	return call.Reply{}, unavailable(c)
}

// conversion answers GET /convert/{document|video}/status/{token}/: none was ever
// begun.
func (a *API) conversion(_ context.Context, c *call.Call) (call.Reply, error) {
	return call.Reply{}, fmt.Errorf("conversion %q: %w", c.Path("token"), fault.NotFound)
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
