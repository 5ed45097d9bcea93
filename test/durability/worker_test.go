package durability_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
	"testing"
)

// A worker is one client and what it has to remember. No other worker touches
// its files.
type worker struct {
	*client
	book   *book
	id     int
	random *rand.Rand
	origin *origin // nil when nothing is imported
	count  int     // of the files sent

	files   []*file
	removed []string   // handles, newest last
	open    []*session // unfinished uploads in parts
	done    []*session // finished ones, newest last
}

// What a worker keeps at most, so that a round takes the same time however
// many came before.
const (
	keepFiles   = 12
	keepRemoved = 8
	keepOpen    = 3
	keepDone    = 4
)

// work sends requests until ctx ends or the server is gone.
func (w *worker) work(ctx context.Context) {
	for ctx.Err() == nil {
		if err := w.step(); errors.Is(err, errNoAnswer) {
			w.http.CloseIdleConnections()
			return
		}
	}
}

// step does one thing a client does.
func (w *worker) step() error {
	var f *file
	if len(w.files) > 0 {
		f = w.files[w.random.IntN(len(w.files))]
	}
	switch n := w.random.IntN(100); {
	case f != nil && len(w.files) >= keepFiles, f != nil && n < 8:
		return w.delete(f)
	case f != nil && n < 18:
		return w.replace(f)
	case f != nil && n < 26:
		return w.look(f)
	case n < 30:
		name, c := w.send(2+w.size(), true)
		if err := w.putCut(name, c); err != nil {
			w.book.halve("%v", err)
		}
		return nil
	case n < 45:
		return w.parts()
	case n < 52 && w.origin != nil:
		w.book.imports.Add(1)
		return w.storeSized(w.size(), func(name string, c content) (string, error) { return w.importFrom(name, w.origin.url(c)) })
	case n < 72:
		return w.storeSized(w.size(), w.putForm)
	default:
		return w.storeSized(w.size(), w.putRaw)
	}
}

// size draws a length: most files are small enough to share a pack, some are
// not, a few take several writes.
func (w *worker) size() int {
	switch n := w.random.IntN(20); {
	case n == 0:
		return w.random.IntN(2) // nothing, or a byte
	case n < 10:
		return w.random.IntN(8 << 10)
	case n < 16:
		return w.random.IntN(256 << 10)
	case n < 18:
		return 256<<10 - 1 + w.random.IntN(3) // around what a pack takes
	default:
		return w.random.IntN(2 << 20)
	}
}

// send notes a file that is about to be sent, under a name of its own.
func (w *worker) send(size int, cut bool) (string, content) {
	w.count++
	name := fmt.Sprintf("w%d-%d.bin", w.id, w.count)
	c := newContent(w.random.Uint64(), size)
	w.book.sent.Store(name, &sending{w, c, cut})
	return name, c
}

func (w *worker) storeSized(size int, how func(string, content) (string, error)) error {
	name, c := w.send(size, false)
	handle, err := how(name, c)
	w.book.answer("store "+name, err)
	if err == nil {
		w.keep(handle, name, c)
	}
	return err
}

// keep adds a file whose upload was acknowledged.
func (w *worker) keep(handle, name string, c content) {
	f := &file{handle: handle, holds: []content{c}}
	f.tell("%s stored with %d bytes", name, c.size)
	w.files = append(w.files, f)
}

func (w *worker) replace(f *file) error {
	c := newContent(w.random.Uint64(), w.size())
	err := w.overwrite(f.handle, c)
	if f.gone && refused(err, http.StatusNotFound) {
		return nil
	}
	w.book.answer("overwrite "+f.handle, err)
	f.tell("overwritten with %d bytes: %v", c.size, err)
	if err == nil {
		f.holds = nil
	}
	f.holds = append(f.holds, c)
	return err
}

func (w *worker) delete(f *file) error {
	err := w.remove(f.handle)
	if f.gone && refused(err, http.StatusNotFound) {
		err = nil
	}
	w.book.answer("delete "+f.handle, err)
	f.tell("deleted: %v", err)
	f.gone = true
	if err == nil {
		w.drop(f)
	}
	return err
}

// drop forgets a file that is deleted, but for its handle.
func (w *worker) drop(f *file) {
	w.files = slices.DeleteFunc(w.files, func(g *file) bool { return f == g })
	w.removed = append(w.removed, f.handle)
	w.removed = w.removed[max(0, len(w.removed)-keepRemoved):]
}

// look reads a file while others write.
func (w *worker) look(f *file) error {
	b, err := w.read(f.handle)
	switch _, known := f.hold(sha256.Sum256(b)); {
	case errors.Is(err, errNoAnswer), err != nil && w.book.tolerant.Load():
	case refused(err, http.StatusNotFound) && f.gone:
	case err != nil:
		w.book.lose("read %s: %v", f.handle, err)
	case !known:
		w.book.lose("read %s: %d bytes that are none of the %d versions", f.handle, len(b), len(f.holds))
	}
	return err
}

