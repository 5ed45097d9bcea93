package lab

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// PSS returns the memory of the processes in MiB. What several of them share
// counts once.
func (p *Process) PSS() float64 {
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

// busy returns the CPU seconds that this machine has used, and this program
// with the children that have ended.
func busy() (machine, self float64) {
	b, _ := os.ReadFile("/proc/stat")
	line, _, _ := strings.Cut(string(b), "\n")
	for i, f := range strings.Fields(line)[1:] {
		if ticks, _ := strconv.ParseFloat(f, 64); i < 8 && i != 3 && i != 4 { // idle, waiting for a disk
			machine += ticks / 100
		}
	}
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var used syscall.Rusage
		syscall.Getrusage(who, &used)
		self += float64(used.Utime.Nano()+used.Stime.Nano()) / 1e9
	}
	return machine, self
}

// A Watch measures a server with all its processes while it works.
type Watch struct {
	p                  *Process
	cpu, machine, self float64
	start              time.Time
	peak               float64
	end                chan struct{}
	sampling           sync.WaitGroup
}

// Observe starts a watch. Memory is looked at ten times a second.
func Observe(p *Process) *Watch {
	w := &Watch{p: p, end: make(chan struct{})}
	w.sampling.Go(func() {
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for {
			w.peak = max(w.peak, p.PSS())
			select {
			case <-w.end:
				return
			case <-tick.C:
			}
		}
	})
	w.machine, w.self = busy()
	w.cpu, w.start = p.CPU(), time.Now()
	return w
}

// Stop ends the watch. It returns CPU and wall-clock seconds, the peak of the
// memory in MiB, and the part of the machine that other programs used.
func (w *Watch) Stop() (cpu, wall, peak, others float64) {
	wall, cpu = time.Since(w.start).Seconds(), max(0, w.p.CPU()-w.cpu)
	machine, self := busy()
	close(w.end)
	w.sampling.Wait()
	others = (machine - w.machine - cpu - (self - w.self)) / wall / float64(runtime.NumCPU())
	return cpu, wall, w.peak, max(0, others)
}
