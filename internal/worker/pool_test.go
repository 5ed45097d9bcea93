package worker

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/stowgate/stowgate/internal/fault"
)

// mib is for arguments of the workers' verbs.
const mib = 1 << 20

func TestDo(t *testing.T) {
	p := startPool(t, testConfig("test"))
	for _, tt := range []struct {
		request, want, text string
		kind                error
	}{
		{request: "echo hello", want: "hello"},
		{request: "echo ", want: ""},
		{request: "huge 0", want: ""},
		{request: fmt.Sprintf("huge %d", MaxReply), want: strings.Repeat("\x00", MaxReply)},
		{request: fmt.Sprintf("huge %d", MaxReply+1), kind: fault.TooLarge, text: "more than"},
		{request: "echo " + strings.Repeat("x", MaxRequest-5), want: strings.Repeat("x", MaxRequest-5)},
		{request: "echo " + strings.Repeat("x", MaxRequest-4), kind: fault.TooLarge, text: "more than"},
		{request: "what", kind: fault.Invalid, text: `unknown verb "what"`},
	} {
		name := tt.request[:min(len(tt.request), 20)]
		got, err := do(t, p, tt.request)
		if got != tt.want || !errors.Is(err, tt.kind) && tt.kind != nil || (err == nil) != (tt.kind == nil) {
			t.Errorf("Do(%q) = %d bytes, %v; want %d bytes, %v", name, len(got), err, len(tt.want), tt.kind)
		}
		if err != nil && !strings.Contains(err.Error(), tt.text) {
			t.Errorf("Do(%q) error = %v, want %q in it", name, err, tt.text)
		}
	}
	if _, err := do(t, p, "leak 4096"); fault.Of(err) != fault.TooLarge {
		t.Errorf("Do of a job that was refused memory: error = %v, want too large", err)
	}
	for _, kind := range fault.Kinds {
		if _, err := do(t, p, fmt.Sprintf("refuse %d", kind)); fault.Of(err) != kind || err == nil {
			t.Errorf("Do of a job that fails with %v: error of kind %v", kind, fault.Of(err))
		}
	}
	if s := p.Status(); s.Started != 1 || s.Crashes != 0 {
		t.Errorf("Status = %+v: these jobs must not end the child", s)
	}
}

// TestF2DeadChild: a dead child is one failed request, with a reason.
func TestF2DeadChild(t *testing.T) {
	c := testConfig("test")
	c.Memory = 256 * mib
	p := startPool(t, c)
	pid := os.Getpid()
	for _, tt := range []struct {
		request string
		want    error
		kind    fault.Kind
		text    string
	}{
		{"exit 3", ErrCrashed, fault.Unsupported, "exit status 3"},
		{"exit 0", ErrCrashed, fault.Unsupported, "exit status 0"},
		{"panic at the disco", ErrCrashed, fault.Unsupported, "at the disco"},
		{"segfault 1048576", ErrCrashed, fault.Unsupported, "SIGSEGV"},
		{"say what is this nonsense", ErrCrashed, fault.Unsupported, "no reply"},
		{"say SW", ErrCrashed, fault.Unsupported, "EOF"},
		{"say " + string(reply{number: 2, length: 10}.append(nil)) + "half", ErrCrashed, fault.Unsupported, "EOF"},
		{"say " + string(reply{number: 7}.append(nil)), ErrCrashed, fault.Unsupported, "reply 7 to request 2"},
		{"say " + string(reply{number: 2, length: MaxReply + 1}.append(nil)), ErrCrashed, fault.Unsupported, "more than"},
		{"hang", ErrDeadline, fault.TooLarge, "more than 300ms: took too long"},
		{"spin", ErrDeadline, fault.TooLarge, "more than 300ms: took too long"},
		{"grow", ErrMemory, fault.TooLarge, "more than 256 MiB: took too much memory"},
		{"allocate 1024", ErrMemory, fault.TooLarge, "too much memory"},
	} {
		began := time.Now()
		job := Job{Request: []byte(tt.request)}
		if tt.want == ErrDeadline {
			job.Deadline = 300 * time.Millisecond
		}
		_, err := p.Do(t.Context(), job)
		if !errors.Is(err, tt.want) || fault.Of(err) != tt.kind || !strings.Contains(fmt.Sprint(err), tt.text) {
			t.Errorf("Do(%q) error = %v, of kind %v; want %v, %v, with %q", tt.request, err, fault.Of(err), tt.want, tt.kind, tt.text)
		}
		if d := time.Since(began); d > 15*time.Second {
			t.Errorf("Do(%q) took %v", tt.request, d)
		}
		if got, err := do(t, p, "echo again"); got != "again" {
			t.Errorf("Do after %q = %q, %v", tt.request, got, err)
		}
	}
	if os.Getpid() != pid {
		t.Error("the server is another process")
	}
	s := p.Status()
	if s.Crashes != 9 || s.Deadline != 2 || s.Memory != 2 || s.Started != 14 || s.Jobs != 26 {
		t.Errorf("Status = %+v, want 9 crashes, 2 deadlines, 2 memory, 14 started, 26 jobs", s)
	}
}

