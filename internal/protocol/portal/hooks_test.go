package portal

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stowgate/stowgate/internal/manage"
)

// TestWebhooks adds and changes a webhook by its forms, and shows what is wrong
// beside the field.
func TestWebhooks(t *testing.T) {
	s := newStand(t)
	path := "/portal/apps/" + s.app.Key + "/webhooks"
	form := func(address string, more ...string) url.Values {
		return url.Values{"url": {address}, "event": {"upload", "delete"}, "enabled": more}
	}
	for _, tt := range []struct {
		name string
		form url.Values
		says string
	}{
		{"no address", form(""), "The address is no http or https URL."},
		{"no event", url.Values{"url": {"https://example.com/"}}, "Tick what it is told of."},
		{"nothing that is told", url.Values{"url": {"https://example.com/"}, "event": {"store", "change"}}, "Filestack has no word for what is ticked."},
		{"no such format", url.Values{"url": {"https://example.com/"}, "event": {"upload"}, "format": {"party"}}, "There is no format"},
		{"no such event", url.Values{"url": {"https://example.com/"}, "event": {"party"}}, "There is no event"},
	} {
		w := s.send(http.MethodPost, path, "developer", tt.form)
		if w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), `-wrong">`+tt.says) {
			t.Errorf("add, %s: %d %s", tt.name, w.Code, w.Body)
		}
	}
	if w := s.send(http.MethodPost, path, "developer", form("https://example.com/in?token=PLANTED<b>")); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "once__text") {
		t.Fatalf("add: %d %s", w.Code, w.Body)
	}
	all, err := s.services.Hooks.Hooks(t.Context(), s.operator, s.app.Key)
	if err != nil || len(all) != 1 {
		t.Fatalf("Hooks = %v, %v", all, err)
	}
	one := path + "/" + all[0].ID
	for _, page := range []string{path, one} {
		if w := s.send(http.MethodGet, page, "viewer", nil); w.Code != http.StatusOK || strings.Contains(w.Body.String(), "PLANTED") {
			t.Errorf("GET %s by a viewer: %d, and it shows the address: %s", page, w.Code, w.Body)
		}
		if w := s.send(http.MethodGet, page, "developer", nil); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "PLANTED&lt;b&gt;") {
			t.Errorf("GET %s by a developer: %d, want the address: %s", page, w.Code, w.Body)
		}
	}
	if w := s.send(http.MethodPost, one, "developer", form("https://example.com/other")); w.Code != http.StatusSeeOther {
		t.Errorf("change: %d %s", w.Code, w.Body)
	}
	h, err := s.services.Hooks.Hook(t.Context(), s.operator, s.app.Key, all[0].ID)
	if err != nil || h.URL != "https://example.com/other" || h.Enabled || len(h.Events) != 2 || h.Format != "filestack" {
		t.Errorf("after the change: %+v, %v", h, err)
	}

	// What is ticked is kept as far as the format tells of it; all of that is all.
	for _, tt := range []struct {
		format string
		ticked string
		want   string
		shows  []string
	}{
		{"filestack", "upload store delete", "upload delete", []string{"fp.upload", "fp.delete", "FS-Signature"}},
		{"filestack", "upload overwrite delete", "", []string{"fp.overwrite"}},
		{"uploadcare", "upload overwrite store", "upload store", []string{"file.uploaded", "file.stored", "X-Uc-Signature"}},
		{"uploadcare", "upload overwrite delete store change", "", []string{"file.info_updated", `<option value="uploadcare" selected>`}},
	} {
		typed := url.Values{"url": {"https://example.com/"}, "format": {tt.format}, "event": strings.Fields(tt.ticked)}
		if w := s.send(http.MethodPost, one, "developer", typed); w.Code != http.StatusSeeOther {
			t.Errorf("change to %s: %d %s", tt.format, w.Code, w.Body)
		}
		h, err := s.services.Hooks.Hook(t.Context(), s.operator, s.app.Key, all[0].ID)
		if err != nil || h.Format != tt.format || strings.Join(h.Events, " ") != tt.want {
			t.Errorf("%s with %s ticked: %v %v, %v; want %s", tt.format, tt.ticked, h.Format, h.Events, err, tt.want)
		}
		w := s.send(http.MethodGet, one, "developer", nil)
		for _, text := range tt.shows {
			if !strings.Contains(w.Body.String(), text) {
				t.Errorf("the page of a webhook in the words of %s does not show %s", tt.format, text)
			}
		}
	}

	// M6: a webhook is that of its app only, and so is a delivery.
	foe, _, err := s.services.Hooks.AddHook(t.Context(), s.operator, s.foe.Key, manage.NewHook{URL: "https://example.com/foe"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.services.Hooks.TestHook(t.Context(), s.operator, s.foe.Key, foe.ID); err != nil {
		t.Fatal(err)
	}
	for _, page := range []string{path + "/" + foe.ID, one + "/deliveries/1", path + "/" + foe.ID + "/deliveries/1"} {
		if w := s.send(http.MethodGet, page, "owner", nil); w.Code != http.StatusNotFound {
			t.Errorf("GET %s: %d, want 404", page, w.Code)
		}
	}
	for _, page := range []string{path + "/" + foe.ID, path + "/" + foe.ID + "/remove", path + "/" + foe.ID + "/test", one + "/deliveries/1/again"} {
		if w := s.send(http.MethodPost, page, "owner", form("https://example.com/mine")); w.Code != http.StatusNotFound {
			t.Errorf("POST %s: %d, want 404", page, w.Code)
		}
	}
}

// TestDeliverAgainInSteps delivers more than a step of what was given up.
func TestDeliverAgainInSteps(t *testing.T) {
	s := newStand(t)
	h, _, err := s.services.Hooks.AddHook(t.Context(), s.operator, s.app.Key, manage.NewHook{URL: "https://example.com/"})
	if err != nil {
		t.Fatal(err)
	}
	for range manage.MaxRedelivered + 1 {
		id, err := s.services.Hooks.TestHook(t.Context(), s.operator, s.app.Key, h.ID)
		if err == nil {
			err = s.services.Jobs.Cancel(t.Context(), s.operator, id)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	page := "/portal/apps/" + s.app.Key + "/webhooks/" + h.ID
	for _, tt := range []struct{ button, done string }{
		{"Deliver the next 500 of 501 again", "500 are delivered once more, the oldest first. The others are still to come: go on below."},
		{"Deliver all 1 again", "1 are delivered once more, the oldest first."},
	} {
		wantAnswer(t, "before", s.send(http.MethodGet, page, "developer", nil), http.StatusOK, tt.button)
		w := s.send(http.MethodPost, page+"/again", "developer", nil)
		notice, _ := url.QueryUnescape(w.Result().Cookies()[0].Value)
		if w.Code != http.StatusSeeOther || notice != tt.done {
			t.Errorf("again: %d %q, want %q", w.Code, notice, tt.done)
		}
	}
}
