package durability_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The steps of a server are its system calls by which bytes become durable or
// change their name. A supervisor sees every one before it is done, whichever
// thread does it, and decides what comes of it. The kernel asks the supervisor
// (seccomp_unotify(2)); the server is the same program as always.
type supervisor struct {
	mu     sync.Mutex
	names  []string                        // of the steps so far
	decide func(step string) syscall.Errno // 0 lets the call go on
}

var stepNames = map[int32]string{
	unix.SYS_FSYNC: "fsync", unix.SYS_FDATASYNC: "fdatasync", unix.SYS_SYNCFS: "syncfs", unix.SYS_MSYNC: "msync",
	unix.SYS_LINKAT: "linkat", unix.SYS_RENAMEAT: "renameat", unix.SYS_RENAMEAT2: "renameat2", unix.SYS_UNLINKAT: "unlinkat",
}

func isSync(name string) bool { return strings.Contains(name, "sync") }

// supervise lets decide say what comes of each step of the servers that n
// starts from now on.
func supervise(n *node, decide func(step string) syscall.Errno) *supervisor {
	s := &supervisor{decide: decide}
	n.wrap = s.wrap
	return s
}

// launchVariable says, in its environment, that the test's program is to become
// the server named in its arguments.
const launchVariable = "STOWGATE_TEST_LAUNCH"

// errNoListener says that the kernel reports no steps here.
var errNoListener = errors.New("the launcher gave no listener")

// wrap makes cmd start by way of launch, and returns what to do once it runs.
func (s *supervisor) wrap(cmd *exec.Cmd) (started func() error, err error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	theirs := os.NewFile(uintptr(pair[1]), "launch")
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd.Args = append([]string{self, cmd.Path}, cmd.Args[1:]...)
	cmd.Path = self
	cmd.Env = append(cmd.Env, launchVariable+"=1")
	cmd.ExtraFiles = []*os.File{theirs} // descriptor 3
	return func() error {
		theirs.Close()
		defer unix.Close(pair[0])
		control := make([]byte, unix.CmsgSpace(4))
		_, n, _, _, err := unix.Recvmsg(pair[0], make([]byte, 1), control, 0)
		if err != nil {
			return fmt.Errorf("receive listener: %w", err)
		}
		messages, err := unix.ParseSocketControlMessage(control[:n])
		if err != nil || len(messages) != 1 {
			return errNoListener
		}
		fds, err := unix.ParseUnixRights(&messages[0])
		if err != nil {
			return err
		}
		s.mu.Lock()
		s.names = nil
		s.mu.Unlock()
		go s.serve(fds[0])
		return nil
	}, nil
}

// launch becomes the server if the test's program was started for that: it
// asks the kernel to report the steps, hands the listener over, and execs.
func launch() {
	if os.Getenv(launchVariable) == "" {
		return
	}
	os.Unsetenv(launchVariable)
	runtime.LockOSThread()
	err := func() error {
		listener, err := listenToSteps()
		if err != nil {
			return fmt.Errorf("report steps: %w", err)
		}
		if err := unix.Sendmsg(3, []byte{0}, unix.UnixRights(listener), nil, 0); err != nil {
			return fmt.Errorf("hand over the listener: %w", err)
		}
		unix.Close(listener)
		unix.Close(3)
		return syscall.Exec(os.Args[1], os.Args[1:], os.Environ())
	}()
	fmt.Fprintln(os.Stderr, "launch server:", err)
	os.Exit(1)
}

// listenToSteps installs a filter in this thread that stops it, and everything
// it starts, before each step.
func listenToSteps() (listener int, err error) {
	filter := []unix.SockFilter{{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0}} // the call's number
	for number := range stepNames {
		filter = append(filter,
			unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jf: 1, K: uint32(number)},
			unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_USER_NOTIF})
	}
	filter = append(filter, unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW})
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return 0, err
	}
	fd, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER,
		unix.SECCOMP_FILTER_FLAG_NEW_LISTENER, uintptr(unsafe.Pointer(&program)))
	if errno != 0 {
		return 0, errno
	}
	return int(fd), nil
}

// notification and response are struct seccomp_notif and seccomp_notif_resp of
// linux/seccomp.h.
type notification struct {
	id         uint64
	pid, flags uint32
	number     int32
	arch       uint32
	pointer    uint64
	arguments  [6]uint64
}

// name returns what the step is, and for a sync what it is for: "fdatasync
// catalog.db-wal".
func (a notification) name() string {
	name := stepNames[a.number]
	if !isSync(name) {
		return name
	}
	path, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", a.pid, a.arguments[0]))
	if err != nil {
		return name
	}
	return name + " " + filepath.Base(strings.TrimSuffix(path, " (deleted)"))
}

type response struct {
	id    uint64
	value int64
	errno int32
	flags uint32
}

// serve answers the kernel until the server is gone.
func (s *supervisor) serve(listener int) {
	defer unix.Close(listener)
	for {
		// The descriptor is never at its end: without a look first, a question
		// would be waited for for ever.
		poll := []unix.PollFd{{Fd: int32(listener), Events: unix.POLLIN}}
		if _, err := unix.Poll(poll, -1); errors.Is(err, unix.EINTR) {
			continue
		} else if err != nil || poll[0].Revents&unix.POLLIN == 0 {
			return
		}
		var ask notification
		if errno := ioctl(listener, unix.SECCOMP_IOCTL_NOTIF_RECV, unsafe.Pointer(&ask)); errno == unix.ENOENT || errno == unix.EINTR {
			continue
		} else if errno != 0 {
			return
		}
		answer := response{id: ask.id, flags: unix.SECCOMP_USER_NOTIF_FLAG_CONTINUE}
		if errno := s.step(ask.name()); errno != 0 {
			answer.flags, answer.errno = 0, -int32(errno)
		}
		ioctl(listener, unix.SECCOMP_IOCTL_NOTIF_SEND, unsafe.Pointer(&answer)) // fails if the thread was killed
	}
}

func ioctl(fd int, request uint, p unsafe.Pointer) syscall.Errno {
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), uintptr(request), uintptr(p))
	return errno
}

func (s *supervisor) step(name string) syscall.Errno {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.names = append(s.names, name)
	return s.decide(name)
}

// steps returns the steps of the last server so far.
func (s *supervisor) steps() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.names[:len(s.names):len(s.names)]
}
