// Package uploadcare speaks Uploadcare's wire protocols, so that its official
// clients work unmodified: the Upload API, the REST API and the CDN. It puts
// their tables together, and decides nothing itself.
package uploadcare

import (
	"context"
	"slices"
	"time"

	"github.com/stowgate/stowgate/internal/conversion"
	"github.com/stowgate/stowgate/internal/delivery"
	"github.com/stowgate/stowgate/internal/library"
	"github.com/stowgate/stowgate/internal/manage"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/protocol/uploadcare/cdn"
	"github.com/stowgate/stowgate/internal/protocol/uploadcare/rest"
	"github.com/stowgate/stowgate/internal/protocol/uploadcare/uploading"
	"github.com/stowgate/stowgate/internal/server"
	"github.com/stowgate/stowgate/internal/transform"
	"github.com/stowgate/stowgate/internal/upload"
	"github.com/stowgate/stowgate/internal/upload/imports"
)

// apps is where tenants are recorded.
type apps interface {
	App(ctx context.Context, key string) (policy.App, error)
	AppKeys(ctx context.Context) ([]string, error)
}

// Config says what an API calls and where it is. All of it is needed, but for
// what says otherwise.
type Config struct {
	Apps     apps
	Uploads  *upload.Service
	Library  *library.Service // made by library.NewManaged
	Delivery *delivery.Service
	Webhooks *manage.Webhooks
	Imports  *imports.Service
	Fetch    upload.Fetch // opens files from outside for the CDN's proxy

	Conversions *conversion.Service // draws pages of documents; nil means that nothing does

	PublicURL string             // where clients reach the server
	Domain    string             // host under which the APIs have hosts of their own; empty if there is none
	Formats   []transform.Format // what pictures are written in if a client can show it; see transform.Negotiate
	Now       func() time.Time   // nil means time.Now
}

// An API answers Uploadcare's protocols.
type API struct {
	uploads *uploading.API
	rest    *rest.API
	cdn     *cdn.API
}

// New returns an API. The error says what about c makes no sense.
func New(c Config) (*API, error) {
	place, err := PlaceOf(c.PublicURL, c.Domain)
	if err != nil {
		return nil, err
	}
	place.Blind = !c.Delivery.Transforms()
	return &API{
		uploads: uploading.New(uploading.Config{
			Apps: c.Apps, Uploads: c.Uploads, Library: c.Library, Delivery: c.Delivery, Imports: c.Imports, Place: place, Now: c.Now,
		}),
		rest: rest.New(rest.Config{
			Apps: c.Apps, Uploads: c.Uploads, Library: c.Library, Delivery: c.Delivery, Webhooks: c.Webhooks, Conversions: c.Conversions, Place: place, Now: c.Now,
		}),
		cdn: cdn.New(cdn.Config{
			Apps: c.Apps, Library: c.Library, Delivery: c.Delivery, Imports: c.Imports, Fetch: c.Fetch, Formats: c.Formats, Zone: zoneOf(place), Now: c.Now,
		}),
	}, nil
}

// Fetch returns what gives files of this server's CDN to imports, as far as
// anybody may read them, and everything else by next.
func (a *API) Fetch(next upload.Fetch) upload.Fetch { return a.uploads.Fetch(next) }

// ExposedHeaders are the header fields that pages of other origins must be able
// to read; see server.CORS. Source: the answers of Uploadcare's Upload API and
// CDN.
var ExposedHeaders = []string{"Warning", "Retry-After", "X-Image-Width", "X-Image-Height", "X-Image-Acceptable-Original", "X-Image-Acceptable-Improved"}

// Routes returns the table of everything the API answers. A row is for no path
// that another protocol has, so that the table may stand before others.
func (a *API) Routes() []server.Route {
	files := a.cdn.Routes()
	for i, route := range files {
		files[i] = route.On(cdnHost, "*."+cdnHost)
	}
	return slices.Concat(a.uploads.Routes(), a.rest.Routes(), files)
}
