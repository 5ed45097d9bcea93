package server

import (
	"encoding/hex"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/inspect"
)

// A File is a stored file that is to be sent: what it is, and its bytes. If
// Content also has WriteRangeTo(w io.Writer, n int64) (int64, error), which
// writes the next n bytes to w, it is used to let the system send them.
type File struct {
	Asset   asset.Asset
	Content io.ReadSeeker
}

// FileOptions adjusts ServeFile.
type FileOptions struct {
	Name           string // how clients call the file; "" means the asset's name
	Download       bool   // clients are to save it instead of showing it
	Generated      bool   // it was made here: it is what its type says, and shown in place
	CacheControl   string // "" means that nothing keeps it
	ResourcePolicy string // Cross-Origin-Resource-Policy; "" means cross-origin
}

// filePolicy makes a page out of no file: whatever a browser takes it for, it
// runs nothing and loads nothing.
var filePolicy = []string{"default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"}

// Values of header fields that are the same in every answer. They are shared,
// and so never changed.
var (
	noReferrer = []string{"no-referrer"} // URLs hold policies
	noSniff    = []string{"nosniff"}
)

// ServeFile answers r, a GET or HEAD, with f or the one range of it that r asks
// for. It is the one way in which stored bytes leave.
//
// The error is that of the first bytes, if they cannot be read or are damaged:
// nothing was answered then. Damage that shows later breaks the connection, so
// that no client takes what it got for the file.
func ServeFile(w http.ResponseWriter, r *http.Request, f File, o FileOptions) error {
	h := w.Header()
	setFileHeader(h, f.Asset, o)
	if len(r.Header.Values("Range")) > 1 || strings.Contains(r.Header.Get("Range"), ",") {
		r = r.Clone(r.Context())
		r.Header.Del("Range") // several ranges: the whole file
	}
	out := &fileWriter{ResponseWriter: w}
	http.ServeContent(out, r, "", f.Asset.Modified, f.Content)
	switch {
	case out.err == nil:
		out.start() // an answer without bytes
	case !out.started:
		for _, name := range fileHeader {
			h.Del(name) // an error is no file
		}
		return fmt.Errorf("send asset %s: %w", f.Asset.ID, out.err)
	default:
		NoteError(r.Context(), fmt.Errorf("send asset %s: %w", f.Asset.ID, out.err))
		panic(http.ErrAbortHandler)
	}
	return nil
}

// fileHeader are the fields that only an answer with a file has.
var fileHeader = []string{"Content-Type", "Content-Disposition", "Content-Security-Policy", "Cross-Origin-Resource-Policy",
	"X-File-Name", "Cache-Control", "Etag", "Last-Modified", "Accept-Ranges", "Content-Range", "Content-Length"}

func setFileHeader(h http.Header, a asset.Asset, o FileOptions) {
	name := asset.CleanName(a.Name)
	if o.Name != "" {
		name = asset.CleanName(o.Name)
	}
	kind := "inline"
	media := a.Type
	if !o.Generated {
		media = fileType(a.Type, a.Detected)
	}
	if o.Download || !o.Generated && (inspect.Active(a.Detected) || !inspect.Inline(a.Detected)) {
		kind = "attachment"
	}
	h["Content-Security-Policy"] = filePolicy
	h["Referrer-Policy"] = noReferrer
	h["X-Content-Type-Options"] = noSniff
	values := [...]string{ // in one piece of memory
		media,
		asset.Disposition(kind, name),
		orElse(o.ResourcePolicy, "cross-origin"),
		headerName(asset.CleanName(a.Name)),
		orElse(o.CacheControl, "private, no-store"),
		`"` + hex.EncodeToString(a.Content.SHA256[:16]) + `"`,
	}
	for i, name := range [...]string{"Content-Type", "Content-Disposition", "Cross-Origin-Resource-Policy",
		"X-File-Name", "Cache-Control", "Etag"} {
		h[name] = values[i : i+1 : i+1]
	}
}

// opaque is the type of bytes about which nothing is promised.
const opaque = "application/octet-stream"

// fileType returns the media type a file is sent as. In order:
//
//   - active content goes as what it is only if browsers can use it without
//     running it (a picture, a document); else as opaque bytes, so that no page
//     can take it for its script;
//   - what the bytes are, if that says more than "text", "archive" or nothing,
//     and browsers may show it;
//   - what its owner says it is, unless that is active;
//   - opaque bytes.
func fileType(declared, detected string) string {
	declared, detected = bareType(declared), bareType(detected)
	switch {
	case detected == "image/svg+xml", detected == "application/pdf":
		return detected
	case inspect.Active(detected):
		return opaque
	case inspect.Inline(detected) && detected != "text/plain":
		return detected
	case declared != "" && !inspect.Active(declared):
		return withCharset(declared)
	case inspect.Inline(detected):
		return withCharset(detected)
	}
	return opaque
}

// bareType returns a media type without its parameters, or "" if it is none.
func bareType(t string) string {
	if t == opaque || t == "" {
		return t // nothing to be learned from most
	}
	bare, _, err := mime.ParseMediaType(t)
	if err != nil || !strings.Contains(bare, "/") {
		return ""
	}
	return bare
}

// withCharset says how a text is to be read, which browsers otherwise guess.
func withCharset(t string) string {
	if strings.HasPrefix(t, "text/") {
		return t + "; charset=utf-8"
	}
	return t
}

// headerName returns a name that stands in a header as it is, or else
// percent-encoded: filestack-java names a local file after it.
func headerName(name string) string {
	for _, c := range name {
		if c < ' ' || c > '~' {
			return url.PathEscape(name)
		}
	}
	return name
}

func orElse(s, otherwise string) string {
	if s != "" {
		return s
	}
	return otherwise
}

// A fileWriter passes an answer on, and holds its header back until there is a
// byte to follow it.
type fileWriter struct {
	http.ResponseWriter
	status  int
	started bool
	err     error // why the bytes end before they should
}

func (w *fileWriter) WriteHeader(status int) { w.status = status }

func (w *fileWriter) start() {
	if !w.started {
		w.started = true
		w.ResponseWriter.WriteHeader(or(w.status, http.StatusOK))
	}
}

func (w *fileWriter) Write(p []byte) (int, error) {
	w.start()
	n, err := w.ResponseWriter.Write(p)
	return n, gone(err)
}

// ReadFrom is how http.ServeContent sends the content, and how this learns what
// became of it.
func (w *fileWriter) ReadFrom(src io.Reader) (n int64, err error) {
	limited := src.(*io.LimitedReader) // by io.CopyN
	content, ok := limited.R.(interface {
		WriteRangeTo(w io.Writer, n int64) (int64, error)
	})
	want := limited.N
	if ok {
		n, err = content.WriteRangeTo(sender{w}, want)
	} else {
		n, err = io.Copy(struct{ io.Writer }{w}, limited)
	}
	if err == nil && n < want {
		err = fmt.Errorf("content ends after %d of %d bytes: %w", n, want, fault.Damaged)
	}
	w.err = err
	return n, err
}

// A sender is a fileWriter as the content sees it: it takes checked bytes, and
// passes a file on to the connection.
type sender struct{ *fileWriter }

func (w sender) ReadFrom(src io.Reader) (int64, error) {
	w.start()
	n, err := io.Copy(w.ResponseWriter, src)
	return n, gone(err)
}

// gone gives an error of writing to a client its kind.
func gone(err error) error {
	if err != nil {
		err = fmt.Errorf("client took no more: %w: %w", err, fault.Canceled)
	}
	return err
}
