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
	"github.com/stowgate/stowgate/sign"
)

const (
	assetA = asset.ID("aBcDeFgHiJkLmNoPqRsT")
	assetB = asset.ID("TsRqPoNmLkJiHgFeDcBa")
)

var upload = Request{Action: Pick | Store, Size: -1}

// with returns a policy's JSON that expires in time and has more keys.
func with(keys string) string { return `{"expiry":1893456600,` + keys + `}` }

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
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	bad := regexp.MustCompile(`bytes\.Equal|ConstantTimeEq\b|(?i:signature|mac\([^)]*\)|\bsum|\.key)\)?\s*[!=]=\s*[^"\s]`)
	lengths := regexp.MustCompile(`len\([^)]*\)`)
	for _, file := range files {
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
		{"left-over bits", "eyJleHBpcnkiOjE4OTM0NTY2MDB9fR", BadPolicy},
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

func TestPolicyDocuments(t *testing.T) {
	nested := func(levels int) string { // the outermost object is one level
		return with(`"x":` + strings.Repeat("[", levels-1) + strings.Repeat("]", levels-1))
	}
	long := func(size int) string {
		filler := size - len(with(`"x":""`))
		return with(`"x":"` + strings.Repeat("a", filler) + `"`)
	}
	handle := Request{Action: Read, Asset: assetA}
	for _, tt := range []struct {
		name     string
		document string
		request  Request
		want     Reason
	}{
		{"B3 key twice", with(`"call":["read"],"call":["store"]`), upload, BadPolicy},
		{"B3 key twice, once escaped", with(`"call":["read"],"c\u0061ll":["store"]`), upload, BadPolicy},
		{"B3 unknown key twice", with(`"x":1,"x":2`), upload, BadPolicy},
		{"B3 nested key twice", with(`"x":{"a":1,"a":2}`), upload, BadPolicy},
		{"B3 alias as well", with(`"maxSize":1,"max_size":1`), upload, BadPolicy},
		{"B4 other case is unknown", with(`"CALL":["read"],"Handle":"x"`), upload, 0},
		{"B4 other case does not replace", with(`"call":["read"],"CALL":["store"]`), upload, CallNotAllowed},
		{"B4 only in other case", `{"Expiry":1893456600}`, upload, BadPolicy},
		{"B5 depth 15", nested(15), upload, 0},
		{"B5 depth 16", nested(16), upload, 0},
		{"B5 depth 17", nested(17), upload, BadPolicy},
		{"B5 a byte under 8 KiB", long(maxJSON - 1), upload, 0},
		{"B5 8 KiB", long(maxJSON), upload, 0},
		{"B5 a byte over 8 KiB", long(maxJSON + 1), upload, BadPolicy},
		{"B5 far over 8 KiB", long(10 * maxJSON), upload, BadPolicy},
		{"B5 surrogate pair", with(`"x":"\uD834\udd1e"`), upload, 0},
		{"B5 escaped backslash before u", with(`"x":"\\ud834"`), upload, 0},
		{"B5 half a pair", with(`"x":"\ud834\\udd1e"`), upload, BadPolicy},
		{"B5 half a pair as key", with(`"\udd1e":1`), upload, BadPolicy},
		{"B5 BOM", "\ufeff" + `{"expiry":1893456600}`, upload, BadPolicy},
		{"B5 white space around", " \n" + `{"expiry":1893456600}` + "\t", upload, 0},
		{"B5 only white space", " ", upload, BadPolicy},
		{"B6 missing", `{"call":["store"]}`, upload, BadPolicy},
		{"B6 null", `{"expiry":null}`, upload, BadPolicy},
		{"B6 zero", `{"expiry":0}`, upload, BadPolicy},
		{"B6 negative", `{"expiry":-1893456600}`, upload, BadPolicy},
		{"B6 text", `{"expiry":"1893456600"}`, upload, BadPolicy},
		{"B6 boolean", `{"expiry":true}`, upload, BadPolicy},
		{"B6 exponent", `{"expiry":1.8934566e9}`, upload, 0},
		{"B6 a second ago", `{"expiry":1893455999}`, upload, Expired},
		{"B6 just before now", `{"expiry":1893455999.99999999999999999999}`, upload, Expired},
		{"B6 now", `{"expiry":1893456000}`, upload, Expired},
		{"B6 just after now", `{"expiry":1893456000.000001}`, upload, 0},
		{"B6 end of 9999", `{"expiry":253402300799}`, upload, 0},
		{"B6 fraction before 10000", `{"expiry":253402300799.9999999999999}`, upload, 0},
		{"B6 year 10000", `{"expiry":253402300800}`, upload, BadPolicy},
		{"B6 overflow", `{"expiry":1e309}`, upload, BadPolicy},
		{"B6 exponent of many digits", `{"expiry":1e99999999999999999999}`, upload, BadPolicy},
		{"B6 next to nothing", `{"expiry":1e-999999999}`, upload, BadPolicy},
		{"B8 same", with(`"handle":"` + string(assetA) + `"`), handle, 0},
		{"B8 prefix", with(`"handle":"` + string(assetA[:19]) + `"`), handle, OtherAsset},
		{"B8 longer", with(`"handle":"` + string(assetA) + `x"`), handle, OtherAsset},
		{"B8 empty", with(`"handle":""`), handle, BadPolicy},
		{"B8 null", with(`"handle":null`), handle, BadPolicy},
		{"B8 no asset in the request", with(`"handle":"` + string(assetA) + `"`), upload, OtherAsset},
		{"iat as text", with(`"iat":"1893456000"`), upload, BadPolicy},
		{"iat zero", with(`"iat":0`), upload, BadPolicy},
		{"iat a fraction", with(`"iat":1893456000.5`), upload, 0},
		{"path a list", with(`"path":["/a"]`), upload, BadPolicy},
		{"url a number", with(`"url":1`), upload, BadPolicy},
		{"container null", with(`"container":null`), upload, BadPolicy},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := decide(testApp(testSecret), signed(tt.document), tt.request, testNow)
			if got := reason(t, err); got != tt.want {
				t.Errorf("%.80s: error = %v, want %v", tt.document, err, tt.want)
			}
		})
	}
}

