// Package badge seals who acts into a text that policies carry. A signed policy is
// made for anybody who has it; one with a badge says in the audit log whom this
// server has made it for.
package badge

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"

	"github.com/stowgate/stowgate/internal/catalog/record"
	"github.com/stowgate/stowgate/internal/policy"
)

// Seal returns the badge of by. It counts in policies of app that expire at the
// given time, and nobody else can make one.
func Seal(box record.Box, app string, by policy.Person, expires time.Time) (string, error) {
	plain, err := json.Marshal(by)
	if err != nil {
		return "", fmt.Errorf("seal badge: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(box.Seal(name(app, expires), plain)), nil
}

// Open returns who acts by use with a grant of app. It is nobody if the badge was
// made for another policy, or is none of this server's.
func Open(box record.Box, app string, use policy.Use) policy.Person {
	if use.Badge == "" || use.By != (policy.Person{}) {
		return use.By
	}
	sealed, err := base64.RawURLEncoding.DecodeString(use.Badge)
	if err != nil {
		return policy.Person{}
	}
	var by policy.Person
	if plain, err := box.Open(name(app, use.Expires), sealed); err != nil || json.Unmarshal(plain, &by) != nil {
		return policy.Person{}
	}
	return by
}

// name is what a badge is sealed for.
func name(app string, expires time.Time) string {
	return fmt.Sprintf("badge %d %s", record.Nanos(expires), app)
}
