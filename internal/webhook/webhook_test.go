package webhook_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/netip"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/fetch"
	"github.com/stowgate/stowgate/internal/job"
	"github.com/stowgate/stowgate/internal/webhook"
)

var formats = webhook.Formats{"plain": {
	Title: "Plain",
	Words: map[string]string{asset.Uploaded: "came", asset.Deleted: "went"},
	Body: func(_ webhook.Hook, e asset.Event) ([]byte, error) {
		return fmt.Append(nil, e.ID, " ", e.Kind, " ", e.Time.Unix(), " ", e.Fact.Name), nil
	},
	Sign: func(secret string, body []byte, now time.Time) map[string]string {
		return map[string]string{"X-Sign": fmt.Sprint(secret, " ", string(body), " ", now.Unix())}
	},
}, "short": {MinSecret: 1, AnySuccess: true, Sign: func(string, []byte, time.Time) map[string]string { return nil }}}

var now = time.Unix(1000, 0).UTC()

func plain() webhook.Hook {
	h := webhook.NewHook("app", "plain", now)
	h.URL = "https://example.com/hook?token=TOKEN"
	return h
}

func TestCheck(t *testing.T) {
	for _, tt := range []struct {
		name string
		with func(*webhook.Hook)
		want error
	}{
		{"as it is", func(*webhook.Hook) {}, nil},
		{"longest", func(h *webhook.Hook) { h.URL = pad("https://example.com/", webhook.MaxURL) }, nil},
		{"too long", func(h *webhook.Hook) { h.URL = pad("https://example.com/", webhook.MaxURL+1) }, fault.TooLarge},
		{"none", func(h *webhook.Hook) { h.URL = "" }, fault.Invalid},
		{"no host", func(h *webhook.Hook) { h.URL = "https:///x" }, fault.Invalid},
		{"other scheme", func(h *webhook.Hook) { h.URL = "ftp://example.com/" }, fault.Invalid},
		{"script", func(h *webhook.Hook) { h.URL = "javascript:alert(1)//example.com" }, fault.Invalid},
		{"user", func(h *webhook.Hook) { h.URL = "https://u:p@example.com/" }, fault.Invalid},
		{"fragment", func(h *webhook.Hook) { h.URL = "https://example.com/#x" }, fault.Invalid},
		{"two lines", func(h *webhook.Hook) { h.URL = "https://example.com/\nx" }, fault.Invalid},
		{"all events", func(h *webhook.Hook) { h.Events = formats["plain"].Kinds() }, nil},
		{"unknown event", func(h *webhook.Hook) { h.Events = []string{"dance"} }, fault.Invalid},
		{"untold event", func(h *webhook.Hook) { h.Events = []string{asset.Uploaded, asset.Kept} }, fault.Invalid},
		{"unknown format", func(h *webhook.Hook) { h.Format = "fancy" }, fault.Invalid},
		{"unsigned", func(h *webhook.Hook) { h.Secrets = nil }, nil},
		{"shortest secret", func(h *webhook.Hook) { h.Secrets[0].Key = pad("", 16) }, nil},
		{"short secret", func(h *webhook.Hook) { h.Secrets[0].Key = pad("", 15) }, fault.Invalid},
		{"longest secret", func(h *webhook.Hook) { h.Secrets[0].Key = pad("", webhook.MaxSecret) }, nil},
		{"shortest of a format", func(h *webhook.Hook) { h.Format, h.Secrets[0].Key = "short", "x" }, nil},
		{"none of a format", func(h *webhook.Hook) { h.Format, h.Secrets[0].Key = "short", "" }, fault.Invalid},
		{"long secret", func(h *webhook.Hook) { h.Secrets[0].Key = pad("", webhook.MaxSecret+1) }, fault.Invalid},
		{"three secrets", func(h *webhook.Hook) { h.Secrets = append(h.Secrets, h.Secrets[0], h.Secrets[0]) }, fault.Invalid},
	} {
		h := plain()
		tt.with(&h)
		if err := h.Check(formats); !errors.Is(err, tt.want) {
			t.Errorf("Check, %s: error = %v, want %v", tt.name, err, tt.want)
		}
	}
}

func pad(text string, n int) string { return text + strings.Repeat("x", n-len(text)) }

func TestWants(t *testing.T) {
	for _, tt := range []struct {
		enabled bool
		events  []string
		kind    string
		want    bool
	}{
		{true, nil, asset.Uploaded, true},
		{true, []string{asset.Deleted}, asset.Deleted, true},
		{true, []string{asset.Deleted}, asset.Uploaded, false},
		{true, []string{asset.Deleted}, webhook.Test, true},
		{false, nil, asset.Uploaded, false},
	} {
		if got := (webhook.Hook{Enabled: tt.enabled, Events: tt.events}).Wants(tt.kind); got != tt.want {
			t.Errorf("Wants(%s), enabled %v for %v = %v", tt.kind, tt.enabled, tt.events, got)
		}
	}
}

