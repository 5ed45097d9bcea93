package shelf

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// unfinished begins the name of a file that has no other yet.
const unfinished = "unfinished-"

// Temp returns an empty file that is gone when it is closed, unless Put gives it
// a name.
func (s *Shelf) Temp() (*os.File, error) {
	fd, err := unix.Openat(int(s.folder.Fd()), ".", unix.O_TMPFILE|unix.O_RDWR|unix.O_CLOEXEC, 0o600)
	if err == nil {
		return os.NewFile(uintptr(fd), "unnamed"), nil
	}
	return s.removed()
}

// removed is Temp for file systems without unnamed files.
func (s *Shelf) removed() (*os.File, error) {
	f, err := os.CreateTemp(s.folder.Name(), unfinished)
	if err != nil {
		return nil, fmt.Errorf("make temporary file: %w", err)
	}
	os.Remove(f.Name()) // load may have been faster
	return f, nil
}

// link gives a file that Temp returned a name.
func (s *Shelf) link(f *os.File, name string) error {
	err := unix.Linkat(unix.AT_FDCWD, procPath(f), int(s.folder.Fd()), name, unix.AT_SYMLINK_FOLLOW)
	if err == nil {
		return nil
	}
	// It had a name once, and so can have no other: this takes a copy.
	named, err := os.CreateTemp(s.folder.Name(), unfinished)
	if err != nil {
		return err
	}
	defer named.Close()
	_, err = io.Copy(named, io.NewSectionReader(f, 0, 1<<62))
	if err == nil {
		err = unix.Renameat(unix.AT_FDCWD, named.Name(), int(s.folder.Fd()), name)
	}
	if err != nil {
		os.Remove(named.Name())
	}
	return err
}

// What is left free of a large disk, and of a small one.
const (
	reserveBytes   = 1 << 30
	reserveFiles   = 10_000 // inodes
	reserveDivisor = 20
)

// room reports whether the disk of the folder has room for one more file.
func (s *Shelf) room() bool {
	var disk unix.Statfs_t
	err := unix.Fstatfs(int(s.folder.Fd()), &disk)
	return err == nil && roomy(disk, s.config.Reserve)
}

func roomy(disk unix.Statfs_t, reserve int64) bool {
	if reserve == 0 {
		reserve = int64(min(reserveBytes, disk.Blocks*uint64(disk.Bsize)/reserveDivisor))
	}
	return int64(disk.Bavail*uint64(disk.Bsize)) >= reserve && disk.Ffree >= min(reserveFiles, disk.Files/reserveDivisor)
}

// Reopen returns a file once more, for reading only, with a position of its own.
// The file may have no name.
func Reopen(f *os.File) (*os.File, error) {
	again, err := os.Open(procPath(f))
	if err != nil {
		return nil, fmt.Errorf("open file again: %w", err)
	}
	return again, nil
}

func procPath(f *os.File) string { return fmt.Sprintf("/proc/self/fd/%d", f.Fd()) }

// load finds the files that were kept before, and removes what is none.
func (s *Shelf) load(ctx context.Context) {
	defer close(s.loaded)
	found, gone := s.list(ctx)
	slices.SortFunc(found, func(a, b *entry) int {
		return cmp.Or(b.used.Compare(a.used), cmp.Compare(string(a.key[:]), string(b.key[:])))
	})
	s.names.Lock()
	defer s.names.Unlock()
	s.mu.Lock()
	for _, e := range found {
		switch {
		case s.files[e.key] != nil: // used meanwhile
		case slices.ContainsFunc(e.label.Subjects, func(subject string) bool { return s.dropped[subject] }):
			gone = append(gone, e.key)
		default:
			known := s.add(e.key, e.label, e.size, e.used)
			s.owners[e.label.Owner].files.MoveToBack(known.place)
		}
	}
	s.loading, s.dropped = false, nil
	for _, e := range s.evict() {
		gone = append(gone, e.key)
	}
	gone = slices.DeleteFunc(gone, func(key Key) bool { return s.files[key] != nil }) // made anew meanwhile
	s.mu.Unlock()
	for _, key := range gone {
		s.unlink(key)
	}
}

// list reads the labels of all files in the folder, until ctx ends. What has no
// label any more is to go.
func (s *Shelf) list(ctx context.Context) (found []*entry, gone []Key) {
	for ctx.Err() == nil {
		names, err := s.folder.Readdirnames(1000)
		for _, name := range names {
			if strings.HasPrefix(name, unfinished) {
				s.names.Lock() // link may be about to give it another name
				unix.Unlinkat(int(s.folder.Fd()), name, 0)
				s.names.Unlock()
			}
			key, ok := parseKey(name)
			if !ok {
				continue
			}
			if e := s.read(key); e != nil {
				found = append(found, e)
			} else {
				gone = append(gone, key)
			}
		}
		if err != nil {
			break
		}
	}
	return found, gone
}

// read returns what is known about the file called key without verifying it, or
// nil if it is to go.
func (s *Shelf) read(key Key) *entry {
	f, err := s.open(key.String())
	if err != nil {
		return nil
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil
	}
	label, err := readLabel(f, key)
	if err != nil || label.expired(s.config.Now()) {
		return nil
	}
	return &entry{key: key, label: label, size: info.Size(), used: info.ModTime()}
}
