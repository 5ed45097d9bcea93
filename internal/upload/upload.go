// Package upload takes bytes in: in one request, in parts, or from a URL. It
// checks the grant, counts and hashes while streaming, and makes an asset
// visible only when every byte of it is durable.
package upload

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/blob"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/inspect"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/upload/ahead"
	"github.com/stowgate/stowgate/internal/upload/seal"
)

// assets is where finished files are recorded.
type assets interface {
	Asset(ctx context.Context, id asset.ID) (asset.Asset, error)
	AddAsset(ctx context.Context, a asset.Asset, use policy.Use) error
	ReplaceContent(ctx context.Context, a asset.Asset, use policy.Use) error
}

// apps is where tenants are recorded.
type apps interface {
	App(ctx context.Context, key string) (policy.App, error)

	// Usage returns how many files and bytes the app with this key stores.
	Usage(ctx context.Context, key string) (files, bytes int64, err error)
}

// Records is what a Service keeps its books in.
type Records interface {
	apps
	assets
	sessions
}

// Config adjusts a Service. TicketKey is needed; zero for the rest is ready to use.
type Config struct {
	TicketKey [32]byte // seals the tickets that part uploads carry

	MaxPut   int64         // bytes of a file sent in one request or from a URL; 0 means 5 GiB
	MaxSize  int64         // bytes of a file sent in parts; 0 means 5 TiB
	Lifetime time.Duration // of an upload in parts from its beginning; 0 means 7 days
	Fetch    Fetch         // nil means that nothing is imported from URLs
	Now      func() time.Time
}

// Defaults of Config.
const (
	DefaultMaxPut   = 5 << 30
	DefaultMaxSize  = 5 << 40
	DefaultLifetime = 7 * 24 * time.Hour
)

// A Service stores files for callers whose grant allows it.
type Service struct {
	blobs   blob.Store
	vault   *blob.Vault
	records Records
	seal    seal.Seal // of tickets
	ahead   *ahead.Hasher
	spools  spools
	end     context.CancelFunc
	config  Config
}

