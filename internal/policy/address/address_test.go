package address

import (
	"encoding/hex"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/policy/policytest"
)

// secret is that of the documentation's examples.
const secret = "73636b61519adede42191efe1e73f02a67c7b692e3765f90c250c230be095211"

const (
	id    = asset.ID("aBcDeFgHiJkLmNoPqRsT")
	other = asset.ID("TsRqPoNmLkJiHgFeDcBa")
	name  = "/52da3bfc-7cd8-4861-8b05-126fef7a6994/"
)

var now = time.Unix(1633997000, 0).UTC()

func testApp(secrets ...string) policy.App {
	return policy.App{Key: "key", Security: true, TokenSecrets: policytest.Secrets(now, secrets...)}
}

// signed returns the token of a text, like exp=1~acl=/*.
func signed(text string) string {
	key, _ := hex.DecodeString(secret)
	return text + "~hmac=" + hex.EncodeToString(mac(key, text))
}

// named returns the token for acl, and unnamed that for path.
func named(acl string) string { return signed("exp=1633997100~acl=" + acl) }

func unnamed(path string) string {
	t := signed("exp=1633997100~url=" + escape(path))
	return "exp=1633997100" + t[strings.LastIndex(t, "~hmac="):]
}

type vector struct{ Name, Token, Path string }

func vectors(t testing.TB) []vector {
	t.Helper()
	return policytest.Vectors[vector](t, "testdata/tokens.jsonl", 12)
}

func TestVectors(t *testing.T) {
	app := testApp(strings.Repeat("ab", 32), secret)
	for _, v := range vectors(t) {
		for _, text := range []string{v.Token, url.QueryEscape(v.Token), strings.ReplaceAll(url.QueryEscape(v.Token), "~", "%7E")} {
			if _, err := Verify(app, text, v.Path, id, now); err != nil {
				t.Errorf("%s: Verify(%q) = %v", v.Name, text, err)
			}
		}
		bad := v.Token[:len(v.Token)-1] + "0"
		if bad == v.Token {
			bad = v.Token[:len(v.Token)-1] + "1"
		}
		if _, err := Verify(app, bad, v.Path, id, now); policytest.Reason(t, err) != policy.BadSignature {
			t.Errorf("%s, a digit changed: Verify = %v, want BadSignature", v.Name, err)
		}
		if _, err := Verify(app, v.Token, v.Path, id, time.Unix(4102444800, 0)); policytest.Reason(t, err) != policy.Expired {
			t.Errorf("%s, years later: Verify = %v, want Expired", v.Name, err)
		}
		if _, err := Verify(app, "", v.Path, id, now); policytest.Reason(t, err) != policy.NoCredentials {
			t.Errorf("%s, no token: Verify = %v, want NoCredentials", v.Name, err)
		}
	}
}

