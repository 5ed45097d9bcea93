package delivery

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/transform"
)

// An Order says what is to be made of what.
type Order struct {
	Plan   transform.Plan
	Inputs []Input // as many as the plan needs, in its order; the grant is about the first

	// MaxAge is how old a kept variant may be, and how long a new one is kept
	// at most. 0 means 30 days.
	MaxAge time.Duration

	NoCache bool // make it anew, and keep nothing
}

// An Input is an asset or, if URL is set, an outside file.
type Input struct {
	Asset  asset.ID
	URL    string
	Header map[string]string // sent with the request for URL
}

// An InputError is the failure of one input of an order.
type InputError struct {
	Input int // its number, from 0
	Err   error
}

func (e *InputError) Error() string { return fmt.Sprintf("input %d: %v", e.Input, e.Err) }
func (e *InputError) Unwrap() error { return e.Err }

// Fetch opens the file at a URL without reaching a private address. It reads at
// most limit bytes, and fails with fault.TooLarge if there are more. Every
// failure of the far end wraps fault.Unreachable.
type Fetch func(ctx context.Context, url string, header map[string]string, limit int64) (io.ReadCloser, error)

// A Source is an input as a Renderer gets it.
type Source struct {
	Type string   // media type that its bytes have
	File *os.File // open for reading only, at its beginning; nothing else is in it
}

// Rendered says what a Renderer has written.
type Rendered struct {
	Type          string // media type
	Width, Height int    // pixels; 0 if it is no image
	Frames        int
	Bytes         int64
}

// A Renderer runs plans. Its error wraps fault.Invalid for bytes that are no
// image, fault.TooLarge for one over a limit, and fault.Unsupported for what no
// engine here can do.
type Renderer interface {
	// Render runs plan on sources for app, and writes the result to out, from
	// its beginning. It neither closes nor keeps a file. It ends soon after ctx.
	Render(ctx context.Context, app string, plan transform.Plan, sources []Source, out *os.File) (Rendered, error)
}

// An Observer is told what a Service does, to count it. Its methods are quick,
// and are called concurrently.
type Observer interface {
	// Kept is called when a variant of app was kept, and did not have to be made.
	Kept(app string)

	// Made is called when a variant of app was made, with its plan's canonical
	// text and how long the renderer took.
	Made(app, plan string, took time.Duration)
}

// nobody is an Observer that does nothing.
type nobody struct{}

func (nobody) Kept(string)                        {}
func (nobody) Made(string, string, time.Duration) {}
