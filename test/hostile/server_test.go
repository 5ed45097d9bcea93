package hostile_test

import (
	"bufio"
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A server is a running stowgate.
type server struct {
	URL   string `json:"ready"`
	admin string // URL of its metrics
	data  string
	log   string // file
	cmd   *exec.Cmd
}

// start runs the server on a fresh data folder until the test ends, and fails
// the test if it has ended before, if it panicked, or if a stored byte is
// damaged then. It skips the test if there is no engine for images.
func start(t *testing.T, args ...string) *server {
	t.Helper()
	dir := t.TempDir()
	s := &server{data: filepath.Join(dir, "data"), log: filepath.Join(dir, "log")}
	log, err := os.Create(s.log)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	s.cmd = exec.Command(program, append([]string{"serve", "--json", "--log-format=json", "--data", s.data,
		"--listen=127.0.0.1:0", "--admin-listen=127.0.0.1:0", "--image-unsigned=0"}, args...)...)
	s.cmd.Stderr = log
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.stop(t) })
	watch := time.AfterFunc(time.Minute, func() { s.cmd.Process.Kill() })
	defer watch.Stop()
	line, _ := bufio.NewReader(out).ReadString('\n')
	if err := json.Unmarshal([]byte(line), s); err != nil {
		t.Fatalf("serve printed %q, want its ready line: %v\n%s", line, err, s.tail(t))
	}
	go io.Copy(io.Discard, out)
	found := regexp.MustCompile(`"msg":"serving".*"admin":"([^"]+)"`).FindStringSubmatch(s.tail(t))
	if found == nil {
		t.Fatalf("the log does not tell where the metrics are:\n%s", s.tail(t))
	}
	s.admin = "http://" + found[1]
	if !strings.Contains(s.tail(t), "images are transformed") {
		t.Skip("skipped: no libvips; see stowgate doctor")
	}
	return s
}

// stop ends the server and looks at what it leaves.
func (s *server) stop(t *testing.T) {
	client.CloseIdleConnections() // for unused ones the server waits
	s.cmd.Process.Signal(syscall.SIGTERM)
	if err := s.cmd.Wait(); err != nil {
		t.Errorf("serve ended with %v, want exit status 0", err)
	}
	if log := s.tail(t); strings.Contains(log, "panic") || strings.Contains(log, "goroutine ") {
		t.Error("the server panicked")
	}
	if t.Failed() {
		text := s.tail(t)
		t.Logf("log of the server, its end:\n%s", text[max(0, len(text)-3000):])
	}
	if out, err := exec.Command(program, "check", "--data", s.data).CombinedOutput(); err != nil {
		t.Errorf("check: %v\n%s", err, out)
	}
}

// tail returns the log.
func (s *server) tail(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(s.log)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// alive fails the test if the server has ended, or does not feel well.
func (s *server) alive(t *testing.T) {
	t.Helper()
	res, err := http.Get(s.admin + "/healthz")
	if err != nil {
		t.Errorf("health: %v", err)
		return
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Errorf("health = %d", res.StatusCode)
	}
}

// metric returns a number that the server exposes.
func (s *server) metric(t *testing.T, name string) int {
	t.Helper()
	res, err := http.Get(s.admin + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`(?m)^` + name + ` (\S+)$`).FindSubmatch(text)
	if found == nil {
		t.Fatalf("no metric %s", name)
	}
	value, err := strconv.ParseFloat(string(found[1]), 64)
	if err != nil {
		t.Fatal(err)
	}
	return int(value)
}

// workers returns the process numbers of the server's children.
func (s *server) workers() (pids []int) {
	lists, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", s.cmd.Process.Pid))
	for _, list := range lists {
		text, _ := os.ReadFile(list) // a thread may have ended
		for field := range strings.FieldsSeq(string(text)) {
			if pid, err := strconv.Atoi(field); err == nil {
				pids = append(pids, pid)
			}
		}
	}
	return pids
}

// An app is one made for a test.
type app struct {
	Key    string `json:"api_key"`
	Secret string `json:"secret"`
}

// app makes an app with security "on" or "off", and waits until the server
// has seen it.
func (s *server) app(t *testing.T, name, security string) (a app) {
	t.Helper()
	out, err := exec.Command(program, "app", "create", name, "--security", security, "--json", "--data", s.data).Output()
	if err != nil {
		t.Fatalf("app create: %v", err)
	}
	if err := json.Unmarshal(out, &a); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if s.post(t, "/folder/list", fmt.Sprintf(`{"apikey":%q}`, a.Key)).status != http.StatusForbidden { // no longer an unknown app
			return a
		}
	}
	t.Fatalf("the server has not seen app %s", name)
	return a
}