func TestPaths(t *testing.T) {
	for _, tt := range []struct {
		acl, path string
		want      policy.Reason
	}{
		{name, name, 0},
		{name, name + "-/resize/640x/", policy.CallNotAllowed},
		{name, strings.TrimSuffix(name, "/"), policy.CallNotAllowed},
		{name, "/" + name, policy.CallNotAllowed},
		{name, name + "/", policy.CallNotAllowed},
		{name, strings.ToUpper(name), policy.CallNotAllowed},
		{name, name + "%2e", policy.CallNotAllowed},
		{name + "-/resize/640x/", name + "-/resize/640x/", 0},
		{name + "-/resize/640x/", name + "-/resize/641x/", policy.CallNotAllowed},
		{name + "-/resize/640x/", name, policy.CallNotAllowed},
		{name + "*", name, 0},
		{name + "*", name + "-/resize/640x/a.jpg", 0},
		{name + "*", strings.TrimSuffix(name, "/"), policy.CallNotAllowed},
		{name + "*", "/82da3bfc-7cd8-4861-8b05-126fef7a6994/", policy.CallNotAllowed},
		{name + "*", name + "../82da3bfc/", policy.CallNotAllowed},
		{name + "*", name + "%2E%2e/82da3bfc/", policy.CallNotAllowed},
		{name + "*", name + "./a", policy.CallNotAllowed},
		{name + "*", name + "%zz", policy.CallNotAllowed},
		{name + "*", "/52da3bfc-7cd8-4861-8b05-126fef7a6994%2Fa/", policy.CallNotAllowed},
		{name + "-/res*", name + "-/resize/640x/", 0},
		{name + "-/res*", name + "-/crop/1x1/", policy.CallNotAllowed},
		{name + "-/crop/20%2c20/", name + "-/crop/20,20/", 0},
		{name + "-/crop/20,20/", name + "-/crop/20%2C20/", 0},
		{name + "-/text/a%2Fb/", name + "-/text/a%2Fb/", 0},
		{name + "-/text/a%2Fb/", name + "-/text/a/b/", policy.CallNotAllowed},
		{name + "-/text/a/b/", name + "-/text/a%2Fb/", policy.CallNotAllowed},
		{name + "100%25", name + "100%25", 0},
		{name + "%2525", name + "%25", policy.CallNotAllowed},
		{"/a%7e2/*", "/a~2/nth/0/", 0},
		{"/a~2/nth/0/", "/a%7E2/nth/0/", 0},
		{"/*", "/anything/at/all", 0},
		{"/*", "/", 0},
		{"/%2a", "/a", policy.CallNotAllowed},
		{"/%2A", "/*", 0},
		{name + "%2", name + "%2", policy.CallNotAllowed},

		{"*", name, policy.BadPolicy},
		{"", name, policy.BadPolicy},
		{name[1:], name, policy.BadPolicy},
		{"/*/", name, policy.BadPolicy},
		{"/**", name, policy.BadPolicy},
		{"/?*", name, policy.BadPolicy},
		{name + "?a", name + "?a", policy.BadPolicy},
	} {
		_, err := Verify(testApp(secret), named(tt.acl), tt.path, id, now)
		if got := policytest.Reason(t, err); got != tt.want {
			t.Errorf("acl %s, path %s: Verify = %v, want %v", tt.acl, tt.path, err, tt.want)
		}
	}
	for _, tt := range []struct {
		signed, path string
		want         policy.Reason
	}{
		{name, name, 0},
		{name, name + "a", policy.BadSignature},
		{name + "-/crop/10x10/20,20/", name + "-/crop/10x10/20,20/", 0},
		{name + "a b.txt", name + "a%20b.txt", 0},
		{name + "a%20b.txt", name + "a%20b.txt", 0},
		{name + "a%20b.txt", name + "a%2520b.txt", policy.BadSignature},
		{name + "ü", name + "%C3%BC", 0},
		{name + "a/b", name + "a%2Fb", policy.BadSignature},
		{name + "a+b", name + "a b", policy.BadSignature},
		{name + "*", name + "a", policy.BadSignature},
		{"/*", "/*", 0},
	} {
		_, err := Verify(testApp(secret), unnamed(tt.signed), tt.path, id, now)
		if got := policytest.Reason(t, err); got != tt.want {
			t.Errorf("signed %s, path %s: Verify = %v, want %v", tt.signed, tt.path, err, tt.want)
		}
	}
}

func TestForms(t *testing.T) {
	good := named(name)
	digest := good[strings.LastIndex(good, "=")+1:]
	for _, tt := range []struct {
		token string
		want  policy.Reason
	}{
		{good, 0},
		{url.QueryEscape(good), 0},
		{url.QueryEscape(url.QueryEscape(good)), policy.BadPolicy},
		{strings.ToUpper(digest), policy.BadPolicy},
		{strings.ReplaceAll(good, digest, strings.ToUpper(digest)), policy.BadPolicy},
		{good + "0", policy.BadPolicy},
		{good + "00", policy.BadPolicy},
		{good[:len(good)-2], policy.BadPolicy},
		{good + "~x=1", policy.BadPolicy},
		{good + "~hmac=" + digest, policy.BadSignature},
		{" " + good, policy.BadPolicy},
		{good + " ", policy.BadPolicy},
		{"exp=1633997100~hmac=" + digest, policy.BadSignature},
		{"acl=" + name + "~exp=1633997100~hmac=" + digest, policy.BadPolicy},
		{"exp=1633997100~acl=" + name, policy.BadPolicy},
		{"hmac=" + digest, policy.BadPolicy},
		{"exp=~hmac=" + digest, policy.BadPolicy},
		{"exp%3D%zz", policy.BadPolicy},
		{signed("st=1~exp=1633997100~acl=" + name), policy.BadPolicy},
		{signed("exp=1633997100~id=1~acl=" + name), policy.BadPolicy},
		{signed("exp=1633997100~url=" + escape(name)), policy.BadPolicy},
		{signed("exp=1633997100~~acl=" + name), policy.BadPolicy},
		{signed("exp=1633997100~acl=" + name + "~acl=/*"), policy.CallNotAllowed},
		{signed("exp=01633997100~acl=" + name), 0},
		{signed("exp=+1633997100~acl=" + name), policy.BadPolicy},
		{signed("exp=1633997100.0~acl=" + name), policy.BadPolicy},
		{signed("exp=1633997100000~acl=" + name), policy.BadPolicy},
		{signed("exp=253402300799~acl=" + name), 0},
		{signed("exp=253402300800~acl=" + name), policy.BadPolicy},
		{signed("exp=1633997001~acl=" + name), 0},
		{signed("exp=1633997000~acl=" + name), policy.Expired},
		{signed("exp=1633997100~acl=" + name + strings.Repeat("a", maxToken)), policy.BadPolicy},
	} {
		_, err := Verify(testApp(secret), tt.token, name, id, now)
		if got := policytest.Reason(t, err); got != tt.want {
			t.Errorf("Verify(%.150q) = %v, want %v", tt.token, err, tt.want)
		}
	}
}

