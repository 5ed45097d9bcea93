package confine

import (
	"fmt"
	"runtime"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// Where the fields of the kernel's struct seccomp_data are. An argument is 8
// bytes, on both architectures the lower half first.
const (
	offNumber = 0
	offArch   = 4
	offArgs   = 16
)

// What the filter answers. A call that is not allowed fails with EPERM; one
// that the C library has another way for fails with ENOSYS, so that it takes
// that.
var (
	allow   = bpf.RetConstant{Val: unix.SECCOMP_RET_ALLOW}
	refuse  = bpf.RetConstant{Val: unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)}
	unknown = bpf.RetConstant{Val: unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS)}
	kill    = bpf.RetConstant{Val: unix.SECCOMP_RET_KILL_PROCESS}
)

// A check holds if an argument, masked, has a value.
type check struct {
	arg   int    // from 0
	upper bool   // look at its upper 32 bits, not the lower
	mask  uint32 // 0 means all bits
	value uint32
	not   bool // holds if it has not
}

// A rule allows a call if all checks hold.
type rule struct {
	call   uint32
	checks []check
}

// Flags that make openat more than reading.
const openWrites = unix.O_ACCMODE | unix.O_CREAT | unix.O_TRUNC | unix.O_TMPFILE&^unix.O_DIRECTORY

// Flags of clone that make namespaces.
const cloneSeparate = unix.CLONE_NEWNS | unix.CLONE_NEWCGROUP | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC |
	unix.CLONE_NEWUSER | unix.CLONE_NEWPID | unix.CLONE_NEWNET

// checked are the calls that depend on their arguments. It needs the number of
// the process itself, and whether files may be opened.
func checked(pid uint32, open bool) []rule {
	const sharedMemory = unix.MAP_SHARED | unix.MAP_ANONYMOUS // no limit counts it
	rules := []rule{
		{unix.SYS_MMAP, []check{{arg: 3, mask: sharedMemory, value: sharedMemory, not: true}}},
		{unix.SYS_CLONE, []check{{arg: 0, mask: unix.CLONE_THREAD | cloneSeparate, value: unix.CLONE_THREAD}}},
		{unix.SYS_KILL, []check{{arg: 0, value: pid}}},
		{unix.SYS_TGKILL, []check{{arg: 0, value: pid}}},
		{unix.SYS_PRCTL, []check{{arg: 0, value: unix.PR_SET_NAME}}},
		{unix.SYS_PRCTL, []check{{arg: 0, value: unix.PR_GET_NAME}}},
		{unix.SYS_PRCTL, []check{{arg: 0, value: unix.PR_SET_VMA}}}, // Go names its memory
		{unix.SYS_PRLIMIT64, []check{{arg: 2, value: 0}, {arg: 2, upper: true, value: 0}}},
	}
	if open {
		rules = append(rules, rule{unix.SYS_OPENAT, []check{{arg: 2, mask: openWrites, value: unix.O_RDONLY}}})
		rules = append(rules, oldOpen...)
	}
	return rules
}

// filter returns the program that decides on system calls.
func filter(pid uint32, open bool) []bpf.Instruction {
	number := bpf.LoadAbsolute{Off: offNumber, Size: 4}
	program := []bpf.Instruction{
		bpf.LoadAbsolute{Off: offArch, Size: 4},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: auditArch, SkipTrue: 1},
		kill,
		number,
		// Its arguments are in memory, where a filter cannot look.
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: unix.SYS_CLONE3, SkipTrue: 1},
		unknown,
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: unix.SYS_OPENAT2, SkipTrue: 1},
		unknown,
	}
	for _, call := range append(plain, oldPlain...) {
		program = append(program, bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: call, SkipTrue: 1}, allow)
	}
	for _, r := range checked(pid, open) {
		program = append(program, number)
		program = append(program, r.instructions()...)
	}
	return append(program, refuse)
}

// instructions returns what allows the call, or else goes on after its end.
func (r rule) instructions() []bpf.Instruction {
	end := []bpf.Instruction{allow}
	for i := len(r.checks) - 1; i >= 0; i-- {
		c := r.checks[i]
		at, mask, cond := offArgs+8*uint32(c.arg), c.mask, bpf.JumpNotEqual
		if c.upper {
			at += 4
		}
		if mask == 0 {
			mask = ^uint32(0)
		}
		if c.not {
			cond = bpf.JumpEqual
		}
		end = append([]bpf.Instruction{
			bpf.LoadAbsolute{Off: at, Size: 4},
			bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: mask},
			bpf.JumpIf{Cond: cond, Val: c.value, SkipTrue: uint8(len(end))},
		}, end...)
	}
	return append([]bpf.Instruction{bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: r.call, SkipTrue: uint8(len(end))}}, end...)
}

// installFilter puts the filter over all threads of this process, for good, and
// says what it did.
func installFilter(program []bpf.Instruction) (string, error) {
	raw, err := bpf.Assemble(program)
	if err != nil {
		return "", fmt.Errorf("assemble the filter: %w", err)
	}
	instructions := make([]unix.SockFilter, len(raw))
	for i, in := range raw {
		instructions[i] = unix.SockFilter{Code: in.Op, Jt: in.Jt, Jf: in.Jf, K: in.K}
	}
	prog := unix.SockFprog{Len: uint16(len(instructions)), Filter: &instructions[0]}
	thread, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER,
		unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&prog)))
	runtime.KeepAlive(instructions)
	if errno != 0 {
		return "", fmt.Errorf("this kernel does not filter system calls: %w", errno)
	}
	if thread != 0 {
		return "", fmt.Errorf("thread %d has another filter", thread)
	}
	return fmt.Sprintf("%d system calls are allowed, all others refused", len(plain)+len(oldPlain)), nil
}
