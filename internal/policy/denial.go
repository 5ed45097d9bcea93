package policy

import (
	"fmt"

	"github.com/stowgate/stowgate/internal/fault"
)

// A Denial is why something is not allowed. It wraps fault.Denied.
type Denial struct {
	Reason Reason
	Detail string // a sentence for the app's owner; not for strangers
}

// Error returns the reason and the detail.
func (d *Denial) Error() string { return d.Reason.String() + " (" + d.Detail + ")" }

// Unwrap returns fault.Denied.
func (d *Denial) Unwrap() error { return fault.Denied }

func deny(r Reason, format string, args ...any) *Denial {
	return &Denial{Reason: r, Detail: fmt.Sprintf(format, args...)}
}

// A Reason says which condition failed. The zero Reason is none of them.
type Reason uint8

// The reasons, in the order in which they are looked for; their numbers are kept
// with uploads in parts.
const (
	AppDisabled         Reason = 1 + iota // the app's owner switched it off
	NoCredentials                         // the action needs a policy and signature, and one is missing
	BadSignature                          // no live secret of the app made the signature
	BadPolicy                             // the policy cannot be read
	Expired                               // its time is over
	Revoked                               // it was taken back
	CallNotAllowed                        // it does not list the action
	OtherAsset                            // it is for another asset
	PathNotAllowed                        // the storage path does not match, or makes no sense
	ContainerNotAllowed                   // the container does not match
	URLNotAllowed                         // the source does not match, or makes no sense
	TooSmall                              // the file has fewer bytes than it asks for
	TooLarge                              // the file has more bytes than it allows
	UsedUp                                // it was used as often as it allows
	OriginNotAllowed                      // the app lists the origins of its pages, and not this one
	TypeNotAllowed                        // the app lists the types of its files, and this is not among them
	QuotaReached                          // the app may not store more
)

// Reasons lists every reason, for tests that no table lacks one.
var Reasons = []Reason{AppDisabled, NoCredentials, BadSignature, BadPolicy, Expired, Revoked, CallNotAllowed,
	OtherAsset, PathNotAllowed, ContainerNotAllowed, URLNotAllowed, TooSmall, TooLarge, UsedUp, OriginNotAllowed,
	TypeNotAllowed, QuotaReached}

var reasons = [...]string{"denied", "app disabled", "no credentials", "bad signature", "bad policy", "policy expired",
	"policy revoked", "call not allowed", "other asset", "path not allowed", "container not allowed", "URL not allowed",
	"file too small", "file too large", "policy used up", "origin not allowed",
	"type not allowed", "quota reached"}

// String returns the reason in a few words.
func (r Reason) String() string {
	if int(r) >= len(reasons) {
		return reasons[0]
	}
	return reasons[r]
}