// TestGrant: a wildcard reads nothing but what its path is about.
func TestGrant(t *testing.T) {
	path := name + "-/overlay/82da3bfc-7cd8-4861-8b05-126fef7a6994/"
	for _, tt := range []struct {
		token string
		id    asset.ID
		bound asset.ID
		want  policy.Reason
	}{
		{named(path), id, "", 0},
		{unnamed(path), id, "", 0},
		{named("/*"), id, "", 0},
		{named("/*"), "", "", 0},
		{named(name + "*"), id, id, 0},
		{named("/5*"), id, id, 0},
		{named(name + "*"), "", "", policy.OtherAsset},
	} {
		g, err := Verify(testApp(secret), tt.token, path, tt.id, now)
		if got := policytest.Reason(t, err); got != tt.want {
			t.Errorf("%s: Verify = %v, want %v", tt.token, err, tt.want)
		}
		if err != nil {
			continue
		}
		want := policy.Grant{App: "key", Actions: policy.Read | policy.Convert, Expires: now.Add(100 * time.Second), Asset: tt.bound,
			Signer: policy.Secret{Key: secret}.Fingerprint()}
		if g != want {
			t.Errorf("%s: Verify = %+v, want %+v", tt.token, g, want)
		}
		if got := policytest.Reason(t, g.Check(policy.Request{Action: policy.Read, Asset: other}, now)); (got == 0) != (tt.bound == "") {
			t.Errorf("%s: reading another asset is answered by %v", tt.token, got)
		}
		for _, a := range []policy.Action{policy.Stat, policy.EXIF, policy.Write, policy.Remove, policy.Store, policy.Manage} {
			if got := policytest.Reason(t, g.Check(policy.Request{Action: a, Asset: id}, now)); got != policy.CallNotAllowed {
				t.Errorf("%s: %v is answered by %v, want CallNotAllowed", tt.token, a, got)
			}
		}
	}
}

func TestApps(t *testing.T) {
	text := named(name)
	for _, tt := range []struct {
		name   string
		change func(*policy.App)
		want   policy.Reason
	}{
		{"as it is", func(*policy.App) {}, 0},
		{"disabled", func(app *policy.App) { app.Disabled = true }, policy.AppDisabled},
		{"no app", func(app *policy.App) { *app = policy.App{} }, policy.BadSignature},
		{"no secret", func(app *policy.App) { app.TokenSecrets = nil }, policy.BadSignature},
		{"a secret of policies", func(app *policy.App) { app.Secrets, app.TokenSecrets = app.TokenSecrets, nil }, policy.BadSignature},
		{"secret has expired", func(app *policy.App) { app.TokenSecrets[0].Expires = now }, policy.BadSignature},
		{"secret in upper case", func(app *policy.App) { app.TokenSecrets[0].Key = strings.ToUpper(secret) }, 0},
		{"secret not in hexadecimal", func(app *policy.App) { app.TokenSecrets[0].Key = "x" + secret }, policy.BadSignature},
		{"older ones revoked", func(app *policy.App) { app.RevokedBefore = now }, policy.Revoked},
		{"older ones revoked, new secret", func(app *policy.App) { app.RevokedBefore = app.TokenSecrets[0].Created }, 0},
		{"this one revoked", func(app *policy.App) { app.Revoked = map[[32]byte]bool{policy.Digest(text): true} }, policy.Revoked},
	} {
		for _, sent := range []string{text, url.QueryEscape(text)} {
			app := testApp(secret)
			tt.change(&app)
			_, err := Verify(app, sent, name, id, now)
			if got := policytest.Reason(t, err); got != tt.want {
				t.Errorf("%s: Verify = %v, want %v", tt.name, err, tt.want)
			}
		}
	}
	for n, want := range map[int]policy.Reason{0: policy.BadSignature, policy.MinTokenSecret - 1: policy.BadSignature, policy.MinTokenSecret: 0} {
		key := strings.Repeat("a", n)
		message := "exp=1633997100~acl=" + name
		_, err := Verify(testApp(hex.EncodeToString([]byte(key))), message+"~hmac="+hex.EncodeToString(mac([]byte(key), message)), name, id, now)
		if got := policytest.Reason(t, err); got != want {
			t.Errorf("secret of %d bytes: Verify = %v, want %v", n, err, want)
		}
	}
}

