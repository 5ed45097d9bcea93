package policy

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// explains reports whether every step of an explanation is OK. It fails if one
// is missing or has nothing to say.
func explains(t testing.TB, app App, c Credential, r Request) bool {
	t.Helper()
	steps := Explain(app, c, r, testNow)
	if len(steps) != len(stepNames) {
		t.Fatalf("Explain took %d steps, want %d: %+v", len(steps), len(stepNames), steps)
	}
	ok := true
	for i, step := range steps {
		if step.Check != stepNames[i] || step.Detail == "" || step.Skipped && !step.OK {
			t.Fatalf("step %d is %+v, want one called %s, with a sentence", i, step, stepNames[i])
		}
		ok = ok && step.OK
	}
	return ok
}

func TestStepNames(t *testing.T) {
	const before = 5 // steps that are no checks of a grant, but the expiry
	for i, c := range checks[1:] {
		if stepNames[before+i] != c.name {
			t.Errorf("step %d is called %s, its check %s", before+i, stepNames[before+i], c.name)
		}
	}
	if len(stepNames) != before+len(checks)-1 || checks[0].name != "expiry" {
		t.Errorf("%d steps for %d checks", len(stepNames), len(checks))
	}
}

// TestExplainAgrees: an explanation is all OK exactly when the request is
// allowed.
func TestExplainAgrees(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 10_000 {
		c, document, r := randomCase(random)
		app := testApp(testSecret)
		app.Security = random.IntN(2) == 0
		app.Disabled = random.IntN(20) == 0
		if random.IntN(4) == 0 {
			app.RevokedBefore = testNow.Add(-30 * time.Minute)
		}
		switch random.IntN(20) {
		case 0:
			app.Key = ""
		case 1:
			c = Credential{}
		case 2:
			c.Signature = ""
		}
		err := decide(app, c, r, testNow)
		if got := explains(t, app, c, r); got != (err == nil) {
			t.Fatalf("%s for %+v of app %+v: Explain says %v, Check %v\n%+v", document, r, app, got, err, Explain(app, c, r, testNow))
		}
	}
}

