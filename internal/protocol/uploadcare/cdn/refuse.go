package cdn

import (
	"errors"
	"fmt"
	"html"
	"net/http"
	"slices"

	"github.com/stowgate/stowgate/internal/delivery"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/protocol/uploadcare/answer"
	"github.com/stowgate/stowgate/internal/server"
	"github.com/stowgate/stowgate/internal/transform"
)

// Sentences that clients may look for. Source: an answer recorded by
// pyuploadcare, tests/functional/cassettes; Uploadcare documentation: "Proxy".
var (
	errNoImage = transform.Invalid("Not supported for files that are not images.")
	errDomain  = transform.Invalid("Domain is not allowed")
)

// Sentences about outside files, which are not documented.
var (
	errAddress  = transform.Invalid("The address of the file is not valid.")
	errSource   = transform.Invalid("The file could not be fetched.")
	errNotTaken = transform.Invalid("The file is too large or of the wrong type, or there is no room for it.")
)

// errTooMuch is that an image went over a limit while it was worked on, which
// may be because much else was.
var errTooMuch = transform.TooLarge("This takes more time or memory than an image may.")

// passing are refusals that may end before an hour is over.
var passing = []error{errTooMuch, errDomain, errSource, errNotTaken}

// statuses has one for every kind. All that is wrong with a chain is a bad
// request.
var statuses = map[fault.Kind]int{
	fault.Internal:    http.StatusInternalServerError,
	fault.Invalid:     http.StatusBadRequest,
	fault.Denied:      http.StatusForbidden,
	fault.NotFound:    http.StatusNotFound,
	fault.Conflict:    http.StatusBadRequest,
	fault.TooLarge:    http.StatusBadRequest,
	fault.Unsupported: http.StatusBadRequest,
	fault.Unreachable: http.StatusBadRequest,
	fault.Mismatch:    http.StatusBadRequest,
	fault.Busy:        http.StatusTooManyRequests,
	fault.Unavailable: http.StatusServiceUnavailable,
	fault.Damaged:     http.StatusInternalServerError,
	fault.Canceled:    http.StatusRequestTimeout,
}

// sentences say to people what a status means, where it is not the sentence of
// the error.
var sentences = map[int]string{
	http.StatusBadRequest:          "This is not available on this server.",
	http.StatusForbidden:           "Forbidden",
	http.StatusRequestTimeout:      "The request ended early.",
	http.StatusTooManyRequests:     "Too many requests.",
	http.StatusInternalServerError: "Internal error.",
	http.StatusServiceUnavailable:  "Temporarily unavailable.",
}

// page is a page with a status, its text and a sentence. Source: an answer
// recorded by pyuploadcare.
const page = `<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>%d: %s</title></head>
<body><h3>%[2]s</h3><p>%[3]s</p></body>
</html>
`

// absent is the picture in place of what is not there, so that a page shows it
// where it wanted another. Uploadcare documentation: "File delivery".
const absent = `<svg xmlns="http://www.w3.org/2000/svg" width="320" height="240" viewBox="0 0 320 240">` +
	`<rect width="320" height="240" fill="#eee"/>` +
	`<text x="160" y="126" text-anchor="middle" font-family="sans-serif" font-size="20" fill="#555">File not found</text></svg>` + "\n"

// unseen keeps a page of ours from doing anything but being read.
const unseen = "sandbox; default-src 'unsafe-inline' data:; script-src 'none'"

// badChain is how long a cache may keep the refusal of operations, which will not
// become right; see passing.
const badChain = "public, max-age=3600"

// fail answers a request that ended with err.
func fail(w http.ResponseWriter, r *http.Request, err error) {
	server.NoteError(r.Context(), err)
	h := w.Header()
	answer.Protect(h)
	markOpen(h)
	status := statuses[fault.Of(err)]
	sentence := sentences[status]
	var refusal *transform.Refusal
	switch {
	case status == http.StatusNotFound:
		send(w, status, "image/svg+xml", absent)
		return
	case errors.As(err, &refusal):
		if !slices.ContainsFunc(passing, func(one error) bool { return errors.Is(err, one) }) {
			h.Set("Cache-Control", badChain)
		}
		h.Add("Vary", "Accept")
		sentence = refusal.Why
	case status == http.StatusTooManyRequests, status == http.StatusServiceUnavailable:
		h.Set("Retry-After", server.RetryAfter(err))
	}
	text := http.StatusText(status)
	send(w, status, "text/html; charset=UTF-8", fmt.Sprintf(page, status, text, html.EscapeString(sentence)))
}

// send answers with a text of ours.
func send(w http.ResponseWriter, status int, mediaType, text string) {
	h := w.Header()
	h.Set("Content-Type", mediaType)
	h.Set("Content-Security-Policy", unseen)
	h.Set("Content-Length", fmt.Sprint(len(text)))
	w.WriteHeader(status)
	w.Write([]byte(text)) // a client that has gone does not hear of it either
}

// markOpen says that pages of every origin may show what follows, and no index.
// Source: answers recorded by pyuploadcare.
func markOpen(h http.Header) {
	h.Set("Access-Control-Allow-Methods", "HEAD, GET, OPTIONS")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	h.Set("X-Robots-Tag", "noindex, nofollow, nosnippet, noarchive")
}

// ofImage returns err, of making something of a file, as what it says to people.
func ofImage(err error) error {
	var refusal *transform.Refusal
	var input *delivery.InputError
	kind := fault.Of(err)
	switch {
	case errors.As(err, &refusal):
		return err
	case errors.As(err, &input) && input.Input > 0 && kind == fault.NotFound:
		return fmt.Errorf("%w (%w)", transform.Invalid("The file of an overlay is not found."), err)
	case kind == fault.Invalid:
		return fmt.Errorf("%w (%w)", errNoImage, err)
	case kind == fault.TooLarge:
		return fmt.Errorf("%w (%w)", errTooMuch, err)
	}
	return err
}
