package filestack

import (
	"fmt"
	"net/http"
	"slices"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/protocol/filestack/access"
	"github.com/stowgate/stowgate/internal/protocol/filestack/answer"
	"github.com/stowgate/stowgate/internal/protocol/filestack/params"
	"github.com/stowgate/stowgate/internal/protocol/filestack/taskurl"
	"github.com/stowgate/stowgate/internal/upload"
)

type fileArgs struct {
	id     asset.ID
	suffix string // what stood behind "+"
	query  params.Set
}

// readFile reads a request about the handle in its path, with parameters and
// credential in its query. A key that does not own the asset must not change it.
func readFile(r *http.Request) (access.Caller, fileArgs, error) {
	args := fileArgs{query: params.ParseQuery(r.URL.RawQuery)}
	args.id, args.suffix = taskurl.Handle(r.PathValue("handle"))
	c := access.Caller{Asset: args.id, Strict: r.Method == http.MethodDelete || r.Method == http.MethodPost}
	if args.id == "" {
		return c, args, fmt.Errorf("handle %q: %w", r.PathValue("handle"), fault.NotFound)
	}
	c.Use(args.query)
	c.UseBasic(r)
	return c, args, args.query.Err()
}

// read answers GET /api/file/{handle}.
func (a *API) read(w http.ResponseWriter, r *http.Request, g policy.Grant, args fileArgs) error {
	return a.deliver(w, r, g, args, nil)
}

// remove answers DELETE /api/file/{handle}. What skip_storage would leave, the
// object in a bucket of the owner's, is not there: bytes have no other name.
func (a *API) remove(w http.ResponseWriter, r *http.Request, g policy.Grant, args fileArgs) error {
	if err := a.library.Remove(r.Context(), g, args.id); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Write([]byte("success"))
	return nil
}

// overwrite answers POST /api/file/{handle}, with bytes or a URL. Swift puts
// the URL in the query.
func (a *API) overwrite(w http.ResponseWriter, r *http.Request, g policy.Grant, args fileArgs) error {
	text := args.query.Text("url")
	spec := upload.Spec{Base64: args.query.Flag("base64decode")}
	if err := args.query.Err(); err != nil {
		return err
	}
	in := incoming{url: text}
	if text == "" {
		var err error
		if in, err = readIncoming(r, false); err != nil {
			return err
		}
	}
	file, err := a.replace(r, g, args.id, spec, in)
	if err != nil {
		return err
	}
	return answer.JSON(w, http.StatusOK, map[string]any{
		"url": a.place.Link(file.ID), "mimetype": file.Type, "isWriteable": true, "size": file.Content.Size(), "filename": file.Name,
	})
}

func (a *API) replace(r *http.Request, g policy.Grant, id asset.ID, spec upload.Spec, in incoming) (asset.Asset, error) {
	ctx := r.Context()
	if in.url == "" {
		spec.Size = in.size
		return a.uploads.Replace(ctx, g, id, spec, in.body)
	}
	src, err := a.gate.Source(in.url, &access.Caller{Asset: id})
	if err != nil {
		return asset.Asset{}, err
	}
	if src.Asset == "" {
		return a.uploads.ReplaceFrom(ctx, g, id, src.Remote)
	}
	from, err := a.delivery.Open(ctx, g, src.Asset)
	if err != nil {
		return asset.Asset{}, err
	}
	defer from.Close()
	spec.Size = from.Asset.Content.Size()
	return a.uploads.Replace(ctx, g, id, spec, from)
}

// byDefault are the fields of metadata that are told when none is asked for.
// Filestack documentation: "Query Metadata"; filestack-go, FileMetadata.
var byDefault = []string{"mimetype", "uploaded", "container", "writeable", "filename", "location", "key", "path", "size"}

// hashes are the fields that are computed from the bytes.
var hashes = []string{"md5", "sha1", "sha224", "sha256", "sha384", "sha512"}

// metadata answers with what is known about an asset: the fields whose parameter
// is true, or some by default.
func (a *API) metadata(w http.ResponseWriter, r *http.Request, g policy.Grant, args fileArgs) error {
	file, err := a.library.Describe(r.Context(), g, args.id)
	if err != nil {
		return err
	}
	fields := a.place.Metadata(file)
	asked, digests := []string{}, []string{}
	for _, name := range args.query.Names() {
		switch _, known := fields[name]; {
		case name == "key": // the API key: asked for by no client
		case known && args.query.Flag(name):
			asked = append(asked, name)
		case slices.Contains(hashes, name) && args.query.Flag(name):
			asked, digests = append(asked, name), append(digests, name)
		case name == "exif" && args.query.Flag(name):
			asked = append(asked, name)
			if fields[name], err = a.delivery.EXIF(r.Context(), g, file); err != nil {
				return err
			}
		}
	}
	if err := args.query.Err(); err != nil {
		return err
	}
	sums, err := a.delivery.Digests(r.Context(), file, digests)
	if err != nil {
		return err
	}
	for name, sum := range sums {
		fields[name] = sum
	}
	if len(asked) == 0 {
		asked = byDefault
	}
	body := map[string]any{}
	for _, name := range asked {
		if name != "sourceurl" { // filestack-js sends both spellings
			body[name] = fields[name]
		}
	}
	return answer.JSON(w, http.StatusOK, body)
}
