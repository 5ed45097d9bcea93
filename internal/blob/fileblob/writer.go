package fileblob

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/stowgate/stowgate/internal/blob"
	"github.com/stowgate/stowgate/internal/fault"
)

// pushSize is after how many bytes of a large blob their write-back begins, so
// that the sync at the end finds little to do.
const pushSize = 8 << 20

// A writer holds the blob in buf while it fits, else in its own file.
type writer struct {
	store  *Store
	buf    []byte   // from the store; nil when there was none, or no longer
	file   *os.File // nil while buf suffices
	size   int64
	pushed int64 // bytes whose write-back has begun
	err    error // why the writer takes no more
}

func (w *writer) Write(p []byte) (int, error) {
	if w.err != nil {
		return 0, fmt.Errorf("write blob: %w", w.err)
	}
	if w.size == 0 && w.file == nil && w.buf == nil {
		w.buf = w.store.takeBuffer()
	}
	if w.buf != nil && len(w.buf)+len(p) <= bufferSize {
		w.buf = append(w.buf, p...)
		w.size += int64(len(p))
		return len(p), nil
	}
	if err := w.writeFile(p); err != nil {
		w.discard(fmt.Errorf("%w: %w", fault.Unavailable, err))
		return 0, fmt.Errorf("write blob: %w", w.err)
	}
	return len(p), nil
}

// writeFile writes p to the writer's own file, after what the buffer holds.
func (w *writer) writeFile(p []byte) error {
	if w.file == nil {
		f, err := w.store.sys.openTemp(w.store.tmp)
		if err != nil {
			return err
		}
		w.file = f
		if err := w.store.sys.write(f, w.buf, 0); err != nil {
			return err
		}
		w.dropBuffer()
	}
	if err := w.store.sys.write(w.file, p, w.size); err != nil {
		return err
	}
	w.size += int64(len(p))
	if w.size-w.pushed < pushSize {
		return nil
	}
	w.store.sys.push(w.file, w.pushed, w.size-w.pushed)
	w.pushed = w.size
	return w.store.Health()
}

func (w *writer) Commit() (blob.Key, error) {
	key, err := w.commit()
	w.discard(fmt.Errorf("the writer is closed: %w", fault.Invalid))
	if err != nil {
		return "", fmt.Errorf("commit blob: %w", err)
	}
	return key, nil
}

func (w *writer) commit() (blob.Key, error) {
	if w.err != nil {
		return "", w.err
	}
	if w.size == 0 {
		return "", fmt.Errorf("no bytes: %w", fault.Invalid)
	}
	if err := w.store.intact(); err != nil {
		return "", err
	}
	if w.file == nil {
		r := &record{data: w.buf}
		err := w.store.packs.Do(r)
		return r.key, err
	}
	if err := w.store.syncFile(w.file); err != nil {
		return "", err
	}
	path, err := w.store.place(w.file, "")
	return blob.Key(path), err
}

func (w *writer) Close() error {
	w.discard(fmt.Errorf("the writer is closed: %w", fault.Invalid))
	return nil
}

// discard gives back what the writer holds. It then refuses everything with
// err, or with what it refused it for before.
func (w *writer) discard(err error) {
	if w.err == nil {
		w.err = err
	}
	w.dropBuffer()
	if w.file != nil {
		w.store.closeTemp(w.file)
		w.file = nil
	}
}

func (w *writer) dropBuffer() {
	if w.buf != nil {
		w.store.buffers <- w.buf[:0]
		w.buf = nil
	}
}

// takeBuffer returns an empty buffer of bufferSize, or nil if all are in use.
func (s *Store) takeBuffer() []byte {
	select {
	case b := <-s.buffers:
		if b == nil {
			b = make([]byte, 0, bufferSize)
		}
		return b
	default:
		return nil
	}
}

// closeTemp closes a file from openTemp, and removes the name it may have in
// the tmp folder. Its error tells nothing new: what was to be kept was synced.
func (s *Store) closeTemp(f *os.File) {
	if f.Name() != "" {
		unix.Unlinkat(int(s.tmp.Fd()), f.Name(), 0)
	}
	f.Close()
}
