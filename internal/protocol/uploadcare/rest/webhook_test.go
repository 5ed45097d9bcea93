package rest_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/catalog/ledger"
	"github.com/stowgate/stowgate/internal/job"
	"github.com/stowgate/stowgate/internal/manage"
	"github.com/stowgate/stowgate/internal/protocol/uploadcare/hook"
	"github.com/stowgate/stowgate/internal/webhook"
)

// A subscribed is a webhook as answers have it.
type subscribed struct {
	ID, Project             int64
	Created, Updated, Event string
	Target                  string  `json:"target_url"`
	Active                  bool    `json:"is_active"`
	Secret                  *string `json:"signing_secret"`
	Version                 string
}

func (s *stack) subscribe(body string, header ...string) (h subscribed) {
	s.t.Helper()
	s.want(s.call("POST", "/webhooks/", body, header...), 201, &h)
	return h
}

func (s *stack) subscriptions() (all []subscribed) {
	s.t.Helper()
	s.want(s.call("GET", "/webhooks/", ""), 200, &all)
	return all
}

func TestWebhooks(t *testing.T) {
	s := newStack(t)
	first := s.subscribe(`{"target_url":"https://example.com/h","event":"file.uploaded","signing_secret":"12345X"}`)
	if first.Target != "https://example.com/h" || first.Event != "file.uploaded" || !first.Active || *first.Secret != "12345X" || first.Version != "0.7" ||
		first.Created != "2026-01-02T03:04:05.000000Z" || first.Project != hook.Number(demoKey, "") || first.ID < 1 {
		t.Errorf("made %+v", first)
	}
	s.now = s.now.Add(time.Second)
	second := s.subscribe("target_url=https%3A%2F%2Fexample.com%2Fh&event=file.stored&is_active=False&version=0.7", "Content-Type: application/x-www-form-urlencoded")
	if second.Active || second.Secret != nil || second.Event != "file.stored" {
		t.Errorf("made by a form %+v", second)
	}
	s.now = s.now.Add(time.Second)
	third := s.subscribe(`{"target_url":"https://example.com/other","event":"file.deleted","signing_secret":null,"is_active":true}`)
	if all := s.subscriptions(); len(all) != 3 || all[0].ID != first.ID || all[1].ID != second.ID || all[2].ID != third.ID {
		t.Errorf("all are %+v", all)
	}

	for body, want := range map[string]string{
		`{"event":"file.uploaded"}`:                                                                                       "{\"detail\":\"`target_url` is missing.\"}",
		`{"target_url":"https://example.com/x"}`:                                                                          `{"event":["This field is required."]}`,
		`{"target_url":"https://example.com/x","event":"file.danced"}`:                                                    `{"event":["\"file.danced\" is not a valid choice."]}`,
		`{"target_url":"https://example.com/x","event":"file.infected"}`:                                                  `{"event":["The event file.infected is not sent."]}`,
		`{"target_url":"ftp://example.com/x","event":"file.stored"}`:                                                      `{"target_url":["the address is no http or https URL"]}`,
		`{"target_url":1,"event":"file.stored"}`:                                                                          `{"target_url":["Not a valid string."]}`,
		`{"target_url":"https://example.com/x","event":"file.stored","is_active":"x"}`:                                    `{"is_active":["Must be a valid boolean."]}`,
		`{"target_url":"https://example.com/x","event":"file.stored","version":"0.4"}`:                                    `{"version":["\"0.4\" is not a valid choice."]}`,
		`{"target_url":"https://example.com/h","event":"file.uploaded"}`:                                                  `{"non_field_errors":["This project is already subscribed on this event"]}`,
		`{"target_url":"https://example.com/x","event":"file.stored","signing_secret":"` + strings.Repeat("x", 33) + `"}`: `{"signing_secret":["Ensure this field has no more than 32 characters."]}`,
		`{"target_url":"https://example.com/` + strings.Repeat("x", 236) + `","event":"file.stored"}`:                     `{"target_url":["Ensure this field has no more than 255 characters."]}`,
		`[]`: `{"detail":"Expected JSON object."}`,
	} {
		s.wantText(s.call("POST", "/webhooks/", body), 400, want)
	}
	s.wantText(s.call("POST", "/webhooks/", "event=file.stored&event=file.stored", "Content-Type: application/x-www-form-urlencoded"), 400,
		`{"event":["This field is repeated."]}`)
	s.subscribe(`{"target_url":"https://example.com/` + strings.Repeat("x", 235) + `","event":"file.stored","signing_secret":"` + strings.Repeat("x", 32) + `"}`)

	at := fmt.Sprint("/webhooks/", first.ID, "/")
	var changed subscribed
	s.want(s.call("PUT", at, `{"is_active":false}`), 200, &changed)
	if want := first; changed.Active || changed.ID != want.ID || changed.Event != want.Event || *changed.Secret != "12345X" {
		t.Errorf("switched off %+v", changed)
	}
	s.want(s.call("PUT", at, `{"target_url":"https://example.com/h2","event":"file.info_updated","is_active":true,"signing_secret":"x"}`), 200, &changed)
	if changed.Target != "https://example.com/h2" || changed.Event != "file.info_updated" || !changed.Active || *changed.Secret != "x" || changed.ID == first.ID {
		t.Errorf("changed %+v", changed)
	}
	s.wantText(s.call("PUT", at, `{}`), 404, notFound) // its event is another one
	at = fmt.Sprint("/webhooks/", changed.ID, "/")
	s.want(s.call("PUT", at, `{"signing_secret":null}`), 200, &changed)
	if changed.Secret != nil {
		t.Errorf("without a secret %+v", changed)
	}
	s.wantText(s.call("PUT", at, `{"target_url":"https://example.com/other","event":"file.deleted"}`), 400,
		`{"non_field_errors":["This project is already subscribed on this event"]}`)
	for _, missing := range []string{"/webhooks/1/", "/webhooks/x/", "/webhooks/99999999999999999999/"} {
		s.wantText(s.call("PUT", missing, `{}`), 404, notFound)
		s.wantText(s.call("DELETE", missing, ``), 404, notFound)
	}
	s.wantText(s.callAs(otherKey, otherSecret, "DELETE", at, ""), 404, notFound)
	s.wantText(s.call("DELETE", at, ""), 204, "")
	s.wantText(s.call("DELETE", at, ""), 404, notFound)

	s.wantText(s.call("DELETE", "/webhooks/unsubscribe/", `{}`), 400, "{\"detail\":\"`target_url` is missing.\"}")
	for range 2 { // also when there is none
		s.wantText(s.call("DELETE", "/webhooks/unsubscribe/", `{"target_url":"https://example.com/h"}`), 204, "")
	}
	s.wantText(s.call("POST", "/webhooks/unsubscribe/", url.Values{"target_url": {"https://example.com/other"}}.Encode(), "Content-Type: application/x-www-form-urlencoded"), 204, "")
	if all := s.subscriptions(); len(all) != 1 {
		t.Errorf("left are %+v", all)
	}

	entries, err := ledger.New(s.catalog.Book()).Entries(t.Context(), account.Search{Action: "webhook.create", Limit: 10})
	s.must(err)
	if len(entries) != 4 || !strings.HasPrefix(entries[0].Actor, "secret:") || entries[0].App != demoKey || strings.Contains(fmt.Sprint(entries), "12345X") {
		t.Errorf("the audit log says %+v", entries)
	}
}

