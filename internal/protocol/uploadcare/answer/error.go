package answer

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/server"
)

// An Error is a refusal as clients of the Upload API are told of it. It wraps a
// fault.Kind.
type Error struct {
	Code     string // like FileNotFoundError; clients branch on it
	Status   int    // of HTTP
	Sentence string // for people
}

// Error returns the sentence.
func (e *Error) Error() string { return e.Sentence }

// Unwrap returns the kind that goes with the status.
func (e *Error) Unwrap() error {
	switch e.Status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return fault.Denied
	case http.StatusNotFound:
		return fault.NotFound
	case http.StatusRequestEntityTooLarge:
		return fault.TooLarge
	case http.StatusTooManyRequests:
		return fault.Busy
	case http.StatusInternalServerError:
		return fault.Internal
	}
	return fault.Invalid
}

// Refuse returns the error with a code of the documentation, about args as its
// sentence needs them. It panics for a code that is not documented.
func Refuse(code string, args ...any) *Error {
	w, ok := wordings[code]
	if !ok {
		panic("no error has the code " + code)
	}
	return &Error{Code: code, Status: w.status, Sentence: fmt.Sprintf(w.sentence, args...)}
}

// Because returns the error with a code, and err as what the log says of it.
func Because(err error, code string, args ...any) error {
	return fmt.Errorf("%w: %w", Refuse(code, args...), err)
}

// reasons has a code for each reason why the core does not allow something.
var reasons = map[policy.Reason]string{
	policy.AppDisabled:         "AccountBlockedError",
	policy.NoCredentials:       "SignatureRequiredError",
	policy.BadSignature:        "SignatureInvalidError",
	policy.BadPolicy:           "SignatureInvalidError",
	policy.Expired:             "SignatureExpirationError",
	policy.Revoked:             "SignatureInvalidError",
	policy.CallNotAllowed:      "ScopeForbiddenError",
	policy.OtherAsset:          "ScopeForbiddenError",
	policy.PathNotAllowed:      "UploadFailedError",
	policy.ContainerNotAllowed: "UploadFailedError",
	policy.URLNotAllowed:       "URLBlacklistedError",
	policy.TooSmall:            "UploadFailedError",
	policy.TooLarge:            "FileSizeLimitExceededError",
	policy.UsedUp:              "OperationsLimitExceededError",
	policy.OriginNotAllowed:    "InternalRequestForbiddenError",
	policy.TypeNotAllowed:      "FileTypeForbiddenError",
	policy.QuotaReached:        "AccountLimitsExceededError",
}

// kinds has a code for each kind of every other failure.
var kinds = map[fault.Kind]string{
	fault.Internal:    "UploadAPIError",
	fault.Invalid:     "BaseViewsError",
	fault.Denied:      "UploadFailedError",
	fault.NotFound:    "FileNotFoundError",
	fault.Conflict:    "UploadViewsError",
	fault.TooLarge:    "FileSizeLimitExceededError",
	fault.Unsupported: "BaseViewsError",
	fault.Unreachable: "DownloadFileError",
	fault.Mismatch:    "UploadViewsError",
	fault.Busy:        "RequestThrottledError",
	fault.Unavailable: "UploadAPIError",
	fault.Damaged:     "UploadAPIError",
	fault.Canceled:    "PostRequestParserFailedError",
}

// ErrorOf returns how err is answered by the Upload API.
func ErrorOf(err error) *Error {
	var told *Error
	var denial *policy.Denial
	switch {
	case errors.As(err, &told):
		return told
	case errors.As(err, &denial) && reasons[denial.Reason] != "":
		return Refuse(reasons[denial.Reason])
	}
	return Refuse(kinds[fault.Of(err)])
}

// A formError is an error of a request that says how it wants to be told.
type formError struct {
	error
	json bool
}

func (e *formError) Unwrap() error { return e.error }

// InForm returns err as the error of a request whose parameter jsonerrors is
// value, and was sent. Without it the header decides.
func InForm(err error, value string) error { return &formError{err, value != "" && value != "0"} }

// Fail answers a request of the Upload API that ended with err: in JSON with
// status 200, because upload-client in a browser reads no body of another one,
// or as a sentence with the real status.
func Fail(w http.ResponseWriter, r *http.Request, err error) {
	server.NoteError(r.Context(), err)
	told, inJSON := ErrorOf(err), wantsJSON(r)
	var form *formError
	if errors.As(err, &form) {
		inJSON = form.json
	}
	h := w.Header()
	Protect(h)
	if told.Status == http.StatusTooManyRequests {
		h.Set("Retry-After", server.RetryAfter(err))
	}
	if inJSON {
		JSON(w, http.StatusOK, map[string]any{"error": struct {
			Status  int    `json:"status_code"`
			Content string `json:"content"`
			Code    string `json:"error_code"`
		}{told.Status, told.Sentence, told.Code}})
		return
	}
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(told.Sentence)))
	w.WriteHeader(told.Status)
	w.Write([]byte(told.Sentence))
}

// wantsJSON reports whether the query, or else the header, of r asks for errors
// in JSON.
func wantsJSON(r *http.Request) bool {
	if value, ok := r.URL.Query()["jsonerrors"]; ok {
		return value[0] != "" && value[0] != "0"
	}
	return slices.ContainsFunc(r.Header.Values("Accept"), func(value string) bool {
		return strings.Contains(value, "application/json")
	})
}

// Protect keeps an answer from caches, and the address it came from, which may
// hold a credential, from pages it links to.
func Protect(h http.Header) {
	h.Set("Cache-Control", "private, no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
}

// JSON answers with v.
func JSON(w http.ResponseWriter, status int, v any) error { return server.JSON(w, status, v) }
