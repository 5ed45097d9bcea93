package fileblob

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stowgate/stowgate/internal/blob/blobtest"
)

// traceFolder names, for the traced process, the folder to work in.
const traceFolder = "FILEBLOB_TRACE_FOLDER"

// TestTraced is what the other tests here run under strace.
func TestTraced(t *testing.T) {
	dir := os.Getenv(traceFolder)
	if dir == "" {
		t.Skip("skipped: only the traced process runs it")
	}
	s, err := Open(dir, Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for i, size := range []int{1000, bufferSize + 1, 1000} {
		key := blobtest.Put(t, s, blobtest.Bytes(i, size))
		fmt.Fprintf(os.Stderr, "stored %s\n", key)
	}
}

// trace runs TestTraced under strace and returns its system calls, in the
// order in which they ended, with the paths of their descriptors.
func trace(t *testing.T) []string {
	t.Helper()
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("skipped: no strace")
	}
	dir := t.TempDir()
	out := filepath.Join(dir, "trace")
	cmd := exec.Command(strace, "-f", "-y", "-s", "80", "-o", out,
		"-e", "trace=openat,write,pwrite64,fsync,fdatasync,linkat,renameat,renameat2,mkdirat",
		os.Args[0], "-test.run=^TestTraced$")
	cmd.Env = append(os.Environ(), traceFolder+"="+filepath.Join(dir, "blobs"))
	if output, err := cmd.CombinedOutput(); err != nil {
		if strings.Contains(string(output), "ptrace") {
			t.Skip("skipped: strace may not trace here")
		}
		t.Fatalf("traced process: %v\n%s", err, output)
	}
	data, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	begun := make(map[string]string) // by thread: the call that another's line interrupts
	resumed := regexp.MustCompile(`^<\.\.\. \w+ resumed>`)
	var calls []string
	for line := range strings.Lines(string(data)) {
		thread, call, _ := strings.Cut(strings.TrimSpace(line), " ")
		call = strings.TrimSpace(call)
		if head, ok := strings.CutSuffix(call, "<unfinished ...>"); ok {
			begun[thread] = head
			continue
		}
		if tail := resumed.FindString(call); tail != "" {
			call = begun[thread] + call[len(tail):]
		}
		calls = append(calls, call)
	}
	return calls
}

// TestR1DurableBeforeAnswer looks at the kernel's side of three commits: bytes,
// sync of the file, name, sync of the folder, answer.
func TestR1DurableBeforeAnswer(t *testing.T) {
	calls := trace(t)
	answer := regexp.MustCompile(`^write\(2<.*"stored (\d+)/(\w+(?:\.pack)?)`)
	after := func(from int, pattern string) int {
		want := regexp.MustCompile(pattern)
		for i := from; i < len(calls); i++ {
			if want.MatchString(calls[i]) {
				return i
			}
		}
		return len(calls)
	}
	start, answers := 0, 0
	for i, call := range calls {
		m := answer.FindStringSubmatch(call)
		if m == nil {
			continue
		}
		answers++
		folder, name := m[1], m[2]
		linked := after(start, `^linkat\(.*"`+regexp.QuoteMeta(name)+`".* = 0$`)
		if linked >= i {
			t.Fatalf("answered %s before it had a name", name)
		}
		fd := regexp.MustCompile(`/proc/self/fd/(\d+)"`).FindStringSubmatch(calls[linked])
		if fd == nil {
			t.Skipf("skipped: files have names from the start here: %s", calls[linked])
		}
		last := start
		for j := start; j < linked; j++ {
			if strings.HasPrefix(calls[j], "pwrite64("+fd[1]+"<") {
				last = j
			}
		}
		synced := after(last, `^fdatasync\(`+fd[1]+`<.* = 0$`)
		folderSynced := after(linked, `^fsync\(\d+<[^>]*/`+folder+`>\).* = 0$`)
		if last == start || synced > linked || folderSynced > i {
			t.Errorf("blob %s: last write is call %d, its sync %d, its name %d, the folder's sync %d, the answer %d:\n%s",
				name, last, synced, linked, folderSynced, i, strings.Join(calls[start:i+1], "\n"))
		}
		start = i + 1
	}
	if answers != 3 {
		t.Errorf("%d blobs were stored, want 3", answers)
	}
	made := after(0, `^mkdirat\(.*"000001"`)
	if rootSynced := after(made, `^fsync\(\d+<[^>]*/blobs>\).* = 0$`); rootSynced > after(0, answer.String()) {
		t.Errorf("the new folder's own name was not synced before the first answer")
	}
	if renamed := after(0, `^rename`); renamed < len(calls) {
		t.Errorf("something was renamed: %s", calls[renamed])
	}
}
