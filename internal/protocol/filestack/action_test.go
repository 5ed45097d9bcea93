package filestack

import (
	"testing"

	"github.com/stowgate/stowgate/internal/protocol/filestack/taskurl"
)

// TestActions: whatever needs a credential is counted as something, and what is
// not counted has no app.
func TestActions(t *testing.T) {
	known := map[string]bool{"upload": true, "part": true, "read": true, "stat": true, "convert": true, "overwrite": true, "remove": true, "other": true}
	for _, route := range newStack(t, Config{}).api.Routes() {
		if route.Public == "" && !known[route.Action] {
			t.Errorf("%s %s is counted as %q", route.Method, route.Pattern, route.Action)
		}
	}
	for path, want := range map[string]string{
		"HANDLE": "read", "security=policy:P,signature:S/HANDLE": "read", "cache=false/HANDLE": "read", "preview/HANDLE": "read",
		"metadata/HANDLE": "stat", "security=policy:P,signature:S/metadata/HANDLE": "stat",
		"resize=width:1/HANDLE": "convert", "resize=width:1/metadata/HANDLE": "convert", "metadata/resize=width:1/HANDLE": "convert",
	} {
		chain, err := taskurl.Parse("/" + path)
		if got := actionOf(chain.Tasks); err != nil || got != want {
			t.Errorf("%s is counted as %q, %v; want %q", path, got, err, want)
		}
	}
}