func TestExplain(t *testing.T) {
	app := testApp("newest", testSecret, "expired secret")
	app.Secrets[0].Created = testNow.Add(-30 * time.Minute)
	app.Secrets[2].Expires = testNow.Add(-time.Minute)
	open, disabled, revoking := app, app, app
	open.Security, disabled.Disabled, revoking.RevokedBefore = false, true, testNow
	const document = `{"expiry":1893456600,"call":["store"],"note":"~~~???>>>"}`
	good := signed(document)
	standard := strings.NewReplacer("-", "+", "_", "/").Replace(good.Policy)
	sign := func(key, text, sent string) Credential {
		return Credential{Policy: sent, Signature: fmt.Sprintf("%x", mac(key, text))}
	}
	unpadded := signed(`{"expiry":1893456600}1`).Policy
	if !strings.HasSuffix(unpadded, "=") {
		t.Fatal("this text has no padding to strip")
	}
	raw, err := base64.StdEncoding.DecodeString(standard)
	if err != nil {
		t.Fatal(err)
	}
	store, read := Request{Action: Store, Path: "a", Size: 1}, Request{Action: Read, Asset: assetA}
	for _, tt := range []struct {
		name   string
		app    App
		c      Credential
		r      Request
		check  string
		ok     bool
		detail string // part of it
	}{
		{"allowed", app, good, store, "signature", true, "the secret of 2029-12-31T23:00:00Z"},
		{"newest secret", app, sign("newest", good.Policy, good.Policy), store, "signature", true, "the secret of 2029-12-31T23:30:00Z"},
		{"meaning", app, good, store, "document", true, "may upload files; until 2030-01-01T00:10:00Z (10 minutes from now)"},
		{"time left", app, good, store, "expiry", true, "is still to come"},
		{"expired", app, signed(`{"expiry":1893455820}`), store, "expiry", false, "expired 3 minutes ago, at 2029-12-31T23:57:00Z: sign a new one"},
		{"unknown app", App{}, good, store, "app", false, "no such app"},
		{"disabled", disabled, good, store, "app", false, "switched off"},
		{"no policy", app, Credential{}, store, "signature", false, "(policy given: false, signature given: false)"},
		{"no signature", app, Credential{Policy: good.Policy}, store, "signature", false, "(policy given: true, signature given: false)"},
		{"public", open, Credential{}, read, "app", true, "security is off, and anybody may do this"},
		{"not public", open, Credential{}, Request{Action: Remove}, "signature", false, "(policy given: false, signature given: false)"},
		{"call", app, good, read, "call", false, "needs the call read, and the policy lists store"},
		{"calls", app, good, Request{Action: Read | Convert | Stat}, "call", false, "read,stat,convert"},
		{"no call asked about", app, good, Request{}, "call", true, "no call was asked about"},
		{"asset", app, signed(with(`"handle":"` + string(assetB) + `"`)), read, "asset", false, "for " + string(assetB) + ", and the request for " + string(assetA)},
		{"path", app, signed(with(`"path":"/b"`)), store, "path", false, `"/a" does not match /b`},
		{"path matches", app, signed(with(`"path":"/a"`)), store, "path", true, "matches"},
		{"size", app, signed(with(`"maxSize":5242880`)), Request{Action: Store, Size: 5242881}, "size", false, "has 5242881 bytes, and the policy allows 5242880"},
		{"revoked", revoking, good, store, "revocation", false, "does not say when it was signed (iat)"},
		{"bad JSON", app, signed(`{"expiry":1,"expiry":2}`), store, "document", false, `"expiry" is there twice`},

		{"another secret", app, sign("x", good.Policy, good.Policy), store, "signature", false, "made with another secret"},
		{"expired secret", app, sign("expired secret", good.Policy, good.Policy), store, "signature", false, "a secret that expired at 2029-12-31T23:59:00Z"},
		{"line break in the secret", app, sign(testSecret+"\n", good.Policy, good.Policy), store, "signature", false, "line break at its end"},
		{"signed the JSON", app, sign(testSecret, string(raw), good.Policy), store, "signature", false, "the decoded JSON was signed"},
		{"to standard", app, sign(testSecret, good.Policy, standard), store, "signature", false, "signed in the URL-safe alphabet"},
		{"to URL-safe", app, sign(testSecret, standard, good.Policy), store, "signature", false, "signed in the standard alphabet"},
		{"padding stripped", app, sign(testSecret, unpadded, strings.TrimRight(unpadded, "=")), store, "signature", false, "padding (=) was stripped"},
		{"padding added", app, sign(testSecret, strings.TrimRight(unpadded, "="), unpadded), store, "signature", false, "padding (=) was added"},
		{"space added", app, sign(testSecret, good.Policy, good.Policy+" "), store, "signature", false, "white space was added"},
		{"signed with a space", app, sign(testSecret, good.Policy+" ", good.Policy+" "), store, "signature", false, "signed with spaces in it"},
		{"encoded twice", app, sign(testSecret, encoded(good.Policy), good.Policy), store, "signature", false, "encoded twice"},
		{"SHA-1", app, Credential{good.Policy, strings.Repeat("a", 40)}, store, "signature", false, "looks like HMAC-SHA-1"},
		{"base64", app, Credential{good.Policy, base64.URLEncoding.EncodeToString(mac(testSecret, good.Policy))}, store, "signature", false, "in base64"},
		{"no secret", testApp(), good, store, "signature", false, "has no secret"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			explains(t, tt.app, tt.c, tt.r)
			for _, step := range Explain(tt.app, tt.c, tt.r, testNow) {
				if step.Check == tt.check && (step.OK != tt.ok || !strings.Contains(step.Detail, tt.detail)) {
					t.Errorf("step %+v, want OK %v and %q", step, tt.ok, tt.detail)
				}
			}
		})
	}
	for _, secret := range app.Secrets {
		if text := fmt.Sprint(Explain(app, sign("x", "y", "z"), store, testNow)); strings.Contains(text, secret.Key) {
			t.Errorf("the explanation tells a secret: %s", text)
		}
	}
}
