package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/worker/confine"
)

const (
	// startTimeout is how long a child may take until it is ready. Most take
	// a tenth of a second; a busy machine may need longer to load libraries.
	startTimeout = 30 * time.Second

	// tick is how often a child that works is looked at: its memory, and
	// whether anybody still waits for it.
	tick = 20 * time.Millisecond

	// grace is how long a job may go on for which nobody waits any more. Most end
	// by themselves in that time, for less than another child would cost.
	grace = 100 * time.Millisecond

	// spare is how much memory a child can have beyond Config.Memory before
	// the kernel refuses it more, so that the next look finds it above.
	spare = 256<<20 + detector

	// saidSize is how many bytes are kept of the beginning, and of the end, of
	// what a child says on its standard error.
	saidSize = 1 << 10
)

// A child is a process that serves jobs, seen from the server.
type child struct {
	cmd    *exec.Cmd
	conn   *net.UnixConn
	statm  *os.File // /proc/PID/statm
	said   said
	exited chan struct{} // closed when the process is gone and was waited for
	done   chan struct{} // given by who had the child when it is free again
	layers []Layer       // what it reported when it was ready
	number uint32        // of the last request
	jobs   int           // served
	ended  error         // why it was killed: ErrDeadline, ErrMemory, ErrCrashed or the context's error
}

// launch starts a child in the first of the ways that works, and waits until it
// is ready.
func launch(ctx context.Context, c Config, ways []*syscall.SysProcAttr, start func(*exec.Cmd) error) (*child, error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("start worker: socketpair: %w", err)
	}
	ours, its := os.NewFile(uintptr(fds[0]), "worker"), os.NewFile(uintptr(fds[1]), "server")
	defer ours.Close()
	defer its.Close()
	conn, err := net.FileConn(ours)
	if err != nil {
		return nil, fmt.Errorf("start worker: %w", err)
	}
	ch := &child{conn: conn.(*net.UnixConn), exited: make(chan struct{}), done: make(chan struct{}, 1)}
	for _, attr := range ways {
		ch.cmd = exec.Command(c.Command[0], c.Command[1:]...)
		if c.Command[0] == self {
			ch.cmd.Args[0] = os.Args[0] // the name it has in lists of processes
		}
		ch.cmd.SysProcAttr = attr
		ch.cmd.Env = append([]string{"MALLOC_ARENA_MAX=1", c.spec().Environ()}, c.Env...)
		ch.cmd.Dir = "/"
		ch.cmd.ExtraFiles = []*os.File{its}
		ch.cmd.Stderr = &ch.said
		ch.cmd.WaitDelay = time.Second
		if err = start(ch.cmd); err == nil {
			break
		}
	}
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("start worker: %w", err)
	}
	its.Close() // so that the end of the process ends the connection
	go func() {
		_ = ch.cmd.Wait() // how it ended is in ProcessState
		close(ch.exited)
	}()
	ch.statm, err = os.Open(fmt.Sprintf("/proc/%d/statm", ch.cmd.Process.Pid))
	if err == nil {
		err = ch.hello(ctx)
	}
	if err != nil {
		ch.end()
		return nil, fmt.Errorf("start worker: %w", err)
	}
	return ch, nil
}

// spec returns how the children are confined.
func (c Config) spec() confine.Spec {
	return confine.Spec{Read: c.ReadPaths, Memory: c.Memory + spare, FileSize: c.FileSize, Off: c.off,
		// What jobs can use that keep to their deadlines.
		CPU: max(1, int64(c.Deadline.Seconds()*float64(c.Jobs)*float64(1+c.Size)))}
}

// hello waits until the child says that it is ready.
func (ch *child) hello(ctx context.Context) error {
	text, err := ch.receive(ctx, time.Now().Add(startTimeout), math.MaxInt64)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, &ch.layers); err != nil {
		return fmt.Errorf("read what confines it: %w", err)
	}
	return nil
}

// exchange sends a request and waits for its reply, or for the deadline, the
// end of ctx, or the child to hold more than memory bytes. If the child is
// useless afterwards it is killed, and ch.ended says why.
func (ch *child) exchange(ctx context.Context, kind byte, j Job, deadline time.Time, memory int64) ([]byte, error) {
	fds := make([]int, len(j.Files))
	for i, f := range j.Files {
		if fds[i] = int(f.Fd()); fds[i] < 0 {
			return nil, fmt.Errorf("pass file %d: %w", i, os.ErrClosed)
		}
	}
	ch.number++
	ch.said.forget()
	r := request{kind: kind, number: ch.number, files: len(fds), left: time.Until(deadline), length: len(j.Request)}
	err := ch.send(append(r.append(make([]byte, 0, requestHeader+len(j.Request))), j.Request...), fds, deadline)
	runtime.KeepAlive(j.Files)
	if err != nil {
		return nil, ch.fail(err)
	}
	return ch.receive(ctx, deadline, memory)
}

