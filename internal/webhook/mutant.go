//go:build mutant

package webhook

import (
	"os"
	"strconv"
	"sync/atomic"
	"syscall"
)

// A mutant dies at the point that STOWGATE_MUTANT names, the nth time that it
// is reached, so that the tests of durability can choose when.
var (
	mutant   = os.Getenv("STOWGATE_MUTANT")
	after, _ = strconv.ParseInt(os.Getenv("STOWGATE_MUTANT_AFTER"), 10, 64)
	reached  atomic.Int64
)

func reach(point string) {
	if point == mutant && reached.Add(1) == after {
		syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
}
