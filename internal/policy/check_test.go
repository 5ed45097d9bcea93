package policy

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stowgate/stowgate/internal/fault"
)

func pattern(t testing.TB, text string, whole bool) Pattern {
	t.Helper()
	p, err := ParsePattern(text, whole)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestCheck(t *testing.T) {
	g := Grant{
		App: "A", Actions: everything &^ EXIF, Expires: testNow.Add(time.Second), MinSize: 5, MaxSize: 10,
		Path: pattern(t, "/public/", false), Container: pattern(t, "user-[0-9]+", false), URL: pattern(t, `https://example\.org/`, false),
	}
	good := Request{Action: Store, Path: "public/a", Container: "user-1", URL: "https://example.org/a", Size: 7}
	change := func(f func(*Request)) Request {
		r := good
		f(&r)
		return r
	}
	for _, tt := range []struct {
		name    string
		request Request
		want    Reason
	}{
		{"all well", good, 0},
		{"no action", change(func(r *Request) { r.Action = 0 }), CallNotAllowed},
		{"exif", Request{Action: EXIF}, CallNotAllowed},
		{"exif or another", Request{Action: EXIF | Stat}, 0},
		{"size at the least", change(func(r *Request) { r.Size = 5 }), 0},
		{"size under it", change(func(r *Request) { r.Size = 4 }), TooSmall},
		{"size at the most", change(func(r *Request) { r.Size = 10 }), 0},
		{"size over it", change(func(r *Request) { r.Size = 11 }), TooLarge},
		{"size not known", change(func(r *Request) { r.Size = -1 }), 0},
		{"no size when reading", Request{Action: Read, Asset: assetA}, 0},
		{"size when overwriting", Request{Action: Write, Asset: assetA, Size: 11}, TooLarge},
		{"size when overwriting from a URL", Request{Action: WriteURL, Asset: assetA, Size: 11}, TooLarge},
		{"leading slash", change(func(r *Request) { r.Path = "/public/a" }), 0},
		{"other path", change(func(r *Request) { r.Path = "private/a" }), PathNotAllowed},
		{"no path", change(func(r *Request) { r.Path = "" }), PathNotAllowed},
		{"path that climbs", change(func(r *Request) { r.Path = "public/../private" }), PathNotAllowed},
		{"no path when converting", Request{Action: Convert, Asset: assetA}, 0},
		{"no container", change(func(r *Request) { r.Container = "" }), ContainerNotAllowed},
		{"container with a prefix", change(func(r *Request) { r.Container = "xuser-1" }), ContainerNotAllowed},
		{"no source", change(func(r *Request) { r.URL = "" }), 0},
		{"other source", change(func(r *Request) { r.URL = "https://example.net/" }), URLNotAllowed},
		{"source with a user", change(func(r *Request) { r.URL = "https://example.org/@evil.test/" }), 0},
		{"converting another source", Request{Action: Convert, URL: "https://example.net/"}, URLNotAllowed},
		{"overwriting from another source", Request{Action: WriteURL, URL: "https://example.net/", Size: 7}, URLNotAllowed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := g.Check(tt.request, testNow)
			if got := reason(t, err); got != tt.want {
				t.Errorf("Check(%+v) = %v, want %v", tt.request, err, tt.want)
			}
		})
	}

	if err := g.Check(good, g.Expires); reason(t, err) != Expired {
		t.Errorf("at its expiry: Check = %v, want Expired", err)
	}
	if err := g.Check(good, g.Expires.Add(-1)); err != nil {
		t.Errorf("just before its expiry: Check = %v", err)
	}
	for i := range calls {
		if err := (Grant{}).Check(Request{Action: 1 << i}, testNow); reason(t, err) != CallNotAllowed {
			t.Errorf("zero grant: Check(%v) = %v, want CallNotAllowed", Action(1<<i), err)
		}
	}
	free := Grant{Actions: Store, MaxSize: math.MaxInt64} // no pattern, and still no path that climbs
	for path, want := range map[string]Reason{"": 0, "a/b": 0, "a/../b": PathNotAllowed, "a\\b": PathNotAllowed} {
		if err := free.Check(Request{Action: Store, Path: path}, testNow); reason(t, err) != want {
			t.Errorf("no pattern: Check of path %q = %v, want %v", path, err, want)
		}
	}
}

