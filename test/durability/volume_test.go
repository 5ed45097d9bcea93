package durability_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A volume is a file system of its own in a file.
type volume struct {
	t     testing.TB
	image string
	dir   string // where it is mounted
}

// newVolume makes and mounts a file system of a kind, ext4 or xfs. It skips the
// test where that cannot be done.
func newVolume(t testing.TB, kind string, size int64, options ...string) *volume {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("skipped: mounting a volume needs root")
	}
	if _, err := exec.LookPath("mkfs." + kind); err != nil {
		t.Skipf("skipped: no mkfs.%s", kind)
	}
	v := &volume{t: t, image: filepath.Join(fastFolder(t), "image"), dir: filepath.Join(t.TempDir(), "volume")}
	f, err := os.Create(v.image)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := errors.Join(f.Truncate(size), os.Mkdir(v.dir, 0o700)); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("mkfs."+kind, append(append([]string{"-q"}, options...), v.image)...).CombinedOutput(); err != nil {
		t.Fatalf("mkfs.%s: %v: %s", kind, err, out)
	}
	if out, err := v.tryMount(); err != nil {
		t.Skipf("skipped: no %s volume can be mounted here: %s", kind, out)
	}
	t.Cleanup(func() { unix.Unmount(v.dir, unix.MNT_DETACH) })
	return v
}

// data returns the folder for a server.
func (v *volume) data() string { return filepath.Join(v.dir, "data") }

func (v *volume) tryMount() (string, error) {
	out, err := exec.Command("mount", "-o", "loop", v.image, v.dir).CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

func (v *volume) mount() {
	v.t.Helper()
	if out, err := v.tryMount(); err != nil {
		v.t.Fatalf("mount: %v: %s", err, out)
	}
}

// unmount waits for the last user, who may just have been killed: here, and in
// the mount namespaces of workers, which keep the file system as it is, shut down
// or not, until they have gone as well. Then the image is no device any more.
func (v *volume) unmount() {
	v.t.Helper()
	mounted, why := true, ""
	for range 1000 {
		if mounted {
			err := unix.Unmount(v.dir, 0)
			mounted, why = err != nil, fmt.Sprint(err)
		}
		if !mounted {
			used, err := exec.Command("losetup", "-j", v.image).CombinedOutput()
			if err == nil && len(used) == 0 || errors.Is(err, exec.ErrNotFound) {
				return
			}
			why = fmt.Sprintf("still used: %s %v", used, err)
		}
		time.Sleep(20 * time.Millisecond)
	}
	v.t.Fatalf("unmount: %s", why)
}

// Shutting a file system down without flushing its log loses what a power cut
// loses: everything that was not synced. The request has the same number on
// ext4 (EXT4_IOC_SHUTDOWN, fs/ext4/ext4.h) and xfs (XFS_IOC_GOINGDOWN,
// fs/xfs/libxfs/xfs_fs.h), and so has the flag (NOLOGFLUSH).
const (
	ioctlShutdown = 0x8004587d
	noLogFlush    = 2
)

// cut takes the power away from the volume: nothing reaches it any more. It is
// mounted still.
func (v *volume) cut() {
	v.t.Helper()
	dir, err := os.Open(v.dir)
	if err != nil {
		v.t.Fatal(err)
	}
	defer dir.Close()
	if err := unix.IoctlSetPointerInt(int(dir.Fd()), ioctlShutdown, noLogFlush); err != nil {
		v.t.Fatalf("shut the volume down: %v", err)
	}
}

// commit syncs a file of no concern to the server, and with it the log of the
// file system.
func (v *volume) commit() {
	v.t.Helper()
	f, err := os.Create(filepath.Join(v.dir, "other"))
	if err != nil {
		v.t.Fatal(err)
	}
	defer f.Close()
	if err := errors.Join(f.Truncate(1), f.Sync()); err != nil {
		v.t.Fatal(err)
	}
}

// fill takes away all free room of the volume but left bytes, and returns the
// file that does so.
func (v *volume) fill(left int64) string {
	v.t.Helper()
	var st unix.Statfs_t
	if err := unix.Statfs(v.dir, &st); err != nil {
		v.t.Fatal(err)
	}
	f, err := os.Create(filepath.Join(v.dir, "ballast"))
	if err != nil {
		v.t.Fatal(err)
	}
	defer f.Close()
	if size := int64(st.Bavail)*st.Bsize - left; size > 0 {
		if err := unix.Fallocate(int(f.Fd()), 0, 0, size); err != nil {
			v.t.Fatalf("fill %d bytes: %v", size, err)
		}
	}
	// Fallocate leaves what it needs for itself: the rest goes byte by block.
	if left == 0 {
		block := make([]byte, 4096)
		f.Seek(0, 2)
		for {
			if _, err := f.Write(block); err != nil {
				break
			}
		}
	}
	return f.Name()
}

// fillNames takes away all free inodes but left, and returns the folder that
// does so.
func (v *volume) fillNames(left uint64) string {
	v.t.Helper()
	dir := filepath.Join(v.dir, "names")
	if err := os.Mkdir(dir, 0o700); err != nil {
		v.t.Fatal(err)
	}
	var st unix.Statfs_t
	if err := unix.Statfs(v.dir, &st); err != nil {
		v.t.Fatal(err)
	}
	for i := st.Ffree; i > left; i-- {
		f, err := os.Create(filepath.Join(dir, fmt.Sprint(i)))
		if errors.Is(err, syscall.ENOSPC) {
			break
		}
		if err != nil {
			v.t.Fatal(err)
		}
		f.Close()
	}
	return dir
}
