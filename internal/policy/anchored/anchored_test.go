package anchored

import (
	"errors"
	"strings"
	"testing"

	"github.com/stowgate/stowgate/internal/fault"
)

func pattern(t *testing.T, text string, whole bool) Pattern {
	t.Helper()
	p, err := Parse(text, whole)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestB10Patterns has the rows of B9 and B10: what a pattern matches, and what
// is no pattern.
func TestB10Patterns(t *testing.T) {
	for _, tt := range []struct {
		pattern, text string
		match, whole  bool // whole: with the option
	}{
		{"/public/.*", "/public/a", true, true},
		{"/public/", "/public/a", true, false},
		{"/public/", "/private/public/a", false, false},
		{"a|b", "bx", true, false},
		{"a|b", "xb", false, false},
		{"^a|b", "xb", false, false},
		{"a|b$", "ab", true, false},
		{"^/public/[a-z]+$", "/public/a", true, true},
		{"^/public/[a-z]+$", "/public/a1", false, false},
		{"^/public/[a-z]+$", "/public/a\n", false, false},
		{"^/public/[a-z]+$", "/public/a\n/x", false, false},
		{"/[a-z]+$", "/a\n", false, false},
		{".*", "/a\nb", true, false},
		{"(?i)/A", "/a", true, true},
		{"(?s).*", "/a\nb", true, true},
		{`\z`, "x", false, false},
	} {
		if got := pattern(t, tt.pattern, false).Match(tt.text); got != tt.match {
			t.Errorf("pattern %s on %q = %v, want %v", tt.pattern, tt.text, got, tt.match)
		}
		if got := pattern(t, tt.pattern, true).Match(tt.text); got != tt.whole {
			t.Errorf("whole pattern %s on %q = %v, want %v", tt.pattern, tt.text, got, tt.whole)
		}
	}
	if !(Pattern{}).Match("anything") {
		t.Error("the zero pattern does not match everything")
	}
	// The text of a policy's pattern must be an expression by itself.
	for _, bad := range []string{"", "a)|(b", "(", `(a)\1`, "(?=a)", "(?<!a)", `[`, "(?m)^a", "(?m)a$", "(?m:^a)|b", "\xff",
		"((a{1,100}){1,100}){1,100}", "(x{500}){2,3}"} {
		for _, whole := range []bool{false, true} {
			if p, err := Parse(bad, whole); !errors.Is(err, fault.Invalid) || p != (Pattern{}) {
				t.Errorf("Parse(%q) = %v, %v, want Invalid", bad, p, err)
			}
		}
	}
}

func TestB9PatternLimits(t *testing.T) {
	for n, want := range map[int]error{Max - 1: nil, Max: nil, Max + 1: fault.Invalid} {
		if _, err := Parse(strings.Repeat("a", n), false); !errors.Is(err, want) {
			t.Errorf("pattern of %d bytes: %v, want %v", n, err, want)
		}
	}
	// A character is one step, and the beginning and the end are two more.
	steps := func(n int) string {
		text := strings.Repeat("a{99}", 10)
		return text + strings.Repeat("b", n-2-990)
	}
	for n, want := range map[int]error{maxSteps - 1: nil, maxSteps: nil, maxSteps + 1: fault.Invalid} {
		if _, err := Parse(steps(n), false); !errors.Is(err, want) {
			t.Errorf("pattern of %d steps: %v, want %v", n, err, want)
		}
	}
	// What makes other engines hang is a small program here, and a program of
	// so many steps reads a text of bounded length once.
	for _, hostile := range []string{"(a+)+$", "^(([a-z])+.)+[A-Z]([a-z])+$", "(a|aa)+$", "(.*)*x", "([a-zA-Z]+)*$", "(a?){50}a{50}"} {
		p, err := Parse(hostile, false)
		if err != nil {
			t.Errorf("Parse(%q) = %v", hostile, err)
		}
		if p.Match(strings.Repeat("a", 1024)+"!") && hostile != "(a?){50}a{50}" {
			t.Errorf("%q matches", hostile)
		}
	}
}

// TestText: a pattern that was kept as text matches as it did before.
func TestText(t *testing.T) {
	for _, want := range []Pattern{{}, pattern(t, "a|b", false), pattern(t, "a|b", true), pattern(t, `(a)\z`, false), pattern(t, `\A(?:a)`, true)} {
		text, err := want.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		var got Pattern
		if err := got.UnmarshalText(text); err != nil || got != want {
			t.Errorf("%q was read as %+v, %v, want %+v", text, got, err, want)
		}
	}
	for _, text := range []string{"a", `\A(?:a`, `a)\z`, `\A(?:)`, `\A(?:a)b)`} {
		if err := new(Pattern).UnmarshalText([]byte(text)); !errors.Is(err, fault.Invalid) {
			t.Errorf("UnmarshalText(%q) = %v, want %v", text, err, fault.Invalid)
		}
	}
}
