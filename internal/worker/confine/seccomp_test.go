package confine

import (
	"encoding/binary"
	"testing"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// decide runs the filter on a call as the kernel would.
func decide(t *testing.T, open bool, arch, number uint32, args ...uint64) uint32 {
	t.Helper()
	vm, err := bpf.NewVM(filter(self, open))
	if err != nil {
		t.Fatal(err)
	}
	// The VM reads words as they are in packets; the order of the halves of an
	// argument is that of the machine.
	data := make([]byte, offArgs+6*8)
	binary.BigEndian.PutUint32(data[offNumber:], number)
	binary.BigEndian.PutUint32(data[offArch:], arch)
	for i, arg := range args {
		binary.BigEndian.PutUint32(data[offArgs+8*i:], uint32(arg))
		binary.BigEndian.PutUint32(data[offArgs+8*i+4:], uint32(arg>>32))
	}
	got, err := vm.Run(data)
	if err != nil {
		t.Fatal(err)
	}
	return uint32(got)
}

const self = 77

func TestFilter(t *testing.T) {
	const (
		yes    = unix.SECCOMP_RET_ALLOW
		no     = unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)
		absent = unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS)
		thread = unix.CLONE_VM | unix.CLONE_FS | unix.CLONE_FILES | unix.CLONE_SIGHAND | unix.CLONE_THREAD
	)
	for _, tt := range []struct {
		name string
		call uint32
		args []uint64
		want uint32
	}{
		{"read", unix.SYS_READ, nil, yes},
		{"the last plain one", plain[len(plain)-1], nil, yes},
		{"socket", unix.SYS_SOCKET, nil, no},
		{"sendmsg", unix.SYS_SENDMSG, nil, no},
		{"execve", unix.SYS_EXECVE, nil, no},
		{"memfd_create", unix.SYS_MEMFD_CREATE, nil, no},
		{"clone3", unix.SYS_CLONE3, nil, absent},
		{"openat2", unix.SYS_OPENAT2, nil, absent},
		{"a call of another mode of this processor", 0x40000000 | unix.SYS_READ, nil, no},
		{"a call yet to be invented", 9999, nil, no},

		{"start a thread", unix.SYS_CLONE, []uint64{thread}, yes},
		{"start a process", unix.SYS_CLONE, []uint64{unix.CLONE_VM | unix.CLONE_VFORK}, no},
		{"start a thread in a new network", unix.SYS_CLONE, []uint64{thread | unix.CLONE_NEWNET}, no},

		{"private memory", unix.SYS_MMAP, []uint64{0, 1, 3, unix.MAP_PRIVATE | unix.MAP_ANON}, yes},
		{"a file, shared", unix.SYS_MMAP, []uint64{0, 1, 3, unix.MAP_SHARED, 5}, yes},
		{"memory that no limit counts", unix.SYS_MMAP, []uint64{0, 1, 3, unix.MAP_SHARED | unix.MAP_ANON}, no},

		{"signal to itself", unix.SYS_KILL, []uint64{self, 9}, yes},
		{"signal to another", unix.SYS_KILL, []uint64{self + 1, 9}, no},
		{"signal to all", unix.SYS_KILL, []uint64{^uint64(0), 9}, no},
		{"signal to its thread", unix.SYS_TGKILL, []uint64{self, 80, 9}, yes},
		{"signal to another's thread", unix.SYS_TGKILL, []uint64{1, 1, 9}, no},

		{"name a thread", unix.SYS_PRCTL, []uint64{unix.PR_SET_NAME}, yes},
		{"outlive the server", unix.SYS_PRCTL, []uint64{unix.PR_SET_PDEATHSIG}, no},
		{"read limits", unix.SYS_PRLIMIT64, []uint64{0, unix.RLIMIT_DATA, 0, 1 << 40}, yes},
		{"set limits", unix.SYS_PRLIMIT64, []uint64{0, unix.RLIMIT_DATA, 4096}, no},
		{"set limits, from high up", unix.SYS_PRLIMIT64, []uint64{0, unix.RLIMIT_DATA, 1 << 40}, no},
	} {
		if got := decide(t, true, auditArch, tt.call, tt.args...); got != tt.want {
			t.Errorf("%s: %#x, want %#x", tt.name, got, tt.want)
		}
	}
	if got := decide(t, true, auditArch^1, unix.SYS_READ); got != unix.SECCOMP_RET_KILL_PROCESS {
		t.Errorf("another architecture: %#x, want the end", got)
	}
}

func TestFilterOpen(t *testing.T) {
	for _, tt := range []struct {
		name  string
		flags uint64
		open  bool // whether Landlock guards what is opened
		want  bool
	}{
		{"read", unix.O_RDONLY | unix.O_CLOEXEC, true, true},
		{"list", unix.O_RDONLY | unix.O_DIRECTORY, true, true},
		{"write", unix.O_WRONLY, true, false},
		{"read and write", unix.O_RDWR, true, false},
		{"create", unix.O_RDONLY | unix.O_CREAT, true, false},
		{"truncate", unix.O_RDONLY | unix.O_TRUNC, true, false},
		{"without a name", unix.O_RDONLY | unix.O_TMPFILE, true, false},
		{"read without Landlock", unix.O_RDONLY, false, false},
	} {
		got := decide(t, tt.open, auditArch, unix.SYS_OPENAT, 0, 0, tt.flags) == unix.SECCOMP_RET_ALLOW
		if got != tt.want {
			t.Errorf("open to %s: allowed is %v, want %v", tt.name, got, tt.want)
		}
		for _, r := range oldOpen {
			if got := decide(t, tt.open, auditArch, r.call, 0, tt.flags) == unix.SECCOMP_RET_ALLOW; got != tt.want {
				t.Errorf("open of old to %s: allowed is %v, want %v", tt.name, got, tt.want)
			}
		}
	}
}
