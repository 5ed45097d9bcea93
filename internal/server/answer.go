package server

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"
)

// JSON answers with v. The error is that of encoding/json; nothing was written
// then.
func JSON(w http.ResponseWriter, status int, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(status)
	w.Write(text) // a client that has gone does not hear of it either
	return nil
}

// RetryAfter returns in how many whole seconds, at least 1, a request may work
// that err refused: what a method RetryAfter of an error in its tree says.
func RetryAfter(err error) string {
	var later interface{ RetryAfter() time.Duration }
	if errors.As(err, &later) {
		return strconv.Itoa(int(max(time.Second, later.RetryAfter()) / time.Second))
	}
	return "1"
}
