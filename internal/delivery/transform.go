package delivery

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/delivery/shelf"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/queue"
	"github.com/stowgate/stowgate/internal/transform"
	"github.com/stowgate/stowgate/internal/transform/cost"
)

// lifetime is how long a variant is good if its order does not say.
// Source: Filestack documentation, "Processing Engine", cache.
const lifetime = 30 * 24 * time.Hour

// Stats counts what a Service has done, and what it holds.
type Stats struct {
	Orders  int64 // that were allowed
	Hits    int64 // times that a kept variant answered an order, or all who waited for it
	Renders int64 // runs of the renderer

	Waiting  int // orders that wait for a variant to be made
	Fetching int // outside files that are waited for

	Shelf    shelf.Stats
	Line     queue.Stats // orders that wait for the renderer, or are inside
	Pages    queue.Stats // documents that wait for the drawer, or are inside
	Fetchers queue.Stats // orders with outside files
}

type counts struct{ orders, hits, renders atomic.Int64 }

// Stats returns the counts.
func (s *Service) Stats() Stats {
	if s.shelf == nil {
		return Stats{}
	}
	return Stats{
		Orders: s.counts.orders.Load(), Hits: s.counts.hits.Load(), Renders: s.counts.renders.Load(),
		Waiting: s.variants.Waiting(), Fetching: s.fetched.Waiting(),
		Shelf: s.shelf.Stats(), Line: s.line.Stats(), Pages: s.pages.Stats(), Fetchers: s.fetchers.Stats(),
	}
}

// Drop removes what was made of the asset called id. It is called after the
// asset was overwritten or removed: before that is seen by nobody, and what is
// being made meanwhile is not kept.
func (s *Service) Drop(id asset.ID) {
	if s.shelf != nil {
		s.shelf.Drop(string(id))
	}
}

// Transform returns what the plan of o makes of its inputs, which it makes only
// if it is not kept and nobody else is making it.
//
// The grant is checked first, whether or not the result is there: for
// converting the first input, which counts as a use, and without regard to the
// asset it names for the others, which must be of the same app too
// (Filestack documentation: "Security Policies"). The error of an input is an
// *InputError that wraps fault.NotFound, fault.Denied, fault.Unreachable or
// fault.TooLarge. The error wraps fault.Invalid or fault.TooLarge for a plan
// that is not run, fault.Busy when too many wait (as a *queue.Full) or too many
// were made that nobody signed for (as a *ration.Spent),
// fault.Unsupported when nothing here can run it, and fault.Unavailable when the
// disk is full.
func (s *Service) Transform(ctx context.Context, g policy.Grant, o Order) (*Variant, error) {
	if n := len(o.Inputs); n < 1 || n > transform.MaxInputs {
		return nil, fmt.Errorf("order with %d inputs: %w", n, fault.Invalid)
	}
	inputs, err := s.admit(ctx, g, o.Inputs)
	if err != nil {
		return nil, err
	}
	if s.shelf == nil {
		return nil, fmt.Errorf("no engine makes variants: %w", fault.Unsupported)
	}
	if err := o.Plan.Check(); err != nil {
		return nil, err
	}
	if want := o.Plan.Inputs(); want != len(inputs) {
		return nil, fmt.Errorf("%d inputs for a plan of %d: %w", len(inputs), want, fault.Invalid)
	}
	if o.MaxAge == 0 {
		o.MaxAge = lifetime
	}
	s.counts.orders.Add(1)
	j := &job{service: s, grant: g, order: o, inputs: inputs, key: s.key(g.App, inputs, o.Plan)}
	if f := j.peek(); f != nil {
		return j.variant(f), nil
	}
	// What is too old for one may do for another, and what is too much as well.
	name := fmt.Sprint(j.key, o.MaxAge, o.NoCache, g.Signs(policy.Convert))
	var v *Variant
	err = s.variants.Do(ctx, name, j.make, func(f *shelf.File) error {
		v = j.variant(f.Reopen())
		return nil
	})
	return v, unmade(err)
}

// unmade says that err is why there is no variant, if it is.
func unmade(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fmt.Errorf("make variant: %w: %w", fault.Unavailable, err)
	}
	return fmt.Errorf("make variant: %w", err)
}

// key names the result of plan on inputs: it is another one for another app,
// other bytes, another plan or another engine.
func (s *Service) key(app string, inputs []input, plan transform.Plan) shelf.Key {
	text := make([]byte, 0, 512) // enough for most
	add := func(parts ...string) {
		for _, part := range parts {
			text = append(binary.AppendUvarint(text, uint64(len(part))), part...)
		}
	}
	add(app, s.config.Engine, plan.Canonical())
	for _, in := range inputs {
		add(string(in.asset.ID), strconv.FormatInt(in.asset.Version, 10), in.url, strconv.Itoa(len(in.header)))
		if len(in.header) > 0 {
			for _, name := range slices.Sorted(maps.Keys(in.header)) {
				add(name, in.header[name])
			}
		}
	}
	return sha256.Sum256(text)
}

// A job is an order on its way.
type job struct {
	service *Service
	grant   policy.Grant
	order   Order
	inputs  []input
	key     shelf.Key
}

// peek returns the kept variant if it is at hand, or nil.
func (j *job) peek() *shelf.File {
	if j.order.NoCache {
		return nil
	}
	return j.fresh(j.service.shelf.Peek(j.key))
}

