// Package node is a server at work: it opens what the settings name, wires it
// together, and runs it with what goes on in its background. Reading settings
// is left to package app.
package node

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/stowgate/stowgate/internal/app/place"
	"github.com/stowgate/stowgate/internal/app/scrub"
	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/blob"
	"github.com/stowgate/stowgate/internal/catalog"
	"github.com/stowgate/stowgate/internal/catalog/listing"
	"github.com/stowgate/stowgate/internal/delivery"
	"github.com/stowgate/stowgate/internal/fetch"
	"github.com/stowgate/stowgate/internal/insight"
	"github.com/stowgate/stowgate/internal/library"
	"github.com/stowgate/stowgate/internal/protocol/filestack"
	"github.com/stowgate/stowgate/internal/protocol/filestack/demo"
	"github.com/stowgate/stowgate/internal/protocol/filestack/script"
	"github.com/stowgate/stowgate/internal/protocol/management"
	"github.com/stowgate/stowgate/internal/protocol/portal"
	"github.com/stowgate/stowgate/internal/protocol/uploadcare"
	"github.com/stowgate/stowgate/internal/server"
	"github.com/stowgate/stowgate/internal/sweep"
	"github.com/stowgate/stowgate/internal/upload"
	"github.com/stowgate/stowgate/web"
)

// A Node is a wired server and what it has open.
type Node struct {
	Server    *server.Server
	PublicURL string // where clients reach it
	PortalURL string // where owners manage their apps
	Setup     string // what makes the first user of the portal; "" if there is one
	Jobs      *Jobs  // what goes on behind requests
	People    *People

	Files *library.Desk // what people do with the files of their apps

	set     Settings
	log     *slog.Logger
	api     *filestack.API
	care    *uploadcare.API
	uploads *upload.Service
	fetcher *fetch.Client // of files
	portal  *portal.Portal
	manage  *management.API
	demo    []server.Route // of the demonstration, if there is one
	router  *server.Router
	sweeper *sweep.Sweeper
	listing *listing.Listing
	scrub   *scrub.Scrubber // nil for none
	began   time.Time
	now     func() time.Time

	insight  *insight.Service
	removing remover // of files that are too old
	library  *library.Service

	mu      sync.Mutex     // guards closers while the node serves
	closers []func() error // last in, first out
}

// Open opens everything, in the order in which things depend on each other. The
// node listens then, and answers once it serves. The caller closes it.
func Open(ctx context.Context, set Settings, now func() time.Time, log *slog.Logger) (_ *Node, err error) {
	n := &Node{set: set, log: log, began: now(), now: now}
	defer func() {
		if err != nil {
			n.Close()
		}
	}()
	if err := set.Make(); err != nil {
		return nil, err
	}
	lock, err := set.Lock()
	if err != nil {
		return nil, err
	}
	n.closers = append(n.closers, lock.Close)
	records, key, err := set.OpenCatalog(ctx, now)
	if err != nil {
		return nil, err
	}
	n.closers = append(n.closers, records.Close)
	set.Server.Observe = n.openInsight(records, now)
	blobs, closeBlobs, err := set.OpenBlobs(ctx, records, key, set.Disk)
	if err != nil {
		return nil, err
	}
	n.closers = append(n.closers, closeBlobs)

	set.Server.Log = log
	set.Server.Ready = readiness(records, blobs)
	if set.Server.TLS, err = set.tls(log); err != nil {
		return nil, err
	}
	if n.Server, err = server.New(set.Server); err != nil {
		return nil, err
	}
	n.closers = append(n.closers, func() error { n.Server.Close(); return nil })
	n.PublicURL = publicURL(set, n.Server)
	if err := n.wire(ctx, records, blobs, key, now); err != nil {
		return nil, err
	}
	if err := n.openPortal(ctx, now); err != nil {
		return nil, err
	}
	if err := n.openManagement(); err != nil {
		return nil, err
	}
	if set.Demo != "" {
		signer := demoSigner(records, set.Demo, now)
		if _, err := signer(ctx); err != nil {
			return nil, err
		}
		n.demo = demo.Routes(signer)
	}
	n.router, err = server.NewRouter(set.Domain, n.Routes())
	return n, err
}

// Close closes what is open.
func (n *Node) Close() error {
	var err error
	for i := len(n.closers) - 1; i >= 0; i-- {
		err = errors.Join(err, n.closers[i]())
	}
	return err
}

