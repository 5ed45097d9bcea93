package worker

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/worker/confine"
)

const (
	allLayers = confine.Namespaces | confine.Landlock | confine.Seccomp | confine.Limits
	noLayer   = confine.Layers(0)
)

// guards says which layers refuse each act of the probe, each by itself.
var guards = map[string]confine.Layers{
	"reading files":                  confine.Landlock,
	"writing files":                  confine.Landlock | confine.Seccomp,
	"TCP":                            confine.Namespaces | confine.Landlock | confine.Seccomp,
	"UDP":                            confine.Namespaces | confine.Seccomp,
	"Unix sockets":                   confine.Seccomp,
	"starting programs":              confine.Seccomp,
	"signals to the server":          confine.Namespaces | confine.Landlock | confine.Seccomp,
	"other interfaces of the kernel": confine.Seccomp,
	"memory above the limit":         confine.Limits,
}

// holds probes a worker that has only the given layers, and returns which acts
// it could not do.
func holds(t *testing.T, only confine.Layers) map[string]bool {
	t.Helper()
	c := testConfig("test")
	c.off = allLayers &^ only
	layers, err := Probe(t.Context(), c)
	if err != nil {
		t.Fatalf("Probe with layers %b: %v", only, err)
	}
	held := make(map[string]bool)
	for _, l := range layers {
		t.Logf("%04b: %-30s %v, %s", only, l.Name, l.Holds, l.Detail)
		if _, ok := guards[l.Name]; ok {
			held[l.Name] = l.Holds
		}
	}
	return held
}

// TestConfinement: each layer refuses what it is for by itself; without it the
// same act succeeds. A machine that lacks a layer fails this test.
func TestConfinement(t *testing.T) {
	all, none := holds(t, allLayers), holds(t, noLayer)
	one := make(map[confine.Layers]map[string]bool)
	for _, layer := range []confine.Layers{confine.Namespaces, confine.Landlock, confine.Seccomp, confine.Limits} {
		one[layer] = holds(t, layer)
	}
	// Where workers are another user, that alone forbids signals.
	otherUser := os.Geteuid() == 0
	for act, guardedBy := range guards {
		if !all[act] {
			t.Errorf("%s: possible for a worker", act)
		}
		if none[act] && !(otherUser && act == "signals to the server") {
			t.Errorf("%s: refused without any layer, so the probe proves nothing", act)
		}
		for layer, held := range one {
			if want := guardedBy&layer != 0; held[act] != want && !(otherUser && act == "signals to the server") {
				t.Errorf("%s: refused with layer %04b alone is %v, want %v", act, layer, held[act], want)
			}
		}
	}
}

// TestWithoutPrivileges repeats what depends on the user as one who is not root,
// and where user namespaces are forbidden.
func TestWithoutPrivileges(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("skipped: needs root, to be another user")
	}
	const (
		many     = "TestCancel|TestClose|TestDiesWithServer|"
		separate = "its own: ipc mnt net pid user uts"
		shared   = "its own: ; shared with the server: ipc mnt net pid user uts"
	)
	for _, tt := range []struct {
		name      string
		uid       uint32
		without   []uintptr // capabilities
		forbidden bool      // namespaces
		run, want string
	}{
		{"an ordinary user", 4321, nil, false, many + "TestConfinement", separate},
		{"an ordinary user without namespaces", 4321, nil, true, many + "TestDegraded", shared},
		{"root without namespaces", 0, nil, true, many + "TestDegraded", shared},
		{"root that must stay root", 0, []uintptr{unix.CAP_SETUID}, false, many + "TestDegraded", separate},
		{"root that must stay root, without namespaces", 0, []uintptr{unix.CAP_SETUID}, true, many + "TestDegraded", shared},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var b bytes.Buffer
			cmd := exec.Command("/proc/self/exe", "-test.v", "-test.run=^("+tt.run+")$")
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: tt.uid, Gid: tt.uid}}
			cmd.Env = append(os.Environ(), "TMPDIR=/tmp", "DEGRADED=1")
			if tt.forbidden {
				cmd.Env = append(cmd.Env, "FORBID_NAMESPACES=1")
			}
			cmd.Stdout, cmd.Stderr = &b, &b
			started := make(chan error)
			go func() {
				runtime.LockOSThread() // and end with the thread
				for _, c := range tt.without {
					if err := unix.Prctl(unix.PR_CAPBSET_DROP, c, 0, 0, 0); err != nil {
						t.Error(err)
					}
				}
				started <- cmd.Start()
			}()
			if err := <-started; err != nil {
				t.Fatal(err)
			}
			if err := cmd.Wait(); err != nil || !strings.Contains(b.String(), tt.want) || strings.Contains(b.String(), "SKIP") {
				t.Errorf("%v, want success and %q:\n%s", err, tt.want, &b)
			}
		})
	}
}

