package heap

import (
	"debug/elf"
	"fmt"
	"os"
	"runtime/debug"

	"golang.org/x/sys/unix"
)

// Settle gives back what only the start of this process needed: free memory, and
// the parts of the program itself that ran, which the system maps again when
// they are called.
func Settle() error {
	debug.FreeOSMemory()
	program, err := elf.Open("/proc/self/exe")
	if err != nil {
		return fmt.Errorf("read this program: %w", err)
	}
	defer program.Close()
	if program.Type != elf.ET_EXEC {
		return nil // it is not where its file says
	}
	page := uint64(os.Getpagesize())
	for _, part := range program.Progs {
		if part.Type != elf.PT_LOAD || part.Flags&elf.PF_W != 0 {
			continue // what was written is not in the file
		}
		from, to := (part.Vaddr+page-1)&-page, (part.Vaddr+part.Memsz)&-page
		if from >= to {
			continue
		}
		if _, _, err := unix.Syscall(unix.SYS_MADVISE, uintptr(from), uintptr(to-from), unix.MADV_DONTNEED); err != 0 {
			return fmt.Errorf("give back parts of this program: %w", err)
		}
	}
	return nil
}
