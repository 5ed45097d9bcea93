// Package machine says what this machine can do for a server.
package machine

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"
)

// A Finding is one thing about this machine.
type Finding struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Needed bool   `json:"needed"` // whether the server cannot work without it
	Detail string `json:"detail"`
}

// An Engine is a program that a later version uses.
type Engine struct {
	Feature string `json:"feature"`
	Program string `json:"program"`
	Path    string `json:"path"` // "" if it is not here
	Used    bool   `json:"used"` // whether this version uses it
}

// engines are what features of later versions need.
var engines = []Engine{
	{Feature: "document conversion", Program: "soffice"},
	{Feature: "video and audio conversion", Program: "ffmpeg"},
	{Feature: "screenshots of pages", Program: "chromium"},
	{Feature: "virus scans", Program: "clamd"},
}

// Engines returns what later versions need, and where it is.
func Engines() []Engine {
	found := slices.Clone(engines)
	for i := range found {
		found[i].Path, _ = exec.LookPath(found[i].Program)
	}
	return found
}

// Examine looks at the data folder, or at the one it would be made in.
func Examine(data string) []Finding {
	var more []Finding
	found := tryFolder("data folder", data, "--data", func(dir string, f *os.File) {
		more = []Finding{punchHole(f), unnamedFile(dir), freeSpace(dir), openFiles()}
	})
	return append([]Finding{found}, more...)
}

// ExamineStorage looks at a folder for bytes that is another than the data
// folder, or at the one it would be made in. Its name and place are set by a
// setting of that name.
func ExamineStorage(name, folder, setting string) Finding {
	var room Finding
	found := tryFolder(name, folder, setting, func(dir string, _ *os.File) { room = freeSpace(dir) })
	if found.OK {
		found.OK, found.Detail = room.OK, found.Detail+", free: "+room.Detail
	}
	return found
}

// tryFolder finds out whether files can be made in a folder that a setting
// names, or in the one it would be made in, and lets look do more with one.
func tryFolder(name, folder, setting string, look func(dir string, f *os.File)) Finding {
	dir := folder
	for {
		if _, err := os.Stat(dir); err == nil || dir == filepath.Dir(dir) {
			break
		}
		dir = filepath.Dir(dir)
	}
	found := Finding{Name: name, Needed: true, OK: true, Detail: folder}
	if dir != folder {
		found.Detail += " is not there yet and will be made in " + dir
	}
	f, err := os.CreateTemp(dir, ".stowgate-doctor-*")
	if err != nil {
		found.OK, found.Detail = false, fmt.Sprintf("%v: choose another with %s, or change who may write there", err, setting)
		return found
	}
	defer os.Remove(f.Name())
	defer f.Close()
	look(dir, f)
	return found
}

func punchHole(f *os.File) Finding {
	out := Finding{Name: "holes in files", OK: true, Detail: "space of deleted small files is given back at once"}
	_, err := f.Write(make([]byte, 64<<10))
	if err == nil {
		err = unix.Fallocate(int(f.Fd()), unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, 0, 32<<10)
	}
	if err != nil {
		out.OK, out.Detail = false, fmt.Sprintf("space of deleted small files is given back late (%v)", err)
	}
	return out
}

func unnamedFile(dir string) Finding {
	fd, err := unix.Open(dir, unix.O_TMPFILE|unix.O_WRONLY|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return Finding{Name: "unnamed files", Detail: fmt.Sprintf("uploads use named temporary files instead (%v)", err)}
	}
	unix.Close(fd)
	return Finding{Name: "unnamed files", OK: true, Detail: "a crash leaves no temporary files"}
}

func freeSpace(dir string) Finding {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return Finding{Name: "free space", Detail: err.Error()}
	}
	free, all := st.Bavail*uint64(st.Bsize), st.Blocks*uint64(st.Bsize)
	reserve := min(1<<30, all/20)
	out := Finding{Name: "free space", Needed: true, OK: free > reserve,
		Detail: fmt.Sprintf("%.1f of %.1f GB", float64(free)/1e9, float64(all)/1e9)}
	if !out.OK {
		out.Detail += fmt.Sprintf(", less than the reserve of %.1f GB: uploads would be refused", float64(reserve)/1e9)
	}
	return out
}

// goodFiles is how many open files a busy server may need.
const goodFiles = 20_000

func openFiles() Finding {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return Finding{Name: "open files", Detail: err.Error()}
	}
	out := Finding{Name: "open files", OK: limit.Max >= goodFiles, Detail: fmt.Sprintf("up to %d", limit.Max)}
	if !out.OK {
		out.Detail += fmt.Sprintf(": raise the limit to %d (ulimit -Hn, or LimitNOFILE), or lower --max-connections", goodFiles)
	}
	return out
}
