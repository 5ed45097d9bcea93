package delivery

import (
	"context"
	"fmt"
	"io"

	"github.com/stowgate/stowgate/internal/delivery/shelf"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/transform"
)

// MaxPreview is how many bytes a file may have that is shown before it is
// stored.
const MaxPreview = 20 << 20

// Preview returns what plan makes of body, a file that somebody is about to
// store and that is kept nowhere. admit says whether a file of so many bytes,
// which are of a media type, may be stored under g. Its error is returned, and
// otherwise those of Transform. The error wraps fault.TooLarge for more than
// MaxPreview bytes.
func (s *Service) Preview(ctx context.Context, g policy.Grant, plan transform.Plan, body io.Reader, admit func(size int64, kind string) error) (*Variant, error) {
	if s.shelf == nil {
		return nil, fmt.Errorf("no engine makes variants: %w", fault.Unsupported)
	}
	if err := plan.Check(); err != nil {
		return nil, err
	}
	leave, err := s.fetchers.Enter(ctx, g.App)
	if err != nil {
		return nil, err
	}
	defer leave()
	src, err := s.receive(io.LimitReader(body, MaxPreview+1)) // one more tells a file at the limit from one over it
	if err != nil {
		return nil, unmade(err)
	}
	defer src.Close()
	if src.size > MaxPreview {
		return nil, fmt.Errorf("preview of more than %d bytes: %w", MaxPreview, fault.TooLarge)
	}
	if err := admit(src.size, src.kind); err != nil {
		return nil, err
	}
	if !g.Signs(policy.Pick | policy.Store) {
		if err := s.unsigned.Take(g.App); err != nil {
			return nil, err
		}
	}
	if err := s.afford(plan, []*source{src}); err != nil {
		return nil, unmade(err)
	}
	given := *src // which a renderer can only read
	if given.file, err = shelf.Reopen(src.file); err != nil {
		return nil, err
	}
	defer given.Close()
	j := &job{service: s, grant: g, order: Order{Plan: plan, MaxAge: lifetime, NoCache: true}, inputs: []input{{}}}
	out, label, err := j.render(ctx, []*source{&given})
	if err != nil {
		return nil, unmade(err)
	}
	f, err := s.shelf.Put(shelf.Key{}, out, label, false)
	if err != nil {
		return nil, unmade(err)
	}
	return j.variant(f), nil
}
