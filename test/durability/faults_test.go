package durability_test

import (
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// script does one of everything, in the same order each time. It stops when
// the server is gone.
func (w *worker) script() error {
	last := func(do func(*file) error) func() error {
		return func() error {
			if len(w.files) == 0 {
				return nil
			}
			return do(w.files[len(w.files)-1])
		}
	}
	sized := func(size int, how func(string, content) (string, error)) func() error {
		return func() error { return w.storeSized(size, how) }
	}
	for _, do := range []func() error{
		sized(1000, w.putRaw), sized(600<<10, w.putForm), last(w.replace), sized(900<<10, w.putParts),
		last(w.delete), sized(0, w.putRaw), sized(3000, w.putRaw), last(w.replace), last(w.look),
	} {
		if err := do(); errors.Is(err, errNoAnswer) {
			return err
		}
	}
	return nil
}

// putParts stores c in three parts.
func (w *worker) putParts(name string, c content) (handle string, err error) {
	s := &session{name: name, content: c, partSize: c.size/3 + 1}
	if err := w.begin(s); err != nil {
		return "", err
	}
	if err := w.sendParts(s, []int{1, 2, 3}); err != nil {
		return "", err
	}
	return w.complete(s)
}

// A stepFault is what happens to a server at one of its steps.
type stepFault struct {
	name string
	at   func(step string) bool
	do   func(*volume, *node) syscall.Errno
	cut  bool // whether the volume, if there is one, loses its power afterwards
}

func anyStep(string) bool { return true }

// The faults. A power cut comes in two kinds, because what others sync at the
// right moment may make a name durable, and not its bytes.
var (
	killed   = stepFault{"kill", anyStep, func(_ *volume, n *node) syscall.Errno { n.signal(syscall.SIGKILL); return unix.EIO }, false}
	powerCut = stepFault{"power cut", anyStep, func(v *volume, n *node) syscall.Errno {
		n.loseVolume(v)
		n.signal(syscall.SIGKILL)
		return unix.EIO
	}, false}
	lateCut = stepFault{"power cut after another's sync", anyStep, func(v *volume, n *node) syscall.Errno {
		v.commit()
		return powerCut.do(v, n)
	}, false}
	failedSync = stepFault{"EIO", isSync, func(*volume, *node) syscall.Errno { return unix.EIO }, true}
	noSpace    = stepFault{"ENOSPC", anyStep, func(*volume, *node) syscall.Errno { return unix.ENOSPC }, true}
)

// TestSteps lets each kind of fault happen at the N-th step by which the server
// makes something durable, from the first one after the process began, for each
// N until there is no such step (threats: crash, EIO, ENOSPC at every step;
// error on the N-th fsync).
func TestSteps(t *testing.T) {
	for _, fault := range []stepFault{killed, powerCut, lateCut, failedSync, noSpace} {
		t.Run(fault.name, func(t *testing.T) {
			var v *volume
			data := filepath.Join(fastFolder(t), "data")
			if os.Getuid() == 0 || fault.name == powerCut.name || fault.name == lateCut.name {
				v = newVolume(t, "ext4", volumeSize)
				data = v.data()
			}
			c := newCrew(t, newNode(t, data), nil)
			total, done, fired := c.walk(v, fault, rounds(4, 1000))
			if fired == 0 {
				t.Error("no fault happened")
			}
			orphans := c.settle()
			c.finish("%s at a step: rounds %d of %d steps, happened %d, orphans after one sweep %d", fault.name, done, total, fired, orphans)
		})
	}
}

// walk lets a fault happen at each step of a script, or at some of them when
// there are more than limit, and compares what is there after each. It stops at
// the first problem.
func (c *crew) walk(v *volume, fault stepFault, limit int) (total, done, fired int) {
	c.t.Helper()
	c.workers = c.workers[:1]
	total = c.countSteps(fault)
	chosen := random(c.t.Name()).Perm(total)[:min(limit, total)]
	slices.Sort(chosen)
	for _, at := range chosen {
		if c.strikeAt(v, fault, at+1) {
			fired++
		}
		c.node.start()
		c.verify()
		c.audit()
		if code := c.node.stop(); code != 0 {
			c.book.problem("the server ended with status %d", code)
		}
		done++
		if len(c.book.found()) > 0 {
			c.book.problem("this was %s at step %d of %d", fault.name, at+1, total)
			break
		}
	}
	return total, done, fired
}

// countSteps returns how many steps a start and a script take. It differs a
// little from run to run, because the database has its own mind about when to
// tidy up.
func (c *crew) countSteps(fault stepFault) (total int) {
	c.t.Helper()
	s := supervise(c.node, func(string) syscall.Errno { return 0 })
	err := c.node.tryStart()
	if errors.Is(err, errNoListener) {
		c.t.Skipf("skipped: system calls cannot be supervised here: %s", c.node.tail())
	}
	if err == nil {
		err = c.workers[0].script()
	}
	if err != nil {
		c.t.Fatal(err)
	}
	c.node.kill()
	c.node.wrap = nil
	for _, step := range s.steps() {
		if fault.at(step) {
			total++
		}
	}
	if total < 10 {
		c.t.Fatalf("saw only the steps %s", strings.Join(s.steps(), ", "))
	}
	return total
}

// strikeAt starts the server, lets the fault happen at the given step, and
// brings the volume back. It reports whether the fault happened.
func (c *crew) strikeAt(v *volume, fault stepFault, at int) (fired bool) {
	c.t.Helper()
	n, w := c.node, c.workers[0]
	seen := 0
	var ready atomic.Bool
	quiet := false // whether the failure is told by nobody, and does not matter
	happened := make(chan struct{})
	s := supervise(n, func(step string) syscall.Errno {
		if !fault.at(step) {
			return 0
		}
		if seen++; seen != at {
			return 0
		}
		// SQLite syncs the folder once more with its first commit, and ignores
		// the answer (os_unix.c, unixSync). Our own sync of it came before.
		quiet = step == "fsync data" && ready.Load()
		defer close(happened)
		c.book.tolerant.Store(true)
		return fault.do(v, n)
	})
	if err := n.tryStart(); err == nil {
		ready.Store(true)
		w.script()
		w.http.CloseIdleConnections()
	}
	select {
	case <-happened:
		fired = true
	default:
	}
	if fired && ready.Load() && fault.name == failedSync.name && !quiet {
		w.brokenSync(s, at)
	}
	if v != nil && fault.cut && fired {
		n.loseVolume(v)
	}
	n.kill()
	n.wrap = nil
	c.book.tolerant.Store(false)
	if v != nil {
		v.unmount()
		v.mount()
		c.checkNamed(v)
	}
	n.dark.Store(false)
	return fired
}

// brokenSync checks what a server does after a sync failed: it takes no more
// writes and says so, and goes on reading.
func (w *worker) brokenSync(s *supervisor, at int) {
	steps := strings.Join(s.steps(), ", ")
	if err := w.storeSized(1000, w.putRaw); !refused(err, http.StatusServiceUnavailable) {
		w.book.problem("storing after sync %d failed: %v, want a refusal with 503; steps: %s", at, err, steps)
	}
	res, err := w.http.Get(w.node.admin() + "/readyz")
	if err != nil {
		w.book.problem("readyz after sync %d failed: %v", at, err)
		return
	}
	defer res.Body.Close()
	why, _ := io.ReadAll(res.Body)
	if res.StatusCode == http.StatusOK || !strings.Contains(string(why), "sync") && !strings.Contains(string(why), "I/O error") {
		w.book.problem("readyz after sync %d failed: status %d, %q, want the reason; steps: %s", at, res.StatusCode, why, steps)
	}
	w.book.tolerant.Store(false)
	defer w.book.tolerant.Store(true)
	for _, f := range w.files {
		if !f.gone {
			w.look(f)
		}
	}
}
