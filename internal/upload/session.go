package upload

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/blob"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/inspect"
	"github.com/stowgate/stowgate/internal/policy"
)

// MaxParts is how many parts one upload may have.
// Source: the S3 rule that filestack-js keeps to, src/lib/api/upload/file.ts.
const MaxParts = 10_000

// MaxPartSize is the largest part, or chunk of a part, in bytes.
const MaxPartSize = 5 << 30

// A Session is an upload in parts that was begun and may be finished.
type Session struct {
	ID      string // random: knowing it is the permission to go on; see SessionOf
	App     string
	Grant   policy.Grant // as verified when the upload began
	Spec    Spec
	Created time.Time
	Touched time.Time // when a part last arrived
	Asset   asset.ID  // what it became; empty while unfinished
}

// sessions is where uploads in parts are recorded.
type sessions interface {
	AddSession(ctx context.Context, u Session, use policy.Use) error
	Session(ctx context.Context, id string) (Session, error)
	AddPart(ctx context.Context, session string, p Part) error
	Parts(ctx context.Context, session string) ([]Part, error)

	// RemoveSession removes an upload that cannot be finished, and its parts.
	RemoveSession(ctx context.Context, id string) error

	// FinishSession adds a, makes it the session's result and dooms the unused
	// blobs, in one transaction. If the session has a result already it returns
	// that one. The error wraps fault.Conflict if a part came meanwhile.
	FinishSession(ctx context.Context, session string, a asset.Asset, unused []blob.Key) (asset.Asset, error)
}

// Begin starts an upload in parts of the file described by spec. What g allows
// is checked here and again when it is finished; in between, knowing the
// session is enough, and g may expire. A use of g is counted here.
func (s *Service) Begin(ctx context.Context, g policy.Grant, spec Spec) (Session, error) {
	g = g.For(storing)
	spec, _, err := s.admit(ctx, g, spec, "", s.config.MaxSize)
	if err != nil {
		return Session{}, err
	}
	var random uuid.UUID // not of a form that a UUID has
	rand.Read(random[:])
	if spec.UUID != (uuid.UUID{}) {
		random = spec.UUID
	}
	now := s.config.Now()
	u := Session{
		ID: SessionOf(random), App: g.App,
		Grant: g, Spec: spec, Created: now, Touched: now,
	}
	if err := s.records.AddSession(context.WithoutCancel(ctx), u, g.Use); err != nil {
		return Session{}, fmt.Errorf("record upload: %w", err)
	}
	return u, nil
}

// SessionOf returns the ID of the upload that was begun with a Spec.UUID, which
// must have been random.
func SessionOf(id uuid.UUID) string { return base64.RawURLEncoding.EncodeToString(id[:]) }

// Session returns the upload called id of app. The error wraps fault.NotFound
// if there is none, or it is over, or another app's.
func (s *Service) Session(ctx context.Context, app, id string) (Session, error) {
	u, err := s.records.Session(ctx, id)
	if err != nil {
		return Session{}, fmt.Errorf("upload: %w", err)
	}
	if u.App != app {
		return Session{}, fmt.Errorf("upload of another app: %w", fault.NotFound)
	}
	if !s.config.Now().Before(u.Created.Add(s.config.Lifetime)) {
		return Session{}, fmt.Errorf("upload began at %v, longer ago than its lifetime: %w", u.Created, fault.NotFound)
	}
	owner, err := s.records.App(ctx, app)
	if err != nil {
		return Session{}, err
	}
	if owner.Off() {
		return Session{}, &policy.Denial{Reason: policy.AppDisabled, Detail: "app " + app + " is disabled"}
	}
	return u, nil
}

// Arrived returns what there is of an upload: the asset that it became, or its
// parts, in order of number and offset. The errors are those of Session.
func (s *Service) Arrived(ctx context.Context, app, session string) ([]Part, asset.Asset, error) {
	// An upload that is finished has no parts: were it looked at first, its parts
	// could be gone by the time they are listed.
	parts, err := s.records.Parts(ctx, session)
	if err != nil {
		return nil, asset.Asset{}, fmt.Errorf("list parts: %w", err)
	}
	u, err := s.Session(ctx, app, session)
	if err != nil || u.Asset == "" {
		return parts, asset.Asset{}, err
	}
	a, err := s.records.Asset(ctx, u.Asset)
	return nil, a, err
}

// A Finish is what a caller says when it completes a session. Zero fields leave
// what was said at the beginning.
type Finish struct {
	Spec  Spec       // Size negative means not repeated
	Parts []DonePart // parts the caller names; nil means those that arrived
}

