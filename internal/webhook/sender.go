package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"strings"
	"time"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/job"
)

// Timeout is how long a receiver may take to answer.
const Timeout = 30 * time.Second

// client sends requests, and reaches nothing private; see package fetch.
type client interface {
	Post(ctx context.Context, url string, header map[string]string, content []byte) (status int, begin []byte, err error)
}

// records know hooks and note what became of them.
type records interface {
	Receiver(ctx context.Context, id string) (Hook, error)
	Note(ctx context.Context, hook string, a Attempt) error
}

// A Sender makes deliveries.
type Sender struct {
	records records
	client  client
	formats Formats
	now     func() time.Time
	log     *slog.Logger
}

// NewSender returns a Sender. The client must give up after Timeout.
func NewSender(records records, client client, formats Formats, now func() time.Time, log *slog.Logger) *Sender {
	return &Sender{records, client, formats, now, log}
}

// Deliver makes one attempt of the delivery that j is. After an error it is to
// be made again, unless that wraps job.ErrGiveUp.
func (s *Sender) Deliver(ctx context.Context, j job.Job) error {
	var m Message
	if err := json.Unmarshal(j.Payload, &m); err != nil {
		return fmt.Errorf("read delivery: %w: %w", err, job.ErrGiveUp)
	}
	h, err := s.records.Receiver(ctx, m.Hook)
	switch {
	case errors.Is(err, fault.NotFound):
		return fmt.Errorf("the webhook was removed: %w", job.ErrGiveUp)
	case err != nil:
		return err
	case !h.Enabled && m.Kind != Test:
		return fmt.Errorf("the webhook is switched off: %w", job.ErrGiveUp)
	}
	if m.Body == "" { // of a test by a process that knows no addresses
		body, err := s.formats[h.Format].Body(h, asset.Event{ID: m.Event, App: h.App, Kind: m.Kind, Time: j.Created, Fact: TestFact})
		if err != nil {
			return err
		}
		m.Body = string(body)
	}
	a := Attempt{Job: j.ID, Event: m.Event, Number: j.Attempt, Began: s.now()}
	reach("die-before-send")
	status, begin, err := s.client.Post(ctx, h.URL, s.header(h, m, j.Attempt), []byte(m.Body))
	reach("die-after-send")
	if ctx.Err() != nil {
		return ctx.Err() // the server ends: as if it had not begun
	}
	a.Took, a.Status, a.Error = s.now().Sub(a.Began), status, explain(s.formats[h.Format], status, err)
	a.Answer = strings.ReplaceAll(strings.ToValidUTF8(string(begin), "\uFFFD"), "\x00", "")
	if err := s.records.Note(ctx, h.ID, a); err != nil {
		s.log.Error("cannot note a delivery", "webhook", h.ID, "err", err)
	}
	if a.Error == "" {
		return nil
	}
	s.log.Info("webhook not delivered", "webhook", h.ID, "event", m.Event, "attempt", a.Number, "status", status, "err", err)
	return errors.New(a.Error)
}

// header returns the fields of an attempt. While two secrets live, attempts are
// signed with the newer and the older one in turn: a receiver that knows either
// accepts the first or the second.
func (s *Sender) header(h Hook, m Message, attempt int) map[string]string {
	header := map[string]string{"Content-Type": "application/json", "User-Agent": "stowgate"}
	now := s.now()
	if live := h.Live(now); len(live) > 0 {
		secret := live[max(0, attempt-1)%len(live)]
		maps.Copy(header, s.formats[h.Format].Sign(secret.Key, []byte(m.Body), now))
	}
	return header
}

// explain says in words why an attempt is no success, and returns "" if it is
// one. Of a network it tells no more than fetch would have a stranger know.
// Filestack documentation: "Webhooks" (200, 201 and 204 are success).
func explain(f Format, status int, err error) string {
	switch {
	case err != nil:
		return "no answer: the address is unknown, not public, or did not answer in time"
	case status == 200, status == 201, status == 204, f.AnySuccess && status >= 200 && status < 300:
		return ""
	case status >= 300 && status < 400:
		return fmt.Sprintf("the answer was a redirect (%d), which is not followed", status)
	case f.AnySuccess:
		return fmt.Sprintf("the answer had status %d, not 200 to 299", status)
	}
	return fmt.Sprintf("the answer had status %d, not 200, 201 or 204", status)
}