func TestCancel(t *testing.T) {
	p := startPool(t, testConfig("test"))
	idlePid(t, p)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	waiting := make(chan error, 1)
	go func() {
		time.Sleep(20 * time.Millisecond) // the only child is taken
		_, err := p.Do(ctx, Job{Request: []byte("echo x")})
		waiting <- err
	}()
	_, err := p.Do(ctx, Job{Request: []byte("sleep 60000")}) // which the pool's deadline ends as well, in another way
	if !errors.Is(err, fault.Canceled) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("canceled job: error = %v, want canceled", err)
	}
	if err := <-waiting; !errors.Is(err, fault.Canceled) {
		t.Errorf("canceled while waiting: error = %v, want canceled", err)
	}
	if got, err := do(t, p, "echo x"); got != "x" {
		t.Errorf("Do after a canceled job = %q, %v", got, err)
	}
	// Which job ends soon enough is a matter of luck on a busy machine.
	for deadline := time.Now().Add(30 * time.Second); ; {
		soon, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
		_, err := p.Do(soon, Job{Request: []byte("sleep 60")})
		cancel()
		if err == nil {
			break
		} else if time.Now().After(deadline) {
			t.Fatalf("canceled job that ends soon: error = %v, want none", err)
		}
	}
	if s := p.Status(); s.Canceled < 1 || s.Crashes != 0 || s.Deadline != 0 || s.Started != s.Canceled+1 {
		t.Errorf("Status = %+v, want one more started than canceled, and nothing else", s)
	}
}

