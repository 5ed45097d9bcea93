package clients_test

import (
	"bufio"
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// A server is a running stowgate.
type server struct {
	URL  string `json:"ready"`
	TLS  string `json:"tls"`
	data string
	apps []app
}

// apps counts the apps made, to name the next.
var apps atomic.Int32

// start runs the server on a fresh data folder until the test ends, and fails
// the test if it does not stop cleanly, if its log holds a credential, or if a
// stored byte is damaged then.
func start(t *testing.T, args ...string) *server {
	t.Helper()
	s := &server{data: filepath.Join(t.TempDir(), "data")}
	cmd := exec.Command(program, append([]string{"serve", "--json", "--data", s.data}, args...)...)
	var log bytes.Buffer
	cmd.Stderr = &log
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil {
			t.Errorf("serve ended with %v, want exit status 0", err)
		}
		s.checkLog(t, log.String())
		if t.Failed() {
			t.Logf("log of the server, its end:\n%s", tail(log.String(), 4000))
			return
		}
		if out, err := exec.Command(program, "check", "--data", s.data).CombinedOutput(); err != nil {
			t.Errorf("check: %v\n%s", err, out)
		}
	})
	line := make(chan string, 1)
	go func() {
		text, _ := bufio.NewReader(out).ReadString('\n')
		line <- text
		io.Copy(io.Discard, out)
	}()
	select {
	case text := <-line:
		if err := json.Unmarshal([]byte(text), s); err != nil {
			t.Fatalf("serve printed %q, want its ready line: %v\n%s", text, err, log.String())
		}
	case <-time.After(30 * time.Second):
		t.Fatalf("serve did not get ready in 30 s\n%s", log.String())
	}
	return s
}

// credential matches what a client shows to be let in: signatures, base64 of a
// policy's beginning, and tickets of parts.
var credential = regexp.MustCompile(`\b[0-9a-f]{64}\b|eyJ[\w+/-]{20}|/multipart/part/[\w-]{20}`)

// checkLog fails the test if the log holds a secret of an app or a credential.
func (s *server) checkLog(t *testing.T, log string) {
	t.Helper()
	if found := credential.FindString(log); found != "" {
		t.Errorf("the log holds the credential %q", found)
	}
	for _, a := range s.apps {
		if strings.Contains(log, a.Secret) {
			t.Errorf("the log holds the secret of app %s", a.Key)
		}
	}
	if !strings.Contains(log, `"msg":"request"`) {
		t.Error("the log has no line for a request")
	}
}

func tail(s string, n int) string {
	return s[max(0, len(s)-n):]
}

// freePort returns a port of 127.0.0.1 that nobody listens on.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// command runs the program beside the server, and returns what it prints.
func (s *server) command(t *testing.T, args ...string) []byte {
	t.Helper()
	cmd := exec.Command(program, append(args, "--data", s.data)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("stowgate %s: %v\n%s", strings.Join(args, " "), err, stderr.String())
	}
	return out
}

// An app is one made for a test.
type app struct {
	Key    string `json:"api_key"`
	Secret string `json:"secret"`
}

// app makes an app with security "on" or "off", and waits until the server
// has seen it.
func (s *server) app(t *testing.T, security string) app {
	t.Helper()
	var a app
	name := fmt.Sprintf("test-%d", apps.Add(1))
	if err := json.Unmarshal(s.command(t, "app", "create", name, "--security", security, "--json"), &a); err != nil {
		t.Fatal(err)
	}
	s.apps = append(s.apps, a)
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		res, err := http.Post(s.URL+"/folder/list", "application/json", strings.NewReader(`{"apikey":"`+a.Key+`"}`))
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusForbidden { // no longer an unknown app
			return a
		}
	}
	t.Fatalf("the server has not seen app %s after 5 s", name)
	return a
}

// Credentials are a policy and its signature, as clients take them.
type credentials struct {
	Policy    string `json:"policy"`
	Signature string `json:"signature"`
}

// sign signs a policy that expires in an hour unless it says otherwise. It is
// independent of the server's own code.
func (a app) sign(policy map[string]any) *credentials {
	all := map[string]any{"expiry": time.Now().Add(time.Hour).Unix()}
	for k, v := range policy {
		all[k] = v
	}
	text, _ := json.Marshal(all)
	encoded := base64.URLEncoding.EncodeToString(text)
	mac := hmac.New(sha256.New, []byte(a.Secret))
	mac.Write([]byte(encoded))
	return &credentials{encoded, hex.EncodeToString(mac.Sum(nil))}
}

// everything lists all calls but exif, which is what no list means.
var everything = map[string]any{}

// query returns c as a query string; it may be nil.
func (c *credentials) query() string {
	if c == nil {
		return ""
	}
	return url.Values{"policy": {c.Policy}, "signature": {c.Signature}}.Encode()
}

// read gets the file called handle, and returns its status, header and SHA-256.
func (s *server) read(t *testing.T, handle string, c *credentials) (status int, header http.Header, digest string) {
	t.Helper()
	res, err := http.Get(s.URL + "/" + handle + "?" + c.query())
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, res.Body); err != nil {
		t.Fatalf("read %s: %v", handle, err)
	}
	return res.StatusCode, res.Header, hex.EncodeToString(hash.Sum(nil))
}

// mustRead fails the test unless the file called handle has the digest.
func (s *server) mustRead(t *testing.T, handle string, c *credentials, digest string) {
	t.Helper()
	status, _, got := s.read(t, handle, c)
	if status != http.StatusOK || got != digest {
		t.Errorf("GET /%s = %d with SHA-256 %s, want 200 with %s", handle, status, got, digest)
	}
}

// content returns size bytes of noise, the same that page/scenarios.js makes.
func content(size int, seed uint32) []byte {
	b := make([]byte, (size+3)/4*4)
	for x, i := seed, 0; i < len(b); i += 4 {
		x ^= x << 13
		x ^= x >> 17
		x ^= x << 5
		binary.LittleEndian.PutUint32(b[i:], x)
	}
	return b[:size]
}

func digestOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
