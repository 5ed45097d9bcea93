package filestack

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/protocol/filestack/access"
	"github.com/stowgate/stowgate/internal/protocol/filestack/answer"
	"github.com/stowgate/stowgate/internal/protocol/filestack/params"
	"github.com/stowgate/stowgate/internal/server"
	"github.com/stowgate/stowgate/internal/upload"
)

// maxURLBody is how long a body that names a URL may be, in bytes. A longer one
// is the file itself.
const maxURLBody = server.MaxFormFields

// An incoming is the file that a request carries, or the URL it names instead.
type incoming struct {
	body io.Reader
	size int64  // bytes; negative means unknown
	name string // as the client sent it
	kind string // media type the client sent

	fields params.Set // what else the body says
	url    string
}

// readIncoming reads a request up to the bytes of its file. A form has the first
// file or a field url; any other body is the file, also one that curl calls a
// form by default. With namesURL, JSON with a member url names one.
func readIncoming(r *http.Request, namesURL bool) (incoming, error) {
	media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	in := incoming{body: r.Body, size: r.ContentLength, kind: r.Header.Get("Content-Type"), fields: params.New("")}
	switch {
	case media == "multipart/form-data":
		form, err := server.ReadForm(r)
		if err != nil {
			return in, err
		}
		in.fields = params.FromForm(form.Values())
		if form.File != nil {
			in.body, in.size, in.name, in.kind = form.File, -1, form.File.Name, form.File.Type
			return in, nil
		}
		if in.url = in.fields.Text("url"); in.url == "" {
			return in, fmt.Errorf("form has neither a file nor a url: %w", fault.Invalid)
		}
	case media == "application/x-www-form-urlencoded", media == "application/json" && namesURL:
		head, err := io.ReadAll(io.LimitReader(r.Body, maxURLBody+1))
		if err != nil {
			return in, fmt.Errorf("read body: %w: %w", err, fault.Canceled)
		}
		in.body = io.MultiReader(bytes.NewReader(head), r.Body)
		if len(head) > maxURLBody {
			break
		}
		fields, err := params.ParseObject(head, "")
		if media != "application/json" {
			in.kind, fields, err = "", params.ParseQuery(string(head)), nil
		}
		if err == nil && fields.Text("url") != "" {
			in.url, in.fields = fields.Text("url"), fields
		}
	}
	return in, nil
}

type storeArgs struct {
	spec upload.Spec
	src  *access.Source // nil if the request carries the file
	body io.Reader
}

// readStore reads POST /api/store/{location}: options in the query, and those
// that a body with a URL adds.
func (a *API) readStore(r *http.Request) (access.Caller, storeArgs, error) {
	in, err := readIncoming(r, true)
	if err != nil {
		return access.Caller{}, storeArgs{}, err
	}
	options := params.ParseQuery(r.URL.RawQuery)
	if in.url != "" {
		options.Fill(in.fields)
	}
	if location, _, _ := strings.Cut(r.PathValue("path"), "/"); location != "" {
		options.Put("location", location)
	}
	var c access.Caller
	c.Use(options)
	c.UseBasic(r)
	spec, err := params.Store(options, options)
	if err != nil {
		return c, storeArgs{}, err
	}
	args := storeArgs{spec: spec, body: in.body}
	if in.url != "" {
		src, err := a.gate.Source(in.url, &c)
		if err != nil {
			return c, args, err
		}
		args.src = &src
		return c, args, nil
	}
	args.spec.Size = in.size
	if args.spec.Name == "" {
		args.spec.Name = in.name
	}
	if args.spec.Type == "" {
		args.spec.Type = in.kind
	}
	return c, args, nil
}

// store answers POST /api/store.
func (a *API) store(w http.ResponseWriter, r *http.Request, g policy.Grant, args storeArgs) error {
	var file asset.Asset
	var err error
	if args.src != nil {
		file, err = a.take(r.Context(), g, *args.src, args.spec)
	} else {
		file, err = a.uploads.Put(r.Context(), g, args.spec, args.body)
	}
	if err != nil {
		return err
	}
	return answer.JSON(w, http.StatusOK, a.place.Stored(file))
}

// take stores what src is as a new asset.
func (a *API) take(ctx context.Context, g policy.Grant, src access.Source, spec upload.Spec) (asset.Asset, error) {
	if src.Asset != "" {
		return a.uploads.Copy(ctx, g, src.Asset, spec)
	}
	return a.uploads.Import(ctx, g, spec, src.Remote)
}