func TestReplaced(t *testing.T) {
	state := func(p *Pool) (s childState) {
		t.Helper()
		text, err := do(t, p, "state")
		if err := errors.Join(err, json.Unmarshal([]byte(text), &s)); err != nil {
			t.Fatal(err)
		}
		return s
	}
	t.Run("after so many jobs", func(t *testing.T) {
		c := testConfig("test")
		c.Jobs = 3
		p := startPool(t, c)
		var pids []int
		for range 9 {
			pids = append(pids, idlePid(t, p))
			if _, err := do(t, p, "echo x"); err != nil {
				t.Fatal(err)
			}
		}
		a, b, c2 := pids[0], pids[3], pids[6]
		if want := []int{a, a, a, b, b, b, c2, c2, c2}; !slices.Equal(pids, want) || a == b || b == c2 {
			t.Errorf("9 jobs were done by processes %v, want 3 by each", pids)
		}
	})
	t.Run("for its memory", func(t *testing.T) {
		c := testConfig("test")
		c.Memory = 256 * mib
		p := startPool(t, c)
		for _, tt := range []struct {
			leak     int
			replaced int64
		}{{16, 0}, {140, 1}} {
			if _, err := do(t, p, fmt.Sprintf("leak %d", tt.leak)); err != nil {
				t.Fatal(err)
			}
			if _, err := do(t, p, "echo x"); err != nil {
				t.Fatal(err)
			}
			if s := p.Status(); s.Replaced != tt.replaced || s.Memory != 0 {
				t.Errorf("after a job that leaks %d MiB: Status = %+v, want %d replaced", tt.leak, s, tt.replaced)
			}
		}
	})
	t.Run("and in between nothing stays open", func(t *testing.T) {
		p := startPool(t, testConfig("test"))
		before := state(p)
		for range 5 {
			if _, err := do(t, p, "cat", tempFile(t, "a"), tempFile(t, "b"), tempFile(t, "")); err != nil {
				t.Fatal(err)
			}
		}
		if after := state(p); after.Descriptors != before.Descriptors {
			t.Errorf("the child has %d descriptors after jobs with files, %d before", after.Descriptors, before.Descriptors)
		}
	})
}

// idlePid returns the process that will do the next job of a pool of one.
func idlePid(t *testing.T, p *Pool) int {
	t.Helper()
	wait(t, "an idle child", func() bool { return p.Status().Idle == 1 })
	return p.Pids()[0]
}

