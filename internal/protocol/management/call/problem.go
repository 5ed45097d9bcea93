package call

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/server"
)

// A problem is why a request was refused, or failed.
// Source: https://www.rfc-editor.org/rfc/rfc9457
type problem struct {
	Type    string `json:"type"` // where it is explained
	Title   string `json:"title"`
	Status  int    `json:"status"`
	Detail  string `json:"detail"`
	Field   string `json:"field,omitempty"`   // the member or parameter that is wrong
	Scope   string `json:"scope,omitempty"`   // that the token lacks
	Request string `json:"request,omitempty"` // ID, which the server's log has
}

// An Outcome is how a kind of failure is answered.
type Outcome struct {
	Status      int
	Name, Title string
	Why         string // where nothing more can be told; empty if there always is
}

// outcomes has one for each kind.
var outcomes = map[fault.Kind]Outcome{
	fault.Denied:      {http.StatusForbidden, "denied", "Not allowed", "Who made the token has no role that allows this."},
	fault.NotFound:    {http.StatusNotFound, "not-found", "Not found", "There is nothing here, or nothing that the token may see."},
	fault.Conflict:    {http.StatusConflict, "conflict", "Not possible now", "The thing is not in the state that this needs, or was changed at the same time."},
	fault.Invalid:     {http.StatusBadRequest, "invalid", "Not understood", "The request makes no sense as it is."},
	fault.Unsupported: {http.StatusUnsupportedMediaType, "unsupported", "Not supported", "This server does not offer what was asked for."},
	fault.TooLarge:    {http.StatusRequestEntityTooLarge, "too-large", "Too large", "The request is over a limit."},
	fault.Mismatch:    {http.StatusBadRequest, "mismatch", "Broken", "What arrived is not what was sent."},
	fault.Unreachable: {http.StatusBadGateway, "unreachable", "Not reached", "Another server did not answer as it should."},
	fault.Busy:        {http.StatusTooManyRequests, "busy", "Too many at once", "Wait a little, then try again."},
	fault.Unavailable: {http.StatusServiceUnavailable, "unavailable", "Out of order", "The server cannot keep its records at the moment."},
	fault.Damaged:     {http.StatusInternalServerError, "damaged", "Damaged", "What was stored is damaged. The server's log says more."},
	fault.Canceled:    {http.StatusRequestTimeout, "canceled", "Given up", "The request took too long or was given up."},
	fault.Internal:    {http.StatusInternalServerError, "internal", "Failed", "This should not happen. The server's log says more, under the request's ID."},
}

// Those that are about this protocol, and no kind's.
var (
	wrongField = Outcome{http.StatusUnprocessableEntity, "field", "Not accepted", ""}
	noToken    = Outcome{http.StatusUnauthorized, "token", "No token", "Send an API token, as Authorization: Bearer sgt_…"}
	badToken   = Outcome{http.StatusUnauthorized, "token", "No such token", "This is no API token of this server, or it has ended."}
	noScope    = Outcome{http.StatusForbidden, "scope", "Scope missing", ""}
	noMethod   = Outcome{http.StatusMethodNotAllowed, "method", "No such method", "There is something here, but it does not take this method."}
	isStale    = Outcome{http.StatusPreconditionFailed, "stale", "Changed meanwhile", "It is not the version that If-Match says: look at it again."}
)

// An unknown error says that nobody's token came with a request, and why as
// RFC 6750 has it, section 3.1; empty if none came.
type unknown struct{ why string }

func (u *unknown) Error() string { return "no API token that counts: " + fault.Denied.Error() }
func (u *unknown) Unwrap() error { return fault.Denied }

// A missing error says that a token has not the scope for an act.
type missing struct{ act account.Act }

func (m *missing) Error() string { return fmt.Sprintf("the token has not the scope %v", m.act) }
func (m *missing) Unwrap() error { return fault.Denied }

// Stale is why a change is not made that was made from another version.
type Stale struct{ Err error }

func (s Stale) Error() string { return s.Err.Error() }

// Unwrap returns what else is known of it.
func (s Stale) Unwrap() error { return s.Err }

// fail answers a request that was refused, or failed.
func fail(w http.ResponseWriter, r *http.Request, err error) {
	server.NoteError(r.Context(), err)
	if after := interface{ RetryAfter() time.Duration }(nil); errors.As(err, &after) && after.RetryAfter() > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(after.RetryAfter().Seconds()))))
	} else if fault.Of(err) == fault.Busy {
		w.Header().Set("Retry-After", "1")
	}
	found, p := outcomes[fault.Of(err)], problem{}
	var (
		nobody  *unknown
		lacks   *missing
		refusal *account.Refusal
		denial  *policy.Denial
	)
	switch {
	case errors.As(err, &nobody):
		found = noToken
		challenge := `Bearer realm="stowgate"`
		if nobody.why != "" {
			found, challenge = badToken, challenge+`, error="`+nobody.why+`"`
		}
		w.Header().Set("WWW-Authenticate", challenge)
	case errors.As(err, &lacks):
		found, p.Scope = noScope, lacks.act.String()
		p.Detail = sentence(lacks.Error())
		w.Header().Set("WWW-Authenticate", `Bearer realm="stowgate", error="insufficient_scope", scope="`+p.Scope+`"`)
	case errors.As(err, new(Stale)):
		found = isStale
	case errors.As(err, &refusal):
		p.Detail, p.Field = sentence(refusal.Why), refusal.Field
		if p.Field != "" && (refusal.Kind == fault.Invalid || refusal.Kind == fault.TooLarge) {
			found = wrongField
		}
	case errors.As(err, &denial):
		p.Detail = sentence(denial.Detail)
	}
	write(w, r, found, p)
}

// sentence returns a text as a sentence.
func sentence(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:] + "."
}

// write answers with a problem.
func write(w http.ResponseWriter, r *http.Request, found Outcome, p problem) {
	p.Type, p.Title, p.Status, p.Request = Root+"/#problem-"+found.Name, found.Title, found.Status, server.RequestID(r.Context())
	if p.Detail == "" {
		p.Detail = found.Why
	}
	body, err := json.Marshal(p)
	if err != nil { // texts and a number
		panic(err)
	}
	Protect(w.Header())
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(found.Status)
	w.Write(append(body, '\n')) // or the reader has gone
}

// otherMethod answers methods that a path does not take.
func otherMethod(allow []string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Allow", strings.Join(allow, ", "))
		write(w, r, noMethod, problem{})
	})
}

// nowhere answers paths that there are not.
func nowhere(w http.ResponseWriter, r *http.Request) {
	write(w, r, outcomes[fault.NotFound], problem{})
}

// ProblemOf returns the name of the problem that err is.
func ProblemOf(err error) string { return outcomes[fault.Of(err)].Name }

// Problems returns all that there are.
func Problems() []Outcome {
	all := append(slices.Collect(maps.Values(outcomes)), wrongField, noToken, noScope, noMethod, isStale)
	slices.SortFunc(all, func(a, b Outcome) int { return cmp.Or(cmp.Compare(a.Status, b.Status), cmp.Compare(a.Name, b.Name)) })
	return all
}
