package imaging

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/transform"
	"github.com/stowgate/stowgate/internal/transform/cost"
	"github.com/stowgate/stowgate/internal/worker"
)

// A message is a Request on its way to a worker. The files go beside it: those
// of the inputs, then the one for the answer.
type message struct {
	Plan   string      `json:"plan"` // its canonical text
	Types  []string    `json:"types"`
	Limits cost.Limits `json:"limits"`
}

// A response is what a worker says to a message unless it fails.
type response struct {
	Result
	Refused string     `json:"refused,omitempty"` // why a plan was refused
	Kind    fault.Kind `json:"kind,omitempty"`    // of the refusal
}

// Handler does a job of an Engine in a worker.
func Handler(ctx context.Context, request []byte, files []*os.File) ([]byte, error) {
	var m message
	if err := json.Unmarshal(request, &m); err != nil {
		return nil, fmt.Errorf("read the request: %w", err)
	}
	if len(files) != len(m.Types)+1 {
		return nil, fmt.Errorf("%d files for %d images", len(files), len(m.Types))
	}
	plan, err := transform.Parse(m.Plan)
	if err != nil {
		return nil, fmt.Errorf("read the plan: %w", err)
	}
	r := Request{Plan: plan, Limits: m.Limits}
	for i, t := range m.Types {
		r.Inputs = append(r.Inputs, Input{Type: t, File: files[i]})
	}
	var reply response
	reply.Result, err = Run(ctx, r, files[len(files)-1])
	var refusal *transform.Refusal
	if errors.As(err, &refusal) {
		reply.Refused, reply.Kind, err = refusal.Why, refusal.Kind, nil
	}
	if err != nil {
		return nil, err
	}
	return json.Marshal(reply)
}

// A pool gives jobs to workers, as *worker.Pool does.
type pool interface {
	Do(ctx context.Context, j worker.Job) ([]byte, error)
}

// An Engine runs plans in workers whose handler is Handler.
type Engine struct{ Pool pool }

// Render runs a plan for an app, as Run does, in a worker: what goes wrong there
// is an error here, and no more. The files stay the caller's.
//
// Errors are those of Run, and those of the pool.
func (e Engine) Render(ctx context.Context, app string, r Request, out *os.File) (Result, error) {
	m := message{Plan: r.Plan.Canonical(), Limits: r.Limits}
	var files []*os.File
	for _, in := range r.Inputs {
		m.Types = append(m.Types, in.Type)
		files = append(files, in.File)
	}
	request, err := json.Marshal(m)
	if err != nil {
		return Result{}, fmt.Errorf("write the request: %w", err)
	}
	body, err := e.Pool.Do(ctx, worker.Job{App: app, Request: request, Files: append(files, out)})
	if err != nil {
		return Result{}, fmt.Errorf("render: %w", err)
	}
	var reply response
	if err := json.Unmarshal(body, &reply); err != nil {
		return Result{}, fmt.Errorf("read the worker's reply: %w", err)
	}
	if reply.Refused != "" {
		return Result{}, fmt.Errorf("render: %w", &transform.Refusal{Why: reply.Refused, Kind: reply.Kind})
	}
	return reply.Result, nil
}
