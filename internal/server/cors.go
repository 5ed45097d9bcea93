package server

import (
	"net/http"
	"slices"
	"strings"
)

// CORS lets pages of other origins call next, without credentials, and read
// the header fields in expose. It answers every preflight itself, for whatever
// method and header fields it asks. AllowOrigins narrows the origins for one
// answer.
func CORS(next http.Handler, expose ...string) http.Handler {
	anyone, exposed := []string{"*"}, []string{strings.Join(expose, ", ")}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h["Access-Control-Allow-Origin"] = anyone
		if r.Method != http.MethodOptions {
			h["Access-Control-Expose-Headers"] = exposed
			next.ServeHTTP(w, r)
			return
		}
		h.Set("Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS")
		h.Set("Access-Control-Max-Age", "21600")
		h.Add("Vary", "Access-Control-Request-Headers")
		if asked := r.Header.Get("Access-Control-Request-Headers"); asked != "" {
			h.Set("Access-Control-Allow-Headers", asked)
		}
		w.WriteHeader(http.StatusNoContent)
	})
}

// AllowOrigins lets only pages of these origins, like https://example.com, read
// the answer to r. It says whether r comes from one of them, or from no page.
func AllowOrigins(w http.ResponseWriter, r *http.Request, origins []string) bool {
	h := w.Header()
	h.Add("Vary", "Origin")
	h.Del("Access-Control-Allow-Origin")
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	if !slices.Contains(origins, origin) {
		return false
	}
	h.Set("Access-Control-Allow-Origin", origin)
	return true
}
