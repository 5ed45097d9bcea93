package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/stowgate/stowgate/internal/fault"
)

// probeTimeout is how long the child may take for all its attempts.
const probeTimeout = 5 * time.Second

// Probe starts one child and has it try what a worker must not do. It returns
// what was done to confine it, and which attempts failed as they should.
func Probe(ctx context.Context, c Config) ([]Layer, error) {
	p := newPool(c)
	defer p.Close()
	return p.probe(ctx)
}

func (p *Pool) probe(ctx context.Context) ([]Layer, error) {
	ch, err := p.start(ctx)
	if err != nil {
		return nil, err
	}
	defer ch.end()
	p.ways = []*syscall.SysProcAttr{ch.cmd.SysProcAttr} // what is found holds for the others as well
	request, err := json.Marshal(surroundings{os.Getpid(), p.config.Memory + spare})
	if err != nil {
		return nil, fmt.Errorf("probe worker: %w", err)
	}
	text, err := ch.exchange(ctx, kindProbe, Job{Request: request}, time.Now().Add(probeTimeout), math.MaxInt64)
	if err != nil {
		return nil, fmt.Errorf("probe worker: %w", err)
	}
	var tried []Layer
	if err := json.Unmarshal(text, &tried); err != nil {
		return nil, fmt.Errorf("probe worker: %w", err)
	}
	return append(ch.layers, tried...), nil
}

// surroundings is what the attempts need to know.
type surroundings struct {
	Server int   // its process number
	Memory int64 // bytes that the child may have
}

// An act is something that a worker must not be able to do.
type act struct {
	name   string
	needed bool
	try    func(surroundings) error // nil if it could be done
}

var acts = []act{
	{"reading files", false, func(surroundings) error { return touch("/etc/hostname", os.O_RDONLY) }},
	{"writing files", false, func(surroundings) error {
		name := fmt.Sprintf("%s/stowgate-probe-%d", os.TempDir(), time.Now().UnixNano())
		defer os.Remove(name)
		return touch(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL)
	}},
	{"TCP", true, func(surroundings) error { return dial(unix.SOCK_STREAM) }},
	{"UDP", true, func(surroundings) error { return dial(unix.SOCK_DGRAM) }},
	{"Unix sockets", false, func(surroundings) error {
		fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err == nil {
			unix.Close(fd)
		}
		return err
	}},
	{"starting programs", false, func(surroundings) error {
		p, err := os.StartProcess("/proc/self/exe", []string{"probe"}, &os.ProcAttr{Env: []string{}})
		if err == nil {
			_ = p.Kill()
			_, _ = p.Wait()
		}
		return err
	}},
	{"signals to the server", false, func(s surroundings) error { return unix.Kill(s.Server, 0) }},
	{"other interfaces of the kernel", false, func(surroundings) error {
		for _, call := range interfaces {
			if _, _, err := unix.Syscall6(call, 0, 0, 0, 0, 0, 0); err != unix.EPERM {
				return nil
			}
		}
		return unix.EPERM
	}},
	{"memory above the limit", true, func(s surroundings) error {
		b, err := unix.Mmap(-1, 0, int(max(s.Memory, 2<<30)), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
		if err == nil {
			_ = unix.Munmap(b)
		}
		return err
	}},
}

// interfaces are system calls that have nothing to do with computation, and
// that mean nothing with all arguments 0.
var interfaces = []uintptr{
	unix.SYS_UNSHARE, unix.SYS_SETNS, unix.SYS_MOUNT, unix.SYS_PTRACE, unix.SYS_PROCESS_VM_READV, unix.SYS_BPF,
	unix.SYS_IO_URING_SETUP, unix.SYS_KEYCTL, unix.SYS_USERFAULTFD, unix.SYS_PERF_EVENT_OPEN, unix.SYS_MEMFD_CREATE,
	unix.SYS_EXECVE, unix.SYS_EXECVEAT, unix.SYS_BIND, unix.SYS_SENDMSG, unix.SYS_INIT_MODULE, unix.SYS_PERSONALITY,
}

func touch(name string, flags int) error {
	f, err := os.OpenFile(name, flags, 0o600)
	if errors.Is(err, os.ErrNotExist) {
		return nil // it was allowed to look
	}
	if err == nil {
		f.Close()
	}
	return err
}

// dial tries to send to this machine itself. That nobody listens there is an
// answer of the network, so there is one.
func dial(kind int) error {
	fd, err := unix.Socket(unix.AF_INET, kind|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	const discard = 9
	to := &unix.SockaddrInet4{Port: discard, Addr: [4]byte{127, 0, 0, 1}}
	if err = unix.Connect(fd, to); err == nil {
		_, err = unix.Write(fd, []byte("probe"))
	}
	if errors.Is(err, unix.ECONNREFUSED) {
		return nil
	}
	return err
}

// attempt is the Handler of the probe.
func attempt(_ context.Context, request []byte, _ []*os.File) ([]byte, error) {
	var s surroundings
	if err := json.Unmarshal(request, &s); err != nil {
		return nil, fmt.Errorf("read what to probe: %w: %w", err, fault.Invalid)
	}
	layers := make([]Layer, len(acts))
	for i, a := range acts {
		layers[i] = Layer{Name: a.name, Needed: a.needed, Detail: "possible"}
		if err := a.try(s); err != nil {
			layers[i].Holds, layers[i].Detail = true, "refused: "+err.Error()
		}
	}
	return json.Marshal(layers)
}
