package expiring

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/policy/policytest"
)

const secret = "fixture-secret-8c1f7a"

var now = time.Unix(1893456000, 0).UTC()

func testApp(secrets ...string) policy.App {
	return policy.App{Key: "key", Security: true, Secrets: policytest.Secrets(now, secrets...)}
}

func TestVectors(t *testing.T) {
	for _, v := range policytest.Vectors[struct {
		Name, Secret, Expire, Signature, Want string
		Now                                   int64
	}](t, "testdata/signatures.jsonl", 30) {
		_, err := Verify(testApp(v.Secret), v.Signature, v.Expire, time.Unix(v.Now, 0))
		got := ""
		if err != nil {
			got = policytest.Reason(t, err).String()
		}
		if got != v.Want {
			t.Errorf("%s: Verify of %q = %v, want %q", v.Name, v.Expire, err, v.Want)
		}
		if v.Want == "" && Sign(v.Secret, v.Expire) != v.Signature {
			t.Errorf("%s: Sign(%q) = %s, want %s", v.Name, v.Expire, Sign(v.Secret, v.Expire), v.Signature)
		}
	}
}

// TestB16ExpireForms: the time is decimal digits, its bytes are what was signed,
// and the conditions are looked at in the documented order.
func TestB16ExpireForms(t *testing.T) {
	const good = "1893456600"
	signed := func(expire string) func(string) string { return func(string) string { return Sign(secret, expire) } }
	own := func(expire string) string { return Sign(secret, expire) }
	none := func(string) string { return "" }
	for _, tt := range []struct {
		name      string
		expire    string
		signature func(expire string) string
		want      policy.Reason
	}{
		{"plain", good, own, 0},
		{"zeros before it", "000" + good, own, 0},
		{"zeros before it, signed without", "0" + good, signed(good), policy.BadSignature},
		{"last moment", "1893456001", own, 0},
		{"now", "1893456000", own, policy.Expired},
		{"zero", "0", own, policy.Expired},
		{"last year", "253402300799", own, 0},
		{"milliseconds", "253402300800", own, policy.BadPolicy},
		{"more than 64 bits", "18446744073709551616", own, policy.BadPolicy},
		{"too many digits", strings.Repeat("0", 55) + good, own, policy.BadPolicy},
		{"as many digits as may be", strings.Repeat("0", 54) + good, own, 0},
		{"fraction", good + ".0", own, policy.BadPolicy},
		{"exponent", "1e10", own, policy.BadPolicy},
		{"plus", "+" + good, own, policy.BadPolicy},
		{"minus", "-" + good, own, policy.BadPolicy},
		{"hexadecimal", "0x70dbdad8", own, policy.BadPolicy},
		{"underscore", "1_893_456_600", own, policy.BadPolicy},
		{"space before", " " + good, own, policy.BadPolicy},
		{"space after", good + " ", own, policy.BadPolicy},
		{"line break after", good + "\n", own, policy.BadPolicy},
		{"null after", good + "\x00", own, policy.BadPolicy},
		{"Arabic digits", "١٨٩٣٤٥٦٦٠٠", own, policy.BadPolicy},
		{"full-width digits", "１８９３４５６６００", own, policy.BadPolicy},
		{"text", "null", own, policy.BadPolicy},

		{"neither", "", none, policy.NoCredentials},
		{"no signature", good, none, policy.NoCredentials},
		{"no signature of a bad time", "x", none, policy.NoCredentials},
		{"no time", "", own, policy.NoCredentials},
		{"bad signature of a bad time", "x", signed("y"), policy.BadPolicy},
		{"bad signature of a time that has passed", "1893455999", signed("y"), policy.Expired},
		{"bad signature", good, signed("1893456601"), policy.BadSignature},

		{"upper case", good, func(s string) string { return strings.ToUpper(own(s)) }, 0},
		{"a byte less", good, func(s string) string { return own(s)[:62] }, policy.BadSignature},
		{"a byte more", good, func(s string) string { return own(s) + "00" }, policy.BadSignature},
		{"a digit less", good, func(s string) string { return own(s)[:63] }, policy.BadSignature},
		{"a digit more", good, func(s string) string { return own(s) + "0" }, policy.BadSignature},
		{"not hexadecimal", good, func(s string) string { return "g" + own(s)[1:] }, policy.BadSignature},
		{"space around", good, func(s string) string { return own(s) + " " }, policy.BadSignature},
	} {
		_, err := Verify(testApp("newer", secret), tt.signature(tt.expire), tt.expire, now)
		if got := policytest.Reason(t, err); got != tt.want {
			t.Errorf("%s: Verify(%q) = %v, want %v", tt.name, tt.expire, err, tt.want)
		}
	}
}