func TestGrantJSON(t *testing.T) {
	all := Grant{
		App: "A", Actions: everything, Expires: testNow.Add(time.Nanosecond), Asset: assetA, MinSize: 1, MaxSize: math.MaxInt64,
		Path: pattern(t, `^/a/(b|<c>)\z`, false), Container: pattern(t, "a|b", true), URL: pattern(t, `https://ü\.example/"`, true),
		Use:      Use{Digest: Digest("x"), Limit: 3, Expires: testNow},
		Unsigned: true, Open: public, Refusal: Denial{Reason: Expired, Detail: "yesterday"},
	}
	for _, g := range []Grant{{}, all, Public(App{Key: "A"}), Full(testApp(testSecret))} {
		text, err := json.Marshal(g)
		if err != nil {
			t.Fatal(err)
		}
		var back Grant
		if err := json.Unmarshal(text, &back); err != nil || back != g {
			t.Errorf("%s comes back as %+v, %v, want %+v", text, back, err, g)
		}
	}
	for _, bad := range []string{`"/a"`, `"\\A(?:a"`, `"\\A(?:)"`, `"\\A(?:(a)"`, `"\\A(?:a)|(b)"`, `1`} {
		var g Grant
		if err := json.Unmarshal([]byte(`{"Path":`+bad+`}`), &g); err == nil {
			t.Errorf("pattern %s is read as %v", bad, g.Path)
		}
	}
}

func TestB11CanonicalPath(t *testing.T) {
	for _, tt := range []struct {
		path, want string
		err        error
	}{
		{"", "", nil},
		{"/", "", nil},
		{"a", "a", nil},
		{"/a/b.png", "a/b.png", nil},
		{"a/", "a/", nil},
		{"/public/%2e%2e/x", "public/%2e%2e/x", nil}, // decoded already: this is its name
		{"a/...", "a/...", nil},
		{"ä/日本", "ä/日本", nil},
		{"//", "", fault.Invalid},
		{"//a", "", fault.Invalid},
		{"a//b", "", fault.Invalid},
		{"a//", "", fault.Invalid},
		{".", "", fault.Invalid},
		{"./a", "", fault.Invalid},
		{"a/./b", "", fault.Invalid},
		{"..", "", fault.Invalid},
		{"/public/../private/a", "", fault.Invalid},
		{"a/..", "", fault.Invalid},
		{"a/../", "", fault.Invalid},
		{`a\..\b`, "", fault.Invalid},
		{"a\x00", "", fault.Invalid},
		{"a\nb", "", fault.Invalid},
		{"a\u0085b", "", fault.Invalid},
		{"a\x7f", "", fault.Invalid},
		{"a\xff", "", fault.Invalid},
		{strings.Repeat("a", MaxPath-1), strings.Repeat("a", MaxPath-1), nil},
		{"/" + strings.Repeat("a", MaxPath), strings.Repeat("a", MaxPath), nil},
		{strings.Repeat("a", MaxPath+1), "", fault.TooLarge},
	} {
		if got, err := CanonicalPath(tt.path); got != tt.want || !errors.Is(err, tt.err) {
			t.Errorf("CanonicalPath(%.40q) = %.40q, %v, want %.40q, %v", tt.path, got, err, tt.want, tt.err)
		}
	}
}

func TestB12CanonicalURL(t *testing.T) {
	long := func(n int) string { return "http://a/" + strings.Repeat("b", n-len("http://a/")) }
	for _, tt := range []struct {
		url, want string
		err       error
	}{
		{"https://example.org/a.png", "https://example.org/a.png", nil},
		{"HTTPS://EXAMPLE.org", "https://example.org/", nil},
		{"https://example.org:443/", "https://example.org/", nil},
		{"http://example.org:80", "http://example.org/", nil},
		{"http://example.org:443/", "http://example.org:443/", nil},
		{"http://example.org:0080/", "http://example.org/", nil},
		{"http://example.org:/", "http://example.org/", nil},
		{"http://[::1]:8080/", "http://[::1]:8080/", nil},
		{"https://evil.test/#example.org", "https://evil.test/", nil},
		{"https://evil.test/?a=b c\"é#x", "https://evil.test/?a=b%20c%22%C3%A9", nil},
		{" https://a.test/", "", fault.Invalid},
		{"https://a.test /", "", fault.Invalid},
		{"https://a.test/x%2Fy|{^`}", "https://a.test/x%2Fy%7C%7B%5E%60%7D", nil},
		{"https://a.test/x%2Fy/é z", "https://a.test/x%2Fy/%C3%A9%20z", nil},
		{"https://a.test//b", "https://a.test//b", nil},
		{"https://a.test?", "https://a.test/?", nil},
		{"https://example.org@evil.test/a", "", fault.Invalid},
		{"https://@evil.test/a", "", fault.Invalid},
		{"https://a:b@evil.test/a", "", fault.Invalid},
		{"https://a.test/b/../c", "", fault.Invalid},
		{"https://a.test/b/%2e%2E/c", "", fault.Invalid},
		{"https://a.test/b%2f..%2fc", "", fault.Invalid},
		{"https://a.test/b%5c..%5Cc", "", fault.Invalid},
		{"https://a.test/.", "", fault.Invalid},
		{`https://a.test\@b.test/`, "", fault.Invalid},
		{`https:\\a.test/`, "", fault.Invalid},
		{"https://a.test/\n", "", fault.Invalid},
		{"https://a.test/\xff", "", fault.Invalid},
		{"ftp://a.test/", "", fault.Invalid},
		{"javascript:alert(1)", "", fault.Invalid},
		{"https:a.test", "", fault.Invalid},
		{"https:///a", "", fault.Invalid},
		{"https://:80/", "", fault.Invalid},
		{"//a.test/", "", fault.Invalid},
		{"a.test", "", fault.Invalid},
		{"", "", fault.Invalid},
		{"https://\u212aelvin.test/", "", fault.Invalid}, // would become an ASCII k
		{"https://é.test/", "", fault.Invalid},
		{"https://a%2eb.test/", "", fault.Invalid},
		{"https://[fe80::1%25eth0]/", "", fault.Invalid},
		{"https://a.test:65536/", "", fault.Invalid},
		{"https://a.test:x/", "", fault.Invalid},
		{long(MaxURL - 1), long(MaxURL - 1), nil},
		{long(MaxURL), long(MaxURL), nil},
		{long(MaxURL + 1), "", fault.TooLarge},
	} {
		if got, err := CanonicalURL(tt.url); got != tt.want || !errors.Is(err, tt.err) {
			t.Errorf("CanonicalURL(%.60q) = %.60q, %v, want %.60q, %v", tt.url, got, err, tt.want, tt.err)
		}
	}
}

