package lab

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A Process is a server under measurement.
type Process struct {
	Cmd      *exec.Cmd
	URL      string
	Children bool // are measured too
}

// pids returns the processes that are measured and live now.
func (p *Process) pids() []int {
	pids := []int{p.Cmd.Process.Pid}
	for i := 0; p.Children && i < len(pids); i++ {
		names, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pids[i]))
		for _, name := range names {
			b, _ := os.ReadFile(name)
			for _, f := range strings.Fields(string(b)) {
				child, _ := strconv.Atoi(f)
				pids = append(pids, child)
			}
		}
	}
	return pids
}

// Stop ends the process and waits for it.
func (p *Process) Stop() {
	p.Cmd.Process.Signal(syscall.SIGTERM)
	done := make(chan struct{})
	go func() { p.Cmd.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		p.Cmd.Process.Kill()
		<-done
	}
}

// CPU returns the CPU seconds used, with those of children that have ended.
func (p *Process) CPU() float64 {
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

// Status returns a value of /proc/PID/status in MiB, such as VmHWM or VmRSS.
func (p *Process) Status(key string) float64 {
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

// ResetPeak makes VmHWM begin anew.
func (p *Process) ResetPeak() {
	for _, pid := range p.pids() {
		os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0)
	}
}

// Measure runs work, which does n units of it, and returns the sample.
func (p *Process) Measure(n float64, work func() error) (Sample, error) {
	syscall.Sync()
	p.ResetPeak()
	cpu, start := p.CPU(), time.Now()
	if err := work(); err != nil {
		return Sample{}, err
	}
	took := time.Since(start).Seconds()
	return Sample{Rate: n / took, CPU: (p.CPU() - cpu) / n, RSSMiB: p.Status("VmHWM")}, nil
}

// Client keeps enough connections for every benchmark.
var Client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true, WriteBufferSize: 64 << 10}}

// Do sends a request and fails unless the status is want.
func Do(req *http.Request, want int, into any) (http.Header, error) {
	resp, err := Client.Do(req)
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
