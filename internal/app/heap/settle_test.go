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
		t.Skip(err)
	}
	_, line, _ := strings.Cut(string(status), "RssFile:")
	if _, err := fmt.Sscan(line, &kib); err != nil {
		t.Skip(err)
	}
	return kib
}
