// Package clients_test runs the official, unmodified clients of the wire
// protocols against the real program: filestack-js in Chromium and in Node,
// filestack-go, and signing as the documentation teaches it. A test whose
// client is not installed says so in one line; "make test" installs them.
package clients_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// program is the built server, and scratch a folder that is removed at the end.
var program, scratch string

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "stowgate-clients-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	scratch, program = dir, filepath.Join(dir, "stowgate")
	build := exec.Command("go", "build", "-o", program, "../../cmd/stowgate")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "build the server:", err)
		return 1
	}
	return m.Run()
}
