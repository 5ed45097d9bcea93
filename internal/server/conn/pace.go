// Package conn holds connections to limits: how many there are, and how fast
// their clients must be.
package conn

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/stowgate/stowgate/internal/fault"
)

// A Pace is how fast a client must at least send a body or take an answer: in
// every Window of waiting for it, Rate bytes a second on average. The zero Pace
// means 1 KiB a second over 30 seconds.
type Pace struct {
	Rate   int64 // bytes a second
	Window time.Duration
}

// WithDefaults returns p with the fields that are zero set.
func (p Pace) WithDefaults() Pace {
	if p.Rate == 0 {
		p.Rate = 1 << 10
	}
	if p.Window == 0 {
		p.Window = 30 * time.Second
	}
	return p
}

// renewal is how long a deadline stays as it is, at least: moving it is cheap,
// but not free.
func (p Pace) renewal() time.Duration { return min(time.Second, p.Window/4) }

// share returns how many bytes must arrive in a window.
func (p Pace) share() int64 { return int64(float64(p.Rate) * p.Window.Seconds()) }

// A Body is a request's body whose client must keep pace. Only the time
// that Read waits counts, not what the handler does between. Its errors other
// than io.EOF wrap fault.Canceled.
type Body struct {
	io.ReadCloser
	control *http.ResponseController
	pace    Pace

	start time.Time // of the window
	set   time.Time // the deadline in force
	last  time.Time // when Read returned
	got   int64     // bytes in the window
	total int64     // bytes
	done  bool      // whether the body ended
}

// NewBody returns the body of r, whose deadlines control sets.
func NewBody(r *http.Request, control *http.ResponseController, pace Pace) *Body {
	now := time.Now()
	return &Body{ReadCloser: r.Body, control: control, pace: pace, start: now, last: now, done: r.Body == http.NoBody}
}

// Read implements io.Reader.
func (b *Body) Read(p []byte) (int, error) {
	now := time.Now()
	b.start = b.start.Add(now.Sub(b.last))
	if b.got >= b.pace.share() && now.Sub(b.start) >= b.pace.renewal() {
		b.start, b.got = now, 0
	}
	if deadline := b.start.Add(b.pace.Window); deadline.Sub(b.set) >= b.pace.renewal()/2 {
		b.control.SetReadDeadline(deadline)
		b.set = deadline
	}
	n, err := b.ReadCloser.Read(p)
	b.last = time.Now()
	b.got += int64(n)
	b.total += int64(n)
	if err != nil {
		// A deadline in the past would cancel the request's context.
		b.done = true
		b.control.SetReadDeadline(time.Time{})
		if err != io.EOF {
			err = fmt.Errorf("read body: %w: %w", err, fault.Canceled)
		}
	}
	return n, err
}

// Total returns how many bytes were read.
func (b *Body) Total() int64 { return b.total }

// End leaves the server a last window for what the handler did not read.
func (b *Body) End() {
	if !b.done {
		b.control.SetReadDeadline(time.Now().Add(b.pace.Window))
	}
}

// A Conn is a connection whose client must keep pace in taking what is
// written. A write may stop for long although the client is not slow, because
// the system lets go on only when much of its buffer is free; so what counts is
// what the client has acknowledged.
type Conn struct {
	*net.TCPConn
	pace  Pace
	leave func()          // of its gate
	raw   syscall.RawConn // of TCPConn
	more  atomic.Bool     // whether a section follows what is written next

	until atomic.Int64 // deadline that was set from outside, in Unix nanoseconds; 0 means none
	sent  int64        // bytes written
	start time.Time    // of the window
	taken int64        // bytes that were acknowledged then
}

// Close implements net.Conn.
func (c *Conn) Close() error {
	c.leave()
	return c.TCPConn.Close()
}

// SetWriteDeadline implements net.Conn. The pace holds besides.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	if t.IsZero() {
		c.until.Store(0)
		return nil // the next write sets its own
	}
	c.until.Store(t.UnixNano())
	return c.TCPConn.SetWriteDeadline(t)
}

