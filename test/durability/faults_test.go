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
	cut  bool // whether the volume, if there is one, loses its power afterwards or has lost it
}

// TestSteps lets each kind of fault happen at the N-th step by which the server
// makes something durable, from the first one after the process began, for each
// N until there is no such step (threats: crash, EIO, ENOSPC at every step;
// error on the N-th fsync).
func TestSteps(t *testing.T) {
	any := func(string) bool { return true }
	for _, fault := range []stepFault{
		{"kill", any, func(_ *volume, n *node) syscall.Errno { n.signal(syscall.SIGKILL); return unix.EIO }, false},
		{"power cut", any, func(v *volume, n *node) syscall.Errno { n.dark.Store(true); v.cut(); return 0 }, true},
		{"EIO", isSync, func(*volume, *node) syscall.Errno { return unix.EIO }, true},
		{"ENOSPC", any, func(*volume, *node) syscall.Errno { return unix.ENOSPC }, true},
	} {
		t.Run(fault.name, func(t *testing.T) { testSteps(t, fault) })
	}
}

func testSteps(t *testing.T, fault stepFault) {
	var v *volume
	data := filepath.Join(fastFolder(t), "data")
	if os.Getuid() == 0 || fault.name == "power cut" {
		v = newVolume(t, "ext4", volumeSize)
		data = v.data()
	}
	n := newNode(t, data)
	c := newCrew(t, n, nil)
	c.workers = c.workers[:1]
	w := c.workers[0]

	// How many steps there are differs a little from run to run, because the
	// database has its own mind about when to tidy up.
	total := countSteps(t, n, w, fault)
	chosen := random(t.Name()).Perm(total)
	chosen = chosen[:min(rounds(4, total), total)]
	slices.Sort(chosen)
	fired := 0
	for _, at := range chosen {
		if w.suffer(t, v, fault, at+1) {
			fired++
		}
		n.start()
		c.verify()
		c.audit()
		if code := n.stop(); code != 0 {
			t.Errorf("after %s at step %d: the server ended with status %d", fault.name, at+1, code)
		}
		if t.Failed() || len(c.book.found()) > 0 {
			t.Errorf("this was %s at step %d of %d", fault.name, at+1, total)
			break
		}
	}
	if fired == 0 {
		t.Error("no fault happened")
	}
	orphans := c.settle()
	c.finish("%s at a step: rounds %d of %d steps, happened %d, orphans after one sweep %d", fault.name, len(chosen), total, fired, orphans)
}

// countSteps returns how many steps a start and a script take.
func countSteps(t *testing.T, n *node, w *worker, fault stepFault) int {
	t.Helper()
	s := supervise(n, func(int, string) syscall.Errno { return 0 })
	err := n.tryStart()
	if errors.Is(err, errNoListener) {
		t.Skipf("skipped: system calls cannot be supervised here: %s", n.tail())
	}
	if err == nil {
		err = w.script()
	}
	if err != nil {
		t.Fatal(err)
	}
	n.kill()
	n.wrap = nil
	total := 0
	for _, step := range s.steps() {
		if fault.at(step) {
			total++
		}
	}
	if total < 10 {
		t.Fatalf("saw only the steps %s", strings.Join(s.steps(), ", "))
	}
	return total
}

// suffer starts the server, lets the fault happen at the given step, and brings
// the volume back. It reports whether the fault happened.
func (w *worker) suffer(t *testing.T, v *volume, fault stepFault, at int) (fired bool) {
	t.Helper()
	n := w.node
	seen := 0
	var ready atomic.Bool
	quiet := false // whether the failure is hidden
	happened := make(chan struct{})
	s := supervise(n, func(_ int, step string) syscall.Errno {
		if !fault.at(step) {
			return 0
		}
		if seen++; seen != at {
			return 0
		}
		quiet = hidden(step, !ready.Load())
		defer close(happened)
		w.book.tolerant.Store(true)
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
	if fired && ready.Load() && fault.name == "EIO" && !quiet {
		w.brokenSync(t, s, at)
	}
	if v != nil && fault.cut && fired {
		v.cut()
	}
	n.kill()
	n.wrap = nil
	w.book.tolerant.Store(false)
	if v != nil {
		v.unmount()
		v.mount()
	}
	n.dark.Store(false)
	return fired
}

// hidden reports whether the failure of a sync is not told by SQLite, which does
// it by itself: that of the folder, after the log was made (os_unix.c, unixSync),
// and those at the start, when the connection is closed that looked whether the
// schema is the newest. What was acknowledged must be there all the same.
func hidden(step string, starting bool) bool {
	return step == "fsync data" || starting && strings.HasPrefix(step, "fsync catalog.db")
}

// brokenSync checks what a server does after a sync failed: it takes no more
// writes and says so, and goes on reading.
func (w *worker) brokenSync(t *testing.T, s *supervisor, at int) {
	t.Helper()
	steps := strings.Join(s.steps(), ", ")
	if err := w.storeSized(1000, w.putRaw); !refused(err, http.StatusServiceUnavailable) {
		t.Errorf("storing after sync %d failed: %v, want a refusal with 503\nsteps: %s", at, err, steps)
	}
	res, err := w.http.Get(w.node.admin() + "/readyz")
	if err != nil {
		t.Errorf("readyz after sync %d failed: %v", at, err)
		return
	}
	defer res.Body.Close()
	why, _ := io.ReadAll(res.Body)
	if res.StatusCode == http.StatusOK || !strings.Contains(string(why), "sync") && !strings.Contains(string(why), "I/O error") {
		t.Errorf("readyz after sync %d failed: status %d, %q, want the reason\nsteps: %s", at, res.StatusCode, why, steps)
	}
	w.book.tolerant.Store(false)
	defer w.book.tolerant.Store(true)
	for _, f := range w.files {
		if !f.gone {
			w.look(f)
		}
	}
}
