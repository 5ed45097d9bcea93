package outside

import (
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/policy"
)

func TestParse(t *testing.T) {
	long := strings.Repeat(strings.Repeat("a", maxPart)+".", 3) // 192 bytes
	for text, want := range map[string]string{
		"images.example.com": "images.example.com", " IMAGES.Example.COM ": "images.example.com", "*.Example.com": "*.example.com",
		"localhost": "localhost", "xn--bcher-kva.example": "xn--bcher-kva.example", "my_host.example": "my_host.example",
		"1.2.3.4.example": "1.2.3.4.example", "*.com": "*.com",
		long + strings.Repeat("b", maxHost-len(long)): long + strings.Repeat("b", maxHost-len(long)),
	} {
		if got, err := Parse(text); got != want || err != nil {
			t.Errorf("Parse(%q) = %q, %v, want %q", text, got, err, want)
		}
	}
	for _, text := range []string{
		"", "*", "*.", "**.example.com", "a.*.example.com", "*example.com", "example.com.", ".example.com", "a..example.com",
		"https://example.com", "example.com/", "example.com:443", "user@example.com", "bücher.example", "exa mple.com", "example.com\x00",
		"127.0.0.1", "*.0.0.1", "[::1]", "::1", "2130706433", "example.1",
		strings.Repeat("a", maxPart+1) + ".example", long + strings.Repeat("b", maxPart-1) + ".c",
	} {
		if got, err := Parse(text); err == nil {
			t.Errorf("Parse(%q) = %q, want an error", text, got)
		}
	}
}

func TestAuthorize(t *testing.T) {
	app := policy.App{Key: "key", Options: policy.Options{Sources: []string{"images.example.com", "*.example.org"}}}
	want := policy.Grant{App: "key", Actions: policy.Store, MaxSize: math.MaxInt64, Unsigned: true}
	for _, url := range []string{
		"https://images.example.com/a.png?b=c", "HTTP://Images.Example.Com:80", "https://images.example.com:8443/",
		"https://a.example.org/", "https://a.b.example.org/",
	} {
		if got, err := Authorize(app, url); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("Authorize %s = %+v, %v", url, got, err)
		}
	}
	for _, url := range []string{
		"https://example.com/", "https://other.example.com/", "https://a.images.example.com/", "https://example.org/", "https://.example.org/",
		"https://badexample.org/", "https://example.org.evil.test/", "https://images.example.com.evil.test/", "https://evil.test/images.example.com",
		"https://images.example.com.", "https://evil.test?images.example.com", "https://evil.test#images.example.com", "https://127.0.0.1/", "https://[::1]/",
	} {
		denied(t, url, app, url)
	}
	for _, url := range []string{
		"https://images.example.com@evil.test/", "https://evil.test@images.example.com/", "ftp://images.example.com/", "https:///images.example.com",
		`https://evil.test\@images.example.com/`, "https://images.example.com/../a", "images.example.com",
	} {
		if g, err := Authorize(app, url); !errors.Is(err, fault.Invalid) || g.Actions != 0 {
			t.Errorf("Authorize %s = %+v, %v, want %v", url, g, err, fault.Invalid)
		}
	}
	denied(t, "no list", policy.App{Key: "key"}, "https://images.example.com/")
	app.Disabled = true
	denied(t, "a disabled app", app, "https://images.example.com/")
}

func denied(t *testing.T, what string, app policy.App, url string) {
	t.Helper()
	var denial *policy.Denial
	if g, err := Authorize(app, url); !errors.As(err, &denial) || !reflect.DeepEqual(g, policy.Grant{}) {
		t.Errorf("%s: Authorize %s = %+v, %v, want a denial", what, url, g, err)
	}
}
