package uploading

import (
	"context"
	"errors"
	"net/http"
	"net/netip"

	"github.com/google/uuid"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/protocol/uploadcare/answer"
	"github.com/stowgate/stowgate/internal/protocol/uploadcare/form"
	"github.com/stowgate/stowgate/internal/server"
	"github.com/stowgate/stowgate/internal/upload"
)

// Limits of uploads in one request, in bytes. That of a file is what the
// documentation of the Upload API says of direct uploads, taken generously; that
// of a request is ours.
const (
	MaxFile    = 100 << 20
	MaxRequest = 10 * MaxFile // of all its files
)

// A file was received, and is not yet anybody's.
type file struct {
	form.File
	spooled *upload.Spooled
}

// receive takes a file in.
func (a *API) receive(ctx context.Context, c *call, f form.File) error {
	left := a.maxRequest
	for _, other := range c.files {
		left -= other.spooled.Size()
	}
	spooled, err := a.uploads.Spool(ctx, clientOf(server.Client(ctx)), f.Body, min(a.maxFile, left))
	if errors.Is(err, fault.TooLarge) && left < a.maxFile {
		return answer.Because(err, "RequestSizeLimitExceededError")
	}
	if err != nil {
		return err
	}
	c.files = append(c.files, file{f, spooled})
	return nil
}

// clientOf returns whose files count together with those from an address, "" for
// this machine: what runs on it speaks for others.
func clientOf(addr netip.Addr) string {
	if !addr.IsValid() || addr.IsLoopback() {
		return ""
	}
	return account.Network(addr.String())
}

// base answers POST /base/: the UUID of each file under the name of its field.
// If one is refused, those before it stay, as if they had come on their own.
func (a *API) base(w http.ResponseWriter, r *http.Request, c *call) error {
	if len(c.files) == 0 {
		if _, ok := c.set.Lookup("file"); ok {
			return answer.Refuse("FileRequiredError")
		}
		return answer.Refuse("FilesRequiredError")
	}
	spec, err := specOf(c, "UPLOADCARE_STORE")
	if err != nil {
		return err
	}
	if spec.UUID, err = chosen(c); err != nil {
		return err
	}
	names := make(map[string]string, len(c.files))
	for _, f := range c.files {
		spec.Name, spec.Type = f.Name, f.Type
		stored, err := f.spooled.Store(r.Context(), c.grant, spec)
		if spec.UUID != (uuid.UUID{}) && errors.Is(err, fault.Conflict) {
			return answer.Because(err, "UploadcareFileIdDuplicatedError")
		}
		if err != nil {
			return err
		}
		a.delivery.LookLater(stored)
		names[f.Field] = stored.UUID.String()
	}
	return answer.JSON(w, http.StatusOK, names)
}

// chosen returns the UUID that the caller wants its one file to have, zero for
// any: old widgets choose it, and so does whoever brings files with their
// addresses. One that any file has, or had, is refused.
func chosen(c *call) (uuid.UUID, error) {
	text, ok := c.set.Lookup("UPLOADCARE_FILE_ID")
	if !ok {
		return uuid.UUID{}, nil
	}
	if text == "" {
		return uuid.UUID{}, answer.Refuse("UploadcareFileIdRequiredError")
	}
	id, err := answer.ParseUUID(text)
	if err != nil || id.Version() != 4 || len(c.files) > 1 {
		return uuid.UUID{}, answer.Refuse("UploadcareFileIdInvalidError")
	}
	return id, nil
}
