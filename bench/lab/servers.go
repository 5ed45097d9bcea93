package lab

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// A Stowgate is one that runs.
type Stowgate struct {
	*Process
	Data         string // folder
	Open, Closed App    // with security off and on

	program string
}

// An App is one of its apps.
type App struct {
	APIKey string `json:"api_key"`
	Secret string `json:"secret"`
}

// StartStowgate serves a new data folder with two apps.
func StartStowgate(ctx context.Context, s Setting, dir string, args ...string) (*Stowgate, error) {
	w, err := ServeStowgate(ctx, s, dir, args...)
	if err != nil {
		return nil, err
	}
	if err := w.CLI(&w.Open, "app", "create", "open", "--security", "off"); err != nil {
		return nil, err
	}
	return w, w.CLI(&w.Closed, "app", "create", "closed", "--security", "on")
}

// ServeStowgate serves a data folder, which may be there already. It makes no apps.
func ServeStowgate(ctx context.Context, s Setting, dir string, args ...string) (*Stowgate, error) {
	data := filepath.Join(s.Dir, dir)
	cmd := exec.CommandContext(ctx, s.Stowgate, append([]string{"serve", "--data", data, "--listen", "127.0.0.1:0", "--json"}, args...)...)
	log, err := os.Create(data + ".log")
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd.Stderr = log
	cmd.Env = append(os.Environ(), "STOWGATE_IMAGE_UNSIGNED=0") // the peers have no such bound
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	var ready struct{ Ready string }
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &ready)
	}
	if err != nil {
		cmd.Process.Kill()
		b, _ := os.ReadFile(data + ".log")
		return nil, fmt.Errorf("stowgate did not get ready: %w\n%s", err, b)
	}
	return &Stowgate{Process: &Process{Cmd: cmd, URL: ready.Ready}, Data: data, program: s.Stowgate}, nil
}

// CLI runs a command beside the server and decodes what it prints.
func (w *Stowgate) CLI(into any, args ...string) error {
	out, err := exec.Command(w.program, append(args, "--data", w.Data, "--json")...).Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			err = fmt.Errorf("%w: %s", err, exit.Stderr)
		}
		return fmt.Errorf("stowgate %s: %w", strings.Join(args, " "), err)
	}
	return json.Unmarshal(out, into)
}

// StartTusd serves a new folder with tusd.
func StartTusd(ctx context.Context, s Setting) (*Process, error) {
	port, err := FreePort()
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(s.Dir, "tusd")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, s.Tusd, "-host", "127.0.0.1", "-port", strconv.Itoa(port), "-upload-dir", dir, "-verbose=false", "-show-greeting=false")
	cmd.Stdout, cmd.Stderr = io.Discard, io.Discard
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &Process{Cmd: cmd, URL: fmt.Sprintf("http://127.0.0.1:%d/files/", port)}
	return p, AwaitPort(port)
}

// StartNginx serves the files in root with nginx.
func StartNginx(ctx context.Context, s Setting, root string) (*Process, error) {
	port, err := FreePort()
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(s.Dir, "nginx")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	conf := filepath.Join(dir, "nginx.conf")
	text := fmt.Sprintf(`user root; worker_processes 2; daemon off; pid %[1]s/pid; error_log %[1]s/error.log;
events { worker_connections 1024; }
http { access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000;
client_body_temp_path %[1]s/b; proxy_temp_path %[1]s/p; fastcgi_temp_path %[1]s/f; uwsgi_temp_path %[1]s/u; scgi_temp_path %[1]s/s;
server { listen 127.0.0.1:%[2]d; root %[3]s; } }`, dir, port, root)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, s.Nginx, "-c", conf, "-p", dir)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &Process{Cmd: cmd, URL: fmt.Sprintf("http://127.0.0.1:%d/", port), Children: true}
	return p, AwaitPort(port)
}

// FreePort returns a port of this machine on which nothing listens.
func FreePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// AwaitPort waits until something listens on a port.
func AwaitPort(port int) error {
	for range 200 {
		c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			c.Close()
			return nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	return fmt.Errorf("nothing listens on port %d", port)
}
