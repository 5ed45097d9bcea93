package node

import (
	"context"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/stowgate/stowgate/internal/delivery"
	"github.com/stowgate/stowgate/internal/delivery/shelf"
	"github.com/stowgate/stowgate/internal/imaging"
	"github.com/stowgate/stowgate/internal/queue"
	"github.com/stowgate/stowgate/internal/transform"
	"github.com/stowgate/stowgate/internal/transform/cost"
	"github.com/stowgate/stowgate/internal/upload"
	"github.com/stowgate/stowgate/internal/worker"
)

// Images says how images are transformed.
type Images struct {
	Off        bool
	Library    string        // file of libvips; "" means the best one that is found
	Workers    int           // processes; 0 means one for each core
	Memory     int64         // bytes of a worker
	Time       time.Duration // for one image
	Unconfined bool          // also with workers that could reach the network, or use any amount of memory
	MaxSource  int64         // bytes of all sources of one image
	Limits     cost.Limits
	Shelf      shelf.Config
	Line       queue.Config // Slots is set to the number of workers
	Unsigned   int          // see delivery.Config
}

// Pool returns how the workers are started.
func (i Images) Pool(log *slog.Logger) worker.Config {
	c := imaging.WorkerConfig(i.Library)
	c.Size, c.Memory, c.Deadline, c.Unconfined, c.Log = i.Workers, i.Memory, i.Time, i.Unconfined, log
	if c.Size <= 0 {
		c.Size = runtime.GOMAXPROCS(0)
	}
	return c
}

// An ImageReport says what becomes of images on this machine.
type ImageReport struct {
	OK      bool   `json:"ok"`
	Problem string `json:"problem,omitempty"`
	imaging.Description
	Second imaging.Description `json:"second"` // the library for what the first one lacks
	Layers []worker.Layer      `json:"layers"` // of the workers' confinement
}

// Examine starts the workers to see what they can do.
func (i Images) Examine(ctx context.Context) (r ImageReport) {
	var err error
	if r.Layers, err = worker.Probe(ctx, i.Pool(nil)); err == nil {
		r.Description, err = i.describe(ctx)
	}
	if err != nil {
		r.Problem = err.Error()
		return r
	}
	r.OK = true
	if i.Library == "" {
		i.Library = systemLibrary
		r.Second, _ = i.describe(ctx) // without it there is none
	}
	return r
}

// describe starts a worker and asks what it is.
func (i Images) describe(ctx context.Context) (d imaging.Description, err error) {
	c := i.Pool(nil)
	c.Size = 1
	pool, err := worker.Start(c)
	if err != nil {
		return d, err
	}
	defer pool.Close()
	return imaging.Engine{Pool: pool}.Describe(ctx)
}

// systemLibrary is the libvips that a system's own package installs. It reads
// what the one beside the program does not: HEIC, whose patents keep it out of
// most builds.
const systemLibrary = "libvips.so.42"

// A renderer lets delivery run plans in workers.
type renderer struct {
	main   imaging.Engine
	about  imaging.Description           // of main
	second func() (imaging.Engine, bool) // for images that main lacks
	limits cost.Limits
}

// Render implements delivery.Renderer.
func (r renderer) Render(ctx context.Context, app string, plan transform.Plan, sources []delivery.Source, out *os.File) (delivery.Rendered, error) {
	request := imaging.Request{Plan: plan, Limits: r.limits}
	engine := r.main
	for _, s := range sources {
		request.Inputs = append(request.Inputs, imaging.Input{Type: s.Type, File: s.File})
		if r.about.Lacks(s.Type) {
			if second, ok := r.second(); ok {
				engine = second
			}
		}
	}
	result, err := engine.Render(ctx, app, request, out)
	return delivery.Rendered(result), err
}

