package bearer

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/policy/policytest"
)

const (
	secret = "YOUR_SECRET_KEY"
	header = `{"alg":"HS256","typ":"JWT"}`
	times  = `"iat":1678359840,"exp":1678363440`
)

var now = time.Unix(1678359850, 0).UTC()

func testApp(secrets ...string) policy.App {
	return policy.App{Key: "key", Security: true, Secrets: policytest.Secrets(now, secrets...)}
}

// token signs a header and claims with the digest of key.
func token(key, header, claims string) string {
	digest := sha256.Sum256([]byte(key))
	text := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString([]byte(claims))
	return text + "." + base64.RawURLEncoding.EncodeToString(mac(digest[:], text))
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

type vector struct {
	Name, Secret, Token, Path, Want string
	Now                             int64
	Operations                      int
}

func vectors(t testing.TB) []vector {
	t.Helper()
	return policytest.Vectors[vector](t, "testdata/tokens.jsonl", 12)
}

func TestVectors(t *testing.T) {
	for _, v := range vectors(t) {
		g, err := Verify(testApp("newer", v.Secret), v.Token, v.Path, time.Unix(v.Now, 0))
		got := ""
		if err != nil {
			got = policytest.Reason(t, err).String()
		}
		if got != v.Want || g.Use.Limit != v.Operations {
			t.Errorf("%s: Verify = %v, %v; want %q and %d operations", v.Name, g, err, v.Want, v.Operations)
		}
	}
}

func TestHeader(t *testing.T) {
	body := `{` + times + `}`
	good := token(secret, header, body)
	parts := strings.Split(good, ".")
	digest := sha256.Sum256([]byte(secret))
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + parts[1] + "."
	twin := func(part string) string { // the same bytes, with a bit left over
		last := strings.IndexByte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", part[len(part)-1])
		return part[:len(part)-1] + string("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[last|1])
	}
	for _, tt := range []struct {
		name, token string
		want        policy.Reason
	}{
		{"as clients make it", good, 0},
		{"other order", token(secret, `{"typ":"JWT","alg":"HS256"}`, body), 0},
		{"no type", token(secret, `{"alg":"HS256"}`, body), 0},
		{"signed with the secret itself", parts[0] + "." + parts[1] + "." + base64.RawURLEncoding.EncodeToString(mac([]byte(secret), parts[0]+"."+parts[1])), policy.BadSignature},
		{"another secret", token("x", header, body), policy.BadSignature},
		{"algorithm none", none, policy.BadPolicy},
		{"algorithm none, signed", token(secret, `{"alg":"none"}`, body), policy.BadPolicy},
		{"algorithm HS512", token(secret, `{"alg":"HS512"}`, body), policy.BadPolicy},
		{"algorithm RS256", token(secret, `{"alg":"RS256"}`, body), policy.BadPolicy},
		{"algorithm in lower case", token(secret, `{"alg":"hs256"}`, body), policy.BadPolicy},
		{"no algorithm", token(secret, `{"typ":"JWT"}`, body), policy.BadPolicy},
		{"algorithm twice", token(secret, `{"alg":"none","alg":"HS256"}`, body), policy.BadPolicy},
		{"key in the header", token("x", `{"alg":"HS256","jwk":{"kty":"oct","k":"`+base64.RawURLEncoding.EncodeToString(digest[:])+`"}}`, body), policy.BadPolicy},
		{"unknown critical header", token(secret, `{"alg":"HS256","crit":["x"],"x":1}`, body), policy.BadSignature},
		{"header is a list", token(secret, `[]`, body), policy.BadPolicy},
		{"empty", "", policy.BadPolicy},
		{"dots", "..", policy.BadPolicy},
		{"two parts", parts[0] + "." + parts[1], policy.BadPolicy},
		{"four parts", good + ".", policy.BadPolicy},
		{"no signature", parts[0] + "." + parts[1] + ".", policy.BadSignature},
		{"padded", good + "=", policy.BadPolicy},
		{"standard alphabet", parts[0] + "." + parts[1] + ".+/" + parts[2][2:], policy.BadPolicy},
		{"twin of the signature", parts[0] + "." + parts[1] + "." + twin(parts[2]), policy.BadPolicy},
		{"line break", good + "\n", policy.BadPolicy},
		{"line break within", parts[0] + "." + parts[1] + ".\r\n" + parts[2], policy.BadPolicy},
		{"space", " " + good, policy.BadPolicy},
		{"JSON serialization", `{"payload":"` + parts[1] + `","protected":"` + parts[0] + `","signature":"` + parts[2] + `"}`, policy.BadPolicy},
		{"too long", good + strings.Repeat("A", MaxToken), policy.BadPolicy},
	} {
		_, err := Verify(testApp(secret), tt.token, "/base/", now)
		if got := policytest.Reason(t, err); got != tt.want {
			t.Errorf("%s: Verify = %v, want %v", tt.name, err, tt.want)
		}
	}
}

func TestClaims(t *testing.T) {
	limited := func(restrictions string) string { return `{` + times + `,"uc":{"restrictions":` + restrictions + `}}` }
	life := func(exp, iat int64) string { return fmt.Sprintf(`{"iat":%d,"exp":%d}`, iat, exp) }
	at := now.Unix()
	for _, tt := range []struct {
		claims string
		want   policy.Reason
	}{
		{`{` + times + `}`, 0},
		{`{` + times + `,"iss":"a","sub":"","jti":"ü","name":{"x":[null]}}`, 0},
		{`{` + times + `,"sub":42}`, policy.BadPolicy},
		{`{` + times + `,"iss":null}`, policy.BadPolicy},
		{`{` + times + `,"nbf":1678359840}`, policy.BadPolicy},
		{`{` + times + `,"aud":"x"}`, policy.BadPolicy},
		{`{"exp":1678363440}`, policy.BadPolicy},
		{`{"iat":1678359840}`, policy.BadPolicy},
		{`{"iat":"1678359840","exp":1678363440}`, policy.BadPolicy},
		{`{"iat":1678359840,"exp":null}`, policy.BadPolicy},
		{`{"iat":1678359840.0,"exp":1678363440}`, policy.BadPolicy},
		{`{"iat":1678359840,"exp":1678363440e0}`, policy.BadPolicy},
		{`{"iat":0,"exp":1678363440}`, policy.BadPolicy},
		{`{"iat":1678359840,"exp":99999999999999999999}`, policy.BadPolicy},
		{`{"iat":1678359840,"exp":1678363440,"exp":1678363441}`, policy.BadPolicy},
		{`{"IAT":1678359840,"exp":1678363440}`, policy.BadPolicy},
		{`[]`, policy.BadPolicy},
		{``, policy.BadPolicy},
		{`{` + times + `} {}`, policy.BadPolicy},

		{life(at+60, at+30), 0},
		{life(at+60, at+31), policy.BadPolicy},
		{life(at+86400, at), 0},
		{life(at+86401, at), policy.BadPolicy},
		{life(at, at), policy.BadPolicy},
		{life(at-29, at-60), 0},
		{life(at-30, at-60), policy.Expired},
		{life(at*1000, at), policy.BadPolicy},

		{`{` + times + `,"uc":{}}`, 0},
		{`{` + times + `,"uc":null}`, policy.BadPolicy},
		{`{` + times + `,"uc":{"extra":1}}`, policy.BadPolicy},
		{limited(`{}`), 0},
		{limited(`[]`), policy.BadPolicy},
		{limited(`{"Scope":["/base/"]}`), policy.BadPolicy},
		{limited(`{"scope":["/base/"]}`), 0},
		{limited(`{"scope":["/info/","/base/"]}`), 0},
		{limited(`{"scope":["/*"]}`), 0},
		{limited(`{"scope":["/base/*"]}`), 0},
		{limited(`{"scope":["/base"]}`), policy.CallNotAllowed},
		{limited(`{"scope":["/BASE/"]}`), policy.CallNotAllowed},
		{limited(`{"scope":["/"]}`), policy.CallNotAllowed},
		{limited(`{"scope":["/info/*"]}`), policy.CallNotAllowed},
		{limited(`{"scope":["*"]}`), policy.BadPolicy},
		{limited(`{"scope":["/ba*"]}`), policy.BadPolicy},
		{limited(`{"scope":["/*/x"]}`), policy.BadPolicy},
		{limited(`{"scope":[""]}`), policy.BadPolicy},
		{limited(`{"scope":[]}`), policy.BadPolicy},
		{limited(`{"scope":null}`), policy.BadPolicy},
		{limited(`{"scope":"/base/"}`), policy.BadPolicy},
		{limited(`{"scope":["/base/",1]}`), policy.BadPolicy},
		{limited(`{"scope":["/base/"` + strings.Repeat(`,"/x"`, 15) + `]}`), 0},
		{limited(`{"scope":["/base/"` + strings.Repeat(`,"/x"`, 16) + `]}`), policy.BadPolicy},
		{limited(`{"scope":["/base/","/` + strings.Repeat("ü", 63) + `"]}`), 0},
		{limited(`{"scope":["/base/","/` + strings.Repeat("ü", 64) + `"]}`), policy.BadPolicy},
		{limited(`{"limits":{}}`), 0},
		{limited(`{"limits":{"operations":1}}`), 0},
		{limited(`{"limits":{"operations":100000}}`), 0},
		{limited(`{"limits":{"operations":100001}}`), policy.BadPolicy},
		{limited(`{"limits":{"operations":0}}`), policy.BadPolicy},
		{limited(`{"limits":{"operations":-1}}`), policy.BadPolicy},
		{limited(`{"limits":{"operations":1.5}}`), policy.BadPolicy},
		{limited(`{"limits":{"operations":null}}`), policy.BadPolicy},
		{limited(`{"limits":{"operations":"1"}}`), policy.BadPolicy},
		{limited(`{"limits":{"uploads":1}}`), policy.BadPolicy},
	} {
		_, err := Verify(testApp(secret), token(secret, header, tt.claims), "/base/", now)
		if got := policytest.Reason(t, err); got != tt.want {
			t.Errorf("%s: Verify = %v, want %v", tt.claims, err, tt.want)
		}
	}
}

func TestApps(t *testing.T) {
	text := token(secret, header, `{`+times+`,"uc":{"restrictions":{"limits":{"operations":7}}}}`)
	for _, tt := range []struct {
		name   string
		change func(*policy.App)
		want   policy.Reason
	}{
		{"as it is", func(*policy.App) {}, 0},
		{"disabled", func(app *policy.App) { app.Disabled = true }, policy.AppDisabled},
		{"no app", func(app *policy.App) { *app = policy.App{} }, policy.BadSignature},
		{"secret has expired", func(app *policy.App) { app.Secrets[0].Expires = now }, policy.BadSignature},
		{"older ones revoked", func(app *policy.App) { app.RevokedBefore = time.Unix(1678359841, 0) }, policy.Revoked},
		{"those before it revoked", func(app *policy.App) { app.RevokedBefore = time.Unix(1678359840, 0) }, 0},
		{"this one revoked", func(app *policy.App) { app.Revoked = map[[32]byte]bool{policy.Digest(text): true} }, policy.Revoked},
	} {
		app := testApp(secret)
		tt.change(&app)
		g, err := Verify(app, text, "/base/", now)
		if got := policytest.Reason(t, err); got != tt.want {
			t.Errorf("%s: Verify = %v, want %v", tt.name, err, tt.want)
		}
		expires := time.Unix(1678363440, 0).UTC().Add(Leeway)
		want := policy.Grant{App: "key", Actions: policy.Pick | policy.Store, Expires: expires, MaxSize: math.MaxInt64,
			Use: policy.Use{Digest: policy.Digest(text), Limit: 7, Expires: expires}, Signer: policy.Secret{Key: secret}.Fingerprint()}
		if err == nil && g != want || err != nil && g != (policy.Grant{}) {
			t.Errorf("%s: Verify = %+v, want %+v", tt.name, g, want)
		}
	}
	if _, err := Verify(testApp(""), token("", header, `{`+times+`}`), "/base/", now); policytest.Reason(t, err) != policy.BadSignature {
		t.Errorf("signed with the empty secret: Verify = %v, want BadSignature", err)
	}
}

// FuzzVerify takes any text as a token, and as signed claims. What verifies is
// within its bounds.
func FuzzVerify(f *testing.F) {
	for _, v := range vectors(f) {
		f.Add(v.Token, v.Path)
	}
	f.Add(`{`+times+`,"uc":{"restrictions":{"scope":["/*"],"limits":{"operations":3}}}}`, "/base/")
	f.Fuzz(func(t *testing.T, text, path string) {
		for _, tok := range []string{text, token(secret, header, text), token(secret, text, `{`+times+`}`)} {
			g, err := Verify(testApp(secret), tok, path, now)
			if err != nil {
				policytest.Reason(t, err)
				continue
			}
			if left := g.Expires.Sub(now); left <= 0 || left > MaxLife+2*Leeway || g.Use.Limit < 0 || g.Use.Limit > maxOperations || g.Actions != policy.Pick|policy.Store {
				t.Errorf("Verify(%q, %q) = %+v", tok, path, g)
			}
		}
	})
}
