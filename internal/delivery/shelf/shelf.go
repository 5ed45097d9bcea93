// Package shelf keeps files that can be made again: in a folder, up to a number
// of bytes, those used last. A file that is not whole, or not as it was written,
// is not there. It does not know what the files are.
package shelf

import (
	"container/list"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/stowgate/stowgate/internal/fault"
)

// Config adjusts a Shelf. The zero Config is ready to use.
type Config struct {
	Budget int64 // bytes of disk that all files may take; 0 means 1 GiB

	// Share is how many of them one owner may take before his files go first,
	// whenever they were used. A file over it is not kept. 0 means half of the
	// budget.
	Share int64

	// Trust is how long a file that was verified is given out unread while
	// nobody has touched it. 0 means an hour.
	Trust time.Duration

	// Reserve is how many bytes of the disk are left free for the rest of the
	// machine: nothing more is kept below that. 0 means 1 GiB, or a twentieth
	// of a smaller disk; less means none.
	Reserve int64

	Now func() time.Time // nil means time.Now
}

// Defaults of Config.
const (
	DefaultBudget = 1 << 30
	DefaultTrust  = time.Hour
)

// block is what a file's size is rounded up to: what small ones really take.
const block = 4 << 10

// A Key names a file.
type Key [32]byte

func (k Key) String() string { return hex.EncodeToString(k[:]) }

func parseKey(name string) (k Key, ok bool) {
	b, err := hex.DecodeString(name)
	if err != nil || len(b) != len(k) || hex.EncodeToString(b) != name {
		return k, false
	}
	return Key(b), true
}

// Stats counts what a Shelf has done, and what it holds.
type Stats struct {
	Files   int
	Bytes   int64 // of disk
	Evicted int64 // files that made room for others
	Damaged int64 // files that were not as they had been written
}

// A Shelf is a folder of files. Its methods may be called concurrently, but by
// one process only.
type Shelf struct {
	config Config
	folder *os.File
	loaded chan struct{} // closed when all files are known
	end    context.CancelFunc

	maxHeld int // entries in held

	names sync.Mutex // held while names in the folder change

	mu       sync.Mutex // guards what follows
	files    map[Key]*entry
	owners   map[string]*owner
	subjects map[string]map[*entry]bool
	held     map[*entry]bool // those whose file is open
	loading  bool
	dropped  map[string]bool // subjects that were dropped while loading
	stats    Stats
}

// An entry is a file on the shelf.
type entry struct {
	key     Key
	label   Label
	size    int64 // bytes of disk
	used    time.Time
	checked time.Time // when it was verified; zero if it was not
	stamp   stamp     // what it was then
	held    *handle   // open since the last Peek, or nil
	place   *list.Element
}

// An owner has files, the one used last first.
type owner struct {
	files list.List // of *entry
	bytes int64
}

// Open returns the shelf in a folder, which is made if it is not there. What
// was kept before is found again, beside the first calls.
func Open(folder string, c Config) (*Shelf, error) {
	if c.Budget == 0 {
		c.Budget = DefaultBudget
	}
	if c.Share == 0 {
		c.Share = c.Budget / 2
	}
	if c.Trust == 0 {
		c.Trust = DefaultTrust
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("open shelf: %w", err)
	}
	dir, err := os.Open(folder)
	if err != nil {
		return nil, fmt.Errorf("open shelf: %w", err)
	}
	ctx, end := context.WithCancel(context.Background())
	s := &Shelf{
		config: c, folder: dir, end: end, loaded: make(chan struct{}), loading: true, maxHeld: heldLimit(), held: make(map[*entry]bool),
		files: make(map[Key]*entry), owners: make(map[string]*owner),
		subjects: make(map[string]map[*entry]bool), dropped: make(map[string]bool),
	}
	go s.load(ctx)
	return s, nil
}

// Close releases the shelf. Its files stay, and those that are open can still
// be read.
func (s *Shelf) Close() error {
	s.end()
	<-s.loaded
	s.mu.Lock()
	s.maxHeld = 0
	for e := range s.held {
		s.letGo(e)
	}
	s.mu.Unlock()
	return s.folder.Close()
}

// Stats returns the counts.
func (s *Shelf) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stats
}

// Peek opens the file called key if it needs no reading for that: if it was
// verified lately.
func (s *Shelf) Peek(key Key) (*File, bool) {
	now := s.config.Now()
	s.mu.Lock()
	e := s.files[key]
	if e == nil || now.Sub(e.checked) >= s.config.Trust || e.label.expired(now) {
		s.mu.Unlock()
		return nil, false
	}
	label, want, h := e.label, e.stamp, e.held
	if h != nil {
		h.share()
	}
	s.use(e, now)
	s.mu.Unlock()
	held := h != nil
	if !held {
		f, err := s.open(key.String())
		if err != nil {
			return nil, false
		}
		h = newHandle(f)
	}
	if got, err := stampOf(h.File); err != nil || got != want {
		s.mu.Lock()
		s.letGo(e)
		s.mu.Unlock()
		h.Close()
		return nil, false
	}
	if !held {
		s.hold(e, h)
	}
	return &File{Label: label, file: h}, true
}

