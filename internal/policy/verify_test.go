package policy

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/policy/anchored"
	"github.com/stowgate/stowgate/sign"
)

const (
	assetA = asset.ID("aBcDeFgHiJkLmNoPqRsT")
	assetB = asset.ID("TsRqPoNmLkJiHgFeDcBa")
)

var upload = Request{Action: Pick | Store, Size: -1}

func TestA3EmptySecret(t *testing.T) {
	text := encoded(`{"expiry":1893456600}`)
	empty := Credential{Policy: text, Signature: fmt.Sprintf("%x", mac("", text))}
	for _, tt := range []struct {
		name string
		app  App
	}{
		{"unknown app", App{}},
		{"unknown app with security on", App{Security: true}},
		{"no secret", testApp()},
		{"empty secret", testApp("")},
		{"empty secret beside a real one", testApp(testSecret, "")},
	} {
		if err := decide(tt.app, empty, upload, testNow); reason(t, err) != BadSignature {
			t.Errorf("%s: signed with the empty key = %v, want BadSignature", tt.name, err)
		}
		if _, err := VerifySecret(tt.app, "", testNow); reason(t, err) != BadSignature {
			t.Errorf("%s: VerifySecret(\"\") = %v, want BadSignature", tt.name, err)
		}
		if err := decide(tt.app, Credential{}, upload, testNow); reason(t, err) != NoCredentials {
			t.Errorf("%s: no credential = %v, want NoCredentials", tt.name, err)
		}
	}
}

// TestB1ConstantTime reads the code: a comparison with a signature goes through
// hmac.Equal.
func TestB1ConstantTime(t *testing.T) {
	files, err := filepath.Glob("*.go")
	below, _ := filepath.Glob("*/*.go")
	if err != nil || len(files) == 0 || len(below) == 0 {
		t.Fatal(files, below, err)
	}
	bad := regexp.MustCompile(`bytes\.Equal|ConstantTimeEq\b|(?i:signature|mac\([^)]*\)|\bsum|\.key)\)?\s*[!=]=\s*[^"\s]`)
	lengths := regexp.MustCompile(`len\([^)]*\)`)
	for _, file := range append(files, below...) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		text = lengths.ReplaceAll(text, nil)
		if !strings.HasSuffix(file, "_test.go") && bad.Match(text) {
			t.Errorf("%s compares with %q; use hmac.Equal", file, bad.Find(text))
		}
	}
	for _, planted := range []string{`if c.Signature == want {`, `bytes.Equal(a, b)`, `mac(key, text) != nil`} {
		if !bad.MatchString(planted) {
			t.Errorf("the expression misses %q", planted)
		}
	}
}

func TestB1Signature(t *testing.T) {
	good := signed(`{"expiry":1893456600}`)
	for _, tt := range []struct {
		name      string
		signature string
		want      Reason
	}{
		{"as made", good.Signature, 0},
		{"upper case", strings.ToUpper(good.Signature), 0},
		{"empty", "", NoCredentials},
		{"a digit less", good.Signature[:63], BadSignature},
		{"a byte less", good.Signature[:62], BadSignature},
		{"a byte more", good.Signature + "00", BadSignature},
		{"space around", good.Signature + " ", BadSignature},
		{"not hexadecimal", "g" + good.Signature[1:], BadSignature},
		{"zeros", strings.Repeat("0", 64), BadSignature},
	} {
		_, err := Verify(testApp(testSecret), Credential{good.Policy, tt.signature}, testNow)
		if got := reason(t, err); got != tt.want {
			t.Errorf("%s: Verify = %v, want %v", tt.name, err, tt.want)
		}
	}
	_, err := Verify(testApp(testSecret), Credential{Signature: good.Signature}, testNow)
	if reason(t, err) != NoCredentials {
		t.Errorf("no policy: Verify = %v, want NoCredentials", err)
	}
}

func TestB2Base64(t *testing.T) {
	const document = `{"expiry":1893456600,"note":"~~~???>>>"}`
	standard := strings.NewReplacer("-", "+", "_", "/").Replace(encoded(document))
	if standard == encoded(document) || !strings.Contains(standard, "+") {
		t.Fatal("the document does not tell the alphabets apart")
	}
	for _, tt := range []struct {
		name string
		text string
		want Reason
	}{
		{"URL-safe", encoded(document), 0},
		{"standard", standard, 0},
		{"both at once", strings.Replace(standard, "+", "-", 1), 0},
		{"unpadded", strings.TrimRight(standard, "="), 0},
		{"half padded", encoded(`{"expiry":1893456600,"a":1}`)[:35] + "=", BadPolicy},
		{"too much padding", standard + "==", BadPolicy},
		{"line break", standard[:8] + "\n" + standard[8:], BadPolicy},
		{"line break at the end", standard + "\r\n", BadPolicy},
		{"another character", "!" + standard, BadPolicy},
		{"no left-over bits", "eyJleHBpcnkiOjE4OTM0NTY2MDB9IA", 0},
		{"left-over bits", "eyJleHBpcnkiOjE4OTM0NTY2MDB9IB", BadPolicy},
		{"left-over bits before padding", "eyJleHBpcnkiOjE4OTM0NTY2MDB9IB==", BadPolicy},
		{"percent signs", strings.ReplaceAll(standard, "+", "%2B"), BadPolicy},
		{"only padding", "====", BadPolicy},
	} {
		_, err := Verify(testApp(testSecret), signedText(tt.text), testNow)
		if got := reason(t, err); got != tt.want {
			t.Errorf("%s: Verify = %v, want %v", tt.name, err, tt.want)
		}
	}

	c := signedText(standard) // then a form decoder makes spaces of its plus signs
	c.Policy = strings.ReplaceAll(c.Policy, "+", " ")
	if _, err := Verify(testApp(testSecret), c, testNow); err != nil {
		t.Errorf("spaces for plus signs: Verify = %v", err)
	}
	app := testApp(testSecret)
	app.Revoked = map[[32]byte]bool{Digest(standard): true}
	if _, err := Verify(app, c, testNow); reason(t, err) != Revoked {
		t.Errorf("spaces for plus signs, revoked: Verify = %v, want Revoked", err)
	}
}