// SetDeadline implements net.Conn.
func (c *Conn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

// Cork says that a section follows what is written next, which can travel in
// one packet with its first bytes.
func (c *Conn) Cork() { c.more.Store(true) }

// Write implements net.Conn.
func (c *Conn) Write(p []byte) (written int, err error) {
	c.begin()
	write := c.TCPConn.Write
	if c.more.Swap(false) {
		write = c.writeCorked
	}
	for {
		n, err := write(p[written:])
		written += n
		c.sent += int64(n)
		if !c.goOn(err) {
			return written, err
		}
	}
}

// writeCorked writes p, and has the kernel wait for more before it sends a
// packet that is not full. It waits for a fifth of a second at most.
func (c *Conn) writeCorked(p []byte) (written int, err error) {
	blocked := c.raw.Write(func(to uintptr) bool {
		for written < len(p) {
			var n int
			n, err = unix.SendmsgN(int(to), p[written:], nil, nil, unix.MSG_MORE)
			switch {
			case err == nil:
				written += n
			case err == unix.EAGAIN:
				err = nil
				return false
			case err != unix.EINTR:
				return true
			}
		}
		return true
	})
	if blocked != nil {
		return written, blocked
	}
	return written, os.NewSyscallError("sendmsg", err)
}

// A section is bytes of a file that are to be sent, which the file's owner
// keeps open meanwhile. Next returns where those are that are left, and Skip
// says that n of them are sent.
type section interface {
	io.Reader
	Next() (f *os.File, offset, n int64)
	Skip(n int64)
}

// ReadFrom sends a section of a file without copying it.
func (c *Conn) ReadFrom(src io.Reader) (total int64, err error) {
	s, ok := src.(section)
	if !ok {
		return io.Copy(struct{ io.Writer }{c}, src)
	}
	c.begin()
	for {
		n, err := c.send(s)
		total += n
		c.sent += n
		if !c.goOn(err) {
			return total, err
		}
	}
}

// maxSend is how many bytes the kernel is asked to send at once.
const maxSend = 1 << 30

// send has the kernel send s, until that is all or the deadline passed. It
// sends less without an error if the file ends.
func (c *Conn) send(s section) (sent int64, err error) {
	f, offset, left := s.Next()
	from := int(f.Fd())
	blocked := c.raw.Write(func(to uintptr) bool {
		for left > 0 {
			var n int
			n, err = unix.Sendfile(int(to), from, &offset, int(min(left, maxSend)))
			switch {
			case n > 0:
				sent += int64(n)
				left -= int64(n)
			case err == unix.EAGAIN:
				err = nil
				return false
			case err != unix.EINTR:
				return true // the end of the file, or an error
			}
		}
		return true
	})
	s.Skip(sent)
	if blocked != nil {
		return sent, blocked
	}
	return sent, os.NewSyscallError("sendfile", err)
}

// begin starts a window, unless one has just begun.
func (c *Conn) begin() {
	if now := time.Now(); now.Sub(c.start) >= c.pace.renewal() {
		c.start, c.taken = now, c.sent-c.Queued()
		deadline := now.Add(c.pace.Window)
		if until := c.until.Load(); until != 0 && until < deadline.UnixNano() {
			deadline = time.Unix(0, until)
		}
		c.TCPConn.SetWriteDeadline(deadline)
	}
}

// goOn says whether a write that ended with err goes on: its window is over, and
// the client kept pace.
func (c *Conn) goOn(err error) bool {
	until := c.until.Load()
	if !errors.Is(err, os.ErrDeadlineExceeded) || until != 0 && time.Now().UnixNano() >= until ||
		c.sent-c.Queued()-c.taken < c.pace.share() {
		return false
	}
	c.start = time.Time{}
	c.begin()
	return true
}

// Pace returns the pace that its client must keep.
func (c *Conn) Pace() Pace { return c.pace }

// Queued returns how many bytes the client has not acknowledged yet.
func (c *Conn) Queued() int64 {
	var n int
	raw, err := c.SyscallConn()
	if err == nil {
		raw.Control(func(fd uintptr) { n, _ = unix.IoctlGetInt(int(fd), unix.SIOCOUTQ) })
	}
	return int64(n)
}