func TestApps(t *testing.T) {
	const expire = "1893456600"
	signature := Sign(secret, expire)
	for _, tt := range []struct {
		name   string
		change func(*policy.App)
		want   policy.Reason
	}{
		{"as it is", func(*policy.App) {}, 0},
		{"disabled", func(app *policy.App) { app.Disabled = true }, policy.AppDisabled},
		{"deleted", func(app *policy.App) { app.Deleted = now }, policy.AppDisabled},
		{"no app", func(app *policy.App) { *app = policy.App{} }, policy.BadSignature},
		{"no key", func(app *policy.App) { app.Key = "" }, policy.BadSignature},
		{"no secret", func(app *policy.App) { app.Secrets = nil }, policy.BadSignature},
		{"secret has expired", func(app *policy.App) { app.Secrets[0].Expires = now }, policy.BadSignature},
		{"a token secret", func(app *policy.App) { app.Secrets, app.TokenSecrets = nil, app.Secrets }, policy.BadSignature},
		{"older ones revoked", func(app *policy.App) { app.RevokedBefore = now.Add(-time.Minute) }, policy.Revoked},
		{"older ones revoked, new secret", func(app *policy.App) { app.RevokedBefore = app.Secrets[0].Created }, 0},
		{"this one revoked", func(app *policy.App) { app.Revoked = map[[32]byte]bool{[32]byte(mac(secret, expire)): true} }, policy.Revoked},
		{"another revoked", func(app *policy.App) { app.Revoked = map[[32]byte]bool{policy.Digest(expire): true} }, 0},
	} {
		app := testApp(secret)
		tt.change(&app)
		g, err := Verify(app, signature, expire, now)
		if got := policytest.Reason(t, err); got != tt.want {
			t.Errorf("%s: Verify = %v, want %v", tt.name, err, tt.want)
		}
		if err != nil && g != (policy.Grant{}) {
			t.Errorf("%s: refused, and grants %v", tt.name, g)
		}
	}
	if _, err := Verify(testApp(""), Sign("", expire), expire, now); policytest.Reason(t, err) != policy.BadSignature {
		t.Errorf("signed with the empty key: Verify = %v, want BadSignature", err)
	}
}

func TestGrant(t *testing.T) {
	g, err := Verify(testApp(secret), Sign(secret, "1893456600"), "1893456600", now)
	if err != nil {
		t.Fatal(err)
	}
	want := policy.Grant{App: "key", Actions: policy.Pick | policy.Store, Expires: now.Add(10 * time.Minute), MaxSize: math.MaxInt64,
		Signer: policy.Secret{Key: secret}.Fingerprint()}
	if g != want {
		t.Errorf("Verify = %+v, want %+v", g, want)
	}
	for action, want := range map[policy.Action]policy.Reason{policy.Pick: 0, policy.Store: 0, policy.Read: policy.CallNotAllowed, policy.Stat: policy.CallNotAllowed,
		policy.Write: policy.CallNotAllowed, policy.Convert: policy.CallNotAllowed, policy.Remove: policy.CallNotAllowed, policy.Manage: policy.CallNotAllowed} {
		if got := policytest.Reason(t, g.Check(policy.Request{Action: action, Path: "any/path", Size: 5 << 40}, now)); got != want {
			t.Errorf("%v is answered by %v, want %v", action, got, want)
		}
	}
	if got := policytest.Reason(t, g.Check(policy.Request{Action: policy.Store}, now.Add(10*time.Minute))); got != policy.Expired {
		t.Errorf("at its expiry: %v, want Expired", got)
	}
}

// FuzzVerify: what verifies is nothing but digits, to come, and signed as it is.
func FuzzVerify(f *testing.F) {
	f.Add("1893456600", Sign(secret, "1893456600"))
	f.Add("01893456600", "")
	f.Add("+1e9", Sign(secret, "+1e9"))
	f.Fuzz(func(t *testing.T, expire, signature string) {
		app := testApp(secret)
		for _, s := range []string{signature, Sign(secret, expire)} {
			g, err := Verify(app, s, expire, now)
			if err != nil {
				policytest.Reason(t, err)
				continue
			}
			if strings.Trim(expire, "0123456789") != "" || !strings.EqualFold(s, Sign(secret, expire)) || !now.Before(g.Expires) || g.App != app.Key {
				t.Errorf("Verify(%q, %q) = %+v", expire, s, g)
			}
		}
	})
}