func TestRevocation(t *testing.T) {
	since := testNow.Add(-time.Minute)
	unsaid, before, at := `{"expiry":1893456600}`, with(`"iat":1893455939`), with(`"iat":1893455940`)
	later := func(document string) func(*App) {
		return func(app *App) { app.Revoked = map[[32]byte]bool{Digest(encoded(document)): true} }
	}
	for _, tt := range []struct {
		name     string
		document string
		change   func(*App)
		want     Reason
	}{
		{"nothing revoked", unsaid, func(*App) {}, 0},
		{"this policy", unsaid, later(unsaid), Revoked},
		{"another policy", unsaid, later(before), 0},
		{"issued before", before, func(app *App) { app.RevokedBefore = since }, Revoked},
		{"issued at that second", at, func(app *App) { app.RevokedBefore = since }, 0},
		{"does not say, older secret", unsaid, func(app *App) { app.RevokedBefore = since }, Revoked},
		{"does not say, secret of then", unsaid, func(app *App) {
			app.RevokedBefore, app.Secrets[0].Created = since, since
		}, 0},
		{"says before, newer secret", before, func(app *App) {
			app.RevokedBefore, app.Secrets[0].Created = since, testNow
		}, Revoked},
		{"secret expires later", unsaid, func(app *App) { app.Secrets[0].Expires = testNow.Add(1) }, 0},
		{"secret expires now", unsaid, func(app *App) { app.Secrets[0].Expires = testNow }, BadSignature},
		{"another secret lives", unsaid, func(app *App) {
			app.Secrets = []Secret{{Key: "new", Created: testNow}, app.Secrets[0]}
		}, 0},
		{"app disabled", unsaid, func(app *App) { app.Disabled = true }, AppDisabled},
		{"app disabled, security off", unsaid, func(app *App) { app.Disabled, app.Security = true, false }, AppDisabled},
	} {
		t.Run(tt.name, func(t *testing.T) {
			app := testApp(testSecret)
			tt.change(&app)
			err := decide(app, signed(tt.document), upload, testNow)
			if got := reason(t, err); got != tt.want {
				t.Errorf("error = %v, want %v", err, tt.want)
			}
		})
	}
}

func TestVerifySecret(t *testing.T) {
	app := testApp("new secret", testSecret)
	for secret, want := range map[string]Reason{"new secret": 0, testSecret: 0, "new+secret": BadSignature, "": BadSignature} {
		g, err := VerifySecret(app, secret, testNow)
		full := Full(app)
		full.Signer = Secret{Key: secret}.Fingerprint()
		if got := reason(t, err); got != want || (err == nil) != (g == full) {
			t.Errorf("VerifySecret(%q) = %v, %v; want %v", secret, g, err, want)
		}
	}
	for _, r := range []Request{{Action: EXIF, Asset: assetA}, {Action: Store, Path: "a", Size: math.MaxInt64}} {
		if err := Full(app).Check(r, testNow.AddDate(100, 0, 0)); err != nil {
			t.Errorf("Full: Check(%+v) = %v", r, err)
		}
	}
	app.Secrets[1].Expires = testNow
	if _, err := VerifySecret(app, testSecret, testNow); reason(t, err) != BadSignature {
		t.Errorf("VerifySecret of an expired one = %v, want BadSignature", err)
	}
	app.Disabled = true
	if _, err := VerifySecret(app, "new secret", testNow); reason(t, err) != AppDisabled {
		t.Errorf("VerifySecret of a disabled app = %v, want AppDisabled", err)
	}
	if Full(app) != (Grant{}) || Public(app) != (Grant{}) {
		t.Error("a disabled app grants something")
	}
}

