// Package corpora finds the hostile and valid test files that are kept beside
// the project, for tests only.
package corpora

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// Dir returns the folder of the corpora called name. It looks under
// $STOWGATE_SHARED, or else in ../shared beside the module, and skips the test
// if the folder is not there.
func Dir(t testing.TB, name string) string {
	t.Helper()
	shared := os.Getenv("STOWGATE_SHARED")
	if shared == "" {
		_, file, _, _ := runtime.Caller(0)
		shared = filepath.Join(filepath.Dir(file), "..", "..", "..", "shared")
	}
	dir := filepath.Join(shared, "corpora", name)
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("skipped: no corpora %s; set STOWGATE_SHARED to the folder that holds them", name)
	}
	return dir
}
