// Package picker answers what a page with a picker asks besides what all
// clients ask: whether it may upload, what a file looks like, and what of an
// upload has arrived.
package picker

import (
	"net/http"

	"github.com/stowgate/stowgate/internal/delivery"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/protocol/filestack/access"
	"github.com/stowgate/stowgate/internal/protocol/filestack/answer"
	"github.com/stowgate/stowgate/internal/protocol/filestack/params"
	"github.com/stowgate/stowgate/internal/upload"
)

// An API answers pages with a picker.
type API struct {
	Gate     *access.Gate
	Uploads  *upload.Service
	Delivery *delivery.Service
	Place    answer.Place
	Links    bool // whether outside files can be imported
}

// An arrived part is one that need not be sent again, with what complete calls
// it.
type arrivedPart struct {
	Number int    `json:"part_number"`
	Size   int64  `json:"size"`
	ETag   string `json:"etag"`
}

// Status answers POST /multipart/status, by which a page goes on with an upload
// after it was closed: the parts that arrived whole, or the file if the upload
// is done. Parts that were sent in chunks are not among them.
func (a *API) Status(w http.ResponseWriter, r *http.Request, g policy.Grant, p params.Set) error {
	parts, file, err := a.Uploads.Arrived(r.Context(), g.App, p.Text("upload_id"))
	if err != nil {
		return err
	}
	if file.ID != "" {
		return answer.JSON(w, http.StatusOK, map[string]any{"status": "done", "file": a.Place.Stored(file)})
	}
	arrived := []arrivedPart{}
	for _, part := range parts {
		if !part.Chunked {
			arrived = append(arrived, arrivedPart{part.Number, part.Segment.Size, part.Tag})
		}
	}
	return answer.JSON(w, http.StatusOK, map[string]any{"status": "open", "parts": arrived})
}