// Get opens the file called key, after it has read and verified it.
func (s *Shelf) Get(key Key) (*File, bool) {
	s.mu.Lock()
	maybe := s.files[key] != nil || s.loading
	s.mu.Unlock()
	if !maybe {
		return nil, false
	}
	f, err := s.open(key.String())
	if errors.Is(err, fs.ErrNotExist) {
		s.remove(key, false) // from the books
	}
	if err != nil {
		return nil, false
	}
	// The time of the last change says from now on when it was used last, for
	// the next start; and it is taken before the bytes are read, so that a
	// change of them shows.
	now := s.config.Now()
	os.Chtimes(procPath(f), now, now)
	at, err := stampOf(f)
	var label Label
	if err == nil {
		label, err = verify(f, key)
	}
	if err != nil || label.expired(now) {
		f.Close()
		s.remove(key, errors.Is(err, fault.Damaged))
		return nil, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.files[key]
	switch {
	case e == nil && !s.loading: // removed meanwhile
		return &File{Label: label, file: newHandle(f)}, true
	case e == nil:
		e = s.add(key, label, at.size, now)
	}
	e.checked, e.stamp = now, at
	s.use(e, now)
	return &File{Label: label, file: newHandle(f)}, true
}

// Put finishes f, which Temp returned, as the file called key, and keeps it if
// keep says so; an older one is gone then. It closes f, and returns it open for
// reading. That there was no room to keep it is no error.
func (s *Shelf) Put(key Key, f *os.File, l Label, keep bool) (*File, error) {
	defer f.Close()
	l, err := seal(f, key, l)
	if err != nil {
		return nil, fmt.Errorf("finish file: %w", err)
	}
	out, err := Reopen(f)
	if err != nil {
		return nil, fmt.Errorf("finish file: %w", err)
	}
	if keep && l.Size <= s.config.Share {
		s.keep(key, f, l)
	}
	return &File{Label: l, file: newHandle(out)}, nil
}

// keep gives f its name, and makes room for it.
func (s *Shelf) keep(key Key, f *os.File, l Label) {
	s.names.Lock()
	defer s.names.Unlock()
	s.mu.Lock()
	if e := s.files[key]; e != nil {
		s.forget(e)
	}
	s.mu.Unlock()
	s.unlink(key)
	if !s.room() || s.link(f, key.String()) != nil {
		return
	}
	at, err := stampOf(f) // that it has a name now is part of it
	if err != nil {
		return // found at the next start
	}
	s.mu.Lock()
	e := s.add(key, l, at.size, s.config.Now())
	e.checked, e.stamp = e.used, at
	evicted := s.evict()
	s.mu.Unlock()
	for _, e := range evicted {
		s.unlink(e.key)
	}
}

// Remove removes the file called key, if there is one.
func (s *Shelf) Remove(key Key) { s.remove(key, false) }

func (s *Shelf) remove(key Key, damaged bool) {
	s.names.Lock()
	defer s.names.Unlock()
	s.mu.Lock()
	if e := s.files[key]; e != nil {
		s.forget(e)
	}
	if damaged {
		s.stats.Damaged++
	}
	s.mu.Unlock()
	s.unlink(key)
}

// Drop removes all files about a subject.
func (s *Shelf) Drop(subject string) {
	s.names.Lock()
	defer s.names.Unlock()
	s.mu.Lock()
	if s.loading {
		s.dropped[subject] = true
	}
	var gone []Key
	for e := range s.subjects[subject] {
		s.forget(e)
		gone = append(gone, e.key)
	}
	s.mu.Unlock()
	for _, key := range gone {
		s.unlink(key)
	}
}

// add enters a file as the one that its owner used last.
func (s *Shelf) add(key Key, l Label, size int64, used time.Time) *entry {
	e := &entry{key: key, label: l, size: roundUp(size), used: used}
	o := s.owners[l.Owner]
	if o == nil {
		o = new(owner)
		s.owners[l.Owner] = o
	}
	e.place = o.files.PushFront(e)
	o.bytes += e.size
	s.files[key] = e
	for _, subject := range l.Subjects {
		if s.subjects[subject] == nil {
			s.subjects[subject] = make(map[*entry]bool)
		}
		s.subjects[subject][e] = true
	}
	s.stats.Files++
	s.stats.Bytes += e.size
	return e
}

func (s *Shelf) use(e *entry, now time.Time) {
	e.used = now
	s.owners[e.label.Owner].files.MoveToFront(e.place)
}

// forget takes an entry out of the books.
func (s *Shelf) forget(e *entry) {
	o := s.owners[e.label.Owner]
	s.letGo(e)
	o.files.Remove(e.place)
	if o.bytes -= e.size; o.files.Len() == 0 {
		delete(s.owners, e.label.Owner)
	}
	delete(s.files, e.key)
	for _, subject := range e.label.Subjects {
		if delete(s.subjects[subject], e); len(s.subjects[subject]) == 0 {
			delete(s.subjects, subject)
		}
	}
	s.stats.Files--
	s.stats.Bytes -= e.size
}

// evict takes what is over the budget out of the books, and returns it: the
// files of an owner over the share first, then those used least recently.
func (s *Shelf) evict() (gone []*entry) {
	for s.stats.Bytes > s.config.Budget {
		var most, oldest *owner
		for _, o := range s.owners {
			if most == nil || o.bytes > most.bytes {
				most = o
			}
			if oldest == nil || last(o).used.Before(last(oldest).used) {
				oldest = o
			}
		}
		if most.bytes > s.config.Share {
			oldest = most
		}
		e := last(oldest)
		s.forget(e)
		gone = append(gone, e)
		s.stats.Evicted++
	}
	return gone
}

func last(o *owner) *entry { return o.files.Back().Value.(*entry) }

func roundUp(size int64) int64 { return (size + block - 1) / block * block }

// unlink removes a name from the folder. What cannot be removed is found again
// at the next start.
func (s *Shelf) unlink(key Key) {
	unix.Unlinkat(int(s.folder.Fd()), key.String(), 0)
}

func (s *Shelf) open(name string) (*os.File, error) {
	fd, err := unix.Openat(int(s.folder.Fd()), name, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	return os.NewFile(uintptr(fd), name), nil
}