// forbidNamespaces makes this process like one in a container.
func forbidNamespaces() error {
	program, err := bpf.Assemble([]bpf.Instruction{
		bpf.LoadAbsolute{Off: 0, Size: 4},
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: unix.SYS_CLONE, SkipTrue: 3},
		bpf.LoadAbsolute{Off: 16, Size: 4},
		bpf.JumpIf{Cond: bpf.JumpBitsNotSet, Val: unix.CLONE_NEWUSER | unix.CLONE_NEWNET, SkipTrue: 1},
		bpf.RetConstant{Val: unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)},
		bpf.RetConstant{Val: unix.SECCOMP_RET_ALLOW},
	})
	if err != nil {
		return err
	}
	var filters []unix.SockFilter
	for _, in := range program {
		filters = append(filters, unix.SockFilter{Code: in.Op, Jt: in.Jt, Jf: in.Jf, K: in.K})
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	prog := unix.SockFprog{Len: uint16(len(filters)), Filter: &filters[0]}
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&prog)))
	if errno != 0 {
		return errno
	}
	return nil
}

// TestDegraded: the pool works where no namespace can be made, or nothing
// else be given up, and the other layers hold what they can.
func TestDegraded(t *testing.T) {
	if os.Getenv("DEGRADED") == "" {
		t.Skip("skipped: TestWithoutPrivileges runs this")
	}
	held := holds(t, allLayers)
	for act := range guards {
		if !held[act] {
			t.Errorf("%s: possible without namespaces", act)
		}
	}
	startPool(t, testConfig("test"))
}

// TestMinimum: without limits, or with a network, there is no pool unless it is
// asked for in so many words.
func TestMinimum(t *testing.T) {
	for _, tt := range []struct {
		name string
		only confine.Layers
		want string // "" if it may start
	}{
		{"all", allLayers, ""},
		{"all but namespaces", allLayers &^ confine.Namespaces, ""},
		{"all but a filter", allLayers &^ confine.Seccomp, ""},
		{"all but Landlock", allLayers &^ confine.Landlock, ""},
		{"all but limits", allLayers &^ confine.Limits, "memory above the limit: possible"},
		{"with a network", confine.Landlock | confine.Limits, "UDP: possible"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := testConfig("test")
			c.off = allLayers &^ tt.only
			p, err := Start(c)
			if err == nil {
				p.Close()
			}
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Start error = %v, want %q", err, tt.want)
			}
			if err != nil && !errors.Is(err, fault.Unsupported) {
				t.Errorf("Start error = %v, want its kind unsupported", err)
			}
			c.Unconfined = true
			startPool(t, c)
		})
	}
}

// TestH2Limits: a worker cannot fill the disk through a descriptor, start
// processes without end, or use the processor without end; each limit can be
// switched off, and then it could.
func TestH2Limits(t *testing.T) {
	start := func(t *testing.T, only confine.Layers, c Config) *Pool {
		c.off, c.Unconfined = allLayers&^only, true
		return startPool(t, c)
	}
	t.Run("file size", func(t *testing.T) {
		c := testConfig("test")
		c.FileSize = mib
		for _, tt := range []struct {
			only  confine.Layers
			bytes int
			want  error
		}{
			{allLayers, mib - 1, nil}, {allLayers, mib, nil}, {allLayers, mib + 1, fault.TooLarge},
			{allLayers &^ confine.Limits, mib + 1, nil},
		} {
			f := tempFile(t, "")
			_, err := do(t, start(t, tt.only, c), fmt.Sprintf("write %d", tt.bytes), f)
			if !errors.Is(err, tt.want) || (err == nil) != (tt.want == nil) {
				t.Errorf("layers %04b: write %d bytes: %v, want %v", tt.only, tt.bytes, err, tt.want)
			}
			if info, err := f.Stat(); err != nil || info.Size() != int64(min(tt.bytes, mib)) && tt.want != nil {
				t.Errorf("layers %04b: the file has %d bytes, %v", tt.only, info.Size(), err)
			}
		}
	})
	t.Run("processes", func(t *testing.T) {
		for _, tt := range []struct {
			only      confine.Layers
			n         int
			low, high int
		}{
			{allLayers, 1000, 0, 0},
			{confine.Seccomp, 1000, 0, 0},
			{confine.Limits | confine.Namespaces, 1000, 50, 128},
			{noLayer, 200, 200, 200},
		} {
			got, err := do(t, start(t, tt.only, testConfig("test")), fmt.Sprintf("fork %d", tt.n))
			if n, _ := strconv.Atoi(got); n < tt.low || n > tt.high || err != nil {
				t.Errorf("layers %04b: started %s processes of %d, %v; want %d to %d", tt.only, got, tt.n, err, tt.low, tt.high)
			}
		}
	})
	t.Run("descriptors", func(t *testing.T) {
		if got, err := do(t, startPool(t, testConfig("test")), "descriptors"); got != "64" || err != nil {
			t.Errorf("a worker had %s descriptors, %v, want 64", got, err)
		}
	})
	t.Run("processor time", func(t *testing.T) {
		c := testConfig("test")
		c.Jobs, c.Deadline = 1, time.Millisecond // one second is the least
		for _, tt := range []struct {
			only     confine.Layers
			deadline time.Duration
			want     error
		}{{allLayers, 20 * time.Second, ErrCrashed}, {allLayers &^ confine.Limits, 1500 * time.Millisecond, ErrDeadline}} {
			_, err := start(t, tt.only, c).Do(t.Context(), Job{Request: []byte("spin"), Deadline: tt.deadline})
			if !errors.Is(err, tt.want) {
				t.Errorf("layers %04b: spin for %v: %v, want %v", tt.only, tt.deadline, err, tt.want)
			}
		}
	})
}

