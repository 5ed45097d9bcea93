package policy

import (
	"errors"
	"strings"
	"testing"

	"github.com/stowgate/stowgate/internal/fault"
)

func TestCheckType(t *testing.T) {
	for _, tt := range []struct {
		types string
		is    string
		want  Reason
	}{
		{"", "text/html", 0},
		{"image/png", "image/png", 0},
		{"image/png", "image/png2", TypeNotAllowed},
		{"image/png", "image/PNG", TypeNotAllowed}, // types are detected in lowercase
		{"image/*", "image/svg+xml", 0},
		{"image/*", "imagery/png", TypeNotAllowed},
		{"image/*,application/pdf", "application/pdf", 0},
		{"image/*,application/pdf", "application/octet-stream", TypeNotAllowed},
		{"image/*", "", TypeNotAllowed},
	} {
		app := testApp()
		if tt.types != "" {
			app.Options.Types = strings.Split(tt.types, ",")
		}
		err := app.CheckType(tt.is)
		if got := reason(t, err); got != tt.want {
			t.Errorf("app of %q: CheckType(%q) = %v, want %v", tt.types, tt.is, err, tt.want)
		}
		if err != nil && !strings.Contains(err.Error(), app.Options.Types[0]) {
			t.Errorf("%q does not say what is taken", err)
		}
	}
}

func TestParseType(t *testing.T) {
	for text, want := range map[string]string{
		" Image/PNG ": "image/png", "video/*": "video/*", "image/svg+xml": "image/svg+xml",
		"*/*": "", "*": "", "image": "", "image/": "", "/png": "", "image/p*": "", "image/png; a=b": "", "a/b/c": "", "": "",
	} {
		got, err := ParseType(text)
		if got != want || (err != nil) != (want == "") || err != nil && !errors.Is(err, fault.Invalid) {
			t.Errorf("ParseType(%q) = %q, %v; want %q", text, got, err, want)
		}
	}
}

func TestCheckQuota(t *testing.T) {
	for _, tt := range []struct {
		maxFiles, maxBytes, files, bytes, size int64
		want                                   Reason
		says                                   string
	}{
		{0, 0, 1 << 40, 1 << 60, 1, 0, ""},
		{10, 0, 10, 1 << 60, 1, 0, ""},
		{10, 0, 11, 0, 0, QuotaReached, "10 of 10 files"},
		{0, 100, 1 << 40, 100, 40, 0, ""},
		{0, 100, 1, 101, 40, QuotaReached, "61 of 100 bytes, and the file has 40"},
	} {
		app := testApp()
		app.Options.MaxFiles, app.Options.MaxBytes = tt.maxFiles, tt.maxBytes
		err := app.CheckQuota(tt.files, tt.bytes, tt.size)
		if got := reason(t, err); got != tt.want || err != nil && !strings.Contains(err.Error(), tt.says) {
			t.Errorf("CheckQuota(%+v) = %v", tt, err)
		}
		if app.Options.Limited() != (tt.maxFiles+tt.maxBytes > 0) {
			t.Errorf("Limited of %+v", tt)
		}
	}
}

// TestM5Fingerprint: it tells secrets apart and not what they are, and is the
// same for good, because it is on record.
func TestM5Fingerprint(t *testing.T) {
	a, b := Secret{Key: testSecret}.Fingerprint(), Secret{Key: testSecret + "2"}.Fingerprint()
	if a == b || len(a) != 8 || strings.Contains(testSecret, a) {
		t.Errorf("fingerprints %q and %q", a, b)
	}
	if got := (Secret{Key: "secret"}).Fingerprint(); got != "94267020" {
		t.Errorf("the fingerprint of a known secret is %q", got)
	}
}
