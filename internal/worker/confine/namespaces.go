package confine

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// nobody is the user and group that a process is inside its user namespace, and
// outside of it as well where root may choose.
const nobody = 65534

// separate are the namespaces of a process beside that of users.
const separate = syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWNET | syscall.CLONE_NEWIPC | syscall.CLONE_NEWUTS

// Attrs returns ways to start a process, the most confined first. A kernel or
// container that forbids one may allow the next; the last has no namespaces.
func (s Spec) Attrs() []*syscall.SysProcAttr {
	plain := syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	uid, gid := os.Getuid(), os.Getgid()
	if uid == 0 && readable(append([]string{"/proc/self/exe"}, s.Read...)) {
		uid, gid = nobody, nobody
		plain.Credential = &syscall.Credential{Uid: nobody, Gid: nobody}
	}
	if s.Off&Namespaces != 0 {
		return []*syscall.SysProcAttr{&plain}
	}
	users := plain
	users.Cloneflags = syscall.CLONE_NEWUSER | separate
	users.UidMappings = []syscall.SysProcIDMap{{ContainerID: nobody, HostID: uid, Size: 1}}
	users.GidMappings = []syscall.SysProcIDMap{{ContainerID: nobody, HostID: gid, Size: 1}}
	// Only root may change the list of groups in there.
	users.GidMappingsEnableSetgroups = os.Getuid() == 0
	users.Credential = &syscall.Credential{Uid: nobody, Gid: nobody, NoSetGroups: os.Getuid() != 0}
	rest := plain
	rest.Cloneflags = separate
	return []*syscall.SysProcAttr{&users, &rest, &plain}
}

// readable reports whether every user may read paths and what is in the folders.
func readable(paths []string) bool {
	for _, path := range paths {
		real, err := filepath.EvalSymlinks(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue // nothing to read
		} else if err != nil {
			return false
		}
		for at := real; ; at = filepath.Dir(at) {
			info, err := os.Stat(at)
			if err != nil || at == real && info.Mode()&0o004 == 0 || info.IsDir() && info.Mode()&0o001 == 0 {
				return false
			}
			if at == filepath.Dir(at) {
				break
			}
		}
	}
	return true
}

var kinds = []string{"user", "mnt", "pid", "net", "ipc", "uts"}

// ownUsers reports whether this process has a user namespace of its own, in
// which it is the only user.
func ownUsers() bool {
	text, err := os.ReadFile("/proc/self/uid_map")
	var inside, outside, size int
	if err == nil {
		_, err = fmt.Sscan(string(text), &inside, &outside, &size)
	}
	return err == nil && inside == nobody && size == 1
}

// CheckNamespaces says which namespaces the process called pid does not share
// with this one.
func CheckNamespaces(pid int) Layer {
	var own, shared []string
	for _, kind := range kinds {
		mine, err1 := os.Readlink("/proc/self/ns/" + kind)
		its, err2 := os.Readlink(fmt.Sprintf("/proc/%d/ns/%s", pid, kind))
		if err := errors.Join(err1, err2); err != nil || mine == its {
			shared = append(shared, kind)
		} else {
			own = append(own, kind)
		}
	}
	l := Layer{Name: "namespaces", Holds: len(shared) == 0, Detail: "its own: " + strings.Join(own, " ")}
	if len(shared) > 0 {
		l.Detail += "; shared with the server: " + strings.Join(shared, " ")
	}
	return l
}
