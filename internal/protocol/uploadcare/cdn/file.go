package cdn

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/delivery"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/protocol/uploadcare/answer"
	"github.com/stowgate/stowgate/internal/protocol/uploadcare/chain"
	"github.com/stowgate/stowgate/internal/server"
	"github.com/stowgate/stowgate/internal/transform"
)

// How long answers may be kept by caches. Source: answers recorded by
// pyuploadcare.
const (
	longLife  = 365 * 24 * time.Hour // of a file and of a picture
	shortLife = 24 * time.Hour       // of a record
)

// lifetime returns the Cache-Control field. What needed a token is kept by nobody
// but its caller, and not beyond it.
func (a *API) lifetime(g policy.Grant, life time.Duration) string {
	who := "private"
	switch {
	case g.Unsigned:
		who = "public"
	case !g.Expires.IsZero():
		life = max(0, min(life, g.Expires.Sub(a.config.Now())))
	}
	return who + ", max-age=" + strconv.FormatInt(int64(life/time.Second), 10)
}

// deliver answers with a file, or with what operations make of it or tell about
// it. Those that go with a file of a group come first.
func (a *API) deliver(w http.ResponseWriter, r *http.Request, c call) error {
	ops := c.ops
	if c.kind == ofElement {
		own, err := chain.Parse(c.group.Members[c.nth].Effects)
		if err != nil {
			return err
		}
		ops = append(own, ops...)
	}
	asked, err := chain.Read(ops)
	if err != nil {
		return err
	}
	if !asked.Plain {
		server.NoteAction(r.Context(), "convert")
	}
	if asked.Image {
		file, err := a.image(r.Context(), c)
		if err != nil {
			return err
		}
		if asked.Answer != chain.Picture {
			return a.record(w, r, c, asked, file)
		}
	}
	if asked.Plain {
		return a.original(w, r, c, asked)
	}
	return a.picture(w, r, c, asked)
}

// image returns the file of a call, which must be an image.
func (a *API) image(ctx context.Context, c call) (asset.Asset, error) {
	file, err := a.config.Library.Get(ctx, c.grant, c.asset, policy.Convert)
	if err == nil && !strings.HasPrefix(file.Detected, "image/") {
		err = fmt.Errorf("%w (%s is %s)", errNoImage, c.asset, file.Detected)
	}
	return file, err
}

// original answers with a file as it is. Images and plain text are shown in
// place, all else is saved unless the chain says.
// Uploadcare documentation: "File delivery"; for text an answer recorded by
// pyuploadcare.
func (a *API) original(w http.ResponseWriter, r *http.Request, c call, asked chain.Chain) error {
	file, err := a.config.Delivery.Open(r.Context(), c.grant, c.asset)
	if err != nil {
		return err
	}
	defer file.Close()
	shown := strings.HasPrefix(file.Asset.Detected, "image/") || file.Asset.Detected == "text/plain"
	markOpen(w.Header())
	return server.ServeFile(w, r, server.File{Asset: file.Asset, Content: file}, server.FileOptions{
		Name: c.nameOf(file.Asset), Download: asked.Inline == "no" || asked.Inline == "" && !shown,
		CacheControl: a.lifetime(c.grant, longLife),
	})
}

// nameOf returns how clients call the file of c.
func (c call) nameOf(file asset.Asset) string {
	if c.name != "" {
		return c.name
	}
	return answer.Name(file.Name)
}

// picture answers with what operations make of an image.
func (a *API) picture(w http.ResponseWriter, r *http.Request, c call, asked chain.Chain) error {
	plan, varies := asked.For(r.Header.Get("Accept"), a.config.Formats...)
	v, err := a.make(r.Context(), c, asked, plan)
	if err != nil {
		return err
	}
	defer v.Close()
	h := w.Header()
	if varies {
		h.Add("Vary", "Accept")
	}
	h.Set("X-Image-Width", strconv.Itoa(v.Asset.Width))
	h.Set("X-Image-Height", strconv.Itoa(v.Asset.Height))
	return a.serve(w, r, c, v, asked.Inline == "no")
}

// serve answers with a variant.
func (a *API) serve(w http.ResponseWriter, r *http.Request, c call, v *delivery.Variant, download bool) error {
	markOpen(w.Header())
	return server.ServeFile(w, r, server.File{Asset: v.Asset, Content: v}, server.FileOptions{
		Name: c.nameOf(v.Asset), Download: download, CacheControl: a.lifetime(c.grant, longLife),
		Generated: v.Asset.Type != "image/svg+xml", // which holds what its owner wrote
	})
}

// make returns what a plan makes of the file of a call, and of the files that
// its chain names.
func (a *API) make(ctx context.Context, c call, asked chain.Chain, plan transform.Plan) (*delivery.Variant, error) {
	order := delivery.Order{Plan: plan, Inputs: []delivery.Input{{Asset: c.asset}}}
	for i, name := range asked.Files {
		// A token that is for one file with whatever follows its name brings in no
		// other.
		id, _, err := a.config.Library.Lookup(ctx, name)
		if err == nil {
			_, err = a.config.Library.Get(ctx, c.grant, id, policy.Convert)
		}
		if err != nil {
			return nil, ofImage(&delivery.InputError{Input: i + 1, Err: err})
		}
		order.Inputs = append(order.Inputs, delivery.Input{Asset: id})
	}
	v, err := a.config.Delivery.Transform(ctx, c.grant, order)
	return v, ofImage(err)
}

// convert answers for a conversion that a job has made, as far as it can be made
// at once: a picture of one page of a PDF.
// Uploadcare documentation: "Document conversion", "GIF to Video".
func (a *API) convert(w http.ResponseWriter, r *http.Request, c call) error {
	server.NoteAction(r.Context(), "convert")
	file, err := a.config.Library.Get(r.Context(), c.grant, c.asset, policy.Convert)
	if err != nil {
		return err
	}
	if c.special == "gif2video" {
		return transform.Invalid("No video can be made of this file.")
	}
	plan, ok := chain.Page(c.ops)
	if c.special != "document" || file.Detected != "application/pdf" || !ok {
		return fmt.Errorf("%s of %s was not made: %w", c.special, c.asset, fault.NotFound)
	}
	v, err := a.make(r.Context(), c, chain.Chain{}, plan)
	if err != nil {
		return err
	}
	defer v.Close()
	return a.serve(w, r, c, v, false)
}
