package confine

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func TestReadable(t *testing.T) {
	top, err := os.MkdirTemp("", "confine-test-*")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(top) })
	dir := filepath.Join(top, "dir")
	file := filepath.Join(dir, "file")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(file, filepath.Join(top, "link")); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name           string
		top, dir, file os.FileMode
		path           string
		want           bool
	}{
		{"all may", 0o755, 0o755, 0o644, file, true},
		{"through a link", 0o755, 0o755, 0o644, filepath.Join(top, "link"), true},
		{"a folder", 0o755, 0o755, 0o644, dir, true},
		{"a private file", 0o755, 0o755, 0o640, file, false},
		{"a private folder", 0o755, 0o750, 0o644, dir, false},
		{"in a private folder", 0o755, 0o750, 0o644, file, false},
		{"below a private folder", 0o700, 0o755, 0o644, file, false},
		{"in a folder that cannot be listed", 0o711, 0o711, 0o644, file, true},
		{"nothing is there", 0o755, 0o755, 0o644, filepath.Join(top, "nothing"), true},
	} {
		for name, mode := range map[string]os.FileMode{file: tt.file, dir: tt.dir, top: tt.top} {
			if err := os.Chmod(name, mode); err != nil && os.Geteuid() == 0 {
				t.Fatal(err)
			}
		}
		if got := readable([]string{tt.path}); got != tt.want {
			t.Errorf("readable(%s) = %v, want %v", tt.name, got, tt.want)
		}
		if err := os.Chmod(top, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

// TestAttrs: what an ordinary user and root may do is tried most confined first,
// and there is always a way without namespaces.
func TestAttrs(t *testing.T) {
	attrs := Spec{}.Attrs()
	if attrs[0].Cloneflags != syscall.CLONE_NEWUSER|separate {
		t.Errorf("the first way has namespaces %#x", attrs[0].Cloneflags)
	}
	if last := attrs[len(attrs)-1]; last.Cloneflags != 0 || last.Credential != nil {
		t.Errorf("the last way is %+v", last)
	}
	for _, a := range attrs {
		if !a.Setpgid || a.Pdeathsig != syscall.SIGKILL {
			t.Errorf("%+v does not end with the server, or not as a group", a)
		}
	}
	for _, a := range (Spec{Off: Namespaces}).Attrs() {
		if a.Cloneflags != 0 {
			t.Errorf("without namespaces: %#x", a.Cloneflags)
		}
	}
}
