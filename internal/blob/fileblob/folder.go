package fileblob

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/stowgate/stowgate/internal/blob/fileblob/group"
	"github.com/stowgate/stowgate/internal/blob/fileblob/layout"
	"github.com/stowgate/stowgate/internal/fault"
)

// folderFiles is how many files a folder gets. Folders are filled one after
// another, so that commits of the same moment share a folder's sync.
const folderFiles = 4096

// A folder is the one that new files go to, or was until it was full.
type folder struct {
	number int
	dir    *os.File
	left   int // files it may still get
	users  int // commits that are using it
	sync   group.Group[struct{}]
}

func (f *folder) name() string { return layout.FolderName(f.number) }

// place gives the synced file f the final name, makes that durable, and
// returns its path. After an error there is no such name.
func (s *Store) place(f *os.File, suffix string) (string, error) {
	name := layout.NewName() + suffix
	into, err := s.linkInto(f, name)
	if err != nil {
		return "", fmt.Errorf("%w: name blob: %w", fault.Unavailable, err)
	}
	defer s.leave(into)
	path := into.name() + "/" + name
	err = into.sync.Do(struct{}{})
	if err == nil {
		// A sync that failed for others may have been the one to write this
		// name: the kernel reports a failure once only.
		err = s.intact()
	}
	if err != nil {
		s.sys.unlink(s.root, path)
		return "", err
	}
	return path, nil
}

// linkInto names f in the current folder, or in the next if another process
// removed that one, empty as it was. The caller must leave the folder.
func (s *Store) linkInto(f *os.File, name string) (*folder, error) {
	for gone := false; ; gone = true {
		into, err := s.enter(gone)
		if err != nil {
			return nil, err
		}
		err = s.sys.link(f, s.tmp, into.dir, name)
		if err == nil {
			return into, nil
		}
		s.leave(into)
		if gone || !errors.Is(err, unix.ENOENT) {
			return nil, err
		}
	}
}

// enter returns the folder for one more file.
func (s *Store) enter(next bool) (*folder, error) {
	s.folders.Lock()
	defer s.folders.Unlock()
	if s.current == nil || s.current.left <= 0 || next {
		f, err := s.nextFolder()
		if err != nil {
			return nil, err
		}
		if old := s.current; old != nil && old.users == 0 {
			old.dir.Close()
		}
		s.current = f
	}
	s.current.left--
	s.current.users++
	return s.current, nil
}

func (s *Store) leave(f *folder) {
	s.folders.Lock()
	defer s.folders.Unlock()
	if f.users--; f.users == 0 && f != s.current {
		f.dir.Close()
	}
}

// nextFolder opens the folder after the current one, or at first the last one
// there is. A full one is passed over.
func (s *Store) nextFolder() (*folder, error) {
	number := 1
	if s.current != nil {
		number = s.current.number + 1
	} else {
		names, err := readNames(s.root)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			number = max(number, layout.FolderNumber(name))
		}
	}
	for ; ; number++ {
		if err := s.sys.mkdir(s.root, layout.FolderName(number)); err != nil && !errors.Is(err, unix.EEXIST) {
			return nil, err
		}
		if err := s.syncFolder(s.root); err != nil {
			return nil, err
		}
		dir, err := openAt(s.root, layout.FolderName(number), unix.O_RDONLY|unix.O_DIRECTORY)
		if err != nil {
			return nil, err
		}
		names, err := readNames(dir)
		if err == nil && len(names) < folderFiles {
			f := &folder{number: number, dir: dir, left: folderFiles - len(names)}
			f.sync.Act = func([]struct{}) error { return s.syncFolder(dir) }
			return f, nil
		}
		dir.Close()
		if err != nil {
			return nil, err
		}
	}
}

// dropFolder removes the folder of the file at path if it is empty and this
// store is done with it.
func (s *Store) dropFolder(path string) {
	name, _, _ := strings.Cut(path, "/")
	s.folders.Lock()
	defer s.folders.Unlock()
	if s.current == nil || s.current.name() != name {
		unix.Unlinkat(int(s.root.Fd()), name, unix.AT_REMOVEDIR)
	}
}
