// Package files is the portal's pages about the files of an app: the list, one
// file with what can be made of it, and the upload.
package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/library"
	"github.com/stowgate/stowgate/internal/manage"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/protocol/portal/frame"
	"github.com/stowgate/stowgate/internal/upload"
)

// Addresses writes where files are read, in the words of the protocol that
// serves them.
type Addresses interface {
	File(id asset.ID, tasks string, c policy.Credential) string // of the file, or of what tasks make of it
	Download(id asset.ID, c policy.Credential) string
	Page(id asset.ID, c policy.Credential) string                     // that shows it to people
	Forms(id asset.ID, c policy.Credential) iter.Seq2[string, string] // names and addresses
	Tasks(fields map[string]string) (tasks string, err error)         // the error is an *account.Refusal
}

// Services are what the pages call.
type Services struct {
	Manage    *manage.Service
	Desk      *library.Desk
	Uploads   *upload.Service
	Addresses Addresses
}

// Pages are the pages of this package.
type Pages struct {
	*frame.Frame
	Services
}

// New returns the pages.
func New(f *frame.Frame, s Services) *Pages { return &Pages{f, s} }

// Rows returns the table of the pages.
func (p *Pages) Rows() []frame.Row {
	const page, one = "/apps/{app}/files", "/apps/{app}/files/{file}"
	return []frame.Row{
		{Method: http.MethodGet, Path: page, Act: account.ViewFiles, Do: p.listPage},
		{Method: http.MethodPost, Path: page, Act: account.ChangeFiles, Do: p.bulk},
		{Method: http.MethodGet, Path: page + "/new", Act: account.ChangeFiles, Do: p.uploadPage},
		{Method: http.MethodPost, Path: page + "/new", Act: account.ChangeFiles, Carries: true, Do: p.upload},
		{Method: http.MethodGet, Path: one, Act: account.ViewFiles, Do: p.filePage},
		{Method: http.MethodPost, Path: one, Act: account.ChangeFiles, Do: p.label},
		{Method: http.MethodPost, Path: one + "/overwrite", Act: account.ChangeFiles, Carries: true, Do: p.overwrite},
		{Method: http.MethodPost, Path: one + "/trash", Act: account.ChangeFiles, Do: p.trash},
		{Method: http.MethodPost, Path: one + "/restore", Act: account.ChangeFiles, Do: p.restore},
	}
}

// lookSpan is how long a page may be looked at, at least, before the addresses
// on it expire.
const lookSpan = 15 * time.Minute

// look returns credentials for people to look at files with. The text says why
// there are none, if the app refuses them; they are zero then.
func (p *Pages) look(ctx context.Context, v *frame.Visit, ids ...asset.ID) (signed []manage.Signed, why string, err error) {
	signed, err = p.Manage.SignLook(ctx, v.Actor, v.App.Key, lookSpan, ids...)
	if _, why = frame.Refused(err); why != "" {
		return make([]manage.Signed, len(ids)), why, nil
	}
	return signed, "", err
}

// picture returns the address of a picture of a file that fits into a square, or
// "" if there is none. It changes with the file, so that browsers show no old one.
func (p *Pages) picture(f library.File, side int, c policy.Credential) (string, error) {
	if !f.Trashed.IsZero() || c == (policy.Credential{}) || !pictured(f.Detected) {
		return "", nil
	}
	text := fmt.Sprint(side)
	tasks, err := p.Addresses.Tasks(map[string]string{"width": text, "height": text, "fit": "max", "format": "webp"})
	if err != nil {
		return "", err
	}
	return p.Addresses.File(f.ID, tasks, c) + fmt.Sprintf("&v=%d", f.Version), nil
}

// How wide and high pictures are at most, in pixels, in a list and on a file's
// own page.
const (
	listSide = 128
	pageSide = 1024
)

// unpictured are the types of pictures that none can be made of.
var unpictured = []string{"image/vnd.adobe.photoshop", "image/vnd.djvu", "image/wmf", "image/emf"}

func pictured(detected string) bool {
	return detected == "application/pdf" || strings.HasPrefix(detected, "image/") && !slices.Contains(unpictured, detected)
}

// A keeping is for how long deleted files are kept; 0 means not at all.
type keeping struct{ Keeps time.Duration }

// KeptFor says so in words.
func (k keeping) KeptFor() string {
	unit, n := "hour", k.Keeps.Hours()
	if n >= 48 {
		unit, n = "day", n/24
	}
	if n == 1 {
		return "1 " + unit
	}
	return fmt.Sprintf("%.3g %ss", n, unit)
}

// link returns the path of a file's page.
func link(v *frame.Visit, id asset.ID) string { return v.Link("/files/" + url.PathEscape(string(id))) }

// words returns what to tell of err next to a form, and "" if it is not for who
// filled it in.
func words(v *frame.Visit, err error) string {
	if _, text := v.Refused(err); text != "" || err == nil {
		return text
	}
	if denial := (*policy.Denial)(nil); errors.As(err, &denial) && denial.Detail != "" {
		return strings.ToUpper(denial.Detail[:1]) + denial.Detail[1:] + "."
	}
	switch fault.Of(err) {
	case fault.TooLarge:
		return "It is too large."
	case fault.Invalid, fault.Mismatch:
		return "What the browser sent makes no sense. Try again."
	}
	return ""
}

// maxDrained is how much of a file that was refused is read all the same: most
// browsers show the answer only when they have sent theirs.
const maxDrained = 64 << 20

// drain reads what is left of a form.
func drain(body io.Reader) {
	io.Copy(io.Discard, io.LimitReader(body, maxDrained)) // or the browser has gone
}