// TestOwnWebhooks holds that webhooks made in the portal are seen as one for each
// event, if they are told in Uploadcare's words, and not changed by halves.
func TestOwnWebhooks(t *testing.T) {
	s := newStack(t)
	owner := account.CommandLine()
	add := func(n manage.NewHook) manage.Hook {
		t.Helper()
		h, _, err := s.webhooks.AddHook(t.Context(), owner, demoKey, n)
		s.must(err)
		s.now = s.now.Add(time.Second)
		return h
	}
	add(manage.NewHook{URL: "https://example.com/filestack"})
	all := add(manage.NewHook{URL: "https://example.com/all", Format: "uploadcare"})
	two := add(manage.NewHook{URL: "https://example.com/two", Format: "uploadcare", Events: []string{asset.Kept, asset.Deleted}})
	seen := s.subscriptions()
	var got []string
	for _, h := range seen {
		got = append(got, h.Event)
	}
	if want := "file.uploaded file.deleted file.stored file.info_updated file.deleted file.stored"; strings.Join(got, " ") != want {
		t.Fatalf("events are %v, want %s", got, want)
	}
	s.want(s.call("PUT", fmt.Sprint("/webhooks/", seen[4].ID, "/"), `{"is_active":false}`), 400, nil)
	s.want(s.call("PUT", fmt.Sprint("/webhooks/", seen[0].ID, "/"), `{"is_active":false}`), 400, nil)
	s.wantText(s.call("DELETE", fmt.Sprint("/webhooks/", seen[0].ID, "/"), ""), 204, "")
	s.wantText(s.call("DELETE", fmt.Sprint("/webhooks/", seen[4].ID, "/"), ""), 204, "")
	h, err := s.webhooks.Hook(t.Context(), owner, demoKey, all.ID)
	s.must(err)
	if got := strings.Join(h.Events, " "); got != "delete store change" {
		t.Errorf("after the first of all was removed: %s", got)
	}
	h, err = s.webhooks.Hook(t.Context(), owner, demoKey, two.ID)
	s.must(err)
	if got := strings.Join(h.Events, " "); got != "store" {
		t.Errorf("after one of two was removed: %s", got)
	}
	s.want(s.call("PUT", fmt.Sprint("/webhooks/", seen[5].ID, "/"), `{"is_active":false}`), 200, nil)
}

