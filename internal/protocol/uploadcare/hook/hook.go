// Package hook words events as Uploadcare's webhooks do, and signs them so that
// its clients' own checks accept them. Sending them is left to others.
// Uploadcare documentation: "Webhooks", "Webhook notifications".
package hook

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"time"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/protocol/uploadcare/answer"
	"github.com/stowgate/stowgate/internal/webhook"
)

// Version is that of the payloads.
const Version = "0.7"

// words are what Uploadcare calls the kinds of events. It has none for a file
// whose content is replaced, because its files never change.
var words = map[string]string{
	asset.Uploaded: "file.uploaded",
	asset.Kept:     "file.stored",
	asset.Deleted:  "file.deleted",
	asset.Changed:  "file.info_updated",
}

// KindOf returns the kind of events that Uploadcare calls word, "" if it is none.
func KindOf(word string) string {
	for kind, w := range words {
		if w == word {
			return kind
		}
	}
	return ""
}

// Format returns how webhooks are told in Uploadcare's words of files at p.
func Format(p answer.Place) webhook.Format {
	return webhook.Format{
		Title:      "Uploadcare",
		Words:      maps.Clone(words),
		MinSecret:  1, // its owners chose signing secrets of any length up to 32 characters
		AnySuccess: true,
		Body:       func(h webhook.Hook, e asset.Event) ([]byte, error) { return Body(p, h, e) },
		Sign:       func(secret string, body []byte, _ time.Time) map[string]string { return Sign(secret, body) },
	}
}

// A payload is what is sent. Its members are in the order in which they were
// received from Uploadcare, which some receivers show.
type payload struct {
	Initiator initiator   `json:"initiator"`
	Hook      subscriber  `json:"hook"`
	Data      answer.File `json:"data"`
	File      string      `json:"file"`
	Previous  *previous   `json:"previous_values,omitempty"`
	Test      bool        `json:"test,omitempty"` // Stowgate's own
}

type initiator struct {
	Type   string `json:"type"`
	Detail detail `json:"detail"`
}

// A detail says what made something happen; nothing of it is kept with events.
type detail struct {
	Request *string `json:"request_id"`
	AddOn   *string `json:"addon_name"`
}

type subscriber struct {
	ID      int64  `json:"id"`
	Project int64  `json:"project_id"`
	Key     string `json:"project_pub_key"`
	Target  string `json:"target"`
	Event   string `json:"event"`
	Active  bool   `json:"is_active"`
	Version string `json:"version"`
	Created string `json:"created_at"`
	Updated string `json:"updated_at"`
}

// previous has the values before a change, of what changed.
type previous struct {
	Metadata *map[string]string `json:"metadata,omitempty"`
}

// Body returns what h is sent of e, about a file at p. The error wraps
// fault.Unsupported if Uploadcare has no word for it.
func Body(p answer.Place, h webhook.Hook, e asset.Event) ([]byte, error) {
	kind := e.Kind
	if kind == webhook.Test { // which looks like an upload
		kind = asset.Uploaded
	}
	word, ok := words[kind]
	if !ok {
		return nil, fmt.Errorf("tell of %q: %w", e.Kind, fault.Unsupported)
	}
	f := e.Fact
	file := asset.Asset{
		ID: f.ID, UUID: f.UUID, Name: f.Name, Type: f.Type, Detected: f.Detected, Width: f.Width, Height: f.Height,
		Tags: f.Tags, Labels: f.Labels, Picture: f.Picture, Created: f.Created, Stored: f.Stored,
	}
	if file.Created.IsZero() { // as it is in a test
		file.Created = e.Time
	}
	var trashed time.Time
	if kind == asset.Deleted {
		trashed = e.Time
	}
	told := payload{
		Initiator: initiator{Type: "api"},
		Hook: subscriber{
			ID: Number(h.ID, kind), Project: Number(e.App, ""), Key: e.App, Target: h.URL, Event: word, Active: h.Enabled,
			Version: Version, Created: answer.Time(h.Created), Updated: answer.Time(h.Created),
		},
		Data: p.Described(file, f.Size, trashed),
		File: p.File(file),
		Test: e.Kind == webhook.Test,
	}
	told.Data.AppData = struct{}{}
	if kind == asset.Changed {
		told.Previous = new(previous)
		if !maps.Equal(f.Previous, f.Tags) {
			told.Previous.Metadata = &f.Previous
		}
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(told)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// Number returns a positive number of 31 bits, always the same, for a name of
// ours and a kind of events, where Uploadcare's clients want a number. A webhook
// has one for each kind that it is told of, because Uploadcare's have one event.
func Number(name, kind string) int64 {
	sum := sha256.Sum256([]byte(name + "\x00" + kind))
	return max(1, int64(binary.BigEndian.Uint32(sum[:])>>1))
}

// Sign returns the header field that shows to who knows the secret that body
// comes from here.
// Source: uploadcare-ruby, lib/uploadcare/webhook_signature_verifier.rb.
func Sign(secret string, body []byte) map[string]string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return map[string]string{"X-Uc-Signature": "v1=" + hex.EncodeToString(mac.Sum(nil))}
}
