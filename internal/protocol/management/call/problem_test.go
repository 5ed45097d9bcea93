package call

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/fault"
)

// TestKinds holds that each kind of failure has an answer, and what it tells.
func TestKinds(t *testing.T) {
	for _, kind := range fault.Kinds {
		found, ok := outcomes[kind]
		if !ok || found.Status < 400 || found.Name == "" || found.Title == "" || found.Why == "" {
			t.Errorf("%v is answered by %+v", kind, found)
		}
		w := httptest.NewRecorder()
		fail(w, httptest.NewRequest(http.MethodGet, "/", nil), fmt.Errorf("open /secret/path: %w", kind))
		if w.Code != found.Status || strings.Contains(w.Body.String(), "/secret/path") || (w.Header().Get("Retry-After") != "") != (kind == fault.Busy) {
			t.Errorf("%v: %d %v %s", kind, w.Code, w.Header(), w.Body)
		}
	}
	busy := account.Refuse(fault.Busy, "", "there were too many tries")
	busy.After = 1500 * time.Millisecond
	w := httptest.NewRecorder()
	fail(w, httptest.NewRequest(http.MethodGet, "/", nil), busy)
	if w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") != "2" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}
