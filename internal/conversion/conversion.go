// Package conversion stores what plans make of files, behind the requests that
// ask for it, and tells how far that is. How it is made is left to package
// delivery, how it is stored to package upload, and that nothing is lost on the
// way to package job.
package conversion

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/delivery"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/job"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/transform"
	"github.com/stowgate/stowgate/internal/upload"
)

const (
	JobKind = "convert"        // of the jobs that convert
	maxTime = 10 * time.Minute // of one of them

	// MaxWaiting is how many conversions of one app may be waiting.
	MaxWaiting = 500
)

// retries are the pauses before a conversion is tried again that failed for no
// reason of its own.
var retries = []time.Duration{time.Second, 10 * time.Second, time.Minute}

// A State is where a conversion stands.
type State string

// The states.
const (
	Waiting State = "waiting"
	Running State = "running" // or it is to be tried again
	Done    State = "done"
	Failed  State = "failed"
)

// A Conversion is what a plan makes of a file, and is stored as another one.
type Conversion struct {
	ID     int64
	Result uuid.UUID // the second name of what is stored
	State  State
}

// An order is what a conversion was begun with: the payload of its job.
type order struct {
	Grant  policy.Grant
	Source asset.ID
	Plan   string      // canonical
	Spec   upload.Spec // with the UUID that the result is to have
}

// records is where conversions are kept, as jobs.
type records interface {
	// AddWaiting adds a job, and returns its ID. The error wraps fault.Busy if
	// most others of its queue wait.
	AddWaiting(ctx context.Context, j job.Job, most int) (int64, error)

	// Job returns a job. The error wraps fault.NotFound if there is none.
	Job(ctx context.Context, id int64) (job.Job, error)
}

// assets is where finished files are found.
type assets interface {
	AssetByUUID(ctx context.Context, name uuid.UUID) (asset.Asset, error)
}

// A Service converts files.
type Service struct {
	uploads  *upload.Service
	delivery *delivery.Service
	records  records
	assets   assets
	wake     func()
}

// New returns a Service that calls wake when there is a job.
func New(uploads *upload.Service, deliveries *delivery.Service, records records, assets assets, wake func()) *Service {
	return &Service{uploads, deliveries, records, assets, wake}
}

// Begin records that what plan makes of source is to be stored under g as spec
// describes it; its name and type are those of the result. The error wraps
// fault.Denied if g does not allow storing, fault.Unsupported if there is no
// engine, and fault.Busy while MaxWaiting others of the app wait. What else is
// wrong, the conversion's end tells.
func (s *Service) Begin(ctx context.Context, g policy.Grant, source asset.ID, plan transform.Plan, spec upload.Spec) (Conversion, error) {
	if !s.delivery.Transforms() {
		return Conversion{}, fmt.Errorf("begin conversion: no engine: %w", fault.Unsupported)
	}
	if err := s.uploads.Admits(ctx, g, -1, ""); err != nil {
		return Conversion{}, fmt.Errorf("begin conversion: %w", err)
	}
	g.Expires = time.Time{} // it was valid when it was asked for
	spec.UUID = uuid.New()
	payload, err := json.Marshal(order{g, source, plan.Canonical(), spec})
	if err != nil {
		return Conversion{}, err
	}
	id, err := s.records.AddWaiting(context.WithoutCancel(ctx), job.Job{Queue: JobKind + ":" + g.App, Kind: JobKind, App: g.App, Payload: payload}, MaxWaiting)
	if err != nil {
		return Conversion{}, fmt.Errorf("begin conversion: %w", err)
	}
	s.wake()
	return Conversion{id, spec.UUID, Waiting}, nil
}

// Status returns how a conversion of an app stands, while its job is kept. The
// error wraps fault.NotFound if there is none.
func (s *Service) Status(ctx context.Context, app string, id int64) (Conversion, error) {
	j, err := s.records.Job(ctx, id)
	if err != nil {
		return Conversion{}, err
	}
	if j.Kind != JobKind || j.App != app {
		return Conversion{}, fmt.Errorf("conversion %d of another app: %w", id, fault.NotFound)
	}
	var o order
	if err := json.Unmarshal(j.Payload, &o); err != nil {
		return Conversion{}, fmt.Errorf("read conversion %d: %w", id, err)
	}
	return Conversion{id, o.Spec.UUID, stateOf(j)}, nil
}

func stateOf(j job.Job) State {
	switch {
	case j.State == job.Done:
		return Done
	case j.State == job.Dead:
		return Failed
	case j.State == job.Ready && j.Attempt == 0:
		return Waiting
	}
	return Running
}

// Handler returns what does the jobs of JobKind.
func (s *Service) Handler() job.Handler {
	return job.Handler{Do: s.do, Timeout: maxTime, Retries: retries}
}

// do makes and stores what a job is about, once: the UUID of the result was drawn
// when it was begun, so that one that was stored before a crash is found.
func (s *Service) do(ctx context.Context, j job.Job) error {
	var o order
	if err := json.Unmarshal(j.Payload, &o); err != nil {
		return fmt.Errorf("payload of conversion: %w: %w", err, job.ErrGiveUp)
	}
	_, err := s.assets.AssetByUUID(ctx, o.Spec.UUID)
	if !errors.Is(err, fault.NotFound) {
		return err
	}
	err = s.convert(ctx, o)
	if err != nil && !job.Passing(err) {
		return fmt.Errorf("%w: %w", err, job.ErrGiveUp)
	}
	return err
}

func (s *Service) convert(ctx context.Context, o order) error {
	plan, err := transform.Parse(o.Plan)
	if err != nil {
		return fmt.Errorf("plan of conversion: %w", err)
	}
	v, err := s.delivery.Transform(ctx, o.Grant, delivery.Order{Plan: plan, Inputs: []delivery.Input{{Asset: o.Source}}})
	if err != nil {
		return fmt.Errorf("convert %s: %w", o.Source, err)
	}
	defer v.Close()
	o.Spec.Name, o.Spec.Type, o.Spec.Size = v.Asset.Name, v.Asset.Type, v.Size()
	_, err = s.uploads.Put(ctx, o.Grant, o.Spec, v)
	return err
}
