package filestack

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"

	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/protocol/filestack/access"
	"github.com/stowgate/stowgate/internal/protocol/filestack/answer"
	"github.com/stowgate/stowgate/internal/protocol/filestack/params"
	"github.com/stowgate/stowgate/internal/protocol/filestack/picker"
	"github.com/stowgate/stowgate/internal/upload"
)

// folders answers POST /folder/list: no cloud drive is connected, so all are
// empty.
func (a *API) folders(w http.ResponseWriter, r *http.Request, g policy.Grant, p params.Set) error {
	if err := a.library.Allow(r.Context(), g, policy.Request{Action: policy.Pick | policy.Store, Size: -1}); err != nil {
		return err
	}
	body := map[string]any{"token": p.Text("token")}
	for _, name := range p.Object("clouds").Names() {
		body[name] = map[string]any{"client": name, "filename": "/", "next": "", "contents": []any{}}
	}
	if err := p.Err(); err != nil {
		return err
	}
	return answer.JSON(w, http.StatusOK, body)
}

type cloudArgs struct {
	src   access.Source
	spec  upload.Spec
	token string
}

// readCloudStore reads POST /store/, by which the picker imports links. Java
// repeats the options of the cloud at the top.
func (a *API) readCloudStore(r *http.Request) (access.Caller, cloudArgs, error) {
	c, p, err := access.ReadBody(r)
	if err != nil {
		return c, cloudArgs{}, err
	}
	link := p.Object("clouds").Object("url")
	args := cloudArgs{token: p.Text("token")}
	path := link.Text("path")
	if path == "" {
		return c, args, answer.Unsupported("cloud other than url")
	}
	if args.src, err = a.outside(path, link, &c); err != nil {
		return c, args, err
	}
	store := link.Object("store")
	if !link.Has("store") {
		store = p.Object("store")
	}
	args.spec, err = params.Store(p, store)
	return c, args, err
}

func (a *API) cloudStore(w http.ResponseWriter, r *http.Request, g policy.Grant, args cloudArgs) error {
	return picker.Tell(w, r, answer.Cloud, func(i *picker.Import) (any, error) {
		args.src.Remote.Watch = i.Watch
		file, err := a.take(r.Context(), g, args.src, args.spec)
		return map[string]any{"token": args.token, "url": a.place.Stored(file)}, err
	})
}

// readOutside reads POST /metadata.
func (a *API) readOutside(r *http.Request) (access.Caller, access.Source, error) {
	c, p, err := access.ReadBody(r)
	if err != nil {
		return c, access.Source{}, err
	}
	text := p.Text("url")
	if text == "" {
		return c, access.Source{}, params.Invalid("url")
	}
	src, err := a.outside(text, p, &c)
	return c, src, err
}

// outside returns the source that text names, to be asked for with the header
// fields in p.
func (a *API) outside(text string, p params.Set, c *access.Caller) (access.Source, error) {
	src, err := a.gate.Source(text, c)
	if headers, ok := p.Raw("headers"); ok && json.Unmarshal(headers, &src.Remote.Header) != nil {
		return src, params.Invalid("headers")
	}
	return src, err
}

// describeOutside answers POST /metadata with what an outside file is.
func (a *API) describeOutside(w http.ResponseWriter, r *http.Request, g policy.Grant, src access.Source) error {
	type description struct {
		URL      string `json:"url"`
		Filename string `json:"filename"`
		Mimetype string `json:"mimetype"`
		Size     *int64 `json:"size"`
	}
	if src.Asset != "" {
		file, err := a.library.Describe(r.Context(), g, src.Asset)
		if err != nil {
			return err
		}
		size := file.Content.Size()
		return answer.JSON(w, http.StatusOK, description{a.place.Link(file.ID), file.Name, file.Type, &size})
	}
	url, err := policy.CanonicalURL(src.Remote.URL)
	if err != nil {
		return err
	}
	if err := a.library.Allow(r.Context(), g, policy.Request{Action: policy.Pick | policy.Store, URL: url, Size: -1}); err != nil {
		return err
	}
	if a.config.Fetch == nil {
		return fmt.Errorf("outside files are switched off: %w", fault.Unsupported)
	}
	remote, err := a.config.Fetch(r.Context(), url, src.Remote.Header, math.MaxInt64)
	if err != nil {
		return err
	}
	defer remote.Body.Close()
	body := description{URL: src.Remote.URL, Filename: remote.Name, Mimetype: remote.Type}
	if remote.Size >= 0 {
		body.Size = &remote.Size
	}
	return answer.JSON(w, http.StatusOK, body)
}

// logout answers POST /auth/logout.
func (a *API) logout(w http.ResponseWriter, r *http.Request) error {
	return answer.JSON(w, http.StatusOK, struct{}{})
}

// recording answers the routes that record from a camera, which need a service
// of another vendor.
func (a *API) recording(http.ResponseWriter, *http.Request) error {
	return fmt.Errorf("recording is not available on this server: %w", fault.NotFound)
}
