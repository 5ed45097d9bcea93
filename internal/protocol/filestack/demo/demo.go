// Package demo is a page that shows the picker at work, with the backend such a
// page needs: a route that signs a policy for minutes. It hands a policy to
// whoever opens the page, and so is for a developer's own machine only.
package demo

import (
	"context"
	_ "embed"
	"net/http"
	"time"

	"github.com/stowgate/stowgate/internal/protocol/filestack/access"
	"github.com/stowgate/stowgate/internal/protocol/filestack/answer"
	"github.com/stowgate/stowgate/internal/server"
)

// Lifetime is how long a policy of the page is valid.
const Lifetime = 15 * time.Minute

// Calls are what a policy of the page allows.
var Calls = []string{"pick", "store", "read", "stat", "convert"}

// Credentials are what the page's backend gives it.
type Credentials struct {
	Key       string `json:"apikey"`
	Policy    string `json:"policy"`
	Signature string `json:"signature"`
	Expires   int64  `json:"expires"` // Unix seconds
}

var (
	//go:embed page.html
	page []byte
	//go:embed demo.css
	styles []byte
	//go:embed demo.js
	script []byte
)

// rules are the Content-Security-Policy of the page, and what one with a picker
// needs: see docs/picker.md.
const rules = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; media-src 'self' blob:; " +
	"connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Routes returns the table of the demonstration; sign makes the credentials.
func Routes(sign func(context.Context) (Credentials, error)) []server.Route {
	const why = "a demonstration for the developer at this machine"
	file := func(media string, body []byte) http.Handler {
		return local(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", media)
			w.Header().Set("Content-Security-Policy", rules)
			w.Write(body)
		})
	}
	return []server.Route{
		server.Public("GET", "/demo", why, file("text/html; charset=utf-8", page)),
		server.Public("GET", "/demo/demo.css", why, file("text/css; charset=utf-8", styles)),
		server.Public("GET", "/demo/demo.js", why, file("text/javascript; charset=utf-8", script)),
		server.Public("GET", "/get-filestack-credentials", why, local(func(w http.ResponseWriter, r *http.Request) {
			c, err := sign(r.Context())
			if err != nil {
				server.NoteError(r.Context(), err)
				http.Error(w, "the app of --demo cannot sign: see the log", http.StatusInternalServerError)
				return
			}
			answer.JSON(w, http.StatusOK, c)
		})),
	}
}

// local answers only pages of this machine's own address: neither a page of
// another origin, nor one whose name was pointed here, gets anything.
func local(serve http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer.Protect(w.Header())
		w.Header().Set("Cross-Origin-Resource-Policy", "same-origin")
		scheme := "http://"
		if r.TLS != nil {
			scheme = "https://"
		}
		site := r.Header.Get("Sec-Fetch-Site")
		own := server.AllowOrigins(w, r, []string{scheme + r.Host}) && (site == "" || site == "same-origin" || site == "none")
		if !own || !access.IsLoopback(r.Host) {
			http.Error(w, "the demonstration is for the address that stowgate serve printed", http.StatusForbidden)
			return
		}
		serve(w, r)
	})
}
