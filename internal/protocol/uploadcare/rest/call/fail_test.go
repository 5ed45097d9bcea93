package call

import (
	"errors"
	"fmt"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/policy"
)

type later time.Duration

func (e later) Error() string             { return "later" }
func (e later) Unwrap() error             { return fault.Busy }
func (e later) RetryAfter() time.Duration { return time.Duration(e) }

func TestFail(t *testing.T) {
	for _, tt := range []struct {
		name   string
		err    error
		status int
		body   string
		retry  string
	}{
		{"busy", later(3 * time.Second), 429, `{"detail":"Request was throttled. Expected available in 3 seconds."}`, "3"},
		{"busy for a second", later(time.Millisecond), 429, `{"detail":"Request was throttled. Expected available in 1 second."}`, "1"},
		{"busy, nobody knows how long", fmt.Errorf("x: %w", fault.Busy), 429, `{"detail":"Request was throttled. Expected available in 1 second."}`, "1"},
		{"not found", fmt.Errorf("secret path: %w", fault.NotFound), 404, `{"detail":"Not found."}`, ""},
		{"nobody knows", errors.New("secret path"), 500, `{"detail":"Internal server error."}`, ""},
		{"quota", &policy.Denial{Reason: policy.QuotaReached, Detail: "secret"}, 403, `{"detail":"Account has reached its limits."}`, ""},
		{"other denial", &policy.Denial{Reason: policy.Revoked, Detail: "secret"}, 403, `{"detail":"You do not have permission to perform this action."}`, ""},
		{"field", Wrong("limit", "At most %d.", 5), 400, `{"limit":["At most 5."]}`, ""},
		{"member", WrongIn("size", "gt", "No."), 400, `{"size":{"gt":["No."]}}`, ""},
	} {
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(t.Context(), "GET", "/files/", nil)
		r.Header.Set("Accept", "application/vnd.uploadcare-v0.6+json")
		Fail(w, r, tt.err)
		if w.Code != tt.status || w.Body.String() != tt.body || w.Header().Get("Retry-After") != tt.retry ||
			w.Header().Get("Content-Type") != "application/vnd.uploadcare-v0.6+json" {
			t.Errorf("%s: %d %s %v, want %d %s", tt.name, w.Code, w.Body, w.Header(), tt.status, tt.body)
		}
	}
}

// TestEveryKind holds that no kind of failure is without an answer.
func TestEveryKind(t *testing.T) {
	for _, kind := range fault.Kinds {
		if status, body := told(kind); status < 400 || body == (sentence{}) {
			t.Errorf("%v is answered with %d %v", kind, status, body)
		}
	}
}
