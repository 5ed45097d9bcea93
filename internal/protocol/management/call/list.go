package call

import (
	"encoding/base64"
	"strconv"
	"time"

	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/manage"
)

// A Secret is one of an app or webhook, without its text.
type Secret struct {
	Fingerprint string    `json:"fingerprint"`
	Created     time.Time `json:"created"`
	Expires     time.Time `json:"expires,omitzero"`
	Live        bool      `json:"live"`
	Used        time.Time `json:"used,omitzero"` // as far as that is known
}

// ShowSecret returns a secret as answers have it.
func ShowSecret(s manage.Secret) Secret {
	return Secret{Fingerprint: s.Fingerprint, Created: s.Created.UTC(), Expires: s.Expires.UTC(), Live: s.Live}
}

// Before returns the number that the cursor of a page stands for; 0 for the
// first page.
func (c *Call) Before() (int64, error) {
	return Param(c, "cursor", "a cursor of this list", func(text string) (int64, error) {
		plain, err := base64.RawURLEncoding.DecodeString(text)
		if err != nil {
			return 0, err
		}
		n, err := strconv.ParseInt(string(plain), 36, 64)
		if err == nil && n <= 0 {
			err = fault.Invalid
		}
		return n, err
	})
}

// A List is a page of things.
type List[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty"` // the cursor of what comes after; absent at the end
}

// Listed returns all things, as they are shown.
func Listed[T, U any](things []T, show func(T) U) List[U] {
	l := List[U]{Items: make([]U, len(things))}
	for i, thing := range things {
		l.Items[i] = show(thing)
	}
	return l
}

// Paged returns the first of things, of which one more than limit was asked for.
func Paged[T, U any](things []T, limit int, id func(T) int64, show func(T) U) List[U] {
	next := ""
	if len(things) > limit {
		things = things[:limit]
		next = base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(id(things[limit-1]), 36)))
	}
	l := Listed(things, show)
	l.Next = next
	return l
}

// Texts returns a list that is written as one when it is empty, too.
func Texts(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}
