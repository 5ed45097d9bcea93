package confine

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// nobody is the user and group that a process is inside its user namespace, and
// outside of it as well where root may choose.
const nobody = 65534

// separate are the namespaces of a process beside that of users.
const separate = syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWNET | syscall.CLONE_NEWIPC | syscall.CLONE_NEWUTS

// Attrs returns ways to start a process, the most confined first. A kernel or
// container that forbids one may allow the next.
func (s Spec) Attrs() []*syscall.SysProcAttr {
	users := []int{os.Geteuid()}
	if mayBecomeNobody() && readable(s.Read) {
		users = []int{nobody, os.Geteuid()}
	}
	var attrs []*syscall.SysProcAttr
	for _, flags := range []uintptr{syscall.CLONE_NEWUSER | separate, separate, 0} {
		if flags != 0 && s.Off&Namespaces != 0 {
			continue
		}
		for _, user := range users {
			a := &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL, Cloneflags: flags}
			other, group := user != os.Geteuid(), os.Getegid()
			if other {
				group = nobody
				a.Credential = &syscall.Credential{Uid: nobody, Gid: nobody}
			}
			if flags&syscall.CLONE_NEWUSER != 0 {
				a.UidMappings = []syscall.SysProcIDMap{{ContainerID: nobody, HostID: user, Size: 1}}
				a.GidMappings = []syscall.SysProcIDMap{{ContainerID: nobody, HostID: group, Size: 1}}
				// Who has no privileges may not leave the groups it is in.
				a.GidMappingsEnableSetgroups = other
				a.Credential = &syscall.Credential{Uid: nobody, Gid: nobody, NoSetGroups: !other}
			}
			attrs = append(attrs, a)
		}
	}
	return attrs
}

// mayBecomeNobody reports whether this process can start one of another user
// and kill it.
func mayBecomeNobody() bool {
	const needed = 1<<unix.CAP_SETUID | 1<<unix.CAP_SETGID | 1<<unix.CAP_KILL
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var has [2]unix.CapUserData
	return unix.Capget(&header, &has[0]) == nil && has[0].Effective&needed == needed
}

// readable reports whether every user may run this program, and read paths and
// what is in the folders.
func readable(paths []string) bool {
	// The folders that the program is in do not matter: it is opened already.
	if program, err := os.Stat("/proc/self/exe"); err != nil || program.Mode()&0o005 != 0o005 {
		return false
	}
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

// namespaces returns the names of the namespaces that this process is in.
func namespaces() map[string]string {
	names := make(map[string]string)
	for _, kind := range []string{"user", "mnt", "pid", "net", "ipc", "uts"} {
		names[kind], _ = os.Readlink("/proc/self/ns/" + kind) // "" is no namespace of its own
	}
	return names
}

// compareNamespaces says which namespaces this process does not share with
// one that is in those of outside.
func (s *Spec) compareNamespaces() {
	var own, shared []string
	for kind, name := range namespaces() {
		if name == "" || name == s.Outside[kind] {
			shared = append(shared, kind)
		} else {
			own = append(own, kind)
		}
	}
	slices.Sort(own)
	slices.Sort(shared)
	detail := "its own: " + strings.Join(own, " ")
	if len(shared) > 0 {
		detail += "; shared with the server: " + strings.Join(shared, " ")
	}
	s.applied("namespaces", len(shared) == 0, detail)
}

// userOutside returns which user this process is outside of its user namespace,
// and whether it is the only user in there.
func userOutside() (uid int, only bool) {
	var inside, size int
	text, err := os.ReadFile("/proc/self/uid_map")
	if err == nil {
		_, err = fmt.Sscan(string(text), &inside, &uid, &size)
	}
	if err == nil && inside == nobody && size == 1 {
		return uid, true
	}
	return os.Getuid(), false
}
