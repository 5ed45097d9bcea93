package call

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/stowgate/stowgate/internal/protocol/uploadcare/answer"
	"github.com/stowgate/stowgate/internal/server"
)

// A Reply is how a Call is answered.
type Reply struct {
	Status   int    // 0 means 200
	Body     any    // written as JSON; nil for none
	Location string // of what was made
	Plain    bool   // of the type plainJSON
}

// Handle returns what answers calls by do, on a path that allows methods.
func Handle(do func(context.Context, *Call) (Reply, error), allow string) func(http.ResponseWriter, *http.Request, *Call) error {
	return func(w http.ResponseWriter, r *http.Request, c *Call) error {
		w.Header().Set("Allow", allow)
		leave, err := server.EnterApp(r.Context(), c.App.Key)
		if err != nil {
			return err
		}
		defer leave()
		out, err := do(r.Context(), c)
		if err != nil {
			return err
		}
		kind := c.accept
		if out.Plain {
			kind = plainJSON
		}
		if out.Location != "" {
			w.Header().Set("Location", out.Location)
		}
		return write(w, r, out.Status, kind, out.Body)
	}
}

// write answers with body as JSON of a type, or with nothing if that is nil.
func write(w http.ResponseWriter, r *http.Request, status int, kind string, body any) error {
	h := w.Header()
	protect(h, r)
	if body == nil {
		w.WriteHeader(status)
		return nil
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(body); err != nil {
		return fmt.Errorf("write answer: %w", err)
	}
	b.Truncate(b.Len() - 1) // the line's end
	if status == 0 {
		status = http.StatusOK
	}
	// rest-client takes this header for no JSON if it has parameters.
	h["Content-Type"] = []string{kind}
	h.Set("Content-Length", strconv.Itoa(b.Len()))
	w.WriteHeader(status)
	w.Write(b.Bytes()) // a client that has gone does not hear of it either
	return nil
}

// protect sets the header fields that all answers have.
func protect(h http.Header, r *http.Request) {
	answer.Protect(h)
	h.Add("Vary", "Accept")
	h.Set("X-Frame-Options", "SAMEORIGIN")
	h.Set("X-Robots-Tag", "noindex, nofollow, nosnippet, noarchive")
	h.Set("X-Uploadcare-Request-Id", uuid.NewSHA1(uuid.Nil, []byte(server.RequestID(r.Context()))).String())
}

// OtherMethod answers requests whose method a path has not.
func OtherMethod(allow string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Allow", allow)
		kind, _, err := accepted(r)
		if err != nil {
			kind = plainJSON
		}
		if r.Method == http.MethodOptions {
			protect(w.Header(), r)
			w.WriteHeader(http.StatusNoContent)
			return
		}
		write(w, r, http.StatusMethodNotAllowed, kind, sentence{"Method " + strconv.Quote(strings.ToUpper(r.Method)) + " not allowed."})
	})
}
