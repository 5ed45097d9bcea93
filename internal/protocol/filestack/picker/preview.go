package picker

import (
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/stowgate/stowgate/internal/delivery"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/protocol/filestack/access"
	"github.com/stowgate/stowgate/internal/protocol/filestack/params"
	"github.com/stowgate/stowgate/internal/server"
	"github.com/stowgate/stowgate/internal/transform"
)

// previewSide is how wide and high a preview is at most, in pixels: what the
// picker's tiles show on a fine screen.
const previewSide = 240

// glance is what a preview shows of a file.
var glance = transform.Plan{
	Ops:    []transform.Op{transform.Resize{Width: previewSide, Height: previewSide, Fit: transform.Max}},
	Output: transform.Output{Format: transform.WebP},
}

// ReadPreview reads a request whose body is a file and whose credential is in
// the query.
func ReadPreview(r *http.Request) (access.Caller, io.Reader, error) {
	p := params.ParseQuery(r.URL.RawQuery)
	var c access.Caller
	c.Use(p)
	if r.ContentLength > delivery.MaxPreview {
		return c, nil, fmt.Errorf("preview of %d bytes: %w", r.ContentLength, fault.TooLarge)
	}
	return c, r.Body, p.Err()
}

// Preview answers POST /preview: a small picture of a file that is about to be
// uploaded and that the page's browser cannot show, to whoever may upload it.
func (a *API) Preview(w http.ResponseWriter, r *http.Request, g policy.Grant, body io.Reader) error {
	admit := func(size int64, kind string) error {
		if !strings.HasPrefix(kind, "image/") && kind != "application/pdf" {
			return fmt.Errorf("preview of %s: %w", kind, fault.Unsupported)
		}
		return a.Uploads.Admits(r.Context(), g, size, kind)
	}
	if err := a.Uploads.Admits(r.Context(), g, r.ContentLength, ""); err != nil {
		return err
	}
	v, err := a.Delivery.Preview(r.Context(), g, glance, body, admit)
	if err != nil {
		return err
	}
	defer v.Close()
	return server.ServeFile(w, r, server.File{Asset: v.Asset, Content: v}, server.FileOptions{CacheControl: "no-store", Generated: true})
}