func TestRotate(t *testing.T) {
	keys := func(h webhook.Hook, at time.Time) (list []string) {
		for _, s := range h.Live(at) {
			list = append(list, s.Key)
		}
		return list
	}
	h := plain()
	first := h.Secrets[0].Key
	if err := h.Rotate("second", time.Hour, now); err != nil {
		t.Fatal(err)
	}
	if err := h.Rotate("third", time.Hour, now.Add(time.Hour-1)); !errors.Is(err, fault.Conflict) {
		t.Errorf("Rotate while two live: error = %v, want %v", err, fault.Conflict)
	}
	for _, tt := range []struct {
		at   time.Duration
		want []string
	}{{0, []string{"second", first}}, {time.Hour - 1, []string{"second", first}}, {time.Hour, []string{"second"}}} {
		if got := keys(h, now.Add(tt.at)); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("live after %v = %q, want %q", tt.at, got, tt.want)
		}
	}
	if err := h.Rotate("third", 0, now); err != nil || !reflect.DeepEqual(keys(h, now), []string{"third"}) {
		t.Errorf("Rotate at once: %v, live = %q", err, keys(h, now))
	}
}

// A desk is the records and the network of a Sender.
type desk struct {
	hook     webhook.Hook
	gone     error
	status   int
	answer   string
	err      error
	deaf     func() // called while the request runs
	url      string
	header   map[string]string
	body     string
	sent     int
	attempts []webhook.Attempt
	noteErr  error
}

func (d *desk) Receiver(_ context.Context, id string) (webhook.Hook, error) {
	if id != d.hook.ID {
		return webhook.Hook{}, fault.NotFound
	}
	return d.hook, d.gone
}

func (d *desk) Note(_ context.Context, _ string, a webhook.Attempt) error {
	d.attempts = append(d.attempts, a)
	return d.noteErr
}

func (d *desk) Post(_ context.Context, url string, header map[string]string, content []byte) (int, []byte, error) {
	d.sent++
	d.url, d.header, d.body = url, header, string(content)
	if d.deaf != nil {
		d.deaf()
	}
	return d.status, []byte(d.answer), d.err
}

func (d *desk) deliver(ctx context.Context, kind string, attempt int) error {
	payload, err := json.Marshal(webhook.Message{Hook: d.hook.ID, Event: 7, Kind: kind, Body: `{"id":7}`})
	if err != nil {
		return err
	}
	s := webhook.NewSender(d, d, formats, func() time.Time { return now }, slog.New(slog.DiscardHandler))
	return s.Deliver(ctx, job.Job{ID: 3, Attempt: attempt, Payload: payload})
}

func TestDeliver(t *testing.T) {
	for _, tt := range []struct {
		status int
		err    error
		want   string // in the error; empty for success
	}{
		{200, nil, ""},
		{201, nil, ""},
		{204, nil, ""},
		{202, nil, "status 202"},
		{302, nil, "redirect"},
		{400, nil, "status 400"},
		{500, nil, "status 500"},
		{0, fmt.Errorf("dial 10.0.0.1: %w", fault.Unreachable), "no answer"},
	} {
		d := &desk{hook: plain(), status: tt.status, err: tt.err, answer: "a\x00b\xff"}
		err := d.deliver(t.Context(), asset.Uploaded, 1)
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want) || errors.Is(err, job.ErrGiveUp)) {
			t.Errorf("Deliver with status %d, %v: error = %v, want %q", tt.status, tt.err, err, tt.want)
		}
		if err != nil && strings.Contains(err.Error(), "10.0.0.1") { // I6
			t.Errorf("the owner is told %q", err)
		}
		want := webhook.Attempt{Job: 3, Event: 7, Number: 1, Began: now, Status: tt.status, Answer: "ab\uFFFD"}
		if err != nil {
			want.Error = err.Error()
		}
		if len(d.attempts) != 1 || d.attempts[0] != want {
			t.Errorf("noted %+v, want %+v", d.attempts, want)
		}
		header := map[string]string{"Content-Type": "application/json", "User-Agent": "stowgate", "X-Sign": d.hook.Secrets[0].Key + ` {"id":7} 1000`}
		if d.url != d.hook.URL || d.body != `{"id":7}` || !maps.Equal(d.header, header) {
			t.Errorf("sent %q with %v to %q", d.body, d.header, d.url)
		}
	}
}

// A format may take every answer for success that HTTP does.
func TestAnySuccess(t *testing.T) {
	for status, want := range map[int]string{199: "not 200 to 299", 200: "", 202: "", 299: "", 300: "redirect", 400: "not 200 to 299"} {
		d := &desk{hook: plain(), status: status}
		d.hook.Format = "short"
		if err := d.deliver(t.Context(), asset.Uploaded, 1); want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("Deliver with status %d: error = %v, want %q", status, err, want)
		}
	}
}

