package server

import (
	"errors"
	"fmt"
	"net/http/httptest"
	"testing"
	"time"
)

func TestJSON(t *testing.T) {
	w := httptest.NewRecorder()
	if err := JSON(w, 201, map[string]int{"a": 1}); err != nil {
		t.Fatal(err)
	}
	if h := w.Header(); w.Code != 201 || w.Body.String() != `{"a":1}` || h.Get("Content-Type") != "application/json" || h.Get("Content-Length") != "7" {
		t.Errorf("JSON = %d %v %s", w.Code, h, w.Body)
	}
	w = httptest.NewRecorder()
	if err := JSON(w, 201, func() {}); err == nil || w.Body.Len() > 0 || len(w.Header()) > 0 {
		t.Errorf("JSON of what has none = %v, and wrote %v %s", err, w.Header(), w.Body)
	}
}

type later time.Duration

func (later) Error() string               { return "later" }
func (l later) RetryAfter() time.Duration { return time.Duration(l) }

func TestRetryAfter(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want string
	}{
		{errors.New("busy"), "1"}, {later(0), "1"}, {later(time.Second), "1"}, {fmt.Errorf("x: %w", later(90*time.Second)), "90"},
	} {
		if got := RetryAfter(tt.err); got != tt.want {
			t.Errorf("RetryAfter(%v) = %s, want %s", tt.err, got, tt.want)
		}
	}
}
