package filestack

import (
	"encoding/base64"
	"encoding/json"
	"math"
	"net/http"
	"strconv"
	"strings"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/protocol/filestack/access"
	"github.com/stowgate/stowgate/internal/protocol/filestack/answer"
	"github.com/stowgate/stowgate/internal/protocol/filestack/params"
	"github.com/stowgate/stowgate/internal/server"
	"github.com/stowgate/stowgate/internal/upload"
)

// partPath is where parts are sent, before their ticket.
const partPath = "/multipart/part/"

type startArgs struct {
	spec        upload.Spec
	intelligent bool
}

func readStart(r *http.Request) (access.Caller, startArgs, error) {
	c, p, err := access.ReadBody(r)
	if err != nil {
		return c, startArgs{}, err
	}
	args := startArgs{intelligent: p.Flag("fii") || p.Flag("multipart")}
	args.spec, err = params.Store(p, p.Object("store"))
	if args.spec.Size = p.Integer("size", -1); args.spec.Size < 0 {
		p.Reject("size")
	}
	if args.spec.Name == "" {
		p.Reject("filename")
	}
	if err == nil {
		err = p.Err()
	}
	return c, args, err
}

// start answers POST /multipart/start. The names of the fields must not be
// file, parts or handle, which filestack-js would take over (s3.ts).
func (a *API) start(w http.ResponseWriter, r *http.Request, g policy.Grant, args startArgs) error {
	session, err := a.uploads.Begin(r.Context(), g, args.spec)
	if err != nil {
		return err
	}
	body := map[string]string{
		"uri":          "/" + a.config.Container + "/" + string(asset.NewID()) + "_" + session.Spec.Name,
		"region":       a.config.Region,
		"upload_id":    session.ID,
		"location_url": a.locationURL(r),
	}
	if args.intelligent {
		// filestack-swift sends chunks whenever it reads this, asked for or not.
		body["upload_type"] = "intelligent_ingestion"
	}
	return answer.JSON(w, http.StatusOK, body)
}

// locationURL is where a client is told to send the rest of an upload.
// filestack-python, -go and -ruby put "https://" before it. filestack-js does
// so unless there is a scheme, and so only it is given one, where the server
// has no TLS.
func (a *API) locationURL(r *http.Request) string {
	host, plain := strings.CutPrefix(a.upload, "http://")
	if plain && strings.HasPrefix(r.Header.Get("Filestack-Source"), "JS-") {
		return a.upload
	}
	return strings.TrimPrefix(host, "https://")
}

// ticket answers POST /multipart/upload with where to send a part. What a client
// calls multipart says nothing about the part: filestack-php sends it for every
// file over 8 MiB (UploadProcessor.php).
func (a *API) ticket(w http.ResponseWriter, r *http.Request, g policy.Grant, p params.Set) error {
	const none = math.MinInt64
	part := upload.PartSpec{Number: int(p.Integer("part", 0)), Offset: p.Integer("offset", none), Size: p.Integer("size", 0)}
	part.Chunked = p.Flag("fii") || part.Offset != none
	if part.Offset == none {
		part.Offset = 0
	}
	headers := map[string]string{}
	if sum := p.Text("md5"); sum != "" {
		var err error
		if part.MD5, err = base64.StdEncoding.DecodeString(sum); err != nil {
			p.Reject("md5")
		}
		headers["Content-MD5"] = sum
	}
	if err := p.Err(); err != nil {
		return err
	}
	sealed, err := a.uploads.Ticket(r.Context(), g.App, p.Text("upload_id"), part)
	if err != nil {
		return err
	}
	return answer.JSON(w, http.StatusOK, map[string]any{
		"url": a.upload + partPath + sealed, "headers": headers, "location_url": a.locationURL(r),
	})
}

// part answers PUT for one part. The status must be exactly 200, and the ETag is
// sent back in complete.
func (a *API) part(w http.ResponseWriter, r *http.Request) error {
	ticket := r.PathValue("ticket")
	server.NoteCaller(r.Context(), a.uploads.TicketApp(ticket), "", "")
	part, err := a.uploads.WritePart(r.Context(), ticket, r.ContentLength, r.Body)
	if err != nil {
		return err
	}
	w.Header().Set("ETag", `"`+part.Tag+`"`)
	w.Header().Set("Content-Length", "0")
	w.WriteHeader(http.StatusOK)
	return nil
}

// commit answers POST /multipart/commit. No client reads the body, and the size
// is that of the whole file.
func (a *API) commit(w http.ResponseWriter, r *http.Request, g policy.Grant, p params.Set) error {
	number := int(p.Integer("part", 0))
	if err := p.Err(); err != nil {
		return err
	}
	if err := a.uploads.CommitPart(r.Context(), g.App, p.Text("upload_id"), number); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/plain")
	w.WriteHeader(http.StatusOK)
	return nil
}

// complete answers POST /multipart/complete, only when the file is there: some
// clients give up on a 202, and one repeats it for ever.
func (a *API) complete(w http.ResponseWriter, r *http.Request, g policy.Grant, p params.Set) error {
	spec, err := params.Store(p, p.Object("store"))
	if err != nil {
		return err
	}
	spec.Size = p.Integer("size", -1)
	finish := upload.Finish{Spec: spec, Parts: doneParts(p)}
	if err := p.Err(); err != nil {
		return err
	}
	file, err := a.uploads.Complete(r.Context(), g.App, p.Text("upload_id"), finish)
	if err != nil {
		return err
	}
	return answer.JSON(w, http.StatusOK, a.place.Stored(file))
}

// doneParts reads the parts that a client names when completing: a list, in any
// order and with null for what failed (filestack-ruby), or the text
// 1:"etag";2:"etag" (filestack-php and -java). A bare number, null or nothing
// names none.
func doneParts(p params.Set) []upload.DonePart {
	value, ok := p.Raw("parts")
	if !ok {
		return nil
	}
	var named []upload.DonePart
	var text string
	switch value[0] {
	case '[':
		var list []*struct {
			Number json.Number `json:"part_number"`
			ETag   string      `json:"etag"`
		}
		if json.Unmarshal(value, &list) != nil {
			p.Reject("parts")
		}
		for _, item := range list {
			if item != nil {
				named = appendPart(p, named, item.Number.String(), item.ETag)
			}
		}
		return named
	case '"':
		json.Unmarshal(value, &text) // valid: it was part of a parsed document
	default:
		text = string(value)
	}
	if _, err := strconv.Atoi(text); err == nil {
		return nil // only how many there are
	}
	for item := range strings.SplitSeq(text, ";") {
		if number, etag, found := strings.Cut(item, ":"); found {
			named = appendPart(p, named, number, etag)
		} else if strings.TrimSpace(item) != "" {
			p.Reject("parts")
		}
	}
	return named
}

func appendPart(p params.Set, named []upload.DonePart, number, etag string) []upload.DonePart {
	n, err := strconv.Atoi(strings.TrimSpace(number))
	if err != nil || len(named) == upload.MaxParts {
		p.Reject("parts")
		return named
	}
	return append(named, upload.DonePart{Number: n, Tag: strings.Trim(strings.TrimSpace(etag), `"`)})
}
