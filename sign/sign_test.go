package sign_test

import (
	"encoding/base64"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stowgate/stowgate/sign"
)

func ExamplePolicy_Sign() {
	signed, err := sign.Policy{
		Expires: time.Unix(1999999999, 0), // time.Now().Add(15 * time.Minute), say
		Call:    []string{"read", "convert"},
	}.Sign("STOWGATETESTSECRET")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	fmt.Println(signed.Policy)
	fmt.Println(signed.Signature)
	// Output:
	// eyJleHBpcnkiOjE5OTk5OTk5OTksImNhbGwiOlsicmVhZCIsImNvbnZlcnQiXX0=
	// 23dd9f9c98f88110981042bd9daebf701cebddbf3878ec24dd5748c6ab15ce8f
}

// An upload that one user's page may do: into their own folder, once.
func ExamplePolicy_Sign_upload() {
	now := time.Unix(1893456000, 0)
	signed, err := sign.Policy{
		Expires: now.Add(15 * time.Minute),
		Call:    []string{"pick", "store"},
		Path:    "/users/42/",
		MaxSize: 5 << 20,
		Uses:    1,
		Issued:  now,
	}.Sign("STOWGATETESTSECRET")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	text, _ := base64.URLEncoding.DecodeString(signed.Policy)
	fmt.Println(string(text))
	// Output:
	// {"expiry":1893456900,"call":["pick","store"],"path":"/users/42/","maxSize":5242880,"uses":1,"iat":1893456000}
}

// TestSignVectors has policies whose text and signature are known.
func TestSignVectors(t *testing.T) {
	expires := time.Unix(1999999999, 999) // fractions are cut off, never rounded up
	for _, tt := range []struct {
		policy sign.Policy
		want   sign.Signed
	}{
		{sign.Policy{Expires: expires},
			sign.Signed{Policy: "eyJleHBpcnkiOjE5OTk5OTk5OTl9", Signature: "fdad546ff32dad50612ea1de935b0d0a77106f7044de7cc79376acc09e94c088"}},
		{sign.Policy{Expires: expires, Path: "/a??>>/"},
			sign.Signed{Policy: "eyJleHBpcnkiOjE5OTk5OTk5OTksInBhdGgiOiIvYT8_Pj4vIn0=", Signature: "a8bc9584df087175a0fe7656fc56c098e8f2546007cee1e24cbe53d62935914c"}},
	} {
		if got, err := tt.policy.Sign("STOWGATETESTSECRET"); err != nil || got != tt.want {
			t.Errorf("Sign(%+v) = %+v, %v, want %+v", tt.policy, got, err, tt.want)
		}
	}
}

func TestSignRefuses(t *testing.T) {
	good := sign.Policy{Expires: time.Unix(1999999999, 0), Call: []string{"read"}}
	for _, tt := range []struct {
		secret string
		change func(*sign.Policy)
		want   string // part of the error; empty for none
	}{
		{"s", func(p *sign.Policy) {}, ""},
		{"", func(p *sign.Policy) {}, "the secret is empty"},
		{"s", func(p *sign.Policy) { p.Expires = time.Time{} }, "Expires is not set"},
		{"s", func(p *sign.Policy) { p.Expires = time.Unix(0, 0) }, "not between"},
		{"s", func(p *sign.Policy) { p.Expires = time.Unix(1, 0) }, ""},
		{"s", func(p *sign.Policy) { p.Expires = time.Unix(253402300799, 0) }, ""},
		{"s", func(p *sign.Policy) { p.Expires = time.Unix(253402300800, 0) }, "not between"},
		{"s", func(p *sign.Policy) { p.Issued = time.Unix(253402300800, 0) }, "not between"},
		{"s", func(p *sign.Policy) { p.Call = nil }, ""},
		{"s", func(p *sign.Policy) { p.Call = []string{} }, "empty list"},
		{"s", func(p *sign.Policy) { p.Call = []string{"read", "Store"} }, `"Store"`},
		{"s", func(p *sign.Policy) { p.MaxSize = -1 }, "MaxSize is -1"},
		{"s", func(p *sign.Policy) { p.MinSize = -1 }, "MinSize is -1"},
		{"s", func(p *sign.Policy) { p.MinSize, p.MaxSize = 2, 1 }, "over MaxSize"},
		{"s", func(p *sign.Policy) { p.MinSize, p.MaxSize = 2, 2 }, ""},
		{"s", func(p *sign.Policy) { p.MinSize = 2 }, ""},
		{"s", func(p *sign.Policy) { p.Uses = -1 }, "Uses is -1"},
		{"s", func(p *sign.Policy) { p.Uses = 1<<31 - 1 }, ""},
		{"s", func(p *sign.Policy) { p.Uses = 1 << 31 }, "Uses is 2147483648"},
		{"s", func(p *sign.Policy) { p.Path = "(" }, "Path: "},
		{"s", func(p *sign.Policy) { p.URL = `(a)\1` }, "URL: "},
		{"s", func(p *sign.Policy) { p.Container = strings.Repeat("a", 256) }, ""},
		{"s", func(p *sign.Policy) { p.Container = strings.Repeat("a", 257) }, "257 bytes"},
	} {
		p := good
		tt.change(&p)
		got, err := p.Sign(tt.secret)
		switch {
		case tt.want == "" && (err != nil || len(got.Signature) != 64):
			t.Errorf("Sign(%+v) = %+v, %v", p, got, err)
		case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want) || got != sign.Signed{}):
			t.Errorf("Sign(%+v) = %+v, %v, want an error with %q", p, got, err, tt.want)
		}
	}
	// All that is wrong is said at once.
	if _, err := (sign.Policy{Uses: -1}).Sign(""); err == nil || strings.Count(err.Error(), "\n") != 2 {
		t.Errorf("three mistakes: %v", err)
	}
}
