// Package answer words what Filestack's routes answer: JSON, and errors as each
// of the hosted service's hosts puts them.
package answer

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/stowgate/stowgate/internal/delivery"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/protocol/filestack/params"
	"github.com/stowgate/stowgate/internal/protocol/filestack/plan"
	"github.com/stowgate/stowgate/internal/protocol/filestack/taskurl"
	"github.com/stowgate/stowgate/internal/server"
	"github.com/stowgate/stowgate/internal/transform"
)

// A Family is a group of routes that word their errors alike, because they are
// on one host of the hosted service.
type Family uint8

// The families, by their host. The first three answer in JSON.
const (
	Upload Family = iota
	Process
	Cloud
	WWW
	CDN
)

// An outcome is how an error is answered: a status, and a text for people. No
// official client branches on a text.
type outcome struct {
	status int
	text   string
}

// outcomes has an answer for every kind. A conflict is a 400 because no client
// can resolve one: filestack-java would repeat a 409.
var outcomes = map[fault.Kind]outcome{
	fault.Internal:    {http.StatusInternalServerError, "internal error"},
	fault.Invalid:     {http.StatusBadRequest, "invalid params"},
	fault.Denied:      {http.StatusForbidden, "not allowed"},
	fault.NotFound:    {http.StatusNotFound, "not found"},
	fault.Conflict:    {http.StatusBadRequest, "invalid params: parts"},
	fault.TooLarge:    {http.StatusRequestEntityTooLarge, "too large"},
	fault.Unsupported: {http.StatusBadRequest, "Unsupported conversion"},
	fault.Unreachable: {http.StatusBadRequest, "Invalid response when trying to read from the source"},
	fault.Mismatch:    {http.StatusBadRequest, "the bytes differ from their declared size or checksum"},
	fault.Busy:        {http.StatusTooManyRequests, "too many requests"},
	fault.Unavailable: {http.StatusServiceUnavailable, "temporarily unavailable"},
	fault.Damaged:     {http.StatusInternalServerError, "internal error"},
	fault.Canceled:    {http.StatusRequestTimeout, "request ended early"},
}

// refusals words each reason as "[…] Error: " on the host www and as "policy
// error: " on cdn. The first and third are recorded answers of the hosted
// service (filestack-js issue 198, the changelog of Filestack's plugin).
var refusals = map[policy.Reason]string{
	policy.NoCredentials:       "proper credentials were not provided",
	policy.BadSignature:        "the signature was not valid",
	policy.BadPolicy:           "policy was not properly url-safe base64 encoded JSON with an expiry",
	policy.Expired:             "the policy has expired",
	policy.Revoked:             "the policy was revoked",
	policy.CallNotAllowed:      "the call is not allowed by the policy",
	policy.OtherAsset:          "handle mismatch",
	policy.PathNotAllowed:      "the path is not allowed by the policy",
	policy.ContainerNotAllowed: "the container is not allowed by the policy",
	policy.URLNotAllowed:       "the url is not allowed by the policy",
	policy.TooLarge:            "the file is larger than the policy allows",
	policy.TooSmall:            "the file is smaller than the policy allows",
	policy.UsedUp:              "the policy was used as often as it allows",
	policy.AppDisabled:         "the application is disabled",
	policy.OriginNotAllowed:    "the origin of the page is not allowed by the application",
	policy.TypeNotAllowed:      "the type of the file is not allowed by the application",
	policy.QuotaReached:        "the application has reached its storage quota",
}

// limits are the refusals that no policy can change. They are worded alike
// everywhere, so that nobody looks for the fault in one.
var limits = map[policy.Reason]bool{policy.TypeNotAllowed: true, policy.QuotaReached: true}

// wwwRefusals are what the host www was recorded to say instead (filestack-rails
// issue 108).
var wwwRefusals = map[policy.Reason]string{
	policy.NoCredentials: "Proper credentials not provided. Signature: None Policy: None",
	policy.BadSignature:  "The signature was not valid",
}

// ErrUnknownApp is that no app has the API key of a request.
var ErrUnknownApp = fmt.Errorf("unknown API key: %w", fault.Denied)

// ErrUnreadable is that a file is no image, or a broken one. Its answer was seen
// from the hosted service (filestack-ios issue 53).
var ErrUnreadable = fmt.Errorf("no readable image: %w", fault.Invalid)

// A subjectError is an error about an asset or app that may be named.
type subjectError struct {
	subject string
	error
}

func (e *subjectError) Unwrap() error { return e.error }

// About returns err as one about subject: "file" and a handle, or "application"
// and a key.
func About(subject string, err error) error { return &subjectError{subject, err} }

// Of returns the status and text that the routes of f answer err with.
func Of(f Family, err error) (status int, text string) {
	out := answerFor(f, err)
	return out.status, out.text
}

