package insight

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/policy"
)

// An Action is what a request asks for, in more words than a policy has.
type Action uint8

// The actions.
const (
	Other     Action = iota
	Upload           // a file is stored, or an upload in parts begun
	Part             // all else of an upload in parts
	Read             // a file as it is
	Stat             // what is known of a file
	Convert          // a transformation
	Overwrite        // a file's content is replaced
	Remove           // a file is removed
	actions
)

var actionNames = [actions]string{"other", "upload", "part", "read", "stat", "convert", "overwrite", "remove"}

func (a Action) String() string { return actionNames[a] }

// ParseAction is the inverse of String; it returns Other for everything else.
func ParseAction(text string) Action { return Action(max(0, slices.Index(actionNames[:], text))) }

// A Visit is one request that was answered.
type Visit struct {
	App    string // key of an app that exists; empty when the request has no such key
	Action Action
	Err    error  // why it was refused or failed; nil if it was not
	Secret string // fingerprint of the secret that its policy was signed with; empty for none
	Time   time.Time

	In, Out int64 // bytes of bodies

	// What a refusal tells besides.
	Asset   string // handle, if it is about one
	Request string // ID
	Method  string
	Path    string // without the query
	Agent   string
	Client  netip.Addr
}

// An outcome is how a request ended.
type outcome uint8

const (
	allowed outcome = iota
	refused         // a policy, or a limit, does not allow it
	failed          // anything else
	outcomes
)

var outcomeNames = [outcomes]string{"allowed", "refused", "failed"}

// maxReason is above every policy.Reason; above it are the kinds of faults.
const maxReason = 32

// A reason is a policy.Reason, or maxReason and a fault.Kind.
type reason uint8

const allReasons = maxReason + 16

func (r reason) String() string {
	if r < maxReason {
		return policy.Reason(r).String()
	}
	return fault.Kind(r - maxReason).Error()
}

// judge returns how a request ended that ended with err, and why.
func judge(err error) (outcome, reason) {
	if err == nil {
		return allowed, 0
	}
	var denial *policy.Denial
	if errors.As(err, &denial) {
		return refused, reason(min(denial.Reason, maxReason-1))
	}
	kind := fault.Of(err)
	switch kind {
	case fault.Denied, fault.TooLarge, fault.Busy:
		return refused, maxReason + reason(kind)
	}
	return failed, maxReason + reason(kind)
}

// A Refusal is a request that a policy or a limit did not allow, as the app's
// owner may see it: without any secret, and with only the network of the client.
type Refusal struct {
	Time    time.Time `json:"time"`
	App     string    `json:"app"`
	Action  string    `json:"action"`
	Asset   string    `json:"handle,omitempty"`
	Reason  string    `json:"reason"`
	Detail  string    `json:"detail,omitempty"` // a sentence
	Client  string    `json:"client"`           // a network, /24 or /48
	Agent   string    `json:"agent"`
	Request string    `json:"request"`
	Method  string    `json:"method"`
	Path    string    `json:"path"`
}

// maxText is how many bytes of a text that a client chose are kept.
const maxText = 300

// refusal returns what v tells, with each text made clean.
func (v *Visit) refusal(why reason, clean func(string) string) Refusal {
	tidy := func(text string) string {
		text = clean(strings.ToValidUTF8(text, "\uFFFD"))
		if len(text) <= maxText {
			return text
		}
		end := maxText
		for !utf8.RuneStart(text[end]) {
			end--
		}
		return text[:end] + "…"
	}
	return Refusal{
		Time: v.Time.UTC(), App: v.App, Action: v.Action.String(), Asset: tidy(v.Asset), Reason: why.String(),
		Detail: tidy(detail(v.Err)), Client: network(v.Client), Agent: tidy(v.Agent), Request: v.Request,
		Method: tidy(v.Method), Path: tidy(v.Path),
	}
}

// detail says in a sentence why err came. What an error says that is no denial
// may be about this server, and is not told.
func detail(err error) string {
	var denial *policy.Denial
	if errors.As(err, &denial) {
		return denial.Detail
	}
	switch fault.Of(err) {
	case fault.TooLarge:
		return "the file, or what is to be made of it, is over a limit of the app or of the server"
	case fault.Busy:
		return "too many requests at once, or in a short time"
	}
	return "no app has the API key, or the file is another app's"
}

// network returns addr without what tells one client from its neighbours.
func network(addr netip.Addr) string {
	bits := 48
	if addr = addr.Unmap(); addr.Is4() {
		bits = 24
	}
	prefix, err := addr.Prefix(bits)
	if err != nil {
		return ""
	}
	return prefix.String()
}
