package worker

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/stowgate/stowgate/internal/fault"
)

// otherThread is a worker that calls Main on another thread than its first.
const otherThread = "other-thread"

func init() { runtime.LockOSThread() } // the first goroutine, to the first thread

// TestMain makes the test binary its own worker.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == "worker" {
		// Most programs call Main on their first thread, but they need not.
		main, ended := Main, make(chan error)
		if os.Args[2] == otherThread {
			main = func(h Handler, prepare func() error) error {
				go func() { ended <- Main(h, prepare) }()
				return <-ended
			}
		}
		if err := main(handle, prepare(os.Args[2])); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	if len(os.Args) == 3 && os.Args[1] == "server" {
		fmt.Fprintln(os.Stderr, server(os.Args[2]))
		os.Exit(1)
	}
	if os.Getenv("FORBID_NAMESPACES") != "" {
		if err := forbidNamespaces(); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

// prepare returns what the worker called name does before its first job.
func prepare(name string) func() error {
	return func() error {
		switch name {
		case "unprepared":
			return fmt.Errorf("the library is not there: %w", fault.NotFound)
		case "fragile":
			_, err := os.ReadFile(os.Getenv("LIBRARY"))
			return err
		}
		return nil
	}
}

// handle is what the workers of these tests do: the request names it.
func handle(ctx context.Context, request []byte, files []*os.File) ([]byte, error) {
	verb, rest, _ := strings.Cut(string(request), " ")
	switch verb {
	case "echo":
		return []byte(rest), nil
	case "refuse":
		n, err := strconv.Atoi(rest)
		return nil, fmt.Errorf("refused %d: %w", n, errors.Join(err, fault.Kind(n)))
	case "cat": // the first files into the last one
		for _, f := range files[:len(files)-1] {
			if _, err := io.Copy(files[len(files)-1], f); err != nil {
				return nil, err
			}
		}
		return nil, nil
	case "state":
		return stateOfChild()
	}
	return misbehave(ctx, verb, rest, files)
}

type childState struct {
	Pid, Descriptors int
	Env              []string
}

// stateOfChild counts open descriptors without a folder to list them in.
func stateOfChild() ([]byte, error) {
	s := childState{Pid: os.Getpid(), Env: os.Environ()}
	for fd := range 64 {
		if _, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err == nil {
			s.Descriptors++
		}
	}
	return json.Marshal(s)
}

var kept []byte

func misbehave(ctx context.Context, verb, rest string, files []*os.File) ([]byte, error) {
	n, _ := strconv.Atoi(rest)
	switch verb {
	case "exit":
		os.Exit(n)
	case "panic":
		panic(rest)
	case "segfault":
		var nowhere *[1 << 30]byte
		return []byte{nowhere[n]}, nil
	case "hang":
		select {}
	case "spin":
		for i := 1; ; i++ {
			n += i
		}
	case "sleep": // ms
		time.Sleep(time.Duration(n) * time.Millisecond)
		return nil, ctx.Err()
	case "leak": // MiB, of which the race detector keeps no account of its own
		b, err := unix.Mmap(-1, 0, n<<20, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
		for i := 0; i < len(b); i += 4096 {
			b[i] = 1
		}
		return nil, err
	case "grow":
		for {
			if _, err := misbehave(ctx, "leak", "1", nil); err != nil {
				return nil, err
			}
			time.Sleep(time.Millisecond)
		}
	case "allocate": // MiB
		kept = bytes.Repeat([]byte{1}, n<<20)
		return nil, nil
	case "descriptors": // as many as can be
		fds := 0
		for {
			fd, err := unix.Dup(socket)
			if err != nil {
				return fmt.Append(nil, fds+1), nil
			}
			fds = fd
		}
	case "huge":
		return make([]byte, n), nil
	case "say": // raw bytes in place of a reply
		if _, err := unix.Write(socket, []byte(rest)); err != nil {
			return nil, err
		}
		os.Exit(0)
	case "write": // bytes, into the first file
		_, err := files[0].Write(make([]byte, n))
		return nil, err
	case "fork": // so often; says how often it could
		return fork(n)
	}
	return nil, fmt.Errorf("unknown verb %q: %w", verb, fault.Invalid)
}

// fork starts processes that wait for ever.
func fork(n int) ([]byte, error) {
	started := 0
	for range n {
		p, err := os.StartProcess("/bin/sleep", []string{"sleep", "60"}, &os.ProcAttr{})
		if err == nil {
			started++
			defer p.Wait()
			defer p.Kill()
		}
	}
	return fmt.Append(nil, started), nil
}

func testConfig(name string) Config {
	return Config{Name: name, Command: []string{"/proc/self/exe", "worker", name}, Size: 1}
}

func startPool(t testing.TB, c Config) *Pool {
	t.Helper()
	p, err := Start(c)
	if err != nil {
		t.Fatalf("Start: %v", err)
	}
	t.Cleanup(p.Close)
	return p
}

func do(t testing.TB, p *Pool, request string, files ...*os.File) (string, error) {
	t.Helper()
	b, err := p.Do(t.Context(), Job{App: "an app", Request: []byte(request), Files: files})
	return string(b), err
}
