package clients_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// signers are the programs of signing/, which docs/signing.md shows.
var signers = []struct {
	name    string
	command []string
}{
	{"Node.js", []string{"node", "signing/sign.mjs"}},
	{"Python", []string{"python3", "signing/sign.py"}},
	{"Ruby", []string{"ruby", "signing/sign.rb"}},
	{"PHP", []string{"php", "signing/sign.php"}},
	{"Go", []string{"go", "run", "signing/sign.go"}},
}

// signWith has one of the programs sign policy.
func signWith(t *testing.T, command []string, secret string, policy any) *credentials {
	t.Helper()
	if _, err := exec.LookPath(command[0]); err != nil {
		t.Skipf("skipped: no %s", command[0])
	}
	var c credentials
	runClient(t, policy, &c, append(command[:len(command):len(command)], secret)...)
	return &c
}

func TestSigningSnippets(t *testing.T) {
	s := start(t, "--listen", "127.0.0.1:0")
	a, other := s.app(t, "on"), s.app(t, "on")
	soon := time.Now().Add(time.Hour).Unix()
	body := strings.Repeat("x", 1000)

	_, answer := s.store(t, a.Key, "", body, a.sign(everything))
	var mine struct{ Handle string }
	if err := json.Unmarshal([]byte(answer), &mine); err != nil || mine.Handle == "" {
		t.Fatalf("POST /api/store = %s", answer)
	}

	for _, signer := range signers {
		t.Run(signer.name, func(t *testing.T) {
			sign := func(secret string, policy map[string]any) *credentials {
				return signWith(t, signer.command, secret, policy)
			}
			tampered := sign(a.Secret, map[string]any{"expiry": soon})
			tampered.Policy = sign(a.Secret, map[string]any{"expiry": soon + 1}).Policy

			for _, tt := range []struct {
				name   string
				c      *credentials
				path   string // storage path
				status int
				text   string // part of the answer
			}{
				{"any call", sign(a.Secret, map[string]any{"expiry": soon}), "", http.StatusOK, `"handle"`},
				{"calls", sign(a.Secret, map[string]any{"expiry": soon, "call": []string{"pick", "store"}}), "", http.StatusOK, `"handle"`},
				{"call as text", sign(a.Secret, map[string]any{"expiry": soon, "call": "store"}), "", http.StatusOK, `"handle"`},
				{"another call", sign(a.Secret, map[string]any{"expiry": soon, "call": []string{"read"}}), "", http.StatusForbidden, secured},
				{"size at the limit", sign(a.Secret, map[string]any{"expiry": soon, "maxSize": 1000}), "", http.StatusOK, `"handle"`},
				{"size over the limit", sign(a.Secret, map[string]any{"expiry": soon, "maxSize": 999}), "", http.StatusForbidden, secured},
				{"size under the limit", sign(a.Secret, map[string]any{"expiry": soon, "minSize": 1001}), "", http.StatusForbidden, secured},
				{"path", sign(a.Secret, map[string]any{"expiry": soon, "path": "/in/.*"}), "/in/a.txt", http.StatusOK, `"in/a.txt"`},
				{"another path", sign(a.Secret, map[string]any{"expiry": soon, "path": "/in/.*"}), "/out/a.txt", http.StatusForbidden, secured},
				{"expired", sign(a.Secret, map[string]any{"expiry": 1600000000}), "", http.StatusForbidden, secured},
				{"tampered", tampered, "", http.StatusForbidden, secured + "The signature was not valid"},
				{"of another app", sign(other.Secret, map[string]any{"expiry": soon}), "", http.StatusForbidden, secured + "The signature was not valid"},
				{"none", nil, "", http.StatusForbidden, secured + "Proper credentials not provided. Signature: None Policy: None"},
			} {
				status, answer := s.store(t, a.Key, tt.path, body, tt.c)
				if status != tt.status || !strings.Contains(answer, tt.text) {
					t.Errorf("%s: store = %d %q, want %d with %q", tt.name, status, answer, tt.status, tt.text)
				}
			}

			s.mustRead(t, mine.Handle, sign(a.Secret, map[string]any{"expiry": soon, "handle": mine.Handle, "call": []string{"read"}}), digestOf([]byte(body)))
			for name, c := range map[string]*credentials{
				"another handle": sign(a.Secret, map[string]any{"expiry": soon, "handle": "AAAAAAAAAAAAAAAAAAAA"}),
				"another call":   sign(a.Secret, map[string]any{"expiry": soon, "call": []string{"stat"}}),
				"another app":    sign(other.Secret, map[string]any{"expiry": soon}),
				"tampered":       tampered,
			} {
				if status, _, _ := s.read(t, mine.Handle, c); status != http.StatusForbidden {
					t.Errorf("%s: GET = %d, want 403", name, status)
				}
			}
		})
	}
}

// secured begins every refusal of the Store API.
// Source: answers of the hosted service, recorded in filestack-rails issue 108
const secured = "This action has been secured by the developer of this website. Error: "

// store uploads body in one request.
func (s *server) store(t *testing.T, key, path, body string, c *credentials) (status int, answer string) {
	t.Helper()
	q := url.Values{"key": {key}, "filename": {"a.txt"}}
	if path != "" {
		q.Set("path", path)
	}
	if c != nil {
		q.Set("policy", c.Policy)
		q.Set("signature", c.Signature)
	}
	res, err := http.Post(s.URL+"/api/store/S3?"+q.Encode(), "text/plain", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(text)
}
