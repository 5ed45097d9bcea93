package fileblob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"github.com/stowgate/stowgate/internal/blob"
	"github.com/stowgate/stowgate/internal/blob/fileblob/layout"
)

// namesAtOnce is how many names of a folder List reads at a time.
const namesAtOnce = 1024

// Remove implements blob.Store.
func (s *Store) Remove(ctx context.Context, key blob.Key) error {
	err := ctx.Err()
	if at, ok := layout.ParseKey(key); err == nil && ok {
		if at.Packed {
			err = s.removeRecord(key, at)
		} else {
			err = s.removeFile(at.Path)
		}
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("remove blob %s: %w", key, err)
	}
	return nil
}

// removeFile removes the file at path, and its folder with the last file.
func (s *Store) removeFile(path string) error {
	if err := s.sys.unlink(s.root, path); err != nil {
		return &os.PathError{Op: "unlink", Path: path, Err: err}
	}
	s.dropFolder(path)
	return nil
}

// List implements blob.Store. It also gives back the blocks of removed blobs
// that somebody was reading when they were removed.
func (s *Store) List(ctx context.Context) iter.Seq2[blob.Info, error] {
	return func(yield func(blob.Info, error) bool) {
		s.opened.prune() // what another process removed is not held up here
		err := s.walk(ctx, func(path string, pack, ours bool) (more bool, err error) {
			if !ours {
				return true, nil
			}
			infos, err := s.blobsIn(path, pack)
			for _, info := range infos {
				if !yield(info, nil) {
					return false, nil
				}
			}
			return true, err
		})
		if err != nil {
			yield(blob.Info{}, fmt.Errorf("list blobs: %w", err))
		}
	}
}

// Strays yields the paths below the store's folder that hold no blob: files
// with names that the store did not make, and packs whose header is damaged.
func (s *Store) Strays(ctx context.Context) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		err := s.walk(ctx, func(path string, pack, ours bool) (more bool, err error) {
			if pack {
				f, err := openAt(s.root, path, unix.O_RDONLY)
				if err != nil {
					return true, notMissing(err)
				}
				defer f.Close()
				_, _, err = readPack(f)
				ours = err == nil
			}
			return ours || yield(path, nil), nil
		})
		if err != nil {
			yield("", fmt.Errorf("list strays: %w", err))
		}
	}
}

// blobsIn describes the blobs in the file at path. A pack without a readable
// header has none: its blobs are missing until it is restored.
func (s *Store) blobsIn(path string, pack bool) ([]blob.Info, error) {
	if !pack {
		var st unix.Stat_t
		if err := unix.Fstatat(int(s.root.Fd()), path, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
			return nil, notMissing(err)
		}
		return []blob.Info{{Key: blob.Key(path), Size: st.Size, Modified: time.Unix(st.Mtim.Unix())}}, nil
	}
	f, err := openAt(s.root, path, unix.O_RDONLY)
	if err != nil {
		return nil, notMissing(err)
	}
	defer f.Close()
	committed, entries, err := readPack(f)
	if err != nil {
		return nil, nil
	}
	if slices.ContainsFunc(entries, func(e layout.Entry) bool { return e.State == layout.Removed }) {
		s.reclaimAt(path) // should it fail, blocks stay in use, and the next List tries again
	}
	var infos []blob.Info
	for i, e := range entries {
		if e.State == layout.Live {
			infos = append(infos, blob.Info{Key: layout.RecordKey(path, i), Size: e.Size, Modified: committed})
		}
	}
	return infos, nil
}

func (s *Store) reclaimAt(path string) {
	if f, err := openAt(s.root, path, unix.O_RDWR); err == nil {
		defer f.Close()
		s.reclaim(f, path)
	}
}

// walk calls visit with everything in the store's folder but tmp, until visit
// says that it wants no more. What is not ours has another shape than a key.
func (s *Store) walk(ctx context.Context, visit func(path string, pack, ours bool) (more bool, err error)) error {
	names, err := readNames(s.root)
	if err != nil {
		return err
	}
	for _, folder := range names {
		if folder == tmpFolder {
			continue
		}
		if layout.FolderNumber(folder) == 0 {
			if more, err := visit(folder, false, false); !more || err != nil {
				return err
			}
			continue
		}
		if more, err := s.walkFolder(ctx, folder, visit); !more || err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) walkFolder(ctx context.Context, folder string, visit func(string, bool, bool) (bool, error)) (more bool, err error) {
	dir, err := openAt(s.root, folder, unix.O_RDONLY|unix.O_DIRECTORY)
	if err != nil {
		return true, notMissing(err)
	}
	defer dir.Close()
	for {
		names, err := dir.Readdirnames(namesAtOnce)
		if err != nil {
			if err == io.EOF {
				err = nil
			}
			return true, notMissing(err) // the folder went with its last file
		}
		for _, name := range names {
			if err := ctx.Err(); err != nil {
				return false, err
			}
			pack, ours := layout.ParseName(name)
			if more, err := visit(folder+"/"+name, pack && ours, ours); !more || err != nil {
				return false, err
			}
		}
	}
}

// notMissing returns err unless it says that a file is gone.
func notMissing(err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}
