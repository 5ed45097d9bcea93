package frame

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// A deaf client has a connection that was cut off.
type deaf struct{ *httptest.ResponseRecorder }

func (deaf) FlushError() error { return errors.New("cut off") }

// TestStream holds that a stream ends with whatever ends first.
func TestStream(t *testing.T) {
	ended, end := context.WithCancel(t.Context())
	end()
	closed := make(chan string)
	close(closed)
	tell := func(text string) (Event, bool) { return Event{ID: "1", Data: []byte(text)}, text != "" }
	for _, tt := range []struct {
		name    string
		ctx     context.Context
		drained context.Context
		coming  chan string
		deaf    bool
	}{
		{"the visitor is gone", ended, t.Context(), nil, false},
		{"the server ends", t.Context(), ended, nil, false},
		{"there is no more", t.Context(), t.Context(), closed, false},
		{"nobody reads", t.Context(), t.Context(), nil, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := httptest.NewRecorder()
			v := &Visit{w: w}
			if tt.deaf {
				v.w = deaf{w}
			}
			if err := Stream(tt.ctx, &Frame{drained: tt.drained}, v, []string{"a", "", "b"}, tt.coming, tell); err != nil {
				t.Errorf("Stream = %v", err)
			}
			if body := w.Body.String(); w.Code != http.StatusOK || strings.Count(body, "data: ") != 2 || !strings.HasSuffix(body, "id: 1\ndata: b\n\n") {
				t.Errorf("sent %d %q", w.Code, body)
			}
		})
	}
}
