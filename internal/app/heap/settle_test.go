package heap

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

func TestSettleGivesBack(t *testing.T) {
	before := mapped(t)
	if err := Settle(); err != nil {
		t.Fatal(err)
	}
	if after := mapped(t); after >= before {
		t.Errorf("%d KiB of files mapped after Settle, %d before", after, before)
	}
}

// mapped returns the KiB of files in this process's memory.
func mapped(t *testing.T) (kib int) {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Skipf("skipped: no system like Linux: %v", err)
	}
	_, line, found := strings.Cut(string(status), "RssFile:")
	if !found {
		t.Skip("skipped: this kernel does not tell how much memory is of files")
	}
	if _, err := fmt.Sscan(line, &kib); err != nil {
		t.Fatal(err)
	}
	return kib
}
