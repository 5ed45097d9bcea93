// Package confine takes from a process what it does not need: the file system,
// the network, other processes, privileges, and resources without a limit. It
// knows nothing of what the process is for.
//
// The parent starts a command with Spec.Environ and one of Attrs. The child
// calls Enter first of all, which starts the program once more inside the
// confinement, loads what it needs, and then calls Close.
package confine

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Layers is a set of the means of confinement.
type Layers uint8

// The means of confinement.
const (
	Namespaces Layers = 1 << iota // no network, no other processes, another user
	Landlock                      // no files but the named ones, no programs
	Seccomp                       // no system calls but the named ones
	Limits                        // on memory, file size, descriptors, threads, processor time
)

// A Layer is one thing that confines a process, and whether it does.
type Layer struct {
	Name   string `json:"name"`
	Holds  bool   `json:"holds"`
	Needed bool   `json:"needed"` // whether there is no confinement worth the name without it
	Detail string `json:"detail"`
}

// A Spec says how a process is confined.
type Spec struct {
	Read     []string // files and folders it may read
	Memory   int64    // bytes of memory that is not a file's
	FileSize int64    // bytes in the longest file it may write
	CPU      int64    // seconds of processor time
	Off      Layers   // what is left out, for tests

	Outside map[string]string // set by Environ: the namespaces of the parent
	Inside  bool              // set by Enter in what it starts
	Applied []Layer           // what was done before that
}

// The limits that are the same for all.
const (
	maxFiles   = 64  // open descriptors
	maxThreads = 128 // where the process is alone in a user namespace, and not root outside
	oomScore   = 800 // how gladly the kernel kills it when memory is short, up to 1000
)

// variable carries the Spec into the process.
const variable = "STOWGATE_CONFINE"

// Environ returns the variable that carries s to the child.
func (s Spec) Environ() string {
	if !s.Inside {
		s.Outside = namespaces()
	}
	text, err := json.Marshal(s)
	if err != nil {
		panic(err) // strings and numbers
	}
	return variable + "=" + string(text)
}

// Enter reads the Spec that the parent passed. When it is called for the first
// time it confines the calling thread and starts the program again in it, with
// the same arguments and open descriptors, and does not return but with an
// error. In what was started it returns the Spec to call Close on.
func Enter() (Spec, error) {
	var s Spec
	text, ok := os.LookupEnv(variable)
	if !ok {
		return s, errors.New("this process was not started to be confined")
	}
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return s, fmt.Errorf("read %s: %w", variable, err)
	}
	if s.Inside {
		return s, os.Unsetenv(variable)
	}
	// What follows is for this thread only, and survives in the program that
	// this thread starts.
	runtime.LockOSThread()
	// It came with the first thread, which may be another.
	if err := unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0); err != nil {
		return s, fmt.Errorf("die with the parent: %w", err)
	}
	s.Inside = true
	if err := s.restrict(); err != nil {
		return s, err
	}
	if err := os.Setenv(variable, strings.TrimPrefix(s.Environ(), variable+"=")); err != nil {
		return s, err
	}
	return s, fmt.Errorf("start again inside the confinement: %w", syscall.Exec("/proc/self/exe", os.Args, os.Environ()))
}

// restrict does what must be done before the program is started again.
func (s *Spec) restrict() error {
	// Not every container lets this be written, and none needs it.
	_ = os.WriteFile("/proc/self/oom_score_adj", fmt.Append(nil, oomScore), 0)
	s.compareNamespaces()
	user, only := userOutside()
	if s.Off&Limits == 0 {
		if err := s.limit(only); err != nil {
			return err
		}
	}
	if err := dropPrivileges(); err != nil {
		return err
	}
	s.applied("privileges", true, fmt.Sprintf("none, and none to gain; user %d", user))
	if s.Off&Landlock != 0 {
		return nil
	}
	detail, err := restrictFiles(s.Read)
	if err != nil {
		s.applied("landlock", false, err.Error()+": files cannot be opened at all instead")
		return nil
	}
	s.applied("landlock", true, detail)
	return nil
}

// Close takes away what loading libraries needed, and returns what confines the
// process from now on. It is for all threads.
func (s Spec) Close() []Layer {
	if s.Off&Seccomp != 0 {
		return s.Applied
	}
	open := s.Off&Landlock != 0
	for _, l := range s.Applied {
		open = open || l.Name == "landlock" && l.Holds
	}
	allowed, err := installFilter(filter(uint32(os.Getpid()), open))
	if err != nil {
		s.applied("seccomp", false, err.Error())
	} else {
		s.applied("seccomp", true, allowed)
	}
	return s.Applied
}

func (s *Spec) applied(name string, holds bool, detail string) {
	s.Applied = append(s.Applied, Layer{Name: name, Holds: holds, Detail: detail})
}

// limit sets the resource limits. That on threads counts what else runs as the
// same user in the same user namespace, so it is for a process alone in one.
func (s *Spec) limit(alone bool) error {
	limits := []struct {
		name  string
		which int
		max   uint64
	}{
		{"core dumps", unix.RLIMIT_CORE, 0},
		{"open files", unix.RLIMIT_NOFILE, maxFiles},
		{"file size", unix.RLIMIT_FSIZE, uint64(s.FileSize)},
		{"memory", unix.RLIMIT_DATA, uint64(s.Memory)},
		{"processor time", unix.RLIMIT_CPU, uint64(s.CPU)},
		{"threads", unix.RLIMIT_NPROC, maxThreads},
		{"locked memory", unix.RLIMIT_MEMLOCK, 0},
		{"message queues", unix.RLIMIT_MSGQUEUE, 0},
	}
	for _, l := range limits {
		if l.which == unix.RLIMIT_NPROC && !alone {
			continue
		}
		var now unix.Rlimit
		if err := unix.Getrlimit(l.which, &now); err != nil {
			return fmt.Errorf("read the limit on %s: %w", l.name, err)
		}
		max := min(l.max, now.Max) // more would need privileges
		if err := unix.Setrlimit(l.which, &unix.Rlimit{Cur: max, Max: max}); err != nil {
			return fmt.Errorf("limit %s: %w", l.name, err)
		}
	}
	s.applied("limits", true, fmt.Sprintf("%d MiB of memory, %d MiB a file, %d descriptors, %d s of processor time",
		s.Memory>>20, s.FileSize>>20, maxFiles, s.CPU))
	return nil
}

// dropPrivileges gives up every capability, also those that root would get from
// starting a program, for good.
func dropPrivileges() error {
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("give up new privileges: %w", err)
	}
	// Where this is not permitted there is nothing to give up.
	const noRoot, locked = 1 << 0, 1 << 1 // SECBIT_NOROOT, SECBIT_NOROOT_LOCKED
	_ = unix.Prctl(unix.PR_SET_SECUREBITS, noRoot|locked, 0, 0, 0)
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var none [2]unix.CapUserData
	if err := unix.Capset(&header, &none[0]); err != nil {
		return fmt.Errorf("give up capabilities: %w", err)
	}
	return nil
}
