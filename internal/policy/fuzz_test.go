package policy

import (
	"net/url"
	"strings"
	"testing"
)

// FuzzVerify takes any text as a policy and as a policy's JSON, both signed, and
// as a signature. Explain must tell what was decided.
func FuzzVerify(f *testing.F) {
	for _, v := range readVectors(f, "policies.jsonl") {
		f.Add(v.Policy, v.Op, v.Path)
		f.Add(v.JSON, v.Op, v.Path)
	}
	f.Add(encoded(with(`"iat":1893456000,"uses":2,"max_size":1e3,"x":"\ud834\udd1e"`)), "pick", "/")
	f.Fuzz(func(t *testing.T, text, op, path string) {
		action, err := ParseAction(op)
		if err != nil {
			action = Store
		}
		app := testApp(testSecret)
		r := Request{Action: action, Asset: assetA, Path: path, Size: 10}
		for _, c := range []Credential{signedText(text), signedText(encoded(text)), {Policy: text, Signature: text}} {
			err := decide(app, c, r, testNow)
			reason(t, err)
			if explained := explains(t, app, c, r); explained != (err == nil) {
				t.Errorf("Explain says %v, and Check %v", explained, err)
			}
			g, err := Verify(app, c, testNow)
			if err == nil && (g.Actions&^everything != 0 || g.Expires.IsZero() || !testNow.Before(g.Expires) || g.App != app.Key) {
				t.Errorf("Verify(%q) = %+v", c.Policy, g)
			}
		}
	})
}

func FuzzCanonicalPath(f *testing.F) {
	for _, seed := range []string{"", "/", "a/b", "/a/", "//", "a/../b", "a\\b", "a\x00b", "\xff", "%2e%2e/a", strings.Repeat("a/", 600)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, p string) {
		got, err := CanonicalPath(p)
		if err != nil {
			return
		}
		if again, err := CanonicalPath(got); err != nil || again != got {
			t.Errorf("CanonicalPath(%q) = %q, and of that %q, %v", p, got, again, err)
		}
		for segment := range strings.SplitSeq("/"+got, "/") {
			if segment == "." || segment == ".." || strings.ContainsAny(segment, "\\\n\x00") {
				t.Errorf("CanonicalPath(%q) = %q with segment %q", p, got, segment)
			}
		}
		if len(got) > MaxPath || strings.HasPrefix(got, "/") || strings.Contains(got, "//") {
			t.Errorf("CanonicalPath(%q) = %q", p, got)
		}
	})
}

func FuzzCanonicalURL(f *testing.F) {
	for _, seed := range []string{"https://a.test/", "HTTP://A.test:80?b#c", "http://[::1]:8080/%2e", "https://u@h/", "https://a.test/%zz", "http://a/é ?x y|",
		"http://a.test:/%2F%2f", "https:a", "//x", "http://a%2eb", "http://\u212a/", "https://a//b;c=d?e&f=%"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		got, err := CanonicalURL(raw)
		if err != nil {
			return
		}
		if again, err := CanonicalURL(got); err != nil || again != got {
			t.Errorf("CanonicalURL(%q) = %q, and of that %q, %v", raw, got, again, err)
		}
		u, err := url.Parse(got)
		if err != nil || u.User != nil || u.Host == "" || u.Host != strings.ToLower(u.Host) || u.Fragment != "" || !strings.HasPrefix(u.Path, "/") {
			t.Errorf("CanonicalURL(%q) = %q, which parses as %+v, %v", raw, got, u, err)
		}
		if strings.ContainsFunc(got, func(c rune) bool { return c <= ' ' || c >= 0x7f || c == '\\' }) || len(got) > MaxURL {
			t.Errorf("CanonicalURL(%q) = %q", raw, got)
		}
	})
}

func BenchmarkVerifyCheck(b *testing.B) {
	app := testApp("another secret", testSecret)
	c := signed(with(`"call":["pick","store"],"path":"/users/[0-9]+/","maxSize":5242880`))
	r := Request{Action: storing, Path: "users/42/a.png", Size: 1 << 20}
	b.Run("seen", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := decide(app, c, r, testNow); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("unseen", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := readDocument(c.Policy, app.Options); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("bad", func(b *testing.B) {
		b.ReportAllocs()
		bad := Credential{c.Policy, strings.Repeat("0", 64)}
		for b.Loop() {
			if err := decide(app, bad, r, testNow); err == nil {
				b.Fatal("verified")
			}
		}
	})
}