// startSecond starts workers with the system's library, once they are needed.
func (n *Node) startSecond() (e imaging.Engine, ok bool) {
	set := n.set.Images
	if set.Library != "" {
		return e, false // the operator has chosen
	}
	set.Library = systemLibrary
	pool, err := worker.Start(set.Pool(n.log))
	if err != nil {
		n.log.Info("no second library for images", "err", err)
		return e, false
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.closers = append(n.closers, func() error { pool.Close(); return nil })
	return imaging.Engine{Pool: pool}, true
}

// images starts the engine for images. It returns the part of delivery's
// configuration that is about variants, and the formats they can have: nothing
// if there is no engine, and then the log says why.
func (n *Node) images(ctx context.Context, fetch upload.Fetch) (c delivery.Config, formats []transform.Format) {
	set := n.set.Images
	if set.Off {
		return c, nil
	}
	pool, err := worker.Start(set.Pool(n.log))
	if err != nil {
		n.log.Error("images are not transformed: see stowgate doctor", "err", err)
		return c, nil
	}
	n.closers = append(n.closers, func() error { pool.Close(); return nil })
	engine := imaging.Engine{Pool: pool}
	about, err := engine.Describe(ctx)
	if err != nil {
		n.log.Error("images are not transformed: see stowgate doctor", "err", err)
		return c, nil
	}
	n.log.Info("images are transformed", "library", about.Library, "version", about.Version, "workers", pool.Status().Size)
	n.watchWorkers("image", "Images", pool)
	c = delivery.Config{
		Render: renderer{engine, about, sync.OnceValues(n.startSecond), set.Limits}, Engine: about.Version + " " + imaging.Version,
		Folder: filepath.Join(n.set.Data, "variants"), Shelf: set.Shelf, Line: set.Line, Unsigned: set.Unsigned,
		Limits: set.Limits, MaxSource: set.MaxSource,
		Fetch: func(ctx context.Context, url string, header map[string]string, limit int64) (io.ReadCloser, error) {
			file, err := fetch(ctx, url, header, limit)
			if err != nil {
				return nil, err
			}
			return file.Body, nil
		},
	}
	c.Line.Slots = pool.Status().Size
	c.Shelf.Reserve = n.set.Disk.Reserve
	n.documents(&c)
	return c, about.Formats()
}

// watchWorkers exposes what the workers do whose jobs are things.
func (n *Node) watchWorkers(name, things string, pool *worker.Pool) {
	name = "stowgate_" + name
	for _, m := range []struct {
		name, help string
		value      func(worker.Status) float64
	}{
		{name + "_workers_running", "Workers with a job.", func(s worker.Status) float64 { return float64(s.Running) }},
		{name + "_workers_bytes", "Memory of all workers.", func(s worker.Status) float64 { return float64(s.Resident) }},
	} {
		n.Server.Registry().MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: m.name, Help: m.help},
			func() float64 { return m.value(pool.Status()) }))
	}
	for _, m := range []struct {
		name, help string
		value      func(worker.Status) int64
	}{
		{name + "_jobs_total", things + " that workers answered, also with an error.", func(s worker.Status) int64 { return s.Jobs }},
		{name + "_crashes_total", "Workers that ended by themselves.", func(s worker.Status) int64 { return s.Crashes }},
		{name + "_timeouts_total", "Workers killed because one took too long.", func(s worker.Status) int64 { return s.Deadline }},
		{name + "_memory_kills_total", "Workers killed because one took too much memory.", func(s worker.Status) int64 { return s.Memory }},
	} {
		n.count(m.name, m.help, func() int64 { return m.value(pool.Status()) })
	}
}

// watchVariants exposes what delivery makes and keeps.
func (n *Node) watchVariants(d *delivery.Service) {
	if !d.Transforms() {
		return
	}
	n.count("stowgate_variant_hits_total", "Transformations answered with a kept variant.", func() int64 { return d.Stats().Hits })
	n.count("stowgate_variant_renders_total", "Variants made.", func() int64 { return d.Stats().Renders })
	n.count("stowgate_variant_refused_total", "Transformations refused because too many waited.", func() int64 { return d.Stats().Line.Refused })
	n.Server.Registry().MustRegister(prometheus.NewGaugeFunc(
		prometheus.GaugeOpts{Name: "stowgate_variant_bytes", Help: "Disk that kept variants take."},
		func() float64 { return float64(d.Stats().Shelf.Bytes) }))
}

func (n *Node) count(name, help string, value func() int64) {
	n.Server.Registry().MustRegister(prometheus.NewCounterFunc(
		prometheus.CounterOpts{Name: name, Help: help}, func() float64 { return float64(value()) }))
}