// fresh returns f if there is one that is young enough, or nil.
func (j *job) fresh(f *shelf.File, ok bool) *shelf.File {
	if !ok {
		return nil
	}
	if j.service.config.Now().Sub(f.Made) >= j.order.MaxAge {
		f.Close()
		return nil
	}
	j.service.counts.hits.Add(1)
	j.service.config.Observer.Kept(j.grant.App)
	return f
}

// make returns the variant: kept, or new.
func (j *job) make(ctx context.Context) (*shelf.File, error) {
	s := j.service
	if !j.order.NoCache {
		if f := j.fresh(s.shelf.Get(j.key)); f != nil {
			return f, nil
		}
	}
	if !j.grant.Signs(policy.Convert) {
		if err := s.unsigned.Take(j.grant.App); err != nil {
			return nil, err
		}
	}
	sources, err := s.gather(ctx, j.grant.App, j.inputs)
	if err != nil {
		return nil, err
	}
	defer sources.Close()
	if err := s.afford(j.order.Plan, sources.list); err != nil {
		return nil, err
	}
	out, label, err := j.render(ctx, sources.list)
	if err != nil {
		return nil, err
	}
	kept, err := s.shelf.Put(j.key, out, label, !j.order.NoCache)
	if err != nil {
		return nil, err
	}
	if !j.order.NoCache && !j.current(ctx) {
		s.shelf.Remove(j.key)
	}
	return kept, nil
}

// afford returns why a plan costs too much. What is not known of the sources
// is left to the renderer, which looks at them before it decodes them.
func (s *Service) afford(plan transform.Plan, sources []*source) error {
	headers := make([]cost.Header, len(sources))
	turned := make([]cost.Header, len(sources))
	for i, src := range sources {
		headers[i] = cost.Header{Type: src.kind, Width: src.width, Height: src.height}
		turned[i] = headers[i]
		turned[i].Turned = true
	}
	// Whether a camera was held upright is not known here: too large is what is
	// too large either way.
	_, err := cost.Of(plan, s.config.Limits, headers...)
	if errors.Is(err, fault.TooLarge) {
		_, err = cost.Of(plan, s.config.Limits, turned...)
	}
	if errors.Is(err, fault.TooLarge) {
		return err
	}
	return nil
}

// render has documents drawn, waits for the renderer, and returns what it has
// written and what is to be said about it. The caller closes the file.
func (j *job) render(ctx context.Context, sources []*source) (_ *os.File, label shelf.Label, err error) {
	s := j.service
	plan, err := j.draw(ctx, sources)
	if err != nil {
		return nil, label, err
	}
	leave, err := s.line.Enter(ctx, j.grant.App)
	if err != nil {
		return nil, label, err
	}
	defer leave()
	given := make([]Source, len(sources))
	for i, src := range sources {
		if err := s.fill(ctx, src); err != nil {
			return nil, label, &InputError{i, err}
		}
		given[i] = Source{Type: src.kind, File: src.file}
	}
	out, err := s.shelf.Temp()
	if err != nil {
		return nil, label, err
	}
	defer func() {
		if err != nil {
			out.Close()
		}
	}()
	s.counts.renders.Add(1)
	began := time.Now()
	made, err := s.config.Render.Render(ctx, j.grant.App, plan, given, out)
	if err != nil {
		return nil, label, fmt.Errorf("render: %w", err)
	}
	s.config.Observer.Made(j.grant.App, j.order.Plan.Canonical(), time.Since(began))
	info, err := out.Stat()
	if err != nil {
		return nil, label, err
	}
	if info.Size() != made.Bytes || made.Bytes == 0 {
		return nil, label, fmt.Errorf("renderer wrote %d bytes and tells of %d", info.Size(), made.Bytes)
	}
	if first := sources[0]; j.order.Plan.Output.Smaller && made.Type == first.kind && made.Bytes >= first.size {
		if err := first.replace(out); err != nil {
			return nil, label, err
		}
		made = Rendered{Type: first.kind, Width: first.width, Height: first.height, Frames: made.Frames}
	}
	return out, j.label(out, made), nil
}

// label returns what is kept with the variant in f.
func (j *job) label(f *os.File, made Rendered) shelf.Label {
	now := j.service.config.Now()
	l := shelf.Label{
		Owner: j.grant.App, Made: now, Expires: now.Add(j.order.MaxAge),
		Type: made.Type, Detected: detect(f), Width: made.Width, Height: made.Height, Frames: made.Frames,
	}
	for _, in := range j.inputs {
		if in.url == "" {
			l.Subjects = append(l.Subjects, string(in.asset.ID))
		}
	}
	return l
}

// current reports whether the assets are still what they were when the job
// began. Whoever removes or overwrites one calls Drop afterwards, which finds
// the variant if it was kept by then; if it was not, this finds the asset gone.
func (j *job) current(ctx context.Context) bool {
	g := side(j.grant)
	g.Expires = time.Time{}
	for _, in := range j.inputs {
		if in.url != "" {
			continue
		}
		a, err := j.service.finder.Get(context.WithoutCancel(ctx), g, in.asset.ID, policy.Convert)
		if err != nil || a.Version != in.asset.Version {
			return false
		}
	}
	return true
}