// parts begins an upload in parts, or goes on with one.
func (w *worker) parts() error {
	if n := len(w.open); n >= keepOpen || n > 0 && w.random.IntN(2) == 0 {
		return w.goOn(w.open[w.random.IntN(n)], w.random.IntN(3) > 0)
	}
	name, c := w.send(w.size(), false)
	s := &session{name: name, content: c, partSize: 1 + w.random.IntN(c.size/3+1)}
	s.partSize = max(s.partSize, c.size/20+1)
	if c.size > 0 && w.random.IntN(2) == 0 {
		s.chunks = 1 + w.random.IntN(3)
	}
	err := w.begin(s)
	w.book.answer("begin "+name, err)
	if err != nil {
		return err
	}
	w.open = append(w.open, s)
	return w.goOn(s, w.random.IntN(4) > 0)
}

// goOn sends the parts that are not acknowledged, three at once, and then
// completes the upload; or it leaves off in the middle.
func (w *worker) goOn(s *session, complete bool) error {
	var todo []int
	if s.content.size > 0 {
		for number := range s.parts() {
			if _, ok := s.tags[number+1]; !ok {
				todo = append(todo, number+1)
			}
		}
	}
	w.random.Shuffle(len(todo), func(i, j int) { todo[i], todo[j] = todo[j], todo[i] })
	if !complete {
		todo = todo[:len(todo)/2]
	}
	if err := w.sendParts(s, todo); err != nil || !complete {
		return err
	}
	s.asked = true
	handle, err := w.complete(s)
	w.book.answer("complete "+s.name, err)
	if err != nil {
		return err
	}
	s.handle = handle
	w.keep(handle, s.name, s.content)
	w.open = slices.DeleteFunc(w.open, func(o *session) bool { return o == s })
	w.done = append(w.done, s)
	w.done = w.done[max(0, len(w.done)-keepDone):]
	return nil
}

func (w *worker) sendParts(s *session, numbers []int) error {
	var mu sync.Mutex
	var wg sync.WaitGroup
	var failed error
	free := make(chan struct{}, 3)
	for _, number := range numbers {
		free <- struct{}{}
		mu.Lock()
		gone := errors.Is(failed, errNoAnswer)
		mu.Unlock()
		if gone {
			break
		}
		wg.Go(func() {
			defer func() { <-free }()
			tag, err := w.sendPart(s, number)
			w.book.answer(fmt.Sprintf("part %d of %s", number, s.name), err)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				s.tags[number] = tag
			} else if failed == nil || errors.Is(err, errNoAnswer) {
				failed = err
			}
		})
	}
	wg.Wait()
	return failed
}

// verify compares what the server has with what the worker knows. The server
// was restarted, so that every question has one answer now.
func (w *worker) verify() {
	for _, f := range slices.Clone(w.files) {
		w.check(f)
	}
	for _, handle := range w.removed {
		if b, err := w.read(handle); !refused(err, http.StatusNotFound) {
			w.book.lose("the delete of %s: reading it gives %d bytes, %v", handle, len(b), err)
		}
	}
	for _, s := range w.done {
		if !slices.ContainsFunc(w.files, func(f *file) bool { return f.handle == s.handle }) {
			continue
		}
		if again, err := w.complete(s); err != nil || again != s.handle {
			w.book.lose("complete %s again: %q after %q, %v", s.name, again, s.handle, err)
		}
	}
	for _, s := range slices.Clone(w.open) {
		if s.asked || w.random.IntN(2) == 0 {
			if err := w.goOn(s, true); err != nil {
				w.book.lose("unfinished upload %s cannot be finished: %v", s.name, err)
			}
		}
	}
}

// check reads a file back, and settles what was open about it.
func (w *worker) check(f *file) {
	b, err := w.read(f.handle)
	if f.gone && refused(err, http.StatusNotFound) {
		w.drop(f)
		return
	}
	if err != nil {
		w.book.lose("file %s: %v; %s", f.handle, err, f.story)
		return
	}
	c, known := f.hold(sha256.Sum256(b))
	if !known {
		w.book.lose("file %s has %d bytes and is none of the %d versions; %s", f.handle, len(b), len(f.holds), f.story)
		return
	}
	if len(f.holds) > 1 || f.gone {
		f.tell("settled with %d bytes", c.size)
	}
	f.holds, f.gone = []content{c}, false
}

// An origin is a server that files are imported from.
type origin struct{ server *httptest.Server }

func newOrigin(t testing.TB) *origin {
	o := &origin{httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		number, _ := strconv.ParseUint(r.FormValue("number"), 10, 64)
		size, _ := strconv.Atoi(r.FormValue("size"))
		w.Header().Set("Content-Length", strconv.Itoa(size))
		w.Write(content{number: number, size: size}.bytes())
	}))}
	t.Cleanup(o.server.Close)
	return o
}

// flags let a server import from here.
func (o *origin) flags() []string {
	_, port, _ := net.SplitHostPort(o.server.Listener.Addr().String())
	return []string{"--fetch-allow", "127.0.0.0/8", "--fetch-port", port}
}

func (o *origin) url(c content) string {
	return fmt.Sprintf("%s/?number=%d&size=%d", o.server.URL, c.number, c.size)
}