// TestAuthorize has a row for each kind of caller, and what each action is
// answered by.
func TestAuthorize(t *testing.T) {
	all := func(r Reason) (m [len(calls)]Reason) {
		for i := range m {
			m[i] = r
		}
		return m
	}
	but := func(m [len(calls)]Reason, a Action, r Reason) [len(calls)]Reason {
		for i := range m {
			if a&(1<<i) != 0 {
				m[i] = r
			}
		}
		return m
	}
	narrow := signed(with(`"call":["remove"],"handle":"` + string(assetB) + `","maxSize":1,"minSize":1,"path":"/x","uses":1`))
	stale := signed(`{"expiry":1893455999}`)
	for _, tt := range []struct {
		name     string
		security bool
		c        Credential
		want     [len(calls)]Reason
	}{
		{"on, nothing", true, Credential{}, all(NoCredentials)},
		{"on, half", true, Credential{Policy: narrow.Policy}, all(NoCredentials)},
		{"on, expired", true, stale, all(Expired)},
		{"on, narrow", true, narrow, but(all(CallNotAllowed), Remove, OtherAsset)},
		{"on, wide", true, signed(`{"expiry":1893456600}`), but(all(0), EXIF, CallNotAllowed)},
		{"off, nothing", false, Credential{}, but(all(NoCredentials), public, 0)},
		{"off, expired", false, stale, but(all(Expired), public, 0)},
		{"off, narrow", false, narrow, but(but(all(CallNotAllowed), Remove, OtherAsset), public, 0)},
		{"off, wide", false, signed(`{"expiry":1893456600}`), but(all(0), EXIF, CallNotAllowed)},
	} {
		app := testApp(testSecret)
		app.Security = tt.security
		for i, want := range tt.want {
			a := Action(1) << i
			err := decide(app, tt.c, Request{Action: a, Asset: assetA, Path: "a", Size: 2}, testNow)
			if got := reason(t, err); got != want {
				t.Errorf("%s: %v is answered by %v, want %v", tt.name, a, err, want)
			}
		}
	}

	open := testApp(testSecret)
	open.Security = false
	g, err := Authorize(open, narrow, testNow)
	if err != nil {
		t.Fatal(err)
	}
	if f := g.For(Store); f.MaxSize != math.MaxInt64 || f.MinSize != 0 || f.Use != (Use{}) || f.Asset != "" {
		t.Errorf("For(Store) = %+v, want no bounds", f)
	}
	if g.For(Remove) != g {
		t.Errorf("For(Remove) = %+v, want the grant itself", g.For(Remove))
	}
}

// TestVerifyKeepsAppsApart: what was read for one app serves another one with
// the same secret, under its own key and options.
func TestVerifyKeepsAppsApart(t *testing.T) {
	c := signed(with(`"path":"/a","calls":["read"]`))
	one, other := testApp(testSecret), testApp(testSecret)
	other.Key, other.Options = "B", Options{WholePatterns: true, CallsAlias: true}
	for range 2 {
		g, err := Verify(one, c, testNow)
		if err != nil || g.App != one.Key || g.Actions != implied || !g.Path.Match("/ab") {
			t.Errorf("first app: %+v, %v", g, err)
		}
		g, err = Verify(other, c, testNow)
		if err != nil || g.App != "B" || g.Actions != Read || g.Path.Match("/ab") {
			t.Errorf("other app: %+v, %v", g, err)
		}
	}
}

func TestSignAndVerify(t *testing.T) {
	expires := testNow.Add(time.Minute)
	s, err := sign.Policy{
		Expires: expires, Call: sign.Calls(), Handle: string(assetA), Path: "/a/<&>", Container: "c", URL: "https://u",
		MinSize: 1, MaxSize: 2, Uses: 3, Issued: testNow,
	}.Sign(testSecret)
	if err != nil {
		t.Fatal(err)
	}
	g, err := Verify(testApp(testSecret), Credential(s), testNow)
	if err != nil {
		t.Fatal(err)
	}
	want := Grant{
		App: testApp().Key, Actions: everything, Expires: expires, Asset: assetA, MinSize: 1, MaxSize: 2,
		Path: pattern(t, "/a/<&>", false), Container: pattern(t, "c", false), URL: pattern(t, "https://u", false),
		Use:    Use{Digest: Digest(s.Policy), Limit: 3, Expires: expires},
		Signer: Secret{Key: testSecret}.Fingerprint(),
	}
	if g != want {
		t.Errorf("Verify = %+v, want %+v", g, want)
	}
	if d, err := readDocument(s.Policy, Options{}); err != nil || !d.issued.Equal(testNow) {
		t.Errorf("issued = %v, %v, want %v", d.issued, err, testNow)
	}
	for _, call := range sign.Calls() {
		if a, err := ParseAction(call); err != nil || a.String() != call {
			t.Errorf("ParseAction(%q) = %v, %v", call, a, err)
		}
	}
	for name, p := range map[string]sign.Policy{
		"pattern": {Expires: expires, Path: strings.Repeat("a", anchored.Max+1)},
		"uses":    {Expires: expires, Uses: MaxUses + 1},
	} {
		if _, err := p.Sign(testSecret); err == nil {
			t.Errorf("sign takes a %s that is over the limit", name)
		}
	}
}
