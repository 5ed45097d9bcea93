// Package hostile_test runs the real program against hostile images, plans and
// callers. Where it may, it does so in a network of its own in which every
// address of the world is this machine, so that whatever goes out is heard.
package hostile_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// program is the built server. soak says that there is time: every file of the
// corpora is used, in every format.
var (
	program string
	soak    = os.Getenv("STOWGATE_SOAK") != ""
)

// programVariable tells the test process in its own network where the server is.
const programVariable = "STOWGATE_TEST_PROGRAM"

func TestMain(m *testing.M) {
	if program = os.Getenv(programVariable); program != "" {
		for _, args := range [][]string{{"link", "set", "lo", "up"}, {"route", "add", "local", "0.0.0.0/0", "dev", "lo"}} {
			if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
				fmt.Fprintf(os.Stderr, "ip %v: %v: %s\n", args, err, out)
				os.Exit(1)
			}
		}
		os.Exit(m.Run())
	}
	os.Exit(build(m))
}

// build builds the server and runs the tests.
func build(m *testing.M) int {
	dir, err := os.MkdirTemp("", "stowgate-hostile-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	program = filepath.Join(dir, "stowgate")
	build := exec.Command("go", "build", "-o", program, "../../cmd/stowgate")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "build the server:", err)
		return 1
	}
	if !ownNetwork() {
		return m.Run()
	}
	again := exec.Command("/proc/self/exe", os.Args[1:]...)
	again.Args[0] = os.Args[0]
	again.Env = append(os.Environ(), programVariable+"="+program)
	again.Stdin, again.Stdout, again.Stderr = os.Stdin, os.Stdout, os.Stderr
	again.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	err = again.Run()
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		return max(1, failed.ExitCode())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "run the tests in a network of their own:", err)
		return 1
	}
	return 0
}

// ownNetwork reports whether processes can be given a network of their own.
func ownNetwork() bool {
	probe := exec.Command("ip", "link", "set", "lo", "up")
	probe.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	return probe.Run() == nil
}
