package signedrequest

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/policy/policytest"
)

const (
	secret = "demoprivatekey"
	date   = "Fri, 02 Jan 2026 03:04:05 GMT"
)

var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func testApp(secrets ...string) policy.App {
	return policy.App{Key: "demopublickey", Security: true, Secrets: policytest.Secrets(now, secrets...)}
}

// TestVectors has what clients sent, and the documentation's example.
func TestVectors(t *testing.T) {
	for _, v := range policytest.Vectors[struct {
		Name, Method, URI, Date, Body, Signature string
		ContentType                              string `json:"content_type"`
	}](t, "testdata/requests.jsonl", 50) {
		sent, err := parseDate(v.Date)
		if err != nil {
			t.Fatal(err)
		}
		r := Request{Method: v.Method, URI: v.URI, ContentType: v.ContentType, Date: v.Date, Body: []byte(v.Body)}
		c, err := Parse("Vendor", "Vendor demopublickey:"+v.Signature)
		if err != nil {
			t.Fatal(err)
		}
		g, err := Verify(testApp("newer", secret), c, r, sent.Add(time.Second))
		if err != nil || g.Check(policy.Request{Action: policy.Manage}, now) != nil {
			t.Errorf("%s: Verify = %v, %v", v.Name, g, err)
		}
		if got := Sign(secret, r); got != v.Signature {
			t.Errorf("%s: Sign = %s, want %s", v.Name, got, v.Signature)
		}
		r.Body = append(r.Body, ' ')
		if _, err := Verify(testApp(secret), c, r, sent); policytest.Reason(t, err) != policy.BadSignature {
			t.Errorf("%s, another body: Verify = %v, want BadSignature", v.Name, err)
		}
	}
}

func TestParse(t *testing.T) {
	for header, want := range map[string]Credential{
		"Vendor k:s":                  {Key: "k", Proof: "s"},
		"Vendor.Simple k:s":           {Key: "k", Proof: "s", Simple: true},
		"vendor.SIMPLE K:S":           {Key: "K", Proof: "S", Simple: true},
		"VENDOR  k:s ":                {Key: "k", Proof: "s"},
		"Vendor.Simple k:s:t":         {Key: "k", Proof: "s:t", Simple: true},
		"Vendor.Simple k: s":          {Key: "k", Proof: " s", Simple: true},
		"":                            {},
		"Vendor":                      {},
		"Vendor ":                     {},
		"Vendor k":                    {},
		"Vendor k:":                   {},
		"Vendor :s":                   {},
		"Vendor.Simple":               {},
		"Vendor.Simple.Simple k:s":    {},
		"Vendor.Complex k:s":          {},
		"Vendors k:s":                 {},
		".Simple k:s":                 {},
		"Bearer k:s":                  {},
		"Basic Vendor k:s":            {},
		" Vendor k:s":                 {},
		"Vendor\tk:s":                 {},
		"Ven\u017for k:s":             {},
		"Vendor.\u017fimple k:s":      {},
		"Vendor.Simple\u00a0k:s":      {},
		"demopublickey:demoprivateke": {},
	} {
		got, err := Parse("Vendor", header)
		if got != want || (err == nil) != (want != Credential{}) || err != nil && !errors.Is(err, fault.Invalid) {
			t.Errorf("Parse(%q) = %+v, %v, want %+v", header, got, err, want)
		}
	}
}

