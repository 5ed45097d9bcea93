package durability_test

import (
	"bufio"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// startTimeout is how long a server may take until it is ready, on a busy machine.
const startTimeout = 60 * time.Second

// A node is a server on a data folder, which may be started many times.
type node struct {
	t       testing.TB
	program string
	data    string
	storage string   // folder of the blobs; empty means in data
	flags   []string // for serve
	env     []string // added to the environment of serve
	wrap    func(*exec.Cmd) (started func() error, err error)

	base string // URL of the running server
	key  string // of the app that the clients use
	sign url.Values

	dark *atomic.Bool // whether its power is off: no answer gets out

	cmd  *exec.Cmd
	exit chan struct{} // closed when the running server has ended
	log  string
}

// newNode returns a node on the folder data that is not started, with an app.
func newNode(t testing.TB, data string, flags ...string) *node {
	t.Helper()
	program, err := buildPlain()
	if err != nil {
		t.Fatal(err)
	}
	n := &node{t: t, program: program, data: data, flags: flags, dark: new(atomic.Bool), log: filepath.Join(t.TempDir(), "server.log")}
	t.Cleanup(n.kill)
	n.createApp()
	return n
}

func (n *node) createApp() {
	n.t.Helper()
	out, code := n.run("app", "create", "durability", "--security", "on", "--json")
	var app struct {
		Key    string `json:"api_key"`
		Secret string `json:"secret"`
	}
	if err := json.Unmarshal(out, &app); code != 0 || err != nil || app.Key == "" {
		n.t.Fatalf("app create: exit status %d, %v: %s", code, err, out)
	}
	n.key = app.Key
	policy := base64.URLEncoding.EncodeToString(fmt.Appendf(nil, `{"expiry":%d}`, time.Now().Add(48*time.Hour).Unix()))
	mac := hmac.New(sha256.New, []byte(app.Secret))
	io.WriteString(mac, policy)
	n.sign = url.Values{"policy": {policy}, "signature": {hex.EncodeToString(mac.Sum(nil))}}
}

// places returns the flags that say where everything is kept.
func (n *node) places() []string {
	if n.storage == "" {
		return []string{"--data", n.data}
	}
	return []string{"--data", n.data, "--storage", n.storage}
}

// run runs another command of the server's program on the node's data.
func (n *node) run(args ...string) (stdout []byte, code int) {
	n.t.Helper()
	ctx, cancel := context.WithTimeout(n.t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, n.program, append(args, n.places()...)...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) {
		n.t.Fatalf("%s: %v", strings.Join(args, " "), err)
	}
	if stderr.Len() > 0 && testing.Verbose() && cmd.ProcessState.ExitCode() > 1 {
		n.t.Logf("%s: %s", strings.Join(args, " "), stderr.String())
	}
	return out, cmd.ProcessState.ExitCode()
}

// A report is what `stowgate check --json` prints.
type report struct {
	Assets   int               `json:"assets"`
	Damaged  []json.RawMessage `json:"damaged"`
	Missing  []json.RawMessage `json:"missing"`
	Orphans  []json.RawMessage `json:"orphans"`
	Repaired int               `json:"repaired"`

	code int
}

func (n *node) check(args ...string) report {
	n.t.Helper()
	out, code := n.run(append([]string{"check", "--json"}, args...)...)
	r := report{code: code}
	if err := json.Unmarshal(out, &r); err != nil {
		n.t.Fatalf("check: exit status %d, %v: %s", code, err, out)
	}
	return r
}

// fastFolder returns a folder in memory, for tests in which the machine stays
// up; in a soak it is on a disk, whose delays are part of the test.
func fastFolder(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "stowgate-durability-")
	if err != nil || soak {
		os.RemoveAll(dir)
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// start starts the server and waits until it says that it is ready.
func (n *node) start() {
	n.t.Helper()
	if err := n.tryStart(); err != nil {
		n.t.Fatalf("start server: %v\n%s", err, n.tail())
	}
}

func (n *node) tryStart() error {
	log, err := os.OpenFile(n.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	out, in, err := os.Pipe()
	if err != nil {
		return err
	}
	defer out.Close()
	args := append([]string{"serve", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--log-format", "json"}, n.places()...)
	args = append(args, n.flags...)
	cmd := exec.Command(n.program, args...)
	cmd.Env = append(os.Environ(), n.env...)
	cmd.Stdout, cmd.Stderr = in, log
	// The server must not outlive a test that was killed itself.
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	started := func() error { return nil }
	if n.wrap != nil {
		if started, err = n.wrap(cmd); err != nil {
			in.Close()
			return err
		}
	}
	if err := n.spawn(cmd); err != nil {
		in.Close()
		return err
	}
	in.Close()
	if err := started(); err != nil {
		return err
	}
	ready := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(out).ReadString('\n')
		ready <- line
	}()
	select {
	case line := <-ready:
		base, ok := strings.CutPrefix(strings.TrimSpace(line), "ready ")
		if !ok {
			return fmt.Errorf("it printed %q", line)
		}
		n.base = base
		return nil
	case <-time.After(startTimeout):
		out.SetReadDeadline(time.Now())
		return errors.New("not ready in time")
	}
}

// spawn starts cmd from a thread that lives as long as the server does, as
// Pdeathsig asks for.
func (n *node) spawn(cmd *exec.Cmd) error {
	n.cmd, n.exit = cmd, make(chan struct{})
	failed := make(chan error, 1)
	go func() {
		defer close(n.exit)
		runtime.LockOSThread()
		err := cmd.Start()
		failed <- err
		if err == nil {
			cmd.Wait()
		}
	}()
	return <-failed
}

func (n *node) signal(s syscall.Signal) { n.cmd.Process.Signal(s) }

// kill ends the server as a crash does. It may be called at any time.
func (n *node) kill() {
	if n.cmd == nil {
		return
	}
	n.cmd.Process.Kill()
	<-n.exit
}

// stop asks the server to end, waits for it and returns its exit status.
func (n *node) stop() int {
	n.t.Helper()
	n.signal(syscall.SIGTERM)
	return n.ended(30 * time.Second)
}

func (n *node) ended(within time.Duration) int {
	n.t.Helper()
	select {
	case <-n.exit:
		return n.cmd.ProcessState.ExitCode()
	case <-time.After(within):
		n.t.Fatalf("the server did not end within %v\n%s", within, n.tail())
		return -1
	}
}

// tail returns the end of the server's log.
func (n *node) tail() string {
	log := n.logged()
	return log[max(0, len(log)-4000):]
}

func (n *node) logged() string {
	log, err := os.ReadFile(n.log)
	if err != nil {
		n.t.Fatal(err)
	}
	return string(log)
}

// admin returns the URL of the running server's health and metrics, which it
// tells in its log.
func (n *node) admin() string {
	n.t.Helper()
	var addr string
	for line := range strings.Lines(n.logged()) {
		var entry struct{ Admin string }
		if json.Unmarshal([]byte(line), &entry) == nil && entry.Admin != "" {
			addr = entry.Admin
		}
	}
	if addr == "" {
		n.t.Fatalf("the log does not say where health is told:\n%s", n.tail())
	}
	return "http://" + addr
}

// host returns where the running server listens.
func (n *node) host() string {
	u, err := url.Parse(n.base)
	if err != nil {
		n.t.Fatal(err)
	}
	return net.JoinHostPort(u.Hostname(), u.Port())
}
