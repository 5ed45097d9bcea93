// Package document draws pages of PDFs, in a worker: with PDFium as WebAssembly,
// whose every access to memory is checked, and which has no files, no clock and
// no network. It runs no scripts and fills in no forms.
//
// In the server, an Engine gives pages to a pool of workers, whose life is Main.
package document

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"sync"
	"time"

	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/transform"
	"github.com/stowgate/stowgate/internal/transform/cost"
	"github.com/stowgate/stowgate/internal/worker"
)

// Type is the media type of the documents that are drawn.
const Type = "application/pdf"

// Version is that of what pages look like. It is raised when they are to look
// otherwise, so that what was kept is made again.
const Version = "1"

// What a worker may take by default. The library as WebAssembly takes seconds of
// one core to be translated when a worker starts, which counts for its first page.
const (
	deadline = time.Minute
	memory   = 1 << 30
	idle     = 10 * time.Minute
)

// WorkerConfig returns what workers need that run Main: one of them, while
// there is something to draw.
func WorkerConfig() worker.Config {
	return worker.Config{Name: "document", Size: 1, Deadline: deadline, Memory: memory, Idle: idle}
}

// Main is the life of a worker for an Engine.
func Main() error {
	open := sync.OnceValues(openLibrary)
	return worker.Main(func(_ context.Context, request []byte, files []*os.File) ([]byte, error) {
		lib, err := open()
		if err != nil {
			return nil, err
		}
		return lib.handle(request, files)
	}, func() error {
		debug.SetMemoryLimit(memory / 4) // above it, what was used is given back sooner
		go open()                        // which needs nothing that is taken away
		return nil
	})
}

// A message says which page is drawn. The files beside it are the document and
// the one for the picture.
type message struct {
	Plan   string      `json:"plan"` // its canonical text
	Limits cost.Limits `json:"limits"`
}

// A response is what a worker says to a message unless it fails.
type response struct {
	Picture
	Refused string     `json:"refused,omitempty"` // why a plan was refused
	Kind    fault.Kind `json:"kind,omitempty"`    // of the refusal
}

// A Picture says what was drawn: a PNG.
type Picture struct {
	Width  int   `json:"width"` // pixels
	Height int   `json:"height"`
	Bytes  int64 `json:"bytes"`
}

// handle does a job of an Engine.
func (lib library) handle(request []byte, files []*os.File) ([]byte, error) {
	if len(request) == 0 {
		return nil, nil // it was Try
	}
	var m message
	if err := json.Unmarshal(request, &m); err != nil {
		return nil, fmt.Errorf("read the request: %w", err)
	}
	if len(files) != 2 {
		return nil, fmt.Errorf("%d files, not a document and a picture", len(files))
	}
	plan, err := transform.Parse(m.Plan)
	if err != nil {
		return nil, fmt.Errorf("read the plan: %w", err)
	}
	var reply response
	reply.Picture, err = lib.draw(plan, m.Limits, files[0], files[1])
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

// An Engine draws in workers that run Main.
type Engine struct{ Pool pool }

// Draw draws the page of a document that a plan begins with, as large as the
// plan needs it, on white, and writes it to out, which is empty. The files stay
// the caller's.
//
// The error is a *transform.Refusal over a limit, if there is no such page, and
// if the document needs a password; it wraps fault.Invalid if the document is
// broken, and fault.Unsupported if the library cannot go on. Others are those of
// the pool.
func (e Engine) Draw(ctx context.Context, app string, plan transform.Plan, l cost.Limits, in, out *os.File) (Picture, error) {
	request, err := json.Marshal(message{Plan: plan.Canonical(), Limits: l})
	if err != nil {
		return Picture{}, fmt.Errorf("write the request: %w", err)
	}
	body, err := e.Pool.Do(ctx, worker.Job{App: app, Request: request, Files: []*os.File{in, out}})
	if err != nil {
		return Picture{}, fmt.Errorf("draw page: %w", err)
	}
	var reply response
	if err := json.Unmarshal(body, &reply); err != nil {
		return Picture{}, fmt.Errorf("read the worker's reply: %w", err)
	}
	if reply.Refused != "" {
		return Picture{}, fmt.Errorf("draw page: %w", &transform.Refusal{Why: reply.Refused, Kind: reply.Kind})
	}
	return reply.Picture, nil
}

// Try waits for a worker that is able to draw.
func (e Engine) Try(ctx context.Context) error {
	_, err := e.Pool.Do(ctx, worker.Job{})
	return err
}