func TestB7CallNames(t *testing.T) {
	for _, tt := range []struct {
		call string // what follows the expiry
		want Action // negative for a policy that is refused
		bad  bool
	}{
		{call: ``, want: implied},
		{call: `,"calls":["read"]`, want: implied},
		{call: `,"call":"read"`, want: Read},
		{call: `,"call":"pick,store"`},
		{call: `,"call":""`},
		{call: `,"call":[]`},
		{call: `,"call":["READ","Store"," read"]`},
		{call: `,"call":["read","root","read"]`, want: Read},
		{call: `,"call":["exif"]`, want: EXIF},
		{call: `,"call":["write_url","revoke"]`, want: WriteURL | Remove},
		{call: `,"call":["pick","read","stat","write","writeUrl","store","convert","remove","exif","runWorkflow"]`, want: everything},
		{call: `,"call":null`, bad: true},
		{call: `,"call":["read",null]`, bad: true},
		{call: `,"call":[["read"]]`, bad: true},
		{call: `,"call":[1]`, bad: true},
		{call: `,"call":{"read":true}`, bad: true},
		{call: `,"call":true`, bad: true},
	} {
		g, err := Verify(testApp(testSecret), signed(`{"expiry":1893456600`+tt.call+`}`), testNow)
		if bad := reason(t, err) == BadPolicy; bad != tt.bad || g.Actions != tt.want {
			t.Errorf("%s allows %v, error %v; want %v", tt.call, g.Actions, err, tt.want)
		}
	}
	if implied&EXIF != 0 {
		t.Error("a policy that lists no calls allows exif")
	}

	java := testApp(testSecret)
	java.Options.CallsAlias = true
	for call, want := range map[string]Action{`"calls":["read"]`: Read, `"call":["read"]`: Read, `"x":1`: implied} {
		if g, err := Verify(java, signed(with(call)), testNow); err != nil || g.Actions != want {
			t.Errorf("with CallsAlias, %s allows %v, error %v; want %v", call, g.Actions, err, want)
		}
	}
	if _, err := Verify(java, signed(with(`"call":["read"],"calls":["read"]`)), testNow); reason(t, err) != BadPolicy {
		t.Errorf("with CallsAlias, both = %v, want BadPolicy", err)
	}
}

