package durability_test

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"slices"
	"sync"
	"testing"
)

// callers is how many complete one upload at once.
const callers = 8

// TestC9Complete finishes uploads twice, by many at once and after a lost
// answer: one asset, the same answer. Parts come shuffled, twice, or not at
// all, and the server must agree with a model, the set of those that arrived.
func TestC9Complete(t *testing.T) {
	n := newNode(t, filepath.Join(fastFolder(t), "data"))
	n.start()
	c := newCrew(t, n, nil)
	answers := newDropper(t, n)
	todo := rounds(100, 1000)
	var names sync.Map
	c.each(func(w *worker) {
		for i := w.id; i < todo; i += crewSize {
			s := &session{name: fmt.Sprintf("round-%d.bin", i), content: newContent(w.random.Uint64(), 1+w.random.IntN(40<<10))}
			s.partSize = 1 + w.random.IntN(s.content.size)
			s.partSize = max(s.partSize, s.content.size/5+1)
			if w.random.IntN(3) == 0 {
				s.chunks = 1 + w.random.IntN(4)
			}
			if err := w.begin(s); err != nil {
				t.Errorf("begin: %v", err)
				return
			}
			handle, err := w.contest(s, answers)
			if err != nil {
				t.Errorf("%s of %d parts in %d chunks: %v", s.name, s.parts(), s.chunks, err)
				continue
			}
			w.keep(handle, s.name, s.content)
			names.Store(s.name, handle)
			c.book.sent.Store(s.name, &sending{w, s.content, false})
			c.book.acknowledged.Add(1)
		}
	})
	c.verify()
	if files := c.audit(); files != todo {
		t.Errorf("the catalog has %d files after %d uploads", files, todo)
	}
	if code := n.stop(); code != 0 {
		t.Errorf("the server ended with status %d", code)
	}
	orphans := c.settle()
	c.finish("complete: rounds %d, callers at once %d, orphans after one sweep %d", todo, callers, orphans)
}

// contest sends the parts of s in a bad order, some of them twice, tries to
// complete too early, and then completes from all sides.
func (w *worker) contest(s *session, answers *dropper) (handle string, err error) {
	order := w.random.Perm(s.parts())
	hold := w.random.IntN(len(order)) // these come late
	send := func(numbers []int) error {
		for _, number := range numbers {
			for range 1 + w.random.IntN(2) {
				tag, err := w.sendPart(s, number+1)
				if err != nil {
					return fmt.Errorf("part %d: %w", number+1, err)
				}
				s.tags[number+1] = tag
			}
		}
		return nil
	}
	if err := send(order[hold:]); err != nil {
		return "", err
	}
	if missing := s.parts() - len(s.tags); missing > 0 {
		if _, err := w.complete(s); !refused(err, http.StatusBadRequest) {
			return "", fmt.Errorf("complete with %d parts missing: %v, want a refusal with 400", missing, err)
		}
	}
	if err := send(order[:hold]); err != nil {
		return "", err
	}
	if s.chunks == 0 {
		sound := s.tags[1]
		s.tags[1] = `"00000000000000000000000000000000"`
		if _, err := w.complete(s); !refused(err, http.StatusBadRequest) {
			return "", fmt.Errorf("complete with a wrong tag: %v, want a refusal with 400", err)
		}
		s.tags[1] = sound
	}
	if w.random.IntN(2) == 0 {
		if _, err := newClient(answers.node).complete(s); !errors.Is(err, errNoAnswer) {
			return "", fmt.Errorf("complete without an answer: %v", err)
		}
	}
	handles := make([]string, callers)
	failures := make([]error, callers)
	var wg sync.WaitGroup
	for i := range handles {
		wg.Go(func() { handles[i], failures[i] = w.complete(s) })
	}
	wg.Wait()
	if err := errors.Join(failures...); err != nil {
		return "", err
	}
	again, err := w.complete(s)
	if err != nil {
		return "", fmt.Errorf("complete again: %w", err)
	}
	if slices.ContainsFunc(handles, func(h string) bool { return h != again }) {
		return "", fmt.Errorf("different answers: %v and %s", handles, again)
	}
	return again, nil
}

// A dropper stands before a node, hands requests on, waits for the answer and
// hangs up instead of giving it.
type dropper struct{ node *node }

func newDropper(t testing.TB, n *node) *dropper {
	to, err := url.Parse(n.base)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(to)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := httptest.NewRecorder()
		proxy.ServeHTTP(answer, r)
		if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
			conn.(*net.TCPConn).SetLinger(0)
			conn.Close()
		}
	}))
	t.Cleanup(server.Close)
	before := *n
	before.base = server.URL
	return &dropper{&before}
}
