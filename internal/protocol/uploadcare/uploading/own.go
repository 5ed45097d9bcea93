package uploading

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/google/uuid"

	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/protocol/uploadcare/answer"
	"github.com/stowgate/stowgate/internal/upload"
)

// own returns the UUID of the file at an address of this server's CDN, and
// whether source is one. Such an address is never fetched.
func (a *API) own(source string) (name uuid.UUID, ok bool) {
	canonical, err := policy.CanonicalURL(source)
	if err != nil {
		return name, false
	}
	u, err := url.Parse(canonical)
	if err != nil {
		return name, false
	}
	_, cdn, _ := strings.Cut(a.place.CDN, "://")
	if u.Host != cdn && !strings.HasSuffix(u.Host, "."+cdn) {
		return name, false
	}
	head, file, _ := strings.Cut(strings.Trim(u.Path, "/"), "/")
	if name, err = answer.ParseUUID(head); err != nil {
		return name, false
	}
	return name, file != "-" && !strings.Contains(file, "/")
}

// Fetch returns what gives the files of this server's CDN to imports, as far as
// anybody may read them, and everything else by next.
func (a *API) Fetch(next upload.Fetch) upload.Fetch {
	return func(ctx context.Context, source string, header map[string]string, limit int64) (*upload.Remote, error) {
		name, ok := a.own(source)
		if !ok {
			return next(ctx, source, header, limit)
		}
		id, owner, err := a.library.Lookup(ctx, name)
		if err != nil {
			return nil, noSource(err)
		}
		app, err := a.apps.App(ctx, owner)
		if err != nil {
			return nil, noSource(err)
		}
		f, err := a.delivery.Open(ctx, policy.Public(app), id)
		if err != nil {
			return nil, noSource(err)
		}
		if f.Size() > limit {
			f.Close()
			return nil, fmt.Errorf("file of %d bytes: %w", f.Size(), fault.TooLarge)
		}
		return &upload.Remote{Body: f, Name: f.Asset.Name, Type: f.Asset.Type, Size: f.Size()}, nil
	}
}

// A notGiven is the status with which the CDN would have answered. It wraps
// fault.Unreachable, like that of any other server.
type notGiven int

func (e notGiven) Error() string {
	return fmt.Sprintf("a file of ours: status %d: %v", int(e), fault.Unreachable)
}
func (e notGiven) Unwrap() error   { return fault.Unreachable }
func (e notGiven) StatusCode() int { return int(e) }

// noSource returns err as a source's: what nobody may read is not there.
func noSource(err error) error {
	if errors.Is(err, fault.NotFound) || errors.Is(err, fault.Denied) {
		return notGiven(http.StatusNotFound)
	}
	return err
}
