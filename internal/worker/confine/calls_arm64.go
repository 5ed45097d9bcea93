package confine

import "golang.org/x/sys/unix"

const (
	auditArch  = unix.AUDIT_ARCH_AARCH64
	sysFstatat = unix.SYS_FSTATAT
)

// What older architectures have beside the common calls.
var (
	oldPlain []uint32
	oldOpen  []rule
)