// sign returns a policy with its signature as a query, without "?".
func (a app) sign(policy map[string]any) string {
	text, _ := json.Marshal(policy)
	encoded := base64.URLEncoding.EncodeToString(text)
	mac := hmac.New(sha256.New, []byte(a.Secret))
	io.WriteString(mac, encoded)
	return url.Values{"policy": {encoded}, "signature": {hex.EncodeToString(mac.Sum(nil))}}.Encode()
}

// for an hour may whoever holds the query do what calls lists.
func (a app) may(calls ...string) string {
	return a.sign(map[string]any{"expiry": time.Now().Add(time.Hour).Unix(), "call": calls})
}

// A reply is an answer of the server.
type reply struct {
	status int
	header http.Header
	body   []byte
	took   time.Duration
}

func (r reply) String() string { return fmt.Sprintf("%d %.160q", r.status, r.body) }

// client keeps enough connections for a crowd.
var client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true}, Timeout: time.Minute}

// do sends a request. It may be called by any goroutine; an error is the
// status 0.
func (s *server) do(method, path string, body []byte, header ...string) (r reply) {
	began := time.Now()
	defer func() { r.took = time.Since(began) }()
	req, err := http.NewRequest(method, s.URL, bytes.NewReader(body))
	if err != nil {
		return reply{body: []byte(err.Error())}
	}
	// The path goes out as it is written.
	req.URL.Opaque = path
	if strings.HasPrefix(path, "//") {
		req.URL.Opaque = s.URL + path
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := client.Do(req)
	if err != nil {
		return reply{body: []byte(err.Error())}
	}
	defer res.Body.Close()
	r = reply{status: res.StatusCode, header: res.Header}
	if r.body, err = io.ReadAll(res.Body); err != nil {
		return reply{body: []byte(err.Error())}
	}
	return r
}

func (s *server) get(path string, header ...string) reply { return s.do("GET", path, nil, header...) }

// post sends JSON. The server must answer.
func (s *server) post(t *testing.T, path, text string) reply {
	t.Helper()
	r := s.do("POST", path, []byte(text), "Content-Type", "application/json")
	if r.status == 0 {
		t.Fatalf("POST %s: %s", path, r.body)
	}
	return r
}

// store uploads a file and returns its handle. The query says what else there is
// to say, such as a credential.
func (s *server) store(a app, name string, data []byte, query string) (string, error) {
	q := url.Values{"key": {a.Key}, "filename": {name}}.Encode()
	if query != "" {
		q += "&" + query
	}
	r := s.do("POST", "/api/store/S3?"+q, data, "Content-Type", "application/octet-stream")
	var stored struct{ URL string }
	if err := json.Unmarshal(r.body, &stored); r.status != http.StatusOK || err != nil || stored.URL == "" {
		return "", fmt.Errorf("store %s: %v", name, r)
	}
	return stored.URL[strings.LastIndex(stored.URL, "/")+1:], nil
}

// mustStore is store for a test that cannot go on without.
func (s *server) mustStore(t *testing.T, a app, name string, data []byte, query string) string {
	t.Helper()
	handle, err := s.store(a, name, data, query)
	if err != nil {
		t.Fatal(err)
	}
	return handle
}