// send writes b, with copies of the descriptors attached to its beginning.
func (ch *child) send(b []byte, fds []int, deadline time.Time) error {
	if err := ch.conn.SetWriteDeadline(deadline); err != nil {
		return err
	}
	var rights []byte
	if len(fds) > 0 {
		rights = unix.UnixRights(fds...)
	}
	n, _, err := ch.conn.WriteMsgUnix(b, rights, nil)
	if err == nil && n < len(b) {
		_, err = ch.conn.Write(b[n:])
	}
	return err
}

// receive reads the reply to the last request.
func (ch *child) receive(ctx context.Context, deadline time.Time, memory int64) ([]byte, error) {
	var header [replyHeader]byte
	if err := ch.read(ctx, header[:], deadline, memory); err != nil {
		return nil, ch.fail(err)
	}
	r, err := parseReply(header[:], ch.number)
	if err != nil {
		return nil, ch.fail(err)
	}
	body := make([]byte, r.length)
	if err := ch.read(ctx, body, deadline, memory); err != nil {
		return nil, ch.fail(err)
	}
	if r.failed {
		return nil, fmt.Errorf("%s: %w", body, r.kind)
	}
	return body, nil
}

// read fills b.
func (ch *child) read(ctx context.Context, b []byte, deadline time.Time, memory int64) error {
	var look, forsaken time.Time // when to look next, and since when nobody waits
	for len(b) > 0 {
		if now := time.Now(); !now.Before(look) {
			if ctx.Err() != nil && forsaken.IsZero() {
				forsaken = now
			}
			switch {
			case look.IsZero(): // it has just begun
			case !forsaken.IsZero() && now.Sub(forsaken) >= grace:
				return ctx.Err()
			case !now.Before(deadline):
				return ErrDeadline
			case ch.resident() > memory:
				return ErrMemory
			}
			if look = now.Add(tick); look.After(deadline) {
				look = deadline
			}
			if err := ch.conn.SetReadDeadline(look); err != nil {
				return err
			}
		}
		n, err := ch.conn.Read(b)
		if b = b[n:]; err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			return err
		}
	}
	return nil
}

// fail kills the child because of err, and returns what that means for the job.
func (ch *child) fail(err error) error {
	ch.end()
	said := ch.said.String()
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		ch.ended = err
		return fmt.Errorf("%w: %w", err, fault.Canceled)
	case errors.Is(err, ErrDeadline), errors.Is(err, os.ErrDeadlineExceeded):
		ch.ended = ErrDeadline
	case errors.Is(err, ErrMemory), noMemory.MatchString(said):
		ch.ended = ErrMemory
	default:
		ch.ended = ErrCrashed
		return fmt.Errorf("%w: %v, %v: %q: %w", ErrCrashed, err, ch.cmd.ProcessState, said, fault.Unsupported)
	}
	return fmt.Errorf("%w: %w", ch.ended, fault.TooLarge)
}

// noMemory is what Go, the C library, C++ and GLib say of memory when there is
// no more, also for the stack of a thread.
var noMemory = regexp.MustCompile(`(?i)out of memory|cannot allocate memory|failed to allocate|bad_alloc|pthread_create failed`)

// end kills the child and all it started, if it still runs, and waits for it.
func (ch *child) end() {
	ch.conn.Close()
	ch.kill()
	<-ch.exited
	ch.statm.Close()
}

func (ch *child) kill() {
	select {
	case <-ch.exited:
	default:
		_ = unix.Kill(-ch.cmd.Process.Pid, unix.SIGKILL) // it is the leader of its group
	}
}

// A said keeps the beginning and the end of what a child writes to its standard
// error during a job. Go tells why it ends first, GLib last.
type said struct {
	mu         sync.Mutex
	head, tail []byte
}

func (s *said) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := min(len(p), saidSize-len(s.head))
	s.head = append(s.head, p[:n]...)
	s.tail = append(s.tail, p[max(n, len(p)-saidSize):]...)
	s.tail = s.tail[max(0, len(s.tail)-saidSize):]
	return len(p), nil
}

// forget is for the beginning of a job.
func (s *said) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.head, s.tail = s.head[:0], s.tail[:0]
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.ToValidUTF8(string(s.head)+string(s.tail), "?")
}

// resident returns how many bytes of memory the child holds that are not a file's.
func (ch *child) resident() int64 {
	var b [128]byte
	n, _ := ch.statm.ReadAt(b[:], 0) // nothing when it is gone
	fields := strings.Fields(string(b[:n]))
	if len(fields) < 3 {
		return 0
	}
	all, _ := strconv.ParseInt(fields[1], 10, 64)
	files, _ := strconv.ParseInt(fields[2], 10, 64)
	return (all - files) * int64(os.Getpagesize())
}