func TestSignature(t *testing.T) {
	body := `{"a":1}`
	r := Request{Method: "PUT", URI: "/files/a/metadata/b%3Ac/?x=%20y", ContentType: "application/json", Date: date, Body: []byte(body)}
	good := Sign(secret, r)
	change := func(f func(*Request)) Request { c := r; f(&c); return c }
	for _, tt := range []struct {
		name  string
		r     Request
		proof string
		want  policy.Reason
	}{
		{"as it is", r, good, 0},
		{"upper case", r, strings.ToUpper(good), 0},
		{"another method", change(func(r *Request) { r.Method = "POST" }), good, policy.BadSignature},
		{"another path", change(func(r *Request) { r.URI = "/files/a/metadata/b/?x=%20y" }), good, policy.BadSignature},
		{"another query", change(func(r *Request) { r.URI += "&z=" }), good, policy.BadSignature},
		{"query escaped in another way", change(func(r *Request) { r.URI = "/files/a/metadata/b%3Ac/?x=+y" }), good, policy.BadSignature},
		{"another content type", change(func(r *Request) { r.ContentType += "; charset=utf-8" }), good, policy.BadSignature},
		{"no content type", change(func(r *Request) { r.ContentType = "" }), good, policy.BadSignature},
		{"another second", change(func(r *Request) { r.Date = "Fri, 02 Jan 2026 03:04:06 GMT" }), good, policy.BadSignature},
		{"the same second, written in another way", change(func(r *Request) { r.Date = "Fri, 02 Jan 2026, 03:04:05 GMT" }), good, policy.BadSignature},
		{"another body", change(func(r *Request) { r.Body = nil }), good, policy.BadSignature},
		{"line moved", change(func(r *Request) { r.Method, r.ContentType = "PUT\n", "" }), good, policy.BadSignature},
		{"a byte less", r, good[:38], policy.BadSignature},
		{"a digit less", r, good[:39], policy.BadSignature},
		{"a byte more", r, good + "00", policy.BadSignature},
		{"a digit more", r, good + "0", policy.BadSignature},
		{"not hexadecimal", r, "g" + good[1:], policy.BadSignature},
		{"the secret", r, secret, policy.BadSignature},
	} {
		_, err := Verify(testApp("newer", secret), Credential{Key: "demopublickey", Proof: tt.proof}, tt.r, now)
		if got := policytest.Reason(t, err); got != tt.want {
			t.Errorf("%s: Verify = %v, want %v", tt.name, err, tt.want)
		}
	}
}

// TestUnescapedPath: what was signed without escapes is good for the path that it
// escapes to, and for no other.
func TestUnescapedPath(t *testing.T) {
	for _, tt := range []struct {
		signed, sent string
		want         policy.Reason
	}{
		{"/files/a/metadata/b:c/", "/files/a/metadata/b%3Ac/", 0},
		{"/files/a/metadata/b%3Ac/", "/files/a/metadata/b%3Ac/", 0},
		{"/files/a/metadata/b:c/?q=%3A", "/files/a/metadata/b%3Ac/?q=%3A", 0},
		{"/files/a/metadata/b:c/?q=:", "/files/a/metadata/b%3Ac/?q=%3A", policy.BadSignature},
		{"/groups/a~2/", "/groups/a%7E2/", 0},
		{"/groups/a%7E2/", "/groups/a~2/", policy.BadSignature},
		{"/files/a/metadata/ü /", "/files/a/metadata/%C3%BC%20/", 0},
		{"/files/?limit=1", "/files/%3Flimit=1", policy.BadSignature},
		{"/files/a/b/", "/files/a%2Fb/", policy.BadSignature},
		{"/files/a%3Ab/", "/files/a%253Ab/", policy.BadSignature},
		{"/files/a\n/", "/files/a%0A/", policy.BadSignature},
		{"/files/a#/", "/files/a%23/", policy.BadSignature},
		{"/files/%zz/", "/files/%zz/", 0},
	} {
		r := Request{Method: "GET", URI: tt.signed, Date: date}
		proof := Sign(secret, r)
		r.URI = tt.sent
		_, err := Verify(testApp(secret), Credential{Proof: proof}, r, now)
		if got := policytest.Reason(t, err); got != tt.want {
			t.Errorf("signed %q, sent %q: Verify = %v, want %v", tt.signed, tt.sent, err, tt.want)
		}
	}
}

func TestDate(t *testing.T) {
	for _, tt := range []struct {
		date string
		now  time.Time
		want policy.Reason
	}{
		{date, now, 0},
		{"Fri, 02 Jan 2026, 03:04:05 GMT", now, 0},
		{date, now.Add(MaxSkew), 0},
		{date, now.Add(MaxSkew + 1), policy.Expired},
		{date, now.Add(-MaxSkew), 0},
		{date, now.Add(-MaxSkew - 1), policy.Expired},
		{"Mon, 02 Jan 0001 03:04:05 GMT", now, policy.Expired},
		{"", now, policy.BadPolicy},
		{"2026-01-02T03:04:05Z", now, policy.BadPolicy},
		{"Fri, 02 Jan 2026 03:04:05 +0000", now, policy.BadPolicy},
		{"Fri, 02 Jan 2026 03:04:05 CET", now, policy.BadPolicy},
		{"Fri, 02 Jan 2026 03:04:05 GMT\n", now, policy.BadPolicy},
		{"1767323045", now, policy.BadPolicy},
	} {
		r := Request{Method: "GET", URI: "/project/", Date: tt.date}
		_, err := Verify(testApp(secret), Credential{Proof: Sign(secret, r)}, r, tt.now)
		if got := policytest.Reason(t, err); got != tt.want {
			t.Errorf("date %q at %v: Verify = %v, want %v", tt.date, tt.now, err, tt.want)
		}
	}
}