func TestB13Sizes(t *testing.T) {
	for _, tt := range []struct {
		keys     string
		min, max int64
		bad      bool
	}{
		{keys: `"x":1`, max: math.MaxInt64},
		{keys: `"minSize":5,"maxSize":10`, min: 5, max: 10},
		{keys: `"min_size":5,"max_size":10`, min: 5, max: 10},
		{keys: `"minSize":4.1,"maxSize":10.9`, min: 5, max: 10},
		{keys: `"minSize":0,"maxSize":0`},
		{keys: `"maxSize":1e3`, max: 1000},
		{keys: `"maxSize":9223372036854775807`, max: math.MaxInt64},
		{keys: `"maxSize":18446744073709551615`, max: math.MaxInt64},
		{keys: `"minSize":9223372036854775806.5`, min: math.MaxInt64, max: math.MaxInt64},
		{keys: `"minSize":18446744073709551615.5`, min: math.MaxInt64, max: math.MaxInt64},
		{keys: `"maxSize":9007199254740993`, max: 9007199254740993}, // no double holds it
		{keys: `"maxSize":-1`, bad: true},
		{keys: `"maxSize":-0.5`, bad: true},
		{keys: `"minSize":-1`, bad: true},
		{keys: `"maxSize":1e400`, bad: true},
		{keys: `"maxSize":"10"`, bad: true},
		{keys: `"minSize":null`, bad: true},
		{keys: `"maxSize":[10]`, bad: true},
	} {
		g, err := Verify(testApp(testSecret), signed(with(tt.keys)), testNow)
		if bad := reason(t, err) == BadPolicy; bad != tt.bad || g.MinSize != tt.min || g.MaxSize != tt.max {
			t.Errorf("%s: sizes %d to %d, error %v; want %d to %d, bad %v", tt.keys, g.MinSize, g.MaxSize, err, tt.min, tt.max, tt.bad)
		}
	}
}

func TestB15Uses(t *testing.T) {
	for keys, want := range map[string]int{
		`"x":1`:             0,
		`"uses":1`:          1,
		`"uses":2.0`:        2,
		`"uses":2147483646`: MaxUses - 1,
		`"uses":2147483647`: MaxUses,
		`"uses":2147483648`: -1,
		`"uses":1e30`:       -1,
		`"uses":0`:          -1,
		`"uses":-1`:         -1,
		`"uses":1.5`:        -1,
		`"uses":"1"`:        -1,
		`"uses":null`:       -1,
		`"uses":[1]`:        -1,
		`"uses":true`:       -1,
	} {
		c := signed(with(keys))
		g, err := Verify(testApp(testSecret), c, testNow)
		if want < 0 {
			if reason(t, err) != BadPolicy {
				t.Errorf("%s: Verify = %v, want BadPolicy", keys, err)
			}
			continue
		}
		var use Use
		if want > 0 {
			use = Use{Digest: Digest(c.Policy), Limit: want, Expires: time.Unix(1893456600, 0).UTC()}
		}
		if err != nil || g.Use != use {
			t.Errorf("%s: use %+v, error %v; want %+v", keys, g.Use, err, use)
		}
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
		if got := reason(t, err); got != want || (err == nil) != (g == Full(app)) {
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

func TestCacheIsBounded(t *testing.T) {
	c := cache[int, int]{limit: 10}
	c.put(-1, -1)
	for i := range 1000 {
		c.put(i, i)
		if n := len(c.new) + len(c.aged); n > 2*c.limit {
			t.Fatalf("cache holds %d entries, want at most %d", n, 2*c.limit)
		}
		if v, ok := c.get(-1); !ok || v != -1 {
			t.Fatalf("entry in use was dropped after %d others", i)
		}
	}
	if _, ok := c.get(0); ok {
		t.Error("entry not in use was kept")
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
		Path: Pattern{text: "/a/<&>"}, Container: Pattern{text: "c"}, URL: Pattern{text: "https://u"},
		Use: Use{Digest: Digest(s.Policy), Limit: 3, Expires: expires},
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
		"pattern": {Expires: expires, Path: strings.Repeat("a", MaxPattern+1)},
		"uses":    {Expires: expires, Uses: MaxUses + 1},
	} {
		if _, err := p.Sign(testSecret); err == nil {
			t.Errorf("sign takes a %s that is over the limit", name)
		}
	}
}
