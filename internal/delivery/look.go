package delivery

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/transform"
)

// pictures is where it is recorded what pictures are.
type pictures interface {
	SetPicture(ctx context.Context, id asset.ID, version int64, p *asset.Picture) error
}

// Limits of looking at pictures.
const (
	maxLooks  = 64          // that are begun by LookLater, at once
	lookTime  = time.Minute // for one of them
	maxReport = 64 << 10    // bytes of what an engine says
)

// A look is what an engine found out. There is nothing to close.
type look struct{ *asset.Picture }

func (look) Close() error { return nil }

// Look returns what an engine finds out about a as a picture, and records it in
// Config.Pictures; a.Looked says whether there is a need. Who asks at the same
// time waits for the same. The picture is nil for what begins like none, and has
// no Format if no engine can read it.
//
// No grant is asked: whoever calls it may describe a, or has just stored it. The
// error wraps fault.Busy when too many wait, fault.Unavailable when the disk is
// full, and fault.Unsupported where there is no engine.
func (s *Service) Look(ctx context.Context, a asset.Asset) (*asset.Picture, error) {
	if a.Looked() {
		return a.Picture, nil
	}
	if s.shelf == nil {
		return nil, fmt.Errorf("no engine looks at pictures: %w", fault.Unsupported)
	}
	var p *asset.Picture
	err := s.looks.Do(ctx, string(a.ID)+" "+strconv.FormatInt(a.Version, 10),
		func(ctx context.Context) (look, error) { return s.look(ctx, a) },
		func(l look) error { p = l.Picture; return nil })
	return p, unmade(err)
}

// LookLater looks at a in the background, if that is needed and not too much
// else is looked at: what is left out is looked at when somebody asks.
func (s *Service) LookLater(a asset.Asset) {
	if a.Looked() || s.shelf == nil {
		return
	}
	select {
	case s.later <- struct{}{}:
	default:
		return
	}
	s.background.Go(func() {
		defer func() { <-s.later }()
		ctx, cancel := context.WithTimeout(context.Background(), lookTime)
		defer cancel()
		s.Look(ctx, a) // who asks later hears what is wrong
	})
}

// look has the renderer look at a, and records what it says.
func (s *Service) look(ctx context.Context, a asset.Asset) (look, error) {
	p, err := s.report(ctx, a)
	switch fault.Of(err) {
	case fault.Invalid, fault.TooLarge, fault.Unsupported:
		p, err = new(asset.Picture), nil // which no engine can read
	}
	if err != nil || s.config.Pictures == nil {
		return look{p}, err
	}
	err = s.config.Pictures.SetPicture(context.WithoutCancel(ctx), a.ID, a.Version, p)
	if errors.Is(err, fault.NotFound) {
		err = nil // it was removed, or overwritten
	}
	return look{p}, err
}

// report returns what the renderer says of a.
func (s *Service) report(ctx context.Context, a asset.Asset) (*asset.Picture, error) {
	order := Order{Plan: transform.Plan{Answer: transform.Info}, MaxAge: lifetime}
	j := &job{service: s, grant: policy.Grant{App: a.App}, order: order, inputs: []input{{asset: a}}}
	sources, err := s.gather(ctx, a.App, j.inputs)
	if err != nil {
		return nil, err
	}
	defer sources.Close()
	if err := s.afford(order.Plan, sources.list); err != nil {
		return nil, err
	}
	out, _, err := j.render(ctx, sources.list)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	var r transform.Report
	if err := json.NewDecoder(io.NewSectionReader(out, 0, maxReport)).Decode(&r); err != nil {
		return nil, fmt.Errorf("read report: %v", err)
	}
	return &r.Picture, nil
}
