package uploading

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"github.com/google/uuid"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/protocol/uploadcare/answer"
	"github.com/stowgate/stowgate/internal/protocol/uploadcare/form"
	"github.com/stowgate/stowgate/internal/server"
	"github.com/stowgate/stowgate/internal/upload"
)

// Limits of uploads in parts, in bytes. Source: Uploadcare documentation,
// "Upload API"; the least size of a file is the one that
// uploadcare-js-api-clients, packages/api-emulator, test/contract.test.ts, says.
const (
	minMultipart = 10_000_000
	minPart      = 5 << 20 // also what is taken if a client does not say
	maxPart      = upload.MaxPartSize
)

// gluedPart is what the jQuery widget adds to the part before it, if it is the
// last one and smaller, in bytes (uploadcare-widget, src/files/multipart).
const gluedPart = 1 << 20

// partPath is where parts are sent, before their ticket.
const partPath = "/multipart/parts/"

// start answers POST /multipart/start/ with where each part is to be sent.
// uploadcare-go finds out by partNumber which bytes go there.
func (a *API) start(w http.ResponseWriter, r *http.Request, c *call) error {
	size, part, err := sizes(c.set)
	if err != nil {
		return err
	}
	spec, err := specOf(c, "UPLOADCARE_STORE")
	if err != nil {
		return err
	}
	spec.Name, spec.Type, spec.Size, spec.UUID = c.set.Text("filename"), c.set.Text("content_type"), size, uuid.New()
	session, err := a.uploads.Begin(r.Context(), c.grant, spec)
	if err != nil {
		return tooLarge(err)
	}
	tickets, err := a.uploads.Tickets(r.Context(), c.app.Key, session.ID, partsOf(size, part))
	if err != nil {
		return err
	}
	for i := range tickets {
		tickets[i] = a.place.Upload + partPath + tickets[i] + "?partNumber=" + strconv.Itoa(i+1)
	}
	return answer.JSON(w, http.StatusOK, struct {
		UUID  string   `json:"uuid"`
		Parts []string `json:"parts"`
	}{spec.UUID.String(), tickets})
}

// sizes reads how many bytes a file and its parts have.
func sizes(set form.Set) (size, part int64, err error) {
	if set.Text("filename") == "" {
		return 0, 0, answer.Refuse("RequestParamRequiredError", "filename")
	}
	if size, err = strconv.ParseInt(set.Text("size"), 10, 64); err != nil || size < 0 {
		return 0, 0, answer.Refuse("MultipartSizeInvalidError")
	}
	if set.Text("content_type") == "" {
		return 0, 0, answer.Refuse("RequestParamRequiredError", "content_type")
	}
	part = minPart
	if text := set.Text("part_size"); text != "" {
		if part, err = strconv.ParseInt(text, 10, 64); err != nil {
			return 0, 0, answer.Refuse("MultipartPartSizeInvalidError")
		}
	}
	least := max(minPart, (size+upload.MaxParts-1)/upload.MaxParts)
	switch {
	case size < minMultipart:
		return 0, 0, answer.Refuse("MultipartFileSizeTooSmallError", minMultipart)
	case size > upload.MaxParts*maxPart:
		return 0, 0, answer.Refuse("MultipartFileSizeLimitExceededError")
	case part > maxPart:
		return 0, 0, answer.Refuse("MultipartPartSizeTooBigError", int64(maxPart))
	case part < least:
		return 0, 0, answer.Refuse("MultipartPartSizeTooSmallError", least)
	}
	return size, part, nil
}

// partsOf returns the parts of a file. A small last one may come with the one
// before it.
func partsOf(size, part int64) []upload.PartSpec {
	var parts []upload.PartSpec
	for at := int64(0); at < size; at += part {
		parts = append(parts, upload.PartSpec{Number: len(parts) + 1, Size: min(part, size-at)})
	}
	if n := len(parts); n > 1 && parts[n-1].Size < gluedPart && part+parts[n-1].Size <= maxPart {
		parts[n-2].More = parts[n-1].Size
	}
	return parts
}

// tooLarge words that a file in parts is larger than the project's limit.
func tooLarge(err error) error {
	var denial *policy.Denial
	if errors.Is(err, fault.TooLarge) || errors.As(err, &denial) && denial.Reason == policy.TooLarge {
		return answer.Because(err, "MultipartFileSizeLimitExceededError")
	}
	return err
}

// part answers PUT for one part, with its real status whatever the client
// accepts: uploadcare-go takes 200, and nothing else, for done.
func (a *API) part(w http.ResponseWriter, r *http.Request) {
	a.protect(w)
	ticket := r.PathValue("ticket")
	server.NoteCaller(r.Context(), a.uploads.TicketApp(ticket), "", "")
	part, err := a.uploads.WritePart(r.Context(), ticket, r.ContentLength, r.Body)
	if err != nil {
		answer.Fail(w, r, answer.InForm(err, "0"))
		return
	}
	w.Header().Set("ETag", `"`+part.Tag+`"`)
	w.Header().Set("Content-Length", "0")
	w.WriteHeader(http.StatusOK)
}

// complete answers POST /multipart/complete/. Fewer parts may have come than
// were offered, as long as no byte is missing.
func (a *API) complete(w http.ResponseWriter, r *http.Request, c *call) error {
	text := c.set.Text("uuid")
	if text == "" {
		return answer.Refuse("MultipartFileIdRequiredError")
	}
	name, err := answer.ParseUUID(text)
	if err != nil {
		return answer.Because(err, "UUIDInvalidError")
	}
	session, err := a.uploads.Session(r.Context(), c.app.Key, upload.SessionOf(name))
	if errors.Is(err, fault.NotFound) {
		if _, known := a.known(r.Context(), c.app, name); known == nil {
			return answer.Because(err, "MultipartFileAlreadyUploadedError")
		}
		return answer.Because(err, "MultipartFileNotFoundError")
	}
	if err != nil {
		return err
	}
	if session.Asset != "" {
		return answer.Refuse("MultipartFileAlreadyUploadedError")
	}
	file, err := a.uploads.Complete(r.Context(), c.app.Key, session.ID, upload.Finish{Spec: upload.Spec{Size: -1}})
	if errors.Is(err, fault.Conflict) {
		return a.incomplete(r.Context(), session, err)
	}
	if err != nil {
		return tooLarge(err)
	}
	return answer.JSON(w, http.StatusOK, a.place.Info(a.begun(file)))
}

// begun returns file, at which somebody looks from now on.
func (a *API) begun(file asset.Asset) asset.Asset {
	a.delivery.LookLater(file)
	return file
}

// incomplete words why the parts of an upload do not make its file.
func (a *API) incomplete(ctx context.Context, session upload.Session, err error) error {
	parts, _, _ := a.uploads.Arrived(ctx, session.App, session.ID)
	var sum int64
	gap := false
	for i, p := range parts {
		sum += p.Segment.Size
		gap = gap || p.Number != i+1
	}
	switch {
	case sum > session.Spec.Size:
		return answer.Because(err, "MultipartUploadSizeTooLargeError")
	case sum == session.Spec.Size && !gap:
		return answer.Because(err, "MultipartFileCompletionFailedError")
	}
	return answer.Because(err, "MultipartUploadSizeTooSmallError")
}