func TestMaxWebhooks(t *testing.T) {
	s := newStack(t)
	for i := range webhook.MaxHooks {
		s.subscribe(fmt.Sprintf(`{"target_url":"https://example.com/%d","event":"file.stored"}`, i))
	}
	s.wantText(s.call("POST", "/webhooks/", `{"target_url":"https://example.com/more","event":"file.stored"}`), 400,
		`{"detail":"the app has 20 webhooks already"}`)
}

// A receiver takes what webhooks send.
type receiver struct {
	url    string
	header map[string]string
	body   []byte
}

func (r *receiver) Post(_ context.Context, url string, header map[string]string, content []byte) (int, []byte, error) {
	r.url, r.header, r.body = url, header, content
	return 202, nil, nil
}

// TestTold follows files by what their webhooks are told, with signatures as
// clients check them.
func TestTold(t *testing.T) {
	s := newStack(t)
	for _, event := range []string{"file.uploaded", "file.stored", "file.info_updated", "file.deleted"} {
		s.subscribe(`{"target_url":"https://example.com/` + event + `","event":"` + event + `","signing_secret":"12345X"}`)
		s.now = s.now.Add(time.Second)
	}
	s.put(demoKey, file{name: "a.txt", body: "hello", uuid: firstUUID, temporary: true})
	s.want(s.call("PUT", "/files/"+firstUUID+"/storage/", ""), 200, nil)
	s.want(s.call("PUT", metadataPath+"pet/", `"cat"`), 201, nil)
	s.want(s.call("PUT", metadataPath+"pet/", `"dog"`), 200, nil)
	s.want(s.call("PUT", "/files/"+firstUUID+"/tags/", `{"tags":["x"]}`), 200, nil)
	s.want(s.call("DELETE", "/files/"+firstUUID+"/storage/", ""), 200, nil)
	for more := true; more; {
		var err error
		more, err = s.events.Spread(t.Context())
		s.must(err)
	}
	r := new(receiver)
	sender := webhook.NewSender(s.events, r, s.webhooks.Formats, func() time.Time { return s.now }, slog.New(slog.DiscardHandler))
	jobs, err := s.jobs.Jobs(t.Context(), job.Filter{App: demoKey}, job.Page{Limit: 100})
	s.must(err)
	ids := make(map[string]int64)
	var told []string
	for i := len(jobs) - 1; i >= 0; i-- { // the oldest first
		s.must(sender.Deliver(t.Context(), jobs[i]))
		mac := hmac.New(sha256.New, []byte("12345X"))
		mac.Write(r.body)
		if want := "v1=" + hex.EncodeToString(mac.Sum(nil)); r.header["X-Uc-Signature"] != want {
			t.Errorf("signature %q, want %q", r.header["X-Uc-Signature"], want)
		}
		var event struct {
			Hook struct {
				ID     int64
				Event  string
				Target string
			}
			Data     described
			Previous json.RawMessage `json:"previous_values"`
		}
		s.must(json.Unmarshal(r.body, &event))
		ids[event.Hook.Event] = event.Hook.ID
		if event.Data.UUID != firstUUID || event.Hook.Target != r.url || !strings.HasSuffix(r.url, "/"+event.Hook.Event) {
			t.Errorf("told %s at %s", r.body, r.url)
		}
		told = append(told, strings.TrimSpace(fmt.Sprint(event.Hook.Event, " ", event.Data.Stored != nil, " ", event.Data.Removed != nil, " ", event.Data.Metadata["pet"], " ", string(event.Previous))))
	}
	want := []string{
		"file.uploaded false false", "file.stored true false", `file.info_updated true false cat {"metadata":null}`,
		`file.info_updated true false dog {"metadata":{"pet":"cat"}}`, "file.info_updated true false dog {}", "file.deleted false true dog",
	}
	if strings.Join(told, "\n") != strings.Join(want, "\n") {
		t.Errorf("told\n%s\nwant\n%s", strings.Join(told, "\n"), strings.Join(want, "\n"))
	}
	for _, h := range s.subscriptions() {
		if ids[h.Event] != h.ID {
			t.Errorf("the webhook of %s is told that it is %d, and listed as %d", h.Event, ids[h.Event], h.ID)
		}
	}
}
