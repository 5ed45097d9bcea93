package delivery

import (
	"io"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/delivery/shelf"
)

// A Variant is the result of a plan, open for reading. The caller closes it. It
// is not safe for concurrent use.
type Variant struct {
	// Asset describes it as if it were stored: App, Name, Type, Detected,
	// Width, Height, Modified and the SHA-256 of its Content. ID is that of the
	// first input, and empty if that is an outside file.
	Asset  asset.Asset
	Frames int

	file *shelf.File
}

// variant returns f as what j asked for.
func (j *job) variant(f *shelf.File) *Variant {
	first := j.inputs[0]
	v := &Variant{Frames: f.Frames, file: f, Asset: asset.Asset{
		ID: first.asset.ID, App: j.grant.App, Name: first.asset.Name, Type: f.Type, Detected: f.Detected,
		Width: f.Width, Height: f.Height, Modified: f.Made,
	}}
	if first.url != "" {
		v.Asset.Name = nameIn(first.url)
	}
	v.Asset.Name = rename(v.Asset.Name, f.Type)
	v.Asset.Content.SHA256 = f.SHA256
	return v
}

// Size returns the number of bytes.
func (v *Variant) Size() int64 { return v.file.Size }

// Read implements io.Reader.
func (v *Variant) Read(p []byte) (int, error) { return v.file.Read(p) }

// Seek implements io.Seeker.
func (v *Variant) Seek(offset int64, whence int) (int64, error) { return v.file.Seek(offset, whence) }

// WriteRangeTo writes the next n bytes to w and returns how many it wrote; see
// shelf.File.
func (v *Variant) WriteRangeTo(w io.Writer, n int64) (int64, error) { return v.file.WriteRangeTo(w, n) }

// Close releases what the variant holds.
func (v *Variant) Close() error { return v.file.Close() }

// nameIn returns the file name in a canonical URL.
func nameIn(canonical string) string {
	u, err := url.Parse(canonical)
	if err != nil || strings.HasSuffix(u.Path, "/") {
		return ""
	}
	return path.Base(u.Path)
}

// extensions are those of the types that plans make, the usual one first.
var extensions = map[string][]string{
	"application/json":         {".json"},
	"image/avif":               {".avif"},
	"image/bmp":                {".bmp"},
	"image/gif":                {".gif"},
	"image/jpeg":               {".jpg", ".jpeg"},
	"image/png":                {".png"},
	"image/svg+xml":            {".svg"},
	"image/tiff":               {".tiff", ".tif"},
	"image/vnd.microsoft.icon": {".ico"},
	"image/webp":               {".webp"},
	"image/x-icon":             {".ico"},
	"text/html":                {".html", ".htm"},
}

// rename gives a file name the extension of a type.
func rename(name, mediaType string) string {
	known := extensions[mediaType]
	old := path.Ext(name)
	if name == "" || len(known) == 0 || slices.Contains(known, strings.ToLower(old)) {
		return name
	}
	return strings.TrimSuffix(name, old) + known[0]
}
