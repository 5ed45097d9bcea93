package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// tree returns pid and the processes under it that live now.
func tree(pid int) []int {
	pids := []int{pid}
	for i := 0; i < len(pids); i++ {
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

// pss returns the memory of the processes in MiB. What several of them share
// counts once.
func (p *process) pss() float64 {
	var kib float64
	for _, pid := range p.pids() {
		b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
		if _, rest, ok := bytes.Cut(b, []byte("\nPss:")); ok {
			n, _ := strconv.ParseFloat(strings.Fields(string(rest))[0], 64)
			kib += n
		}
	}
	return kib / 1024
}

// busy returns the CPU seconds that this machine has used, and this program.
func busy() (machine, self float64) {
	b, _ := os.ReadFile("/proc/stat")
	line, _, _ := strings.Cut(string(b), "\n")
	for i, f := range strings.Fields(line)[1:] {
		if ticks, _ := strconv.ParseFloat(f, 64); i < 8 && i != 3 && i != 4 { // idle, waiting for a disk
			machine += ticks / 100
		}
	}
	var own syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &own)
	return machine, float64(own.Utime.Nano()+own.Stime.Nano()) / 1e9
}

// A watch measures a server with all its processes while it works.
type watch struct {
	p                  *process
	cpu, machine, self float64
	start              time.Time
	peak               float64
	end                chan struct{}
	sampling           sync.WaitGroup
}

// observe starts a watch. Memory is looked at ten times a second.
func observe(p *process) *watch {
	w := &watch{p: p, end: make(chan struct{})}
	w.sampling.Go(func() {
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for {
			w.peak = max(w.peak, p.pss())
			select {
			case <-w.end:
				return
			case <-tick.C:
			}
		}
	})
	w.machine, w.self = busy()
	w.cpu, w.start = p.cpu(), time.Now()
	return w
}

// stop ends the watch. It returns CPU and wall-clock seconds, the peak of the
// memory in MiB, and the part of the machine that other programs used.
func (w *watch) stop() (cpu, wall, peak, others float64) {
	wall, cpu = time.Since(w.start).Seconds(), w.p.cpu()-w.cpu
	machine, self := busy()
	close(w.end)
	w.sampling.Wait()
	others = (machine - w.machine - cpu - (self - w.self)) / wall / float64(runtime.NumCPU())
	return cpu, wall, w.peak, max(0, others)
}
