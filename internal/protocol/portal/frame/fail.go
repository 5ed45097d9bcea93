package frame

import (
	"errors"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/server"
)

// An outcome is how a kind of failure is answered.
type outcome struct {
	status     int
	title, why string
}

// outcomes has one for each kind.
var outcomes = map[fault.Kind]outcome{
	fault.Denied:      {http.StatusForbidden, "Not allowed", "Your role does not allow this. An owner of the app can change that under Members."},
	fault.NotFound:    {http.StatusNotFound, "Not found", "There is nothing here, or nothing that you may see."},
	fault.Conflict:    {http.StatusConflict, "Changed meanwhile", "Somebody changed the same thing at the same time. Go back, look at it again, and try once more."},
	fault.Invalid:     {http.StatusBadRequest, "Not understood", "Something in the form or in the address is wrong. Go back and check it."},
	fault.Unsupported: {http.StatusBadRequest, "Not understood", "The browser sent something that this page does not take."},
	fault.TooLarge:    {http.StatusRequestEntityTooLarge, "Too large", "The form holds more than this page takes."},
	fault.Mismatch:    {http.StatusBadRequest, "Not understood", "What arrived is not what was sent. Try again."},
	fault.Unreachable: {http.StatusBadGateway, "Not reached", "Another server did not answer as it should. Try again later."},
	fault.Busy:        {http.StatusTooManyRequests, "Too many at once", "Wait a little, then try again."},
	fault.Unavailable: {http.StatusServiceUnavailable, "Out of order", "The server cannot write its records at the moment. Its log says why."},
	fault.Damaged:     {http.StatusInternalServerError, "Damaged", "What was stored is damaged. The server's log says more, and stowgate check looks for all such damage."},
	fault.Canceled:    {http.StatusRequestTimeout, "Given up", "The request took too long or was given up. Try again."},
	fault.Internal:    {http.StatusInternalServerError, "Something went wrong", "This should not happen. The server's log says more, under the number of the request."},
}

// fail answers a request that was refused, or failed.
func (f *Frame) fail(w http.ResponseWriter, r *http.Request, err error) {
	server.NoteError(r.Context(), err)
	f.protect(w.Header())
	if errors.Is(err, errSignIn) {
		to := Root + "/sign-in"
		if r.Method == http.MethodGet && r.URL.Path != Root+"/" {
			to += "?next=" + url.QueryEscape(r.URL.EscapedPath()) // its query may hold what is nobody else's (B19)
		}
		http.Redirect(w, r, to, http.StatusSeeOther)
		return
	}
	if after := interface{ RetryAfter() time.Duration }(nil); errors.As(err, &after) && after.RetryAfter() > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(after.RetryAfter().Seconds()))))
	}
	found := outcomes[fault.Of(err)]
	if _, text := Refused(err); text != "" {
		found.why = text
	}
	f.refuse(f.visitor(w, r), found)
}

// visitor returns the visit of whoever is refused, so that the page has their menu:
// that of the app as well, if they may see it.
func (f *Frame) visitor(w http.ResponseWriter, r *http.Request) *Visit {
	v, err := f.visit(r, Row{})
	if err != nil { // which is not what the page is about
		return &Visit{w: w, r: r}
	}
	v.w = w
	if key := v.Path("app"); key != "" && v.Check(account.ViewApp, key) == nil {
		if app, err := f.manage.App(r.Context(), v.Actor, key); err == nil {
			v.App = &app
		}
	}
	return v
}

// crossed answers what a page of another site has sent.
func (f *Frame) crossed(w http.ResponseWriter, r *http.Request) {
	f.protect(w.Header())
	f.refuse(&Visit{w: w, r: r}, outcome{http.StatusForbidden, "Not from here",
		"This was sent by a page of another site, or the address of this server is not the one it was set up with. Nothing was changed."})
}

func (f *Frame) refuse(v *Visit, o outcome) {
	data := struct{ Why, ID string }{o.why, server.RequestID(v.r.Context())}
	if err := f.show(v, o.status, "refused", sheet{Title: o.title, Section: "refused", Data: data}); err != nil {
		http.Error(v.w, o.title, o.status)
	}
}
