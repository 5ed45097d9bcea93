package uploading

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/protocol/uploadcare/answer"
)

// lookWait is how long a request waits until a picture was looked at. Clients
// ask again, upload-client twice a second for 10 s.
const lookWait = 3 * time.Second

// info answers GET /info/.
func (a *API) info(w http.ResponseWriter, r *http.Request, c *call) error {
	text := c.set.Text("file_id")
	if text == "" {
		return answer.Refuse("FileIdRequiredError")
	}
	name, err := answer.ParseUUID(text)
	if err != nil {
		return answer.Because(err, "FileIdInvalidError")
	}
	file, err := a.known(r.Context(), c.app, name)
	if errors.Is(err, fault.NotFound) {
		return answer.Because(err, "FileNotFoundError")
	}
	if err != nil {
		return err
	}
	return answer.JSON(w, http.StatusOK, a.place.Info(a.looked(r.Context(), file)))
}

// looked returns file with what it is as a picture, if that is known soon.
func (a *API) looked(ctx context.Context, file asset.Asset) asset.Asset {
	ctx, cancel := context.WithTimeout(ctx, lookWait)
	defer cancel()
	if p, err := a.delivery.Look(ctx, file); err == nil {
		file.Picture = p
	}
	return file
}
