// Package worker keeps a pool of confined child processes and gives them jobs:
// a request of bytes and open files, answered with bytes. It knows nothing of
// what the jobs are about.
//
// The server calls Start and Do. The child, which is the same program started
// again, calls Main.
package worker

import (
	"errors"
	"log/slog"
	"os"
	"runtime"
	"time"

	"github.com/stowgate/stowgate/internal/worker/confine"
)

// The limits of what goes between the server and a child.
const (
	MaxRequest = 4 << 20  // bytes of a request
	MaxReply   = 16 << 20 // bytes of a reply
	MaxFiles   = 32       // files of a job
)

// The ways in which a job can end a child. Errors of Do wrap one of them beside
// a fault.Kind: Unsupported for a crash, TooLarge for the others.
var (
	ErrCrashed  = errors.New("the worker crashed")
	ErrDeadline = errors.New("took too long")
	ErrMemory   = errors.New("took too much memory")
)

// Config adjusts a Pool. Name or Command is needed; everything else may be zero.
type Config struct {
	Name    string   // of the worker, for the log and the default command
	Command []string // starts a child; nil means /proc/self/exe worker NAME

	Size     int           // children; 0 means GOMAXPROCS
	Jobs     int           // after which a child is replaced; 0 means 1000
	Deadline time.Duration // of a job that has no other; 0 means 10 seconds

	// Idle is how long a child without a job is kept. If it is not 0, Start
	// starts no child but leaves that, and the probe, to the first job.
	Idle time.Duration

	// Memory is how many bytes of memory that is not a file's a child may hold;
	// 0 means 512 MiB. A running child is killed above it, and one that is idle
	// replaced above half of it.
	Memory   int64
	FileSize int64 // bytes in the longest file a child may write; 0 means 512 MiB

	// ReadPaths are files and folders that a child may read beside the system's
	// own libraries: those that it loads in its prepare function, and what they
	// open later.
	ReadPaths []string
	Env       []string // NAME=value; a child has these, MALLOC_ARENA_MAX=1 and nothing else

	// Unconfined starts the pool even if children could reach the network or
	// use memory without a limit.
	Unconfined bool

	Log *slog.Logger // nil means none

	off confine.Layers // for tests
}

// self is the program that runs.
const self = "/proc/self/exe"

func (c Config) withDefaults() Config {
	if c.Command == nil {
		c.Command = []string{self, "worker", c.Name}
	}
	if c.Size <= 0 {
		c.Size = runtime.GOMAXPROCS(0)
	}
	if c.Jobs <= 0 {
		c.Jobs = 1000
	}
	if c.Deadline <= 0 {
		c.Deadline = 10 * time.Second
	}
	if c.Memory <= 0 {
		c.Memory = 512 << 20
	}
	if c.FileSize <= 0 {
		c.FileSize = 512 << 20
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	c.Log = c.Log.With("worker", c.Name)
	return c
}

// A Job is one request to a child.
type Job struct {
	App      string // whose job it is, for the log
	Request  []byte
	Files    []*os.File    // the child gets descriptors of its own; these stay the caller's
	Deadline time.Duration // counts when a child has it; 0 means that of the pool
}

// A Status is what a pool does and has done.
type Status struct {
	Size     int   `json:"size"`
	Running  int   `json:"running"`  // children with a job
	Idle     int   `json:"idle"`     // children ready for one
	Resident int64 `json:"resident"` // bytes of memory of all children that are not a file's

	Jobs     int64 `json:"jobs"`     // answered, also with an error
	Started  int64 `json:"started"`  // children
	Replaced int64 `json:"replaced"` // children that served enough jobs, or held too much memory when idle
	Crashes  int64 `json:"crashes"`  // children that ended by themselves, or sent what is no reply
	Deadline int64 `json:"deadline"` // children killed because a job took too long
	Memory   int64 `json:"memory"`   // children killed because a job took too much memory
	Canceled int64 `json:"canceled"` // children killed because nobody waited for the job any more
	Failures int64 `json:"failures"` // children that could not be started

	LastError string `json:"lastError"` // why a child could not be started or crashed, last
}

// A Layer is one thing that confines the children, as it was found to be when
// a child tried to break it.
type Layer = confine.Layer
