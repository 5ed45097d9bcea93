package durability_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
)

// TestPause stops the process for longer than its clients wait, and lets it go
// on. What they gave up may have happened or not; they repeat it.
func TestPause(t *testing.T) {
	const patience = 300 * time.Millisecond
	n := newNode(t, filepath.Join(fastFolder(t), "data"))
	c := newCrew(t, n, nil)
	n.start()
	todo := rounds(3, 50)
	for range todo {
		for _, w := range c.workers {
			w.http.Timeout = patience
		}
		c.book.tolerant.Store(true) // it may refuse what came before its sleep
		working := make(chan struct{})
		go func() {
			defer close(working)
			c.work(context.Background()) // until each has had no answer once
		}()
		time.Sleep(50 * time.Millisecond)
		n.signal(syscall.SIGSTOP)
		<-working
		time.Sleep(patience)
		n.signal(syscall.SIGCONT)
		time.Sleep(300 * time.Millisecond) // what was under way may end
		c.book.tolerant.Store(false)
		for _, w := range c.workers {
			w.http.Timeout = clientTimeout
		}
		c.verify()
		c.audit()
	}
	if code := n.stop(); code != 0 {
		t.Errorf("the server ended with status %d", code)
	}
	orphans := c.settle()
	c.finish("pause: rounds %d, orphans after one sweep %d", todo, orphans)
}

// TestDrain ends the server politely while uploads run: they finish, and are
// there after the next start.
func TestDrain(t *testing.T) {
	n := newNode(t, filepath.Join(fastFolder(t), "data"))
	c := newCrew(t, n, nil)
	n.start()
	slow := make([]chan struct{}, len(c.workers)) // closed when the rest of a body may go
	var begun, ended sync.WaitGroup
	for i, w := range c.workers {
		slow[i] = make(chan struct{})
		begun.Add(1)
		ended.Go(func() {
			f := newContent(w.random.Uint64(), 300<<10)
			b := f.bytes()
			body := io.MultiReader(bytes.NewReader(b[:100<<10]), &gate{open: slow[i], begun: &begun}, bytes.NewReader(b[100<<10:]))
			_, answer, err := w.do("POST", w.storeURL(fmt.Sprintf("slow-%d.bin", i)), body, "Content-Type", "application/octet-stream")
			handle, err := stored(answer, err)
			w.book.answer("slow upload", err)
			if err != nil {
				t.Errorf("an upload that ran when the server was asked to end: %v", err)
				return
			}
			w.keep(handle, "slow", f)
		})
	}
	begun.Wait()
	time.Sleep(100 * time.Millisecond)
	n.signal(syscall.SIGTERM)
	time.Sleep(300 * time.Millisecond)
	if res, err := http.Get(n.admin() + "/readyz"); err == nil {
		res.Body.Close()
		if res.StatusCode == http.StatusOK {
			t.Error("the draining server says that it is ready")
		}
	}
	if handle, err := newClient(n).putRaw("late.bin", newContent(1, 10)); err == nil {
		t.Errorf("a draining server took a new upload, %s", handle)
	}
	for _, s := range slow {
		close(s)
		time.Sleep(10 * time.Millisecond)
	}
	ended.Wait()
	if code := n.ended(20 * time.Second); code != 0 {
		t.Errorf("the server ended with status %d", code)
	}
	n.start()
	c.verify()
	if code := n.stop(); code != 0 {
		t.Errorf("the idle server ended with status %d", code)
	}
	orphans := c.settle()
	c.finish("drain: uploads under way %d, orphans after one sweep %d", len(slow), orphans)
}

// A gate is a reader without bytes that ends when it is opened.
type gate struct {
	open  chan struct{}
	begun *sync.WaitGroup
	once  sync.Once
}

func (g *gate) Read([]byte) (int, error) {
	g.once.Do(g.begun.Done)
	<-g.open
	return 0, io.EOF
}
