// Package policytest is what the tests of credentials share.
package policytest

import (
	"bufio"
	"encoding/json"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/policy"
)

// Secrets returns secrets with these keys, which were made an hour before now.
func Secrets(now time.Time, keys ...string) (secrets []policy.Secret) {
	for _, key := range keys {
		secrets = append(secrets, policy.Secret{Key: key, Created: now.Add(-time.Hour)})
	}
	return secrets
}

// Reason returns the reason of a denial, and 0 for nil. It fails the test for any
// other error, and for a denial without a reason or a detail.
func Reason(t testing.TB, err error) policy.Reason {
	t.Helper()
	if err == nil {
		return 0
	}
	var d *policy.Denial
	if !errors.As(err, &d) || d.Reason == 0 || d.Detail == "" || !errors.Is(err, fault.Denied) {
		t.Fatalf("error %v is no complete denial", err)
	}
	return d.Reason
}

// Vectors returns the values of a file that has one in each line as JSON, of
// which there are at least so many.
func Vectors[T any](t testing.TB, file string, least int) (all []T) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var v T
		if err := json.Unmarshal(lines.Bytes(), &v); err != nil {
			t.Fatal(err)
		}
		all = append(all, v)
	}
	if lines.Err() != nil || len(all) < least {
		t.Fatalf("%d vectors, want %d or more: %v", len(all), least, lines.Err())
	}
	return all
}