// answerFor returns what the routes of f answer err with.
func answerFor(f Family, err error) outcome {
	out := outcomes[fault.Of(err)]
	var param *params.Error
	var task *taskurl.UnknownTask
	var repeated *taskurl.Repeated
	var arg *plan.Error
	var refusal *transform.Refusal
	var input *delivery.InputError
	var missing *unsupportedTask
	var denial *policy.Denial
	switch {
	case errors.Is(err, ErrUnknownApp) && f == CDN:
		out.text = "storage provider error: Invalid Application (idx 0)"
	case errors.Is(err, ErrUnknownApp):
		out.text = "Invalid Application"
	case errors.As(err, &param):
		out.text = param.Error()
	case errors.As(err, &task):
		out.text = "unknown task `" + task.Name + "`"
	case errors.As(err, &repeated):
		out.text = repeated.Error()
	case errors.As(err, &arg):
		out.text = arg.Error()
	case errors.As(err, &refusal):
		out.text = refusal.Why
	case errors.Is(err, ErrUnreadable):
		out.text = "conv20 provider error: Failed to identify the file, probably corrupted image provided (idx 0)"
	case errors.As(err, &missing):
		out.text = "Unsupported conversion: " + string(*missing) + " is not available on this server"
	case errors.As(err, &denial) && limits[denial.Reason]:
		out.text = refusals[denial.Reason]
	case errors.As(err, &denial):
		out.text = denied(f, denial.Reason, err)
		if f == Cloud {
			out.status = http.StatusUnauthorized
		}
	case errors.As(err, &input):
		out.text += fmt.Sprintf(" (idx %d)", input.Input) // as the hosted service counts
	case out.status == http.StatusTooManyRequests && f == Upload:
		out.status = http.StatusServiceUnavailable // filestack-js gives up on a 429
	}
	return out
}

// denied words a denial as the host of f does.
func denied(f Family, reason policy.Reason, err error) string {
	text, ok := refusals[reason]
	if !ok {
		text = "not allowed"
	}
	switch f {
	case Upload:
		return "Invalid App policy"
	case Cloud:
		return "Invalid Policy"
	case Process:
		return "invalid security policy: " + text
	case CDN:
		if reason == policy.NoCredentials {
			text += `: (signature: ""; policy "")`
		}
		var about *subjectError
		if errors.As(err, &about) {
			return about.subject + " policy error: " + text
		}
		return "policy error: " + text
	}
	if recorded, ok := wwwRefusals[reason]; ok {
		text = recorded
	}
	return "This action has been secured by the developer of this website. Error: " + text
}

// Fail returns what answers a request of f that ended with an error.
func Fail(f Family) func(http.ResponseWriter, *http.Request, error) {
	return func(w http.ResponseWriter, r *http.Request, err error) {
		server.NoteError(r.Context(), err)
		out := answerFor(f, err)
		id := server.RequestID(r.Context())
		h := w.Header()
		Protect(h)
		if out.status == http.StatusTooManyRequests || out.status == http.StatusServiceUnavailable {
			h.Set("Retry-After", server.RetryAfter(err))
		}
		if f < WWW {
			JSON(w, out.status, failure{out.text, id, time.Now().Unix()})
			return
		}
		if f == WWW {
			out.text = "[uuid=" + id + "] " + out.text
		}
		h.Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(out.status)
		w.Write([]byte(out.text))
	}
}

// A failure is the body of an error in JSON. ID is the request's, which the log
// names too.
type failure struct {
	Error     string `json:"error"`
	ID        string `json:"c"`
	Timestamp int64  `json:"timestamp"`
}

// An unsupportedTask is something this server knows but cannot do. It wraps
// fault.Unsupported.
type unsupportedTask string

func (t *unsupportedTask) Error() string { return string(*t) + " is not available" }
func (t *unsupportedTask) Unwrap() error { return fault.Unsupported }

// Unsupported returns the error for what this server cannot do, whose name may
// be told. It wraps fault.Unsupported.
func Unsupported(what string) error {
	t := unsupportedTask(what)
	return &t
}

// Protect keeps an answer from caches, and the address it came from, which may
// hold a credential, from pages it links to.
func Protect(h http.Header) {
	h["Cache-Control"] = noStore
	h["X-Content-Type-Options"] = noSniff
	h["Referrer-Policy"] = noReferrer
}

// Values that are the same in every answer. They are shared, and so never
// changed.
var (
	noStore    = []string{"private, no-store"}
	noSniff    = []string{"nosniff"}
	noReferrer = []string{"no-referrer"}
)

// JSON answers with v. filestack-js reads a body only under this type.
func JSON(w http.ResponseWriter, status int, v any) error { return server.JSON(w, status, v) }
