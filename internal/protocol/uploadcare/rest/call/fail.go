package call

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/policy/signedrequest"
	"github.com/stowgate/stowgate/internal/server"
)

// A refusal is an error as clients are told of it.
type refusal struct {
	status int
	body   any
	cause  error // for the log, with its kind
}

func (e *refusal) Error() string { return fmt.Sprintf("answered %d: %v", e.status, e.cause) }

func (e *refusal) Unwrap() error { return e.cause }

// A sentence is the body of most errors.
type sentence struct {
	Detail string `json:"detail"`
}

// Refuse returns an error with a sentence.
func Refuse(status int, text string) error {
	return &refusal{status, sentence{text}, fmt.Errorf("%s: %w", text, kindOf(status))}
}

// Wrong returns an error about a field of a request.
func Wrong(field, format string, args ...any) error {
	return RefuseField(field, fmt.Sprintf(format, args...), fault.Invalid)
}

// RefuseField returns Wrong for another kind of failure.
func RefuseField(field, text string, kind fault.Kind) error {
	return &refusal{http.StatusBadRequest, map[string][]string{field: {text}}, fmt.Errorf("%s: %w", text, kind)}
}

// WrongIn returns Wrong about a member of a field.
func WrongIn(field, member, format string, args ...any) error {
	text := fmt.Sprintf(format, args...)
	return &refusal{http.StatusBadRequest, map[string]map[string][]string{field: {member: {text}}}, fmt.Errorf("%s of %s: %s: %w", member, field, text, fault.Invalid)}
}

// unauthorized returns an error about a credential.
func unauthorized(text string, cause error) error {
	return &refusal{http.StatusUnauthorized, sentence{text}, fmt.Errorf("%w: %w", cause, fault.Denied)}
}

// denied returns how it is answered that a credential was not accepted.
// Uploadcare documentation: "REST API", authentication.
func denied(c signedrequest.Credential, err error) error {
	var denial *policy.Denial
	switch {
	case !errors.As(err, &denial):
		return err
	case denial.Reason == policy.AppDisabled:
		return &refusal{http.StatusForbidden, sentence{"Account has been blocked."}, err}
	case c.Simple:
		return &refusal{http.StatusUnauthorized, sentence{"Secret key not found."}, err}
	}
	return &refusal{http.StatusUnauthorized, sentence{"Invalid signature. Please check your Secret key."}, err}
}

func kindOf(status int) fault.Kind {
	switch status {
	case http.StatusForbidden:
		return fault.Denied
	case http.StatusNotFound:
		return fault.NotFound
	case http.StatusConflict:
		return fault.Conflict
	case http.StatusRequestEntityTooLarge:
		return fault.TooLarge
	case http.StatusUnsupportedMediaType, http.StatusMethodNotAllowed, http.StatusNotAcceptable:
		return fault.Unsupported
	}
	return fault.Invalid
}

// kinds are the status and the sentence for each kind of failure.
var kinds = map[fault.Kind]struct {
	status int
	text   string
}{
	fault.Internal:    {http.StatusInternalServerError, "Internal server error."},
	fault.Invalid:     {http.StatusBadRequest, "Bad request."},
	fault.Denied:      {http.StatusForbidden, "You do not have permission to perform this action."},
	fault.NotFound:    {http.StatusNotFound, "Not found."},
	fault.Conflict:    {http.StatusConflict, "Concurrent call attempted"},
	fault.TooLarge:    {http.StatusBadRequest, "Request exceeds a limit."},
	fault.Unsupported: {http.StatusBadRequest, "This is not available for this project."},
	fault.Unreachable: {http.StatusBadGateway, "The source is not available."},
	fault.Mismatch:    {http.StatusBadRequest, "Bad request."},
	fault.Busy:        {http.StatusTooManyRequests, ""}, // see throttled
	fault.Unavailable: {http.StatusServiceUnavailable, "Service is temporarily unavailable."},
	fault.Damaged:     {http.StatusInternalServerError, "Internal server error."},
	fault.Canceled:    {http.StatusRequestTimeout, "The request was not sent whole."},
}

// reasons are sentences for what an app's settings do not allow; the rest is
// answered by its kind.
var reasons = map[policy.Reason]string{
	policy.TooLarge:         "File size exceeds project limit.",
	policy.TypeNotAllowed:   "Uploading of these file types is not allowed.",
	policy.QuotaReached:     "Account has reached its limits.",
	policy.OriginNotAllowed: "Requests from this origin are not allowed.",
}

// told returns the status and body of the answer to a request that ended with
// err.
func told(err error) (status int, body any) {
	var r *refusal
	var denial *policy.Denial
	kind := fault.Of(err)
	switch {
	case errors.As(err, &r):
		return r.status, r.body
	case errors.As(err, &denial) && reasons[denial.Reason] != "":
		return http.StatusForbidden, sentence{reasons[denial.Reason]}
	case kind == fault.Busy:
		return http.StatusTooManyRequests, sentence{throttled(server.RetryAfter(err))}
	}
	return kinds[kind].status, sentence{kinds[kind].text}
}

func throttled(seconds string) string {
	unit := "seconds"
	if seconds == "1" {
		unit = "second"
	}
	return "Request was throttled. Expected available in " + seconds + " " + unit + "."
}

// Fail answers a request that ended with err.
func Fail(w http.ResponseWriter, r *http.Request, err error) {
	server.NoteError(r.Context(), err)
	kind, _, unversioned := accepted(r)
	if unversioned != nil {
		kind = plainJSON
	}
	status, body := told(err)
	switch status {
	case http.StatusUnauthorized:
		w.Header().Set("WWW-Authenticate", "Uploadcare")
	case http.StatusTooManyRequests:
		w.Header().Set("Retry-After", server.RetryAfter(err))
	}
	write(w, r, status, kind, body)
}