// wire makes the services and the protocol that calls them.
func (n *Node) wire(ctx context.Context, records *catalog.Catalog, blobs blob.Store, key [32]byte, now func() time.Time) error {
	set := n.set
	set.Fetch.OwnHosts = ownHosts(n.PublicURL, set.Domain)
	n.fetcher = fetch.New(set.Fetch)
	get := remote(n.fetcher)
	vault := blob.NewVault(blobs, blob.VaultConfig{Now: now})
	set.Upload.TicketKey = place.Derive(key, "stowgate part tickets")
	set.Upload.Fetch = get
	drop := func(asset.ID) {} // until there is a delivery
	metered := newMetered(records, n.Server.Registry(), func(id asset.ID) { drop(id) })
	uploads := upload.New(blobs, vault, metered, set.Upload)
	n.uploads = uploads
	n.closers = append(n.closers, func() error { uploads.Close(); return nil })
	n.sweeper = sweep.New(blobs, records, set.Sweep)
	if set.Scrub.Period > 0 && set.Blobs != "" {
		set.Scrub.Mark = filepath.Join(set.Data, "scrub.json")
		n.scrub = scrub.New(records, blobs, set.Scrub, n.log, n.Server.Registry())
	}
	variants, formats := n.images(ctx, get)
	variants.Now, variants.Observer, variants.Pictures = now, n.insight, records
	deliveries, err := delivery.New(vault, library.New(records, now), variants)
	if err != nil {
		return err
	}
	n.closers = append(n.closers, deliveries.Close)
	n.watchVariants(deliveries)
	drop = deliveries.Drop
	n.removing = remover{records, drop}
	n.openLibrary()
	n.api, err = filestack.New(records, uploads, n.library, deliveries,
		filestack.Config{PublicURL: n.PublicURL, Domain: set.Domain, Formats: formats, Fetch: get, Now: now})
	if err != nil {
		return err
	}
	if n.People, err = n.people(records, key, now); err != nil {
		return err
	}
	if n.Jobs, err = n.jobs(ctx, records, deliveries, n.api.Place(), now); err != nil {
		return err
	}
	n.care, err = uploadcare.New(uploadcare.Config{
		Apps: records, Uploads: uploads, Library: n.library, Delivery: deliveries, Webhooks: n.Jobs.Hooks, Imports: n.Jobs.imports, Fetch: get, Conversions: n.Jobs.conversions,
		PublicURL: n.PublicURL, Domain: set.Domain, Formats: formats, Now: now,
	})
	return err
}

// Routes returns what the node answers to.
func (n *Node) Routes() []server.Route {
	return slices.Concat(script.Routes(web.Files(), n.set.Domain != ""), n.demo, n.portal.Routes(), n.manage.Routes(), n.care.Routes(), n.api.Routes())
}

// LocalURLs returns how to reach the node from this machine, without and with
// TLS; "" means not at all.
func (n *Node) LocalURLs() (plain, secure string) {
	return localURL("http", n.Server.Addr()), localURL("https", n.Server.TLSAddr())
}

// Serve answers requests until ctx ends and those that run are done. In the
// background it sweeps, scrubs and does jobs.
func (n *Node) Serve(ctx context.Context) error {
	var background sync.WaitGroup
	defer background.Wait()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	defer context.AfterFunc(ctx, n.portal.Drain)()
	background.Go(func() { n.sweep(ctx) })
	background.Go(func() { n.fill(ctx) })
	background.Go(func() { n.spread(ctx) })
	background.Go(func() { n.insight.Run(ctx) })
	background.Go(func() { n.Jobs.runner.Run(ctx) })
	if n.scrub != nil {
		background.Go(func() { n.scrub.Run(ctx) })
	}
	files := server.CORS(n.router, slices.Concat(filestack.ExposedHeaders, uploadcare.ExposedHeaders)...)
	return n.Server.Serve(ctx, n.portal.Split(n.router, management.Split(n.router, files)))
}

// remote lets uploads import by client.
func remote(client *fetch.Client) upload.Fetch {
	return func(ctx context.Context, url string, header map[string]string, limit int64) (*upload.Remote, error) {
		res, err := client.Get(ctx, url, header, limit)
		if err != nil {
			return nil, err
		}
		return &upload.Remote{Body: res.Body, Name: res.Name, Type: res.Type, Size: res.Size, URL: res.URL}, nil
	}
}

// readiness says why this node must not be sent work.
func readiness(records *catalog.Catalog, blobs blob.Store) func() error {
	return func() error {
		if err := records.Health(); err != nil {
			return err
		}
		if h, ok := blobs.(blob.Health); ok {
			return h.Health()
		}
		return nil
	}
}
