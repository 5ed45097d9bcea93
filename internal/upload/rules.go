package upload

import (
	"context"
	"fmt"
	"math"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/policy"
)

// The rules are what bounds a file besides the grant: the app's settings, and
// the server's.
type rules struct {
	app  policy.App // which says what types it takes
	most int64      // bytes of the file
	over error      // for one more
}

// rules returns the rules for a file of g's app, of at most most bytes, in place
// of old if that is not nil. The error wraps fault.TooLarge if size is over them,
// and fault.Denied if the app has no room for the file; a negative size is not
// known yet. Whether there is room is decided when the file is recorded: here it
// spares those who would be refused then.
func (s *Service) rules(ctx context.Context, g policy.Grant, size, most int64, old *asset.Asset) (rules, error) {
	app, err := s.records.App(ctx, g.App)
	switch {
	case err != nil:
		return rules{}, fmt.Errorf("app of the grant: %w", err)
	case app.Off():
		return rules{}, &policy.Denial{Reason: policy.AppDisabled, Detail: "app " + app.Key + " is disabled"}
	case app.Options.MaxSize > 0:
		most = min(most, app.Options.MaxSize)
	}
	if size > most {
		return rules{}, fmt.Errorf("file of %d bytes is over the limit of %d: %w", size, most, fault.TooLarge)
	}
	r := rules{app, most, fmt.Errorf("the file is over the limit of %d bytes: %w", most, fault.TooLarge)}
	if !app.Options.Limited() {
		return r, nil
	}
	files, bytes, err := s.records.Usage(ctx, app.Key)
	if err != nil {
		return rules{}, err
	}
	files, had := files+1, int64(0)
	if old != nil { // what has no more bytes than before always has room
		files, had = 0, old.Content.Size()
	}
	if err := app.CheckQuota(files, bytes-had+max(size, 0), max(size, 0)); err != nil && (old == nil || size > had) {
		return rules{}, err
	}
	if left := max(app.Options.MaxBytes-bytes+had, had); app.Options.MaxBytes > 0 && left < r.most {
		r.most, r.over = left, app.CheckQuota(files, bytes-had+left+1, left+1)
	}
	return r, nil
}

// Room returns nil if g's app has room for another file of a byte, and otherwise
// a *policy.Denial.
func (s *Service) Room(ctx context.Context, g policy.Grant) error {
	_, err := s.rules(ctx, g, 1, math.MaxInt64, nil)
	return err
}

// Admits returns nil if a file of size bytes, which are of a media type, may be
// stored under g somewhere, and otherwise why not. A negative size and an empty
// type are not known yet. Nothing is stored, and no use of g is counted.
func (s *Service) Admits(ctx context.Context, g policy.Grant, size int64, kind string) error {
	g.Path, g.Container = policy.Pattern{}, policy.Pattern{}
	_, r, err := s.admit(ctx, g, Spec{Size: size}, "", s.config.MaxSize)
	if err == nil && kind != "" {
		err = r.app.CheckType(kind)
	}
	return err
}

// within returns r, with the most bytes that g allows if these are less.
func (r rules) within(g policy.Grant) rules {
	if g.MaxSize < r.most && g.MaxSize < math.MaxInt64 {
		r.most = g.MaxSize
		r.over = &policy.Denial{Reason: policy.TooLarge, Detail: fmt.Sprintf("the file is larger than the %d bytes the policy allows", g.MaxSize)}
	}
	return r
}
