// Package imports brings files in from URLs, behind the requests that ask for
// them or while these wait, and tells how far they are. How a file is fetched and
// stored is left to package upload, and that nothing is lost on the way to package
// job.
package imports

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/flight"
	"github.com/stowgate/stowgate/internal/job"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/queue"
	"github.com/stowgate/stowgate/internal/upload"
)

const (
	JobKind  = "import"       // of the jobs that import
	Lifetime = 24 * time.Hour // of an import from its beginning: after that nobody can ask for it
	MaxTime  = time.Hour      // of one import

	// MaxWaiting is how many imports of one app may be waiting or running.
	MaxWaiting = 1000
)

// A State is where an import stands.
type State string

// The states. One that waits may be running.
const (
	Waiting State = "waiting"
	Done    State = "done"
	Failed  State = "failed"
)

// An Import is a file that is brought in from a URL.
type Import struct {
	Token   uuid.UUID // random: who knows it may ask how it goes
	App     string
	Created time.Time
	Terms   Terms

	State   State
	Asset   asset.ID // what it became; empty until it is done
	Failure *Failure // why it failed
}

// Terms are what an import was begun with.
type Terms struct {
	URL      string
	Grant    policy.Grant
	Spec     upload.Spec // with the UUID that the asset is to have
	Remember bool        // for Remembered
}

// A Failure says why an import failed, in terms that strangers may know.
type Failure struct {
	Kind   fault.Kind
	Status int           `json:",omitempty"` // of HTTP, that the far end answered with
	Reason policy.Reason `json:",omitempty"` // why the file is not allowed
}

// Progress is how many bytes of a running import have come.
type Progress struct {
	Done  int64
	Total int64 // negative if the far end does not say
}

// records is where imports are kept.
type records interface {
	// AddImport adds an import and its job, in one transaction. The error wraps
	// fault.Busy if MaxWaiting of its app wait.
	AddImport(ctx context.Context, i Import, j job.Job) error

	// Import returns an import that is younger than Lifetime. The error wraps
	// fault.NotFound if there is none.
	Import(ctx context.Context, token uuid.UUID) (Import, error)

	// EndImport records how an import ended, and remembers its URL if it is to.
	// It changes nothing if that is on record.
	EndImport(ctx context.Context, i Import) error

	// Remember has Imported return an asset of app from now on, as long as it is
	// there.
	Remember(ctx context.Context, app string, digest [32]byte, id asset.ID) error

	// Imported returns what was brought in last from a URL to be remembered, by
	// the URL's digest. The error wraps fault.NotFound if there is nothing.
	Imported(ctx context.Context, app string, digest [32]byte) (asset.ID, error)
}

// assets is where finished files are found.
type assets interface {
	AssetByUUID(ctx context.Context, name uuid.UUID) (asset.Asset, error)
}

// A Service imports files.
type Service struct {
	uploads *upload.Service
	records records
	assets  assets
	wake    func()
	config  Config

	mu      sync.Mutex
	running map[uuid.UUID]*Progress

	flights flight.Group[brought]
	line    *queue.Queue // in front of what Bring does
}

// Config adjusts a Service.
type Config struct {
	// Vet returns nil if a URL may be fetched as far as can be told without
	// fetching it. Otherwise the error wraps fault.Denied for a host that is not
	// public, fault.NotFound for one that does not exist, fault.Invalid for a
	// malformed one, and fault.Unsupported for what else is wrong. nil allows all.
	Vet func(ctx context.Context, url string) error

	Now func() time.Time // nil means time.Now
}

// New returns a Service that stores files by uploads and calls wake when there
// is a job.
func New(uploads *upload.Service, records records, assets assets, wake func(), c Config) *Service {
	if c.Vet == nil {
		c.Vet = func(context.Context, string) error { return nil }
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Service{uploads: uploads, records: records, assets: assets, wake: wake, config: c,
		running: map[uuid.UUID]*Progress{}, line: newBringLine()}
}

// Vet is that of Config.
func (s *Service) Vet(ctx context.Context, url string) error { return s.config.Vet(ctx, url) }

// Begin records that the file at url is to be stored under g as spec describes
// it, and returns the token by which it can be asked for. With remember,
// Remembered knows it once it is there. The error wraps fault.Denied if g does
// not allow it, and fault.Busy while MaxWaiting others of the app wait. A use of
// g is counted when the file is stored.
func (s *Service) Begin(ctx context.Context, g policy.Grant, url string, spec upload.Spec, remember bool) (uuid.UUID, error) {
	url, err := policy.CanonicalURL(url)
	if err != nil {
		return uuid.UUID{}, err
	}
	if err := s.uploads.Imports(ctx, g, url, spec); err != nil {
		return uuid.UUID{}, err
	}
	g.Expires = time.Time{} // it was valid when it was asked for
	spec.UUID = uuid.New()
	i := Import{
		Token: uuid.New(), App: g.App, Created: s.config.Now(), State: Waiting,
		Terms: Terms{URL: url, Grant: g, Spec: spec, Remember: remember},
	}
	payload, err := json.Marshal(i.Token)
	if err != nil {
		return uuid.UUID{}, err
	}
	j := job.Job{Queue: JobKind + ":" + g.App, Kind: JobKind, App: g.App, Payload: payload}
	if err := s.records.AddImport(context.WithoutCancel(ctx), i, j); err != nil {
		return uuid.UUID{}, fmt.Errorf("begin import: %w", err)
	}
	s.wake()
	return i.Token, nil
}

// Status returns how an import stands and, if it runs here, how far it is. The
// error wraps fault.NotFound if there is none, or its Lifetime is over.
func (s *Service) Status(ctx context.Context, token uuid.UUID) (Import, *Progress, error) {
	i, err := s.records.Import(ctx, token)
	if err != nil {
		return Import{}, nil, fmt.Errorf("import: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.running[token]
	if p == nil || i.State != Waiting {
		return i, nil, nil
	}
	seen := *p
	return i, &seen, nil
}

// Remembered returns the asset of an app that was last brought in from url to be
// remembered. The error wraps fault.NotFound if there is none.
func (s *Service) Remembered(ctx context.Context, app, url string) (asset.ID, error) {
	url, err := policy.CanonicalURL(url)
	if err != nil {
		return "", err
	}
	return s.records.Imported(ctx, app, Digest(url))
}

// Digest returns what a canonical URL is remembered by.
func Digest(url string) [32]byte { return sha256.Sum256([]byte(url)) }

// watch counts the bytes of an import's body as they come. Who was told of more
// before an import began anew, is not told of less.
func (s *Service) watch(token uuid.UUID) func(body io.Reader, size int64) io.Reader {
	return func(body io.Reader, size int64) io.Reader {
		s.mu.Lock()
		defer s.mu.Unlock()
		p := s.running[token]
		if p == nil {
			p = new(Progress)
			s.running[token] = p
		}
		p.Total = size
		return &counter{Reader: body, service: s, progress: p}
	}
}

// A counter counts what is read.
type counter struct {
	io.Reader
	service  *Service
	progress *Progress
	n        int64
}

func (c *counter) Read(b []byte) (int, error) {
	n, err := c.Reader.Read(b)
	c.service.mu.Lock()
	defer c.service.mu.Unlock()
	c.n += int64(n)
	c.progress.Done = max(c.progress.Done, c.n)
	return n, err
}

// forget drops the count of an import that is over.
func (s *Service) forget(token uuid.UUID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.running, token)
}
