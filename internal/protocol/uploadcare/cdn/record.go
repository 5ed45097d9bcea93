package cdn

import (
	"bytes"
	"context"
	"crypto/sha1"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/protocol/uploadcare/chain"
	"github.com/stowgate/stowgate/internal/transform"
)

// A source is what is told about an image as it was uploaded. Its width and
// height are those of the image when it is upright, as operations see it: the
// editor of file-uploader counts on that.
type source struct {
	ID     string  `json:"id"`
	DPI    *[2]int `json:"dpi"`
	Width  int     `json:"width"`
	Format string  `json:"format"`
	Height int     `json:"height"`
	Many   bool    `json:"sequence"`
	Mode   string  `json:"color_mode"`
	Turn   *int    `json:"orientation"`
	Place  *place  `json:"geo_location"`
	Taken  *string `json:"datetime_original"`
	traits
}

// A place is where a picture was taken.
type place struct {
	Latitude  float64 `json:"latitude"`
	Longitude float64 `json:"longitude"`
}

// traits are what is told about pixels if it is asked for.
type traits struct {
	Hash     string    `json:"hash,omitempty"`
	Blurhash string    `json:"blurhash,omitempty"`
	Colors   [][3]int  `json:"main_colors,omitempty"`
	Faces    *[][4]int `json:"faces,omitempty"` // x, y, width and height
}

// A result is what is told about what operations made of an image.
type result struct {
	ID     string `json:"id"` // its path
	Width  int    `json:"width"`
	Height int    `json:"height"`
	traits
	Original source `json:"original"`
}

// record answers with what is told about an image or, after other operations,
// about what they make of it.
// Uploadcare documentation: "Image information", "Color recognition".
func (a *API) record(w http.ResponseWriter, r *http.Request, c call, asked chain.Chain, file asset.Asset) error {
	report, err := a.ask(r.Context(), c, asked, asked.Plan)
	if err != nil {
		return err
	}
	id, about := tell(file, report, asked.Base)
	if asked.Answer == chain.JSON {
		return a.sendRecord(w, r, c, "application/json", about)
	}
	return a.sendScript(w, r, c, id, about)
}

// findFaces answers with the faces in an image.
// Uploadcare documentation: "Face detection".
func (a *API) findFaces(w http.ResponseWriter, r *http.Request, c call) error {
	if len(c.ops) > 0 {
		return transform.Invalid("%s takes no operations", detectFaces)
	}
	file, err := a.image(r.Context(), c)
	if err != nil {
		return err
	}
	report, err := a.ask(r.Context(), c, chain.Chain{}, transform.Plan{
		Page: 1, Ops: []transform.Op{transform.Orient{}}, Answer: transform.Info,
		Output: transform.Output{Info: &transform.Inquiry{Faces: true}},
	})
	if err != nil {
		return err
	}
	about := describe(file, report)
	faces := [][4]int{}
	for _, f := range report.Faces {
		faces = append(faces, [4]int{f.X, f.Y, f.Width, f.Height})
	}
	about.Faces = &faces
	return a.sendRecord(w, r, c, "application/json", about)
}

// maxReport is how long a report may be, in bytes.
const maxReport = 1 << 20

// ask runs a plan that ends in a report.
func (a *API) ask(ctx context.Context, c call, asked chain.Chain, plan transform.Plan) (report transform.Report, err error) {
	v, err := a.make(ctx, c, asked, plan)
	if err != nil {
		return report, err
	}
	defer v.Close()
	text, err := io.ReadAll(io.LimitReader(v, maxReport+1))
	if err == nil && len(text) > maxReport {
		err = fmt.Errorf("a report of over %d bytes: %w", maxReport, fault.TooLarge)
	}
	if err == nil {
		err = json.Unmarshal(text, &report)
	}
	return report, err
}

// tell returns what is told about a file after operations, and the name it has
// there: the UUID of the file, or the path.
func tell(file asset.Asset, report transform.Report, base []chain.Operation) (id string, about any) {
	own := describe(file, report)
	seen := traits{Hash: report.Hash, Blurhash: report.Blurhash}
	for _, color := range report.Colors {
		seen.Colors = append(seen.Colors, [3]int{int(color[0]), int(color[1]), int(color[2])})
	}
	if len(base) == 0 {
		own.traits = seen
		return own.ID, own
	}
	var path strings.Builder
	path.WriteString("/" + own.ID + "/")
	for _, op := range base {
		path.WriteString("-/" + op.String() + "/")
	}
	return path.String(), result{path.String(), report.Result.Width, report.Result.Height, seen, own}
}

// describe returns what is told about a file itself.
func describe(file asset.Asset, report transform.Report) source {
	s := source{
		ID: file.UUID.String(), DPI: report.DPI, Width: report.Width, Height: report.Height,
		Format: report.Format, Many: report.Frames > 1, Mode: report.Mode,
	}
	if report.Orientation > 4 { // it lies on its side
		s.Width, s.Height = s.Height, s.Width
	}
	if report.Orientation > 0 {
		s.Turn = &report.Orientation
	}
	if report.Latitude != nil && report.Longitude != nil {
		s.Place = &place{*report.Latitude, *report.Longitude}
	}
	if report.Taken != "" {
		s.Taken = &report.Taken
	}
	return s
}

// sendScript answers with a script that calls a function with a record.
func (a *API) sendScript(w http.ResponseWriter, r *http.Request, c call, id string, about any) error {
	name, err := json.Marshal(id)
	if err != nil {
		return err
	}
	text, err := json.Marshal(about)
	if err != nil {
		return err
	}
	a.sendText(w, r, c, "application/javascript; charset=utf-8", fmt.Appendf(nil, "uploadcare_callback(%s, %s);", name, text))
	return nil
}

// sendRecord answers with about as JSON.
func (a *API) sendRecord(w http.ResponseWriter, r *http.Request, c call, mediaType string, about any) error {
	text, err := json.Marshal(about)
	if err != nil {
		return err
	}
	a.sendText(w, r, c, mediaType, text)
	return nil
}

// sendText answers with a text that may be kept for a while.
func (a *API) sendText(w http.ResponseWriter, r *http.Request, c call, mediaType string, text []byte) {
	h := w.Header()
	markOpen(h)
	h.Set("Content-Type", mediaType)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", a.lifetime(c.grant, shortLife))
	h.Set("Etag", fmt.Sprintf(`"%x"`, sha1.Sum(text)))
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(text))
}
