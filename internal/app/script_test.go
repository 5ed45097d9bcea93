package app

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"stowgate": func() {
		ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
		context.AfterFunc(ctx, stop)
		os.Exit(Run(ctx, os.Args[1:], os.Stdout, os.Stderr))
	}})
}

// TestCommands runs the scripts in testdata/script. Besides testscript's own
// commands they have:
//
//	start ARGS...            run stowgate serve ARGS beside the script; $URL is where
//	term                     send it SIGTERM, and want exit status 0; server.log is its log
//	term twice               while it answers, send it SIGTERM, and again; want it dead
//	term busy                while a file comes in, send it SIGTERM; want the file stored
//	fetch METHOD URL [BODY]  print the answer to a request
//	setvar NAME RE           set a variable to the group of RE in the file stdout
//	flip GLOB TEXT           change a letter of TEXT where it is in one of the files
func TestCommands(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"start": startServer, "term": stopServer, "fetch": fetchURL, "setvar": setVariable, "flip": flipLetter,
			"await": awaitOutput,
		},
		Setup: func(env *testscript.Env) error {
			env.Setenv("STOWGATE_DATA", filepath.Join(env.WorkDir, "data"))
			env.Setenv("STOWGATE_LISTEN", "127.0.0.1:0")
			env.Values["server"] = new(exec.Cmd)
			return nil
		},
	})
}

func startServer(ts *testscript.TestScript, _ bool, args []string) {
	cmd := exec.Command("stowgate", append([]string{"serve"}, args...)...)
	cmd.Dir = ts.Getenv("WORK")
	cmd.Env = append(os.Environ(), "STOWGATE_DATA="+ts.Getenv("STOWGATE_DATA"), "STOWGATE_LISTEN="+ts.Getenv("STOWGATE_LISTEN"))
	log, err := os.Create(ts.MkAbs("server.log"))
	ts.Check(err)
	defer log.Close()
	cmd.Stderr = log
	out, err := cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	ts.Defer(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		said, _ := os.ReadFile(log.Name())
		ts.Fatalf("serve does not get ready: %v\n%s", err, said)
	}
	url, ok := strings.CutPrefix(strings.TrimSpace(line), "ready ")
	if !ok {
		ts.Fatalf("serve printed %q, want its ready line", line)
	}
	ts.Setenv("URL", url)
	*ts.Value("server").(*exec.Cmd) = *cmd
}

func stopServer(ts *testscript.TestScript, _ bool, args []string) {
	process := ts.Value("server").(*exec.Cmd).Process
	if len(args) > 0 {
		stopBusyServer(ts, process, args[0] == "twice")
		return
	}
	ts.Check(process.Signal(syscall.SIGTERM))
	state, err := process.Wait()
	ts.Check(err)
	if state.ExitCode() != 0 {
		ts.Fatalf("serve ended with %v, want exit status 0", state)
	}
}

// stopBusyServer stops the server while it waits for the body of an upload, and
// either sends that or a second signal.
func stopBusyServer(ts *testscript.TestScript, process *os.Process, twice bool) {
	c, err := net.Dial("tcp", strings.TrimPrefix(ts.Getenv("URL"), "http://"))
	ts.Check(err)
	defer c.Close()
	fmt.Fprint(c, "POST /api/store/S3?key=AKEY HTTP/1.1\r\nHost: h\r\nContent-Type: text/plain\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
	answers := bufio.NewReader(c)
	if res, err := http.ReadResponse(answers, nil); err != nil || res.StatusCode != 100 {
		ts.Fatalf("a request is answered by %v, %v; want it to wait for the body", res, err)
	}
	ts.Check(process.Signal(syscall.SIGTERM))
	time.Sleep(300 * time.Millisecond)
	if err := process.Signal(syscall.Signal(0)); err != nil {
		ts.Fatalf("the server ended before its request did: %v", err)
	}
	if twice {
		ts.Check(process.Signal(syscall.SIGTERM))
	} else {
		fmt.Fprint(c, "hello")
		res, err := http.ReadResponse(answers, nil)
		ts.Check(err)
		ts.Check(res.Write(ts.Stdout()))
	}
	state, err := process.Wait()
	ts.Check(err)
	if state.Success() == twice {
		ts.Fatalf("the server ended with %v", state)
	}
}

func fetchURL(ts *testscript.TestScript, _ bool, args []string) {
	var body strings.Reader
	if len(args) > 2 {
		body.Reset(args[2])
	}
	r, err := http.NewRequest(args[0], args[1], &body)
	ts.Check(err)
	res, err := http.DefaultClient.Do(r)
	ts.Check(err)
	defer res.Body.Close()
	ts.Check(res.Write(ts.Stdout()))
	fmt.Fprintln(ts.Stdout())
}

// awaitOutput runs a command until what it prints matches.
func awaitOutput(ts *testscript.TestScript, _ bool, args []string) {
	want := regexp.MustCompile("(?m)" + args[0])
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		ts.Check(ts.Exec(args[1], args[2:]...))
		got := ts.ReadFile("stdout")
		if want.MatchString(got) {
			return
		}
		if time.Now().After(end) {
			ts.Fatalf("it never printed %s, but\n%s", args[0], got)
		}
	}
}

func setVariable(ts *testscript.TestScript, _ bool, args []string) {
	text := ts.ReadFile("stdout")
	found := regexp.MustCompile(args[1]).FindStringSubmatch(text)
	if len(found) != 2 {
		ts.Fatalf("%q has no group in %s", args[1], text)
	}
	ts.Setenv(args[0], found[1])
}

func flipLetter(ts *testscript.TestScript, _ bool, args []string) {
	names, err := filepath.Glob(ts.MkAbs(args[0]))
	ts.Check(err)
	for _, name := range names {
		data, err := os.ReadFile(name)
		ts.Check(err)
		if before, after, ok := strings.Cut(string(data), args[1]); ok {
			ts.Check(os.WriteFile(name, []byte(before+strings.ToUpper(args[1])+after), 0o600))
			return
		}
	}
	ts.Fatalf("%q is in none of %v", args[1], names)
}