// TestStatus: the kernel says of a child what it should.
func TestStatus(t *testing.T) {
	p := startPool(t, testConfig("test"))
	pid := idlePid(t, p)
	for name, want := range map[string][]string{
		"status":        {"NoNewPrivs:\t1\n", "CapEff:\t0000000000000000\n", "CapPrm:\t0000000000000000\n", "Seccomp:\t2\n"},
		"oom_score_adj": {"800\n"},
		"limits":        {"Max core file size        0                    0 "},
	} {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, name))
		for _, text := range want {
			if !strings.Contains(string(b), text) || err != nil {
				t.Errorf("%s of a child lacks %q, %v:\n%s", name, text, err, b)
			}
		}
	}
}

// TestEnvironment: a child has nothing of the server's environment.
func TestEnvironment(t *testing.T) {
	t.Setenv("SECRET", "x")
	c := testConfig("test")
	c.Env = []string{"FONTCONFIG_PATH=/fonts"}
	text, err := do(t, startPool(t, c), "state")
	if err != nil || !strings.Contains(text, `"Env":["MALLOC_ARENA_MAX=1","FONTCONFIG_PATH=/fonts"]`) {
		t.Errorf("state = %s, %v; want an environment of two variables", text, err)
	}
}

// TestReadPaths: what Config names can be read, and nothing beside it.
func TestReadPaths(t *testing.T) {
	dir := openDir(t)
	for _, name := range []string{"allowed", "beside"} {
		if err := os.WriteFile(dir+"/"+name, []byte("x"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]string{"allowed": "", "beside": "permission denied"} {
		c := testConfig("fragile")
		c.ReadPaths = []string{dir + "/allowed", "/no/such/folder"}
		c.Env = []string{"LIBRARY=" + dir + "/" + name}
		_, err := Probe(t.Context(), c)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("read %s: %v, want %q", name, err, want)
		}
	}
}

// TestDiesWithServer kills a server whose workers are busy.
func TestDiesWithServer(t *testing.T) {
	for _, name := range []string{"test", otherThread} {
		t.Run(name, func(t *testing.T) { killServer(t, name) })
	}
}

func killServer(t *testing.T, name string) {
	cmd := exec.Command("/proc/self/exe", "server", name)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer cmd.Process.Kill()
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	var pids []int
	for _, text := range strings.Fields(line) {
		pid, _ := strconv.Atoi(text)
		pids = append(pids, pid)
	}
	alive := func(pid int) bool { // and not only waiting for somebody to take note of its end
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		return err == nil && !strings.Contains(string(status), "State:\tZ")
	}
	if len(pids) != 2 || !alive(pids[0]) || !alive(pids[1]) {
		t.Fatalf("the server printed %q, want two living processes", line)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		for _, pid := range pids {
			if t.Failed() && alive(pid) {
				_ = unix.Kill(pid, unix.SIGKILL)
			}
		}
	}()
	wait(t, "the workers to die", func() bool { return !slices.ContainsFunc(pids, alive) })
}

// server runs a pool with busy workers and prints their process numbers.
func server(name string) error {
	c := testConfig(name)
	c.Size, c.Deadline = 2, time.Hour
	p, err := Start(c)
	if err != nil {
		return err
	}
	for range c.Size {
		go p.Do(context.Background(), Job{Request: []byte("spin")})
	}
	for p.Status().Running < c.Size {
		time.Sleep(time.Millisecond)
	}
	fmt.Println(strings.Trim(fmt.Sprint(p.Pids()), "[]"))
	select {}
}
