// Package job runs work that outlives its request: each job is tried until it is
// done, or has failed often enough. What the work is, its handlers know; where
// jobs are kept is left to a Store, which several processes may share.
package job

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/stowgate/stowgate/internal/fault"
)

// A State is where a job stands.
type State string

// The states. A job is ready, running, ready again after a failure, and in the
// end either done or dead.
const (
	Ready   State = "ready"
	Running State = "running"
	Done    State = "done"
	Dead    State = "dead" // given up, or called off
)

// States lists them all.
var States = []State{Ready, Running, Done, Dead}

// ParseState returns the state called text. The error wraps fault.Invalid.
func ParseState(text string) (State, error) {
	for _, s := range States {
		if string(s) == text {
			return s, nil
		}
	}
	return "", fmt.Errorf("state %q is none of ready, running, done and dead: %w", text, fault.Invalid)
}

// A Job is a piece of work. Those of one queue take turns with those of others:
// a queue that stalls, or is long, harms no other.
type Job struct {
	ID      int64           // ascending
	Queue   string          // like "hook:ID"
	Kind    string          // names the handler
	App     string          // key of the app it is for, or empty
	Payload json.RawMessage // at most MaxPayload bytes; holds no secrets
	State   State
	Attempt int       // how often it was begun since it was last asked for
	Fence   int64     // of the claim: only the last one counts
	RunAt   time.Time // not before
	Lease   time.Time // of a running one: whoever runs it must renew this before
	Error   string    // of the last attempt, if it failed

	Created  time.Time
	Finished time.Time // zero until it is done or dead
}

// MaxPayload is how many bytes a job's payload has at most.
const MaxPayload = 256 << 10

// maxError is how many bytes are kept of an error.
const maxError = 500

// Check returns nil if a new job can be kept. The error wraps fault.Invalid or
// fault.TooLarge.
func (j Job) Check() error {
	switch {
	case j.Queue == "" || j.Kind == "":
		return fmt.Errorf("job without queue or kind: %w", fault.Invalid)
	case len(j.Payload) > MaxPayload:
		return fmt.Errorf("payload of %d bytes for a job: %w", len(j.Payload), fault.TooLarge)
	case !json.Valid(j.Payload):
		return fmt.Errorf("payload of a job is no JSON: %w", fault.Invalid)
	}
	return nil
}

// ErrGiveUp is in the error of a handler for a job that no other attempt can
// help. It does not count against the job's queue.
var ErrGiveUp = errors.New("given up")

// Passing reports whether err is one that another attempt may not meet: this
// server, and not what it was asked to do, let the first one fail. What took too
// long would do so again.
func Passing(err error) bool {
	switch fault.Of(err) {
	case fault.Internal, fault.Busy, fault.Unavailable, fault.Canceled:
		return !errors.Is(err, context.DeadlineExceeded)
	}
	return false
}

// An Outcome is how an attempt ended.
type Outcome struct {
	State  State     // Done, Dead, or Ready for another attempt
	RunAt  time.Time // of that: not before
	Error  string    // empty if it succeeded
	Failed bool      // which counts against its queue
	Undone bool      // the attempt was broken off and does not count
}

// A Filter chooses jobs. The zero Filter is all of them.
type Filter struct {
	App, Queue, Kind string
	State            State
}

// A Lane says how a queue fares.
type Lane struct {
	Queue       string
	Waiting     int       // jobs that are ready
	Failures    int       // since its last success
	PausedUntil time.Time // because of them; zero or past if it is not
}

// A Page is a part of a list, newest first: of those before an ID, 0 meaning
// the newest, as many as Limit.
type Page struct {
	Before int64
	Limit  int
}