func TestDiesIdle(t *testing.T) {
	p := startPool(t, testConfig("test"))
	old := idlePid(t, p)
	if err := unix.Kill(old, unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	wait(t, "another child", func() bool { pids := p.Pids(); return len(pids) == 1 && pids[0] != old })
	if got, err := do(t, p, "echo x"); got != "x" {
		t.Errorf("Do after the idle child died = %q, %v", got, err)
	}
	if s := p.Status(); s.Crashes != 1 || !strings.Contains(s.LastError, "without a job: signal: killed") {
		t.Errorf("Status = %+v, want 1 crash without a job", s)
	}
}

// TestIdle: such a pool costs nothing until it has a job, and nothing again some
// time after the last one.
func TestIdle(t *testing.T) {
	c := testConfig("test")
	c.Idle, c.Jobs = 100*time.Millisecond, 2
	p := startPool(t, c)
	if s := p.Status(); s.Started != 0 || p.Layers() != nil {
		t.Errorf("before the first job: Status = %+v, Layers = %v", s, p.Layers())
	}
	for round := range int64(2) {
		var all sync.WaitGroup
		for range 5 { // while one waits, no other is let go, whatever is replaced
			all.Go(func() {
				if got, err := do(t, p, "echo x"); got != "x" {
					t.Errorf("Do = %q, %v", got, err)
				}
			})
		}
		all.Wait()
		if s := p.Status(); s.Started < 3*(round+1) || len(p.Layers()) == 0 {
			t.Errorf("after %d jobs: Status = %+v, %d layers", s.Jobs, s, len(p.Layers()))
		}
		wait(t, "the child to be let go", func() bool { return len(p.Pids()) == 0 })
	}
	if s := p.Status(); s.Jobs != 10 || s.Crashes != 0 || s.Failures != 0 {
		t.Errorf("Status = %+v", s)
	}
	t.Run("and says why it cannot start", func(t *testing.T) {
		c := testConfig("unprepared")
		c.Idle = time.Minute
		if _, err := do(t, startPool(t, c), "echo x"); fault.Of(err) != fault.Unavailable || !strings.Contains(err.Error(), "the library is not there") {
			t.Errorf("Do = %v", err)
		}
	})
}

func TestCannotStart(t *testing.T) {
	t.Run("at all", func(t *testing.T) {
		for name, want := range map[string]string{"unprepared": "the library is not there", "nonsense": "no such file"} {
			c := testConfig(name)
			if name == "nonsense" {
				c.Command = []string{"/no/such/program"}
			}
			if p, err := Start(c); err == nil {
				p.Close()
				t.Errorf("Start(%q) succeeded", name)
			} else if !strings.Contains(err.Error(), want) {
				t.Errorf("Start(%q) error = %v, want %q in it", name, err, want)
			}
		}
		if _, err := Start(testConfig("unprepared")); !errors.Is(err, fault.NotFound) {
			t.Errorf("Start error = %v, want the kind that prepare returned", err)
		}
	})
	t.Run("any more, and then again", func(t *testing.T) {
		library := filepath.Join(openDir(t), "library")
		write := func() {
			if err := os.WriteFile(library, []byte("x"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		write()
		c := testConfig("fragile")
		c.Env = []string{"LIBRARY=" + library}
		c.ReadPaths = []string{filepath.Dir(library)}
		p := startPool(t, c)
		idlePid(t, p)
		if err := os.Remove(library); err != nil {
			t.Fatal(err)
		}
		if _, err := do(t, p, "exit 1"); !errors.Is(err, ErrCrashed) {
			t.Fatal(err)
		}
		if _, err := do(t, p, "echo x"); !errors.Is(err, fault.Unavailable) || !strings.Contains(err.Error(), "no such file") {
			t.Errorf("Do without any child: error = %v, want unavailable, and why", err)
		}
		write()
		wait(t, "a child", func() bool { got, _ := do(t, p, "echo x"); return got == "x" })
		if s := p.Status(); s.Failures == 0 || s.Idle+s.Running != 1 {
			t.Errorf("Status = %+v, want failures, and one child again", s)
		}
	})
}

// openDir returns a folder that workers, which are another user, may look into.
func openDir(t *testing.T) string {
	dir, err := os.MkdirTemp("", "worker-test-*")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

func tempFile(t *testing.T, content string) *os.File {
	f, err := os.Create(filepath.Join(t.TempDir(), "file"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	if _, err := f.WriteString(content); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Seek(0, 0); err != nil {
		t.Fatal(err)
	}
	return f
}

func wait(t *testing.T, what string, done func() bool) {
	t.Helper()
	for range 1000 {
		if done() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("waited 10 s for %s", what)
}

func TestFiles(t *testing.T) {
	p := startPool(t, testConfig("test"))
	files := func(n int) (list []*os.File) {
		for i := range n {
			list = append(list, tempFile(t, strconv.Itoa(i%10)))
		}
		return append(list, tempFile(t, ""))
	}
	for _, n := range []int{0, 1, 2, MaxFiles - 1} {
		list := files(n)
		if _, err := do(t, p, "cat", list...); err != nil {
			t.Errorf("job of %d files: %v", n+1, err)
		}
		got, err := os.ReadFile(list[n].Name())
		if want := "0123456789012345678901234567890"[:n]; string(got) != want || err != nil {
			t.Errorf("the child copied %d files to %q, %v, want %q", n, got, err, want)
		}
		if _, err := list[0].Stat(); err != nil {
			t.Errorf("the caller's own file was closed: %v", err)
		}
	}
	if _, err := do(t, p, "cat", files(MaxFiles)...); !errors.Is(err, fault.TooLarge) {
		t.Errorf("job of %d files: error = %v, want too large", MaxFiles+1, err)
	}
	closed := tempFile(t, "")
	closed.Close()
	if _, err := do(t, p, "cat", closed); !errors.Is(err, os.ErrClosed) {
		t.Errorf("job with a closed file: error = %v, want closed", err)
	}
	if s := p.Status(); s.Started != 1 {
		t.Errorf("Status = %+v: none of this may end the child", s)
	}
}

func TestManyJobs(t *testing.T) {
	c := testConfig("test")
	c.Size, c.Jobs = 2, 250
	p := startPool(t, c)
	var jobs sync.WaitGroup
	for i := range 1000 {
		jobs.Go(func() {
			want := strconv.Itoa(i)
			if got, err := p.Do(t.Context(), Job{Request: []byte("echo " + want)}); string(got) != want || err != nil {
				t.Errorf("job %d = %q, %v", i, got, err)
			}
		})
	}
	jobs.Wait()
	if s := p.Status(); s.Jobs != 1000 || s.Replaced < 3 || s.Replaced > 4 {
		t.Errorf("Status = %+v, want 1000 jobs, and 3 or 4 children replaced", s)
	}
}

func TestOrder(t *testing.T) {
	p := startPool(t, testConfig("test"))
	var jobs sync.WaitGroup
	var mu sync.Mutex
	var order []int
	jobs.Go(func() { do(t, p, "sleep 300") })
	for i := range 5 {
		time.Sleep(20 * time.Millisecond)
		jobs.Go(func() {
			do(t, p, "sleep 10")
			mu.Lock()
			defer mu.Unlock()
			order = append(order, i)
		})
	}
	jobs.Wait()
	if !slices.IsSorted(order) || len(order) != 5 {
		t.Errorf("jobs ended in order %v, want that in which they came", order)
	}
}

func TestClose(t *testing.T) {
	p := startPool(t, testConfig("test"))
	ended := make(chan error, 2)
	for range cap(ended) { // one runs, one waits
		go func() {
			_, err := p.Do(t.Context(), Job{Request: []byte("hang")})
			ended <- err
		}()
	}
	wait(t, "a running job", func() bool { return p.Status().Running == 1 })
	pids := p.Pids()
	p.Close()
	p.Close()
	for range cap(ended) {
		if err := <-ended; !errors.Is(err, fault.Unavailable) {
			t.Errorf("job while the pool is closed: error = %v, want unavailable", err)
		}
	}
	if _, err := do(t, p, "echo x"); !errors.Is(err, fault.Unavailable) {
		t.Errorf("job after Close: error = %v, want unavailable", err)
	}
	for _, pid := range pids {
		if unix.Kill(pid, 0) == nil {
			t.Errorf("process %d is still there", pid)
		}
	}
	if s := p.Status(); s.Idle != 0 || s.Running != 0 || s.Resident != 0 {
		t.Errorf("Status = %+v, want nothing left", s)
	}
}

func TestNoLeaks(t *testing.T) {
	count := func() (found [3]int) {
		fds, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		tasks, _ := filepath.Glob("/proc/self/task/*/children")
		for _, name := range tasks {
			b, _ := os.ReadFile(name)
			found[2] += len(bytes.Fields(b))
		}
		found[0], found[1] = len(fds), runtime.NumGoroutine()
		return found
	}
	file := tempFile(t, "x")
	once := func() {
		c := testConfig("test")
		c.Size, c.Jobs, c.Deadline = 2, 2, 50*time.Millisecond
		p, err := Start(c)
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		for _, request := range []string{"echo x", "exit 3", "hang", "say x", "echo x", "what"} {
			do(t, p, request, file)
		}
		if _, err := Start(testConfig("unprepared")); err == nil {
			t.Error("unprepared child started")
		}
	}
	once() // what the runtime opens once
	before := count()
	for range 3 {
		once()
	}
	var after [3]int
	for range 100 {
		after = count()
		if after[0] <= before[0] && after[1] <= before[1] && after[2] <= before[2] {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("descriptors, goroutines, children: %v after, %v before", after, before)
}

// BenchmarkEmptyJob measures what a job costs beside its work.
func BenchmarkEmptyJob(b *testing.B) {
	p := startPool(b, testConfig("test"))
	file, err := os.Open("/proc/self/exe")
	if err != nil {
		b.Fatal(err)
	}
	defer file.Close()
	for name, files := range map[string][]*os.File{"no files": nil, "two files": {file, file}} {
		job := Job{Request: []byte("echo x"), Files: files}
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := p.Do(b.Context(), job); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