func TestApps(t *testing.T) {
	r := Request{Method: "GET", URI: "/project/", Date: date}
	for _, tt := range []struct {
		name           string
		change         func(*policy.App)
		signed, simple policy.Reason
	}{
		{"as it is", func(*policy.App) {}, 0, 0},
		{"security off", func(app *policy.App) { app.Security = false }, 0, 0},
		{"disabled", func(app *policy.App) { app.Disabled = true }, policy.AppDisabled, policy.AppDisabled},
		{"no app", func(app *policy.App) { *app = policy.App{} }, policy.BadSignature, policy.BadSignature},
		{"no secret", func(app *policy.App) { app.Secrets = nil }, policy.BadSignature, policy.BadSignature},
		{"secret has expired", func(app *policy.App) { app.Secrets[0].Expires = now }, policy.BadSignature, policy.BadSignature},
		{"another secret", func(app *policy.App) { app.Secrets[0].Key = "x" }, policy.BadSignature, policy.BadSignature},
		{"older ones revoked", func(app *policy.App) { app.RevokedBefore = now.Add(1) }, policy.Revoked, 0},
		{"those before it revoked", func(app *policy.App) { app.RevokedBefore = now }, 0, 0},
	} {
		app := testApp(secret)
		tt.change(&app)
		for c, want := range map[Credential]policy.Reason{{Proof: Sign(secret, r)}: tt.signed, {Proof: secret, Simple: true}: tt.simple} {
			g, err := Verify(app, c, r, now)
			if got := policytest.Reason(t, err); got != want {
				t.Errorf("%s: Verify of %+v = %v, want %v", tt.name, c, err, want)
			}
			full := policy.Full(app)
			full.Signer = policy.Secret{Key: secret}.Fingerprint()
			if err == nil && g != full || err != nil && g != (policy.Grant{}) {
				t.Errorf("%s: Verify of %+v = %+v", tt.name, c, g)
			}
		}
	}
	for _, c := range []Credential{{Simple: true}, {Proof: Sign("", r)}, {}} {
		if _, err := Verify(testApp(""), c, r, now); policytest.Reason(t, err) != policy.BadSignature {
			t.Errorf("Verify of %+v with an empty secret = %v, want BadSignature", c, err)
		}
	}
	g, err := Verify(testApp(secret), Credential{Proof: secret, Simple: true}, Request{}, now)
	if err != nil || g.Check(policy.Request{Action: policy.Remove, Asset: asset.ID("a")}, now) != nil {
		t.Errorf("the secret itself: Verify = %v, %v", g, err)
	}
}

// FuzzVerify: a signature is good for what was signed, and else only for a path
// that it is the unescaped text of.
func FuzzVerify(f *testing.F) {
	f.Add("Vendor demopublickey:0123", "GET", "/files/?a=b", date, []byte("x"))
	f.Add("Vendor.Simple k:"+secret, "PUT", "/files/%3a/", "Fri, 02 Jan 2026, 03:04:05 GMT", []byte(nil))
	f.Add("", "", "/%2f%25", "", []byte{0})
	f.Fuzz(func(t *testing.T, header, method, uri, date string, body []byte) {
		app := testApp(secret)
		r := Request{Method: method, URI: uri, Date: date, Body: body}
		if c, err := Parse("Vendor", header); err == nil {
			_, err := Verify(app, c, r, now)
			if good := c.Simple && c.Proof == secret; policytest.Reason(t, err) == 0 && !good && !strings.EqualFold(c.Proof, Sign(secret, r)) {
				t.Errorf("%q of %+v verifies", header, r)
			}
		}
		sent := r
		sent.URI = (&url.URL{Path: uri}).EscapedPath()
		_, err := Verify(app, Credential{Proof: Sign(secret, r)}, sent, now)
		if policytest.Reason(t, err) == 0 && decodePath(sent.URI) != uri && sent.URI != uri {
			t.Errorf("signed for %q, it verifies for %q", uri, sent.URI)
		}
	})
}
