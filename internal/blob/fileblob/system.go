package fileblob

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/stowgate/stowgate/internal/blob/fileblob/layout"
)

const (
	fileMode   = 0o600
	folderMode = 0o700
)

// A system is what the store asks of the operating system in order to keep a
// blob. Tests put faults into it.
type system struct {
	// openTemp returns a new file that has no name, or one in tmp alone.
	openTemp func(tmp *os.File) (*os.File, error)
	write    func(f *os.File, p []byte, offset int64) error

	// push asks for bytes to be written back soon. It promises nothing.
	push     func(f *os.File, offset, size int64)
	syncFile func(f *os.File) error

	// link names f, which openTemp returned, dir/name.
	link       func(f, tmp, dir *os.File, name string) error
	mkdir      func(root *os.File, name string) error
	syncFolder func(dir *os.File) error
	unlink     func(root *os.File, path string) error
	punch      func(f *os.File, offset, size int64) error
	free       func(root *os.File) (volume, error)
}

// A volume is what a file system has, and has left for us.
type volume struct {
	size, free       int64 // bytes
	files, freeFiles int64 // inodes; 0 files means there is no fixed number
}

func kernel() system {
	return system{
		openTemp:   openUnnamed,
		write:      writeAt,
		push:       push,
		syncFile:   syncFile,
		link:       link,
		mkdir:      func(root *os.File, name string) error { return unix.Mkdirat(int(root.Fd()), name, folderMode) },
		syncFolder: (*os.File).Sync,
		unlink:     func(root *os.File, path string) error { return unix.Unlinkat(int(root.Fd()), path, 0) },
		punch:      punch,
		free:       free,
	}
}

// openAt opens the file or folder at path below dir. The path is one that
// layout.ParseKey allowed or this package made.
func openAt(dir *os.File, path string, flags int) (*os.File, error) {
	var fd int
	err := retry(func() (err error) {
		fd, err = unix.Openat(int(dir.Fd()), path, flags|unix.O_NOFOLLOW|unix.O_CLOEXEC, fileMode)
		return err
	})
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	return os.NewFile(uintptr(fd), path), nil
}

// retry calls f until a signal does not interrupt it.
func retry(f func() error) error {
	for {
		if err := f(); err != unix.EINTR {
			return err
		}
	}
}

// openUnnamed makes a file that is gone with its last descriptor.
func openUnnamed(tmp *os.File) (*os.File, error) {
	fd, err := unix.Openat(int(tmp.Fd()), ".", unix.O_TMPFILE|unix.O_RDWR|unix.O_CLOEXEC, fileMode)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: "unnamed file", Err: err}
	}
	return os.NewFile(uintptr(fd), ""), nil
}

// openNamed is openUnnamed for file systems without such files. The lock keeps
// cleanTemp, of any process, from taking the file for a leftover.
func openNamed(tmp *os.File) (*os.File, error) {
	for {
		f, err := openAt(tmp, layout.NewName(), unix.O_CREAT|unix.O_EXCL|unix.O_RDWR)
		if err != nil {
			return nil, err
		}
		var st unix.Stat_t
		locked := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) == nil
		if err := unix.Fstat(int(f.Fd()), &st); err == nil && locked && st.Nlink == 1 {
			return f, nil
		}
		f.Close() // cleanTemp came between and removes it
	}
}

// cleanTemp removes the files in tmp that belong to no running process.
func cleanTemp(tmp *os.File) error {
	names, err := readNames(tmp)
	if err != nil {
		return err
	}
	for _, name := range names {
		f, err := openAt(tmp, name, unix.O_RDONLY)
		if err != nil {
			continue // committed or removed meanwhile
		}
		if unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) == nil {
			unix.Unlinkat(int(tmp.Fd()), name, 0)
		}
		f.Close()
	}
	return nil
}

func link(f, tmp, dir *os.File, name string) error {
	if f.Name() == "" {
		return unix.Linkat(unix.AT_FDCWD, fmt.Sprintf("/proc/self/fd/%d", f.Fd()),
			int(dir.Fd()), name, unix.AT_SYMLINK_FOLLOW)
	}
	return unix.Linkat(int(tmp.Fd()), f.Name(), int(dir.Fd()), name, 0)
}

func syncFile(f *os.File) error {
	return retry(func() error { return unix.Fdatasync(int(f.Fd())) })
}

func writeAt(f *os.File, p []byte, offset int64) error {
	_, err := f.WriteAt(p, offset)
	return err
}

func push(f *os.File, offset, size int64) {
	unix.SyncFileRange(int(f.Fd()), offset, size, unix.SYNC_FILE_RANGE_WRITE)
}

func punch(f *os.File, offset, size int64) error {
	return retry(func() error {
		return unix.Fallocate(int(f.Fd()), unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, offset, size)
	})
}

func free(root *os.File) (volume, error) {
	var st unix.Statfs_t
	if err := unix.Fstatfs(int(root.Fd()), &st); err != nil {
		return volume{}, err
	}
	block := int64(st.Frsize)
	return volume{
		size: int64(st.Blocks) * block, free: int64(st.Bavail) * block,
		files: int64(st.Files), freeFiles: int64(st.Ffree),
	}, nil
}

// lockBytes takes an open-file-description lock of kind unix.F_RDLCK or
// unix.F_WRLCK without waiting. It lasts until f is closed.
func lockBytes(f *os.File, kind int16, offset, size int64) error {
	return unix.FcntlFlock(f.Fd(), unix.F_OFD_SETLK, &unix.Flock_t{Type: kind, Start: offset, Len: size})
}

// readNames lists a folder without moving dir's own place in it.
func readNames(dir *os.File) ([]string, error) {
	d, err := openAt(dir, ".", unix.O_RDONLY|unix.O_DIRECTORY)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	return d.Readdirnames(-1)
}

// full reports whether err says that the volume has no room.
func full(err error) bool {
	return errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT)
}