// New returns a Service that puts bytes into blobs, reads them back through
// vault, and records them in records.
func New(blobs blob.Store, vault *blob.Vault, records Records, c Config) *Service {
	if c.MaxPut == 0 {
		c.MaxPut = DefaultMaxPut
	}
	if c.MaxSize == 0 {
		c.MaxSize = DefaultMaxSize
	}
	if c.Lifetime == 0 {
		c.Lifetime = DefaultLifetime
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	ctx, end := context.WithCancel(context.Background())
	return &Service{
		blobs: blobs, vault: vault, records: mutateRecords(records, blobs), config: c,
		seal: seal.New(c.TicketKey), ahead: ahead.New(ctx, blobs), end: end,
		spools: spools{from: map[string]int{}},
	}
}

// Close ends what goes on between requests and waits for it. Unfinished uploads
// can be gone on with by another Service.
func (s *Service) Close() {
	s.end()
	s.ahead.Wait()
}

// A Spec is what a caller says about a file it stores. Nothing in it is trusted.
type Spec struct {
	Name string    // file name; cleaned by asset.CleanName
	Type string    // media type; empty means what the bytes turn out to be
	Size int64     // declared size in bytes; negative means unknown
	UUID uuid.UUID // its second name, which no file has or had; zero means that it is drawn now

	Location  string
	Container string
	Path      string // storage path as the caller wrote it; made canonical here
	Access    string // "public" or "private"
	Base64    bool   // the body is base64 text to be decoded before it is stored

	Tags      map[string]string
	Labels    []string // made normal by asset.NormalLabels
	Alt       string
	Workflows []string
	Client    string // what brings it; empty means "Computer"
	Temporary bool   // it goes after asset.TemporaryLifetime, unless it is kept until then
}

// storing is what a grant must allow for a new file: either action is enough,
// because official clients' policies list only one of them.
const storing = policy.Pick | policy.Store

// admit is the one function that decides whether a file may be stored: it
// checks g and the limits for spec with its size, and returns spec with its
// name and path made canonical. A negative size is not checked.
func (s *Service) admit(ctx context.Context, g policy.Grant, spec Spec, source string, most int64) (Spec, rules, error) {
	var err error
	if spec.Path, err = policy.CanonicalPath(spec.Path); err != nil {
		return spec, rules{}, err
	}
	spec.Name = asset.CleanName(spec.Name)
	if spec.Labels, err = asset.NormalLabels(spec.Labels); err != nil {
		return spec, rules{}, err
	}
	if err := g.Check(policy.Request{
		Action: storing, Path: spec.Path, Container: spec.Container, URL: source, Size: spec.Size,
	}, s.config.Now()); err != nil {
		return spec, rules{}, err
	}
	if len(spec.Workflows) > 0 && !g.Unsigned {
		if err := g.Check(policy.Request{Action: policy.RunWorkflow, Size: -1}, s.config.Now()); err != nil {
			return spec, rules{}, err
		}
	}
	r, err := s.rules(ctx, g, spec.Size, most, nil)
	return spec, r, err
}

// Put stores body as a new asset described by spec.
//
// It reads body once, to its end, without holding it in memory. The error wraps
// fault.Denied if g does not allow the upload, and fault.TooLarge if body is
// over the limit. After an error nothing is stored; after nil, the asset
// survives a power cut.
func (s *Service) Put(ctx context.Context, g policy.Grant, spec Spec, body io.Reader) (asset.Asset, error) {
	return s.put(ctx, g, spec, "", body)
}

func (s *Service) put(ctx context.Context, g policy.Grant, spec Spec, source string, body io.Reader) (asset.Asset, error) {
	g = g.For(storing)
	spec, r, err := s.admit(ctx, g, spec, source, s.config.MaxPut)
	if err != nil {
		return asset.Asset{}, err
	}
	in, err := s.receive(ctx, body, spec, r.within(g))
	if err != nil {
		return asset.Asset{}, err
	}
	defer in.Close()
	return s.keep(ctx, g, spec, source, in)
}

// keep makes what came an asset of g's app, as spec describes it. That g and the
// rules allow it was seen before.
func (s *Service) keep(ctx context.Context, g policy.Grant, spec Spec, source string, in *incoming) (asset.Asset, error) {
	content, err := in.commit(g, spec)
	if err != nil {
		return asset.Asset{}, err
	}
	a := s.describe(ctx, g.App, spec, content, in.detected)
	a.Source = source
	err = s.records.AddAsset(context.WithoutCancel(ctx), a, g.Use)
	if err != nil {
		s.discard(ctx, content, err)
		return asset.Asset{}, fmt.Errorf("record asset %s: %w", a.ID, err)
	}
	return a, nil
}

// Replace overwrites the content of asset id with body; only Size and Base64 of
// spec count. The asset keeps its names and its type. The error wraps
// fault.Denied if g does not allow it and fault.NotFound if g's app has no such
// asset; after an error the old content is still there.
func (s *Service) Replace(ctx context.Context, g policy.Grant, id asset.ID, spec Spec, body io.Reader) (asset.Asset, error) {
	return s.replace(ctx, g, id, spec, policy.Request{Action: policy.Write, Asset: id, Size: spec.Size}, body)
}

func (s *Service) replace(ctx context.Context, g policy.Grant, id asset.ID, spec Spec, want policy.Request, body io.Reader) (asset.Asset, error) {
	a, err := s.own(ctx, g, id)
	if err != nil {
		return asset.Asset{}, err
	}
	if err := g.Check(want, s.config.Now()); err != nil {
		return asset.Asset{}, err
	}
	r, err := s.rules(ctx, g, spec.Size, s.config.MaxPut, &a)
	if err != nil {
		return asset.Asset{}, err
	}
	in, err := s.receive(ctx, body, spec, r.within(g))
	if err != nil {
		return asset.Asset{}, err
	}
	defer in.Close()
	content, err := in.commit(g, spec)
	if err != nil {
		return asset.Asset{}, err
	}
	// Another overwrite may have come first: the one that finishes last wins.
	for range 10 {
		b := a
		b.Content, b.Detected, b.Version, b.Modified = content, in.detected, a.Version+1, s.config.Now()
		b.Width, b.Height = s.dimensions(ctx, content, in.detected)
		b.Picture = nil // of the content so far
		err = s.records.ReplaceContent(context.WithoutCancel(ctx), b, g.Use)
		if err == nil {
			return b, nil
		}
		if !errors.Is(err, fault.Conflict) {
			break
		}
		if a, err = s.own(ctx, g, id); err != nil {
			break
		}
	}
	s.discard(ctx, content, err)
	return asset.Asset{}, fmt.Errorf("replace asset %s: %w", id, err)
}

// own returns the asset called id if it belongs to the app of g.
func (s *Service) own(ctx context.Context, g policy.Grant, id asset.ID) (asset.Asset, error) {
	a, err := s.records.Asset(ctx, id)
	if err != nil {
		return asset.Asset{}, err
	}
	if a.App != g.App {
		return asset.Asset{}, fmt.Errorf("asset %s of another app: %w", id, fault.NotFound)
	}
	return a, nil
}

// Copy stores the content of asset id as a new asset described by spec. It
// needs a grant that allows storing, and reading or transforming id.
func (s *Service) Copy(ctx context.Context, g policy.Grant, id asset.ID, spec Spec) (asset.Asset, error) {
	a, err := s.own(ctx, g, id)
	if err != nil {
		return asset.Asset{}, err
	}
	// Storing it is checked by put, like that of any file; here it is whether the
	// grant reaches what is copied, for which storing alone is enough.
	reach := policy.Request{Action: policy.Store | policy.Read | policy.Convert, Asset: id, Path: spec.Path, Container: spec.Container, Size: -1}
	if err := g.Check(reach, s.config.Now()); err != nil {
		return asset.Asset{}, err
	}
	body, err := s.vault.Open(ctx, a.Content)
	if err != nil {
		return asset.Asset{}, err
	}
	defer body.Close()
	if spec.Name == "" {
		spec.Name = a.Name
	}
	if spec.Type == "" {
		spec.Type = a.Type
	}
	spec.Size = a.Content.Size()
	// The new file has a name of its own: a grant that is bound to id was
	// checked above, and allows storing what id holds.
	g = g.For(storing)
	g.Asset = ""
	return s.put(ctx, g, spec, a.Source, body)
}

// describe makes the asset of a file that was received.
func (s *Service) describe(ctx context.Context, app string, spec Spec, content blob.Content, detected string) asset.Asset {
	now := s.config.Now()
	a := asset.Asset{
		ID: asset.NewID(), UUID: uuid.New(), App: app,
		Name: spec.Name, Type: bareType(spec.Type), Detected: detected,
		Content: content, Version: 1,
		Location: spec.Location, Container: spec.Container, Path: spec.Path, Access: spec.Access,
		Tags: spec.Tags, Labels: spec.Labels, Alt: spec.Alt, Client: spec.Client,
		Created: now, Modified: now,
	}
	if spec.UUID != (uuid.UUID{}) {
		a.UUID = spec.UUID
	}
	if a.Type == "" {
		a.Type = detected
	}
	if !spec.Temporary {
		a.Stored = now
	}
	if a.Client == "" {
		a.Client = "Computer"
	}
	for _, w := range spec.Workflows {
		a.Workflows = append(a.Workflows, asset.Workflow{ID: w, Job: uuid.NewString()})
	}
	a.Width, a.Height = s.dimensions(ctx, content, detected)
	return a
}

// dimensions reads the size in pixels from the header of a picture. What it
// cannot find out is 0: a strange picture is still a file.
func (s *Service) dimensions(ctx context.Context, content blob.Content, detected string) (width, height int) {
	if !strings.HasPrefix(detected, "image/") {
		return 0, 0
	}
	f, err := s.vault.Open(ctx, content)
	if err != nil {
		return 0, 0
	}
	defer f.Close()
	width, height, err = inspect.Dimensions(detected, f)
	if err != nil {
		return 0, 0
	}
	return width, height
}

// bareType returns a media type as a label that can stand in a header: what is
// not printable ASCII or too long is no label.
func bareType(t string) string {
	t = strings.TrimSpace(t)
	if len(t) > MaxType || strings.ContainsFunc(t, func(r rune) bool { return r < ' ' || r > '~' }) {
		return ""
	}
	return t
}

// MaxType is the longest media type kept, in bytes.
// Source: filestack-js, src/schema/store.schema.ts.
const MaxType = 255

// discard removes the blobs of content that the catalog has refused to record.
// When the failure leaves open whether they were recorded, they stay for the sweep.
func (s *Service) discard(ctx context.Context, content blob.Content, err error) {
	switch fault.Of(err) {
	case fault.Denied, fault.Conflict, fault.NotFound, fault.Invalid:
		s.drop(ctx, content)
	}
}

// drop removes the blobs of content, which nothing names.
func (s *Service) drop(ctx context.Context, content blob.Content) {
	for _, seg := range content.Segments {
		s.blobs.Remove(context.WithoutCancel(ctx), seg.Key) // the sweep finds what stays
	}
}
