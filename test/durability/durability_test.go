// Package durability_test takes the real server down in every way it can go
// down, and holds it to its first promise: what was acknowledged is there
// afterwards, whole, and nothing else is.
//
// What clients sent and what they were told is kept in the test's memory, which
// no fault reaches. STOWGATE_SOAK=1 runs the long forms. STOWGATE_SEED=N makes
// the same choices again; what the machine's timing decides stays random.
//
// The clock is not moved here: a Go program does not ask the C library for the
// time. The packages that compare times take them as arguments.
package durability_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

var soak = os.Getenv("STOWGATE_SOAK") != ""

// rounds returns how often to do something: short in every test run, long in a soak.
func rounds(short, long int) int {
	if soak {
		return long
	}
	return short
}

var seed = func() uint64 {
	if n, err := strconv.ParseUint(os.Getenv("STOWGATE_SEED"), 10, 64); err == nil {
		return n
	}
	return uint64(time.Now().UnixNano())
}()

// random returns a source of choices that depends on the seed and on name only.
func random(name string) *rand.Rand {
	var key [32]byte
	copy(key[:], fmt.Sprintf("%x %s", seed, name))
	return rand.New(rand.NewChaCha8(key))
}

// programs is the folder of the server binaries that were built.
var programs string

func TestMain(m *testing.M) {
	launch() // does not return in a process that becomes a server
	flag.Parse()
	dir, err := os.MkdirTemp("", "stowgate-durability-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	programs = dir
	fmt.Printf("STOWGATE_SEED=%d\n", seed)
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// build compiles the server with the given build tags, and returns the program.
func build(tags ...string) (string, error) {
	program := filepath.Join(programs, strings.Join(append([]string{"stowgate"}, tags...), "-"))
	cmd := exec.Command("go", "build", "-o", program, "-tags", strings.Join(tags, ","), "github.com/stowgate/stowgate/cmd/stowgate")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build server: %v\n%s", err, out)
	}
	return program, nil
}

var (
	buildPlain  = sync.OnceValues(func() (string, error) { return build() })
	buildMutant = sync.OnceValues(func() (string, error) { return build("mutant") })
)
