package durability_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
)

// A book is the journal of a run: what was sent, what was acknowledged, and
// what was found to be wrong.
type book struct {
	tolerant atomic.Bool // whether the server may refuse what is right
	sent     sync.Map    // from the name of a file to its *sending

	requests, acknowledged, unanswered, refused, imports atomic.Int64
	lost, half                                           atomic.Int64

	mu       sync.Mutex
	problems []string
}

// A sending is a file that was sent under a name of its own.
type sending struct {
	by      *worker
	content content
	cut     bool // only half of it was sent
}

// keepProblems bounds what is kept of a run that goes wrong all the time.
const keepProblems = 20

func (b *book) problem(format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.problems) < keepProblems {
		b.problems = append(b.problems, fmt.Sprintf(format, args...))
	}
}

func (b *book) found() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.problems
}

// lose records that something acknowledged is not there as it was.
func (b *book) lose(format string, args ...any) {
	b.lost.Add(1)
	b.problem("lost: "+format, args...)
}

// halve records that something is visible that nobody sent as a whole.
func (b *book) halve(format string, args ...any) {
	b.half.Add(1)
	b.problem("half: "+format, args...)
}

// answer counts how a request ended. A refusal is a problem unless the server
// has reason for it.
func (b *book) answer(what string, err error) {
	b.requests.Add(1)
	var _, refusal = err.(*refusal)
	switch {
	case err == nil:
		b.acknowledged.Add(1)
	case !refusal:
		b.unanswered.Add(1)
	default:
		b.refused.Add(1)
		if !b.tolerant.Load() {
			b.problem("refused: %s: %v", what, err)
		}
	}
}

func (b *book) summary() string {
	return fmt.Sprintf("requests %d, acknowledged %d, unanswered %d, refused %d, lost %d, half %d",
		b.requests.Load(), b.acknowledged.Load(), b.unanswered.Load(), b.refused.Load(), b.lost.Load(), b.half.Load())
}

// A file is what a worker knows of a stored file.
type file struct {
	handle string
	holds  []content // what it may hold: several after an overwrite without an answer
	gone   bool      // whether it may be deleted: after a delete without an answer
	story  []string  // what was done to it, newest last
}

// tell adds to the file's story, of which the end is kept.
func (f *file) tell(format string, args ...any) {
	f.story = append(f.story, fmt.Sprintf(format, args...))
	f.story = f.story[max(0, len(f.story)-10):]
}

func (f *file) hold(sum [sha256.Size]byte) (content, bool) {
	for _, c := range f.holds {
		if c.sum == sum {
			return c, true
		}
	}
	return content{}, false
}

// A crew is workers on one node, and their book.
type crew struct {
	t       testing.TB
	node    *node
	book    *book
	workers []*worker
}

// crewSize is how many clients work at once.
const crewSize = 16

func newCrew(t testing.TB, n *node, origin *origin) *crew {
	c := &crew{t: t, node: n, book: new(book)}
	for i := range crewSize {
		c.workers = append(c.workers, &worker{
			client: newClient(n), book: c.book, id: i, origin: origin,
			random: random(fmt.Sprint(t.Name(), " worker ", i)),
		})
	}
	return c
}

// each runs do for every worker at once and waits.
func (c *crew) each(do func(*worker)) {
	var wg sync.WaitGroup
	for _, w := range c.workers {
		wg.Go(func() { do(w) })
	}
	wg.Wait()
}

// work keeps all workers busy until the context or the server ends.
func (c *crew) work(ctx context.Context) {
	c.each(func(w *worker) { w.work(ctx) })
}

// verify compares what the restarted server has with the book.
func (c *crew) verify() {
	c.each((*worker).verify)
}

// audit looks at every file that the catalog has: each must be one that was
// sent, whole. What was never acknowledged is the sender's from now on.
func (c *crew) audit() (files int) {
	known := map[string]bool{}
	for _, w := range c.workers {
		for _, f := range w.files {
			known[f.handle] = true
		}
	}
	for _, row := range listAssets(c.t, c.node.data) {
		files++
		if known[row.handle] {
			delete(known, row.handle)
			continue
		}
		sent, ok := c.book.sent.Load(row.name)
		if !ok {
			c.book.halve("%s is called %q, which nobody sent", row.handle, row.name)
			continue
		}
		s := sent.(*sending)
		if s.cut {
			c.book.halve("%s is visible, and only half of it was sent", row.name)
			continue
		}
		f := &file{handle: row.handle, holds: []content{s.content}}
		f.tell("%s of %d bytes found in the catalog", row.name, s.content.size)
		s.by.files = append(s.by.files, f)
		s.by.check(f)
	}
	for handle := range known {
		c.book.lose("%s is not in the catalog", handle)
	}
	return files
}

// settle sweeps once, and reports what is still wrong with the data of the
// stopped server.
func (c *crew) settle() (orphans int) {
	swept := c.node.check("--repair", "--grace", "0s")
	after := c.node.check("--grace", "0s")
	if n := len(after.Damaged) + len(swept.Damaged); n > 0 {
		c.book.problem("damaged: %s", after.Damaged)
	}
	if n := len(after.Missing) + len(swept.Missing); n > 0 {
		c.book.problem("missing: %s", after.Missing)
	}
	if len(after.Orphans) > 0 {
		c.book.problem("orphans after one sweep: %s", after.Orphans)
	}
	if after.code != 0 {
		c.book.problem("check after a sweep: exit status %d", after.code)
	}
	return len(after.Orphans)
}

// finish fails the test for every problem and prints the summary.
func (c *crew) finish(format string, args ...any) {
	c.t.Helper()
	for _, p := range c.book.found() {
		c.t.Error(p)
	}
	if c.t.Failed() {
		c.t.Logf("the server's last words:\n%s", c.node.tail())
	}
	if c.book.acknowledged.Load() == 0 {
		c.t.Error("nothing was acknowledged: the test shows nothing")
	}
	c.t.Logf(format+": %s", append(args, c.book.summary())...)
}
