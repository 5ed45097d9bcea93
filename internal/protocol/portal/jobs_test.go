package portal

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stowgate/stowgate/internal/job"
	"github.com/stowgate/stowgate/internal/manage"
)

// TestJobs looks at a job, gives it up, and asks for it once more.
func TestJobs(t *testing.T) {
	s := newStand(t)
	h, _, err := s.services.Hooks.AddHook(t.Context(), s.operator, s.app.Key, manage.NewHook{URL: "https://example.com/in"})
	if err != nil {
		t.Fatal(err)
	}
	id, err := s.services.Hooks.TestHook(t.Context(), s.operator, s.app.Key, h.ID)
	if err != nil {
		t.Fatal(err)
	}
	one := fmt.Sprint("/portal/jobs/", id)
	shows := func(path string, want ...string) {
		t.Helper()
		w := s.send(http.MethodGet, path, "operator", nil)
		for _, text := range want {
			if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), text) {
				t.Errorf("GET %s: %d, want %s in %s", path, w.Code, text, w.Body)
			}
		}
	}
	shows("/portal/jobs", `href="`+one+`"`, "waiting (1)", "hook:"+h.ID)
	shows("/portal/jobs?state=dead&queue=hook:x", "None.", "waiting (0)")
	shows(one, "waiting", "Give it up", fmt.Sprintf("/webhooks/%s/deliveries/%d", h.ID, id))
	for _, tt := range []struct {
		change string
		want   job.State
	}{{"cancel", job.Dead}, {"cancel", job.Dead}, {"retry", job.Ready}} {
		if w := s.send(http.MethodPost, one+"/"+tt.change, "operator", nil); w.Code != http.StatusSeeOther || w.Header().Get("Location") != one {
			t.Errorf("%s: %d %s", tt.change, w.Code, w.Body)
		}
		if j, err := s.services.Jobs.Job(t.Context(), s.operator, id); err != nil || j.State != tt.want {
			t.Errorf("after %s: %+v, %v, want %s", tt.change, j, err, tt.want)
		}
	}
	for _, path := range []string{"/portal/jobs/0", "/portal/jobs/x", "/portal/jobs/99999999999999999999"} {
		if w := s.send(http.MethodGet, path, "operator", nil); w.Code != http.StatusNotFound {
			t.Errorf("GET %s: %d, want 404", path, w.Code)
		}
	}
}
