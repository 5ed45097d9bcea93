package fetch

import (
	"fmt"
	"io"
	"time"

	"github.com/stowgate/stowgate/internal/fault"
)

// minRate is how many bytes a body must bring in each second of the window.
const minRate = 1 << 10

// A body reads the body of an answer, under the limits of its call.
type body struct {
	src      io.ReadCloser
	end      func(error) error
	watch    *time.Timer // breaks src when it fires
	deadline time.Time
	window   time.Duration

	left   int64         // bytes still allowed
	got    int64         // bytes of the running window
	waited time.Duration // time of the running window, spent in src alone
	err    error
}

// Read reads from src. A window ends when it has brought what it must; only
// time that src takes counts, not what the caller does in between.
func (b *body) Read(p []byte) (int, error) {
	if b.err != nil || len(p) == 0 {
		return 0, b.err
	}
	// One byte more than is allowed, to tell a body that ends at the limit
	// from one that goes on.
	if int64(len(p))-1 > b.left {
		p = p[:b.left+1]
	}
	start := time.Now()
	patience := min(b.window-b.waited, b.deadline.Sub(start))
	if patience <= 0 {
		return 0, b.fail(errTimeout)
	}
	b.watch.Reset(patience)
	n, err := b.src.Read(p)
	if !b.watch.Stop() {
		err = errTimeout
	}
	b.waited += time.Since(start)
	b.got += int64(n)
	if b.got >= int64(minRate*b.window.Seconds()) {
		b.got, b.waited = 0, 0
	}
	switch {
	case int64(n) > b.left:
		n = int(b.left)
		err = b.fail(fmt.Errorf("body over the limit: %w", fault.TooLarge))
	case err == io.EOF:
		b.err = io.EOF
	case err != nil:
		err = b.fail(err)
	}
	b.left -= int64(n)
	return n, err
}

func (b *body) fail(err error) error {
	b.err = b.end(err)
	return b.err
}

// Close ends the call and its connection.
func (b *body) Close() error {
	b.end(nil)
	return b.src.Close()
}
