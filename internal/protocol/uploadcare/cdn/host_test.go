package cdn

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stowgate/stowgate/internal/delivery"
	"github.com/stowgate/stowgate/internal/fault"
)

// TestPrefix computes prefixes as clients do.
func TestPrefix(t *testing.T) {
	text, err := os.ReadFile("testdata/prefixes.json")
	if err != nil {
		t.Fatal(err)
	}
	var want map[string]string
	if err := json.Unmarshal(text, &want); err != nil || len(want) == 0 {
		t.Fatalf("%d prefixes, %v", len(want), err)
	}
	for key, want := range want {
		if got := prefix(key); got != want {
			t.Errorf("prefix(%q) = %q, want %q", key, got, want)
		}
	}
}

func TestLabel(t *testing.T) {
	a := New(Config{Zone: "CDN.Example.com"})
	for host, want := range map[string]string{
		"Key.cdn.example.com": "key", "KEY.CDN.EXAMPLE.COM.:8080": "key", "prefix.s.cdn.example.com": "prefix",
		"cdn.example.com": "", "a.b.cdn.example.com": "", "a.b.s.cdn.example.com": "", "key.example.com": "", "keycdn.example.com": "",
		"key.cdn.example.com.evil.test": "", "": "", ".cdn.example.com": "",
	} {
		if got := a.label(host); got != want {
			t.Errorf("label(%q) = %q, want %q", host, got, want)
		}
	}
	if got := New(Config{}).label("key."); got != "" {
		t.Errorf("without a zone a host calls %q", got)
	}
}

// A register lists keys, and counts how often.
type register struct {
	apps
	keys   []string
	listed int
	err    error
}

func (r *register) AppKeys(context.Context) ([]string, error) {
	r.listed++
	return r.keys, r.err
}

// TestDirectory holds that strangers' names have the apps listed no more often
// than every relist, and that a new app is found then.
func TestDirectory(t *testing.T) {
	clock := now
	r := &register{keys: []string{"AKeyz", "AOtherz", "ATWINz", "AtwinZ"}}
	d := &directory{apps: r, now: func() time.Time { return clock }}
	find := func(label, want string, listed int) {
		t.Helper()
		got, err := d.key(t.Context(), label)
		if got != want || want == "" != errors.Is(err, fault.NotFound) || r.listed != listed {
			t.Errorf("key(%q) = %q, %v after %d lists, want %q after %d", label, got, err, r.listed, want, listed)
		}
	}
	find("akeyz", "AKeyz", 1)
	find(prefix("AOtherz"), "AOtherz", 1)
	find("atwinz", "", 1) // whose of the two is not known
	find(prefix("ATWINz"), "ATWINz", 1)
	find(prefix("AtwinZ"), "AtwinZ", 1)
	r.keys = append(r.keys, "ANewz")
	find("", "", 1)
	clock = now.Add(relist - 1)
	find("anewz", "", 1)
	clock = now.Add(relist)
	find("anewz", "ANewz", 2)
	find("nobody", "", 2)
	clock, r.err = clock.Add(relist), fault.Unavailable
	find("akeyz", "AKeyz", 2)
	if _, err := d.key(t.Context(), "nobody"); !errors.Is(err, fault.Unavailable) {
		t.Errorf("key without a catalog: %v", err)
	}
}

// TestAppKeys has the catalog list what it has.
func TestAppKeys(t *testing.T) {
	s := newStackWith(t, delivery.Config{})
	for _, key := range []string{openKey, securedKey, readsKey, otherKey} {
		if got, err := (&directory{apps: s.catalog, now: time.Now}).key(t.Context(), strings.ToLower(key)); got != key || err != nil {
			t.Errorf("key of %s = %q, %v", key, got, err)
		}
	}
}
