// Package webhook tells subscribers what has happened to assets, signed, until
// they answer. Which words an event is told in, a Format knows; when attempts
// are made, package job; records are left to the catalog.
package webhook

import (
	"cmp"
	"crypto/rand"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/job"
)

// What hooks are bounded by.
const (
	MaxHooks   = 20   // of an app
	MaxURL     = 2048 // bytes
	MaxSecrets = 2    // of a hook, while one takes over from another
	MaxSecret  = 256  // bytes

	DefaultMinSecret = 16 // bytes; a Format may say otherwise
)

// Events are the kinds that a hook may choose, as far as its format tells of them.
var Events = []string{asset.Uploaded, asset.Overwritten, asset.Deleted, asset.Kept, asset.Changed}

// Test is the kind of the event that is sent to try a hook.
const Test = "test"

// A Hook is an address that is told what happens to the assets of an app.
type Hook struct {
	ID      string
	App     string   // key
	URL     string   // may hold a token: not for logs
	Events  []string // kinds; empty means all that its format tells of
	Secrets []Secret // newest first; none means that nothing is signed
	Format  string   // names one of Formats
	Enabled bool
	Created time.Time
	Health  Health // kept by the catalog
}

// A Secret signs what a hook sends.
type Secret struct {
	Key     string    `json:"key"`
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires"` // zero means never
}

// Health is how a hook has fared.
type Health struct {
	Succeeded   time.Time // when an attempt last did
	Failures    int       // attempts since then
	Error       string    // of the last attempt, if it failed
	PausedUntil time.Time // after many failures; zero or past if it is not
	Waiting     int       // deliveries to come, counted up to 1000
}

// NewHook returns a hook with a fresh ID and secret, enabled and for all events.
func NewHook(app, format string, now time.Time) Hook {
	return Hook{ID: "hook_" + rand.Text(), App: app, Format: format, Enabled: true, Created: now,
		Secrets: []Secret{{Key: NewSecret(), Created: now}}}
}

// NewSecret returns a secret that nobody can guess.
func NewSecret() string { return rand.Text() }

// Queue names the queue of the hook's deliveries.
func (h Hook) Queue() string { return "hook:" + h.ID }

// Wants reports whether the hook is told of events of a kind.
func (h Hook) Wants(kind string) bool {
	return h.Enabled && (len(h.Events) == 0 || kind == Test || slices.Contains(h.Events, kind))
}

// Check returns nil if the hook makes sense, and otherwise an *account.Refusal of
// kind fault.Invalid or fault.TooLarge. Whether its address may be reached, only an attempt shows.
func (h Hook) Check(formats Formats) error {
	if len(h.URL) > MaxURL {
		return account.Refuse(fault.TooLarge, "url", "the address has %d bytes, and at most %d are allowed", len(h.URL), MaxURL)
	}
	u, err := url.Parse(h.URL)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || strings.ContainsAny(h.URL, " \t\r\n\\"):
		return account.Refuse(fault.Invalid, "url", "the address is no http or https URL")
	case u.User != nil:
		return account.Refuse(fault.Invalid, "url", "the address holds a user name or password; requests are signed instead")
	case u.Fragment != "":
		return account.Refuse(fault.Invalid, "url", "the address has a fragment (#), which is never sent")
	}
	format, ok := formats[h.Format]
	if !ok {
		return account.Refuse(fault.Invalid, "format", "there is no format %q: there are %s", h.Format, strings.Join(slices.Sorted(maps.Keys(formats)), ", "))
	}
	for _, kind := range h.Events {
		switch {
		case !slices.Contains(Events, kind):
			return account.Refuse(fault.Invalid, "events", "there is no event %q: there are %s", kind, strings.Join(Events, ", "))
		case !format.Tells(kind):
			return account.Refuse(fault.Invalid, "events", "%s has no word for the event %s: it tells of %s", format.Title, kind, strings.Join(format.Kinds(), ", "))
		}
	}
	if len(h.Secrets) > MaxSecrets {
		return account.Refuse(fault.Invalid, "secret", "%d secrets, and at most %d live at once", len(h.Secrets), MaxSecrets)
	}
	least := cmp.Or(format.MinSecret, DefaultMinSecret)
	for _, s := range h.Secrets {
		if len(s.Key) < least || len(s.Key) > MaxSecret {
			return account.Refuse(fault.Invalid, "secret", "a secret of %d bytes, and it needs %d to %d", len(s.Key), least, MaxSecret)
		}
	}
	return nil
}

// Live returns the secrets that have not expired, newest first.
func (h Hook) Live(now time.Time) []Secret {
	var live []Secret
	for _, s := range h.Secrets {
		if s.Expires.IsZero() || now.Before(s.Expires) {
			live = append(live, s)
		}
	}
	return live
}

// Rotate puts a secret before the one that signs now, which goes on for keep, 0
// meaning not at all. The error wraps fault.Conflict if two live already and
// keep is not 0.
func (h *Hook) Rotate(key string, keep time.Duration, now time.Time) error {
	var old []Secret
	if keep > 0 {
		old = h.Live(now)
	}
	if len(old) >= MaxSecrets {
		return account.Refuse(fault.Conflict, "", "two secrets live already, the older until %s", old[1].Expires.UTC().Format(time.RFC3339))
	}
	for i := range old {
		old[i].Expires = now.Add(keep)
	}
	h.Secrets = append([]Secret{{Key: key, Created: now}}, old...)
	return nil
}

// A Delivery is an event that a hook is told of, once or again: a job.
type Delivery struct {
	Job      job.Job
	Message  Message
	Attempts []Attempt // oldest first; the latest of the hook only
}

// A Message is what is delivered: the payload of a delivery's job.
type Message struct {
	Hook  string `json:"hook"`
	Event int64  `json:"event"` // ID
	Kind  string `json:"kind"`  // of the event, or Test
	Body  string `json:"body"`  // as it is sent, each time the same; empty for a test that is worded then
}

// An Attempt is one request of a delivery, and how it ended.
type Attempt struct {
	Job    int64         `json:"job"`
	Event  int64         `json:"event"`
	Number int           `json:"number"` // of the delivery's, from 1
	Began  time.Time     `json:"began"`
	Took   time.Duration `json:"took"`   // nanoseconds
	Status int           `json:"status"` // of the answer; 0 if there was none
	Error  string        `json:"error"`  // in words; empty if it succeeded
	Answer string        `json:"answer"` // its beginning, if it was no success; text of a stranger
}

// MaxAttempts is how many attempts of a hook are kept.
const MaxAttempts = 100

// JobKind is the kind of the jobs that deliver.
const JobKind = "webhook"

// TestFact is what the event says that tries a hook: of an asset that does not
// exist.
var TestFact = asset.Fact{
	ID: "00000000000000000000", Name: "test.png", Type: "image/png", Detected: "image/png",
	Size: 1024, Width: 16, Height: 16, Version: 1, Client: "Computer",
}
