package policy

import (
	"math"
	"slices"
	"testing"
)

// TestOpenReads: with security on, anybody may read and transform, and nothing
// else; a policy still allows what it did.
func TestOpenReads(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*App)
		want   Action
	}{
		{"off by default", func(*App) {}, 0},
		{"open", func(app *App) { app.Options.OpenReads = true }, Read | Convert},
		{"signed images", func(app *App) { app.Options = Options{OpenReads: true, SignedImages: true} }, Read},
		{"security off", func(app *App) { app.Security, app.Options.OpenReads = false, true }, public},
		{"disabled", func(app *App) { app.Disabled, app.Options.OpenReads = true, true }, 0},
		{"deleted", func(app *App) { app.Deleted, app.Options.OpenReads = testNow, true }, 0},
		{"no app", func(app *App) { *app = App{Security: true, Options: Options{OpenReads: true}} }, 0},
	} {
		app := testApp(testSecret)
		tt.change(&app)
		if g := Public(app); g.Actions != tt.want || g.Unsigned != (tt.want != 0) {
			t.Errorf("%s: Public = %+v, want the actions %v", tt.name, g, tt.want)
		}
	}

	app := testApp(testSecret)
	app.Options.OpenReads = true
	for _, c := range []Credential{{}, signed(`{"expiry":1}`), signed(with(`"call":["remove"]`))} {
		for action, want := range map[Action]bool{Read: true, Convert: true, Stat: false, Pick: false, Store: false,
			Write: false, WriteURL: false, EXIF: false, RunWorkflow: false, Manage: false} {
			r := Request{Action: action, Asset: assetA, Size: -1}
			err := decide(app, c, r, testNow)
			if (err == nil) != want || explains(t, app, c, r) != want {
				t.Errorf("%v with %v = %v, want it allowed: %t", action, c, err, want)
			}
		}
	}
	// What is outside is not open, and a policy for it bounds it.
	outside := Request{Action: Convert, URL: "https://good.test/a.png", Size: -1}
	elsewhere := Request{Action: Convert, URL: "https://evil.test/a.png", Size: -1}
	limited := signed(with(`"call":["convert"],"url":"https://good[.]test/","uses":1`))
	for _, tt := range []struct {
		c    Credential
		r    Request
		want Reason
	}{
		{Credential{}, outside, NoCredentials},
		{signed(`{"expiry":1}`), outside, Expired},
		{signed(with(`"call":["remove"]`)), outside, CallNotAllowed},
		{limited, outside, 0},
		{limited, elsewhere, URLNotAllowed},
	} {
		err := decide(app, tt.c, tt.r, testNow)
		if got := reason(t, err); got != tt.want || explains(t, app, tt.c, tt.r) != (tt.want == 0) {
			t.Errorf("transforming %s with %v = %v, want %v", tt.r.URL, tt.c, err, tt.want)
		}
	}
	if g, err := Authorize(app, limited, testNow); err != nil || g.ForRequest(outside).Use.Limit != 1 || g.ForRequest(Request{Action: Convert}).Use.Limit != 0 {
		t.Errorf("the uses of %v, %v are counted for what is open, or not for what is not", g, err)
	}

	if err := decide(app, signed(with(`"call":["remove"]`)), Request{Action: Remove, Asset: assetA}, testNow); err != nil {
		t.Errorf("remove with a policy = %v, want nil", err)
	}
}

// TestManage: no policy can allow it, and an owner has it.
func TestManage(t *testing.T) {
	if slices.Contains(Calls(), "manage") || (everything|implied|public|opened)&Manage != 0 {
		t.Error("policies can name manage")
	}
	if _, err := ParseAction("manage"); err == nil {
		t.Error("ParseAction takes manage")
	}
	app := testApp(testSecret)
	r := Request{Action: Manage, Asset: assetA}
	for _, document := range []string{`{"expiry":1893456600}`, with(`"call":["manage","Manage","read"]`), with(`"call":"manage"`)} {
		if err := decide(app, signed(document), r, testNow); reason(t, err) != CallNotAllowed {
			t.Errorf("manage with %s = %v, want CallNotAllowed", document, err)
		}
	}
	app.Security = false
	if err := decide(app, Credential{}, r, testNow); reason(t, err) != NoCredentials {
		t.Errorf("manage while security is off = %v, want NoCredentials", err)
	}
	owner, err := VerifySecret(app, testSecret, testNow)
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range []Grant{owner, Full(app)} {
		if err := g.Check(r, testNow); err != nil {
			t.Errorf("manage by %v = %v, want nil", g, err)
		}
	}
	if got := Manage.String(); got != "manage" {
		t.Errorf("Manage.String() = %q", got)
	}
}

func TestKnown(t *testing.T) {
	app := testApp(testSecret)
	g := Known(app, assetA)
	for _, tt := range []struct {
		r    Request
		want Reason
	}{
		{Request{Action: Stat, Asset: assetA}, 0},
		{Request{Action: Stat, Asset: assetB}, OtherAsset},
		{Request{Action: Stat}, OtherAsset},
		{Request{Action: Read, Asset: assetA}, NoCredentials},
		{Request{Action: EXIF, Asset: assetA}, NoCredentials},
		{Request{Action: Remove, Asset: assetA}, NoCredentials},
		{Request{Action: Store, Size: math.MaxInt64}, NoCredentials},
	} {
		if got := reason(t, g.Check(tt.r, testNow)); got != tt.want {
			t.Errorf("Known: %v of %q is answered by %v, want %v", tt.r.Action, tt.r.Asset, got, tt.want)
		}
	}
	disabled, deleted := app, app
	disabled.Disabled, deleted.Deleted = true, testNow
	for _, g := range []Grant{Known(disabled, assetA), Known(deleted, assetA), Known(App{}, assetA), Known(app, "")} {
		if g != (Grant{}) {
			t.Errorf("Known = %+v, want nothing", g)
		}
	}
}

func TestPlainPath(t *testing.T) {
	for escaped, want := range map[string]string{
		"": "", "/a/b": "/a/b", "/a%3Ab/": "/a:b/", "/%C3%BC%20+": "/ü +", "/%7e~": "/~~", "/a?b": "", "/a#b": "",
		"/a%2Fb": "", "/a%3fb": "", "/a%23b": "", "/a%25b": "", "/a%2541": "", "/a%5cb": "", "/a%0ab": "", "/a%00": "", "/%7f": "", "/%zz": "", "/%": "",
	} {
		got, ok := PlainPath(escaped)
		if got != want || ok != (want != "" || escaped == "") {
			t.Errorf("PlainPath(%q) = %q, %t, want %q", escaped, got, ok, want)
		}
	}
}