func TestWords(t *testing.T) {
	for i, call := range calls {
		a := Action(1 << i)
		if got, err := ParseAction(call); got != a || err != nil || a.String() != call {
			t.Errorf("ParseAction(%q) = %v, %v", call, got, err)
		}
		if verbs[i] == "" && a != Store {
			t.Errorf("no verb for %s", call)
		}
	}
	for _, bad := range []string{"", "Read", "read,stat", "all", "write_URL"} {
		if a, err := ParseAction(bad); !errors.Is(err, fault.Invalid) || a != 0 {
			t.Errorf("ParseAction(%q) = %v, %v, want Invalid", bad, a, err)
		}
	}
	for a, want := range map[Action]string{0: "none", Pick | Read | Remove: "pick,read,remove", everything: strings.Join(calls[:], ",")} {
		if got := a.String(); got != want {
			t.Errorf("Action(%b) = %q, want %q", a, got, want)
		}
	}
	seen := map[string]bool{"": true, Reason(0).String(): true}
	for i, r := range Reasons {
		if int(r) != i+1 || seen[r.String()] {
			t.Errorf("reason %d is %d, %q", i+1, r, r)
		}
		seen[r.String()] = true
	}
	if len(Reasons) != len(reasons)-1 || Reason(200).String() != "denied" {
		t.Errorf("%d reasons have %d names", len(Reasons), len(reasons))
	}
}

func TestDescribe(t *testing.T) {
	until := testNow.Add(15 * time.Minute)
	for _, tt := range []struct {
		grant Grant
		want  string
	}{
		{Grant{}, "may do nothing"},
		{Full(App{Key: "A"}), "may upload files; read, see metadata, overwrite, overwrite from URLs, transform, delete, see EXIF data, run workflows, manage the app's files"},
		{Grant{Actions: Pick, MaxSize: 5e6, Path: pattern(t, "avatars/", false), Expires: until},
			"may upload files up to 5 MB into avatars/; until 2030-01-01T00:15:00Z (15 minutes from now)"},
		{Grant{Actions: Store, MinSize: 3, MaxSize: 5 << 20, Container: pattern(t, "c", false), Use: Use{Limit: 2}, Expires: testNow},
			"may upload files from 3 bytes up to 5 MiB in the container c; 2 times; until 2030-01-01T00:00:00Z (a moment ago)"},
		{Grant{Actions: Store, MinSize: 1000, MaxSize: math.MaxInt64, URL: pattern(t, "https://a/", false)},
			"may upload files from 1 kB; from sources that match https://a/"},
		{Grant{Actions: Read | Convert, Asset: assetA}, "may read, transform; asset " + string(assetA) + " only"},
	} {
		if got := tt.grant.Describe(testNow); got != tt.want {
			t.Errorf("Describe = %q,\nwant %q", got, tt.want)
		}
	}
	if got := (Grant{Actions: Read, Expires: until}).String(); got != "may read; until 2030-01-01T00:15:00Z" {
		t.Errorf("String = %q", got)
	}
	for d, want := range map[time.Duration]string{
		0: "a moment", 1499 * time.Millisecond: "a moment", 1500 * time.Millisecond: "2 seconds", 15*time.Minute - time.Second: "15 minutes",
		14*time.Minute + 29*time.Second: "14 minutes", 14*time.Minute + 30*time.Second: "15 minutes", 59 * time.Hour: "2 days", 60 * time.Hour: "3 days", 2 * time.Second: "2 seconds", 119 * time.Second: "119 seconds", 2 * time.Minute: "2 minutes",
		119 * time.Minute: "119 minutes", 2 * time.Hour: "2 hours", 47 * time.Hour: "47 hours", 48 * time.Hour: "2 days",
	} {
		if got := span(d); got != want {
			t.Errorf("span(%v) = %q, want %q", d, got, want)
		}
	}
}