// TestAuthorize: a token allows besides what anybody may do, and a bad one spoils
// nothing.
func TestAuthorize(t *testing.T) {
	for _, tt := range []struct {
		security      bool
		options       policy.Options
		token         string
		read, convert policy.Reason
	}{
		{true, policy.Options{}, "", policy.NoCredentials, policy.NoCredentials},
		{true, policy.Options{}, "x", policy.BadPolicy, policy.BadPolicy},
		{true, policy.Options{}, named(name), 0, 0},
		{true, policy.Options{OpenReads: true}, "", 0, 0},
		{true, policy.Options{OpenReads: true}, "x", 0, 0},
		{true, policy.Options{OpenReads: true, SignedImages: true}, "", 0, policy.NoCredentials},
		{true, policy.Options{OpenReads: true, SignedImages: true}, "x", 0, policy.BadPolicy},
		{true, policy.Options{OpenReads: true, SignedImages: true}, named(name), 0, 0},
		{false, policy.Options{}, "", 0, 0},
		{false, policy.Options{SignedImages: true}, "", 0, policy.NoCredentials},
		{false, policy.Options{SignedImages: true}, named(name), 0, 0},
		{false, policy.Options{SignedImages: true}, named("/x/*"), 0, policy.CallNotAllowed},
	} {
		app := testApp(secret)
		app.Security, app.Options = tt.security, tt.options
		for action, want := range map[policy.Action]policy.Reason{policy.Read: tt.read, policy.Convert: tt.convert} {
			g, err := Authorize(app, tt.token, name, id, now)
			if err == nil {
				err = g.Check(policy.Request{Action: action, Asset: id}, now)
			}
			if got := policytest.Reason(t, err); got != want {
				t.Errorf("security %t, %+v, token %q: %v is answered by %v, want %v", tt.security, tt.options, tt.token, action, err, want)
			}
		}
	}
}

// FuzzVerify: what verifies is to come, was signed as it stands, and names path.
func FuzzVerify(f *testing.F) {
	for _, v := range vectors(f) {
		f.Add(v.Token, v.Path)
	}
	f.Add("/a%2f*", "/a%2fb")
	f.Add(name+"*", name+"..")
	f.Fuzz(func(t *testing.T, text, path string) {
		app := testApp(secret)
		for _, tok := range []string{text, signed(text), named(text), unnamed(text)} {
			g, err := Verify(app, tok, path, id, now)
			if err != nil {
				policytest.Reason(t, err)
				continue
			}
			if !now.Before(g.Expires) || g.Actions != policy.Read|policy.Convert || g.App != app.Key {
				t.Errorf("Verify(%q, %q) = %+v", tok, path, g)
			}
		}
		_, err := Verify(app, named(text), path, id, now)
		stem, below := strings.CutSuffix(text, "*")
		plain, bad := url.PathUnescape(path)
		stem, badStem := url.PathUnescape(stem)
		if err == nil && text != "/*" && (bad != nil || badStem != nil || !strings.HasPrefix(plain, stem) || !below && plain != stem) {
			t.Errorf("a token for %q allows %q", text, path)
		}
		_, err = Verify(app, unnamed(text), path, id, now)
		if plain, _ := policy.PlainPath(path); err == nil && text != path && text != plain {
			t.Errorf("a token signed for %q allows %q", text, path)
		}
	})
}

func ExampleVerify() {
	app := policy.App{Key: "key", Security: true, TokenSecrets: []policy.Secret{{Key: secret}}}
	g, err := Verify(app, named(name+"*"), name+"-/resize/640x/", id, now)
	fmt.Println(g, err)
	// Output: may read, transform; asset aBcDeFgHiJkLmNoPqRsT only; until 2021-10-12T00:05:00Z <nil>
}
