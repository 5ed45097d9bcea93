// Package delivery gives bytes out, to callers whose grant allows it: those of
// an asset, checked against their sums, or those of the variant that a plan
// makes of it, made once and kept.
package delivery

import (
	"context"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/blob"
	"github.com/stowgate/stowgate/internal/delivery/ration"
	"github.com/stowgate/stowgate/internal/delivery/shelf"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/flight"
	"github.com/stowgate/stowgate/internal/inspect"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/queue"
	"github.com/stowgate/stowgate/internal/transform/cost"
)

// finder finds what a grant allows an action on, and counts its uses.
type finder interface {
	Get(ctx context.Context, g policy.Grant, id asset.ID, action policy.Action) (asset.Asset, error)
	Allow(ctx context.Context, g policy.Grant, r policy.Request) error
}

// Config adjusts a Service. The zero Config is ready to use, for one that makes
// no variants.
type Config struct {
	Render Renderer // makes variants; nil means that there are none
	Draw   Drawer   // draws pages of documents for Render; nil means that it gets them as they are
	Engine string   // version of both: what another one made is made again
	Fetch  Fetch    // nil means that no variants are made of outside files

	Folder string       // where variants are kept, and files while they are worked on
	Shelf  shelf.Config // how many variants are kept; its clock is Now
	Line   queue.Config // who waits for Render; Slots is how many it runs at once
	Pages  queue.Config // who waits for Draw, likewise

	// Unsigned is how many variants a minute are made of what one app's callers
	// ask for without a policy for it, and at most how many at once. 0 means
	// 600, less means no bound. What is kept is given out all the same.
	Unsigned int

	Pictures pictures // where Look records what it finds out; nil means nowhere

	Limits    cost.Limits // on what a plan may cost
	MaxSource int64       // bytes of all inputs of a plan together; 0 means 256 MiB

	Observer Observer         // nil means nobody
	Now      func() time.Time // nil means time.Now
}

// DefaultMaxSource is the default of Config.MaxSource.
// Source: Filestack documentation, "Image Transformations".
const DefaultMaxSource = 256 << 20

// DefaultUnsigned is the default of Config.Unsigned.
const DefaultUnsigned = 600

// A Service delivers assets.
type Service struct {
	vault  *blob.Vault
	finder finder
	config Config

	shelf    *shelf.Shelf
	line     *queue.Queue // for Render
	pages    *queue.Queue // for Draw
	fetchers *queue.Queue // for orders with outside files
	unsigned *ration.Ration
	variants flight.Group[*shelf.File]
	fetched  flight.Group[*source]
	looks    flight.Group[look]
	later    chan struct{} // a token for each LookLater
	counts   counts

	background sync.WaitGroup
}

// New returns a Service that reads bytes through vault and finds assets by
// finder.
func New(vault *blob.Vault, finder finder, c Config) (*Service, error) {
	if c.MaxSource == 0 {
		c.MaxSource = DefaultMaxSource
	}
	if c.Unsigned == 0 {
		c.Unsigned = DefaultUnsigned
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Observer == nil {
		c.Observer = nobody{}
	}
	s := &Service{vault: vault, finder: finder, config: c, later: make(chan struct{}, maxLooks)}
	if c.Render == nil {
		return s, nil
	}
	c.Shelf.Now = c.Now
	var err error
	if s.shelf, err = shelf.Open(c.Folder, c.Shelf); err != nil {
		return nil, fmt.Errorf("start delivery: %w", err)
	}
	s.line, s.pages, s.fetchers = queue.New(c.Line), queue.New(c.Pages), queue.New(fetchers)
	s.unsigned = ration.New(c.Unsigned, c.Now)
	return s, nil
}

// Transforms reports whether there is an engine that makes variants.
func (s *Service) Transforms() bool { return s.shelf != nil }

// Close ends the making of variants and waits for it.
func (s *Service) Close() error {
	s.variants.Close()
	s.fetched.Close()
	s.looks.Close()
	s.background.Wait()
	if s.shelf == nil {
		return nil
	}
	return s.shelf.Close()
}

// A File is an asset open for reading.
type File struct {
	Asset asset.Asset
	*blob.File
}

// Open opens the asset called id for reading. The error wraps fault.NotFound if
// the app of g has no such asset, fault.Denied if g does not allow reading it,
// and fault.Damaged if its first bytes differ from their sum. It counts as a
// use of g.
func (s *Service) Open(ctx context.Context, g policy.Grant, id asset.ID) (*File, error) {
	a, err := s.finder.Get(ctx, g, id, policy.Read)
	if err != nil {
		return nil, err
	}
	f, err := s.vault.Open(ctx, a.Content)
	if err != nil {
		return nil, fmt.Errorf("open asset %s: %w", id, err)
	}
	return &File{a, f}, nil
}

// algorithms are the hash functions that Digests knows.
var algorithms = map[string]func() hash.Hash{
	"md5": md5.New, "sha1": sha1.New, "sha224": sha256.New224, "sha256": sha256.New,
	"sha384": sha512.New384, "sha512": sha512.New,
}

// Digests returns the hashes of a's content in lowercase hex, by the names
// given: md5, sha1, sha224, sha256, sha384 or sha512. All but sha256 read the
// whole content. The error wraps fault.Invalid for another name. The caller has
// checked that a may be described; see library.Service.Describe.
func (s *Service) Digests(ctx context.Context, a asset.Asset, names []string) (map[string]string, error) {
	out := make(map[string]string, len(names))
	hashes := make(map[string]hash.Hash, len(names))
	var writers []io.Writer
	for _, name := range names {
		if name == "sha256" {
			out[name] = hex.EncodeToString(a.Content.SHA256[:])
			continue
		}
		fresh, ok := algorithms[name]
		if !ok {
			return nil, fmt.Errorf("hash function %q: %w", name, fault.Invalid)
		}
		hashes[name] = fresh()
		writers = append(writers, hashes[name])
	}
	if len(writers) == 0 {
		return out, nil
	}
	f, err := s.vault.Open(ctx, a.Content)
	if err != nil {
		return nil, fmt.Errorf("open asset %s: %w", a.ID, err)
	}
	defer f.Close()
	if _, err := io.Copy(io.MultiWriter(writers...), struct{ io.Reader }{f}); err != nil {
		return nil, fmt.Errorf("hash asset %s: %w", a.ID, err)
	}
	for name, h := range hashes {
		out[name] = hex.EncodeToString(h.Sum(nil))
	}
	return out, nil
}

// EXIF returns what a camera wrote into a picture, as far as it can be read. It
// needs a grant that names it, whatever the app's security.
func (s *Service) EXIF(ctx context.Context, g policy.Grant, a asset.Asset) (map[string]any, error) {
	if err := g.Check(policy.Request{Action: policy.EXIF, Asset: a.ID, Size: -1}, s.config.Now()); err != nil {
		return nil, err
	}
	if !strings.HasPrefix(a.Detected, "image/") {
		return map[string]any{}, nil
	}
	f, err := s.vault.Open(ctx, a.Content)
	if err != nil {
		return nil, fmt.Errorf("open asset %s: %w", a.ID, err)
	}
	defer f.Close()
	tags, err := inspect.EXIF(f)
	if err != nil {
		return map[string]any{}, nil // a picture without readable tags has none
	}
	return tags, nil
}