// A DonePart is a part as the caller names it when completing.
type DonePart struct {
	Number int
	Tag    string // as it was told; empty means not named
}

// Complete makes the parts of an upload into an asset, without copying them.
// Completing again returns the same asset. The error wraps fault.Conflict when
// parts are missing or differ from those named, and fault.Denied when what was
// said at the end is not allowed by the grant of the beginning.
func (s *Service) Complete(ctx context.Context, app, session string, f Finish) (asset.Asset, error) {
	var changed error
	for range 10 {
		u, err := s.Session(ctx, app, session)
		if err != nil {
			return asset.Asset{}, err
		}
		if u.Asset != "" {
			return s.records.Asset(ctx, u.Asset)
		}
		if changed != nil && !errors.Is(changed, errPartsChanged) {
			return asset.Asset{}, changed
		}
		var a asset.Asset
		if a, changed = s.complete(ctx, u, f); !errors.Is(changed, fault.Conflict) {
			return a, changed
		}
		// A part came while this was being finished, or somebody else finished it
		// and its parts are gone: look again.
	}
	return asset.Asset{}, changed
}

// errPartsChanged says that a finish has to look again.
var errPartsChanged = fmt.Errorf("parts keep changing: %w", fault.Conflict)

func (s *Service) complete(ctx context.Context, u Session, f Finish) (asset.Asset, error) {
	parts, err := s.records.Parts(ctx, u.ID)
	if err != nil {
		return asset.Asset{}, fmt.Errorf("list parts: %w", err)
	}
	if err := checkNamed(parts, f.Parts); err != nil {
		return asset.Asset{}, err
	}
	content, unused, err := s.assemble(ctx, u, parts)
	if err != nil {
		return asset.Asset{}, err
	}
	spec, size := merge(u.Spec, f.Spec), content.Size()
	if spec.Size >= 0 && size != spec.Size {
		return asset.Asset{}, fmt.Errorf("the parts make %d bytes where %d were declared: %w", size, spec.Size, fault.Conflict)
	}
	// What Begin checked with the declared size is checked with the real one,
	// and with what was said since. The grant was valid at the beginning: now
	// the session's lifetime counts.
	g := u.Grant
	g.Expires, spec.Size = time.Time{}, size
	spec, r, err := s.admit(ctx, g, spec, "", s.config.MaxSize)
	if err != nil {
		return asset.Asset{}, err
	}
	detected, err := s.detect(ctx, content)
	if err != nil {
		return asset.Asset{}, err
	}
	if err := r.app.CheckType(detected); err != nil {
		return asset.Asset{}, errors.Join(err, s.records.RemoveSession(context.WithoutCancel(ctx), u.ID))
	}
	if content.SHA256, err = s.ahead.Finish(ctx, u.ID, content); err != nil {
		return asset.Asset{}, err
	}
	a := s.describe(ctx, u.App, spec, content, detected)
	done, err := s.records.FinishSession(context.WithoutCancel(ctx), u.ID, a, unused)
	if errors.Is(err, fault.Conflict) {
		return asset.Asset{}, errPartsChanged
	}
	if err != nil {
		return asset.Asset{}, fmt.Errorf("finish upload: %w", err)
	}
	s.ahead.Forget(u.ID)
	return done, nil
}

// merge returns a with what b says in addition or instead.
func merge(a, b Spec) Spec {
	set := func(to *string, from string) {
		if from != "" {
			*to = from
		}
	}
	set(&a.Name, b.Name)
	set(&a.Type, b.Type)
	set(&a.Location, b.Location)
	set(&a.Container, b.Container)
	set(&a.Path, b.Path)
	set(&a.Access, b.Access)
	set(&a.Alt, b.Alt)
	set(&a.Client, b.Client)
	if b.Size >= 0 {
		a.Size = b.Size
	}
	if b.Tags != nil {
		a.Tags = b.Tags
	}
	if b.Labels != nil {
		a.Labels = b.Labels
	}
	if b.Workflows != nil {
		a.Workflows = b.Workflows
	}
	a.Base64 = a.Base64 || b.Base64
	a.Temporary = a.Temporary || b.Temporary
	return a
}

// detect returns the type that the first bytes of content have.
func (s *Service) detect(ctx context.Context, content blob.Content) (string, error) {
	f, err := s.vault.Open(ctx, content)
	if err != nil {
		return "", fmt.Errorf("read back: %w", err)
	}
	defer f.Close()
	head := make([]byte, min(content.Size(), inspect.HeadLen))
	if _, err := fill(f, head, len(head)); err != nil && len(head) > 0 {
		return "", fmt.Errorf("read back: %w", err)
	}
	return inspect.Detect(head), nil
}
