package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A process is a server under measurement.
type process struct {
	cmd  *exec.Cmd
	url  string
	pids func() []int
}

// stop ends the process and waits for it.
func (p *process) stop() {
	p.cmd.Process.Signal(syscall.SIGTERM)
	done := make(chan struct{})
	go func() { p.cmd.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		p.cmd.Process.Kill()
		<-done
	}
}

// cpu returns the CPU seconds the process has used, with those of the children
// that have ended.
func (p *process) cpu() float64 {
	var ticks float64
	for _, pid := range p.pids() {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			continue
		}
		f := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
		for _, used := range f[11:15] { // user, system, and the same of ended children
			n, _ := strconv.ParseFloat(used, 64)
			ticks += n
		}
	}
	return ticks / 100
}

// status returns a value of /proc/PID/status in MiB, such as VmHWM or VmRSS.
func (p *process) status(key string) float64 {
	var kib float64
	for _, pid := range p.pids() {
		b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		for line := range strings.Lines(string(b)) {
			if rest, ok := strings.CutPrefix(line, key+":"); ok {
				n, _ := strconv.ParseFloat(strings.Fields(rest)[0], 64)
				kib += n
			}
		}
	}
	return kib / 1024
}

// resetPeak makes VmHWM begin anew.
func (p *process) resetPeak() {
	for _, pid := range p.pids() {
		os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0)
	}
}

// measure runs work, which does n units of it, and returns the sample.
func (p *process) measure(n float64, work func() error) (sample, error) {
	syscall.Sync()
	p.resetPeak()
	cpu, start := p.cpu(), time.Now()
	if err := work(); err != nil {
		return sample{}, err
	}
	took := time.Since(start).Seconds()
	return sample{rate: n / took, cpu: (p.cpu() - cpu) / n, rssMiB: p.status("VmHWM")}, nil
}

// A stow is a running Stowgate with two apps.
type stow struct {
	*process
	data, program string
	open, closed  app
}

type app struct {
	APIKey string `json:"api_key"`
	Secret string `json:"secret"`
}

// startStowgate serves a new data folder with two apps.
func startStowgate(ctx context.Context, s setting, dir string, args ...string) (*stow, error) {
	w, err := serveStowgate(ctx, s, dir, args...)
	if err != nil {
		return nil, err
	}
	if err := w.cli(&w.open, "app", "create", "open", "--security", "off"); err != nil {
		return nil, err
	}
	return w, w.cli(&w.closed, "app", "create", "closed", "--security", "on")
}

// serveStowgate serves a data folder, which may be there already.
func serveStowgate(ctx context.Context, s setting, dir string, args ...string) (*stow, error) {
	data := filepath.Join(s.dir, dir)
	cmd := exec.CommandContext(ctx, s.stowgate, append([]string{"serve", "--data", data, "--listen", "127.0.0.1:0", "--json"}, args...)...)
	log, err := os.Create(data + ".log")
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd.Stderr = log
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
	return &stow{process: &process{cmd, ready.Ready, func() []int { return []int{cmd.Process.Pid} }}, data: data, program: s.stowgate}, nil
}

// cli runs a command beside the server and decodes what it prints.
func (w *stow) cli(into any, args ...string) error {
	out, err := exec.Command(w.program, append(args, "--data", w.data, "--json")...).Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			err = fmt.Errorf("%w: %s", err, exit.Stderr)
		}
		return fmt.Errorf("stowgate %s: %w", strings.Join(args, " "), err)
	}
	return json.Unmarshal(out, into)
}

func startTusd(ctx context.Context, s setting) (*process, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(s.dir, "tusd")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, s.tusd, "-host", "127.0.0.1", "-port", strconv.Itoa(port), "-upload-dir", dir, "-verbose=false", "-show-greeting=false")
	cmd.Stdout, cmd.Stderr = io.Discard, io.Discard
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{cmd, fmt.Sprintf("http://127.0.0.1:%d/files/", port), func() []int { return []int{cmd.Process.Pid} }}
	return p, awaitPort(port)
}

func startNginx(ctx context.Context, s setting, root string) (*process, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(s.dir, "nginx")
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
	cmd := exec.CommandContext(ctx, s.nginx, "-c", conf, "-p", dir)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{cmd: cmd, url: fmt.Sprintf("http://127.0.0.1:%d/", port)}
	p.pids = func() []int {
		pids := []int{cmd.Process.Pid}
		b, _ := os.ReadFile(fmt.Sprintf("/proc/%[1]d/task/%[1]d/children", cmd.Process.Pid))
		for _, f := range strings.Fields(string(b)) {
			pid, _ := strconv.Atoi(f)
			pids = append(pids, pid)
		}
		return pids
	}
	return p, awaitPort(port)
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

func awaitPort(port int) error {
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

// client keeps enough connections for every benchmark.
var client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true, WriteBufferSize: 64 << 10}}

// do sends a request and fails unless the status is want.
func do(req *http.Request, want int, into any) (http.Header, error) {
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != want {
		return nil, fmt.Errorf("%s %s: %s: %.200s", req.Method, req.URL.Path, resp.Status, b)
	}
	if into != nil {
		return resp.Header, json.Unmarshal(b, into)
	}
	return resp.Header, nil
}
