package hooks

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	vendor "github.com/stowgate/stowgate/internal/protocol/filestack/hook"
	care "github.com/stowgate/stowgate/internal/protocol/uploadcare/hook"
)

// runners say how the sample of each language is run, where that language is.
var runners = map[string]struct {
	file    string
	command []string
}{
	"Node.js": {"receive.mjs", []string{"node", "receive.mjs"}},
	"Python":  {"receive.py", []string{"python3", "receive.py"}},
	"Go":      {"receive.go", []string{"go", "run", "receive.go"}},
}

// TestSamples runs the samples, and sends them what is genuine and what is not.
func TestSamples(t *testing.T) {
	now := time.Now()
	t.Run("filestack", func(t *testing.T) {
		sign := func(secret string, body []byte, ago time.Duration) map[string]string {
			return vendor.Sign(secret, body, now.Add(-ago))
		}
		trySamples(t, "filestack", []byte(`{"id":7,"action":"fp.upload","text":{"filename":"日本.png"}}`), sign, http.StatusUnauthorized)
	})
	t.Run("uploadcare", func(t *testing.T) { // whose signature says no time
		sign := func(secret string, body []byte, _ time.Duration) map[string]string { return care.Sign(secret, body) }
		trySamples(t, "uploadcare", []byte(`{"hook":{"event":"file.uploaded","id":7},"data":{"uuid":"u","original_filename":"日本.png"}}`), sign, http.StatusNoContent)
	})
}

// trySamples tries the samples of a format with body, where one that was sent an
// hour ago is to be answered with old.
func trySamples(t *testing.T, format string, body []byte, sign func(secret string, body []byte, ago time.Duration) map[string]string, old int) {
	const secret = "s3cret of tests ü"
	if len(samples[format]) != len(runners) {
		t.Fatalf("%d samples, %d ways to run them", len(samples[format]), len(runners))
	}
	for _, s := range samples[format] {
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			address := start(t, s, secret)
			for _, tt := range []struct {
				name   string
				header map[string]string
				body   []byte
				want   int
			}{
				{"genuine", sign(secret, body, 0), body, http.StatusNoContent},
				{"another's", sign("another secret", body, 0), body, http.StatusUnauthorized},
				{"changed", sign(secret, body, 0), bytes.Replace(body, []byte("7"), []byte("8"), 1), http.StatusUnauthorized},
				{"old", sign(secret, body, time.Hour), body, old},
				{"unsigned", nil, body, http.StatusUnauthorized},
			} {
				r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, bytes.NewReader(tt.body))
				if err != nil {
					t.Fatal(err)
				}
				for name, value := range tt.header {
					r.Header.Set(name, value)
				}
				answer, err := http.DefaultClient.Do(r)
				if err != nil {
					t.Fatal(err)
				}
				answer.Body.Close()
				if answer.StatusCode != tt.want {
					t.Errorf("%s: %d, want %d", tt.name, answer.StatusCode, tt.want)
				}
			}
		})
	}
}

// start runs a sample until the test ends, and returns where it listens.
func start(t *testing.T, s Sample, secret string) string {
	t.Helper()
	run, dir := runners[s.Name], t.TempDir()
	if _, err := exec.LookPath(run.command[0]); err != nil {
		t.Skipf("skipped: %s is not installed", run.command[0])
	}
	if s.Name == "Node.js" {
		library, err := filepath.Abs("../../../../test/browser/node_modules/filestack-js-3")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(library); err != nil {
			t.Skip("skipped: filestack-js is not installed; type npm ci --prefix test/browser")
		}
		if err := os.Mkdir(filepath.Join(dir, "node_modules"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(library, filepath.Join(dir, "node_modules", "filestack-js")); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, run.file), []byte(s.Text), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	cmd := exec.Command(run.command[0], run.command[1:]...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "STOWGATE_WEBHOOK_SECRET="+secret, fmt.Sprint("PORT=", port), "GOFLAGS=-mod=mod")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // go run starts another
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		cmd.Wait()
		if t.Failed() {
			t.Logf("the sample wrote %s", out.String())
		}
	})
	address := fmt.Sprintf("127.0.0.1:%d", port)
	for end := time.Now().Add(5 * time.Minute); ; time.Sleep(20 * time.Millisecond) {
		c, err := net.Dial("tcp", address)
		if err == nil {
			c.Close()
			return "http://" + address
		}
		if time.Now().After(end) {
			t.Fatalf("the sample does not listen: %v", err)
		}
	}
}
