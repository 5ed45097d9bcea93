// Package hook words events as Filestack's webhooks do, and signs them so that
// its clients' own checks accept them. Sending them is left to others.
// Filestack documentation: "Webhooks".
package hook

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"strconv"
	"time"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/protocol/filestack/answer"
)

// actions are what Filestack calls the kinds of events. What tries a receiver
// looks like an upload.
var actions = map[string]string{
	asset.Uploaded:    "fp.upload",
	asset.Overwritten: "fp.overwrite",
	asset.Deleted:     "fp.delete",
	test:              "fp.upload",
}

// test is the kind of an event that is none.
const test = "test"

// Words returns what Filestack calls the kinds of events that it has words for.
func Words() map[string]string {
	words := maps.Clone(actions)
	delete(words, test)
	return words
}

// local is the client of a file that came from no cloud.
const local = "Computer"

// An envelope is around every payload. Its ID is the same each time that an
// event is told.
type envelope struct {
	ID        int64  `json:"id"`
	Action    string `json:"action"`
	Timestamp int64  `json:"timestamp"`      // seconds since 1970, of the event
	Test      bool   `json:"test,omitempty"` // Stowgate's own
	Text      any    `json:"text"`
}

type uploaded struct {
	Container string              `json:"container"`
	URL       string              `json:"url"`
	Filename  string              `json:"filename"`
	Client    string              `json:"client"`
	Key       string              `json:"key"`
	Type      string              `json:"type"`
	Status    string              `json:"status"`
	Size      int64               `json:"size"`
	Tags      map[string]string   `json:"upload_tags,omitempty"`
	Workflows map[string]workflow `json:"workflows,omitempty"`
}

type workflow struct {
	Job string `json:"jobid"`
}

type overwritten struct {
	Mimetype  string `json:"mimetype"`
	URL       string `json:"url"`
	Writeable bool   `json:"isWriteable"`
	Filename  string `json:"filename"`
	Client    string `json:"client"`
	Size      int64  `json:"size"`
}

type deleted struct {
	URL string `json:"url"`
}

// Body returns what is sent of e to a subscriber of assets at p. The error wraps
// fault.Unsupported if Filestack has no word for it.
func Body(p answer.Place, e asset.Event) ([]byte, error) {
	action, ok := actions[e.Kind]
	if !ok {
		return nil, fmt.Errorf("tell of %q: %w", e.Kind, fault.Unsupported)
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(envelope{ID: e.ID, Action: action, Timestamp: e.Time.Unix(), Test: e.Kind == test, Text: text(p, e)})
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// text returns the part of a payload that is of one action.
func text(p answer.Place, e asset.Event) any {
	f := e.Fact
	client := f.Client
	if client == "" {
		client = local
	}
	switch e.Kind {
	case asset.Deleted:
		return deleted{p.Link(f.ID)}
	case asset.Overwritten:
		return overwritten{Mimetype: f.Type, URL: p.Link(f.ID), Writeable: true, Filename: f.Name, Client: client, Size: f.Size}
	}
	file := asset.Asset{ID: f.ID, Name: f.Name, Container: f.Container, Path: f.Path}
	u := uploaded{
		Container: p.ContainerOf(file), URL: p.Link(f.ID), Filename: f.Name, Client: client,
		Key: answer.StorageKey(file), Type: f.Type, Status: "Stored", Size: f.Size, Tags: f.Tags,
	}
	for _, w := range f.Workflows {
		if u.Workflows == nil {
			u.Workflows = map[string]workflow{}
		}
		u.Workflows[w.ID] = workflow{w.Job}
	}
	return u
}

// Sign returns the header fields that show to who knows the secret that body
// comes from here, and that it was sent now.
// Source: filestack-js, src/lib/api/security.ts (validateWebhookSignature).
func Sign(secret string, body []byte, now time.Time) map[string]string {
	at := strconv.FormatInt(now.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(at + "."))
	mac.Write(body)
	return map[string]string{"FS-Timestamp": at, "FS-Signature": hex.EncodeToString(mac.Sum(nil))}
}