// N2: while two secrets live, attempts are signed with each in turn.
func TestN2Secrets(t *testing.T) {
	d := &desk{hook: plain(), status: 500}
	old := d.hook.Secrets[0].Key
	if err := d.hook.Rotate("new", time.Hour, now); err != nil {
		t.Fatal(err)
	}
	for attempt, want := range map[int]string{1: "new", 2: old, 3: "new"} {
		d.deliver(t.Context(), asset.Uploaded, attempt)
		if got, _, _ := strings.Cut(d.header["X-Sign"], " "); got != want {
			t.Errorf("attempt %d is signed with %q, want %q", attempt, got, want)
		}
	}
	d.hook.Secrets[1].Expires = now
	d.deliver(t.Context(), asset.Uploaded, 2)
	if got, _, _ := strings.Cut(d.header["X-Sign"], " "); got != "new" {
		t.Errorf("with an expired secret, attempt 2 is signed with %q", got)
	}
	d.hook.Secrets = nil
	d.deliver(t.Context(), asset.Uploaded, 1)
	if len(d.header) != 2 {
		t.Errorf("without a secret, header = %v", d.header)
	}
}

func TestGiveUp(t *testing.T) {
	for _, tt := range []struct {
		name string
		with func(*desk)
		kind string
		want error
		sent int
	}{
		{"removed", func(d *desk) { d.gone = fault.NotFound }, asset.Uploaded, job.ErrGiveUp, 0},
		{"switched off", func(d *desk) { d.hook.Enabled = false }, asset.Uploaded, job.ErrGiveUp, 0},
		{"test while it is off", func(d *desk) { d.hook.Enabled = false }, webhook.Test, nil, 1},
		{"records fail", func(d *desk) { d.gone = fault.Unavailable }, asset.Uploaded, fault.Unavailable, 0},
		{"note fails", func(d *desk) { d.noteErr = fault.Unavailable }, asset.Uploaded, nil, 1},
	} {
		d := &desk{hook: plain(), status: 200}
		tt.with(d)
		if err := d.deliver(t.Context(), tt.kind, 1); !errors.Is(err, tt.want) || d.sent != tt.sent {
			t.Errorf("Deliver, %s: error = %v after %d requests, want %v after %d", tt.name, err, d.sent, tt.want, tt.sent)
		}
	}
}

// A test that was asked for where no addresses are known is worded when it is
// sent, each time the same.
func TestLateWords(t *testing.T) {
	d := &desk{hook: plain(), status: 200}
	payload, err := json.Marshal(webhook.Message{Hook: d.hook.ID, Event: 7, Kind: webhook.Test})
	if err != nil {
		t.Fatal(err)
	}
	s := webhook.NewSender(d, d, formats, time.Now, slog.New(slog.DiscardHandler))
	for attempt := range 2 {
		if err := s.Deliver(t.Context(), job.Job{Attempt: attempt + 1, Created: now, Payload: payload}); err != nil || d.body != "7 test 1000 test.png" {
			t.Errorf("sent %q, %v", d.body, err)
		}
	}
}

// An attempt that the server's end has cut off is none.
func TestCutOff(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	d := &desk{hook: plain(), err: context.Canceled, deaf: cancel}
	if err := d.deliver(ctx, asset.Uploaded, 1); !errors.Is(err, context.Canceled) || len(d.attempts) != 0 {
		t.Errorf("Deliver error = %v, noted %v", err, d.attempts)
	}
}

// N1: what fetch does not reach, a webhook does not either.
func TestN1Targets(t *testing.T) {
	f, err := os.Open("../fetch/testdata/targets.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	client := fetch.New(fetch.Config{ConnectTimeout: time.Millisecond, Timeout: time.Second, Resolver: loop{}})
	denied := 0
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var target struct{ URL, Expect string }
		if err := json.Unmarshal(lines.Bytes(), &target); err != nil {
			t.Fatal(err)
		}
		if target.Expect != "deny" {
			continue
		}
		denied++
		d := &desk{hook: plain()}
		d.hook.URL = target.URL
		payload, err := json.Marshal(webhook.Message{Hook: d.hook.ID})
		if err != nil {
			t.Fatal(err)
		}
		s := webhook.NewSender(d, client, formats, time.Now, slog.New(slog.DiscardHandler))
		if err := s.Deliver(t.Context(), job.Job{Attempt: 1, Payload: payload}); err == nil || !strings.Contains(err.Error(), "no answer") {
			t.Errorf("Deliver to %s: error = %v", target.URL, err)
		}
		if len(d.attempts) != 1 || d.attempts[0].Status != 0 {
			t.Errorf("attempts to reach %s: %+v", target.URL, d.attempts)
		}
	}
	if denied < 20 {
		t.Errorf("only %d targets", denied)
	}
}

// loop finds every name at this machine.
type loop struct{}

func (loop) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
}
