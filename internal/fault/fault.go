// Package fault names the kinds of failure that a caller can act on. It knows
// no status codes and no texts for strangers: each protocol has its own table.
package fault

import (
	"context"
	"errors"
)

// A Kind says what went wrong in terms a caller can act on. It is an error,
// and is attached by wrapping: fmt.Errorf("open asset %s: %w", id, fault.NotFound).
type Kind uint8

// The kinds. Internal is the zero value: an error nobody classified is refused.
const (
	Internal    Kind = iota // nobody knows; an operator must look
	Invalid                 // the request makes no sense as it is
	Denied                  // the grant does not allow it
	NotFound                // there is no such thing, or not for this caller
	Conflict                // the thing is not in the state the request needs
	TooLarge                // over a limit on size, count or length
	Unsupported             // known, but not available here
	Unreachable             // a remote server did not give what was asked of it
	Mismatch                // bytes that arrived differ from their declared checksum or length
	Busy                    // a limit on rate or concurrency; the same request may work later
	Unavailable             // this node cannot keep its promises now (disk full, failed sync, draining)
	Damaged                 // stored bytes differ from their checksum
	Canceled                // the caller went away, or its deadline passed
)

// Kinds lists every kind, for tests that no table lacks one.
var Kinds = []Kind{Internal, Invalid, Denied, NotFound, Conflict, TooLarge, Unsupported,
	Unreachable, Mismatch, Busy, Unavailable, Damaged, Canceled}

var names = [...]string{"internal", "invalid", "denied", "not found", "conflict", "too large", "unsupported",
	"unreachable", "mismatch", "busy", "unavailable", "damaged", "canceled"}

func (k Kind) Error() string {
	if int(k) >= len(names) {
		return names[Internal]
	}
	return names[k]
}

// Of returns the kind of err: the first one found in its tree, Canceled for an
// ended context, and Internal for everything else.
func Of(err error) Kind {
	var k Kind
	switch {
	case errors.As(err, &k):
		return k
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return Canceled
	}
	return Internal
}
